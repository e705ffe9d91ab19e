package argo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// An archive speaks as much of Argo's server as the runner uses.
type archive struct {
	t     *testing.T
	mu    sync.Mutex
	held  []*wfv1.Workflow
	live  *wfv1.Workflow
	token string
	asked int
}

func (a *archive) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	if a.token != "" && req.Header.Get("Authorization") != a.token {
		answer(w, http.StatusUnauthorized, map[string]any{"code": 16, "message": "token not valid"})
		return
	}
	path := strings.Trim(req.URL.Path, "/")
	switch {
	case path == "api/v1/archived-workflows":
		q := req.URL.Query()
		if !strings.Contains(q.Get("listOptions.fieldSelector"), "metadata.namespace="+testNamespace) {
			a.t.Errorf("all namespaces are asked for: %s", req.URL)
		}
		want, err := labels.Parse(q.Get("listOptions.labelSelector"))
		if err != nil {
			a.t.Error(err)
		}
		from := 0
		if q.Get("listOptions.continue") != "" {
			from = 1
		}
		list := wfv1.WorkflowList{}
		for i, wf := range a.held {
			if i < from || !want.Matches(labels.Set(wf.Labels)) {
				continue
			}
			if len(list.Items) == 1 { // pages of one
				list.Continue = "1"
				break
			}
			short := wf.DeepCopy()
			short.Status.Nodes, short.Spec = nil, wfv1.WorkflowSpec{}
			list.Items = append(list.Items, *short)
		}
		answer(w, http.StatusOK, list)
	case strings.HasPrefix(path, "api/v1/archived-workflows/"):
		for _, wf := range a.held {
			if strings.HasSuffix(path, "/"+string(wf.UID)) {
				answer(w, http.StatusOK, wf)
				return
			}
		}
		answer(w, http.StatusNotFound, map[string]any{"code": 5, "message": "not found"})
	case a.live != nil && path == "api/v1/workflows/"+testNamespace+"/"+a.live.Name:
		answer(w, http.StatusOK, a.live)
	default:
		answer(w, http.StatusNotFound, map[string]any{"code": 5, "message": "not found"})
	}
}

// archived serves a cluster without Workflows and an archive with two.
func archived(t *testing.T) (*archive, *server, *Runner) {
	t.Helper()
	a := &archive{t: t}
	for _, wf := range []struct{ name, run string }{{"iris-1", idA}, {"foreign", ""}} {
		source, _ := serve(t)
		retried(source)
		w := source.present().DeepCopy()
		w.Name, w.UID = wf.name, "uid-"+w.UID
		w.CreationTimestamp = second(0)
		w.UID += "-" + w.UID
		if wf.run == "" {
			w.UID, w.Labels = "uid-foreign", map[string]string{"team": "ml"}
		}
		a.held = append(a.held, w)
	}
	ts := httptest.NewServer(a)
	t.Cleanup(ts.Close)
	s, r := serve(t)
	var err error
	if r.server, err = newServer(ServerOptions{URL: ts.URL}); err != nil {
		t.Fatal(err)
	}
	return a, s, r
}

// TestArchive: a run whose Workflow is gone is read from the archive, watched
// from there, and found by labels.
func TestArchive(t *testing.T) {
	_, _, r := archived(t)
	run, err := r.Get(t.Context(), idA)
	if err != nil || run.State != backend.Succeeded || len(run.Tasks) != 1 || len(run.Tasks[0].Earlier) != 1 {
		t.Fatalf("%+v, %v", run, err)
	}
	var last *backend.Run
	for e, err := range r.Watch(t.Context(), idA) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Run != nil {
			last = e.Run
		}
	}
	if last == nil || last.State != backend.Succeeded {
		t.Errorf("watched: %+v", last)
	}
	if _, err := r.Get(t.Context(), "01a20ac3-ce8a-7959-8e41-000000000000"); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("no such run: %v", err)
	}
	var found []*Found
	for f, err := range r.Find(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, f)
	}
	if len(found) != 2 || found[0].ID != idA || found[1].ID[14] != '7' || found[1].Name != "foreign" {
		t.Fatalf("%+v", found)
	}
	again, err := found[1].Run(t.Context())
	if err != nil || again.ID != found[1].ID || len(again.Tasks) != 1 {
		t.Errorf("%+v, %v", again, err)
	}
	if text, err := found[1].Manifest(); err != nil || !strings.Contains(string(text), "kind: Workflow") || strings.Contains(string(text), "status:") {
		t.Errorf("manifest: %s, %v", text, err)
	}
	r.Know(found[1].ID, "foreign", "uid-foreign")
	if run, err := r.Get(t.Context(), found[1].ID); err != nil || run.Name != "foreign" {
		t.Errorf("by UID: %+v, %v", run, err)
	}
}

// TestSubmitAsksNoArchive: what is gone does not stand in the way of what comes.
func TestSubmitAsksNoArchive(t *testing.T) {
	a, _, r := archived(t)
	manifest := []byte("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: x}\nspec: {}\n")
	if _, err := r.Submit(t.Context(), backend.Submission{ID: idA, Name: "x", Manifest: manifest}); err != nil || a.asked > 0 {
		t.Errorf("%d requests, %v", a.asked, err)
	}
}

