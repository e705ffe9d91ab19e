//go:build failpoints

package failpoint

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Enabled reports whether failpoints are compiled in.
const Enabled = true

// ErrInjected is the error of the action "error".
var ErrInjected = errors.New("injected failure")

// Hit passes the point of that name. about says, for the trace, what the
// operation is about.
func Hit(name, about string) error {
	return process().hit(name, about)
}

// process is what the environment asks for, read once.
var process = sync.OnceValue(func() *plan {
	p, err := parse(os.Getenv("KFPGO_FAIL"))
	if err == nil {
		p.trace, err = openTrace(os.Getenv("KFPGO_FAIL_TRACE"))
	}
	if err != nil {
		// A test that believes in rules which nobody reads would prove nothing.
		fmt.Fprintln(os.Stderr, "failpoint:", err)
		os.Exit(2)
	}
	return p
})

func openTrace(name string) (*os.File, error) {
	if name == "" {
		return nil, nil
	}
	return os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
}

type plan struct {
	mu    sync.Mutex
	rules []rule
	hits  map[string]int
	trace *os.File
}

type rule struct {
	name   string
	n      int
	onward bool // from the nth time on
	action string
}

func parse(text string) (*plan, error) {
	p := &plan{hits: map[string]int{}}
	for item := range strings.SplitSeq(text, ",") {
		if item == "" {
			continue
		}
		where, action, ok := strings.Cut(item, ":")
		dot := strings.LastIndexByte(where, '.')
		if !ok || dot < 0 {
			return nil, fmt.Errorf("%q is not NAME.N:ACTION", item)
		}
		number, onward := strings.CutSuffix(where[dot+1:], "+")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q: the number of the hit must be 1 or more", item)
		}
		switch action {
		case "kill", "error", "enospc", "pause":
		default:
			return nil, fmt.Errorf("%q: unknown action", item)
		}
		p.rules = append(p.rules, rule{where[:dot], n, onward, action})
	}
	return p, nil
}

func (p *plan) hit(name, about string) error {
	p.mu.Lock()
	p.hits[name]++
	n := p.hits[name]
	if p.trace != nil {
		_, _ = fmt.Fprintf(p.trace, "%s.%d %s\n", name, n, about)
	}
	p.mu.Unlock()
	for _, r := range p.rules {
		if r.name == name && (r.n == n || r.onward && n > r.n) {
			return act(r.action, name)
		}
	}
	return nil
}

func act(action, name string) error {
	switch action {
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	case "pause":
		return pause()
	case "enospc":
		return &os.PathError{Op: name, Path: "failpoint", Err: syscall.ENOSPC}
	}
	return fmt.Errorf("%s: %w", name, ErrInjected)
}

// pause stops the process. Any thread may take the signal, after a while, so
// this one waits until the process was continued.
func pause() error {
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	defer signal.Stop(continued)
	err := syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	if err == nil {
		<-continued
	}
	return err
}
