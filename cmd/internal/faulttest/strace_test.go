package faulttest

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// traced runs the program under strace, which has system calls fail.
func (p *place) traced(inject []string, args ...string) result {
	p.t.Helper()
	options := []string{"-f", "-qq", "-o", "/dev/null", "-e", "signal=none"}
	for _, rule := range inject {
		options = append(options, "-e", "inject="+rule)
	}
	cmd := p.command(args)
	strace, err := exec.LookPath("strace")
	p.must(err)
	cmd.Path, cmd.Args = strace, slices.Concat([]string{"strace"}, options, []string{binary}, args)
	return p.wait(cmd)
}

// TestSystemCallsFail is a second opinion: it is not the program's own
// failpoints that fail but the system's calls, each kind always, or from the nth
// time of each thread on.
func TestSystemCallsFail(t *testing.T) {
	mustTrace(t)
	c := newCluster(t)
	whens := []string{"1+", "3+"}
	if nightly() {
		whens = []string{"1+", "2+", "3+", "4+", "5+", "8+", "1", "2", "3", "4", "5+2"}
	}
	for what, inject := range map[string][]string{
		"sync":  {"fsync,fdatasync:error=EIO"},
		"link":  {"link,linkat,rename,renameat,renameat2:error=ENOSPC"},
		"quota": {"openat:error=EDQUOT"},
	} {
		for _, when := range whens {
			for _, s := range sweeps[:2] {
				t.Run(fmt.Sprint(s.name, ",", what, ",", when), func(t *testing.T) {
					t.Parallel()
					p := newPlace(t)
					c.join(p)
					p.fine(s.args...) // so that there is a store, and a key
					p.callsFail(c, s, inject, when)
				})
			}
		}
	}
	c.agree()
}

// callsFail has a command that adds a run meet failing system calls.
func (p *place) callsFail(c *cluster, s sweep, inject []string, when string) {
	t := p.t
	known := p.stored(p.open())
	var rules []string
	for _, rule := range inject {
		rules = append(rules, rule+":when="+when)
	}
	r := p.traced(rules, s.args...)
	if r.signal != 0 || r.code != 0 && r.err == "" {
		t.Errorf("it ended badly: %v", r)
	}
	store := p.open()
	stored := p.stored(store)
	for name := range known {
		if !stored[name] {
			t.Errorf("the event %s is lost", name)
		}
	}
	s.consistent(t, p, store, c)
	if r.code == 0 && len(stored) == len(known) && !strings.Contains(r.err, "kept in") {
		t.Errorf("nothing is recorded: %v", r)
	}
	before := p.listing()
	if r.code == 0 && len(before) != 2 {
		t.Errorf("%d runs are listed: %v", len(before), r)
	}
	if r := p.run(s.args); r.code != 0 {
		t.Errorf("the next one: %v", r)
	}
	if after := p.listing(); len(after) != len(before)+1 || after[0].State != "succeeded" {
		t.Errorf("after the next one: %+v", after)
	}
	p.stored(p.open())
}

// TestNoHardLinks: some file systems have none. Everything works as it does
// where there are.
func TestNoHardLinks(t *testing.T) {
	mustTrace(t)
	for _, args := range [][]string{{"run", "pipeline.yaml"}, {"submit", "pipeline.yaml", "--wait", "--idempotency-key", "k"}} {
		for _, calls := range []string{"link,linkat", "link,linkat,renameat2"} {
			p := newPlace(t)
			newCluster(t).join(p)
			if r := p.traced([]string{calls + ":error=EPERM"}, args...); r.code != 0 || strings.Contains(r.err, "warning") {
				t.Errorf("%s without %s: %v", args, calls, r)
			}
			if list := p.listing(); len(list) != 1 || list[0].State != "succeeded" {
				t.Errorf("%s without %s: recorded are %+v", args, calls, list)
			}
			p.stored(p.open())
		}
	}
}

// mustTrace skips a test where there is no strace that can inject.
func mustTrace(t *testing.T) {
	t.Helper()
	if out, err := exec.Command("strace", "-f", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "true").CombinedOutput(); err != nil {
		t.Skipf("no strace that can inject: %v %s", err, out)
	}
}
