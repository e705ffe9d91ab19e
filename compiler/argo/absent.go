package argo

import (
	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// absence knows which inputs of DAGs may get nothing although they are not
// optional: in KFP nothing passes through a DAG on its way to the task that
// judges it.
type absence map[*ir.Port]bool

func newAbsence(p *ir.Pipeline, info *check.Info) absence {
	if p.Dialect != ir.KFP {
		return nil
	}
	a := absence{}
	// Children come first in the list; what lacks a value is known from above.
	for i := len(info.Components) - 1; i >= 0; i-- {
		owner := info.Components[i]
		if d := owner.DAG(); d != nil {
			d.EachTask(func(t *ir.Task) { a.task(info.Scope(d), owner, t) })
		}
	}
	return a
}

func (a absence) task(s *check.Scope, owner *ir.Component, t *ir.Task) {
	if s == nil || t.Component.DAG() == nil {
		return
	}
	for _, p := range t.Component.Inputs {
		switch b := t.Arg(p.Name.Text); {
		case p.Optional || p.Default != nil && p.Default.V != nil:
		case t.ForEach != nil && t.ForEach.Item.Text == p.Name.Text:
		case b == nil || a.value(s, owner, t, b.Value):
			a[p] = true
		}
	}
}

func (a absence) value(s *check.Scope, owner *ir.Component, t *ir.Task, v ir.Value) bool {
	switch v := v.(type) {
	case *ir.InputRef:
		if p := owner.Input(v.Name); p != nil && a[p] {
			return true
		}
	case *ir.Select:
		return true
	}
	return s.Optional(v, t)
}

// mayLack reports whether an input of a DAG may have no value.
func (l *lowerer) mayLack(p *ir.Port) bool {
	return l.absent[p] || p.Optional && (p.Default == nil || p.Default.V == nil)
}

// lenient reports whether an input of a component lets nothing pass.
func (l *lowerer) lenient(c *ir.Component, p *ir.Port) bool {
	return l.absent[p] && c.DAG() != nil
}
