package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A Form is a checked expression as a tree, for who prints it in a language
// that has only some of it.
type Form struct {
	// Op is FormLiteral, FormVariable, FormHas, FormKey, FormOther, an operator
	// as it is written ("==", "&&", "!", "+", "?:" …), or the name of a function.
	Op    string
	Type  ir.Type // of the result, as far as it is known
	Value any     // of a literal
	Name  string  // of a variable; the key of FormKey
	Args  []*Form
}

// The kinds of forms that are no operator and no function. FormKey is
// Args[0]["Name"]; FormHas tells whether a variable has a value; FormOr is a
// variable's value or, when it is absent, Args[1].
const (
	FormLiteral  = "literal"
	FormVariable = "variable"
	FormHas      = "has"
	FormOr       = "or"
	FormKey      = "key"
	FormOther    = "other"
)

// FormOf is the form of a program of this package.
func FormOf(p ir.Program) *Form {
	program, ok := p.(*Program)
	if !ok {
		return &Form{Op: FormOther}
	}
	a := program.ast.NativeRep()
	return former{program, a}.form(a.Expr())
}

// IsKFP reports whether the program is a condition of KFP, which reads the
// inputs of its task.
func IsKFP(p ir.Program) bool {
	program, ok := p.(*Program)
	return ok && program.untyped
}

type former struct {
	p *Program
	a *ast.AST
}

func (f former) form(e ast.Expr) *Form {
	out := &Form{Op: FormOther, Type: ir.Type{Kind: ir.Dynamic}}
	if t, ok := irType(f.a.GetType(e.ID())); ok {
		out.Type = t
	}
	switch e.Kind() {
	case ast.LiteralKind:
		f.literal(out, e)
	case ast.IdentKind:
		f.variable(out, e.AsIdent())
	case ast.SelectKind:
		if s := e.AsSelect(); !s.IsTestOnly() {
			out.Op, out.Name, out.Args = FormKey, s.FieldName(), []*Form{f.form(s.Operand())}
		}
	case ast.CallKind:
		f.call(out, e.AsCall())
	}
	return out
}

func (f former) literal(out *Form, e ast.Expr) {
	out.Op = FormLiteral
	switch v := e.AsLiteral().(type) {
	case types.Bool:
		out.Value = bool(v)
	case types.Int:
		out.Value = int64(v)
	case types.Double:
		out.Value = float64(v)
	case types.String:
		out.Value = string(v)
	case types.Null:
	default:
		out.Op = FormOther
	}
}

func (f former) variable(out *Form, name string) {
	l, ok := f.p.leaves[name]
	if !ok {
		return
	}
	v := f.p.vars[l.index]
	out.Name = v.Name
	switch l.mode {
	case readValue:
		out.Op, out.Type = FormVariable, v.Type
	case readPresence:
		out.Op = FormHas
	}
}

func (f former) call(out *Form, c ast.CallExpr) {
	args := c.Args()
	if c.IsMemberFunction() {
		if c.FunctionName() == "orValue" && c.Target().Kind() == ast.IdentKind {
			if l, ok := f.p.leaves[c.Target().AsIdent()]; ok && l.mode == readOptional {
				v := f.p.vars[l.index]
				out.Op, out.Args = FormOr, []*Form{{Op: FormVariable, Name: v.Name, Type: v.Type}, f.form(args[0])}
			}
		}
		return
	}
	if c.FunctionName() == operators.Index {
		if key, ok := textLiteral(args[1]); ok {
			out.Op, out.Name, out.Args = FormKey, key, []*Form{f.form(args[0])}
		}
		return
	}
	out.Op = c.FunctionName()
	if symbol, ok := operators.FindReverse(c.FunctionName()); ok && symbol != "" {
		out.Op = symbol
	}
	if c.FunctionName() == operators.Conditional {
		out.Op = "?:"
	}
	for _, x := range args {
		out.Args = append(out.Args, f.form(x))
	}
}
