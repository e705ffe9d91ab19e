package metadata

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
)

// An Origin is where lineage begins: a run or, with Task, one of its tasks; or
// the artifact at URI.
type Origin struct {
	Run  *Run // with its tasks and artifacts
	Task string
	URI  string
}

// Trace is the part of a store's graph that is reached from an origin in the
// given directions within depth steps (0: all). Where the store has an index
// of edges, only the runs on the way are loaded; otherwise all of them.
func Trace(ctx context.Context, s Store, from Origin, directions []Direction, depth int) (*Graph, []Damage, error) {
	t := &tracer{store: s, ask: edgeReader(s), g: newGraph(), runs: map[string]bool{}, uris: map[string]bool{}, edges: map[graphEdge]bool{}, reached: map[string]bool{}}
	err := t.all(ctx, from, directions, depth)
	if errors.Is(err, errors.ErrUnsupported) {
		snap, err := s.Load(ctx, Query{})
		if err != nil {
			return nil, nil, err
		}
		return snap.Lineage(), snap.Damaged, nil
	}
	return t.g, distinct(t.damaged), err
}

// distinct leaves out what was found again by a later step.
func distinct(damaged []Damage) []Damage {
	slices.SortStableFunc(damaged, func(a, b Damage) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(damaged, func(a, b Damage) bool { return a.Name == b.Name && a.Err.Error() == b.Err.Error() })
}

// A tracer reads the graph step by step.
type tracer struct {
	store   Store
	ask     EdgeReader // nil: the store has none
	g       *Graph
	runs    map[string]bool // whose edges are there
	uris    map[string]bool // likewise
	edges   map[graphEdge]bool
	reached map[string]bool // runs of which a task will be shown
	damaged []Damage
}

// A front is what was reached last.
type front struct {
	tasks []taskKey
	uris  []string
}

func (t *tracer) all(ctx context.Context, from Origin, directions []Direction, depth int) error {
	start := front{uris: []string{from.URI}}
	if from.Run != nil {
		start = front{}
		t.reached[from.Run.ID] = true
		for _, task := range from.Run.Tasks {
			start.tasks = append(start.tasks, taskKey{from.Run.ID, task.Path})
		}
		for _, a := range from.Run.Artifacts { // which task comes first is told by both sides
			start.tasks = append(start.tasks, taskKey{from.Run.ID, a.Task})
			start.uris = append(start.uris, a.URI)
		}
		if from.Task != "" {
			start = front{tasks: []taskKey{{from.Run.ID, from.Task}}}
		}
	}
	for _, d := range directions {
		if err := t.follow(ctx, start, d, depth); err != nil {
			return err
		}
	}
	if err := t.details(ctx); err != nil {
		return err
	}
	t.g.sort()
	return nil
}

// follow goes step by step; of each step all edges are asked for at once.
func (t *tracer) follow(ctx context.Context, f front, d Direction, depth int) error {
	limit := maxDepth
	if depth > 0 && depth < limit {
		limit = depth
	}
	tasks, uris := map[taskKey]bool{}, map[string]bool{}
	for level := 0; level <= limit && len(f.tasks)+len(f.uris) > 0; level++ {
		if err := t.read(ctx, f); err != nil {
			return err
		}
		var next front
		for _, key := range f.tasks {
			te := t.g.byTask[key]
			if te == nil || tasks[key] {
				continue
			}
			tasks[key] = true
			for _, a := range te.beyond(d) {
				if !uris[a.URI] {
					next.uris = append(next.uris, a.URI)
				}
			}
		}
		for _, uri := range f.uris {
			ae := t.g.byURI[uri]
			if ae == nil || uris[uri] {
				continue
			}
			uris[uri] = true
			for _, e := range ae.beyond(d) {
				t.reached[e.key.run] = true
				if !tasks[e.key] {
					next.tasks = append(next.tasks, e.key)
				}
			}
		}
		f = next
	}
	return nil
}

// read makes the edges of a front known.
func (t *tracer) read(ctx context.Context, f front) error {
	q := EdgeQuery{}
	for _, key := range f.tasks {
		if !t.runs[key.run] {
			t.runs[key.run] = true
			q.Runs = append(q.Runs, key.run)
		}
	}
	for _, uri := range f.uris {
		if !t.uris[uri] {
			t.uris[uri] = true
			q.URIs = append(q.URIs, uri)
		}
	}
	if len(q.Runs)+len(q.URIs) == 0 {
		return nil
	}
	if t.ask == nil {
		return errors.ErrUnsupported
	}
	set, err := t.ask(ctx, q)
	if err != nil {
		return err
	}
	t.damaged = append(t.damaged, set.Damaged...)
	for _, e := range set.Edges {
		id := graphEdge{e.Run, edgeKey{e.URI, e.Task, e.Name, e.Dir}}
		if !t.edges[id] {
			t.edges[id] = true
			t.g.addEdge(t.g.run(e.Run), e.ArtifactRecord)
		}
	}
	return nil
}

// A graphEdge tells edges apart over all runs.
type graphEdge struct {
	run string
	edgeKey
}

// details loads the runs that were reached.
func (t *tracer) details(ctx context.Context) error {
	if len(t.reached) == 0 {
		return nil
	}
	snap, err := t.store.Load(ctx, Query{IDs: slices.Sorted(maps.Keys(t.reached))})
	if err != nil {
		return err
	}
	for _, r := range snap.Runs {
		t.g.describe(r)
	}
	return nil
}
