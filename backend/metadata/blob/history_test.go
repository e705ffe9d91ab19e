package blob

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gcblob "gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
	"pgregory.net/rapid"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
)

// Whatever the order in which events arrive, however often, in how many stores,
// and whatever is compacted in between: readers see what the set of events
// gives.
func TestAnyHistory(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		events := drawEvents(t, r)
		want := metadata.Reduce(events)
		arrivals := rapid.Permutation(append(slices.Clone(events), events[:rapid.IntRange(0, len(events)).Draw(r, "again")]...)).Draw(r, "arrivals")
		stores := [2]*Store{memory(t), memory(t)}
		for _, e := range arrivals {
			s := stores[rapid.IntRange(0, 1).Draw(r, "store")]
			if err := s.Append(t.Context(), e); err != nil {
				r.Fatal(err)
			}
			disturb(t, r, s)
		}
		// What the second has is copied to the first.
		for o, err := range stores[1].Scan(t.Context()) {
			if err != nil {
				r.Fatal(err)
			}
			e, err := metadata.ParseEvent(o.Data)
			if err == nil {
				err = stores[0].Append(t.Context(), e)
			}
			if err != nil {
				r.Fatal(err)
			}
		}
		disturb(t, r, stores[0])
		snap, err := stores[0].Load(t.Context(), metadata.Query{Deleted: true})
		if err != nil || len(snap.Damaged) > 0 {
			r.Fatal(err, snap)
		}
		if d := cmp.Diff(states(want), states(snap.Runs)); d != "" {
			r.Fatalf("(-events +store)\n%s", d)
		}
		if damage, err := stores[0].Check(t.Context()); err != nil || len(damage) > 0 {
			r.Fatal("verify:", damage, err)
		}
	})
}

// disturb compacts in one of the ways there are, or not at all.
func disturb(t *testing.T, r *rapid.T, s *Store) {
	names := []string{"", "", "", "Folded", "Swept", "Merged"}
	if how := rapid.SampledFrom(names).Draw(r, "compaction"); how != "" {
		if err := degrees[how](t.Context(), s); err != nil {
			r.Fatal(how, err)
		}
	}
}

func memory(t *testing.T) *Store {
	bucket := memblob.OpenBucket(nil)
	t.Cleanup(func() { _ = bucket.Close() })
	return New(gcblob.PrefixedBucket(bucket, "x/"), "mem://")
}

// drawEvents draws events of few runs, so that they contradict each other.
func drawEvents(t *testing.T, r *rapid.T) []*metadata.Event {
	states := []metadata.State{metadata.Planned, metadata.Submitted, metadata.Running, metadata.Succeeded, metadata.Failed, metadata.Stopped, metadata.Lost}
	seen := []string{"", metadata.SeenUser, metadata.SeenLocal, metadata.SeenCluster}
	var events []*metadata.Event
	for i := range rapid.IntRange(1, 12).Draw(r, "events") {
		state, attempt := rapid.SampledFrom(states).Draw(r, "state"), rapid.IntRange(1, 2).Draw(r, "attempt")
		records := []metadata.Record{{Run: &metadata.RunRecord{State: state, Attempt: attempt, Seen: rapid.SampledFrom(seen).Draw(r, "seen"), Message: fmt.Sprint("m", i)}},
			{Task: &metadata.TaskRecord{Path: rapid.SampledFrom([]string{"a", "b[0]/c"}).Draw(r, "path"), State: state, Attempt: attempt}},
			{Artifact: &metadata.ArtifactRecord{URI: "s3://b/x", ID: metadata.ArtifactID("s3://b/x"), Task: "a", Name: "x", Dir: metadata.Out, Type: fmt.Sprint("t", i)}},
			{Deleted: &metadata.DeletedRecord{}}}
		keep := rapid.IntRange(1, 3).Draw(r, "records")
		if rapid.IntRange(0, 9).Draw(r, "delete") == 0 {
			keep = 4
		}
		e := &metadata.Event{ID: fmt.Sprintf("019a0000-0000-7000-8000-%012x", i), Run: fmt.Sprintf("019a0000-0000-7000-9000-%012x", rapid.IntRange(0, 2).Draw(r, "run")),
			At: time.Date(2026, 11, 23, 9, 0, rapid.IntRange(0, 3).Draw(r, "at"), 0, time.UTC), Records: records[:keep]}
		data, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if e, err = metadata.ParseEvent(data); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// states are runs as text. Of a deleted one only that it is deleted matters:
// its bytes may be gone.
func states(runs []*metadata.Run) []string {
	var out []string
	for _, run := range runs {
		if run.Deleted {
			out = append(out, run.ID+" deleted")
			continue
		}
		text, err := json.Marshal(run)
		if err != nil {
			panic(err)
		}
		out = append(out, string(text))
	}
	return out
}

// Stores that earlier versions wrote are read by every later one. A fixture,
// once it is released, is never written again.
func TestFormatFixtures(t *testing.T) {
	for name, degree := range map[string]func(context.Context, *Store) error{
		"1":          func(context.Context, *Store) error { return nil },
		"1-segments": degrees["Swept"],
	} {
		t.Run(name, func(t *testing.T) {
			fixture := filepath.Join("testdata", "fixtures", name)
			if _, err := os.Stat(fixture); os.IsNotExist(err) && goldentest.Updating() {
				writeFixture(t, fixture, degree)
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(fixture)); err != nil {
				t.Fatal(err)
			}
			s := openAt(t, dir)
			snap, err := s.Load(t.Context(), metadata.Query{Deleted: true})
			if err != nil || len(snap.Damaged) > 0 {
				t.Fatal(err, snap)
			}
			got, err := json.MarshalIndent(snap.Runs, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			goldentest.File(t, fixture+".json", append(got, '\n'))
			if damage, err := s.Check(t.Context()); err != nil || len(damage) > 0 {
				t.Error("verify:", damage, err)
			}
			// It can also be written.
			if err := s.Append(t.Context(), fixtureEvents(t)[0]); err != nil {
				t.Error(err)
			}
		})
	}
}

func fixtureEvents(t *testing.T) []*metadata.Event {
	t.Helper()
	var events []*metadata.Event
	for i := 1; i <= 3; i++ {
		run, err := largeEventsOf(i)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, run...)
	}
	return events
}

func writeFixture(t *testing.T, dir string, degree func(context.Context, *Store) error) {
	t.Helper()
	s := openAt(t, dir)
	for _, e := range fixtureEvents(t) {
		if err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := degree(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}
