package dsl

import (
	"sort"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// A scope is a place in which tasks live: the tasks of a pipeline, a group, a
// loop body, a branch or a finally. Each has a component in the representation;
// what it reads from enclosing scopes arrives through inputs of that component.
type scope struct {
	parent *scope         // nil: closed, nothing outside is seen
	comp   *ir.Component  // whose DAG holds the tasks
	dag    *ir.DAG        // its body
	task   *ir.Task       // the task in parent's DAG that uses comp
	path   string         // readable prefix for names of components
	inputs []*ir.Port     // of a closed scope: the pipeline's own
	byName map[string]int // index into inputs
	loop   *decl          // the group whose loop variable arrives here
	tasks  map[string]*decl
	gate   *body // of a finally: the body whose end it sees; shares parent's comp

	captured map[captureKey]string
	taken    map[string]bool // names of comp's inputs
	retry    []*layer        // of enclosing groups, outermost first
	offers   *int            // lists of names that may still be made for hints
	shared   map[*component]taskSettings
	kfp      bool // of a closed scope: conditions are judged by KFP's rules
}

type captureKey struct {
	owner      *scope
	kind       targetKind
	task, name string
}

// A target is what a path names, and where that lives.
type target struct {
	captureKey
	typ      ir.Type
	optional bool
	// uncertain: whether it may be absent depends on what tasks wait for.
	uncertain bool
	secret    bool
	field     ir.RunField
	aspect    ir.Aspect
	key       string // of metadata
}

type targetKind uint8

const (
	inputTarget targetKind = iota + 1
	loopTarget
	outputTarget
	statusTarget
	runTarget
	artifactTarget    // a whole artifact inside a component
	inputPortTarget   // an aspect of an input inside a component
	outputPortTarget  // an aspect of an output inside a component
	executorTarget    // executor-input
	executorOutTarget // executor-output-path
	itemTarget        // the item of the task's own loop
)

// A place is where an expression stands: it finds names, and takes what they
// name into its scope.
type place interface {
	find(path []string) (t target, n int, ok bool)
	names(path []string) []string
	take(t target, at source.Span) ir.Value
}

// taskPlace is a place outside components: at the task (nil: at none, as in
// outputs) of a scope.
type taskPlace struct {
	scope *scope
	at    *ir.Task
	// narrow places, as in defaults, see inputs and run only.
	narrow bool
	// exit: the task that this is the exit task of; it and its status are all
	// that is seen of the tasks of this scope.
	exit *decl
	// judged: the place of a condition that has KFP's rules.
	judged bool
	// own is the task itself where it has a loop but no group: of its inputs
	// one takes the item, alone, and nothing else may read it.
	own *decl
}

func (p *taskPlace) take(t target, at source.Span) ir.Value {
	if t.kind == itemTarget {
		p.own.r.report(itemTwice(at, p.own.as))
		return &ir.Literal{At: at}
	}
	return p.scope.take(t, at)
}

func (p *taskPlace) find(path []string) (t target, n int, ok bool) {
	switch path[0] {
	case "inputs":
		return p.scope.findInput(path)
	case "run":
		return findRun(path)
	}
	if p.narrow {
		return t, 0, false
	}
	switch path[0] {
	case "tasks":
		if p.exit != nil {
			return p.findHost(path)
		}
		return p.scope.findOutput(path, p.at)
	case "status":
		if p.exit != nil {
			return statusOf(p.scope, ""), 1, true
		}
		return p.scope.findStatus()
	}
	if p.own != nil && path[0] == p.own.as {
		t.kind, t.typ = itemTarget, p.own.itemType()
		return t, 1, true
	}
	return p.scope.findLoop(path[0])
}

// findHost finds what an exit task sees: of its own scope the task that it
// belongs to and no other, and what every task sees of the enclosing ones.
func (p *taskPlace) findHost(path []string) (t target, n int, ok bool) {
	if len(path) < 2 {
		return t, 1, false
	}
	if d := p.scope.tasks[path[1]]; d != nil && d != p.exit {
		return t, 1, false
	}
	t, n, ok = p.scope.findOutput(path, nil)
	t.optional = t.optional || path[1] == p.exit.name
	return t, n, ok
}

// statusOf is the final status of a task of the scope; "" is the one whose exit
// task reads it.
func statusOf(s *scope, task string) target {
	return target{captureKey: captureKey{owner: s, kind: statusTarget, task: task}, typ: ir.Type{Kind: ir.Struct}}
}

func (s *scope) closed() *scope {
	for s.parent != nil {
		s = s.parent
	}
	return s
}

func (s *scope) findInput(path []string) (t target, n int, ok bool) {
	if len(path) < 2 {
		return t, 1, false
	}
	root := s.closed()
	i, ok := root.byName[path[1]]
	if !ok {
		return t, 1, false
	}
	p := root.inputs[i]
	t.captureKey = captureKey{owner: root, kind: inputTarget, name: path[1]}
	t.typ, t.optional, t.secret = p.Type, p.Optional && p.Default == nil, p.Secret
	return t, 2, true
}

func findRun(path []string) (t target, n int, ok bool) {
	if len(path) < 2 {
		return t, 1, false
	}
	t.kind, t.typ = runTarget, ir.Type{Kind: ir.String}
	f, ok := runFields[path[1]]
	if !ok {
		return t, 1, false
	}
	t.field = f
	return t, 2, true
}

// runFields are the facts about a run and the task that reads them.
var runFields = map[string]ir.RunField{
	"name": ir.RunName, "id": ir.RunID, "resource_name": ir.RunResourceName,
	"create_time": ir.RunCreateTime, "schedule_time": ir.RunScheduleTime,
	"task_name": ir.TaskName, "task_id": ir.TaskID,
	"workspace": ir.WorkspacePath, "artifact_root": ir.PipelineRoot,
}

func runNames() []string {
	out := make([]string, 0, len(runFields))
	for name := range runFields {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

// visible is the task that a name means here, and the task of that task's scope
// through which the place sees it.
func (s *scope) visible(name string, at *ir.Task) (d *decl, owner *scope, via *ir.Task, ended bool) {
	for ; s != nil; s = s.parent {
		if d := s.tasks[name]; d != nil {
			return d, s, at, false
		}
		if s.gate != nil {
			if d := s.gate.scope.tasks[name]; d != nil {
				return d, s.gate.scope, at, true
			}
		} else {
			at = s.task
		}
	}
	return nil, nil, nil, false
}

func (s *scope) findOutput(path []string, at *ir.Task) (t target, n int, ok bool) {
	if len(path) < 2 {
		return t, 1, false
	}
	d, owner, via, ended := s.visible(path[1], at)
	if d == nil {
		return t, 1, false
	}
	if len(path) > 2 && path[2] == "status" && !ended {
		return statusOf(owner, path[1]), 3, true
	}
	if len(path) < 3 || path[2] != "outputs" {
		return t, 2, false
	}
	if len(path) < 4 {
		return t, 3, false
	}
	typ, optional, ok := d.output(path[3])
	if !ok {
		return t, 3, false
	}
	t.captureKey = captureKey{owner: owner, kind: outputTarget, task: path[1], name: path[3]}
	t.typ, t.optional = typ, optional || ended || via != nil && via.Trigger == ir.Completed
	t.uncertain = !t.optional && (d.mayLack() || at == nil && owner == s)
	return t, 4, true
}

func (s *scope) findStatus() (t target, n int, ok bool) {
	for ; s != nil; s = s.parent {
		if s.gate != nil {
			t.captureKey = captureKey{owner: s, kind: statusTarget}
			t.typ = ir.Type{Kind: ir.Struct}
			return t, 1, true
		}
	}
	return t, 0, false
}

func (s *scope) findLoop(name string) (t target, n int, ok bool) {
	for ; s != nil; s = s.parent {
		if s.loop != nil && s.loop.as == name {
			t.captureKey = captureKey{owner: s, kind: loopTarget, name: name}
			t.typ = s.loop.itemType()
			return t, 1, true
		}
	}
	return t, 0, false
}

// take is the value of a target in the scope, capturing it level by level where
// it lives outside.
func (s *scope) take(t target, at source.Span) ir.Value {
	switch {
	case t.kind == runTarget:
		return &ir.RunRef{Field: t.field, At: at}
	case s.gate != nil:
		switch {
		case t.kind == statusTarget && t.owner == s:
			return &ir.StatusRef{At: at}
		case t.owner == s.gate.scope:
			return &ir.OutputRef{Task: bodyTask, Output: s.gate.export(t, at), At: at}
		}
		return s.parent.take(t, at)
	case t.owner == s:
		switch t.kind {
		case outputTarget:
			return &ir.OutputRef{Task: t.task, Output: t.name, At: at}
		case statusTarget:
			return &ir.StatusRef{Task: t.task, At: at}
		}
		return &ir.InputRef{Name: t.name, At: at}
	case s.parent == nil:
		return nil // not reached: find gives no target outside a closed scope
	}
	name, ok := s.captured[t.captureKey]
	if !ok {
		name = s.capture(t, at)
	}
	return &ir.InputRef{Name: name, At: at}
}

func (s *scope) capture(t target, at source.Span) string {
	v := s.parent.take(t, at)
	name := s.fresh(captureName(t))
	if s.captured == nil {
		s.captured = map[captureKey]string{}
	}
	s.captured[t.captureKey] = name
	id := ir.Ident{Text: name, At: at}
	s.comp.Inputs = append(s.comp.Inputs, &ir.Port{Name: id, Type: t.typ, Optional: t.optional, Secret: t.secret, Captured: true, TypeAt: at})
	s.task.Args = append(s.task.Args, &ir.Binding{Name: id, Value: v})
	return name
}

// fresh takes a name among the component's inputs.
func (s *scope) fresh(name string) string {
	if s.taken == nil {
		s.taken = map[string]bool{}
	}
	return unique(s.taken, name)
}

func captureName(t target) string {
	switch t.kind {
	case outputTarget:
		return t.task + "-" + t.name
	case statusTarget:
		return strings.TrimPrefix(t.task+"-status", "-")
	}
	return t.name
}

// names are what may stand below a path of understood segments.
func (p *taskPlace) names(path []string) []string {
	if len(path) == 0 {
		return p.roots()
	}
	var out []string
	switch {
	case path[0] == "inputs" && len(path) == 1:
		for _, port := range p.scope.closed().inputs {
			out = append(out, port.Name.Text)
		}
	case path[0] == "run" && len(path) == 1:
		return runNames()
	case path[0] != "tasks" || p.narrow:
	case len(path) == 1:
		out = p.scope.taskNames()
	case len(path) == 2:
		return []string{"outputs", "status"}
	case len(path) == 3:
		if d, _, _, _ := p.scope.visible(path[1], nil); d != nil {
			out = d.outputNames()
		}
	}
	sort.Strings(out)
	return out
}

func (p *taskPlace) roots() []string {
	out := []string{"inputs", "run"}
	if !p.narrow {
		out = append(out, "tasks")
		for s := p.scope; s != nil; s = s.parent {
			if s.loop != nil {
				out = append(out, s.loop.as)
			}
			if s.gate != nil {
				out = append(out, "status")
			}
		}
	}
	sort.Strings(out)
	return out
}

// taskNames are all tasks in sight, for the hint of a message. There may be
// many, and many mistakes: from some point on a message has no hint.
func (s *scope) taskNames() []string {
	var out []string
	if *s.offers--; *s.offers < 0 {
		return nil
	}
	for ; s != nil; s = s.parent {
		for name := range s.tasks {
			out = append(out, name)
		}
		if s.gate != nil {
			for name := range s.gate.scope.tasks {
				out = append(out, name)
			}
		}
	}
	sort.Strings(out)
	return out
}

// compPlace is a place inside a component.
type compPlace struct {
	comp *component
	// narrow places, as in settings, see parameters only.
	narrow bool
}

func (p *compPlace) find(path []string) (t target, n int, ok bool) {
	if path[0] == "run" && !p.narrow {
		return findRun(path)
	}
	if path[0] != "inputs" && (path[0] != "outputs" || p.narrow) {
		return t, 0, false
	}
	if len(path) < 2 {
		return t, 1, false
	}
	t.name = path[1]
	if path[0] == "outputs" {
		port := p.comp.outs[path[1]]
		if port == nil {
			return t, 1, false
		}
		t.kind = outputPortTarget
		return p.aspect(t, path, port.Type.IsArtifact())
	}
	port := p.comp.ins[path[1]]
	if port == nil {
		return t, 1, false
	}
	t.typ, t.optional, t.secret = port.Type, port.Optional && port.Default == nil, port.Secret
	switch {
	case !port.Type.IsArtifact():
		t.kind = inputTarget
		return t, 2, true
	case p.narrow:
		return t, 1, false
	case port.Type.Kind == ir.List && len(path) == 2:
		t.kind, t.aspect, t.typ = inputPortTarget, ir.AspectWhole, ir.Type{Kind: ir.List}
		return t, 2, true
	case len(path) > 2:
		t.kind = inputPortTarget
		return p.aspect(t, path, true)
	}
	t.kind = artifactTarget
	return t, 2, true
}

func (p *compPlace) aspect(t target, path []string, artifact bool) (target, int, bool) {
	if len(path) < 3 {
		return t, 2, false
	}
	t.typ = ir.Type{Kind: ir.String}
	switch path[2] {
	case "path":
		t.aspect = ir.AspectPath
	case "uri":
		t.aspect = ir.AspectURI
	case "metadata":
		t.aspect, t.typ = ir.AspectMetadata, ir.Type{Kind: ir.Struct}
		if p.kfp() && len(path) == 4 && artifact {
			t.key, t.typ = path[3], ir.Type{Kind: ir.Dynamic}
			return t, 4, true
		}
	case "content":
		t.aspect = ir.AspectContent
	case "list":
		t.aspect, t.typ = ir.AspectWhole, ir.Type{Kind: ir.List}
	}
	ok := t.aspect == ir.AspectPath || t.aspect != 0 && artifact && (t.aspect != ir.AspectContent || t.kind == inputPortTarget)
	if !ok {
		return t, 2, false
	}
	return t, 3, true
}

// kfp reports whether the component is a container of KFP's.
func (p *compPlace) kfp() bool {
	c := p.comp.container()
	return c != nil && c.Contract == ir.KFPContract
}

func (p *compPlace) take(t target, at source.Span) ir.Value {
	switch t.kind {
	case runTarget:
		return &ir.RunRef{Field: t.field, At: at}
	case inputPortTarget, outputPortTarget:
		return &ir.PortRef{Output: t.kind == outputPortTarget, Port: t.name, Aspect: t.aspect, Key: t.key, At: at}
	}
	return &ir.InputRef{Name: t.name, At: at}
}

func (p *compPlace) names(path []string) []string {
	var out []string
	switch {
	case len(path) == 0 && p.narrow:
		return []string{"inputs"}
	case len(path) == 0:
		return []string{"inputs", "outputs", "run"}
	case len(path) == 1 && path[0] == "run" && !p.narrow:
		return runNames()
	case len(path) == 1 && path[0] == "inputs":
		for _, port := range p.comp.ir.Inputs {
			if !p.narrow || !port.Type.IsArtifact() {
				out = append(out, port.Name.Text)
			}
		}
	case len(path) == 1 && path[0] == "outputs" && !p.narrow:
		for _, port := range p.comp.ir.Outputs {
			out = append(out, port.Name.Text)
		}
	case len(path) == 2 && path[0] == "outputs" && !p.narrow:
		if o := p.comp.outs[path[1]]; o != nil && !o.Type.IsArtifact() {
			return []string{"path"}
		}
		return []string{"metadata", "path", "uri"}
	case len(path) == 2 && path[0] == "inputs" && !p.narrow:
		if in := p.comp.ins[path[1]]; in != nil && in.Type.IsArtifact() {
			return []string{"metadata", "path", "uri"}
		}
	}
	sort.Strings(out)
	return out
}
