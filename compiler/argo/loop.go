package argo

import (
	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"k8s.io/utils/ptr"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// loopUnit wraps a task that is repeated: a DAG whose only task runs once for
// each index of the list. Indices, because Argo writes items into names and
// mangles texts; a DAG of its own, because an empty loop then succeeds and the
// list of results can be put together in its outputs.
func (l *lowerer) loopUnit(t *ir.Task, inner *unit) *unit {
	body := l.iterationUnit(t, inner)
	u := &unit{outs: map[string]outKind{}, arts: body.arts}
	item := t.ForEach.Item.Text
	taken := newNames()
	for _, p := range body.params {
		taken.take(p.name)
	}
	items := taken.take("items")
	call := wfv1.DAGTask{Name: "item", Template: body.template, WithSequence: &wfv1.Sequence{
		Count: ptr.To(countOf("{{=string(len(fromJSON(" + inputParam(items) + ")))}}"))}}
	for _, p := range body.params {
		text := tag(inputParam(p.name))
		if p.port != nil && p.port.Name.Text == item && (p.record || !p.port.Type.IsArtifact()) {
			text = l.itemArgument(items, p)
		} else {
			u.params = append(u.params, p)
		}
		call.Arguments.Parameters = append(call.Arguments.Parameters, wfv1.Parameter{Name: p.name, Value: wfv1.AnyStringPtr(text)})
	}
	for _, a := range body.arts {
		call.Arguments.Artifacts = append(call.Arguments.Artifacts, wfv1.Artifact{Name: a.name, From: "{{inputs.artifacts." + a.name + "}}", Optional: true})
	}
	u.params = append(u.params, param{name: items, items: true, port: &ir.Port{}})
	out := &wfv1.Template{
		DAG:         &wfv1.DAGTemplate{Tasks: []wfv1.DAGTask{call}, FailFast: ptr.To(false)},
		Annotations: map[string]string{NotePaths: `{"item":"[*]"}`},
	}
	if t.ForEach.Parallelism > 0 {
		out.Parallelism = ptr.To(int64(t.ForEach.Parallelism))
	}
	l.inputsOf(u, out)
	l.collect(t.Component, u, out)
	u.template = l.add(t.Name.Text+"-loop", out)
	return u
}

func (l *lowerer) itemArgument(items string, p param) string {
	e := value{typ: ir.Type{Kind: ir.Dynamic}, expr: "fromJSON(" + inputParam(items) + ")[int(item)]", absent: true}
	if p.record {
		return value{typ: ir.Type{Kind: ir.Struct}, expr: e.expr}.argument()
	}
	return l.taken(e, p.port).argument()
}

// collect gives each output as the list of what the iterations gave, in the
// order of their indices and without those that gave nothing.
func (l *lowerer) collect(c *ir.Component, u *unit, t *wfv1.Template) {
	for _, p := range c.Outputs {
		u.outs[p.Name.Text] = outJSON
		name := portName(p.Name.Text)
		if p.Type.IsArtifact() {
			if !l.flow.record[p] {
				continue
			}
			name = recordName(p.Name.Text)
		}
		ref := outputParam("item", name)
		list := "map(fromJSON(" + ref + "),type(#) == 'string' ? fromJSON(#) : #)"
		if p.Type.IsArtifact() || l.info.OptionalOutput(c, p.Name.Text) {
			list = "filter(" + list + ",# != nil)"
		}
		if p.Type.IsArtifact() && p.Type.Kind == ir.List {
			list = "flatten(" + list + ")" // artifacts of nested loops are one list
		}
		t.Outputs.Parameters = append(t.Outputs.Parameters, wfv1.Parameter{Name: name, ValueFrom: &wfv1.ValueFrom{
			Expression: "tasks['item'].status == 'Succeeded' and len(tasks['item'].outputs.parameters['" + name + "'] ?? '') > 0 ? toJson(" + list + ") : '[]'"}})
	}
}

// iterationUnit is what one iteration calls: the task's own template when that
// is a DAG, which gives its outputs as JSON; else a DAG around it that does, as
// Argo would take texts apart that look like lists.
func (l *lowerer) iterationUnit(t *ir.Task, inner *unit) *unit {
	if t.Component.DAG() != nil || len(t.Component.Outputs) == 0 {
		return inner
	}
	d := &dag{l: l, owner: t.Component, notes: map[string]string{"run": ""}}
	u := &unit{outs: map[string]outKind{}, params: inner.params, arts: inner.arts}
	call := wfv1.DAGTask{Name: "run", Template: inner.template}
	for _, p := range inner.params {
		call.Arguments.Parameters = append(call.Arguments.Parameters, wfv1.Parameter{Name: p.name, Value: wfv1.AnyStringPtr(tag(inputParam(p.name)))})
	}
	for _, a := range inner.arts {
		call.Arguments.Artifacts = append(call.Arguments.Artifacts, wfv1.Artifact{Name: a.name, From: "{{inputs.artifacts." + a.name + "}}", Optional: true})
	}
	out := &wfv1.Template{DAG: &wfv1.DAGTemplate{Tasks: []wfv1.DAGTask{call}}}
	d.annotate(out)
	l.inputsOf(u, out)
	var claims []claim
	for _, p := range t.Component.Outputs {
		u.outs[p.Name.Text] = outJSON
		name := portName(p.Name.Text)
		if p.Type.IsArtifact() {
			if !l.flow.record[p] {
				continue
			}
			name = recordName(p.Name.Text)
		}
		if inner.outs[p.Name.Text].doubtful(p) {
			v := l.read(t, inner, p, recordType(p.Type), func(port string) string { return guardedOutput("run", port) })
			claims = append(claims, claim{v, []string{"run"}})
		}
		v := l.read(t, inner, p, recordType(p.Type), func(port string) string { return outputParam("run", port) })
		out.Outputs.Parameters = append(out.Outputs.Parameters, wfv1.Parameter{Name: name, ValueFrom: &wfv1.ValueFrom{Expression: v.jsonText()}})
	}
	d.prove(out, claims)
	u.template = l.add(t.Name.Text+"-item", out)
	return u
}
