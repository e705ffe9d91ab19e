package rundiff

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// sample is a run of two tasks: make writes data, train reads it and an
// artifact from outside.
func sample(id string) *metadata.Run {
	value := func(text string) metadata.Value { return metadata.Value{Value: json.RawMessage(text)} }
	data := &metadata.ArtifactValue{URI: "s3://b/" + id + "/data", Digest: "sha256:d"}
	task := func(path string, at int, in, out map[string]metadata.Value) *metadata.Task {
		return &metadata.Task{TaskRecord: metadata.TaskRecord{Path: path, State: metadata.Succeeded, Attempt: 1, Image: "img:1", ImageDigest: "sha256:i",
			Resources: &metadata.Resources{CPU: "1", Memory: "1Gi"}, Inputs: in, Outputs: out,
			Started: start.Add(time.Duration(at) * time.Second), Finished: start.Add(time.Duration(at+10) * time.Second)}}
	}
	return &metadata.Run{ID: id, By: metadata.Writer{Version: "v1"}, RunRecord: metadata.RunRecord{
		Name: "run-" + id, Pipeline: "p", State: metadata.Succeeded, Engine: "local", Spec: "sha256:spec",
		Code:       &metadata.Code{Revision: "r1"},
		Parameters: map[string]metadata.Value{"rate": value("0.1"), "token": {Redacted: true, HMAC: metadata.Seal([]byte("k"), []byte("t"))}},
		Outputs:    map[string]metadata.Value{"score": value("1")}, Started: start, Finished: start.Add(20 * time.Second),
	}, Tasks: []*metadata.Task{
		task("make", 0, nil, map[string]metadata.Value{"data": {Artifact: data}}),
		task("train[0]", 10, map[string]metadata.Value{"data": {Artifact: data}}, map[string]metadata.Value{"score": value("1")}),
	}, Artifacts: []*metadata.ArtifactRecord{
		{Task: "make", Name: "data", Dir: metadata.Out, URI: data.URI, Digest: data.Digest},
		{Task: "train[0]", Name: "data", Dir: metadata.In, URI: data.URI, Digest: data.Digest},
		{Task: "train[0]", Name: "base", Dir: metadata.In, URI: "s3://models/base"},
	}}
}

var documents = map[string]string{
	"sha256:spec": "a: 1\nb: 2\n", "sha256:other": "a: 1\nb: 3\n",
	"sha256:m1": "name: run-1\nid: \"1\"\nx: y\n", "sha256:m2": "name: run-2\nid: \"2\"\nx: y\n", "sha256:m3": "name: run-2\nid: \"2\"\nx: z\n",
}

func document(_ context.Context, digest string) ([]byte, error) {
	if text, ok := documents[digest]; ok {
		return []byte(text), nil
	}
	return nil, metadata.ErrNotFound
}

