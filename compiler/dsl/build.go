package dsl

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// output is the type of one output of the task as its siblings see it.
func (d *decl) output(name string) (t ir.Type, optional, ok bool) {
	switch {
	case d.body != nil:
		t, optional, ok = d.body.output(name)
		if ok && d.as != "" {
			// Skipped iterations are left out of the list, so it is always there.
			t, optional = ir.ListOfSome(&t), false
		}
		return t, optional, ok
	case d.component == nil:
		return ir.Type{}, false, true
	}
	t, optional, ok = d.component.output(name)
	if ok && d.as != "" {
		t, optional = ir.ListOfSome(&t), false
	}
	return t, optional, ok
}

// mayLack reports whether the task may succeed without an output: what a task
// inside it gives, which may be skipped.
func (d *decl) mayLack() bool {
	if d.body != nil {
		return d.as == ""
	}
	return d.component != nil && d.component.container() == nil
}

func (d *decl) outputNames() []string {
	switch {
	case d.body != nil:
		return d.body.outputNames()
	case d.component != nil:
		return d.component.outputNames()
	}
	return nil
}

func (b *body) outputNames() []string {
	out := make([]string, len(b.outputs))
	for i, o := range b.outputs {
		out[i] = o.name.Scalar
	}
	return out
}

// output is the type of one output of the body, built when first asked for. A
// body that asks for its own output, a cycle for the checks to report, gets the
// type Invalid.
func (b *body) output(name string) (t ir.Type, optional, ok bool) {
	o := b.byName[name]
	if o == nil {
		return ir.Type{}, false, false
	}
	o.build()
	return o.typ, o.optional, true
}

func (o *output) build() {
	if o.state != untouched {
		return
	}
	o.state = inProgress
	switch {
	case o.body.branches != nil:
		o.oneOf()
	case o.spec != nil && field(o.spec, "one-of") != nil:
		o.firstOf(field(o.spec, "one-of"))
	case o.node == nil && o.spec != nil:
		o.body.r.report(outputWithout(o.name))
	case o.node.IsNull():
		if o.node != nil && o.node.Start <= o.node.End {
			o.body.r.report(emptyOutput(o.name))
		}
	default:
		r := o.body.r
		v := r.value(o.node, ir.Type{Kind: ir.Dynamic}, &taskPlace{scope: o.body.scope})
		if v.secret {
			r.report(secretOutsideEnv(o.node.Span()))
			v = typed{}
		}
		o.value, o.typ, o.optional = v.v, v.t, v.optional
	}
	if t := o.spec.Get("type"); !t.IsNull() {
		o.typ = o.body.r.typeOf(t, o.spec.Get("items"))
	}
	o.state = done
}

// firstOf is the output of the first of some tasks that ran.
func (o *output) firstOf(f *tree.Field) {
	r := o.body.r
	if n := field(o.spec, "value"); n != nil {
		r.report(bothKeys(n.Key, "value", "one-of"))
	}
	one := &ir.OneOf{At: f.Value.Span()}
	o.value, o.optional = one, !r.kfp
	var t *ir.Type
	for _, n := range f.Value.Items {
		v := r.expression(n, &taskPlace{scope: o.body.scope})
		ref, ok := v.v.(*ir.OutputRef)
		if !ok {
			if v.v != nil || !isScalar(n) {
				r.report(oneOfWhat(n.Span()))
			}
			continue
		}
		one.Alternatives = append(one.Alternatives, ref)
		t = ir.Join(t, v.t)
	}
	if len(one.Alternatives) == 0 {
		if len(f.Value.Items) == 0 {
			r.report(outputWithout(o.name))
		}
		o.value = nil
	}
	if t != nil {
		o.typ = *t
	}
}

// oneOf is the output of the branch that was taken.
func (o *output) oneOf() {
	name := o.name.Scalar
	one := &ir.OneOf{At: o.name.Span()}
	o.optional = o.body.open
	var t *ir.Type
	for i, b := range o.body.branches {
		bt, optional, ok := b.output(name)
		if !ok {
			continue
		}
		one.Alternatives = append(one.Alternatives, &ir.OutputRef{Task: itoa(i), Output: name, At: b.byName[name].name.Span()})
		o.optional = o.optional || optional
		t = ir.Join(t, bt)
	}
	o.value = one
	if t != nil {
		o.typ = *t
	}
}

