package expr

import (
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// A macro is what a comprehension was written as.
type macro struct {
	name  string // all exists exists_one map filter
	over  ast.Expr
	elem  string
	test  ast.Expr // nil: none
	value ast.Expr // of map
}

// macroOf recognises the comprehensions that CEL's macros expand to.
func macroOf(c ast.ComprehensionExpr) (macro, bool) {
	m := macro{over: c.IterRange(), elem: c.IterVar()}
	if c.HasIterVar2() || c.LoopStep().Kind() != ast.CallKind {
		return m, false
	}
	step := c.LoopStep().AsCall()
	args := step.Args()
	switch init := c.AccuInit(); init.Kind() {
	case ast.LiteralKind:
		switch v := init.AsLiteral().(type) {
		case types.Bool:
			m.name, m.test = "exists", args[1]
			if v {
				m.name = "all"
			}
			return m, true
		case types.Int:
			m.name, m.test = "exists_one", args[0]
			return m, true
		}
	case ast.ListKind:
		if step.FunctionName() == operators.Conditional {
			m.test, step = args[0], args[1].AsCall()
		}
		added := step.Args()[1].AsList().Elements()[0]
		m.name, m.value = "map", added
		if m.test != nil && added.Kind() == ast.IdentKind && added.AsIdent() == m.elem {
			m.name, m.value = "filter", nil
		}
		return m, true
	}
	return m, false
}

func (t *translator) comprehension(e ast.Expr) term {
	m, ok := macroOf(e.AsComprehension())
	if !ok {
		return t.stop(untranslated(t.sp.at(t.a, e), "this macro"))
	}
	xs := t.elements(m.over)
	outer := t.loops
	captured := t.captured(m)
	elem := "#"
	infinite := t.infinite(m.over)
	inner := make([]loop, 0, len(captured)+1)
	if len(captured) > 0 {
		// The innermost # is all that a closure of expr-lang sees, so the
		// range becomes pairs of the outer variables and the element.
		refs := make([]string, len(captured))
		for k, l := range captured {
			refs[k] = l.ref
			inner = append(inner, loop{l.name, "#[0][" + strconv.Itoa(k) + "]", true, false})
			infinite = infinite || l.infinite
		}
		outside := "toJson([" + strings.Join(refs, ", ") + "])"
		xs.s = "fromJSON('[[' + " + outside + " + ',' + join(map(concat([nil], " + xs.s + "), toJson(#)), '],[' + " + outside + " + ',') + ']]')[1:]"
		xs.anyItem = true
		elem = "#[1]"
		if infinite {
			return t.stop(infiniteCapture(t.sp.at(t.a, e)))
		}
	}
	t.loops = append(inner, loop{m.elem, elem, xs.elementsAny(), infinite})
	var test, value term
	if m.test != nil {
		test = t.condition(m.test)
	}
	if m.value != nil {
		value = t.term(m.value)
	}
	t.loops = outer
	if t.failed || t.over {
		return term{s: "nil"}
	}
	return t.expand(e, m, xs, test, value, elem)
}

func (t *translator) expand(e ast.Expr, m macro, xs, test, value term, elem string) term {
	switch m.name {
	case "all", "exists":
		return t.quantifier(e, m.name == "all", xs, test)
	case "exists_one":
		return each("one("+xs.s+", "+test.s+")", xs, test)
	case "filter":
		out := each("map(concat(filter("+xs.s+", "+test.s+")), "+elem+")", xs, test)
		out.anyItem = xs.elementsAny()
		return out
	}
	if m.test == nil {
		out := each("map("+xs.s+", "+value.s+")", xs, value)
		out.anyItem = value.any
		return out
	}
	body := term{fail: max(test.fail, value.fail)}
	if body.fail == guarded {
		body.ok = func() string {
			rest := ""
			if value.fail != total {
				rest = "(" + test.s + " ? " + value.ok() + " : true)"
			}
			return conj(test.okText(), rest)
		}
	}
	out := each("map(concat(filter("+xs.s+", "+test.s+")), "+value.s+")", xs, body)
	out.anyItem = value.any
	return out
}

// each is a text that evaluates body for every element of xs.
func each(s string, xs, body term) term {
	out := term{s: s, fail: max(xs.fail, body.fail)}
	if out.fail == guarded {
		out.ok = func() string {
			bodies := ""
			if body.fail == guarded {
				bodies = "all(" + xs.s + ", " + body.ok() + ")"
			}
			return conj(xs.okText(), bodies)
		}
	}
	return out
}

// quantifier translates all and exists: one element that decides wins over
// tests that fail.
func (t *translator) quantifier(e ast.Expr, all bool, xs, test term) term {
	name := "any"
	if all {
		name = "all"
	}
	plain := name + "(" + xs.s + ", " + test.s + ")"
	switch test.fail {
	case total:
		out := derive(plain, nil, xs)
		out.merges = true
		return out
	case opaque:
		macro := "exists"
		if all {
			macro = "all"
		}
		return t.stop(failingTest(t.sp.at(t.a, e), macro))
	}
	ok := test.ok()
	var decided, s string
	if all {
		decided = "any(" + xs.s + ", " + ok + " ? !(" + test.s + ") : false)"
		s = "(!" + decided + " and " + plain + ")"
	} else {
		decided = "any(" + xs.s + ", " + ok + " ? " + test.s + " : false)"
		s = "(" + decided + " or (" + plain + " ? true : false))"
	}
	return derive(s, func() string { return "(" + decided + " or all(" + xs.s + ", " + ok + "))" }, xs)
}

// elements translates the range of a macro to a list.
func (t *translator) elements(e ast.Expr) term {
	x := t.term(e)
	switch t.kind(e) {
	case types.ListKind:
		return x
	case types.MapKind:
		out := derive("sort(keys("+x.s+"))", nil, x)
		out.anyItem = true
		return out
	}
	out := derive("map(["+x.s+"], "+isMap+" ? sort(keys(#)) : (# == '' ? [] : "+guard("#", isArray)+"))[0]",
		func() string { return holds(x.s, isMap+" or "+isArray+" or # == ''") }, x)
	out.anyItem = x.any
	return out
}

// infinite reports whether the elements of a range may be, or hold, doubles
// that JSON cannot write: some arithmetic made them.
func (t *translator) infinite(over ast.Expr) bool {
	found := false
	ast.PostOrderVisit(over, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind:
			for _, l := range t.loops {
				found = found || l.infinite && l.name == e.AsIdent()
			}
		case ast.CallKind:
			switch e.AsCall().FunctionName() {
			case operators.Add, operators.Subtract, operators.Multiply, operators.Divide:
				found = found || t.kind(e) == types.DoubleKind
			}
		}
	}))
	return found
}

