package argo

import (
	"context"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kfp-go/kfp-go/backend"
)

// A Workflow does not tell when a pod got its node, when its program began and
// which image it ran; its pods do, as long as they are there. Not to be allowed
// to read them, or to come too late, leaves these facts out and is no error.

// workflowOfPod is the label by which Argo marks the pods of a Workflow.
const workflowOfPod = "workflows.argoproj.io/workflow"

const (
	// lookEvery is how often the pods of a run that goes on are listed at most.
	lookEvery = 5 * time.Second
	podsPage  = 500
)

// A fact is what a pod told of one attempt.
type fact struct {
	scheduled, started time.Time
	digest             string
	resources          *backend.Resources
	over               bool // nothing more will be told
}

// A podWatch gathers the facts of one run's pods.
type podWatch struct {
	r      *Runner
	facts  map[string]*fact
	looked time.Time
	denied bool
}

func (r *Runner) watchPods() *podWatch { return &podWatch{r: r, facts: map[string]*fact{}} }

// add puts into the run what its pods tell, asking them when that may be news.
func (w *podWatch) add(ctx context.Context, run *backend.Run) *backend.Run {
	if !w.denied && w.wanted(run) && (run.State.Final() || time.Since(w.looked) >= lookEvery) {
		w.look(ctx, run)
	}
	for _, t := range run.Tasks {
		eachAttempt(t, w.put)
	}
	return run
}

// wanted reports whether an attempt has begun whose facts are not complete.
func (w *podWatch) wanted(run *backend.Run) bool {
	wanted := false
	for _, t := range run.Tasks {
		eachAttempt(t, func(a *backend.Task) {
			f := w.facts[a.Pod]
			wanted = wanted || a.Pod != "" && (f == nil || !f.over && (a.State.Final() || f.started.IsZero()))
		})
	}
	return wanted
}

func eachAttempt(t *backend.Task, do func(*backend.Task)) {
	for _, earlier := range t.Earlier {
		do(earlier)
	}
	do(t)
}

func (w *podWatch) look(ctx context.Context, run *backend.Run) {
	opt := metav1.ListOptions{LabelSelector: workflowOfPod + "=" + run.Name, Limit: podsPage}
	for {
		list, err := w.r.pods.List(ctx, opt)
		if err != nil {
			w.denied = !transient(err)
			return
		}
		for i := range list.Items {
			w.facts[list.Items[i].Name] = factOf(&list.Items[i])
		}
		if opt.Continue = list.Continue; opt.Continue == "" {
			break
		}
	}
	w.looked = time.Now()
	for _, t := range run.Tasks { // pods that are gone will not come again
		eachAttempt(t, func(a *backend.Task) {
			if a.Pod != "" && a.State.Final() {
				if w.facts[a.Pod] == nil {
					w.facts[a.Pod] = &fact{}
				}
				w.facts[a.Pod].over = true
			}
		})
	}
}

func factOf(p *corev1.Pod) *fact {
	f := &fact{resources: podResources(p)}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionTrue {
			f.scheduled = at(c.LastTransitionTime)
		}
	}
	for i := range p.Status.ContainerStatuses {
		c := &p.Status.ContainerStatuses[i]
		if c.Name != mainContainer {
			continue
		}
		if i := strings.LastIndex(c.ImageID, "sha256:"); i >= 0 {
			f.digest = c.ImageID[i:]
		}
		switch {
		case c.State.Terminated != nil:
			f.started, f.over = at(c.State.Terminated.StartedAt), true
		case c.State.Running != nil:
			f.started = at(c.State.Running.StartedAt)
		}
	}
	return f
}

func (w *podWatch) put(t *backend.Task) {
	f := w.facts[t.Pod]
	if t.Pod == "" || f == nil {
		return
	}
	t.Scheduled, t.ImageDigest = f.scheduled, f.digest
	if f.resources != nil {
		t.Resources = f.resources
	}
	if !f.started.IsZero() && (t.Finished.IsZero() || !f.started.After(t.Finished)) {
		t.Started = f.started
	}
}
