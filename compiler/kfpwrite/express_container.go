package kfpwrite

import (
	"regexp"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A pod is what a task asks of the executor of its component.
type pod struct {
	key string       // tells pods apart
	env []*ir.EnvVar // literal variables, and those whose value is an input of the component
	// inputs are those that the variables read and the component lacks.
	inputs []*ir.Port
	// given are the variables that come from elsewhere: the container's own of
	// that name does not count.
	given map[string]bool
}

// trimOutputs runs a program and takes one newline from the end of the files of
// its texts, as our own language does. Its arguments are the number of files,
// the files, the program and its arguments: nothing is ever pasted into it.
const trimOutputs = `n=$1
shift
(shift "$n" && exec "$@") || exit
while [ "$n" -gt 0 ]; do
  if [ -f "$1" ]; then
    text=$(cat "$1" && echo x) || exit
    text=${text%x}
    printf %s "${text%
}" >"$1"
  fi
  shift
  n=$((n - 1))
done
`

// inFolder runs a program in a folder.
const inFolder = `cd "$0" && exec "$@"`

func (x *expresser) container(old, c *ir.Component, b *ir.Container, p pod) {
	out := &ir.Container{Contract: ir.KFPContract, At: b.At, WorkDir: ""}
	c.Body = out
	c.Inputs = parametersFirst(append(c.Inputs, p.inputs...))
	e := &containerWriter{expresser: x, old: old, out: out, dsl: b.Contract == ir.DSLContract}
	if out.Image = e.text(b.Image); out.Image == nil {
		return
	}
	out.Command, out.Args = e.args(b.Command), e.args(b.Args)
	if e.dsl && len(b.Command) == 0 {
		x.report(notInKFP("the image's own entrypoint", "name the program: command: [...]", b.At))
	}
	e.variables(b, p)
	if e.dsl {
		e.wrap(b)
	}
	if len(e.prefix) > 0 {
		if words := e.words(b); !words {
			x.report(needsShell(old.Name.Text, b.At))
		}
		out.Command = append(e.prefix, out.Command...)
	}
	if e.dsl {
		e.dollars(out, p)
	}
}

// A containerWriter expresses one container.
type containerWriter struct {
	*expresser
	old    *ir.Component
	out    *ir.Container
	dsl    bool     // it keeps the contract of our own language
	prefix []ir.Arg // what stands before the program
}

// words reports whether the container runs a script of a shell already.
func (e *containerWriter) words(b *ir.Container) bool {
	if len(b.Command) == 0 {
		return false
	}
	t, ok := b.Command[0].(*ir.TextArg)
	if !ok {
		return false
	}
	name := literalOf(t.Value)
	return name == "sh" || name == "bash"
}

// variables gives the container its environment: constants as they are, values
// in front of the program, by way of env.
func (e *containerWriter) variables(b *ir.Container, p pod) {
	given := map[string]bool{}
	var computed []ir.Arg
	add := func(v *ir.EnvVar) {
		value := e.text(v.Value)
		if value == nil {
			return
		}
		if l, ok := value.(*ir.Literal); ok && (!e.dsl || !strings.Contains(ir.Text(l.V), "$")) {
			e.out.Env = append(e.out.Env, &ir.EnvVar{Name: v.Name, Value: l})
			return
		} else if !e.dsl && ok {
			e.out.Env = append(e.out.Env, &ir.EnvVar{Name: v.Name, Value: value})
			return
		}
		if e.native() {
			e.out.Env = append(e.out.Env, &ir.EnvVar{Name: v.Name, Value: value})
			return
		}
		name := &ir.Literal{V: v.Name.Text + "=", At: v.Name.At}
		computed = append(computed, e.optional(&ir.Template{Parts: append([]ir.Value{name}, partsOf(value)...), At: v.Name.At})...)
	}
	for _, v := range p.env {
		given[v.Name.Text] = true
	}
	for _, v := range b.Env {
		switch {
		case given[v.Name.Text] || p.given[v.Name.Text]:
		case v.SecretInput != "", v.Value == nil: // reported, or the task's
		default:
			add(v)
		}
	}
	for _, v := range p.env {
		add(v)
	}
	if len(computed) > 0 {
		e.prefix = append([]ir.Arg{word("env", b)}, computed...)
	}
}

func partsOf(v ir.Value) []ir.Value {
	if t, ok := v.(*ir.Template); ok && t.Escape == 0 {
		return t.Parts
	}
	return []ir.Value{v}
}

func word(s string, b *ir.Container) ir.Arg {
	return &ir.TextArg{Value: &ir.Literal{V: s, At: b.At}}
}

// wrap adds what our own contract promises beyond KFP's.
func (e *containerWriter) wrap(b *ir.Container) {
	if b.WorkDir != "" {
		e.prefix = append([]ir.Arg{word("sh", b), word("-c", b), word(inFolder, b), word(b.WorkDir, b)}, e.prefix...)
	}
	var files []ir.Arg
	for _, p := range e.old.Outputs {
		if p.Type.Kind == ir.String {
			files = append(files, &ir.TextArg{Value: &ir.PortRef{Output: true, Port: p.Name.Text, Aspect: ir.AspectPath, At: p.Name.At}})
		}
	}
	if len(files) > 0 {
		head := []ir.Arg{word("sh", b), word("-c", b), word(trimOutputs, b), word("sh", b), word(ir.Text(int64(len(files))), b)}
		e.prefix = append(append(head, files...), e.prefix...)
	}
}

// text expresses a value of the component as text; nil after a report.
func (e *containerWriter) text(v ir.Value) ir.Value {
	switch v := v.(type) {
	case *ir.Literal:
		e.literal(v.V, v.At)
		return v
	case *ir.Template:
		out := &ir.Template{Escape: v.Escape, At: v.At}
		for _, p := range v.Parts {
			got := e.text(p)
			if got == nil {
				return nil
			}
			out.Parts = append(out.Parts, partsOf(got)...)
		}
		if v.Escape > 0 {
			return e.escaped(out)
		}
		return out
	case *ir.Expr:
		got := reduce(formOf(v), v)
		if _, ok := got.(*ir.Select); got == nil || ok {
			e.report(noForm("an expression", v.At))
			return nil
		}
		return e.text(got)
	case *ir.PortRef:
		if v.Aspect == ir.AspectWhole && e.dsl {
			e.report(backendDiffers("a whole list of artifacts stays a placeholder", "read it from the executor input, ${{ executor-input }}", v.At))
		}
	}
	return v
}

func (e *containerWriter) args(args []ir.Arg) []ir.Arg {
	var out []ir.Arg
	for _, a := range args {
		out = append(out, e.arg(a)...)
	}
	return out
}

// arg expresses one argument: none when it has a condition that never holds.
func (e *containerWriter) arg(a ir.Arg) []ir.Arg {
	switch a := a.(type) {
	case *ir.TextArg:
		if x, ok := a.Value.(*ir.Expr); ok {
			if arg := e.fallback(formOf(x), x); arg != nil {
				return []ir.Arg{arg}
			}
		}
		v := e.text(a.Value)
		if v == nil {
			return nil
		}
		if !e.dsl || e.native() {
			return []ir.Arg{&ir.TextArg{Value: v}}
		}
		return e.optional(v)
	case *ir.ConcatArg:
		return e.concat(a)
	case *ir.IfArg:
		return e.branch(a)
	}
	return nil
}

// concat joins: texts to one text, anything else as KFP's Concat.
func (e *containerWriter) concat(a *ir.ConcatArg) []ir.Arg {
	items := e.args(a.Items)
	if !e.native() {
		joined := &ir.Template{At: a.At}
		for _, item := range items {
			t, ok := item.(*ir.TextArg)
			if !ok {
				joined = nil
				break
			}
			joined.Parts = append(joined.Parts, partsOf(t.Value)...)
		}
		if joined != nil {
			return []ir.Arg{&ir.TextArg{Value: joined}}
		}
		e.report(backendDiffers("an argument that joins conditional parts stays as it is written", "write the argument twice, under if: with then: and else:", a.At))
	}
	return []ir.Arg{&ir.ConcatArg{Items: items, At: a.At}}
}

func (e *containerWriter) branch(a *ir.IfArg) []ir.Arg {
	yes, no := a.Then, a.Else
	input, known, negated := e.presence(a.Cond)
	if negated {
		yes, no = no, yes
	}
	switch {
	case known != nil && *known != negated:
		return e.args(a.Then)
	case known != nil:
		return e.args(a.Else)
	case input == "":
		e.report(noForm("the condition of an argument, unless it is has(inputs.NAME),", a.Cond.Span()))
		return nil
	}
	// Inside, the input is there: nothing there needs to ask again.
	inside := *e
	inside.old = present1(e.old, input)
	return []ir.Arg{&ir.IfArg{Cond: &ir.Present{Input: input, At: a.Cond.Span()}, Then: inside.args(yes), Else: e.args(no), At: a.At}}
}

// presence takes a condition for the question whether an input is there.
func (e *containerWriter) presence(v ir.Value) (input string, known *bool, negated bool) {
	switch v := v.(type) {
	case *ir.Present:
		return v.Input, nil, false
	case *ir.Literal:
		if b, ok := v.V.(bool); ok {
			return "", &b, false
		}
	case *ir.Expr:
		f := formOf(v)
		for f.Op == "!" {
			f, negated = f.Args[0], !negated
		}
		if f.Op == expr.FormHas {
			switch in := variableOf(v, f.Name).(type) {
			case *ir.InputRef:
				return in.Name, nil, negated
			case *ir.Present:
				return in.Input, nil, negated
			}
		}
	}
	return "", nil, false
}

// present1 is the component as it is where the input has a value.
func present1(c *ir.Component, input string) *ir.Component {
	out := *c
	out.Inputs = make([]*ir.Port, len(c.Inputs))
	for i, p := range c.Inputs {
		if p.Name.Text == input {
			q := *p
			q.Optional = false
			p = &q
		}
		out.Inputs[i] = p
	}
	return &out
}

// fallback is inputs.?x.orValue(constant), which KFP says as an argument that
// depends on whether x is there; nil for anything else.
func (e *containerWriter) fallback(f *expr.Form, x *ir.Expr) ir.Arg {
	if f.Op != expr.FormOr || f.Args[1].Op != expr.FormLiteral {
		return nil
	}
	in, ok := variableOf(x, f.Args[0].Name).(*ir.InputRef)
	if !ok {
		return nil
	}
	other := &ir.Literal{V: ir.Text(f.Args[1].Value), At: x.At}
	e.literal(other.V, x.At)
	return &ir.IfArg{Cond: &ir.Present{Input: in.Name, At: x.At}, At: x.At,
		Then: []ir.Arg{&ir.TextArg{Value: in}}, Else: []ir.Arg{&ir.TextArg{Value: other}}}
}

// optional is an argument in which inputs that are absent are empty. KFP's own
// back end leaves their placeholders as they are.
func (e *containerWriter) optional(v ir.Value) []ir.Arg {
	for i, p := range partsOf(v) {
		name := inputOf(p)
		port := e.old.Input(name)
		if port == nil || !port.Optional || port.Default != nil {
			continue
		}
		if port.Type.IsArtifact() {
			e.report(backendDiffers("an optional artifact counts as absent in a command line", "make the artifact required", p.Span()))
		}
		inside := *e
		inside.old = present1(e.old, name)
		without := &ir.Template{At: v.Span()}
		for k, q := range partsOf(v) {
			if k != i && inputOf(q) != name {
				without.Parts = append(without.Parts, q)
			}
		}
		return []ir.Arg{&ir.IfArg{Cond: &ir.Present{Input: name, At: p.Span()}, Then: inside.optional(v), Else: e.optional(without), At: v.Span()}}
	}
	if t, ok := v.(*ir.Template); ok && len(t.Parts) == 0 {
		v = &ir.Literal{V: "", At: v.Span()}
	}
	return []ir.Arg{&ir.TextArg{Value: v}}
}

// inputOf is the input that a part of a text reads, "" for none.
func inputOf(v ir.Value) string {
	switch v := v.(type) {
	case *ir.InputRef:
		return v.Name
	case *ir.PortRef:
		if !v.Output {
			return v.Port
		}
	}
	return ""
}

// variableRef is what Kubernetes replaces in a command line.
var variableRef = regexp.MustCompile(`\$\$|\$\(([^)]+)\)`)

// dollars warns of text that Kubernetes changes before the program sees it.
func (e *containerWriter) dollars(b *ir.Container, p pod) {
	names := map[string]bool{}
	for _, v := range b.Env {
		names[v.Name.Text] = true
	}
	for name := range p.given {
		names[name] = true
	}
	seen := false
	ir.VisitArgs(append(append([]ir.Arg{}, b.Command...), b.Args...), func(v ir.Value) {
		l, ok := v.(*ir.Literal)
		if !ok || seen {
			return
		}
		text, _ := l.V.(string)
		for _, m := range variableRef.FindAllStringSubmatch(text, -1) {
			if m[1] == "" || names[m[1]] {
				seen = true
				e.report(backendDiffers("Kubernetes reads "+m[0]+" in a command line", "write it another way", l.At))
				return
			}
		}
	})
}

func (x *expresser) importer(old, c *ir.Component, b *ir.Importer) {
	out := *b
	c.Body = &out
	e := &containerWriter{expresser: x, old: old, dsl: !x.native()}
	out.URI = e.text(b.URI)
	switch out.URI.(type) {
	case *ir.Literal, *ir.InputRef, nil:
	default:
		if !x.native() {
			x.report(notInKFP("a URI put together in an importer", "pass the whole URI as one input", b.URI.Span()))
		}
	}
	if b.Metadata != nil {
		out.Metadata = e.metadata(b.Metadata)
	}
}

func (e *containerWriter) metadata(v ir.Value) ir.Value {
	all := func(vs []ir.Value) []ir.Value {
		out := make([]ir.Value, len(vs))
		for i, v := range vs {
			out[i] = e.metadata(v)
		}
		return out
	}
	switch v := v.(type) {
	case *ir.ListValue:
		return &ir.ListValue{Items: all(v.Items), At: v.At}
	case *ir.StructValue:
		out := &ir.StructValue{Keys: v.Keys, Values: all(v.Values), At: v.At}
		if v.Computed != nil {
			out.Computed = all(v.Computed)
		}
		return out
	case nil:
		return nil
	}
	if got := e.text(v); got != nil {
		return got
	}
	return &ir.Literal{At: v.Span()}
}
