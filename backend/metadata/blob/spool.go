package blob

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"gocloud.dev/gcerrors"

	"github.com/kfp-go/kfp-go/backend/failpoint"
	"github.com/kfp-go/kfp-go/backend/metadata"
)

// A Spool is a store that puts aside, in a folder of this machine, what it
// cannot store now. What was put aside leaves with the next use, by whichever
// process.
type Spool struct {
	store  metadata.Store
	aside  *Store
	dir    string
	notice func(string)

	mu      sync.Mutex
	drained bool
	down    time.Time // when the store was last unavailable
	said    bool      // that something is put aside
	insist  bool      // the store itself must take what comes
	reached bool      // it has taken an event
}

var (
	_ metadata.Store      = (*Spool)(nil)
	_ metadata.EdgeSource = (*Spool)(nil)
)

// SpoolDir is the folder, below the user's state folder, for what is to go to
// the store that where names.
func SpoolDir(state, where string) string {
	digest := metadata.Digest([]byte(where))
	return filepath.Join(state, "spool", digest[len("sha256:"):][:32])
}

// WithSpool wraps a store. The folder is made when it is first needed. notice,
// if not nil, is told in a few words what was put aside or stays there.
func WithSpool(store metadata.Store, dir string, notice func(string)) (*Spool, error) {
	b, err := newBucket(dir, false)
	if err != nil {
		return nil, err
	}
	if notice == nil {
		notice = func(string) {}
	}
	return &Spool{store: store, aside: newFiles(b, dir), dir: dir, notice: notice}, nil
}

// downTime is how long an unavailable store is not asked again.
const downTime = 30 * time.Second

// up reports whether the store is worth asking.
func (s *Spool) up() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down.IsZero() || time.Since(s.down) > downTime
}

// Insist has everything up to the first event reach the store itself: what
// cannot is an error.
func (s *Spool) Insist() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.insist = true
}

// failed reports whether what the store did not take is to be put aside, and
// says so once.
func (s *Spool) failed(err error) bool {
	if !s.away(err) {
		return false
	}
	s.say(": " + err.Error())
	return true
}

// say tells once that something is put aside.
func (s *Spool) say(why string) {
	s.mu.Lock()
	first := !s.said
	s.said = true
	s.mu.Unlock()
	if first {
		s.notice("the metadata cannot be written now and is kept in " + s.dir + why)
	}
}

// away reports whether the error is one after which the store is not asked for
// a while. A store that is not available will be again. One that has taken
// an event and is suddenly gone, or refuses the next, must not cost the record
// of a run that has begun.
func (s *Spool) away(err error) bool {
	if err == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	aside := errors.Is(err, metadata.ErrUnavailable) && !s.insist ||
		s.reached && !errors.Is(err, context.Canceled) && !errors.Is(err, metadata.ErrConflict) && !errors.Is(err, metadata.ErrTooLarge)
	if aside {
		s.down = time.Now()
	}
	return aside
}

// took notes that the store has taken an event.
func (s *Spool) took() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reached, s.insist = true, false
}

// Append implements metadata.Store.
func (s *Spool) Append(ctx context.Context, e *metadata.Event) error {
	s.first(ctx)
	if s.up() {
		err := s.store.Append(ctx, e)
		if err == nil {
			s.took()
		}
		if !s.failed(err) {
			return err
		}
	}
	s.say("")
	return s.aside.Append(ctx, e)
}

// PutBlob implements metadata.Store.
func (s *Spool) PutBlob(ctx context.Context, data []byte) (string, error) {
	s.first(ctx)
	if s.up() {
		digest, err := s.store.PutBlob(ctx, data)
		if !s.failed(err) {
			return digest, err
		}
	}
	s.say("")
	return s.aside.PutBlob(ctx, data)
}

// Load implements metadata.Store.
func (s *Spool) Load(ctx context.Context, q metadata.Query) (*metadata.Snapshot, error) {
	s.first(ctx)
	return s.store.Load(ctx, q)
}

// Each implements metadata.Store.
func (s *Spool) Each(ctx context.Context, q metadata.Query, f func(*metadata.Run) error) ([]metadata.Damage, error) {
	s.first(ctx)
	return s.store.Each(ctx, q, f)
}

