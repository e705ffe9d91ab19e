package submit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kfp-go/kfp-go/backend/argo"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
)

// An apiServer keeps Workflows, as far as submitting and looking take it.
type apiServer struct {
	mu   sync.Mutex
	made map[string]map[string]any // by name
	away atomic.Bool               // breaks every connection
	// answer, if set, answers the nth creation (from 0) once it took effect.
	answer   func(n int, r *http.Request)
	creators atomic.Int32
}

func newAPIServer(t *testing.T) (*apiServer, *world) {
	t.Helper()
	s := &apiServer{made: map[string]map[string]any{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	runner, err := argo.NewForConfig(&rest.Config{Host: server.URL}, argo.Options{Namespace: "ns"})
	if err != nil {
		t.Fatal(err)
	}
	return s, newWorld(t, runner, "")
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.away.Load() {
		panic(http.ErrAbortHandler)
	}
	_, name, _ := strings.Cut(r.URL.Path, "/namespaces/ns/workflows")
	name = strings.Trim(name, "/")
	s.mu.Lock()
	code, body := s.do(r, name)
	s.mu.Unlock()
	if r.Method == http.MethodPost && s.answer != nil {
		s.answer(int(s.creators.Add(1)-1), r)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func (s *apiServer) do(r *http.Request, name string) (code int, body any) {
	status := func(code int, reason string) (int, any) {
		return code, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "details": map[string]any{"name": name}}
	}
	switch {
	case !strings.Contains(r.URL.Path, "/workflows"):
		return http.StatusOK, map[string]any{"kind": "PodList", "apiVersion": "v1", "items": []any{}}
	case r.Method == http.MethodPost:
		var wf map[string]any
		if err := json.NewDecoder(r.Body).Decode(&wf); err != nil {
			return status(http.StatusBadRequest, "BadRequest")
		}
		meta := wf["metadata"].(map[string]any)
		name := meta["name"].(string)
		if s.made[name] != nil {
			return status(http.StatusConflict, "AlreadyExists")
		}
		meta["uid"] = fmt.Sprint("uid-", len(s.made))
		s.made[name] = wf
		return http.StatusCreated, wf
	case name == "":
		items := []any{}
		for _, wf := range s.made {
			labels := wf["metadata"].(map[string]any)["labels"].(map[string]any)
			if label, value, ok := strings.Cut(r.URL.Query().Get("labelSelector"), "="); ok && labels[label] == value {
				items = append(items, wf)
			}
		}
		return http.StatusOK, map[string]any{"kind": "WorkflowList", "apiVersion": "argoproj.io/v1alpha1", "metadata": map[string]any{}, "items": items}
	case s.made[name] != nil:
		return http.StatusOK, s.made[name]
	}
	return status(http.StatusNotFound, "NotFound")
}

func interrupt() { _ = syscall.Kill(os.Getpid(), syscall.SIGINT) }

// one checks that there is one Workflow, and one run that is recorded as it.
func (w *world) one(s *apiServer, state string) string {
	w.t.Helper()
	all := w.recorded()
	if len(all) != 1 || len(s.made) != 1 || all[0].State != state {
		w.t.Fatalf("%d Workflows, recorded: %+v", len(s.made), all)
	}
	wf := s.made[all[0].Name]
	if state != "planned" && (wf == nil || wf["metadata"].(map[string]any)["uid"] != all[0].UID) {
		w.t.Errorf("recorded as %+v, in the cluster %v", all[0], s.made)
	}
	return all[0].ID
}

// TestAnswerLost: the Workflow is made and the answer breaks off; the next try
// meets it.
func TestAnswerLost(t *testing.T) {
	s, w := newAPIServer(t)
	s.answer = func(n int, _ *http.Request) {
		if n == 0 {
			panic(http.ErrAbortHandler)
		}
	}
	w.submit().want(0)
	w.one(s, "submitted")
}

// TestInterruptedCreate: Ctrl-C while the API server has made the Workflow and not
// yet said so. The run is looked for and recorded.
func TestInterruptedCreate(t *testing.T) {
	s, w := newAPIServer(t)
	s.answer = func(_ int, r *http.Request) {
		interrupt()
		<-r.Context().Done()
	}
	w.submit().want(app.ExitInterrupted, "created ns/", "it goes on in the cluster")
	w.one(s, "submitted")
}

// TestInterruptedAndAway: the same, and the server cannot be asked. Nothing is
// claimed; runs sync, or the same submission with its key, finds the Workflow.
func TestInterruptedAndAway(t *testing.T) {
	for name, key := range map[string][]string{"sync": nil, "key": {"--idempotency-key", "k"}} {
		t.Run(name, func(t *testing.T) {
			s, w := newAPIServer(t)
			w.a.Certainty = time.Millisecond // nobody will answer
			s.answer = func(n int, r *http.Request) {
				if n > 0 {
					return
				}
				s.away.Store(true)
				interrupt()
				<-r.Context().Done()
			}
			w.submit(key...).want(app.ExitInterrupted, "whether run ", "` finds out")
			id := w.one(s, "planned")
			s.away.Store(false)
			if key == nil {
				w.run("runs", "sync").want(0, "submitted (was planned)")
			} else {
				w.submit(key...).want(0, `the key "k" belongs to run`)
			}
			if again := w.one(s, "submitted"); again != id {
				t.Errorf("run %s became %s", id, again)
			}
		})
	}
}

// TestNotCreated: what was refused, or never sent, is recorded as not submitted.
func TestNotCreated(t *testing.T) {
	s, w := newAPIServer(t)
	s.away.Store(true)
	w.submit().want(app.ExitFailure)
	all := w.recorded()
	if len(all) != 1 || all[0].State != "failed" || len(s.made) != 0 {
		t.Errorf("recorded: %+v", all)
	}
	w.run("runs", "get").want(0, "not submitted: ")
}
