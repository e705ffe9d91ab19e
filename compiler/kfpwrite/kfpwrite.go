// Package kfpwrite is the front end kfpspec turned round: it prints a pipeline
// as KFP's PipelineSpec, followed by its PlatformSpec where one is needed.
//
// It works in two steps. Express makes of any pipeline one that consists of
// nothing but what KFP has: scripts become command lines, alternatives become
// conditions that exclude each other, settings move to components. What cannot
// be said is reported. The second step prints the result and decides nothing.
//
// A pipeline that was read from KFP is, printed and read again, the same
// pipeline: ir.Dump prints the same for both. One of another language is, once
// printed, such a pipeline of KFP's.
package kfpwrite

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// Options say what to print.
type Options struct {
	// Defaults become the defaults of the pipeline's inputs.
	Defaults map[string]any
}

// Write prints a pipeline that has been checked. It is nil after a report of an
// error; warnings name what KFP has no words for and what therefore is left out.
func Write(p *ir.Pipeline, opt Options, report diag.Reporter) []byte {
	failed := false
	q := express(p, opt, func(d diag.Diagnostic) {
		failed = failed || d.Severity == diag.Error
		report(d)
	})
	if failed {
		return nil
	}
	return printPipeline(q)
}
