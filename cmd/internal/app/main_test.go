package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
)

func testApp() (*App, iostreams.Buffers) {
	s, b := iostreams.Test()
	return &App{
		IO: s, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false },
		Exit: func(int) {},
	}, b
}

func rootWith(run func(ctx context.Context) error) func(*App) *cobra.Command {
	return func(*App) *cobra.Command {
		return &cobra.Command{
			Use: "kfp-go", SilenceErrors: true, SilenceUsage: true,
			RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context()) },
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code int
		says string
	}{
		{nil, 0, ""},
		{Findings(), 1, ""},
		{Usagef("no such %s", "thing"), 2, "error: no such thing\n"},
		{WithHint(Usagef("no"), "do this"), 2, "error: no\nhint: do this\n"},
		{WithHint(errors.New("no"), "do this"), 3, "error: no\nhint: do this\n"},
		{errors.New("the network"), 3, "error: the network\n"},
		{fmt.Errorf("late: %w", Failf("disk")), 3, "error: late: disk\n"},
		{ErrInterrupted, 130, "interrupted\n"},
		{errors.New("a\x1b[2Jb"), 3, "error: a␛[2Jb\n"},
		{errors.New("two\nlines"), 3, "error: two\nlines\n"},
	} {
		a, b := testApp()
		code := Main(a, rootWith(func(context.Context) error { return tt.err }), nil)
		if code != tt.code || b.Err.String() != tt.says {
			t.Errorf("%v: %d %q, want %d %q", tt.err, code, b.Err, tt.code, tt.says)
		}
	}
}

func TestPanic(t *testing.T) {
	for _, debug := range []string{"", "1"} {
		a, b := testApp()
		a.LookupEnv = func(k string) (string, bool) { return debug, k == "KFPGO_DEBUG" }
		code := Main(a, rootWith(func(context.Context) error { panic("broken invariant") }), nil)
		if code != ExitFailure || !strings.Contains(b.Err.String(), "kfp-go has a bug: broken invariant") {
			t.Errorf("%d %q", code, b.Err)
		}
		if got := strings.Contains(b.Err.String(), "goroutine "); got != (debug != "") {
			t.Errorf("KFPGO_DEBUG=%q: stack shown: %v", debug, got)
		}
	}
}

// The first Ctrl-C cancels, the second ends the process at once.
// A reader that goes away ends nothing before its time, and is no failure to
// complain about.
func TestUnread(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r.Close()
	for name, tt := range map[string]struct {
		after error // what the command gives after its answer
		code  int
	}{"fine": {nil, 141}, "run failed": {Findings(), 1}, "said no": {Usagef("no"), 2}} {
		t.Run(name, func(t *testing.T) {
			a, b := testApp()
			a.IO.Out = w
			recorded := false
			code := Main(a, rootWith(func(context.Context) error {
				_, err := fmt.Fprintln(a.IO.Out, "answer")
				recorded = true
				if tt.after != nil {
					return tt.after
				}
				return err
			}), nil)
			if code != tt.code || !recorded || strings.Contains(b.Err.String(), "pipe") {
				t.Errorf("exit code %d, %q", code, b.Err)
			}
		})
	}
}

func TestSignals(t *testing.T) {
	a, b := testApp()
	quit := make(chan int, 1)
	a.Exit = func(code int) { quit <- code }
	interrupt := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Error(err)
		}
	}
	code := Main(a, rootWith(func(ctx context.Context) error {
		interrupt()
		<-ctx.Done()
		if !errors.Is(Cause(ctx), ErrInterrupted) {
			t.Errorf("the cause is %v", Cause(ctx))
		}
		interrupt()
		if code := <-quit; code != ExitInterrupted {
			t.Errorf("the second one exits with %d", code)
		}
		return ctx.Err()
	}), nil)
	if code != ExitInterrupted || b.Err.String() != "interrupted\n" {
		t.Errorf("%d %q", code, b.Err)
	}
}

func TestFindRunIsUsage(t *testing.T) {
	a, _ := testApp()
	a.Backends = RealBackends(Build{})
	s, err := a.Store(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	_, err = FindRun(t.Context(), s, "x")
	if ExitCode(err) != ExitUsage || !errors.Is(err, metadata.ErrNotFound) {
		t.Errorf("%d, %v", ExitCode(err), err)
	}
}

func TestBuildInfo(t *testing.T) {
	if b := (Build{}).orBuildInfo(); b.Version == "" {
		t.Error("a build without a version")
	}
	if b := (Build{Version: "v1", Commit: "c"}).orBuildInfo(); b.Version != "v1" || b.Commit != "c" {
		t.Errorf("what the linker said is lost: %+v", b)
	}
}
