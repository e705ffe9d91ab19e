// Package claim makes files of which there is to be only one: whoever comes
// first writes it, in whatever process.
package claim

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// File makes a file with that content, which only its owner may read, durably
// and with its folder. It fails with fs.ErrExist, and changes nothing, if the
// file is there already. On file systems without hard links others may see it
// before it is whole.
func File(name string, data []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if err := fill(tmp, data); err != nil {
		return err
	}
	// A link, unlike a rename, never replaces what another process wrote.
	err = os.Link(tmp.Name(), name)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return exclusively(name, data)
}

func fill(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// exclusively is for file systems that have no hard links.
func exclusively(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := fill(f, data); err != nil {
		_ = os.Remove(name)
		return err
	}
	return nil
}
