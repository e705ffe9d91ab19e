// Package storetest says, as a test, what every metadata.Store does.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// A Factory opens the store of one test. Opening the same place again gives
// the same store; each test has its own place.
type Factory func(t *testing.T) (open func() metadata.Store)

// Test runs the suite.
func Test(t *testing.T, factory Factory) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, func() metadata.Store)
	}{
		{"Empty", testEmpty},
		{"AppendLoad", testAppendLoad},
		{"AppendTwice", testAppendTwice},
		{"Conflict", testConflict},
		{"Blobs", testBlobs},
		{"Query", testQuery},
		{"Edges", testEdges},
		{"Find", testFind},
		{"Writers", testWriters},
		{"Deleted", testDeleted},
		{"UnknownRecords", testUnknown},
		{"ExportImport", testExport},
		{"Cancelled", testCancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, factory(t))
		})
	}
}

// base is the beginning of the suite's time.
var base = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// chain makes the events of run i.
func chain(i int) *metadata.Chain {
	at := base.Add(time.Duration(i) * time.Hour)
	n := 0
	return &metadata.Chain{Run: metadata.NewID(at), By: metadata.Writer{ID: "w", Host: "h", User: "u", Version: "test"},
		Now: func() time.Time { n++; return at.Add(time.Duration(n) * time.Second) }}
}

// appendAll stores records, failing the test if it cannot.
func appendAll(t *testing.T, s metadata.Store, c *metadata.Chain, records ...metadata.Record) []*metadata.Event {
	t.Helper()
	events, err := c.Events(records)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	return events
}

