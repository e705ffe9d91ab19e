package dslwrite

import (
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// body writes the tasks and outputs of a pipeline, a group or a branch.
func (w *writer) body(m *node, s *scope) {
	if main := bodyOf(s.dag); main != nil {
		w.withFinally(m, s, main)
		return
	}
	if s.dag.Exclusive {
		list := seq()
		for _, t := range s.dag.Tasks {
			list.items = append(list.items, w.branch(s, t))
		}
		m.add("branches", list)
		return
	}
	m.add("tasks", w.tasks(s))
	m.addFilled("outputs", w.results(s, s))
}

// bodyOf is the task that holds the body whose end a finally sees, nil without
// a finally.
func bodyOf(d *ir.DAG) *ir.Task {
	if len(d.Tasks) != 1 || d.Exclusive {
		return nil
	}
	t := d.Tasks[0]
	if sub := t.Component.DAG(); sub == nil || !sub.Inline || t.OnExit == nil || t.ForEach != nil || t.When != nil {
		return nil
	}
	return t
}

func (w *writer) withFinally(m *node, s *scope, main *ir.Task) {
	delete(s.taken, s.names[main.Name.Text]) // it is nobody's name
	body := w.group(s, main)
	s.body = body
	w.body(m, body)
	m.fields = slices.DeleteFunc(m.fields, func(f field) bool { return f.key == "outputs" })
	exit := main.OnExit
	last := open()
	gate := *s
	gate.exit, gate.parent, gate.taken = main, s, map[string]bool{}
	if sub := exit.Component.DAG(); sub != nil && sub.Inline {
		last = w.tasks(w.group(&gate, exit))
	} else {
		last.add(fit(exit.Name.Text), w.task(&gate, exit))
	}
	m.add("finally", last)
	if !body.dag.Exclusive {
		m.addFilled("outputs", w.results(s, body))
	}
}

// results are the outputs of a body. With a finally they stand in the scope of
// the tasks whose end it sees, as which they are written.
func (w *writer) results(s, at *scope) *node {
	m := mapping()
	values := make(map[string]ir.Value, len(s.dag.Outputs))
	for _, o := range s.dag.Outputs {
		values[o.Name.Text] = o.Value
	}
	for _, p := range s.comp.Outputs {
		if p.Captured {
			continue
		}
		v := values[p.Name.Text]
		if at != s {
			if ref, ok := v.(*ir.OutputRef); ok {
				v = resultOf(at.dag, ref.Output)
			}
		}
		m.add(w.outputName(s.comp, p.Name.Text), w.result(at, v, p))
	}
	return m
}

func resultOf(d *ir.DAG, name string) ir.Value {
	for _, o := range d.Outputs {
		if o.Name.Text == name {
			return o.Value
		}
	}
	return nil
}

func (w *writer) result(s *scope, v ir.Value, p *ir.Port) *node {
	m := mapping()
	if one, ok := v.(*ir.OneOf); ok {
		list := seq()
		for _, a := range one.Alternatives {
			list.items = append(list.items, w.value(s, a, ir.Type{Kind: ir.Dynamic}))
		}
		m.add("one-of", list)
	} else {
		m.add("value", w.value(s, v, ir.Type{Kind: ir.Dynamic}))
	}
	if t := w.typeOf(s, v); !t.Equal(p.Type) {
		m.add("type", plain(typeName(p.Type)))
		if p.Type.Kind == ir.List && p.Type.Items != nil {
			m.add("items", itemsNode(*p.Type.Items))
		}
	}
	m.addText("description", strings.TrimSpace(p.Description))
	if len(m.fields) == 1 && m.fields[0].key == "value" && m.fields[0].value.kind < mapNode {
		return m.fields[0].value
	}
	return m
}

func (w *writer) tasks(s *scope) *node {
	m := open()
	for _, t := range s.dag.Tasks {
		task := w.task(s, t)
		task.block = len(task.fields) > 1 || task.fields[0].value.block
		m.add(s.names[t.Name.Text], task)
	}
	return m
}

// branch is one alternative.
func (w *writer) branch(s *scope, t *ir.Task) *node {
	m := open()
	if t.When != nil {
		m.add("when", w.condition(s, t.When))
	} else {
		m.add("otherwise", plain(""))
	}
	w.body(m, w.group(s, t))
	return m
}

func (w *writer) task(s *scope, t *ir.Task) *node {
	m := open()
	m.addText("display-name", t.DisplayName)
	if w.groupable(s, t) {
		w.groupTask(m, s, t)
	} else {
		w.useTask(m, s, t)
	}
	if e := t.OnExit; e != nil {
		x := *s
		x.exit = t
		one := open()
		one.add(unique(map[string]bool{}, fit(e.Name.Text)), w.task(&x, e))
		m.add("on-exit", one)
	}
	return m
}

// order writes what decides when and whether a task runs. more are tasks that
// it waits for although nothing that is written says so.
func (w *writer) order(m *node, s *scope, t *ir.Task, more []string) {
	if t.When != nil {
		m.add("when", w.condition(s, t.When))
	}
	after := seq()
	seen := map[string]bool{}
	for _, a := range t.After {
		if !seen[a.Text] {
			seen[a.Text] = true
			after.items = append(after.items, text(s.names[a.Text]))
		}
	}
	for _, name := range more {
		if !seen[name] {
			seen[name] = true
			after.items = append(after.items, text(s.names[name]))
		}
	}
	m.addFilled("after", after)
	if t.Trigger == ir.Completed {
		m.add("trigger", plain("completed"))
	}
}

// useTask is a task that uses a component.
func (w *writer) useTask(m *node, s *scope, t *ir.Task) {
	w.wanted[w.first[t.Component]] = true
	m.add("component", text(w.names[t.Component]))
	as := ""
	if l := t.ForEach; l != nil {
		as = s.loopName(l.Item.Text)
		w.loop(m, s, l, plain(as))
		if as == "item" {
			m.fields = slices.DeleteFunc(m.fields, func(f field) bool { return f.key == "as" })
		}
	}
	w.order(m, s, t, undeclared(t))
	inputs := mapping()
	if as != "" {
		inputs.add(w.inputName(t.Component, t.ForEach.Item.Text), text("${{ "+as+" }}"))
	}
	for _, b := range t.Args {
		if t.ForEach != nil && b.Name.Text == t.ForEach.Item.Text {
			continue
		}
		// What KFP hands over only for the sake of texts that hold it has been
		// put into those; nobody declares it.
		if p := t.Component.Input(b.Name.Text); p != nil {
			inputs.add(w.inputName(t.Component, b.Name.Text), w.value(s, b.Value, p.Type))
		}
	}
	m.addFilled("inputs", inputs)
	w.settings(m, s, t)
}

// undeclared are the tasks that a task waits for only because it is given what
// its component does not have.
func undeclared(t *ir.Task) []string {
	var out, used []string
	for _, b := range t.Args {
		if t.Component.Input(b.Name.Text) == nil {
			out = append(out, producers(b.Value)...)
		} else {
			used = append(used, producers(b.Value)...)
		}
	}
	if len(out) == 0 {
		return nil
	}
	t.Settings.EachValue(func(v ir.Value) { used = append(used, producers(v)...) })
	return missing(slices.DeleteFunc(out, func(name string) bool { return slices.Contains(used, name) }), t)
}

// producers are the siblings that a value reads.
func producers(v ir.Value) []string {
	var out []string
	ir.VisitLeaves(v, func(x ir.Value) {
		switch x := x.(type) {
		case *ir.OutputRef:
			out = append(out, x.Task)
		case *ir.StatusRef:
			if x.Task != "" {
				out = append(out, x.Task)
			}
		}
	})
	return out
}

// missing leaves out the tasks that the condition or the loop of a task reads.
func missing(names []string, t *ir.Task) []string {
	var known []string
	if t.When != nil {
		known = append(known, producers(t.When)...)
	}
	if t.ForEach != nil {
		known = append(known, producers(t.ForEach.Items)...)
	}
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(known, name) })
}

