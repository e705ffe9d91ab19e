package local

import (
	"context"
	"fmt"
	"sync"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// task runs one task whose upstream tasks allow it, and then its exit task.
func (d *dagRun) task(ctx context.Context, t *ir.Task) outcome {
	out := d.body(ctx, t, d.scope(ctx, t))
	if t.OnExit != nil && out.state != backend.Skipped {
		d.onExit(t, &out)
	}
	return out
}

// body runs the task itself: its condition, then once or once for each item.
func (d *dagRun) body(ctx context.Context, t *ir.Task, s *scope) outcome {
	if t.When != nil {
		yes, err := s.boolean(t.When)
		if err != nil {
			return d.broken(ctx, t, failed("when: %s", err))
		}
		if !yes {
			const why = "its condition is false"
			d.skip(t, why)
			return skipped(why)
		}
	}
	if t.ForEach != nil {
		return d.loop(ctx, t, s)
	}
	inputs, err := s.bind(t, "", nil)
	if err != nil {
		return d.broken(ctx, t, failed("%s", err))
	}
	return d.invoke(ctx, t, s, inputs, d.pathOf(t))
}

// broken records a task that failed before its component could start.
func (d *dagRun) broken(ctx context.Context, t *ir.Task, out outcome) outcome {
	return d.brokenAt(ctx, t, d.pathOf(t), out)
}

func (d *dagRun) brokenAt(ctx context.Context, t *ir.Task, path string, out outcome) outcome {
	if leaf(t) {
		d.run.setTask(path, func(b *backend.Task) {
			b.State, b.Message, b.Finished = backend.Failed, out.message, d.run.now()
			b.Class = ir.FailError.String()
		})
	}
	d.run.failure(ctx, path, out.message)
	return out
}

// invoke runs the task's component once.
func (d *dagRun) invoke(ctx context.Context, t *ir.Task, s *scope, inputs map[string]any, path string) outcome {
	s.path = path
	switch b := t.Component.Body.(type) {
	case *ir.DAG:
		return d.run.dag(ctx, t.Component, inputs, path)
	case *ir.Container:
		return d.run.container(ctx, &instance{task: t, comp: t.Component, inputs: inputs, path: path, scope: s}, b)
	case *ir.Importer:
		return d.run.importer(s, t.Component, b, inputs, path)
	case *ir.Claim:
		return d.run.claimVolume(s, t.Component, b, inputs, path)
	}
	return d.broken(ctx, t, failed("component %q has no body", t.Component.Name.Text))
}

// onExit runs the task's exit task. Nothing but the end of the process stops
// it, and its own failure is a warning.
func (d *dagRun) onExit(t *ir.Task, out *outcome) {
	exit := t.OnExit
	ctx := context.WithValue(d.run.hard, exitTask{}, true)
	s := d.scope(ctx, exit)
	s.status, s.statusOf = out, t.Name.Text
	s.outcome = func(name string) *outcome {
		if name == t.Name.Text {
			return out
		}
		return d.find(name)
	}
	path := d.pathOf(exit)
	if leaf(exit) && exit.ForEach == nil {
		d.run.setTask(path, func(*backend.Task) {})
	}
	if end := d.body(ctx, exit, s); end.state == backend.Failed {
		d.run.note(fmt.Sprintf("warning: exit task %q failed: %s", path, end.message))
	}
}

// exitTask marks contexts of exit tasks.
type exitTask struct{}

// loop runs the task once for each item and collects its outputs.
func (d *dagRun) loop(ctx context.Context, t *ir.Task, s *scope) outcome {
	items, err := loopItems(s, t.ForEach)
	if err != nil {
		return d.broken(ctx, t, failed("for-each: %s", err))
	}
	limit := len(items)
	if p := t.ForEach.Parallelism; p > 0 && p < limit {
		limit = p
	}
	outs := make([]outcome, len(items))
	next := make(chan int)
	var wg sync.WaitGroup
	for range limit {
		wg.Go(func() {
			for i := range next {
				outs[i] = d.iteration(ctx, t, s, i, items[i])
			}
		})
	}
	for i := range items {
		next <- i
	}
	close(next)
	wg.Wait()
	return collect(t, outs)
}

func loopItems(s *scope, l *ir.Loop) ([]any, error) {
	v, err := s.eval(l.Items)
	if err != nil {
		return nil, err
	}
	if text, ok := v.(string); ok {
		// KFP types a list that it does not know as text.
		if v, err = ir.ParseJSON(text); err != nil {
			v = text
		}
	}
	items, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%s where a list is wanted", kindOf(v))
	}
	return items, nil
}

func (d *dagRun) iteration(ctx context.Context, t *ir.Task, s *scope, i int, item any) (out outcome) {
	path := ir.ChildPath(d.path, d.dag, t, i)
	defer func() {
		if p := recover(); p != nil {
			out = failed("kfp-go has a bug, please report it: %v", p)
			d.run.failure(ctx, path, out.message)
		}
	}()
	if ctx.Err() != nil {
		return skipped(context.Cause(ctx).Error())
	}
	own := *s
	own.path = path
	inputs, err := own.bind(t, t.ForEach.Item.Text, item)
	if err != nil {
		return d.brokenAt(ctx, t, path, failed("%s", err))
	}
	return d.invoke(ctx, t, &own, inputs, path)
}

// collect makes one outcome of a loop's iterations: lists in index order in
// which iterations without a value are left out.
func collect(t *ir.Task, outs []outcome) outcome {
	state, message := backend.Succeeded, ""
	for i, o := range outs {
		switch {
		case o.state == backend.Failed && state != backend.Failed:
			state, message = backend.Failed, fmt.Sprintf("iteration %d failed", i)
		case (o.state == backend.Stopped || o.state == backend.Skipped) && state == backend.Succeeded:
			state, message = backend.Stopped, o.message
		}
	}
	if state != backend.Succeeded {
		return outcome{state: state, message: message}
	}
	values := make(map[string]any, len(t.Component.Outputs))
	for _, p := range t.Component.Outputs {
		list := make([]any, 0, len(outs))
		for _, o := range outs {
			switch v := o.values[p.Name.Text].(type) {
			case nil:
			case []any:
				if p.Type.IsArtifact() {
					list = append(list, v...) // artifacts of nested loops are one list
					continue
				}
				list = append(list, v)
			default:
				list = append(list, v)
			}
		}
		values[p.Name.Text] = list
	}
	return succeeded(values)
}

// failure remembers the first failure for the run's message; those of exit tasks
// are none of its business.
func (r *run) failure(ctx context.Context, path, message string) {
	if ctx.Value(exitTask{}) != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failures == "" {
		if path != "" {
			message = path + ": " + message
		}
		r.failures = message
	}
}
