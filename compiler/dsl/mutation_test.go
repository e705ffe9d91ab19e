package dsl_test

import (
	"context"
	"math/rand"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// TestMutations changes lines and words of the pipelines in testdata. Whatever
// comes out is read without a panic, findings lie inside the file, and what has
// none is a sound representation.
func TestMutations(t *testing.T) {
	t.Parallel()
	var seeds, words []string
	for _, pattern := range []string{"testdata/ok/*.yaml", "testdata/diag/*.yaml", "../../examples/*/pipeline.yaml"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			text := read(t, name)
			seeds, words = append(seeds, text), append(words, wordsOf(text)...)
		}
	}
	random := rand.New(rand.NewSource(1))
	sound := 0
	for range 1000 {
		text := seeds[random.Intn(len(seeds))]
		for range 1 + random.Intn(3) {
			text = mutate(random, text, words)
		}
		if readable(t, text) {
			sound++
		}
	}
	if sound == 0 {
		t.Error("no mutation was a pipeline")
	}
}

func wordsOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \n,{}[]:", r) })
}

func mutate(random *rand.Rand, text string, words []string) string {
	lines := strings.Split(text, "\n")
	i := random.Intn(len(lines))
	switch random.Intn(4) {
	case 0:
		lines = append(lines[:i], lines[i+1:]...)
	case 1:
		j := random.Intn(len(lines))
		lines[i], lines[j] = lines[j], lines[i]
	default:
		if old := wordsOf(lines[i]); len(old) > 0 {
			lines[i] = strings.Replace(lines[i], old[random.Intn(len(old))], words[random.Intn(len(words))], 1)
		}
	}
	return strings.Join(lines, "\n")
}

// readable reads a text and reports whether it is a pipeline without findings.
func readable(t *testing.T, text string) bool {
	f := source.NewFile("mutation.yaml", []byte(text))
	failed := false
	report := func(d diag.Diagnostic) {
		failed = failed || d.Severity == diag.Error
		if d.Span.File != f || d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(text) {
			t.Fatalf("%s %q outside the file: %+v\n%s", d.Code, d.Message, d.Span, text)
		}
	}
	resolve := func(context.Context, ir.Ident, *source.File, bool) *ir.Component {
		failed = true
		return nil
	}
	docs := tree.Parse(f, report)
	if !dsl.Recognize(docs) {
		return false
	}
	p := dsl.Parse(context.Background(), f, docs, dsl.Options{Resolve: resolve}, report)
	if p == nil {
		return false
	}
	check.Pipeline(p, func(d diag.Diagnostic) { failed = failed || d.Severity == diag.Error })
	if failed {
		return false
	}
	if err := ir.Verify(p); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return true
}
