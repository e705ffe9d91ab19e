package compiler_test

import (
	"fmt"
	"testing"

	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/compilertest"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// BenchmarkCompile shows where the time of a whole compilation goes; the
// figures that count are those of whole processes, from `make bench`.
func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		for _, kind := range []struct {
			name string
			text []byte
		}{{"dsl", compilertest.DSL(n)}, {"kfp", compilertest.KFP(n, false)}, {"kfp-own", compilertest.KFP(n, true)}} {
			f := source.NewFile("bench.yaml", kind.text)
			b.Run(fmt.Sprintf("%s/%d", kind.name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					res, err := compiler.Compile(b.Context(), f, compiler.Options{})
					if err != nil || diag.HasErrors(res.Diagnostics) {
						b.Fatal(err, res.Diagnostics)
					}
					b.ReportMetric(float64(len(res.Manifest.YAML))/float64(n), "bytes/task")
				}
			})
		}
	}
}
