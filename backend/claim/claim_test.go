package claim

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// TestFile: of many that claim a name at once one is the first, and what it wrote
// stays.
func TestFile(t *testing.T) {
	for name, claim := range map[string]func(string, []byte) error{"link": File, "exclusive": exclusively} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "claimed")
			var wg sync.WaitGroup
			var first atomic.Value
			var winners atomic.Int32
			for i := range 32 {
				wg.Go(func() {
					text := fmt.Sprint("writer ", i)
					err := claim(path, []byte(text))
					switch {
					case err == nil:
						winners.Add(1)
						first.Store(text)
					case !errors.Is(err, fs.ErrExist):
						t.Error(err)
					}
				})
			}
			wg.Wait()
			got, err := os.ReadFile(path)
			if err != nil || winners.Load() != 1 || string(got) != first.Load() {
				t.Errorf("%d winners; %q, %v, want %q", winners.Load(), got, err, first.Load())
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
				t.Errorf("left behind: %v, %v", left, err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info, err)
			}
		})
	}
}

// TestFileFolders: missing folders are made; what cannot be written is an error
// that leaves nothing.
func TestFileFolders(t *testing.T) {
	dir := t.TempDir()
	if err := File(filepath.Join(dir, "a", "b"), []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := File(filepath.Join(dir, "a", "b", "c"), []byte("x")); err == nil || errors.Is(err, fs.ErrExist) {
		t.Errorf("below a file: %v", err)
	}
	if err := File(filepath.Join(dir, "a"), []byte("x")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("in place of a folder: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
