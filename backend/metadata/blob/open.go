package blob

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// maxBundle bounds an exported file that is read as a store.
const maxBundle = 1 << 30

// Open opens the store that a URL or a path names: a folder, which the first
// write creates, a bucket or a part of one (s3://, gs://, azblob://, mem://),
// or a file that was exported, which can only be read. Opening touches nothing.
// A URL that can name no store is metadata.ErrFormat.
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
	return openRemote(ctx, u)
}

// parse takes a plain path for a file URL.
func parse(where string) (*url.URL, error) {
	if where == "" {
		return nil, badURL("the metadata file's name is empty")
	}
	if !strings.Contains(where, "://") {
		if scheme, rest, ok := strings.Cut(where, ":"); ok && scheme == "file" {
			return nil, badURL("%q is neither a path nor a URL: write the path alone, %s", where, rest)
		} else if ok && parameters[scheme] != nil {
			return nil, badURL("%q is neither a path nor a URL: write %s://%s, or ./%s for a folder of that name", where, scheme, strings.TrimLeft(rest, "/"), where)
		}
		abs, err := filepath.Abs(where)
		if err != nil {
			return nil, err
		}
		return &url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}, nil
	}
	u, err := url.Parse(where)
	if err != nil {
		return nil, badURL("the metadata file's URL is malformed") // err quotes it, with its secrets
	}
	if u.Fragment != "" {
		return nil, badURL("%s: a metadata file's URL ends before the sign #", name(u))
	}
	if u.User != nil {
		return nil, badURL("the metadata file's URL must not hold credentials; they come from the environment")
	}
	if _, ok := parameters[u.Scheme]; !ok && u.Scheme != "file" {
		return nil, badURL("metadata cannot lie in %q; use a folder, file://, s3://, gs:// or azblob://", u.Scheme+"://")
	}
	return u, nil
}

// Name is where without what is not for people to see: the parameters of a URL.
func Name(where string) string {
	u, err := parse(where)
	if err != nil {
		return "the metadata file"
	}
	return name(u)
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

// fileBucket is the driver for file:///path, with shared=group for folders that
// several users write.
func fileBucket(u *url.URL) (*bucket, error) {
	if u.Host != "" && u.Host != "localhost" && u.Host != "." {
		return nil, badURL("a file URL names no host, files lie on this machine: write a plain path, or file:///path, instead of file://%s%s", u.Host, u.Path)
	}
	if u.Path == "" || u.Path == "/" {
		return nil, badURL("the file URL names no folder: write file:///path")
	}
	shared := false
	for key, values := range u.Query() {
		if key != "shared" || len(values) != 1 || values[0] != "group" {
			return nil, badURL("%s: the only parameter of a file URL is shared=group, not %q", name(u), key)
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
	s, err := metadata.OpenBundle(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}
