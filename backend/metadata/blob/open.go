package blob

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	gcblob "gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// maxBundle bounds an exported file that is read as a store.
const maxBundle = 1 << 30

// Open opens the store that a URL or a path names: a folder, which the first
// write creates, or a file that was exported, which can only be read. Opening
// touches nothing.
func Open(ctx context.Context, where string) (metadata.Store, error) {
	u, err := parse(where)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "file" {
		path := filePath(u)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return openBundle(path, info.Size())
		}
		b, err := fileBucket(u)
		if err != nil {
			return nil, err
		}
		return newFiles(b, path), nil
	}
	bucket, err := mux().OpenBucketURL(ctx, u)
	if err != nil {
		return nil, err
	}
	return New(bucket, name(u)), nil
}

// parse takes a plain path for a file URL.
func parse(where string) (*url.URL, error) {
	if where == "" {
		return nil, fmt.Errorf("the metadata file's name is empty")
	}
	if !strings.Contains(where, "://") {
		abs, err := filepath.Abs(where)
		if err != nil {
			return nil, err
		}
		return &url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}, nil
	}
	u, err := url.Parse(where)
	if err != nil {
		return nil, fmt.Errorf("the metadata file's URL is malformed") // err quotes it, with its secrets
	}
	if u.User != nil {
		return nil, fmt.Errorf("the metadata file's URL must not hold credentials; they come from the environment")
	}
	switch u.Scheme {
	case "file", memblob.Scheme:
		return u, nil
	case "s3", "gs", "azblob":
		return nil, fmt.Errorf("metadata in %s:// is not in this version yet; use a folder: %w", u.Scheme, metadata.ErrFormat)
	}
	return nil, fmt.Errorf("metadata cannot lie in %q; use a folder or file://: %w", u.Scheme+"://", metadata.ErrFormat)
}

// name is the URL for people: a path for files, and never the query.
func name(u *url.URL) string {
	if u.Scheme == "file" {
		return filePath(u)
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// filePath is the path of a file URL; the host "." means a relative one.
func filePath(u *url.URL) string {
	p := u.Path
	if u.Host == "." {
		p = "." + p
	}
	return filepath.FromSlash(p)
}

// mux knows the schemes of stores that are no folders.
func mux() *gcblob.URLMux {
	m := new(gcblob.URLMux)
	m.RegisterBucket(memblob.Scheme, &memblob.URLOpener{})
	return m
}

// fileBucket is the driver for file:///path, with shared=group for folders that
// several users write.
func fileBucket(u *url.URL) (*bucket, error) {
	if u.Host != "" && u.Host != "localhost" && u.Host != "." {
		return nil, fmt.Errorf("file URL with the host %q: files lie on this machine", u.Host)
	}
	if u.Path == "" || u.Path == "/" {
		return nil, fmt.Errorf("file URL without a folder")
	}
	shared := false
	for key, values := range u.Query() {
		if key != "shared" || len(values) != 1 || values[0] != "group" {
			return nil, fmt.Errorf("file URL with the unknown parameter %q; known: shared=group", key)
		}
		shared = true
	}
	return newBucket(filePath(u), shared)
}

func openBundle(path string, size int64) (metadata.Store, error) {
	if size > maxBundle {
		return nil, fmt.Errorf("%s: %d bytes: %w", path, size, metadata.ErrTooLarge)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return metadata.OpenBundle(data)
}
