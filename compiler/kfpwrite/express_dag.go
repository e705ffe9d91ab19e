package kfpwrite

import (
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A place is a DAG while it is expressed.
type place struct {
	*expresser
	old, owner *ir.Component
	tasks      map[string]*ir.Task // as they were, by their new names
	renamed    map[string]string   // new names by old ones
}

// handlerPrefix marks, to the reader and to KFP's own tools, the tasks whose end
// an exit task waits for.
const handlerPrefix = "exit-handler-"

func (x *expresser) dag(old, c *ir.Component) {
	d := old.DAG()
	out := &ir.DAG{At: d.At}
	c.Body = out
	pl := &place{expresser: x, old: old, owner: c, tasks: make(map[string]*ir.Task, len(d.Tasks)), renamed: make(map[string]string, len(d.Tasks))}
	taken := make(map[string]bool, len(d.Tasks))
	d.EachTask(func(t *ir.Task) {
		name := pl.taskName(d, t, taken)
		pl.renamed[t.Name.Text], pl.tasks[name] = name, t
	})
	out.Tasks = make([]*ir.Task, 0, len(d.Tasks))
	var earlier []ir.Value
	for _, t := range d.Tasks {
		n := pl.task(t, nil, earlier)
		if t.OnExit != nil {
			n.OnExit = pl.task(t.OnExit, n, nil)
		}
		if d.Exclusive {
			earlier = append(earlier, t.When)
		}
		out.Tasks = append(out.Tasks, n)
	}
	pl.results(d, out)
}

// taskName is the name of a task as KFP's own back end wants it.
func (pl *place) taskName(d *ir.DAG, t *ir.Task, taken map[string]bool) string {
	name := t.Name.Text
	switch {
	case pl.native():
		return name
	case t.OnExit != nil && !strings.HasPrefix(name, handlerPrefix):
		pl.handlers++
		name = handlerPrefix + strconv.Itoa(pl.handlers)
	case d.Exclusive:
		name = "condition-" + slug(name)
	default:
		if name = slug(name); t.OnExit == nil && strings.HasPrefix(name, handlerPrefix) {
			name = "task-" + name
		}
	}
	fresh := name
	for i := 2; taken[fresh]; i++ {
		fresh = name + "-" + strconv.Itoa(i)
	}
	taken[fresh] = true
	return fresh
}

// task expresses one task. host is the new task whose exit task it is; earlier
// are the conditions of the alternatives before it.
func (pl *place) task(t, host *ir.Task, earlier []ir.Value) *ir.Task {
	n := &ir.Task{Name: ir.Ident{Text: pl.renamed[t.Name.Text], At: t.Name.At}, DisplayName: t.DisplayName, Component: t.Component, Trigger: t.Trigger, At: t.At}
	if n.DisplayName == "" && n.Name.Text != t.Name.Text && host == nil && t.OnExit == nil && !pl.old.DAG().Exclusive {
		n.DisplayName = t.Name.Text
	}
	pl.arguments(n, t)
	for _, a := range t.After {
		n.After = append(n.After, ir.Ident{Text: pl.renamed[a.Text], At: a.At})
	}
	pl.loop(n, t)
	pod := pl.settings(n, t, host)
	n.Component = pl.component(t.Component, pod)
	pl.declare(n, t.Component)
	return pl.conditional(n, t, earlier)
}

// arguments expresses what a task's inputs are wired to. Constants that read
// something else refer to it as a further input of the task.
func (pl *place) arguments(n, t *ir.Task) {
	for _, b := range t.Args {
		if v := pl.value(b.Value); v != nil {
			if _, text := v.(*ir.Template); text && !pl.native() && t.Component.DAG() != nil {
				pl.report(backendDiffers("text with values in it reaches a group with its references unresolved", "give the parts to the group one by one and join them inside", b.Value.Span()))
			}
			n.Args = append(n.Args, &ir.Binding{Name: b.Name, Value: v})
		}
	}
	for _, b := range n.Args {
		switch b.Value.(type) {
		case *ir.Template, *ir.ListValue, *ir.StructValue:
			parts(b.Value, func(v ir.Value) { pl.bind(n, v) })
		}
	}
	if !pl.native() {
		pl.parametersFirst(n)
	}
}

// parametersFirst is the order in which the format's two maps are read.
func (pl *place) parametersFirst(n *ir.Task) {
	s := pl.printing(n, nil)
	var parameters, artifacts []*ir.Binding
	for _, b := range n.Args {
		if s.isArtifact(b) {
			artifacts = append(artifacts, b)
		} else {
			parameters = append(parameters, b)
		}
	}
	n.Args = append(parameters, artifacts...)
}

// parts calls f with what a constant reads.
func parts(v ir.Value, f func(ir.Value)) {
	switch v := v.(type) {
	case *ir.Literal, *ir.RunRef, nil:
	case *ir.Template, *ir.ListValue, *ir.StructValue:
		for _, c := range ir.Children(v) {
			parts(c, f)
		}
	default:
		f(v)
	}
}

// bind gives the name of the task's input that has the value; there is one
// afterwards.
func (pl *place) bind(n *ir.Task, v ir.Value) string {
	if name, ok := argumentNamed(n, v); ok {
		return name
	}
	base := "pipelinechannel--" + channel(v)
	name := base
	for i := 2; n.Arg(name) != nil || n.Component.Input(name) != nil; i++ {
		name = base + "-" + strconv.Itoa(i)
	}
	n.Args = append(n.Args, &ir.Binding{Name: ir.Ident{Text: name, At: v.Span()}, Value: v})
	return name
}

// channel names a value as the SDK would.
func channel(v ir.Value) string {
	switch v := v.(type) {
	case *ir.InputRef:
		return v.Name
	case *ir.OutputRef:
		return v.Task + "-" + v.Output
	case *ir.StatusRef:
		return "status"
	case *ir.Select:
		return channel(v.Of) + "-" + slug(v.Key)
	}
	return "value"
}

// printing is the scope in which the task will be printed.
func (pl *place) printing(n, host *ir.Task) *scope {
	return &scope{owner: pl.owner, tasks: pl.tasks, task: n, host: host}
}

func (pl *place) loop(n, t *ir.Task) {
	if t.ForEach == nil {
		return
	}
	loop := *t.ForEach
	n.ForEach = &loop
	items := pl.value(loop.Items)
	switch items.(type) {
	case nil:
		return
	case *ir.Literal:
		if name, ok := pl.printing(n, nil).nameOf(items); ok && pl.native() {
			items = n.Arg(name).Value
		}
	default:
		pl.bind(n, items)
	}
	loop.Items = items
}

// declare adds to a group that is used once the inputs that expressing its task
// has brought about, as the SDK does.
func (pl *place) declare(n *ir.Task, old *ir.Component) {
	c := n.Component
	if pl.native() || c.DAG() == nil || pl.uses[old] != 1 {
		return
	}
	s := pl.printing(n, nil)
	for _, b := range n.Args {
		if c.Input(b.Name.Text) == nil {
			c.Inputs = append(c.Inputs, &ir.Port{Name: b.Name, Type: declared(s.typeOf(b.Value)), Optional: true})
		}
	}
	parametersFirst(c.Inputs)
}

// declared is a type without what KFP cannot declare.
func declared(t ir.Type) ir.Type {
	switch {
	case t.Kind == ir.Dynamic || t.Kind == ir.Invalid || t.Kind == ir.Null:
		return ir.Type{Kind: ir.String}
	case t.Kind == ir.List && !t.IsArtifact():
		return ir.Type{Kind: ir.List}
	}
	return t
}

// results expresses the outputs of a DAG, artifacts first as they are printed.
func (pl *place) results(d, out *ir.DAG) {
	if d.Exclusive && len(d.Outputs) > 0 && len(d.Tasks) > 0 && d.Tasks[len(d.Tasks)-1].When != nil {
		pl.report(notInKFP("an output of branches of which perhaps none is taken", "add a branch - otherwise: with the same outputs", d.Outputs[0].Name.At))
	}
	var parameters, artifacts []*ir.DAGOutput
	for _, o := range d.Outputs {
		port := pl.old.Output(o.Name.Text)
		v := pl.result(o)
		n := &ir.DAGOutput{Name: o.Name, Value: v}
		if port.Type.IsArtifact() {
			artifacts = append(artifacts, n)
		} else {
			parameters = append(parameters, n)
		}
	}
	out.Outputs = append(artifacts, parameters...)
}

func (pl *place) result(o *ir.DAGOutput) ir.Value {
	switch v := o.Value.(type) {
	case *ir.OutputRef:
		if !pl.native() && pl.looped[pl.old] && pl.tasks[pl.renamed[v.Task]].ForEach != nil {
			pl.report(backendDiffers("the lists of nested loops are joined to one", "do not rely on the nesting", v.At))
		}
		return pl.value(v)
	case *ir.OneOf:
		one := &ir.OneOf{At: v.At}
		for _, a := range v.Alternatives {
			one.Alternatives = append(one.Alternatives, pl.value(a).(*ir.OutputRef))
		}
		return one
	}
	pl.report(notInKFP("an output of a group that is no output of one of its tasks", "let a task inside give it", o.Value.Span()))
	return &ir.OutputRef{}
}

// conditional gives a task its condition, inside a group of its own where KFP
// has conditions at groups only.
func (pl *place) conditional(n, t *ir.Task, earlier []ir.Value) *ir.Task {
	untyped, ok := t.When.(*ir.Expr)
	if ok = ok && expr.IsKFP(untyped.Program); ok && pl.readsInputs(n, untyped) {
		n.When = untyped
		return n
	}
	if t.When == nil && len(earlier) == 0 {
		return n
	}
	if t.Component.DAG() == nil || pl.uses[t.Component] != 1 || n.ForEach != nil {
		n = pl.wrap(n, t)
	}
	var text string
	if ok && len(earlier) == 0 {
		text = pl.untypedCondition(n, untyped)
	} else {
		text = pl.condition(n, t.When, earlier)
	}
	if text != "" {
		n.When = &ir.Expr{Program: conditionText(text), At: t.At}
	}
	return n
}

// wrap puts a task into a group of its own, of the same name and with the same
// outputs.
func (pl *place) wrap(n, t *ir.Task) *ir.Task {
	c := &ir.Component{Name: ir.Ident{Text: pl.name("condition-" + t.Name.Text), At: t.Name.At}}
	pl.all = append(pl.all, ranked{c, pl.rank[t.Component]})
	out := &ir.Task{Name: n.Name, DisplayName: n.DisplayName, Component: c, After: n.After, Trigger: n.Trigger, OnExit: n.OnExit, At: n.At}
	n.After, n.Trigger, n.OnExit, n.DisplayName = nil, ir.Succeeded, nil, ""
	s := pl.printing(n, nil)
	inner := map[string]string{}
	inside := func(v ir.Value) ir.Value { return v }
	enter := func(name ir.Ident, v ir.Value, port *ir.Port) ir.Value {
		in := &ir.Port{Name: name, Type: declared(s.typeOf(v)), Optional: true}
		if port != nil {
			in.Type, in.Optional = port.Type, port.Optional || port.Default != nil
		}
		c.Inputs = append(c.Inputs, in)
		out.Args = append(out.Args, &ir.Binding{Name: name, Value: v})
		inner[ir.ValueText(v)] = name.Text
		return &ir.InputRef{Name: name.Text, At: v.Span()}
	}
	inside = func(v ir.Value) ir.Value {
		switch v := v.(type) {
		case nil, *ir.Literal, *ir.RunRef:
			return v
		case *ir.Template, *ir.ListValue, *ir.StructValue:
			return replaceParts(v, inside)
		}
		if name, ok := inner[ir.ValueText(v)]; ok {
			return &ir.InputRef{Name: name, At: v.Span()}
		}
		name := "pipelinechannel--" + channel(v)
		for i := 2; c.Input(name) != nil; i++ {
			name = "pipelinechannel--" + channel(v) + "-" + strconv.Itoa(i)
		}
		return enter(ir.Ident{Text: name, At: v.Span()}, v, nil)
	}
	for _, b := range n.Args {
		switch b.Value.(type) {
		case *ir.Literal, *ir.RunRef, *ir.Template, *ir.ListValue, *ir.StructValue:
		default:
			b.Value = enter(b.Name, b.Value, n.Component.Input(b.Name.Text))
		}
	}
	for _, b := range n.Args {
		switch b.Value.(type) {
		case *ir.Template, *ir.ListValue, *ir.StructValue:
			b.Value = inside(b.Value)
		}
	}
	if n.ForEach != nil {
		n.ForEach.Items = inside(n.ForEach.Items)
	}
	n.Settings = replaceSettings(n.Settings, inside)
	d := &ir.DAG{Tasks: []*ir.Task{n}, At: t.At}
	c.Body = d
	for _, p := range n.Component.Outputs {
		q := *p
		if n.ForEach != nil {
			q.Type = declaredList(q.Type)
		}
		c.Outputs = append(c.Outputs, &q)
		d.Outputs = append(d.Outputs, &ir.DAGOutput{Name: p.Name, Value: &ir.OutputRef{Task: n.Name.Text, Output: p.Name.Text, At: t.At}})
	}
	parametersFirst(c.Inputs)
	return out
}

func declaredList(t ir.Type) ir.Type {
	if t.IsArtifact() {
		return ir.ListOf(t)
	}
	return ir.Type{Kind: ir.List}
}
