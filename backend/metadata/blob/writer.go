package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"gocloud.dev/blob/driver"
)

// A writer fills a temporary file and publishes it on Close: either the whole
// object is there, durably, or nothing is. Any earlier error publishes nothing.
type writer struct {
	ctx        context.Context
	b          *bucket
	root       folder
	key        string
	temp, name string // paths below the root
	file       file
	ifNotExist bool
	err        error
}

// NewTypedWriter implements driver.Bucket. Content types are not kept.
func (b *bucket) NewTypedWriter(ctx context.Context, key, _ string, opts *driver.WriterOptions) (driver.Writer, error) {
	root, err := b.root(true)
	if err != nil {
		return nil, err
	}
	if _, err := root.Stat(tempDir); err != nil {
		if err := b.makeFolder(root, tempDir); err != nil {
			return nil, err
		}
	}
	b.sweep(root)
	temp := path.Join(tempDir, rand.Text())
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, b.fileMode)
	if err != nil {
		return nil, err
	}
	w := &writer{ctx: ctx, b: b, root: root, key: key, temp: temp, name: escapeKey(key), file: f, ifNotExist: opts.IfNotExist}
	if b.shared {
		if err := root.Chmod(temp, b.fileMode); err != nil { // whatever the umask is
			w.discard()
			return nil, err
		}
	}
	if opts.BeforeWrite != nil {
		if err := opts.BeforeWrite(nothing); err != nil {
			w.discard()
			return nil, err
		}
	}
	return w, nil
}

// mkdir makes a folder and its parents and has their names durable. That goes
// for those that are there already: who made one may have died, or the machine,
// before its name was synced. Once for each bucket is enough.
func (b *bucket) mkdir(root folder, dir string) error {
	if dir == "." {
		return nil
	}
	info, err := root.Stat(dir)
	there := err == nil && info.IsDir()
	if there && b.isDurable(dir) {
		return nil
	}
	if err := b.mkdir(root, path.Dir(dir)); err != nil {
		return err
	}
	if !there {
		if err := b.makeFolder(root, dir); err != nil {
			return err
		}
	}
	if err := syncDir(root, path.Dir(dir)); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.durable == nil {
		b.durable = map[string]bool{}
	}
	b.durable[dir] = true
	return nil
}

func (b *bucket) isDurable(dir string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.durable[dir]
}

// makeFolder makes one folder, if nobody else does.
func (b *bucket) makeFolder(root folder, dir string) error {
	err := root.Mkdir(dir, b.dirMode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil || !b.shared {
		return err
	}
	return root.Chmod(dir, b.dirMode) // whatever the umask is
}

// settle makes durable what others have put into a folder, before something
// that depends on it is written.
func (b *bucket) settle(dir string) error {
	root, err := b.root(true)
	if err != nil {
		return err
	}
	if err := b.mkdir(root, dir); err != nil {
		return err
	}
	return syncDir(root, dir)
}

// sweep removes temporary files of writers that died, once per bucket.
func (b *bucket) sweep(root folder) {
	b.mu.Lock()
	done := b.swept
	b.swept = true
	b.mu.Unlock()
	if done {
		return
	}
	d, err := root.Open(tempDir)
	if err != nil {
		return
	}
	defer d.Close()
	entries, _ := d.ReadDir(-1)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > tempAge {
			_ = root.Remove(path.Join(tempDir, e.Name())) // next time, else
		}
	}
}

// Write implements io.Writer; after an error the object will not appear.
func (w *writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.file.Write(p)
	w.err = err
	return n, err
}

// Close publishes the object.
func (w *writer) Close() error {
	defer w.discard()
	if w.err != nil {
		return w.err
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	if err := w.file.Close(); err != nil {
		return err
	}
	dir := path.Dir(w.name)
	if err := w.b.mkdir(w.root, dir); err != nil {
		return err
	}
	err := w.publish()
	var exists *existsError
	if err != nil && !errors.As(err, &exists) {
		return err
	}
	// Also when it exists: what the caller does next may depend on an object
	// whose writer has not come so far.
	return errors.Join(err, syncDir(w.root, dir))
}

// discard removes the temporary file, whatever became of it.
func (w *writer) discard() {
	_ = w.file.Close()
	_ = w.root.Remove(w.temp)
}

func (w *writer) publish() error {
	if !w.ifNotExist {
		return w.root.Rename(w.temp, w.name)
	}
	err := error(syscall.EPERM)
	if !w.b.noLink {
		err = w.root.Link(w.temp, w.name)
	}
	if noHardLinks(err) {
		err = w.root.RenameNew(w.temp, w.name)
	}
	if noHardLinks(err) {
		err = w.copyNew()
	}
	if errors.Is(err, fs.ErrExist) {
		return &existsError{w.key}
	}
	return err
}

// noHardLinks reports whether the file system refuses the operation as such.
func noHardLinks(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.EINVAL) ||
		errors.Is(err, syscall.EMLINK) || errors.Is(err, errors.ErrUnsupported)
}

// copyNew is the last resort: readers may see the object grow, and its closing
// line tells them that the rest is to come.
func (w *writer) copyNew() error {
	in, err := w.root.Open(w.temp)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := w.root.OpenFile(w.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, w.b.fileMode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = w.root.Remove(w.name)
	}
	return err
}
