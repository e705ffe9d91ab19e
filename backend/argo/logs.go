package argo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/taskpath"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// maxStreams is how many logs are open at once.
const maxStreams = 64

// Logs implements backend.Runner. The log of a pod that is gone is read where
// Argo has archived it; where it has not, the sequence ends by saying so.
func (r *Runner) Logs(ctx context.Context, id backend.RunID, opt backend.LogOptions) iter.Seq2[backend.Line, error] {
	return func(yield func(backend.Line, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		l := &logger{r: r, opt: opt, lines: make(chan backend.Line), queues: map[string]*queue{},
			taken: map[string]bool{}, streams: make(chan struct{}, maxStreams)}
		done := make(chan error, 1)
		go func() {
			done <- l.run(ctx, id)
			close(l.lines)
		}()
		stopped := false
		for line := range l.lines {
			if !stopped && !yield(line, nil) {
				stopped = true
				cancel()
			}
		}
		if err := <-done; err != nil && !stopped {
			yield(backend.Line{}, err)
		}
	}
}

// A logger follows a run and reads the log of each pod once it has one: tasks
// side by side, the attempts of one task one after the other.
type logger struct {
	r       *Runner
	opt     backend.LogOptions
	lines   chan backend.Line
	queues  map[string]*queue // by task path; used by one goroutine only
	taken   map[string]bool   // nodes that are queued
	streams chan struct{}
	readers sync.WaitGroup

	mu   sync.Mutex
	gone []string // tasks of which a pod is gone
	why  error    // the last archived log could not be read
	err  error    // the first
	read bool     // some pod's log could be read
}

// A queue holds the pods of one task whose logs are still to be read.
type queue struct {
	mu     sync.Mutex
	pods   []pod
	active bool
}

// A pod is one attempt of a task; archived is the URI of its archived log.
type pod struct {
	name, path, archived string
	stores               store.Table
}

func (l *logger) run(ctx context.Context, id backend.RunID) error {
	err := l.look(ctx, id)
	l.readers.Wait()
	if err != nil {
		return err
	}
	if l.err != nil || ctx.Err() != nil {
		return cmpErr(l.err, ctx.Err())
	}
	return l.missing()
}

func (l *logger) look(ctx context.Context, id backend.RunID) error {
	if l.opt.Follow {
		known := false
		err := l.r.follow(ctx, id, func(wf *wfv1.Workflow) bool {
			l.start(ctx, wf)
			known = known || l.known(wf)
			return ctx.Err() == nil
		})
		if err == nil && ctx.Err() == nil && !known {
			err = l.unknown(id)
		}
		return err
	}
	wf, err := l.r.find(ctx, id)
	if err != nil {
		return err
	}
	if !l.known(wf) {
		return l.unknown(id)
	}
	l.start(ctx, wf)
	return nil
}

func (l *logger) known(wf *wfv1.Workflow) bool {
	if l.opt.Task == "" {
		return true
	}
	for _, path := range newDecoder(wf).paths() {
		if l.wanted(path) {
			return true
		}
	}
	return false
}

func (l *logger) unknown(id backend.RunID) error {
	return fmt.Errorf("run %s has no task %q: %w", id, l.opt.Task, backend.ErrNotFound)
}

func (l *logger) wanted(path string) bool { return l.opt.Task == "" || l.opt.Task == path }

// start queues the pods that have begun since the last look.
func (l *logger) start(ctx context.Context, wf *wfv1.Workflow) {
	d := newDecoder(wf)
	paths := d.paths()
	var stores store.Table
	if l.r.archive != nil {
		stores = d.reader.Stores()
	}
	ids := make([]string, 0, len(paths))
	for id := range paths {
		if l.wanted(paths[id]) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return taskpath.Compare(paths[a], paths[b]) })
	for _, id := range ids {
		node := wf.Status.Nodes[id]
		for _, attempt := range attempts(wf, &node) {
			if !l.taken[attempt.ID] && begun(attempt) {
				l.taken[attempt.ID] = true
				l.enqueue(ctx, pod{podName(wf, attempt), paths[id], d.reader.Logs(attempt), stores})
			}
		}
	}
}