func (w *writer) loop(m *node, s *scope, l *ir.Loop, as *node) {
	m.add("for-each", w.items(s, l.Items))
	m.add("as", as)
	if l.Parallelism > 0 {
		m.add("parallelism", plain(itoa(l.Parallelism)))
	}
}

// items are what is looped over: a list, or an expression.
func (w *writer) items(s *scope, v ir.Value) *node {
	if l, ok := v.(*ir.Literal); ok {
		if t, ok := l.V.(string); ok { // KFP takes a text that holds a list
			if x, err := ir.ParseJSON(t); err == nil {
				if list, ok := x.([]any); ok {
					return w.literal(list, ir.Type{Kind: ir.List}, l.At)
				}
			}
		}
	}
	return w.value(s, v, ir.Type{Kind: ir.List})
}

// loopName is a name for the loop variable: that of the item, less KFP's
// prefixes and suffixes, and unlike those of the loops around it.
func (s *scope) loopName(item string) string {
	name := strings.TrimPrefix(item, channel)
	if list, ok := strings.CutSuffix(name, "-loop-item"); ok && list != "" {
		name = list + "-item"
	} else if number, ok := strings.CutPrefix(name, "loop-item-param-"); ok && strings.Trim(number, "0123456789") == "" {
		name = "item" // of a constant list; KFP only numbers them
	}
	name = strings.ReplaceAll(fit(name), "-", "_")
	if reservedLoop[name] {
		name += "_"
	}
	out := name
	for i := 2; s.loops(out); i++ {
		out = name + "_" + itoa(i)
	}
	return out
}

