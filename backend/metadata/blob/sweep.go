package blob

import (
	"context"
	"errors"
	"slices"

	"github.com/kfp-go/kfp-go/backend/failpoint"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

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
	if !slices.ContainsFunc(x.holds, v.lies) {
		return nil
	}
	n, _ := segment.ParseName(x.Segment)
	data, err := c.s.readNamed(ctx, n)
	var index *segment.Index
	if err == nil {
		index, err = c.s.index(ctx, x.name)
	}
	if err != nil {
		return c.tolerate(x.Segment, err)
	}
	held := make([][]int32, len(index.Lines))
	errs := make([]error, len(index.Lines))
	parallel(readers, len(index.Lines), func(i int) { held[i], errs[i] = c.held(ctx, v, index.Lines[i], data) })
	var keys []string
	for i := range held {
		if errs[i] != nil {
			if err := c.tolerate(x.Segment, errs[i]); err != nil {
				return err
			}
		}
		for _, place := range held[i] {
			v.swept[place] = true
			keys = append(keys, v.inbox[place])
		}
	}
	slices.Sort(keys)
	return c.delete(ctx, keys...)
}

// tolerate takes note of what is damaged. What is not there was deleted by
// another meanwhile.
func (c *compactor) tolerate(key string, err error) error {
	if !usable(err) {
		return err
	}
	if errors.Is(err, metadata.ErrNotFound) {
		return nil
	}
	c.report.Damaged = append(c.report.Damaged, metadata.Damage{Name: key, Err: err})
	return nil
}

// held gives the places in the inbox of the objects of a row whose bytes its
// segment holds.
func (c *compactor) held(ctx context.Context, v *survey, line segment.Line, data []byte) ([]int32, error) {
	places := slices.DeleteFunc(v.places(nil, line), func(i int32) bool { return !v.lies(i) })
	if len(places) == 0 {
		return nil, nil
	}
	row, err := line.Decode()
	if err != nil {
		return nil, err
	}
	events, err := row.Read(data)
	if err != nil {
		return nil, err
	}
	byKey := make(map[string][]*metadata.Event, len(events))
	for _, e := range events {
		byKey[inboxDir+e.Name()] = append(byKey[inboxDir+e.Name()], e)
	}
	return slices.DeleteFunc(places, func(i int32) bool {
		old, err := c.s.read(ctx, v.inbox[i], metadata.MaxEventBytes)
		return err != nil || !slices.ContainsFunc(byKey[v.inbox[i]], func(e *metadata.Event) bool { return sameEvent(e, old) })
	}), nil
}

// stands reports whether the segments of an index and of those it goes with are
// there.
func (v *survey) stands(x *stored) bool {
	for _, key := range x.With {
		if other := v.find(key); other == nil || !v.has(other) {
			return false
		}
	}
	return v.has(x)
}

// sweepReplaced deletes what an index replaces, the index before what it names.
func (c *compactor) sweepReplaced(ctx context.Context, v *survey, x *stored) error {
	for _, key := range x.Replaces {
		old := v.find(key)
		if old == nil {
			continue
		}
		if err := c.delete(ctx, key); err != nil {
			return err
		}
		v.indexes = slices.DeleteFunc(slices.Clone(v.indexes), func(y *stored) bool { return y == old })
		for _, part := range []string{old.Edges, old.Segment} {
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
			elsewhere := map[string]bool{}
			for _, o := range others {
				if raw, err := o.Encode(); err == nil {
					elsewhere[string(raw)] = true
				}
			}
			for _, o := range ours {
				raw, err := o.Encode()
				all = all && err == nil && elsewhere[string(raw)]
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
