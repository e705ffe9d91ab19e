package expr

import (
	"regexp"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

func strconvInt(n int64) string { return strconv.FormatInt(n, 10) }

func (t *translator) call(e ast.Expr) term {
	c := e.AsCall()
	name := c.FunctionName()
	switch name {
	case operators.LogicalAnd, operators.LogicalOr:
		return t.logic(e)
	case operators.LogicalNot:
		x := t.condition(c.Args()[0])
		return derive("!("+x.s+")", nil, x)
	case operators.Conditional:
		return t.conditional(e)
	case operators.Equals:
		return t.equality(e, "==")
	case operators.NotEquals:
		return t.equality(e, "!=")
	case operators.Less:
		return t.order(e, "<")
	case operators.LessEquals:
		return t.order(e, "<=")
	case operators.Greater:
		return t.order(e, ">")
	case operators.GreaterEquals:
		return t.order(e, ">=")
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo:
		return t.arithmetic(e)
	case operators.Negate:
		return t.negation(e)
	case operators.Index:
		return t.index(e)
	case operators.In:
		return t.membership(e)
	case operators.OptSelect, operators.OptIndex:
		return t.stop(unfinishedOptional(t.sp.at(t.a, e)))
	case "orValue":
		return t.orValue(e)
	case "hasValue":
		return t.hasValue(e)
	case "int":
		return t.toInt(c.Args()[0])
	case "double":
		return t.toDouble(c.Args()[0])
	case "string", fnFormatInt:
		return t.toString(c.Args()[0], name)
	case "bool":
		return t.toBool(c.Args()[0])
	case "dyn":
		x := t.term(c.Args()[0])
		out := derive(hide(x), nil, x)
		out.any, out.finite = true, x.finite
		return out
	case fnOrdered:
		return t.term(c.Args()[0])
	case "parseJson":
		x := t.string(c.Args()[0])
		return term{s: "fromJSON(" + x.s + ")", fail: opaque, any: true, finite: true}
	case "size":
		return t.size(e)
	}
	if rest, ok := strings.CutPrefix(name, "math."); ok {
		return t.math(e, rest)
	}
	return t.textFunction(e, name)
}

func (t *translator) equality(e ast.Expr, op string) term {
	args := e.AsCall().Args()
	for i, x := range args {
		if isNull(x) {
			y := t.term(args[1-i])
			return derive("("+y.s+" "+op+" nil)", nil, y)
		}
	}
	a, b := t.term(args[0]), t.term(args[1])
	left, right := a.s, b.s
	if ta, tb := t.a.GetType(args[0].ID()), t.a.GetType(args[1].ID()); !ta.IsExactType(tb) && !a.any && !b.any {
		left = hide(a)
	}
	return derive("("+left+" "+op+" "+right+")", nil, a, b)
}

func isNull(e ast.Expr) bool {
	return e.Kind() == ast.LiteralKind && e.AsLiteral().Type() == types.NullType
}

func (t *translator) order(e ast.Expr, op string) term {
	args := e.AsCall().Args()
	a, b := t.term(args[0]), t.term(args[1])
	ka, kb := t.orderKind(args[0]), t.orderKind(args[1])
	switch {
	case ka == types.BoolKind || kb == types.BoolKind:
		return t.stop(noOrder(t.sp.at(t.a, e), op, "booleans"))
	case ka == types.DynKind && kb == types.DynKind:
		return t.stop(noOrder(t.sp.at(t.a, e), op, "values of unknown type"))
	case ka != types.DynKind && kb != types.DynKind:
		return derive("("+a.s+" "+op+" "+b.s+")", nil, a, b)
	}
	unknown, other := a, kb
	if kb == types.DynKind {
		unknown, other = b, ka
	}
	test := isFloat
	if other == types.StringKind {
		test = isText
	}
	left, right := a.s, b.s
	if ka == types.DynKind {
		left = hide(a)
	} else {
		right = hide(b)
	}
	return derive("("+left+" "+op+" "+right+")", func() string { return holds(unknown.s, test) }, a, b)
}

func (t *translator) orderKind(e ast.Expr) types.Kind {
	switch t.declared(e) {
	case ir.String:
		return types.StringKind
	case ir.Integer, ir.Number:
		return types.DoubleKind
	case ir.Boolean:
		return types.BoolKind
	}
	return t.kind(e)
}

// ranged keeps an integer within what JSON carries; limit is what its
// magnitude is known not to exceed.
func ranged(s string, limit float64, parts ...term) term {
	if limit <= ir.MaxSafe {
		out := derive("("+s+")", nil, parts...)
		out.limit, out.finite = limit, true
		return out
	}
	out := derive(guard(s, "abs(#) <= "+maxSafe), func() string { return "(abs(" + s + ") <= " + maxSafe + ")" }, parts...)
	out.finite = true
	return out
}

func (t *translator) arithmetic(e ast.Expr) term {
	args := e.AsCall().Args()
	for _, x := range args {
		if t.kind(x) == types.DynKind {
			return t.stop(untyped(t.sp.at(t.a, x), t.text(x)))
		}
	}
	op := e.AsCall().FunctionName()
	a, b := t.term(args[0]), t.term(args[1])
	switch t.kind(args[0]) {
	case types.IntKind:
		return t.integers(op, a, b, args[1])
	case types.ListKind:
		out := derive("map(concat("+a.s+", "+b.s+"), #)", nil, a, b)
		out.anyItem = a.elementsAny() && b.elementsAny()
		return out
	case types.StringKind:
		return derive("("+a.s+" + "+b.s+")", nil, a, b)
	}
	sign, _ := operators.FindReverse(op)
	t.mayInf = true
	return derive("("+a.s+" "+sign+" "+b.s+")", nil, a, b)
}

func (t *translator) integers(op string, a, b term, right ast.Expr) term {
	n, literal := intLiteral(right)
	nonzero := literal && n != 0
	switch op {
	case operators.Add:
		return ranged(a.s+" + "+b.s, a.bound()+b.bound(), a, b)
	case operators.Subtract:
		return ranged(a.s+" - "+b.s, a.bound()+b.bound(), a, b)
	case operators.Multiply:
		return ranged(a.s+" * "+b.s+" + 0", a.bound()*b.bound(), a, b)
	case operators.Divide:
		divisor := b
		if !nonzero {
			divisor = t.must(b, "# != 0")
		}
		out := derive("float(int("+a.s+" / "+divisor.s+"))", nil, a, divisor)
		out.limit, out.finite = a.bound(), true
		return out
	}
	var extra func() string
	if !nonzero {
		extra = func() string { return "(" + b.s + " != 0)" }
	}
	out := derive("float(int("+a.s+") % int("+b.s+"))", extra, a, b)
	out.limit, out.finite = min(a.bound(), b.bound()), true
	return out
}

func (t *translator) negation(e ast.Expr) term {
	arg := e.AsCall().Args()[0]
	if t.kind(arg) == types.DynKind {
		return t.stop(untyped(t.sp.at(t.a, arg), t.text(arg)))
	}
	x := t.term(arg)
	if t.kind(arg) == types.IntKind {
		out := derive("(0 - "+x.s+")", nil, x)
		out.limit, out.finite = x.limit, true
		return out
	}
	out := derive("(-"+x.s+")", nil, x)
	out.finite = x.finite
	return out
}

func (t *translator) toInt(arg ast.Expr) term {
	x := t.term(arg)
	kind := t.kind(arg)
	switch t.declared(arg) {
	case ir.Integer, ir.Number:
		if kind == types.DynKind {
			kind = types.DoubleKind
		}
	case ir.String:
		kind = types.StringKind
	}
	const pattern = "# matches '^[+-]?0*[0-9]{1,16}$'"
	const inRange = "abs(#) <= " + maxSafe
	parsed := func(x string) string { return guard("float(int("+x+"))", inRange) }
	const textOK = pattern + " and abs(float(int(#))) <= " + maxSafe
	var out term
	switch kind {
	case types.IntKind:
		return x
	case types.DoubleKind:
		out = derive("float(int("+guard(x.s, inRange)+"))", func() string { return holds(x.s, inRange) }, x)
	case types.StringKind:
		out = derive(parsed(guard(x.s, pattern)), func() string { return holds(x.s, textOK) }, x)
	default:
		out = derive("map(["+x.s+"], "+isFloat+" ? float(int("+guard("#", inRange)+")) : "+
			parsed(guard("#", isText+" and "+pattern))+")[0]",
			func() string { return holds(x.s, isFloat+" ? "+inRange+" : ("+isText+" and "+textOK+")") }, x)
	}
	out.finite = true
	return out
}

func (t *translator) toDouble(arg ast.Expr) term {
	x := t.term(arg)
	pattern := "# matches " + ArgoString(numberPattern)
	switch t.kind(arg) {
	case types.IntKind, types.DoubleKind:
		return x
	case types.StringKind:
		return term{s: "float(" + guard(x.s, pattern) + ")", fail: opaque, finite: true}
	}
	return term{s: "map([" + x.s + "], " + isFloat + " ? # : float(" + guard("#", isText+" and "+pattern) + "))[0]", fail: opaque, any: true}
}

func (t *translator) toString(arg ast.Expr, name string) term {
	x := t.term(arg)
	switch t.kind(arg) {
	case types.StringKind:
		return x
	case types.IntKind:
		return derive("toJson("+x.s+")", nil, x)
	case types.BoolKind:
		return derive("string("+x.s+")", nil, x)
	case types.DoubleKind:
		if x.finite {
			return derive(numberText(x.s), nil, x)
		}
		return derive(numberText(x.s), func() string { return "(abs(" + x.s + ") <= " + maxFinite + ")" }, x)
	case types.DynKind:
		if name == "string" {
			const scalar = "type(#) in ['string', 'bool', 'float']"
			return derive("map(["+guard(x.s, scalar)+"], "+isText+" ? # : (type(#) == 'bool' ? string(#) : "+numberText("#")+"))[0]",
				func() string { return holds(x.s, scalar) }, x)
		}
	}
	return t.stop(untyped(t.sp.at(t.a, arg), t.text(arg)))
}

const (
	trueTexts  = "['1', 't', 'T', 'TRUE', 'true', 'True']"
	falseTexts = "['0', 'f', 'F', 'FALSE', 'false', 'False']"
)

func (t *translator) toBool(arg ast.Expr) term {
	x := t.term(arg)
	const parse = "# in " + trueTexts + " ? true : (# in " + falseTexts + " ? false : int('no') > 0)"
	const fine = "(# in " + trueTexts + " or # in " + falseTexts + ")"
	switch t.kind(arg) {
	case types.BoolKind:
		return x
	case types.StringKind:
		return derive("map(["+x.s+"], "+parse+")[0]", func() string { return holds(x.s, fine) }, x)
	}
	return derive("map(["+x.s+"], type(#) == 'bool' ? # : ("+isText+" ? ("+parse+") : int('no') > 0))[0]",
		func() string { return holds(x.s, "type(#) == 'bool' or ("+isText+" and "+fine+")") }, x)
}

func (t *translator) size(e ast.Expr) term {
	c := e.AsCall()
	arg := c.Target()
	if !c.IsMemberFunction() {
		arg = c.Args()[0]
	}
	x := t.term(arg)
	if t.kind(arg) == types.DynKind {
		x = t.must(x, "type(#) in ['string', 'array', 'map']")
	}
	out := derive("float(len("+x.s+"))", nil, x)
	out.limit, out.finite = 1<<31, true
	return out
}

func (t *translator) math(e ast.Expr, name string) term {
	args := e.AsCall().Args()
	if name == "@max" || name == "@min" {
		return t.extreme(e, name[1:])
	}
	if t.kind(args[0]) == types.DynKind {
		return t.stop(untyped(t.sp.at(t.a, args[0]), t.text(args[0])))
	}
	x := t.term(args[0])
	var s string
	switch name {
	case "abs":
		s = "abs(" + x.s + " + 0)"
	case "ceil", "floor", "round":
		s = name + "(" + x.s + ")"
	case "trunc":
		s = "map([" + x.s + "], # < 0 ? ceil(#) : floor(#))[0]"
	case "sign":
		s = "map([" + x.s + "], # > 0 ? 1.0 : (# < 0 ? -1.0 : (# == 0 ? float(0) : #)))[0]"
	case "isNaN":
		return derive("map(["+x.s+"], # != #)[0]", nil, x)
	case "isInf":
		return derive("(abs("+x.s+") > "+maxFinite+")", nil, x)
	case "isFinite":
		return derive("(abs("+x.s+") <= "+maxFinite+")", nil, x)
	}
	out := derive(s, nil, x)
	out.finite = x.finite
	if t.kind(args[0]) == types.IntKind {
		out.limit = x.limit
	}
	return out
}

// extreme translates math.greatest and math.least. CEL's macro passes one or
// two arguments, or a list of more.
func (t *translator) extreme(e ast.Expr, function string) term {
	args := e.AsCall().Args()
	if len(args) == 1 && args[0].Kind() == ast.ListKind {
		args = args[0].AsList().Elements()
	}
	var parts []term
	var texts []string
	kind := t.kind(args[0])
	for _, x := range args {
		switch k := t.kind(x); {
		case k == types.DynKind:
			return t.stop(untyped(t.sp.at(t.a, x), t.text(x)))
		case k != types.IntKind && k != types.DoubleKind:
			return t.stop(unavailable(t.sp.at(t.a, e), "math."+map[string]string{"max": "greatest", "min": "least"}[function]+" of a list", usage("math.least")))
		case k != kind:
			return t.stop(mixed(t.sp.at(t.a, e), ""))
		}
		p := t.term(x)
		parts, texts = append(parts, p), append(texts, p.s)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	joined := strings.Join(texts, ", ")
	if kind == types.IntKind {
		out := derive(function+"("+joined+")", nil, parts...)
		for _, p := range parts {
			out.limit = max(out.limit, p.bound())
		}
		out.finite = true
		return out
	}
	finite := true
	for _, p := range parts {
		finite = finite && p.finite
	}
	if finite {
		out := derive(function+"("+joined+")", nil, parts...)
		out.finite = true
		return out
	}
	const numbers = "all(#, # == #)"
	return derive(function+"("+guard("["+joined+"]", numbers)+")",
		func() string { return holds("["+joined+"]", numbers) }, parts...)
}

// textFunction translates the member functions of texts.
func (t *translator) textFunction(e ast.Expr, name string) term {
	c := e.AsCall()
	args := c.Args()
	if c.IsMemberFunction() {
		args = append([]ast.Expr{c.Target()}, args...)
	}
	if name == "join" {
		return t.join(args)
	}
	parts := []term{t.string(args[0])}
	s := parts[0].s
	texts := func(n int) string { // further text arguments
		for _, x := range args[len(parts) : len(parts)+n] {
			parts = append(parts, t.string(x))
		}
		return parts[len(parts)-1].s
	}
	count := func() string { // an integer argument
		parts = append(parts, t.integer(args[len(parts)]))
		return parts[len(parts)-1].s
	}
	switch name {
	case "contains", "startsWith", "endsWith":
		o := texts(1)
		return derive("("+s+" "+name+" "+o+")", nil, parts...)
	case "matches":
		return t.matches(parts[0], args[1])
	case "lowerAscii":
		return derive("join(map(split("+s+", ''), # matches '^[A-Z]$' ? lower(#) : #), '')", nil, parts...)
	case "upperAscii":
		return derive("join(map(split("+s+", ''), # matches '^[a-z]$' ? upper(#) : #), '')", nil, parts...)
	case "trim":
		return derive("trim("+s+")", nil, parts...)
	case "reverse":
		return derive("join(reverse(split("+s+", '')), '')", nil, parts...)
	case "replace":
		from := texts(1)
		to := texts(1)
		if len(args) == 4 {
			n := count()
			return derive("replace("+s+", "+from+", "+to+", int("+n+"))", nil, parts...)
		}
		return derive("replace("+s+", "+from+", "+to+")", nil, parts...)
	case "split":
		sep := texts(1)
		if len(args) == 3 {
			n := count()
			return derive("map(split("+s+", "+sep+", int("+n+")), #)", nil, parts...)
		}
		return derive("map(split("+s+", "+sep+"), #)", nil, parts...)
	case "substring", "charAt":
		from, to, limit := count(), "len(#[0])", "#[1] <= len(#[0])"
		list := "[" + s + ", " + from
		switch {
		case len(args) == 3:
			list, to = list+", "+count(), "int(#[2])"
			limit = "#[1] <= #[2] and #[2] <= len(#[0])"
		case name == "charAt":
			to = "(int(#[1]) + 1)"
		}
		list += "]"
		p := "0 <= #[1] and " + limit
		return derive("map(["+guard(list, p)+"], join(split(#[0], '')[int(#[1]):"+to+"], ''))[0]",
			func() string { return holds(list, p) }, parts...)
	case "indexOf", "lastIndexOf":
		o := texts(1)
		out := derive("map([["+s+", "+o+"]], map([["+name+"(#[0], #[1]), #[0]]], #[0] < 0 ? -1.0 : float(len(#[1][0:#[0]])))[0])[0]", nil, parts...)
		out.limit, out.finite = 1<<31, true
		return out
	}
	return t.stop(unavailable(t.sp.at(t.a, e), name, ""))
}

func (t *translator) matches(s term, pattern ast.Expr) term {
	p, ok := textLiteral(pattern)
	if !ok {
		return t.stop(computedPattern(t.sp.at(t.a, pattern)))
	}
	if _, err := regexp.Compile(p); err != nil {
		return t.stop(badPattern(t.sp.at(t.a, pattern), strings.TrimPrefix(err.Error(), "error parsing regexp: ")))
	}
	return derive("("+s.s+" matches "+ArgoString(p)+")", nil, s)
}

func (t *translator) join(args []ast.Expr) term {
	xs := t.term(args[0])
	typ := t.a.GetType(args[0].ID())
	const texts = "all(#, type(#) == 'string')"
	switch {
	case typ.Kind() != types.ListKind:
		xs = t.must(xs, isArray+" and "+texts)
	case typ.Parameters()[0].Kind() != types.StringKind:
		xs = t.must(xs, texts)
	}
	sep := term{s: "''"}
	if len(args) == 2 {
		sep = t.string(args[1])
	}
	return derive("join("+xs.s+", "+sep.s+")", nil, xs, sep)
}
