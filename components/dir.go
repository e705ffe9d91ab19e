// Package components finds what a pipeline's `from:` and `pipeline:` name: the
// component and pipeline files of the project, and nothing beside it.
package components

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// mostBytes bounds what is read; the limit that the author hears of is tree's.
const mostBytes = 40 << 20

// Dir is a compiler.Loader for files of one project: nothing outside root is ever read,
// whatever `..` and symbolic links say. Names of files are taken as relative to
// the working directory, or absolute; the names of what it opens read like the
// names of the files that refer to them. The root is opened at each call.
func Dir(root string) compiler.Loader {
	return func(ctx context.Context, from *source.File, ref string) (*source.File, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		shown := filepath.Join(baseDir(from), filepath.FromSlash(ref))
		if filepath.IsAbs(ref) {
			shown = filepath.Clean(ref)
		}
		inside, err := relative(root, shown)
		if err != nil {
			return nil, err
		}
		text, err := readInside(root, inside)
		if err != nil {
			return nil, err
		}
		return source.NewFile(filepath.ToSlash(shown), text), nil
	}
}

// baseDir is the folder that references in a file are relative to.
func baseDir(from *source.File) string {
	if from == nil || from.Name() == "-" {
		return "."
	}
	return filepath.Dir(filepath.FromSlash(from.Name()))
}

func relative(root, name string) (string, error) {
	r, err := real(root)
	if err != nil {
		return "", err
	}
	n, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	// The folder may be reached through links; what lies below it may not lead
	// out of the root, which os.Root sees to.
	if dir, err := real(filepath.Dir(n)); err == nil {
		n = filepath.Join(dir, filepath.Base(n))
	}
	rel, err := filepath.Rel(r, n)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", fmt.Errorf("%s: %w", name, compiler.ErrOutside)
	}
	return rel, nil
}

func real(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

func readInside(root, name string) ([]byte, error) {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	info, err := dir.Stat(name)
	if err != nil {
		return nil, outsideOr(dir, name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", name, compiler.ErrNoFile)
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, mostBytes))
}

// outsideOr tells a link that leads out of the root, which os.Root refuses
// without a class of its own, from a file that is not there.
func outsideOr(dir *os.Root, name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return err
	}
	if _, lerr := dir.Lstat(name); lerr == nil || strings.Contains(err.Error(), "escapes") {
		return fmt.Errorf("%s: %w", name, compiler.ErrOutside)
	}
	return err
}