// reservedLoop are the words that cannot be loop variables.
var reservedLoop = map[string]bool{
	"inputs": true, "outputs": true, "tasks": true, "run": true, "status": true, "math": true, "optional": true,
	"true": true, "false": true, "null": true, "in": true, "as": true, "break": true, "const": true, "continue": true, "else": true,
	"for": true, "function": true, "if": true, "import": true, "let": true, "loop": true, "package": true, "namespace": true,
	"return": true, "var": true, "void": true, "while": true,
}

// groupTask is a task with tasks of its own.
func (w *writer) groupTask(m *node, s *scope, t *ir.Task) {
	inner := w.group(s, t)
	rest := open()
	w.body(rest, inner)
	if l := t.ForEach; l != nil {
		as := plain(inner.loop)
		if p := t.Component.Input(l.Item.Text); !same(p.Type, itemOf(w.typeOf(s, l.Items))) {
			as = mapping()
			as.add("name", plain(inner.loop))
			typeKeys(as, p.Type)
		} else if inner.loop == "item" {
			as = nil
		}
		w.loop(m, s, l, as)
	}
	w.order(m, s, t, inner.unused(t))
	m.fields = append(m.fields, rest.fields...)
}

// itemOf is the type of the items of a list, as the reader infers it.
func itemOf(t ir.Type) ir.Type {
	switch {
	case t.Kind == ir.Dynamic, t.Kind == ir.List && t.Items == nil:
		return ir.Type{Kind: ir.Dynamic}
	case t.Kind == ir.List:
		return *t.Items
	}
	return ir.Type{}
}

// group is the scope of a task's own tasks.
func (w *writer) group(s *scope, t *ir.Task) *scope {
	c := t.Component
	out := newScope(s, c, c.DAG())
	if t.ForEach != nil {
		out.loop = s.loopName(t.ForEach.Item.Text)
	}
	for _, p := range c.Inputs {
		name := p.Name.Text
		if t.ForEach != nil && name == t.ForEach.Item.Text {
			out.refs[name] = &ref{text: out.loop, typ: p.Type}
			continue
		}
		if b := t.Arg(name); b != nil {
			out.refs[name] = w.captured(s, b.Value, p.Type)
		}
	}
	return out
}

