package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

const (
	isMap   = "type(#) == 'map'"
	isArray = "type(#) == 'array'"
	isText  = "type(#) == 'string'"
	isFloat = "type(#) == 'float'"
)

// selection translates m.k and has(m.k).
func (t *translator) selection(e ast.Expr) term {
	s := e.AsSelect()
	key := ArgoString(s.FieldName())
	base := t.term(s.Operand())
	kind := t.kind(s.Operand())
	if kind == types.OpaqueKind {
		return t.stop(unfinishedOptional(t.sp.at(t.a, s.Operand())))
	}
	if !s.IsTestOnly() {
		return t.field(base, kind == types.DynKind, key)
	}
	if kind != types.DynKind {
		return derive("("+key+" in "+base.s+")", nil, base)
	}
	const noList = "type(#) != 'array'"
	return derive("map(["+guard(base.s, noList)+"], "+isMap+" and "+key+" in #)[0]",
		func() string { return holds(base.s, noList) }, base)
}

// field is the value of a key that must be there.
func (t *translator) field(base term, dyn bool, key string) term {
	p := key + " in #"
	if dyn {
		p = isMap + " and " + p
	}
	out := t.must(base, p)
	out.s += "[" + key + "]"
	return out
}

// index translates xs[i], m[k] and m['k'].
func (t *translator) index(e ast.Expr) term {
	args := e.AsCall().Args()
	base, kind := t.term(args[0]), t.kind(args[0])
	if key, ok := textLiteral(args[1]); ok && (kind == types.MapKind || kind == types.DynKind) {
		return t.field(base, kind == types.DynKind, ArgoString(key))
	}
	if n, ok := intLiteral(args[1]); ok {
		if n < 0 {
			return t.stop(negativeIndex(t.sp.at(t.a, args[1]), t.text(args[0])))
		}
		return t.element(base, kind, term{s: ArgoConst(n)}, strconvInt(n))
	}
	i, keyKind := t.term(args[1]), t.kind(args[1])
	switch {
	case kind == types.DynKind && keyKind == types.DynKind:
		return t.stop(untypedIndex(t.sp.at(t.a, e)))
	case kind == types.MapKind || keyKind == types.StringKind:
		return t.computedKey(base, kind == types.DynKind, i, keyKind == types.DynKind)
	}
	p := "# >= 0"
	if keyKind == types.DynKind {
		p = isFloat + " and # >= 0 and # == floor(#)"
	}
	checked := t.must(i, p)
	return t.element(base, kind, checked, "int("+checked.s+")")
}

// element is the element of a list at the index i; at is its text as an
// integer.
func (t *translator) element(base term, kind types.Kind, i term, at string) term {
	list := base
	if kind == types.DynKind {
		list = t.must(base, isArray)
	}
	out := derive(list.s+"["+at+"]", func() string { return "(" + i.s + " < len(" + list.s + "))" }, list, i)
	out.any = base.elementsAny()
	return out
}

func (t *translator) computedKey(base term, dyn bool, key term, dynKey bool) term {
	p := "#[1] in #[0]"
	if dyn {
		p = "type(#[0]) == 'map' and " + p
	}
	if dynKey {
		p = "type(#[1]) == 'string' and " + p
	}
	pair := base.s + ", " + key.s
	out := derive("map(["+guard("["+pair+"]", p)+"], #[0][#[1]])[0]",
		func() string { return holds("["+pair+"]", p) }, base, key)
	out.any = base.any
	return out
}

func intLiteral(e ast.Expr) (int64, bool) {
	if e.Kind() != ast.LiteralKind {
		return 0, false
	}
	i, ok := e.AsLiteral().(types.Int)
	return int64(i), ok
}