// Edges implements metadata.EdgeSource where the store does.
func (s *Spool) Edges() metadata.EdgeReader {
	source, ok := s.store.(metadata.EdgeSource)
	if !ok {
		return nil
	}
	read := source.Edges()
	if read == nil {
		return nil
	}
	return func(ctx context.Context, q metadata.EdgeQuery) (*metadata.EdgeSet, error) {
		s.first(ctx)
		return read(ctx, q)
	}
}

// Maintain implements metadata.Maintainer where the store does.
func (s *Spool) Maintain(ctx context.Context) error {
	if m, ok := s.store.(metadata.Maintainer); ok && s.up() {
		return m.Maintain(ctx)
	}
	return nil
}

// Scan implements metadata.Store.
func (s *Spool) Scan(ctx context.Context) iter.Seq2[metadata.Object, error] {
	s.first(ctx)
	return s.store.Scan(ctx)
}

// Blob implements metadata.Store.
func (s *Spool) Blob(ctx context.Context, digest string) ([]byte, error) {
	data, err := s.store.Blob(ctx, digest)
	if err == nil {
		return data, nil
	}
	if kept, aerr := s.aside.Blob(ctx, digest); aerr == nil {
		return kept, nil
	}
	return nil, err
}

// Close implements metadata.Store.
func (s *Spool) Close() error {
	return errors.Join(s.store.Close(), s.aside.Close())
}

// first sends what was put aside, by earlier processes or by this one while the
// store was not available: an event does not arrive before the documents and
// events that it names.
func (s *Spool) first(ctx context.Context) {
	s.mu.Lock()
	back := !s.down.IsZero() && time.Since(s.down) > downTime
	done := s.drained && !back
	s.drained = true
	if back {
		s.down = time.Time{}
	}
	s.mu.Unlock()
	if done {
		return
	}
	if _, err := os.Stat(s.dir); err != nil {
		return
	}
	if _, err := s.Drain(ctx); err != nil && !errors.Is(err, context.Canceled) {
		s.away(err)
		s.notice("metadata of earlier runs stays in " + s.dir + ": " + err.Error())
	}
}

// Drain sends what was put aside, documents before the events that name them,
// and counts the events. Each is removed once it was stored.
func (s *Spool) Drain(ctx context.Context) (events int, err error) {
	blobs, err := s.aside.list(ctx, blobDir)
	if err != nil {
		return 0, err
	}
	for _, key := range blobs {
		digest := "sha256:" + strings.ReplaceAll(strings.TrimPrefix(key, blobDir), "/", "")
		data, err := s.aside.Blob(ctx, digest)
		if err != nil {
			return 0, err
		}
		if _, err := s.store.PutBlob(ctx, data); err != nil {
			return 0, err
		}
	}
	keys, err := s.aside.list(ctx, inboxDir)
	if err != nil {
		return 0, err
	}
	for _, key := range keys {
		if err := s.send(ctx, key); err != nil {
			return events, err
		}
		events++
	}
	for _, key := range blobs {
		if err := s.aside.remove(ctx, key); err != nil {
			return events, err
		}
	}
	return events, nil
}

// send moves one event.
func (s *Spool) send(ctx context.Context, key string) error {
	name, _ := eventName(key)
	e, err := s.aside.loadEvent(ctx, key, name, false)
	if errors.Is(err, metadata.ErrNotFound) {
		return nil // another process was faster
	}
	if err != nil {
		return err
	}
	if err := s.store.Append(ctx, e); err != nil {
		return err
	}
	return s.aside.remove(ctx, key)
}

// remove deletes an object that may have gone already.
func (s *Store) remove(ctx context.Context, key string) error {
	if err := failpoint.Hit("store.delete.before", key); err != nil {
		return s.fail("delete", key, err)
	}
	err := s.attempt(ctx, small, func(ctx context.Context) error { return s.bucket.Delete(ctx, key) })
	if err == nil {
		err = failpoint.Hit("store.delete.after", key)
	}
	if codeOf(err) == gcerrors.NotFound && !noBucket(err) {
		return nil
	}
	return s.fail("delete", key, err)
}
