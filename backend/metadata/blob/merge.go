package blob

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

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
		case x.name.Level < segment.Month && month(x.name.To) < open:
			over = append(over, x)
		case x.name.Level == segment.FromInbox:
			young = append(young, x)
		}
	}
	merged := slices.ContainsFunc(over, func(x *stored) bool { return x.name.Level == segment.Merged })
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
		total += v.objects[x.Segment].size
	}
	return !c.opt.Auto || total <= autoBytes
}

// TombTime is how long it is remembered that a run was deleted, so that what a
// late writer says of it does not bring it back.
const TombTime = 90 * 24 * time.Hour

// merge folds some indexes into others that replace them. Of deleted runs it
// leaves the tombstones, while they are young or other segments hold more. What
// cannot be read whole is left to repair.
func (c *compactor) merge(ctx context.Context, v *survey, group []*stored, level int) error {
	group, err := c.sound(ctx, group)
	for err == nil && len(group) > 0 {
		m := &merger{c: c, v: v, b: &segment.Builder{Level: level}}
		if err = m.merge(ctx, group); err == nil {
			return nil
		}
		// One that is not sound is left out of the next attempt.
		var bad *unsound
		if !errors.As(err, &bad) {
			break
		}
		c.report.Damaged = append(c.report.Damaged, bad.Damage)
		rest := slices.DeleteFunc(slices.Clone(group), func(x *stored) bool { return x.Segment == bad.Name })
		if len(rest) < len(group) {
			group, err = rest, nil
		}
	}
	if errors.Is(err, errMoved) || errors.Is(err, errDegraded) {
		return nil // another has merged the group, long enough ago to have deleted it
	}
	return err
}

// sound leaves out segments that are not what their names say.
func (c *compactor) sound(ctx context.Context, group []*stored) ([]*stored, error) {
	var out []*stored
	for _, x := range group {
		data, err := c.s.cached(ctx, x.Segment)
		if err == nil {
			n, _ := segment.ParseName(x.Segment)
			err = n.Check(data)
		}
		if err == nil {
			out = append(out, x)
		} else if err := c.tolerate(x.Segment, err); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// unsound is what is wrong with a segment in spite of its name.
type unsound struct{ metadata.Damage }

func (u *unsound) Error() string { return u.Name + ": " + u.Err.Error() }

// A merger folds runs again. Its indexes are written at the end, so that a merge
// that is interrupted leaves only segments that nobody looks at.
type merger struct {
	c        *compactor
	v        *survey
	b        *segment.Builder
	gone     map[string]time.Time // deleted runs, and since when
	outside  map[string]bool      // those of them with events outside the group
	replaces []string
	indexes  []segment.Object
	month    string
	from, to string // the range of the group
}

func (m *merger) merge(ctx context.Context, group []*stored) error {
	sources := &view{s: m.c.s, filter: &segment.Filter{}, listed: map[string]bool{}}
	m.gone = m.v.gone()
	forgettable := map[string]bool{}
	for _, x := range group {
		sources.sources = append(sources.sources, &source{name: x.name, key: x.key, head: x.name.From})
		m.replaces = append(m.replaces, x.key)
		if m.from == "" || x.name.From < m.from {
			m.from = x.name.From
		}
		m.to = max(m.to, x.name.To)
		for _, t := range x.tombs {
			if m.forgettable(t.run) {
				forgettable[t.run] = true
			}
		}
	}
	var err error
	if m.outside, err = m.v.outside(ctx, group, forgettable); err != nil {
		return err
	}
	slices.Sort(m.replaces)
	slices.SortFunc(sources.sources, sources.order)
	l := &loader{s: m.c.s, last: true, frames: m.c.s.frames()}
	err = sources.portions(ctx, func(entries []*entry) error {
		for i, r := range l.wholes(ctx, entries) {
			if r.err != nil {
				return r.err
			}
			for _, d := range r.damaged {
				switch {
				case errors.Is(d.Err, errTwins): // both are kept
				case errors.Is(d.Err, metadata.ErrNotFound):
					return errMoved
				default:
					return &unsound{d}
				}
			}
			if err := m.add(ctx, entries[i], segment.Sort(r.events)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := m.finish(ctx); err != nil {
		return err
	}
	m.c.report.Merged += len(group)
	return nil
}

// forgettable reports whether it need not be remembered any longer that the run
// was deleted, unless somebody still holds events of it.
func (m *merger) forgettable(run string) bool {
	since, ok := m.gone[run]
	return ok && len(m.v.damaged) == 0 && m.c.now.Sub(since) > TombTime
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

func (m *merger) add(ctx context.Context, e *entry, events []*metadata.Event) error {
	deleted, gone := m.gone[e.run]
	if gone {
		events = slices.DeleteFunc(slices.Clone(events), func(e *metadata.Event) bool { return !segment.Tombstone(e) })
		if len(events) == 0 || m.forgettable(e.run) && !m.outside[e.run] {
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
