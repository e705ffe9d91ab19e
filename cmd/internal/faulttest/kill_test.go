package faulttest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// A sweep kills a command at every point that it passes.
type sweep struct {
	name    string
	args    []string
	prepare func(*place) // what must be there before
	adds    bool         // each time the command adds a run
	gone    bool         // the command deletes all runs but one
	fills   bool         // the command brings the only run there is
	points  int          // at least so many different ones are passed
}

var sweeps = []sweep{
	{name: "run", args: []string{"run", "pipeline.yaml"}, adds: true, points: 24},
	{name: "submit", args: []string{"submit", "pipeline.yaml", "--wait"}, adds: true, points: 24},
	{name: "runs sync", args: []string{"runs", "sync"}, points: 24, prepare: func(p *place) {
		p.fine("submit", "pipeline.yaml")
	}},
	// What was put aside leaves with the next command, whichever it is.
	{name: "drain", args: []string{"runs", "list"}, points: 26, prepare: func(p *place) {
		blocked := filepath.Join(p.dir, "blocked")
		p.must(os.WriteFile(blocked, nil, 0o600)) // where a folder must be
		p.store = filepath.Join(blocked, "meta")
		p.env = append(p.env, "KFPGO_METADATA="+p.store)
		p.fine("submit", "pipeline.yaml", "--wait")
		p.must(os.Remove(blocked))
	}},
	{name: "meta compact", args: []string{"meta", "compact"}, points: 24, prepare: func(p *place) {
		p.fine("submit", "pipeline.yaml", "--wait")
	}},
	{name: "meta gc", args: []string{"meta", "gc", "--keep-last", "1"}, points: 20, gone: true, prepare: func(p *place) {
		p.fine("submit", "pipeline.yaml", "--wait")
		p.fine("submit", "pipeline.yaml", "--wait")
	}},
	{name: "meta import", args: []string{"meta", "import", "runs.ndjson"}, points: 24, fills: true, prepare: func(p *place) {
		here := p.env
		p.env = append(slices.Clone(here), "KFPGO_METADATA="+filepath.Join(p.dir, "other"))
		p.fine("submit", "pipeline.yaml", "--wait")
		p.fine("meta", "export", "-o", "runs.ndjson")
		p.env = here
	}},
	{name: "meta reindex", args: []string{"meta", "reindex"}, points: 8, prepare: func(p *place) {
		p.fine("submit", "pipeline.yaml", "--wait")
		p.fine("meta", "compact")
	}},
}

// TestKill is sudden death at every step: afterwards the store is whole,
// nothing that was acknowledged is missing, nothing exists that is not
// recorded, and the next command works.
func TestKill(t *testing.T) {
	for _, s := range sweeps {
		t.Run(s.name, func(t *testing.T) { s.all(t, agreed(t), func(*place) {}) })
	}
}

// agreed is a cluster that is compared with the records in the end.
func agreed(t *testing.T) *cluster {
	c := newCluster(t)
	t.Cleanup(c.agree)
	return c
}

// TestKillRemote is the same with the record in a bucket.
func TestKillRemote(t *testing.T) {
	if !nightly() {
		t.Skip("KFPGO_FAULTS=nightly takes it")
	}
	bucket := newBucket(t)
	for _, s := range sweeps {
		if s.name == "drain" {
			continue // from a folder that is none
		}
		s.points = 2 // of the store and the recorder: some commands only read
		t.Run(s.name, func(t *testing.T) { s.all(t, agreed(t), bucket.use) })
	}
}

// agree: whatever is in the cluster is recorded, once.
func (c *cluster) agree() {
	for id, n := range c.runs() {
		if n != 1 {
			c.t.Errorf("run %s has %d Workflows", id, n)
		}
		if !c.recorded[id] {
			c.t.Errorf("run %s has a Workflow and no record", id)
		}
	}
}

// place is a place in which the command can be killed.
func (s sweep) place(t *testing.T, c *cluster, where func(*place)) *place {
	p := newPlace(t)
	c.join(p)
	where(p)
	if s.prepare != nil {
		s.prepare(p)
	}
	return p
}

