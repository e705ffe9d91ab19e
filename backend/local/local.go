// Package local executes a pipeline on this machine: each container task is a
// process, each artifact a file. Its single idea is that the pipeline means here
// what it means in the cluster: the same outputs, the same skips, the same
// retries and the same end; only where a program runs is different.
//
// Every run has a folder, Options.Dir/<id>, that holds what the run knows of
// itself (run.json), the logs of each attempt and all that the tasks wrote.
package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/kfp-go/kfp-go/backend"
)

// Options say where and how runs execute. The zero value of every field but
// Dir works.
type Options struct {
	// Dir is the folder that holds the folders of all runs.
	Dir string
	// CacheDir holds what outlives runs: virtual environments of Python
	// components and results of cached tasks. "": Dir/../cache.
	CacheDir string
	// Parallelism is how many tasks run at once, 0: as many as there are CPUs.
	Parallelism int
	// Environ is the environment from which tasks get the few variables that
	// every program needs (PATH, HOME, the locale, proxies, certificates); nil:
	// this process's. Nothing else of it reaches a task.
	Environ []string
	// PassEnv names further variables of Environ that tasks get.
	PassEnv []string
	// Secrets and ConfigMaps stand in for the cluster's: NAME/KEY to value.
	// What is not in them is looked up in Environ as KFPGO_SECRET_NAME_KEY and
	// KFPGO_CONFIGMAP_NAME_KEY, in upper case with _ for other characters.
	Secrets, ConfigMaps map[string]string
	// CacheAll caches the tasks of KFP pipelines that merely do not forbid it;
	// otherwise only tasks that ask for it. NoCache reuses nothing.
	CacheAll, NoCache bool
	// SuccessState is what the final status of a task calls success, "":
	// SUCCEEDED.
	SuccessState string
	// Grace is how long a task that must stop may take before it is killed,
	// 0: 5 s.
	Grace time.Duration
	// Now is the clock, nil: time.Now. Sleep waits between attempts, nil: by
	// that clock's real time.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	// Censor, if set, gives a run without the secrets that it holds; so it is
	// written to run.json, from which other processes learn of it. It changes
	// nothing of what it is given.
	Censor func(*backend.Run) *backend.Run
	// Note, if set, is told what a run does differently from the cluster, and
	// of warnings. It is called from the run's goroutines, one call at a time
	// for each run.
	Note func(id backend.RunID, text string)
}

// A Runner runs pipelines on this machine.
type Runner struct {
	opt    Options
	submit sync.Mutex // one submission at a time: the same id twice is one run
	mu     sync.Mutex // guards what follows
	runs   map[backend.RunID]*run
	keys   map[string]backend.RunID
	venv   locks
}

var _ backend.Runner = (*Runner)(nil)

// New makes a Runner; it touches nothing yet.
func New(opt Options) *Runner {
	if opt.Parallelism <= 0 {
		opt.Parallelism = runtime.NumCPU()
	}
	if opt.CacheDir == "" {
		opt.CacheDir = filepath.Join(filepath.Dir(filepath.Clean(opt.Dir)), "cache")
	}
	if opt.Environ == nil {
		opt.Environ = os.Environ()
	}
	if opt.SuccessState == "" {
		opt.SuccessState = "SUCCEEDED"
	}
	if opt.Grace <= 0 {
		opt.Grace = 5 * time.Second
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Sleep == nil {
		opt.Sleep = sleep
	}
	return &Runner{opt: opt, runs: map[backend.RunID]*run{}, keys: map[string]backend.RunID{}}
}

// Submit starts the run in this process. The run is governed by ctx: when that
// is cancelled before the run has ended, the run is cancelled. An argument that
// the pipeline does not declare or that does not fit is backend.ErrInvalid.
func (l *Runner) Submit(ctx context.Context, s backend.Submission) (*backend.Run, error) {
	if err := checkID(s.ID); err != nil {
		return nil, err
	}
	if s.Pipeline == nil || s.Pipeline.Root == nil || s.Pipeline.Root.DAG() == nil {
		return nil, fmt.Errorf("%w: the submission holds no pipeline", backend.ErrInvalid)
	}
	l.submit.Lock()
	defer l.submit.Unlock()
	first, fresh, err := l.claim(s)
	if err != nil || !fresh {
		if err != nil {
			return nil, err
		}
		return l.Get(ctx, first)
	}
	r, err := l.open(ctx, s)
	if err != nil {
		l.release(s)
		return nil, err
	}
	snap := r.snapshot()
	go r.main()
	return snap, nil
}

// Get is a snapshot of a run of this process or of one recorded in Dir. A run
// whose process died is lost.
func (l *Runner) Get(_ context.Context, id backend.RunID) (*backend.Run, error) {
	if r := l.live(id); r != nil {
		return r.snapshot(), nil
	}
	return l.recorded(id)
}

// Cancel stops a run of this process: tasks get SIGTERM and, after the grace
// time, SIGKILL; exit handlers still run. A run of another process is told to
// do the same. Cancelling a finished run does nothing.
func (l *Runner) Cancel(ctx context.Context, id backend.RunID) error {
	if r := l.live(id); r != nil {
		r.cancel(errCancelled)
		return nil
	}
	run, err := l.Get(ctx, id)
	if err != nil || run.State.Final() {
		return err
	}
	return fileError(askToStop(filepath.Join(l.opt.Dir, string(id))))
}

// Close stops all runs of this Runner at once, exit handlers included, and waits
// until their last process and goroutine is gone.
func (l *Runner) Close() {
	l.mu.Lock()
	all := make([]*run, 0, len(l.runs))
	for _, r := range l.runs {
		all = append(all, r)
	}
	l.mu.Unlock()
	for _, r := range all {
		r.abort(errCancelled)
	}
	for _, r := range all {
		<-r.ended
	}
}

var (
	errCancelled = errors.New("the run was cancelled")
	errDeadline  = errors.New("the run exceeded its time limit")
)

func (l *Runner) live(id backend.RunID) *run {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.runs[id]
}

// claim reserves the run's id and idempotency key; fresh is false when an
// earlier submission, here or in another process, has them.
func (l *Runner) claim(s backend.Submission) (first backend.RunID, fresh bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.runs[s.ID]; ok {
		return s.ID, false, nil
	}
	if _, err := l.recorded(s.ID); err == nil {
		return s.ID, false, nil
	}
	if s.IdempotencyKey != "" {
		if id, ok := l.keys[s.IdempotencyKey]; ok {
			return id, false, nil
		}
		id, taken, err := l.claimKey(s.IdempotencyKey, s.ID)
		if err != nil {
			return "", false, err
		}
		l.keys[s.IdempotencyKey] = id
		if taken {
			return id, false, nil
		}
	}
	return s.ID, true, nil
}

// release undoes a claim whose run could not be opened.
func (l *Runner) release(s backend.Submission) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.runs, s.ID)
	if s.IdempotencyKey != "" {
		delete(l.keys, s.IdempotencyKey)
		_ = os.Remove(l.keyFile(s.IdempotencyKey))
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
