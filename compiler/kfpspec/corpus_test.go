package kfpspec_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/kfpspec"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

var update = flag.Bool("update", false, "rewrite goldens")

func parse(name string, text []byte) (*ir.Pipeline, []diag.Diagnostic) {
	var l diag.List
	f := source.NewFile(name, text)
	docs := tree.Parse(f, l.Report)
	var p *ir.Pipeline
	if docs != nil {
		p = kfpspec.Parse(f, docs, l.Report)
	}
	return p, l.Sorted()
}

func words(ds []diag.Diagnostic) string {
	var b strings.Builder
	for _, d := range ds {
		fmt.Fprintf(&b, "%s: %s %s: %s", d.Span, d.Severity, d.Code, d.Message)
		if d.Hint != "" {
			fmt.Fprintf(&b, " (%s)", d.Hint)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// expected lists what is known to be beyond this front end, by file.
var expected = map[string]string{}

func TestCorpus(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "corpus", "kfp")
	var files []string
	_ = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".json")) {
			files = append(files, path)
		}
		return nil
	})
	if len(files) == 0 {
		t.Skip("no corpus")
	}
	sort.Strings(files)
	for _, path := range files {
		rel, _ := filepath.Rel(root, path)
		t.Run(filepath.ToSlash(rel), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p, ds := parse(filepath.Base(path), text)
			if got := words(ds); got != expected[filepath.ToSlash(rel)] {
				t.Errorf("findings:\n%s", got)
			}
			if diag.HasErrors(ds) {
				return
			}
			if err := ir.Verify(p); err != nil {
				t.Error(err)
			}
			var l diag.List
			check.Pipeline(p, l.Report)
			if l.Errors() {
				t.Errorf("check:\n%s", words(l.Sorted()))
			}
		})
	}
}
