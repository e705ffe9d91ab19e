package blob

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

var _ metadata.EdgeSource = (*Store)(nil)

// Edges implements metadata.EdgeSource: of runs that one index knows whole it
// takes the edges listed there, the others it loads.
func (s *Store) Edges(ctx context.Context, q metadata.EdgeQuery) (*metadata.EdgeSet, error) {
	f, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	set := &metadata.EdgeSet{}
	if f == nil {
		return set, nil
	}
	err = s.looking(ctx, metadata.Query{}, true, func(v *view, last bool) (err error) {
		if len(v.listed) == 0 {
			return errors.ErrUnsupported
		}
		set, err = s.findEdges(ctx, v, q, last)
		return err
	})
	return set, err
}

func (s *Store) findEdges(ctx context.Context, v *view, q metadata.EdgeQuery, last bool) (*metadata.EdgeSet, error) {
	indexes := v.live()
	unsettled, err := v.unsettled(ctx)
	if err != nil {
		return nil, err
	}
	set := &metadata.EdgeSet{Damaged: slices.Clone(v.damaged)}
	skip := map[string]bool{}
	for _, e := range unsettled {
		skip[e.run] = true
	}
	wanted := newEdgeFilter(q)
	for _, x := range indexes {
		err := s.tableEdges(ctx, x, wanted, skip, set)
		switch {
		case errors.Is(err, metadata.ErrNotFound) && !last:
			return nil, errMoved
		case err != nil && usable(err):
			// Derived, and lost: the runs tell.
			set.Damaged = append(set.Damaged, metadata.Damage{Name: x.Header.Edges, Err: err})
			for _, l := range x.Lines {
				if !skip[l.Run()] {
					unsettled = append(unsettled, &entry{run: l.Run(), rows: []located{{x, l}}})
				}
			}
		case err != nil:
			return nil, err
		}
	}
	return set, s.loadEdges(ctx, unsettled, q, last, set)
}

// live are the indexes that count.
func (v *view) live() []*segment.Index {
	var out []*segment.Index
	for _, src := range v.sources {
		if src.index != nil && !src.dead {
			out = append(out, src.index)
		}
	}
	return out
}

// unsettled gives the runs whose edges no index lists. An index that holds all
// that is known of its runs is not gone through row by row.
func (v *view) unsettled(ctx context.Context) ([]*entry, error) {
	var out []*entry
	all := slices.Clone(v.sources) // alone looks at them while some are taken out
	v.sources = slices.DeleteFunc(v.sources, func(src *source) bool { return !src.dead && v.alone(src, all) })
	for {
		e, err := v.next(ctx)
		if err != nil || e == nil {
			return out, err
		}
		if len(e.rows) == 1 && len(e.keys) == 0 && e.rows[0].index.Name.Kind == segment.Indexes && !bytes.Contains(e.rows[0].line, []byte(`,"unlisted":true`)) {
			continue // without decoding the row
		}
		if row, err := e.settled(); err == nil && row != nil && !row.Unlisted && e.rows[0].index.Name.Kind == segment.Indexes {
			continue
		}
		out = append(out, e)
	}
}

// alone reports whether nothing else is known of the runs of an index, and all
// their edges are listed.
func (v *view) alone(src *source, all []*source) bool {
	if src.name.Kind != segment.Indexes || src.index.Unlisted() {
		return false
	}
	for _, p := range v.piles {
		if p.run >= src.name.From && p.run <= src.name.To {
			return false
		}
	}
	for _, other := range all {
		if other != src && !other.dead && other.name.From <= src.name.To && other.name.To >= src.name.From {
			return false
		}
	}
	return true
}

// loadEdges takes the edges of runs from their events.
func (s *Store) loadEdges(ctx context.Context, entries []*entry, q metadata.EdgeQuery, last bool, set *metadata.EdgeSet) error {
	l := &loader{s: s, last: last, frames: s.frames()}
	for len(entries) > 0 {
		n := min(chunk, len(entries))
		snap := &metadata.Snapshot{}
		if err := l.runs(ctx, entries[:n], snap); err != nil {
			return err
		}
		entries = entries[n:]
		set.Damaged = append(set.Damaged, snap.Damaged...)
		for _, r := range snap.Runs {
			for _, a := range r.Artifacts {
				if e := (metadata.Edge{Run: r.ID, ArtifactRecord: a}); q.Match(e) {
					set.Edges = append(set.Edges, e)
				}
			}
		}
	}
	return nil
}

