package blob

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

var clock = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func repairAt(t testing.TB, s *Store, dryRun bool) []Repair {
	t.Helper()
	did, err := s.Repair(t.Context(), RepairOptions{DryRun: dryRun, Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	return did
}

// A richStore has runs with tasks, artifacts, a document and a chain: the first
// five in a swept segment, the others in the inbox.
func richStore(t testing.TB) *Store {
	t.Helper()
	s := openAt(t, t.TempDir())
	for i := range 8 {
		if i == 5 {
			compact(t, s, -1)
			compact(t, s, -1)
		}
		writeRich(t, s, i)
	}
	return s
}

func writeRich(t testing.TB, s *Store, i int) {
	t.Helper()
	digest, err := s.PutBlob(t.Context(), []byte(fmt.Sprint("manifest ", i%3)))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC)
	c := metadata.Chain{Run: fmt.Sprintf("019b0000-%04x-7000-8000-000000000001", i), Now: func() time.Time { at = at.Add(time.Second); return at }}
	uri := fmt.Sprint("s3://b/", i)
	for _, records := range [][]metadata.Record{
		{{Run: &metadata.RunRecord{State: metadata.Planned, Name: fmt.Sprint("r", i), Pipeline: "iris", Manifest: digest, Created: at}}},
		{{Run: &metadata.RunRecord{State: metadata.Succeeded, Finished: at}}, {Task: &metadata.TaskRecord{Path: "train", State: metadata.Succeeded}},
			{Artifact: &metadata.ArtifactRecord{ID: metadata.ArtifactID(uri), URI: uri, Task: "train", Name: "model", Dir: metadata.Out}}},
	} {
		events, err := c.Events(records)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if err := s.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func one(t testing.TB, s *Store, prefix string) string {
	t.Helper()
	all := keys(t, s, prefix)
	if len(all) == 0 {
		t.Fatalf("nothing below %s", prefix)
	}
	return filepath.Join(s.where, all[0])
}

// TestNamedDamage: whatever is wrong with a store, reading does not panic, is not
// silent and gives the rest; repair makes it whole again and loses only what was
// damaged.
func TestNamedDamage(t *testing.T) {
	rewrite := func(prefix string, f func([]byte) []byte) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) {
			path := one(t, s, prefix)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, f(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(prefix string) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) {
			if err := os.Remove(one(t, s, prefix)); err != nil {
				t.Fatal(err)
			}
		}
	}
	put := func(name, text string) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) {
			path := filepath.Join(s.where, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	rename := func(prefix string, f func(string) string) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) {
			path := one(t, s, prefix)
			if err := os.Rename(path, filepath.Join(filepath.Dir(path), f(filepath.Base(path)))); err != nil {
				t.Fatal(err)
			}
		}
	}
	nothing := func([]byte) []byte { return nil }
	half := func(b []byte) []byte { return b[:len(b)/2] }
	bit := func(b []byte) []byte { b = slices.Clone(b); b[len(b)/2] ^= 1; return b }
	zeros := func(b []byte) []byte { return make([]byte, len(b)) }
	hello := func([]byte) []byte { return []byte("hello\n") }
	more := func(b []byte) []byte { return append(slices.Clone(b), "more"...) }
	replace := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte { return []byte(strings.Replace(string(b), old, new, 1)) }
	}
	const foreignEvent = "019b0000-0000-7000-8000-00000000000f_019b0000-0000-7000-8000-000000000009.ndjson"
	for _, c := range []struct {
		name string
		harm func(*testing.T, *Store)
		runs int  // that are still listed before repair
		left int  // and after it
		by   hand // what repair cannot do
	}{
		{name: "event empty", harm: rewrite("inbox/", nothing), runs: 8, left: 8},
		{name: "event torn", harm: rewrite("inbox/", half), runs: 8, left: 8},
		{name: "event with one bit flipped", harm: rewrite("inbox/", bit), runs: 8, left: 8},
		{name: "event of zeros", harm: rewrite("inbox/", zeros), runs: 8, left: 8},
		{name: "event of other text", harm: rewrite("inbox/", hello), runs: 8, left: 8},
		{name: "event with two end lines", harm: rewrite("inbox/", func(b []byte) []byte {
			return append(slices.Clone(b), b[strings.LastIndex(strings.TrimSpace(string(b)), "\n")+1:]...)
		}), runs: 8, left: 8},
		{name: "event with a wrong count", harm: rewrite("inbox/", replace(`"records":1`, `"records":2`)), runs: 8, left: 8},
		{name: "event without end line", harm: rewrite("inbox/", func(b []byte) []byte {
			return b[:strings.LastIndex(strings.TrimSpace(string(b)), "\n")+1]
		}), runs: 8, left: 8},
		{name: "event missing", harm: remove("inbox/"), runs: 8, left: 8, by: quiet},
		{name: "event twice under another name", harm: func(t *testing.T, s *Store) {
			data, err := os.ReadFile(one(t, s, "inbox/"))
			if err != nil {
				t.Fatal(err)
			}
			put("inbox/"+foreignEvent, string(data))(t, s)
		}, runs: 8, left: 8},
		{name: "events with their names swapped", harm: func(t *testing.T, s *Store) {
			all := keys(t, s, inboxDir)
			a, b := filepath.Join(s.where, all[0]), filepath.Join(s.where, all[2])
			if err := errors.Join(os.Rename(a, a+"x"), os.Rename(b, a), os.Rename(a+"x", b)); err != nil {
				t.Fatal(err)
			}
		}, runs: 8, left: 8},
		{name: "foreign file in the inbox", harm: put("inbox/notes.txt", "hi"), runs: 8, left: 8},
		{name: "name with dots in the inbox", harm: rename("inbox/", func(n string) string { return strings.Replace(n, "_", "_..", 1) }), runs: 8, left: 8},
		{name: "folder for an event", harm: func(t *testing.T, s *Store) {
			path := one(t, s, inboxDir)
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
				t.Fatal(err)
			}
		}, runs: 8, left: 8, by: remains},
		{name: "event of a later id with the bytes of another", harm: func(t *testing.T, s *Store) {
			all := keys(t, s, inboxDir)
			data, err := os.ReadFile(filepath.Join(s.where, all[0]))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(s.where, all[1]), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}, runs: 8, left: 8},
		{name: "event that is folded already, with other bytes", harm: func(t *testing.T, s *Store) {
			events, err := segment.ParseFrame(frameOf(t, s), "")
			if err != nil {
				t.Fatal(err)
			}
			e := events[0]
			other := metadata.Event{ID: e.ID, Run: e.Run, At: e.At, By: e.By, Records: []metadata.Record{{Run: &metadata.RunRecord{Name: "another"}}}}
			data, err := other.Encode()
			if err != nil {
				t.Fatal(err)
			}
			put(inboxDir+other.Name(), string(data))(t, s)
		}, runs: 8, left: 8},
		{name: "event of a million records", harm: rewrite("inbox/", func(b []byte) []byte {
			first := b[:strings.IndexByte(string(b), '\n')+1]
			return append(append(slices.Clone(first), strings.Repeat("{\"kind\":\"run\"}\n", 1_000_000)...), "{\"kind\":\"end\",\"records\":1000000}\n"...)
		}), runs: 8, left: 8},
		{name: "enormous event", harm: func(t *testing.T, s *Store) {
			if err := os.Truncate(one(t, s, inboxDir), 1<<31); err != nil {
				t.Fatal(err)
			}
		}, runs: 8, left: 8},
		{name: "index empty", harm: rewrite("index/", nothing), runs: 8, left: 8},
		{name: "index cut", harm: rewrite("index/", half), runs: 8, left: 8},
		{name: "index with one bit flipped", harm: rewrite("index/", bit), runs: 8, left: 8},
		{name: "index of other text", harm: rewrite("index/", hello), runs: 8, left: 8},
		{name: "index with more behind it", harm: rewrite("index/", more), runs: 8, left: 8},
		{name: "index missing", harm: remove("index/"), runs: 8, left: 8, by: harmless},
		{name: "index under a foreign name", harm: rename("index/", func(string) string { return "notes.txt" }), runs: 8, left: 8},
		{name: "index for another segment", harm: func(t *testing.T, s *Store) {
			b := segment.Builder{}
			events, err := segment.ParseFrame(frameOf(t, s), "")
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Add(events, time.Time{}); err != nil {
				t.Fatal(err)
			}
			f, err := b.Finish(nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			put(f.Index.Key, string(f.Index.Data))(t, s)
		}, runs: 8, left: 8},
		{name: "index of a bomb", harm: func(t *testing.T, s *Store) {
			put(bomb(segment.Indexes), string(bombData))(t, s)
		}, runs: 8, left: 8},
		{name: "segment empty", harm: rewrite("segments/", nothing), runs: 8, left: 8},
		{name: "segment cut", harm: rewrite("segments/", half), runs: 8, left: 8},
		{name: "segment with one bit flipped", harm: rewrite("segments/", bit), runs: 8, left: 8},
		{name: "segment of zeros", harm: rewrite("segments/", zeros), runs: 8, left: 8},
		{name: "segment of other text", harm: rewrite("segments/", hello), runs: 8, left: 8},
		{name: "segment with more behind it", harm: rewrite("segments/", more), runs: 8, left: 8, by: quiet},
		{name: "segment missing", harm: remove("segments/"), runs: 8, left: 8},
		{name: "segment under a foreign name", harm: rename("segments/", func(string) string { return "notes.txt" }), runs: 8, left: 8},
		{name: "segment of a bomb", harm: func(t *testing.T, s *Store) {
			put(bomb(segment.Segments), string(bombData))(t, s)
		}, runs: 8, left: 8},
		{name: "half copied: no index, no inbox", harm: func(t *testing.T, s *Store) {
			if err := errors.Join(os.RemoveAll(filepath.Join(s.where, "index")), os.RemoveAll(filepath.Join(s.where, "inbox"))); err != nil {
				t.Fatal(err)
			}
		}, runs: 5, left: 5, by: harmless},
		{name: "half copied: no segments", harm: func(t *testing.T, s *Store) {
			if err := os.RemoveAll(filepath.Join(s.where, "segments")); err != nil {
				t.Fatal(err)
			}
		}, runs: 8, left: 8},
		{name: "edges missing", harm: remove("edges/"), runs: 8, left: 8, by: quiet},
		{name: "edges cut", harm: rewrite("edges/", half), runs: 8, left: 8, by: quiet},
		{name: "document missing", harm: remove("blobs/"), runs: 8, left: 8, by: quiet},
		{name: "document with other content", harm: rewrite("blobs/", hello), runs: 8, left: 8, by: quiet},
		{name: "foreign file among the documents", harm: put("blobs/sha256/notes.txt", "hi"), runs: 8, left: 8, by: quiet},
		{name: "format without the feature", harm: remove("format/00000002"), runs: 8, left: 8, by: quiet},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := richStore(t)
			before := loadAll(t, s)
			c.harm(t, s)
			s = openAt(t, s.where)
			after := loadAll(t, s)
			if len(after.Runs) != c.runs {
				t.Errorf("%d runs, want %d; %v", len(after.Runs), c.runs, after.Damaged)
			}
			changed := cmp.Diff(before.Runs, after.Runs) != ""
			if changed && len(after.Damaged) == 0 && c.runs == len(before.Runs) && c.by != quiet {
				t.Errorf("other data without a finding")
			}
			damage, err := metadata.Verify(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if (len(damage) > 0) == (c.by == harmless) {
				t.Errorf("verify: %v", damage)
			}
			wouldDo := repairAt(t, s, true)
			if again := loadAll(t, s); cmp.Diff(after.Runs, again.Runs) != "" {
				t.Errorf("a dry run changed something")
			}
			did := repairAt(t, s, false)
			if (len(wouldDo) == 0) != (len(did) == 0) {
				t.Errorf("a dry run says %v, repair %v", wouldDo, did)
			}
			s = openAt(t, s.where)
			repaired := loadAll(t, s)
			if len(repaired.Runs) != c.left {
				t.Errorf("%d runs after repair, want %d: %v", len(repaired.Runs), c.left, did)
			}
			damage, err = metadata.Verify(t.Context(), s)
			if err != nil || len(damage) > 0 != (c.by == remains) {
				t.Errorf("verify after repair (%v): %v, %v", did, damage, err)
			}
			// Undamaged runs are as they were.
			same := 0
			for i, r := range repaired.Runs {
				if i < len(before.Runs) && cmp.Diff(before.Runs[len(before.Runs)-len(repaired.Runs)+i], r) == "" {
					same++
				}
			}
			if same < c.left-5 { // at most one segment was harmed
				t.Errorf("%d runs are as they were", same)
			}
		})
	}
}

