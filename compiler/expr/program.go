// Package expr is the expression language of both front ends: a subset of CEL
// that is parsed and checked here, evaluated here with cel-go, and printed as
// text for expr-lang, the engine inside Argo, so that both give the same value
// or both fail. What cannot have one meaning in both is a diagnostic.
package expr

import (
	"context"
	"errors"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// A Program is a checked expression. It is immutable and safe for concurrent
// use.
type Program struct {
	typ    ir.Type
	source string
	vars   []Variable
	total  bool
}

// Compile parses and checks an expression. It is nil after a report.
func Compile(fr source.Fragment, s Scope, report diag.Reporter) *Program { return nil }

// CompileKFP compiles a condition of KFP. Its variables are named by the bare
// name of the parameter.
func CompileKFP(fr source.Fragment, param func(name string) (ir.Type, bool), report diag.Reporter) *Program {
	return nil
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

// Eval computes the value from those of the variables: JSON values, in which
// an absent one and nil are the same.
func (p *Program) Eval(ctx context.Context, get func(name string) (v any, present bool)) (any, error) {
	return nil, errors.ErrUnsupported
}

// Argo prints the expression as expr-lang text that yields the typed value.
// bind gives, for each variable, a text that cannot fail and yields its decoded
// value, nil when it is absent.
func (p *Program) Argo(bind func(name string) string) (string, error) {
	return "", errors.ErrUnsupported
}

// ArgoText is expr-lang text of the text form of a decoded value.
func ArgoText(e string, t ir.Type) string { return "" }

// ArgoString is an expr-lang string literal.
func ArgoString(s string) string { return "" }

// ArgoConst is an expr-lang literal of a JSON value.
func ArgoConst(v any) string { return "" }

// CheckArgo compiles an expr-lang text as Argo would.
func CheckArgo(e string) error { return nil }