func load(t *testing.T, s metadata.Store, q metadata.Query) *metadata.Snapshot {
	t.Helper()
	snap, err := s.Load(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if len(snap.Damaged) > 0 {
		t.Fatalf("damage in a whole store: %v", snap.Damaged)
	}
	return snap
}

func run(r metadata.RunRecord) metadata.Record { return metadata.Record{Run: &r} }

func ids(s *metadata.Snapshot) (out []string) {
	for _, r := range s.Runs {
		out = append(out, r.ID)
	}
	return out
}

func testEmpty(t *testing.T, open func() metadata.Store) {
	s := open()
	if got := load(t, s, metadata.Query{}); len(got.Runs) != 0 {
		t.Errorf("an empty store has runs: %v", ids(got))
	}
	for o, err := range s.Scan(t.Context()) {
		t.Errorf("an empty store has the object %q (%v)", o.Name, err)
	}
	if _, err := s.Blob(t.Context(), metadata.Digest(nil)); !errors.Is(err, metadata.ErrNotFound) {
		t.Errorf("a missing document gives %v", err)
	}
	if _, err := metadata.Find(t.Context(), s, metadata.Last); !errors.Is(err, metadata.ErrNotFound) {
		t.Errorf("@last of an empty store gives %v", err)
	}
}

func testAppendLoad(t *testing.T, open func() metadata.Store) {
	s, c := open(), chain(0)
	exit := 0
	value, err := metadata.ParameterValue(map[string]any{"b": 1, "a": []any{"<&>", 9007199254740991}})
	if err != nil {
		t.Fatal(err)
	}
	started := base.Add(time.Minute)
	appendAll(t, s, c, run(metadata.RunRecord{State: metadata.Planned, Name: "iris-1", Pipeline: "iris", Engine: "local",
		Parameters: map[string]metadata.Value{"x": value, "key": {Redacted: true}}, Created: base}))
	appendAll(t, s, c, run(metadata.RunRecord{State: metadata.Running, Started: started}),
		metadata.Record{Task: &metadata.TaskRecord{Path: "train", State: metadata.Running, Image: "i@sha256:1", Started: started}})
	artifact := &metadata.ArtifactRecord{ID: metadata.ArtifactID("s3://b/k"), URI: "s3://b/k", Type: "system.Model", Task: "train", Name: "model", Dir: metadata.Out}
	appendAll(t, s, c, run(metadata.RunRecord{State: metadata.Succeeded, Seen: metadata.SeenLocal, Finished: started.Add(time.Hour)}),
		metadata.Record{Task: &metadata.TaskRecord{Path: "train", State: metadata.Succeeded, Exit: &exit, Finished: started.Add(time.Hour)}},
		metadata.Record{Artifact: artifact})

	got := load(t, open(), metadata.Query{})
	if len(got.Runs) != 1 {
		t.Fatalf("%d runs, want 1", len(got.Runs))
	}
	want := &metadata.Run{ID: c.Run, Updated: got.Runs[0].Updated, By: c.By,
		RunRecord: metadata.RunRecord{Attempt: 1, State: metadata.Succeeded, Seen: metadata.SeenLocal, Name: "iris-1", Pipeline: "iris", Engine: "local",
			Parameters: map[string]metadata.Value{"x": value, "key": {Redacted: true}},
			Created:    base, Started: started, Finished: started.Add(time.Hour)},
		Tasks: []*metadata.Task{{TaskRecord: metadata.TaskRecord{Path: "train", Attempt: 1, State: metadata.Succeeded, Exit: &exit,
			Image: "i@sha256:1", Started: started, Finished: started.Add(time.Hour)}}},
		Artifacts: []*metadata.ArtifactRecord{artifact}}
	if d := cmp.Diff(want, got.Runs[0]); d != "" {
		t.Errorf("reduced run (-want +got):\n%s", d)
	}
	if summary := load(t, s, metadata.Query{Summary: true}).Runs[0]; summary.Tasks != nil || summary.Artifacts != nil || summary.State != metadata.Succeeded {
		t.Errorf("summary: %+v", summary)
	}
	verify(t, s)
}

func verify(t *testing.T, s metadata.Store) {
	t.Helper()
	damage, err := metadata.Verify(t.Context(), s)
	if err != nil || len(damage) > 0 {
		t.Errorf("verify: %v %v", damage, err)
	}
}

func testAppendTwice(t *testing.T, open func() metadata.Store) {
	s, c := open(), chain(0)
	for _, e := range appendAll(t, s, c, run(metadata.RunRecord{State: metadata.Planned, Name: "a"})) {
		if err := open().Append(t.Context(), e); err != nil {
			t.Errorf("the same event again: %v", err)
		}
	}
	n := 0
	for range s.Scan(t.Context()) {
		n++
	}
	if n != 1 {
		t.Errorf("%d objects, want 1", n)
	}
}

func testConflict(t *testing.T, open func() metadata.Store) {
	s, c := open(), chain(0)
	e := appendAll(t, s, c, run(metadata.RunRecord{State: metadata.Planned, Name: "a"}))[0]
	other := &metadata.Event{ID: e.ID, Run: e.Run, At: e.At, Records: []metadata.Record{run(metadata.RunRecord{Name: "b"})}}
	if err := s.Append(t.Context(), other); !errors.Is(err, metadata.ErrConflict) {
		t.Errorf("other bytes under one id: %v", err)
	}
	if got := load(t, s, metadata.Query{}).Runs[0].Name; got != "a" {
		t.Errorf("the first event was replaced: %q", got)
	}
}

func testBlobs(t *testing.T, open func() metadata.Store) {
	s := open()
	for _, data := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("long "), 100_000)} {
		for range 2 {
			digest, err := s.PutBlob(t.Context(), data)
			if err != nil || digest != metadata.Digest(data) {
				t.Fatalf("PutBlob: %q, %v", digest, err)
			}
		}
		got, err := open().Blob(t.Context(), metadata.Digest(data))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("Blob: %d bytes, %v; want %d", len(got), err, len(data))
		}
	}
	for _, bad := range []string{"", "sha256:", "sha256:../../etc", "md5:0", "sha256:" + strings.Repeat("A", 64)} {
		if _, err := s.Blob(t.Context(), bad); !errors.Is(err, metadata.ErrNotFound) {
			t.Errorf("Blob(%q): %v", bad, err)
		}
	}
}