// attempts are the pods of a task, in the order in which they ran.
func attempts(wf *wfv1.Workflow, node *wfv1.NodeStatus) []*wfv1.NodeStatus {
	if node.Type != wfv1.NodeTypeRetry {
		return []*wfv1.NodeStatus{node}
	}
	var out []*wfv1.NodeStatus
	for _, id := range node.Children {
		if child, ok := wf.Status.Nodes[id]; ok && isAttempt(node, &child) {
			out = append(out, &child)
		}
	}
	return out
}

// begun reports whether the node has a pod whose container has started.
func begun(node *wfv1.NodeStatus) bool {
	if node.Type != wfv1.NodeTypePod || node.MemoizationStatus != nil && node.MemoizationStatus.Hit {
		return false
	}
	switch node.Phase {
	case wfv1.NodeRunning, wfv1.NodeSucceeded, wfv1.NodeFailed, wfv1.NodeError:
		return true
	}
	return false
}

func (l *logger) enqueue(ctx context.Context, p pod) {
	q := l.queues[p.path]
	if q == nil {
		q = new(queue)
		l.queues[p.path] = q
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pods = append(q.pods, p)
	if !q.active {
		q.active = true
		l.readers.Go(func() { l.drain(ctx, q) })
	}
}

// drain reads the queued pods, until there are none.
func (l *logger) drain(ctx context.Context, q *queue) {
	for {
		q.mu.Lock()
		if len(q.pods) == 0 {
			q.active = false
			q.mu.Unlock()
			return
		}
		p := q.pods[0]
		q.pods = q.pods[1:]
		q.mu.Unlock()
		select {
		case l.streams <- struct{}{}:
		case <-ctx.Done():
			return
		}
		err := l.stream(ctx, p)
		if errors.Is(err, backend.ErrNotFound) && p.archived != "" && l.r.archive != nil {
			err = l.fromArchive(ctx, p)
		}
		<-l.streams
		l.note(p, err)
	}
}

func (l *logger) note(p pod, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.read = true
	case errors.Is(err, errNoArchive):
		l.gone, l.why = append(l.gone, p.path), err
	case errors.Is(err, backend.ErrNotFound):
		l.gone = append(l.gone, p.path)
	case l.err == nil && !errors.Is(err, context.Canceled):
		l.err = err
	}
}

const maxNamed = 5

// missing explains logs that cannot be read any more.
func (l *logger) missing() error {
	if len(l.gone) == 0 {
		return nil
	}
	slices.SortFunc(l.gone, taskpath.Compare)
	names := slices.Compact(l.gone)
	more := ""
	if len(names) > maxNamed {
		more = fmt.Sprintf(" and %d more", len(names)-maxNamed)
		names = names[:maxNamed]
	}
	why := l.why
	if why == nil {
		why = fmt.Errorf("the pods were deleted, and Argo has archived no logs of them: %w", backend.ErrNotFound)
	}
	return fmt.Errorf("there are no logs of %s%s: %w", strings.Join(names, ", "), more, why)
}

// errNoArchive marks an archived log that cannot be read.
var errNoArchive = errors.New("the pods were deleted, and their archived logs cannot be read")

// fromArchive reads the archived log of a pod that is gone.
func (l *logger) fromArchive(ctx context.Context, p pod) error {
	err := ReadArchived(ctx, func(ctx context.Context) (io.ReadCloser, error) { return l.r.archive(ctx, p.archived, p.stores) },
		func(line string) error { return l.send(ctx, backend.Line{Task: p.path, Text: line}) })
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: %w", errNoArchive, err)
	}
	return err
}

// ReadArchived yields the lines of an archived log, without those that Argo's
// executor mixed in, until yield returns an error.
func ReadArchived(ctx context.Context, open func(context.Context) (io.ReadCloser, error), yield func(line string) error) error {
	body, err := open(ctx)
	if err != nil {
		return err
	}
	defer body.Close()
	var filter executor
	in := bufio.NewReaderSize(body, 64<<10)
	for {
		line, err := readLine(in)
		if (line != "" || err == nil) && !filter.wrote(line) {
			if err := yield(line); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
