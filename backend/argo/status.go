package argo

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/taskpath"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// convert makes a run of a Workflow whose nodes are unpacked.
func convert(wf *wfv1.Workflow) *backend.Run {
	d := newDecoder(wf)
	run := &backend.Run{
		ID: idOf(wf), Name: wf.Name, Namespace: wf.Namespace, UID: string(wf.UID),
		Pipeline: d.pipeline(), State: runState(wf), Message: wf.Status.Message,
		Parameters: d.parameters(),
		Created:    wf.CreationTimestamp.UTC(), Started: at(wf.Status.StartedAt), Finished: at(wf.Status.FinishedAt),
	}
	if run.Created.Year() <= 1 {
		run.Created = time.Time{}
	}
	if run.State == backend.Succeeded {
		run.Outputs = d.outputs()
	}
	run.Tasks = d.tasks()
	for _, s := range d.reader.Stores() {
		if run.Stores == nil {
			run.Stores = map[string]map[string]string{}
		}
		run.Stores[s.URI] = settings(s)
	}
	return run
}

// settings are what reaches a store, in the words of the configuration.
func settings(s *store.Store) map[string]string {
	out := map[string]string{}
	for _, pair := range s.Settings() {
		out[pair[0]] = pair[1]
	}
	return out
}

func at(t metav1.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// runState translates the phase. A run that somebody stopped is stopped,
// whatever its tasks made of it, unless all went well.
func runState(wf *wfv1.Workflow) backend.State {
	switch wf.Status.Phase {
	case wfv1.WorkflowRunning:
		return backend.Running
	case wfv1.WorkflowSucceeded:
		return backend.Succeeded
	case wfv1.WorkflowFailed, wfv1.WorkflowError:
		if wf.Spec.Shutdown != "" {
			return backend.Stopped
		}
		return backend.Failed
	}
	return backend.Submitted
}

// tasks gives the last attempt of each task, in order of path.
func (d *decoder) tasks() []*backend.Task {
	paths := d.paths()
	out := make([]*backend.Task, 0, len(paths))
	for id, path := range paths {
		if node, ok := d.wf.Status.Nodes[id]; ok {
			out = append(out, d.task(path, &node))
		}
	}
	slices.SortFunc(out, func(a, b *backend.Task) int {
		return cmp.Or(taskpath.Compare(a.Path, b.Path), strings.Compare(a.Pod, b.Pod))
	})
	return out
}

func (d *decoder) task(path string, node *wfv1.NodeStatus) *backend.Task {
	all := attempts(d.wf, node)
	if len(all) == 0 {
		all = []*wfv1.NodeStatus{node}
	}
	last := all[len(all)-1]
	t := d.attempt(path, len(all), last)
	t.State = taskState(d.wf, node, last)
	t.Message = cmp.Or(last.Message, node.Message)
	if len(all) == 1 {
		t.Created = at(node.StartedAt)
	}
	t.Finished = at(node.FinishedAt)
	t.Class = ""
	if t.State == backend.Failed {
		t.Class = failureClass(last)
	}
	if t.State == backend.Cached {
		t.Pod = ""
	}
	if m := node.MemoizationStatus; m != nil {
		t.CacheKey = m.Key
	}
	t.Inputs, t.Outputs = d.values(last)
	for i, n := range all[:len(all)-1] {
		t.Earlier = append(t.Earlier, d.attempt(path, i+1, n))
	}
	return t
}

// attempt is what one node says of one attempt.
func (d *decoder) attempt(path string, number int, node *wfv1.NodeStatus) *backend.Task {
	t := &backend.Task{Path: path, State: taskState(d.wf, node, node), Attempt: number, Message: node.Message, Component: node.TemplateName,
		Image: d.image(node), Resources: templateResources(d.reader.Template(node)), Node: node.HostNodeName, Logs: d.reader.Logs(node),
		Created: at(node.StartedAt), Started: started(node), Finished: at(node.FinishedAt), ExitCode: exitCode(node)}
	if node.Type == wfv1.NodeTypePod {
		t.Pod = podName(d.wf, node)
	}
	if t.State == backend.Failed {
		t.Class = failureClass(node)
	}
	if m := node.MemoizationStatus; m != nil {
		t.CacheKey = m.Key
	}
	return t
}

// image is the image of the node's template, if it is fixed.
func (d *decoder) image(node *wfv1.NodeStatus) string {
	t := d.reader.Template(node)
	if t == nil || t.Container == nil || strings.Contains(t.Container.Image, "{{") {
		return ""
	}
	return t.Container.Image
}

// started is when the attempt's pod left the queue, as far as Argo tells.
func started(node *wfv1.NodeStatus) time.Time {
	if node.Phase == wfv1.NodePending {
		return time.Time{}
	}
	return at(node.StartedAt)
}

// isAttempt tells attempts from hooks, which are children too.
func isAttempt(retry, child *wfv1.NodeStatus) bool {
	return strings.HasPrefix(child.Name, retry.Name+"(")
}

func taskState(wf *wfv1.Workflow, node, last *wfv1.NodeStatus) backend.State {
	if node.MemoizationStatus != nil && node.MemoizationStatus.Hit && node.Phase == wfv1.NodeSucceeded {
		return backend.Cached
	}
	switch node.Phase {
	case wfv1.NodeRunning:
		return backend.Running
	case wfv1.NodeSucceeded:
		return backend.Succeeded
	case wfv1.NodeSkipped, wfv1.NodeOmitted:
		return backend.Skipped
	case wfv1.NodeFailed, wfv1.NodeError:
		if wf.Spec.Shutdown != "" && endedByStop(last) {
			return backend.Stopped
		}
		return backend.Failed
	}
	return backend.Pending
}

// endedByStop reports whether a task of a stopped run ended because of that.
// Argo says so, or finds the pod gone, or its program killed, before it comes
// to say so.
func endedByStop(node *wfv1.NodeStatus) bool {
	if strings.Contains(node.Message, "shutdown with strategy") || failureClass(node) == "preempted" {
		return true
	}
	code := exitCode(node)
	return code != nil && *code == 137
}

func exitCode(node *wfv1.NodeStatus) *int {
	if node.Outputs == nil || node.Outputs.ExitCode == nil {
		return nil
	}
	code, err := strconv.Atoi(*node.Outputs.ExitCode)
	if err != nil {
		return nil
	}
	return &code
}

// failureClass sorts a failed attempt; the first class that fits counts.
func failureClass(node *wfv1.NodeStatus) string {
	m, code := strings.ToLower(node.Message), exitCode(node)
	switch {
	case strings.Contains(m, "longer than the specified deadline"), strings.Contains(m, "deadlineexceeded"), m == "timeout":
		return "timeout"
	case strings.Contains(m, "oomkilled"):
		return "out-of-memory"
	case containsAny(m, "evict", "preempt", "pod deleted", "node lost", "nodelost", "node shutdown", "terminated in response to imminent node shutdown"),
		code != nil && *code == 143:
		return "preempted"
	case code == nil:
		return "infrastructure"
	}
	return "error"
}

func containsAny(s string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}

// maxPodPrefix is what Argo leaves before the hash of a pod's name.
const maxPodPrefix = 253 - 10 - 1

// podName is the name that Argo gives the pod of a node.
func podName(wf *wfv1.Workflow, node *wfv1.NodeStatus) string {
	if wf.Annotations["workflows.argoproj.io/pod-name-format"] == "v1" {
		return node.ID
	}
	if node.Name == wf.Name {
		return wf.Name
	}
	prefix := wf.Name
	if node.TemplateName != "" {
		prefix += "-" + node.TemplateName
	}
	prefix = prefix[:min(len(prefix), maxPodPrefix)]
	h := fnv.New32a()
	h.Write([]byte(node.Name))
	return fmt.Sprintf("%s-%d", prefix, h.Sum32())
}
