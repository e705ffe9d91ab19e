package check

import (
	"github.com/kfp-go/kfp-go/compiler/graph"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// Info is what checking learned; later phases read it and never re-derive it.
// It belongs to the pipeline as it was checked: a phase that rewrites the
// representation checks again.
type Info struct {
	// Graphs holds, for each DAG, the order of its tasks: node i is Tasks[i].
	Graphs map[*ir.DAG]*graph.Graph

	pipeline *ir.Pipeline
	scopes   map[*ir.DAG]*Scope
	// Components lists every component behind those its tasks use: children
	// first, the root last. Members of a recursion are in no useful order.
	Components []*ir.Component
}

// Scope is what is known of one DAG, nil for a DAG that is not the pipeline's.
func (i *Info) Scope(d *ir.DAG) *Scope { return i.scopes[d] }

// OptionalOutput reports whether an output of a component may be absent
// although a task of it succeeded.
func (i *Info) OptionalOutput(c *ir.Component, output string) bool {
	p := c.Output(output)
	if p == nil || p.Optional {
		return p != nil
	}
	if d := c.DAG(); d != nil {
		if s := i.scopes[d]; s != nil {
			return s.optional[output]
		}
	}
	return false
}

// A Scope is one DAG with its facts.
type Scope struct {
	Owner *ir.Component
	DAG   *ir.DAG
	// Graph has an edge from task to task for data (through arguments,
	// conditions, loop items and settings), final status and `after`.
	Graph *graph.Graph
	// Order is topological, as written where edges leave a choice; tasks on or
	// behind a cycle are missing.
	Order []int

	info  *Info
	index map[string]int
	// skippable: the task may be skipped in a run that succeeds.
	skippable []bool
	optional  map[string]bool // of the owner's outputs
}

// Index is the position of the named task in DAG.Tasks.
func (s *Scope) Index(name string) (int, bool) {
	i, ok := s.index[name]
	return i, ok
}

// Task is the named task, nil if there is none.
func (s *Scope) Task(name string) *ir.Task {
	if i, ok := s.index[name]; ok {
		return s.DAG.Tasks[i]
	}
	return nil
}

// Upstream lists the tasks that task i waits for, each once.
func (s *Scope) Upstream(i int) []int { return s.Graph.Prev(i) }

// Skippable reports whether task i may be skipped in a run that succeeds: it,
// or something it waits for, has a condition.
func (s *Scope) Skippable(i int) bool { return s.skippable[i] }

// TypeOf is the type of a value that stands in the DAG: in one of its tasks or,
// where in is nil, in its outputs. An output of a loop is the list of what the
// iterations gave. What does not resolve is Invalid.
func (s *Scope) TypeOf(v ir.Value, in *ir.Task) ir.Type {
	switch v := v.(type) {
	case *ir.InputRef:
		if p := s.Owner.Input(v.Name); p != nil {
			return p.Type
		}
		return ir.Type{}
	case *ir.OutputRef:
		return s.outputType(v, in)
	case *ir.OneOf:
		if len(v.Alternatives) > 0 {
			return s.TypeOf(v.Alternatives[0], in)
		}
		return ir.Type{}
	}
	return freeType(v)
}

func (s *Scope) outputType(v *ir.OutputRef, in *ir.Task) ir.Type {
	t := s.producer(v, in)
	if t == nil || t.Component == nil {
		return ir.Type{}
	}
	p := t.Component.Output(v.Output)
	if p == nil {
		return ir.Type{}
	}
	if t.ForEach != nil && p.Type.Kind != ir.Invalid {
		return ir.ListOf(p.Type)
	}
	return p.Type
}

// producer is the task that v reads.
func (s *Scope) producer(v *ir.OutputRef, _ *ir.Task) *ir.Task { return s.Task(v.Task) }

// Optional reports whether a value that stands in task in (nil: in the DAG's
// outputs) may be absent. Expressions and text never are: they deal with
// absence themselves.
func (s *Scope) Optional(v ir.Value, in *ir.Task) bool {
	switch v := v.(type) {
	case *ir.Literal:
		return v.V == nil
	case *ir.InputRef:
		p := s.Owner.Input(v.Name)
		return p != nil && p.Optional && (p.Default == nil || p.Default.V == nil)
	case *ir.OutputRef:
		return s.outputOptional(v, in)
	case *ir.OneOf:
		return s.oneOfOptional(v)
	case *ir.Select:
		return s.Optional(v.Of, in)
	}
	return false
}

func (s *Scope) outputOptional(v *ir.OutputRef, in *ir.Task) bool {
	i, ok := s.index[v.Task]
	if !ok {
		return false
	}
	if in == nil {
		if s.skippable[i] {
			return true
		}
	} else if in.Trigger == ir.Completed || s.exits(in) {
		return true
	}
	t := s.DAG.Tasks[i]
	return t.ForEach == nil && t.Component != nil && s.info.OptionalOutput(t.Component, v.Output)
}

// label is how messages call a task: branches have no name of their own.
func (s *Scope) label(t *ir.Task) string {
	if s.DAG.Exclusive {
		return "this branch"
	}
	return "task " + quote(t.Name.Text)
}

// exits reports whether in is an exit task: those are no members of the DAG.
func (s *Scope) exits(in *ir.Task) bool { return s.Task(in.Name.Text) != in }

// oneOfOptional: of an exclusive DAG some branch runs for sure when the last
// has no condition. Elsewhere (KFP) conditions are the author's word that one
// of them holds.
func (s *Scope) oneOfOptional(v *ir.OneOf) bool {
	for _, a := range v.Alternatives {
		t := s.Task(a.Task)
		if t != nil && t.Component != nil && s.info.OptionalOutput(t.Component, a.Output) {
			return true
		}
	}
	if !s.DAG.Exclusive || len(s.DAG.Tasks) == 0 {
		return false
	}
	last := s.DAG.Tasks[len(s.DAG.Tasks)-1]
	return last.When != nil || len(v.Alternatives) < len(s.DAG.Tasks)
}

// freeType is the type of a value that reads no name of its scope.
func freeType(v ir.Value) ir.Type {
	switch v := v.(type) {
	case *ir.Literal:
		return ir.KindOf(v.V)
	case *ir.Expr:
		if v.Program == nil {
			return ir.Type{}
		}
		return v.Program.Type()
	case *ir.Template, *ir.RunRef, *ir.ExecutorInput, *ir.ExecutorOutputPath:
		return ir.Type{Kind: ir.String}
	case *ir.ListValue:
		return ir.Type{Kind: ir.List}
	case *ir.StructValue, *ir.StatusRef:
		return ir.Type{Kind: ir.Struct}
	case *ir.Select:
		return ir.Type{Kind: ir.Dynamic}
	case *ir.Present:
		return ir.Type{Kind: ir.Boolean}
	case *ir.PortRef:
		return portRefType(v)
	}
	return ir.Type{}
}

func portRefType(v *ir.PortRef) ir.Type {
	switch {
	case v.Aspect == ir.AspectMetadata && v.Key == "":
		return ir.Type{Kind: ir.Struct}
	case v.Aspect == ir.AspectMetadata:
		return ir.Type{Kind: ir.Dynamic}
	}
	return ir.Type{Kind: ir.String}
}