// An edgeTable finds edges by run and by URI.
type edgeTable struct {
	lines  []segment.EdgeLine // by run, in order
	hashes []edgeHash         // by hash
}

type edgeHash struct {
	hash uint64
	line uint32
}

var seed = maphash.MakeSeed()

// keptEdges bounds the tables in memory; who follows lineage asks many times.
const keptEdges = 64

func (s *Store) edgeTable(ctx context.Context, key string) (*edgeTable, error) {
	s.mu.Lock()
	t := s.edges[key]
	s.mu.Unlock()
	if t != nil {
		return t, nil
	}
	n, _ := segment.ParseName(key)
	data, err := s.cached(ctx, key)
	if err != nil {
		return nil, err
	}
	lines, err := segment.ParseEdges(n, data)
	if err != nil {
		return nil, err
	}
	t = &edgeTable{lines: lines}
	t.hashes = make([]edgeHash, 0, len(lines))
	for i, l := range lines {
		t.hashes = append(t.hashes, edgeHash{maphash.Bytes(seed, l.URI()), uint32(i)})
	}
	slices.SortFunc(t.hashes, func(a, b edgeHash) int {
		if a.hash != b.hash {
			if a.hash < b.hash {
				return -1
			}
			return 1
		}
		return int(a.line) - int(b.line)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.edges == nil || len(s.edges) >= keptEdges {
		s.edges = map[string]*edgeTable{}
	}
	s.edges[key] = t
	return t, nil
}

// An edgeFilter is an EdgeQuery prepared for many tables.
type edgeFilter struct {
	metadata.EdgeQuery
	uris [][]byte // as they stand in a line
	runs []string // in order
}

func newEdgeFilter(q metadata.EdgeQuery) *edgeFilter {
	f := &edgeFilter{EdgeQuery: q, runs: slices.Sorted(slices.Values(q.Runs))}
	for _, uri := range q.URIs {
		f.uris = append(f.uris, segment.EscapeURI(uri))
	}
	return f
}

// tableEdges adds the edges of an index that are wanted, but for some runs.
func (s *Store) tableEdges(ctx context.Context, x *segment.Index, f *edgeFilter, skip map[string]bool, set *metadata.EdgeSet) error {
	if x.Header.Edges == "" {
		return nil
	}
	t, err := s.edgeTable(ctx, x.Header.Edges)
	if err != nil {
		return err
	}
	for i := range t.find(f) {
		l := t.lines[i]
		if skip[l.Run()] {
			continue
		}
		a, err := l.Decode()
		if err != nil {
			return err
		}
		set.Edges = append(set.Edges, metadata.Edge{Run: l.Run(), ArtifactRecord: a})
	}
	return nil
}

// find gives the numbers of the lines that are wanted.
func (t *edgeTable) find(f *edgeFilter) map[int]bool {
	found := map[int]bool{}
	for _, run := range f.runs {
		i, _ := slices.BinarySearchFunc(t.lines, run, func(l segment.EdgeLine, run string) int { return strings.Compare(l.Run(), run) })
		for ; i < len(t.lines) && t.lines[i].Run() == run; i++ {
			found[i] = true
		}
	}
	for _, uri := range f.uris {
		h := maphash.Bytes(seed, uri)
		i, _ := slices.BinarySearchFunc(t.hashes, h, func(a edgeHash, h uint64) int {
			switch {
			case a.hash < h:
				return -1
			case a.hash > h:
				return 1
			}
			return 0
		})
		for ; i < len(t.hashes) && t.hashes[i].hash == h; i++ {
			if n := int(t.hashes[i].line); bytes.Equal(t.lines[n].URI(), uri) {
				found[n] = true
			}
		}
	}
	if f.Digest != "" {
		for i, l := range t.lines {
			if t.digest(l, f.Digest) {
				found[i] = true
			}
		}
	}
	return found
}

// digest reports whether the artifact's id or digest begins so. The id is not
// in the line where it follows from the URI.
func (t *edgeTable) digest(l segment.EdgeLine, prefix string) bool {
	if bytes.Contains(l, []byte(`":"`+prefix)) {
		a, err := l.Decode()
		return err == nil && (strings.HasPrefix(a.ID, prefix) || strings.HasPrefix(a.Digest, prefix))
	}
	var uri string
	if json.Unmarshal(append(append([]byte{'"'}, l.URI()...), '"'), &uri) != nil {
		return false
	}
	return strings.HasPrefix(metadata.ArtifactID(uri), prefix)
}
