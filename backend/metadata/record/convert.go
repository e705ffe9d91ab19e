package record

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
)

// inline is the largest parameter, in bytes of JSON, that stands in an event;
// larger ones become documents.
const inline = 32 << 10

// news reports whether the record says something that was not written yet,
// by this recorder or, as far as recorded tells (nil: nothing), before it.
func (r *Recorder) news(texts map[string]string, key string, rec, recorded any) bool {
	text, err := json.Marshal(rec)
	if err != nil {
		return true // Append will say why
	}
	old, wrote := r.written[key]
	if wrote && old == string(text) || !wrote && recorded != nil && saidBy(recorded, text) {
		return false
	}
	texts[key] = string(text)
	return true
}

// earliest are members of records of which the reduction takes the least.
var earliest = []string{"created", "scheduled", "started"}

// saidBy reports whether what is recorded has every member of the record.
func saidBy(recorded any, text []byte) bool {
	known, err := json.Marshal(recorded)
	if err != nil {
		return false
	}
	var old, now map[string]json.RawMessage
	if json.Unmarshal(known, &old) != nil || json.Unmarshal(text, &now) != nil {
		return false
	}
	for name, v := range now {
		was, ok := old[name]
		if ok && bytes.Equal(was, v) {
			continue
		}
		if ok && slices.Contains(earliest, name) && notAfter(was, v) {
			continue
		}
		return false
	}
	return true
}

func notAfter(a, b json.RawMessage) bool {
	var x, y time.Time
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && !x.After(y)
}

// recordedRun is what was recorded of the run before this recorder.
func (r *Recorder) recordedRun() any {
	if r.known == nil {
		return nil
	}
	return &r.known.RunRecord
}

// attemptKey names the record of an attempt.
func attemptKey(path string, attempt int) string {
	return path + "\x00" + strconv.Itoa(max(attempt, 1))
}

// recordedTasks are the attempts that were recorded of a run, by their keys.
func recordedTasks(run *metadata.Run) map[string]*metadata.TaskRecord {
	out := make(map[string]*metadata.TaskRecord, len(run.Tasks))
	for _, t := range run.Tasks {
		out[attemptKey(t.Path, t.Attempt)] = &t.TaskRecord
		for _, earlier := range t.Earlier {
			out[attemptKey(t.Path, earlier.Attempt)] = earlier
		}
	}
	return out
}

// recordedTask is what was recorded of an attempt before this recorder.
func (r *Recorder) recordedTask(key string) any {
	if rec, ok := r.attempts[key]; ok {
		return rec
	}
	return nil
}

func (r *Recorder) runRecord(ctx context.Context, run *backend.Run) (*metadata.RunRecord, error) {
	hidden := r.secrets()
	rec := &metadata.RunRecord{State: metadata.State(run.State), Name: run.Name, Pipeline: run.Pipeline, Namespace: run.Namespace, UID: run.UID,
		Folder: run.Folder, Stores: run.Stores, Message: hidden.text(run.Message), Started: run.Started, Finished: run.Finished}
	if r.seen == metadata.SeenCluster {
		rec.Workflow = run.Name
	}
	if run.State.Final() {
		rec.Seen = r.seen
	}
	rec.Attempt = r.attempt()
	if r.known != nil && r.known.State.Final() && !run.State.Final() {
		rec.Attempt = max(rec.Attempt, 1) + 1 // somebody had it tried again
	}
	var err error
	if rec.Parameters, err = r.parameters(ctx, run.Parameters); err != nil {
		return nil, err
	}
	rec.Outputs, err = r.values(ctx, run.Outputs)
	return rec, err
}

// taskRecords are what is new about the attempts of a task, and its artifacts.
func (r *Recorder) taskRecords(ctx context.Context, t *backend.Task, texts map[string]string) ([]metadata.Record, error) {
	var out []metadata.Record
	add := func(t *backend.Task) (bool, error) {
		rec, err := r.taskRecord(ctx, t)
		key := attemptKey(t.Path, t.Attempt)
		if err != nil || !r.news(texts, key, rec, r.recordedTask(key)) {
			return false, err
		}
		out = append(out, metadata.Record{Task: rec})
		return true, nil
	}
	for _, earlier := range t.Earlier {
		if _, err := add(earlier); err != nil {
			return nil, err
		}
	}
	fresh, err := add(t)
	if fresh {
		out = append(out, r.edges(t)...)
	}
	return out, err
}

