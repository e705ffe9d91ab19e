// Package check decides whether a pipeline makes sense: names, the types of
// every edge, required inputs, cycles, what can never run, and the limits of
// Kubernetes and Argo that can be known beforehand. Its findings cannot be
// silenced; what is merely unwise is lint's business. It knows neither source
// language, only the representation, and leaves behind the facts it gathered.
package check

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/graph"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// Pipeline checks all of p and reports every mistake it finds. It never fails:
// placeholders that a front end left where it had reported already are passed
// over in silence. The Info is complete for whatever resolves; only where
// nothing was reported may it be relied upon. Time and memory are linear in the
// number of tasks and edges.
func Pipeline(p *ir.Pipeline, report diag.Reporter) *Info {
	info := &Info{
		Graphs:   map[*ir.DAG]*graph.Graph{},
		pipeline: p,
		scopes:   map[*ir.DAG]*Scope{},
	}
	if p == nil || p.Root == nil {
		return info
	}
	c := &checker{p: p, info: info, report: report, kfp: p.Dialect == ir.KFP}
	c.pipeline()
	c.components()
	if !c.kfp {
		c.absence(p.Root, map[*ir.Component]bool{})
	}
	for _, comp := range p.All() {
		if comp != nil {
			c.component(comp)
		}
	}
	return info
}

type checker struct {
	p      *ir.Pipeline
	info   *Info
	report diag.Reporter
	kfp    bool // KFP's rules of conversion

	wired []bool // scratch of required
}

func (c *checker) fail(code diag.Code, at source.Span, message, hint string, related ...diag.Related) {
	c.report(diag.Diagnostic{Code: code, Severity: diag.Error, Message: message, Span: at, Hint: hint, Related: related})
}

func (c *checker) warn(code diag.Code, at source.Span, message, hint string, related ...diag.Related) {
	c.report(diag.Diagnostic{Code: code, Severity: diag.Warning, Message: message, Span: at, Hint: hint, Related: related})
}

// component checks what stands inside one component.
func (c *checker) component(comp *ir.Component) {
	c.componentNames(comp)
	for _, p := range comp.Inputs {
		c.port(p, comp)
	}
	for _, p := range comp.Outputs {
		c.limits(p)
	}
	switch b := comp.Body.(type) {
	case *ir.DAG:
		c.dag(c.info.scopes[b])
	case *ir.Container:
		c.container(comp, b)
	case *ir.Importer:
		b.EachValue(func(v ir.Value) { c.componentValue(comp, v, false) })
	}
}

func (c *checker) dag(s *Scope) {
	if s == nil {
		return
	}
	if len(s.DAG.Tasks) == 0 {
		c.emptyDAG(s)
	}
	for _, t := range s.DAG.Tasks {
		c.task(s, t)
		if t.OnExit != nil {
			c.task(s, t.OnExit)
		}
	}
	c.outputs(s)
	c.cycles(s)
	c.never(s)
}
