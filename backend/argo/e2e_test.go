//go:build e2e

package argo

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
)

// namespace is where the tests of this file work: KFPGO_E2E_NAMESPACE, else
// default. It needs a service account that may report results.
func namespace() string {
	if n := os.Getenv("KFPGO_E2E_NAMESPACE"); n != "" {
		return n
	}
	return "default"
}

func cluster(t *testing.T) *Runner {
	t.Helper()
	r, err := New(Options{Namespace: namespace()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func manifest(templates string) []byte {
	return []byte(`apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: e2e-argo-}
spec:
  entrypoint: main
  templates:
` + templates)
}

func id() backend.RunID { return backend.RunID(metadata.NewID(time.Now())) }

const lines = `
  - name: main
    retryStrategy: {limit: "1", retryPolicy: Always}
    container:
      image: busybox:1
      command: [sh, -c, 'for i in $(seq 1 5); do echo line $i; sleep 0.3; done; test "{{retries}}" = 1']
`

func TestClusterFollow(t *testing.T) {
	r, run := cluster(t), id()
	s := backend.Submission{ID: run, Manifest: manifest(lines)}
	if err := r.DryRun(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	made, err := r.Submit(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.Submit(t.Context(), s)
	if err != nil || again.UID != made.UID {
		t.Errorf("the same run again: %v, %v", again, err)
	}
	got := make(chan []string)
	go func() {
		var text []string
		for line, err := range r.Logs(t.Context(), run, backend.LogOptions{Follow: true}) {
			if err != nil {
				t.Error(err)
			}
			text = append(text, line.Text)
		}
		got <- text
	}()
	var last backend.Event
	for e, err := range r.Watch(t.Context(), run) {
		if err != nil {
			t.Fatal(err)
		}
		last = e
	}
	if last.Run == nil || last.Task != nil || last.Run.State != backend.Succeeded {
		t.Fatalf("last event: %+v", last)
	}
	if n := len(last.Run.Tasks); n != 1 || last.Run.Tasks[0].Attempt != 2 || last.Run.Tasks[0].State != backend.Succeeded {
		t.Errorf("tasks: %+v", last.Run.Tasks)
	}
	var want []string
	for range 2 {
		for i := range 5 {
			want = append(want, fmt.Sprint("line ", i+1))
		}
	}
	if text := <-got; !slices.Equal(text, want) {
		t.Errorf("followed log: %q", text)
	}
	var text []string
	for line, err := range r.Logs(t.Context(), run, backend.LogOptions{}) {
		if err != nil {
			t.Error(err)
		}
		text = append(text, line.Text)
	}
	if !slices.Equal(text, want) {
		t.Errorf("log afterwards: %q", text)
	}
	pod := last.Run.Tasks[0].Pod
	if err := r.pods.Delete(t.Context(), pod, deleteNow()); err != nil {
		t.Fatalf("the pod is not named %q: %v", pod, err)
	}
}

func TestClusterCancel(t *testing.T) {
	r, run := cluster(t), id()
	s := backend.Submission{ID: run, Manifest: manifest(`
  - name: main
    container: {image: "busybox:1", command: [sleep, "300"]}
`)}
	if _, err := r.Submit(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	cancelled := false
	var last *backend.Run
	for e, err := range r.Watch(t.Context(), run) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Task != nil && e.Task.State == backend.Running && !cancelled {
			cancelled = true
			if err := r.Cancel(t.Context(), run); err != nil {
				t.Fatal(err)
			}
		}
		if e.Run != nil {
			last = e.Run
		}
	}
	if last.State != backend.Stopped || last.Tasks[0].State != backend.Stopped {
		t.Errorf("run %s, task %+v", last.State, last.Tasks[0])
	}
	if err := r.Cancel(t.Context(), run); err != nil {
		t.Errorf("cancelling a run that is over: %v", err)
	}
}

// TestClusterFailures has each failure sorted into its class, and pending
// tasks say why they wait.
func TestClusterFailures(t *testing.T) {
	for class, template := range map[string]string{
		"error": `
  - name: main
    container: {image: "busybox:1", command: [sh, -c, exit 3]}`,
		"timeout": `
  - name: main
    activeDeadlineSeconds: 2
    container: {image: "busybox:1", command: [sleep, "60"]}`,
		"preempted": `
  - name: main
    container: {image: "busybox:1", command: [sh, -c, exit 143]}`,
	} {
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			r, run := cluster(t), id()
			if _, err := r.Submit(t.Context(), backend.Submission{ID: run, Manifest: manifest(template)}); err != nil {
				t.Fatal(err)
			}
			var last *backend.Run
			for e, err := range r.Watch(t.Context(), run) {
				if err != nil {
					t.Fatal(err)
				}
				if e.Run != nil {
					last = e.Run
				}
			}
			if task := last.Tasks[0]; last.State != backend.Failed || task.Class != class {
				t.Errorf("run %s, task %+v", last.State, task)
			}
		})
	}
}

func TestClusterPending(t *testing.T) {
	r, run := cluster(t), id()
	if _, err := r.Submit(t.Context(), backend.Submission{ID: run, Manifest: manifest(`
  - name: main
    nodeSelector: {no: such-node}
    container: {image: "busybox:1", command: ["true"]}
`)}); err != nil {
		t.Fatal(err)
	}
	for e, err := range r.Watch(t.Context(), run) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Task != nil && strings.Contains(e.Task.Message, "Unschedulable") {
			if e.Task.State != backend.Pending || !e.Task.Started.IsZero() {
				t.Errorf("unschedulable task: %+v", e.Task)
			}
			break
		}
	}
	if err := r.Cancel(t.Context(), run); err != nil {
		t.Error(err)
	}
}

func TestClusterErrors(t *testing.T) {
	r := cluster(t)
	if _, err := r.Get(t.Context(), id()); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("unknown run: %v", err)
	}
	nowhere, err := New(Options{Namespace: "no-such-namespace"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nowhere.Submit(t.Context(), backend.Submission{ID: id(), Manifest: manifest(lines)}); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("unknown namespace: %v", err)
	} else {
		t.Log(err)
	}
	key := backend.Submission{ID: id(), Manifest: manifest(lines), IdempotencyKey: string(id())}
	first, err := r.Submit(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	key.ID = id()
	second, err := r.Submit(t.Context(), key)
	if err != nil || second.UID != first.UID || second.ID != first.ID {
		t.Errorf("the same key again: %v, %v", second, err)
	}
	taken := backend.Submission{ID: id(), Name: first.Name, Manifest: manifest(lines)}
	if _, err := r.Submit(t.Context(), taken); !errors.Is(err, backend.ErrConflict) {
		t.Errorf("a name that is taken: %v", err)
	} else {
		t.Log(err)
	}
	if err := r.Cancel(t.Context(), first.ID); err != nil {
		t.Error(err)
	}
}
