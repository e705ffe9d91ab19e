package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kfp-go/kfp-go/backend/failpoint"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

// When and how compaction works.
const (
	// CompactEvents and CompactAge are the number of events in the inbox, and
	// the age of the oldest of them, above which Maintain compacts.
	CompactEvents = 200
	CompactAge    = 24 * time.Hour
	// CompactTime is how long Maintain works at most.
	CompactTime = 10 * time.Second
	// Grace is how long what was replaced stays, for those who listed it.
	Grace = time.Hour
	// OrphanAge is how long a segment stays that no index names.
	OrphanAge = 7 * 24 * time.Hour

	portion = 1000  // events that Maintain folds at once
	manual  = 50000 // events that Compact folds at once, else; more would only take memory
	fanIn   = 16    // indexes of a level that are merged
)

// CompactOptions choose how to compact. The zero value is right for people.
type CompactOptions struct {
	// Auto leaves the work to whoever does it already, and does it in portions.
	Auto bool
	// Grace is how long what was replaced stays; zero: the constant of that
	// name. A negative one is for tests.
	Grace time.Duration
}

// A Compaction says what was done.
type Compaction struct {
	Busy    bool // somebody else is at it; nothing was done
	Events  int  // folded out of the inbox
	Merged  int  // indexes that were folded again
	Written int  // segments
	Deleted int  // objects whose content lies elsewhere by now
	// Damaged lists what was left as it is.
	Damaged []metadata.Damage
}

// Maintain compacts if that is due, for as long as a user does not mind.
func (s *Store) Maintain(ctx context.Context) error {
	f, err := s.known(ctx)
	if err != nil || f == nil {
		return err
	}
	keys, err := s.list(ctx, inboxDir)
	if err != nil || !due(keys) {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, CompactTime)
	defer cancel()
	_, err = s.Compact(limited, CompactOptions{Auto: true})
	if limited.Err() != nil && ctx.Err() == nil {
		return nil // the next one goes on
	}
	return err
}

// due reports whether the inbox has grown too large or too old. A wrong clock
// here does no harm.
func due(keys []string) bool {
	if len(keys) > CompactEvents {
		return true
	}
	for _, key := range keys {
		name, _ := eventName(key)
		if id, _, ok := metadata.SplitName(name); ok {
			return time.Since(metadata.IDTime(id)) > CompactAge
		}
	}
	return false
}

// A compactor is one compaction.
type compactor struct {
	s      *Store
	opt    CompactOptions
	now    time.Time
	lease  *lease
	report Compaction
}

// Compact folds the inbox into segments, segments into larger ones, and deletes
// what was replaced long enough ago. It may be interrupted anywhere, and several
// may be at it.
func (s *Store) Compact(ctx context.Context, opt CompactOptions) (*Compaction, error) {
	c, err := s.compactor(ctx, opt)
	if err != nil || c.report.Busy {
		return &c.report, err
	}
	defer c.lease.release(context.WithoutCancel(ctx))
	err = c.compact(ctx)
	return &c.report, err
}

func (s *Store) compactor(ctx context.Context, opt CompactOptions) (*compactor, error) {
	c := &compactor{s: s, opt: opt}
	switch {
	case opt.Grace == 0:
		c.opt.Grace = Grace
	case opt.Grace < 0:
		c.opt.Grace = 0
	}
	if err := s.writable(ctx); err != nil {
		return c, err
	}
	var err error
	if c.now, err = s.now(ctx); err != nil {
		return c, err
	}
	if opt.Auto && s.conditional() {
		if c.lease, err = s.lease(ctx, "compact", c.now); err != nil {
			return c, err
		}
		c.report.Busy = c.lease == nil
	}
	return c, nil
}

// conditional reports whether the place knows conditional writes.
func (s *Store) conditional() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.format != nil && s.format.ConditionalWrites
}

func (c *compactor) survey(ctx context.Context) (*survey, error) {
	return c.s.survey(ctx, c.now, c.opt.Grace)
}

