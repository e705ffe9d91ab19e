// Package blob keeps the metadata file in a folder or a bucket, through
// gocloud.dev's portable API. Its idea: everything is written once under a name
// of its own, so that put-if-absent is the only operation that correctness
// needs, and not even that for events.
package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"syscall"

	gcblob "gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/kfp-go/kfp-go/backend/failpoint"
	"github.com/kfp-go/kfp-go/backend/metadata"
)

const (
	inboxDir = "inbox/"
	blobDir  = "blobs/sha256/"
	// MaxBlob bounds a document.
	MaxBlob = 64 << 20
	// readers is how many objects are read at once.
	readers = 8
)

// A Store is a metadata store on a bucket.
type Store struct {
	bucket *gcblob.Bucket
	files  *bucket // the bucket's driver if it is ours, else nil
	where  string  // for people; holds no secrets

	mu     sync.Mutex
	format *format
}

var _ metadata.Store = (*Store)(nil)

// New is the store in a bucket, which it owns from now on. where names it in
// errors.
func New(bucket *gcblob.Bucket, where string) *Store { return &Store{bucket: bucket, where: where} }

// newFiles is the store in a folder.
func newFiles(b *bucket, where string) *Store {
	return &Store{bucket: gcblob.NewBucket(b), files: b, where: where}
}

// Where names the store for people.
func (s *Store) Where() string { return s.where }

// Close releases the bucket.
func (s *Store) Close() error { return s.bucket.Close() }

// Append implements metadata.Store.
func (s *Store) Append(ctx context.Context, e *metadata.Event) error {
	data, err := e.Encode()
	if err != nil {
		return err
	}
	if err := s.writable(ctx); err != nil {
		return err
	}
	key := inboxDir + e.Name()
	err = s.putNew(ctx, key, data, "application/x-ndjson")
	if errors.Is(err, metadata.ErrConflict) {
		// An answer that got lost makes our own object look like another's.
		old, rerr := s.read(ctx, key, metadata.MaxEventBytes)
		if rerr != nil {
			return rerr
		}
		if bytes.Equal(old, data) {
			return nil
		}
	}
	return err
}

// putNew writes an object that must not exist yet, else ErrConflict.
func (s *Store) putNew(ctx context.Context, key string, data []byte, contentType string) error {
	if err := failpoint.Hit("store.put.before", key); err != nil {
		return s.fail("write", key, err)
	}
	err := s.bucket.WriteAll(ctx, key, data, &gcblob.WriterOptions{ContentType: contentType, IfNotExist: true})
	if gcerrors.Code(err) == gcerrors.FailedPrecondition {
		return fmt.Errorf("%s: %q exists: %w", s.where, key, metadata.ErrConflict)
	}
	if err == nil {
		err = failpoint.Hit("store.put.after", key)
	}
	return s.fail("write", key, err)
}

// PutBlob implements metadata.Store.
func (s *Store) PutBlob(ctx context.Context, data []byte) (string, error) {
	digest := metadata.Digest(data)
	if len(data) > MaxBlob {
		return "", fmt.Errorf("document of %d bytes: %w", len(data), metadata.ErrTooLarge)
	}
	if err := s.writable(ctx); err != nil {
		return "", err
	}
	key, _ := blobKey(digest)
	err := s.putNew(ctx, key, data, "application/octet-stream")
	if !errors.Is(err, metadata.ErrConflict) {
		return digest, err
	}
	if _, err := s.Blob(ctx, digest); !errors.Is(err, metadata.ErrDamaged) {
		return digest, err
	}
	// Whatever lies there is not what its name says: put it right.
	err = s.bucket.WriteAll(ctx, key, data, &gcblob.WriterOptions{ContentType: "application/octet-stream"})
	return digest, s.fail("write", key, err)
}

// Blob implements metadata.Store.
func (s *Store) Blob(ctx context.Context, digest string) ([]byte, error) {
	key, ok := blobKey(digest)
	if !ok {
		return nil, fmt.Errorf("document %q: %w", digest, metadata.ErrNotFound)
	}
	data, err := s.read(ctx, key, MaxBlob)
	if err != nil {
		return nil, err
	}
	if metadata.Digest(data) != digest {
		return nil, fmt.Errorf("document %s: %w: its content has another digest", digest, metadata.ErrDamaged)
	}
	return data, nil
}

