package argo

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kfp-go/kfp-go/backend"
	lowered "github.com/kfp-go/kfp-go/compiler/argo"
)

// Labels of our Workflows.
const (
	RunLabel = lowered.LabelRun
	KeyLabel = "kfp-go/idempotency-key" // a hash of it
)

// MaxManifest is how large a Workflow may be, in bytes of JSON: what Argo works
// with. etcd refuses half as much again.
const MaxManifest = 1 << 20

// maxName is what Argo leaves of a Workflow's name.
const maxName = 63

// Submit creates the Workflow. Its name follows from the idempotency key, else
// from the run's id: a repeated request meets what the first one made.
func (r *Runner) Submit(ctx context.Context, s backend.Submission) (*backend.Run, error) {
	wf, err := r.prepare(s)
	if err != nil {
		return nil, err
	}
	if s.IdempotencyKey == "" {
		if old, err := r.present(ctx, s.ID); err != nil {
			return nil, err
		} else if old != nil {
			return convert(old), nil
		}
	}
	made, uncertain, err := r.create(ctx, wf, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		run, err := r.existing(ctx, wf)
		if err != nil && !errors.Is(err, backend.ErrConflict) {
			err = &uncertainError{err} // one of that name is there, and may be ours
		}
		return run, err
	}
	if err != nil {
		err = r.fail("create Workflow", wf.Name, err)
		if uncertain {
			err = &uncertainError{err}
		}
		return nil, err
	}
	return convert(made), nil
}

// DryRun has the API server judge the Workflow without creating it.
func (r *Runner) DryRun(ctx context.Context, s backend.Submission) error {
	wf, err := r.prepare(s)
	if err != nil {
		return err
	}
	_, _, err = r.create(ctx, wf, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return r.fail("create Workflow", wf.Name, err)
}

// creates is how often a creation is tried; its name makes repeating it safe.
const creates = 5

// create makes the Workflow. After an error, uncertain says that one of the tries
// may have made it all the same.
func (r *Runner) create(ctx context.Context, wf *wfv1.Workflow, opt metav1.CreateOptions) (made *wfv1.Workflow, uncertain bool, err error) {
	var b backoff
	for try := 1; ; try++ {
		made, err = r.createOnce(ctx, wf, opt)
		uncertain = uncertain || mayBeDone(err)
		if err == nil || !transient(err) || try == creates || ctx.Err() != nil {
			return made, uncertain, err
		}
		r.notice("the cluster did not answer; trying again")
		if err := r.sleep(ctx, b.next()); err != nil {
			return nil, uncertain, err
		}
	}
}

// createTime is how long an answer to one try is waited for; admission webhooks
// have up to half of it.
const createTime = time.Minute

func (r *Runner) createOnce(ctx context.Context, wf *wfv1.Workflow, opt metav1.CreateOptions) (*wfv1.Workflow, error) {
	ctx, cancel := context.WithTimeout(ctx, r.createTime)
	defer cancel()
	return r.workflows.Create(ctx, wf, opt)
}

// An uncertainError is a failed creation after which the Workflow may exist.
type uncertainError struct{ error }

func (e *uncertainError) Unwrap() []error { return []error{e.error, backend.ErrUncertain} }

// existing is the run whose Workflow has our name already: ours, if its labels
// say so.
func (r *Runner) existing(ctx context.Context, wf *wfv1.Workflow) (*backend.Run, error) {
	old, err := r.workflows.Get(ctx, wf.Name, metav1.GetOptions{})
	if err != nil {
		return nil, r.fail("read Workflow", wf.Name, err)
	}
	key := wf.Labels[KeyLabel]
	if old.Labels[RunLabel] == wf.Labels[RunLabel] || key != "" && old.Labels[KeyLabel] == key {
		return convert(old), nil
	}
	return nil, fmt.Errorf("the Workflow %s/%s exists and is another run (%s): %w", r.namespace, wf.Name, old.Labels[RunLabel], backend.ErrConflict)
}

// prepare makes the object that is sent.
func (r *Runner) prepare(s backend.Submission) (*wfv1.Workflow, error) {
	wf, err := decode(s.Manifest)
	if err != nil {
		return nil, err
	}
	if s.ID == "" {
		return nil, fmt.Errorf("a run without an id: %w", backend.ErrInvalid)
	}
	if wf.Namespace != "" && wf.Namespace != r.namespace {
		return nil, fmt.Errorf("the manifest is for namespace %q, not %q: %w", wf.Namespace, r.namespace, backend.ErrInvalid)
	}
	wf.Namespace = r.namespace
	wf.Name, wf.GenerateName = workflowName(wf, s), ""
	if wf.Labels == nil {
		wf.Labels = map[string]string{}
	}
	for k, v := range s.Labels {
		wf.Labels[k] = v
	}
	wf.Labels[RunLabel] = string(s.ID)
	if s.IdempotencyKey != "" {
		wf.Labels[KeyLabel] = shortHash(s.IdempotencyKey, 24)
	}
	return wf, checkSize(wf)
}

// decode reads a manifest strictly: an unknown field would be lost silently.
func decode(manifest []byte) (*wfv1.Workflow, error) {
	var meta metav1.TypeMeta
	if err := yaml.Unmarshal(manifest, &meta); err != nil {
		return nil, fmt.Errorf("the manifest is no YAML: %w: %w", backend.ErrInvalid, err)
	}
	if meta.Kind != "Workflow" || meta.APIVersion != wfv1.SchemeGroupVersion.String() {
		return nil, fmt.Errorf("the manifest is a %q of %q; only Workflows are submitted: %w", meta.Kind, meta.APIVersion, backend.ErrInvalid)
	}
	wf := new(wfv1.Workflow)
	if err := yaml.UnmarshalStrict(manifest, wf); err != nil {
		return nil, fmt.Errorf("the manifest is no Workflow: %w: %w", backend.ErrInvalid, err)
	}
	return wf, nil
}

// workflowName fixes the name: the key's, else the one that was asked for, else
// the manifest's, else one made of the run's id.
func workflowName(wf *wfv1.Workflow, s backend.Submission) string {
	base := strings.TrimRight(wf.GenerateName, "-")
	if base == "" {
		base = "run"
	}
	switch {
	case s.IdempotencyKey != "":
		if wf.Name != "" {
			base = wf.Name
		}
		return withSuffix(base, shortHash(s.IdempotencyKey, 10))
	case s.Name != "":
		return s.Name
	case wf.Name != "":
		return wf.Name
	}
	return withSuffix(base, shortHash(string(s.ID), 6))
}

func withSuffix(base, suffix string) string {
	base = strings.TrimRight(base[:min(len(base), maxName-len(suffix)-1)], "-.")
	return base + "-" + suffix
}

// shortHash is n letters and digits that a name may hold.
func shortHash(s string, n int) string {
	sum := sha256.Sum256([]byte(s))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:n]
}