// compact deletes first: what an earlier pass has replaced.
func (c *compactor) compact(ctx context.Context) error {
	v, err := c.survey(ctx)
	if err != nil {
		return err
	}
	if err := c.sweep(ctx, v); err != nil {
		return err
	}
	// The survey is not held meanwhile.
	if err := c.foldInbox(ctx, v.uncovered()); err != nil {
		return err
	}
	return c.mergeLevels(ctx)
}

// foldInbox folds events that no segment holds yet, the oldest first. It
// consumes the keys.
func (c *compactor) foldInbox(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	if err := c.s.require(ctx, featureSegments); err != nil {
		return err
	}
	b := &segment.Builder{Level: segment.FromInbox, KeepIDs: true}
	for len(keys) > 0 {
		n := min(len(keys), manual)
		if c.opt.Auto {
			n = min(n, portion)
		}
		if err := c.fold(ctx, keys[:n], b); err != nil {
			return err
		}
		clear(keys[:n]) // lets go of them
		keys = keys[n:]
	}
	return nil
}

// fold makes segments of objects of the inbox.
func (c *compactor) fold(ctx context.Context, keys []string, b *segment.Builder) error {
	v := &view{s: c.s, filter: &segment.Filter{}}
	v.piles = v.sortPiles(keys)
	c.report.Damaged = append(c.report.Damaged, v.damaged...)
	l := &loader{s: c.s, last: true, frames: c.s.frames()}
	err := v.portions(ctx, func(entries []*entry) error { return c.foldRuns(ctx, l, entries, b) })
	if err != nil {
		return err
	}
	return c.flush(ctx, b)
}

type wholeRun struct {
	events  []*metadata.Event
	damaged []metadata.Damage
	err     error
}