// buildBody builds all values of a body whose names are declared.
func (r *reader) buildBody(b *body) {
	for _, d := range b.decls {
		r.buildTask(d)
	}
	for i, branch := range b.branches {
		t := b.scope.dag.Tasks[i]
		if when := branch.node.Get("when"); !when.IsNull() {
			t.When = r.condition(when, &taskPlace{scope: b.scope, at: t, judged: b.scope.closed().kfp})
		}
		r.buildBody(branch)
	}
	for _, o := range b.outputs {
		o.build()
		b.place(o)
	}
	for _, d := range b.finally {
		r.buildTask(d)
	}
}

// place declares a built output on the component, and on that around it when a
// finally has put one there.
func (b *body) place(o *output) {
	id := ident(o.name)
	port := func() *ir.Port {
		return &ir.Port{Name: id, Type: o.typ, Optional: o.optional, Description: o.description(), TypeAt: o.name.Span()}
	}
	c := b.scope.comp
	c.Outputs = append(c.Outputs, port())
	b.scope.dag.Outputs = append(b.scope.dag.Outputs, &ir.DAGOutput{Name: id, Value: o.value})
	if b.scope != b.outer {
		b.outer.comp.Outputs = append(b.outer.comp.Outputs, port())
		ref := &ir.OutputRef{Task: bodyTask, Output: id.Text, At: id.At}
		b.outer.dag.Outputs = append(b.outer.dag.Outputs, &ir.DAGOutput{Name: id, Value: ref})
	}
}

func (o *output) description() string {
	if o.body.branches != nil {
		return ""
	}
	for _, f := range fields(o.body.node.Get("outputs")) {
		if f.Key == o.name && isMapping(f.Value) {
			return text(f.Value.Get("description"))
		}
	}
	return ""
}

func (r *reader) buildTask(d *decl) {
	t := d.task
	t.DisplayName = text(d.node.Get("display-name"))
	r.after(d)
	p := &taskPlace{scope: d.scope, at: t}
	if when := d.node.Get("when"); when != nil {
		judge := *p
		judge.judged = d.scope.closed().kfp
		t.When = r.condition(when, &judge)
	}
	r.buildLoop(d)
	if d.body != nil {
		r.buildBody(d.body)
	} else {
		r.arguments(d, p)
		t.Settings = r.settings(d, p)
	}
	if d.exit != nil {
		r.buildExit(d)
	}
}

func (r *reader) buildExit(host *decl) {
	e := host.exit
	if first := e.scope.tasks[e.name]; first != nil {
		r.report(repeats(host.exitKey, first.task.Name.At))
	}
	e.task.DisplayName = text(e.node.Get("display-name"))
	p := &taskPlace{scope: e.scope, at: e.task, exit: host}
	r.arguments(e, p)
	e.task.Settings = r.settings(e, p)
}

// after adds order without data. A task of an enclosing scope is waited for by
// the group that stands beside it.
func (r *reader) after(d *decl) {
	n := d.node.Get("after")
	list := []*tree.Node{n}
	if isSequence(n) {
		list = n.Items
	}
	for _, name := range list {
		if !isScalar(name) || hasExpression(name.Scalar) {
			continue
		}
		found, _, via, ended := d.scope.visible(name.Scalar, d.task)
		switch {
		case found == nil:
			r.report(unknownTask(name, d.scope.taskNames()))
		case ended:
			r.report(afterBody(name))
		case !waitsFor(via, name.Scalar):
			via.After = append(via.After, ident(name))
		}
	}
}

func waitsFor(t *ir.Task, name string) bool {
	for _, a := range t.After {
		if a.Text == name {
			return true
		}
	}
	return false
}

// buildLoop wires the items of a loop. Its item's type was asked for, or is
// now.
func (r *reader) buildLoop(d *decl) {
	if d.as == "" {
		return
	}
	item := d.itemType()
	d.task.ForEach = &ir.Loop{
		Items: d.items.v, At: d.node.Get("for-each").Span(),
		Parallelism: integer(d.node.Get("parallelism")),
	}
	if d.body != nil {
		port := d.task.Component.Inputs[0] // the item is declared before anything is captured
		port.Type = item
		d.task.ForEach.Item = port.Name
	}
}