func TestCompare(t *testing.T) {
	const same = "the same code, images, parameters and inputs; "
	one := json.RawMessage("0.2")
	for _, c := range []struct {
		name       string
		change     func(a, b *metadata.Run)
		conclusion string
		aspects    string // of causes | of results
	}{
		{"nothing", func(*metadata.Run, *metadata.Run) {}, same + "nothing that is recorded differs", "|"},
		{"a parameter", func(_, b *metadata.Run) { b.RunRecord.Parameters["rate"] = metadata.Value{Value: one} },
			"the same code, images and inputs; parameter rate differs: 0.1 → 0.2", "parameters|"},
		{"a number written otherwise", func(_, b *metadata.Run) {
			b.RunRecord.Parameters["rate"] = metadata.Value{Value: json.RawMessage("1e-1")}
		}, same + "nothing that is recorded differs", "|"},
		{"one parameter more", func(_, b *metadata.Run) { b.RunRecord.Parameters["new"] = metadata.Value{Value: one} },
			"the same code, images and inputs; parameter new differs: (absent) → 0.2", "parameters|"},
		{"one parameter more while it runs", func(_, b *metadata.Run) {
			b.RunRecord.Parameters["new"] = metadata.Value{Value: one}
			b.State = metadata.Running
		}, "the same code, images and inputs; state differs: succeeded → running, and no cause of it is recorded", "|states"},
		{"a secret", func(_, b *metadata.Run) {
			b.RunRecord.Parameters["token"] = metadata.Value{Redacted: true, HMAC: metadata.Seal([]byte("k"), []byte("u"))}
		}, "the same code, images and inputs; parameter token differs", "parameters|"},
		{"a secret of another key", func(_, b *metadata.Run) {
			b.RunRecord.Parameters["token"] = metadata.Value{Redacted: true, HMAC: metadata.Seal([]byte("l"), []byte("u"))}
		}, "the same code, images and inputs; nothing that is recorded differs", "|"},
		{"the file", func(_, b *metadata.Run) { b.Spec = "sha256:other" }, "the same images, parameters and inputs; code pipeline file differs", "code|"},
		{"an image", func(_, b *metadata.Run) {
			b.Tasks[0].ImageDigest = "sha256:j"
			b.Tasks[0].TaskRecord.Outputs = map[string]metadata.Value{"data": {Artifact: &metadata.ArtifactValue{URI: "u", Digest: "sha256:e"}}}
		}, "the same code, parameters and inputs; image of task make differs: img:1@sha256:i → img:1@sha256:j", "images|outputs"},
		{"an artifact from outside", func(_, b *metadata.Run) { b.Artifacts[2].URI = "s3://models/new" },
			"the same code, images and parameters; input of task train[0] base differs: s3://models/base → s3://models/new", "inputs|"},
		{"the same content elsewhere", func(a, b *metadata.Run) {
			a.Artifacts[2].Digest, b.Artifacts[2].Digest, b.Artifacts[2].URI = "sha256:x", "sha256:x", "s3://models/new"
		}, same + "nothing that is recorded differs", "|"},
		{"profile and resources", func(_, b *metadata.Run) {
			b.Profile = "big"
			b.Tasks[1].Resources = &metadata.Resources{CPU: "4", AcceleratorCount: 2, Accelerator: "x/gpu", Spot: true}
		}, same + "profile differs: (absent) → big, resources of task train[*] differs: cpu 1, memory 1Gi → cpu 4, 2 x/gpu, spot", "profile resources|"},
		{"the manifest", func(a, b *metadata.Run) { a.Manifest, b.Manifest = "sha256:m1", "sha256:m3" }, same + "manifest differs", "manifest|"},
		{"names in the manifest", func(a, b *metadata.Run) { a.Manifest, b.Manifest = "sha256:m1", "sha256:m2" }, "the runs are equal in all that is recorded", "|"},
		{"engine, version, revision, label", func(_, b *metadata.Run) {
			b.Engine, b.By.Version, b.Code = "argo", "v2", &metadata.Code{Revision: "r2", Dirty: true}
			b.RunRecord.Labels = map[string]string{"team": "a"}
		}, same + "engine differs: local → argo, kfp-go version differs: v1 → v2 and 3 more", "engine kfp-go revision revision labels|"},
		{"chance", func(_, b *metadata.Run) {
			b.Tasks[1].TaskRecord.Outputs = map[string]metadata.Value{"score": {Value: one}}
			b.RunRecord.Outputs = map[string]metadata.Value{"score": {Value: one}}
		}, same + "task train[0] made something else of the same inputs", "|outputs outputs"},
		{"it failed", func(_, b *metadata.Run) {
			b.State = metadata.Failed
			b.Tasks[1].State, b.Tasks[1].Class, b.Tasks[1].Attempt, b.Tasks[1].TaskRecord.Outputs = metadata.Failed, "preempted", 3, nil
			b.RunRecord.Outputs = nil
		}, same + "state differs: succeeded → failed, state of task train[0] differs: succeeded → failed (preempted) and 2 more, and no cause of it is recorded", "|states states outputs tries"},
		{"from the cache", func(_, b *metadata.Run) { b.Tasks[0].State = metadata.Cached },
			same + "cache of task make differs: ran → hit, and no cause of it is recorded", "|cache"},
		{"slow", func(_, b *metadata.Run) { b.Tasks[0].Finished = b.Tasks[0].Finished.Add(time.Minute) },
			same + "nothing that is recorded differs", "|durations"},
		{"another task", func(_, b *metadata.Run) { b.Tasks[0].Path = "make2"; b.Artifacts[0].Task = "make2" },
			same + "state of task make differs: succeeded → (absent), state of task make2 differs: (absent) → succeeded, and no cause of it is recorded", "|states states"},
	} {
		a, b := sample("1"), sample("2")
		c.change(a, b)
		doc, err := Compare(t.Context(), a, b, document)
		if err != nil {
			t.Fatal(err)
		}
		if doc.Conclusion != c.conclusion {
			t.Errorf("%s:\n got %s\nwant %s", c.name, doc.Conclusion, c.conclusion)
		}
		if got := aspects(doc.Causes) + "|" + aspects(doc.Results); got != c.aspects {
			t.Errorf("%s: %s, want %s", c.name, got, c.aspects)
		}
		back, err := Compare(t.Context(), b, a, document)
		if err != nil || len(back.Causes) != len(doc.Causes) || len(back.Results) != len(doc.Results) || back.Same() != doc.Same() {
			t.Errorf("%s: the other way round it is something else: %+v, %v", c.name, back, err)
		}
	}
}

