package kfpwrite_test

import (
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/kfpspec"
	"github.com/kfp-go/kfp-go/compiler/kfpwrite"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

var corpus = filepath.Join("..", "..", "..", "shared", "corpus", "kfp")

func corpusFiles(t testing.TB) []string {
	var files []string
	_ = filepath.WalkDir(corpus, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".json")) {
			files = append(files, path)
		}
		return nil
	})
	if len(files) == 0 {
		t.Skip("no corpus")
	}
	sort.Strings(files)
	return files
}

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
	for _, path := range corpusFiles(t) {
		rel, _ := filepath.Rel(corpus, path)
		t.Run(filepath.ToSlash(rel), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p, _ := read("original", text)
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
