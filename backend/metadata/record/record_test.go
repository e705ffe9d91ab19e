package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"gocloud.dev/blob/memblob"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/blob"
)

// counted is a real store that counts events and can fail.
type counted struct {
	metadata.Store
	mu     sync.Mutex
	events int
	err    error
}

func (c *counted) Append(ctx context.Context, e *metadata.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	c.events++
	return c.Store.Append(ctx, e)
}

func (c *counted) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

func store() *counted { return &counted{Store: blob.New(memblob.OpenBucket(nil), "mem://")} }

func only(t *testing.T, s metadata.Store) *metadata.Run {
	t.Helper()
	snap, err := s.Load(t.Context(), metadata.Query{})
	if err != nil || len(snap.Runs) != 1 || len(snap.Damaged) > 0 {
		t.Fatalf("%+v, %v", snap, err)
	}
	return snap.Runs[0]
}

func plan() Plan {
	return Plan{ID: backend.RunID(metadata.NewID(time.Now())), Name: "iris-1", Pipeline: "iris", Source: "pipeline.yaml", Engine: Argo, Namespace: "ml",
		Spec: []byte("pipeline: iris"), Manifest: []byte("kind: Workflow"), Parameters: map[string]any{"rows": 150, "key": "vault/token"}, Secrets: []string{"key"}}
}

// TestLife follows a run from intent to lineage.
func TestLife(t *testing.T) {
	s, p := store(), plan()
	r, err := Start(t.Context(), s, Options{}, p)
	if err != nil {
		t.Fatal(err)
	}
	run := only(t, s)
	if run.State != metadata.Planned || run.Name != "iris-1" || run.Engine != Argo || !run.Parameters["key"].Redacted || string(run.Parameters["rows"].Value) != "150" {
		t.Errorf("planned: %+v", run)
	}
	for digest, want := range map[string][]byte{run.Spec: p.Spec, run.Manifest: p.Manifest} {
		if got, err := s.Blob(t.Context(), digest); err != nil || !bytes.Equal(got, want) {
			t.Errorf("document: %q, %v", got, err)
		}
	}
	if err := r.Submitted(t.Context(), &backend.Run{Name: "iris-1", UID: "u"}); err != nil {
		t.Fatal(err)
	}
	if run = only(t, s); run.State != metadata.Submitted || run.UID != "u" || run.Workflow != "iris-1" {
		t.Errorf("submitted: %+v", run)
	}
	model := &backend.Artifact{URI: "s3://b/model", Type: "system.Model", Bytes: -1}
	large := strings.Repeat("x", inline)
	events := func(yield func(backend.Event, error) bool) {
		done := &backend.Task{Path: "train", State: backend.Succeeded, Attempt: 2, Inputs: map[string]backend.Output{"key": {Value: "vault/token"}},
			Outputs: map[string]backend.Output{"model": {Artifact: model}, "text": {Value: large}, "all": {List: []*backend.Artifact{model}}}, Message: "used vault/token"}
		_ = yield(backend.Event{Task: &backend.Task{Path: "train", State: backend.Running, Attempt: 1}}, nil) &&
			yield(backend.Event{Task: done}, nil) &&
			yield(backend.Event{Task: &backend.Task{Path: "skipped", State: backend.Skipped}}, nil) &&
			yield(backend.Event{Run: &backend.Run{Name: "iris-1", State: backend.Succeeded, Outputs: map[string]backend.Output{"model": {Artifact: model}}}}, nil)
	}
	n := 0
	for range r.Tee(events) {
		n++
	}
	if err := r.Close(t.Context()); err != nil || n != 4 {
		t.Fatal(n, err)
	}
	run = only(t, s)
	if run.State != metadata.Succeeded || run.Seen != metadata.SeenCluster || len(run.Tasks) != 2 || run.Outputs["model"].Artifact.URI != model.URI {
		t.Errorf("finished: %+v", run)
	}
	task := run.Tasks[1]
	if task.State != metadata.Succeeded || task.Attempt != 2 || !task.Inputs["key"].Redacted || task.Message != "used [redacted]" {
		t.Errorf("task: %+v", task)
	}
	if data, err := s.Blob(t.Context(), task.Outputs["text"].Blob); err != nil || string(data) != `"`+large+`"` {
		t.Errorf("large value: %d bytes, %v", len(data), err)
	}
	want := []*metadata.ArtifactRecord{
		{ID: metadata.ArtifactID(model.URI), URI: model.URI, Type: model.Type, Task: "train", Name: "all", Dir: metadata.Out},
		{ID: metadata.ArtifactID(model.URI), URI: model.URI, Type: model.Type, Task: "train", Name: "model", Dir: metadata.Out}}
	if d := cmp.Diff(want, run.Artifacts); d != "" {
		t.Errorf("edges (-want +got):\n%s", d)
	}
	if damage, err := metadata.Verify(t.Context(), s); err != nil || len(damage) > 0 {
		t.Errorf("verify: %v, %v", damage, err)
	}
	for o, err := range s.Scan(t.Context()) {
		if err != nil || bytes.Contains(o.Data, []byte("vault/token")) {
			t.Errorf("a secret was written: %s, %v", o.Data, err)
		}
	}
}

