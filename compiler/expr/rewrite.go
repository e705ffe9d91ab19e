package expr

import (
	"slices"
	"sort"
	"strings"

	"cel.dev/cel-go/common/ast"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// Untyped reports whether the program has KFP's rules: all that it reads is of
// unknown type, and every number in it a double.
func (p *Program) Untyped() bool { return p.untyped }

// Rewrite is the source with other texts in place of its variables. A variable
// under has() or behind `?` needs more than a text there: ok is false where one
// of those would have to change. The texts are put in as they are, so whoever
// makes them puts brackets around what needs them.
func (p *Program) Rewrite(text func(v Variable) string) (out string, ok bool) {
	var b strings.Builder
	done := 0
	for _, o := range p.occurrences() {
		v := p.vars[o.index]
		was, now := p.source[o.start:o.end], text(v)
		if now == was || now == v.Name && !strings.Contains(was, kfpValues) {
			continue
		}
		if o.mode != readValue {
			return "", false
		}
		b.WriteString(p.source[done:o.start])
		b.WriteString(now)
		done = o.end
	}
	b.WriteString(p.source[done:])
	return b.String(), true
}

// An occurrence is where the source reads a variable.
type occurrence struct {
	start, end int // in the source
	index      int // of the variable
	mode       string
}

// occurrences are those of the variables, in order and without overlaps. They
// are found by reading the source once more: only those who print programs ask.
func (p *Program) occurrences() []occurrence {
	base, err := celEnv()
	if err != nil {
		return nil
	}
	sp := spell(source.Fragment{Text: p.source}, p)
	parsed, issues := base.Parse(sp.text)
	if issues.Err() != nil {
		return nil
	}
	var found []occurrence
	r := &rewriter{sp: sp, scope: p, env: base, ast: parsed.NativeRep(), kfp: p.untyped, report: func(diag.Diagnostic) {}, byName: map[string]int{}}
	r.found = func(node ast.Expr, v Variable, mode string) {
		first, last := sp.extent(r.ast, node)
		if first < 0 {
			return
		}
		first, last = sp.balance(first, last)
		toks := sp.tokens()
		i := slices.IndexFunc(p.vars, func(x Variable) bool { return x.Name == v.Name })
		found = append(found, occurrence{sp.original(toks[first].start), sp.original(toks[last].end), i, mode})
	}
	r.root()
	sort.SliceStable(found, func(i, j int) bool { return found[i].start < found[j].start })
	out := found[:0]
	for _, o := range found {
		if n := len(out); n == 0 || o.start >= out[n-1].end { // a macro may hold a path twice
			out = append(out, o)
		}
	}
	return out
}

// Lookup makes the program the scope of its own source.
func (p *Program) Lookup(path []string) (v Variable, n int, ok bool) {
	for n := len(path); n > 0; n-- {
		if v, ok := p.variable(strings.Join(path[:n], ".")); ok {
			return v, n, true
		}
	}
	if p.untyped && len(path) > 2 && path[0] == "inputs" && path[1] == kfpValues {
		v, ok := p.variable(path[2])
		return v, 3, ok
	}
	return Variable{}, 0, false
}

// Names offers nothing: no message is made of it.
func (p *Program) Names([]string) []string { return nil }

func (p *Program) variable(name string) (Variable, bool) {
	for _, v := range p.vars {
		if v.Name == name {
			return v, true
		}
	}
	return Variable{}, false
}
