package dslwrite_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/corpustest"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl"
	"github.com/kfp-go/kfp-go/compiler/dsl/dslwrite"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/kfpspec"
	"github.com/kfp-go/kfp-go/compiler/pipelinegen"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// parse reads a pipeline of either language; it is nil when it has errors.
func parse(name string, text []byte) (*ir.Pipeline, []diag.Diagnostic) {
	var list diag.List
	f := source.NewFile(name, text)
	docs := tree.Parse(f, list.Report)
	var p *ir.Pipeline
	switch {
	case dsl.Recognize(docs):
		p = dsl.Parse(context.Background(), f, docs, dsl.Options{Resolve: resolver(list.Report)}, list.Report)
	case kfpspec.Recognize(docs):
		p = kfpspec.Parse(f, docs, list.Report)
	}
	if p != nil && !list.Errors() {
		check.Pipeline(p, list.Report)
	}
	if list.Errors() {
		p = nil
	}
	return p, list.Sorted()
}

// resolver opens files relative to the one that names them.
func resolver(report diag.Reporter) dsl.Resolver {
	var resolve dsl.Resolver
	resolve = func(ctx context.Context, ref ir.Ident, from *source.File, pipeline bool) *ir.Component {
		name := filepath.Join(filepath.Dir(from.Name()), ref.Text)
		text, err := os.ReadFile(name)
		if err != nil {
			report(diag.Diagnostic{Code: "T001", Severity: diag.Error, Message: "cannot open " + ref.Text, Span: ref.At})
			return nil
		}
		f := source.NewFile(name, text)
		docs := tree.Parse(f, report)
		if !pipeline {
			return kfpspec.ParseComponent(f, docs, report)
		}
		var p *ir.Pipeline
		if kfpspec.Recognize(docs) {
			p = kfpspec.Parse(f, docs, report)
		} else {
			p = dsl.Parse(ctx, f, docs, dsl.Options{Resolve: resolve}, report)
		}
		if p == nil {
			return nil
		}
		return p.Root
	}
	return resolve
}

func show(ds []diag.Diagnostic) string {
	var b strings.Builder
	for _, d := range ds {
		b.WriteString(d.Span.String() + ": " + d.Severity.String() + " " + string(d.Code) + ": " + d.Message + "\n")
	}
	return b.String()
}

type writer func(*ir.Pipeline, diag.Reporter) []byte

// roundTrip prints a pipeline, reads that again and compares.
func roundTrip(t *testing.T, p *ir.Pipeline, write writer) []byte {
	t.Helper()
	var list diag.List
	out := write(p, list.Report)
	if list.Len() > 0 {
		t.Errorf("%s", show(list.Sorted()))
		return nil
	}
	again, ds := parse("printed.yaml", out)
	if again == nil {
		t.Errorf("%s\n%s", show(ds), clip(string(out)))
		return nil
	}
	if err := ir.Verify(again); err != nil {
		t.Error(err)
	}
	if a, b := normal(p), normal(again); a != b {
		t.Errorf("it means something else:\n%s\nin\n%s", difference(a, b), clip(string(out)))
	}
	return out
}

// stable checks that what is printed is printed again, byte for byte.
func stable(t *testing.T, out []byte) {
	t.Helper()
	again, _ := parse("printed.yaml", out)
	if again == nil {
		return
	}
	var more diag.List
	if twice := dslwrite.Write(again, more.Report); !bytes.Equal(out, twice) {
		t.Errorf("printed again it differs:\n%s%s", difference(string(out), string(twice)), show(more.Sorted()))
	}
}

func clip(s string) string {
	if len(s) > 6000 {
		return s[:6000] + "…"
	}
	return s
}

// difference is the first lines in which two texts differ.
func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	i := 0
	for i < len(x) && i < len(y) && x[i] == y[i] {
		i++
	}
	from := max(0, i-3)
	cut := func(l []string) string { return strings.Join(l[min(from, len(l)):min(i+3, len(l))], "\n") }
	return "was\n" + cut(x) + "\nis\n" + cut(y)
}

// pipelines are all that can be had: KFP's test data where it is, and every
// pipeline of the project's own tests and examples.
func pipelines(t *testing.T) map[string]*ir.Pipeline {
	out := map[string]*ir.Pipeline{}
	top := filepath.Join("..", "..", "..")
	add := func(name string, text []byte) {
		if p, _ := parse(name, text); p != nil {
			out[name] = p
		}
	}
	for _, f := range corpustest.Find(t) {
		add(f.Path, f.Text(t))
	}
	for _, root := range []string{filepath.Join(top, "compiler"), filepath.Join(top, "examples"), filepath.Join(top, "cmd"), filepath.Join(top, "backend")} {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(name) != ".yaml" && filepath.Ext(name) != ".json" {
				return err
			}
			text, err := os.ReadFile(name)
			if err == nil {
				add(name, text)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestRoundTrip: whatever either front end reads is printed and read again.
func TestRoundTrip(t *testing.T) {
	n := 0
	for name, p := range pipelines(t) {
		n++
		t.Run(filepath.Base(name), func(t *testing.T) {
			stable(t, roundTrip(t, p, dslwrite.Write))
			if p.Dialect == ir.KFP {
				roundTrip(t, p, dslwrite.WriteFlat)
			}
		})
	}
	t.Logf("%d pipelines", n)
}

// TestGoldens: what people see.
func TestGoldens(t *testing.T) {
	for _, name := range [...]string{"testdata/all.yaml", "../testdata/ok/nested.yaml", "../testdata/ok/kfp.yaml", "../../kfpspec/testdata/ir/control.yaml", "../../kfpspec/testdata/ir/platform.yaml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		p, ds := parse(name, text)
		if p == nil {
			t.Fatalf("%s: %s", name, show(ds))
		}
		got := roundTrip(t, p, dslwrite.Write)
		goldentest.File(t, filepath.Join("testdata", strings.TrimSuffix(filepath.Base(name), ".yaml")+".golden"), got)
	}
}

// TestRandom prints random pipelines of both languages.
func TestRandom(t *testing.T) {
	for _, dialect := range [...]pipelinegen.Dialect{pipelinegen.DSL, pipelinegen.KFP} {
		for seed := range uint64(60) {
			made := pipelinegen.New(pipelinegen.Options{Dialect: dialect, Seed: seed, Size: 20})
			p, ds := parse("random.yaml", made.Text)
			if p == nil {
				t.Errorf("%v %d is refused: %s", dialect, seed, show(ds))
				continue
			}
			out := roundTrip(t, p, dslwrite.Write)
			if again, _ := parse("printed.yaml", out); again != nil {
				// Once read, types of lists may be known that KFP left open.
				stable(t, roundTrip(t, again, dslwrite.Write))
			}
			if t.Failed() {
				t.Fatalf("%v, seed %d:\n%s", dialect, seed, made.Text)
			}
		}
	}
}
