package dsl_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/kfpspec"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// files opens what a pipeline refers to, relative to the file that names it.
type files struct {
	report diag.Reporter
	open   map[string]bool
}

func (r *files) resolve(ctx context.Context, ref ir.Ident, from *source.File, pipeline bool) *ir.Component {
	name := filepath.Join(filepath.Dir(from.Name()), ref.Text)
	text, err := os.ReadFile(name)
	if err != nil || r.open[name] {
		r.report(diag.Diagnostic{Code: "T001", Severity: diag.Error, Message: "cannot open " + ref.Text, Span: ref.At})
		return nil
	}
	f := source.NewFile(name, text)
	docs := tree.Parse(f, r.report)
	if !pipeline {
		return kfpspec.ParseComponent(f, docs, r.report)
	}
	r.open[name] = true
	defer delete(r.open, name)
	if p := dsl.Parse(ctx, f, docs, dsl.Options{Resolve: r.resolve}, r.report); p != nil {
		return p.Root
	}
	return nil
}

func parseProfile(name, text, profile string) (*ir.Pipeline, []diag.Diagnostic) {
	f := source.NewFile(name, []byte(text))
	var list diag.List
	docs := tree.Parse(f, list.Report)
	r := &files{report: list.Report, open: map[string]bool{name: true}}
	p := dsl.Parse(context.Background(), f, docs, dsl.Options{Profile: profile, Resolve: r.resolve}, list.Report)
	return p, list.Sorted()
}

func parse(name, text string) (*ir.Pipeline, []diag.Diagnostic) { return parseProfile(name, text, "") }

func read(t *testing.T, name string) string {
	t.Helper()
	return readFile(t, name)
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// show prints findings as goldens hold them.
func show(ds []diag.Diagnostic) string {
	var b strings.Builder
	for _, d := range ds {
		fmt.Fprintf(&b, "%s: %s %s: %s\n", d.Span, d.Severity, d.Code, d.Message)
		fmt.Fprintf(&b, "    at   %q\n", d.Span.Text())
		if d.Hint != "" {
			fmt.Fprintf(&b, "    hint %s\n", d.Hint)
		}
		for _, r := range d.Related {
			fmt.Fprintf(&b, "    %s: %s\n", r.Span, r.Message)
		}
	}
	return b.String()
}

// TestPipelines reads every pipeline of testdata/ok: its dump is the golden, and
// it has no findings beyond those noted in it.
func TestPipelines(t *testing.T) {
	t.Parallel()
	names, _ := filepath.Glob("testdata/ok/*.yaml")
	if len(names) == 0 {
		t.Fatal("no pipelines")
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			p, ds := parse(name, read(t, name))
			var list diag.List
			check.Pipeline(p, list.Report)
			ds = append(ds, list.Sorted()...)
			out := show(ds)
			if out != "" {
				out += "\n"
			}
			goldentest.File(t, strings.TrimSuffix(name, ".yaml")+".golden", out+ir.Dump(p))
			if !diag.HasErrors(ds) {
				if err := ir.Verify(p); err != nil {
					t.Error(err)
				}
			}
			if diag.HasErrors(ds) && !strings.Contains(read(t, name), "# has errors") {
				t.Errorf("findings:\n%s", show(ds))
			}
		})
	}
}

// TestExamples reads the repository's examples.
func TestExamples(t *testing.T) {
	t.Parallel()
	names, _ := filepath.Glob("../../examples/*/pipeline.yaml")
	for _, name := range names {
		text := read(t, name)
		if !strings.HasPrefix(text, "pipeline:") && !strings.Contains(text, "\npipeline:") {
			continue
		}
		p, ds := parse(name, text)
		if p == nil || diag.HasErrors(ds) {
			t.Errorf("%s:\n%s", name, show(ds))
		}
	}
}

// TestSection2: the product's own example has one finding, the catalogue that
// is still to come, and reads the same every time.
func TestSection2(t *testing.T) {
	t.Parallel()
	const name = "testdata/ok/section2.yaml"
	text := read(t, name)
	first := ""
	for range 20 {
		p, ds := parse(name, text)
		if len(ds) != 1 || ds[0].Code != "D129" {
			t.Fatal(show(ds))
		}
		if d := ir.Dump(p); first == "" {
			first = d
		} else if d != first {
			t.Fatal("two readings differ")
		}
	}
}
