package output

import (
	"errors"
	"io/fs"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
)

// Answer is File for a file that the user named: a folder that is not there or
// may not be written is wrong usage, a full disk is not.
func Answer(name string, data []byte) error {
	err := File(name, data)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return app.Usagef("cannot write %s: %v", name, err)
	}
	return app.Failf("cannot write %s: %v", name, err)
}
