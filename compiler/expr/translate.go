package expr

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	exprast "github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A piece of a translated text: literal text, or the binding of a variable.
type piece struct {
	text string
	hole int // index of a variable, -1: none
}

// A translator prints a checked tree as expr-lang text. The types on the nodes
// decide most of it.
type translator struct {
	a      *ast.AST
	sp     *spelling
	p      *Program
	kfp    bool
	report diag.Reporter
	failed bool
	over   bool // the text outgrew all bounds

	loops   []loop
	present map[int]int  // variables known to be there, by how many conditions
	warned  map[int]bool // of those that may be absent
	mayInf  bool         // some double may be infinite
}

// A loop is a variable of an enclosing macro: its name and how the body
// reaches it. A closure of expr-lang sees only its own element.
type loop struct {
	name     string
	ref      string
	any      bool // see term
	infinite bool // it may be, or hold, a double that JSON cannot write
}

// translate fills in the Argo side of the program, its type and whether it is
// total; false after a report.
func translate(p *Program, sp *spelling, kfp bool, report diag.Reporter) bool {
	t := &translator{a: p.ast.NativeRep(), sp: sp, p: p, kfp: kfp, report: report, present: map[int]int{}, warned: map[int]bool{}}
	root := t.a.Expr()
	typ, ok := irType(t.a.GetType(root.ID()))
	if !ok {
		report(unfinishedOptional(sp.at(t.a, root)))
		return false
	}
	out := t.term(root)
	switch {
	case t.failed:
		return false
	case t.over || len(out.s) > maxText:
		report(inArgo(sp.from.All(), maxText))
		return false
	case len(out.s) > maxNodes && countNodes(out.s) > maxNodes:
		report(inArgo(sp.from.All(), 0))
		return false
	}
	p.typ, p.total = typ, out.fail == total
	switch typ.Kind {
	case ir.Number, ir.List, ir.Struct, ir.Dynamic:
		p.total = p.total && (!t.mayInf || out.finite)
	}
	p.argo = pieces(out.s)
	return true
}

func countNodes(text string) int {
	tree, err := parser.Parse(holeless(text))
	if err != nil {
		return maxNodes + 1
	}
	n := 0
	exprast.Walk(&tree.Node, counter{&n})
	return n
}

type counter struct{ n *int }

func (c counter) Visit(*exprast.Node) { *c.n++ }

func hole(i int) string { return "\x00" + strconv.Itoa(i) + "\x01" }

// pieces takes a text apart at its holes.
func pieces(s string) []piece {
	var out []piece
	for {
		i := strings.IndexByte(s, 0)
		if i < 0 {
			break
		}
		j := i + strings.IndexByte(s[i:], 1)
		n, err := strconv.Atoi(s[i+1 : j])
		if err != nil {
			break
		}
		if i > 0 {
			out = append(out, piece{s[:i], -1})
		}
		out, s = append(out, piece{"", n}), s[j+1:]
	}
	if s != "" {
		out = append(out, piece{s, -1})
	}
	return out
}

func holeless(s string) string {
	var b strings.Builder
	for _, p := range pieces(s) {
		if p.hole >= 0 {
			b.WriteString("fromJSON('0')")
		}
		b.WriteString(p.text)
	}
	return b.String()
}

// stop ends the translation with a report.
func (t *translator) stop(d diag.Diagnostic) term {
	if !t.failed {
		t.report(d)
	}
	t.failed = true
	return term{s: "nil"}
}

func (t *translator) kind(e ast.Expr) types.Kind {
	k := t.a.GetType(e.ID()).Kind()
	if k == types.TypeParamKind || k == types.NullTypeKind { // CEL lets null pass for much
		return types.DynKind
	}
	return k
}

func (t *translator) text(e ast.Expr) string { return t.sp.at(t.a, e).Text() }

const outgrown = 4 * maxText

// term translates a node.
func (t *translator) term(e ast.Expr) term {
	if t.failed || t.over {
		return term{s: "nil"}
	}
	out := t.node(e)
	if len(out.s) > outgrown {
		t.over = true
		return term{s: "nil"}
	}
	if !out.any && t.kind(e) == types.DynKind {
		out.s, out.any = hide(out), true
	}
	return out
}

func (t *translator) node(e ast.Expr) term {
	switch e.Kind() {
	case ast.LiteralKind:
		return t.literal(e)
	case ast.IdentKind:
		return t.ident(e)
	case ast.SelectKind:
		return t.selection(e)
	case ast.CallKind:
		return t.call(e)
	case ast.ComprehensionKind:
		return t.comprehension(e)
	case ast.ListKind:
		return t.list(e)
	case ast.MapKind:
		return t.structure(e)
	}
	return t.stop(untranslated(t.sp.at(t.a, e), "this"))
}

