package kfpspec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/kfpspec"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

func inputs(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*.yaml", "*.json"} {
		files, err := filepath.Glob(filepath.Join("testdata", dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, files...)
	}
	if len(out) == 0 {
		t.Fatal("no inputs")
	}
	return out
}

func each(t *testing.T, dir string, f func(t *testing.T, name string, text []byte)) {
	for _, path := range inputs(t, dir) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f(t, path, text)
		})
	}
}

func TestIR(t *testing.T) {
	each(t, "ir", func(t *testing.T, path string, text []byte) {
		p, ds := parse(filepath.Base(path), text)
		if len(ds) > 0 {
			t.Fatal(words(ds))
		}
		if err := ir.Verify(p); err != nil {
			t.Error(err)
		}
		var l diag.List
		check.Pipeline(p, l.Report)
		if l.Errors() {
			t.Error(words(l.Sorted()))
		}
		goldentest.File(t, path+".golden", ir.Dump(p))
	})
}

// TestSpans reads a pipeline through DumpSpans, so that a value that loses its
// place shows.
func TestSpans(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "ir", "basic.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := parse("basic.yaml", text)
	goldentest.File(t, filepath.Join("testdata", "basic.spans.golden"), ir.DumpSpans(p))
}

func component(name string, text []byte) (*ir.Component, []*tree.Node, []diag.Diagnostic) {
	var l diag.List
	f := source.NewFile(name, text)
	docs := tree.Parse(f, l.Report)
	if docs == nil {
		return nil, nil, l.Sorted()
	}
	return kfpspec.ParseComponent(f, docs, l.Report), docs, l.Sorted()
}

func TestComponents(t *testing.T) {
	each(t, "component", func(t *testing.T, path string, text []byte) {
		c, docs, ds := component(filepath.Base(path), text)
		if len(ds) > 0 {
			t.Fatal(words(ds))
		}
		if !kfpspec.RecognizeComponent(docs) {
			t.Error("not recognized")
		}
		root := &ir.Component{Body: &ir.DAG{}}
		goldentest.File(t, path+".golden", ir.Dump(&ir.Pipeline{Root: root, Components: []*ir.Component{c}, Dialect: ir.KFP}))
	})
}

func TestBad(t *testing.T) {
	each(t, "bad", func(t *testing.T, path string, text []byte) {
		name := filepath.Base(path)
		var ds []diag.Diagnostic
		if strings.HasPrefix(name, "component") {
			_, _, ds = component(name, text)
		} else {
			_, ds = parse(name, text)
		}
		if len(ds) == 0 {
			t.Fatal("no finding")
		}
		goldentest.File(t, path+".golden", words(ds))
	})
}

func TestCodes(t *testing.T) {
	said := map[diag.Code]bool{}
	for _, path := range inputs(t, "bad") {
		text, err := os.ReadFile(path + ".golden")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range kfpspec.Codes {
			if strings.Contains(string(text), " "+string(c.Code)+": ") {
				said[c.Code] = true
			}
		}
	}
	for _, c := range kfpspec.Codes {
		if !said[c.Code] {
			t.Errorf("no file in testdata/bad brings about %s", c.Code)
		}
		if c.Title == "" || !strings.Contains(c.Doc, "```yaml") {
			t.Errorf("%s: title or example is missing", c.Code)
		}
	}
}

func FuzzKFP(f *testing.F) {
	for _, dir := range []string{"ir", "bad", "component"} {
		for _, pattern := range []string{"*.yaml", "*.json"} {
			files, _ := filepath.Glob(filepath.Join("testdata", dir, pattern))
			for _, path := range files {
				if text, err := os.ReadFile(path); err == nil {
					f.Add(text)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 30_000 {
			return
		}
		text = append([]byte(nil), text...)
		p, ds := parse("t", text)
		_, _, more := component("t", text)
		for _, d := range append(ds, more...) {
			if d.Message == "" || strings.ContainsAny(d.Message, "\n\x1b") || d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(text) {
				t.Fatalf("%+v", d)
			}
		}
		if p == nil {
			return
		}
		var l diag.List
		check.Pipeline(p, l.Report)
		if !diag.HasErrors(ds) && !l.Errors() {
			if err := ir.Verify(p); err != nil {
				t.Fatal(err)
			}
		}
		_ = ir.DumpSpans(p)
	})
}
