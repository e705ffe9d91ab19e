package kfpwrite

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// conditionText is a condition as KFP writes it, which nobody evaluates here.
type conditionText string

func (c conditionText) Type() ir.Type  { return ir.Type{Kind: ir.Boolean} }
func (c conditionText) Source() string { return string(c) }

// condition is the text of a condition in KFP's language: it holds when none of
// the earlier ones does and when does. What it reads becomes inputs of the
// task, whose component is its own. "" after a report.
func (pl *place) condition(n *ir.Task, when ir.Value, earlier []ir.Value) string {
	c := &conditionWriter{pl: pl, n: n}
	var all []string
	for _, e := range earlier {
		if e == nil {
			continue
		}
		if text := c.value(e); text != "" {
			all = append(all, "!("+text+")")
		}
	}
	if when != nil {
		text := c.value(when)
		if len(all) > 0 && strings.Contains(text, " || ") {
			text = "(" + text + ")"
		}
		all = append(all, text)
	}
	if c.failed {
		return ""
	}
	if len(all) == 0 {
		return "true"
	}
	return strings.Join(all, " && ")
}

// readsInputs reports whether every variable of a condition of KFP's is an input
// of its task under the variable's own name, as it is in files of KFP's.
func (pl *place) readsInputs(n *ir.Task, e *ir.Expr) bool {
	for _, v := range e.Vars {
		value := v.Value
		if t, ok := value.(*ir.Template); ok && len(t.Parts) == 1 {
			value = t.Parts[0] // the input is of type STRING
		}
		b := n.Arg(v.Name)
		if b == nil {
			if n.Component.Input(v.Name) == nil {
				return false
			}
			continue
		}
		if got := pl.value(value); got == nil || ir.ValueText(b.Value) != ir.ValueText(got) && ir.ValueText(b.Value) != ir.ValueText(pl.value(v.Value)) {
			return false
		}
	}
	return true
}

// untypedCondition is a condition with KFP's rules and variables of other names.
func (pl *place) untypedCondition(n *ir.Task, e *ir.Expr) string {
	p, ok := e.Program.(*expr.Program)
	if !ok {
		return ""
	}
	c := &conditionWriter{pl: pl, n: n}
	text, ok := p.Rewrite(func(v expr.Variable) string {
		value := variableOf(e, v.Name)
		typ := pl.typeOf(value)
		if t, text := value.(*ir.Template); text && len(t.Parts) == 1 {
			value, typ = t.Parts[0], ir.Type{Kind: ir.String}
		}
		return c.operand(value, typ)
	})
	if !ok && !c.failed {
		pl.report(noForm("a condition", e.At))
	}
	if !ok || c.failed {
		return ""
	}
	return text
}

type conditionWriter struct {
	pl     *place
	n      *ir.Task
	failed bool
}

func (c *conditionWriter) value(v ir.Value) string {
	var text string
	switch v := v.(type) {
	case *ir.Literal:
		if b, ok := v.V.(bool); ok {
			return strconv.FormatBool(b)
		}
	case *ir.InputRef, *ir.OutputRef, *ir.Select:
		return c.operand(v, ir.Type{Kind: ir.Boolean}) + " == true"
	case *ir.Expr:
		text = c.form(formOf(v), v)
	}
	if text == "" {
		c.failed = true
		c.pl.report(noForm("a condition", v.Span()))
	}
	return text
}

// form prints a boolean; "" for what KFP's conditions do not have.
func (c *conditionWriter) form(f *expr.Form, e *ir.Expr) string {
	switch f.Op {
	case expr.FormLiteral:
		return literalText(f.Value)
	case expr.FormVariable, expr.FormKey:
		if v := reduce(f, e); v != nil && f.Type.Kind == ir.Boolean {
			return c.operand(v, f.Type) + " == true"
		}
	case "!":
		if x := c.form(f.Args[0], e); x != "" {
			return "!(" + x + ")"
		}
	case "&&", "||":
		a, b := c.form(f.Args[0], e), c.form(f.Args[1], e)
		if a == "" || b == "" {
			return ""
		}
		return c.bracketed(f.Args[0], f.Op, a) + " " + f.Op + " " + c.bracketed(f.Args[1], f.Op, b)
	case "==", "!=", "<", "<=", ">", ">=":
		return c.comparison(f, e)
	}
	return ""
}

