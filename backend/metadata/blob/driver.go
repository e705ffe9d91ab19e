package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"
)

// tempDir holds unfinished files, on the same file system and never listed.
const tempDir = ".tmp"

// tempAge is how old an unfinished file is when its writer is surely dead.
const tempAge = 24 * time.Hour

var errUnsupported = errors.New("not supported by the file driver")

// existsError says that a put-if-absent met an object.
type existsError struct{ key string }

func (e *existsError) Error() string { return fmt.Sprintf("object %q exists", e.key) }

// A bucket keeps objects as files below a folder. The folder is made by the
// first write. All access goes through os.Root: no symbolic link inside leads
// outside.
type bucket struct {
	dir      string
	dirMode  fs.FileMode
	fileMode fs.FileMode
	shared   bool // the modes hold whatever the umask is
	noLink   bool // tests: act as a file system without hard links
	// make makes the folder and has its name durable, open opens it.
	make func() error
	open func() (folder, error)

	mu     sync.Mutex
	opened folder
	made   bool
	inbox  folder // the folder that is read most, below opened
	swept  bool
	// durable are the folders whose names are known to be durable.
	durable map[string]bool
}

func newBucket(dir string, shared bool) (*bucket, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	b := &bucket{dir: abs, dirMode: 0o700, fileMode: 0o600}
	if shared {
		b.dirMode, b.fileMode, b.shared = 0o770, 0o660, true
	}
	b.make = func() error { return makeDisk(b.dir, b.dirMode, b.shared) }
	b.open = func() (folder, error) { return openDisk(b.dir) }
	return b, nil
}

// root opens the folder, once; create makes it.
func (b *bucket) root(create bool) (folder, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if create && !b.made {
		if err := b.make(); err != nil {
			return nil, err
		}
		b.made = true
	}
	if b.opened != nil {
		return b.opened, nil
	}
	r, err := b.open()
	if err != nil {
		return nil, err
	}
	b.opened = r
	return r, nil
}

// Close implements driver.Bucket.
func (b *bucket) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opened == nil {
		return nil
	}
	err := b.opened.Close()
	if b.inbox != nil {
		err = errors.Join(err, b.inbox.Close())
	}
	b.opened, b.inbox = nil, nil
	return err
}

// ErrorCode implements driver.Bucket.
func (b *bucket) ErrorCode(err error) gcerrors.ErrorCode {
	var exists *existsError
	switch {
	case errors.As(err, &exists):
		return gcerrors.FailedPrecondition
	case errors.Is(err, fs.ErrNotExist):
		return gcerrors.NotFound
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return gcerrors.PermissionDenied
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return gcerrors.ResourceExhausted
	case errors.Is(err, errUnsupported):
		return gcerrors.Unimplemented
	case errors.Is(err, context.Canceled):
		return gcerrors.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return gcerrors.DeadlineExceeded
	}
	return gcerrors.Unknown
}

// As implements driver.Bucket; nothing of the driver is exposed.
func (b *bucket) As(any) bool { return false }

// ErrorAs implements driver.Bucket.
func (b *bucket) ErrorAs(err error, target any) bool {
	p, ok := target.(**fs.PathError)
	return ok && errors.As(err, p)
}

// stat gives the object's file; a folder is no object.
func (b *bucket) stat(key string) (folder, string, fs.FileInfo, error) {
	root, err := b.root(false)
	if err != nil {
		return nil, "", nil, err
	}
	name := escapeKey(key)
	info, err := root.Lstat(name)
	if err != nil {
		return nil, "", nil, noObject(err, name)
	}
	if !info.Mode().IsRegular() {
		return nil, "", nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return root, name, info, nil
}

// noObject maps "a parent is a file" to "there is no such object".
func noObject(err error, name string) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return err
}

// Attributes implements driver.Bucket. Content types and the like are not kept.
func (b *bucket) Attributes(_ context.Context, key string) (*driver.Attributes, error) {
	_, _, info, err := b.stat(key)
	if err != nil {
		return nil, err
	}
	return &driver.Attributes{
		ModTime: info.ModTime(),
		Size:    info.Size(),
		ETag:    fmt.Sprintf("\"%x-%x\"", info.ModTime().UnixNano(), info.Size()),
	}, nil
}

// reader is an open object.
type reader struct {
	io.Reader
	file  file
	attrs driver.ReaderAttributes
}

func (r *reader) Close() error                         { return r.file.Close() }
func (r *reader) Attributes() *driver.ReaderAttributes { return &r.attrs }
func (r *reader) As(any) bool                          { return false }

func nothing(any) bool { return false }

// NewRangeReader implements driver.Bucket.
func (b *bucket) NewRangeReader(_ context.Context, key string, offset, length int64, opts *driver.ReaderOptions) (driver.Reader, error) {
	root, name, info, err := b.stat(key)
	if err != nil {
		return nil, err
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	if opts.BeforeRead != nil {
		err = opts.BeforeRead(nothing)
	}
	if err == nil && offset > 0 {
		_, err = f.Seek(offset, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	r := &reader{Reader: f, file: f, attrs: driver.ReaderAttributes{ModTime: info.ModTime(), Size: info.Size()}}
	if length >= 0 {
		r.Reader = io.LimitReader(f, length)
	}
	return r, nil
}

// Copy implements driver.Bucket.
func (b *bucket) Copy(ctx context.Context, dstKey, srcKey string, opts *driver.CopyOptions) error {
	src, err := b.NewRangeReader(ctx, srcKey, 0, -1, &driver.ReaderOptions{})
	if err != nil {
		return err
	}
	defer src.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dst, err := b.NewTypedWriter(ctx, dstKey, "", &driver.WriterOptions{BeforeWrite: opts.BeforeCopy})
	if err != nil {
		return err
	}
	if _, err := io.Copy(dst, src); err != nil {
		cancel() // so that Close publishes nothing
		dst.Close()
		return err
	}
	return dst.Close()
}

// Delete implements driver.Bucket. Folders that become empty stay.
func (b *bucket) Delete(_ context.Context, key string, opts *driver.DeleteOptions) error {
	if opts.BeforeDelete != nil {
		if err := opts.BeforeDelete(nothing); err != nil {
			return err
		}
	}
	root, name, _, err := b.stat(key)
	if err != nil {
		return err
	}
	if err := root.Remove(name); err != nil {
		return err
	}
	return syncDir(root, path.Dir(name))
}

// SignedURL implements driver.Bucket: files have none.
func (b *bucket) SignedURL(context.Context, string, *driver.SignedURLOptions) (string, error) {
	return "", errUnsupported
}

// syncDir makes the names in a folder durable.
func syncDir(root folder, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	if runtime.GOOS == "windows" || errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil // a file system that cannot sync folders
	}
	return err
}
