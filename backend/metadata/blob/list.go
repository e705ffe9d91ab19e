package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"gocloud.dev/blob/driver"
)

// ListPaged implements driver.Bucket: one walk, sorted after collecting, so
// that the order does not depend on the file system. A page without a maximum
// holds everything. Whatever cannot be read is an error, never a hole; only
// what has gone meanwhile is left out.
func (b *bucket) ListPaged(ctx context.Context, opts *driver.ListOptions) (*driver.ListPage, error) {
	if opts.BeforeList != nil {
		if err := opts.BeforeList(nothing); err != nil {
			return nil, err
		}
	}
	root, err := b.root(false)
	if errors.Is(err, fs.ErrNotExist) {
		return &driver.ListPage{}, nil
	}
	if err != nil {
		return nil, err
	}
	w := walk{ctx: ctx, root: root, opts: opts}
	if err := w.dir(start(opts.Prefix)); err != nil {
		return nil, err
	}
	slices.SortFunc(w.found, func(a, b *driver.ListObject) int { return strings.Compare(a.Key, b.Key) })
	w.found = slices.CompactFunc(w.found, func(a, b *driver.ListObject) bool { return a.Key == b.Key && a.IsDir && b.IsDir })
	return page(w.found, opts), nil
}

// start is the folder below which all keys with the prefix lie.
func start(prefix string) string {
	i := strings.LastIndexByte(prefix, '/')
	if i <= 0 || !plainKey(prefix[:i]) {
		return "."
	}
	return prefix[:i]
}

// page cuts the sorted objects.
func page(all []*driver.ListObject, opts *driver.ListOptions) *driver.ListPage {
	if token := string(opts.PageToken); token != "" {
		i, found := slices.BinarySearchFunc(all, token, func(o *driver.ListObject, t string) int { return strings.Compare(o.Key, t) })
		if found {
			i++
		}
		all = all[i:]
	}
	p := &driver.ListPage{Objects: all}
	if n := opts.PageSize; n > 0 && len(all) > n {
		p.Objects = all[:n]
		p.NextPageToken = []byte(all[n-1].Key)
	}
	return p
}

type walk struct {
	ctx   context.Context
	root  folder
	opts  *driver.ListOptions
	found []*driver.ListObject
	// namesOnly collects keys instead, without a look at each file.
	namesOnly bool
	keys      []string
}

// dir collects what lies below a folder.
func (w *walk) dir(dir string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	return w.read(dir, func(entries []fs.DirEntry) error {
		for _, e := range entries {
			if dir == "." && strings.HasPrefix(e.Name(), ".") {
				continue // .tmp, and what others keep beside the objects
			}
			name := e.Name()
			if dir != "." {
				name = dir + "/" + name
			}
			if err := w.entry(name, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// batch is how many entries of a folder are read at once: there may be a million
// of them.
const batch = 4096

// read gives the entries of a folder to f, some at a time.
func (w *walk) read(dir string, f func([]fs.DirEntry) error) error {
	d, err := w.root.Open(dir)
	if err != nil {
		if gone(err) {
			return nil
		}
		return err
	}
	defer d.Close()
	info, err := d.Stat()
	if err != nil {
		return err
	}
	for info.IsDir() {
		entries, err := d.ReadDir(batch)
		if len(entries) > 0 {
			if err := f(entries); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || noObject(err, "") != err
}

// entry takes a file, or goes on below a folder that can hold a match.
func (w *walk) entry(name string, e fs.DirEntry) error {
	if e.IsDir() {
		return w.folder(name)
	}
	key, ok := unescapeKey(name)
	if !ok || !strings.HasPrefix(key, w.opts.Prefix) || !e.Type().IsRegular() {
		return nil
	}
	if dir, ok := w.collapse(key); ok {
		w.found = append(w.found, &driver.ListObject{Key: dir, IsDir: true})
		return nil
	}
	if w.namesOnly {
		w.keys = append(w.keys, key)
		return nil
	}
	info, err := e.Info()
	if err != nil {
		if gone(err) {
			return nil
		}
		return err
	}
	w.found = append(w.found, &driver.ListObject{Key: key, ModTime: info.ModTime(), Size: info.Size()})
	return nil
}

func (w *walk) folder(name string) error {
	prefix := w.opts.Prefix
	if plainKey(name) && plainKey(strings.TrimSuffix(prefix, "/")) {
		below := name + "/"
		if !strings.HasPrefix(below, prefix) && !strings.HasPrefix(prefix, below) {
			return nil
		}
		if dir, ok := w.collapse(below); ok && w.opts.Delimiter == "/" && strings.HasPrefix(below, prefix) {
			return w.one(name, dir)
		}
	}
	return w.dir(name)
}

// collapse is the pseudo folder in which the key lies.
func (w *walk) collapse(key string) (string, bool) {
	if w.opts.Delimiter == "" {
		return "", false
	}
	n := len(w.opts.Prefix)
	i := strings.Index(key[n:], w.opts.Delimiter)
	if i < 0 {
		return "", false
	}
	return key[:n+i+len(w.opts.Delimiter)], true
}

// one adds the pseudo folder if any object lies below, without counting them.
func (w *walk) one(name, dir string) error {
	some, err := w.any(name)
	if some {
		w.found = append(w.found, &driver.ListObject{Key: dir, IsDir: true})
	}
	return err
}

func (w *walk) any(dir string) (bool, error) {
	var entries []fs.DirEntry
	err := w.read(dir, func(some []fs.DirEntry) error { entries = append(entries, some...); return nil })
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		if e.Type().IsRegular() {
			return true, nil
		}
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if some, err := w.any(path.Join(dir, e.Name())); some || err != nil {
			return some, err
		}
	}
	return false, nil
}
