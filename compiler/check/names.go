package check

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// written reports whether a name is the author's own: front ends make up names
// too, for groups and what they capture, and point at something near.
func written(name ir.Ident) bool {
	return name.Text != "" && !name.At.IsZero() && strings.Contains(name.At.Text(), name.Text)
}

func (c *checker) componentNames(comp *ir.Component) {
	if comp != c.p.Root {
		c.name("component", comp.Name)
	}
	c.portNames("input", comp.Inputs)
	c.portNames("output", comp.Outputs)
}

func (c *checker) portNames(kind string, ports []*ir.Port) {
	for i, p := range ports {
		if !p.Captured {
			c.name(kind, p.Name)
		}
		if i > 16 {
			continue
		}
		for _, q := range ports[:i] {
			if q.Name.Text == p.Name.Text {
				c.twice(kind, p.Name, q.Name)
				break
			}
		}
	}
	if len(ports) > 16 {
		c.twiceAmongMany(kind, ports)
	}
}

func (c *checker) twiceAmongMany(kind string, ports []*ir.Port) {
	first := make(map[string]ir.Ident, len(ports))
	for i, p := range ports {
		if q, ok := first[p.Name.Text]; !ok {
			first[p.Name.Text] = p.Name
		} else if i > 16 {
			c.twice(kind, p.Name, q)
		}
	}
}

func (c *checker) twice(kind string, name, first ir.Ident) {
	c.fail(codeTwice, name.At, msgTwice(kind, name.Text), "choose another name", diag.Related{Message: "the first one", Span: first.At})
}

func (c *checker) taskName(s *Scope, t *ir.Task) {
	if s.DAG.Exclusive {
		return
	}
	c.name("task", t.Name)
}

// name checks a name of the DSL; KFP's are free-form.
func (c *checker) name(kind string, n ir.Ident) {
	if c.kfp || !written(n) || isName(n.Text) {
		return
	}
	c.fail(codeName, n.At, msgName(kind, n.Text), "letters, digits, _ and -, beginning with a letter or _")
}

// isName: [A-Za-z_][A-Za-z0-9_-]*
func isName(s string) bool {
	for i := range len(s) {
		b := s[i]
		letter := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_'
		if !letter && (i == 0 || b != '-' && (b < '0' || b > '9')) {
			return false
		}
	}
	return s != ""
}

func (c *checker) unused(comp *ir.Component) {
	c.warn(codeUnused, comp.Name.At, msgUnused(comp.Name.Text), "")
}

func (c *checker) emptyDAG(s *Scope) {
	at := s.DAG.At
	if at.IsZero() {
		at = s.Owner.Name.At
	}
	if s.Owner == c.p.Root {
		if at.IsZero() {
			at = c.p.Name.At
		}
		c.fail(codeEmpty, at, "the pipeline has no tasks", "a pipeline needs at least one task")
		return
	}
	c.fail(codeEmpty, at, msgEmpty(s.Owner.Name.Text), "put a task into it or take it away")
}
