// Package output writes answers: whole files or nothing, and JSON in one form.
package output

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
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
	return Stream(name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Stream is File for what is too large to hold: fill writes it. After an error
// nothing has changed, but for a device or a pipe.
func Stream(name string, fill func(io.Writer) error) error {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	st, err := os.Stat(name)
	if err == nil && !st.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(fill(f), f.Close())
	}
	tmp, err := create(name)
	if err != nil {
		return err
	}
	err = settle(tmp, fill, st)
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// settle fills the file and makes it durable.
func settle(tmp *os.File, fill func(io.Writer) error, old os.FileInfo) error {
	out := bufio.NewWriterSize(tmp, 1<<20)
	err := fill(out)
	if err == nil {
		err = out.Flush()
	}
	if err == nil && old != nil {
		err = tmp.Chmod(old.Mode().Perm())
	}
	if err == nil {
		err = tmp.Sync()
	}
	return errors.Join(err, tmp.Close())
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

// JSON prints a value as people and programs like it.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Count is a number with its noun.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
