package kfpspec

import "github.com/kfp-go/kfp-go/compiler/ir"

// supplied gives a component that is told all its inputs, as ExecutorInput, those
// too that its tasks wire without its declaring them: KFP hands them on, and a
// program may read them.
func (s *scope) supplied(t *ir.Task) {
	c := t.Component
	if c == nil || c.Container() == nil {
		return
	}
	find, added := byName(c.Inputs), map[string]bool{}
	for _, b := range t.Args {
		if find(b.Name.Text) != nil || added[b.Name.Text] || !s.toldAll(c) {
			continue
		}
		added[b.Name.Text] = true
		port := &ir.Port{Name: b.Name, Type: ir.Type{Kind: ir.Dynamic}, Optional: true, Captured: true}
		if typ := s.typeOf(b.Value); typ.IsArtifact() {
			port.Type = typ
		}
		c.Inputs = append(c.Inputs, port)
	}
}

// toldAll reports whether the program of a component gets ExecutorInput.
func (r *reader) toldAll(c *ir.Component) bool {
	told, known := r.told[c]
	if known {
		return told
	}
	c.Container().EachValue(func(v ir.Value) {
		ir.Visit(v, func(v ir.Value) {
			_, is := v.(*ir.ExecutorInput)
			told = told || is
		})
	})
	if r.told == nil {
		r.told = map[*ir.Component]bool{}
	}
	r.told[c] = told
	return told
}
