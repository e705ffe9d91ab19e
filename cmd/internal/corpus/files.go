// Package corpus measures what the compiler makes of a folder of pipelines
// that the KFP SDK compiled: whether each file gives a manifest that Argo
// accepts, how many pods that makes, and how many bytes.
package corpus

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
)

// A File is one pipeline of a corpus.
type File struct {
	Name string // below the corpus, with slashes
	Path string
}

// Files are the pipelines below a folder, by name: YAML and JSON files that
// hold a KFP pipeline.
func Files(root string) ([]File, error) {
	var out []File
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch filepath.Ext(path) {
		case ".yaml", ".yml", ".json":
		default:
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(text, []byte("pipelineInfo")) {
			return err
		}
		rel, err := filepath.Rel(root, path)
		out = append(out, File{Name: filepath.ToSlash(rel), Path: path})
		return err
	})
	return out, err
}