// A hand says what is special about a case.
type hand int

const (
	_        hand = iota
	quiet         // verify finds it, the runs need not show it
	harmless      // nothing is lost, and verify finds nothing
	remains       // it has to be removed by hand
)

func loadAll(t testing.TB, s *Store) *metadata.Snapshot {
	t.Helper()
	snap, err := s.Load(t.Context(), metadata.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// frameOf is the first frame of the store's segment.
func frameOf(t testing.TB, s *Store) []byte {
	t.Helper()
	data, err := os.ReadFile(one(t, s, "segments/"))
	if err != nil {
		t.Fatal(err)
	}
	spans, _ := segment.Split(data)
	return data[:spans[0].Length]
}

// bombData are 40,000 frames of 64 KiB of zeros that tell nothing of their size
// before they are decompressed, in few bytes.
var bombData = func() []byte {
	head := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58} // magic, no size, a window of 2 MiB
	out := slices.Clone(head)
	for range 4000 { // blocks of 128 KiB, each of one byte repeated: 500 MB
		out = append(out, 0x02, 0x00, 0x10, 'x')
	}
	return append(out, 0x03, 0x00, 0x10, 'x')
}()

func bomb(kind segment.Kind) string {
	return segment.NameOf(kind, 0, "019b0000-0000-7000-8000-000000000001", "019b0000-0700-7000-8000-000000000001", bombData).Key()
}

// TestEveryBit: one bit flipped at every byte of an event, an index, an object of
// edges and a segment, and each cut at every length: reading gives what was there
// or says what is wrong. Nightly each of them has 20 KB or more.
func TestEveryBit(t *testing.T) {
	target := 3 << 10
	if nightly() {
		target = 20 << 10
	}
	s := openAt(t, t.TempDir())
	var seg, index, edges *segment.Folded
	for i := 0; edges == nil; i++ {
		writeRich(t, s, i)
		if i%20 != 19 {
			continue
		}
		b := &segment.Builder{}
		for _, r := range foldedRuns(t, s) {
			if err := b.Add(r, time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		f, err := b.Finish(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if seg == nil && len(f.Segment.Data) >= target {
			seg = f
		}
		if index == nil && len(f.Index.Data) >= target {
			index = f
		}
		if len(f.Edges.Data) >= target {
			edges = f
		}
	}
	everyBitOfObjects(t, seg, index, edges, target)
	everyBitOfFrames(t, seg)
}

func foldedRuns(t *testing.T, s *Store) [][]*metadata.Event {
	t.Helper()
	var out [][]*metadata.Event
	err := s.looking(context.Background(), metadata.Query{}, false, func(v *view, last bool) error {
		l := &loader{s: s, frames: s.frames()}
		for {
			e, err := v.next(t.Context())
			if err != nil || e == nil {
				return err
			}
			events, _, err := l.whole(t.Context(), e)
			if err != nil {
				return err
			}
			out = append(out, segment.Sort(events))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func everyBitOfObjects(t *testing.T, ofSegment, ofIndex, ofEdges *segment.Folded, target int) {
	seg, _ := segment.ParseName(ofSegment.Segment.Key)
	idx, _ := segment.ParseName(ofIndex.Index.Key)
	edg, _ := segment.ParseName(ofEdges.Edges.Key)
	large, err := (&metadata.Chain{Run: metadata.NewID(clock), Now: time.Now}).Events([]metadata.Record{
		{Run: &metadata.RunRecord{Name: "large", Message: strings.Repeat("x", target)}}, {Task: &metadata.TaskRecord{Path: "train"}}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := large[0].Encode()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("event %d bytes, segment %d, index %d, edges %d", len(raw), len(ofSegment.Segment.Data), len(ofIndex.Index.Data), len(ofEdges.Edges.Data))
	for name, part := range map[string]struct {
		data []byte
		read func([]byte) error
	}{
		"event":   {raw, func(b []byte) error { _, err := metadata.ParseNamed(large[0].Name(), b, false); return err }},
		"index":   {ofIndex.Index.Data, func(b []byte) error { _, err := segment.ParseIndex(idx, b); return err }},
		"edges":   {ofEdges.Edges.Data, func(b []byte) error { _, err := segment.ParseEdges(edg, b); return err }},
		"segment": {ofSegment.Segment.Data, func(b []byte) error { return seg.Check(b) }},
	} {
		for i := range part.data {
			broken := slices.Clone(part.data)
			broken[i] ^= 1 << (i % 8)
			if err := part.read(broken); !errors.Is(err, metadata.ErrDamaged) && !sameJSON(name, err) {
				t.Errorf("%s with a bit of byte %d flipped: %v", name, i, err)
			}
			if err := part.read(part.data[:i]); !errors.Is(err, metadata.ErrDamaged) {
				t.Errorf("%s cut after %d bytes: %v", name, i, err)
			}
		}
	}
}

// everyBitOfFrames: whoever reads one frame does not see the whole segment: the
// events' own checksums, and how many there are, must tell.
func everyBitOfFrames(t *testing.T, f *segment.Folded) {
	idx, _ := segment.ParseName(f.Index.Key)
	x, err := segment.ParseIndex(idx, f.Index.Data)
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, l := range x.Lines {
		row, err := l.Decode()
		if err != nil {
			t.Fatal(err)
		}
		span := row.Spans()[0]
		want, err := row.Read(f.Segment.Data)
		if err != nil {
			t.Fatal(err)
		}
		for ; at < int(span.Offset+span.Length); at++ {
			broken := slices.Clone(f.Segment.Data)
			broken[at] ^= 1 << (at % 8)
			got, err := row.Read(broken)
			if err == nil && !equalEvents(want, got) {
				t.Fatalf("byte %d: other events without an error", at)
			}
			for _, e := range row.Salvage(broken) {
				if !slices.ContainsFunc(want, func(w *metadata.Event) bool { return equalEvents([]*metadata.Event{w}, []*metadata.Event{e}) }) {
					t.Fatalf("byte %d: an event was made up", at)
				}
			}
		}
	}
}

// TestRepairSegment: wherever a bit of a segment is flipped, repair leaves a store
// in which nothing is damaged, with every run in it.
func TestRepairSegment(t *testing.T) {
	places := 48
	if nightly() {
		places = 1000
	}
	for i := range places {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			s := richStore(t)
			path := one(t, s, "segments/")
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			at := i * len(data) / places
			data[at] ^= 1 << (i % 8)
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			s = openAt(t, s.where)
			did := repairAt(t, s, false)
			s = openAt(t, s.where)
			if damage, err := metadata.Verify(t.Context(), s); err != nil || len(damage) > 0 {
				t.Errorf("byte %d of %d: verify after repair (%v): %v, %v", at, len(data), did, damage, err)
			}
			if n := len(loadAll(t, s).Runs); n != 8 {
				t.Errorf("byte %d of %d: %d runs are left", at, len(data), n)
			}
		})
	}
}

// sameJSON allows for closing lines of events that say the same in other letters
// ("Records" for "records").
func sameJSON(name string, err error) bool { return name == "event" && err == nil }

func equalEvents(a, b []*metadata.Event) bool {
	return slices.EqualFunc(a, b, func(a, b *metadata.Event) bool {
		x, err := a.Encode()
		return err == nil && sameEvent(b, x)
	})
}

// TestGC: bytes of deleted runs and documents that nobody names go, when they are
// old enough by the store's clock, and nothing else.
func TestGC(t *testing.T) {
	s := richStore(t)
	opt := GCOptions{KeepLast: 2, Now: func() time.Time { return clock }, Grace: -1}
	opt.DryRun = true
	if g, err := s.GC(t.Context(), opt); err != nil || len(g.Runs) != 6 || len(loadAll(t, s).Runs) != 8 {
		t.Fatalf("dry run: %+v, %v", g, err)
	}
	opt.DryRun = false
	if g, err := s.GC(t.Context(), opt); err != nil || len(g.Runs) != 6 || g.Documents != 0 {
		t.Fatalf("%+v, %v", g, err)
	}
	if n := len(loadAll(t, s).Runs); n != 2 {
		t.Errorf("%d runs", n)
	}
	old := time.Now().Add(-BlobAge - time.Hour)
	for _, key := range keys(t, s, blobDir) {
		if err := os.Chtimes(filepath.Join(s.where, key), old, old); err != nil {
			t.Fatal(err)
		}
	}
	g := &Collection{}
	for range 3 { // folded, swept, folded without them, swept
		again, err := s.GC(t.Context(), GCOptions{Now: opt.Now, Grace: -1})
		if err != nil {
			t.Fatal(err)
		}
		g.Documents += again.Documents
	}
	if g.Documents != 1 { // runs 6 and 7 name two of three
		t.Errorf("%d documents deleted", g.Documents)
	}
	for o, err := range s.Scan(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e, err := metadata.ParseNamed(o.Name, o.Data, false); err != nil || strings.HasPrefix(e.Run, "019b0000-0003") && !segment.Tombstone(e) {
			t.Errorf("%s is still there, %v", o.Name, err)
		}
	}
	if damage, err := metadata.Verify(t.Context(), s); err != nil || len(damage) > 0 {
		t.Errorf("verify: %v, %v", damage, err)
	}
	// What is remembered of deleted runs goes after 90 days.
	if n := countEvents(t, s); n != 4+6 {
		t.Errorf("%d events", n)
	}
	c, err := s.compactor(t.Context(), CompactOptions{Grace: -1})
	if err != nil {
		t.Fatal(err)
	}
	c.now = c.now.Add(TombTime + time.Hour)
	if err := c.rewrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := countEvents(t, s); n != 4 {
		t.Errorf("%d events after 90 days", n)
	}
	if n := len(loadAll(t, s).Runs); n != 2 {
		t.Errorf("%d runs", n)
	}
}

func countEvents(t testing.TB, s *Store) (n int) {
	t.Helper()
	for _, err := range s.Scan(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}
