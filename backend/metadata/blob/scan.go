package blob

import (
	"context"
	"errors"
	"iter"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// Scan implements metadata.Store: the oldest run first.
func (s *Store) Scan(ctx context.Context) iter.Seq2[metadata.Object, error] {
	return func(yield func(metadata.Object, error) bool) {
		f, err := s.known(ctx)
		if err == nil && f != nil {
			err = s.scan(ctx, yield)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(metadata.Object{}, err)
		}
	}
}

var errStopped = errors.New("the reader of the scan has seen enough")

// scan yields all objects. When something moves it begins again behind the runs
// that it has given.
func (s *Store) scan(ctx context.Context, yield func(metadata.Object, error) bool) error {
	done := ""
	reported := map[string]bool{}
	return s.looking(ctx, metadata.Query{}, false, func(v *view, last bool) error {
		for _, d := range v.damaged {
			if !reported[d.Name] && !yield(metadata.Object{Name: d.Name}, d.Err) {
				return errStopped
			}
			reported[d.Name] = true
		}
		l := &loader{s: s, last: last, frames: s.frames()}
		for {
			e, err := v.next(ctx)
			if err != nil || e == nil {
				return err
			}
			if e.run <= done {
				continue
			}
			if err := l.scanRun(ctx, e, yield); err != nil {
				return err
			}
			done = e.run
		}
	})
}

// scanRun yields the events of a run, in order of their ids, then what is
// damaged of it.
func (l *loader) scanRun(ctx context.Context, e *entry, yield func(metadata.Object, error) bool) error {
	events, damaged, err := l.whole(ctx, e)
	if err != nil {
		return err
	}
	for _, event := range events {
		data, err := event.Encode()
		if !yield(metadata.Object{Name: event.Name(), Data: data}, err) {
			return errStopped
		}
	}
	for _, d := range damaged {
		if !yield(metadata.Object{Name: d.Name}, d.Err) {
			return errStopped
		}
	}
	return nil
}

// whole gives the events of a run that lie in the store, each once, and nothing
// that was only derived from them.
func (l *loader) whole(ctx context.Context, e *entry) ([]*metadata.Event, []metadata.Damage, error) {
	bare := *l
	bare.noRescue = true
	return bare.events(ctx, e, true)
}
