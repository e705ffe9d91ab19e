package dsl

import (
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// bodyTask is the name of the task that holds a body whose end a finally sees.
const bodyTask = "main"

// A body is whatever has tasks and outputs: a pipeline, a group, one branch.
//
// Without finally its tasks live in outer, the scope of its component. With one
// they live a level deeper: outer then holds a single inline task, whose exit
// task is the finally.
type body struct {
	r        *reader
	node     *tree.Node
	outer    *scope
	scope    *scope
	decls    []*decl
	branches []*body
	open     bool // branches without otherwise
	outputs  []*output
	byName   map[string]*output

	gate    *scope  // of the finally, nil without
	finally []*decl // in gate or a scope of their own
	exit    *ir.Task
	exports map[captureKey]string
	names   map[string]bool // outputs of scope's component
}

// A decl is a task as declared: its name is known before any value is built.
type decl struct {
	r     *reader
	name  string
	node  *tree.Node
	scope *scope
	task  *ir.Task

	component *component // nil for groups and unknown components
	body      *body      // of a group

	as    string   // the loop variable, "" outside loops
	item  *ir.Type // its type where the author says it
	items typed
	state state

	exit    *decl // its exit task, nil without
	exitKey *tree.Node
}

// An output of a body is built when its type is first asked for.
type output struct {
	name     *tree.Node
	node     *tree.Node // its value
	spec     *tree.Node // the mapping that says more than a value, nil: none
	body     *body
	state    state
	value    ir.Value
	typ      ir.Type
	optional bool
}

type state uint8

const (
	untouched state = iota
	inProgress
	done
)

func (r *reader) declareClosed(c *ir.Component, node *tree.Node) *body {
	s := &scope{comp: c, offers: &r.offers, kfp: r.kfp || text(node.Get("rules")) == "kfp"}
	c.Inputs = r.ports(node.Get("inputs"), true)
	s.inputs, s.byName = c.Inputs, make(map[string]int, len(c.Inputs))
	for i, p := range c.Inputs {
		s.byName[p.Name.Text] = i
		s.fresh(p.Name.Text)
	}
	return r.declareBody(s, node)
}

func (r *reader) declareBody(outer *scope, node *tree.Node) *body {
	b := &body{r: r, node: node, outer: outer, scope: outer}
	outer.dag = &ir.DAG{At: node.Span()}
	outer.comp.Body = outer.dag
	if len(fields(node.Get("finally"))) > 0 {
		b.scope = outer.child(bodyTask, "body", node.Span())
		b.scope.dag.Inline = true
	}
	if list := node.Get("branches"); isSequence(list) {
		r.declareBranches(b, list)
	} else {
		b.decls = r.declareTasks(b.scope, node.Get("tasks"))
		b.declareOutputs(node.Get("outputs"))
	}
	if b.scope != outer {
		r.declareFinally(b, node.Get("finally"))
	}
	return b
}

// child adds a task with a DAG component of its own to the scope.
func (s *scope) child(task, name string, at source.Span) *scope {
	c := s.unplaced(task, name, at)
	if task == bodyTask {
		c.path = s.path // what is inside is named as if the body were not there
	}
	s.dag.Tasks = append(s.dag.Tasks, c.task)
	return c
}

func (s *scope) unplaced(task, name string, at source.Span) *scope {
	path := name
	if s.path != "" {
		path = s.path + "-" + name
	}
	d := &ir.DAG{At: at}
	c := &ir.Component{Name: ir.Ident{Text: path, At: at}, Body: d}
	t := &ir.Task{Name: ir.Ident{Text: task, At: at}, Component: c, At: at}
	return &scope{parent: s, comp: c, dag: d, task: t, path: path, retry: s.retry, offers: s.offers}
}

func (r *reader) declareBranches(b *body, list *tree.Node) {
	b.scope.dag.Exclusive, b.open = true, true
	for i, n := range list.Items {
		if !isMapping(n) {
			continue
		}
		last := i == len(list.Items)-1
		when, otherwise := field(n, "when"), field(n, "otherwise")
		switch {
		case otherwise != nil && when != nil:
			r.report(bothKeys(otherwise.Key, "otherwise", "when"))
		case otherwise == nil && when == nil:
			r.report(branchWithout(n))
		case otherwise != nil && !last:
			r.report(otherwiseNotLast(otherwise.Key))
		}
		b.open = b.open && otherwise == nil
		s := b.scope.child(itoa(i), itoa(i), n.Span())
		b.branches = append(b.branches, r.declareBody(s, n))
	}
	r.branchOutputs(b)
}

// branchOutputs declares what all branches declare alike and reports branches
// that lack one.
func (r *reader) branchOutputs(b *body) {
	b.byName, b.names = map[string]*output{}, map[string]bool{}
	for _, branch := range b.branches {
		for _, o := range branch.outputs {
			if b.names[o.name.Scalar] {
				continue
			}
			one := &output{name: o.name, body: b}
			b.outputs = append(b.outputs, one)
			b.byName[o.name.Scalar], b.names[o.name.Scalar] = one, true
		}
	}
	for _, branch := range b.branches {
		for _, o := range b.outputs {
			if branch.byName[o.name.Scalar] == nil {
				r.report(branchLacks(branch.node, o.name))
			}
		}
	}
}

func field(n *tree.Node, key string) *tree.Field {
	for i := range fields(n) {
		if n.Fields[i].Key.Scalar == key {
			return &n.Fields[i]
		}
	}
	return nil
}

func (r *reader) declareTasks(s *scope, n *tree.Node) []*decl {
	fs := fields(n)
	out := make([]*decl, 0, len(fs))
	s.tasks = make(map[string]*decl, len(fs))
	s.dag.Tasks = make([]*ir.Task, 0, len(fs))
	for _, f := range fs {
		if !isMapping(f.Value) {
			if f.Value.IsNull() {
				r.report(emptyTask(f.Key))
			}
			continue
		}
		d := r.declareTask(s, f)
		s.dag.Tasks = append(s.dag.Tasks, d.task)
		out = append(out, d)
	}
	return out
}

func (r *reader) declareTask(s *scope, f tree.Field) *decl {
	d := &decl{r: r, name: f.Key.Scalar, node: f.Value, scope: s}
	if first := s.enclosing(d.name); first != nil {
		r.report(repeats(f.Key, first.task.Name.At))
	}
	d.task = &ir.Task{Name: ident(f.Key), At: f.Value.Span()}
	// Known before any value is built: what may be absent depends on it.
	if trigger := d.node.Get("trigger"); isScalar(trigger) && trigger.Scalar == "completed" {
		d.task.Trigger = ir.Completed
	}
	if s.tasks == nil {
		s.tasks = map[string]*decl{}
	}
	s.tasks[d.name] = d
	k := r.taskKind(d, f.Key)
	if k == groupTask {
		r.declareGroup(d, f.Key)
	} else {
		r.declareUse(d, k)
		if loop := d.node.Get("for-each"); k == useTask && !loop.IsNull() {
			r.declareItem(d)
		}
	}
	if n := d.node.Get("on-exit"); isMapping(n) {
		r.declareExit(d, n)
	}
	return d
}

// declareExit makes the one task that runs once d has ended.
func (r *reader) declareExit(d *decl, n *tree.Node) {
	if len(n.Fields) != 1 {
		r.report(onExitTask(field(d.node, "on-exit").Key, "on-exit holds "+itoa(len(n.Fields))+" tasks"))
		return
	}
	f := n.Fields[0]
	if !isMapping(f.Value) {
		r.report(emptyTask(f.Key))
		return
	}
	for _, x := range f.Value.Fields {
		switch k := x.Key.Scalar; k {
		case "component", "inputs", "display-name":
		default:
			if language().settings.key(k) == nil {
				r.report(onExitTask(x.Key, quote(k)+" has no meaning for an exit task"))
				return
			}
		}
	}
	if f.Value.Get("component").IsNull() {
		r.report(taskWithout(f.Key))
		return
	}
	e := &decl{r: r, name: f.Key.Scalar, node: f.Value, scope: d.scope}
	if first := d.scope.enclosing(e.name); first != nil {
		r.report(repeats(f.Key, first.task.Name.At))
	}
	e.task = &ir.Task{Name: ident(f.Key), At: f.Value.Span()}
	r.declareUse(e, useTask)
	d.exit, d.exitKey, d.task.OnExit = e, f.Key, e.task
}

// enclosing is the task of that name in an enclosing scope, or in the body
// beside a finally.
func (s *scope) enclosing(name string) *decl {
	for s != nil {
		if s.gate != nil {
			if d := s.gate.scope.tasks[name]; d != nil {
				return d
			}
		}
		if s = s.parent; s != nil {
			if d := s.tasks[name]; d != nil {
				return d
			}
		}
	}
	return nil
}

type taskKind uint8

const (
	useTask taskKind = iota + 1
	groupTask
	brokenTask
)

// taskKind tells groups from uses of a component and reports keys that belong
// to the other.
func (r *reader) taskKind(d *decl, name *tree.Node) taskKind {
	uses, tasks, branches := field(d.node, "component"), field(d.node, "tasks"), field(d.node, "branches")
	if uses != nil && uses.Value.IsNull() {
		uses = nil
	}
	switch {
	case tasks != nil && branches != nil:
		r.report(bothKeys(branches.Key, "branches", "tasks"))
	case uses != nil && tasks != nil:
		r.report(bothKeys(uses.Key, "component", "tasks"))
	case uses != nil && branches != nil:
		r.report(bothKeys(uses.Key, "component", "branches"))
	}
	switch {
	case tasks == nil && branches == nil && uses == nil:
		r.report(taskWithout(name))
		return brokenTask
	case tasks == nil && branches == nil:
		loop := d.node.Get("for-each")
		for _, f := range d.node.Fields {
			switch f.Key.Scalar {
			case "outputs", "finally":
				r.report(groupOnly(f.Key))
				return useTask
			case "as", "parallelism":
				if loop.IsNull() {
					r.report(loopOnly(f.Key))
				}
			}
		}
		return useTask
	}
	r.groupKeys(d, branches != nil)
	return groupTask
}

func (r *reader) groupKeys(d *decl, branches bool) {
	loop := field(d.node, "for-each")
	for _, f := range d.node.Fields {
		switch k := f.Key.Scalar; {
		case k == "inputs":
			r.report(groupInputs(f.Key))
		case k == "timeout":
			r.report(groupTimeout(f.Key))
		case k == "retry":
		case k == "outputs" && branches:
			r.report(outputsBesideBranches(f.Key))
		case k == "for-each" && branches:
			r.report(bothKeys(f.Key, "for-each", "branches"))
		case (k == "as" || k == "parallelism") && loop == nil:
			r.report(loopOnly(f.Key))
		case language().settings.key(k) != nil:
			r.report(groupSetting(f.Key))
		}
	}
}

func (r *reader) declareGroup(d *decl, name *tree.Node) {
	s := d.scope.unplaced(d.name, d.name, d.node.Span())
	d.task.Component = s.comp
	s.comp.Name.At = name.Span()
	s.task = d.task
	if retry := d.node.Get("retry"); retry != nil {
		s.retry = append(s.retry[:len(s.retry):len(s.retry)], newKeyLayer(field(d.node, "retry"), fromGroup))
	}
	if loop := d.node.Get("for-each"); !loop.IsNull() {
		r.declareLoop(d, s)
	}
	d.body = r.declareBody(s, d.node)
}

func (r *reader) declareLoop(d *decl, s *scope) {
	at := r.declareItem(d)
	as := d.as
	s.loop = d
	s.fresh(as)
	s.comp.Inputs = append(s.comp.Inputs, &ir.Port{Name: ir.Ident{Text: as, At: at}, Captured: true, TypeAt: at})
}

// declareItem reads the name and the type of the loop variable.
func (r *reader) declareItem(d *decl) (at source.Span) {
	d.as, at = "item", d.node.Get("for-each").Span()
	n := d.node.Get("as")
	if isMapping(n) {
		f := field(n, "type")
		if p := r.port(tree.Field{Key: n, Value: n}, false); !n.Get("type").IsNull() {
			d.item = &p.Type
		}
		if f != nil && d.node.Get("tasks") == nil {
			r.report(itemType(f.Key))
		}
		n = n.Get("name")
	}
	if isScalar(n) {
		d.as, at = n.Scalar, n.Span()
		if !validLoopName(d.as) {
			r.report(badLoopName(n))
			d.as = "item"
		}
	}
	for up := d.scope; up != nil; up = up.parent {
		if up.loop != nil && up.loop.as == d.as {
			r.report(loopRepeats(at, d.as, up.loop.node.Get("for-each").Span()))
		}
	}
	return at
}

// validLoopName is a name that CEL reads as one variable and that means nothing
// else here.
func validLoopName(s string) bool {
	switch s {
	case "inputs", "outputs", "tasks", "run", "status", "math", "optional",
		"true", "false", "null", "in", "as", "break", "const", "continue", "else",
		"for", "function", "if", "import", "let", "loop", "package", "namespace",
		"return", "var", "void", "while":
		return false
	}
	for i := range len(s) {
		if s[i] == '-' {
			return false
		}
	}
	return validName(s)
}

func (b *body) declareOutputs(n *tree.Node) {
	fs := fields(n)
	b.byName = make(map[string]*output, len(fs))
	b.names = make(map[string]bool, len(fs))
	for _, f := range fs {
		o := &output{name: f.Key, node: f.Value, body: b}
		if isMapping(f.Value) {
			o.spec, o.node = f.Value, f.Value.Get("value")
		}
		b.outputs = append(b.outputs, o)
		b.byName[f.Key.Scalar] = o
		b.names[f.Key.Scalar] = true
	}
}

// declareFinally makes the exit task: a single task of a container as it is,
// anything else a DAG of its own.
func (r *reader) declareFinally(b *body, n *tree.Node) {
	b.gate = &scope{parent: b.outer, comp: b.outer.comp, dag: b.outer.dag, gate: b, path: b.outer.path, retry: b.outer.retry, offers: b.outer.offers}
	main := b.scope.task
	if r.direct(n) {
		d := r.declareTask(b.gate, n.Fields[0])
		b.finally, b.exit = []*decl{d}, d.task
		main.OnExit = d.task
		return
	}
	s := b.gate.unplaced("finally", "finally", n.Span())
	s.dag.Inline = true
	b.exit, main.OnExit = s.task, s.task
	b.finally = r.declareTasks(s, n)
}

// direct reports whether a finally is one plain task of a container.
func (r *reader) direct(n *tree.Node) bool {
	if len(n.Fields) != 1 || !isMapping(n.Fields[0].Value) {
		return false
	}
	task := n.Fields[0].Value
	for _, key := range [...]string{"tasks", "branches", "for-each", "when", "after", "trigger", "on-exit"} {
		if task.Get(key) != nil {
			return false
		}
	}
	c := task.Get("component")
	if !isScalar(c) {
		return false
	}
	known := r.components[c.Scalar]
	return known != nil && known.container() != nil
}

// export makes an output of the body's component for what its finally reads.
func (b *body) export(t target, at source.Span) string {
	if name, ok := b.exports[t.captureKey]; ok {
		return name
	}
	name := unique(b.names, captureName(t))
	if b.exports == nil {
		b.exports = map[captureKey]string{}
	}
	b.exports[t.captureKey] = name
	id := ir.Ident{Text: name, At: at}
	typ, optional, _ := b.scope.tasks[t.task].output(t.name)
	b.scope.comp.Outputs = append(b.scope.comp.Outputs, &ir.Port{Name: id, Type: typ, Optional: optional, Captured: true, TypeAt: at})
	b.scope.dag.Outputs = append(b.scope.dag.Outputs, &ir.DAGOutput{Name: id, Value: &ir.OutputRef{Task: t.task, Output: t.name, At: at}})
	return name
}
