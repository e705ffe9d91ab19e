// Package output writes answers: whole files or nothing, and JSON in one form.
package output

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// File puts data in place of the named file in one step: a reader sees the old
// content or the new, whatever happens on the way. A new file gets the usual
// rights, an old one keeps its own; a symbolic link stays one.
func File(name string, data []byte) error {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	st, err := os.Stat(name)
	if err == nil && !st.Mode().IsRegular() { // a device or a pipe is written to
		return stream(name, data)
	}
	tmp, err := create(name)
	if err != nil {
		return err
	}
	err = fill(tmp, data, st)
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// create makes a new file beside the named one, with the rights that new files
// have here, which os.CreateTemp would not give.
func create(name string) (*os.File, error) {
	for range 100 {
		tmp := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+"."+strconv.FormatUint(rand.Uint64(), 36))
		f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, fs.ErrExist
}

func fill(tmp *os.File, data []byte, old os.FileInfo) error {
	_, err := tmp.Write(data)
	if err == nil && old != nil {
		err = tmp.Chmod(old.Mode().Perm())
	}
	if err == nil {
		err = tmp.Sync()
	}
	return errors.Join(err, tmp.Close())
}

func stream(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// JSON prints a value as people and programs like it.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
