package blob

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

// chunk is how many runs are read before looking whether the limit is reached.
const chunk = 512

// relists is how often a store is listed again because something moved.
const relists = 3

// A pile is the events of one run, by key.
type pile struct {
	run  string
	keys []string
}

var errForeign = errors.New("its name is not that of an event")

// looking calls f with a view of the store until nothing moves under it. In the
// last attempt what is listed and cannot be found counts as damaged.
func (s *Store) looking(ctx context.Context, q metadata.Query, newest bool, f func(v *view, last bool) error) error {
	degraded := false
	for attempt := 0; ; {
		last := attempt >= relists
		v, err := s.look(ctx, q, newest, last, degraded)
		if err == nil && (attempt > 0 || len(v.piles) == 0 && len(v.sources) == 0) {
			err = s.still(ctx)
		}
		if err == nil {
			err = f(v, last)
		}
		switch {
		case errors.Is(err, errDegraded) && !degraded:
			degraded = true
		case errors.Is(err, errMoved) && attempt < relists:
			attempt++
		default:
			return err
		}
	}
}

// still makes sure that the store is there where little was found in it: it may
// have been removed meanwhile, and less than everything would look like all.
func (s *Store) still(ctx context.Context) error {
	names, err := s.formats(ctx)
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("%s was removed while it was read: %w", s.where, metadata.ErrUnavailable)
	}
	return err
}

