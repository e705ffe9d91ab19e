// Package backendtest is the contract of backend.Runner as a test suite. Every
// implementation passes it; a new one brings a factory and, if it executes
// something else than the pipeline itself, a way to prepare a submission.
package backendtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A Harness is what the suite needs to know of an implementation.
type Harness struct {
	// New makes a runner; it is called once for each test. Whatever must be
	// cleaned up is the business of t.Cleanup.
	New func(t *testing.T) backend.Runner
	// Prepare, if set, completes the submission of a case: lowers its pipeline,
	// or tells a runner that executes nothing what to pretend.
	Prepare func(t *testing.T, r backend.Runner, s *backend.Submission, c Case)
	// Limit is the longest that one test may take, 0: one minute.
	Limit time.Duration
	// Skip names tests of the suite that cannot be asked of the implementation,
	// with the reason.
	Skip map[string]string
}

// A Case is a pipeline and what must become of it. Its programs need a POSIX
// shell only.
type Case struct {
	Name     string
	Pipeline *ir.Pipeline
	Args     map[string]any
	// What is expected of the finished run.
	State   backend.State
	Tasks   []Task
	Outputs map[string]any // parameters
	// Blocks is a task that runs until the run is cancelled, "": none.
	Blocks string
}

// A Task is what is expected of one task.
type Task struct {
	Path    string
	State   backend.State
	Attempt int // 0: not looked at
	Exit    int // of a failed task
	Class   string
	Log     []string // lines, all attempts
	Outputs map[string]any
	// Finally marks a task that runs even when the run is cancelled.
	Finally bool
}

// Test runs the suite.
func Test(t *testing.T, h Harness) {
	if h.Limit == 0 {
		h.Limit = time.Minute
	}
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { h.start(t, c.Name).runsCase(c) })
	}
	for _, test := range []struct {
		name string
		f    func(*suite)
	}{
		{"UnknownRun", (*suite).unknownRun},
		{"SameIDIsTheSameRun", (*suite).sameID},
		{"SameKeyIsTheSameRun", (*suite).sameKey},
		{"WatchInOrder", (*suite).watchInOrder},
		{"WatchAFinishedRun", (*suite).watchFinished},
		{"WatchEndsWithItsContext", (*suite).watchContext},
		{"BreakingOffEarly", (*suite).breakOff},
		{"Cancel", (*suite).cancel},
		{"CancelAFinishedRun", (*suite).cancelFinished},
		{"TwoRunsAtOnce", (*suite).twoAtOnce},
		{"LogsFollow", (*suite).logsFollow},
		{"LogsOfOneTask", (*suite).logsOfOneTask},
	} {
		t.Run(test.name, func(t *testing.T) { test.f(h.start(t, test.name)) })
	}
}

// A suite is one test with its runner.
type suite struct {
	*testing.T
	h   Harness
	r   backend.Runner
	ctx context.Context
}

func (h Harness) start(t *testing.T, name string) *suite {
	t.Helper()
	if why, ok := h.Skip[name]; ok {
		t.Skip(why)
	}
	ctx, cancel := context.WithTimeout(context.Background(), h.Limit)
	t.Cleanup(cancel)
	return &suite{T: t, h: h, r: h.New(t), ctx: ctx}
}

func (s *suite) submission(c Case) backend.Submission {
	s.Helper()
	sub := backend.Submission{ID: newID(s.T), Pipeline: c.Pipeline, Args: c.Args}
	if s.h.Prepare != nil {
		s.h.Prepare(s.T, s.r, &sub, c)
	}
	return sub
}

