// Package report shows runs: as tables for people and as the JSON documents
// that scripts rely on (docs/json.md). A run looks the same whether it is going
// on or was read from the metadata file.
package report

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
)

// APIVersion names the shape of all documents; it changes when a reader of the
// old one would break. New fields may appear without a change.
const APIVersion = "kfp-go/v1"

// A Run is the JSON document of one run.
type Run struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"` // Run
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Pipeline   string         `json:"pipeline"`
	State      string         `json:"state"`
	Message    string         `json:"message,omitempty"`
	Engine     string         `json:"engine,omitempty"` // local or argo
	Source     string         `json:"source,omitempty"` // the file the run was made from
	Namespace  string         `json:"namespace,omitempty"`
	Workflow   string         `json:"workflow,omitempty"`
	Created    *time.Time     `json:"created,omitempty"`
	Started    *time.Time     `json:"started,omitempty"`
	Finished   *time.Time     `json:"finished,omitempty"`
	Parameters map[string]any `json:"parameters"`
	Outputs    map[string]any `json:"outputs"`
	Tasks      []Task         `json:"tasks,omitempty"` // by path; missing in lists
}

// A Task is the last attempt of one task.
type Task struct {
	Path     string         `json:"path"`
	State    string         `json:"state"`
	Attempt  int            `json:"attempt,omitempty"`
	Class    string         `json:"class,omitempty"` // of a failure
	Message  string         `json:"message,omitempty"`
	ExitCode *int           `json:"exitCode,omitempty"`
	Image    string         `json:"image,omitempty"`
	Pod      string         `json:"pod,omitempty"`
	Node     string         `json:"node,omitempty"`
	Started  *time.Time     `json:"started,omitempty"`
	Finished *time.Time     `json:"finished,omitempty"`
	Inputs   map[string]any `json:"inputs,omitempty"`
	Outputs  map[string]any `json:"outputs,omitempty"`
}

// An Artifact is the value of an artifact.
type Artifact struct {
	URI      string         `json:"uri"`
	Type     string         `json:"type,omitempty"`
	Digest   string         `json:"digest,omitempty"`
	Bytes    *int64         `json:"bytes,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"`
}

// Redacted stands for the value of a secret.
type Redacted struct {
	Redacted bool `json:"redacted"`
}

// Runs is the JSON document of a list of runs.
type Runs struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"` // RunList
	Runs       []Run  `json:"runs"`
}

// FromBackend is the document of a run as a runner knows it.
func FromBackend(r *backend.Run) Run {
	out := Run{
		APIVersion: APIVersion, Kind: "Run",
		ID: string(r.ID), Name: r.Name, Pipeline: r.Pipeline, State: string(r.State), Message: r.Message,
		Namespace: r.Namespace,
		Created:   timeOf(r.Created), Started: timeOf(r.Started), Finished: timeOf(r.Finished),
		Parameters: map[string]any{}, Outputs: values(r.Outputs),
	}
	if r.Namespace != "" {
		out.Workflow = r.Name
	}
	maps.Copy(out.Parameters, r.Parameters)
	for _, t := range r.Tasks {
		out.Tasks = append(out.Tasks, taskFromBackend(t))
	}
	return out
}

func taskFromBackend(t *backend.Task) Task {
	return Task{
		Path: t.Path, State: string(t.State), Attempt: t.Attempt, Class: t.Class, Message: t.Message,
		ExitCode: t.ExitCode, Image: t.Image, Pod: t.Pod, Node: t.Node,
		Started: timeOf(t.Started), Finished: timeOf(t.Finished),
		Inputs: orNil(values(t.Inputs)), Outputs: orNil(values(t.Outputs)),
	}
}

func values(in map[string]backend.Output) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range in {
		switch {
		case v.Artifact != nil:
			out[k] = artifact(*v.Artifact)
		case v.List != nil:
			list := []Artifact{}
			for _, a := range v.List {
				if a != nil {
					list = append(list, artifact(*a))
				}
			}
			out[k] = list
		default:
			out[k] = v.Value
		}
	}
	return out
}

func artifact(a backend.Artifact) Artifact {
	out := Artifact{URI: a.URI, Type: a.Type, Digest: a.Digest, Metadata: a.Metadata}
	if a.Bytes >= 0 {
		out.Bytes = &a.Bytes
	}
	return out
}

// FromMetadata is the document of a recorded run.
func FromMetadata(r *metadata.Run) Run {
	out := Run{
		APIVersion: APIVersion, Kind: "Run",
		ID: r.ID, Name: r.Name, Pipeline: r.Pipeline, State: string(r.State), Message: r.Message,
		Engine: r.Engine, Source: r.Source, Namespace: r.Namespace, Workflow: r.Workflow,
		Created: timeOf(r.Created), Started: timeOf(r.Started), Finished: timeOf(r.Finished),
		Parameters: recorded(r.Parameters), Outputs: recorded(r.Outputs),
	}
	for _, t := range r.Tasks {
		out.Tasks = append(out.Tasks, Task{
			Path: t.Path, State: string(t.State), Attempt: t.Attempt, Class: t.Class, Message: t.Message,
			ExitCode: t.Exit, Image: t.Image, Pod: t.Pod, Node: t.Node,
			Started: timeOf(t.Started), Finished: timeOf(t.Finished),
			Inputs: orNil(recorded(t.Inputs)), Outputs: orNil(recorded(t.Outputs)),
		})
	}
	return out
}

func recorded(in map[string]metadata.Value) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range in {
		out[k] = recordedValue(v)
	}
	return out
}

func recordedValue(v metadata.Value) any {
	switch {
	case v.Redacted:
		return Redacted{true}
	case v.Artifact != nil:
		return recordedArtifact(*v.Artifact)
	case v.IsList || v.Artifacts != nil:
		list := []Artifact{}
		for _, a := range v.Artifacts {
			list = append(list, recordedArtifact(a))
		}
		return list
	case v.Blob != "":
		return map[string]any{"blob": v.Blob}
	case len(v.Value) == 0:
		return nil
	}
	return json.RawMessage(v.Value)
}

func recordedArtifact(a metadata.ArtifactValue) Artifact {
	out := Artifact{URI: a.URI, Type: a.Type, Digest: a.Digest, Metadata: a.Metadata}
	if a.Bytes > 0 {
		out.Bytes = &a.Bytes
	}
	return out
}

func orNil(m map[string]any) map[string]any {
	if len(m) == 0 {
		return nil
	}
	return m
}

func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
