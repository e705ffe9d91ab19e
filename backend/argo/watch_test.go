package argo

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kfp-go/kfp-go/backend"
)

// script makes a run go through its life, one step each time it is called.
func script(s *server) func() bool {
	node := func(phase wfv1.NodePhase) func(*wfv1.Workflow) {
		return func(wf *wfv1.Workflow) {
			wf.Status.Phase = wfv1.WorkflowRunning
			wf.Status.Nodes = wfv1.Nodes{"n1": {ID: "n1", Name: "iris-1.train", DisplayName: "train", Type: wfv1.NodeTypePod, Phase: phase, TemplateName: "train"}}
		}
	}
	steps := []func(*wfv1.Workflow){
		func(wf *wfv1.Workflow) {
			wf.Name, wf.Namespace, wf.UID, wf.Labels = "iris-1", testNamespace, "u1", map[string]string{RunLabel: idA}
		},
		node(wfv1.NodePending), node(wfv1.NodeRunning), node(wfv1.NodeRunning), node(wfv1.NodeSucceeded),
		func(wf *wfv1.Workflow) {
			wf.Status.Phase, wf.Status.FinishedAt = wfv1.WorkflowSucceeded, metav1.NewTime(time.Unix(1e9, 0))
		},
	}
	return func() bool {
		if len(steps) == 0 {
			return false
		}
		s.put(steps[0])
		steps = steps[1:]
		return true
	}
}

// summary is an event in short.
func summary(e backend.Event) string {
	if e.Task != nil {
		return e.Task.Path + " " + string(e.Task.State)
	}
	return "run " + string(e.Run.State)
}

// TestWatchFaults: whatever happens to the connection, the consumer sees one
// life of the run: in order, nothing twice, the end last.
func TestWatchFaults(t *testing.T) {
	want := []string{"run submitted", "train pending", "run running", "train running", "train succeeded", "run succeeded"}
	flaky := func(code int, reason metav1.StatusReason, verb string) func(*server) {
		return func(s *server) {
			s.fault = func(v string, n int, w http.ResponseWriter) bool {
				if v != verb || n%2 == 1 {
					return false
				}
				fail(w, code, reason)
				return true
			}
		}
	}
	for name, arrange := range map[string]func(*server){
		"no fault":                func(*server) {},
		"cut after each event":    func(s *server) { s.cut = 1 },
		"cut after two":           func(s *server) { s.cut = 2 },
		"503 on watch":            flaky(503, metav1.StatusReasonServiceUnavailable, "watch"),
		"500 on list":             flaky(500, metav1.StatusReasonInternalError, "list"),
		"429 on list":             flaky(429, metav1.StatusReasonTooManyRequests, "list"),
		"410 at once":             flaky(410, metav1.StatusReasonExpired, "watch"),
		"connection reset":        func(s *server) { s.fault = reset },
		"410 in the middle":       func(s *server) { s.fault = nil; s.cut = -1 },
		"version forgotten often": func(s *server) { s.cut = 1; s.forget() },
	} {
		t.Run(name, func(t *testing.T) {
			s, r := serve(t)
			forgetful := false
			arrange(s)
			if s.cut < 0 {
				s.cut, forgetful = 0, true
			}
			step := script(s)
			step()
			var got []string
			var last *backend.Run
			for e, err := range r.Watch(t.Context(), idA) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, summary(e))
				if e.Run != nil {
					last = e.Run
				}
				// The next step comes once the last one was seen, so that every
				// state can be observed.
				if n := len(got); n < len(want) && slices.Contains([]string{"run submitted", "run running", "train running", "train succeeded"}, got[n-1]) {
					if forgetful {
						s.forget()
					}
					step()
					if got[n-1] == "train running" {
						step()
					}
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if last == nil || last.State != backend.Succeeded || len(last.Tasks) != 1 {
				t.Errorf("last: %+v", last)
			}
		})
	}
}

// reset drops every other connection without an answer.
func reset(verb string, n int, _ http.ResponseWriter) bool {
	if n%2 == 1 {
		return false
	}
	panic(http.ErrAbortHandler)
}

