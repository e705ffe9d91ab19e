//go:build !linux

package blob

import (
	"errors"
	"os"
)

// renameNew would rename only if the new name is free; here nothing can.
func renameNew(*os.Root, string, string) error { return errors.ErrUnsupported }
