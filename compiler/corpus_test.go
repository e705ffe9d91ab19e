package compiler_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// TestCorpus: every pipeline that KFP's own compiler wrote gives a manifest, or
// a finding that says why not: never an error of ours, never a broken
// representation. Arguments that are required are no concern of the corpus.
func TestCorpus(t *testing.T) {
	root := filepath.Join("..", "..", "shared", "corpus", "kfp")
	if _, err := os.Stat(root); err != nil {
		t.Skip("the corpus is not here")
	}
	seen, good := 0, 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".yaml" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(text), "pipelineInfo:") {
			return err
		}
		rel, _ := filepath.Rel(root, name)
		res, err := compiler.Compile(t.Context(), source.NewFile(rel, text), compiler.Options{})
		if err != nil {
			t.Errorf("%s: %v", rel, err)
			return nil
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
			return nil
		}
		good++
		if err := ir.Verify(res.Pipeline); err != nil {
			t.Errorf("%s: %v", rel, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d files compile", good, seen)
	if good*20 < seen*19 {
		t.Errorf("only %d of %d files compile", good, seen)
	}
}
