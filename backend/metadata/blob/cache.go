package blob

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

// A store in a bucket keeps copies of segments, indexes and edges in a folder of
// this machine: they never change, and bear their digests in their names.

// maxCache bounds the folder, in bytes.
const maxCache = 512 << 20

// UseCache has a store that is not on this machine keep copies below a folder.
// Whatever is wrong with the folder costs time only.
func (s *Store) UseCache(dir string) {
	if s.files == nil {
		s.cache, s.cacheMost = dir, maxCache
	}
}

// cached reads an object whose name bears its digest. Copies are used as long
// as they are whole.
func (s *Store) cached(ctx context.Context, key string) ([]byte, error) {
	n, ok := segment.ParseName(key)
	if s.cache == "" || !ok {
		return s.read(ctx, key, segment.MaxObject)
	}
	file := filepath.Join(s.cache, strings.ReplaceAll(key, "/", "_"))
	if data, err := os.ReadFile(file); err == nil && n.Check(data) == nil {
		now := time.Now()
		_ = os.Chtimes(file, now, now) // used lately
		return data, nil
	}
	data, err := s.read(ctx, key, segment.MaxObject)
	if err == nil && n.Check(data) == nil {
		s.keep(file, data)
	}
	return data, err
}

// keep writes a copy, in one step.
func (s *Store) keep(file string, data []byte) {
	if err := os.MkdirAll(s.cache, 0o700); err != nil {
		return
	}
	f, err := os.CreateTemp(s.cache, ".new-*")
	if err != nil {
		return
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return
	}
	trimCache(s.cache, s.cacheMost)
}

// trimCache removes what was not used for longest until the rest fits.
func trimCache(dir string, most int64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	var files []os.FileInfo
	var total int64
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, info)
			total += info.Size()
		}
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), strings.Compare(a.Name(), b.Name()))
	})
	for _, f := range files {
		if total <= most {
			return
		}
		if os.Remove(filepath.Join(dir, f.Name())) == nil {
			total -= f.Size()
		}
	}
}

// index reads an index; the last ones that were read are kept.
func (s *Store) index(ctx context.Context, n segment.Name) (*segment.Index, error) {
	f, err := s.fetchIndex(ctx, n)
	if err != nil {
		return nil, err
	}
	return s.parseIndex(n, f)
}

// A fetched index is one that is kept, or its bytes, a tenth of it.
type fetched struct {
	index *segment.Index
	data  []byte
}

func (s *Store) fetchIndex(ctx context.Context, n segment.Name) (*fetched, error) {
	s.mu.Lock()
	i := slices.IndexFunc(s.indexes, func(x *segment.Index) bool { return x.Name == n })
	if i >= 0 {
		defer s.mu.Unlock()
		return &fetched{index: s.indexes[i]}, nil
	}
	s.mu.Unlock()
	data, err := s.cached(ctx, n.Key())
	return &fetched{data: data}, err
}

func (s *Store) parseIndex(n segment.Name, f *fetched) (*segment.Index, error) {
	if f.index != nil {
		return f.index, nil
	}
	x, err := segment.ParseIndex(n, f.data)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.indexes = append(s.indexes, x)
	size := 0
	for i, x := range slices.Backward(s.indexes) {
		if size += x.Size; size > keptIndexes {
			s.indexes = slices.Delete(s.indexes, 0, i+1)
			break
		}
	}
	return x, nil
}

// keptIndexes bounds the indexes that are kept in memory, in bytes.
const keptIndexes = 16 << 20