// blobKey is where the document with that digest lies.
func blobKey(digest string) (string, bool) {
	h, ok := strings.CutPrefix(digest, "sha256:")
	if !ok || len(h) != 64 || strings.Trim(h, "0123456789abcdef") != "" {
		return "", false
	}
	return blobDir + h[:2] + "/" + h[2:], true
}

// Scan implements metadata.Store.
func (s *Store) Scan(ctx context.Context) iter.Seq2[metadata.Object, error] {
	return func(yield func(metadata.Object, error) bool) {
		f, err := s.known(ctx)
		if err != nil {
			yield(metadata.Object{}, err)
			return
		}
		if f == nil {
			return
		}
		keys, err := s.list(ctx, inboxDir)
		if err != nil {
			yield(metadata.Object{}, err)
			return
		}
		for _, key := range keys {
			name, _ := eventName(key)
			data, err := s.read(ctx, key, metadata.MaxEventBytes)
			if !yield(metadata.Object{Name: name, Data: data}, err) {
				return
			}
		}
	}
}

// list gives all keys with the prefix, sorted.
func (s *Store) list(ctx context.Context, prefix string) ([]string, error) {
	if err := failpoint.Hit("store.list.before", prefix); err != nil {
		return nil, s.fail("list", prefix, err)
	}
	if s.files != nil {
		keys, err := s.files.keys(ctx, prefix)
		return keys, s.failFile("list", prefix, err)
	}
	var keys []string
	it := s.bucket.List(&gcblob.ListOptions{Prefix: prefix})
	for {
		o, err := it.Next(ctx)
		if err != nil {
			slices.Sort(keys)
			return keys, s.endOfList(prefix, err)
		}
		keys = append(keys, o.Key)
	}
}

// endOfList tells the end of a listing from its failure.
func (s *Store) endOfList(prefix string, err error) error {
	if err == io.EOF {
		return nil
	}
	return s.fail("list", prefix, err)
}

// read gives an object of at most max bytes.
func (s *Store) read(ctx context.Context, key string, max int64) ([]byte, error) {
	if err := failpoint.Hit("store.get.before", key); err != nil {
		return nil, s.fail("read", key, err)
	}
	if s.files != nil {
		return s.readFile(ctx, key, max)
	}
	r, err := s.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return nil, s.fail("read", key, err)
	}
	defer r.Close()
	if r.Size() > max {
		return nil, s.oversized(key)
	}
	data := make([]byte, r.Size())
	n, err := io.ReadFull(r, data)
	if err == io.ErrUnexpectedEOF || err == io.EOF && len(data) == 0 {
		err = nil
	}
	return data[:n], s.fail("read", key, err)
}

func (s *Store) oversized(key string) error {
	return fmt.Errorf("%s: %q: %w: no such object may be that large", s.where, key, metadata.ErrDamaged)
}

func (s *Store) readFile(ctx context.Context, key string, max int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := s.files.readKey(key, max)
	if errors.Is(err, syscall.EISDIR) {
		return nil, fmt.Errorf("%s: %q: %w: it is a folder", s.where, key, metadata.ErrDamaged)
	}
	if err == nil && int64(len(data)) > max {
		return nil, s.oversized(key)
	}
	return data, s.failFile("read", key, err)
}

// failFile is fail for errors that did not pass through the portable API.
func (s *Store) failFile(verb, key string, err error) error {
	if err == nil {
		return nil
	}
	return s.classify(verb, key, s.files.ErrorCode(err), err)
}

// fail gives an error its class and says what was tried.
func (s *Store) fail(verb, key string, err error) error {
	if err == nil {
		return nil
	}
	return s.classify(verb, key, gcerrors.Code(err), err)
}

func (s *Store) classify(verb, key string, code gcerrors.ErrorCode, err error) error {
	var class error
	switch code {
	case gcerrors.NotFound:
		class = metadata.ErrNotFound
	case gcerrors.PermissionDenied, gcerrors.InvalidArgument, gcerrors.Canceled:
		return fmt.Errorf("%s: cannot %s %q: %w", s.where, verb, key, err)
	default:
		class = metadata.ErrUnavailable
	}
	return fmt.Errorf("%s: cannot %s %q: %w: %w", s.where, verb, key, class, err)
}
