package metadata

import (
	"maps"
	"slices"
)

// A Content is what is known of an artifact's data.
type Content struct {
	Bytes  int64  // 0: unknown, or empty data whose digest is known
	Digest string // "": unknown
}

func contentOf(bytes int64, digest string) Content { return Content{max(bytes, 0), digest} }

func (c Content) known() bool { return c != Content{} }

// Contents is what is recorded of the data of a run's artifacts, by URI.
func (r *Run) Contents() map[string]Content {
	out := map[string]Content{}
	note := func(uri string, c Content) {
		if old := out[uri]; c.known() && (!old.known() || old.Digest == "") {
			out[uri] = c
		}
	}
	for _, a := range r.Artifacts {
		note(a.URI, contentOf(a.Bytes, a.Digest))
	}
	values := []map[string]Value{r.Outputs}
	for _, t := range r.Tasks {
		values = append(values, t.Inputs, t.Outputs)
	}
	for _, m := range values {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			v := m[name]
			for _, a := range v.all() {
				note(a.URI, contentOf(a.Bytes, a.Digest))
			}
		}
	}
	return out
}

// all are the artifacts of a value.
func (v Value) all() []ArtifactValue {
	if v.Artifact != nil {
		return []ArtifactValue{*v.Artifact}
	}
	return v.Artifacts
}

// withContents completes values whose artifacts nobody had looked at by what the
// last of the claims that knows anything of the same URI says. The values
// themselves are not changed.
func withContents(values map[string]Value, claims []claim, of func(claim) map[string]Value) map[string]Value {
	if len(claims) < 2 {
		return values
	}
	var known map[place]Content
	changed := false
	for name, v := range values {
		for i, a := range v.all() {
			if contentOf(a.Bytes, a.Digest).known() {
				continue
			}
			if known == nil {
				known = contentsOf(claims, of)
			}
			c, ok := known[place{name, a.URI}]
			if !ok {
				continue
			}
			if !changed {
				values, changed = maps.Clone(values), true
			}
			v = v.with(i, c)
			values[name] = v
		}
	}
	return values
}

// A place is where an artifact stands in values, and lies.
type place struct{ name, uri string }

func contentsOf(claims []claim, of func(claim) map[string]Value) map[place]Content {
	known := map[place]Content{}
	for _, c := range claims {
		for name, v := range of(c) {
			for _, a := range v.all() {
				if c := contentOf(a.Bytes, a.Digest); c.known() {
					known[place{name, a.URI}] = c
				}
			}
		}
	}
	return known
}

// with is the value with what is known of its i-th artifact.
func (v Value) with(i int, c Content) Value {
	if v.Artifact != nil {
		a := *v.Artifact
		a.Bytes, a.Digest = c.Bytes, c.Digest
		v.Artifact = &a
		return v
	}
	list := slices.Clone(v.Artifacts)
	list[i].Bytes, list[i].Digest = c.Bytes, c.Digest
	v.Artifacts = list
	return v
}
