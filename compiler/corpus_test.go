package compiler_test

import (
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/corpustest"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// TestCorpus: every pipeline that KFP's own compiler wrote gives a manifest, or
// a finding that says why not: never an error of ours, never a broken
// representation. Arguments that are required are no concern of the corpus.
func TestCorpus(t *testing.T) {
	seen, good := 0, 0
	for _, f := range corpustest.Files(t) {
		text := f.Text(t)
		if !strings.Contains(string(text), "pipelineInfo") {
			continue
		}
		res, err := compiler.Compile(t.Context(), source.NewFile(f.Name, text), compiler.Options{})
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		seen++
		bad := false
		for _, d := range res.Diagnostics {
			switch {
			case d.Severity != diag.Error || d.Code == "R706":
			case d.Code[0] == 'K' || d.Code[0] == 'A':
				bad = true
				t.Logf("%s: %s %s", d.Span, d.Code, d.Message)
			default:
				bad = true
				t.Errorf("%s: %s %s", d.Span, d.Code, d.Message)
			}
		}
		if bad {
			continue
		}
		good++
		if err := ir.Verify(res.Pipeline); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	t.Logf("%d of %d files compile", good, seen)
	if good*20 < seen*19 {
		t.Errorf("only %d of %d files compile", good, seen)
	}
}
