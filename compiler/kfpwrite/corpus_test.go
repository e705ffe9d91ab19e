package kfpwrite_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kfp-go/kfp-go/compiler/corpustest"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/kfpspec"
	"github.com/kfp-go/kfp-go/compiler/kfpwrite"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// read is our own front end; the pipeline is nil when it found errors.
func read(name string, text []byte) (*ir.Pipeline, []diag.Diagnostic) {
	var l diag.List
	f := source.NewFile(name, text)
	docs := tree.Parse(f, l.Report)
	var p *ir.Pipeline
	if docs != nil {
		p = kfpspec.Parse(f, docs, l.Report)
	}
	if l.Errors() {
		p = nil
	}
	return p, l.Sorted()
}

// TestCorpus: what the SDK wrote is the same pipeline when we have printed it.
func TestCorpus(t *testing.T) {
	for _, f := range corpustest.Files(t) {
		t.Run(f.Name, func(t *testing.T) {
			p, _ := read("original", f.Text(t))
			if p == nil {
				t.Skip("refused by the front end")
			}
			same(t, p)
		})
	}
}

// same prints and reads a pipeline of KFP's.
func same(t *testing.T, p *ir.Pipeline) []byte {
	t.Helper()
	var l diag.List
	out := kfpwrite.Write(p, kfpwrite.Options{}, l.Report)
	if l.Len() > 0 {
		t.Fatalf("findings: %v", l.Sorted())
	}
	q, ds := read("printed", out)
	if q == nil {
		t.Fatalf("%v\n%s", ds, out)
	}
	if d := cmp.Diff(ir.Dump(p), ir.Dump(q)); d != "" {
		t.Fatalf("another pipeline: %s\n%s", d, out)
	}
	return out
}
