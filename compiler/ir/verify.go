package ir

import (
	"errors"
	"fmt"

	"github.com/kfp-go/kfp-go/compiler/source"
)

// Verify checks what every phase may rely on once no error has been reported:
// DAGs are closed, names are unique, every reference resolves, every value
// stands where its kind may stand, every span lies inside its file. A breach is
// a mistake of ours, never of the author; at most twenty are named.
func Verify(p *Pipeline) error {
	v := &verifier{known: map[*Component]bool{}}
	v.pipeline(p)
	return errors.Join(v.errs...)
}

const mostBreaches = 20

type verifier struct {
	errs  []error
	known map[*Component]bool
	where string
}

func (v *verifier) fail(format string, args ...any) {
	if len(v.errs) < mostBreaches {
		v.errs = append(v.errs, fmt.Errorf("%s: %s", v.where, fmt.Sprintf(format, args...)))
	}
}

func (v *verifier) span(what string, s source.Span) {
	if s.File != nil && (s.Start < 0 || s.Start > s.End || s.End > len(s.File.Text())) {
		v.fail("span of %s is %d to %d in %d bytes", what, s.Start, s.End, len(s.File.Text()))
	}
}

func (v *verifier) pipeline(p *Pipeline) {
	v.where = "pipeline"
	if p == nil || p.Root == nil {
		v.fail("no root")
		return
	}
	v.span("name", p.Name.At)
	if p.Root.DAG() == nil {
		v.fail("the root is no DAG")
	}
	if p.Dialect != DSL && p.Dialect != KFP {
		v.fail("dialect %d", p.Dialect)
	}
	for _, c := range p.All() {
		if c == nil {
			v.fail("a component is nil")
			return
		}
		if v.known[c] {
			v.fail("component %q is listed twice", c.Name.Text)
		}
		v.known[c] = true
	}
	for _, c := range p.All() {
		v.component(p, c)
	}
}

func (v *verifier) component(p *Pipeline, c *Component) {
	v.where = fmt.Sprintf("component %q", c.Name.Text)
	v.span("name", c.Name.At)
	v.ports("input", c.Inputs)
	v.ports("output", c.Outputs)
	switch b := c.Body.(type) {
	case *DAG:
		v.dag(p, c, b)
	case *Container:
		if b.Contract != DSLContract && b.Contract != KFPContract {
			v.fail("contract %d", b.Contract)
		}
		if b.Image == nil {
			v.fail("no image")
		}
		v.args(b.Command)
		v.args(b.Args)
		b.EachValue(func(x Value) { v.value(scope{owner: c}, x) })
	case *Importer:
		b.EachValue(func(x Value) { v.value(scope{owner: c}, x) })
		if c.Output(b.Output) == nil {
			v.fail("the importer's output %q is not declared", b.Output)
		}
	case *Claim:
	default:
		v.fail("no body")
	}
}

func (v *verifier) ports(kind string, ports []*Port) {
	seen := make(map[string]bool, len(ports))
	for _, p := range ports {
		if p == nil {
			v.fail("an %s is nil", kind)
			continue
		}
		v.span(kind, p.Name.At)
		if p.Name.Text == "" || seen[p.Name.Text] {
			v.fail("%s %q is empty or twice there", kind, p.Name.Text)
		}
		seen[p.Name.Text] = true
		if p.Type.Kind == Invalid || p.Type.Kind == Null {
			v.fail("%s %q has no type", kind, p.Name.Text)
		}
		if p.Default != nil && (kind == "output" || p.Type.IsArtifact()) {
			v.fail("%s %q has a default", kind, p.Name.Text)
		}
	}
}

// args looks for holes; the values are seen by EachValue.
func (v *verifier) args(args []Arg) {
	for _, a := range args {
		switch a := a.(type) {
		case *TextArg:
			if a.Value == nil {
				v.fail("an argument is empty")
			}
		case *IfArg:
			if a.Cond == nil {
				v.fail("an if has no condition")
			}
			v.args(a.Then)
			v.args(a.Else)
		case *ConcatArg:
			v.args(a.Items)
		default:
			v.fail("an argument is nil")
		}
	}
}

func (v *verifier) dag(p *Pipeline, c *Component, d *DAG) {
	tasks := make(map[string]*Task, len(d.Tasks))
	for _, t := range d.Tasks {
		if t == nil {
			v.fail("a task is nil")
			return
		}
		if tasks[t.Name.Text] != nil || t.Name.Text == "" {
			v.fail("task %q is empty or twice there", t.Name.Text)
		}
		tasks[t.Name.Text] = t
	}
	for _, t := range d.Tasks {
		v.task(p, scope{owner: c, dag: d, tasks: tasks}, t)
		if t.OnExit != nil {
			v.task(p, scope{owner: c, dag: d, tasks: tasks, host: t}, t.OnExit)
		}
	}
	v.where = fmt.Sprintf("component %q", c.Name.Text)
	v.outputs(scope{owner: c, dag: d, tasks: tasks}, d.Outputs)
}

