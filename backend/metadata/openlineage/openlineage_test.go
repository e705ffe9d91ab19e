package openlineage

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

const runID = "01900000-0000-7000-8000-000000000001"

func at(second int) time.Time {
	return time.Date(2026, 11, 23, 9, 0, second, 0, time.FixedZone("", 3600))
}

func exit(code int) *int { return &code }

// story is a run with a task of each kind.
func story() *metadata.Run {
	edge := func(task, name, dir, uri string) *metadata.ArtifactRecord {
		return &metadata.ArtifactRecord{ID: metadata.ArtifactID(uri), URI: uri, Task: task, Name: name, Dir: dir, Type: "system.Dataset", Digest: "sha256:" + name, Bytes: 7}
	}
	return &metadata.Run{
		ID: runID, By: metadata.Writer{Version: "v1.2.3"}, Updated: at(50),
		RunRecord: metadata.RunRecord{State: metadata.Failed, Pipeline: "iris", Cluster: "kind", Namespace: "ml", Engine: "argo", Message: "a task failed",
			Created: at(0), Started: at(1), Finished: at(40), Workflow: "iris-x", Spec: "sha256:1",
			Code: &metadata.Code{Repository: "git@example.com:team/iris.git", Revision: "abc", Branch: "main", Path: "p.yaml"}},
		Tasks: []*metadata.Task{
			{TaskRecord: metadata.TaskRecord{Path: "cached", State: metadata.Cached, Started: at(2), Finished: at(2)}},
			{TaskRecord: metadata.TaskRecord{Path: "prepare", State: metadata.Succeeded, Started: at(2), Finished: at(5), Image: "busybox:1",
				Outputs: map[string]metadata.Value{"data": {Artifact: &metadata.ArtifactValue{URI: "s3://b/data"}}, "n": {Value: json.RawMessage("1")}}}},
			{TaskRecord: metadata.TaskRecord{Path: "skipped", State: metadata.Skipped, Finished: at(6)}},
			{TaskRecord: metadata.TaskRecord{Path: "train", Attempt: 2, State: metadata.Failed, Message: "boom", Exit: exit(3), Started: at(20), Finished: at(30)},
				Earlier: []*metadata.TaskRecord{{Path: "train", Attempt: 1, State: metadata.Running, Started: at(6)}}},
			{TaskRecord: metadata.TaskRecord{Path: "waits", State: metadata.Pending, Created: at(6)}},
		},
		Artifacts: []*metadata.ArtifactRecord{
			edge("prepare", "raw", metadata.In, "https://user:word@example.com/raw.csv?token=t"), // as nobody should write it
			edge("prepare", "data", metadata.Out, "s3://b/data"),
			edge("train", "data", metadata.In, "s3://b/data"),
		},
	}
}

func brief(events []Event) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString(e.Time.Format("05") + " " + string(e.Type) + " " + e.Job.Name)
		for _, d := range e.Inputs {
			b.WriteString(" <" + d.Namespace + " " + d.Name)
		}
		for _, d := range e.Outputs {
			b.WriteString(" >" + d.Namespace + " " + d.Name)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestEvents(t *testing.T) {
	want := `01 START iris
02 START iris.cached
02 START iris.prepare <https://example.com raw.csv
02 COMPLETE iris.cached
05 COMPLETE iris.prepare <https://example.com raw.csv >s3://b data
06 START iris.train
06 OTHER iris.skipped
20 START iris.train <s3://b data
20 ABORT iris.train
30 FAIL iris.train <s3://b data
40 FAIL iris
`
	got := Events(story())
	if d := cmp.Diff(want, brief(got)); d != "" {
		t.Error(d)
	}
	var text bytes.Buffer
	if err := Write(&text, got); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"word", "token=t"} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("the events hold %q", secret)
		}
	}
	for _, s := range []string{`"url":"ssh://git@example.com/team/iris.git"`, `"datasetVersion":"sha256:data"`, `"message":"boom"`,
		`"parent":{"_producer":"https://github.com/kfp-go/kfp-go","_schemaURL":"https://openlineage.io/spec/facets/1-0-1/ParentRunFacet.json#/$defs/ParentRunFacet","run":{"runId":"` + runID + `"},"job":{"namespace":"kind/ml","name":"iris"}}`} {
		if !strings.Contains(text.String(), s) {
			t.Errorf("no %s in\n%s", s, text.String())
		}
	}
}

