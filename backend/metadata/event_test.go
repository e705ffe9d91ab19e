package metadata

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kfp-go/kfp-go/compiler/goldentest"
)

// sample is one event with a record of each kind.
func sample() *Event {
	exit := 137
	at := time.Date(2026, 11, 23, 9, 0, 0, 123456789, time.UTC)
	return &Event{
		ID: "019a0000-0000-7000-8000-000000000001", Run: "019a0000-0000-7000-8000-000000000002", Prev: "sha256:00", At: at,
		By: Writer{ID: "w", Host: "h", User: "ü", Version: "1"}, Part: 1, Parts: 2,
		Records: []Record{
			{Run: &RunRecord{Attempt: 1, State: Submitted, Seen: SeenLocal, Name: "iris-x7", Pipeline: "iris", Spec: "sha256:01", Manifest: "sha256:02", Source: "p.yaml",
				Engine: "argo", Cluster: "c", Namespace: "ml", Workflow: "iris-x7", UID: "u", Message: "m", Labels: map[string]string{"b": "2", "a": "1"},
				Parameters: map[string]Value{"n": {Value: []byte("1")}, "s": {Value: []byte(`"<{{x}}>"`)}, "key": {Redacted: true}, "big": {Blob: "sha256:03"}},
				Created:    at, Started: at, Finished: at}},
			{Task: &TaskRecord{Path: "check[0]/evaluate", Attempt: 2, State: Failed, Class: "out-of-memory", Exit: &exit, Image: "i@sha256:1", Pod: "p", Node: "n", Cache: "sha256:04",
				Inputs:  map[string]Value{"data": {Artifact: &ArtifactValue{URI: "s3://b/k", Type: "system.Dataset", Bytes: 3, Metadata: map[string]any{"rows": 3.0}}}},
				Outputs: map[string]Value{"models": {IsList: true, Artifacts: []ArtifactValue{{URI: "s3://b/1"}}}, "none": {IsList: true}}}},
			{Artifact: &ArtifactRecord{ID: ArtifactID("s3://b/k"), URI: "s3://b/k", Type: "system.Dataset", Task: "check[0]/evaluate", Name: "data", Dir: In}},
			{Deleted: &DeletedRecord{At: at, Reason: "old"}},
		},
	}
}

// TestEventFormat guards the format: files of earlier versions stay readable.
func TestEventFormat(t *testing.T) {
	e := sample()
	data, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "event-v1.ndjson")
	goldentest.File(t, golden, data)
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseEvent(want)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(e, got, cmpopts.IgnoreUnexported(Event{}), cmpopts.IgnoreFields(Record{}, "Raw")); d != "" {
		t.Errorf("read (-want +got):\n%s", d)
	}
}

