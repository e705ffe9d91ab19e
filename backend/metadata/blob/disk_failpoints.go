//go:build failpoints

package blob

import (
	"io/fs"

	"github.com/kfp-go/kfp-go/backend/failpoint"
)

// withFailpoints has a failpoint before and after each operation: file.OP.before
// and file.OP.after.
func withFailpoints(f folder) folder { return failing{f} }

type failing struct{ folder }

// around runs an operation between its two failpoints.
func around[T any](op, about string, do func() (T, error)) (T, error) {
	var none T
	if err := failpoint.Hit("file."+op+".before", about); err != nil {
		return none, err
	}
	v, err := do()
	if err != nil {
		return none, err
	}
	if err := failpoint.Hit("file."+op+".after", about); err != nil {
		return none, err
	}
	return v, nil
}

func aroundErr(op, about string, do func() error) error {
	_, err := around(op, about, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

func (f failing) Open(name string) (file, error) {
	return around("open", name, func() (file, error) { return wrapFile(name)(f.folder.Open(name)) })
}

func (f failing) OpenFile(name string, flag int, mode fs.FileMode) (file, error) {
	return around("create", name, func() (file, error) { return wrapFile(name)(f.folder.OpenFile(name, flag, mode)) })
}

func (f failing) OpenFolder(name string) (folder, error) {
	return around("open", name, func() (folder, error) {
		sub, err := f.folder.OpenFolder(name)
		if err != nil {
			return nil, err
		}
		return failing{sub}, nil
	})
}

func (f failing) Mkdir(name string, mode fs.FileMode) error {
	return aroundErr("mkdir", name, func() error { return f.folder.Mkdir(name, mode) })
}

func (f failing) Chmod(name string, mode fs.FileMode) error {
	return aroundErr("chmod", name, func() error { return f.folder.Chmod(name, mode) })
}

func (f failing) Link(old, new string) error {
	return aroundErr("link", new, func() error { return f.folder.Link(old, new) })
}

func (f failing) Rename(old, new string) error {
	return aroundErr("rename", new, func() error { return f.folder.Rename(old, new) })
}

func (f failing) RenameNew(old, new string) error {
	return aroundErr("rename", new, func() error { return f.folder.RenameNew(old, new) })
}

func (f failing) Remove(name string) error {
	return aroundErr("remove", name, func() error { return f.folder.Remove(name) })
}

type failingFile struct {
	file
	name string
}

func wrapFile(name string) func(file, error) (file, error) {
	return func(f file, err error) (file, error) {
		if err != nil {
			return nil, err
		}
		return failingFile{f, name}, nil
	}
}

func (f failingFile) Read(p []byte) (int, error) {
	if err := failpoint.Hit("file.read.before", f.name); err != nil {
		return 0, err
	}
	return f.file.Read(p)
}

// Write fails after half of the bytes, as a full disk does.
func (f failingFile) Write(p []byte) (int, error) {
	if err := failpoint.Hit("file.write.before", f.name); err != nil {
		return 0, err
	}
	half, err := f.file.Write(p[:len(p)/2])
	if err != nil {
		return half, err
	}
	if err := failpoint.Hit("file.write.half", f.name); err != nil {
		return half, err
	}
	n, err := f.file.Write(p[half:])
	if err != nil {
		return half + n, err
	}
	return half + n, failpoint.Hit("file.write.after", f.name)
}

func (f failingFile) Sync() error {
	return aroundErr("sync", f.name, f.file.Sync)
}

func (f failingFile) Close() error {
	return aroundErr("close", f.name, f.file.Close)
}

func (f failingFile) ReadDir(n int) ([]fs.DirEntry, error) {
	return around("list", f.name, func() ([]fs.DirEntry, error) { return f.file.ReadDir(n) })
}

func (f failingFile) Readdirnames(n int) ([]string, error) {
	return around("list", f.name, func() ([]string, error) { return f.file.Readdirnames(n) })
}
