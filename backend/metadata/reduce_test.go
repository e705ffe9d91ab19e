package metadata

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// testEvents draws a set of events about few runs and tasks, so that they
// contradict each other often: equal ids, equal times, every state.
func testEvents(t *rapid.T) []*Event {
	states := []State{"", Planned, Submitted, Pending, Running, Succeeded, Failed, Skipped, Cached, Stopped, Lost, "hologram"}
	clock := rapid.Custom(func(t *rapid.T) time.Time {
		if n := rapid.IntRange(-1, 3).Draw(t, "minute"); n >= 0 {
			return start.Add(time.Duration(n) * time.Minute)
		}
		return time.Time{}
	})
	id := rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("019a0000-0000-7000-8000-%012x", rapid.IntRange(0, 5).Draw(t, "id"))
	})
	text := rapid.SampledFrom([]string{"", "a", "b"})
	state := rapid.SampledFrom(states)
	seen := rapid.SampledFrom([]string{"", SeenUser, SeenLocal, SeenCluster})
	attempt := rapid.IntRange(0, 3)
	values := rapid.Custom(func(t *rapid.T) map[string]Value {
		if rapid.Bool().Draw(t, "none") {
			return nil
		}
		return map[string]Value{"x": {Value: []byte(fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "value")))}}
	})
	record := rapid.Custom(func(t *rapid.T) Record {
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			return Record{Raw: []byte(`{"kind":"hologram"}`)}
		case 1:
			return Record{Artifact: &ArtifactRecord{URI: text.Draw(t, "uri"), Task: text.Draw(t, "task"), Dir: Out, Type: text.Draw(t, "type")}}
		case 2:
			if rapid.IntRange(0, 5).Draw(t, "delete") == 0 {
				return Record{Deleted: &DeletedRecord{}}
			}
		case 3, 4, 5, 6:
			return Record{Task: &TaskRecord{Path: "t" + text.Draw(t, "path"), Attempt: attempt.Draw(t, "attempt"), State: state.Draw(t, "state"), Seen: seen.Draw(t, "seen"),
				Message: text.Draw(t, "message"), Image: text.Draw(t, "image"), Started: clock.Draw(t, "started"), Finished: clock.Draw(t, "finished"), Inputs: values.Draw(t, "in"), Outputs: values.Draw(t, "out")}}
		}
		return Record{Run: &RunRecord{Attempt: attempt.Draw(t, "attempt"), State: state.Draw(t, "state"), Seen: seen.Draw(t, "seen"), Name: text.Draw(t, "name"),
			UID: text.Draw(t, "uid"), Message: text.Draw(t, "message"), Started: clock.Draw(t, "started"), Finished: clock.Draw(t, "finished"), Parameters: values.Draw(t, "p"), Outputs: values.Draw(t, "o")}}
	})
	event := rapid.Custom(func(t *rapid.T) *Event {
		return &Event{ID: id.Draw(t, "event"), Run: fmt.Sprintf("019a0000-0000-7000-9000-%012x", rapid.IntRange(0, 1).Draw(t, "run")),
			At: start.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "at")) * time.Second), By: Writer{ID: text.Draw(t, "writer")},
			Records: rapid.SliceOfN(record, 0, 4).Draw(t, "records")}
	})
	return rapid.SliceOfN(event, 0, 12).Draw(t, "events")
}

// atLeast has rapid take so many cases where the command line says nothing.
func atLeast(t *testing.T, cases string) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	if f.Value.String() != f.DefValue {
		return
	}
	if err := f.Value.Set(cases); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(f.DefValue) })
}

// TestReduceIsAJoin: order, repetition and the way over bytes do not matter, nor
// does it how the events are spread over stores that are then merged.
func TestReduceIsAJoin(t *testing.T) {
	atLeast(t, "10000")
	rapid.Check(t, func(t *rapid.T) {
		events := testEvents(t)
		want := Reduce(events)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		other := slices.Clone(events)
		for _, e := range events {
			if r.IntN(2) == 0 {
				data, err := e.Encode()
				if err != nil {
					t.Fatal(err)
				}
				again, err := ParseEvent(data)
				if err != nil {
					t.Fatal(err)
				}
				other = append(other, again)
			}
		}
		r.Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
		got := Reduce(other)
		if reflect.DeepEqual(want, got) { // cmp would be most of the time of a million cases
			return
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("another order (-want +got):\n%s", d)
		}
	})
}

// TestReduceBelieves is the order of trust, by example.
func TestReduceBelieves(t *testing.T) {
	run := func(attempt int, s State, seen string, minute int) RunRecord {
		r := RunRecord{Attempt: attempt, State: s, Seen: seen}
		if minute > 0 {
			r.Finished = start.Add(time.Duration(minute) * time.Minute)
		}
		return r
	}
	for _, c := range []struct {
		name     string
		low, top RunRecord
	}{
		{"later in its life", run(1, Planned, "", 0), run(1, Submitted, "", 0)},
		{"running after submitted", run(1, Submitted, "", 0), run(1, Running, "", 0)},
		{"the end after running", run(1, Running, "", 0), run(1, Failed, SeenLocal, 1)},
		{"a later attempt, though it runs still", run(1, Failed, SeenCluster, 9), run(2, Running, "", 0)},
		{"the cluster over this machine", run(1, Succeeded, SeenLocal, 9), run(1, Failed, SeenCluster, 1)},
		{"this machine over a user", run(1, Stopped, SeenUser, 9), run(1, Failed, SeenLocal, 1)},
		{"the later end", run(1, Failed, SeenLocal, 1), run(1, Succeeded, SeenLocal, 2)},
		{"what was seen over what was guessed", run(1, Lost, SeenUser, 9), run(1, Succeeded, SeenLocal, 1)},
		{"no attempt is the first", run(0, Failed, SeenLocal, 1), run(1, Failed, SeenLocal, 2)},
	} {
		for _, order := range [][]RunRecord{{c.low, c.top}, {c.top, c.low}} {
			var events []*Event
			for i, r := range order {
				events = append(events, &Event{ID: NewID(start.Add(time.Duration(i) * time.Second)), Run: NewID(start), Records: []Record{{Run: &r}}})
				events[i].Run = events[0].Run
			}
			if got := Reduce(events)[0]; got.State != c.top.State || !got.Finished.Equal(c.top.Finished) {
				t.Errorf("%s: got %s, finished %v", c.name, got.State, got.Finished)
			}
		}
	}
}
