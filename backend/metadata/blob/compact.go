package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

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

	portion       = 1000  // events that Maintain folds at once
	portionByHand = 50000 // and Compact; more would only take memory
	fanIn         = 16    // indexes of a level that are merged
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
		n := min(len(keys), portionByHand)
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
