package dsl_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// TestDiagnostics reads every wrong pipeline of testdata/diag; its findings are
// the golden, and every code of the package stands in one of them.
func TestDiagnostics(t *testing.T) {
	t.Parallel()
	names, _ := filepath.Glob("testdata/diag/*.yaml")
	if len(names) == 0 {
		t.Fatal("no pipelines")
	}
	seen := map[diag.Code]bool{}
	for _, name := range names {
		_, ds := parse(name, read(t, name))
		goldentest.File(t, strings.TrimSuffix(name, ".yaml")+".golden", show(ds))
		for _, d := range ds {
			seen[d.Code] = true
			if d.Span.IsZero() || d.Message == "" || strings.ContainsAny(d.Message, "\n\x1b") {
				t.Errorf("%s: unfit finding %+v", name, d)
			}
		}
	}
	_, ds := parseProfile("testdata/diag/profile.yaml", read(t, "testdata/diag/profile.yaml"), "prd")
	for _, d := range ds {
		seen[d.Code] = true
	}
	for _, c := range dsl.Codes {
		if !seen[c.Code] && c.Code != "D130" && c.Code != "D136" {
			t.Errorf("%s (%s) has no example in testdata/diag", c.Code, c.Title)
		}
	}
}

// TestTenMistakes: one mistake, one message.
func TestTenMistakes(t *testing.T) {
	t.Parallel()
	p, ds := parse("ten.yaml", read(t, "testdata/diag/ten.yaml"))
	var list diag.List
	check.Pipeline(p, list.Report)
	for _, d := range list.Sorted() {
		if d.Severity == diag.Error {
			ds = append(ds, d)
		}
	}
	if len(ds) != 10 {
		t.Errorf("ten mistakes give %d findings:\n%s", len(ds), show(ds))
	}
}

func TestUnknownProfile(t *testing.T) {
	t.Parallel()
	_, ds := parseProfile("p.yaml", "pipeline: p\ntasks: {}\nprofiles: {prod: {}}\n", "prd")
	if len(ds) != 1 || ds[0].Code != "D127" || !strings.Contains(ds[0].Hint, "prod") {
		t.Error(show(ds))
	}
}

func TestTooManyProfiles(t *testing.T) {
	t.Parallel()
	text := "pipeline: p\ntasks: {a: {component: b}}\nprofiles:\n"
	for i := range 1000 {
		text += fmt.Sprintf("  p%d: {}\n", i)
	}
	if _, ds := parse("p.yaml", text); len(ds) != 2 || ds[1].Code != "D136" {
		t.Error(show(ds))
	}
}

// TestManyMistakes: each is reported, however many there are.
func TestManyMistakes(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("pipeline: p\ncomponents: {a: {image: x, inputs: {i: string}, outputs: {o: string}, script: x}}\ntasks:\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "  task-%d: {component: a, after: [other-%d], inputs: {i: \"${{ tasks.tsk-%d.outputs.o }}\"}}\n", i, i, i)
	}
	if _, ds := parse("p.yaml", b.String()); len(ds) != 4000 {
		t.Errorf("%d findings", len(ds))
	}
}

// TestNoResolver: a document that came from nowhere cannot name files.
func TestNoResolver(t *testing.T) {
	t.Parallel()
	f := source.NewFile("-", []byte("pipeline: p\ncomponents: {a: {from: ./a.yaml}}\ntasks: {a: {component: a, inputs: {x: 1}}}\n"))
	var list diag.List
	dsl.Parse(context.Background(), f, tree.Parse(f, list.Report), dsl.Options{}, list.Report)
	if ds := list.Sorted(); len(ds) != 1 || ds[0].Code != "D130" {
		t.Error(show(ds))
	}
}
