package blob

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

var _ metadata.EdgeSource = (*Store)(nil)

// Edges implements metadata.EdgeSource: of runs that one index knows whole it
// takes the edges listed there, the others it loads. The store is listed once
// for all questions, and again when something that was listed has moved.
func (s *Store) Edges() metadata.EdgeReader {
	var found *edgeView
	return func(ctx context.Context, q metadata.EdgeQuery) (set *metadata.EdgeSet, err error) {
		if found != nil {
			if set, err = found.find(ctx, q); !errors.Is(err, errMoved) {
				return set, err
			}
			found = nil
		}
		f, err := s.known(ctx)
		if err != nil {
			return nil, err
		}
		set = &metadata.EdgeSet{}
		if f == nil {
			return set, nil
		}
		err = s.looking(ctx, metadata.Query{}, true, func(v *view, last bool) error {
			if len(v.listed) == 0 {
				return errors.ErrUnsupported
			}
			e, err := s.viewEdges(ctx, v, last)
			if err != nil {
				return err
			}
			if set, err = e.find(ctx, q); err == nil {
				e.last, found = false, e
			}
			return err
		})
		return set, err
	}
}

// An edgeView is where the edges were at one moment.
type edgeView struct {
	s       *Store
	last    bool // nothing is listed again
	damaged []metadata.Damage
	tables  []*tableSource
	// unsettled are the runs whose edges no index lists, skip their ids. Their
	// edges are read when they are first asked for.
	unsettled []*entry
	skip      map[string]bool
	loose     []metadata.Edge
	texts     []tableText // of the tables that were asked last, the latest last
}

// A tableSource is an object of edges, opened when it is first asked.
type tableSource struct {
	index segment.Name
	name  segment.Name // of the edges
	key   string
	table *segment.Table
	lost  bool // it cannot be used
}

type tableText struct {
	of   *segment.Table
	text []byte
}

// heldTexts is how many texts of tables are held at once, of 24 MiB at most.
const heldTexts = 2

// viewEdges goes through a view once. Of its indexes it keeps what names the
// edges, not the rows.
func (s *Store) viewEdges(ctx context.Context, v *view, last bool) (*edgeView, error) {
	e := &edgeView{s: s, last: last, skip: map[string]bool{}}
	all := slices.Clone(v.sources)
	v.parsed = func(src *source) {
		if src.header.Edges != "" {
			src.edges = &tableSource{index: src.name, key: src.header.Edges}
			src.edges.name, _ = segment.ParseName(src.header.Edges)
		}
		if v.alone(src, all) {
			src.head = ""
		}
	}
	for _, src := range v.sources { // those that are read already
		if src.index != nil {
			v.parsed(src)
		}
	}
	var err error
	if e.unsettled, err = v.unsettled(ctx); err != nil {
		return nil, err
	}
	for _, run := range e.unsettled {
		e.skip[run.run] = true
	}
	for _, src := range all {
		if !src.dead && src.edges != nil {
			e.tables = append(e.tables, src.edges)
		}
	}
	e.damaged = v.damaged
	return e, nil
}

// find gives the edges that are wanted; errMoved if what was listed is there no
// more.
func (e *edgeView) find(ctx context.Context, q metadata.EdgeQuery) (*metadata.EdgeSet, error) {
	set := &metadata.EdgeSet{}
	wanted := segment.NewEdgeFilter(q)
	if err := e.open(ctx, wanted); err != nil {
		return nil, err
	}
	for _, t := range e.tables {
		if t.table == nil || !t.table.May(t.name, wanted) {
			continue
		}
		text, err := e.text(t.table)
		if err != nil {
			return nil, err
		}
		for _, l := range t.table.Find(text, wanted) {
			if e.skip[l.Run()] {
				continue
			}
			a, err := l.Decode()
			if err != nil {
				return nil, err
			}
			set.Edges = append(set.Edges, metadata.Edge{Run: l.Run(), ArtifactRecord: a})
		}
	}
	if err := e.load(ctx); err != nil {
		return nil, err
	}
	match := q.Matcher()
	for _, edge := range e.loose {
		if match(edge) {
			set.Edges = append(set.Edges, edge)
		}
	}
	set.Damaged = slices.Clone(e.damaged)
	return set, nil
}