// captured are the enclosing loops whose variables the bodies of m read,
// outermost first.
func (t *translator) captured(m macro) []loop {
	if len(t.loops) == 0 {
		return nil
	}
	read := map[string]bool{}
	for _, body := range []ast.Expr{m.test, m.value} {
		if body != nil {
			free(body, []string{m.elem}, read)
		}
	}
	var out []loop
	for i, l := range t.loops {
		if read[l.name] && !shadowed(t.loops[i+1:], l.name) {
			out = append(out, l)
		}
	}
	return out
}

func shadowed(inner []loop, name string) bool {
	for _, l := range inner {
		if l.name == name {
			return true
		}
	}
	return false
}

// free adds the identifiers that e reads and that are not bound.
func free(e ast.Expr, bound []string, read map[string]bool) {
	switch e.Kind() {
	case ast.IdentKind:
		for _, b := range bound {
			if b == e.AsIdent() {
				return
			}
		}
		read[e.AsIdent()] = true
	case ast.SelectKind:
		free(e.AsSelect().Operand(), bound, read)
	case ast.CallKind:
		if e.AsCall().IsMemberFunction() {
			free(e.AsCall().Target(), bound, read)
		}
		for _, x := range e.AsCall().Args() {
			free(x, bound, read)
		}
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			free(x, bound, read)
		}
	case ast.MapKind:
		for _, x := range e.AsMap().Entries() {
			free(x.AsMapEntry().Value(), bound, read)
		}
	case ast.ComprehensionKind:
		m, ok := macroOf(e.AsComprehension())
		if !ok {
			return
		}
		free(m.over, bound, read)
		inner := append(append([]string(nil), bound...), m.elem)
		for _, body := range []ast.Expr{m.test, m.value} {
			if body != nil {
				free(body, inner, read)
			}
		}
	}
}
