// Package fake is a backend.Runner in memory. It executes nothing: what becomes
// of a run is told by a script, at once and in the order written. It is a
// citizen like the others and passes package backendtest; commands are tested
// with it.
package fake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A Script is what becomes of a run.
type Script struct {
	Steps []Step
	// State of the run at its end; "": failed if a step failed that is not in
	// finally, stopped if it was cancelled before its end, else succeeded.
	State   backend.State
	Message string
	Outputs map[string]backend.Output
}

// A Step is what becomes of one task.
type Step struct {
	Path     string
	State    backend.State // at the end, "": succeeded
	Attempt  int           // 0: the first
	Class    string
	Message  string
	ExitCode *int
	Image    string
	Inputs   map[string]backend.Output
	Outputs  map[string]backend.Output
	Log      []string
	// Blocks: the task runs until the run is cancelled, and is then stopped.
	Blocks bool
	// Finally: the task is one of an exit handler. It runs although the run was
	// cancelled, and its failure is none of the run's.
	Finally bool
}

// Options say what runs do.
type Options struct {
	// Script is asked for each new run; nil: Default.
	Script func(backend.Submission) Script
	// Err, if it gives an error for the name of a method ("Submit", "Get",
	// "Watch", "Logs", "Cancel"), makes the call fail with it.
	Err func(method string) error
	// Now is the clock, nil: time.Now.
	Now func() time.Time
}

// A Runner pretends to run pipelines.
type Runner struct {
	opt  Options
	wg   sync.WaitGroup
	mu   sync.Mutex
	runs map[backend.RunID]*run
	keys map[string]backend.RunID
}

var _ backend.Runner = (*Runner)(nil)

// New makes a Runner.
func New(opt Options) *Runner {
	if opt.Script == nil {
		opt.Script = Default
	}
	if opt.Err == nil {
		opt.Err = func(string) error { return nil }
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Runner{opt: opt, runs: map[backend.RunID]*run{}, keys: map[string]backend.RunID{}}
}

// Default lets every task of the root succeed that is no group and no loop.
func Default(s backend.Submission) Script {
	var out Script
	if s.Pipeline == nil || s.Pipeline.Root == nil || s.Pipeline.Root.DAG() == nil {
		return out
	}
	d := s.Pipeline.Root.DAG()
	d.EachTask(func(t *ir.Task) {
		if t.Component.DAG() == nil && t.ForEach == nil {
			out.Steps = append(out.Steps, Step{Path: ir.ChildPath("", d, t, -1)})
		}
	})
	return out
}

// Close cancels all runs and waits for their end.
func (f *Runner) Close() {
	f.mu.Lock()
	for _, r := range f.runs {
		r.cancel()
	}
	f.mu.Unlock()
	f.wg.Wait()
}

// Submissions are those that started a run, in order of their ids.
func (f *Runner) Submissions() []backend.Submission {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]backend.Submission, 0, len(f.runs))
	for _, id := range slices.Sorted(maps.Keys(f.runs)) {
		out = append(out, f.runs[id].sub)
	}
	return out
}

// A run is the history of one run; every change is an event.
type run struct {
	sub    backend.Submission
	script Script
	now    func() time.Time
	stop   chan struct{}
	once   sync.Once

	mu      sync.Mutex
	state   backend.Run
	tasks   map[string]*backend.Task
	lines   []backend.Line
	events  []backend.Event
	changed chan struct{} // closed and replaced at each change
}

// Submit starts the run.
func (f *Runner) Submit(_ context.Context, s backend.Submission) (*backend.Run, error) {
	if err := f.opt.Err("Submit"); err != nil {
		return nil, err
	}
	if s.ID == "" {
		return nil, fmt.Errorf("%w: a run needs an id", backend.ErrInvalid)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if id, ok := f.keys[s.IdempotencyKey]; ok && s.IdempotencyKey != "" {
		return f.runs[id].snapshot(), nil
	}
	if r, ok := f.runs[s.ID]; ok {
		return r.snapshot(), nil
	}
	r := f.open(s)
	f.runs[s.ID] = r
	if s.IdempotencyKey != "" {
		f.keys[s.IdempotencyKey] = s.ID
	}
	first := r.snapshot()
	f.wg.Go(r.main)
	return first, nil
}

func (f *Runner) open(s backend.Submission) *run {
	name, pipeline := s.Name, ""
	if s.Pipeline != nil {
		pipeline = s.Pipeline.Name.Text
	}
	if name == "" {
		name = strings.Trim(pipeline+"-"+string(s.ID[max(0, len(s.ID)-5):]), "-")
	}
	r := &run{
		sub: s, script: f.opt.Script(s), now: f.opt.Now, stop: make(chan struct{}),
		tasks: map[string]*backend.Task{}, changed: make(chan struct{}),
	}
	r.state = backend.Run{
		ID: s.ID, Name: name, Pipeline: pipeline, State: backend.Submitted, Parameters: maps.Clone(s.Args), Created: f.opt.Now(),
	}
	return r
}

func (f *Runner) find(method string, id backend.RunID) (*run, error) {
	if err := f.opt.Err(method); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.runs[id]
	if !ok {
		return nil, fmt.Errorf("run %s: %w", id, backend.ErrNotFound)
	}
	return r, nil
}

// Get is a snapshot.
func (f *Runner) Get(_ context.Context, id backend.RunID) (*backend.Run, error) {
	r, err := f.find("Get", id)
	if err != nil {
		return nil, err
	}
	return r.snapshot(), nil
}

// Cancel stops the run.
func (f *Runner) Cancel(_ context.Context, id backend.RunID) error {
	r, err := f.find("Cancel", id)
	if err != nil {
		return err
	}
	r.cancel()
	return nil
}

func (r *run) cancel() { r.once.Do(func() { close(r.stop) }) }

func (r *run) cancelled() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}

