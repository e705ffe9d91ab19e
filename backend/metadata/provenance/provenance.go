// Package provenance states what a recorded run made out of what, as an in-toto
// statement with SLSA's provenance. Its idea: the statement is a function of the
// record and says nothing that the record does not, so that whoever signs it
// knows what is signed; what has no digest is no subject.
package provenance

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// What the statement is made of, by the names that in-toto and SLSA give it.
const (
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://slsa.dev/provenance/v1"
	// BuildType says how to read the parameters.
	BuildType = "https://github.com/kfp-go/kfp-go/blob/main/docs/exchange.md#provenance"
)

// Errors of Of.
var (
	ErrUnfinished = errors.New("the run has not ended yet")
	ErrNoSubject  = errors.New("no output artifact of the run has a SHA-256, so there is nothing to vouch for")
)

// A Statement is an in-toto statement, version 1.
type Statement struct {
	Type          string     `json:"_type"`
	Subject       []Resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     Predicate  `json:"predicate"`
}

// A Resource is an in-toto ResourceDescriptor.
type Resource struct {
	Name        string            `json:"name,omitempty"`
	URI         string            `json:"uri,omitempty"`
	Digest      map[string]string `json:"digest,omitempty"`
	Annotations map[string]any    `json:"annotations,omitempty"`
}

// A Predicate is SLSA's provenance, version 1.
type Predicate struct {
	Build struct {
		Type     string     `json:"buildType"`
		External External   `json:"externalParameters"`
		Internal Internal   `json:"internalParameters,omitzero"`
		Resolved []Resource `json:"resolvedDependencies,omitempty"`
	} `json:"buildDefinition"`
	Run struct {
		Builder  Builder `json:"builder"`
		Metadata struct {
			InvocationID string    `json:"invocationId"`
			Started      time.Time `json:"startedOn,omitzero"`
			Finished     time.Time `json:"finishedOn,omitzero"`
		} `json:"metadata"`
	} `json:"runDetails"`
}

// External is what the user chose.
type External struct {
	Pipeline   string           `json:"pipeline,omitempty"`
	Source     string           `json:"source,omitempty"`
	Profile    string           `json:"profile,omitempty"`
	Parameters map[string]Value `json:"parameters,omitempty"`
}

// A Value is a parameter: its JSON, or the digest of it where it is large, or
// that it is secret.
type Value struct {
	Value    json.RawMessage `json:"value,omitempty"`
	Digest   string          `json:"digest,omitempty"`
	Redacted bool            `json:"redacted,omitempty"`
}

// Internal is where the run took place.
type Internal struct {
	Engine    string `json:"engine,omitempty"`
	Cluster   string `json:"cluster,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Workflow  string `json:"workflow,omitempty"`
	UID       string `json:"uid,omitempty"`
}

// A Builder is who ran it and is to be trusted for what is said.
type Builder struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version,omitempty"`
}

// Of is the statement about a finished run, and the URIs of the output artifacts
// that it leaves out since no SHA-256 is recorded of them. The same record
// always gives the same statement.
func Of(r *metadata.Run) (*Statement, []string, error) {
	if !r.State.Final() {
		return nil, nil, fmt.Errorf("run %s: %w: it is %s", r.ID, ErrUnfinished, cmp.Or(r.State, metadata.Planned))
	}
	s := &Statement{Type: StatementType, PredicateType: PredicateType}
	made, unknown := outputs(r)
	s.Subject = made
	if len(made) == 0 {
		return nil, unknown, fmt.Errorf("run %s: %w", r.ID, ErrNoSubject)
	}
	p := &s.Predicate
	p.Build.Type = BuildType
	p.Build.External = External{Pipeline: r.Pipeline, Source: r.Source, Profile: r.Profile, Parameters: parameters(r.Parameters)}
	p.Build.Internal = Internal{Engine: r.Engine, Cluster: r.Cluster, Namespace: r.Namespace, Workflow: r.Workflow, UID: r.UID}
	p.Build.Resolved = dependencies(r, made, unknown)
	p.Run.Builder = builder(r)
	p.Run.Metadata.InvocationID = r.ID
	p.Run.Metadata.Started, p.Run.Metadata.Finished = r.Started.UTC(), r.Finished.UTC()
	return s, unknown, nil
}

// builder is the program that ran the tasks: the cluster's Argo, or this one.
func builder(r *metadata.Run) Builder {
	b := Builder{ID: "https://github.com/kfp-go/kfp-go#" + cmp.Or(r.Engine, "local")}
	if r.By.Version != "" {
		b.Version = map[string]string{"kfp-go": r.By.Version}
	}
	return b
}

