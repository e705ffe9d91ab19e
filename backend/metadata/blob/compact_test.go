package blob

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gcblob "gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/storetest"
)

// Degrees of compaction, each of which readers must not notice.
var degrees = map[string]func(ctx context.Context, s *Store) error{
	"Folded": func(ctx context.Context, s *Store) error { // the inbox is still there
		_, err := s.Compact(ctx, CompactOptions{})
		return err
	},
	"Swept": func(ctx context.Context, s *Store) error { // and is deleted by the second pass
		for range 2 {
			if _, err := s.Compact(ctx, CompactOptions{Grace: -1}); err != nil {
				return err
			}
		}
		return nil
	},
	"Merged": func(ctx context.Context, s *Store) error { // everything in one segment, what it replaces deleted
		if _, err := s.Compact(ctx, CompactOptions{Grace: -1}); err != nil {
			return err
		}
		if err := mergeAll(ctx, s); err != nil {
			return err
		}
		_, err := s.Compact(ctx, CompactOptions{Grace: -1})
		return err
	},
}

// mergeAll merges all indexes of which nothing lies in the inbox.
func mergeAll(ctx context.Context, s *Store) error {
	c, err := s.compactor(ctx, CompactOptions{Grace: -1})
	if err != nil {
		return err
	}
	v, err := c.survey(ctx)
	if err != nil {
		return err
	}
	if err := c.sweep(ctx, v); err != nil {
		return err
	}
	if v, err = c.survey(ctx); err != nil {
		return err
	}
	return c.merge(ctx, v, v.mergeable(), 1)
}

// compacted is a factory of stores at a degree of compaction.
func compacted(factory storetest.Factory, degree func(context.Context, *Store) error) storetest.Factory {
	return storetest.Compacting(factory, func(ctx context.Context, s metadata.Store) error { return degree(ctx, s.(*Store)) })
}

// TestCompactedStore is the contract of every store, for compacted ones.
func TestCompactedStore(t *testing.T) {
	for name, degree := range degrees {
		t.Run(name, func(t *testing.T) {
			t.Run("Files", func(t *testing.T) {
				storetest.Test(t, compacted(func(t *testing.T) func() metadata.Store {
					dir := filepath.Join(t.TempDir(), "store")
					return func() metadata.Store { return openAt(t, dir) }
				}, degree))
			})
			t.Run("Memory", func(t *testing.T) {
				storetest.Test(t, compacted(func(t *testing.T) func() metadata.Store {
					bucket := memblob.OpenBucket(nil)
					t.Cleanup(func() { bucket.Close() })
					return func() metadata.Store { return New(gcblob.PrefixedBucket(bucket, "x/"), "mem://") }
				}, degree))
			})
		})
	}
}

// keys lists what lies below a prefix.
func keys(t testing.TB, s *Store, prefix string) []string {
	t.Helper()
	out, err := s.list(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func compact(t testing.TB, s *Store, grace time.Duration) *Compaction {
	t.Helper()
	c, err := s.Compact(t.Context(), CompactOptions{Grace: grace})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCompactOrder: the first pass writes and deletes nothing; a later one, once
// the grace is over, deletes what lies elsewhere; the format says that there are
// segments before there are any.
func TestCompactOrder(t *testing.T) {
	s := openAt(t, t.TempDir())
	fillStore(t, s, 20)
	if c := compact(t, s, 0); c.Events != 20 || c.Deleted != 0 || c.Written != 1 {
		t.Errorf("first pass: %+v", c)
	}
	if c := compact(t, s, 0); c.Events+c.Deleted+c.Written > 0 {
		t.Errorf("a pass within the hour: %+v", c)
	}
	if c := compact(t, s, -1); c.Deleted != 20 {
		t.Errorf("a pass after it: %+v", c)
	}
	if n := len(keys(t, s, inboxDir)); n != 0 {
		t.Errorf("%d objects in the inbox", n)
	}
	formats := keys(t, s, formatDir)
	if len(formats) != 2 {
		t.Fatalf("formats: %v", formats)
	}
	data, err := s.read(t.Context(), formats[1], maxFormat)
	if err != nil || !strings.Contains(string(data), `"reader":["segments"]`) {
		t.Errorf("format: %s, %v", data, err)
	}
	if snap, err := openAt(t, s.where).Load(t.Context(), metadata.Query{}); err != nil || len(snap.Runs) != 20 {
		t.Errorf("%+v, %v", snap, err)
	}
}

// TestCompactLevels: sixteen small segments become one, those of a month that is
// over one for each month, and the replaced ones go.
func TestCompactLevels(t *testing.T) {
	s := openAt(t, t.TempDir())
	now := time.Now().UTC()
	for i := range 2 * fanIn {
		at := now.Add(time.Duration(i-2*fanIn) * time.Minute)
		if i < fanIn {
			at = at.AddDate(0, 0, -62+i/8*31) // two months that are over
		}
		c := metadata.Chain{Run: metadata.NewID(at), Now: func() time.Time { return at }}
		events, err := c.Events([]metadata.Record{{Run: &metadata.RunRecord{State: metadata.Running, Name: fmt.Sprint("r", i)}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Append(t.Context(), events[0]); err != nil {
			t.Fatal(err)
		}
		compact(t, s, 0)
	}
	want, err := s.Load(t.Context(), metadata.Query{})
	if err != nil || len(want.Runs) != 2*fanIn {
		t.Fatal(len(want.Runs), err)
	}
	if n := len(keys(t, s, "index/0/")); n != 2*fanIn {
		t.Fatalf("%d indexes of level 0", n)
	}
	for range 3 {
		compact(t, s, -1)
	}
	for prefix, most := range map[string]int{"inbox/": 0, "index/0/": 0, "segments/0/": 0, "index/1/": 1, "segments/1/": 1, "index/2/": 3} {
		if n := len(keys(t, s, prefix)); n > most {
			t.Errorf("%s: %d objects", prefix, n)
		}
	}
	got, err := openAt(t, s.where).Load(t.Context(), metadata.Query{})
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v (-before +after):\n%s", err, d)
	}
}

// TestCompactTwice: two at once do the work twice and nothing else.
func TestCompactTwice(t *testing.T) {
	dir := t.TempDir()
	fillStore(t, openAt(t, dir), 40)
	var wg sync.WaitGroup
	for range 4 {
		s := openAt(t, dir)
		wg.Go(func() {
			for range 3 {
				if _, err := s.Compact(t.Context(), CompactOptions{Grace: -1}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if snap, err := openAt(t, dir).Load(t.Context(), metadata.Query{}); err != nil || len(snap.Runs) != 40 || len(snap.Damaged) > 0 {
		t.Errorf("%+v, %v", snap, err)
	}
}

// TestLease: who tidies up by itself leaves the work to whoever is at it, until
// the lease is old by the store's clock.
func TestLease(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	fillStore(t, s, CompactEvents+1)
	now, err := s.now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held, err := s.lease(t.Context(), "compact", now)
	if err != nil || held == nil {
		t.Fatal(held, err)
	}
	if c, err := s.Compact(t.Context(), CompactOptions{Auto: true}); err != nil || !c.Busy {
		t.Errorf("beside another: %+v, %v", c, err)
	}
	old := now.Add(-leaseTime - time.Minute)
	if err := os.Chtimes(filepath.Join(dir, held.key), old, old); err != nil {
		t.Fatal(err)
	}
	if err := s.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(keys(t, s, "index/0/")); n != 1 {
		t.Errorf("%d indexes", n)
	}
	held.release(t.Context()) // it is another's by now, and given back
	if left := keys(t, s, leaseDir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