func aspects(ds []Difference) string {
	var out []string
	for _, d := range ds {
		out = append(out, d.Aspect)
	}
	return strings.Join(out, " ")
}

// What many iterations share is told once, and every aspect has its place.
func TestIterations(t *testing.T) {
	a, b := sample("1"), sample("2")
	for i := range 100 {
		for _, r := range []*metadata.Run{a, b} {
			c := *r.Tasks[1]
			c.Path = fmt.Sprintf("train[%d]", i+1)
			r.Tasks = append(r.Tasks, &c)
		}
		b.Tasks[len(b.Tasks)-1].Image, b.Tasks[len(b.Tasks)-1].ImageDigest = "img:2", ""
	}
	doc, err := Compare(t.Context(), a, b, document)
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.Causes) != 1 || doc.Causes[0].Task != "train[*]" {
		t.Errorf("%+v", doc.Causes)
	}
	all := map[string]bool{}
	for _, aspect := range append(causes(), results()...) {
		all[aspect] = true
	}
	for _, d := range doc.Equal {
		delete(all, d)
	}
	for _, d := range doc.Unknown {
		delete(all, d)
	}
	if len(all) != 1 || !all[Images] {
		t.Errorf("neither equal, nor unknown, nor different: %v", maps.Keys(all))
	}
}

// TestWrite: text from runs is no command for a terminal, and lines keep to its
// width.
func TestWrite(t *testing.T) {
	a, b := sample("1"), sample("2")
	b.Name = "b\x1b[2J"
	b.Spec = "sha256:evil"
	documents["sha256:evil"] = "a: 1\nb: \x1b]0;x\x07\u202e\n"
	defer delete(documents, "sha256:evil")
	b.RunRecord.Parameters["rate"] = metadata.Value{Value: json.RawMessage(`"` + strings.Repeat("long ", 50) + `\u001b[31m"`)}
	b.Tasks[1].Path = "train\x1b[0m"
	doc, err := Compare(t.Context(), a, b, document)
	if err != nil {
		t.Fatal(err)
	}
	s, out := iostreams.Test()
	look := report.LookOf(s, start)
	look.Width = 80
	if err := Write(s.Out, doc, look); err != nil {
		t.Fatal(err)
	}
	text := out.Out.String()
	if strings.ContainsAny(text, "\x1b\x07\u202e") {
		t.Errorf("%q", text)
	}
	for _, line := range strings.Split(text, "\n") {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("%d cells: %s", n, line)
		}
	}
	if !strings.Contains(text, "-b: 2\n+b: ") {
		t.Errorf("no unified difference:\n%s", text)
	}
}
