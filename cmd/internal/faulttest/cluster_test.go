package faulttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A cluster is an API server that knows Workflows and lets each succeed at
// once, or never. It lives on when the programs that use it die.
type cluster struct {
	t       *testing.T
	url     string
	endless bool // Workflows run until they are stopped

	mu        sync.Mutex
	workflows map[string]map[string]any // by name
	creations int
	recorded  map[string]bool // runs that were seen in a store
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, workflows: map[string]map[string]any{}, recorded: map[string]bool{}}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	t.Cleanup(s.CloseClientConnections)
	c.url = s.URL
	return c
}

// join gives a place the cluster's kubeconfig.
func (c *cluster) join(p *place) {
	p.t.Helper()
	text := fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": "c",
"clusters": [{"name": "c", "cluster": {"server": %q}}],
"users": [{"name": "u", "user": {}}],
"contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "ml"}}]}`, c.url)
	p.must(os.WriteFile(filepath.Join(p.dir, "kubeconfig"), []byte(text), 0o644))
	p.env = append(p.env, "KUBECONFIG="+filepath.Join(p.dir, "kubeconfig"))
}

const kind = "/apis/argoproj.io/v1alpha1/namespaces/ml/workflows"

func (c *cluster) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	name, ours := strings.CutPrefix(req.URL.Path, kind)
	name = strings.TrimPrefix(name, "/")
	switch {
	case !ours:
		fail(w, http.StatusNotFound, "NotFound")
	case req.Method == http.MethodPost:
		c.create(w, req)
	case req.Method == http.MethodPatch:
		c.stop(w, name)
	case name != "":
		c.get(w, name)
	case req.URL.Query().Get("watch") != "":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-req.Context().Done()
	default:
		c.list(w, req.URL.Query().Get("labelSelector"))
	}
}

func (c *cluster) create(w http.ResponseWriter, req *http.Request) {
	var wf map[string]any
	if err := json.NewDecoder(req.Body).Decode(&wf); err != nil {
		fail(w, http.StatusBadRequest, "BadRequest") // the client died half way
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	meta := wf["metadata"].(map[string]any)
	name := meta["name"].(string)
	if c.workflows[name] != nil {
		fail(w, http.StatusConflict, "AlreadyExists")
		return
	}
	c.creations++
	meta["uid"] = fmt.Sprint("uid-", c.creations)
	meta["resourceVersion"] = strconv.Itoa(c.creations)
	meta["creationTimestamp"] = "2026-11-25T12:00:00Z"
	wf["status"] = map[string]any{"phase": "Running", "startedAt": "2026-11-25T12:00:00Z"}
	if !c.endless {
		end(wf, "Succeeded")
	}
	c.workflows[name] = wf
	answer(w, http.StatusCreated, wf)
}

func end(wf map[string]any, phase string) {
	wf["status"] = map[string]any{"phase": phase, "startedAt": "2026-11-25T12:00:00Z", "finishedAt": "2026-11-25T12:00:01Z"}
}

func (c *cluster) stop(w http.ResponseWriter, name string) {
	c.mu.Lock()
	if wf := c.workflows[name]; wf != nil {
		end(wf, "Failed")
	}
	c.mu.Unlock()
	c.get(w, name)
}

func (c *cluster) get(w http.ResponseWriter, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if wf := c.workflows[name]; wf != nil {
		answer(w, http.StatusOK, wf)
		return
	}
	fail(w, http.StatusNotFound, "NotFound")
}

func (c *cluster) list(w http.ResponseWriter, selector string) {
	items := []any{}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, wf := range c.workflows {
		if selected(wf, selector) {
			items = append(items, wf)
		}
	}
	answer(w, http.StatusOK, map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowList",
		"metadata": map[string]any{"resourceVersion": strconv.Itoa(c.creations)}, "items": items,
	})
}

// selected knows NAME=VALUE and NAME, joined by commas.
func selected(wf map[string]any, selector string) bool {
	labels, _ := wf["metadata"].(map[string]any)["labels"].(map[string]any)
	for term := range strings.SplitSeq(selector, ",") {
		if term == "" {
			continue
		}
		name, want, valued := strings.Cut(term, "=")
		got, ok := labels[name]
		if !ok || valued && got != want {
			return false
		}
	}
	return true
}

// runs are the ids of the runs that have a Workflow, and how many each has.
func (c *cluster) runs() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]int{}
	for _, wf := range c.workflows {
		labels, _ := wf["metadata"].(map[string]any)["labels"].(map[string]any)
		out[fmt.Sprint(labels["kfp-go/run"])]++
	}
	return out
}

// record notes that a run stands in a store.
func (c *cluster) record(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recorded[id] = true
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func fail(w http.ResponseWriter, code int, reason string) {
	answer(w, code, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": reason})
}

// count is how many Workflows there are.
func (c *cluster) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.workflows)
}
