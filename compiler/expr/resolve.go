package expr

import (
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// A leaf is a pool variable: which variable of the program it reads, and how.
type leaf struct {
	index int
	mode  string
}

// A rewriter goes over the parsed tree before it is checked: what the scope
// knows becomes variables of the pool, functions outside the subset are
// refused, and format becomes a sum of texts.
type rewriter struct {
	sp     *spelling
	scope  Scope
	env    *cel.Env
	ast    *ast.AST
	kfp    bool
	report diag.Reporter
	failed bool
	found  func(node ast.Expr, v Variable, mode string) // hears of every read of a variable; nil: nobody asks

	vars    []Variable
	byName  map[string]int // index in vars
	ordinal []int          // of each variable in its part of the pool
	leaves  map[string]leaf
	taken   map[string]int // pool variables in use, by prefix
	pool    int            // the most of any prefix
	bound   []string
	fac     ast.ExprFactory
	nextID  int64
}

func (r *rewriter) root() {
	r.leaves, r.taken, r.fac = map[string]leaf{}, map[string]int{}, ast.NewExprFactory()
	r.walk(r.ast.Expr())
}

func (r *rewriter) fail(d diag.Diagnostic) {
	r.failed = true
	r.report(d)
}

func (r *rewriter) at(e ast.Expr) source.Span { return r.sp.at(r.ast, e) }

func (r *rewriter) walk(e ast.Expr) {
	switch e.Kind() {
	case ast.IdentKind:
		if !slices.Contains(r.bound, e.AsIdent()) {
			r.leaf(e)
		}
	case ast.SelectKind:
		if r.rooted(e) {
			r.leaf(e)
			return
		}
		r.walk(e.AsSelect().Operand())
	case ast.CallKind:
		r.call(e)
	case ast.ComprehensionKind:
		r.comprehension(e)
	case ast.ListKind:
		if l := e.AsList(); len(l.OptionalIndices()) > 0 {
			r.fail(optionalEntry(r.at(e)))
		}
		for _, x := range e.AsList().Elements() {
			r.walk(x)
		}
	case ast.MapKind:
		r.mapLiteral(e)
	case ast.StructKind:
		r.fail(message(r.at(e), e.AsStruct().TypeName()))
		r.placeholder(e)
	case ast.LiteralKind:
		r.literal(e)
	}
}

func (r *rewriter) comprehension(e ast.Expr) {
	c := e.AsComprehension()
	r.walk(c.IterRange())
	n := len(r.bound)
	r.bound = append(r.bound, c.AccuVar())
	r.walk(c.AccuInit())
	r.bound = append(r.bound, c.IterVar())
	r.walk(c.LoopCondition())
	r.walk(c.LoopStep())
	r.walk(c.Result())
	r.bound = r.bound[:n]
}

func (r *rewriter) mapLiteral(e ast.Expr) {
	seen := map[string]bool{}
	for _, entry := range e.AsMap().Entries() {
		m := entry.AsMapEntry()
		key, ok := textLiteral(m.Key())
		switch {
		case m.IsOptional():
			r.fail(optionalEntry(r.at(m.Key())))
		case !ok:
			r.fail(badKey(r.at(m.Key())))
		case seen[key]:
			r.fail(repeatedKey(r.at(m.Key()), key))
		}
		seen[key] = true
		r.walk(m.Value())
	}
	if len(seen) > 1 {
		e.SetKindCase(r.fac.NewCall(e.ID(), fnOrdered, r.fac.NewMap(r.id(e), e.AsMap().Entries())))
	}
}

func (r *rewriter) literal(e ast.Expr) {
	switch v := e.AsLiteral().(type) {
	case types.Int:
		if v > ir.MaxSafe || v < -ir.MaxSafe {
			r.fail(tooLarge(r.at(e), int64(v)))
		}
	case types.Uint:
		r.fail(noUint(r.at(e)))
	case types.Bytes:
		r.fail(noBytes(r.at(e)))
	}
}

func (r *rewriter) placeholder(e ast.Expr) {
	e.SetKindCase(r.fac.NewIdent(e.ID(), poolName(readValue, "y", 0)))
}

func textLiteral(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// A step is one segment of a path after its first.
type step struct {
	node     ast.Expr
	name     string
	optional bool
	test     bool
}

// steps takes a path apart: the identifier at its root and the steps after it,
// outermost last; ok is false for what is no path.
func steps(e ast.Expr) (root ast.Expr, path []step, ok bool) {
	for {
		switch e.Kind() {
		case ast.IdentKind:
			slices.Reverse(path)
			return e, path, true
		case ast.SelectKind:
			s := e.AsSelect()
			path = append(path, step{e, s.FieldName(), false, s.IsTestOnly()})
			e = s.Operand()
		case ast.CallKind:
			c := e.AsCall()
			if c.FunctionName() != operators.Index && c.FunctionName() != operators.OptSelect && c.FunctionName() != operators.OptIndex {
				return nil, nil, false
			}
			key, isText := textLiteral(c.Args()[1])
			if !isText {
				return nil, nil, false
			}
			path = append(path, step{e, key, c.FunctionName() != operators.Index, false})
			e = c.Args()[0]
		default:
			return nil, nil, false
		}
	}
}

// rooted reports whether e is a path from a name of the scope.
func (r *rewriter) rooted(e ast.Expr) bool {
	root, _, ok := steps(e)
	return ok && !slices.Contains(r.bound, root.AsIdent())
}

// leaf replaces the part of a path that names a variable.
func (r *rewriter) leaf(e ast.Expr) {
	root, path, _ := steps(e)
	names := make([]string, 1, len(path)+1)
	names[0] = root.AsIdent()
	for _, s := range path {
		names = append(names, s.name)
	}
	v, n, ok := r.scope.Lookup(names)
	if !ok || n < 1 || n > len(names) {
		r.unknown(root, path, names, max(0, min(n, len(names))))
		r.placeholder(e)
		return
	}
	node, mode := root, readValue
	for i, s := range path[:n-1] {
		if s.optional && i < n-2 {
			r.fail(optionalTooEarly(r.at(s.node), s.name, path[n-2].name))
			r.placeholder(e)
			return
		}
		node = s.node
		if s.test {
			mode = readPresence
		} else if s.optional {
			mode = readOptional
		}
	}
	if v.Type.IsArtifact() && mode != readPresence {
		r.fail(artifact(r.at(node), v.Name))
		r.placeholder(e)
		return
	}
	if o, ok := r.ast.SourceInfo().GetOffsetRange(root.ID()); ok && node != root {
		if r.sp.roots == nil {
			r.sp.roots = map[int64]int32{}
		}
		r.sp.roots[node.ID()] = o.Start
	}
	if r.found != nil {
		r.found(node, v, mode)
	}
	node.SetKindCase(r.fac.NewIdent(node.ID(), r.variable(v, mode)))
}

// variable is the pool variable that reads v.
func (r *rewriter) variable(v Variable, mode string) string {
	prefix := prefixOf(v.Type)
	if r.kfp {
		prefix = "y"
	}
	i, known := r.byName[v.Name]
	if !known {
		i = len(r.vars)
		r.byName[v.Name] = i
		r.vars = append(r.vars, v)
		r.ordinal = append(r.ordinal, r.taken[prefix])
		r.taken[prefix]++
		r.pool = max(r.pool, r.taken[prefix])
	}
	name := poolName(mode, prefix, r.ordinal[i])
	r.leaves[name] = leaf{i, mode}
	return name
}

func (r *rewriter) unknown(root ast.Expr, path []step, names []string, n int) {
	at := r.at(root)
	switch {
	case n >= len(names): // understood, yet no value
		if len(path) > 0 {
			at = r.at(path[len(path)-1].node)
		}
		r.fail(incomplete(at, strings.Join(names, "."), r.scope.Names(names)))
		return
	case n > 0:
		at = r.lastName(path[n-1].node)
	}
	r.fail(unknownName(at, names, n, r.scope.Names(names[:n])))
}

// lastName is where the last name of a path stands.
func (r *rewriter) lastName(e ast.Expr) source.Span {
	_, last := r.sp.extent(r.ast, e)
	if last < 0 {
		return r.at(e)
	}
	toks := r.sp.tokens()
	t := toks[last]
	if c := r.sp.text[t.start]; (c == ']' || c == ')') && last > 0 {
		t = toks[last-1]
	}
	if r.sp.text[t.start] == '`' {
		return r.sp.span(t.start+1, t.end-1)
	}
	return r.sp.span(t.start, t.end)
}
