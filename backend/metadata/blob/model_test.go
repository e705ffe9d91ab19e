package blob

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// errPower is what every operation gives once the power is gone, or the process
// that asks is dead.
var errPower = errors.New("the power is gone")

// A model is a file system in memory that knows what is durable: the bytes of a
// file as of its last sync, the names in a folder as of the folder's last sync.
// What a power loss leaves is that, and of the rest whatever chance has it.
type model struct {
	mu    sync.Mutex
	top   *inode
	free  int // bytes that can still be written
	names int // files and folders that can still be made
}

// An inode is a file or a folder.
type inode struct {
	folder  bool
	data    []byte // of a file
	synced  []byte
	names   map[string]*inode // of a folder
	durable map[string]*inode
	pending []change // names since the last sync
}

// A change gives a name of a folder another inode, or none.
type change struct {
	name string
	to   *inode
}

const plenty = 1 << 40

func newModel() *model { return &model{top: newFolder(), free: plenty, names: plenty} }

func newFolder() *inode {
	return &inode{folder: true, names: map[string]*inode{}, durable: map[string]*inode{}}
}

func (n *inode) set(name string, to *inode) {
	if to == nil {
		delete(n.names, name)
	} else {
		n.names[name] = to
	}
	n.pending = append(n.pending, change{name, to})
}

// crash is the file system after a power loss: what was synced, and of what
// was not each piece or not, in any order.
func (m *model) crash(chance *rand.Rand) *model {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := newModel()
	survivors := map[*inode]*inode{m.top: after.top}
	for todo := []*inode{m.top}; len(todo) > 0; {
		old := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		kept := old.survivors(chance)
		for _, name := range slices.Sorted(keysOf(kept)) {
			child := kept[name]
			left := survivors[child]
			if left == nil {
				left = child.left(chance)
				survivors[child] = left
				if child.folder {
					todo = append(todo, child)
				}
			}
			survivors[old].names[name], survivors[old].durable[name] = left, left
		}
	}
	return after
}

func keysOf(m map[string]*inode) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// survivors are the names that a folder keeps: one time in four none of the
// unsynced changes, one in four all of them, else each by chance.
func (n *inode) survivors(chance *rand.Rand) map[string]*inode {
	out := map[string]*inode{}
	for name, to := range n.durable {
		out[name] = to
	}
	mode := chance.IntN(4)
	for _, c := range n.pending {
		if mode == 0 || mode > 1 && chance.IntN(2) == 0 {
			continue
		}
		if c.to == nil {
			delete(out, c.name)
		} else {
			out[c.name] = c.to
		}
	}
	return out
}

// left is what the power loss leaves of an inode's content.
func (n *inode) left(chance *rand.Rand) *inode {
	if n.folder {
		return newFolder()
	}
	data := n.synced
	if string(n.data) != string(n.synced) {
		switch chance.IntN(4) {
		case 0: // as of the last sync
		case 1:
			data = n.data
		case 2: // a beginning
			data = n.data[:chance.IntN(len(n.data)+1)]
		case 3: // the length without the bytes
			data = make([]byte, len(n.data))
		}
	}
	return &inode{data: slices.Clone(data), synced: slices.Clone(data)}
}

// A handle is a folder of the model as one process sees it.
type handle struct {
	m  *model
	at *inode
	p  *process
}

// A process dies at its nth operation, 0: never; or one of its operations fails.
type process struct {
	dies, fails int
	with        error // what fails says
	ops         int
	dead        bool
}

// step counts an operation of the process; the model is locked.
func (h handle) step() error {
	h.p.ops++
	if h.p.dead || h.p.ops == h.p.dies {
		h.p.dead = true
		return errPower
	}
	if h.p.ops == h.p.fails {
		return h.p.with
	}
	return nil
}

func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// find walks to an inode; the model is locked.
func (h handle) find(op, name string) (*inode, error) {
	at := h.at
	if name == "." {
		return at, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if !at.folder {
			return nil, pathError(op, name, syscall.ENOTDIR)
		}
		if at = at.names[part]; at == nil {
			return nil, pathError(op, name, syscall.ENOENT)
		}
	}
	return at, nil
}

// do runs an operation on the folder that holds a name.
func (h handle) do(op, name string, with func(dir *inode, base string) error) error {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	if err := h.step(); err != nil {
		return pathError(op, name, err)
	}
	dir, err := h.find(op, path.Dir(name))
	if err != nil {
		return err
	}
	if err := with(dir, path.Base(name)); err != nil {
		return pathError(op, name, err)
	}
	return nil
}

func (h handle) Mkdir(name string, _ fs.FileMode) error {
	return h.do("mkdir", name, func(dir *inode, base string) error {
		if dir.names[base] != nil {
			return syscall.EEXIST
		}
		return h.m.add(dir, base, newFolder())
	})
}

// add gives something new a name, if there is room.
func (m *model) add(dir *inode, base string, n *inode) error {
	if m.names == 0 {
		return syscall.ENOSPC
	}
	m.names--
	dir.set(base, n)
	return nil
}

func (h handle) Remove(name string) error {
	return h.do("remove", name, func(dir *inode, base string) error {
		n := dir.names[base]
		switch {
		case n == nil:
			return syscall.ENOENT
		case n.folder && len(n.names) > 0:
			return syscall.ENOTEMPTY
		}
		h.m.names++
		h.m.free += len(n.data)
		dir.set(base, nil)
		return nil
	})
}

func (h handle) Link(old, new string) error { return h.move("link", old, new, false, false) }

func (h handle) Rename(old, new string) error { return h.move("rename", old, new, true, true) }

