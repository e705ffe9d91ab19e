// Package record writes what a runner reports into the metadata file: first
// the intent, durably, before anything is created; then what happens, in
// batches; last the outcome. Its idea: the recorder only ever says what it has
// seen, so a recorder that dies loses at most its last batch, and another one
// can go on.
package record

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/failpoint"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/taskpath"
)

// Engines.
const (
	Local = "local"
	Argo  = "argo"
)

// Bounds of a batch.
const (
	DefaultEvery   = 2 * time.Second
	DefaultRecords = 500
)

// Options choose who writes and how often.
type Options struct {
	By  metadata.Writer
	Now func() time.Time // nil: time.Now
	// Every is the longest time that something reported stays unwritten, zero:
	// DefaultEvery.
	Every time.Duration
	// Key seals secrets, so that whoever has it can tell whether two are equal;
	// nil: nothing is kept of them. It stays outside the store.
	Key []byte
	// Failed, if set, is told of batches that could not be written; they stay
	// pending and Close tries again. It is called from another goroutine.
	Failed func(error)
	// Wrote, if set, is told of each event once it is durable, in order. It is
	// called from other goroutines, one call at a time, and holds up the next
	// event.
	Wrote func(*metadata.Event)
}

// A Plan is what is known of a run before it is created.
type Plan struct {
	ID         backend.RunID
	Name       string
	Pipeline   string
	Source     string // the file's name as the user gave it
	Engine     string // Local or Argo
	Cluster    string
	Namespace  string
	Spec       []byte // the pipeline file; kept as a document, nil: not kept
	Manifest   []byte // what is submitted; likewise
	Labels     map[string]string
	Profile    string
	Code       *metadata.Code
	SLO        *metadata.SLO // what the pipeline promises, nil: nothing
	Parameters map[string]any
	// Secrets names the parameters whose values are never written, here or in
	// tasks that are given them.
	Secrets []string
	// Hidden are texts that are never written, nor pieces or encodings of them.
	Hidden []string
}

// A Recorder writes one run. Its methods may be called from several goroutines.
type Recorder struct {
	store metadata.Store
	opt   Options
	run   backend.RunID
	seen  string
	known *metadata.Run // what was recorded before, nil: nothing
	// attempts are those of known, by their keys.
	attempts map[string]*metadata.TaskRecord
	// contents is what is recorded of artifacts in a cluster's stores, which do
	// not change; by URI.
	contents map[string]metadata.Content

	mu      sync.Mutex // guards what follows
	hidden  *redactor
	task    map[string]*backend.Task
	state   *backend.Run
	timer   *time.Timer
	closed  bool
	flushes sync.WaitGroup

	writing sync.Mutex // held while a batch is written; guards what follows
	chain   metadata.Chain
	unsent  []*metadata.Event // made, and not stored for certain
	made    []*metadata.Event // all of the run, where it began here
	written map[string]string // by the key of a record: the last one's text
}

// Start records the intent and returns once it is durable; only then may the
// run be created.
func Start(ctx context.Context, store metadata.Store, opt Options, p Plan) (*Recorder, error) {
	r := open(store, opt, p.ID, p.Engine)
	r.hidden = newRedactor(opt.Key, p.Parameters, p.Secrets, p.Hidden)
	// Documents name the secrets that the cluster keeps, as parameters do; what
	// is taken out of them are the secrets themselves.
	texts := newRedactor(nil, nil, nil, p.Hidden)
	rec := &metadata.RunRecord{State: metadata.Planned, Name: p.Name, Pipeline: p.Pipeline, Source: r.hidden.text(p.Source), Engine: p.Engine,
		Cluster: p.Cluster, Namespace: p.Namespace, Profile: p.Profile, Code: p.Code, SLO: p.SLO, Labels: r.hidden.texts(p.Labels), Created: r.opt.Now().UTC()}
	var err error
	if rec.Spec, err = r.document(ctx, texts, p.Spec); err != nil {
		return nil, err
	}
	if rec.Manifest, err = r.document(ctx, texts, p.Manifest); err != nil {
		return nil, err
	}
	if rec.Parameters, err = r.parameters(ctx, p.Parameters); err != nil {
		return nil, err
	}
	return r, r.write(ctx, []metadata.Record{{Run: rec}})
}

// Resume goes on with a run that another process recorded. What is recorded
// already is not written again.
func Resume(store metadata.Store, opt Options, run *metadata.Run) *Recorder {
	r := open(store, opt, backend.RunID(run.ID), run.Engine)
	r.known, r.attempts = run, recordedTasks(run)
	if r.seen == metadata.SeenCluster {
		r.contents = run.Contents()
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(run.Parameters)) {
		if run.Parameters[name].Redacted {
			names = append(names, name)
		}
	}
	r.hidden = newRedactor(opt.Key, nil, names, nil)
	return r
}