// fill makes 20 runs, of which every third failed and every second is of "b".
func fill(t *testing.T, s metadata.Store) (all []string) {
	t.Helper()
	for i := range 20 {
		c := chain(i)
		pipeline, state := "a", metadata.Succeeded
		if i%2 == 1 {
			pipeline = "b"
		}
		if i%3 == 0 {
			state = metadata.Failed
		}
		appendAll(t, s, c, run(metadata.RunRecord{State: metadata.Planned, Name: fmt.Sprintf("%s-%d", pipeline, i), Pipeline: pipeline}))
		appendAll(t, s, c, run(metadata.RunRecord{State: state}))
		all = append(all, c.Run)
	}
	return all
}

func testQuery(t *testing.T, open func() metadata.Store) {
	s := open()
	all := fill(t, s)
	newest := func(keep func(i int) bool, limit int) (out []string) {
		for i := len(all) - 1; i >= 0 && len(out) < limit; i-- {
			if keep(i) {
				out = append(out, all[i])
			}
		}
		return out
	}
	for _, c := range []struct {
		name  string
		query metadata.Query
		want  []string
	}{
		{"all", metadata.Query{}, newest(func(int) bool { return true }, 99)},
		{"newest three", metadata.Query{Limit: 3}, newest(func(int) bool { return true }, 3)},
		{"of a pipeline", metadata.Query{Pipeline: "b"}, newest(func(i int) bool { return i%2 == 1 }, 99)},
		{"failed, two", metadata.Query{States: []metadata.State{metadata.Failed}, Limit: 2}, newest(func(i int) bool { return i%3 == 0 }, 2)},
		{"since", metadata.Query{Since: base.Add(18 * time.Hour)}, newest(func(i int) bool { return i >= 18 }, 99)},
		{"one", metadata.Query{Run: all[4]}, all[4:5]},
		{"by ids", metadata.Query{IDs: []string{all[3], all[9]}}, []string{all[9], all[3]}},
		{"no ids", metadata.Query{IDs: []string{}}, nil},
		{"by name", metadata.Query{Name: "b-7"}, all[7:8]},
		{"none", metadata.Query{Name: "zz"}, nil},
	} {
		if d := cmp.Diff(c.want, ids(load(t, s, c.query))); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

func testFind(t *testing.T, open func() metadata.Store) {
	s := open()
	all := fill(t, s)
	appendAll(t, s, chain(30), run(metadata.RunRecord{Name: "twin"}))
	second := chain(31)
	appendAll(t, s, second, run(metadata.RunRecord{Name: "twin"}))
	for name, want := range map[string]string{
		all[3]: all[3], all[3][:14]: all[3], "a-4": all[4],
		metadata.Last: second.Run, metadata.LastFailed: all[18],
	} {
		got, err := metadata.Find(t.Context(), s, name)
		if err != nil || got.ID != want {
			t.Errorf("Find(%q) = %v, %v; want %s", name, got, err, want)
		}
	}
	for name, class := range map[string]error{
		"twin": metadata.ErrAmbiguous, all[0][:4]: metadata.ErrAmbiguous,
		"nobody": metadata.ErrNotFound, "": metadata.ErrNotFound, metadata.NewID(base.AddDate(1, 0, 0)): metadata.ErrNotFound,
	} {
		if got, err := metadata.Find(t.Context(), s, name); !errors.Is(err, class) {
			t.Errorf("Find(%q) = %v, %v; want %v", name, got, err, class)
		}
	}
}

// testWriters has several writers, each with its own handle, on one run.
func testWriters(t *testing.T, open func() metadata.Store) {
	const writers, each = 8, 20
	id := chain(0).Run
	var wg sync.WaitGroup
	for w := range writers {
		s := open()
		wg.Go(func() {
			c := &metadata.Chain{Run: id, By: metadata.Writer{ID: fmt.Sprint(w)}, Now: time.Now}
			for i := range each {
				events, err := c.Events([]metadata.Record{{Task: &metadata.TaskRecord{Path: fmt.Sprintf("t[%d]/%d", w, i), State: metadata.Succeeded}}})
				if err == nil {
					err = s.Append(t.Context(), events[0])
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	s := open()
	if got := load(t, s, metadata.Query{}).Runs; len(got) != 1 || len(got[0].Tasks) != writers*each {
		t.Errorf("%d runs, %d tasks; want 1, %d", len(got), len(got[0].Tasks), writers*each)
	}
	verify(t, s)
}

func testDeleted(t *testing.T, open func() metadata.Store) {
	s, c := open(), chain(0)
	appendAll(t, s, c, metadata.Record{Deleted: &metadata.DeletedRecord{At: base}})
	appendAll(t, s, c, run(metadata.RunRecord{State: metadata.Running})) // a late writer
	if got := load(t, s, metadata.Query{}); len(got.Runs) != 0 {
		t.Errorf("a deleted run came back")
	}
	if got := load(t, s, metadata.Query{Deleted: true}); len(got.Runs) != 1 || !got.Runs[0].Deleted {
		t.Errorf("a deleted run cannot be asked for")
	}
}

// testUnknown keeps what a later version wrote, byte for byte.
func testUnknown(t *testing.T, open func() metadata.Store) {
	s, c := open(), chain(0)
	future := []byte(`{"kind":"hologram","b":1,"a":  2}`)
	appendAll(t, s, c, metadata.Record{Raw: future}, metadata.Record{Raw: []byte(`{"x":[1,2],"state":"running","kind":"run"}`),
		Run: &metadata.RunRecord{State: metadata.Running}})
	for o, err := range s.Scan(t.Context()) {
		if err != nil || !bytes.Contains(o.Data, future) || !bytes.Contains(o.Data, []byte(`"x":[1,2]`)) {
			t.Errorf("%v: %s", err, o.Data)
		}
	}
	if got := load(t, s, metadata.Query{}).Runs[0].State; got != metadata.Running {
		t.Errorf("state %q", got)
	}
}

func testExport(t *testing.T, open func() metadata.Store) {
	s := open()
	fill(t, s)
	digest, err := s.PutBlob(t.Context(), []byte("manifest"))
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, s, chain(40), run(metadata.RunRecord{Name: "with", Manifest: digest}))
	var bundle bytes.Buffer
	if _, damage, err := metadata.Export(t.Context(), s, &bundle, nil); err != nil || len(damage) > 0 {
		t.Fatal(err, damage)
	}
	read, err := metadata.OpenBundle(bundle.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := load(t, s, metadata.Query{})
	if d := cmp.Diff(want, load(t, read, metadata.Query{})); d != "" {
		t.Errorf("the exported file as a store (-want +got):\n%s", d)
	}
	// Importing into the store itself changes nothing.
	if _, err := metadata.Import(t.Context(), s, bytes.NewReader(bundle.Bytes())); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, load(t, s, metadata.Query{})); d != "" {
		t.Errorf("after import (-want +got):\n%s", d)
	}
	if data, err := read.Blob(t.Context(), digest); err != nil || string(data) != "manifest" {
		t.Errorf("document: %q, %v", data, err)
	}
}

func testCancelled(t *testing.T, open func() metadata.Store) {
	s, c := open(), chain(0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	events, err := c.Events([]metadata.Record{run(metadata.RunRecord{Name: "a"})})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Append(ctx, events[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("append with a cancelled context: %v", err)
	}
	if got := load(t, s, metadata.Query{}); len(got.Runs) != 0 {
		t.Errorf("a cancelled append left %v", ids(got))
	}
}
