package metadata

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// An indexed store knows the edges of a snapshot, gives them in whatever order
// and some twice, and counts what it is asked for.
type indexed struct {
	Store
	snap   *Snapshot
	plain  bool // it has no index after all
	loaded int  // runs
}

func (s *indexed) Load(_ context.Context, q Query) (*Snapshot, error) {
	out := &Snapshot{}
	for _, r := range s.snap.Runs {
		if q.Match(r) {
			out.Runs = append(out.Runs, r)
		}
	}
	s.loaded += len(out.Runs)
	return out, nil
}

func (s *indexed) Edges() EdgeReader { return s.edges }

func (s *indexed) edges(_ context.Context, q EdgeQuery) (*EdgeSet, error) {
	if s.plain {
		return nil, errors.ErrUnsupported
	}
	set := &EdgeSet{}
	for _, r := range s.snap.Runs {
		for _, a := range r.Artifacts {
			if e := (Edge{r.ID, a}); q.Match(e) {
				set.Edges = append(set.Edges, e, e)
			}
		}
	}
	slices.Reverse(set.Edges)
	return set, nil
}

// TestTrace: what is traced through an index is what the whole graph says,
// from every origin, in both directions, to every depth.
func TestTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var events []*Event
		for i := range rapid.IntRange(1, 4).Draw(t, "runs") {
			at := start.Add(time.Duration(i) * time.Hour)
			name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
			records := []Record{{Run: &RunRecord{Name: fmt.Sprint("run", i)}}, {Task: &TaskRecord{Path: "a", State: Succeeded}}}
			for range rapid.IntRange(0, 6).Draw(t, "edges") {
				records = append(records, Record{Artifact: &ArtifactRecord{URI: "s3://b/" + name.Draw(t, "uri"), Task: name.Draw(t, "task"), Name: name.Draw(t, "port"),
					Dir: rapid.SampledFrom([]string{In, Out}).Draw(t, "dir")}})
			}
			events = append(events, &Event{ID: NewID(at), Run: NewID(at), At: at, Records: records})
		}
		s := Select(events, nil, Query{})
		whole := s.Lineage()
		depth := rapid.IntRange(0, 5).Draw(t, "depth")
		dirs := rapid.SampledFrom([][]Direction{{Up}, {Down}, {Up, Down}}).Draw(t, "directions")
		r := rapid.SampledFrom(s.Runs).Draw(t, "run")
		for _, from := range origins(whole, r) {
			for _, plain := range []bool{false, true} {
				g, _, err := Trace(context.Background(), &indexed{snap: s, plain: plain}, from, dirs, depth)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range dirs {
					want, err := tree(whole, from, d, depth)
					if err != nil {
						t.Fatal(err)
					}
					got, err := tree(g, from, d, depth)
					if err != nil || draw(got) != draw(want) {
						t.Fatalf("%+v, direction %v, depth %d: %v\n got %s\nwant %s", from, d, depth, err, draw(got), draw(want))
					}
				}
			}
		}
	})
}

func origins(g *Graph, r *Run) []Origin {
	out := []Origin{{Run: r}}
	for _, key := range g.taskOfRun[r.ID] {
		if key.path != "" {
			out = append(out, Origin{Run: r, Task: key.path})
		}
	}
	for _, uri := range slices.Sorted(maps.Keys(g.byURI)) {
		out = append(out, Origin{URI: uri})
	}
	return out
}

func tree(g *Graph, from Origin, d Direction, depth int) (*Node, error) {
	switch {
	case from.Task != "":
		return g.FromTask(from.Run, from.Task, d, depth)
	case from.Run != nil:
		return g.FromRun(from.Run, d, depth), nil
	}
	return g.FromArtifact(from.URI, d, depth)
}

// Of many runs, only those on the way are loaded.
func TestTraceLoadsLittle(t *testing.T) {
	var events []*Event
	for i := range 1000 {
		at := start.Add(time.Duration(i) * time.Hour)
		events = append(events, &Event{ID: NewID(at), Run: NewID(at), At: at, Records: []Record{
			{Artifact: &ArtifactRecord{URI: fmt.Sprint("s3://b/", i/10, "/", i%10), Task: "t", Name: "in", Dir: In}},
			{Artifact: &ArtifactRecord{URI: fmt.Sprint("s3://b/", i/10, "/", i%10+1), Task: "t", Name: "out", Dir: Out}}}})
	}
	s := &indexed{snap: Select(events, nil, Query{})}
	g, _, err := Trace(t.Context(), s, Origin{URI: "s3://b/7/0"}, []Direction{Down}, 0)
	if err != nil {
		t.Fatal(err)
	}
	n, err := g.FromArtifact("s3://b/7/0", Down, 0)
	if err != nil || count(n) != 21 || s.loaded != 10 {
		t.Errorf("%d nodes, %d runs loaded, %v", count(n), s.loaded, err)
	}
}
