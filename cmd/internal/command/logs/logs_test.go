package logs

import (
	"errors"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/blob"
	"github.com/kfp-go/kfp-go/backend/metadata/record"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
)

// logsOf records a run whose cluster is gone, with archived logs in a bucket,
// and calls the command.
func logsOf(t *testing.T, stores map[string]map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	dir := t.TempDir()
	store, err := blob.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := record.Start(t.Context(), store, record.Options{}, record.Plan{
		ID: backend.RunID(metadata.NewID(time.Now())), Name: "iris", Engine: record.Argo, Namespace: "ml",
	})
	if err != nil {
		t.Fatal(err)
	}
	task := func(path string, attempt int, logs string, earlier ...*backend.Task) *backend.Task {
		return &backend.Task{Path: path, State: backend.Failed, Attempt: attempt, Logs: logs, Earlier: earlier}
	}
	rec.Record(backend.Event{Task: task("train", 2, "s3://b/2", task("train", 1, "s3://b/1"))})
	rec.Record(backend.Event{Task: task("use", 1, "s3://b/none")})
	rec.Record(backend.Event{Task: task("quiet", 1, "")})
	rec.Record(backend.Event{Run: &backend.Run{Name: "iris", State: backend.Failed, Stores: stores}})
	if err := errors.Join(rec.Close(t.Context()), store.Close()); err != nil {
		t.Fatal(err)
	}
	s, b := iostreams.Test()
	a := &app.App{IO: s, Now: time.Now, Exit: func(int) {}, LookupEnv: func(string) (string, bool) { return "", false }, Environ: func() []string { return nil }}
	a.Backends = app.RealBackends(app.Build{})
	root := func(a *app.App) *cobra.Command {
		root := &cobra.Command{Use: "kfp-go", SilenceErrors: true, SilenceUsage: true}
		app.Setting(root.PersistentFlags(), "", "metadata")
		root.AddCommand(New(a))
		return root
	}
	code = app.Main(a, root, append([]string{"logs", "--metadata", dir}, args...))
	return code, b.Out.String(), b.Err.String()
}

// TestFromTheRecord: without a cluster the record leads to the archived logs.
func TestFromTheRecord(t *testing.T) {
	mem := s3mem.New()
	if err := mem.CreateBucket("b"); err != nil {
		t.Fatal(err)
	}
	for key, text := range map[string]string{"1": "first\n", "2": "second\x1b]0;evil\x07\ntime=\"x\" level=info msg=\"sub-process exited\" argo=true\n"} {
		if _, err := mem.PutObject("b", key, nil, strings.NewReader(text), int64(len(text)), nil); err != nil {
			t.Fatal(err)
		}
	}
	ts := httptest.NewServer(gofakes3.New(mem).Server())
	t.Cleanup(ts.Close)
	stores := map[string]map[string]string{
		"s3://b/":     {"endpoint": strings.TrimPrefix(ts.URL, "http://"), "insecure": "true", "no-such-setting": "x"},
		"not a place": {},
	}
	if code, out, errs := logsOf(t, stores, "iris", "train"); code != 0 || out != "first\nsecond\n" {
		t.Errorf("one task: %d, %q, %s", code, out, errs)
	}
	code, out, errs := logsOf(t, stores)
	if code != app.ExitFailure || out != "[train] first\n[train] second\n" || !strings.Contains(errs, "use: s3://b/none: there is no such object") {
		t.Errorf("all: %d, %q, %s", code, out, errs)
	}
	if code, out, errs := logsOf(t, stores, "iris", "quiet"); code != app.ExitFailure || out != "" || !strings.Contains(errs, "archiveLogs: true") {
		t.Errorf("a task without a log: %d, %q, %s", code, out, errs)
	}
	if code, _, errs := logsOf(t, stores, "iris", "trian"); code != app.ExitUsage || !strings.Contains(errs, `did you mean "train"?`) {
		t.Errorf("no such task: %d, %s", code, errs)
	}
}
