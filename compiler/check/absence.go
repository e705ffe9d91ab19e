package check

import "github.com/kfp-go/kfp-go/compiler/ir"

// absence tells inputs that captured a value whether it may be absent: whether a
// task of an enclosing scope may be skipped is known only now that graphs are.
// What such an input makes optional inside is known before what that makes
// optional outside. In KFP every input of a DAG may be absent.
func (c *checker) absence(comp *ir.Component, seen map[*ir.Component]bool) {
	d := comp.DAG()
	if d == nil || seen[comp] {
		return
	}
	seen[comp] = true
	s := c.info.scopes[d]
	for _, i := range s.Order {
		c.absenceBelow(s, d.Tasks[i], seen)
	}
	for _, t := range d.Tasks {
		if t.OnExit != nil {
			c.absenceBelow(s, t.OnExit, seen)
		}
	}
	s.findOptional()
}

func (c *checker) absenceBelow(s *Scope, t *ir.Task, seen map[*ir.Component]bool) {
	if t.Component == nil || t.Component.DAG() == nil {
		return
	}
	for _, b := range t.Args {
		if p := t.Component.Input(b.Name.Text); p != nil && p.Captured && !p.Optional && s.Optional(b.Value, t) {
			p.Optional = true
		}
	}
	c.absence(t.Component, seen)
}