// TestBatches: ten thousand events make a few objects, and nothing waits
// longer than it may.
func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := store()
		r, err := Start(t.Context(), s, Options{}, plan())
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10_000 {
			r.Record(backend.Event{Task: &backend.Task{Path: fmt.Sprint("t", i/2), State: backend.Running, Attempt: 1 + i%2}})
			time.Sleep(time.Millisecond)
		}
		time.Sleep(DefaultEvery + time.Second)
		if run := only(t, s); len(run.Tasks) != 5000 {
			t.Errorf("%d tasks are written after a pause", len(run.Tasks))
		}
		before := s.events
		if before > 40 {
			t.Errorf("%d objects", before)
		}
		// The same again is no news.
		for i := range 5000 {
			r.Record(backend.Event{Task: &backend.Task{Path: fmt.Sprint("t", i), State: backend.Running, Attempt: 2}})
		}
		if err := r.Close(t.Context()); err != nil || s.events != before {
			t.Errorf("%d objects for no news, %v", s.events-before, err)
		}
		r.Record(backend.Event{Task: &backend.Task{Path: "late"}}) // after Close: nothing happens
	})
}

// TestFailures: what could not be written stays, and newer news win.
func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := store()
		var failures int
		r, err := Start(t.Context(), s, Options{Failed: func(error) { failures++ }}, plan())
		if err != nil {
			t.Fatal(err)
		}
		broken := errors.New("broken")
		s.fail(broken)
		r.Record(backend.Event{Task: &backend.Task{Path: "a", State: backend.Running}})
		r.Record(backend.Event{Task: &backend.Task{Path: "b", State: backend.Running}})
		r.Record(backend.Event{Run: &backend.Run{State: backend.Running}})
		time.Sleep(DefaultEvery + time.Second)
		if failures != 1 {
			t.Errorf("%d failures were told", failures)
		}
		if err := r.Flush(t.Context()); !errors.Is(err, broken) {
			t.Errorf("flush: %v", err)
		}
		if err := r.Submitted(t.Context(), &backend.Run{Name: "iris-1", UID: "u"}); !errors.Is(err, broken) {
			t.Errorf("submitted: %v", err)
		}
		r.Record(backend.Event{Task: &backend.Task{Path: "a", State: backend.Failed}})
		s.fail(nil)
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		run := only(t, s)
		if run.UID != "u" {
			t.Errorf("what could not be written at first is lost: %+v", run)
		}
		// The intent, the batch, the submission, the rest: each once, none of
		// which names an event before it that was never stored.
		if damage, err := metadata.Verify(t.Context(), s); err != nil || len(damage) > 0 || s.events != 4 {
			t.Errorf("verify: %v, %v, %d events", damage, err, s.events)
		}
		if run.State != metadata.Running || len(run.Tasks) != 2 || run.Tasks[0].State != metadata.Failed || run.Tasks[1].State != metadata.Running {
			t.Errorf("%+v", run)
		}
	})
}

func TestNotPlanned(t *testing.T) {
	s := store()
	s.fail(errors.New("broken"))
	if _, err := Start(t.Context(), s, Options{}, plan()); err == nil {
		t.Error("an intent that is not durable was accepted")
	}
	s.fail(nil)
	r, err := Start(t.Context(), s, Options{}, plan())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.NotSubmitted(t.Context(), errors.New("forbidden: vault/token")); err != nil {
		t.Fatal(err)
	}
	if run := only(t, s); run.State != metadata.Failed || run.Message != "not submitted: forbidden: [redacted]" {
		t.Errorf("%+v", run)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestResume(t *testing.T) {
	s, p := store(), plan()
	r, err := Start(t.Context(), s, Options{}, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := Resume(s, Options{}, only(t, s))
	next.Record(backend.Event{Run: &backend.Run{State: backend.Failed, Parameters: p.Parameters}})
	if err := next.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if run := only(t, s); run.State != metadata.Failed || run.Seen != metadata.SeenCluster || !run.Parameters["key"].Redacted || run.Pipeline != "iris" {
		t.Errorf("%+v", run)
	}
}
