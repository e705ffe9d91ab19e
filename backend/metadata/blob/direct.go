package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"

	"gocloud.dev/blob/driver"
)

// A store on files reads them directly: with a hundred thousand small objects
// the portable API's look at each of them costs more than the objects.

// keys lists as ListPaged does, names only.
func (b *bucket) keys(ctx context.Context, prefix string) ([]string, error) {
	root, err := b.root(false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if prefix == inboxDir {
		return inboxKeys(ctx, root)
	}
	w := walk{ctx: ctx, root: root, opts: &driver.ListOptions{Prefix: prefix}, namesOnly: true}
	if err := w.dir(start(prefix)); err != nil {
		return nil, err
	}
	slices.Sort(w.keys)
	return w.keys, nil
}

// inboxKeys lists the folder that is flat and large, by its names alone: what
// is no file there shows when it is read.
func inboxKeys(ctx context.Context, root folder) ([]string, error) {
	d, err := root.Open(strings.TrimSuffix(inboxDir, "/"))
	if err != nil {
		if gone(err) {
			return nil, ctx.Err()
		}
		return nil, err
	}
	defer d.Close()
	var keys []string
	for {
		names, err := d.Readdirnames(batch)
		for _, name := range names {
			if key := inboxDir + name; plainKey(key) {
				keys = append(keys, key)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(keys)
	return keys, ctx.Err()
}

// firstRead fits most events.
const firstRead = 4 << 10

// readKey reads an object and at most one byte more than max.
func (b *bucket) readKey(key string, max int64) ([]byte, error) {
	f, err := b.openKey(key)
	if err != nil {
		return nil, noObject(err, key)
	}
	defer f.Close()
	data := make([]byte, 0, firstRead)
	for {
		n, err := f.Read(data[len(data):min(cap(data), int(max)+1)])
		data = data[:len(data)+n]
		if err == io.EOF || int64(len(data)) > max {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
		if len(data) == cap(data) {
			data = slices.Grow(data, cap(data))
		}
	}
}

func (b *bucket) openKey(key string) (file, error) {
	if name, ok := strings.CutPrefix(key, inboxDir); ok && plainKey(name) && !strings.Contains(name, "/") {
		if root, err := b.inboxRoot(); err == nil {
			return root.Open(name)
		}
	}
	root, err := b.root(false)
	if err != nil {
		return nil, err
	}
	return root.Open(escapeKey(key))
}

func (b *bucket) inboxRoot() (folder, error) {
	root, err := b.root(false)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.inbox == nil {
		b.inbox, err = root.OpenFolder(strings.TrimSuffix(inboxDir, "/"))
	}
	return b.inbox, err
}