func (c *compactor) foldRuns(ctx context.Context, l *loader, entries []*entry, b *segment.Builder) error {
	for _, r := range l.wholes(ctx, entries) {
		if r.err != nil {
			return r.err
		}
		for _, d := range r.damaged {
			if !errors.Is(d.Err, metadata.ErrNotFound) { // else another has deleted it
				c.report.Damaged = append(c.report.Damaged, d)
			}
		}
		if len(r.events) == 0 {
			continue
		}
		if err := b.Add(segment.Sort(r.events), c.now); err != nil {
			return err
		}
		c.report.Events += len(r.events)
		if b.Full() {
			if err := c.flush(ctx, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// wholes reads the events of some runs, several at once.
func (l *loader) wholes(ctx context.Context, entries []*entry) []wholeRun {
	out := make([]wholeRun, len(entries))
	parallel(readers, len(entries), func(i int) {
		out[i].events, out[i].damaged, out[i].err = l.whole(ctx, entries[i])
	})
	return out
}

// flush writes what was folded, unless nothing was.
func (c *compactor) flush(ctx context.Context, b *segment.Builder) error {
	if b.Runs() == 0 {
		return nil
	}
	f, err := c.finish(ctx, b, nil, nil)
	if err != nil {
		return err
	}
	return c.s.putSame(ctx, f.Index.Key, f.Index.Data)
}

// finish writes a segment and its edges; only the index that says what is in it
// is left to be written.
func (c *compactor) finish(ctx context.Context, b *segment.Builder, replaces, with []string) (*segment.Folded, error) {
	if err := c.lease.beat(ctx); err != nil {
		return nil, err
	}
	f, err := b.Finish(replaces, with)
	if err != nil {
		return nil, err
	}
	c.report.Written++
	return f, c.s.writeSegment(ctx, f)
}

// writeSegment writes a segment and its edges, and reads it back.
func (s *Store) writeSegment(ctx context.Context, f *segment.Folded) error {
	n, _ := segment.ParseName(f.Index.Key)
	x, err := segment.ParseIndex(n, f.Index.Data)
	if err != nil {
		return fmt.Errorf("a new index does not read back: %w", err)
	}
	if err := s.putSame(ctx, f.Segment.Key, f.Segment.Data); err != nil {
		return err
	}
	back, err := s.read(ctx, f.Segment.Key, segment.MaxObject)
	if err != nil {
		return err
	}
	if err := segment.Check(x, back); err != nil {
		return fmt.Errorf("%s: %q as it was read back: %w", s.where, f.Segment.Key, err)
	}
	if f.Edges != nil {
		return s.putSame(ctx, f.Edges.Key, f.Edges.Data)
	}
	return nil
}

// putSame writes an object whose name tells its content. One that is there and
// holds other bytes is damaged, and put right.
func (s *Store) putSame(ctx context.Context, key string, data []byte) error {
	const contentType = "application/zstd"
	err := s.putNew(ctx, key, data, contentType)
	if !errors.Is(err, metadata.ErrConflict) {
		return err
	}
	old, err := s.read(ctx, key, segment.MaxObject)
	if err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err != nil && !errors.Is(err, metadata.ErrDamaged) && !errors.Is(err, metadata.ErrNotFound) {
		return err
	}
	return s.fail("write", key, s.put(ctx, key, data, contentType, false))
}

// month is the month of a run, for comparing.
func month(id string) string { return metadata.IDTime(id).Format("2006-01") }

// mergeLevels folds again what has become many.
func (c *compactor) mergeLevels(ctx context.Context) error {
	// Only what was there a while ago is merged; where nothing was, as after the
	// first compaction, nothing needs to be read.
	all, err := c.s.listAges(ctx, segment.Indexes.Dir())
	if err != nil || !slices.ContainsFunc(all, func(l listed) bool { return aged(l.mod, c.now, c.opt.Grace) }) {
		return err
	}
	v, err := c.survey(ctx)
	if err != nil {
		return err
	}
	open := c.now.UTC().Add(-24 * time.Hour).Format("2006-01")
	var young, over []*stored
	for _, x := range v.mergeable() {
		switch {
		case x.Name.Level < segment.Month && month(x.Name.To) < open:
			over = append(over, x)
		case x.Name.Level == segment.FromInbox:
			young = append(young, x)
		}
	}
	merged := slices.ContainsFunc(over, func(x *stored) bool { return x.Name.Level == segment.Merged })
	if (merged || len(over) >= fanIn) && c.affordable(v, over) {
		if err := c.merge(ctx, v, over, segment.Month); err != nil {
			return err
		}
	} else if !merged {
		young = append(young, over...)
	}
	if len(young) >= fanIn && c.affordable(v, young) {
		return c.merge(ctx, v, young, segment.Merged)
	}
	return nil
}

// autoBytes is what Maintain merges at most; larger merges would never end
// within its time.
const autoBytes = 16 << 20

func (c *compactor) affordable(v *survey, group []*stored) bool {
	var total int64
	for _, x := range group {
		total += v.objects[x.Header.Segment].size
	}
	return !c.opt.Auto || total <= autoBytes
}

// TombTime is how long it is remembered that a run was deleted, so that what a
// late writer says of it does not bring it back.
const TombTime = 90 * 24 * time.Hour

// merge folds some indexes into others that replace them. Of deleted runs it
// leaves the tombstones, while they are young or other segments hold more.
func (c *compactor) merge(ctx context.Context, v *survey, group []*stored, level int) error {
	group, err := c.sound(ctx, group)
	if err != nil || len(group) == 0 {
		return err
	}
	m := &merger{c: c, v: v, b: &segment.Builder{Level: level}, elsewhere: v.elsewhere(group), gone: v.gone(c.now)}
	sources := &view{s: c.s, filter: &segment.Filter{}, listed: map[string]bool{}}
	for _, x := range group {
		src := &source{name: x.Name, key: x.key, index: x.Index}
		src.advance(0)
		sources.sources = append(sources.sources, src)
		m.replaces = append(m.replaces, x.key)
		if m.from == "" || x.Name.From < m.from {
			m.from = x.Name.From
		}
		m.to = max(m.to, x.Name.To)
	}
	slices.Sort(m.replaces)
	slices.SortFunc(sources.sources, sources.order)
	l := &loader{s: c.s, last: true, frames: c.s.frames()}
	err = sources.portions(ctx, func(entries []*entry) error {
		for i, r := range l.wholes(ctx, entries) {
			if r.err == nil && len(r.damaged) > 0 {
				r.err = r.damaged[0].Err // it was sound a moment ago
			}
			if errors.Is(r.err, metadata.ErrNotFound) {
				return errMoved
			}
			if r.err != nil {
				return r.err
			}
			if err := m.add(ctx, entries[i], segment.Sort(r.events)); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errMoved) {
		return nil // another has merged the group, long enough ago to have deleted it
	}
	if err != nil {
		return err
	}
	c.report.Merged += len(group)
	return m.finish(ctx)
}

// sound leaves out what cannot be read whole; it is left to repair.
func (c *compactor) sound(ctx context.Context, group []*stored) ([]*stored, error) {
	var out []*stored
	for _, x := range group {
		data, err := c.s.cached(ctx, x.Header.Segment)
		if err == nil {
			err = segment.Check(x.Index, data)
		}
		switch {
		case err == nil:
			out = append(out, x)
		case usable(err):
			c.report.Damaged = append(c.report.Damaged, metadata.Damage{Name: x.Header.Segment, Err: err})
		default:
			return nil, err
		}
	}
	return out, nil
}

// A merger folds runs again. Its indexes are written at the end, so that a merge
// that is interrupted leaves only segments that nobody looks at.
type merger struct {
	c         *compactor
	v         *survey
	b         *segment.Builder
	elsewhere map[string]bool // runs with events outside the group
	replaces  []string
	indexes   []segment.Object
	month     string
	gone      map[string]time.Time
	from, to  string // the range of the group
}

func (m *merger) finish(ctx context.Context) error {
	if m.b.Runs() == 0 {
		m.b.Empty(m.from, m.to)
	}
	var with []string
	for _, x := range m.indexes {
		with = append(with, x.Key)
	}
	f, err := m.c.finish(ctx, m.b, m.replaces, with)
	if err != nil {
		return err
	}
	for _, x := range append(m.indexes, f.Index) {
		if err := m.c.s.putSame(ctx, x.Key, x.Data); err != nil {
			return err
		}
	}
	return nil
}

// elsewhere gives the runs of the inbox and of indexes outside the group that
// are there among deleted ones.
func (v *survey) elsewhere(group []*stored) map[string]bool {
	gone := map[string]bool{}
	for _, x := range group {
		for _, l := range x.Lines {
			if l.Gone() {
				gone[l.Run()] = true
			}
		}
	}
	out := map[string]bool{}
	for _, key := range v.inbox {
		name, _ := eventName(key)
		if _, run, ok := metadata.SplitName(name); ok && gone[run] {
			out[run] = true
		}
	}
	for _, x := range v.indexes {
		if slices.Contains(group, x) {
			continue
		}
		for _, l := range x.Lines {
			if gone[l.Run()] {
				out[l.Run()] = true
			}
		}
	}
	return out
}

func (m *merger) add(ctx context.Context, e *entry, events []*metadata.Event) error {
	deleted, gone := m.gone[e.run]
	if gone {
		events = slices.DeleteFunc(slices.Clone(events), func(e *metadata.Event) bool { return !segment.Tombstone(e) })
		forgotten := len(m.v.damaged) == 0 && !m.elsewhere[e.run] && m.c.now.Sub(deleted) > TombTime
		if len(events) == 0 || forgotten {
			return nil
		}
	}
	// The last of the objects is left to the end of the merge, which says what
	// all of them replace.
	next := month(e.run)
	if m.b.Runs() > 0 && (m.b.Full() || m.b.Level == segment.Month && next != m.month) {
		f, err := m.c.finish(ctx, m.b, nil, nil)
		if err != nil {
			return err
		}
		m.indexes = append(m.indexes, f.Index)
	}
	m.month = next
	return m.b.Add(events, deleted)
}

// gone gives the deleted runs, and since when that is known here.
func (v *survey) gone(now time.Time) map[string]time.Time {
	out := map[string]time.Time{}
	for _, x := range v.indexes {
		for _, l := range x.Lines {
			if !l.Gone() {
				continue
			}
			row, err := l.Decode()
			if err != nil || !row.Gone {
				continue
			}
			since := row.Deleted
			if since.IsZero() {
				since = now
			}
			if old, ok := out[row.Run]; !ok || since.Before(old) {
				out[row.Run] = since
			}
		}
	}
	return out
}

// sweep deletes what was replaced long enough ago.
func (c *compactor) sweep(ctx context.Context, v *survey) error {
	for _, x := range v.indexes {
		if !x.dead && v.aged(x.mod) && v.has(x) {
			if err := c.sweepInbox(ctx, v, x); err != nil {
				return err
			}
		}
	}
	for _, x := range v.indexes {
		if v.aged(x.mod) && v.complete(x) && v.stands(x) {
			if err := c.sweepReplaced(ctx, v, x); err != nil {
				return err
			}
		}
	}
	return c.sweepOrphans(ctx, v)
}

// sweepInbox deletes the objects of the inbox whose events, byte for byte, the
// segment of an index holds.
func (c *compactor) sweepInbox(ctx context.Context, v *survey, x *stored) error {
	keys := map[string]*segment.Row{}
	v.each(x, func(i int, row *segment.Row) bool { keys[v.inbox[i]] = row; return true })
	if len(keys) == 0 {
		return nil
	}
	data, err := c.s.read(ctx, x.Header.Segment, segment.MaxObject)
	if err == nil {
		err = segment.Check(x.Index, data)
	}
	if err != nil {
		if usable(err) {
			c.report.Damaged = append(c.report.Damaged, metadata.Damage{Name: x.Header.Segment, Err: err})
			return nil
		}
		return err
	}
	byRun := map[*segment.Row][]string{}
	for key, row := range keys {
		byRun[row] = append(byRun[row], key)
	}
	same := make(chan string, len(keys))
	var rows []*segment.Row
	for row := range byRun {
		rows = append(rows, row)
	}
	parallel(readers, len(rows), func(i int) {
		events, err := rows[i].Read(data)
		if err != nil {
			return
		}
		for _, key := range byRun[rows[i]] {
			old, err := c.s.read(ctx, key, metadata.MaxEventBytes)
			if err == nil && slices.ContainsFunc(events, func(e *metadata.Event) bool {
				return key == inboxDir+e.Name() && sameEvent(e, old)
			}) {
				same <- key
			}
		}
	})
	close(same)
	var gone []string
	for key := range same {
		gone = append(gone, key)
	}
	slices.Sort(gone)
	v.inbox = slices.DeleteFunc(v.inbox, func(key string) bool { _, found := slices.BinarySearch(gone, key); return found })
	return c.delete(ctx, gone...)
}

// stands reports whether the segments of an index and of those it goes with are
// there.
func (v *survey) stands(x *stored) bool {
	for _, key := range x.Header.With {
		if other := v.find(key); other == nil || !v.has(other) {
			return false
		}
	}
	return v.has(x)
}

// sweepReplaced deletes what an index replaces, the index before what it names.
func (c *compactor) sweepReplaced(ctx context.Context, v *survey, x *stored) error {
	for _, key := range x.Header.Replaces {
		old := v.find(key)
		if old == nil {
			continue
		}
		if err := c.delete(ctx, key); err != nil {
			return err
		}
		v.indexes = slices.DeleteFunc(slices.Clone(v.indexes), func(y *stored) bool { return y == old })
		for _, part := range []string{old.Header.Edges, old.Header.Segment} {
			if _, listed := v.objects[part]; !listed || v.named(part) {
				continue
			}
			if err := c.delete(ctx, part); err != nil {
				return err
			}
			delete(v.objects, part)
		}
	}
	return nil
}

// named reports whether an index names the segment or the edges.
func (v *survey) named(key string) bool {
	return slices.ContainsFunc(v.indexes, func(x *stored) bool { return x.Header.Segment == key || x.Header.Edges == key })
}

// sweepOrphans deletes what compactions that were interrupted have left. While
// an index is damaged nobody knows what is one.
func (c *compactor) sweepOrphans(ctx context.Context, v *survey) error {
	if len(v.damaged) > 0 {
		return nil
	}
	var keys []string
	for key, o := range v.objects {
		if !v.named(key) && c.now.Sub(o.mod) > OrphanAge {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		n, ok := segment.ParseName(key)
		if !ok {
			continue
		}
		if n.Kind == segment.Segments {
			if adopted, err := c.adopt(ctx, n); err != nil || adopted {
				return err
			}
		}
		if err := c.delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// adopt gives a segment without an index one, if it holds events that lie
// nowhere else: its index was lost.
func (c *compactor) adopt(ctx context.Context, n segment.Name) (bool, error) {
	data, err := c.s.read(ctx, n.Key(), segment.MaxObject)
	if err != nil {
		return true, err
	}
	f, damage, err := segment.Describe(n, data)
	if err != nil || damage != nil {
		if damage != nil {
			c.report.Damaged = append(c.report.Damaged, metadata.Damage{Name: n.Key(), Err: damage})
		}
		return true, err
	}
	if f == nil {
		return false, nil
	}
	known, err := c.s.holds(ctx, n, f)
	if err != nil || known {
		return false, err
	}
	return true, c.s.describe(ctx, f)
}

// describe writes edges and index of a segment that is there.
func (s *Store) describe(ctx context.Context, f *segment.Folded) error {
	if f.Edges != nil {
		if err := s.putSame(ctx, f.Edges.Key, f.Edges.Data); err != nil {
			return err
		}
	}
	return s.putSame(ctx, f.Index.Key, f.Index.Data)
}

// holds reports whether the store holds all events of a segment in other places
// too.
func (s *Store) holds(ctx context.Context, n segment.Name, f *segment.Folded) (bool, error) {
	made, _ := segment.ParseName(f.Index.Key)
	x, err := segment.ParseIndex(made, f.Index.Data)
	if err != nil {
		return false, err
	}
	var q metadata.Query
	for _, l := range x.Lines {
		q.IDs = append(q.IDs, l.Run())
	}
	all := true
	err = s.looking(ctx, q, false, func(v *view, last bool) error {
		l := &loader{s: s, last: last, frames: s.frames()}
		at := map[string]segment.Line{}
		for _, line := range x.Lines {
			at[line.Run()] = line
		}
		for {
			e, err := v.next(ctx)
			if err != nil {
				return err
			}
			if e == nil {
				all = all && len(at) == 0
				return nil
			}
			e.rows = slices.DeleteFunc(e.rows, func(r located) bool { return r.index.Header.Segment == n.Key() })
			others, _, err := l.whole(ctx, e)
			if err != nil {
				return err
			}
			ours, _, err := l.frames.row(ctx, located{&segment.Index{Header: segment.Header{Segment: n.Key()}}, at[e.run]})
			if err != nil {
				return err
			}
			for _, o := range ours {
				raw, err := o.Encode()
				if err != nil || !slices.ContainsFunc(others, func(e *metadata.Event) bool { return sameEvent(e, raw) }) {
					all = false
				}
			}
			delete(at, e.run)
		}
	})
	return all, err
}

// delete removes objects; it does not matter if some stay.
func (c *compactor) delete(ctx context.Context, keys ...string) error {
	errs := make([]error, len(keys))
	parallel(readers, len(keys), func(i int) {
		if errs[i] = ctx.Err(); errs[i] == nil {
			errs[i] = c.s.discard(ctx, keys[i])
		}
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
		c.report.Deleted++
	}
	return nil
}

// discard is remove for what lies elsewhere too: a deletion that a power cut
// undoes does no harm, so that it need not be synced.
func (s *Store) discard(ctx context.Context, key string) error {
	if s.files == nil {
		return s.remove(ctx, key)
	}
	if err := failpoint.Hit("store.delete.before", key); err != nil {
		return s.fail("delete", key, err)
	}
	root, err := s.files.root(false)
	if err == nil {
		err = root.Remove(escapeKey(key))
	}
	if err != nil && !gone(err) {
		return s.failFile("delete", key, err)
	}
	return s.failFile("delete", key, failpoint.Hit("store.delete.after", key))
}
