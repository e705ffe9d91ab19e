// Package input opens what a command line names as a pipeline: a file, a
// folder that holds one, or standard input.
package input

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// FileName is the pipeline's file in a folder.
const FileName = "pipeline.yaml"

// maxRead is well beyond what the readers accept, so that they see, and say, how
// big a file is.
const maxRead = 64 << 20

// An Input is one pipeline, read.
type Input struct {
	File   *source.File
	Folder string // of the file; the working directory for standard input
}

// Open reads the pipeline that arg names; its errors are wrong usage.
func Open(in io.Reader, arg string) (*Input, error) {
	if arg == "-" {
		text, err := io.ReadAll(io.LimitReader(in, maxRead))
		if err != nil {
			return nil, app.Failf("cannot read standard input: %v", err)
		}
		return &Input{source.NewFile("-", text), "."}, nil
	}
	name, err := find(arg)
	if err != nil {
		return nil, err
	}
	text, err := read(name)
	if err != nil {
		return nil, err
	}
	return &Input{source.NewFile(name, text), filepath.Dir(name)}, nil
}

// find is the file that a path stands for.
func find(arg string) (string, error) {
	st, err := os.Stat(arg)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", app.WithHint(app.Usagef("%s: no such file or folder", arg), "a pipeline is a file, a folder that holds "+FileName+", or - for standard input")
	case err != nil:
		return "", app.Usagef("%s: %v", arg, reason(err))
	case !st.IsDir():
		return arg, nil
	}
	name := filepath.Join(arg, FileName)
	if st, err := os.Stat(name); err == nil && !st.IsDir() {
		return name, nil
	}
	return "", app.WithHint(app.Usagef("%s: the folder holds no %s", arg, FileName), noPipelineHint(arg))
}

func noPipelineHint(folder string) string {
	entries, _ := os.ReadDir(folder)
	var found []string
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".yaml", ".yml", ".json", ".py":
			found = append(found, e.Name())
		}
	}
	switch {
	case len(found) == 0:
		return "`kfp-go init` writes one to start from"
	case len(found) <= 5:
		return "name the file: it holds " + strings.Join(found, ", ")
	}
	return fmt.Sprintf("name the file: it holds %s and %d more", strings.Join(found[:5], ", "), len(found)-5)
}

func read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, app.Usagef("%s: %v", name, reason(err))
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxRead))
	if err != nil {
		return nil, app.Usagef("%s: %v", name, reason(err))
	}
	return text, nil
}

// reason is an error without the path that the message names already.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
