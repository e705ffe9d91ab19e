package rules

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/lint"
)

func hotRetry() *lint.Rule {
	return &lint.Rule{
		Code: "L505", Name: "hot-retry", Severity: diag.Warning,
		Doc: `More than five retries with no time between them.

What fails for a reason outside the task (a service that is down, a quota)
fails again at once: the budget is gone within seconds.

` + "```yaml" + `
tasks:
  load:
    component: load
    retry: {limit: 20}      # L505
` + "```" + `

Give it time: ` + "`retry: {limit: 20, backoff: {duration: 10s, factor: 2, max: 5m}}`" + `.
`,
		Run: func(p *lint.Pass) {
			p.Pipeline.Walk(func(_ *ir.Component, t *ir.Task) {
				if t.Settings == nil || t.Settings.Retry == nil {
					return
				}
				r := t.Settings.Retry
				l, ok := r.Limit.(*ir.Literal)
				if !ok || r.Duration > 0 {
					return
				}
				if n, ok := l.V.(int64); ok && n > 5 {
					p.Reportf(l.At, "add a backoff", "%d retries with no time between them", n)
				}
			})
		},
	}
}
