package local

import (
	"context"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A dagRun is one execution of a DAG. Outcomes are written by the goroutine that
// schedules, before the tasks that read them start.
type dagRun struct {
	run      *run
	comp     *ir.Component
	dag      *ir.DAG
	inputs   map[string]any
	path     string // of the task that the DAG is the body of, "" for the root
	index    map[string]int
	outcomes []*outcome
}

// dag runs the tasks of a DAG component: all that can run do, whatever else
// failed.
func (r *run) dag(ctx context.Context, c *ir.Component, inputs map[string]any, path string) outcome {
	d := &dagRun{run: r, comp: c, dag: c.DAG(), inputs: inputs, path: path}
	d.index = make(map[string]int, len(d.dag.Tasks))
	for i, t := range d.dag.Tasks {
		d.index[t.Name.Text] = i
	}
	d.outcomes = make([]*outcome, len(d.dag.Tasks))
	d.announce()
	if d.dag.Exclusive {
		d.choose(ctx)
	} else if out, ok := d.schedule(ctx); !ok {
		return out
	}
	return d.result(ctx)
}

// announce makes the tasks known that are sure to have exactly one place in the
// run.
func (d *dagRun) announce() {
	for _, t := range d.dag.Tasks {
		if leaf(t) && t.ForEach == nil {
			d.run.setTask(d.pathOf(t), func(*backend.Task) {})
		}
	}
}

func leaf(t *ir.Task) bool { return t.Component.DAG() == nil }

func (d *dagRun) pathOf(t *ir.Task) string { return ir.ChildPath(d.path, d.dag, t, -1) }

// scope is what the values of the task t mean.
func (d *dagRun) scope(ctx context.Context, t *ir.Task) *scope {
	// A value is worked out to its end: a run that is being stopped must not look
	// like a mistake in an expression.
	s := &scope{run: d.run, ctx: context.WithoutCancel(ctx), inputs: d.inputs, outcome: d.find}
	if t != nil {
		s.task, s.path = t.Name.Text, d.pathOf(t)
	}
	return s
}

func (d *dagRun) find(task string) *outcome {
	i, ok := d.index[task]
	if !ok {
		return nil
	}
	return d.outcomes[i]
}

type ended struct {
	task int
	out  outcome
}

// schedule starts each task once its upstream tasks have ended. ok is false when
// tasks wait for each other.
func (d *dagRun) schedule(ctx context.Context) (out outcome, ok bool) {
	n := len(d.dag.Tasks)
	up, down := d.edges()
	waiting := make([]int, n)
	var ready []int
	for i := range n {
		if waiting[i] = len(up[i]); waiting[i] == 0 {
			ready = append(ready, i)
		}
	}
	done := make(chan ended)
	running, left := 0, n
	settle := func(e ended) {
		d.outcomes[e.task] = &e.out
		left--
		for _, j := range down[e.task] {
			if waiting[j]--; waiting[j] == 0 {
				ready = append(ready, j)
			}
		}
	}
	for left > 0 {
		for len(ready) > 0 {
			i := ready[0]
			ready = ready[1:]
			if why := d.barred(ctx, i, up[i]); why != "" {
				d.skip(d.dag.Tasks[i], why)
				settle(ended{i, skipped(why)})
				continue
			}
			running++
			go func() { done <- ended{i, d.guarded(ctx, d.dag.Tasks[i])} }()
		}
		if left == 0 {
			break
		}
		if running == 0 {
			return failed("tasks of %q wait for each other", d.comp.Name.Text), false
		}
		e := <-done
		running--
		settle(e)
	}
	return outcome{}, true
}

// edges are the upstream and downstream tasks of each task.
func (d *dagRun) edges() (up, down [][]int) {
	n := len(d.dag.Tasks)
	up, down = make([][]int, n), make([][]int, n)
	last := make([]int, n) // the last task for which an edge from here was made
	for i, t := range d.dag.Tasks {
		add := func(name string) {
			j, ok := d.index[name]
			if !ok || j == i || last[j] == i+1 {
				return
			}
			last[j] = i + 1
			up[i] = append(up[i], j)
			down[j] = append(down[j], i)
		}
		refs := func(v ir.Value) {
			ir.VisitLeaves(v, func(v ir.Value) {
				switch v := v.(type) {
				case *ir.OutputRef:
					add(v.Task)
				case *ir.StatusRef:
					add(v.Task)
				}
			})
		}
		for _, a := range t.After {
			add(a.Text)
		}
		t.EachValue(refs)
		if t.OnExit != nil {
			t.OnExit.EachValue(refs)
			for _, a := range t.OnExit.After {
				add(a.Text)
			}
		}
	}
	return up, down
}

// barred says why a task whose upstream tasks have ended does not run, "" when
// it does.
func (d *dagRun) barred(ctx context.Context, i int, up []int) string {
	if ctx.Err() != nil {
		return context.Cause(ctx).Error()
	}
	if d.dag.Tasks[i].Trigger == ir.Completed {
		return ""
	}
	for _, j := range up {
		name := d.dag.Tasks[j].Name.Text
		switch d.outcomes[j].state {
		case backend.Skipped:
			return "task \"" + name + "\" was skipped"
		case backend.Failed, backend.Stopped:
			return "task \"" + name + "\" did not succeed"
		}
	}
	return ""
}

func (d *dagRun) skip(t *ir.Task, why string) {
	if leaf(t) {
		d.run.setTask(d.pathOf(t), func(b *backend.Task) {
			b.State, b.Message, b.Finished = backend.Skipped, why, d.run.now()
		})
	}
}

// choose runs the first alternative whose condition holds.
func (d *dagRun) choose(ctx context.Context) {
	chosen := -1
	for i, t := range d.dag.Tasks {
		var out outcome
		switch {
		case chosen >= 0:
			out = skipped("an earlier branch was taken")
			d.skip(t, out.message)
		case ctx.Err() != nil:
			out = skipped(context.Cause(ctx).Error())
			d.skip(t, out.message)
		default:
			out = d.guarded(ctx, t)
			if out.state != backend.Skipped {
				chosen = i
			}
		}
		d.outcomes[i] = &out
	}
}

// guarded is task with a bug of ours turned into a failure.
func (d *dagRun) guarded(ctx context.Context, t *ir.Task) (out outcome) {
	defer func() {
		if p := recover(); p != nil {
			out = d.broken(ctx, t, failed("kfp-go has a bug, please report it: %v", p))
		}
	}()
	return d.task(ctx, t)
}

// result is the outcome of the whole DAG.
func (d *dagRun) result(ctx context.Context) outcome {
	state := backend.Succeeded
	message := ""
	for i, o := range d.outcomes {
		switch {
		case o.state == backend.Failed && state != backend.Failed:
			state, message = backend.Failed, "task \""+d.dag.Tasks[i].Name.Text+"\" failed"
		case o.state == backend.Stopped && state == backend.Succeeded:
			state, message = backend.Stopped, o.message
		}
	}
	// Tasks that a stop kept from starting make the DAG a stopped one.
	if state == backend.Succeeded && ctx.Err() != nil && d.cut(ctx) {
		state, message = backend.Stopped, context.Cause(ctx).Error()
	}
	if state != backend.Succeeded {
		return outcome{state: state, message: message}
	}
	values, err := d.outputs(ctx)
	if err != nil {
		out := failed("%s", err)
		d.run.failure(ctx, d.path, out.message)
		return out
	}
	return succeeded(values)
}

func (d *dagRun) cut(ctx context.Context) bool {
	why := context.Cause(ctx).Error()
	for _, o := range d.outcomes {
		if o.state == backend.Skipped && o.message == why {
			return true
		}
	}
	return false
}

func (d *dagRun) outputs(ctx context.Context) (map[string]any, error) {
	if len(d.dag.Outputs) == 0 {
		return nil, nil
	}
	s := d.scope(ctx, nil)
	s.path = d.path
	out := make(map[string]any, len(d.dag.Outputs))
	for _, o := range d.dag.Outputs {
		v, err := s.eval(o.Value)
		if err != nil {
			return nil, &outputError{o.Name.Text, err}
		}
		if v != nil {
			out[o.Name.Text] = v
		}
	}
	return out, nil
}

type outputError struct {
	name string
	err  error
}

func (e *outputError) Error() string { return "output \"" + e.name + "\": " + e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }
