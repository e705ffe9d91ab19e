package kfpspec

import (
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// maxNesting bounds how deep components may hold one another.
const maxNesting = 100

// An entry is a component as written and what became of it.
type entry struct {
	key, node *tree.Node
	parts     componentParts
	made      []made
	open      bool // being read: a use of it now is a recursion
}

// A made component is an entry read for tasks with one inherited retry policy;
// nearly always there is only one.
type made struct {
	retry *ir.Retry
	comp  *ir.Component
}

// componentParts are the nodes of a ComponentSpec.
type componentParts struct {
	inputs, outputs, label, dag *tree.Node
	passthroughs                map[passthrough]bool // nil: none
	read                        bool
}

// index lists the components by name.
func (r *reader) index(n *tree.Node) {
	fields := r.fields(n, "components")
	r.entries = make(map[string]*entry, len(fields))
	entries := make([]entry, len(fields))
	r.listed = make([]*entry, len(fields))
	r.order = make([]*ir.Component, 0, len(fields))
	for i, f := range fields {
		e := &entries[i]
		e.key, e.node = f.Key, f.Value
		r.listed[i] = e
		r.entries[f.Key.Scalar] = e
	}
}

// rest reads the components that nothing uses.
func (r *reader) rest() {
	for _, e := range r.listed {
		if len(e.made) == 0 {
			r.component(e, nil, nil)
		}
	}
}

func (r *reader) root(key, n *tree.Node) *ir.Component {
	e := &entry{key: key, node: n, open: true}
	r.parts(e)
	c := &ir.Component{Name: ir.Ident{Text: r.pipe.Name.Text, At: key.Span()}}
	r.ports(c, e)
	if e.parts.dag == nil && e.parts.label != nil {
		r.soleTask(c, e)
		return c
	}
	if e.parts.dag == nil {
		r.add(rootNoDAG(key.Span()))
		c.Body = &ir.DAG{At: key.Span()}
		return c
	}
	r.dag(c, e.parts.dag, nil)
	return c
}

// component gives the component of an entry for a task: its first task, which
// may supply inputs that the component does not declare, and the retry policy
// that the task hands down. nil after a report.
func (r *reader) component(e *entry, t *ir.Task, retry *ir.Retry) *ir.Component {
	for _, m := range e.made {
		if m.retry == retry {
			return m.comp
		}
	}
	if e.open {
		r.add(recursion(e.key.Scalar, taskPlace(t, e)))
		return nil
	}
	if r.depth >= maxNesting {
		r.add(tooDeep(taskPlace(t, e)))
		return nil
	}
	r.parts(e)
	if retry != nil && e.parts.dag == nil {
		return r.component(e, t, nil) // only DAGs hand it on
	}
	c := &ir.Component{Name: ir.Ident{Text: r.freshName(e), At: e.key.Span()}}
	r.order = append(r.order, c)
	e.open = true
	r.depth++
	r.ports(c, e)
	r.body(c, e, t, retry)
	r.depth--
	e.open = false
	e.made = append(e.made, made{retry, c})
	return c
}

// freshName is the entry's name, with a number when the entry has become a
// component before.
func (r *reader) freshName(e *entry) string {
	name := e.key.Scalar
	if len(e.made) == 0 {
		return name
	}
	for i := 2; ; i++ {
		fresh := name + "-retry-" + itoa(i)
		if r.entries[fresh] == nil {
			taken := false
			for _, m := range e.made {
				taken = taken || m.comp.Name.Text == fresh
			}
			if !taken {
				return fresh
			}
		}
	}
}

func (r *reader) parts(e *entry) {
	if e.parts.read {
		return
	}
	p := componentParts{read: true}
	for _, f := range r.fields(e.node, "a component") {
		if f.Value.IsNull() {
			continue
		}
		switch camel(f.Key.Scalar) {
		case "inputDefinitions":
			p.inputs = f.Value
		case "outputDefinitions":
			p.outputs = f.Value
		case "executorLabel":
			p.label = f.Value
		case "dag":
			p.dag = f.Value
		case "singlePlatformSpecs": // read already
		case "taskConfigPassthroughs":
			p.passthroughs = r.passed(f.Value)
		default:
			r.unknown(f.Key, "a component", "inputDefinitions", "outputDefinitions", "executorLabel", "dag", "singlePlatformSpecs", "taskConfigPassthroughs")
		}
	}
	if p.label != nil && p.dag != nil {
		r.add(twoOf("executorLabel", "dag", p.dag.Span(), p.label.Span()))
	}
	e.parts = p
}

func (r *reader) body(c *ir.Component, e *entry, t *ir.Task, retry *ir.Retry) {
	switch {
	case e.parts.dag != nil:
		r.dag(c, e.parts.dag, retry)
	case e.parts.label != nil:
		label := r.str(e.parts.label, "executorLabel")
		x := r.executors[label]
		if x == nil {
			r.add(unknownExecutor(label, e.parts.label.Span(), offerSorted(r, r.executors)))
			return
		}
		r.leaf(c, e, x, t)
	default:
		r.add(missing("dag or executorLabel", e.key.Span()))
	}
}

// executorOf is the executor of a task's component, nil for a DAG.
func (r *reader) executorOf(e *entry) *executor {
	if e == nil || e.parts.dag != nil || e.parts.label == nil {
		return nil
	}
	return r.executors[e.parts.label.Scalar]
}
