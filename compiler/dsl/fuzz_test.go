package dsl_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// FuzzDSL: no input makes the reader panic or hang, every finding lies inside
// the file, and the checks behind it accept whatever it gives.
func FuzzDSL(f *testing.F) {
	for _, pattern := range []string{"testdata/ok/*.yaml", "testdata/diag/*.yaml"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			f.Add(readFile(f, name))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			t.Skip()
		}
		file := source.NewFile("fuzz.yaml", []byte(text))
		report := func(d diag.Diagnostic) {
			if d.Span.File != file || d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(text) {
				t.Errorf("%s %q outside the file: %+v", d.Code, d.Message, d.Span)
			}
		}
		docs := tree.Parse(file, report)
		if !dsl.Recognize(docs) {
			return
		}
		resolve := func(context.Context, ir.Ident, *source.File, bool) *ir.Component { return nil }
		p := dsl.Parse(context.Background(), file, docs, dsl.Options{Resolve: resolve}, report)
		if p == nil {
			return
		}
		check.Pipeline(p, func(diag.Diagnostic) {})
		ir.Dump(p)
	})
}
