package blob

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A folder is all that the driver asks of a file system, below one folder: no
// name leads out of it. Tests put models and failures in its place.
type folder interface {
	Open(name string) (file, error)
	OpenFile(name string, flag int, mode fs.FileMode) (file, error)
	OpenFolder(name string) (folder, error)
	Lstat(name string) (fs.FileInfo, error)
	Stat(name string) (fs.FileInfo, error)
	Mkdir(name string, mode fs.FileMode) error
	Chmod(name string, mode fs.FileMode) error
	// Link gives a file a second name; it fails if that exists.
	Link(old, new string) error
	Rename(old, new string) error
	// RenameNew renames only if the new name is free.
	RenameNew(old, new string) error
	Remove(name string) error
	Close() error
}

// A file is an open file or folder.
type file interface {
	io.Reader
	io.Writer
	io.Seeker
	io.Closer
	Stat() (fs.FileInfo, error)
	Sync() error
	ReadDir(n int) ([]fs.DirEntry, error)
	Readdirnames(n int) ([]string, error)
}

// openDisk opens a folder of this machine.
func openDisk(dir string) (folder, error) {
	r, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return withFailpoints(disk{r}), nil
}

// A disk is a folder of this machine. All access goes through os.Root: no
// symbolic link inside leads outside.
type disk struct{ *os.Root }

func (d disk) Open(name string) (file, error) { return opened(d.Root.Open(name)) }

func (d disk) OpenFile(name string, flag int, mode fs.FileMode) (file, error) {
	return opened(d.Root.OpenFile(name, flag, mode))
}

// opened keeps a nil *os.File from becoming a file.
func opened(f *os.File, err error) (file, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d disk) OpenFolder(name string) (folder, error) {
	r, err := d.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return disk{r}, nil
}

func (d disk) RenameNew(old, new string) error { return renameNew(d.Root, old, new) }

// makeDisk makes a folder of this machine and its parents, durably. shared
// gives the folder its mode whatever the umask is.
func makeDisk(dir string, mode fs.FileMode, shared bool) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		// Who made it may have died before its name was durable. Where the folder
		// above cannot be read, another user has seen to that.
		_ = syncPath(filepath.Dir(dir))
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDisk(parent, mode, false); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if shared {
		if err := os.Chmod(dir, mode); err != nil {
			return err
		}
	}
	return syncPath(parent)
}

func syncPath(dir string) error {
	r, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer r.Close()
	return syncDir(disk{r}, ".")
}
