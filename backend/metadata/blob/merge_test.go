package blob

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

// segments is a store with so many segments of one run each, of which nothing
// lies in the inbox.
func segments(t *testing.T, n int) *Store {
	t.Helper()
	s := openAt(t, t.TempDir())
	for i := range n {
		c := metadata.Chain{Run: metadata.NewID(clock.Add(time.Duration(i) * time.Minute)), Now: time.Now}
		events, err := c.Events([]metadata.Record{{Run: &metadata.RunRecord{State: metadata.Running}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Append(t.Context(), events[0]); err != nil {
			t.Fatal(err)
		}
		compact(t, s, 0)
	}
	compact(t, s, -1)
	return s
}

func surveyed(t *testing.T, s *Store) (*compactor, *survey) {
	t.Helper()
	c, err := s.compactor(t.Context(), CompactOptions{Grace: -1})
	if err != nil {
		t.Fatal(err)
	}
	v, err := c.survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c, v
}

// TestMergeMoved: what is deleted while it is being merged was merged by another.
func TestMergeMoved(t *testing.T) {
	for _, kind := range []segment.Kind{segment.Segments, segment.Indexes} {
		t.Run(kind.Dir(), func(t *testing.T) {
			s := segments(t, 4)
			c, v := surveyed(t, s)
			before := keys(t, s, segment.Indexes.Dir())
			if len(before) != 4 || len(v.mergeable()) != 4 {
				t.Fatalf("%d indexes, %d to be merged", len(before), len(v.mergeable()))
			}
			s.indexes = nil // those in memory
			if err := s.remove(t.Context(), keys(t, s, kind.Dir())[2]); err != nil {
				t.Fatal(err)
			}
			m := &merger{c: c, v: v, b: &segment.Builder{Level: segment.Merged}}
			if err := m.merge(t.Context(), v.mergeable()); !errors.Is(err, errMoved) {
				t.Errorf("got %v", err)
			}
			if err := c.merge(t.Context(), v, v.mergeable(), segment.Merged); err != nil || len(c.report.Damaged) > 0 {
				t.Errorf("got %v, %+v", err, c.report)
			}
		})
	}
}

// TestMergeUnsound: a segment that is what its name says and not what its index
// says is left to repair, and the others are merged.
func TestMergeUnsound(t *testing.T) {
	s := segments(t, 4)
	index, seg := keys(t, s, segment.Indexes.Dir())[1], keys(t, s, segment.Segments.Dir())[1]
	bad := damageFrame(t, s, index, seg)
	c, v := surveyed(t, s)
	if err := c.merge(t.Context(), v, v.mergeable(), segment.Merged); err != nil {
		t.Fatal(err)
	}
	if c.report.Merged != 3 || len(c.report.Damaged) != 1 || c.report.Damaged[0].Name != bad {
		t.Errorf("report: %+v", c.report)
	}
	for range 2 { // to one of a month that is over, and the deletion of what that replaces
		compact(t, s, -1)
	}
	if n := len(keys(t, s, segment.Indexes.Dir())); n != 2 {
		t.Errorf("%d indexes", n)
	}
	if !slices.Contains(keys(t, s, segment.Segments.Dir()), bad) {
		t.Error("the damaged segment is gone")
	}
	snap, err := s.Load(t.Context(), metadata.Query{})
	if err != nil || len(snap.Runs) != 4 || len(snap.Damaged) == 0 { // the fourth from its row
		t.Errorf("%+v, %v", snap, err)
	}
}

// damageFrame puts a segment with a damaged frame in the place of one, under its
// proper name and with an index that names it, and gives its key.
func damageFrame(t *testing.T, s *Store, index, seg string) string {
	t.Helper()
	read := func(key string) []byte {
		data, err := s.read(t.Context(), key, segment.MaxObject)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.remove(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		return data
	}
	write := func(old string, data []byte) string {
		n, _ := segment.ParseName(old)
		key := segment.NameOf(n.Kind, n.Level, n.From, n.To, data).Key()
		if err := s.putNew(t.Context(), key, data, "application/zstd"); err != nil {
			t.Fatal(err)
		}
		return key
	}
	data := read(seg)
	data[len(data)/2] ^= 1
	bad := write(seg, data)
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	text, err := d.DecodeAll(read(index), nil)
	if err != nil {
		t.Fatal(err)
	}
	write(index, e.EncodeAll(bytes.ReplaceAll(text, []byte(seg), []byte(bad)), nil))
	s.indexes = nil
	return bad
}

// TestOrphans: of old segments without an index, one that holds events which lie
// nowhere else gets an index again, and others are deleted; young ones stay.
func TestOrphans(t *testing.T) {
	for name, c := range map[string]struct{ lost, merged bool }{
		"index lost":        {lost: true},
		"merge interrupted": {merged: true},
		"both":              {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := segments(t, 4)
			indexes, folded := keys(t, s, segment.Indexes.Dir()), keys(t, s, segment.Segments.Dir())
			want, err := s.Load(t.Context(), metadata.Query{})
			if err != nil || len(want.Runs) != 4 {
				t.Fatal(want, err)
			}
			var orphans []string
			if c.lost {
				orphans = append(orphans, folded[1])
				if err := s.remove(t.Context(), indexes[1]); err != nil {
					t.Fatal(err)
				}
			}
			if c.merged {
				orphans = append(orphans, foldWithoutIndex(t, s))
			}
			s = openAt(t, s.where)
			before := keys(t, s, segment.Segments.Dir())
			compact(t, s, 0)
			if got := keys(t, s, segment.Segments.Dir()); !slices.Equal(got, before) {
				t.Errorf("segments while they are young: %q", got)
			}
			old := time.Now().Add(-OrphanAge - time.Minute)
			for _, key := range orphans {
				if err := os.Chtimes(filepath.Join(s.where, filepath.FromSlash(key)), old, old); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				compact(t, s, 0)
			}
			segs, found := keys(t, s, segment.Segments.Dir()), keys(t, s, segment.Indexes.Dir())
			if len(segs) != 4 || len(found) != 4 {
				t.Errorf("%d segments, %d indexes", len(segs), len(found))
			}
			if one := c.lost != c.merged; one && !(slices.Equal(segs, folded) && slices.Equal(found, indexes)) {
				t.Errorf("not those of before: %q, %q", segs, found)
			}
			got, err := openAt(t, s.where).Load(t.Context(), metadata.Query{})
			if d := cmp.Diff(want, got); err != nil || d != "" {
				t.Errorf("%v (-before +after):\n%s", err, d)
			}
		})
	}
}

// foldWithoutIndex leaves what a merge of everything leaves that is interrupted.
func foldWithoutIndex(t *testing.T, s *Store) (key string) {
	t.Helper()
	b := &segment.Builder{Level: segment.Merged}
	for _, events := range foldedRuns(t, openAt(t, s.where)) {
		if err := b.Add(events, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	f, err := b.Finish(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.putNew(t.Context(), f.Segment.Key, f.Segment.Data, "application/zstd"); err != nil {
		t.Fatal(err)
	}
	return f.Segment.Key
}