func (r *Recorder) taskRecord(ctx context.Context, t *backend.Task) (*metadata.TaskRecord, error) {
	rec := &metadata.TaskRecord{Path: t.Path, Attempt: t.Attempt, State: metadata.State(t.State), Class: t.Class, Message: r.secrets().text(t.Message),
		Exit: t.ExitCode, Image: t.Image, ImageDigest: t.ImageDigest, Component: t.Component, Cache: t.CacheKey, Pod: t.Pod, Node: t.Node, Logs: t.Logs,
		Created: t.Created, Scheduled: t.Scheduled, Started: t.Started, Finished: t.Finished}
	if t.Resources != nil {
		asked := metadata.Resources(*t.Resources)
		rec.Resources = &asked
	}
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
	hidden := r.secrets()
	out := make(map[string]metadata.Value, len(in))
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if hidden.secret(name) {
			out[name] = hidden.seal(in[name])
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
	case o.Hidden:
		return metadata.Value{Redacted: true}, nil
	case o.Artifact != nil:
		a := r.artifact(o.Artifact)
		return metadata.Value{Artifact: &a}, nil
	case o.List != nil:
		v := metadata.Value{IsList: true}
		for _, a := range o.List {
			if a != nil {
				v.Artifacts = append(v.Artifacts, r.artifact(a))
			}
		}
		return v, nil
	}
	return r.parameter(ctx, o.Value)
}

// parameter encodes a value; secrets are left out and large values are stored
// by themselves.
func (r *Recorder) parameter(ctx context.Context, v any) (metadata.Value, error) {
	if hidden := r.secrets(); hidden.holds(v) {
		return hidden.seal(v), nil
	}
	out, err := metadata.ParameterValue(v)
	if err != nil || len(out.Value) <= inline {
		return out, err
	}
	digest, err := r.store.PutBlob(ctx, out.Value)
	return metadata.Value{Blob: digest}, err
}

func (r *Recorder) artifact(a *backend.Artifact) metadata.ArtifactValue {
	hidden := r.secrets()
	out := metadata.ArtifactValue{URI: hidden.uri(a.URI), Type: a.Type, Digest: a.Digest, Bytes: max(a.Bytes, 0), Metadata: a.Metadata}
	if known, ok := r.contents[out.URI]; ok && out.Digest == "" && (out.Bytes == 0 || out.Bytes == known.Bytes) {
		out.Bytes, out.Digest = known.Bytes, known.Digest
	}
	if hidden.holds(a.Metadata) {
		out.Metadata = nil
	}
	return out
}

// edges are the artifacts that a task read and wrote. They are written once
// the task is over: what it wrote is not known before.
func (r *Recorder) edges(t *backend.Task) []metadata.Record {
	if !t.State.Final() || t.State == backend.Skipped {
		return nil
	}
	return append(r.ports(t, t.Inputs, metadata.In), r.ports(t, t.Outputs, metadata.Out)...)
}

func (r *Recorder) ports(t *backend.Task, values map[string]backend.Output, dir string) (out []metadata.Record) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list := values[name].List
		if a := values[name].Artifact; a != nil {
			list = []*backend.Artifact{a}
		}
		for _, a := range list {
			if a == nil || a.URI == "" {
				continue
			}
			v := r.artifact(a)
			out = append(out, metadata.Record{Artifact: &metadata.ArtifactRecord{ID: metadata.ArtifactID(v.URI), URI: v.URI, Type: v.Type,
				Digest: v.Digest, Bytes: v.Bytes, Task: t.Path, Name: name, Dir: dir, Metadata: v.Metadata}})
		}
	}
	return out
}