// TestEventDamage: no altered byte and no cut goes unnoticed.
func TestEventDamage(t *testing.T) {
	data, err := sample().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		for _, bit := range []byte{1, 0x20, 0x80} {
			broken := bytes.Clone(data)
			broken[i] ^= bit
			if e, err := ParseEvent(broken); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) && !sameClosing(data, broken, i) {
				t.Fatalf("bit %#x of byte %d flipped: %v, %v", bit, i, e, err)
			}
		}
	}
	for n := range data {
		if _, err := ParseEvent(data[:n]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
	for name, broken := range map[string][]byte{
		"doubled":        append(bytes.Clone(data), data...),
		"closed twice":   append(bytes.Clone(data), data[bytes.LastIndexByte(data[:len(data)-1], '\n')+1:]...),
		"foreign":        []byte("hello\n"),
		"only closed":    closeEvent(nil, 0),
		"no event":       closeEvent([]byte(`{"kind":"run"}`+"\n"), 0),
		"no ids":         closeEvent([]byte(`{"kind":"event","v":1,"event":"../x","run":"y"}`+"\n"), 0),
		"wrong count":    closeEvent(data[:bytes.IndexByte(data, '\n')+1], 7),
		"too large":      bytes.Repeat([]byte("x"), MaxEventBytes+1),
		"a million rows": closeEvent(append(data[:bytes.IndexByte(data, '\n')+1:bytes.IndexByte(data, '\n')+1], bytes.Repeat([]byte("{\"kind\":\"x\"}\n"), 1001)...), 1001),
	} {
		if _, err := ParseEvent(broken); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	future := closeEvent([]byte(strings.Replace(string(data[:bytes.IndexByte(data, '\n')+1]), `"v":1`, `"v":2`, 1)), 0)
	if _, err := ParseEvent(future); !errors.Is(err, ErrFormat) {
		t.Errorf("version 2: %v", err)
	}
}

// sameClosing: the case of a letter of a key in the closing line means nothing
// to a JSON reader, and says nothing else either.
func sameClosing(data, broken []byte, i int) bool {
	at := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	return i >= at && strings.EqualFold(string(data[at:]), string(broken[at:]))
}

func TestChain(t *testing.T) {
	n := 0
	c := Chain{Run: sample().Run, Now: func() time.Time { n++; return start.Add(time.Duration(n) * time.Second) }}
	long := strings.Repeat("x", 300<<10)
	var records []Record
	for i := range 7 {
		records = append(records, Record{Run: &RunRecord{Name: fmt.Sprint(i), Message: long}})
	}
	for i := range 2500 {
		records = append(records, Record{Task: &TaskRecord{Path: fmt.Sprint(i)}})
	}
	events, err := c.Events(records)
	if err != nil {
		t.Fatal(err)
	}
	count, prev := 0, ""
	for i, e := range events {
		data, err := e.Encode()
		if err != nil || len(data) > MaxEventBytes {
			t.Fatalf("event %d: %d bytes, %v", i, len(data), err)
		}
		if e.Part != i+1 || e.Parts != len(events) || e.Prev != prev {
			t.Errorf("event %d: part %d of %d after %q", i, e.Part, e.Parts, e.Prev)
		}
		count += len(e.Records)
		prev = Digest(data)
	}
	if count != len(records) || len(events) < 5 || len(events) > 7 {
		t.Errorf("%d records in %d events", count, len(events))
	}
	if _, err := c.Events([]Record{{Run: &RunRecord{Message: strings.Repeat(long, 4)}}}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a record that fits no event: %v", err)
	}
	if _, err := c.Events([]Record{{}}); err == nil {
		t.Error("a record without content was taken")
	}
}

func TestIDs(t *testing.T) {
	before := ""
	for i := range 1000 {
		at := start.Add(time.Duration(i) * 300 * time.Nanosecond)
		id := NewID(at)
		if !ValidID(id) || id <= before || !IDTime(id).Equal(at.Truncate(time.Millisecond)) {
			t.Fatalf("%s after %s, at %v", id, before, IDTime(id))
		}
		before = id
	}
	for _, bad := range []string{"", "x", strings.ToUpper(before), before + "0", strings.ReplaceAll(before, "-", "0"), before[:35] + "/"} {
		if ValidID(bad) {
			t.Errorf("%q is valid", bad)
		}
	}
	if _, _, ok := SplitName("../" + before + ".ndjson"); ok {
		t.Error("a path is a name")
	}
}

func FuzzEvent(f *testing.F) {
	data, err := sample().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)/2])
	head := data[:bytes.IndexByte(data, '\n')+1]
	// Bodies are closed by the target, so that mutations get past the checksum.
	f.Add(head)
	f.Add([]byte(string(head) + `{"kind":"run","state":1}` + "\n"))
	f.Add([]byte(string(head) + `{"x":{"kind":"task"}}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, d := range [][]byte{data, closeEvent(bytes.Clone(data), max(bytes.Count(data, []byte("\n"))-1, 0))} {
			e, err := ParseEvent(d)
			if err != nil {
				if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
					t.Fatalf("no class: %v", err)
				}
				continue
			}
			if again, err := e.Encode(); err != nil || !bytes.Equal(again, d) {
				t.Fatalf("not kept: %v", err)
			}
			Reduce([]*Event{e})
		}
	})
}

func FuzzBundle(f *testing.F) {
	data, err := sample().Encode()
	if err != nil {
		f.Fatal(err)
	}
	head := `{"kind":"bundle","v":1}` + "\n"
	f.Add([]byte(head + string(data) + string(data)))
	f.Add([]byte(head + string(data[:100]) + "\n" + string(data)))
	f.Add([]byte(head + `{"kind":"blob","digest":"sha256:00","data":"eA=="}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := OpenBundle(data)
		if err != nil {
			return
		}
		if _, err := s.Load(t.Context(), Query{}); err != nil {
			t.Fatal(err)
		}
	})
}
