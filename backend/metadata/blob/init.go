package blob

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"gocloud.dev/gcerrors"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// Info is what a store says of itself.
type Info struct {
	Where   string // its name for people
	Store   string // its id
	Version int    // of the format
	// ConditionalWrites tells whether the place refuses to write an object that
	// exists. Events need no such refusal.
	ConditionalWrites bool
	Created           bool // by this call
}

// Init makes the store where there is none yet, and says what it is. Everything
// that writes does so by itself: Init is for those who want to know now whether
// the place can be written.
func (s *Store) Init(ctx context.Context) (Info, error) {
	f, err := s.known(ctx)
	if err != nil {
		return Info{}, err
	}
	created := false
	if f == nil {
		if f, created, err = s.initialise(ctx); err != nil {
			return Info{}, err
		}
	}
	return Info{Where: s.where, Store: f.Store, Version: f.Version, ConditionalWrites: f.ConditionalWrites, Created: created}, nil
}

// Exists reports whether there is a store; a place that holds something else is
// metadata.ErrFormat.
func (s *Store) Exists(ctx context.Context) (bool, error) {
	f, err := s.known(ctx)
	return f != nil, err
}

// initialise writes the format, unless somebody else was faster.
func (s *Store) initialise(ctx context.Context) (f *format, created bool, err error) {
	conditional, err := s.probe(ctx)
	if err != nil {
		return nil, false, err
	}
	ours := format{Format: formatName, Version: formatVersion, Store: metadata.NewID(time.Now()),
		Reader: []string{}, Writer: []string{}, ConditionalWrites: conditional}
	data, err := json.Marshal(ours)
	if err != nil {
		return nil, false, err
	}
	if err := s.putNew(ctx, formatFirst, append(data, '\n'), "application/json"); err != nil && !errors.Is(err, metadata.ErrConflict) {
		return nil, false, err
	}
	// Ours, or that of whoever came first.
	f, err = s.known(ctx)
	if err == nil && f == nil {
		err = &failure{text: s.where + ": the format file was written and cannot be found", class: metadata.ErrUnavailable}
	}
	return f, err == nil && f.Store == ours.Store, err
}

// probe tries whether the place refuses to write an object twice. Some servers
// ignore the condition, some do not know it.
func (s *Store) probe(ctx context.Context) (bool, error) {
	if s.files != nil {
		return true, nil
	}
	// Below format/, where it makes the place no foreign one for anybody who
	// looks meanwhile.
	key := formatDir + "probe-" + metadata.NewID(time.Now())
	for range 2 {
		err := s.put(ctx, key, []byte("probe\n"), "text/plain", true)
		switch codeOf(err) {
		case gcerrors.OK:
		case gcerrors.FailedPrecondition: // also if it was our own answer that got lost
			s.forget(ctx, key)
			return true, nil
		case gcerrors.Unimplemented:
			return false, nil
		default:
			return false, s.fail("initialise", key, err)
		}
	}
	s.forget(ctx, key)
	return false, nil
}

// forget removes what does no harm if it stays: not everyone who may write may
// delete.
func (s *Store) forget(ctx context.Context, key string) { _ = s.remove(ctx, key) }
