package run

import (
	"context"
	"encoding/json"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/fake"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/command/runs"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"

	"github.com/spf13/cobra"
)

func testApp(t *testing.T, local backend.Runner) (*app.App, iostreams.Buffers) {
	t.Helper()
	s, b := iostreams.Test()
	a := &app.App{
		IO: s, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false },
		Environ: os.Environ, Exit: func(int) {}, Backends: app.RealBackends(app.Build{Version: "test"}),
	}
	a.Local = func(context.Context, app.LocalOptions) (backend.Runner, error) { return local, nil }
	return a, b
}

func root(a *app.App) *cobra.Command {
	cmd := &cobra.Command{Use: "kfp-go", SilenceErrors: true, SilenceUsage: true}
	app.Setting(cmd.PersistentFlags(), "", "metadata", "color")
	cmd.AddCommand(New(a), runs.New(a))
	return cmd
}

func pipeline(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pipeline.yaml")
	text := "pipeline: p\ncomponents:\n  c: {image: \"busybox:1.36\", script: \"true\"}\ntasks:\n  first: {component: c}\n  slow: {component: c}\n"
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// Ctrl-C stops the run in good order: its end is waited for, shown and
// recorded, and the exit code is 130.
func TestInterrupt(t *testing.T) {
	local := fake.New(fake.Options{Script: func(backend.Submission) fake.Script {
		return fake.Script{Steps: []fake.Step{{Path: "first"}, {Path: "slow", Blocks: true}}}
	}})
	a, b := testApp(t, stopping{local, func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Error(err)
		}
	}})
	name := pipeline(t)
	if code := app.Main(a, root, []string{"run", name, "--output", "json"}); code != app.ExitInterrupted {
		t.Errorf("exit code %d\n%s", code, b.Err)
	}
	if !strings.Contains(b.Err.String(), "stopping the run; Ctrl-C again quits at once") {
		t.Errorf("nothing is said:\n%s", b.Err)
	}
	var shown struct{ State string }
	if err := json.Unmarshal(b.Out.Bytes(), &shown); err != nil || shown.State != "stopped" {
		t.Errorf("%v: %s", err, b.Out)
	}
	b.Out.Reset()
	if code := app.Main(a, root, []string{"runs", "get", "-o", "json", "--metadata", filepath.Join(filepath.Dir(name), ".kfp-go")}); code != 0 {
		t.Fatalf("exit code %d\n%s", code, b.Err)
	}
	if err := json.Unmarshal(b.Out.Bytes(), &shown); err != nil || shown.State != "stopped" {
		t.Errorf("recorded: %v: %s", err, b.Out)
	}
}

// stopping cancels a run when the context that submitted it ends, as the local
// runner does; it tells when the task slow runs.
type stopping struct {
	*fake.Runner
	slow func()
}

func (s stopping) Watch(ctx context.Context, id backend.RunID) iter.Seq2[backend.Event, error] {
	return func(yield func(backend.Event, error) bool) {
		for e, err := range s.Runner.Watch(ctx, id) {
			if e.Task != nil && e.Task.Path == "slow" && e.Task.State == backend.Running {
				s.slow()
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (s stopping) Submit(ctx context.Context, sub backend.Submission) (*backend.Run, error) {
	run, err := s.Runner.Submit(ctx, sub)
	context.AfterFunc(ctx, func() { _ = s.Cancel(context.WithoutCancel(ctx), sub.ID) })
	return run, err
}

// A run that could not be started is recorded as such, and said.
func TestNotStarted(t *testing.T) {
	a, b := testApp(t, fake.New(fake.Options{Err: func(m string) error {
		if m == "Submit" {
			return backend.ErrUnavailable
		}
		return nil
	}}))
	name := pipeline(t)
	if code := app.Main(a, root, []string{"run", name}); code != app.ExitFailure {
		t.Errorf("exit code %d\n%s", code, b.Err)
	}
	b.Out.Reset()
	app.Main(a, root, []string{"runs", "list", "--metadata", filepath.Join(filepath.Dir(name), ".kfp-go")})
	if !strings.Contains(b.Out.String(), "failed") {
		t.Errorf("the record is %s", b.Out)
	}
}

func TestRunName(t *testing.T) {
	id := backend.RunID("01a20ac3-cc41-7762-a2f8-c4eb849cd71a")
	if got := RunName("iris", id); got != "iris-9cd71a" {
		t.Errorf("got %q", got)
	}
	if got := RunName(strings.Repeat("x", 100), id); len(got) > 63 {
		t.Errorf("%d bytes", len(got))
	}
}
