package kfpwrite_test

import (
	"context"
	"testing"

	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/compilertest"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/kfpwrite"
	"github.com/kfp-go/kfp-go/compiler/source"
)

func large(t testing.TB, text []byte) *ir.Pipeline {
	t.Helper()
	res, err := compiler.Compile(context.Background(), source.NewFile("p.yaml", text), compiler.Options{Stop: compiler.AfterCheck})
	if err != nil || diag.HasErrors(res.Diagnostics) {
		t.Fatalf("%v %s", err, words(res.Diagnostics))
	}
	return res.Pipeline
}

func BenchmarkWrite(b *testing.B) {
	for _, x := range []struct {
		name string
		text []byte
	}{
		{"dsl", compilertest.DSL(10_000)}, {"kfp", compilertest.KFP(10_000, false)}, {"own", compilertest.KFP(10_000, true)},
	} {
		b.Run(x.name, func(b *testing.B) {
			p := large(b, x.text)
			b.ReportAllocs()
			for b.Loop() {
				kfpwrite.Write(p, kfpwrite.Options{}, func(diag.Diagnostic) {})
			}
		})
	}
}

// TestLinear: ten times as many tasks take ten times as much, measured in what
// a busy machine cannot change.
func TestLinear(t *testing.T) {
	allocations := func(n int) float64 {
		p := large(t, compilertest.KFP(n, true))
		return testing.AllocsPerRun(1, func() { kfpwrite.Write(p, kfpwrite.Options{}, func(diag.Diagnostic) {}) })
	}
	if a, b := allocations(300), allocations(3000); b > 11*a {
		t.Errorf("300 tasks take %.0f allocations, 3,000 take %.0f", a, b)
	}
}
