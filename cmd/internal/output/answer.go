package output

import (
	"errors"
	"io"
	"io/fs"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
)

// Answer is File for a file that the user named: a folder that is not there or
// may not be written is wrong usage, a full disk is not.
func Answer(name string, data []byte) error {
	return named(name, File(name, data))
}

// AnswerStream is Stream likewise.
func AnswerStream(name string, fill func(io.Writer) error) error {
	return named(name, Stream(name, fill))
}

func named(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return app.Usagef("cannot write %s: %v", name, err)
	}
	return app.Failf("cannot write %s: %w", name, err)
}
