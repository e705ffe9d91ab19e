package randomtest

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/kfp-go/kfp-go/backend/argo/verify"
	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/argo"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/pipelinegen"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// Every pipeline compiles without an error to the same bytes each time, and
// Argo's own validator accepts them.
func TestCompile(t *testing.T) {
	n := setting(t, "compile", 2000)
	var wg sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				s := draw(t, i, pipelinegen.Options{Size: 7})
				if wrong := compiles(t.Context(), s); wrong != "" {
					s = smaller(s, func(s sample) bool { return compiles(t.Context(), s) != "" })
					t.Errorf("%s: %s\n%s", s, compiles(t.Context(), s), keep(t, s))
				}
			}
		})
	}
	for i := 0; i < n && !t.Failed(); i++ {
		next <- i
	}
	close(next)
	wg.Wait()
}

// compiles says what is wrong with the way a pipeline compiles, "" if nothing.
func compiles(ctx context.Context, s sample) string {
	res, m, wrong := compile(ctx, s)
	if wrong != "" {
		return wrong
	}
	_, again, wrong := compile(ctx, s)
	if wrong != "" || !bytes.Equal(m.YAML, again.YAML) {
		return "compiled again, the manifest is another " + wrong
	}
	found, err := verify.Check(ctx, m.YAML)
	if err != nil {
		return err.Error()
	}
	if len(found) > 0 {
		return fmt.Sprint(found)
	}
	if m.Pods < s.Want.Pods && res == nil {
		return "too few pods"
	}
	return ""
}

func compile(ctx context.Context, s sample) (*compiler.Result, *argo.Manifest, string) {
	res, err := compiler.Compile(ctx, source.NewFile("random.yaml", s.Text), compiler.Options{Open: true, Stop: compiler.AfterCheck})
	if err != nil {
		return nil, nil, err.Error()
	}
	var found diag.List
	for _, d := range res.Diagnostics {
		found.Report(d)
	}
	var m *argo.Manifest
	if !found.Errors() {
		if m, err = argo.Lower(res.Pipeline, res.Info, argo.Options{Args: s.Args}, found.Report); err != nil {
			return nil, nil, err.Error()
		}
	}
	if found.Errors() {
		text := ""
		for _, d := range found.Sorted() {
			if d.Severity == diag.Error {
				text += fmt.Sprintf("%v: %s %s\n", d.Span, d.Code, d.Message)
			}
		}
		return nil, nil, text
	}
	return res, m, ""
}
