package objects

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	gcblob "gocloud.dev/blob"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// askTime bounds what it takes until a store says how large something is.
const askTime = 5 * time.Second

// mostListed is how many objects a folder may have for its size to be added up.
const mostListed = 10_000

// A Content is what is known of what lies at a URI.
type Content struct {
	Bytes  int64  // of the object; of a folder the sum of those in it
	Digest string // "sha256:…" of the object as it is stored; "": unknown, or a folder
}

// A Survey finds out what lies in the stores of a source. It keeps the way into
// each store open until it is closed. Its methods may be called from several
// goroutines.
type Survey struct {
	source *Source
	mu     sync.Mutex
	doors  map[string]*door // by the store's URI
}

// A door is the way into a store, or why there is none.
type door struct {
	once   sync.Once
	bucket *gcblob.Bucket
	err    error
	close  context.CancelCauseFunc
}

// NewSurvey begins a survey of a source, which is not changed meanwhile.
func NewSurvey(s *Source) *Survey { return &Survey{source: s, doors: map[string]*door{}} }

// Content looks at what lies at a URI. The digest is the SHA-256 that the store
// itself keeps of the whole object; where it keeps none the object is read,
// provided that read consents to so many bytes. Classes of errors are those of
// Open. After an error the size may be known.
func (v *Survey) Content(ctx context.Context, uri string, read func(size int64) bool) (Content, error) {
	place, err := v.source.find(uri)
	if err != nil {
		return Content{}, err
	}
	key, err := keyOf(&place.Place, uri)
	if err != nil {
		return Content{}, err
	}
	asking, cancel := context.WithTimeoutCause(ctx, askTime, slow(askTime))
	defer cancel()
	bucket, err := v.bucket(asking, place)
	if err != nil {
		return Content{}, reached(uri, err, context.Cause(asking))
	}
	c, err := ask(asking, bucket, key)
	if err != nil {
		return Content{}, classify(uri, err, context.Cause(asking))
	}
	if c.folder || c.Digest != "" || !read(c.Bytes) {
		return c.Content, nil
	}
	c.Digest, err = digest(ctx, bucket, key, c.Bytes)
	if err != nil {
		err = classify(uri, err, context.Cause(ctx))
	}
	return c.Content, err
}

// reached classifies the reason for which a store cannot be entered at all.
func reached(uri string, err, cause error) error {
	var late slow
	switch {
	case errors.As(cause, &late):
		err = late
	case cause != nil, errors.Is(err, backend.ErrDenied), errors.Is(err, backend.ErrInvalid):
		return fmt.Errorf("%s: %w", uri, err)
	}
	return fmt.Errorf("%s: %w: %w", uri, backend.ErrUnavailable, err)
}

// bucket opens a store once. What was learned on the way in, such as tokens,
// must outlive the request that was the first to come.
func (v *Survey) bucket(ctx context.Context, place *store.Store) (*gcblob.Bucket, error) {
	v.mu.Lock()
	d := v.doors[place.URI]
	if d == nil {
		d = &door{}
		v.doors[place.URI] = d
	}
	v.mu.Unlock()
	d.once.Do(func() {
		var opening context.Context
		opening, d.close = context.WithCancelCause(context.WithoutCancel(ctx))
		stop := context.AfterFunc(ctx, func() { d.close(context.Cause(ctx)) })
		defer stop()
		d.bucket, d.err = v.source.bucket(opening, place)
	})
	return d.bucket, d.err
}

// Close ends the survey, and whatever it is waiting for.
func (v *Survey) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []error
	for _, d := range v.doors {
		if d.bucket != nil {
			all = append(all, d.bucket.Close())
		}
		if d.close != nil {
			d.close(nil)
		}
	}
	clear(v.doors)
	return errors.Join(all...)
}

type found struct {
	Content
	folder bool
}

// ask is what a store says of a key: of an object its attributes, else of what
// lies below it.
func ask(ctx context.Context, bucket *gcblob.Bucket, key string) (found, error) {
	if strings.HasSuffix(key, "/") {
		return folder(ctx, bucket, key, nil)
	}
	attrs, err := bucket.Attributes(ctx, key)
	if err == nil {
		return found{Content: Content{attrs.Size, kept(attrs)}}, nil
	}
	if !errors.Is(classify(key, err, context.Cause(ctx)), backend.ErrNotFound) {
		return found{}, err
	}
	return folder(ctx, bucket, key+"/", err)
}

// folder adds up what lies below a prefix; none is the error when nothing does.
func folder(ctx context.Context, bucket *gcblob.Bucket, prefix string, none error) (found, error) {
	out, n := found{folder: true}, 0
	all := bucket.List(&gcblob.ListOptions{Prefix: prefix})
	for {
		o, err := next(ctx, all)
		switch {
		case err == io.EOF && n > 0:
			return out, nil
		case err == io.EOF && none != nil:
			return found{}, none
		case err == io.EOF:
			return found{}, fmt.Errorf("nothing lies there: %w", backend.ErrNotFound)
		case err != nil:
			return found{}, err
		}
		if n++; n > mostListed {
			return found{}, fmt.Errorf("more than %d objects lie there: %w", mostListed, backend.ErrInvalid)
		}
		out.Bytes += o.Size
	}
}

// next is the next object of a listing. Drivers take it for granted that servers
// leave nothing out, and would end the program over one that does.
func next(ctx context.Context, all *gcblob.ListIterator) (o *gcblob.ListObject, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the listing makes no sense: %v", r)
		}
	}()
	return all.Next(ctx)
}

// kept is the SHA-256 of the whole object that the store checked when it was
// written, "" if it keeps none. What writers put beside an object as they like
// does not count.
func kept(attrs *gcblob.Attributes) string {
	var head s3.HeadObjectOutput
	if !attrs.As(&head) || head.ChecksumSHA256 == nil {
		return ""
	}
	// Of an object in parts it is a checksum of checksums, with their number.
	sum, err := base64.StdEncoding.DecodeString(*head.ChecksumSHA256)
	if err != nil || len(sum) != sha256.Size || head.ChecksumType == types.ChecksumTypeComposite {
		return ""
	}
	return "sha256:" + hex.EncodeToString(sum)
}

// digest reads an object of a known size.
func digest(ctx context.Context, bucket *gcblob.Bucket, key string, size int64) (string, error) {
	r, err := bucket.NewReader(ctx, key, nil)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(r, size+1))
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes came of %d that were announced", n, size)
	}
	if err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}
