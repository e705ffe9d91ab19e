package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// The exit codes, an interface that scripts rely on.
const (
	ExitOK          = 0   // fine, warnings too
	ExitFindings    = 1   // findings, or the run failed
	ExitUsage       = 2   // wrong usage, a missing file
	ExitFailure     = 3   // could not do it: network, rights, cluster, a bug
	ExitInterrupted = 130 // Ctrl-C
	ExitUnread      = 141 // nobody reads standard output any more, as if by SIGPIPE
)

// An ExitError is an error that knows its exit code. Err is nil when everything
// has been said already.
type ExitError struct {
	Code int
	Err  error
	Hint string // what to do next, or ""
}

func (e *ExitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit %d", e.Code)
	}
	return e.Err.Error()
}

func (e *ExitError) Unwrap() error { return e.Err }

// Usagef is wrong usage: exit 2.
func Usagef(format string, args ...any) error {
	return &ExitError{Code: ExitUsage, Err: fmt.Errorf(format, args...)}
}

// Failf is something that could not be done: exit 3.
func Failf(format string, args ...any) error {
	return &ExitError{Code: ExitFailure, Err: fmt.Errorf(format, args...)}
}

// WithHint adds advice to an error, keeping its exit code.
func WithHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &ExitError{Code: ExitCode(err), Err: err, Hint: hint}
}

// Findings ends a command whose findings, or whose failed run, have been
// printed: exit 1.
func Findings() error { return &ExitError{Code: ExitFindings} }

// ErrInterrupted is the cause of a context that the user cancelled.
var ErrInterrupted = errors.New("interrupted")

// ExitCode is the exit code of an error.
func ExitCode(err error) int {
	var exit *ExitError
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, ErrInterrupted):
		return ExitInterrupted
	case errors.As(err, &exit):
		return exit.Code
	case errors.Is(err, metadata.ErrReadOnly):
		return ExitUsage
	}
	return ExitFailure
}

// Cause is the reason why the context ended, ErrInterrupted for Ctrl-C; nil
// while it has not.
func Cause(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}