// A TooLargeError says which templates make a Workflow too large.
type TooLargeError struct {
	Bytes     int
	Templates []TemplateSize // the largest first
}

// A TemplateSize is a template and the bytes of its JSON.
type TemplateSize struct {
	Name  string
	Bytes int
}

// Error names the biggest contributors.
func (e *TooLargeError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the Workflow has %d KiB and Argo takes at most %d KiB; the largest templates:", (e.Bytes+1023)/1024, MaxManifest/1024)
	for i, t := range e.Templates {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, " %s (%.1f KiB)", t.Name, float64(t.Bytes)/1024)
	}
	return b.String()
}

// Unwrap gives the class.
func (e *TooLargeError) Unwrap() error { return backend.ErrInvalid }

const namedTemplates = 5

// checkSize refuses what the API server or Argo would refuse less clearly.
func checkSize(wf *wfv1.Workflow) error {
	all, err := json.Marshal(wf)
	if err != nil {
		return fmt.Errorf("the manifest: %w: %w", backend.ErrInvalid, err)
	}
	if len(all) <= MaxManifest {
		return nil
	}
	e := &TooLargeError{Bytes: len(all)}
	for i := range wf.Spec.Templates {
		t := &wf.Spec.Templates[i]
		if text, err := json.Marshal(t); err == nil {
			e.Templates = append(e.Templates, TemplateSize{t.Name, len(text)})
		}
	}
	sort.SliceStable(e.Templates, func(i, j int) bool { return e.Templates[i].Bytes > e.Templates[j].Bytes })
	e.Templates = e.Templates[:min(len(e.Templates), namedTemplates)]
	return e
}

// find is the Workflow of a run, or what the archive has of it.
func (r *Runner) find(ctx context.Context, id backend.RunID) (*wfv1.Workflow, error) {
	wf, err := r.present(ctx, id)
	if wf == nil && err == nil {
		return r.archivedRun(ctx, id)
	}
	return wf, err
}

// present is the Workflow of a run, nil if there is none in the cluster.
func (r *Runner) present(ctx context.Context, id backend.RunID) (*wfv1.Workflow, error) {
	list, err := r.list(ctx, id)
	if err != nil || len(list.Items) == 0 {
		return nil, err
	}
	wf := &list.Items[0]
	return wf, r.unpack(ctx, wf)
}

func (r *Runner) list(ctx context.Context, id backend.RunID) (*wfv1.WorkflowList, error) {
	list, err := r.workflows.List(ctx, r.where(id))
	if err == nil && len(list.Items) == 0 && r.byName(id) {
		list, err = r.workflows.List(ctx, r.where(id))
	}
	if err != nil {
		return nil, r.fail("list Workflows", "", err)
	}
	r.ours(id, list)
	return list, nil
}

// selector finds the Workflow by its label; a text that is no label value
// finds nothing.
func selector(id backend.RunID) string {
	for _, c := range string(id) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_') {
			return RunLabel + "=none,!" + RunLabel
		}
	}
	return RunLabel + "=" + string(id)
}

// Get implements backend.Runner.
func (r *Runner) Get(ctx context.Context, id backend.RunID) (*backend.Run, error) {
	wf, err := r.find(ctx, id)
	if err != nil {
		return nil, err
	}
	return r.watchPods().add(ctx, convert(wf)), nil
}

// Cancel implements backend.Runner. Cancelling a run that is over does nothing.
func (r *Runner) Cancel(ctx context.Context, id backend.RunID) error {
	wf, err := r.find(ctx, id)
	if err != nil {
		return err
	}
	if wf.Status.Fulfilled() {
		return nil
	}
	patch := []byte(`{"spec":{"shutdown":"` + string(wfv1.ShutdownStrategyStop) + `"}}`)
	_, err = r.workflows.Patch(ctx, wf.Name, mergePatch, patch, metav1.PatchOptions{})
	return r.fail("stop Workflow", wf.Name, err)
}

// A backoff is the pause before the next try: it doubles, with jitter.
type backoff struct{ last time.Duration }

const (
	firstPause = 200 * time.Millisecond
	maxPause   = 15 * time.Second
)

func (b *backoff) next() time.Duration {
	b.last = min(max(2*b.last, firstPause), maxPause)
	return b.last/2 + jitter(b.last/2)
}

func (b *backoff) reset() { b.last = 0 }