func parameters(in map[string]metadata.Value) map[string]Value {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]Value, len(in))
	for name, v := range in {
		out[name] = Value{Value: v.Value, Digest: v.Blob, Redacted: v.Redacted}
	}
	return out
}

// outputs are the artifacts that the run made, by URI, and the URIs of those
// whose content is not known.
func outputs(r *metadata.Run) (made []Resource, unknown []string) {
	digests := map[string]map[string]bool{}
	note := func(uri, digest string) {
		if uri == "" {
			return
		}
		if digests[uri] == nil {
			digests[uri] = map[string]bool{}
		}
		if hex, ok := sha256(digest); ok {
			digests[uri][hex] = true
		}
	}
	for _, a := range r.Artifacts {
		if a.Dir == metadata.Out {
			note(a.URI, a.Digest)
		}
	}
	values := []map[string]metadata.Value{r.Outputs}
	for _, t := range r.Tasks {
		values = append(values, t.Outputs)
	}
	for _, m := range values {
		for _, v := range m {
			if v.Artifact != nil {
				note(v.Artifact.URI, v.Artifact.Digest)
			}
			for _, a := range v.Artifacts {
				note(a.URI, a.Digest)
			}
		}
	}
	for _, uri := range slices.Sorted(maps.Keys(digests)) {
		if len(digests[uri]) == 0 {
			unknown = append(unknown, uri)
		}
		for _, hex := range slices.Sorted(maps.Keys(digests[uri])) {
			made = append(made, Resource{Name: uri, URI: uri, Digest: map[string]string{"sha256": hex}})
		}
	}
	return made, unknown
}

// dependencies are the documents that were run, the commit they come from, the
// images and the artifacts that came from elsewhere; by digest where one is
// recorded, else by name alone.
func dependencies(r *metadata.Run, made []Resource, unknown []string) []Resource {
	var out []Resource
	for _, d := range []struct{ name, digest string }{{"pipeline", r.Spec}, {"manifest", r.Manifest}} {
		if hex, ok := sha256(d.digest); ok {
			out = append(out, Resource{Name: d.name, Digest: map[string]string{"sha256": hex}})
		}
	}
	if c := r.Code; c != nil && c.Revision != "" {
		d := Resource{Name: "source", Digest: map[string]string{"gitCommit": c.Revision}}
		if c.Repository != "" {
			d.URI = "git+" + c.Repository
		}
		if c.Dirty {
			d.Annotations = map[string]any{"dirty": true}
		}
		out = append(out, d)
	}
	out = append(out, images(r)...)
	own := map[string]bool{}
	for _, m := range made {
		own[m.URI] = true
	}
	for _, uri := range unknown {
		own[uri] = true
	}
	seen := map[string]Resource{}
	for _, a := range r.Artifacts {
		if a.Dir == metadata.In && !own[a.URI] {
			addDependency(seen, "", a.URI, a.Digest)
		}
	}
	return append(out, inOrder(seen)...)
}

func images(r *metadata.Run) []Resource {
	seen := map[string]Resource{}
	add := func(t *metadata.TaskRecord) {
		if t.Image == "" {
			return
		}
		name, digest, _ := strings.Cut(t.Image, "@")
		addDependency(seen, "image", "oci://"+name, cmp.Or(t.ImageDigest, digest))
	}
	for _, t := range r.Tasks {
		add(&t.TaskRecord)
		for _, earlier := range t.Earlier {
			add(earlier)
		}
	}
	return inOrder(seen)
}

func addDependency(seen map[string]Resource, name, uri, digest string) {
	d := Resource{Name: name, URI: uri}
	hex, ok := sha256(digest)
	if ok {
		d.Digest = map[string]string{"sha256": hex}
	}
	seen[uri+"\x00"+hex] = d
}

func inOrder(seen map[string]Resource) []Resource {
	var out []Resource
	for _, key := range slices.Sorted(maps.Keys(seen)) {
		out = append(out, seen[key])
	}
	return out
}

// sha256 is the hex of "sha256:…", false for anything else.
func sha256(digest string) (string, bool) {
	hex, ok := strings.CutPrefix(digest, "sha256:")
	if !ok || len(hex) != 64 || strings.Trim(hex, "0123456789abcdef") != "" {
		return "", false
	}
	return hex, true
}
