package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/kfp-go/kfp-go/backend/local/group"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// tokenName is the variable by which stray processes of a task are recognised.
const tokenName = "KFPGO_TASK"

func (r *run) token(path string) string {
	sum := sha256.Sum256([]byte(path))
	return string(r.id) + "-" + hex.EncodeToString(sum[:8])
}

// A process is a program about to run.
type process struct {
	run     *run
	program string
	argv    []string
	env     []string
	dir     string
	log     string
	token   string
	timeout time.Duration // 0: none
	left    time.Duration // of the timeout
}

// execute runs the program in a process group of its own and waits for its end.
// Nothing of the group outlives the call.
func (p *process) execute(ctx context.Context) (exit *os.ProcessState, why error, err error) {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer log.Close()
	cmd := &exec.Cmd{Path: p.program, Args: p.argv, Env: p.env, Dir: p.dir, Stdout: log, Stderr: log}
	group.Own(cmd)
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	id := cmd.Process.Pid
	p.run.guard.add(id)
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	why = p.wait(ctx, id, done)
	group.Kill(id)
	group.Sweep(tokenName + "=" + p.token)
	p.run.guard.remove(id)
	return cmd.ProcessState, why, nil
}

var errTimeout = errors.New("timeout")

// wait waits for the end of the program, which it brings about when the context
// ends or the time is up: first politely, then not. why says what it was.
func (p *process) wait(ctx context.Context, id int, done <-chan error) (why error) {
	var up <-chan time.Time
	if p.timeout > 0 {
		t := time.NewTimer(p.left)
		defer t.Stop()
		up = t.C
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		why = context.Cause(ctx)
	case <-up:
		why = errTimeout
	}
	group.Terminate(id)
	grace := time.NewTimer(p.run.opt.Grace)
	defer grace.Stop()
	select {
	case <-done:
	case <-grace.C:
		group.Kill(id)
		<-done
	case <-p.run.hard.Done():
		group.Kill(id)
		<-done
	}
	return why
}

// outcome gives the end of the program its meaning.
func (p *process) outcome(ctx context.Context) attemptResult {
	state, why, err := p.execute(ctx)
	switch {
	case err != nil:
		return p.notStarted(err)
	case why == errTimeout:
		return timedOut(p.timeout)
	case why != nil:
		return stopped(ctx)
	}
	return p.judge(state)
}

func (p *process) notStarted(err error) attemptResult {
	if errors.Is(err, syscall.E2BIG) {
		err = fmt.Errorf("the arguments and variables of the program are too large: the system takes at most 128 KiB in one of them; pass an artifact")
		return wrong(ir.FailError, err)
	}
	return wrong(ir.FailInfrastructure, fmt.Errorf("program %q could not be started: %w", p.argv[0], err))
}

// judge sorts how a program ended by itself. A shell reports the signal that
// killed its child as 128 + signal.
func (p *process) judge(state *os.ProcessState) attemptResult {
	code, signal := exitOf(state)
	res := attemptResult{exit: &code}
	switch {
	case code == 0 && signal == "":
		res.ok = true
		return res
	case code == 137:
		res.class, res.message = ir.FailOutOfMemory, "killed (exit code 137), usually for want of memory"
	case code == 143:
		res.class, res.message = ir.FailPreempted, "terminated (exit code 143)"
	case signal != "":
		res.class, res.message = ir.FailError, fmt.Sprintf("ended by signal: %s", signal)
	default:
		res.class, res.message = ir.FailError, fmt.Sprintf("exit code %d", code)
	}
	if line := lastLine(p.log); line != "" {
		res.message += ": " + line
	}
	return res
}

// lastLine is the last line of a log that says something, for messages.
func lastLine(log string) string {
	f, err := os.Open(log)
	if err != nil {
		return ""
	}
	defer f.Close()
	const tail = 4096
	if info, err := f.Stat(); err == nil && info.Size() > tail {
		_, _ = f.Seek(-tail, 2)
	}
	buf := make([]byte, tail)
	n, _ := f.Read(buf)
	text := strings.TrimRight(string(buf[:n]), " \t\r\n")
	if i := strings.LastIndexAny(text, "\r\n"); i >= 0 {
		text = text[i+1:]
	}
	return clip(printable(strings.TrimSpace(text)), 200)
}

// printable is text without control characters and broken UTF-8.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || 0x80 <= c && c < 0xa0 || c == 0xfffd {
			return -1
		}
		return c
	}, s)
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
