package argo

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kfp-go/kfp-go/backend"
)

const (
	idA = "019a0000-0000-7000-8000-00000000000a"
	idB = "019a0000-0000-7000-8000-00000000000b"
)

func workflow(extra string) []byte {
	return []byte(`apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: iris-}
spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: busybox:1, command: ["true"]}
` + extra)
}

func TestSubmit(t *testing.T) {
	s, r := serve(t)
	sub := backend.Submission{ID: idA, Manifest: workflow(""), Labels: map[string]string{"team": "a"}}
	if err := r.DryRun(t.Context(), sub); err != nil || s.present() != nil {
		t.Fatalf("dry run: %v, %v", err, s.present())
	}
	run, err := r.Submit(t.Context(), sub)
	if err != nil {
		t.Fatal(err)
	}
	wf := s.present()
	if !strings.HasPrefix(run.Name, "iris-") || run.ID != idA || run.UID != string(wf.UID) || run.State != backend.Submitted ||
		wf.Labels[RunLabel] != idA || wf.Labels["team"] != "a" || wf.Namespace != testNamespace || wf.GenerateName != "" {
		t.Errorf("run %+v of %+v", run, wf.ObjectMeta)
	}
	again, err := r.Submit(t.Context(), sub)
	if err != nil || again.UID != run.UID || s.counts["create"] != 2 {
		t.Errorf("again: %+v, %v after %d creations", again, err, s.counts["create"])
	}
	if got, err := r.Get(t.Context(), idA); err != nil || got.UID != run.UID {
		t.Errorf("get: %+v, %v", got, err)
	}
}

// TestSubmitTwice: a name that is taken is ours only if the labels say so.
func TestSubmitTwice(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second backend.Submission
		want          error
	}{
		{"same key", backend.Submission{ID: idA, IdempotencyKey: "k"}, backend.Submission{ID: idB, IdempotencyKey: "k"}, nil},
		{"same name", backend.Submission{ID: idA, Name: "x"}, backend.Submission{ID: idB, Name: "x"}, backend.ErrConflict},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, r := serve(t)
			// Lists lag behind: only the name decides.
			s.fault = func(verb string, _ int, w http.ResponseWriter) bool {
				if verb == "list" {
					answer(w, http.StatusOK, wfv1.WorkflowList{})
				}
				return verb == "list"
			}
			c.first.Manifest, c.second.Manifest = workflow(""), workflow("")
			first, err := r.Submit(t.Context(), c.first)
			if err != nil {
				t.Fatal(err)
			}
			second, err := r.Submit(t.Context(), c.second)
			if !errors.Is(err, c.want) || err == nil && (second.ID != first.ID || second.UID != first.UID) {
				t.Errorf("%+v, %v", second, err)
			}
		})
	}
}

// TestSubmitLostAnswer: the Workflow was made but nobody said so.
func TestSubmitLostAnswer(t *testing.T) {
	s, r := serve(t)
	s.fault = func(verb string, n int, w http.ResponseWriter) bool {
		if verb != "create" || n > 0 {
			return false
		}
		s.put(func(wf *wfv1.Workflow) {
			wf.Name, wf.Labels, wf.UID = "iris-"+shortHash(idA, 6), map[string]string{RunLabel: idA}, "made"
		})
		panic(http.ErrAbortHandler)
	}
	run, err := r.Submit(t.Context(), backend.Submission{ID: idA, Manifest: workflow("")})
	if err != nil || run.UID != "made" {
		t.Errorf("%+v, %v", run, err)
	}
}

func TestSubmitErrors(t *testing.T) {
	for _, c := range []struct {
		code   int
		reason metav1.StatusReason
		class  error
		tries  int
	}{
		{http.StatusForbidden, metav1.StatusReasonForbidden, backend.ErrDenied, 1},
		{http.StatusUnauthorized, metav1.StatusReasonUnauthorized, backend.ErrDenied, 1},
		{http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, backend.ErrInvalid, 1},
		{http.StatusBadRequest, metav1.StatusReasonBadRequest, backend.ErrInvalid, 1},
		{http.StatusRequestEntityTooLarge, metav1.StatusReasonRequestEntityTooLarge, backend.ErrInvalid, 1},
		{http.StatusNotFound, metav1.StatusReasonNotFound, backend.ErrNotFound, 1},
		{http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, backend.ErrUnavailable, creates},
		{http.StatusInternalServerError, metav1.StatusReasonInternalError, backend.ErrUnavailable, creates},
		{http.StatusGatewayTimeout, metav1.StatusReasonTimeout, backend.ErrUnavailable, creates},
	} {
		t.Run(string(c.reason), func(t *testing.T) {
			s, r := serve(t)
			s.fault = func(verb string, _ int, w http.ResponseWriter) bool {
				if verb == "create" {
					fail(w, c.code, c.reason)
				}
				return verb == "create"
			}
			_, err := r.Submit(t.Context(), backend.Submission{ID: idA, Manifest: workflow("")})
			if !errors.Is(err, c.class) || !strings.Contains(err.Error(), "iris-") {
				t.Errorf("error %v", err)
			}
			if s.counts["create"] != c.tries {
				t.Errorf("%d tries, want %d", s.counts["create"], c.tries)
			}
		})
	}
}

