package record

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
)

// inline is the largest parameter, in bytes of JSON, that stands in an event;
// larger ones become documents.
const inline = 32 << 10

// news reports whether the record says something that was not written yet.
func (r *Recorder) news(texts map[string]string, path string, rec any) bool {
	text, err := json.Marshal(rec)
	if err != nil {
		return true // Append will say why
	}
	if r.written[path] == string(text) {
		return false
	}
	texts[path] = string(text)
	return true
}

func (r *Recorder) runRecord(ctx context.Context, run *backend.Run) (*metadata.RunRecord, error) {
	rec := &metadata.RunRecord{State: metadata.State(run.State), Name: run.Name, Pipeline: run.Pipeline, Namespace: run.Namespace, UID: run.UID,
		Message: r.hidden.text(run.Message), Started: run.Started, Finished: run.Finished}
	if r.seen == metadata.SeenCluster {
		rec.Workflow = run.Name
	}
	if run.State.Final() {
		rec.Seen = r.seen
	}
	var err error
	if rec.Parameters, err = r.parameters(ctx, run.Parameters); err != nil {
		return nil, err
	}
	rec.Outputs, err = r.values(ctx, run.Outputs)
	return rec, err
}

func (r *Recorder) taskRecord(ctx context.Context, t *backend.Task) (*metadata.TaskRecord, error) {
	rec := &metadata.TaskRecord{Path: t.Path, Attempt: t.Attempt, State: metadata.State(t.State), Class: t.Class, Message: r.hidden.text(t.Message),
		Exit: t.ExitCode, Image: t.Image, Pod: t.Pod, Node: t.Node, Created: t.Created, Started: t.Started, Finished: t.Finished}
	if t.State.Final() {
		rec.Seen = r.seen
	}
	var err error
	if rec.Inputs, err = r.values(ctx, t.Inputs); err != nil {
		return nil, err
	}
	rec.Outputs, err = r.values(ctx, t.Outputs)
	return rec, err
}

func (r *Recorder) parameters(ctx context.Context, in map[string]any) (map[string]metadata.Value, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := make(map[string]metadata.Value, len(in))
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if r.hidden.name(name) {
			out[name] = metadata.Value{Redacted: true}
			continue
		}
		v, err := r.parameter(ctx, in[name])
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

func (r *Recorder) values(ctx context.Context, in map[string]backend.Output) (map[string]metadata.Value, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := make(map[string]metadata.Value, len(in))
	for _, name := range slices.Sorted(maps.Keys(in)) {
		v, err := r.value(ctx, in[name])
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

func (r *Recorder) value(ctx context.Context, o backend.Output) (metadata.Value, error) {
	switch {
	case o.Artifact != nil:
		a := artifact(o.Artifact)
		return metadata.Value{Artifact: &a}, nil
	case o.List != nil:
		v := metadata.Value{IsList: true}
		for _, a := range o.List {
			v.Artifacts = append(v.Artifacts, artifact(a))
		}
		return v, nil
	}
	return r.parameter(ctx, o.Value)
}

// parameter encodes a value; secrets are left out and large values are stored
// by themselves.
func (r *Recorder) parameter(ctx context.Context, v any) (metadata.Value, error) {
	if r.hidden.holds(v) {
		return metadata.Value{Redacted: true}, nil
	}
	out, err := metadata.ParameterValue(v)
	if err != nil || len(out.Value) <= inline {
		return out, err
	}
	digest, err := r.store.PutBlob(ctx, out.Value)
	return metadata.Value{Blob: digest}, err
}

func artifact(a *backend.Artifact) metadata.ArtifactValue {
	return metadata.ArtifactValue{URI: a.URI, Type: a.Type, Digest: a.Digest, Bytes: max(a.Bytes, 0), Metadata: a.Metadata}
}

// edges are the artifacts that a task read and wrote. They are written once
// the task is over: what it wrote is not known before.
func (r *Recorder) edges(t *backend.Task) []metadata.Record {
	if !t.State.Final() || t.State == backend.Skipped {
		return nil
	}
	return append(ports(t, t.Inputs, metadata.In), ports(t, t.Outputs, metadata.Out)...)
}

func ports(t *backend.Task, values map[string]backend.Output, dir string) (out []metadata.Record) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list := values[name].List
		if a := values[name].Artifact; a != nil {
			list = []*backend.Artifact{a}
		}
		for _, a := range list {
			if a == nil || a.URI == "" {
				continue
			}
			out = append(out, metadata.Record{Artifact: &metadata.ArtifactRecord{ID: metadata.ArtifactID(a.URI), URI: a.URI, Type: a.Type,
				Digest: a.Digest, Bytes: max(a.Bytes, 0), Task: t.Path, Name: name, Dir: dir, Metadata: a.Metadata}})
		}
	}
	return out
}