func (t *translator) literal(e ast.Expr) term {
	switch v := e.AsLiteral().(type) {
	case types.Bool:
		return term{s: strconv.FormatBool(bool(v))}
	case types.Int:
		f := float64(v)
		return term{s: number(f), limit: max(f, -f, 1), finite: true}
	case types.Double:
		return term{s: number(float64(v)), finite: true}
	case types.String:
		return term{s: ArgoString(string(v))}
	case types.Null:
		return term{s: "nil"}
	}
	return t.stop(untranslated(t.sp.at(t.a, e), "this literal"))
}

func (t *translator) ident(e ast.Expr) term {
	name := e.AsIdent()
	for i := len(t.loops) - 1; i >= 0; i-- {
		if t.loops[i].name == name {
			return term{s: t.loops[i].ref, any: t.loops[i].any}
		}
	}
	l, ok := t.p.leaves[name]
	if !ok {
		return t.stop(untranslated(t.sp.at(t.a, e), quote(t.text(e))))
	}
	v := t.p.vars[l.index]
	w := hole(l.index)
	switch l.mode {
	case readPresence:
		if !v.Optional && !v.Uncertain {
			return term{s: "true"}
		}
		return term{s: "(" + w + " != nil)"}
	case readOptional:
		return t.stop(unfinishedOptional(t.sp.at(t.a, e)))
	}
	if !v.Optional && !v.Uncertain || t.present[l.index] > 0 {
		return term{s: w, any: true, finite: true}
	}
	if v.Optional && !t.warned[l.index] {
		t.warned[l.index] = true
		short := v.Name[strings.LastIndexByte(v.Name, '.')+1:]
		t.report(mayBeAbsent(t.sp.at(t.a, e), v.Name, short))
	}
	return term{s: guard(w, "# != nil"), any: true, finite: true, fail: guarded, ok: func() string { return "(" + w + " != nil)" }}
}

// declared is the kind of the parameter that a node reads, in KFP's conditions:
// there CEL itself knows no types.
func (t *translator) declared(e ast.Expr) ir.Kind {
	if e.Kind() == ast.IdentKind {
		if l, ok := t.p.leaves[e.AsIdent()]; ok && l.mode == readValue {
			return t.p.vars[l.index].Type.Kind
		}
	}
	return ir.Invalid
}

func (t *translator) list(e ast.Expr) term {
	elements := e.AsList().Elements()
	parts := make([]term, len(elements))
	texts := make([]string, len(elements))
	for i, x := range elements {
		parts[i] = t.term(x)
		texts[i] = parts[i].s
	}
	return derive("["+strings.Join(texts, ", ")+"]", nil, parts...)
}

func (t *translator) structure(e ast.Expr) term {
	entries := e.AsMap().Entries()
	if len(entries) == 0 {
		return term{s: "fromJSON('{ }')", any: true}
	}
	parts := make([]term, len(entries))
	texts := make([]string, len(entries))
	for i, x := range entries {
		key, _ := textLiteral(x.AsMapEntry().Key())
		parts[i] = t.term(x.AsMapEntry().Value())
		texts[i] = ArgoString(key) + ": " + parts[i].s
	}
	return derive("({ "+strings.Join(texts, ", ")+" })", nil, parts...)
}

// condition translates a node that must be a boolean.
func (t *translator) condition(e ast.Expr) term {
	x := t.term(e)
	if t.kind(e) == types.BoolKind || t.declared(e) == ir.Boolean {
		return x
	}
	return t.must(x, "type(#) == 'bool'")
}

// must is x, and an error unless p holds of it.
func (t *translator) must(x term, p string) term {
	out := derive(guard(x.s, p), func() string { return holds(x.s, p) }, x)
	out.any = x.any
	return out
}

// string translates a node that must be a text.
func (t *translator) string(e ast.Expr) term {
	x := t.term(e)
	if t.kind(e) == types.StringKind || t.declared(e) == ir.String {
		return x
	}
	return t.must(x, "type(#) == 'string'")
}

// integer translates a node that must be an integer.
func (t *translator) integer(e ast.Expr) term {
	x := t.term(e)
	if t.kind(e) == types.IntKind {
		return x
	}
	return t.stop(untyped(t.sp.at(t.a, e), t.text(e)))
}

// facts are the variables that are present whenever the node is what.
func (t *translator) facts(e ast.Expr, what bool) []int {
	switch e.Kind() {
	case ast.IdentKind:
		if l, ok := t.p.leaves[e.AsIdent()]; ok && what && l.mode == readPresence {
			return []int{l.index}
		}
	case ast.CallKind:
		c := e.AsCall()
		switch c.FunctionName() {
		case operators.LogicalNot:
			return t.facts(c.Args()[0], !what)
		case operators.LogicalAnd, operators.LogicalOr:
			if (c.FunctionName() == operators.LogicalAnd) == what {
				return append(t.facts(c.Args()[0], what), t.facts(c.Args()[1], what)...)
			}
		case "hasValue":
			if l, ok := t.optionalLeaf(c.Target()); ok && what {
				return []int{l.index}
			}
		}
	}
	return nil
}

