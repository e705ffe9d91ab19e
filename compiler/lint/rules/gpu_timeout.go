package rules

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/lint"
)

func gpuTimeout() *lint.Rule {
	return &lint.Rule{
		Code: "L507", Name: "gpu-timeout", Severity: diag.Note,
		Doc: `A task with a GPU and without a timeout.

One that hangs holds the dearest machine of the cluster until somebody notices.

` + "```yaml" + `
tasks:
  train:
    component: train
    accelerator: {type: nvidia.com/gpu}      # L507
` + "```" + `

Give it a ` + "`timeout:`" + ` well above what it needs, or the pipeline one.
`,
		Run: func(p *lint.Pass) {
			if p.Pipeline.Timeout > 0 {
				return
			}
			p.Pipeline.Walk(func(_ *ir.Component, t *ir.Task) {
				s := t.Settings
				if s == nil || s.Timeout > 0 {
					return
				}
				if s.Accelerator != nil || deviceAmong(s.Resources) {
					p.Reportf(t.Name.At, "add a timeout", "task %q holds a GPU and has no timeout", t.Name.Text)
				}
			})
		},
	}
}

func deviceAmong(rs []*ir.Resource) bool {
	for _, r := range rs {
		if strings.HasSuffix(r.Name, "/gpu") {
			return true
		}
	}
	return false
}
