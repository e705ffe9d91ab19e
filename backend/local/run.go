package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A run is one run of this process.
type run struct {
	local    *Runner
	opt      *Options
	id       backend.RunID
	name     string
	dir      string // absolute
	pipeline *ir.Pipeline
	inputs   map[string]any // of the root, converted
	created  time.Time

	// body governs everything but exit handlers, which obey hard alone.
	body, hard context.Context
	cancel     context.CancelCauseFunc // of body
	abort      context.CancelCauseFunc // of both
	release    func()                  // lets go of the submission's context
	unlock     func()                  // of the run's folder
	slots      chan struct{}
	guard      *watchdog
	ended      chan struct{}

	mu       sync.Mutex
	state    backend.Run // without Tasks
	tasks    map[string]*backend.Task
	failures string // the first failure, for the run's message
	watchers map[*watcher]struct{}
	dirty    chan struct{} // something is to be written to run.json
	noteMu   sync.Mutex
}

// open makes the run and its folder, without starting anything.
func (l *Runner) open(ctx context.Context, s backend.Submission) (*run, error) {
	inputs, params, err := rootInputs(s.Pipeline.Root, s.Args)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", backend.ErrInvalid, err)
	}
	dir, err := filepath.Abs(filepath.Join(l.opt.Dir, string(s.ID)))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, fileError(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fileError(err)
	}
	unlock, ok, err := lockFolder(dir)
	if err != nil {
		return nil, fileError(err)
	}
	if !ok {
		return nil, fmt.Errorf("run %s is being executed by another process: %w", s.ID, backend.ErrConflict)
	}
	n := l.opt.Parallelism
	if p := s.Pipeline.Parallelism; p > 0 && p < n {
		n = p
	}
	now := l.opt.Now().UTC()
	r := &run{
		local: l, opt: &l.opt, id: s.ID, dir: dir, pipeline: s.Pipeline, inputs: inputs, created: now,
		name: runName(s), unlock: unlock, slots: make(chan struct{}, n), ended: make(chan struct{}), guard: &watchdog{},
		tasks: map[string]*backend.Task{}, watchers: map[*watcher]struct{}{}, dirty: make(chan struct{}, 1),
	}
	r.state = backend.Run{
		ID: s.ID, Name: r.name, Pipeline: s.Pipeline.Name.Text, State: backend.Submitted,
		Parameters: params, Created: now, Folder: dir,
	}
	r.contexts(ctx)
	if err := r.write(); err != nil {
		r.abort(errCancelled)
		unlock()
		return nil, fileError(err)
	}
	l.mu.Lock()
	l.runs[s.ID] = r
	l.mu.Unlock()
	return r, nil
}

// contexts ties the run to the submission's context without inheriting its
// end: that cancels the body, and exit handlers still run.
func (r *run) contexts(ctx context.Context) {
	hard, abort := context.WithCancelCause(context.WithoutCancel(ctx))
	body, cancel := context.WithCancelCause(hard)
	stop := context.AfterFunc(ctx, func() { cancel(errCancelled) })
	r.hard, r.body, r.abort, r.cancel = hard, body, abort, cancel
	r.release = func() { stop() }
}

func runName(s backend.Submission) string {
	if s.Name != "" {
		return s.Name
	}
	tail := string(s.ID)
	if len(tail) > 5 {
		tail = tail[len(tail)-5:]
	}
	return s.Pipeline.Name.Text + "-" + tail
}

// main executes the run from start to end.
func (r *run) main() {
	saved := make(chan struct{})
	stopSaving := make(chan struct{})
	go r.saver(stopSaving, saved)
	go r.heed(r.body)
	r.update(func(s *backend.Run) { s.State, s.Started = backend.Running, r.now() })
	for _, text := range Ignored(r.pipeline) {
		r.note(text)
	}
	body := r.body
	if t := r.pipeline.Timeout; t > 0 {
		limited, stop := context.WithTimeoutCause(r.body, seconds(t), errDeadline)
		defer stop()
		body = limited
	}
	out := r.execute(body)
	r.guard.close()
	close(stopSaving)
	<-saved
	r.finish(body, out)
	r.release()
	r.abort(errCancelled) // frees the contexts
	r.unlock()
	close(r.ended)
}

// execute runs the root DAG; a bug of ours fails the run and not the process.
func (r *run) execute(ctx context.Context) (out outcome) {
	defer func() {
		if p := recover(); p != nil {
			out = failed("kfp-go has a bug, please report it: %v", p)
		}
	}()
	return r.dag(ctx, r.pipeline.Root, r.inputs, "")
}

// finish records the end of the run.
func (r *run) finish(body context.Context, out outcome) {
	r.update(func(s *backend.Run) {
		s.Finished = r.now()
		s.Message = r.failures
		switch {
		case out.state == backend.Succeeded:
			s.State = backend.Succeeded
			s.Message = ""
			s.Outputs = outputsOf(r.pipeline.Root.Outputs, out.values)
		case context.Cause(body) == errDeadline:
			s.State, s.Message = backend.Failed, errDeadline.Error()
		case body.Err() != nil && out.state == backend.Stopped:
			s.State, s.Message = backend.Stopped, errCancelled.Error()
		default:
			s.State = backend.Failed
			if s.Message == "" {
				s.Message = out.message
			}
		}
		r.saveFinal()
	})
}

func (r *run) now() time.Time { return r.opt.Now().UTC() }

// note tells about a difference or a warning.
func (r *run) note(text string) {
	if r.opt.Note == nil {
		return
	}
	r.noteMu.Lock()
	defer r.noteMu.Unlock()
	r.opt.Note(r.id, text)
}

// acquire waits for a free slot; false when the context ended first.
func (r *run) acquire(ctx context.Context) bool {
	select {
	case r.slots <- struct{}{}:
		if ctx.Err() != nil {
			<-r.slots
			return false
		}
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *run) free() { <-r.slots }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// fileError gives an error of the file system its class.
func fileError(err error) error {
	switch {
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w: %w", backend.ErrDenied, err)
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: %w", backend.ErrNotFound, err)
	}
	return err
}
