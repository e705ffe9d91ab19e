package kfpspec

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// A scope is one DAG while it is read.
type scope struct {
	*reader
	owner *ir.Component
	tasks []rawTask
	index map[string]int
	retry *ir.Retry // inherited from the task of this DAG
	raw   *rawTask  // whose platform settings are being read

	given       map[string]bool     // outputs that have a value
	declaredOut map[string]*ir.Port // outputs of the owner, once any has a value
}

// A rawTask is a task and what is still to be made of it once all tasks of the
// DAG are known.
type rawTask struct {
	task      *ir.Task
	entry     *entry
	parts     taskParts
	completed bool
	ofItem    []string // arguments that say nothing: see misplaced
}

// dag reads the DAG of component c. Every task inherits the retry policy unless
// it has its own.
func (r *reader) dag(c *ir.Component, n *tree.Node, retry *ir.Retry) {
	d := &ir.DAG{At: head(n)}
	c.Body = d
	var tasks, outputs *tree.Node
	for _, f := range r.fields(n, "dag") {
		switch f.Key.Scalar {
		case "tasks":
			tasks = f.Value
		case "outputs":
			outputs = f.Value
		default:
			r.unknown(f.Key, "a dag", "tasks", "outputs")
		}
	}
	fields := r.fields(tasks, "tasks")
	s := &scope{reader: r, owner: c, retry: retry,
		tasks: make([]rawTask, len(fields)), index: make(map[string]int, len(fields))}
	list := make([]ir.Task, len(fields))
	for i, f := range fields {
		s.index[f.Key.Scalar] = i
		s.tasks[i].task = &list[i]
	}
	for i, f := range fields {
		s.read(&s.tasks[i], f)
	}
	for i := range s.tasks {
		s.finish(&s.tasks[i])
		s.supplied(&list[i])
	}
	s.outputs(d, outputs)
	s.place(d)
	s.outputTypes(d)
}

func (s *scope) find(name string) *rawTask {
	if i, ok := s.index[name]; ok {
		return &s.tasks[i]
	}
	return nil
}

// place puts the tasks into the DAG; exit tasks go to the task they follow.
func (s *scope) place(d *ir.DAG) {
	exits := s.exits(d)
	d.Tasks = make([]*ir.Task, 0, len(s.tasks))
	for i := range s.tasks {
		t := &s.tasks[i]
		if host := exits[i]; host != nil {
			s.becomeExit(t, host)
			continue
		}
		d.Tasks = append(d.Tasks, t.task)
	}
}

// exits finds the tasks that are exit handlers, by index. The format marks an
// exit handler by no more than a strategy that ordinary tasks may have too, so
// only what looks exactly like the SDK's is one; the rest has trigger Completed.
func (s *scope) exits(d *ir.DAG) map[int]*ir.Task {
	var out map[int]*ir.Task
	var needed map[string]bool
	for i := range s.tasks {
		t := &s.tasks[i]
		if !t.completed || t.task.When != nil || t.task.ForEach != nil || t.task.Component == nil {
			continue
		}
		host := s.host(t)
		if host == nil {
			continue
		}
		if needed == nil {
			needed = s.needed(d)
		}
		if needed[t.task.Name.Text] {
			continue
		}
		if out == nil {
			out = map[int]*ir.Task{}
		}
		host.OnExit = t.task
		out[i] = host
	}
	return out
}

// host is the task that t would be the exit handler of, nil for none.
func (s *scope) host(t *rawTask) *ir.Task {
	only := ""
	upstream(t.task, func(name string) {
		if only == "" {
			only = name
		} else if only != name {
			only = "\x00" // several
		}
	})
	if !strings.HasPrefix(only, "exit-handler-") {
		return nil
	}
	host := s.find(only)
	if host == nil || host.task.Component == nil || host.task.Component.DAG() == nil || host.task.OnExit != nil || host.task.ForEach != nil {
		return nil
	}
	return host.task
}

// upstream calls f with each task that t waits for, perhaps more than once.
func upstream(t *ir.Task, f func(name string)) {
	for _, a := range t.After {
		f(a.Text)
	}
	t.EachValue(func(v ir.Value) { producers(v, f) })
}

