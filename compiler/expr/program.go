// Package expr is the expression language of both front ends: a subset of CEL
// that is parsed and checked here, evaluated here with cel-go, and printed as
// text for expr-lang, the engine inside Argo, so that both give the same value
// or both fail. What cannot have one meaning in both is a diagnostic.
package expr

import (
	"strings"
	"sync"

	"cel.dev/cel-go/cel"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// The limits of one expression.
const (
	maxSource  = 16 << 10 // bytes as written
	maxNesting = 100      // brackets and operators inside each other
	maxText    = 16 << 10 // bytes in Argo
	maxNodes   = 4000     // nodes in Argo
	maxCost    = 1000000  // steps of a local evaluation, as CEL counts them
)

// A Program is a checked expression. It is immutable and safe for concurrent
// use.
type Program struct {
	typ    ir.Type
	source string
	vars   []Variable
	total  bool
	// untyped: all variables are dynamic to CEL, whatever is declared (KFP).
	untyped bool
	argo    []piece
	leaves  map[string]leaf // by name in the pool
	ast     *cel.Ast
	env     *cel.Env
	plan    func() (cel.Program, error)
}

// Compile parses and checks an expression. It is nil after a report.
func Compile(fr source.Fragment, s Scope, report diag.Reporter) *Program {
	return compile(fr, s, false, report)
}

func compile(fr source.Fragment, s Scope, kfp bool, report diag.Reporter) *Program {
	if len(fr.Text) > maxSource {
		report(tooLong(fr.All()))
		return nil
	}
	base, err := celEnv()
	if err != nil {
		report(broken(fr.All(), err))
		return nil
	}
	sp := spell(fr, s)
	parsed, issues := base.Parse(sp.text)
	if issues.Err() != nil {
		report(sp.syntaxError(issues.Errors()[0]))
		return nil
	}
	r := &rewriter{sp: sp, scope: s, env: base, ast: parsed.NativeRep(), kfp: kfp, report: report, byName: map[string]int{}}
	r.root()
	env, err := envFor(r.pool)
	if err != nil {
		report(broken(fr.All(), err))
		return nil
	}
	checked, issues := env.Check(parsed)
	if issues.Err() != nil {
		if !r.failed {
			reportTypes(sp, parsed.NativeRep(), issues.Errors(), report)
		}
		return nil
	}
	if r.failed {
		return nil
	}
	p := &Program{source: strings.TrimSpace(fr.Text), vars: r.vars, leaves: r.leaves, ast: checked, env: env, untyped: kfp}
	if !translate(p, sp, kfp, report) {
		return nil
	}
	p.plan = sync.OnceValues(p.makePlan)
	return p
}

// Type is the type of the result.
func (p *Program) Type() ir.Type { return p.typ }

// Source is the expression as written.
func (p *Program) Source() string { return p.source }

// Vars are the variables that the expression reads, in order of first
// appearance. Callers must not change them.
func (p *Program) Vars() []Variable { return p.vars }

// Total reports whether evaluation cannot fail.
func (p *Program) Total() bool { return p.total }