// given translates under facts.
func (t *translator) given(facts []int, e ast.Expr, how func(ast.Expr) term) term {
	for _, f := range facts {
		t.present[f]++
	}
	out := how(e)
	for _, f := range facts {
		t.present[f]--
	}
	return out
}

func (t *translator) conditional(e ast.Expr) term {
	args := e.AsCall().Args()
	c := t.condition(args[0])
	x := t.given(t.facts(args[0], true), args[1], t.term)
	y := t.given(t.facts(args[0], false), args[2], t.term)
	out := term{s: "(" + c.s + " ? " + x.s + " : " + y.s + ")", any: x.any && y.any,
		fail: max(c.fail, x.fail, y.fail), finite: x.finite && y.finite, limit: max(x.bound(), y.bound())}
	if out.fail == guarded {
		out.ok = func() string {
			branches := ""
			if x.fail != total || y.fail != total {
				branches = "(" + c.s + " ? " + conj(x.okText()) + " : " + conj(y.okText()) + ")"
			}
			return conj(c.okText(), branches)
		}
	}
	return out
}

// operands flattens a chain of one logical operator.
func operands(e ast.Expr, name string, out []ast.Expr) []ast.Expr {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == name {
		for _, x := range e.AsCall().Args() {
			out = operands(x, name, out)
		}
		return out
	}
	return append(out, e)
}

// logic translates a chain of && or ||. CEL lets one operand decide whatever
// the others do, errors included; expr-lang goes from left to right. So those
// that cannot fail come first, and those that can are asked beforehand.
func (t *translator) logic(e ast.Expr) term {
	name := e.AsCall().FunctionName()
	and := name == operators.LogicalAnd
	chain := operands(e, name, nil)
	terms := make([]term, len(chain))
	var first []term
	facts := map[int]bool{}
	done := make([]bool, len(chain))
	for i, x := range chain {
		f := t.facts(x, and)
		if len(f) == 0 {
			continue
		}
		terms[i], done[i] = t.condition(x), true
		if terms[i].fail == total {
			first = append(first, terms[i])
			for _, v := range f {
				facts[v] = true
			}
		}
	}
	known := slices.Sorted(maps.Keys(facts))
	var sure, shaky []term
	opaques := 0
	for i, x := range chain {
		if !done[i] {
			terms[i] = t.given(known, x, t.condition)
		}
		switch {
		case terms[i].fail == total && !done[i]:
			sure = append(sure, terms[i])
		case terms[i].fail != total:
			shaky = append(shaky, terms[i])
		}
		if terms[i].fail == opaque {
			opaques++
		}
	}
	sure = append(first, sure...)
	if t.failed || t.over {
		return term{s: "nil"}
	}
	if opaques > 0 && len(shaky) > 1 {
		if !t.kfp {
			return t.stop(orderDependent(t.sp.at(t.a, e)))
		}
		t.report(leftToRight(t.sp.at(t.a, e)))
		out := term{s: chained(and, terms), fail: opaque}
		return out
	}
	return weigh(and, sure, shaky)
}

// chained joins terms with the operator; neighbours that the optimiser would
// merge are kept apart.
func chained(and bool, terms []term) string {
	op := " or "
	if and {
		op = " and "
	}
	texts := make([]string, len(terms))
	for i, x := range terms {
		texts[i] = x.s
		if i > 0 && x.merges {
			texts[i] = "(" + x.s + " ? true : false)"
		}
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return "(" + strings.Join(texts, op) + ")"
}

// weigh is the chain of sure terms and shaky ones, all of which are guarded
// when there are several.
func weigh(and bool, sure, shaky []term) term {
	neutral := "false"
	if and {
		neutral = "true"
	}
	all := slices.Clone(sure)
	if n := len(shaky); n > 1 {
		for _, f := range shaky[:n-1] {
			all = append(all, term{s: "(" + f.ok() + " ? " + f.s + " : " + neutral + ")"})
		}
		all = append(append(all, shaky[n-1]), shaky[:n-1]...)
	} else {
		all = append(all, shaky...)
	}
	out := term{s: chained(and, all)}
	if len(shaky) == 0 {
		return out
	}
	out.fail = guarded
	if shaky[0].fail == opaque {
		out.fail = opaque
		return out
	}
	out.ok = func() string { return decided(and, sure, shaky) }
	return out
}

// decided foretells a chain: some term decides it, or none fails.
func decided(and bool, sure, shaky []term) string {
	no := func(s string) string {
		if and {
			return "!(" + s + ")"
		}
		return s
	}
	var ways []string
	for _, x := range sure {
		ways = append(ways, no(x.s))
	}
	var oks []string
	for _, x := range shaky {
		ways = append(ways, "("+x.ok()+" ? "+no(x.s)+" : false)")
		oks = append(oks, x.ok())
	}
	return "(" + strings.Join(append(ways, conj(oks...)), " or ") + ")"
}
