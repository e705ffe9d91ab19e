package argo

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/google/uuid"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// A Found is a Workflow of the namespace, whoever submitted it.
type Found struct {
	ID     backend.RunID // its label's, else one that follows from the Workflow
	Name   string
	Labels map[string]string
	State  backend.State
	r      *Runner
	wf     *wfv1.Workflow
	whole  bool
}

// page is how many Workflows are listed at once.
const page = 100

// Find yields the Workflows that a label selector chooses: those that are
// there, then, where Argo's server is known, archived ones. None is yielded
// twice.
func (r *Runner) Find(ctx context.Context, selector string) iter.Seq2[*Found, error] {
	return func(yield func(*Found, error) bool) {
		seen := map[string]bool{}
		opt := metav1.ListOptions{LabelSelector: selector, Limit: page}
		for {
			list, err := r.workflows.List(ctx, opt)
			if err != nil {
				yield(nil, r.fail("list Workflows", "", err))
				return
			}
			for i := range list.Items {
				seen[string(list.Items[i].UID)] = true
				if !yield(r.found(&list.Items[i], true), nil) {
					return
				}
			}
			if opt.Continue = list.Continue; opt.Continue == "" {
				break
			}
		}
		if r.server == nil {
			return
		}
		for next := ""; ; {
			list, err := r.server.archived(ctx, r.namespace, selector, "", next)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range list.Items {
				if !seen[string(list.Items[i].UID)] && !yield(r.found(&list.Items[i], false), nil) {
					return
				}
			}
			if next = list.Continue; next == "" {
				return
			}
		}
	}
}

func (r *Runner) found(wf *wfv1.Workflow, whole bool) *Found {
	return &Found{ID: idOf(wf), Name: wf.Name, Labels: wf.Labels, State: runState(wf), r: r, wf: wf, whole: whole}
}

// Run is the run as the Workflow tells it.
func (f *Found) Run(ctx context.Context) (*backend.Run, error) {
	if !f.whole {
		wf, err := f.r.server.archivedByUID(ctx, f.r.namespace, string(f.wf.UID))
		if err != nil {
			return nil, err
		}
		f.wf, f.whole = wf, true
	}
	if err := f.r.unpack(ctx, f.wf); err != nil {
		return nil, err
	}
	return f.r.watchPods().add(ctx, convert(f.wf)), nil
}

// Manifest is the Workflow as it could be submitted again.
func (f *Found) Manifest() ([]byte, error) {
	wf := map[string]any{
		"apiVersion": wfv1.SchemeGroupVersion.String(), "kind": "Workflow", "spec": f.wf.Spec,
		"metadata": map[string]any{"name": f.wf.Name, "labels": f.wf.Labels, "annotations": f.wf.Annotations},
	}
	return yaml.Marshal(wf)
}

// idOf is the run id of a Workflow: its label's, else a UUIDv7 that follows
// from when the Workflow was made and its UID, so that whoever finds it gives it
// the same one.
func idOf(wf *wfv1.Workflow) backend.RunID {
	if id, err := uuid.Parse(wf.Labels[RunLabel]); err == nil && id.String() == wf.Labels[RunLabel] {
		return backend.RunID(id.String())
	}
	sum := sha256.Sum256([]byte(wf.UID))
	id, _ := uuid.FromBytes(sum[:16])
	ms := uint64(max(wf.CreationTimestamp.UnixMilli(), 0))
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6], id[8] = 0x70|id[6]&0x0f, 0x80|id[8]&0x3f
	return backend.RunID(id.String())
}

// Know tells under which name the Workflow of a run is to be found when no
// label names the run.
func (r *Runner) Know(id backend.RunID, name, uid string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[id] = workflowRef{name: name, uid: uid}
}

// A workflowRef is a Workflow by name; by its UID it is told from one that came
// later.
type workflowRef struct {
	name, uid string
	unlabeled bool // the label was looked for in vain
}

// where finds the Workflow of a run.
func (r *Runner) where(id backend.RunID) metav1.ListOptions {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ref := r.known[id]; ref.unlabeled {
		return metav1.ListOptions{FieldSelector: "metadata.name=" + ref.name}
	}
	return metav1.ListOptions{LabelSelector: selector(id)}
}

// byName goes over to the name of a Workflow that has no label; false when there
// is none to go over to.
func (r *Runner) byName(id backend.RunID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	ref, ok := r.known[id]
	if !ok || ref.name == "" || ref.unlabeled {
		return false
	}
	ref.unlabeled = true
	r.known[id] = ref
	return true
}

// ours drops Workflows that have the name of the run's, and are others.
func (r *Runner) ours(id backend.RunID, list *wfv1.WorkflowList) {
	r.mu.Lock()
	ref := r.known[id]
	r.mu.Unlock()
	if !ref.unlabeled {
		return
	}
	kept := list.Items[:0]
	for _, wf := range list.Items {
		if string(wf.UID) == ref.uid && wf.Name == ref.name {
			kept = append(kept, wf)
		}
	}
	list.Items = kept
}

// archivedRun is the Workflow of a run that is no longer there.
func (r *Runner) archivedRun(ctx context.Context, id backend.RunID) (*wfv1.Workflow, error) {
	none := fmt.Errorf("run %s has no Workflow in namespace %s: %w", id, r.namespace, backend.ErrNotFound)
	if r.server == nil {
		return nil, none
	}
	r.mu.Lock()
	ref := r.known[id]
	r.mu.Unlock()
	if ref.uid == "" {
		list, err := r.server.archived(ctx, r.namespace, selector(id), "", "")
		if err != nil {
			return nil, err
		}
		if len(list.Items) == 0 {
			return nil, fmt.Errorf("%w, nor in the archive", none)
		}
		ref.uid = string(list.Items[0].UID)
	}
	wf, err := r.server.archivedByUID(ctx, r.namespace, ref.uid)
	if err != nil {
		return nil, err
	}
	return wf, r.unpack(ctx, wf)
}

// Secret is one key of a secret of the namespace.
func (r *Runner) Secret(ctx context.Context, s store.Secret) (string, error) {
	secret, err := r.secrets.Get(ctx, s.Name, metav1.GetOptions{})
	if err != nil {
		return "", r.fail("read secret", s.Name, err)
	}
	data, ok := secret.Data[s.Key]
	if !ok {
		return "", fmt.Errorf("secret %s/%s has no key %q: %w", r.namespace, s.Name, s.Key, backend.ErrNotFound)
	}
	return string(data), nil
}

// storesFrom is how many Workflows are asked where the namespace keeps things.
const storesFrom = 20

// Stores are the places that Workflows of the namespace name, as the cluster
// itself says.
func (r *Runner) Stores(ctx context.Context) (store.Table, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	list, err := r.workflows.List(ctx, metav1.ListOptions{Limit: storesFrom})
	if err != nil {
		return nil, r.fail("list Workflows", "", err)
	}
	var all []*store.Store
	for i := range list.Items {
		all = append(all, newDecoder(&list.Items[i]).reader.Stores()...)
	}
	return store.NewTable(all...), nil
}
