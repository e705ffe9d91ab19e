package blob

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	gcblob "gocloud.dev/blob"
	"gocloud.dev/blob/driver"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

// A listed object, as a listing shows it.
type listed struct {
	key  string
	mod  time.Time // by the store's clock
	size int64
}

// listAges is list with what is known of each object.
func (s *Store) listAges(ctx context.Context, prefix string) ([]listed, error) {
	var all []listed
	add := func(key string, mod time.Time, size int64) { all = append(all, listed{key, mod, size}) }
	var err error
	if s.files != nil {
		var page *driver.ListPage
		if page, err = s.files.ListPaged(ctx, &driver.ListOptions{Prefix: prefix}); err == nil {
			for _, o := range page.Objects {
				add(o.Key, o.ModTime, o.Size)
			}
		}
		err = s.failFile("list", prefix, err)
	} else {
		err = s.fail("list", prefix, s.pages(ctx, &gcblob.ListOptions{Prefix: prefix}, func(o *gcblob.ListObject) {
			add(o.Key, o.ModTime, o.Size)
		}))
	}
	slices.SortFunc(all, func(a, b listed) int { return strings.Compare(a.key, b.key) })
	return slices.CompactFunc(all, func(a, b listed) bool { return a.key == b.key }), err
}

// modTime is when an object was written, by the store's clock.
func (s *Store) modTime(ctx context.Context, key string) (time.Time, error) {
	var mod time.Time
	err := s.attempt(ctx, small, func(ctx context.Context) error {
		attrs, err := s.bucket.Attributes(ctx, key)
		if err == nil {
			mod = attrs.ModTime
		}
		return err
	})
	return mod, s.fail("look at", key, err)
}

const leaseDir = "leases/"

// now asks the store for its time: what it says of something just written.
// Clocks of the machines that use a store differ by hours.
func (s *Store) now(ctx context.Context) (time.Time, error) {
	key := leaseDir + "clock-" + metadata.NewID(time.Now())
	if err := s.put(ctx, key, []byte("{}\n"), "application/json", false); err != nil {
		return time.Time{}, s.fail("write", key, err)
	}
	mod, err := s.modTime(ctx, key)
	s.forget(ctx, key)
	return mod, err
}

// readRange gives a part of an object, shorter where the object ends.
func (s *Store) readRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	if s.files != nil {
		return s.readFileRange(ctx, key, offset, length)
	}
	var data []byte
	err := s.attempt(ctx, patienceFor(length), func(ctx context.Context) error {
		r, err := s.bucket.NewRangeReader(ctx, key, offset, length, nil)
		if err != nil {
			return err
		}
		defer r.Close()
		data, err = io.ReadAll(io.LimitReader(r, length))
		return err
	})
	return data, s.fail("read", key, err)
}

func (s *Store) readFileRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := s.files.openKey(key)
	if err != nil {
		return nil, s.failFile("read", key, noObject(err, key))
	}
	defer f.Close()
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, s.failFile("read", key, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, length))
	return data, s.failFile("read", key, err)
}

// readNamed reads a segment, or what is derived from one, from where it lies, and
// compares it with its name; what is damaged is given with the error.
func (s *Store) readNamed(ctx context.Context, n segment.Name) ([]byte, error) {
	data, err := s.read(ctx, n.Key(), segment.MaxObject)
	if err == nil {
		err = n.Check(data)
	}
	return data, err
}