// Load implements metadata.Store.
func (s *Store) Load(ctx context.Context, q metadata.Query) (*metadata.Snapshot, error) {
	snap := &metadata.Snapshot{}
	var err error
	snap.Damaged, err = s.Each(ctx, q, func(r *metadata.Run) error {
		snap.Runs = append(snap.Runs, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return snap, nil
}

// Each implements metadata.Store. It reads the newest runs first, and no more
// than the limit needs. When something moves it goes on behind the runs that it
// has given.
func (s *Store) Each(ctx context.Context, q metadata.Query, f func(*metadata.Run) error) ([]metadata.Damage, error) {
	known, err := s.known(ctx)
	if err != nil || known == nil {
		return nil, err
	}
	g := &giver{q: q, give: f}
	var seen []metadata.Damage // by the last look
	err = s.looking(ctx, q, true, func(v *view, last bool) error {
		err := g.all(ctx, v, &loader{s: s, q: q, last: last, frames: s.frames()})
		seen = v.damaged
		return err
	})
	if err != nil {
		return nil, err
	}
	return sortDamage(append(g.damaged, seen...)), nil
}

// A giver gives runs, each once over several looks at a store.
type giver struct {
	q       metadata.Query
	give    func(*metadata.Run) error
	given   int
	done    string // the oldest run that was looked at, "": none
	damaged []metadata.Damage
}

func (g *giver) all(ctx context.Context, v *view, l *loader) error {
	for g.q.Limit == 0 || g.given < g.q.Limit {
		n := chunk
		if g.q.Limit > 0 {
			n = min(n, max(g.q.Limit-g.given, readers))
		}
		entries, err := v.some(ctx, n)
		if err != nil || len(entries) == 0 {
			return err
		}
		oldest := entries[len(entries)-1].run
		if g.done != "" {
			entries = slices.DeleteFunc(entries, func(e *entry) bool { return e.run >= g.done })
		}
		runs, damaged, err := l.runs(ctx, entries)
		if err != nil {
			return err
		}
		g.damaged = append(g.damaged, damaged...)
		if g.done == "" || oldest < g.done {
			g.done = oldest
		}
		for _, r := range runs {
			if g.q.Limit > 0 && g.given == g.q.Limit {
				break
			}
			g.given++
			if err := g.give(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// sortDamage puts findings in order, each once.
func sortDamage(all []metadata.Damage) []metadata.Damage {
	slices.SortStableFunc(all, func(a, b metadata.Damage) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b metadata.Damage) bool {
		return a.Name == b.Name && a.Err.Error() == b.Err.Error()
	})
}

// some gives the next runs, at most n.
func (v *view) some(ctx context.Context, n int) ([]*entry, error) {
	var entries []*entry
	for len(entries) < n {
		e, err := v.next(ctx)
		if err != nil || e == nil {
			return entries, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// portions calls f with all runs that are left, some at a time.
func (v *view) portions(ctx context.Context, f func([]*entry) error) error {
	for {
		entries, err := v.some(ctx, chunk)
		if err != nil || len(entries) == 0 {
			return err
		}
		if err := f(entries); err != nil {
			return err
		}
	}
}

// A loader reduces runs.
type loader struct {
	s      *Store
	q      metadata.Query
	last   bool // nothing is listed again
	frames *frameReader
	// noRescue leaves out what only an index still knows.
	noRescue bool
}

// runs reads and reduces some runs, several at once, and gives those that
// match, in order.
func (l *loader) runs(ctx context.Context, entries []*entry) (runs []*metadata.Run, damaged []metadata.Damage, err error) {
	loaded := make([]loadedRun, len(entries))
	parallel(readers, len(entries), func(i int) { loaded[i] = l.run(ctx, entries[i]) })
	for _, r := range loaded {
		if r.err != nil {
			return nil, nil, r.err
		}
		damaged = append(damaged, r.damaged...)
		if r.run != nil && l.q.Match(r.run) {
			runs = append(runs, r.run)
		}
	}
	return runs, damaged, nil
}

type loadedRun struct {
	run     *metadata.Run
	damaged []metadata.Damage
	err     error
}

// run reduces what is whole of a run's events and reports the rest. The row of
// an index is enough if nobody needs more and no event is missing in it.
func (l *loader) run(ctx context.Context, e *entry) (r loadedRun) {
	row, err := e.settled()
	if err == nil && row != nil {
		if run := row.Summary(); run != nil && (l.q.Summary || !l.q.Match(run)) {
			r.run = run
			return r
		}
	}
	events, damaged, err := l.events(ctx, e, false)
	if err != nil {
		r.err = err
		return r
	}
	r.damaged = damaged
	if runs := metadata.Reduce(events); len(runs) > 0 {
		r.run = runs[0]
		if l.q.Summary {
			r.run.Tasks, r.run.Artifacts = nil, nil
		}
	}
	return r
}

// settled is the row that says all about the run, nil if there is none.
func (e *entry) settled() (*segment.Row, error) {
	if len(e.rows) != 1 {
		return nil, nil
	}
	row, err := e.rows[0].line.Decode()
	if err != nil {
		return nil, err
	}
	if !e.covered(row) {
		return nil, nil
	}
	return row, nil
}

// covered reports whether the row's frames hold all events of the run that lie
// in the inbox.
func (e *entry) covered(row *segment.Row) bool {
	for _, key := range e.keys {
		name, _ := eventName(key)
		id, _, _ := metadata.SplitName(name)
		if _, found := slices.BinarySearch(row.IDs, id); !found {
			return false
		}
	}
	return true
}

// events reads all events of a run, in order of their ids. all reads also
// those objects of the inbox that a segment is said to hold.
func (l *loader) events(ctx context.Context, e *entry, all bool) ([]*metadata.Event, []metadata.Damage, error) {
	var events []*metadata.Event
	var damaged []metadata.Damage
	held := map[string]bool{}
	for _, at := range e.rows {
		found, row, err := l.frames.row(ctx, at)
		switch {
		case err == nil:
		case errors.Is(err, metadata.ErrNotFound) && !l.last:
			return nil, nil, errMoved
		case usable(err):
			damaged = append(damaged, metadata.Damage{Name: at.index.Header.Segment, Err: err})
			if row == nil {
				continue
			}
			found = append(found, l.rescue(row)...)
		default:
			return nil, nil, err
		}
		events = append(events, found...)
		for _, id := range row.IDs {
			held[id] = true
		}
	}
	for _, key := range e.keys {
		name, _ := eventName(key)
		if id, _, _ := metadata.SplitName(name); held[id] && !all && len(damaged) == 0 {
			continue
		}
		event, err := l.s.loadEvent(ctx, key, name, l.q.Summary)
		switch {
		case err == nil:
			events = append(events, event)
		case errors.Is(err, metadata.ErrNotFound) && !l.last:
			return nil, nil, errMoved
		case usable(err):
			damaged = append(damaged, metadata.Damage{Name: name, Err: err})
		default:
			return nil, nil, err
		}
	}
	if len(e.rows) == 0 {
		return events, damaged, nil // in order of their names
	}
	events = segment.Sort(events)
	return events, append(damaged, twins(events)...), nil
}

// usable reports whether what is left can be used in spite of the error.
func usable(err error) bool {
	return errors.Is(err, metadata.ErrDamaged) || errors.Is(err, metadata.ErrFormat) || errors.Is(err, metadata.ErrNotFound)
}

// rescue is what a row says, for when its frames cannot be read.
func (l *loader) rescue(row *segment.Row) []*metadata.Event {
	e, err := row.Rescue(nil)
	if err != nil || l.noRescue {
		return nil
	}
	return []*metadata.Event{e}
}

var errTwins = errors.Join(metadata.ErrConflict, errors.New("there are two events of that name with different content"))

// twins reports events of one name that differ.
func twins(events []*metadata.Event) []metadata.Damage {
	var damaged []metadata.Damage
	for i := 1; i < len(events); i++ {
		if a, b := events[i-1], events[i]; a.ID == b.ID && cmp.Compare(a.Run, b.Run) == 0 {
			damaged = append(damaged, metadata.Damage{Name: b.Name(), Err: errTwins})
		}
	}
	return damaged
}

func (s *Store) loadEvent(ctx context.Context, key, name string, summary bool) (*metadata.Event, error) {
	data, err := s.read(ctx, key, metadata.MaxEventBytes)
	if err != nil {
		return nil, err
	}
	return metadata.ParseNamed(name, data, summary)
}

// sameEvent reports whether an event has those bytes.
func sameEvent(e *metadata.Event, data []byte) bool {
	raw, err := e.Encode()
	return err == nil && bytes.Equal(raw, data)
}
