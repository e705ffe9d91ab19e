// Package rules holds the lint rules, a file each, and the list of them.
package rules

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/lint"
)

// All lists every rule in the order of their codes.
func All() []*lint.Rule {
	return []*lint.Rule{
		unpinnedImage(),
		secretInEnv(),
		unusedInput(),
		bigLiteral(),
		hotRetry(),
		wideLoop(),
		gpuTimeout(),
	}
}

// Codes are the manual pages of the rules.
func Codes() []diag.CodeInfo { return lint.Codes(All()) }

// text is the constant text of a value.
func text(v ir.Value) (string, bool) {
	l, ok := v.(*ir.Literal)
	if !ok {
		return "", false
	}
	s, ok := l.V.(string)
	return s, ok
}
