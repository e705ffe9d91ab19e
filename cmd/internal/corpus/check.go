package corpus

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/kfp-go/kfp-go/backend/argo/verify"
	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// A Fact is what was found of one file.
type Fact struct {
	File
	IR          Counts // of the KFP document: executors that tasks lead to
	Manifest    Counts // of the manifest: pods that tasks lead to
	Expressions int    // each shape once
	Refusal     *diag.Diagnostic
	Wrong       []string // why the file is not fine, empty: it is
}

// Counts are tasks of one pipeline as written: loops count once. A claim is a
// task that makes or deletes a volume claim.
type Counts struct {
	Containers, Importers, Claims int
	Bytes                         int
}

// Check compiles one file and judges the result. The error is for what kept
// it from being judged.
func Check(ctx context.Context, f File) (*Fact, error) {
	text, err := os.ReadFile(f.Path)
	if err != nil {
		return nil, err
	}
	fact := &Fact{File: f}
	if fact.IR, err = countIR(text); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	// Values of required inputs are given when a run is submitted.
	res, err := compiler.Compile(ctx, source.NewFile(f.Name, text), compiler.Options{Open: true})
	if err != nil {
		fact.wrong("%v", err)
		return fact, nil
	}
	fact.expect(res.Diagnostics)
	if res.Manifest == nil {
		return fact, nil
	}
	if err := fact.judge(ctx, res.Manifest.YAML, res.Manifest.Expressions); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	return fact, nil
}

func (f *Fact) wrong(format string, args ...any) {
	f.Wrong = append(f.Wrong, fmt.Sprintf(format, args...))
}

// expect compares the errors found with those that the file must draw.
func (f *Fact) expect(found []diag.Diagnostic) {
	want, refused := Refused[f.Name]
	for _, d := range found {
		if d.Severity != diag.Error {
			continue
		}
		if f.Refusal == nil {
			f.Refusal = &d
		}
		if d.Code != want.Code {
			f.wrong("%s %s: %s", d.Span, d.Code, d.Message)
		}
	}
	if f.Refusal == nil && refused {
		f.wrong("it compiles, and %s was expected: take it off the list", want.Code)
	}
}

// judge looks at the manifest as it is printed, so that what it says does not
// rest on the compiler's own books.
func (f *Fact) judge(ctx context.Context, manifest []byte, shapes []string) error {
	found, err := verify.Check(ctx, manifest)
	if err != nil {
		return err
	}
	for _, d := range found {
		f.wrong("%s: %s", d.Code, d.Message)
	}
	if f.Manifest, err = countManifest(manifest); err != nil {
		return err
	}
	if f.Manifest.Containers != f.IR.Containers || f.Manifest.Claims != f.IR.Claims {
		f.wrong("%d pods for %d container tasks, %d for %d claims", f.Manifest.Containers, f.IR.Containers, f.Manifest.Claims, f.IR.Claims)
	}
	f.Expressions = len(shapes)
	for _, e := range shapes {
		if err := expr.CheckArgo(e); err != nil {
			f.wrong("%v", err)
		}
	}
	return nil
}

// State is how the file fared, in a word.
func (f *Fact) State() string {
	switch {
	case len(f.Wrong) > 0:
		return "WRONG"
	case f.Refusal == nil:
		return "fine"
	}
	return "refused"
}

// Fine tells whether the file is as it must be.
func (f *Fact) Fine() bool { return len(f.Wrong) == 0 }

// Why says why a file gave no manifest, or what is wrong with it.
func (f *Fact) Why() string {
	switch {
	case len(f.Wrong) > 0:
		return strings.Join(f.Wrong, "; ")
	case f.Refusal != nil:
		return fmt.Sprintf("%s %s", f.Refusal.Code, f.Refusal.Message)
	}
	return ""
}
