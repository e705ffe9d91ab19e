// Package linttest runs checks and rules over pipeline files in which the
// expectation sits beside the input: `# want CODE "regexp"` on the line where a
// finding begins, several if need be. A finding that nobody wants fails the
// test like one that is missing.
package linttest

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/kfpspec"
	"github.com/kfp-go/kfp-go/compiler/lint"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// Run takes every YAML file of a folder through front end and checks and, when
// these found no error, through the rules, and compares.
func Run(t *testing.T, dir string, rules []*lint.Rule) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			Compare(t, source.NewFile(filepath.Base(name), text), Findings(t.Context(), source.NewFile(filepath.Base(name), text), rules))
		})
	}
}

// Findings are what front end, checks and rules say of a file, sorted. A
// checked pipeline without errors must also pass ir.Verify.
func Findings(ctx context.Context, f *source.File, rules []*lint.Rule) []diag.Diagnostic {
	var list diag.List
	p := Parse(ctx, f, list.Report)
	if p == nil {
		return list.Sorted()
	}
	info := check.Pipeline(p, list.Report)
	if !list.Errors() {
		if err := ir.Verify(p); err != nil {
			list.Report(diag.Diagnostic{Code: "VERIFY", Severity: diag.Error, Message: err.Error()})
		}
		lint.Run(rules, p, info, nil, list.Report)
	}
	return list.Sorted()
}

// Parse reads a file by whichever front end knows it.
func Parse(ctx context.Context, f *source.File, report diag.Reporter) *ir.Pipeline {
	docs := tree.Parse(f, report)
	if kfpspec.Recognize(docs) {
		return kfpspec.Parse(f, docs, report)
	}
	return dsl.Parse(ctx, f, docs, dsl.Options{}, report)
}

var (
	want  = regexp.MustCompile(`#\s*want((?:\s+[A-Z][0-9]{3}\s+"(?:[^"\\]|\\.)*")+)`)
	entry = regexp.MustCompile(`([A-Z][0-9]{3})\s+"((?:[^"\\]|\\.)*)"`)
)

type expectation struct {
	line int
	code diag.Code
	re   *regexp.Regexp
	met  bool
}

// Compare holds findings against the expectations in the file's comments.
func Compare(t *testing.T, f *source.File, got []diag.Diagnostic) {
	t.Helper()
	expected := expectations(t, f)
next:
	for _, d := range got {
		line := d.Span.Begin().Line
		for _, e := range expected {
			if !e.met && e.code == d.Code && e.line == line && e.re.MatchString(d.Message) {
				e.met = true
				continue next
			}
		}
		t.Errorf("%s: unexpected %s %s: %s", d.Span, d.Severity, d.Code, d.Message)
	}
	for _, e := range expected {
		if !e.met {
			t.Errorf("%s:%d: no %s matching %q", f.Name(), e.line, e.code, e.re)
		}
	}
}

func expectations(t *testing.T, f *source.File) []*expectation {
	t.Helper()
	var out []*expectation
	for n := 1; n <= f.LineCount(); n++ {
		m := want.FindStringSubmatch(f.Line(n))
		if m == nil {
			continue
		}
		for _, e := range entry.FindAllStringSubmatch(m[1], -1) {
			re, err := regexp.Compile(strings.ReplaceAll(e[2], `\"`, `"`))
			if err != nil {
				t.Fatalf("line %d: %v", n, err)
			}
			out = append(out, &expectation{line: n, code: diag.Code(e[1]), re: re})
		}
	}
	return out
}
