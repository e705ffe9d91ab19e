package expr

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// CompileKFP compiles a condition of KFP, which reads parameters as
// inputs.parameter_values['name']. To CEL they are all of unknown type and all
// their numbers doubles, as in KFP; the declared types only shorten the text
// for Argo. Variables are named by the bare name of the parameter. It is nil
// after a report.
func CompileKFP(fr source.Fragment, param func(name string) (ir.Type, bool), report diag.Reporter) *Program {
	return compile(fr, kfpScope(param), true, report)
}

// CompileUntyped is Compile by the rules of CompileKFP: to CEL all variables are
// of unknown type and all their numbers doubles.
func CompileUntyped(fr source.Fragment, s Scope, report diag.Reporter) *Program {
	return compile(fr, s, true, report)
}

type kfpScope func(name string) (ir.Type, bool)

const kfpValues = "parameter_values"

// Lookup knows inputs.parameter_values.NAME.
func (s kfpScope) Lookup(path []string) (Variable, int, bool) {
	switch {
	case path[0] != "inputs":
		return Variable{}, 0, false
	case len(path) == 1 || path[1] != kfpValues:
		return Variable{}, 1, false
	case len(path) == 2:
		return Variable{}, 2, false
	}
	t, ok := s(path[2])
	if !ok {
		return Variable{}, 2, false
	}
	return Variable{Name: path[2], Type: t}, 3, true
}

// Names offers nothing but the way to the parameters.
func (s kfpScope) Names(path []string) []string {
	switch len(path) {
	case 0:
		return []string{"inputs"}
	case 1:
		return []string{kfpValues}
	}
	return nil
}
