package argo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// A server speaks as much of the API as the runner uses, over real HTTP, and
// fails where a test wants it to.
type server struct {
	t *testing.T

	mu      sync.Mutex
	objects []*wfv1.Workflow // one version each, the present one last; nil: deleted
	first   int              // versions before it are forgotten (410)
	version int
	changed chan struct{}
	counts  map[string]int
	logs    map[string]string // by pod: stamped lines
	pods    []corev1.Pod

	// fault, if set, may answer the nth request (from 0) of a verb itself.
	fault func(verb string, n int, w http.ResponseWriter) (answered bool)
	// strict has lists keep to their selectors.
	strict bool
	// cut ends each watch after so many events, 0: never.
	cut int
}

const testNamespace = "ns"

func serve(t *testing.T) (*server, *Runner) {
	t.Helper()
	s := &server{t: t, changed: make(chan struct{}), counts: map[string]int{}, logs: map[string]string{}, version: 100}
	ts := httptest.NewServer(s)
	t.Cleanup(ts.Close)
	r, err := NewForConfig(&rest.Config{Host: ts.URL}, Options{Namespace: testNamespace, Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	// Pauses are taken for granted.
	r.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return s, r
}

// put makes a version of the Workflow, the present one changed.
func (s *server) put(change func(*wfv1.Workflow)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.putLocked(change)
}

func (s *server) putLocked(change func(*wfv1.Workflow)) {
	wf := &wfv1.Workflow{TypeMeta: metav1.TypeMeta{Kind: "Workflow", APIVersion: "argoproj.io/v1alpha1"}}
	if n := len(s.objects); n > 0 && s.objects[n-1] != nil {
		wf = s.objects[n-1].DeepCopy()
	}
	change(wf)
	s.version++
	wf.ResourceVersion = strconv.Itoa(s.version)
	s.objects = append(s.objects, wf)
	s.wake()
}

func (s *server) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.objects = append(s.objects, nil)
	s.wake()
}

func (s *server) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// forget makes watches from versions up to the present one end in 410.
func (s *server) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.first = s.version
}

func (s *server) present() *wfv1.Workflow {
	if n := len(s.objects); n > 0 {
		return s.objects[n-1]
	}
	return nil
}

// last is present for who does not hold the lock.
func (s *server) last() *wfv1.Workflow {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.present()
}

// hang keeps a request waiting until the next version.
func (s *server) hang() {
	s.mu.Lock()
	changed := s.changed
	s.mu.Unlock()
	<-changed
}

func (s *server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	i := slices.Index(parts, testNamespace)
	if i < 0 || len(parts) <= i+1 {
		fail(w, http.StatusNotFound, metav1.StatusReasonNotFound)
		return
	}
	rest := parts[i+1:]
	verb := verbOf(req, rest)
	s.mu.Lock()
	n := s.counts[verb]
	s.counts[verb]++
	s.mu.Unlock()
	if s.fault != nil && s.fault(verb, n, w) {
		return
	}
	switch verb {
	case "list":
		s.list(w, req)
	case "watch":
		s.watch(w, req)
	case "create":
		s.create(w, req)
	case "get", "patch":
		s.one(w, req, rest[1])
	case "log":
		s.log(w, req, rest[1])
	case "pods":
		s.mu.Lock()
		list := corev1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}, Items: s.pods}
		s.mu.Unlock()
		answer(w, http.StatusOK, list)
	default:
		fail(w, http.StatusNotFound, metav1.StatusReasonNotFound)
	}
}

func verbOf(req *http.Request, rest []string) string {
	switch {
	case rest[0] == "pods" && len(rest) == 3:
		return "log"
	case rest[0] == "pods" && len(rest) == 2:
		return "pod"
	case rest[0] == "pods":
		return "pods"
	case req.Method == http.MethodPost:
		return "create"
	case req.Method == http.MethodPatch:
		return "patch"
	case len(rest) == 2:
		return "get"
	case req.URL.Query().Get("watch") != "":
		return "watch"
	}
	return "list"
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func status(code int, reason metav1.StatusReason) metav1.Status {
	return metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Code: int32(code), Reason: reason, Message: "scripted " + string(reason)}
}

func fail(w http.ResponseWriter, code int, reason metav1.StatusReason) {
	answer(w, code, status(code, reason))
}

