package dslwrite

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

func (w *writer) component(c *ir.Component) *node {
	w.comp = c
	m := open()
	m.addText("description", strings.TrimSpace(c.Description))
	if d := c.DAG(); d != nil {
		m.add("pipeline", w.inline(c))
		return m
	}
	w.checkPorts(c)
	s := componentScope(c)
	if b := c.Container(); b != nil {
		m.add("image", w.text(s, b.Image))
		if b.Contract == ir.KFPContract {
			m.add("contract", plain("kfp"))
		}
	}
	m.addFilled("inputs", w.ports(c.Inputs, itself))
	m.addFilled("outputs", w.ports(c.Outputs, itself))
	switch b := c.Body.(type) {
	case *ir.Container:
		w.container(m, s, b)
	case *ir.Importer:
		m.add("import", w.importer(s, b))
	case *ir.Claim:
		m.add("claim", plain(map[bool]string{true: "delete", false: "create"}[b.Delete]))
	}
	return m
}

// componentScope is the scope of what stands in a component.
func componentScope(c *ir.Component) *scope {
	s := &scope{comp: c, refs: make(map[string]*ref, len(c.Inputs))}
	for _, p := range c.Inputs {
		s.refs[p.Name.Text] = &ref{text: member("inputs", p.Name.Text), typ: p.Type}
	}
	return s
}

// inline is a DAG that is used as a component: it sees only its inputs.
func (w *writer) inline(c *ir.Component) *node {
	m, s := open(), w.closedScope(c)
	s.judged = w.p.Dialect == ir.KFP || judged(c, map[*ir.Component]bool{})
	if s.judged && w.p.Dialect != ir.KFP {
		m.add("rules", plain("kfp"))
	}
	m.addFilled("inputs", w.ports(c.Inputs, func(name string) string { return w.inputName(c, name) }))
	w.body(m, s)
	return m
}

func (w *writer) container(m *node, s *scope, b *ir.Container) {
	m.addText("working-dir", b.WorkDir)
	env := b.Env
	if script := w.script(m, s.comp, b); script {
		env = env[len(automatic(s.comp)):]
	} else {
		m.addFilled("command", w.args(s, b.Command))
		m.addFilled("args", w.args(s, b.Args))
	}
	m.addFilled("env", w.env(s, env))
}

func (w *writer) args(s *scope, args []ir.Arg) *node {
	out := seq()
	for _, a := range args {
		out.items = append(out.items, w.arg(s, a))
	}
	return out
}

func (w *writer) arg(s *scope, a ir.Arg) *node {
	switch a := a.(type) {
	case *ir.TextArg:
		return w.text(s, a.Value)
	case *ir.ConcatArg:
		m := mapping()
		m.add("concat", w.args(s, a.Items))
		return m
	case *ir.IfArg:
		m := mapping()
		m.add("if", w.condition(s, a.Cond))
		m.addFilled("then", w.someArgs(s, a.Then))
		m.addFilled("else", w.someArgs(s, a.Else))
		if len(a.Then)+len(a.Else) == 0 {
			m.add("then", seq())
		}
		return m
	}
	return nil
}

// someArgs is a list; one mapping alone would be read as an argument too, yet a
// list is what people expect.
func (w *writer) someArgs(s *scope, args []ir.Arg) *node { return w.args(s, args) }

func (w *writer) importer(s *scope, b *ir.Importer) *node {
	m := mapping()
	m.add("uri", w.text(s, b.URI))
	if out := s.comp.Output(b.Output); out == nil || !b.Type.Equal(out.Type) {
		m.add("type", plain(typeName(b.Type)))
	}
	if b.Metadata != nil {
		m.add("metadata", w.value(s, b.Metadata, ir.Type{Kind: ir.Struct}))
	}
	m.addTrue("reimport", b.Reimport)
	m.addTrue("to-workspace", b.ToWorkspace)
	return m
}
