package expr

import (
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// An arity says how a function of the subset may be called: as a member of its
// first argument, as a function, or both, with how many arguments in all.
type arity struct {
	member, global bool
	least, most    int
}

// subset is the list of functions that have one meaning in both engines.
// Operators are not in it; all of them are known to the translation.
func subset(name string) (arity, bool) {
	switch name {
	case "size":
		return arity{true, true, 1, 1}, true
	case "contains", "startsWith", "endsWith", "indexOf", "lastIndexOf", "orValue":
		return arity{true, false, 2, 2}, true
	case "matches":
		return arity{true, true, 2, 2}, true
	case "lowerAscii", "upperAscii", "trim", "reverse", "hasValue":
		return arity{true, false, 1, 1}, true
	case "replace":
		return arity{true, false, 3, 4}, true
	case "split", "substring":
		return arity{true, false, 2, 3}, true
	case "charAt", "format":
		return arity{true, false, 2, 2}, true
	case "join":
		return arity{true, false, 1, 2}, true
	case "int", "double", "string", "bool", "dyn", "parseJson":
		return arity{false, true, 1, 1}, true
	case "math.abs", "math.ceil", "math.floor", "math.round", "math.trunc", "math.sign",
		"math.isNaN", "math.isInf", "math.isFinite":
		return arity{false, true, 1, 1}, true
	case "math.@max", "math.@min":
		return arity{false, true, 1, 1 << 20}, true
	}
	return arity{}, false
}

func isOperator(name string) bool {
	if _, ok := operators.FindReverse(name); ok {
		return true
	}
	switch name {
	case operators.Conditional, operators.Index, operators.OptIndex, operators.OptSelect,
		operators.NotStrictlyFalse, operators.In:
		return true
	}
	return false
}

func (r *rewriter) call(e ast.Expr) {
	c := e.AsCall()
	name := c.FunctionName()
	if name == operators.Index || name == operators.OptSelect || name == operators.OptIndex {
		if r.rooted(e) {
			r.leaf(e)
			return
		}
		if r.containerIndex(e) {
			return
		}
	}
	if isOperator(name) {
		for _, x := range c.Args() {
			r.walk(x)
		}
		return
	}
	args := len(c.Args())
	member := c.IsMemberFunction()
	if member {
		if target := c.Target(); target.Kind() == ast.IdentKind && namespace(target.AsIdent()) {
			name, member = target.AsIdent()+"."+name, false
		} else {
			args++
		}
	}
	a, ok := subset(name)
	if !ok || args < a.least || args > a.most || member && !a.member || !member && !a.global {
		r.refuse(e, name, ok)
		return
	}
	if member {
		r.walk(c.Target())
	}
	for _, x := range c.Args() {
		r.walk(x)
	}
	if name == "format" {
		r.format(e)
	}
}

// namespace reports whether a name qualifies functions.
func namespace(name string) bool {
	switch name {
	case "math", "cel", "optional", "strings", "sets", "base64", "lists", "regex", "net", "ip", "cidr":
		return true
	}
	return false
}

// refuse reports a function outside the subset. Its arguments are left alone:
// in a macro that does not exist they hold names of its own.
func (r *rewriter) refuse(e ast.Expr, name string, known bool) {
	name = strings.Replace(name, "@max", "greatest", 1)
	name = strings.Replace(name, "@min", "least", 1)
	r.fail(r.badCall(e, name, known))
	r.placeholder(e)
}

// containerIndex refuses `inputs[x]`: the scope knows names, not values.
func (r *rewriter) containerIndex(e ast.Expr) bool {
	root, path, ok := steps(e.AsCall().Args()[0])
	if !ok {
		return false
	}
	for _, b := range r.bound {
		if b == root.AsIdent() {
			return false
		}
	}
	names := []string{root.AsIdent()}
	for _, s := range path {
		names = append(names, s.name)
	}
	if _, n, ok := r.scope.Lookup(names); ok || n < len(names) {
		return false
	}
	r.fail(computedName(r.at(e), strings.Join(names, "."), r.scope.Names(names)))
	r.placeholder(e)
	return true
}

// format replaces 'a%sb'.format([x]) by 'a' + string(x) + 'b', so that both
// engines print values alike.
func (r *rewriter) format(e ast.Expr) {
	c := e.AsCall()
	layout, ok := textLiteral(c.Target())
	if !ok || c.Args()[0].Kind() != ast.ListKind {
		r.fail(formatLiteral(r.at(e)))
		r.placeholder(e)
		return
	}
	values := c.Args()[0].AsList().Elements()
	var sum ast.Expr
	add := func(x ast.Expr) {
		if lit, ok := textLiteral(x); sum == nil {
			sum = x
			return
		} else if ok && lit == "" {
			return
		}
		sum = r.fac.NewCall(r.id(e), operators.Add, sum, x)
	}
	used := 0
	for layout != "" {
		n := strings.IndexByte(layout, '%')
		if n < 0 {
			add(r.text(e, layout))
			break
		}
		if n > 0 {
			add(r.text(e, layout[:n]))
		}
		verb, rest := verbOf(layout[n:])
		layout = rest
		function := "string"
		switch verb {
		case "%%":
			add(r.text(e, "%"))
			continue
		case "%d":
			function = fnFormatInt
		case "%s":
		default:
			r.fail(badVerb(r.at(c.Target()), verb))
			r.placeholder(e)
			return
		}
		if used < len(values) {
			add(r.fac.NewCall(r.idOf(values[used]), function, values[used]))
		}
		used++
	}
	if used != len(values) {
		r.fail(formatCount(r.at(e), used, len(values)))
		r.placeholder(e)
		return
	}
	add(r.text(e, ""))
	e.SetKindCase(sum)
}

// verbOf cuts %s or %.2f off the start of a layout.
func verbOf(layout string) (verb, rest string) {
	i := 1
	for i < len(layout) && (digit(layout[i]) || layout[i] == '.') {
		i++
	}
	i = min(i+1, len(layout))
	return layout[:i], layout[i:]
}

func (r *rewriter) text(e ast.Expr, s string) ast.Expr {
	return r.fac.NewLiteral(r.id(e), stringVal(s))
}

func (r *rewriter) idOf(e ast.Expr) int64 { return r.id(e) }

// id is a new one that stands where e does.
func (r *rewriter) id(e ast.Expr) int64 {
	if r.nextID == 0 {
		r.nextID = ast.MaxID(r.ast)
	}
	r.nextID++
	if o, ok := r.ast.SourceInfo().GetOffsetRange(e.ID()); ok {
		r.ast.SourceInfo().SetOffsetRange(r.nextID, o)
	}
	return r.nextID
}
