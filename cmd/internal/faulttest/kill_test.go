package faulttest

import (
	"encoding/json"
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
	points  int          // at least so many different ones are passed
}

// TestKill is sudden death at every step: afterwards the store is whole,
// nothing that was acknowledged is missing, nothing exists that is not
// recorded, and the next command works.
func TestKill(t *testing.T) {
	c := newCluster(t)
	for _, s := range []sweep{
		{name: "run", args: []string{"run", "pipeline.yaml"}, points: 24},
		{name: "submit", args: []string{"submit", "pipeline.yaml", "--wait"}, prepare: c.join, points: 24},
	} {
		t.Run(s.name, func(t *testing.T) { s.all(t, c) })
	}
	for id, n := range c.runs() {
		if n != 1 {
			t.Errorf("run %s has %d Workflows", id, n)
		}
		if !c.recorded[id] {
			t.Errorf("run %s has a Workflow and no record", id)
		}
	}
}

func (s sweep) place(t *testing.T) *place {
	p := newPlace(t)
	if s.prepare != nil {
		s.prepare(p)
	}
	return p
}

// all learns the points from a run that nothing happens to, then kills at each.
func (s sweep) all(t *testing.T, c *cluster) {
	p := s.place(t)
	trace := filepath.Join(p.dir, "trace")
	if r := p.run(s.args, "KFPGO_FAIL_TRACE="+trace); r.code != 0 {
		t.Fatalf("without a fault: %v", r)
	}
	s.consistent(t, p, p.open(), c)
	hits := p.trace(trace)
	names := map[string]bool{}
	for _, h := range hits {
		names[h.name()] = true
	}
	if len(names) < s.points {
		t.Errorf("only %d kinds of points are passed, want %d or more", len(names), s.points)
	}
	if !nightly() {
		hits = sample(hits)
	}
	t.Logf("%d kinds of points, %d kills", len(names), len(hits))
	for _, h := range hits {
		t.Run(h.point, func(t *testing.T) {
			t.Parallel()
			s.killAt(t, c, h.point)
		})
	}
}

// sample keeps of each kind the first, the last and every fifth hit.
func sample(hits []hit) []hit {
	last := map[string]int{}
	for i, h := range hits {
		last[h.name()] = i
	}
	seen := map[string]int{}
	return slices.DeleteFunc(slices.Clone(hits), func(h hit) bool {
		n := seen[h.name()]
		seen[h.name()]++
		return n%5 != 0 && hits[last[h.name()]] != h
	})
}

func (s sweep) killAt(t *testing.T, c *cluster, point string) {
	p := s.place(t)
	trace := filepath.Join(p.dir, "trace")
	r := p.run(s.args, "KFPGO_FAIL="+point+":kill", "KFPGO_FAIL_TRACE="+trace)
	if r.signal != syscall.SIGKILL {
		// Some hits depend on timing; their number is small, their end is good.
		if r.code != 0 || !strings.HasPrefix(point, "file.") {
			t.Fatalf("it was not killed: %v", r)
		}
	}
	hits := p.trace(trace)
	store := p.open()
	stored := p.stored(store)
	acknowledged := 0
	for _, h := range hits {
		if h.name() != "store.put.after" {
			continue
		}
		if name, ok := strings.CutPrefix(h.about, "inbox/"); ok {
			acknowledged++
			if !stored[name] {
				t.Errorf("the event %s was acknowledged and is lost", name)
			}
		} else if digest, ok := strings.CutPrefix(h.about, "blobs/sha256/"); ok {
			if _, err := store.Blob(t.Context(), "sha256:"+strings.ReplaceAll(digest, "/", "")); err != nil {
				t.Errorf("a document was acknowledged and is lost: %v", err)
			}
		}
	}
	if n := len(stored) - acknowledged; n > 1 {
		t.Errorf("%d events are there that nobody was told of", n)
	}
	s.consistent(t, p, store, c)
	s.next(t, p, c, len(stored) > 0)
}

// consistent compares the record with the cluster.
func (s sweep) consistent(t *testing.T, p *place, store metadata.Store, c *cluster) {
	snap, err := store.Load(t.Context(), metadata.Query{})
	p.must(err)
	inCluster := c.runs()
	for _, r := range snap.Runs {
		c.record(r.ID)
		if exists := inCluster[r.ID] > 0; r.Engine == "argo" && r.State != metadata.Planned && !exists {
			t.Errorf("run %s is recorded as %s and has no Workflow", r.ID, r.State)
		}
	}
}

// next: whatever happened, the store can be read and written.
func (s sweep) next(t *testing.T, p *place, c *cluster, some bool) {
	before := s.list(t, p)
	if some != (len(before) == 1) {
		t.Errorf("%d runs are listed", len(before))
	}
	if r := p.run(s.args); r.code != 0 {
		t.Errorf("the next one: %v", r)
	}
	after := s.list(t, p)
	if len(after) != len(before)+1 || after[0].State != "succeeded" {
		t.Errorf("after the next one: %+v", after)
	}
	store := p.open()
	p.stored(store)
	s.consistent(t, p, store, c)
}

type listed struct{ ID, State string }

func (s sweep) list(t *testing.T, p *place) []listed {
	t.Helper()
	r := p.run([]string{"runs", "list", "-o", "json"})
	var list struct{ Runs []listed }
	if err := json.Unmarshal([]byte(r.out), &list); err != nil || r.code != 0 {
		t.Fatalf("runs list: %v, %v", err, r)
	}
	return list.Runs
}
