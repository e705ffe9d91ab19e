// Package rundiff says why the results of two recorded runs differ. What can be
// a cause (parameters, code, images, inputs, settings) is kept apart from what
// came of it (states, outputs, durations); likely causes come first.
package rundiff

import (
	"context"
	"errors"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
)

// A Document is the comparison of two runs.
type Document struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"` // RunDiff
	A          Side   `json:"a"`
	B          Side   `json:"b"`
	// Conclusion is one sentence: what is the same and what is not.
	Conclusion string `json:"conclusion"`
	// Causes are in order of how likely they explain the results.
	Causes  []Difference `json:"causes"`
	Results []Difference `json:"results"`
	// PartsAt is the first task that made other outputs of the same inputs.
	PartsAt string `json:"partsAt,omitempty"`
	// Equal are the aspects that were compared and are the same, Unknown those
	// that could not be compared: one run, or both, do not say.
	Equal   []string `json:"equal"`
	Unknown []string `json:"unknown"`
	// Changes are documents that differ, line by line.
	Changes []Change `json:"changes,omitempty"`
}

// A Side is one of the two runs.
type Side struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Pipeline string `json:"pipeline"`
	State    string `json:"state"`
}

// A Difference is one thing that is not the same. A side that has no value has
// nothing of that name.
type Difference struct {
	Aspect string `json:"aspect"`
	Task   string `json:"task,omitempty"` // its path; [*]: of several iterations
	Name   string `json:"name,omitempty"`
	A      any    `json:"a,omitempty"`
	B      any    `json:"b,omitempty"`
}

// A Change is how a document changed.
type Change struct {
	Document string `json:"document"` // pipeline or manifest
	Diff     string `json:"diff"`     // in the unified format; "": too much changed
	Cut      bool   `json:"cut,omitempty"`
}

// The aspects, in the order in which they are told.
const (
	Parameters = "parameters"
	Code       = "code"
	Images     = "images"
	Inputs     = "inputs"
	Profile    = "profile"
	Resources  = "resources"
	Manifest   = "manifest"
	Engine     = "engine"
	Version    = "kfp-go"
	Revision   = "revision"
	Labels     = "labels"

	States    = "states"
	Outputs   = "outputs"
	Cache     = "cache"
	Tries     = "tries"
	Durations = "durations"
)

func causes() []string {
	return []string{Parameters, Code, Images, Inputs, Profile, Resources, Manifest, Engine, Version, Revision, Labels}
}

func results() []string { return []string{States, Outputs, Cache, Tries, Durations} }

// Same reports whether nothing but durations differs.
func (d *Document) Same() bool {
	for _, r := range d.Results {
		if r.Aspect != Durations {
			return false
		}
	}
	return len(d.Causes) == 0
}

// A comparer gathers what two runs have in common and what not.
type comparer struct {
	a, b    *metadata.Run
	found   map[string][]Difference
	known   map[string]bool // compared at least once
	unknown map[string]bool // could not be compared at least once
	changes []Change
}

// Compare compares two runs. document gives the text of a document by its
// digest; one that is not there is left out of the comparison.
func Compare(ctx context.Context, a, b *metadata.Run, document func(ctx context.Context, digest string) ([]byte, error)) (*Document, error) {
	c := &comparer{a: a, b: b, found: map[string][]Difference{}, known: map[string]bool{}, unknown: map[string]bool{}}
	c.values(Parameters, "", a.RunRecord.Parameters, b.RunRecord.Parameters, c.absentUnknown())
	if err := c.documents(ctx, document); err != nil {
		return nil, err
	}
	c.settings()
	pairs := pair(a, b)
	c.tasks(pairs)
	c.external()
	c.values(Outputs, "", a.RunRecord.Outputs, b.RunRecord.Outputs, !a.State.Final() || !b.State.Final())
	doc := &Document{
		APIVersion: report.APIVersion, Kind: "RunDiff", A: side(a), B: side(b), Changes: c.changes,
		Causes: []Difference{}, Results: []Difference{}, Equal: []string{}, Unknown: []string{},
	}
	for _, aspect := range causes() {
		doc.Causes = append(doc.Causes, c.found[aspect]...)
	}
	for _, aspect := range results() {
		doc.Results = append(doc.Results, c.found[aspect]...)
	}
	for _, aspect := range append(causes(), results()...) {
		switch {
		case len(c.found[aspect]) > 0:
		case c.unknown[aspect], !c.known[aspect]:
			doc.Unknown = append(doc.Unknown, aspect)
		default:
			doc.Equal = append(doc.Equal, aspect)
		}
	}
	doc.PartsAt = partsAt(pairs)
	doc.Conclusion = conclude(doc)
	return doc, nil
}

func side(r *metadata.Run) Side {
	return Side{ID: r.ID, Name: r.Name, Pipeline: r.Pipeline, State: string(r.State)}
}

