package blob

import (
	"bytes"
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

// BlobAge is how long a document stays that no run names. Documents are written
// before the events that name them.
const BlobAge = 7 * 24 * time.Hour

// touchAge is how old a document is when storing it again renews it, so that it
// cannot be collected before the event that is about to name it.
const touchAge = 24 * time.Hour

// GCOptions say which runs are to go. Without KeepLast and KeepWithin none is
// deleted, and only the bytes of those that were deleted before go.
type GCOptions struct {
	KeepLast   int           // the newest so many of each pipeline stay
	KeepWithin time.Duration // and those created so long ago; 0: only KeepLast counts
	DryRun     bool          // nothing is written
	By         metadata.Writer
	Now        func() time.Time // for the records' times
	// Grace is that of CompactOptions.
	Grace time.Duration
}

// A Collection says what garbage collection did, or would do.
type Collection struct {
	Runs       []*metadata.Run // deleted, the newest first
	Documents  int             // deleted
	Bytes      int64           // of these
	Compaction Compaction
}

// GC deletes runs, folds segments that hold deleted ones without them, and
// deletes the documents that nobody names any more. A run that has not ended is
// never deleted.
func (s *Store) GC(ctx context.Context, opt GCOptions) (*Collection, error) {
	g := &Collection{}
	if f, err := s.known(ctx); err != nil || f == nil {
		return g, err
	}
	c, err := s.compactor(ctx, CompactOptions{Grace: opt.Grace})
	if err != nil {
		return g, err
	}
	if opt.KeepLast > 0 || opt.KeepWithin > 0 {
		if g.Runs, err = s.expired(ctx, opt, c.now); err != nil {
			return g, err
		}
	}
	if !opt.DryRun {
		for _, r := range g.Runs {
			if err := s.bury(ctx, r, opt); err != nil {
				return g, err
			}
		}
		err = c.compact(ctx)
		if err == nil {
			err = c.rewrite(ctx)
		}
		g.Compaction = c.report
		if err != nil {
			return g, err
		}
	}
	return g, s.collect(ctx, c.now, opt.DryRun, g)
}

// expired gives the runs that the options do not keep.
func (s *Store) expired(ctx context.Context, opt GCOptions, now time.Time) ([]*metadata.Run, error) {
	kept := map[string]int{}
	var out []*metadata.Run
	_, err := s.Each(ctx, metadata.Query{Summary: true}, func(r *metadata.Run) error {
		kept[r.Pipeline]++
		if r.State.Final() && kept[r.Pipeline] > opt.KeepLast && (opt.KeepWithin <= 0 || now.Sub(r.Created) > opt.KeepWithin) {
			out = append(out, r)
		}
		return nil
	})
	return out, err
}

// bury records that a run is deleted.
func (s *Store) bury(ctx context.Context, r *metadata.Run, opt GCOptions) error {
	chain := metadata.Chain{Run: r.ID, By: opt.By, Now: opt.Now}
	events, err := chain.Events([]metadata.Record{{Deleted: &metadata.DeletedRecord{At: opt.Now().UTC(), Reason: "retention"}}})
	if err != nil {
		return err
	}
	for _, e := range events {
		if err := s.Append(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// rewrite folds again what holds more of deleted runs than their tombstones.
func (c *compactor) rewrite(ctx context.Context) error {
	v, err := c.survey(ctx)
	if err != nil {
		return err
	}
	gone := v.gone()
	if len(gone) == 0 {
		return nil
	}
	mergeable := v.mergeable()
	for _, level := range []int{segment.Merged, segment.Month} {
		var group []*stored
		for _, x := range mergeable {
			if max(x.name.Level, segment.Merged) != level {
				continue
			}
			wasteful, err := c.wasteful(ctx, x, gone)
			if err != nil {
				return err
			}
			if wasteful {
				group = append(group, x)
			}
		}
		if len(group) == 0 {
			continue
		}
		if err := c.merge(ctx, v, group, level); err != nil {
			return err
		}
	}
	return nil
}

// wasteful reports whether folding again leaves something out.
func (c *compactor) wasteful(ctx context.Context, x *stored, gone map[string]time.Time) (bool, error) {
	index, err := c.s.index(ctx, x.name)
	if err != nil {
		if usable(err) {
			return false, nil // deleted by another meanwhile, or for the next survey to find
		}
		return false, err
	}
	for _, l := range index.Lines {
		if _, ok := gone[l.Run()]; !ok {
			continue
		}
		row, err := l.Decode()
		if err == nil && (row.Events > row.Tombs || row.Gone && !row.Deleted.IsZero() && c.now.Sub(row.Deleted) > TombTime) {
			return true, nil
		}
	}
	return false, nil
}

// collect deletes documents that no run names, unless something could not be
// read, which might name any.
func (s *Store) collect(ctx context.Context, now time.Time, dryRun bool, g *Collection) error {
	all, err := s.listAges(ctx, blobDir)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(o listed) bool { return now.Sub(o.mod) <= BlobAge })
	if len(all) == 0 {
		return nil
	}
	named, damaged, err := s.named(ctx)
	if err != nil {
		return err
	}
	if len(damaged) > 0 {
		g.Compaction.Damaged = append(g.Compaction.Damaged, damaged...)
		return nil
	}
	for _, o := range all {
		digest, ok := blobDigest(o.key)
		if !ok || named[digest] {
			continue
		}
		if !dryRun {
			// Somebody may have stored it again meanwhile.
			if mod, err := s.modTime(ctx, o.key); err != nil || now.Sub(mod) <= BlobAge {
				continue
			}
			if err := s.remove(ctx, o.key); err != nil {
				return err
			}
		}
		g.Documents++
		g.Bytes += o.size
	}
	return nil
}

// A digest is the SHA-256 of a document.
type digest [32]byte

func blobDigest(key string) (d digest, ok bool) {
	text := strings.ReplaceAll(strings.TrimPrefix(key, blobDir), "/", "")
	if len(text) != 2*len(d) {
		return d, false
	}
	_, err := hex.Decode(d[:], []byte(text))
	return d, err == nil
}

// named gives every digest that the events of a run that is not deleted name in
// whatever way, also in records of later versions.
func (s *Store) named(ctx context.Context) (map[digest]bool, []metadata.Damage, error) {
	out := map[digest]bool{}
	var damaged []metadata.Damage
	done := ""
	err := s.looking(ctx, metadata.Query{}, false, func(v *view, last bool) error {
		damaged = append(damaged, v.damaged...)
		l := &loader{s: s, last: last, frames: s.frames()}
		return v.portions(ctx, func(entries []*entry) error {
			entries = slices.DeleteFunc(entries, func(e *entry) bool { return e.run <= done })
			for i, r := range l.wholes(ctx, entries) {
				if r.err != nil {
					return r.err
				}
				damaged = append(damaged, r.damaged...)
				if !slices.ContainsFunc(r.events, segment.Tombstone) {
					mark(r.events, out)
				}
				done = entries[i].run
			}
			return nil
		})
	})
	return out, damaged, err
}

func mark(events []*metadata.Event, out map[digest]bool) {
	lead := []byte("sha256:")
	for _, e := range events {
		raw, err := e.Encode()
		if err != nil {
			continue
		}
		for {
			_, rest, found := bytes.Cut(raw, lead)
			if !found {
				break
			}
			var d digest
			if len(rest) >= 2*len(d) {
				if _, err := hex.Decode(d[:], rest[:2*len(d)]); err == nil {
					out[d] = true
				}
			}
			raw = rest
		}
	}
}