// Adopt records a run that was found, and that nobody has planned here.
func Adopt(ctx context.Context, store metadata.Store, opt Options, p Plan, run *backend.Run) (*Recorder, error) {
	r := open(store, opt, p.ID, p.Engine)
	r.hidden = newRedactor(opt.Key, run.Parameters, p.Secrets, p.Hidden)
	rec := &metadata.RunRecord{State: metadata.Submitted, Name: run.Name, Pipeline: run.Pipeline, Engine: p.Engine, Cluster: p.Cluster,
		Namespace: run.Namespace, Workflow: run.Name, UID: run.UID, Labels: r.hidden.texts(p.Labels), Created: run.Created}
	var err error
	if rec.Manifest, err = r.document(ctx, newRedactor(nil, nil, nil, p.Hidden), p.Manifest); err != nil {
		return nil, err
	}
	if rec.Parameters, err = r.parameters(ctx, run.Parameters); err != nil {
		return nil, err
	}
	return r, r.write(ctx, []metadata.Record{{Run: rec}})
}

func open(store metadata.Store, opt Options, id backend.RunID, engine string) *Recorder {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Every <= 0 {
		opt.Every = DefaultEvery
	}
	seen := metadata.SeenLocal
	if engine == Argo {
		seen = metadata.SeenCluster
	}
	return &Recorder{store: store, opt: opt, run: id, seen: seen,
		task:    map[string]*backend.Task{},
		chain:   metadata.Chain{Run: string(id), By: opt.By, Now: opt.Now},
		written: map[string]string{}}
}

func (r *Recorder) document(ctx context.Context, hidden *redactor, data []byte) (string, error) {
	if data == nil {
		return "", nil
	}
	if len(hidden.values) > 0 {
		data = []byte(hidden.text(string(data)))
	}
	return r.store.PutBlob(ctx, data)
}

// Submitted records that the run exists and returns once that is durable.
func (r *Recorder) Submitted(ctx context.Context, run *backend.Run) error {
	rec := &metadata.RunRecord{State: metadata.Submitted, Name: run.Name, Namespace: run.Namespace, UID: run.UID, Pipeline: run.Pipeline}
	if r.seen == metadata.SeenCluster {
		rec.Workflow = run.Name
	}
	return r.write(ctx, []metadata.Record{{Run: rec}})
}

// NotSubmitted records that the run could not be created.
func (r *Recorder) NotSubmitted(ctx context.Context, why error) error {
	rec := &metadata.RunRecord{State: metadata.Failed, Seen: metadata.SeenLocal, Message: r.secrets().text("not submitted: " + why.Error()), Finished: r.opt.Now().UTC()}
	return r.write(ctx, []metadata.Record{{Run: rec}})
}

// Lost records that nothing more will be heard of the run.
func (r *Recorder) Lost(ctx context.Context, why string) error {
	return r.write(ctx, []metadata.Record{{Run: &metadata.RunRecord{Attempt: r.attempt(), State: metadata.Lost, Seen: metadata.SeenLocal, Message: why}}})
}

// attempt is that of the run so far.
func (r *Recorder) attempt() int {
	if r.known == nil {
		return 0
	}
	return r.known.Attempt
}

// Record takes an event. It writes nothing itself; within Options.Every, or
// once enough has gathered, a batch is written.
func (r *Recorder) Record(e backend.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if e.Task != nil {
		t := *e.Task
		r.task[t.Path] = &t
	} else if e.Run != nil {
		run := *e.Run
		r.state = &run
		r.hidden = r.hidden.with(run.Parameters)
	}
	switch {
	case len(r.task) >= DefaultRecords:
		r.schedule(0)
	case r.timer == nil:
		r.schedule(r.opt.Every)
	}
}

// schedule arranges for a flush; r.mu is held.
func (r *Recorder) schedule(after time.Duration) {
	if r.timer != nil {
		if !r.timer.Stop() {
			return // it is on its way
		}
		r.flushes.Done()
	}
	r.flushes.Add(1)
	r.timer = time.AfterFunc(after, func() {
		defer r.flushes.Done()
		r.mu.Lock()
		r.timer = nil
		r.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
		defer cancel()
		if err := r.Flush(ctx); err != nil && r.opt.Failed != nil {
			r.opt.Failed(err)
		}
	})
}

