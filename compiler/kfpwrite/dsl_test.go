package kfpwrite_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/kfpwrite"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/components"
)

// parse reads a pipeline in any language, nil when it has errors.
func parse(t testing.TB, path string) *ir.Pipeline {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	f := source.NewFile(filepath.Join(dir, filepath.Base(path)), text)
	res, err := compiler.Compile(context.Background(), f, compiler.Options{Stop: compiler.AfterCheck, Load: components.Dir(dir)})
	if err != nil {
		t.Fatal(err)
	}
	if diag.HasErrors(res.Diagnostics) {
		return nil
	}
	return res.Pipeline
}

func words(ds []diag.Diagnostic) string {
	var b strings.Builder
	for _, d := range ds {
		at := d.Span.Begin()
		b.WriteString(ir.Text(int64(at.Line)) + ":" + ir.Text(int64(at.Column)) + ": " + d.Severity.String() + " " + string(d.Code) + ": " + d.Message)
		if d.Hint != "" {
			b.WriteString(" (" + d.Hint + ")")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// printed is a pipeline's print and what was found, with everything checked
// that holds of every print: it is read without a finding, it is a sound
// pipeline of KFP's, and printed again it is the same to the last byte.
func printed(t *testing.T, p *ir.Pipeline) (out []byte, found []diag.Diagnostic) {
	t.Helper()
	var l diag.List
	out = kfpwrite.Write(p, kfpwrite.Options{}, l.Report)
	if (out == nil) != l.Errors() {
		t.Fatalf("output of %d bytes and %s", len(out), words(l.Sorted()))
	}
	for _, d := range l.Sorted() {
		if d.Span.IsZero() && p.Name.Text != "made" {
			t.Errorf("without a place: %s", d.Message)
		}
	}
	if out == nil {
		return nil, l.Sorted()
	}
	q, ds := read("printed", out)
	if q == nil || len(ds) > 0 {
		t.Fatalf("%s\n%s", words(ds), out)
	}
	if err := ir.Verify(q); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	var checked diag.List
	check.Pipeline(q, checked.Report)
	if checked.Errors() {
		t.Errorf("%s\n%s", words(checked.Sorted()), out)
	}
	again := kfpwrite.Write(q, kfpwrite.Options{}, func(d diag.Diagnostic) { t.Errorf("again: %s", d.Message) })
	if string(again) != string(out) {
		t.Errorf("printed twice it differs:\n%s", cmp.Diff(string(out), string(again)))
	}
	return out, l.Sorted()
}

func TestDSL(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join("testdata", "dsl", "*.yaml"))
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			p := parse(t, path)
			if p == nil {
				t.Fatal("has errors")
			}
			out, ds := printed(t, p)
			goldentest.File(t, strings.TrimSuffix(path, ".yaml")+".golden", words(ds)+"\n"+string(out))
		})
	}
}

func TestBad(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join("testdata", "bad", "*.yaml"))
	said := ""
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			p := parse(t, path)
			if p == nil {
				t.Fatal("has errors")
			}
			_, ds := printed(t, p)
			if len(ds) == 0 {
				t.Error("no finding")
			}
			said += words(ds)
			goldentest.File(t, strings.TrimSuffix(path, ".yaml")+".golden", words(ds))
		})
	}
	for _, c := range kfpwrite.Codes {
		if !strings.Contains(said, " "+string(c.Code)+": ") {
			t.Errorf("no file in testdata/bad brings about %s", c.Code)
		}
	}
}

// TestManual: the example of each page brings about its code.
func TestManual(t *testing.T) {
	for _, c := range kfpwrite.Codes {
		_, text, _ := strings.Cut(c.Doc, "```yaml\n")
		text, _, _ = strings.Cut(text, "```")
		path := filepath.Join(t.TempDir(), "p.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p := parse(t, path)
		if p == nil {
			t.Errorf("%s: the example has errors", c.Code)
			continue
		}
		if _, ds := printed(t, p); !strings.Contains(words(ds), " "+string(c.Code)+": ") {
			t.Errorf("%s: the example gives %s", c.Code, words(ds))
		}
	}
}

// everyPipeline is every pipeline that stands anywhere in the project.
func everyPipeline(t testing.TB) []string {
	var files []string
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && (d.Name() == ".git" || d.Name() == "bin") {
				return filepath.SkipDir
			}
			return err
		}
		inside := strings.Contains(path, "testdata") || strings.Contains(path, "examples")
		if inside && (strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".json")) && !strings.HasSuffix(path, ".argo.yaml") {
			files = append(files, path)
		}
		return nil
	})
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	return files
}

// TestEverything: whatever is a pipeline is printed soundly or refused with a
// reason.
func TestEverything(t *testing.T) {
	n := 0
	for _, path := range everyPipeline(t) {
		t.Run(filepath.ToSlash(path), func(t *testing.T) {
			if p := parse(t, path); p != nil {
				if out, _ := printed(t, p); out != nil {
					n++
				}
			}
		})
	}
	if n < 10 {
		t.Errorf("only %d pipelines were printed", n)
	}
}
