package rundiff

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
)

// values compares parameters or outputs by name.
func (c *comparer) values(aspect, task string, a, b map[string]metadata.Value, absentUnknown bool) {
	c.known[aspect] = true
	for _, name := range keys(a, b) {
		x, inA := a[name]
		y, inB := b[name]
		switch {
		case inA && inB:
			c.value(c.differ, aspect, task, name, x, y)
		case absentUnknown:
			c.unknown[aspect] = true
		default:
			d := Difference{Aspect: aspect, Task: task, Name: name}
			if inA {
				d.A = report.RecordedValue(x)
			}
			if inB {
				d.B = report.RecordedValue(y)
			}
			c.differ(d)
		}
	}
}

func (c *comparer) value(tell func(Difference), aspect, task, name string, x, y metadata.Value) relation {
	rel := compareValues(x, y)
	switch {
	case rel == untold && tell != nil:
		c.unknown[aspect] = true
	case rel == different && tell != nil:
		tell(Difference{Aspect: aspect, Task: task, Name: name, A: report.RecordedValue(x), B: report.RecordedValue(y)})
	}
	return rel
}

// ports compares what a task read or wrote, and tells of it where wanted.
func (c *comparer) ports(tell func(Difference), p *taskPair, a, b map[string]metadata.Value) relation {
	if len(a) == 0 && len(b) == 0 {
		return equal
	}
	if !p.a.State.Final() || !p.b.State.Final() || len(a) == 0 || len(b) == 0 {
		return untold
	}
	all := equal
	for _, name := range keys(a, b) {
		x, inA := a[name]
		y, inB := b[name]
		if !inA || !inB {
			continue // absent optional values; states and outputs of the run tell
		}
		all = all.and(c.value(tell, Outputs, p.path, name, x, y))
	}
	return all
}

// compareValues tells whether two values are the same. Of artifacts content
// counts; without it, the same place is the same artifact, while two places
// say nothing: each run has its own.
func compareValues(a, b metadata.Value) relation {
	switch {
	case a.Redacted && b.Redacted:
		same, known := metadata.SameSecret(a, b)
		switch {
		case !known:
			return untold
		case same:
			return equal
		}
		return different
	case a.Redacted != b.Redacted:
		return untold
	case a.Artifact != nil && b.Artifact != nil:
		return compareArtifacts(*a.Artifact, *b.Artifact)
	case a.IsList && b.IsList:
		if len(a.Artifacts) != len(b.Artifacts) {
			return different
		}
		all := equal
		for i := range a.Artifacts {
			if r := compareArtifacts(a.Artifacts[i], b.Artifacts[i]); r == different {
				return different
			} else if r == untold {
				all = untold
			}
		}
		return all
	case a.Artifact != nil || b.Artifact != nil || a.IsList || b.IsList:
		return different
	case a.Blob != "" || b.Blob != "":
		return told(a.Blob == b.Blob)
	}
	return told(sameJSON(a.Value, b.Value))
}

func told(same bool) relation {
	if same {
		return equal
	}
	return different
}

func compareArtifacts(a, b metadata.ArtifactValue) relation {
	switch {
	case a.Digest != "" && b.Digest != "":
		return told(a.Digest == b.Digest)
	case a.URI == b.URI:
		return equal
	}
	return untold
}

func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// external compares the artifacts that came from outside the runs: those that
// a task read and none of the run wrote, and those that were imported. Here
// another place is another artifact, unless the contents are known.
func (c *comparer) external() {
	a, b := foreign(c.a), foreign(c.b)
	c.known[Inputs] = true
	for _, k := range keys(a, b) {
		x, inA := a[k]
		y, inB := b[k]
		task, name, _ := strings.Cut(k, "\x00")
		d := Difference{Aspect: Inputs, Task: task, Name: name}
		if inA {
			d.A = artifactValue(x)
		}
		if inB {
			d.B = artifactValue(y)
		}
		if inA && inB && (x.Digest != "" && y.Digest != "" && x.Digest == y.Digest || (x.Digest == "" || y.Digest == "") && x.URI == y.URI) {
			continue
		}
		if (!inA || !inB) && (!c.a.State.Final() || !c.b.State.Final()) {
			c.unknown[Inputs] = true
			continue
		}
		c.differ(d)
	}
}

func artifactValue(a *metadata.ArtifactRecord) report.Artifact {
	return report.Artifact{URI: a.URI, Type: a.Type, Digest: a.Digest}
}

// foreign are the artifacts from outside by task and name.
func foreign(r *metadata.Run) map[string]*metadata.ArtifactRecord {
	imported := map[string]bool{}
	for _, t := range r.Tasks {
		if t.Image == "" && t.State != metadata.Skipped {
			imported[t.Path] = true
		}
	}
	made := map[string]bool{}
	for _, e := range r.Artifacts {
		if e.Dir == metadata.Out && !imported[e.Task] {
			made[e.URI] = true
		}
	}
	out := map[string]*metadata.ArtifactRecord{}
	for _, e := range r.Artifacts {
		fromImport := e.Dir == metadata.Out && imported[e.Task]
		if e.Dir == metadata.In && !made[e.URI] || fromImport {
			out[e.Task+"\x00"+e.Name] = e
		}
	}
	return out
}

// anonymous takes out of a manifest what is never the same in two runs.
func anonymous(r *metadata.Run, text string) string {
	for _, own := range []string{r.ID, r.Workflow, r.Name} {
		if own != "" {
			text = strings.ReplaceAll(text, own, "<run>")
		}
	}
	return text
}

func keys[V any](a, b map[string]V) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]V{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }
