package ir

import "github.com/kfp-go/kfp-go/compiler/source"

// A Value is one of the pointer types of this file and nothing else. Which of
// them may stand where is said at each.
type Value interface {
	Span() source.Span
	value()
}

// A Literal is a constant: nil, bool, int64, float64, string, []any or
// map[string]any, nested likewise. Integers are within ±(2^53−1).
type Literal struct {
	V  any
	At source.Span
}

// An InputRef reads an input of the enclosing component: of the DAG's own
// component in task scope, of the container's in component scope.
type InputRef struct {
	Name string
	At   source.Span
}

// An OutputRef reads an output of a sibling task (task scope only). Of a task
// with ForEach it is the collected list.
type OutputRef struct {
	Task, Output string
	At           source.Span
}

// A StatusRef is the final-status struct of the task whose OnExit task reads
// it, or of a named sibling under trigger Completed.
type StatusRef struct {
	Task string
	At   source.Span
}

// A RunRef is a fact about the run or the task.
type RunRef struct {
	Field RunField
	At    source.Span
}

// A RunField names a fact about the run.
type RunField uint8

// The facts. In Argo the run's name is the Workflow's and its id the
// Workflow's uid; TaskName is the key of the task in its DAG, TaskID a token
// that is unique for the task in the run. Times are RFC 3339 in UTC.
const (
	RunName RunField = iota + 1
	RunID
	RunResourceName
	RunCreateTime
	RunScheduleTime
	TaskName
	TaskID
	WorkspacePath
	PipelineRoot
)

// A Program is a checked expression. Package expr makes and runs it; to the
// rest of the representation it is opaque.
type Program interface {
	// Type is the type of the result.
	Type() Type
	// Source is the expression as the author wrote it.
	Source() string
}

// An Expr is a checked expression and the values of the variables it reads.
type Expr struct {
	Program Program
	Vars    []ExprVar
	At      source.Span
}

// An ExprVar binds a variable of the program, named as the program names it
// ("inputs.rows", "tasks.train.outputs.model", "region").
type ExprVar struct {
	Name  string
	Value Value
}

// A Template is a text put together from the text forms of its parts; absent
// parts are empty.
type Template struct {
	Parts []Value
	// Escape is how many times the text is then written as the inside of a JSON
	// string: KFP's json_escape[N].
	Escape int
	At     source.Span
}

// MaxEscape bounds Template.Escape: each escaping can double a text.
const MaxEscape = 8

// A List is a list literal some of whose elements are not constant; a Struct
// likewise. KFP constants with embedded references become these.
type ListValue struct {
	Items []Value
	At    source.Span
}

// A StructValue is a struct literal some of whose values are not constant.
type StructValue struct {
	Keys   []string // in order
	Values []Value
	// Computed are the keys that are not constant, each at its index, with nil
	// for those that are; nil when all are constant. Of equal keys the last wins.
	Computed []Value
	At       source.Span
}

// KeyAt is the key at index i when it is computed, else nil.
func (v *StructValue) KeyAt(i int) Value {
	if i < len(v.Computed) {
		return v.Computed[i]
	}
	return nil
}

// A OneOf is the first alternative whose task ran (DAG outputs only). It is
// optional when all may have been skipped.
type OneOf struct {
	Alternatives []*OutputRef
	At           source.Span
}

// A Select reads one key of a value that is a struct or text holding JSON: KFP's
// parseJson(string_value)["key"].
type Select struct {
	Of  Value
	Key string
	At  source.Span
}

// A Present is true when the enclosing component's input has a value
// (component scope, conditions of arguments).
type Present struct {
	Input string
	At    source.Span
}

// A PortRef reads a fact about an artifact or an output of the enclosing
// component (component scope only).
type PortRef struct {
	Output bool // else an input
	Port   string
	Aspect Aspect
	Key    string // for AspectMetadata: one key; "": the whole struct
	At     source.Span
}

// An Aspect is what a PortRef reads.
type Aspect uint8

// AspectPath is the local path of an artifact, or the file to write an output
// parameter to. AspectWhole is the artifact list as JSON, AspectContent the
// content of the artifact's file.
const (
	AspectPath Aspect = iota + 1
	AspectURI
	AspectMetadata
	AspectWhole
	AspectContent
)

// An ExecutorInput is KFP's {{$}}: a JSON text of all inputs and outputs
// (component scope only).
type ExecutorInput struct{ At source.Span }

// An ExecutorOutputPath is the file that a KFP executor writes its results to
// (component scope only).
type ExecutorOutputPath struct{ At source.Span }

func (v *Literal) Span() source.Span            { return v.At }
func (v *InputRef) Span() source.Span           { return v.At }
func (v *OutputRef) Span() source.Span          { return v.At }
func (v *StatusRef) Span() source.Span          { return v.At }
func (v *RunRef) Span() source.Span             { return v.At }
func (v *Expr) Span() source.Span               { return v.At }
func (v *Template) Span() source.Span           { return v.At }
func (v *ListValue) Span() source.Span          { return v.At }
func (v *StructValue) Span() source.Span        { return v.At }
func (v *OneOf) Span() source.Span              { return v.At }
func (v *Select) Span() source.Span             { return v.At }
func (v *Present) Span() source.Span            { return v.At }
func (v *PortRef) Span() source.Span            { return v.At }
func (v *ExecutorInput) Span() source.Span      { return v.At }
func (v *ExecutorOutputPath) Span() source.Span { return v.At }

func (*Literal) value()            {}
func (*InputRef) value()           {}
func (*OutputRef) value()          {}
func (*StatusRef) value()          {}
func (*RunRef) value()             {}
func (*Expr) value()               {}
func (*Template) value()           {}
func (*ListValue) value()          {}
func (*StructValue) value()        {}
func (*OneOf) value()              {}
func (*Select) value()             {}
func (*Present) value()            {}
func (*PortRef) value()            {}
func (*ExecutorInput) value()      {}
func (*ExecutorOutputPath) value() {}

// An Arg is one element of a command line before it is evaluated: *TextArg,
// *IfArg or *ConcatArg.
type Arg interface{ arg() }

// A TextArg is one argv element, the text form of its value.
type TextArg struct{ Value Value }

// An IfArg is Then when Cond is true, else Else; each may be any number of argv
// elements. Inside a ConcatArg they are joined.
type IfArg struct {
	Cond       Value // boolean, component scope
	Then, Else []Arg
	At         source.Span
}

// A ConcatArg is one argv element, its items joined.
type ConcatArg struct {
	Items []Arg
	At    source.Span
}

func (*TextArg) arg()   {}
func (*IfArg) arg()     {}
func (*ConcatArg) arg() {}

// Children are the values directly inside v, in order.
func Children(v Value) []Value {
	switch v := v.(type) {
	case *Expr:
		out := make([]Value, len(v.Vars))
		for i, x := range v.Vars {
			out[i] = x.Value
		}
		return out
	case *Template:
		return v.Parts
	case *ListValue:
		return v.Items
	case *StructValue:
		if v.Computed == nil {
			return v.Values
		}
		out := make([]Value, 0, 2*len(v.Values))
		for i, x := range v.Values {
			if k := v.KeyAt(i); k != nil {
				out = append(out, k)
			}
			out = append(out, x)
		}
		return out
	case *Select:
		return []Value{v.Of}
	case *OneOf:
		out := make([]Value, len(v.Alternatives))
		for i, x := range v.Alternatives {
			out[i] = x
		}
		return out
	}
	return nil
}

// Visit calls f for v and every value inside it, outer before inner; a nil v
// is left out.
func Visit(v Value, f func(Value)) {
	if v == nil {
		return
	}
	f(v)
	for _, c := range Children(v) {
		Visit(c, f)
	}
}

// VisitArgs calls f for every value of the arguments.
func VisitArgs(args []Arg, f func(Value)) {
	for _, a := range args {
		switch a := a.(type) {
		case *TextArg:
			Visit(a.Value, f)
		case *IfArg:
			Visit(a.Cond, f)
			VisitArgs(a.Then, f)
			VisitArgs(a.Else, f)
		case *ConcatArg:
			VisitArgs(a.Items, f)
		}
	}
}

// Replace is v with each leaf (a value without children) replaced by what f
// gives for it; what is unchanged is shared with v.
func Replace(v Value, f func(Value) Value) Value {
	switch v := v.(type) {
	case nil:
		return nil
	case *Expr:
		out := *v
		out.Vars = make([]ExprVar, len(v.Vars))
		for i, x := range v.Vars {
			out.Vars[i] = ExprVar{x.Name, Replace(x.Value, f)}
		}
		return &out
	case *Template:
		out := *v
		out.Parts = replaceAll(v.Parts, f)
		return &out
	case *ListValue:
		out := *v
		out.Items = replaceAll(v.Items, f)
		return &out
	case *StructValue:
		out := *v
		out.Values = replaceAll(v.Values, f)
		if v.Computed != nil {
			out.Computed = replaceAll(v.Computed, f)
		}
		return &out
	case *Select:
		out := *v
		out.Of = Replace(v.Of, f)
		return &out
	}
	return f(v)
}

func replaceAll(vs []Value, f func(Value) Value) []Value {
	out := make([]Value, len(vs))
	for i, v := range vs {
		out[i] = Replace(v, f)
	}
	return out
}
