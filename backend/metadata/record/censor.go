package record

import (
	"maps"

	"github.com/kfp-go/kfp-go/backend"
)

// Censor is a function that gives a run without the texts, or pieces or
// encodings of them, and leaves what it is given as it is. Values that hold one
// are marked as hidden. It is for what a runner itself leaves of a run, by which
// others complete the record without knowing the secrets. Without texts it is
// nil.
func Censor(texts []string) func(*backend.Run) *backend.Run {
	hidden := newRedactor(nil, nil, nil, texts)
	if len(hidden.values) == 0 {
		return nil
	}
	return hidden.run
}

func (r *redactor) run(in *backend.Run) *backend.Run {
	out := *in
	out.Message = r.text(in.Message)
	out.Outputs = r.outputs(in.Outputs)
	out.Parameters = maps.Clone(in.Parameters)
	for name, v := range in.Parameters {
		if r.holds(v) {
			out.Parameters[name] = hidden
		}
	}
	out.Tasks = r.tasks(in.Tasks)
	return &out
}

func (r *redactor) tasks(in []*backend.Task) []*backend.Task {
	if in == nil {
		return nil
	}
	out := make([]*backend.Task, len(in))
	for i, t := range in {
		task := *t
		task.Message = r.text(t.Message)
		task.Inputs, task.Outputs = r.outputs(t.Inputs), r.outputs(t.Outputs)
		task.Earlier = r.tasks(t.Earlier)
		out[i] = &task
	}
	return out
}

func (r *redactor) outputs(in map[string]backend.Output) map[string]backend.Output {
	if in == nil {
		return nil
	}
	out := make(map[string]backend.Output, len(in))
	for name, o := range in {
		switch {
		case o.Artifact != nil:
			o.Artifact = r.reference(o.Artifact)
		case o.List != nil:
			list := make([]*backend.Artifact, len(o.List))
			for i, a := range o.List {
				list[i] = r.reference(a)
			}
			o.List = list
		case r.holds(o.Value):
			o = backend.Output{Hidden: true}
		}
		out[name] = o
	}
	return out
}

func (r *redactor) reference(in *backend.Artifact) *backend.Artifact {
	if in == nil {
		return nil
	}
	out := *in
	out.URI = r.uri(in.URI)
	if r.holds(in.Metadata) {
		out.Metadata = nil
	}
	return &out
}
