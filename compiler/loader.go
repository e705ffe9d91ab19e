package compiler

import (
	"context"
	"errors"
	"io/fs"

	"github.com/kfp-go/kfp-go/compiler/source"
)

// A Loader opens what a `from:` or `pipeline:` names, relative to the file that
// names it. It gives one of the errors below, wrapped, for a mistake of the
// author's; any other error ends the compilation.
type Loader func(ctx context.Context, from *source.File, ref string) (*source.File, error)

// Mistakes that a Loader finds in a reference.
var (
	ErrNotFound = fs.ErrNotExist
	ErrNoFile   = errors.New("not a regular file")
	ErrOutside  = errors.New("outside the project")
)
