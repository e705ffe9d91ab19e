package measure

import (
	"context"
	"iter"
	"time"

	"github.com/kfp-go/kfp-go/backend"
)

// Tee passes the events of a run on as they come, and has record take them: of a
// task that is over once its artifacts are measured, of a run that is over once
// all tasks are, and at the latest when the time for it is up. What is
// interrupted is recorded as it is. record is called from several goroutines,
// one call at a time for each task; the last call has returned when the sequence
// ends.
func (r *Run) Tee(ctx context.Context, events iter.Seq2[backend.Event, error], record func(backend.Event)) iter.Seq2[backend.Event, error] {
	return func(yield func(backend.Event, error) bool) {
		defer r.Close()
		ctx, cancel := context.WithCancel(ctx)
		defer r.pending.Wait()
		defer cancel()
		for e, err := range events {
			over := err == nil && e.Task == nil && e.Run != nil && e.Run.State.Final()
			if err == nil && !over {
				r.take(ctx, e, record)
			}
			more := yield(e, err)
			if over {
				r.settle(cancel)
				run := *e.Run
				run.Outputs = r.fill(run.Outputs)
				record(backend.Event{Time: e.Time, Run: &run})
			}
			if !more {
				return
			}
		}
	}
}

// settle waits for what is being looked at.
func (r *Run) settle(cancel context.CancelFunc) {
	timer := time.AfterFunc(r.grace(), cancel)
	defer timer.Stop()
	r.pending.Wait()
}

// take has an event recorded, now or later.
func (r *Run) take(ctx context.Context, e backend.Event, record func(backend.Event)) {
	if e.Task == nil {
		if e.Run != nil && !r.off() {
			r.at(e.Run)
		}
		record(e)
		return
	}
	path := e.Task.Path
	r.mu.Lock()
	r.latest[path]++
	n := r.latest[path]
	r.mu.Unlock()
	if r.off() || !e.Task.State.Final() {
		record(e)
		return
	}
	r.pending.Go(func() {
		r.look(ctx, e.Task.Inputs, e.Task.Outputs)
		measured := backend.Event{Time: e.Time, Task: r.task(e.Task)}
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.latest[path] == n { // what came later says it all
			record(measured)
		}
	})
}
