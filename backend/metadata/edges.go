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
	// Edges gives a reader for several questions, such as the steps of lineage;
	// nil: this store cannot be asked.
	Edges() EdgeReader
}

// An EdgeReader gives every edge that a query asks for, in any order, some of
// them perhaps twice. They are exactly those that Load gives as Run.Artifacts of
// the runs that are not deleted, at the moment of the reader's first question or
// a later one. A store that has no index (yet) answers errors.ErrUnsupported. A
// reader is for one goroutine.
type EdgeReader func(ctx context.Context, q EdgeQuery) (*EdgeSet, error)

// edgeReader is the store's reader, nil if it has none.
func edgeReader(s Store) EdgeReader {
	if source, ok := s.(EdgeSource); ok {
		return source.Edges()
	}
	return nil
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
	if read := edgeReader(s); read != nil {
		set, err := read(ctx, q)
		if !errors.Is(err, errors.ErrUnsupported) {
			if err == nil {
				set.Edges = sortEdges(set.Edges)
			}
			return set, err
		}
	}
	set := &EdgeSet{}
	wanted := q.Matcher()
	damaged, err := s.Each(ctx, Query{}, func(r *Run) error {
		for _, a := range r.Artifacts {
			if e := (Edge{r.ID, a}); wanted(e) {
				set.Edges = append(set.Edges, e)
			}
		}
		return nil
	})
	set.Damaged = damaged
	return set, err
}

// Matcher is Match for many edges.
func (q EdgeQuery) Matcher() func(Edge) bool {
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
