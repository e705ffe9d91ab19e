//go:build unix

package local

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend"
)

// gone waits until the process does not exist any more.
func gone(t *testing.T, pid int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) || zombie(pid) {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("process %d still lives", pid)
			_ = syscall.Kill(pid, syscall.SIGKILL)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(b), ") Z ")
}

func readPid(t *testing.T, file string) int {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		b, err := os.ReadFile(file)
		if pid, e := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && e == nil {
			return pid
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no process id in %s", file)
	return 0
}

// What a task leaves in the background does not outlive it.
func TestNoProcessOutlivesItsTask(t *testing.T) {
	dir := t.TempDir()
	scripts := map[string]string{
		"background": `sleep 600 & echo $! > ` + dir + `/background`,
		"deaf":       `(trap '' TERM INT HUP; sleep 600; sleep 600) & echo $! > ` + dir + `/deaf`,
	}
	if _, err := exec.LookPath("setsid"); err == nil {
		if _, err := os.Stat("/proc/self/environ"); err == nil {
			scripts["session"] = `setsid sh -c 'echo $$ > ` + dir + `/session; sleep 600' & while ! test -s ` + dir + `/session; do sleep 0.01; done`
		}
	}
	for name, text := range scripts {
		r := execute(t, one(script(text, nil, nil)), nil)
		if r.State != backend.Succeeded {
			t.Errorf("%s: %s", name, explain(r))
		}
		gone(t, readPid(t, filepath.Join(dir, name)))
	}
}

// A run whose process is killed leaves no process behind, and is lost.
func TestSuddenDeath(t *testing.T) {
	if os.Getenv("KFPGO_TEST_CHILD") != "" {
		suddenDeathChild(t)
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestSuddenDeath$")
	cmd.Env = append(os.Environ(), "KFPGO_TEST_CHILD="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	id := backend.RunID(strings.TrimSpace(line))
	pid := readPid(t, filepath.Join(dir, "pid"))
	l := newRunner(t, func(o *Options) { o.Dir = dir })
	awaitRecorded(t, l, id, func(r *backend.Run) bool { return len(r.Tasks) == 1 && r.Tasks[0].State == backend.Running })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	gone(t, pid)
	r := awaitRecorded(t, l, id, func(r *backend.Run) bool { return r.State == backend.Lost })
	if len(r.Tasks) != 1 || r.Tasks[0].State != backend.Stopped {
		t.Error(explain(r))
	}
}

func awaitRecorded(t *testing.T, l *Runner, id backend.RunID, want func(*backend.Run) bool) *backend.Run {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		r, err := l.Get(t.Context(), id)
		if err == nil && want(r) {
			return r
		}
		if time.Now().After(deadline) {
			t.Fatalf("the run is %+v, %v", r, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A run is stopped by whoever can write its folder, in good order.
func TestStoppedFromElsewhere(t *testing.T) {
	l := newRunner(t)
	other := newRunner(t, func(o *Options) { o.Dir = l.opt.Dir })
	p := finally(dag(nil, nil, nil, task("a", script("sleep 60", nil, nil))), task("report", ok()))
	r := submit(t, l, p, nil)
	awaitRecorded(t, other, r.ID, func(r *backend.Run) bool { return len(r.Tasks) > 0 && r.Tasks[0].State == backend.Running })
	if err := other.Cancel(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	if r = wait(t, l, r.ID); summary(r) != "stopped a=stopped report=succeeded" {
		t.Error(explain(r))
	}
	if err := other.Cancel(t.Context(), r.ID); err != nil {
		t.Errorf("a run that is over: %v", err)
	}
	if err := other.Cancel(t.Context(), newID()); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("no such run: %v", err)
	}
}

func suddenDeathChild(t *testing.T) {
	dir := os.Getenv("KFPGO_TEST_CHILD")
	l := New(Options{Dir: dir})
	r := submit(t, l, one(script(`echo $$ > `+dir+`/pid; sleep 600 & sleep 600`, nil, nil)), nil)
	fmt.Println(r.ID)
	time.Sleep(time.Minute)
}