// TestUnlabeled: a Workflow that kfp-go did not submit is found by its name, as
// long as it is the same one.
func TestUnlabeled(t *testing.T) {
	s, r := serve(t)
	retried(s)
	s.put(func(wf *wfv1.Workflow) { wf.Labels = nil })
	id := idOf(s.present())
	r.Know(id, "iris-1", "u1")
	s.strict = true
	run, err := r.Get(t.Context(), id)
	if err != nil || run.ID != id || run.State != backend.Succeeded {
		t.Fatalf("%+v, %v", run, err)
	}
	s.put(func(wf *wfv1.Workflow) { wf.UID = "u2" })
	if _, err := r.Get(t.Context(), id); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("another of the same name: %v", err)
	}
}

// TestOffloaded: nodes that the cluster keeps in a database come from Argo's
// server.
func TestOffloaded(t *testing.T) {
	a, s, r := archived(t)
	retried(s)
	a.live = s.present().DeepCopy()
	s.put(func(wf *wfv1.Workflow) { wf.Status.OffloadNodeStatusVersion, wf.Status.Nodes = "fnv:1", nil })
	if run, err := r.Get(t.Context(), idA); err != nil || len(run.Tasks) != 1 {
		t.Errorf("%+v, %v", run, err)
	}
	r.server = nil
	if _, err := r.Get(t.Context(), idA); !errors.Is(err, backend.ErrUnavailable) || !strings.Contains(err.Error(), "argo-server") {
		t.Errorf("without a server: %v", err)
	}
}

func TestServerErrors(t *testing.T) {
	a, _, r := archived(t)
	a.token = "Bearer right"
	if _, err := r.Get(t.Context(), idA); !errors.Is(err, backend.ErrDenied) || !strings.Contains(err.Error(), "ARGO_TOKEN") {
		t.Errorf("no token: %v", err)
	}
	r.server.token = "Bearer right"
	if _, err := r.Get(t.Context(), idA); err != nil {
		t.Errorf("with the token: %v", err)
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		t.Errorf("another server was asked, with the token %q", req.Header.Get("Authorization"))
	}))
	t.Cleanup(elsewhere.Close)
	for name, handler := range map[string]http.HandlerFunc{
		"broken":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{") },
		"503":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"redirect": func(w http.ResponseWriter, req *http.Request) { http.Redirect(w, req, elsewhere.URL, http.StatusFound) },
	} {
		ts := httptest.NewServer(handler)
		t.Cleanup(ts.Close)
		var err error
		if r.server, err = newServer(ServerOptions{URL: ts.URL, Token: "Bearer right"}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Get(t.Context(), idA); !errors.Is(err, backend.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	none := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusInternalServerError, map[string]any{"code": 13, "message": "getting archived workflows not supported"})
	}))
	t.Cleanup(none.Close)
	var err error
	if r.server, err = newServer(ServerOptions{URL: none.URL}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Get(t.Context(), idA); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("a server without an archive: %v", err)
	}
	for _, url := range []string{"argo:2746", "ftp://x", "https://u:p@argo", "https://argo?token=x"} {
		if _, err := newServer(ServerOptions{URL: url}); !errors.Is(err, backend.ErrInvalid) || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// TestArchivedLogs: the log of a pod that is gone comes from where Argo has
// archived it, without the executor's lines; else the reason is said.
func TestArchivedLogs(t *testing.T) {
	s, r := serve(t)
	retried(s)
	var fail error
	r.archive = func(_ context.Context, uri string, stores store.Table) (io.ReadCloser, error) {
		if uri != "s3://b/runs/iris-1/main.log" || stores.Find(uri) == nil {
			t.Errorf("asked for %s of %v", uri, stores)
		}
		text := "one\ntime=\"2026-11-23T09:00:00 UTC\" level=info msg=\"sub-process exited\" argo=true error=\"<nil>\"\ntwo"
		return io.NopCloser(strings.NewReader(text)), fail
	}
	var got []string
	for line, err := range r.Logs(t.Context(), idA, backend.LogOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, line.Task+": "+line.Text)
	}
	if want := "train: one train: two train: one train: two"; strings.Join(got, " ") != want { // both attempts
		t.Errorf("%q", got)
	}
	fail = backend.ErrDenied
	for _, err := range r.Logs(t.Context(), idA, backend.LogOptions{}) {
		if !errors.Is(err, backend.ErrDenied) || !strings.Contains(err.Error(), "there are no logs of train") {
			t.Errorf("no right: %v", err)
		}
	}
	r.archive = nil
	for _, err := range r.Logs(t.Context(), idA, backend.LogOptions{}) {
		if !errors.Is(err, backend.ErrNotFound) {
			t.Errorf("no archive: %v", err)
		}
	}
}

// TestFoundIDs: a Workflow has one id, whoever finds it.
func TestFoundIDs(t *testing.T) {
	wf := &wfv1.Workflow{ObjectMeta: metav1.ObjectMeta{UID: "u", CreationTimestamp: second(0)}}
	a, b := idOf(wf), idOf(wf.DeepCopy())
	wf.UID = "v"
	if a != b || a == idOf(wf) || a[14] != '7' {
		t.Errorf("%s, %s, %s", a, b, idOf(wf))
	}
	wf.Labels = map[string]string{RunLabel: "not an id"}
	if idOf(wf) == "not an id" {
		t.Error("any text is taken for an id")
	}
}