// all learns the points from a run that nothing happens to, then kills at each.
func (s sweep) all(t *testing.T, c *cluster, where func(*place)) {
	p := s.place(t, c, where)
	trace := filepath.Join(p.dir, "trace")
	if r := p.run(s.args, "KFPGO_FAIL_TRACE="+trace); r.code != 0 {
		t.Fatalf("without a fault: %v", r)
	}
	s.consistent(t, p, p.open(), c)
	hits := p.trace(trace)
	tail := hits[2*len(hits)/3:]
	names := map[string]bool{}
	for _, h := range hits {
		names[h.name()] = true
	}
	if len(names) < s.points {
		t.Errorf("only %d kinds of points are passed, want %d or more", len(names), s.points)
	}
	if !nightly() {
		if hits = sample(hits); s.adds { // the last steps of these are new ones
			hits = append(hits, sample(tail)...)
		}
	}
	t.Logf("%d kinds of points, %d kills", len(names), len(hits))
	for _, h := range hits {
		t.Run(h.point, func(t *testing.T) {
			t.Parallel()
			s.killAt(t, c, s.place(t, c, where), h.point)
		})
	}
}

// sample keeps the first hit of each kind.
func sample(hits []hit) []hit {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(hits), func(h hit) bool {
		again := seen[h.name()]
		seen[h.name()] = true
		return again
	})
}

func (s sweep) killAt(t *testing.T, c *cluster, p *place, point string) {
	known := p.stored(p.open())
	trace := filepath.Join(p.dir, "trace")
	r := p.run(s.args, "KFPGO_FAIL="+point+":kill", "KFPGO_FAIL_TRACE="+trace)
	if r.signal != syscall.SIGKILL {
		// Some hits depend on timing; their number is small, their end is good.
		if r.code != 0 || !strings.HasPrefix(point, "file.") {
			t.Fatalf("it was not killed: %v", r)
		}
	}
	store := p.open()
	stored := p.stored(store)
	for _, h := range p.trace(trace) {
		if h.name() != "store.put.after" {
			continue
		}
		if name, ok := strings.CutPrefix(h.about, "inbox/"); ok {
			known[name] = true
		} else if digest, ok := strings.CutPrefix(h.about, "blobs/sha256/"); ok {
			digest = "sha256:" + strings.ReplaceAll(digest, "/", "")
			if _, err := store.Blob(t.Context(), digest); err != nil && !p.aside(digest) {
				t.Errorf("a document was acknowledged and is lost: %v", err)
			}
		}
	}
	for name := range known {
		if !stored[name] && !p.aside(name) {
			t.Errorf("the event %s was acknowledged and is lost", name)
		}
	}
	if n := len(stored) - len(known); n > 1 {
		t.Errorf("%d events are there that nobody was told of", n)
	}
	s.consistent(t, p, store, c)
	s.next(t, p, c, len(stored) > 0)
}

// consistent compares the record with the cluster.
func (s sweep) consistent(t *testing.T, p *place, store metadata.Store, c *cluster) {
	snap, err := store.Load(t.Context(), metadata.Query{Deleted: true})
	p.must(err)
	inCluster := c.runs()
	for _, r := range snap.Runs {
		c.record(r.ID)
		unsent := r.State == metadata.Planned || r.State == metadata.Failed && r.UID == ""
		if exists := inCluster[r.ID] > 0; r.Engine == "argo" && !unsent && !exists {
			t.Errorf("run %s is recorded as %s and has no Workflow", r.ID, r.State)
		}
	}
}

// next: whatever happened, the store can be read and written.
func (s sweep) next(t *testing.T, p *place, c *cluster, some bool) {
	before := p.listing()
	switch n := len(before); {
	case (s.adds || s.fills) && some == (n == 1), s.gone && (n == 1 || n == 2), !s.adds && n == 1:
	default:
		t.Errorf("%d runs are listed", len(before))
	}
	if r := p.run(s.args); r.code != 0 {
		t.Errorf("the next one: %v", r)
	}
	after, want := p.listing(), 1
	if s.adds {
		want = len(before) + 1
	}
	if len(after) != want || after[0].State != "succeeded" {
		t.Errorf("after the next one: %+v", after)
	}
	store := p.open()
	p.stored(store)
	s.consistent(t, p, store, c)
}

type listed struct{ ID, State string }
