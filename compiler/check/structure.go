package check

import (
	"context"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/graph"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// components builds the scope of every DAG, children before parents, and
// reports recursion and components that nothing uses.
func (c *checker) components() {
	all := c.p.All()
	state := make(map[*ir.Component]visit, len(all))
	c.info.Components = make([]*ir.Component, 0, len(all))
	c.descend(c.p.Root, state, nil)
	for _, comp := range c.p.Components {
		if comp == nil || state[comp] != unseen {
			continue
		}
		if written(comp.Name) {
			c.unused(comp)
		}
		c.descend(comp, state, nil)
	}
}

type visit uint8

const (
	unseen visit = iota
	open
	done
)

// A step is one task on the way down to a component.
type step struct {
	comp *ir.Component
	task *ir.Task
	up   *step
}

func (c *checker) descend(comp *ir.Component, state map[*ir.Component]visit, way *step) {
	state[comp] = open
	if d := comp.DAG(); d != nil {
		d.EachTask(func(t *ir.Task) {
			switch {
			case t.Component == nil:
			case state[t.Component] == open:
				c.recursion(&step{comp, t, way})
			case state[t.Component] == unseen:
				c.descend(t.Component, state, &step{comp, t, way})
			}
		})
		c.scope(comp, d)
	}
	state[comp] = done
	c.info.Components = append(c.info.Components, comp)
}

// recursion reports a component that contains itself: last.task leads back to
// a component that is still open.
func (c *checker) recursion(last *step) {
	var related []diag.Related
	for s := last; s != nil; s = s.up {
		related = append(related, diag.Related{Message: msgUses(s.comp.Name.Text, s.task.Component.Name.Text), Span: s.task.Name.At})
		if s.comp == last.task.Component {
			break
		}
	}
	for i, j := 0, len(related)-1; i < j; i, j = i+1, j-1 {
		related[i], related[j] = related[j], related[i]
	}
	c.fail(codeRecursion, last.task.Name.At, msgRecursion(last.task.Component.Name.Text), "a pipeline is finite: use for-each over a list, or take the task out", related...)
}

// scope gathers the facts of one DAG whose children are known.
func (c *checker) scope(owner *ir.Component, d *ir.DAG) {
	n := len(d.Tasks)
	s := &Scope{
		Owner: owner, DAG: d, Graph: graph.New(n), info: c.info,
		index: make(map[string]int, n), skippable: make([]bool, n),
	}
	for i, t := range d.Tasks {
		if first, twice := s.index[t.Name.Text]; twice {
			c.twice("task", t.Name, d.Tasks[first].Name)
			continue
		}
		s.index[t.Name.Text] = i
	}
	for i, t := range d.Tasks {
		s.edges(i, t)
	}
	s.Order, _ = s.Graph.Order()
	s.findSkippable()
	s.findOptional()
	c.info.scopes[d] = s
	c.info.Graphs[d] = s.Graph
}

// edges adds what task i waits for.
func (s *Scope) edges(i int, t *ir.Task) {
	leaf := func(v ir.Value) {
		name := ""
		switch v := v.(type) {
		case *ir.OutputRef:
			name = v.Task
		case *ir.StatusRef:
			name = v.Task
		default:
			return
		}
		if from, ok := s.index[name]; ok {
			s.Graph.Edge(from, i)
		}
	}
	t.EachValue(func(v ir.Value) { ir.VisitLeaves(v, leaf) })
	for _, a := range t.After {
		if from, ok := s.index[a.Text]; ok {
			s.Graph.Edge(from, i)
		}
	}
}

func (s *Scope) findSkippable() {
	for _, i := range s.Order {
		t := s.DAG.Tasks[i]
		if t.When != nil || s.DAG.Exclusive {
			s.skippable[i] = true
			continue
		}
		if t.Trigger == ir.Completed {
			continue
		}
		for _, p := range s.Graph.Prev(i) {
			if s.skippable[p] {
				s.skippable[i] = true
				break
			}
		}
	}
}

func (s *Scope) findOptional() {
	for _, o := range s.DAG.Outputs {
		if s.Optional(o.Value, nil) {
			if s.optional == nil {
				s.optional = map[string]bool{}
			}
			s.optional[o.Name.Text] = true
		}
	}
}

// cycles reports one shortest cycle of every knot.
func (c *checker) cycles(s *Scope) {
	if len(s.Order) == len(s.DAG.Tasks) {
		return
	}
	for _, cycle := range s.Graph.Cycles() {
		names := make([]string, len(cycle))
		related := make([]diag.Related, len(cycle))
		for k, i := range cycle {
			names[k] = s.DAG.Tasks[i].Name.Text
			from := s.DAG.Tasks[cycle[(k+len(cycle)-1)%len(cycle)]]
			at, how := s.edgeAt(from, s.DAG.Tasks[i])
			related[k] = diag.Related{Message: msgEdge(names[k], from.Name.Text, how), Span: at}
		}
		if len(cycle) == 1 {
			c.fail(codeCycle, related[0].Span, msgSelf(names[0]), "a task cannot wait for itself")
			continue
		}
		at := s.DAG.Tasks[cycle[0]].Name.At
		c.fail(codeCycle, at, msgCycle(names), "take one of these references away", related...)
	}
}

// edgeAt is where the edge from one task to another was written.
func (s *Scope) edgeAt(from, to *ir.Task) (at source.Span, how string) {
	for _, b := range to.Args {
		if sp, ok := mention(b.Value, from.Name.Text); ok {
			return sp, "input " + quote(b.Name.Text)
		}
	}
	how = "its settings"
	found := false
	to.EachValue(func(v ir.Value) {
		if sp, ok := mention(v, from.Name.Text); ok && !found {
			at, found = sp, true
			switch {
			case v == to.When:
				how = "its condition"
			case to.ForEach != nil && v == to.ForEach.Items:
				how = "its loop"
			}
		}
	})
	if found {
		return at, how
	}
	for _, a := range to.After {
		if a.Text == from.Name.Text {
			return a.At, "after"
		}
	}
	return to.Name.At, ""
}

// mention finds where a value reads something of the named task.
func mention(v ir.Value, task string) (at source.Span, ok bool) {
	ir.VisitLeaves(v, func(x ir.Value) {
		switch x := x.(type) {
		case *ir.OutputRef:
			if x.Task == task && !ok {
				at, ok = x.At, true
			}
		case *ir.StatusRef:
			if x.Task == task && !ok {
				at, ok = x.At, true
			}
		}
	})
	if ok && at.IsZero() {
		at = v.Span()
	}
	return at, ok
}

// never warns about tasks that cannot run whatever the inputs are.
func (c *checker) never(s *Scope) {
	dead := map[int]bool{}
	always := -1 // the alternative that is always taken
	for i, t := range s.DAG.Tasks {
		truth := constant(t.When)
		switch {
		case always >= 0:
			dead[i] = true
			c.warn(codeNever, t.Name.At, msgBehindAlways(), "make that branch the last one, or take those behind it away")
		case truth == no:
			dead[i] = true
			c.warn(codeNever, t.When.Span(), msgNever(s.label(t)), "")
		case t.ForEach != nil && emptyList(t.ForEach.Items):
			c.warn(codeNever, t.ForEach.Items.Span(), msgNoItems(t.Name.Text), "")
		}
		if s.DAG.Exclusive && always < 0 && (t.When == nil || truth == yes) {
			always = i
		}
	}
	if len(dead) == 0 || s.DAG.Exclusive {
		return
	}
	for _, i := range s.Order {
		t := s.DAG.Tasks[i]
		if dead[i] || t.Trigger == ir.Completed {
			continue
		}
		for _, p := range s.Graph.Prev(i) {
			if dead[p] {
				dead[i] = true
				c.warn(codeNever, t.Name.At, msgBehindNever(t.Name.Text, s.DAG.Tasks[p].Name.Text), "")
				break
			}
		}
	}
}

func emptyList(v ir.Value) bool {
	l, ok := v.(*ir.Literal)
	if !ok {
		return false
	}
	items, ok := l.V.([]any)
	return ok && len(items) == 0
}

type truth uint8

const (
	maybe truth = iota
	yes
	no
)

// constant is the value of a condition that reads nothing.
func constant(v ir.Value) truth {
	switch v := v.(type) {
	case *ir.Literal:
		return truthOf(v.V)
	case *ir.Expr:
		run, ok := v.Program.(interface {
			Eval(context.Context, func(string) (any, bool)) (any, error)
		})
		if !ok || len(v.Vars) > 0 {
			return maybe
		}
		got, err := run.Eval(context.Background(), func(string) (any, bool) { return nil, false })
		if err != nil {
			return maybe
		}
		return truthOf(got)
	}
	return maybe
}

func truthOf(v any) truth {
	if b, ok := v.(bool); ok {
		if b {
			return yes
		}
		return no
	}
	return maybe
}