// producers calls f with each task that a value reads.
func producers(v ir.Value, f func(name string)) {
	ir.VisitLeaves(v, func(v ir.Value) {
		switch v := v.(type) {
		case *ir.OutputRef:
			f(v.Task)
		case *ir.StatusRef:
			f(v.Task)
		}
	})
}

// needed holds every task that something in the DAG waits for.
func (s *scope) needed(d *ir.DAG) map[string]bool {
	out := make(map[string]bool, len(s.tasks))
	note := func(name string) { out[name] = true }
	for i := range s.tasks {
		upstream(s.tasks[i].task, note)
	}
	for _, o := range d.Outputs {
		producers(o.Value, note)
	}
	return out
}

func (s *scope) becomeExit(t *rawTask, host *ir.Task) {
	t.task.Trigger = ir.Succeeded
	t.task.After = nil
	own := func(v ir.Value) ir.Value {
		if x, ok := v.(*ir.StatusRef); ok && x.Task == host.Name.Text {
			return &ir.StatusRef{At: x.At}
		}
		return v
	}
	for _, b := range t.task.Args {
		b.Value = ir.Replace(b.Value, own)
	}
}

// outputs reads the DAG's own outputs.
func (s *scope) outputs(d *ir.DAG, n *tree.Node) {
	for _, f := range s.fields(n, "outputs") {
		switch f.Key.Scalar {
		case "parameters":
			for _, o := range s.fields(f.Value, "parameters") {
				s.output(d, o, s.parameterOutput(o))
			}
		case "artifacts":
			for _, o := range s.fields(f.Value, "artifacts") {
				s.output(d, o, s.artifactOutput(o))
			}
		default:
			s.unknown(f.Key, "outputs", "parameters", "artifacts")
		}
	}
	for _, p := range s.owner.Outputs {
		if !s.given[p.Name.Text] {
			s.add(noValue(p.Name.Text, p.Name.At))
		}
	}
}

func (s *scope) output(d *ir.DAG, o tree.Field, v ir.Value) {
	name := o.Key.Scalar
	if s.given == nil {
		s.given = map[string]bool{}
		s.declaredOut = make(map[string]*ir.Port, len(s.owner.Outputs))
		for _, p := range s.owner.Outputs {
			s.declaredOut[p.Name.Text] = p
		}
	}
	again := s.given[name]
	s.given[name] = true
	switch {
	case again:
		s.add(samePort(name, o.Key.Span(), o.Key.Span()))
	case s.declaredOut[name] == nil:
		s.add(undeclaredOutput(name, o.Key.Span(), s.offer(portNames(s.owner.Outputs))))
	case v == nil:
		// Reported; null keeps later phases quiet about a missing value.
		d.Outputs = append(d.Outputs, &ir.DAGOutput{Name: ir.Ident{Text: name, At: o.Key.Span()}, Value: &ir.Literal{At: o.Key.Span()}})
	default:
		d.Outputs = append(d.Outputs, &ir.DAGOutput{Name: ir.Ident{Text: name, At: o.Key.Span()}, Value: v})
	}
}

func (s *scope) parameterOutput(o tree.Field) (v ir.Value) {
	for _, f := range s.fields(o.Value, "a parameter output") {
		switch camel(f.Key.Scalar) {
		case "valueFromParameter":
			if ref := s.selector(f.Value, "outputParameterKey"); ref != nil {
				v = ref
			}
		case "valueFromOneof":
			v = s.oneOf(f)
		default:
			s.unknown(f.Key, "a parameter output", "valueFromParameter", "valueFromOneof")
		}
	}
	if v == nil && len(o.Value.Fields) == 0 {
		s.add(missing("valueFromParameter", o.Key.Span()))
	}
	return v
}

