package argo

import (
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// origins knows, for the artifact ports of every component, in which stores
// besides the run's own an artifact may lie: those of constant imports that
// reach it, or any. It keeps manifests small where the table is long.
type origins struct {
	l      *lowerer
	any    map[*ir.Port]bool
	stores map[*ir.Port][]*store.Store
}

func (l *lowerer) newOrigins() *origins {
	o := &origins{l: l, any: map[*ir.Port]bool{}, stores: map[*ir.Port][]*store.Store{}}
	if len(l.table) == 0 {
		return o
	}
	for _, p := range l.p.Root.Inputs {
		o.any[p] = true // a run is given URIs
	}
	for _, c := range l.p.All() {
		o.leaf(c)
	}
	l.flow.settle(l.p, o.step)
	return o
}

// scattered reports whether the artifacts of a list may lie in different
// folders: imports whose URIs only the run knows.
func (l *lowerer) scattered(list *ir.Port) bool {
	if l.imported == nil {
		o := &origins{l: l, any: map[*ir.Port]bool{}, stores: map[*ir.Port][]*store.Store{}}
		for _, c := range l.p.All() {
			if body, ok := c.Body.(*ir.Importer); ok {
				_, constant := body.URI.(*ir.Literal)
				for _, p := range c.Outputs {
					o.any[p] = !constant
				}
			}
		}
		l.flow.settle(l.p, o.step)
		l.imported = o.any
	}
	return l.imported[list]
}

// leaf: importers, and programs that may say other URIs than they were told.
func (o *origins) leaf(c *ir.Component) {
	switch body := c.Body.(type) {
	case *ir.Importer:
		lit, constant := body.URI.(*ir.Literal)
		for _, p := range c.Outputs {
			if s := o.l.table.Find(ir.Text(literal(lit))); s != nil {
				o.stores[p] = []*store.Store{s}
			}
			o.any[p] = !constant
		}
	case *ir.Container:
		says := usesExecutorInput(body) && !modest(body)
		for _, p := range c.Outputs {
			o.any[p] = says
		}
	}
}

// modest reports whether the source of a program of the KFP SDK is there to be
// seen, and nothing in it speaks of other places.
func modest(c *ir.Container) bool {
	return literals(c, func(s string) bool { return strings.Contains(s, "def ") }) &&
		!literals(c, func(s string) bool { return strings.Contains(s, "://") || puttingElsewhere.MatchString(s) })
}

func literal(lit *ir.Literal) any {
	if lit == nil {
		return ""
	}
	return lit.V
}

// step carries origins from producers to consumers.
func (o *origins) step(owner *ir.Component, d *ir.DAG) {
	d.EachTask(func(t *ir.Task) {
		for _, b := range t.Args {
			o.pass(owner, d, b.Value, t.Component.Input(b.Name.Text))
		}
		if t.ForEach != nil {
			o.pass(owner, d, t.ForEach.Items, t.Component.Input(t.ForEach.Item.Text))
		}
	})
	for _, x := range d.Outputs {
		o.pass(owner, d, x.Value, owner.Output(x.Name.Text))
	}
}

func (o *origins) pass(owner *ir.Component, d *ir.DAG, v ir.Value, to *ir.Port) {
	if to == nil || !to.Type.IsArtifact() || o.any[to] {
		return
	}
	switch v := v.(type) {
	case nil, *ir.Literal:
	case *ir.InputRef:
		o.merge(owner.Input(v.Name), to)
	case *ir.OutputRef:
		if t := o.l.flow.producer(d, v.Task); t != nil {
			o.merge(t.Component.Output(v.Output), to)
		}
	case *ir.OneOf:
		for _, a := range v.Alternatives {
			o.pass(owner, d, a, to)
		}
	default:
		o.l.flow.set(o.any, to)
	}
}

func (o *origins) merge(from, to *ir.Port) {
	if from == nil {
		return
	}
	if o.any[from] {
		o.l.flow.set(o.any, to)
	}
	for _, s := range o.stores[from] {
		if !slices.Contains(o.stores[to], s) {
			o.stores[to] = append(o.stores[to], s)
			o.l.flow.changed = true
		}
	}
}

// reach reports whether an artifact of the port may lie in a store.
func (o *origins) reach(p *ir.Port, s *store.Store) bool {
	return o.any[p] || slices.Contains(o.stores[p], s) || o.l.base != nil && o.l.table.Find(o.l.base.URI) == s
}
