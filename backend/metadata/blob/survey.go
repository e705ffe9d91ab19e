package blob

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

// A survey is what compaction knows of a store.
type survey struct {
	now     time.Time // by the store's clock
	grace   time.Duration
	inbox   []string // keys, in order
	indexes []*stored
	objects map[string]listed // segments and edges, by key
	damaged []metadata.Damage // indexes that cannot be read
}

// A stored index.
type stored struct {
	*segment.Index
	key  string
	mod  time.Time
	dead bool // replaced by others
}

// survey lists the store and reads all its indexes.
func (s *Store) survey(ctx context.Context, now time.Time, grace time.Duration) (*survey, error) {
	v := &survey{now: now, grace: grace, objects: map[string]listed{}}
	var err error
	if v.inbox, err = s.list(ctx, inboxDir); err != nil {
		return nil, err
	}
	all, err := s.listAges(ctx, segment.Indexes.Dir())
	if err != nil {
		return nil, err
	}
	if err := s.readIndexes(ctx, v, all); err != nil {
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

func (s *Store) readIndexes(ctx context.Context, v *survey, all []listed) error {
	read := make([]*stored, len(all))
	errs := make([]error, len(all))
	parallel(readers, len(all), func(i int) {
		n, ok := segment.ParseName(all[i].key)
		if !ok {
			errs[i] = errForeignIndex
			return
		}
		x, err := s.index(ctx, n)
		read[i], errs[i] = &stored{Index: x, key: all[i].key, mod: all[i].mod}, err
	})
	for i, err := range errs {
		switch {
		case err == nil:
			v.indexes = append(v.indexes, read[i])
		case errors.Is(err, metadata.ErrNotFound): // deleted by another meanwhile
		case errors.Is(err, metadata.ErrDamaged):
			v.damaged = append(v.damaged, metadata.Damage{Name: all[i].key, Err: err})
		default:
			return err
		}
	}
	return nil
}

// bury marks the indexes that others replace.
func (v *survey) bury() {
	for _, x := range v.indexes {
		if !v.complete(x) {
			continue
		}
		for _, other := range v.indexes {
			if slices.Contains(x.Header.Replaces, other.key) {
				other.dead = true
			}
		}
	}
}

// complete reports whether all that an index needs to replace others is there.
func (v *survey) complete(x *stored) bool {
	if len(x.Header.Replaces) == 0 {
		return false
	}
	for _, key := range x.Header.With {
		if v.find(key) == nil {
			return false
		}
	}
	return true
}

func (v *survey) find(key string) *stored {
	for _, x := range v.indexes {
		if x.key == key {
			return x
		}
	}
	return nil
}

// aged reports whether everybody who began to read before that time has ended.
func (v *survey) aged(mod time.Time) bool { return aged(mod, v.now, v.grace) }

func aged(mod, now time.Time, grace time.Duration) bool { return !mod.After(now.Add(-grace)) }

// has reports whether the segment of an index is there.
func (v *survey) has(x *stored) bool {
	_, ok := v.objects[x.Header.Segment]
	return ok
}

// uncovered gives the keys of the inbox whose events no live index holds. The
// survey is of no use afterwards.
func (v *survey) uncovered() []string {
	covered := make([]bool, len(v.inbox))
	for _, x := range v.indexes {
		if !x.dead && v.has(x) {
			v.each(x, func(i int, _ *segment.Row) bool { covered[i] = true; return true })
		}
	}
	keys := v.inbox[:0]
	for i, key := range v.inbox {
		if !covered[i] {
			keys = append(keys, key)
		}
	}
	clear(v.inbox[len(keys):])
	v.inbox = nil
	return keys
}

// each calls f with the places in the inbox of the objects whose events an index
// holds, until f has enough.
func (v *survey) each(x *stored, f func(i int, row *segment.Row) (more bool)) {
	if len(v.inbox) == 0 {
		return
	}
	for _, l := range x.Lines {
		if !bytes.Contains(l, []byte(`,"ids":[`)) {
			continue
		}
		row, err := l.Decode()
		if err != nil {
			continue
		}
		for _, id := range row.IDs {
			if i, ok := slices.BinarySearch(v.inbox, inboxDir+id+"_"+row.Run+".ndjson"); ok && !f(i, row) {
				return
			}
		}
	}
}

// mergeable are the live indexes that may be folded again: nobody is to delete
// anything on their word any more.
func (v *survey) mergeable() []*stored {
	var out []*stored
	for _, x := range v.indexes {
		if x.dead || !v.aged(x.mod) || !v.has(x) {
			continue
		}
		free := true
		v.each(x, func(int, *segment.Row) bool { free = false; return false })
		if free {
			out = append(out, x)
		}
	}
	return out
}
