package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
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
	cmd := root(a)
	cmd.SetArgs(args)
	cmd.SetIn(a.IO.In)
	cmd.SetOut(a.IO.Out)
	cmd.SetErr(a.IO.Err)
	err := cmd.ExecuteContext(ctx)
	if err != nil && errors.Is(context.Cause(ctx), ErrInterrupted) && isCancel(err) {
		err = ErrInterrupted
	}
	a.Complain(err)
	return ExitCode(err)
}

func isCancel(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, ErrInterrupted)
}

// onSignals cancels at the first signal and ends the process at the second; it
// returns what undoes it.
func (a *App) onSignals(cancel context.CancelCauseFunc) (stop func()) {
	signals := make(chan os.Signal, 2)
	done := make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
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
	return func() {
		signal.Stop(signals)
		close(done)
	}
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