func (v *verifier) outputs(s scope, outs []*DAGOutput) {
	given := map[string]bool{}
	for _, o := range outs {
		if given[o.Name.Text] || s.owner.Output(o.Name.Text) == nil {
			v.fail("result %q is twice there or not declared", o.Name.Text)
		}
		given[o.Name.Text] = true
		if one, ok := o.Value.(*OneOf); ok {
			for _, a := range one.Alternatives {
				v.value(s, a)
			}
			continue
		}
		v.value(s, o.Value)
	}
	for _, o := range s.owner.Outputs {
		if !given[o.Name.Text] {
			v.fail("output %q has no value", o.Name.Text)
		}
	}
}

func (v *verifier) task(p *Pipeline, s scope, t *Task) {
	v.where = fmt.Sprintf("component %q, task %q", s.owner.Name.Text, t.Name.Text)
	v.span("task", t.At)
	if t.Component == nil || !v.known[t.Component] || t.Component == p.Root {
		v.fail("its component is nil, the root or not listed")
		return
	}
	v.bindings(p, t)
	for _, a := range t.After {
		if s.tasks[a.Text] == nil || s.host != nil {
			v.fail("after %q, which is no sibling", a.Text)
		}
	}
	if l := t.ForEach; l != nil {
		if l.Items == nil || t.Component.Input(l.Item.Text) == nil {
			v.fail("the loop has no items or no item input %q", l.Item.Text)
		}
	}
	if s.host != nil && (t.OnExit != nil || t.ForEach != nil) {
		v.fail("an exit task has a loop or an exit task")
	}
	_, isContainer := t.Component.Body.(*Container)
	if t.Settings != nil && !isContainer && t.Component.DAG() != nil {
		v.fail("a task of a DAG has settings")
	}
	t.EachValue(func(x Value) { v.value(s, x) })
}

func (v *verifier) bindings(p *Pipeline, t *Task) {
	wired := make(map[string]bool, len(t.Args))
	for _, b := range t.Args {
		if b.Value == nil {
			v.fail("argument %q has no value", b.Name.Text)
		}
		if wired[b.Name.Text] {
			v.fail("argument %q is twice there", b.Name.Text)
		}
		wired[b.Name.Text] = true
		if t.Component.Input(b.Name.Text) == nil && p.Dialect != KFP {
			v.fail("argument %q is no input of the component", b.Name.Text)
		}
	}
}

// A scope says what a value may read: in task scope dag is set, in component
// scope it is nil.
type scope struct {
	owner *Component
	dag   *DAG
	tasks map[string]*Task
	host  *Task // of an exit task
}

func (v *verifier) value(s scope, x Value) {
	Visit(x, func(x Value) { v.one(s, x) })
	if x == nil {
		v.fail("a value is nil")
	}
}

func (v *verifier) one(s scope, x Value) {
	v.span("a value", x.Span())
	component := s.dag == nil
	switch x := x.(type) {
	case *Literal:
		v.literal(x.V)
	case *InputRef:
		if s.owner.Input(x.Name) == nil {
			v.fail("input %q is read but not declared", x.Name)
		}
	case *OutputRef:
		t := s.tasks[x.Task]
		if component || t == nil || t.Component == nil || t.Component.Output(x.Output) == nil || s.host != nil && t != s.host {
			v.fail("output %q of task %q cannot be read here", x.Output, x.Task)
		}
	case *StatusRef:
		if component || x.Task == "" && s.host == nil || x.Task != "" && s.tasks[x.Task] == nil {
			v.fail("the status of %q cannot be read here", x.Task)
		}
	case *Expr:
		v.expr(x)
	case *OneOf:
		v.fail("a one-of stands outside DAG outputs")
	case *StructValue:
		if len(x.Keys) != len(x.Values) || x.Computed != nil && len(x.Computed) != len(x.Keys) {
			v.fail("a struct has %d keys, %d computed ones and %d values", len(x.Keys), len(x.Computed), len(x.Values))
		}
	case *Template:
		if x.Escape < 0 || x.Escape > MaxEscape {
			v.fail("a text is escaped %d times", x.Escape)
		}
	case *Present:
		if !component || s.owner.Input(x.Input) == nil {
			v.fail("has(inputs.%s) cannot stand here", x.Input)
		}
	case *PortRef:
		ports := s.owner.Inputs
		if x.Output {
			ports = s.owner.Outputs
		}
		if !component || find(ports, x.Port) == nil {
			v.fail("port %q cannot be read here", x.Port)
		}
	case *ExecutorInput, *ExecutorOutputPath:
		if !component {
			v.fail("%T stands outside a component", x)
		}
	}
}

func (v *verifier) expr(x *Expr) {
	if x.Program == nil {
		v.fail("an expression has no program")
	}
	seen := make(map[string]bool, len(x.Vars))
	for _, e := range x.Vars {
		if e.Value == nil || e.Name == "" || seen[e.Name] {
			v.fail("variable %q is unbound or twice there", e.Name)
		}
		seen[e.Name] = true
	}
}

func (v *verifier) literal(x any) {
	switch x := x.(type) {
	case nil, bool, string, float64:
	case int64:
		if x > MaxSafe || x < -MaxSafe {
			v.fail("integer %d is out of range", x)
		}
	case []any:
		for _, y := range x {
			v.literal(y)
		}
	case map[string]any:
		for _, k := range sortedKeys(x) {
			v.literal(x[k])
		}
	default:
		v.fail("a literal holds a %T", x)
	}
}