// open reads the tables that may be wanted, several at once. Edges are derived:
// where they are lost, the runs tell.
func (e *edgeView) open(ctx context.Context, f *segment.EdgeFilter) error {
	var some []*tableSource
	for _, t := range e.tables {
		if t.table == nil && !t.lost && f.Within(t.index) {
			some = append(some, t)
		}
	}
	data := make([][]byte, len(some))
	errs := make([]error, len(some))
	parallel(fetchers, len(some), func(i int) { data[i], errs[i] = e.s.cached(ctx, some[i].key) })
	parallel(parsers, len(some), func(i int) {
		if errs[i] == nil {
			some[i].table, errs[i] = segment.OpenTable(some[i].name, data[i])
		}
	})
	for i, t := range some {
		switch {
		case errs[i] == nil:
		case errors.Is(errs[i], metadata.ErrNotFound) && !e.last:
			return errMoved
		case usable(errs[i]):
			if err := e.miss(ctx, t, errs[i]); err != nil {
				return err
			}
		default:
			return errs[i]
		}
	}
	return nil
}

// miss has the runs of an index loaded instead of their edges.
func (e *edgeView) miss(ctx context.Context, t *tableSource, why error) error {
	x, err := e.s.index(ctx, t.index)
	if err != nil {
		if errors.Is(err, metadata.ErrNotFound) {
			return errMoved
		}
		return err
	}
	t.lost = true
	e.damaged = append(e.damaged, metadata.Damage{Name: t.key, Err: why})
	for _, l := range x.Lines {
		if run := l.Run(); !e.skip[run] {
			e.skip[run] = true
			e.unsettled = append(e.unsettled, &entry{run: run, rows: []located{{x, l}}})
		}
	}
	return nil
}

func (e *edgeView) text(t *segment.Table) ([]byte, error) {
	for _, h := range e.texts {
		if h.of == t {
			return h.text, nil
		}
	}
	text, err := t.Text()
	if err == nil {
		e.texts = append(e.texts[max(0, len(e.texts)-heldTexts+1):], tableText{t, text})
	}
	return text, err
}

// load takes the edges of the runs that no index lists from their events.
func (e *edgeView) load(ctx context.Context) error {
	l := &loader{s: e.s, last: e.last, frames: e.s.frames()}
	for some := range slices.Chunk(e.unsettled, chunk) {
		runs, damaged, err := l.runs(ctx, some)
		if err != nil {
			return err
		}
		e.damaged = append(e.damaged, damaged...)
		for _, r := range runs {
			for _, a := range r.Artifacts {
				e.loose = append(e.loose, metadata.Edge{Run: r.ID, ArtifactRecord: a})
			}
		}
	}
	e.unsettled = nil
	return nil
}

// unsettled gives the runs whose edges no index lists. An index that holds all
// that is known of its runs is not gone through row by row.
func (v *view) unsettled(ctx context.Context) ([]*entry, error) {
	var out []*entry
	for {
		e, err := v.next(ctx)
		if err != nil || e == nil {
			return out, err
		}
		if len(e.rows) == 1 && e.rows[0].index.Name.Kind == segment.Indexes && !e.rows[0].line.Unlisted() && e.within(e.rows[0].line) {
			continue
		}
		out = append(out, e)
	}
}

// within reports whether the row's frames hold all events of the run that lie
// in the inbox, without decoding the row where that can be.
func (e *entry) within(l segment.Line) bool {
	if len(e.keys) == 0 {
		return true
	}
	if ids, ok := l.IDs(); ok {
		for _, key := range e.keys {
			name, _ := eventName(key)
			id, _, _ := metadata.SplitName(name)
			if !bytes.Contains(ids, []byte(`"`+id+`"`)) {
				return false
			}
		}
		return true
	}
	row, err := l.Decode()
	return err == nil && e.covered(row)
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
