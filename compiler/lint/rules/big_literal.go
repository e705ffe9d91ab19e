package rules

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/lint"
)

// most is where artifacts become the better way.
const most = 64 << 10

func bigLiteral() *lint.Rule {
	return &lint.Rule{
		Code: "L504", Name: "big-literal", Severity: diag.Warning,
		Doc: `A constant of 64 KiB or more as an argument.

It fills the manifest, which Kubernetes limits to about 1 MiB, once for every
task that has it; above 128 KiB it does not fit at all.

` + "```yaml" + `
tasks:
  train:
    component: train
    inputs: {config: "… 70 KB of text …"}      # L504
` + "```" + `

Put it into the image or a bucket and import it as an artifact.
`,
		Run: func(p *lint.Pass) {
			p.Pipeline.Walk(func(_ *ir.Component, t *ir.Task) {
				for _, b := range t.Args {
					l, ok := b.Value.(*ir.Literal)
					if !ok {
						continue
					}
					if n := ir.TextSize(l.V); n >= most {
						p.Reportf(l.At, "import it as an artifact", "input %q of task %q is a constant of %d KiB", b.Name.Text, t.Name.Text, n>>10)
					}
				}
			})
		},
	}
}