func (h handle) RenameNew(old, new string) error { return h.move("rename", old, new, false, true) }

func (h handle) move(op, old, new string, replace, remove bool) error {
	return h.do(op, new, func(dir *inode, base string) error {
		n, err := h.find(op, old)
		if err != nil {
			return err
		}
		if dir.names[base] != nil && !replace {
			return syscall.EEXIST
		}
		dir.set(base, n)
		if remove {
			from, err := h.find(op, path.Dir(old))
			if err != nil {
				return err
			}
			from.set(path.Base(old), nil)
		}
		return nil
	})
}

func (h handle) Chmod(string, fs.FileMode) error { return nil }

func (h handle) Stat(name string) (fs.FileInfo, error) { return h.Lstat(name) }

func (h handle) Lstat(name string) (fs.FileInfo, error) {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	n, err := h.find("stat", name)
	if err != nil {
		return nil, err
	}
	return info{path.Base(name), n}, nil
}

func (h handle) Open(name string) (file, error) {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	if h.p.dead {
		return nil, pathError("open", name, errPower)
	}
	n, err := h.find("open", name)
	if err != nil {
		return nil, err
	}
	return &modelFile{h: h, n: n, name: name}, nil
}

func (h handle) OpenFile(name string, _ int, _ fs.FileMode) (file, error) {
	n := &inode{}
	err := h.do("create", name, func(dir *inode, base string) error {
		if dir.names[base] != nil {
			return syscall.EEXIST
		}
		return h.m.add(dir, base, n)
	})
	if err != nil {
		return nil, err
	}
	return &modelFile{h: h, n: n, name: name}, nil
}

func (h handle) OpenFolder(name string) (folder, error) {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	n, err := h.find("open", name)
	if err != nil {
		return nil, err
	}
	return handle{h.m, n, h.p}, nil
}

func (h handle) Close() error { return nil }

// A modelFile is an open file or folder of the model.
type modelFile struct {
	h    handle
	n    *inode
	name string
	at   int
	// given says that the folder's entries were given.
	given bool
}

func (f *modelFile) Read(p []byte) (int, error) {
	f.h.m.mu.Lock()
	defer f.h.m.mu.Unlock()
	if f.n.folder {
		return 0, pathError("read", f.name, syscall.EISDIR)
	}
	if f.at >= len(f.n.data) {
		return 0, io.EOF
	}
	n := copy(p, f.n.data[f.at:])
	f.at += n
	return n, nil
}

// Write stores as much as there is room for.
func (f *modelFile) Write(p []byte) (int, error) {
	f.h.m.mu.Lock()
	defer f.h.m.mu.Unlock()
	if err := f.h.step(); err != nil {
		return 0, pathError("write", f.name, err)
	}
	n := min(len(p), f.h.m.free)
	f.n.data = append(f.n.data, p[:n]...)
	f.h.m.free -= n
	if n < len(p) {
		return n, pathError("write", f.name, syscall.ENOSPC)
	}
	return n, nil
}

func (f *modelFile) Seek(offset int64, _ int) (int64, error) {
	f.at = int(offset)
	return offset, nil
}

func (f *modelFile) Close() error { return nil }

func (f *modelFile) Stat() (fs.FileInfo, error) { return info{path.Base(f.name), f.n}, nil }

func (f *modelFile) Sync() error {
	f.h.m.mu.Lock()
	defer f.h.m.mu.Unlock()
	if err := f.h.step(); err != nil {
		return pathError("sync", f.name, err)
	}
	if !f.n.folder {
		f.n.synced = slices.Clone(f.n.data)
		return nil
	}
	clear(f.n.durable)
	for name, to := range f.n.names {
		f.n.durable[name] = to
	}
	f.n.pending = nil
	return nil
}

// ReadDir gives everything at once.
func (f *modelFile) ReadDir(n int) ([]fs.DirEntry, error) {
	f.h.m.mu.Lock()
	defer f.h.m.mu.Unlock()
	if f.given && n > 0 {
		return nil, io.EOF
	}
	f.given = true
	var out []fs.DirEntry
	for name, n := range f.n.names {
		out = append(out, fs.FileInfoToDirEntry(info{name, n}))
	}
	return out, nil
}

// Readdirnames gives everything at once too.
func (f *modelFile) Readdirnames(n int) ([]string, error) {
	f.h.m.mu.Lock()
	defer f.h.m.mu.Unlock()
	if !f.n.folder {
		return nil, pathError("readdir", f.name, syscall.ENOTDIR)
	}
	if f.given && n > 0 {
		return nil, io.EOF
	}
	f.given = true
	return slices.Collect(keysOf(f.n.names)), nil
}

type info struct {
	name string
	n    *inode
}

func (i info) Name() string { return i.name }
func (i info) Size() int64  { return int64(len(i.n.data)) }
func (i info) Mode() fs.FileMode {
	if i.n.folder {
		return fs.ModeDir | 0o700
	}
	return 0o600
}
func (i info) ModTime() time.Time { return time.Now() }
func (i info) IsDir() bool        { return i.n.folder }
func (i info) Sys() any           { return nil }

// store is the store in the folder "store" of the model, as a process sees it.
func (m *model) store(p *process) *Store { return m.storeAt("store", p) }

func (m *model) storeAt(dir string, p *process) *Store {
	b := &bucket{dir: "/" + dir, dirMode: 0o700, fileMode: 0o600}
	h := handle{m, m.top, p}
	b.make = func() error { return new(bucket).mkdir(h, dir) }
	b.open = func() (folder, error) { return h.OpenFolder(dir) }
	return newFiles(b, dir)
}

var _ os.FileInfo = info{}