// The record of a run that still goes on, or waits, has no end.
func TestUnfinished(t *testing.T) {
	r := &metadata.Run{ID: runID, Updated: at(9), RunRecord: metadata.RunRecord{State: metadata.Running, Created: at(0)}, Tasks: []*metadata.Task{
		{TaskRecord: metadata.TaskRecord{Path: "a", State: metadata.Running, Created: at(3)}}}}
	if got, want := brief(Events(r)), "00 START "+runID+"\n03 START "+runID+".a\n03 RUNNING "+runID+".a\n09 RUNNING "+runID+"\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	r.State, r.Tasks = metadata.Submitted, nil
	if got, want := brief(Events(r)), "00 OTHER "+runID+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDatasetName(t *testing.T) {
	for _, c := range [][3]string{
		{"s3://bucket/a/b", "s3://bucket", "a/b"},
		{"gs://bucket/a", "gs://bucket", "a"},
		{"azblob://container/a", "azblob://container", "a"},
		{"file:///tmp/x", "file", "/tmp/x"},
		{"file://localhost/tmp/x", "file", "/tmp/x"},
		{"s3://bucket", "s3://bucket", "/"},
		{"https://u:p@host:8443/x?sig=1#f", "https://host:8443", "x"},
		{"urn:a:b", "urn", "a:b"},
		{"/plain/path", "kfp-go", "/plain/path"},
		{"%zz", "kfp-go", "%zz"},
	} {
		if ns, name := DatasetName(c[0]); ns != c[1] || name != c[2] {
			t.Errorf("DatasetName(%q) = %q, %q, want %q, %q", c[0], ns, name, c[1], c[2])
		}
	}
}

// The ids are part of the interface: other tools keep them.
func TestTaskRunID(t *testing.T) {
	if got, want := TaskRunID(runID, "train", 0), TaskRunID(runID, "train", 1); got != want || got != "c07ec5d5-dbdd-5755-90c6-5fd0d99b798f" {
		t.Errorf("got %s and %s", got, want)
	}
	if TaskRunID(runID, "train", 2) == TaskRunID(runID, "train", 1) || TaskRunID("no id", "train", 1) != "" {
		t.Error("attempts share an id, or a run without one has tasks with one")
	}
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/runevent.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("runevent.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("runevent.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t interface{ Fatalf(string, ...any) }, s *jsonschema.Schema, events []Event) {
	for _, e := range events {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatalf("%v", err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%v", err)
		}
		if err := s.Validate(v); err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
	}
}

func TestSchema(t *testing.T) {
	s := schema(t)
	valid(t, s, Events(story()))
	bad := Events(story())[:1]
	bad[0].Type = "BEGIN"
	text, _ := json.Marshal(bad[0])
	v, _ := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if s.Validate(v) == nil {
		t.Error("the schema takes everything")
	}
}

// Who goes on with a run tells what is new in it, and nothing twice.
func TestResume(t *testing.T) {
	r := story()
	r.State, r.Finished = metadata.Running, time.Time{}
	f := Resume(r)
	chain := metadata.Chain{Run: runID, Now: func() time.Time { return at(60) }}
	events, err := chain.Events([]metadata.Record{
		{Task: &metadata.TaskRecord{Path: "waits", State: metadata.Succeeded, Started: at(41), Finished: at(42)}},
		{Run: &metadata.RunRecord{State: metadata.Failed, Finished: at(43)}}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := brief(f.Recorded(events[0])), "41 START iris.waits\n42 COMPLETE iris.waits\n43 FAIL iris\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// What is told batch by batch is what is told afterwards, once each, with what
// was seen on the way; every event keeps to the schema and every START comes
// before the end of the same run.
func TestFollower(t *testing.T) {
	s := schema(t)
	states := []metadata.State{metadata.Pending, metadata.Running, metadata.Succeeded, metadata.Failed, metadata.Skipped, metadata.Cached, metadata.Stopped}
	rapid.Check(t, func(t *rapid.T) {
		chain := metadata.Chain{Run: runID, Now: func() time.Time { return at(1) }}
		var all []*metadata.Event
		f, told := NewFollower(), map[string]int{}
		var live []Event
		record := func(records ...metadata.Record) {
			events, err := chain.Events(records)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, events...)
			for _, e := range events {
				live = append(live, f.Recorded(e)...)
			}
		}
		record(metadata.Record{Run: &metadata.RunRecord{State: metadata.Planned, Pipeline: "p", Created: at(0)}})
		record(metadata.Record{Run: &metadata.RunRecord{State: metadata.Running, Started: at(1)}})
		for range rapid.IntRange(0, 12).Draw(t, "batches") {
			var batch []metadata.Record
			for range rapid.IntRange(1, 3).Draw(t, "records") {
				path := rapid.SampledFrom([]string{"a", "b[0]/c", "d"}).Draw(t, "path")
				task := &metadata.TaskRecord{Path: path, Attempt: rapid.IntRange(1, 2).Draw(t, "attempt"), State: rapid.SampledFrom(states).Draw(t, "state"), Started: at(2)}
				if task.State.Final() {
					task.Finished = at(rapid.IntRange(2, 9).Draw(t, "finished"))
				}
				batch = append(batch, metadata.Record{Task: task}, metadata.Record{Artifact: &metadata.ArtifactRecord{URI: "s3://b/" + path, Task: path, Name: "x", Dir: metadata.Out}})
			}
			record(batch...)
		}
		record(metadata.Record{Run: &metadata.RunRecord{State: metadata.Succeeded, Finished: at(10)}})
		valid(t, s, live)
		begun := map[string]bool{}
		for _, e := range live {
			key := e.Run.ID + " " + string(e.Type)
			if told[key]++; told[key] > 1 {
				t.Fatalf("%s %s was told twice", e.Job.Name, e.Type)
			}
			switch e.Type {
			case Start:
				begun[e.Run.ID] = true
			case Complete, Fail, Abort:
				if !begun[e.Run.ID] {
					t.Fatalf("%s ended before it began", e.Job.Name)
				}
			}
		}
		for _, e := range Events(metadata.Reduce(all)[0]) {
			if told[e.Run.ID+" "+string(e.Type)] == 0 {
				t.Fatalf("%s %s was not told", e.Job.Name, e.Type)
			}
		}
	})
}
