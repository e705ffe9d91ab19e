package dslwrite

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// WriteFlat writes components where Write writes groups.
func WriteFlat(p *ir.Pipeline, report diag.Reporter) []byte { return write(p, report, true) }
