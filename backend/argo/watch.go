package argo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kfp-go/kfp-go/backend"
)

// Watch implements backend.Runner: list, watch from there, and begin again
// whenever the server has forgotten where we were. Between two looks a task may
// have passed through several states; the last of them is yielded.
func (r *Runner) Watch(ctx context.Context, id backend.RunID) iter.Seq2[backend.Event, error] {
	return func(yield func(backend.Event, error) bool) {
		d, pods := differ{yield: yield}, r.watchPods()
		err := r.follow(ctx, id, func(wf *wfv1.Workflow) bool { return d.look(pods.add(ctx, convert(wf))) })
		if err != nil && !d.stopped {
			yield(backend.Event{}, err)
		}
	}
}

// follow calls see with the Workflow of a run whenever it may have changed,
// until the run is over (nil), see returns false (nil), or it fails for good.
func (r *Runner) follow(ctx context.Context, id backend.RunID, see func(*wfv1.Workflow) bool) error {
	f := follower{r: r, id: id, see: see}
	for {
		done, err := f.round(ctx)
		if done || ctx.Err() != nil {
			return cmpErr(err, ctx.Err())
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, backend.ErrUnavailable) {
			return err
		}
		if f.failing.IsZero() {
			f.failing = time.Now()
			r.notice("lost the connection to the cluster; trying again")
		}
		if time.Since(f.failing) > r.patience {
			return err
		}
		if err := r.sleep(ctx, f.pause.next()); err != nil {
			return err
		}
	}
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

type follower struct {
	r       *Runner
	id      backend.RunID
	see     func(*wfv1.Workflow) bool
	version string // where the next watch begins, "": list first
	uid     string // of the Workflow, once seen
	failing time.Time
	pause   backoff
}

// errGone is what a watch ends with when it has to list again.
var errGone = errors.New("the server has forgotten the version")

// round lists if it must, then watches until the connection ends. done: there
// is nothing more to see.
func (f *follower) round(ctx context.Context) (done bool, err error) {
	if f.version == "" {
		if done, err := f.list(ctx); done || err != nil {
			return done, err
		}
	}
	began := time.Now()
	done, err = f.watch(ctx)
	switch {
	case errors.Is(err, errGone):
		f.version = ""
		err = f.breath(ctx, began)
	case err == nil && !done:
		err = f.breath(ctx, began) // the server ends watches now and then
	}
	return done, err
}

// breath keeps a server that ends every watch at once from being asked
// without a pause.
func (f *follower) breath(ctx context.Context, began time.Time) error {
	if time.Since(began) > time.Second {
		f.pause.reset()
		return nil
	}
	return f.r.sleep(ctx, f.pause.next())
}

func (f *follower) list(ctx context.Context) (done bool, err error) {
	list, err := f.r.list(ctx, f.id)
	if err != nil {
		return false, err
	}
	if len(list.Items) == 0 {
		return true, f.archived(ctx)
	}
	done, err = f.saw(ctx, &list.Items[0])
	f.version = list.ResourceVersion
	return done, err
}

// archived passes on what the archive has of a Workflow that is gone.
func (f *follower) archived(ctx context.Context) error {
	if f.uid != "" {
		f.r.Know(f.id, "", f.uid)
	}
	wf, err := f.r.archivedRun(ctx, f.id)
	switch {
	case errors.Is(err, backend.ErrNotFound):
		return f.missing()
	case err != nil:
		return err
	}
	f.see(wf)
	return nil
}

func (f *follower) missing() error {
	if f.uid != "" {
		return fmt.Errorf("the Workflow of run %s was deleted: %w", f.id, backend.ErrNotFound)
	}
	return fmt.Errorf("run %s has no Workflow in namespace %s: %w", f.id, f.r.namespace, backend.ErrNotFound)
}

// saw passes the Workflow on.
func (f *follower) saw(ctx context.Context, wf *wfv1.Workflow) (done bool, err error) {
	if f.uid != "" && f.uid != string(wf.UID) {
		return true, fmt.Errorf("the Workflow of run %s was deleted and made again: %w", f.id, backend.ErrNotFound)
	}
	f.uid = string(wf.UID)
	f.failing = time.Time{}
	if err := f.r.unpack(ctx, wf); err != nil {
		return true, err
	}
	if !f.see(wf) {
		return true, nil
	}
	return over(wf), nil
}

// over reports whether the run has ended, its exit handlers included.
func over(wf *wfv1.Workflow) bool { return wf.Status.Fulfilled() }

// watchTime is how long one watch lasts at most, in seconds, so that a dead
// connection that nobody notices is replaced.
const watchTime = 240

func (f *follower) watch(ctx context.Context) (done bool, err error) {
	timeout := int64(watchTime)
	opt := f.r.where(f.id)
	opt.ResourceVersion, opt.AllowWatchBookmarks, opt.TimeoutSeconds = f.version, true, &timeout
	w, err := f.r.workflows.Watch(ctx, opt)
	if gone(err) {
		return false, errGone
	}
	if err != nil {
		return false, f.r.fail("watch Workflow of run", string(f.id), err)
	}
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			return true, ctx.Err()
		case e, ok := <-w.ResultChan():
			if !ok {
				return false, nil
			}
			if done, err := f.event(ctx, e); done || err != nil {
				return done, err
			}
		}
	}
}

func gone(err error) bool {
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err)
}

func (f *follower) event(ctx context.Context, e watch.Event) (done bool, err error) {
	switch e.Type {
	case watch.Error:
		err := apierrors.FromObject(e.Object)
		if gone(err) {
			return false, errGone
		}
		return false, f.r.fail("watch Workflow of run", string(f.id), err)
	case watch.Deleted:
		if wf, ok := e.Object.(*wfv1.Workflow); ok {
			if done, err := f.saw(ctx, wf); done {
				return done, err
			}
		}
		return true, f.archived(ctx)
	case watch.Bookmark, watch.Added, watch.Modified:
		wf, ok := e.Object.(*wfv1.Workflow)
		if !ok {
			return false, nil
		}
		f.version = wf.ResourceVersion
		if e.Type == watch.Bookmark {
			f.failing = time.Time{}
			return false, nil
		}
		return f.saw(ctx, wf)
	}
	return false, nil
}

// A differ turns what is seen into events.
type differ struct {
	yield   func(backend.Event, error) bool
	last    *backend.Run
	tasks   map[string]*backend.Task
	stopped bool
}

// look yields what is new about the run: on the first look the run, then its
// tasks; later tasks before the run, so that a finished run comes last. It
// returns false when the consumer has enough.
func (d *differ) look(run *backend.Run) bool {
	now := time.Now()
	first := d.last == nil
	if first {
		d.tasks = make(map[string]*backend.Task, len(run.Tasks))
		if !d.send(backend.Event{Time: now, Run: run}) {
			return false
		}
	}
	for _, t := range run.Tasks {
		old := d.tasks[t.Path]
		if old != nil && reflect.DeepEqual(old, t) {
			continue
		}
		d.tasks[t.Path] = t
		if !d.send(backend.Event{Time: now, Task: t}) {
			return false
		}
	}
	changed := !first && !sameRun(d.last, run) || first && run.State.Final()
	d.last = run
	return !changed || d.send(backend.Event{Time: now, Run: run})
}

func (d *differ) send(e backend.Event) bool {
	d.stopped = !d.yield(e, nil)
	return !d.stopped
}

// sameRun compares all but the tasks.
func sameRun(a, b *backend.Run) bool {
	x, y := *a, *b
	x.Tasks, y.Tasks = nil, nil
	return reflect.DeepEqual(x, y)
}
