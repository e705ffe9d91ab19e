package metadata

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/backend/taskpath"
)

// An EdgeSource is a Store that knows who read and wrote what without loading
// runs, from an index. Stores need not be one; Edges asks those that are and
// loads the runs of the others.
type EdgeSource interface {
	// Edges gives every edge that the query asks for, in any order, some of them
	// perhaps twice. They are exactly those that Load gives as Run.Artifacts of
	// the runs that are not deleted. A store that has no index (yet) answers
	// errors.ErrUnsupported.
	Edges(ctx context.Context, q EdgeQuery) (*EdgeSet, error)
}

// An EdgeQuery asks for edges; whatever fits one of its parts is wanted.
type EdgeQuery struct {
	Runs []string // edges of these runs, by id
	URIs []string // edges of these artifacts, in whatever run
	// Digest asks for the edges of artifacts whose ID or Digest begins with it,
	// "sha256:…"; "": none.
	Digest string
}

// An EdgeSet is the answer: edges, and the objects that could not be used.
type EdgeSet struct {
	Edges   []Edge
	Damaged []Damage
}

// An Edge is what a task of a run read or wrote.
type Edge struct {
	Run string
	*ArtifactRecord
}

// Match reports whether the query asks for an edge. It is for those who look
// at few: it goes through the lists.
func (q EdgeQuery) Match(e Edge) bool {
	return slices.Contains(q.Runs, e.Run) || slices.Contains(q.URIs, e.URI) ||
		q.Digest != "" && (strings.HasPrefix(e.ID, q.Digest) || strings.HasPrefix(e.Digest, q.Digest))
}

// Edges asks a store for edges, sorted: the newest run first, then as in
// Run.Artifacts, none twice.
func Edges(ctx context.Context, s Store, q EdgeQuery) (*EdgeSet, error) {
	if source, ok := s.(EdgeSource); ok {
		set, err := source.Edges(ctx, q)
		if !errors.Is(err, errors.ErrUnsupported) {
			if err == nil {
				set.Edges = sortEdges(set.Edges)
			}
			return set, err
		}
	}
	snap, err := s.Load(ctx, Query{})
	if err != nil {
		return nil, err
	}
	set := &EdgeSet{Damaged: snap.Damaged}
	wanted := q.matcher()
	for _, r := range snap.Runs {
		for _, a := range r.Artifacts {
			if e := (Edge{r.ID, a}); wanted(e) {
				set.Edges = append(set.Edges, e)
			}
		}
	}
	return set, nil
}

// matcher is Match for many edges.
func (q EdgeQuery) matcher() func(Edge) bool {
	runs, uris := map[string]bool{}, map[string]bool{}
	for _, id := range q.Runs {
		runs[id] = true
	}
	for _, uri := range q.URIs {
		uris[uri] = true
	}
	rest := EdgeQuery{Digest: q.Digest}
	return func(e Edge) bool { return runs[e.Run] || uris[e.URI] || rest.Match(e) }
}

func sortEdges(edges []Edge) []Edge {
	slices.SortStableFunc(edges, compareEdges)
	return slices.CompactFunc(edges, func(a, b Edge) bool { return compareEdges(a, b) == 0 })
}

func compareEdges(a, b Edge) int {
	return cmp.Or(strings.Compare(b.Run, a.Run), taskpath.Compare(a.Task, b.Task), strings.Compare(a.Dir, b.Dir),
		strings.Compare(a.Name, b.Name), strings.Compare(a.URI, b.URI))
}
