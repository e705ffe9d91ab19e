package rules

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/lint"
)

func wideLoop() *lint.Rule {
	return &lint.Rule{
		Code: "L506", Name: "wide-loop", Severity: diag.Warning,
		Doc: `A loop over more than 100 constants without parallelism.

All of them start at once: more than a hundred pods compete for the cluster.

` + "```yaml" + `
tasks:
  check:
    for-each: [1, 2, 3, …, 200]      # L506
    tasks: {one: {component: one, inputs: {x: "${{ item }}"}}}
` + "```" + `

Say how many at once: ` + "`parallelism: 20`" + `.
`,
		Run: func(p *lint.Pass) {
			if p.Pipeline.Parallelism > 0 {
				return
			}
			p.Pipeline.Walk(func(_ *ir.Component, t *ir.Task) {
				if t.ForEach == nil || t.ForEach.Parallelism > 0 {
					return
				}
				l, ok := t.ForEach.Items.(*ir.Literal)
				if !ok {
					return
				}
				if items, ok := l.V.([]any); ok && len(items) > 100 {
					p.Reportf(t.Name.At, "add parallelism: 20, say", "the loop %q starts %d iterations at once", t.Name.Text, len(items))
				}
			})
		},
	}
}
