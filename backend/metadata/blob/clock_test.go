package blob

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// clocks are those of the machines that write: wrong by as much as is found in
// the field, set back while a run goes on, and at the hours that occur twice or
// never.
func clocks(now time.Time) map[string]func(step int) time.Time {
	steady := func(at time.Time) func(int) time.Time {
		return func(step int) time.Time { return at.Add(time.Duration(step) * time.Second) }
	}
	berlin := time.FixedZone("CEST", 2*3600)
	winter := time.FixedZone("CET", 3600)
	return map[string]func(int) time.Time{
		"right":          steady(now),
		"an hour ahead":  steady(now.Add(time.Hour)),
		"an hour behind": steady(now.Add(-time.Hour)),
		"a day ahead":    steady(now.Add(24 * time.Hour)),
		"a day behind":   steady(now.Add(-24 * time.Hour)),
		"set back by an hour in the run": func(step int) time.Time {
			return now.Add(time.Duration(step)*time.Second - time.Duration(step/3)*time.Hour)
		},
		"stands still": func(int) time.Time { return now },
		"the hour that occurs twice": func(step int) time.Time {
			zone := berlin
			if step >= 3 {
				zone = winter
			}
			return time.Date(2026, 10, 25, 0, 59, 57+step, 0, time.UTC).In(zone)
		},
		"1970": steady(time.Unix(0, 0)),
		"9999": steady(time.Date(9999, 12, 31, 23, 0, 0, 0, time.UTC)),
	}
}

// TestWrongClocks: whatever the clocks of those who write say, the record holds
// the same, before and after it is folded and collected, and nothing is deleted
// for what they say: ages are by the store's clock.
func TestWrongClocks(t *testing.T) {
	for name, at := range clocks(time.Now()) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openAt(t, t.TempDir())
			digest, err := s.PutBlob(t.Context(), []byte("manifest of "+name))
			if err != nil {
				t.Fatal(err)
			}
			step := 0
			tick := func() time.Time { step++; return at(step - 1) }
			c := metadata.Chain{Run: metadata.NewID(tick()), Now: tick}
			write := func(records ...metadata.Record) {
				t.Helper()
				events, err := c.Events(records)
				for _, e := range events {
					if err == nil {
						err = s.Append(t.Context(), e)
					}
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			begun := tick()
			write(metadata.Record{Run: &metadata.RunRecord{State: metadata.Planned, Name: "r", Pipeline: "p", Manifest: digest, Created: begun}})
			write(metadata.Record{Run: &metadata.RunRecord{State: metadata.Running, Started: tick()}})
			for i := range 3 {
				write(metadata.Record{Task: &metadata.TaskRecord{Path: fmt.Sprint("t", i), State: metadata.Running, Started: tick()}})
				write(metadata.Record{Task: &metadata.TaskRecord{Path: fmt.Sprint("t", i), State: metadata.Succeeded, Finished: tick()}})
			}
			write(metadata.Record{Run: &metadata.RunRecord{State: metadata.Succeeded, Finished: tick()}})
			before := loadAll(t, s)
			sound := func(snap *metadata.Snapshot) {
				t.Helper()
				if len(snap.Runs) != 1 || len(snap.Damaged) > 0 {
					t.Fatalf("%d runs, %v", len(snap.Runs), snap.Damaged)
				}
				r := snap.Runs[0]
				if r.State != metadata.Succeeded || len(r.Tasks) != 3 || !r.Created.Equal(begun.Truncate(time.Microsecond)) && !r.Created.Equal(begun) {
					t.Errorf("state %s, %d tasks, created %v, want %v", r.State, len(r.Tasks), r.Created, begun)
				}
				for _, task := range r.Tasks {
					if task.State != metadata.Succeeded {
						t.Errorf("task %s is %s", task.Path, task.State)
					}
				}
			}
			sound(before)
			// A machine with this clock cleans up, twice.
			for range 2 {
				if _, err := s.Compact(t.Context(), CompactOptions{Grace: -1}); err != nil {
					t.Fatal(err)
				}
				g, err := s.GC(t.Context(), GCOptions{KeepLast: 1, Now: tick, Grace: -1})
				if err != nil || len(g.Runs) > 0 || g.Documents > 0 {
					t.Fatalf("%+v, %v", g, err)
				}
			}
			after := loadAll(t, openAt(t, s.where))
			sound(after)
			if d := cmp.Diff(before.Runs, after.Runs); d != "" {
				t.Errorf("folding changed the record:\n%s", d)
			}
			if _, err := s.Blob(t.Context(), digest); err != nil {
				t.Errorf("the run's document: %v", err)
			}
			// A document that nobody names goes by its age in the store, and a run
			// that was deleted stays so, whatever its machine's clock says.
			orphan, err := s.PutBlob(t.Context(), []byte("named by nobody"))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.bury(t.Context(), after.Runs[0], GCOptions{Now: tick}); err != nil {
				t.Fatal(err)
			}
			late, err := c.Events([]metadata.Record{{Task: &metadata.TaskRecord{Path: "late", State: metadata.Failed}}})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				if i == 1 {
					if err := s.Append(t.Context(), late[0]); err != nil {
						t.Fatal(err)
					}
				}
				if g, err := s.GC(t.Context(), GCOptions{Now: tick, Grace: -1}); err != nil || g.Documents > 0 {
					t.Fatalf("%+v, %v", g, err)
				}
				if n := len(loadAll(t, s).Runs); n != 0 {
					t.Fatalf("the deleted run is back")
				}
			}
			if _, err := s.Blob(t.Context(), orphan); err != nil {
				t.Errorf("a young document: %v", err)
			}
			old := time.Now().Add(-BlobAge - time.Hour)
			for _, key := range keys(t, s, blobDir) {
				if err := os.Chtimes(filepath.Join(s.where, key), old, old); err != nil {
					t.Fatal(err)
				}
			}
			if g, err := s.GC(t.Context(), GCOptions{Now: tick, Grace: -1}); err != nil || g.Documents != 2 {
				t.Errorf("of two old documents: %+v, %v", g, err)
			}
			if damage, err := metadata.Verify(t.Context(), s); err != nil || len(damage) > 0 {
				t.Errorf("verify: %v, %v", damage, err)
			}
		})
	}
}
