package local

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/kfp-go/kfp-go/backend"
)

// poll is how often runs of other processes and growing logs are looked at.
const poll = 50 * time.Millisecond

// update changes the run's own state and tells everybody.
func (r *run) update(change func(*backend.Run)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.state)
	r.publish(backend.Event{Time: r.now(), Run: r.view()})
}

// setTask changes one task, which it makes if need be, and tells everybody.
func (r *run) setTask(path string, change func(*backend.Task)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := backend.Task{Path: path, State: backend.Pending, Created: r.now()}
	if old := r.tasks[path]; old != nil {
		next = *old
	}
	change(&next)
	r.tasks[path] = &next
	r.publish(backend.Event{Time: r.now(), Task: &next})
}

// publish is called with the lock held.
func (r *run) publish(e backend.Event) {
	for w := range r.watchers {
		w.push(e)
	}
	select {
	case r.dirty <- struct{}{}:
	default:
	}
}

// view is a copy of the run with its tasks in order; tasks are never changed in
// place and may be shared. Called with the lock held.
func (r *run) view() *backend.Run {
	s := r.state
	s.Tasks = make([]*backend.Task, 0, len(r.tasks))
	for _, t := range r.tasks {
		s.Tasks = append(s.Tasks, t)
	}
	sortTasks(s.Tasks)
	return &s
}

func (r *run) snapshot() *backend.Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.view()
}

// A watcher is a queue that never blocks who fills it.
type watcher struct {
	mu     sync.Mutex
	events []backend.Event
	ready  chan struct{}
}

func (w *watcher) push(e backend.Event) {
	w.mu.Lock()
	w.events = append(w.events, e)
	w.mu.Unlock()
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

func (w *watcher) take() []backend.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.events
	w.events = nil
	return out
}

// Watch yields the changes of a run of this process as they happen, those of
// another process's run within a moment.
func (l *Runner) Watch(ctx context.Context, id backend.RunID) iter.Seq2[backend.Event, error] {
	return func(yield func(backend.Event, error) bool) {
		if r := l.live(id); r != nil {
			r.watch(ctx, yield)
			return
		}
		l.watchRecorded(ctx, id, yield)
	}
}

func (r *run) watch(ctx context.Context, yield func(backend.Event, error) bool) {
	w := &watcher{ready: make(chan struct{}, 1)}
	r.mu.Lock()
	now := r.view()
	r.watchers[w] = struct{}{}
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.watchers, w)
		r.mu.Unlock()
	}()
	if !first(now, r.now(), yield) || now.State.Final() {
		return
	}
	for {
		select {
		case <-ctx.Done():
			yield(backend.Event{}, ctx.Err())
			return
		case <-w.ready:
		}
		for _, e := range w.take() {
			if !yield(e, nil) || e.Run != nil && e.Run.State.Final() {
				return
			}
		}
	}
}

// first yields the state at the beginning: the run, its tasks, and once more
// the run when it has ended, so that it is last.
func first(run *backend.Run, at time.Time, yield func(backend.Event, error) bool) bool {
	if !yield(backend.Event{Time: at, Run: run}, nil) {
		return false
	}
	for _, t := range run.Tasks {
		if !yield(backend.Event{Time: at, Task: t}, nil) {
			return false
		}
	}
	return !run.State.Final() || yield(backend.Event{Time: at, Run: run}, nil)
}

// watchRecorded follows a run of another process by its run.json.
func (l *Runner) watchRecorded(ctx context.Context, id backend.RunID, yield func(backend.Event, error) bool) {
	run, err := l.recorded(id)
	if err != nil {
		yield(backend.Event{}, err)
		return
	}
	if !first(run, l.opt.Now().UTC(), yield) {
		return
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for !run.State.Final() {
		select {
		case <-ctx.Done():
			yield(backend.Event{}, ctx.Err())
			return
		case <-tick.C:
		}
		next, err := l.recorded(id)
		if err != nil {
			yield(backend.Event{}, err)
			return
		}
		if !differences(run, next, l.opt.Now().UTC(), yield) {
			return
		}
		run = next
	}
}

func differences(old, next *backend.Run, at time.Time, yield func(backend.Event, error) bool) bool {
	was := make(map[string]backend.State, len(old.Tasks))
	for _, t := range old.Tasks {
		was[t.Path] = t.State
	}
	for _, t := range next.Tasks {
		if was[t.Path] != t.State && !yield(backend.Event{Time: at, Task: t}, nil) {
			return false
		}
	}
	return old.State == next.State || yield(backend.Event{Time: at, Run: next}, nil)
}

// keys are a map's keys in order.
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