// newID is a UUIDv7.
func newID(t *testing.T) backend.RunID {
	t.Helper()
	var b [16]byte
	if _, err := rand.Read(b[6:]); err != nil {
		t.Fatal(err)
	}
	ms := time.Now().UnixMilli()
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	return backend.RunID(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
}

func (s *suite) submit(c Case) *backend.Run {
	s.Helper()
	return s.send(s.submission(c))
}

func (s *suite) send(sub backend.Submission) *backend.Run {
	s.Helper()
	run, err := s.r.Submit(s.ctx, sub)
	if err != nil {
		s.Fatalf("Submit: %v", err)
	}
	if run == nil || run.ID == "" || run.Name == "" {
		s.Fatalf("Submit gave %+v", run)
	}
	return run
}

// wait is the finished run, as Watch gives it last.
func (s *suite) wait(id backend.RunID) *backend.Run {
	s.Helper()
	var last *backend.Run
	for e, err := range s.r.Watch(s.ctx, id) {
		if err != nil {
			s.Fatalf("Watch: %v", err)
		}
		last = e.Run
	}
	if last == nil || !last.State.Final() {
		s.Fatalf("the last event is no finished run: %+v", last)
	}
	return last
}

// runsCase submits the case and compares its end.
func (s *suite) runsCase(c Case) {
	run := s.submit(c)
	if c.Blocks != "" {
		s.awaitRunning(run.ID, c.Blocks)
		if err := s.r.Cancel(s.ctx, run.ID); err != nil {
			s.Fatalf("Cancel: %v", err)
		}
	}
	watched := s.wait(run.ID)
	got, err := s.r.Get(s.ctx, run.ID)
	if err != nil {
		s.Fatalf("Get: %v", err)
	}
	s.compare(c, got)
	if watched.State != got.State {
		s.Errorf("Watch ended with %s, Get says %s", watched.State, got.State)
	}
	s.compareLogs(c, run.ID)
}

func (s *suite) compare(c Case, run *backend.Run) {
	s.Helper()
	if run.State != c.State {
		s.Errorf("the run is %s (%s), want %s", run.State, run.Message, c.State)
	}
	var got, want []string
	for _, t := range run.Tasks {
		got = append(got, t.Path+"="+string(t.State))
	}
	for _, t := range c.Tasks {
		want = append(want, t.Path+"="+string(t.State))
	}
	if !slices.Equal(got, want) {
		s.Fatalf("tasks\n got %v\nwant %v\n%s", got, want, messages(run))
	}
	for i, w := range c.Tasks {
		s.compareTask(w, run.Tasks[i])
	}
	s.compareOutputs("the run", run.Outputs, c.Outputs)
	if run.Created.IsZero() || run.Started.IsZero() || run.Finished.Before(run.Started) {
		s.Errorf("times of the run: created %v, started %v, finished %v", run.Created, run.Started, run.Finished)
	}
}

func messages(run *backend.Run) string {
	var b strings.Builder
	for _, t := range run.Tasks {
		fmt.Fprintf(&b, "%s %s: %s\n", t.Path, t.State, t.Message)
	}
	return b.String()
}

func (s *suite) compareTask(want Task, got *backend.Task) {
	s.Helper()
	if want.Attempt != 0 && got.Attempt != want.Attempt {
		s.Errorf("%s: attempt %d, want %d", want.Path, got.Attempt, want.Attempt)
	}
	if want.Class != "" && got.Class != want.Class {
		s.Errorf("%s: class %q, want %q", want.Path, got.Class, want.Class)
	}
	if want.State == backend.Failed && want.Exit != 0 && (got.ExitCode == nil || *got.ExitCode != want.Exit) {
		s.Errorf("%s: exit code %v, want %d", want.Path, got.ExitCode, want.Exit)
	}
	if want.Outputs != nil {
		s.compareOutputs(want.Path, got.Outputs, want.Outputs)
	}
}

func (s *suite) compareOutputs(what string, got map[string]backend.Output, want map[string]any) {
	s.Helper()
	values := map[string]any{}
	for name, o := range got {
		if o.Artifact == nil && o.List == nil {
			values[name] = o.Value
		}
	}
	if len(values)+len(want) > 0 && !reflect.DeepEqual(values, want) {
		s.Errorf("outputs of %s: %#v, want %#v", what, values, want)
	}
}

func (s *suite) compareLogs(c Case, id backend.RunID) {
	s.Helper()
	got := s.lines(id, backend.LogOptions{})
	for _, t := range c.Tasks {
		// What is cancelled may or may not have come to its first word.
		if t.Path != c.Blocks && !slices.Equal(got[t.Path], t.Log) {
			s.Errorf("log of %s: %q, want %q", t.Path, got[t.Path], t.Log)
		}
		delete(got, t.Path)
	}
	if len(got) > 0 {
		s.Errorf("logs of %v", slices.Sorted(maps.Keys(got)))
	}
}

// lines are the logs of a run by task.
func (s *suite) lines(id backend.RunID, opt backend.LogOptions) map[string][]string {
	s.Helper()
	out := map[string][]string{}
	for line, err := range s.r.Logs(s.ctx, id, opt) {
		if err != nil {
			s.Fatalf("Logs: %v", err)
		}
		out[line.Task] = append(out[line.Task], line.Text)
	}
	return out
}

// awaitRunning waits until the task runs.
func (s *suite) awaitRunning(id backend.RunID, path string) {
	s.Helper()
	for e, err := range s.r.Watch(s.ctx, id) {
		if err != nil {
			s.Fatalf("Watch: %v", err)
		}
		if e.Task != nil && e.Task.Path == path && e.Task.State == backend.Running {
			return
		}
	}
	s.Fatalf("task %s never ran", path)
}

func (s *suite) unknownRun() {
	id := newID(s.T)
	if _, err := s.r.Get(s.ctx, id); !errors.Is(err, backend.ErrNotFound) {
		s.Errorf("Get: %v", err)
	}
	if err := s.r.Cancel(s.ctx, id); !errors.Is(err, backend.ErrNotFound) {
		s.Errorf("Cancel: %v", err)
	}
	n := 0
	for _, err := range s.r.Watch(s.ctx, id) {
		if n++; !errors.Is(err, backend.ErrNotFound) {
			s.Errorf("Watch: %v", err)
		}
	}
	for _, err := range s.r.Logs(s.ctx, id, backend.LogOptions{}) {
		if n++; !errors.Is(err, backend.ErrNotFound) {
			s.Errorf("Logs: %v", err)
		}
	}
	if n != 2 {
		s.Errorf("Watch and Logs yielded %d times, want one error each", n)
	}
}

func (s *suite) sameID() {
	sub := s.submission(hello())
	first, second := s.send(sub), s.send(sub)
	if first.ID != second.ID || first.Name != second.Name {
		s.Errorf("two runs: %s %s, %s %s", first.ID, first.Name, second.ID, second.Name)
	}
	s.compare(hello(), s.wait(first.ID))
	if third := s.send(sub); third.ID != first.ID || third.State != backend.Succeeded {
		s.Errorf("after the end: %s %s", third.ID, third.State)
	}
}

func (s *suite) sameKey() {
	a := s.submission(hello())
	a.IdempotencyKey = "key-" + strings.ToLower(string(a.ID))
	first := s.send(a)
	b := s.submission(hello())
	b.IdempotencyKey = a.IdempotencyKey
	if second := s.send(b); second.ID != first.ID || second.Name != first.Name {
		s.Errorf("two runs: %s %s, %s %s", first.ID, first.Name, second.ID, second.Name)
	}
	s.compare(hello(), s.wait(first.ID))
	if _, err := s.r.Get(s.ctx, b.ID); !errors.Is(err, backend.ErrNotFound) {
		s.Errorf("Get of the second id: %v", err)
	}
}

// watchInOrder: first the run, last the finished run; no task goes back from a
// final state, except to try again.
func (s *suite) watchInOrder() {
	run := s.submit(chain())
	var events []backend.Event
	for e, err := range s.r.Watch(s.ctx, run.ID) {
		if err != nil {
			s.Fatalf("Watch: %v", err)
		}
		if (e.Run == nil) == (e.Task == nil) {
			s.Fatalf("an event of neither or both: %+v", e)
		}
		events = append(events, e)
	}
	if len(events) < 2 || events[0].Run == nil {
		s.Fatalf("the first event is no run: %+v", events)
	}
	ended := map[string]backend.State{}
	for i, e := range events {
		if e.Run != nil && e.Run.State.Final() && i != len(events)-1 {
			s.Errorf("event %d of %d is the finished run", i, len(events))
		}
		if e.Task == nil {
			continue
		}
		if was, ok := ended[e.Task.Path]; ok && was != e.Task.State {
			s.Errorf("%s was %s and became %s", e.Task.Path, was, e.Task.State)
		}
		if e.Task.State.Final() {
			ended[e.Task.Path] = e.Task.State
		}
	}
	if len(ended) != len(chain().Tasks) {
		s.Errorf("the end was seen of %v", slices.Sorted(maps.Keys(ended)))
	}
}

func (s *suite) watchFinished() {
	run := s.submit(hello())
	s.wait(run.ID)
	var tasks, runs int
	var last backend.Event
	for e, err := range s.r.Watch(s.ctx, run.ID) {
		if err != nil {
			s.Fatalf("Watch: %v", err)
		}
		if last = e; e.Task != nil {
			tasks++
		} else {
			runs++
		}
	}
	if tasks != 1 || runs == 0 || last.Run == nil || last.Run.State != backend.Succeeded {
		s.Errorf("%d events of tasks, %d of runs, last %+v", tasks, runs, last)
	}
}

func (s *suite) watchContext() {
	run := s.submit(blocking())
	s.awaitRunning(run.ID, blocking().Blocks)
	ctx, cancel := context.WithCancel(s.ctx)
	errs := 0
	for _, err := range s.r.Watch(ctx, run.ID) {
		if err != nil {
			errs++
			if !errors.Is(err, context.Canceled) {
				s.Errorf("Watch: %v", err)
			}
		}
		cancel()
	}
	cancel()
	if errs != 1 {
		s.Errorf("%d errors, want one", errs)
	}
	s.stop(run.ID)
}

func (s *suite) stop(id backend.RunID) {
	s.Helper()
	if err := s.r.Cancel(s.ctx, id); err != nil {
		s.Fatalf("Cancel: %v", err)
	}
	s.wait(id)
}

func (s *suite) breakOff() {
	run := s.submit(blocking())
	s.awaitRunning(run.ID, blocking().Blocks)
	for range s.r.Watch(s.ctx, run.ID) {
		break
	}
	for range s.r.Logs(s.ctx, run.ID, backend.LogOptions{Follow: true}) {
		break
	}
	got, err := s.r.Get(s.ctx, run.ID)
	if err != nil || got.State != backend.Running {
		s.Errorf("the run is %+v, %v", got, err)
	}
	s.stop(run.ID)
}

func (s *suite) cancel() {
	c := blocking()
	run := s.submit(c)
	s.awaitRunning(run.ID, c.Blocks)
	for range 2 { // once more does no harm
		if err := s.r.Cancel(s.ctx, run.ID); err != nil {
			s.Fatalf("Cancel: %v", err)
		}
	}
	s.compare(c, s.wait(run.ID))
}

func (s *suite) cancelFinished() {
	run := s.submit(hello())
	s.wait(run.ID)
	if err := s.r.Cancel(s.ctx, run.ID); err != nil {
		s.Errorf("Cancel: %v", err)
	}
	if got := s.wait(run.ID); got.State != backend.Succeeded {
		s.Errorf("the run became %s", got.State)
	}
}

func (s *suite) twoAtOnce() {
	a, b := s.submit(blocking()), s.submit(failing())
	if a.ID == b.ID || a.Name == b.Name {
		s.Errorf("runs %s %s and %s %s", a.ID, a.Name, b.ID, b.Name)
	}
	s.awaitRunning(a.ID, blocking().Blocks)
	s.compare(failing(), s.wait(b.ID))
	if got, err := s.r.Get(s.ctx, a.ID); err != nil || got.State != backend.Running {
		s.Errorf("the other run: %+v, %v", got, err)
	}
	s.stop(a.ID)
}

func (s *suite) logsFollow() {
	c := blocking()
	run := s.submit(c)
	var got []string
	for line, err := range s.r.Logs(s.ctx, run.ID, backend.LogOptions{Follow: true}) {
		if err != nil {
			s.Fatalf("Logs: %v", err)
		}
		got = append(got, line.Task+": "+line.Text)
		if line.Task == c.Blocks {
			if err := s.r.Cancel(s.ctx, run.ID); err != nil {
				s.Fatalf("Cancel: %v", err)
			}
		}
	}
	want := []string{c.Blocks + ": on"}
	if !slices.Equal(got, want) {
		s.Errorf("lines %q, want %q", got, want)
	}
}

func (s *suite) logsOfOneTask() {
	run := s.submit(chain())
	s.wait(run.ID)
	got := s.lines(run.ID, backend.LogOptions{Task: "second"})
	if len(got) != 1 || !slices.Equal(got["second"], []string{"got one"}) {
		s.Errorf("lines %q", got)
	}
	for _, err := range s.r.Logs(s.ctx, run.ID, backend.LogOptions{Task: "nobody"}) {
		if !errors.Is(err, backend.ErrNotFound) {
			s.Errorf("log of an unknown task: %v", err)
		}
	}
}
