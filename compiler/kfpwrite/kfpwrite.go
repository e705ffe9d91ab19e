// Package kfpwrite is the front end kfpspec turned round: it prints a pipeline
// as KFP's PipelineSpec, with its PlatformSpec where one is needed.
package kfpwrite

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// Write prints.
func Write(p *ir.Pipeline, report diag.Reporter) []byte {
	return printPipeline(p)
}