func (s *scope) oneOf(of tree.Field) ir.Value {
	one := &ir.OneOf{At: of.Key.Span()}
	for _, f := range s.fields(of.Value, "valueFromOneof") {
		if camel(f.Key.Scalar) != "parameterSelectors" {
			s.unknown(f.Key, "valueFromOneof", "parameterSelectors")
			continue
		}
		for _, item := range s.items(f.Value, "parameterSelectors") {
			if ref := s.selector(item, "outputParameterKey"); ref != nil {
				one.Alternatives = append(one.Alternatives, ref)
			}
		}
	}
	if len(one.Alternatives) == 0 {
		s.add(missing("parameterSelectors", of.Key.Span()))
		return nil
	}
	return one
}

func (s *scope) artifactOutput(o tree.Field) ir.Value {
	one := &ir.OneOf{At: o.Key.Span()}
	for _, f := range s.fields(o.Value, "an artifact output") {
		if camel(f.Key.Scalar) != "artifactSelectors" {
			s.unknown(f.Key, "an artifact output", "artifactSelectors")
			continue
		}
		for _, item := range s.items(f.Value, "artifactSelectors") {
			if ref := s.selector(item, "outputArtifactKey"); ref != nil {
				one.Alternatives = append(one.Alternatives, ref)
			}
		}
	}
	switch len(one.Alternatives) {
	case 0:
		s.add(missing("artifactSelectors", o.Key.Span()))
		return nil
	case 1:
		return one.Alternatives[0]
	}
	return one
}

func (s *scope) selector(n *tree.Node, key string) *ir.OutputRef {
	ref := &ir.OutputRef{At: head(n)}
	for _, f := range s.fields(n, "a selector") {
		switch camel(f.Key.Scalar) {
		case "producerSubtask":
			ref.Task, ref.At = s.str(f.Value, "producerSubtask"), f.Value.Span()
		case key:
			ref.Output = s.str(f.Value, key)
		default:
			s.unknown(f.Key, "a selector", "producerSubtask", key)
		}
	}
	if what := absent(ref, "producerSubtask", key); what != "" {
		s.add(missing(what, head(n)))
		return nil
	}
	return ref
}

// outputTypes gives outputs that are declared as collected lists the type that
// their value has: seen from inside, a loop's component gives one iteration. For
// outputs that the SDK made, of whatever type it says they are: its first versions
// declare those of loops over structs as structs.
func (s *scope) outputTypes(d *ir.DAG) {
	for _, o := range d.Outputs {
		p := s.declaredOut[o.Name.Text]
		if p == nil || p.Type.Kind != ir.List && !strings.HasPrefix(p.Name.Text, channelPrefix) {
			continue
		}
		v := o.Value
		if one, ok := v.(*ir.OneOf); ok {
			v = one.Alternatives[0]
		}
		ref, ok := v.(*ir.OutputRef)
		if !ok {
			continue
		}
		if t := s.typeOf(ref); t.Kind != ir.Invalid && t.Kind != ir.Dynamic {
			p.Type = t
		}
	}
}

// typeOf is what is known of a value's type inside this DAG.
func (s *scope) typeOf(v ir.Value) ir.Type {
	switch v := v.(type) {
	case *ir.InputRef:
		if p := s.owner.Input(v.Name); p != nil {
			return p.Type
		}
	case *ir.OutputRef:
		t := s.find(v.Task)
		if t == nil || t.task.Component == nil {
			return ir.Type{}
		}
		p := t.task.Component.Output(v.Output)
		if p == nil || p.Type.Kind == ir.Invalid {
			return ir.Type{}
		}
		if t.task.ForEach != nil || t.parts.iterates() {
			return ir.ListOf(p.Type)
		}
		return p.Type
	case *ir.Literal:
		return ir.KindOf(v.V)
	case *ir.Template, *ir.RunRef:
		return ir.Type{Kind: ir.String}
	case *ir.ListValue:
		return ir.Type{Kind: ir.List}
	case *ir.StructValue, *ir.StatusRef:
		return ir.Type{Kind: ir.Struct}
	case *ir.Select:
		return ir.Type{Kind: ir.Dynamic}
	}
	return ir.Type{}
}

func taskPlace(t *ir.Task, e *entry) source.Span {
	if t != nil {
		return t.At
	}
	return e.key.Span()
}
