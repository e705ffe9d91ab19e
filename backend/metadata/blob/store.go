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
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	gcblob "gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/kfp-go/kfp-go/backend/failpoint"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

const (
	inboxDir = "inbox/"
	blobDir  = "blobs/sha256/"
	// MaxBlob bounds a document.
	MaxBlob = 64 << 20
	// readers is how many objects are read at once.
	readers = 8
	// fetchers is how many objects that are small for what they hold are fetched
	// at once, parsers how many of them are decompressed.
	fetchers = 16
	parsers  = 2
)

// A Store is a metadata store on a bucket.
type Store struct {
	bucket *gcblob.Bucket
	files  *bucket // the bucket's driver if it is ours, else nil
	where  string  // for people; holds no secrets

	cache     string // folder of copies, "": none
	cacheMost int64  // what lies in it at most, in bytes

	mu      sync.Mutex
	format  *format
	settled bool             // the format is durable
	indexes []*segment.Index // those that were read last, the latest last
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

// putNew writes an object that must not exist yet, else ErrConflict. The
// object that exists may be our own, whose answer got lost.
func (s *Store) putNew(ctx context.Context, key string, data []byte, contentType string) error {
	if err := failpoint.Hit("store.put.before", key); err != nil {
		return s.fail("write", key, err)
	}
	err := s.put(ctx, key, data, contentType, true)
	if codeOf(err) == gcerrors.Unimplemented {
		// A server that does not know conditions: names are unique without.
		err = s.put(ctx, key, data, contentType, false)
	}
	if codeOf(err) == gcerrors.FailedPrecondition {
		return fmt.Errorf("%s: %q exists: %w", s.where, key, metadata.ErrConflict)
	}
	if err == nil {
		err = failpoint.Hit("store.put.after", key)
	}
	return s.fail("write", key, err)
}

// put writes an object and gives the driver's error. The drivers get all of it
// at once: of a Write that fails some publish what they have, and that of Azure
// panics in Close.
func (s *Store) put(ctx context.Context, key string, data []byte, contentType string, ifNotExist bool) error {
	return s.attempt(ctx, patienceFor(int64(len(data))), func(ctx context.Context) error {
		return s.bucket.Upload(ctx, key, bytes.NewReader(data), &gcblob.WriterOptions{ContentType: contentType, IfNotExist: ifNotExist})
	})
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
	_, err = s.Blob(ctx, digest)
	if err != nil && !errors.Is(err, metadata.ErrDamaged) && !errors.Is(err, metadata.ErrNotFound) {
		return digest, err
	}
	if err == nil {
		// Garbage collection must not take it before an event names it. Its days of
		// grace are many times what clocks may differ here.
		mod, err := s.modTime(ctx, key)
		if err != nil || time.Since(mod) < touchAge {
			return digest, err
		}
	}
	// Whatever lies there is not what its name says, or old: put it right.
	return digest, s.fail("write", key, s.put(ctx, key, data, "application/octet-stream", false))
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

// list gives all keys with the prefix, sorted.
func (s *Store) list(ctx context.Context, prefix string) ([]string, error) {
	if err := failpoint.Hit("store.list.before", prefix); err != nil {
		return nil, s.fail("list", prefix, err)
	}
	if s.files != nil {
		keys, err := s.files.keys(ctx, prefix)
		return keys, s.failFile("list", prefix, err)
	}
	keys, err := s.listAll(ctx, &gcblob.ListOptions{Prefix: prefix})
	return keys, s.fail("list", prefix, err)
}

// pageSize is what every service gives at once.
const pageSize = 1000

var errEndless = errors.New("the server's listing does not go on")

// listAll gives the keys of a listing, sorted: some servers have an order of
// their own. Its error is the driver's.
func (s *Store) listAll(ctx context.Context, opts *gcblob.ListOptions) ([]string, error) {
	var keys []string
	err := s.pages(ctx, opts, func(o *gcblob.ListObject) { keys = append(keys, o.Key) })
	slices.Sort(keys)
	return slices.Compact(keys), err
}

// pages lists page by page. Its error is the driver's.
func (s *Store) pages(ctx context.Context, opts *gcblob.ListOptions, add func(*gcblob.ListObject)) error {
	for token := gcblob.FirstPageToken; len(token) > 0; {
		var page []*gcblob.ListObject
		err := s.attempt(ctx, small, func(ctx context.Context) (err error) {
			var next []byte
			if page, next, err = s.bucket.ListPage(ctx, token, pageSize, opts); err != nil {
				return err
			}
			if bytes.Equal(next, token) {
				return errEndless
			}
			token = next
			return nil
		})
		if err != nil {
			return err
		}
		for _, o := range page {
			add(o)
		}
	}
	return nil
}

// read gives an object of at most max bytes.
func (s *Store) read(ctx context.Context, key string, max int64) ([]byte, error) {
	if err := failpoint.Hit("store.get.before", key); err != nil {
		return nil, s.fail("read", key, err)
	}
	if s.files != nil {
		return s.readFile(ctx, key, max)
	}
	var data []byte
	err := s.attempt(ctx, patienceFor(max), func(ctx context.Context) error {
		r, err := s.bucket.NewReader(ctx, key, nil)
		if err != nil {
			return err
		}
		defer r.Close()
		if data, err = io.ReadAll(io.LimitReader(r, max+1)); err != nil {
			return err
		}
		if n := int64(len(data)); n <= max && n < r.Size() {
			return fmt.Errorf("%d bytes of %d: %w", n, r.Size(), io.ErrUnexpectedEOF)
		}
		return nil
	})
	if int64(len(data)) > max {
		return nil, s.oversized(key)
	}
	return data, s.fail("read", key, err)
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
	return s.failure(verb, key, s.files.ErrorCode(err), err)
}
