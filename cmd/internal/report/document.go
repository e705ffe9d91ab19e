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
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"` // Run
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Pipeline   string            `json:"pipeline"`
	State      string            `json:"state"`
	Attempt    int               `json:"attempt,omitempty"` // above 1: it was retried as a whole
	Message    string            `json:"message,omitempty"`
	Engine     string            `json:"engine,omitempty"` // local or argo
	Source     string            `json:"source,omitempty"` // the file the run was made from
	Code       *metadata.Code    `json:"code,omitempty"`
	Spec       string            `json:"spec,omitempty"`     // digest of the pipeline file
	Manifest   string            `json:"manifest,omitempty"` // digest of what was submitted
	Profile    string            `json:"profile,omitempty"`
	SLO        *metadata.SLO     `json:"slo,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	Cluster    string            `json:"cluster,omitempty"`
	Namespace  string            `json:"namespace,omitempty"`
	Workflow   string            `json:"workflow,omitempty"`
	UID        string            `json:"uid,omitempty"` // the Workflow's
	By         *metadata.Writer  `json:"by,omitempty"`  // who started it, where, with which version
	Created    *time.Time        `json:"created,omitempty"`
	Started    *time.Time        `json:"started,omitempty"`
	Finished   *time.Time        `json:"finished,omitempty"`
	Updated    *time.Time        `json:"updated,omitempty"` // the last that was recorded
	Parameters map[string]any    `json:"parameters"`
	Outputs    map[string]any    `json:"outputs"`
	Tasks      []Task            `json:"tasks,omitempty"` // by path; missing in lists
}

// A Task is the last attempt of one task, with those before it.
type Task struct {
	Path        string              `json:"path"`
	State       string              `json:"state"`
	Attempt     int                 `json:"attempt,omitempty"`
	Class       string              `json:"class,omitempty"` // of a failure
	Message     string              `json:"message,omitempty"`
	ExitCode    *int                `json:"exitCode,omitempty"`
	Component   string              `json:"component,omitempty"`
	Image       string              `json:"image,omitempty"`
	ImageDigest string              `json:"imageDigest,omitempty"`
	Resources   *metadata.Resources `json:"resources,omitempty"`
	CacheKey    string              `json:"cacheKey,omitempty"`
	Pod         string              `json:"pod,omitempty"`
	Node        string              `json:"node,omitempty"`
	Logs        string              `json:"logs,omitempty"`      // URI of what it printed
	Created     *time.Time          `json:"created,omitempty"`   // it was ready to go
	Scheduled   *time.Time          `json:"scheduled,omitempty"` // its pod got a node
	Started     *time.Time          `json:"started,omitempty"`   // its program began
	Finished    *time.Time          `json:"finished,omitempty"`
	Inputs      map[string]any      `json:"inputs,omitempty"`
	Outputs     map[string]any      `json:"outputs,omitempty"`
	Earlier     []Task              `json:"earlier,omitempty"` // the attempts before this one
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

// Large stands for a large value where only its digest is known.
type Large struct {
	Blob string `json:"blob"`
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
	out := Task{
		Path: t.Path, State: string(t.State), Attempt: t.Attempt, Class: t.Class, Message: t.Message,
		ExitCode: t.ExitCode, Component: t.Component, Image: t.Image, ImageDigest: t.ImageDigest, CacheKey: t.CacheKey, Pod: t.Pod, Node: t.Node, Logs: t.Logs,
		Created: timeOf(t.Created), Scheduled: timeOf(t.Scheduled), Started: timeOf(t.Started), Finished: timeOf(t.Finished),
		Inputs: orNil(values(t.Inputs)), Outputs: orNil(values(t.Outputs)),
	}
	if r := t.Resources; r != nil {
		out.Resources = &metadata.Resources{CPU: r.CPU, Memory: r.Memory, Accelerator: r.Accelerator, AcceleratorCount: r.AcceleratorCount, Product: r.Product, Spot: r.Spot}
	}
	for _, e := range t.Earlier {
		out.Earlier = append(out.Earlier, taskFromBackend(e))
	}
	return out
}

func values(in map[string]backend.Output) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range in {
		switch {
		case v.Hidden:
			out[k] = Redacted{true}
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
		Engine: r.Engine, Source: r.Source, Code: r.Code, Spec: r.Spec, Manifest: r.Manifest, Profile: r.Profile, SLO: r.SLO, Labels: r.Labels,
		Cluster: r.Cluster, Namespace: r.Namespace, Workflow: r.Workflow, UID: r.UID,
		Created: timeOf(r.Created), Started: timeOf(r.Started), Finished: timeOf(r.Finished), Updated: timeOf(r.Updated),
		Parameters: recorded(r.Parameters), Outputs: recorded(r.Outputs),
	}
	if r.Attempt > 1 {
		out.Attempt = r.Attempt
	}
	if r.By != (metadata.Writer{}) {
		out.By = &r.By
	}
	for _, t := range r.Tasks {
		task := taskFromMetadata(&t.TaskRecord)
		for _, e := range t.Earlier {
			task.Earlier = append(task.Earlier, taskFromMetadata(e))
		}
		out.Tasks = append(out.Tasks, task)
	}
	return out
}

func taskFromMetadata(t *metadata.TaskRecord) Task {
	return Task{
		Path: t.Path, State: string(t.State), Attempt: t.Attempt, Class: t.Class, Message: t.Message,
		ExitCode: t.Exit, Component: t.Component, Image: t.Image, ImageDigest: t.ImageDigest, Resources: t.Resources, CacheKey: t.Cache, Pod: t.Pod, Node: t.Node, Logs: t.Logs,
		Created: timeOf(t.Created), Scheduled: timeOf(t.Scheduled), Started: timeOf(t.Started), Finished: timeOf(t.Finished),
		Inputs: orNil(recorded(t.Inputs)), Outputs: orNil(recorded(t.Outputs)),
	}
}

func recorded(in map[string]metadata.Value) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range in {
		out[k] = RecordedValue(v)
	}
	return out
}

// RecordedValue is a recorded value as documents have it.
func RecordedValue(v metadata.Value) any {
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
		return Large{v.Blob}
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
