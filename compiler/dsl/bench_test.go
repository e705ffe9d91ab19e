package dsl_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// layered is a pipeline of n tasks in layers of ten, each with two inputs from
// the layer before.
func layered(n int) string {
	var b strings.Builder
	b.WriteString(`pipeline: layered
inputs: {seed: {type: integer, default: 1}}
defaults: {resources: {cpu: 100m, memory: 64Mi}, retry: 2}
components:
  first: {image: "busybox:1", inputs: {seed: integer}, outputs: {x: integer}, script: 'echo 1 > "$OUTPUT_X"'}
  add: {image: "busybox:1", inputs: {a: integer, b: integer}, outputs: {x: integer}, script: 'echo 1 > "$OUTPUT_X"'}
tasks:
`)
	for i := range n {
		if i < 10 {
			fmt.Fprintf(&b, "  t%d:\n    component: first\n    inputs: {seed: \"${{ inputs.seed }}\"}\n", i)
			continue
		}
		up := (i/10 - 1) * 10
		fmt.Fprintf(&b, "  t%d:\n    component: add\n    inputs:\n      a: ${{ tasks.t%d.outputs.x }}\n      b: ${{ tasks.t%d.outputs.x }}\n", i, up+i%10, up+(i+1)%10)
	}
	return b.String()
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := source.NewFile("p.yaml", []byte(layered(n)))
			var list diag.List
			docs := tree.Parse(f, list.Report)
			b.ReportAllocs()
			for b.Loop() {
				p := dsl.Parse(context.Background(), f, docs, dsl.Options{}, list.Report)
				if len(p.Root.DAG().Tasks) != n || list.Len() > 0 {
					b.Fatal(len(p.Root.DAG().Tasks), show(list.Sorted()))
				}
			}
		})
	}
}

// TestLinear guards the promise that every part of the work is linear in the
// number of tasks, by counting allocations: ten times the tasks, about ten
// times the work.
func TestLinear(t *testing.T) {
	count := func(n int) float64 {
		f := source.NewFile("p.yaml", []byte(layered(n)))
		docs := tree.Parse(f, func(diag.Diagnostic) {})
		return testing.AllocsPerRun(1, func() {
			dsl.Parse(context.Background(), f, docs, dsl.Options{}, func(diag.Diagnostic) {})
		})
	}
	small, big := count(100), count(2000)
	if big > 25*small {
		t.Errorf("100 tasks allocate %.0f times, 2000 tasks %.0f", small, big)
	}
	if perTask := big / 2000; perTask > 40 {
		t.Errorf("%.0f allocations a task", perTask)
	}
}
