package segment

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// runID is the id of run i; they sort by i.
func runID(i int) string { return fmt.Sprintf("019a0000-0000-7000-9000-%012x", i) }

// event is one as it is read from a store.
func event(t testing.TB, id, run int, records ...metadata.Record) *metadata.Event {
	t.Helper()
	e := &metadata.Event{ID: fmt.Sprintf("019a0000-0000-7000-8000-%012x", id), Run: runID(run), At: start.Add(time.Duration(id) * time.Second), Records: records}
	data, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := metadata.ParseEvent(data)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// sample is a segment of three runs: one that ended and wrote an artifact, one
// that is going on, one that was deleted.
func sample(t testing.TB) *Folded {
	t.Helper()
	b := &Builder{}
	add(t, b, event(t, 1, 1,
		metadata.Record{Run: &metadata.RunRecord{State: metadata.Succeeded, Name: "one", Labels: map[string]string{"team": "a"}}},
		metadata.Record{Artifact: &metadata.ArtifactRecord{URI: "s3://b/model", ID: metadata.ArtifactID("s3://b/model"), Task: "train", Name: "model", Dir: metadata.Out}}))
	add(t, b, event(t, 2, 2, metadata.Record{Run: &metadata.RunRecord{State: metadata.Running, Name: "two"}}), event(t, 3, 2, metadata.Record{Raw: []byte(`{"kind":"hologram"}`)}))
	add(t, b, event(t, 4, 3, metadata.Record{Deleted: &metadata.DeletedRecord{At: start}}))
	f, err := b.Finish(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func add(t testing.TB, b *Builder, events ...*metadata.Event) {
	t.Helper()
	if err := b.Add(events, time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func parsed(t testing.TB, o Object) Name {
	t.Helper()
	n, ok := ParseName(o.Key)
	if !ok {
		t.Fatalf("%q is no name", o.Key)
	}
	return n
}

// Whatever events are folded come back byte for byte, and every row is the
// reduction of its run's.
func TestFoldedComesBack(t *testing.T) {
	states := []metadata.State{metadata.Planned, metadata.Running, metadata.Succeeded, metadata.Failed, metadata.Lost}
	rapid.Check(t, func(r *rapid.T) {
		b := &Builder{KeepIDs: rapid.Bool().Draw(r, "ids")}
		var all []*metadata.Event
		for run := range rapid.IntRange(1, 4).Draw(r, "runs") {
			var events []*metadata.Event
			for range rapid.IntRange(1, 4).Draw(r, "events") {
				record := metadata.Record{Run: &metadata.RunRecord{State: rapid.SampledFrom(states).Draw(r, "state"), Message: rapid.String().Draw(r, "message")}}
				events = append(events, event(t, rapid.IntRange(0, 50).Draw(r, "id"), run, record))
			}
			events = Sort(events)
			all = append(all, events...)
			add(t, b, events...)
		}
		f, err := b.Finish(nil, nil)
		if err != nil {
			r.Fatal(err)
		}
		x, err := ParseIndex(parsed(t, f.Index), f.Index.Data)
		if err != nil {
			r.Fatal(err)
		}
		if err := Check(x, f.Segment.Data); err != nil {
			r.Fatal(err)
		}
		var back []*metadata.Event
		for _, l := range x.Lines {
			row, err := l.Decode()
			if err != nil {
				r.Fatal(err)
			}
			events, err := row.Read(f.Segment.Data)
			if err != nil {
				r.Fatal(err)
			}
			want := metadata.Reduce(events)[0]
			if d := cmp.Diff(want.RunRecord, row.Summary().RunRecord); d != "" {
				r.Fatalf("row of %s (-events +row):\n%s", row.Run, d)
			}
			back = append(back, events...)
		}
		if !slices.EqualFunc(all, back, func(a, b *metadata.Event) bool { return bytes.Equal(raw(a), raw(b)) }) {
			r.Fatalf("%d events went in, %d came back, or others", len(all), len(back))
		}
		if spans, whole := Split(f.Segment.Data); !whole || len(spans) != len(x.Lines) {
			r.Fatalf("without the index %d frames of %d are found, whole: %v", len(spans), len(x.Lines), whole)
		}
	})
}

// An index and a segment under any other name, or with a byte changed, are
// damaged: nothing of them is believed.
func TestOthersBytes(t *testing.T) {
	f := sample(t)
	name := parsed(t, f.Index)
	for i := range f.Index.Data {
		data := bytes.Clone(f.Index.Data)
		data[i] ^= 1
		if _, err := ParseIndex(name, data); err == nil {
			t.Fatalf("an index whose byte %d was changed is believed", i)
		}
	}
	other := name
	other.Sum = strings.Repeat("0", len(name.Sum))
	if _, err := ParseIndex(other, f.Index.Data); err == nil {
		t.Error("an index under another's name is believed")
	}
	x, err := ParseIndex(name, f.Index.Data)
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.Segment.Data {
		data := bytes.Clone(f.Segment.Data)
		data[i] ^= 1
		if Check(x, data) == nil {
			t.Fatalf("a segment whose byte %d was changed is believed", i)
		}
	}
}

// A small object that decompresses to more than there may be is refused before
// it fills the memory.
func TestBomb(t *testing.T) {
	bomb := compress(make([]byte, maxFrame+1))
	if _, err := ParseFrame(bomb, ""); err == nil || len(bomb) > maxFrame/100 {
		t.Errorf("a bomb of %d bytes: %v", len(bomb), err)
	}
	text := compress(make([]byte, maxText+1))
	if _, err := ParseIndex(NameOf(Indexes, 0, runID(1), runID(1), text), text); err == nil {
		t.Error("a bomb is an index")
	}
}

func FuzzIndex(f *testing.F) {
	folded := sample(f)
	text, err := decompress(textDecoder(), folded.Index.Data)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		x, err := parseIndexText(NameOf(Indexes, 0, runID(0), runID(9), text), text)
		if err != nil {
			return
		}
		for _, l := range x.Lines {
			row, err := l.Decode()
			if err != nil {
				continue
			}
			row.Summary()
			if events, err := row.Read(folded.Segment.Data); err == nil && len(events) != row.Events {
				t.Errorf("row of %s: %d events, stated %d", row.Run, len(events), row.Events)
			}
		}
	})
}

func FuzzFrame(f *testing.F) {
	folded := sample(f)
	f.Add(folded.Segment.Data)
	f.Fuzz(func(t *testing.T, data []byte) {
		spans, _ := Split(data)
		last := int64(0)
		for _, s := range spans {
			if s.Offset < last || s.Length <= 0 || s.Offset+s.Length > int64(len(data)) {
				t.Fatalf("frame %+v of %d bytes, after %d", s, len(data), last)
			}
			last = s.Offset + s.Length
			if _, err := ParseFrame(data[s.Offset:last:last], ""); err != nil {
				t.Errorf("a frame that was found is not whole: %v", err)
			}
		}
		Salvage(data, runID(1))
	})
}

func FuzzName(f *testing.F) {
	folded := sample(f)
	f.Add(folded.Index.Key)
	f.Add(folded.Segment.Key)
	f.Add("segments/0/../x")
	f.Fuzz(func(t *testing.T, key string) {
		if n, ok := ParseName(key); ok && n.Key() != key {
			t.Errorf("%q is read as the name of %q", key, n.Key())
		}
	})
}