// captured is what an input of a group is written as. It counts as used outside
// once it is used inside.
func (w *writer) captured(s *scope, v ir.Value, t ir.Type) *ref {
	was := w.quiet
	w.quiet = true
	in, ok := w.inner(s, v)
	w.quiet = was
	if !ok {
		w.cannotSay(v)
	}
	r := &ref{text: in, typ: t}
	r.mark = func() {
		r.mark = nil
		ir.VisitLeaves(v, func(x ir.Value) {
			if in, ok := x.(*ir.InputRef); ok {
				if outer := s.refs[in.Name]; outer != nil && outer.mark != nil {
					outer.mark()
				}
			}
		})
	}
	return r
}

// unused are the tasks that a group waits for although nothing in it reads what
// they make.
func (s *scope) unused(t *ir.Task) []string {
	var out, used []string
	for _, b := range t.Args {
		if r := s.refs[b.Name.Text]; r != nil && r.mark == nil {
			used = append(used, producers(b.Value)...)
		} else {
			out = append(out, producers(b.Value)...)
		}
	}
	out = slices.DeleteFunc(out, func(name string) bool { return slices.Contains(used, name) })
	return missing(out, t)
}

// groupable reports whether a task can be written as a group: its DAG is its
// own, takes in nothing but what it can be written in place of, and says no name
// again that is taken outside.
func (w *writer) groupable(s *scope, t *ir.Task) bool {
	c, d := t.Component, t.Component.DAG()
	if d == nil || s.exit != nil && s.exit.OnExit == t || w.uses[c] > 1 || !w.plumbing(t) {
		return false
	}
	if w.flat && !d.Exclusive {
		return false
	}
	for _, p := range c.Inputs {
		if t.ForEach != nil && p.Name.Text == t.ForEach.Item.Text {
			continue
		}
		b := t.Arg(p.Name.Text)
		if b == nil || p.Default != nil || !path(b.Value) || !fits(w.typeOf(s, b.Value), p.Type) {
			return false
		}
	}
	tasks := d.Tasks
	if main := bodyOf(d); main != nil {
		tasks = main.Component.DAG().Tasks
	}
	for _, x := range tasks {
		if name := fit(x.Name.Text); s.seen(name) && !d.Exclusive || x.OnExit != nil && s.seen(fit(x.OnExit.Name.Text)) {
			return false
		}
	}
	return true
}

// plumbing reports whether the inputs of a task's DAG were made by a compiler
// and not by an author.
func (w *writer) plumbing(t *ir.Task) bool {
	for _, p := range t.Component.Inputs {
		item := t.ForEach != nil && p.Name.Text == t.ForEach.Item.Text
		if !item && !p.Captured && !(w.p.Dialect == ir.KFP && strings.HasPrefix(p.Name.Text, channel)) {
			return false
		}
	}
	return true
}

// path reports whether a value can stand wherever it is read.
func path(v ir.Value) bool {
	switch v := v.(type) {
	case *ir.InputRef, *ir.OutputRef, *ir.StatusRef:
		return true
	case *ir.Select:
		return path(v.Of)
	}
	return false
}

// fits reports whether a value passes an input of the type unchanged.
func fits(from, to ir.Type) bool {
	if from.Kind == ir.Dynamic || to.Kind == ir.Dynamic {
		return from.Kind == to.Kind
	}
	return from.Kind == to.Kind && from.IsArtifact() == to.IsArtifact()
}

// judged reports whether a DAG, or a group in it, has a condition of KFP's.
func judged(c *ir.Component, seen map[*ir.Component]bool) bool {
	d := c.DAG()
	if d == nil || seen[c] {
		return false
	}
	seen[c] = true
	for _, t := range d.Tasks {
		if e, ok := t.When.(*ir.Expr); ok {
			if p, ok := e.Program.(*expr.Program); ok && p.Untyped() {
				return true
			}
		}
		if t.Component != nil && judged(t.Component, seen) {
			return true
		}
	}
	return false
}
