package metadata

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestContentsStay: whoever records a run without having looked at its artifacts
// takes nothing away from who has, in whatever order both are read.
func TestContentsStay(t *testing.T) {
	const uri = "s3://b/model"
	event := func(n int, c Content, list bool) *Event {
		a := ArtifactValue{URI: uri, Type: "system.Model", Bytes: c.Bytes, Digest: c.Digest}
		v := Value{Artifact: &a}
		if list {
			v = Value{IsList: true, Artifacts: []ArtifactValue{{URI: "s3://b/other"}, a}}
		}
		values := map[string]Value{"model": v}
		return &Event{ID: fmt.Sprintf("019a0000-0000-7000-8000-%012d", n), Run: "019a0000-0000-7000-8000-000000000000", Records: []Record{
			{Run: &RunRecord{State: Succeeded, Outputs: values}},
			{Task: &TaskRecord{Path: "train", State: Succeeded, Inputs: values, Outputs: values}},
			{Artifact: &ArtifactRecord{URI: uri, Task: "train", Name: "model", Dir: Out, Bytes: c.Bytes, Digest: c.Digest}},
		}}
	}
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.Bool().Draw(t, "list")
		contents := rapid.SliceOfN(rapid.SampledFrom([]Content{{}, {Bytes: 7}, {7, "sha256:a"}, {0, "sha256:e"}}), 1, 6).Draw(t, "contents")
		var events []*Event
		var want Content // the last that says anything
		for i, c := range contents {
			events = append(events, event(i, c, list))
			if c.known() {
				want = c
			}
		}
		shuffled := rapid.Permutation(events).Draw(t, "order")
		run := Reduce(slices.Concat(shuffled, shuffled[:1]))[0]
		for where, v := range map[string]Value{"run": run.Outputs["model"], "inputs": run.Tasks[0].Inputs["model"], "outputs": run.Tasks[0].Outputs["model"]} {
			all := v.all()
			if a := all[len(all)-1]; contentOf(a.Bytes, a.Digest) != want || a.URI != uri || list && all[0].Bytes != 0 {
				t.Fatalf("%s: %+v, want %+v", where, v, want)
			}
		}
		if a := run.Artifacts[0]; len(run.Artifacts) != 1 || contentOf(a.Bytes, a.Digest) != want {
			t.Fatalf("edge %+v, want %+v", a, want)
		}
		if got := run.Contents()[uri]; got != want {
			t.Fatalf("contents %+v, want %+v", got, want)
		}
		if again := event(0, contents[0], list); !reflect.DeepEqual(events[0].Records, again.Records) {
			t.Fatal("an event was changed by reading it")
		}
	})
}