func TestSubmitRefuses(t *testing.T) {
	s, r := serve(t)
	for name, manifest := range map[string][]byte{
		"no YAML":           []byte("{"),
		"another kind":      []byte("apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\n"),
		"another version":   []byte("apiVersion: v1\nkind: Workflow\n"),
		"an unknown field":  workflow("  nonsense: 1\n"),
		"a wrong type":      workflow("  parallelism: many\n"),
		"another namespace": []byte("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {namespace: other}\n"),
	} {
		if _, err := r.Submit(t.Context(), backend.Submission{ID: idA, Manifest: manifest}); !errors.Is(err, backend.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Submit(t.Context(), backend.Submission{Manifest: workflow("")}); !errors.Is(err, backend.ErrInvalid) {
		t.Errorf("no id: %v", err)
	}
	if len(s.counts) > 0 {
		t.Errorf("the cluster was asked: %v", s.counts)
	}
}

// TestSize is exact at the limit.
func TestSize(t *testing.T) {
	wf, err := decode(workflow(""))
	if err != nil {
		t.Fatal(err)
	}
	fill := func(n int) error {
		wf.Spec.Templates[0].Container.Args = []string{""}
		wf.Annotations = nil
		base := new(TooLargeError)
		wf.Spec.Templates[0].Container.Args[0] = strings.Repeat("x", MaxManifest)
		if !errors.As(checkSize(wf), &base) {
			t.Fatal("not too large")
		}
		wf.Spec.Templates[0].Container.Args[0] = strings.Repeat("x", n-(base.Bytes-MaxManifest))
		return checkSize(wf)
	}
	for _, n := range []int{MaxManifest - 1, MaxManifest} {
		if err := fill(n); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	err = fill(MaxManifest + 1)
	var large *TooLargeError
	if !errors.As(err, &large) || !errors.Is(err, backend.ErrInvalid) || large.Bytes != MaxManifest+1 || large.Templates[0].Name != "main" {
		t.Errorf("one byte too many: %v", err)
	}
}

func TestCancel(t *testing.T) {
	s, r := serve(t)
	if err := r.Cancel(t.Context(), idA); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("unknown run: %v", err)
	}
	if _, err := r.Submit(t.Context(), backend.Submission{ID: idA, Manifest: workflow("")}); err != nil {
		t.Fatal(err)
	}
	if err := r.Cancel(t.Context(), idA); err != nil || s.present().Spec.Shutdown != wfv1.ShutdownStrategyStop {
		t.Errorf("%v: %q", err, s.present().Spec.Shutdown)
	}
	s.put(func(wf *wfv1.Workflow) { wf.Status.Phase = wfv1.WorkflowFailed })
	if err := r.Cancel(t.Context(), idA); err != nil || s.counts["patch"] != 1 {
		t.Errorf("a run that is over: %v, %d patches", err, s.counts["patch"])
	}
}

func TestRunIDsThatAreNone(t *testing.T) {
	_, r := serve(t)
	for _, id := range []backend.RunID{"", "a b", "a,b", "x=y", "../x", "é"} {
		if _, err := r.Get(t.Context(), id); !errors.Is(err, backend.ErrNotFound) {
			t.Errorf("Get(%q): %v", id, err)
		}
	}
}

// TestSubmitUncertain: of a creation that failed, it is told whether it may have
// been one, and only then.
func TestSubmitUncertain(t *testing.T) {
	commit := func(s *server) {
		if s.last() == nil {
			s.put(func(wf *wfv1.Workflow) {
				wf.Name, wf.Labels, wf.UID = "iris-"+shortHash(idA, 6), map[string]string{RunLabel: idA}, "made"
			})
		}
	}
	for name, tt := range map[string]struct {
		answer    func(s *server, r *Runner, cancel func(), n int, w http.ResponseWriter) bool
		uncertain bool
		found     bool
	}{
		"made, and every answer lost": {func(s *server, _ *Runner, _ func(), _ int, _ http.ResponseWriter) bool {
			commit(s)
			panic(http.ErrAbortHandler)
		}, true, false},
		"made, and the user goes": {func(s *server, _ *Runner, cancel func(), _ int, _ http.ResponseWriter) bool {
			commit(s)
			cancel()
			s.hang()
			return true
		}, true, false},
		"made, and the server is silent once": {func(s *server, r *Runner, _ func(), n int, _ http.ResponseWriter) bool {
			commit(s)
			if n == 0 {
				s.hang()
			}
			return n == 0
		}, false, true},
		"lost, then refused": {func(_ *server, _ *Runner, _ func(), n int, w http.ResponseWriter) bool {
			if n == 0 {
				panic(http.ErrAbortHandler)
			}
			fail(w, http.StatusForbidden, metav1.StatusReasonForbidden)
			return true
		}, true, false},
		"refused": {func(_ *server, _ *Runner, _ func(), _ int, w http.ResponseWriter) bool {
			fail(w, http.StatusForbidden, metav1.StatusReasonForbidden)
			return true
		}, false, false},
		"too busy": {func(_ *server, _ *Runner, _ func(), _ int, w http.ResponseWriter) bool {
			fail(w, http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests)
			return true
		}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := serve(t)
			r.createTime = time.Second
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			t.Cleanup(s.remove) // lets go of who still hangs
			s.fault = func(verb string, n int, w http.ResponseWriter) bool {
				return verb == "create" && tt.answer(s, r, cancel, n, w)
			}
			run, err := r.Submit(ctx, backend.Submission{ID: idA, Manifest: workflow("")})
			if errors.Is(err, backend.ErrUncertain) != tt.uncertain || tt.found != (err == nil && run.UID == "made") {
				t.Errorf("%+v, %v", run, err)
			}
		})
	}
	r, err := NewForConfig(&rest.Config{Host: "http://127.0.0.1:1"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	if _, err := r.Submit(t.Context(), backend.Submission{ID: idA, IdempotencyKey: "k", Manifest: workflow("")}); err == nil || errors.Is(err, backend.ErrUncertain) {
		t.Errorf("a server that is not there: %v", err)
	}
}