// absentUnknown reports whether a parameter that only one run names says
// nothing: a run that has not ended may name the given ones only.
func (c *comparer) absentUnknown() bool { return !c.a.State.Final() || !c.b.State.Final() }

func (c *comparer) differ(d Difference) {
	c.known[d.Aspect] = true
	c.found[d.Aspect] = append(c.found[d.Aspect], d)
}

// text compares two texts; empty ones are not known.
func (c *comparer) text(aspect, task, name, a, b string) {
	switch {
	case a == "" && b == "":
		return
	case a == "" || b == "":
		c.unknown[aspect] = true
	case a == b:
		c.known[aspect] = true
	default:
		c.differ(Difference{Aspect: aspect, Task: task, Name: name, A: a, B: b})
	}
}

// settings compares what the runs say of themselves.
func (c *comparer) settings() {
	a, b := c.a, c.b
	c.known[Profile] = true
	if a.Profile != b.Profile {
		c.differ(Difference{Aspect: Profile, A: orAbsent(a.Profile), B: orAbsent(b.Profile)})
	}
	c.text(Engine, "", "engine", a.Engine, b.Engine)
	if a.Engine == b.Engine {
		c.text(Engine, "", "cluster", a.Cluster, b.Cluster)
		c.text(Engine, "", "namespace", a.Namespace, b.Namespace)
	}
	c.text(Version, "", "version", a.By.Version, b.By.Version)
	if a.Code != nil && b.Code != nil {
		c.text(Revision, "", "repository", a.Code.Repository, b.Code.Repository)
		c.text(Revision, "", "revision", a.Code.Revision, b.Code.Revision)
		c.text(Revision, "", "path", a.Code.Path, b.Code.Path)
		c.known[Revision] = true
		if a.Code.Dirty != b.Code.Dirty {
			c.differ(Difference{Aspect: Revision, Name: "uncommitted changes", A: a.Code.Dirty, B: b.Code.Dirty})
		}
		if a.Code.Dirty && b.Code.Dirty { // equal revisions say nothing then
			c.unknown[Revision] = true
		}
	} else if a.Code != nil || b.Code != nil {
		c.unknown[Revision] = true
	}
	c.known[Labels] = true
	for _, key := range keys(a.RunRecord.Labels, b.RunRecord.Labels) {
		x, y := a.RunRecord.Labels[key], b.RunRecord.Labels[key]
		if x != y {
			c.differ(Difference{Aspect: Labels, Name: key, A: orAbsent(x), B: orAbsent(y)})
		}
	}
}

func orAbsent(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// documents compares what was written by people, and what was submitted.
func (c *comparer) documents(ctx context.Context, document func(context.Context, string) ([]byte, error)) error {
	a, b := c.a, c.b
	c.text(Code, "", "pipeline", a.Pipeline, b.Pipeline)
	if a.Spec == "" || b.Spec == "" {
		c.unknown[Code] = true
	} else if a.Spec == b.Spec {
		c.known[Code] = true
	} else {
		c.differ(Difference{Aspect: Code, Name: "pipeline file", A: a.Spec, B: b.Spec})
		x, y, err := both(ctx, document, a.Spec, b.Spec)
		if err != nil {
			return err
		}
		c.change("pipeline", x, y)
	}
	if a.Manifest == "" || b.Manifest == "" {
		return nil
	}
	x, y, err := both(ctx, document, a.Manifest, b.Manifest)
	switch {
	case err != nil:
		return err
	case x == nil || y == nil:
		c.unknown[Manifest] = true
		return nil
	}
	from, to := anonymous(a, string(x)), anonymous(b, string(y))
	if from == to {
		c.known[Manifest] = true
		return nil
	}
	c.differ(Difference{Aspect: Manifest, A: a.Manifest, B: b.Manifest})
	if a.Spec == b.Spec { // otherwise the pipeline's change says it better
		c.change("manifest", []byte(from), []byte(to))
	}
	return nil
}

func both(ctx context.Context, document func(context.Context, string) ([]byte, error), a, b string) (x, y []byte, err error) {
	for _, d := range []struct {
		digest string
		to     *[]byte
	}{{a, &x}, {b, &y}} {
		data, err := document(ctx, d.digest)
		switch {
		case err == nil:
			*d.to = data
		case errors.Is(err, metadata.ErrNotFound), errors.Is(err, metadata.ErrDamaged):
			return nil, nil, nil
		default:
			return nil, nil, err
		}
	}
	return x, y, nil
}

func (c *comparer) change(document string, a, b []byte) {
	if a == nil || b == nil {
		return
	}
	text, whole := unified(string(a), string(b))
	c.changes = append(c.changes, Change{Document: document, Diff: text, Cut: !whole})
}
