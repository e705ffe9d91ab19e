package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// Main runs one command line and gives its exit code. It is the only place
// that turns errors into words and codes, and signals into cancelled contexts.
func Main(a *App, root func(*App) *cobra.Command, args []string) (exit int) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	defer a.onSignals(cancel)()
	defer func() {
		if r := recover(); r != nil {
			exit = a.crashed(r, debug.Stack())
		}
	}()
	answer := &answer{Writer: a.IO.Out}
	a.IO.Out = answer
	cmd := root(a)
	cmd.SetArgs(args)
	cmd.SetIn(a.IO.In)
	cmd.SetOut(a.IO.Out)
	cmd.SetErr(a.IO.Err)
	err := cmd.ExecuteContext(ctx)
	if err != nil && errors.Is(context.Cause(ctx), ErrInterrupted) && isCancel(err) {
		err = ErrInterrupted
	}
	if answer.unread.Load() && (err == nil || errors.Is(err, syscall.EPIPE)) {
		return ExitUnread
	}
	a.Complain(err)
	return ExitCode(err)
}

// An answer is standard output; it notes that nobody reads it any more.
type answer struct {
	io.Writer
	unread atomic.Bool
}

func (a *answer) Write(p []byte) (int, error) {
	n, err := a.Writer.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		a.unread.Store(true)
	}
	return n, err
}

func isCancel(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, ErrInterrupted)
}

// onSignals cancels at the first signal and ends the process at the second, until
// stop is called: then they do nothing.
func (a *App) onSignals(cancel context.CancelCauseFunc) (stop func()) {
	signals := make(chan os.Signal, 2)
	done := make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A reader of the output that goes away must not end the process before the
	// record is written: the write fails instead. Children are not affected.
	unread := make(chan os.Signal, 1)
	signal.Notify(unread, syscall.SIGPIPE)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case <-signals:
			}
			if n > 0 {
				a.Exit(ExitInterrupted)
				return
			}
			cancel(ErrInterrupted)
		}
	}()
	// They stay caught: one that comes while the process ends must not give
	// another exit code to what is done and recorded.
	return func() { close(done) }
}

// Complain says what an error is, unless it has been said.
func (a *App) Complain(err error) {
	if err == nil {
		return
	}
	var exit *ExitError
	if errors.As(err, &exit) && exit.Err == nil {
		return
	}
	if errors.Is(err, ErrInterrupted) {
		a.say("", "interrupted")
		return
	}
	a.say("error", "%s", err)
	switch {
	case exit != nil && exit.Hint != "":
		a.say("hint", "%s", exit.Hint)
	case errors.Is(err, backend.ErrUnavailable):
		a.say("hint", "is the cluster up? --context and KUBECONFIG choose another; `kfp-go run` needs none")
	}
}

// crashed turns a panic of ours into a message that asks for a report.
func (a *App) crashed(reason any, stack []byte) int {
	a.say("error", "kfp-go has a bug: %v", reason)
	if a.Getenv("KFPGO_DEBUG") != "" {
		_, _ = a.IO.Err.Write(stack)
	} else {
		a.say("hint", "please report it with the command line and the input; KFPGO_DEBUG=1 adds where it happened")
	}
	return ExitFailure
}

// say writes one message to standard error: "kind: text", the kind coloured.
func (a *App) say(kind, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range lines {
		lines[i] = term.Clean(lines[i])
	}
	text = strings.Join(lines, "\n")
	if kind != "" {
		text = term.ErrTheme(a.IO).Kind(kind) + ": " + text
	}
	_, _ = fmt.Fprintln(a.IO.Err, text)
}