func (s *server) list(w http.ResponseWriter, req *http.Request) {
	s.mu.Lock()
	list := wfv1.WorkflowList{TypeMeta: metav1.TypeMeta{Kind: "WorkflowList", APIVersion: "argoproj.io/v1alpha1"}}
	list.ResourceVersion = strconv.Itoa(s.version)
	q := req.URL.Query()
	if wf := s.present(); wf != nil && (!s.strict || q.Get("labelSelector") == "" && q.Get("fieldSelector") == "metadata.name="+wf.Name) {
		list.Items = wfv1.Workflows{*wf}
	}
	s.mu.Unlock()
	answer(w, http.StatusOK, list)
}

func (s *server) watch(w http.ResponseWriter, req *http.Request) {
	from, _ := strconv.Atoi(req.URL.Query().Get("resourceVersion"))
	w.Header().Set("Content-Type", "application/json")
	flush := func() { w.(http.Flusher).Flush() }
	for sent := 0; s.cut == 0 || sent < s.cut; {
		s.mu.Lock()
		events, next := s.since(from)
		changed := s.changed
		s.mu.Unlock()
		for _, e := range events {
			if s.cut > 0 && sent == s.cut {
				return
			}
			_ = json.NewEncoder(w).Encode(e)
			flush()
			sent++
			if e.Type == "ERROR" {
				return
			}
		}
		from = next
		if len(events) > 0 {
			continue
		}
		flush()
		select {
		case <-changed:
		case <-req.Context().Done():
			return
		}
	}
}

type event struct {
	Type   string `json:"type"`
	Object any    `json:"object"`
}

// since gives what happened after a version; called with the lock held.
func (s *server) since(from int) (events []event, next int) {
	if from < s.first {
		return []event{{"ERROR", status(http.StatusGone, metav1.StatusReasonExpired)}}, from
	}
	next = from
	for i, wf := range s.objects {
		if wf == nil {
			if i == len(s.objects)-1 && from < s.version {
				last := s.objects[i-1].DeepCopy()
				last.ResourceVersion = strconv.Itoa(s.version)
				events, next = append(events, event{"DELETED", last}), s.version
			}
			continue
		}
		if v, _ := strconv.Atoi(wf.ResourceVersion); v > from {
			mark := &wfv1.Workflow{TypeMeta: wf.TypeMeta, ObjectMeta: metav1.ObjectMeta{ResourceVersion: wf.ResourceVersion}}
			events, next = append(events, event{"MODIFIED", wf}, event{"BOOKMARK", mark}), v
		}
	}
	return events, next
}

func (s *server) create(w http.ResponseWriter, req *http.Request) {
	wf := new(wfv1.Workflow)
	if err := json.NewDecoder(req.Body).Decode(wf); err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	old := s.present()
	if old == nil && req.URL.Query().Get("dryRun") == "" {
		s.putLocked(func(n *wfv1.Workflow) { *n = *wf; n.UID = types.UID(fmt.Sprint("uid-", s.version)) })
		wf = s.present()
	}
	s.mu.Unlock()
	if old != nil && old.Name == wf.Name {
		fail(w, http.StatusConflict, metav1.StatusReasonAlreadyExists)
		return
	}
	answer(w, http.StatusCreated, wf)
}

func (s *server) one(w http.ResponseWriter, req *http.Request, name string) {
	if req.Method == http.MethodPatch {
		body, _ := io.ReadAll(req.Body)
		s.put(func(wf *wfv1.Workflow) {
			if err := json.Unmarshal(body, wf); err != nil {
				s.t.Error(err)
			}
		})
	}
	s.mu.Lock()
	wf := s.present()
	s.mu.Unlock()
	if wf == nil || wf.Name != name {
		fail(w, http.StatusNotFound, metav1.StatusReasonNotFound)
		return
	}
	answer(w, http.StatusOK, wf)
}

func (s *server) log(w http.ResponseWriter, req *http.Request, pod string) {
	s.mu.Lock()
	text, ok := s.logs[pod]
	s.mu.Unlock()
	if !ok {
		fail(w, http.StatusNotFound, metav1.StatusReasonNotFound)
		return
	}
	since, _ := time.Parse(time.RFC3339, req.URL.Query().Get("sinceTime"))
	for line := range strings.Lines(text) {
		if stamp, _ := splitStamp(line); stamp.Before(since) {
			continue
		}
		_, _ = io.WriteString(w, line)
	}
}
