package blob

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/servertest"
)

// cachedBucket is a bucket with six indexes, the address of its part, and how
// often an index was asked of it.
func cachedBucket(t *testing.T) (where string, asked *atomic.Int64) {
	t.Helper()
	servertest.S3Environ(t)
	asked = new(atomic.Int64)
	address, _ := fakeS3(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/index/") {
				asked.Add(1)
			}
			next.ServeHTTP(w, r)
		})
	})
	where = s3URL(address, "p/")
	s := openURL(t, where)
	for i := range 6 {
		at := time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC)
		c := metadata.Chain{Run: metadata.NewID(at), Now: func() time.Time { return at }}
		events, err := c.Events([]metadata.Record{{Run: &metadata.RunRecord{State: metadata.Succeeded, Name: "r"}}})
		if err == nil {
			err = s.Append(t.Context(), events[0])
		}
		if err == nil {
			_, err = s.Compact(t.Context(), CompactOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	asked.Store(0)
	return where, asked
}

// copies are the files of a cache, and their bytes.
func copies(t *testing.T, dir string) (names []string, total int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		names, total = append(names, e.Name()), total+info.Size()
	}
	return names, total
}

// TestCache: what was read once is asked of the bucket no more, a damaged copy is
// replaced, and nothing depends on any of them.
func TestCache(t *testing.T) {
	where, asked := cachedBucket(t)
	dir := filepath.Join(t.TempDir(), "cache")
	load := func(asks int64) {
		t.Helper()
		before := asked.Load()
		s := openURL(t, where)
		s.UseCache(dir)
		snap, err := s.Load(t.Context(), metadata.Query{Summary: true})
		if err != nil || len(snap.Runs) != 6 || len(snap.Damaged) > 0 {
			t.Fatalf("%d runs, %v, %v", len(snap.Runs), snap.Damaged, err)
		}
		if n := asked.Load() - before; n != asks {
			t.Errorf("%d indexes were asked of the bucket, want %d", n, asks)
		}
	}
	load(6)
	load(0)
	names, _ := copies(t, dir)
	if len(names) != 6 {
		t.Fatalf("%d copies: %v", len(names), names)
	}
	for _, harm := range []func(file string) error{
		func(file string) error { return os.Truncate(file, 10) },
		func(file string) error { return os.WriteFile(file, []byte("something else"), 0o600) },
		os.Remove,
	} {
		if err := harm(filepath.Join(dir, names[3])); err != nil {
			t.Fatal(err)
		}
		load(1)
		load(0)
	}
	// A folder that cannot be used costs time only.
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir = file
	load(6)
}

// TestCacheBound: copies take no more room than they may, and those that were
// not used for longest go first.
func TestCacheBound(t *testing.T) {
	where, _ := cachedBucket(t)
	dir := t.TempDir()
	s := openURL(t, where)
	s.UseCache(dir)
	indexes, err := s.list(t.Context(), "index/")
	if err != nil || len(indexes) != 6 {
		t.Fatal(indexes, err)
	}
	read := func(i int) {
		t.Helper()
		if _, err := s.cached(t.Context(), indexes[i]); err != nil {
			t.Fatal(err)
		}
	}
	file := func(i int) string { return strings.ReplaceAll(indexes[i], "/", "_") }
	for i := range 4 {
		read(i)
		old := time.Now().Add(time.Duration(i-100) * time.Hour)
		if err := os.Chtimes(filepath.Join(dir, file(i)), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if s.cacheMost != maxCache {
		t.Errorf("the bound is %d bytes", s.cacheMost)
	}
	_, s.cacheMost = copies(t, dir) // as much as there is
	s.cacheMost += 20               // sizes differ by a few bytes
	read(0)                         // which has it used last
	read(4)
	read(5)
	names, total := copies(t, dir)
	want := []string{file(0), file(3), file(4), file(5)}
	slices.Sort(want)
	if !slices.Equal(names, want) || total > s.cacheMost {
		t.Errorf("%d bytes of %d\n got %v\nwant %v", total, s.cacheMost, names, want)
	}
}
