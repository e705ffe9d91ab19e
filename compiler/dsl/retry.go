package dsl

import (
	"math"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

var failureClasses = map[string]ir.FailureClass{
	"timeout": ir.FailTimeout, "out-of-memory": ir.FailOutOfMemory, "preempted": ir.FailPreempted,
	"infrastructure": ir.FailInfrastructure, "error": ir.FailError,
}

func (b *settingsBuilder) retry(s *setting) *ir.Retry {
	out := &ir.Retry{At: s.span()}
	if !s.isMap {
		out.Limit = b.integer(s)
		return out
	}
	out.Limit = b.integer(s.get("limit"))
	if on := s.get("on"); on != nil {
		for _, f := range on.fields {
			if c := b.retryClass(f, out.Limit); c != nil {
				out.On = append(out.On, c)
			}
		}
	}
	backoff := s.get("backoff")
	switch {
	case backoff == nil:
	case !backoff.isMap:
		out.Duration, out.Factor = seconds(backoff.value()), 1
	default:
		b.lacks(backoff, "duration", "say how long to wait before the first retry: duration: 10s")
		out.Duration, out.Factor, out.Max = seconds(backoff.get("duration").value()), 1, seconds(backoff.get("max").value())
		if f := backoff.get("factor"); f != nil {
			if x, ok := readNumber(f.value()); ok && x < 1 || ok && !b.r.kfp && x != math.Trunc(x) {
				b.r.report(badFactor(f.node))
			} else if ok {
				out.Factor = x
			}
		}
	}
	return out
}

// retryClass is the budget of one class; without one of its own it has the
// general limit.
func (b *settingsBuilder) retryClass(f *setting, general ir.Value) *ir.RetryClass {
	class, ok := failureClasses[f.key.Scalar]
	if !ok {
		return nil
	}
	c := &ir.RetryClass{Class: class, At: f.span()}
	if !f.isMap {
		c.Limit = integer(f.value())
		return c
	}
	if n := f.get("limit"); n != nil {
		c.Limit = integer(n.value())
	} else if l, ok := general.(*ir.Literal); ok {
		i, _ := l.V.(int64)
		c.Limit = int(i)
	} else if !b.partial {
		b.r.report(classWithoutLimit(f.node, f.key.Scalar))
	}
	if m := f.get("memory"); m != nil {
		c.MemoryFactor = b.memoryFactor(m.value())
	}
	return c
}

func (b *settingsBuilder) memoryFactor(n *tree.Node) int {
	if !isScalar(n) || hasExpression(n.Scalar) {
		return 0
	}
	text, ok := strings.CutPrefix(n.Scalar, "x")
	i, err := strconv.Atoi(text)
	if !ok || err != nil || i < 2 || i > 16 {
		b.r.report(badMemoryFactor(n))
		return 0
	}
	return i
}

func (b *settingsBuilder) cache(s *setting) *ir.Cache {
	if !s.isMap {
		allowed := text(s.value()) == "allowed"
		if !allowed && !boolean(s.value()) {
			return nil
		}
		return &ir.Cache{Asked: !allowed, At: s.span()}
	}
	return &ir.Cache{Asked: !boolean(s.get("allowed").value()), MaxAge: seconds(s.get("max-age").value()), Key: b.text(s.get("key")), At: s.span()}
}
