package kfpspec

import (
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A group of the SDK's (a loop, a condition, an exit handler) names what it gets
// from outside: pipelinechannel--NAME is the parameter NAME of the pipeline
// around, the item of a loop around, or the output of a task, TASK-OUTPUT. The
// SDK hands such channels from group to group, and makes mistakes at it:
//
//   - what a text inside nested groups refers to is not handed through all of
//     them, so that the innermost reads an input that it does not have;
//   - the item of a loop inside a group is handed to that group from outside,
//     where there is no item.
//
// The names say what is meant, so both are put right here. KFP's own back end
// fails on both, in the run.

const channelPrefix = "pipelinechannel--"

// A use is the one task whose component a group is; none: several.
type use struct {
	parent *ir.Component
	task   *ir.Task
	many   bool
}

// rewire puts the channels of all groups below root right.
func (r *reader) rewire(root *ir.Component) {
	w := rewirer{uses: map[*ir.Component]*use{}}
	w.collect(root)
	for _, c := range w.order {
		w.complete(c)
	}
	for _, c := range w.order {
		w.drop(c)
	}
}

type rewirer struct {
	uses  map[*ir.Component]*use
	order []*ir.Component // DAGs, each behind all that use it, where they are groups
}

// collect lists the DAGs below c, from the outside in, and what uses them.
func (w *rewirer) collect(c *ir.Component) {
	d := c.DAG()
	if d == nil {
		return
	}
	w.order = append(w.order, c)
	eachTask(d, func(t *ir.Task) {
		if t.Component == nil || t.Component.DAG() == nil {
			return
		}
		if u := w.uses[t.Component]; u != nil {
			u.many = true
			return
		}
		w.uses[t.Component] = &use{parent: c, task: t}
		w.collect(t.Component)
	})
}

// eachTask calls f with each task of the DAG, exit tasks too.
func eachTask(d *ir.DAG, f func(*ir.Task)) {
	for _, t := range d.Tasks {
		f(t)
		if t.OnExit != nil {
			f(t.OnExit)
		}
	}
}

// complete declares the channels that c reads and does not have.
func (w *rewirer) complete(c *ir.Component) {
	eachTask(c.DAG(), func(t *ir.Task) {
		t.EachValue(func(v ir.Value) {
			ir.VisitLeaves(v, func(v ir.Value) {
				if ref, ok := v.(*ir.InputRef); ok {
					w.channel(c, ref.Name)
				}
			})
		})
	})
}

// channel gives c the input of that name, if it is a channel that something
// around c has; nil: there is none.
func (w *rewirer) channel(c *ir.Component, name string) *ir.Port {
	if p := c.Input(name); p != nil {
		return p
	}
	u := w.uses[c]
	plain, ok := strings.CutPrefix(name, channelPrefix)
	if !ok || u == nil || u.many || !isGroup(u.task) || u.task.Arg(name) != nil {
		return nil
	}
	p := &ir.Port{Name: ir.Ident{Text: name, At: c.Name.At}, TypeAt: c.Name.At}
	var v ir.Value
	if from := w.inputAround(u, name, plain); from != nil {
		p.Type, p.Optional = from.Type, from.Optional
		v = &ir.InputRef{Name: from.Name.Text, At: u.task.At}
	} else if ref, t := outputAround(u, plain); ref != nil {
		p.Type = t
		v = ref
	} else if from := w.channel(u.parent, name); from != nil {
		p.Type, p.Optional = from.Type, from.Optional
		v = &ir.InputRef{Name: name, At: u.task.At}
	} else {
		return nil
	}
	c.Inputs = append(c.Inputs, p)
	u.task.Args = append(u.task.Args, &ir.Binding{Name: p.Name, Value: v})
	return p
}

// inputAround is the input of the DAG around that the channel is: of a group
// under the channel's name, of a pipeline under its own.
func (w *rewirer) inputAround(u *use, name, plain string) *ir.Port {
	if p := u.parent.Input(name); p != nil {
		return p
	}
	return u.parent.Input(plain)
}

// outputAround is the output of a task beside the group that the channel is.
func outputAround(u *use, plain string) (*ir.OutputRef, ir.Type) {
	for _, t := range u.parent.DAG().Tasks {
		output, ok := strings.CutPrefix(plain, t.Name.Text+"-")
		if !ok || t == u.task || t.Component == nil {
			continue
		}
		if p := t.Component.Output(output); p != nil {
			of := p.Type
			if t.ForEach != nil {
				of = ir.ListOf(of)
			}
			return &ir.OutputRef{Task: t.Name.Text, Output: output, At: u.task.At}, of
		}
	}
	return nil, ir.Type{}
}

// drop takes arguments away that hand on the item of a loop where there is no
// such item. The groups that they are for do not read it: the loop inside has
// its own.
func (w *rewirer) drop(c *ir.Component) {
	eachTask(c.DAG(), func(t *ir.Task) {
		if t.Component == nil || t.Component.DAG() == nil {
			return
		}
		t.Args = slices.DeleteFunc(t.Args, func(b *ir.Binding) bool {
			ref, ok := b.Value.(*ir.InputRef)
			if !ok || c.Input(ref.Name) != nil || !isItem(ref.Name) {
				return false
			}
			w.forget(t, b.Name.Text)
			return true
		})
	})
}

// forget takes an input away from the task's group.
func (w *rewirer) forget(t *ir.Task, name string) {
	switch {
	case t.ForEach != nil && t.ForEach.Item.Text == name:
	case w.uses[t.Component].many:
		if p := t.Component.Input(name); p != nil {
			p.Optional = p.Default == nil
		}
	default:
		t.Component.Inputs = slices.DeleteFunc(t.Component.Inputs, func(p *ir.Port) bool { return p.Name.Text == name })
	}
}

// isGroup tells the SDK's groups from pipelines inside pipelines, whose channels
// are their own.
func isGroup(t *ir.Task) bool {
	return t.ForEach != nil || t.When != nil || t.OnExit != nil ||
		strings.HasPrefix(t.Name.Text, "condition-branches-") || strings.HasPrefix(t.Name.Text, "exit-handler-")
}

// isItem knows the SDK's names of the items of loops.
func isItem(name string) bool {
	name = strings.TrimPrefix(name, channelPrefix)
	numbered := strings.TrimRight(name, "0123456789")
	return numbered != name && numbered == "loop-item-param-" || strings.HasSuffix(name, "-loop-item")
}
