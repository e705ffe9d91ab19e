package rules

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/lint"
)

func unusedInput() *lint.Rule {
	return &lint.Rule{
		Code: "L503", Name: "unused-input", Severity: diag.Warning,
		Doc: `An input that nothing reads.

` + "```yaml" + `
pipeline: demo
inputs:
  rows: {type: integer, default: 10}      # L503: no task reads it
tasks:
  hello: {component: hello}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
` + "```" + `

Use it or take it away. Often a name is misspelt where it should be read.
`,
		Run: func(p *lint.Pass) {
			settings := settingReads(p.Pipeline)
			for _, c := range p.Pipeline.All() {
				used, all := reads(c)
				if all {
					continue
				}
				for _, in := range c.Inputs {
					// KFP's SDK declares for a group what only its condition reads.
					// It gives every importer inputs, also for what is constant.
					_, imports := c.Body.(*ir.Importer)
					bySDK := p.Pipeline.Dialect == ir.KFP && (imports || strings.HasPrefix(in.Name.Text, "pipelinechannel--"))
					if !in.Captured && !bySDK && !in.Name.At.IsZero() && !used[in.Name.Text] && !settings[in] {
						p.Reportf(in.Name.At, "use it or take it away", "input %q is never read", in.Name.Text)
					}
				}
			}
		},
	}
}

// settingReads are the inputs that settings of a component read. The front ends
// have put in their place the very values that tasks wire to them, or their
// defaults.
func settingReads(p *ir.Pipeline) map[*ir.Port]bool {
	out := map[*ir.Port]bool{}
	p.Walk(func(_ *ir.Component, t *ir.Task) {
		if t.Component == nil || t.Settings == nil {
			return
		}
		seen := map[ir.Value]bool{}
		note := func(v ir.Value) { seen[v] = true }
		t.Settings.EachValue(func(v ir.Value) { ir.Visit(v, note) })
		for _, b := range t.Args {
			ir.Visit(b.Value, func(v ir.Value) {
				if v != b.Value {
					note(v)
				}
			})
		}
		if len(seen) == 0 {
			return
		}
		for _, in := range t.Component.Inputs {
			if b := t.Arg(in.Name.Text); b != nil && seen[b.Value] || b == nil && in.Default != nil && seen[in.Default] {
				out[in] = true
			}
		}
	})
	return out
}

// reads are the inputs that the inside of a component reads; all is true where
// it can read every one.
func reads(c *ir.Component) (used map[string]bool, all bool) {
	if len(c.Inputs) == 0 {
		return nil, true
	}
	used = make(map[string]bool, len(c.Inputs))
	leaf := func(v ir.Value) {
		switch v := v.(type) {
		case *ir.InputRef:
			used[v.Name] = true
		case *ir.Present:
			used[v.Input] = true
		case *ir.PortRef:
			if !v.Output {
				used[v.Port] = true
			}
		case *ir.ExecutorInput:
			all = true
		}
	}
	value := func(v ir.Value) { ir.VisitLeaves(v, leaf) }
	switch b := c.Body.(type) {
	case *ir.DAG:
		b.EachTask(func(t *ir.Task) {
			t.EachValue(value)
			if t.ForEach != nil { // the item arrives by itself
				used[t.ForEach.Item.Text] = true
			}
		})
		for _, o := range b.Outputs {
			value(o.Value)
		}
	case *ir.Container:
		b.EachValue(value)
		for _, e := range b.Env {
			used[e.SecretInput] = true
		}
	case *ir.Importer:
		b.EachValue(value)
	default:
		all = true
	}
	return used, all
}