// writeTimeout bounds a batch that is written in the background.
const writeTimeout = 30 * time.Second

// Tee records events on their way to the caller.
func (r *Recorder) Tee(events iter.Seq2[backend.Event, error]) iter.Seq2[backend.Event, error] {
	return func(yield func(backend.Event, error) bool) {
		for e, err := range events {
			if err == nil {
				r.Record(e)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// Flush writes what is pending and returns once it is durable. After an error
// it stays pending.
func (r *Recorder) Flush(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	tasks, run := r.task, r.state
	r.task, r.state = map[string]*backend.Task{}, nil
	r.mu.Unlock()
	if err := r.batch(ctx, tasks, run); err != nil {
		r.putBack(tasks, run)
		return err
	}
	return r.send(ctx)
}

func (r *Recorder) putBack(tasks map[string]*backend.Task, run *backend.Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.Copy(tasks, r.task) // what is newer wins
	r.task = tasks
	if r.state == nil {
		r.state = run
	}
}

// batch makes the events of what is pending: tasks before the run, so that a
// run that is over is complete.
func (r *Recorder) batch(ctx context.Context, tasks map[string]*backend.Task, run *backend.Run) error {
	var records []metadata.Record
	texts := map[string]string{}
	for _, path := range slices.SortedFunc(maps.Keys(tasks), taskpath.Compare) {
		more, err := r.taskRecords(ctx, tasks[path], texts)
		if err != nil {
			return err
		}
		records = append(records, more...)
	}
	if run != nil {
		rec, err := r.runRecord(ctx, run)
		if err != nil {
			return err
		}
		if r.news(texts, "", rec, r.recordedRun()) {
			records = append(records, metadata.Record{Run: rec})
		}
	}
	if err := r.queue(records); err != nil {
		return err
	}
	maps.Copy(r.written, texts)
	return nil
}

// secrets is the redactor as it is now.
func (r *Recorder) secrets() *redactor {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hidden
}

// write stores records that are not buffered.
func (r *Recorder) write(ctx context.Context, records []metadata.Record) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := r.queue(records); err != nil {
		return err
	}
	return r.send(ctx)
}

// queue makes events of records; r.writing is held.
func (r *Recorder) queue(records []metadata.Record) error {
	if len(records) == 0 {
		return nil
	}
	events, err := r.chain.Events(records)
	r.unsent = append(r.unsent, events...)
	if r.known == nil {
		r.made = append(r.made, events...)
	}
	return err
}

// Run is the run as it is recorded, with what is pending: secrets left out,
// large values in their places. After an error it is what could be had, nil if
// that is nothing.
func (r *Recorder) Run(ctx context.Context) (*metadata.Run, error) {
	err := r.Flush(ctx)
	run, lerr := r.recorded(ctx)
	if run == nil {
		return nil, errors.Join(err, lerr)
	}
	return run, errors.Join(err, metadata.Inline(ctx, r.store, run))
}

// recorded is the run as the events of this recorder have it, where it began
// here, else as the store does.
func (r *Recorder) recorded(ctx context.Context) (*metadata.Run, error) {
	r.writing.Lock()
	defer r.writing.Unlock()
	if runs := metadata.Reduce(r.made); len(runs) > 0 {
		return runs[0], nil
	}
	snap, err := r.store.Load(ctx, metadata.Query{Run: string(r.run), Limit: 1})
	if err != nil || len(snap.Runs) == 0 {
		return nil, err
	}
	return snap.Runs[0], nil
}

// send stores the events that are not stored yet, in order; r.writing is held.
// After an error the very same event is tried again: each names the one before it, and it may
// have been stored although the store said otherwise.
func (r *Recorder) send(ctx context.Context) error {
	for len(r.unsent) > 0 {
		if err := r.appendOne(ctx, r.unsent[0]); err != nil {
			return err
		}
		if r.opt.Wrote != nil {
			r.opt.Wrote(r.unsent[0])
		}
		r.unsent = r.unsent[1:]
	}
	return nil
}

func (r *Recorder) appendOne(ctx context.Context, e *metadata.Event) error {
	if err := failpoint.Hit("record.append.before", e.Name()); err != nil {
		return err
	}
	if err := r.store.Append(ctx, e); err != nil {
		return err
	}
	return failpoint.Hit("record.append.after", e.Name())
}

// Close writes what is pending and ends the recorder; the store stays open.
func (r *Recorder) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	if r.timer != nil && r.timer.Stop() {
		r.flushes.Done()
	}
	r.timer = nil
	r.mu.Unlock()
	r.flushes.Wait()
	return r.Flush(ctx)
}