func drain(r *Runner, ctx context.Context, id backend.RunID) (events []string, err error) {
	for e, e2 := range r.Watch(ctx, id) {
		if e2 != nil {
			return events, e2
		}
		events = append(events, summary(e))
	}
	return events, nil
}

func TestWatchEnds(t *testing.T) {
	t.Run("unknown run", func(t *testing.T) {
		_, r := serve(t)
		if got, err := drain(r, t.Context(), idA); !errors.Is(err, backend.ErrNotFound) || len(got) > 0 {
			t.Errorf("%v, %v", got, err)
		}
	})
	t.Run("finished run", func(t *testing.T) {
		s, r := serve(t)
		for step := script(s); step(); {
		}
		got, err := drain(r, t.Context(), idA)
		if want := []string{"run succeeded", "train succeeded", "run succeeded"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v", got, err)
		}
	})
	t.Run("deleted run", func(t *testing.T) {
		s, r := serve(t)
		step := script(s)
		step()
		var ended error
		for e, err := range r.Watch(t.Context(), idA) {
			if err != nil {
				ended = err
			} else if e.Task == nil && e.Run.State == backend.Submitted {
				s.remove()
			}
		}
		if !errors.Is(ended, backend.ErrNotFound) {
			t.Errorf("%v", ended)
		}
	})
	t.Run("made again", func(t *testing.T) {
		s, r := serve(t)
		s.cut = 1
		step := script(s)
		step()
		var ended error
		for _, err := range r.Watch(t.Context(), idA) {
			if err != nil {
				ended = err
				continue
			}
			s.put(func(wf *wfv1.Workflow) { wf.UID = "u2" })
		}
		if !errors.Is(ended, backend.ErrNotFound) {
			t.Errorf("%v", ended)
		}
	})
	t.Run("denied", func(t *testing.T) {
		s, r := serve(t)
		script(s)()
		s.fault = func(verb string, _ int, w http.ResponseWriter) bool {
			if verb == "watch" {
				fail(w, http.StatusForbidden, metav1.StatusReasonForbidden)
			}
			return verb == "watch"
		}
		if _, err := drain(r, t.Context(), idA); !errors.Is(err, backend.ErrDenied) {
			t.Errorf("%v", err)
		}
	})
	t.Run("patience", func(t *testing.T) {
		s, r := serve(t)
		r.patience = time.Nanosecond
		script(s)()
		s.fault = func(_ string, _ int, w http.ResponseWriter) bool {
			fail(w, http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable)
			return true
		}
		if _, err := drain(r, t.Context(), idA); !errors.Is(err, backend.ErrUnavailable) {
			t.Errorf("%v", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		s, r := serve(t)
		script(s)()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var ended error
		for _, err := range r.Watch(ctx, idA) {
			ended = err
			cancel()
		}
		if !errors.Is(ended, context.Canceled) {
			t.Errorf("%v", ended)
		}
	})
	t.Run("broken off", func(t *testing.T) {
		s, r := serve(t)
		script(s)()
		n := 0
		for range r.Watch(t.Context(), idA) {
			n++
			break
		}
		if n != 1 {
			t.Errorf("%d events", n)
		}
	})
}

func pack(t *testing.T, nodes wfv1.Nodes) string {
	t.Helper()
	text, err := json.Marshal(nodes)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestLargeStatus(t *testing.T) {
	s, r := serve(t)
	for step := script(s); step(); {
	}
	s.put(func(wf *wfv1.Workflow) {
		wf.Status.CompressedNodes, wf.Status.Nodes = pack(t, wf.Status.Nodes), nil
	})
	if run, err := r.Get(t.Context(), idA); err != nil || len(run.Tasks) != 1 || run.Tasks[0].Path != "train" {
		t.Errorf("compressed: %+v, %v", run, err)
	}
	for _, text := range []string{"%", "aGVsbG8=", pack(t, nil)[:8]} {
		s.put(func(wf *wfv1.Workflow) { wf.Status.CompressedNodes = text })
		if _, err := r.Get(t.Context(), idA); err == nil {
			t.Errorf("damaged status %q was taken", text)
		}
	}
	s.put(func(wf *wfv1.Workflow) { wf.Status.CompressedNodes, wf.Status.OffloadNodeStatusVersion = "", "fnv:1" })
	if _, err := r.Get(t.Context(), idA); !errors.Is(err, backend.ErrUnavailable) {
		t.Errorf("offloaded: %v", err)
	}
}

func TestStatus(t *testing.T) {
	code := func(s string) *wfv1.Outputs { return &wfv1.Outputs{ExitCode: &s} }
	for _, c := range []struct {
		node  wfv1.NodeStatus
		state backend.State
		class string
	}{
		{wfv1.NodeStatus{Phase: wfv1.NodePending, Message: "Unschedulable: 0/1 nodes"}, backend.Pending, ""},
		{wfv1.NodeStatus{Phase: ""}, backend.Pending, ""},
		{wfv1.NodeStatus{Phase: wfv1.NodeRunning}, backend.Running, ""},
		{wfv1.NodeStatus{Phase: wfv1.NodeSucceeded, Outputs: code("0")}, backend.Succeeded, ""},
		{wfv1.NodeStatus{Phase: wfv1.NodeSucceeded, MemoizationStatus: &wfv1.MemoizationStatus{Hit: true}}, backend.Cached, ""},
		{wfv1.NodeStatus{Phase: wfv1.NodeSucceeded, MemoizationStatus: &wfv1.MemoizationStatus{}}, backend.Succeeded, ""},
		{wfv1.NodeStatus{Phase: wfv1.NodeSkipped}, backend.Skipped, ""},
		{wfv1.NodeStatus{Phase: wfv1.NodeOmitted}, backend.Skipped, ""},
		{wfv1.NodeStatus{Phase: wfv1.NodeFailed, Message: "Error (exit code 3)", Outputs: code("3")}, backend.Failed, "error"},
		{wfv1.NodeStatus{Phase: wfv1.NodeFailed, Message: "OOMKilled (exit code 137)", Outputs: code("137")}, backend.Failed, "out-of-memory"},
		{wfv1.NodeStatus{Phase: wfv1.NodeFailed, Message: "Pod was active on the node longer than the specified deadline", Outputs: code("143")}, backend.Failed, "timeout"},
		{wfv1.NodeStatus{Phase: wfv1.NodeError, Message: "pod deleted"}, backend.Failed, "preempted"},
		{wfv1.NodeStatus{Phase: wfv1.NodeFailed, Message: "Error (exit code 143)", Outputs: code("143")}, backend.Failed, "preempted"},
		{wfv1.NodeStatus{Phase: wfv1.NodeError, Message: "failed to look-up entrypoint"}, backend.Failed, "infrastructure"},
		{wfv1.NodeStatus{Phase: wfv1.NodeFailed, Outputs: code("x")}, backend.Failed, "infrastructure"},
	} {
		c.node.ID, c.node.Name, c.node.DisplayName, c.node.Type = "n", "w.t", "t", wfv1.NodeTypePod
		wf := &wfv1.Workflow{Status: wfv1.WorkflowStatus{Nodes: wfv1.Nodes{"n": c.node}}}
		wf.Name = "w"
		got := convert(wf).Tasks
		if len(got) != 1 || got[0].State != c.state || got[0].Class != c.class || got[0].Message != c.node.Message {
			t.Errorf("%s %q: %+v", c.node.Phase, c.node.Message, got[0])
		}
	}
}

// TestStopped: what ends in a stopped run, and because of it, is stopped.
func TestStopped(t *testing.T) {
	code := func(s string) *wfv1.Outputs { return &wfv1.Outputs{ExitCode: &s} }
	for _, c := range []struct {
		node wfv1.NodeStatus
		want backend.State
	}{
		{wfv1.NodeStatus{Phase: wfv1.NodeFailed, Message: "workflow shutdown with strategy:  Stop"}, backend.Stopped},
		{wfv1.NodeStatus{Phase: wfv1.NodeError, Message: "pod deleted"}, backend.Stopped},
		{wfv1.NodeStatus{Phase: wfv1.NodeFailed, Message: "Error (exit code 143)", Outputs: code("143")}, backend.Stopped},
		{wfv1.NodeStatus{Phase: wfv1.NodeFailed, Message: "Error (exit code 137)", Outputs: code("137")}, backend.Stopped},
		{wfv1.NodeStatus{Phase: wfv1.NodeFailed, Message: "Error (exit code 3)", Outputs: code("3")}, backend.Failed},
		{wfv1.NodeStatus{Phase: wfv1.NodeSucceeded}, backend.Succeeded},
	} {
		c.node.ID, c.node.Name, c.node.DisplayName, c.node.Type = "n", "w.t", "t", wfv1.NodeTypePod
		wf := &wfv1.Workflow{Spec: wfv1.WorkflowSpec{Shutdown: wfv1.ShutdownStrategyStop}, Status: wfv1.WorkflowStatus{Nodes: wfv1.Nodes{"n": c.node}}}
		if got := convert(wf).Tasks[0]; got.State != c.want {
			t.Errorf("%q: %+v", c.node.Message, got)
		}
	}
}

// TestRetries: a task is its last attempt, and hooks are no attempts.
func TestRetries(t *testing.T) {
	code := "1"
	wf := &wfv1.Workflow{Status: wfv1.WorkflowStatus{Nodes: wfv1.Nodes{
		"r": {ID: "r", Name: "w.t", DisplayName: "t", Type: wfv1.NodeTypeRetry, Phase: wfv1.NodeRunning, Children: []string{"a", "b", "h", "missing"}},
		"a": {ID: "a", Name: "w.t(0)", DisplayName: "t(0)", Type: wfv1.NodeTypePod, Phase: wfv1.NodeFailed, Outputs: &wfv1.Outputs{ExitCode: &code}},
		"b": {ID: "b", Name: "w.t(1)", DisplayName: "t(1)", Type: wfv1.NodeTypePod, Phase: wfv1.NodePending, Message: "ImagePullBackOff", TemplateName: "tmpl"},
		"h": {ID: "h", Name: "w.t.hooks.exit", DisplayName: "t.hooks.exit", Type: wfv1.NodeTypePod, Phase: wfv1.NodeRunning},
	}}}
	wf.Name = "w"
	run := convert(wf)
	i := slices.IndexFunc(run.Tasks, func(t *backend.Task) bool { return t.Path == "t" })
	if i < 0 || run.Tasks[i].Attempt != 2 || run.Tasks[i].Message != "ImagePullBackOff" || run.Tasks[i].Pod != "w-tmpl-854709218" || run.Tasks[i].ExitCode != nil {
		t.Errorf("%+v", run.Tasks)
	}
}

// TestUnstarted: tasks that a stopped run never came to are skipped; those of
// groups that were not started do not appear.
func TestUnstarted(t *testing.T) {
	wf, err := decode([]byte(`apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, labels: {kfp-go/pipeline: p}}
spec:
  entrypoint: root
  shutdown: Stop
  templates:
  - name: root
    dag: {tasks: [{name: wait, template: leaf}, {name: later, template: leaf}, {name: group, template: sub}, {name: many, template: leaf, withItems: [1]}]}
  - name: sub
    dag: {tasks: [{name: inner, template: leaf}]}
  - name: leaf
    container: {image: busybox:1, command: ["true"]}
`))
	if err != nil {
		t.Fatal(err)
	}
	wf.Status.Phase = wfv1.WorkflowFailed
	wf.Status.Nodes = wfv1.Nodes{
		"w": {ID: "w", Name: "w", DisplayName: "w", Type: wfv1.NodeTypeDAG, TemplateName: "root", Phase: wfv1.NodeFailed},
		"x": {ID: "x", Name: "w.wait", DisplayName: "wait", BoundaryID: "w", Type: wfv1.NodeTypePod, TemplateName: "leaf", Phase: wfv1.NodeFailed,
			Message: "workflow shutdown with strategy:  Stop"},
	}
	run := convert(wf)
	var got []string
	for _, task := range run.Tasks {
		got = append(got, task.Path+" "+string(task.State))
	}
	if want := []string{"later skipped", "wait stopped"}; run.State != backend.Stopped || !slices.Equal(got, want) {
		t.Errorf("run %s: %q, want %q", run.State, got, want)
	}
}
