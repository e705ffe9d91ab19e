package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

var update = flag.Bool("update", false, "rewrite goldens")

func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func fromBackend() Run {
	code := 137
	model := &backend.Artifact{URI: "s3://b/model", Type: "system.Model", Bytes: 175, Digest: "sha256:ab", Metadata: map[string]any{"k": 1.5}}
	return FromBackend(&backend.Run{
		ID: "01a20ac3-ce8a-7959-8e41-3b5c7ae6426c", Name: "iris-1", Namespace: "ml", Pipeline: "iris", State: backend.Failed, Message: "a task failed",
		Parameters: map[string]any{"rows": int64(150), "text": "two\nlines \x1b[31m", "none": nil, "list": []any{"<a>", 1.5}},
		Outputs: map[string]backend.Output{
			"accuracy": {Value: 0.97}, "model": {Artifact: model},
			"all": {List: []*backend.Artifact{model, {URI: "s3://b/x", Bytes: -1}}}, "empty": {List: []*backend.Artifact{}},
		},
		Tasks: []*backend.Task{
			{Path: "prepare", State: backend.Cached},
			{Path: "train", State: backend.Failed, Attempt: 3, Class: "out-of-memory", Message: "killed", ExitCode: &code, Image: "i", Pod: "p",
				Started: start, Finished: start.Add(90 * time.Second), Outputs: map[string]backend.Output{"model": {Artifact: model}}},
			{Path: "use[0]/x", State: backend.Running, Started: start.Add(30 * time.Second)},
		},
		Created: start, Started: start, Finished: start.Add(100 * time.Second),
	})
}

func TestRunGoldens(t *testing.T) {
	s, b := iostreams.Test()
	theme := term.OutTheme(s)
	r := fromBackend()
	now := start.Add(2 * time.Minute)
	for _, err := range []error{WriteRun(s.Out, r, theme, now, true), WriteArtifacts(s.Out, r, theme)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "run.txt", b.Out.Bytes())
	if strings.Contains(b.Out.String(), "\x1b") {
		t.Error("an escape of the run's reached the output")
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "run.json", append(text, '\n'))
}

func TestRunsGolden(t *testing.T) {
	s, b := iostreams.Test()
	r := fromBackend()
	later := r
	later.Name, later.State, later.Finished, later.Engine = "iris-2", "running", nil, "argo"
	look := Look{term.OutTheme(s), start.Add(2 * time.Hour)}
	if err := WriteRuns(s.Out, []Run{later, r, {ID: "short", State: "planned", Created: r.Created}}, named(t, TableColumns()...), look); err != nil {
		t.Fatal(err)
	}
	golden(t, "runs.txt", b.Out.Bytes())
}

// A run looks the same whether it is going on or was read from the store.
func TestRecordedValues(t *testing.T) {
	r := FromMetadata(&metadata.Run{ID: "id", RunRecord: metadata.RunRecord{
		Name: "n", State: metadata.Succeeded,
		Parameters: map[string]metadata.Value{"text": {Value: json.RawMessage(`"a"`)}, "secret": {Redacted: true}, "big": {Blob: "sha256:x"}, "none": {}},
		Outputs: map[string]metadata.Value{
			"model": {Artifact: &metadata.ArtifactValue{URI: "u", Bytes: 3}}, "all": {IsList: true}, "list": {Value: json.RawMessage(`[1, 2]`)},
		},
	}})
	for name, want := range map[string]string{"text": "a", "secret": "(secret)", "big": `{"blob":"sha256:x"}`, "none": "(absent)"} {
		if got := Value(r.Parameters[name]); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"model": "u", "all": "[]", "list": "[1, 2]"} {
		if got := Value(r.Outputs[name]); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if len(r.Tasks) != 0 || r.Parameters == nil {
		t.Errorf("%+v", r)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s", file, got)
	}
}
