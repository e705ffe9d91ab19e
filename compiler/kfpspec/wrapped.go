package kfpspec

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// A PipelineSpec also comes inside other things: a Kubernetes object of kind
// PipelineVersion, beside which the stream may hold one of kind Pipeline, and
// the PipelineJob that Vertex AI takes.

// A wrapping is what they add to a pipeline.
type wrapping struct {
	displayName, description *tree.Node
	root                     *tree.Node // URI below which artifacts go
	values, oldValues        *tree.Node // of the run's parameters
}

// isWrapped reports whether a document holds a PipelineSpec inside.
func isWrapped(d *tree.Node) bool {
	if isObject(d, "PipelineVersion") {
		d = d.Get("spec")
	}
	return field(field(d, "pipelineSpec"), "pipelineInfo") != nil
}

// isObject knows an object of KFP's own Kubernetes API.
func isObject(d *tree.Node, kind string) bool {
	v, k := d.Get("apiVersion"), d.Get("kind")
	return v != nil && k != nil && strings.HasPrefix(v.Scalar, "pipelines.kubeflow.org/") && k.Scalar == kind
}

// unwrap gives the documents that a PipelineSpec and its PlatformSpec would come
// in by themselves.
func (r *reader) unwrap(docs []*tree.Node) []*tree.Node {
	out := make([]*tree.Node, 0, len(docs)+1)
	for _, d := range docs {
		switch {
		case isObject(d, "Pipeline"):
		case isObject(d, "PipelineVersion"):
			out = append(out, r.versionObject(d.Get("spec"))...)
		case isWrapped(d):
			out = append(out, r.pipelineJob(d))
		default:
			out = append(out, d)
		}
	}
	return out
}

func (r *reader) versionObject(spec *tree.Node) (out []*tree.Node) {
	for _, f := range r.fields(spec, "spec") {
		switch f.Key.Scalar {
		case "pipelineSpec", "platformSpec":
			if !f.Value.IsNull() {
				out = append(out, f.Value)
			}
		case "displayName":
			r.wrapping.displayName = f.Value
		case "description":
			r.wrapping.description = f.Value
		}
	}
	return out
}

func (r *reader) pipelineJob(job *tree.Node) (spec *tree.Node) {
	for _, f := range job.Fields {
		switch camel(f.Key.Scalar) {
		case "pipelineSpec":
			spec = f.Value
		case "displayName":
			r.wrapping.displayName = f.Value
		case "runtimeConfig":
			r.runtimeConfig(f.Value)
		case "labels":
			r.dropped(f)
		}
	}
	return spec
}

func (r *reader) runtimeConfig(n *tree.Node) {
	for _, f := range r.fields(n, "runtimeConfig") {
		switch camel(f.Key.Scalar) {
		case "gcsOutputDirectory", "pipelineRoot":
			r.wrapping.root = f.Value
		case "parameterValues":
			r.wrapping.values = f.Value
		case "parameters":
			r.wrapping.oldValues = f.Value
		default:
			r.lenient(f, "runtimeConfig", "gcsOutputDirectory", "parameterValues", "parameters")
		}
	}
}

// wrapped adds what stood around the PipelineSpec; the run's values become
// defaults.
func (r *reader) wrapped(p *ir.Pipeline) {
	w := r.wrapping
	if p.DisplayName == "" {
		p.DisplayName = r.str(w.displayName, "displayName")
	}
	if p.Description == "" {
		p.Description = r.str(w.description, "description")
	}
	if text := r.str(w.root, "gcsOutputDirectory"); text != "" {
		p.ArtifactRoot, p.RootAt = text, w.root.Span()
	}
	for _, f := range r.fields(w.values, "parameterValues") {
		r.given(p, f, value(f.Value))
	}
	for _, f := range r.fields(w.oldValues, "parameters") {
		if v, _ := r.oldConstant(f); v != nil {
			r.given(p, f, v.(*ir.Literal).V)
		}
	}
}

func (r *reader) given(p *ir.Pipeline, f tree.Field, v any) {
	if p.Root == nil {
		return
	}
	port := p.Root.Input(f.Key.Scalar)
	switch {
	case port == nil:
		r.add(unknownInput(f.Key.Scalar, f.Key.Span(), r.offer(portNames(p.Root.Inputs))))
	case port.Type.IsArtifact():
		r.add(wrongPort(f.Key.Scalar, "an artifact, not a parameter", f.Key.Span()))
	case v != nil:
		port.Default, port.Optional = r.literal(v, f.Value.Span()), false
	}
}

// soleTask makes a root that is an executor a DAG of one task.
func (r *reader) soleTask(root *ir.Component, e *entry) {
	const name = "root"
	at := e.key.Span()
	inner := &ir.Component{Name: ir.Ident{Text: r.freshComponent(name), At: at}}
	task := &ir.Task{Name: ir.Ident{Text: name, At: at}, Component: inner, At: at}
	d := &ir.DAG{Tasks: []*ir.Task{task}, At: at}
	root.Body = d
	for _, p := range root.Inputs {
		port := *p
		inner.Inputs = append(inner.Inputs, &port)
		task.Args = append(task.Args, &ir.Binding{Name: p.Name, Value: &ir.InputRef{Name: p.Name.Text, At: p.Name.At}})
	}
	for _, p := range root.Outputs {
		port := *p
		inner.Outputs = append(inner.Outputs, &port)
		d.Outputs = append(d.Outputs, &ir.DAGOutput{Name: p.Name, Value: &ir.OutputRef{Task: name, Output: p.Name.Text, At: p.Name.At}})
	}
	r.order = append(r.order, inner)
	r.body(inner, e, task, nil)
	if _, ok := inner.Body.(*ir.Container); ok {
		task.Settings = &ir.Settings{}
	}
	s := &scope{reader: r, owner: root, tasks: []rawTask{{task: task, entry: e}}, index: map[string]int{name: 0}}
	s.finish(&s.tasks[0])
}

// freshComponent is a name that no component of the file has.
func (r *reader) freshComponent(name string) string {
	fresh := name
	for i := 2; r.entries[fresh] != nil; i++ {
		fresh = name + "-" + itoa(i)
	}
	return fresh
}
