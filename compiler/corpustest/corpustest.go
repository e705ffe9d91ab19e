// Package corpustest finds pipelines that others compiled with KFP's SDK. They
// are test data beside the project, not part of it; tests do without where they
// are absent.
package corpustest

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A File is a pipeline of the corpus.
type File struct {
	Name string // below the corpus, with slashes
	Path string
}

// Text is what the file holds.
func (f File) Text(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Files gives all pipelines in order of their names. Where there are none the
// test is skipped.
func Files(t testing.TB) []File {
	t.Helper()
	files := Find(t)
	if len(files) == 0 {
		t.Skip("the corpus is not here")
	}
	return files
}

// Find is Files for tests that have something to do without the corpus.
func Find(t testing.TB) []File {
	t.Helper()
	root := filepath.Join(projectRoot(t), "..", "shared", "corpus", "kfp")
	if _, err := os.Stat(root); err != nil {
		return nil
	}
	var files []File
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || d.IsDir() || ext != ".yaml" && ext != ".json" {
			return err
		}
		name, err := filepath.Rel(root, path)
		files = append(files, File{filepath.ToSlash(name), path})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// projectRoot is the folder of go.mod, above the one in which tests run.
func projectRoot(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("there is no go.mod above this folder")
		}
		dir = parent
	}
}
