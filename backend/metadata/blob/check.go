package blob

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

var _ metadata.Checker = (*Store)(nil)

// Check implements metadata.Checker: every segment, index, object of edges and
// document is read and compared with its name, and indexes with segments.
func (s *Store) Check(ctx context.Context) ([]metadata.Damage, error) {
	f, err := s.known(ctx)
	if err != nil || f == nil {
		return nil, err
	}
	var damage []metadata.Damage
	add := func(name string, err error) { damage = append(damage, metadata.Damage{Name: name, Err: err}) }
	if err := s.checkFolded(ctx, f, add); err != nil {
		return damage, err
	}
	err = s.checkDocuments(ctx, add)
	return sortDamage(damage), err
}

var errFeature = fmt.Errorf("%w: the format does not say that there are segments, which older versions would miss", metadata.ErrDamaged)

func (s *Store) checkFolded(ctx context.Context, f *format, add func(string, error)) error {
	indexes, segments, err := s.listFolded(ctx)
	if err != nil {
		return err
	}
	if len(segments) > 0 && !slices.Contains(f.Reader, featureSegments) {
		// The format may have been read before another process folded events.
		if f, err = s.readFormat(ctx); err != nil {
			return err
		}
		if f == nil || !slices.Contains(f.Reader, featureSegments) {
			add(formatDir, errFeature)
		}
	}
	c := &folds{s: s, add: add, segments: map[string]bool{}, replaced: map[string]bool{}, lost: map[string]bool{}}
	for _, key := range segments {
		c.segments[key] = true
	}
	for _, key := range indexes {
		if err := c.index(ctx, key); err != nil {
			return err
		}
	}
	for _, key := range segments {
		if c.segments[key] { // no index that can be read names it
			if _, err := c.segment(ctx, key); err != nil {
				return err
			}
		}
	}
	for key := range c.lost {
		if !c.replaced[key] {
			add(key, errNoSegment)
		}
	}
	return nil
}

// folds is a check of segments and of what is derived from them, one index and
// one segment at a time.
type folds struct {
	s        *Store
	add      func(string, error)
	segments map[string]bool // those listed; true: not read yet
	replaced map[string]bool // indexes whose events others hold as well
	lost     map[string]bool // indexes whose segments are not listed
	last     string          // the segment that was read last, and what it holds
	data     []byte          // nil if it is damaged
}

func (c *folds) index(ctx context.Context, key string) error {
	n, ok := segment.ParseName(key)
	if !ok {
		c.add(key, errForeignIndex)
		return nil
	}
	x, err := c.s.index(ctx, n)
	if err != nil {
		return tolerate(key, err, c.add)
	}
	for _, old := range x.Header.Replaces {
		c.replaced[old] = true
	}
	if err := c.s.checkEdges(ctx, x, c.add); err != nil {
		return err
	}
	if _, listed := c.segments[x.Header.Segment]; !listed {
		c.lost[key] = true
		return nil
	}
	data, err := c.segment(ctx, x.Header.Segment)
	if err != nil || data == nil {
		return err
	}
	if err := segment.CheckDerived(x, data); err != nil {
		c.add(key, err)
	}
	return nil
}

// segment gives what a segment holds, nil if it is damaged or not there any more.
func (c *folds) segment(ctx context.Context, key string) ([]byte, error) {
	if key == c.last {
		return c.data, nil
	}
	c.last, c.data = key, nil
	c.segments[key] = false
	n, ok := segment.ParseName(key)
	if !ok {
		c.add(key, fmt.Errorf("%w: its name is not that of a segment", metadata.ErrDamaged))
		return nil, nil
	}
	data, err := c.s.readNamed(ctx, n)
	if err != nil {
		return nil, tolerate(key, err, c.add)
	}
	c.data = data
	return data, nil
}

// tolerate reports an object that is damaged; one that has gone meanwhile is
// none, and anything else ends the check.
func tolerate(key string, err error, add func(string, error)) error {
	switch {
	case errors.Is(err, metadata.ErrNotFound):
		return nil
	case errors.Is(err, metadata.ErrDamaged):
		add(key, err)
		return nil
	}
	return err
}

func (s *Store) checkEdges(ctx context.Context, x *segment.Index, add func(string, error)) error {
	if x.Header.Edges == "" {
		return nil
	}
	n, _ := segment.ParseName(x.Header.Edges)
	data, err := s.read(ctx, x.Header.Edges, segment.MaxObject)
	if err == nil {
		_, err = segment.ParseEdges(n, data)
	}
	if errors.Is(err, metadata.ErrNotFound) {
		if _, gone := s.modTime(ctx, x.Name.Key()); gone == nil {
			add(x.Header.Edges, fmt.Errorf("%w: it is missing, and an index names it", metadata.ErrDamaged))
		}
		return nil
	}
	if err != nil {
		return tolerate(x.Header.Edges, err, add)
	}
	return nil
}

func (s *Store) checkDocuments(ctx context.Context, add func(string, error)) error {
	keys, err := s.list(ctx, blobDir)
	if err != nil {
		return err
	}
	errs := make([]error, len(keys))
	parallel(readers, len(keys), func(i int) { errs[i] = s.checkDocument(ctx, keys[i]) })
	for i, err := range errs {
		if err != nil {
			if err := tolerate(keys[i], err, add); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) checkDocument(ctx context.Context, key string) error {
	d, ok := blobDigest(key)
	if !ok {
		return fmt.Errorf("%w: its name is not that of a document", metadata.ErrDamaged)
	}
	_, err := s.Blob(ctx, fmt.Sprintf("sha256:%x", d[:]))
	return err
}
