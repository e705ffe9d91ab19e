package faulttest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// limitVariable, in the environment, makes this test binary become the program
// of its arguments, which cannot write files beyond so many bytes.
const limitVariable = "KFPGO_TEST_FILE_LIMIT"

func runLimited(text string) error {
	n, err := strconv.ParseUint(text, 10, 64)
	if err == nil {
		err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n})
	}
	if err == nil {
		err = syscall.Exec(os.Args[1], os.Args[1:], os.Environ())
	}
	return err
}

// limited runs the program with a limit on the size of files.
func (p *place) limited(limit int, args ...string) result {
	p.t.Helper()
	cmd := p.command(args, limitVariable+"="+fmt.Sprint(limit))
	cmd.Path, cmd.Args = os.Args[0], append([]string{os.Args[0], binary}, args...)
	return p.wait(cmd)
}

// TestFileLimit: files cannot grow beyond any number of bytes, whoever writes
// them: the store, the spool, a local run. It is as with a full disk, but the
// signal that comes with it does not end the program, and the spool is no help.
func TestFileLimit(t *testing.T) {
	c := newCluster(t)
	step := 700
	if nightly() {
		step = 32
	}
	for limit := 0; limit < 2500; limit += step {
		for _, s := range sweeps[:2] {
			t.Run(fmt.Sprint(s.name, limit), func(t *testing.T) {
				t.Parallel()
				p := newPlace(t)
				c.join(p)
				r := p.limited(limit, s.args...)
				p.stored(p.open())
				list := p.listing()
				switch {
				case r.code == 3 && strings.Contains(r.err, "file too large") && len(list) <= 1:
				case r.code == 0 && strings.Contains(r.err, "warning") == (len(list) == 0 || list[0].State != "succeeded"):
				default:
					t.Errorf("%v\nrecorded are %+v", r, list)
				}
				s.consistent(t, p, p.open(), c)
				if r := p.run([]string{"runs", "sync"}); r.code != 0 {
					t.Errorf("without the limit: %v", r)
				}
				s.next(t, p, c, len(list) > 0)
			})
		}
	}
	c.agree()
}