// main plays the script.
func (r *run) main() {
	r.change(func() { r.state.State, r.state.Started = backend.Running, r.now() })
	for _, s := range r.script.Steps {
		r.change(func() { r.task(s, backend.Pending) })
	}
	failed, stopped := false, false
	for _, s := range r.script.Steps {
		switch end := r.play(s); {
		case end == backend.Failed && !s.Finally:
			failed = true
		case end == backend.Stopped:
			stopped = true
		}
	}
	r.change(func() {
		s := &r.state
		s.State, s.Message, s.Finished = r.script.State, r.script.Message, r.now()
		switch {
		case s.State != "":
		case failed:
			s.State = backend.Failed
		case stopped:
			s.State = backend.Stopped
		default:
			s.State = backend.Succeeded
		}
		if s.State == backend.Succeeded {
			s.Outputs = r.script.Outputs
		}
	})
}

// play lets one task happen.
func (r *run) play(s Step) backend.State {
	end := s.State
	if end == "" {
		end = backend.Succeeded
	}
	if r.cancelled() && !s.Finally {
		end = backend.Skipped
	}
	if end == backend.Skipped || end == backend.Cached {
		r.change(func() { r.task(s, end) })
		return end
	}
	r.change(func() {
		r.task(s, backend.Running)
		for _, text := range s.Log {
			r.lines = append(r.lines, backend.Line{Task: s.Path, Time: r.now(), Text: text})
		}
	})
	if s.Blocks {
		<-r.stop
		end = backend.Stopped
	}
	r.change(func() { r.task(s, end) })
	return end
}

// task sets a task's state. It is called inside change.
func (r *run) task(s Step, state backend.State) {
	t := backend.Task{Path: s.Path, Image: s.Image, Created: r.now(), Inputs: s.Inputs}
	if old := r.tasks[s.Path]; old != nil {
		t = *old
	}
	if t.State = state; state == backend.Running {
		t.Started, t.Attempt = r.now(), max(1, s.Attempt)
	}
	if state.Final() {
		t.Finished, t.Message = r.now(), s.Message
	}
	switch state {
	case backend.Failed:
		t.Class, t.ExitCode = s.Class, s.ExitCode
	case backend.Succeeded, backend.Cached:
		t.Outputs, t.ExitCode = s.Outputs, s.ExitCode
	}
	r.tasks[s.Path] = &t
}

// change does f and tells what changed.
func (r *run) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, tasks := r.state, maps.Clone(r.tasks)
	f()
	for path, t := range r.tasks {
		if tasks[path] != t { // at most one
			r.events = append(r.events, backend.Event{Time: r.now(), Task: t})
		}
	}
	if before.State != r.state.State {
		r.events = append(r.events, backend.Event{Time: r.now(), Run: r.view()})
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *run) view() *backend.Run {
	s := r.state
	for _, path := range slices.Sorted(maps.Keys(r.tasks)) {
		s.Tasks = append(s.Tasks, r.tasks[path])
	}
	return &s
}

func (r *run) snapshot() *backend.Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.view()
}

// Watch yields the changes.
func (f *Runner) Watch(ctx context.Context, id backend.RunID) iter.Seq2[backend.Event, error] {
	return func(yield func(backend.Event, error) bool) {
		r, err := f.find("Watch", id)
		if err != nil {
			yield(backend.Event{}, err)
			return
		}
		if err := r.watch(ctx, yield); err != nil {
			yield(backend.Event{}, err)
		}
	}
}

func (r *run) watch(ctx context.Context, yield func(backend.Event, error) bool) error {
	r.mu.Lock()
	now, seen := r.view(), len(r.events)
	r.mu.Unlock()
	if !present(now, r.now(), yield) || now.State.Final() {
		return nil
	}
	for {
		r.mu.Lock()
		events, changed := r.events[seen:], r.changed
		r.mu.Unlock()
		seen += len(events)
		for _, e := range events {
			if !yield(e, nil) || e.Run != nil && e.Run.State.Final() {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// present yields how things stand: the run, its tasks, and a finished run once
// more, so that it is last.
func present(run *backend.Run, at time.Time, yield func(backend.Event, error) bool) bool {
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

// Logs yields the lines of the script.
func (f *Runner) Logs(ctx context.Context, id backend.RunID, opt backend.LogOptions) iter.Seq2[backend.Line, error] {
	return func(yield func(backend.Line, error) bool) {
		r, err := f.find("Logs", id)
		if err != nil {
			yield(backend.Line{}, err)
			return
		}
		err = r.logs(ctx, opt, func(l backend.Line) bool { return yield(l, nil) })
		if err != nil && !errors.Is(err, errBreak) {
			yield(backend.Line{}, err)
		}
	}
}

var errBreak = errors.New("broken off")

func (r *run) logs(ctx context.Context, opt backend.LogOptions, yield func(backend.Line) bool) error {
	seen := 0
	for {
		r.mu.Lock()
		lines, over, changed := r.lines[seen:], r.state.State.Final() || !opt.Follow, r.changed
		_, known := r.tasks[opt.Task]
		r.mu.Unlock()
		seen += len(lines)
		for _, l := range lines {
			if (opt.Task == "" || l.Task == opt.Task) && !yield(l) {
				return errBreak
			}
		}
		if over {
			if opt.Task != "" && !known {
				return fmt.Errorf("run %s has no task %q: %w", r.sub.ID, opt.Task, backend.ErrNotFound)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
