package faulttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// meanwhile runs the program until it passes the point, does something to it
// there, and lets it go on to its end. It reports whether the point was passed.
func (p *place) meanwhile(args []string, point string, then func(pid int)) (r result, passed bool) {
	p.t.Helper()
	return p.watch(p.command(args, "KFPGO_FAIL="+point+":pause"), then)
}

// watch is wait for a program that stops itself.
func (p *place) watch(cmd *exec.Cmd, then func(pid int)) (r result, stopped bool) {
	p.t.Helper()
	out, err := os.CreateTemp(p.dir, "out-")
	p.must(err)
	defer out.Close()
	errs, err := os.CreateTemp(p.dir, "err-")
	p.must(err)
	defer errs.Close()
	cmd.Stdout, cmd.Stderr = out, errs
	p.must(cmd.Start())
	pid := cmd.Process.Pid
	defer cmd.Process.Release()
	var ws syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &ws, syscall.WUNTRACED, nil)
		if err == syscall.EINTR {
			continue
		}
		p.must(err)
		if !ws.Stopped() {
			break
		}
		stopped = true
		then(pid)
		p.must(syscall.Kill(pid, syscall.SIGCONT))
	}
	r.code = ws.ExitStatus()
	if ws.Signaled() {
		r.signal = ws.Signal()
	}
	text, err := os.ReadFile(out.Name())
	p.must(err)
	r.out = string(text)
	text, err = os.ReadFile(errs.Name())
	p.must(err)
	r.err = string(text)
	return r, stopped
}

// hits are the points that a command passes where nothing happens to it.
func (p *place) hits(args []string) []hit {
	p.t.Helper()
	trace := filepath.Join(p.dir, "trace")
	if r := p.run(args, "KFPGO_FAIL_TRACE="+trace); r.code != 0 {
		p.t.Fatalf("without a fault: %v", r)
	}
	return p.trace(trace)
}