// itemType is the type of the loop variable; the list is built when it is first
// asked for.
func (d *decl) itemType() ir.Type {
	if d.state == untouched {
		d.state = inProgress
		d.items = d.r.loopItems(d)
		d.state = done
	}
	t := d.items.t
	switch {
	case d.item != nil:
		return *d.item
	case t.Kind == ir.Dynamic, t.Kind == ir.List && t.Items == nil:
		return ir.Type{Kind: ir.Dynamic}
	case t.Kind == ir.List:
		return *t.Items
	}
	return ir.Type{}
}

func (r *reader) loopItems(d *decl) typed {
	n := d.node.Get("for-each")
	p := &taskPlace{scope: d.scope, at: d.task}
	switch {
	case isSequence(n):
		return r.value(n, ir.Type{Kind: ir.List}, p)
	case !isScalar(n):
		return typed{}
	}
	v := r.expression(n, p)
	if v.secret {
		r.report(secretOutsideEnv(n.Span()))
		return typed{}
	}
	return v
}

// arguments wires the inputs of a task's component.
func (r *reader) arguments(d *decl, p *taskPlace) {
	fs := fields(d.node.Get("inputs"))
	if loop := d.task.ForEach; loop != nil {
		own := *p
		own.own, p = d, &own
		defer func() {
			if loop.Item.Text == "" {
				r.report(itemUnused(field(d.node, "for-each").Key, d.as))
				d.task.ForEach = nil
			}
		}()
	}
	if len(fs) == 0 {
		return
	}
	d.task.Args = make([]*ir.Binding, 0, len(fs))
	for _, f := range fs {
		var port *ir.Port
		if d.component != nil {
			if port = d.component.ins[f.Key.Scalar]; port == nil && !d.component.loose {
				r.report(unknownInput(f.Key, d.component))
				d.meant(f.Key)
			}
		}
		if d.takesItem(f) {
			continue
		}
		want := ir.Type{Kind: ir.Dynamic}
		if port != nil {
			want = port.Type
		}
		v := r.value(f.Value, want, p)
		if port == nil {
			continue
		}
		if l, ok := v.v.(*ir.Literal); ok {
			if l.V == nil {
				continue // absent and null are one thing
			}
			r.secretLiteral(port, l)
		}
		if v.secret && !port.Secret {
			r.report(secretIntoPlain(f.Value.Span(), port))
			v = typed{}
		}
		d.task.Args = append(d.task.Args, &ir.Binding{Name: ident(f.Key), Value: v.v})
	}
}

// takesItem makes an input that is the loop variable and nothing else the one
// that receives the item.
func (d *decl) takesItem(f tree.Field) bool {
	if d.task.ForEach == nil || !isScalar(f.Value) || d.task.ForEach.Item.Text != "" {
		return false
	}
	in, ok := inside(strings.TrimSpace(f.Value.Scalar))
	if !ok || strings.TrimSpace(in) != d.as {
		return false
	}
	d.task.ForEach.Item = ident(f.Key)
	return true
}

// meant wires, with nothing, the input that the author of an unknown one most
// likely meant, so that it is not reported as missing besides.
func (d *decl) meant(k *tree.Node) {
	near := diag.Nearest(k.Scalar, portNames(d.component.ir.Inputs))
	if near != "" && d.node.Get("inputs").Get(near) == nil {
		d.task.Args = append(d.task.Args, &ir.Binding{Name: ir.Ident{Text: near, At: k.Span()}})
	}
}

// addArgoSpec merges one more patch on the Workflow's spec.
func (r *reader) addArgoSpec(n *tree.Node) {
	m := rawMap(r, n)
	if r.argoSpec == nil {
		r.argoSpec, r.argoSpecAt = map[string]any{}, source.Span{}
	}
	if r.argoSpecAt.IsZero() {
		r.argoSpecAt = n.Span()
	}
	mergeJSON(r.argoSpec, m)
}

func mergeJSON(into, from map[string]any) {
	for k, v := range from {
		a, aok := into[k].(map[string]any)
		b, bok := v.(map[string]any)
		if aok && bok {
			mergeJSON(a, b)
			continue
		}
		into[k] = v
	}
}