// membership translates x in c.
func (t *translator) membership(e ast.Expr) term {
	args := e.AsCall().Args()
	x, c := t.term(args[0]), t.term(args[1])
	xKind := t.kind(args[0])
	switch t.kind(args[1]) {
	case types.MapKind:
		if xKind == types.StringKind {
			return derive("("+x.s+" in "+c.s+")", nil, x, c)
		}
		return derive("("+x.s+" in keys("+c.s+"))", nil, x, c)
	case types.ListKind:
		if args[1].Kind() == ast.ListKind && xKind != types.StringKind {
			// A list of text literals would become a map and fail on other kinds.
			c.s = "concat(" + c.s + ")"
		}
		if item := t.a.GetType(args[1].ID()).Parameters()[0]; !item.IsExactType(t.a.GetType(args[0].ID())) && !c.elementsAny() {
			x.s = hide(x)
		}
		return derive("("+x.s+" in "+c.s+")", nil, x, c)
	}
	return derive("("+hide(x)+" in map(["+c.s+"], "+isMap+" ? keys(#) : "+guard("#", isArray)+")[0])",
		func() string { return holds(c.s, isMap+" or "+isArray) }, x, c)
}

// optionalLeaf is the variable behind inputs.?x.
func (t *translator) optionalLeaf(e ast.Expr) (leaf, bool) {
	if e.Kind() != ast.IdentKind {
		return leaf{}, false
	}
	l, ok := t.p.leaves[e.AsIdent()]
	return l, ok && l.mode == readOptional
}

// optional translates m.?k.?l to a list of no or one element.
func (t *translator) optional(e ast.Expr) term {
	if l, ok := t.optionalLeaf(e); ok {
		return term{s: "concat(filter([" + hole(l.index) + "], # != nil))", anyItem: true}
	}
	if e.Kind() == ast.CallKind {
		c := e.AsCall()
		if key, ok := optionalKey(c); ok {
			return t.optionalField(c.Args()[0], ArgoString(key))
		}
	}
	return t.stop(unfinishedOptional(t.sp.at(t.a, e)))
}

func optionalKey(c ast.CallExpr) (string, bool) {
	if c.FunctionName() != operators.OptSelect && c.FunctionName() != operators.OptIndex {
		return "", false
	}
	return textLiteral(c.Args()[1])
}

func (t *translator) optionalField(base ast.Expr, key string) term {
	typ := t.a.GetType(base.ID())
	var from term
	if typ.Kind() == types.OpaqueKind {
		from, typ = t.optional(base), typ.Parameters()[0]
	} else {
		from = t.term(base)
		from.s, from.any, from.anyItem = "["+from.s+"]", false, from.any
	}
	p, extra := key+" in #", (func() string)(nil)
	if typ.Kind() != types.MapKind {
		p = isArray + " ? int('list') > 0 : (" + isMap + " and " + p + ")"
		extra = func() string { return "all(" + from.s + ", type(#) != 'array')" }
	}
	out := derive("map(concat(filter("+from.s+", "+p+")), #["+key+"])", extra, from)
	out.anyItem = from.elementsAny()
	return out
}

func (t *translator) orValue(e ast.Expr) term {
	c := e.AsCall()
	fallback := c.Args()[0]
	d := t.term(fallback)
	if l, ok := t.optionalLeaf(c.Target()); ok {
		w := hole(l.index)
		right := d.s
		if right[0] == '!' {
			right = "(" + right + ")"
		}
		out := term{s: "(" + w + " ?? " + right + ")", fail: d.fail, any: d.any, finite: d.finite}
		if d.fail == guarded {
			out.ok = func() string { return "(" + w + " != nil or " + d.ok() + ")" }
		}
		return out
	}
	o := t.optional(c.Target())
	if d.fail == total {
		out := derive("concat("+o.s+", ["+d.s+"])[0]", nil, o)
		out.any = o.elementsAny() && d.any
		return out
	}
	out := term{s: "(len(" + o.s + ") > 0 ? " + o.s + "[0] : " + d.s + ")", fail: max(o.fail, d.fail), any: o.elementsAny() && d.any}
	if out.fail == guarded {
		out.ok = func() string { return conj(o.okText(), "(len("+o.s+") > 0 or "+d.okText()+")") }
	}
	return out
}

func (t *translator) hasValue(e ast.Expr) term {
	target := e.AsCall().Target()
	if l, ok := t.optionalLeaf(target); ok {
		return term{s: "(" + hole(l.index) + " != nil)"}
	}
	o := t.optional(target)
	return derive("(len("+o.s+") > 0)", nil, o)
}