// bracketed puts brackets around a disjunction inside a conjunction and the
// other way round.
func (c *conditionWriter) bracketed(f *expr.Form, op, text string) string {
	if (f.Op == "&&" || f.Op == "||") && f.Op != op {
		return "(" + text + ")"
	}
	return text
}

// comparison prints a comparison of two values of one type, of which each is a
// reference or a literal.
func (c *conditionWriter) comparison(f *expr.Form, e *ir.Expr) string {
	a, b := f.Args[0], f.Args[1]
	typ, ok := comparedAs(a, b)
	if !ok {
		return ""
	}
	left, right := c.side(a, typ, e), c.side(b, typ, e)
	if left == "" || right == "" {
		return ""
	}
	return left + " " + f.Op + " " + right
}

// comparedAs is the type as which both sides are taken. A value whose type is
// not known is compared with constant text that no other value reads as: in
// KFP, where it becomes text, that is the same.
func comparedAs(a, b *expr.Form) (ir.Type, bool) {
	at, bt := a.Type.Kind, b.Type.Kind
	if at == ir.Dynamic {
		a, b, at, bt = b, a, bt, at
	}
	if bt == ir.Dynamic {
		s, text := a.Value.(string)
		return ir.Type{Kind: ir.String}, a.Op == expr.FormLiteral && text && s != "" && !json.Valid([]byte(s))
	}
	switch at {
	case ir.String, ir.Integer, ir.Number, ir.Boolean:
		return a.Type, at == bt
	}
	return ir.Type{}, false
}

func (c *conditionWriter) side(f *expr.Form, typ ir.Type, e *ir.Expr) string {
	if f.Op == expr.FormLiteral {
		return literalText(f.Value)
	}
	v := reduce(f, e)
	switch v.(type) {
	case *ir.InputRef, *ir.OutputRef, *ir.Select, *ir.StatusRef:
	default:
		return ""
	}
	ref := c.operand(v, typ)
	if typ.Kind == ir.Integer {
		return "int(" + ref + ")"
	}
	return ref
}

// operand is a reference to the input of the task that has the value.
func (c *conditionWriter) operand(v ir.Value, typ ir.Type) string {
	v = c.pl.value(v)
	if v == nil {
		c.failed = true
		return "false"
	}
	name := c.pl.bind(c.n, v)
	if c.n.Component.Input(name) == nil {
		c.n.Component.Inputs = append(c.n.Component.Inputs, &ir.Port{Name: ir.Ident{Text: name, At: v.Span()}, Type: declared(typ), Optional: true})
		parametersFirst(c.n.Component.Inputs)
	}
	return "inputs.parameter_values[" + celString(name) + "]"
}

func literalText(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return float(v)
	case string:
		return celString(v)
	}
	return ""
}

// celString is a literal of CEL.
func celString(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r < 0x20 || r == 0x7f:
			b.WriteString(`\x` + strconv.FormatInt(int64(r)+0x100, 16)[1:])
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// typeInForm is as what an expression takes one of its variables.
func typeInForm(f *expr.Form, name string) ir.Type {
	out := ir.Type{Kind: ir.Dynamic}
	is := func(f *expr.Form) bool { return f.Op == expr.FormVariable && f.Name == name }
	var walk func(*expr.Form)
	walk = func(f *expr.Form) {
		switch {
		case f.Op == expr.FormKey && is(f.Args[0]):
			out = ir.Type{Kind: ir.Struct}
		case len(f.Args) == 2 && (f.Op == "==" || f.Op == "!=") && (is(f.Args[0]) || is(f.Args[1])):
			if t, ok := comparedAs(f.Args[0], f.Args[1]); ok {
				out = t
			}
		}
		for _, a := range f.Args {
			walk(a)
		}
	}
	walk(f)
	return out
}
