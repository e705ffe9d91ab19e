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
	described := map[string][]*segment.Index{}
	replaced := map[string]bool{}
	for _, key := range indexes {
		n, ok := segment.ParseName(key)
		if !ok {
			add(key, errForeignIndex)
			continue
		}
		x, err := s.index(ctx, n)
		if err != nil {
			if err := tolerate(key, err, add); err != nil {
				return err
			}
			continue
		}
		described[x.Header.Segment] = append(described[x.Header.Segment], x)
		for _, key := range x.Header.Replaces {
			replaced[key] = true
		}
		if err := s.checkEdges(ctx, x, add); err != nil {
			return err
		}
	}
	for _, key := range segments {
		if err := s.checkSegment(ctx, key, described[key], add); err != nil {
			return err
		}
		delete(described, key)
	}
	for _, all := range described {
		for _, x := range all {
			if key := x.Name.Key(); !replaced[key] {
				add(key, errNoSegment)
			}
		}
	}
	return nil
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

func (s *Store) checkSegment(ctx context.Context, key string, described []*segment.Index, add func(string, error)) error {
	n, ok := segment.ParseName(key)
	if !ok {
		add(key, fmt.Errorf("%w: its name is not that of a segment", metadata.ErrDamaged))
		return nil
	}
	data, err := s.read(ctx, key, segment.MaxObject)
	if err == nil {
		err = n.Check(data)
	}
	if err != nil {
		return tolerate(key, err, add)
	}
	for _, x := range described {
		if err := segment.CheckDerived(x, data); err != nil {
			add(x.Name.Key(), err)
		}
	}
	return nil
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
