package blob

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

// A survey is what compaction knows of a store. The rows of indexes are not part
// of it: those of all together are the larger part of a store.
type survey struct {
	s       *Store
	now     time.Time // by the store's clock
	grace   time.Duration
	inbox   []string // keys, in order
	swept   []bool   // those of them that were deleted since
	indexes []*stored
	objects map[string]listed // segments and edges, by key
	damaged []metadata.Damage // indexes that cannot be read
}

// A stored index, without its rows.
type stored struct {
	segment.Header
	name  segment.Name
	key   string
	mod   time.Time
	dead  bool    // replaced by others
	tombs []tomb  // the deleted runs that it knows of
	holds []int32 // places in the inbox of the objects whose events it holds
}

// A tomb is a run that was deleted.
type tomb struct {
	run   string
	since time.Time // that it is known here
}

// survey lists the store and reads all its indexes.
func (s *Store) survey(ctx context.Context, now time.Time, grace time.Duration) (*survey, error) {
	v := &survey{s: s, now: now, grace: grace, objects: map[string]listed{}}
	var err error
	if v.inbox, err = s.list(ctx, inboxDir); err != nil {
		return nil, err
	}
	v.swept = make([]bool, len(v.inbox))
	all, err := s.listAges(ctx, segment.Indexes.Dir())
	if err != nil {
		return nil, err
	}
	if err := v.readIndexes(ctx, all); err != nil {
		return nil, err
	}
	for _, kind := range []segment.Kind{segment.Segments, segment.Edges} {
		objects, err := s.listAges(ctx, kind.Dir())
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			v.objects[o.key] = o
		}
	}
	v.bury()
	return v, nil
}

// readIndexes fetches several at once and reads one at a time.
func (v *survey) readIndexes(ctx context.Context, all []listed) error {
	for some := range slices.Chunk(all, ahead) {
		got := make([]*fetched, len(some))
		errs := make([]error, len(some))
		parallel(ahead, len(some), func(i int) {
			if n, ok := segment.ParseName(some[i].key); ok {
				got[i], errs[i] = v.s.fetchIndex(ctx, n)
			} else {
				errs[i] = errForeignIndex
			}
		})
		for i, l := range some {
			err := errs[i]
			if err == nil {
				err = v.read(l, got[i])
			}
			switch {
			case err == nil, errors.Is(err, metadata.ErrNotFound): // deleted by another meanwhile
			case errors.Is(err, metadata.ErrDamaged):
				v.damaged = append(v.damaged, metadata.Damage{Name: l.key, Err: err})
			default:
				return err
			}
		}
	}
	return nil
}

// read takes down what an index says.
func (v *survey) read(l listed, f *fetched) error {
	n, _ := segment.ParseName(l.key)
	index, err := v.s.parseIndex(n, f)
	if err != nil {
		return err
	}
	x := &stored{Header: index.Header, name: n, key: l.key, mod: l.mod}
	for _, line := range index.Lines {
		x.holds = v.places(x.holds, line)
		if !line.Gone() {
			continue
		}
		row, err := line.Decode()
		if err != nil || !row.Gone {
			continue
		}
		since := row.Deleted
		if since.IsZero() {
			since = v.now
		}
		x.tombs = append(x.tombs, tomb{row.Run, since})
	}
	v.indexes = append(v.indexes, x)
	return nil
}

// places adds the places in the inbox of the objects whose events a row is of.
func (v *survey) places(to []int32, line segment.Line) []int32 {
	if len(v.inbox) == 0 {
		return to
	}
	for id := range line.EachID() {
		if i, ok := slices.BinarySearch(v.inbox, inboxDir+id+"_"+line.Run()+".ndjson"); ok {
			to = append(to, int32(i))
		}
	}
	return to
}

// bury marks the indexes that others replace.
func (v *survey) bury() {
	for _, x := range v.indexes {
		if !v.complete(x) {
			continue
		}
		for _, other := range v.indexes {
			if slices.Contains(x.Replaces, other.key) {
				other.dead = true
			}
		}
	}
}

// complete reports whether all that an index needs to replace others is there.
func (v *survey) complete(x *stored) bool {
	if len(x.Replaces) == 0 {
		return false
	}
	for _, key := range x.With {
		if v.find(key) == nil {
			return false
		}
	}
	return true
}

func (v *survey) find(key string) *stored {
	i := slices.IndexFunc(v.indexes, func(x *stored) bool { return x.key == key })
	if i < 0 {
		return nil
	}
	return v.indexes[i]
}

// aged reports whether everybody who began to read before that time has ended.
func (v *survey) aged(mod time.Time) bool { return aged(mod, v.now, v.grace) }

func aged(mod, now time.Time, grace time.Duration) bool { return !mod.After(now.Add(-grace)) }

// has reports whether the segment of an index is there.
func (v *survey) has(x *stored) bool {
	_, ok := v.objects[x.Segment]
	return ok
}

// named reports whether an index names the segment or the edges.
func (v *survey) named(key string) bool {
	return slices.ContainsFunc(v.indexes, func(x *stored) bool { return x.Segment == key || x.Edges == key })
}

// lies reports whether that object of the inbox is still there.
func (v *survey) lies(place int32) bool { return !v.swept[place] }

// uncovered gives the keys of the inbox whose events no live index holds. The
// survey is of no use afterwards.
func (v *survey) uncovered() []string {
	covered := v.swept
	for _, x := range v.indexes {
		if !x.dead && v.has(x) {
			for _, i := range x.holds {
				covered[i] = true
			}
		}
	}
	keys := v.inbox[:0]
	for i, key := range v.inbox {
		if !covered[i] {
			keys = append(keys, key)
		}
	}
	clear(v.inbox[len(keys):])
	v.inbox, v.swept = nil, nil
	return keys
}

// mergeable are the live indexes that may be folded again: nobody is to delete
// anything on their word any more.
func (v *survey) mergeable() []*stored {
	var out []*stored
	for _, x := range v.indexes {
		if !x.dead && v.aged(x.mod) && v.has(x) && !slices.ContainsFunc(x.holds, v.lies) {
			out = append(out, x)
		}
	}
	return out
}

// gone gives the deleted runs, and since when that is known here.
func (v *survey) gone() map[string]time.Time {
	out := map[string]time.Time{}
	for _, x := range v.indexes {
		for _, t := range x.tombs {
			if old, ok := out[t.run]; !ok || t.since.Before(old) {
				out[t.run] = t.since
			}
		}
	}
	return out
}

// outside gives those of some runs of which the inbox, or an index that is not
// of the group, holds events. Its error may be errMoved.
func (v *survey) outside(ctx context.Context, group []*stored, runs map[string]bool) (map[string]bool, error) {
	out := map[string]bool{}
	if len(runs) == 0 {
		return out, nil
	}
	for i, key := range v.inbox {
		name, _ := eventName(key)
		if _, run, ok := metadata.SplitName(name); ok && runs[run] && !v.swept[i] {
			out[run] = true
		}
	}
	for _, x := range v.indexes {
		if slices.Contains(group, x) {
			continue
		}
		index, err := v.s.index(ctx, x.name)
		if errors.Is(err, metadata.ErrNotFound) || errors.Is(err, metadata.ErrDamaged) {
			return nil, errMoved // it was there, and whole
		}
		if err != nil {
			return nil, err
		}
		for _, l := range index.Lines {
			if runs[l.Run()] {
				out[l.Run()] = true
			}
		}
	}
	return out, nil
}
