package dslwrite

import "github.com/kfp-go/kfp-go/compiler/ir"

func (w *writer) retry(s *scope, r *ir.Retry) *node {
	m := mapping()
	if r.Limit != nil {
		m.add("limit", w.count(s, r.Limit))
	}
	on := mapping()
	for _, c := range r.On {
		if c.MemoryFactor == 0 {
			on.add(c.Class.String(), plain(itoa(c.Limit)))
			continue
		}
		class := mapping()
		class.add("limit", plain(itoa(c.Limit)))
		class.add("memory", plain("x"+itoa(c.MemoryFactor)))
		on.add(c.Class.String(), class)
	}
	m.addFilled("on", on)
	if r.Duration != 0 || r.Factor != 0 || r.Max != 0 {
		backoff := mapping()
		backoff.add("duration", duration(r.Duration))
		if r.Factor != 1 {
			backoff.add("factor", plain(number(r.Factor)))
		}
		if r.Max != 0 {
			backoff.add("max", duration(r.Max))
		}
		m.add("backoff", backoff)
	}
	if len(m.fields) == 1 && r.Limit != nil {
		return m.fields[0].value
	}
	return m
}

// count is a whole number or an expression.
func (w *writer) count(s *scope, v ir.Value) *node {
	if l, ok := v.(*ir.Literal); ok {
		return w.literal(l.V, ir.Type{Kind: ir.Integer}, l.At)
	}
	return w.text(s, v)
}
