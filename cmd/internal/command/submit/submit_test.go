package submit

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/fake"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/command/runs"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
)

// A world is a cluster in memory, a folder with a pipeline, and a program.
type world struct {
	t    *testing.T
	a    *app.App
	b    iostreams.Buffers
	dir  string
	exit int
}

func newWorld(t *testing.T, cluster backend.Runner, text string) *world {
	t.Helper()
	s, b := iostreams.Test()
	a := &app.App{
		IO: s, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false },
		Environ: os.Environ, Exit: func(int) {}, Backends: app.RealBackends(app.Build{Version: "test"}),
	}
	a.Cluster = func(context.Context, *config.Config, func(string)) (backend.Runner, error) { return cluster, nil }
	w := &world{t: t, a: a, b: b, dir: t.TempDir()}
	t.Setenv("HOME", w.dir)
	if text == "" {
		text = "pipeline: p\ncomponents:\n  c: {image: \"busybox:1.36\", script: \"true\"}\ntasks:\n  first: {component: c}\n  slow: {component: c}\n"
	}
	if err := os.WriteFile(filepath.Join(w.dir, "pipeline.yaml"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) run(args ...string) *world {
	w.t.Helper()
	w.b.Out.Reset()
	w.b.Err.Reset()
	root := func(a *app.App) *cobra.Command {
		cmd := &cobra.Command{Use: "kfp-go", SilenceErrors: true, SilenceUsage: true}
		app.Setting(cmd.PersistentFlags(), "", "metadata", "color")
		cmd.AddCommand(New(a), runs.New(a))
		return cmd
	}
	w.exit = app.Main(w.a, root, append(args, "--metadata", filepath.Join(w.dir, "meta")))
	return w
}

func (w *world) submit(args ...string) *world {
	w.t.Helper()
	return w.run(append([]string{"submit", filepath.Join(w.dir, "pipeline.yaml")}, args...)...)
}

func (w *world) want(exit int, says ...string) {
	w.t.Helper()
	if w.exit != exit {
		w.t.Errorf("exit code %d, want %d", w.exit, exit)
	}
	for _, s := range says {
		if !strings.Contains(w.b.Out.String()+w.b.Err.String(), s) {
			w.t.Errorf("%q is missing in\n%s%s", s, w.b.Out, w.b.Err)
		}
	}
}

func (w *world) recorded() []report.Run {
	w.t.Helper()
	w.run("runs", "list", "-o", "json")
	var list report.Runs
	if err := json.Unmarshal(w.b.Out.Bytes(), &list); err != nil {
		w.t.Fatal(err)
	}
	return list.Runs
}

// The same key twice is one run, in the cluster and in the record.
func TestIdempotencyKey(t *testing.T) {
	w := newWorld(t, fake.New(fake.Options{}), "")
	w.submit("--idempotency-key", "k", "--wait").want(0)
	first := strings.TrimSpace(w.b.Out.String())
	w.submit("--idempotency-key", "k", "--wait").want(0, `the key "k" belongs to run`)
	if first == "" || len(w.recorded()) != 1 {
		t.Errorf("%d runs are recorded, want 1", len(w.recorded()))
	}
	w.submit("--idempotency-key", "other").want(0)
	if len(w.recorded()) != 2 {
		t.Errorf("%d runs are recorded, want 2", len(w.recorded()))
	}
	// Who waits for a run that was submitted before completes its record.
	w.submit("--idempotency-key", "other", "--wait").want(0)
	for _, r := range w.recorded() {
		if string(r.State) != "succeeded" {
			t.Errorf("run %s is recorded as %s", r.Name, r.State)
		}
	}
}

// interrupting sends Ctrl-C once a task runs.
type interrupting struct{ *fake.Runner }

func (r interrupting) Watch(ctx context.Context, id backend.RunID) iter.Seq2[backend.Event, error] {
	return func(yield func(backend.Event, error) bool) {
		for e, err := range r.Runner.Watch(ctx, id) {
			if e.Task != nil && e.Task.State == backend.Running && e.Task.Path == "slow" {
				_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// Ctrl-C ends the waiting, not the run; what was seen is recorded.
func TestInterrupt(t *testing.T) {
	cluster := fake.New(fake.Options{Script: func(backend.Submission) fake.Script {
		return fake.Script{Steps: []fake.Step{{Path: "first"}, {Path: "slow", Blocks: true}}}
	}})
	w := newWorld(t, interrupting{cluster}, "")
	w.submit("--wait").want(app.ExitInterrupted, "goes on in the cluster")
	all := w.recorded()
	if len(all) != 1 || all[0].State != "running" {
		t.Fatalf("recorded: %+v", all)
	}
	run, err := cluster.Get(t.Context(), backend.RunID(all[0].ID))
	if err != nil || run.State != backend.Running {
		t.Errorf("in the cluster: %+v, %v", run, err)
	}
	if err := cluster.Cancel(t.Context(), run.ID); err != nil {
		t.Error(err)
	}
}

// A Workflow above what Argo takes is refused before anything is recorded or
// sent, with the biggest parts named.
func TestTooBig(t *testing.T) {
	var text strings.Builder
	text.WriteString("pipeline: big\ncomponents:\n")
	for i := range 12 {
		fmt.Fprintf(&text, "  c%d: {image: \"busybox:1.36\", script: \"echo %d %s\"}\n", i, i, strings.Repeat("x", 100<<10))
	}
	text.WriteString("tasks:\n")
	for i := range 12 {
		fmt.Fprintf(&text, "  t%d: {component: c%d}\n", i, i)
	}
	w := newWorld(t, fake.New(fake.Options{}), text.String())
	w.submit().want(1, "Argo works with up to 1.0 MiB", "the biggest parts are ", "KiB)")
	if n := len(w.recorded()); n != 0 {
		t.Errorf("%d runs are recorded", n)
	}
}

// A dry run creates nothing and records nothing.
func TestDryRun(t *testing.T) {
	w := newWorld(t, fake.New(fake.Options{Err: func(string) error { return backend.ErrDenied }}), "")
	w.submit("--dry-run").want(0, "kind: Workflow")
	if n := len(w.recorded()); n != 0 {
		t.Errorf("%d runs are recorded", n)
	}
}

// A record that cannot be written keeps the run from being started.
func TestRequireMetadata(t *testing.T) {
	w := newWorld(t, fake.New(fake.Options{}), "")
	if err := os.WriteFile(filepath.Join(w.dir, "meta"), []byte("not a store\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	w.submit("--require-metadata")
	if w.exit == 0 {
		t.Errorf("started without a record\n%s", w.b.Err)
	}
}
