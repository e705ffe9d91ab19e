package kfpspec_test

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/corpustest"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/kfpspec"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

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
	for _, f := range corpustest.Files(t) {
		t.Run(f.Name, func(t *testing.T) {
			p, ds := parse(path.Base(f.Name), f.Text(t))
			if got := words(ds); got != expected[f.Name] {
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
