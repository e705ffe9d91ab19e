package kfpspec

import (
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// A slab hands out values that are allocated many at a time: a pipeline of ten
// thousand tasks has a quarter of a million small ones.
type slab[T any] []T

func (s *slab[T]) next() *T {
	if len(*s) == 0 {
		*s = make([]T, 128)
	}
	p := &(*s)[0]
	*s = (*s)[1:]
	return p
}

// slabs are those of the commonest values.
type slabs struct {
	literals slab[ir.Literal]
	inputs   slab[ir.InputRef]
	outputs  slab[ir.OutputRef]
	ports    slab[ir.PortRef]
	texts    slab[ir.TextArg]
}

func (s *slabs) literal(v any, at source.Span) *ir.Literal {
	l := s.literals.next()
	l.V, l.At = v, at
	return l
}

func (s *slabs) input(name string, at source.Span) *ir.InputRef {
	x := s.inputs.next()
	x.Name, x.At = name, at
	return x
}

func (s *slabs) arg(v ir.Value) *ir.TextArg {
	a := s.texts.next()
	a.Value = v
	return a
}

func (s *slabs) port(v ir.PortRef) *ir.PortRef {
	x := s.ports.next()
	*x = v
	return x
}
