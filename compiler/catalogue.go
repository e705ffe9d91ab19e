package compiler

import (
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/argo"
	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl"
	"github.com/kfp-go/kfp-go/compiler/dsl/dslwrite"
	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/kfpspec"
	"github.com/kfp-go/kfp-go/compiler/kfpwrite"
	"github.com/kfp-go/kfp-go/compiler/lint/rules"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// Catalogue is the manual of every code that compiling can report, in the order
// of the codes.
func Catalogue() []diag.CodeInfo {
	out := slices.Concat(tree.Codes, dsl.Codes, dslwrite.Codes, kfpspec.Codes, kfpwrite.Codes, expr.Codes, check.Codes, rules.Codes(), argo.Codes, Codes)
	slices.SortStableFunc(out, func(a, b diag.CodeInfo) int { return strings.Compare(string(a.Code), string(b.Code)) })
	return out
}
