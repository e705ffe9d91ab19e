package report

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func fromBackend() Run {
	code, lost := 137, 143
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
			{Path: "use[0]/again[0]/x", State: backend.Running, Started: start.Add(30 * time.Second)},
			{Path: "use[0]/again[1]/x", State: backend.Pending},
			{Path: "use[1]/again[0]/x", State: backend.Succeeded, Attempt: 2, Created: start.Add(5 * time.Second), Started: start.Add(30 * time.Second), Finished: start.Add(40 * time.Second),
				Earlier: []*backend.Task{{Path: "use[1]/again[0]/x", State: backend.Failed, Attempt: 1, Class: "preempted", ExitCode: &lost,
					Message: "The node was low on resource: memory. Threshold quantity: 100Mi, available: 12Mi. Container main was using 3Gi.", Started: start, Finished: start.Add(4 * time.Second)}}},
			{Path: "use[1]/y\x1b[2J", State: backend.Failed},
		},
		Created: start, Started: start, Finished: start.Add(100 * time.Second),
	})
}

func TestRunGoldens(t *testing.T) {
	s, b := iostreams.Test()
	r := fromBackend()
	r.By = &metadata.Writer{User: "ada", Host: "lap\x1b[0mtop", Version: "v1"}
	r.Code = &metadata.Code{Revision: "8c3f1d0e5b7a49b28d6f0c1e2a3b4c5d6e7f8091", Branch: "main", Dirty: true, Repository: "https://git.example.com/iris.git"}
	r.Labels = map[string]string{"team": "a", "python-source": "sha256:0123456789abcdef0123456789abcdef"}
	look := Look{term.OutTheme(s), start.Add(2 * time.Minute), 80}
	if err := WriteDetails(s.Out, r, look); err != nil {
		t.Fatal(err)
	}
	goldentest.File(t, "testdata/run.txt", b.Out.Bytes())
	if strings.Contains(b.Out.String(), "\x1b") {
		t.Error("an escape of the run's reached the output")
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	goldentest.File(t, "testdata/run.json", append(text, '\n'))
}

func TestRunsGolden(t *testing.T) {
	s, b := iostreams.Test()
	r := fromBackend()
	later := r
	later.Name, later.State, later.Finished, later.Engine = "iris-2", "running", nil, "argo"
	look := Look{Theme: term.OutTheme(s), Now: start.Add(2 * time.Hour)}
	if err := WriteRuns(s.Out, []Run{later, r, {ID: "short", State: "planned", Created: r.Created}}, named(t, TableColumns()...), look); err != nil {
		t.Fatal(err)
	}
	goldentest.File(t, "testdata/runs.txt", b.Out.Bytes())
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
	for name, want := range map[string]string{"text": "a", "secret": "(secret)", "big": "(large, sha256:x)", "none": "(absent)"} {
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
