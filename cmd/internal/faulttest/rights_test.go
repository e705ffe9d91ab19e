package faulttest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const nobody = 65534

// as runs the program as another user where root can, else as this one.
func (p *place) as(args ...string) result {
	p.t.Helper()
	cmd := p.command(args)
	if os.Geteuid() == 0 {
		home := filepath.Join(p.dir, "nobody")
		if err := os.Mkdir(home, 0o700); err == nil {
			p.must(os.Chown(home, nobody, nobody))
		}
		cmd.Env = append(cmd.Env, "HOME="+home, "XDG_STATE_HOME="+filepath.Join(home, "state"), "TMPDIR="+home)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return p.wait(cmd)
}

// modes gives everything below a folder a mode, the folders another one.
func (p *place) modes(dir string, folder, file fs.FileMode) {
	p.t.Helper()
	p.must(filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(name, folder)
		}
		return os.Chmod(name, file)
	}))
}

// TestRights: what may not be read is an error and never a shorter list; what
// may not be written is an error before anything exists.
func TestRights(t *testing.T) {
	for name, tt := range map[string]struct {
		arrange func(p *place) error
		list    int // exit code of `runs list`
	}{
		"read only": {func(p *place) error { return nil }, 0},
		"folder of events unreadable": {func(p *place) error {
			return os.Chmod(filepath.Join(p.store, "inbox"), 0)
		}, 3},
		"folder of the format unreadable": {func(p *place) error {
			return os.Chmod(filepath.Join(p.store, "format"), 0)
		}, 3},
		"folder of the index unreadable": {func(p *place) error {
			return os.Mkdir(filepath.Join(p.store, "index"), 0)
		}, 3},
		"folder of documents unreadable": {func(p *place) error {
			return os.Chmod(filepath.Join(p.store, "blobs"), 0)
		}, 0},
		"an event of another user": {func(p *place) error {
			names, err := filepath.Glob(filepath.Join(p.store, "inbox", "*"))
			if err != nil {
				return err
			}
			return os.Chmod(names[0], 0)
		}, 3},
		"all of another user": {func(p *place) error { return os.Chmod(p.store, 0) }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, c := newPlace(t), newCluster(t)
			c.join(p)
			for range 2 {
				if r := p.run([]string{"submit", "pipeline.yaml", "--wait"}); r.code != 0 {
					t.Fatal(r)
				}
			}
			p.modes(p.store, 0o555, 0o444)
			p.must(tt.arrange(p))
			before := c.count()
			list := p.as("runs", "list")
			switch {
			case list.code != tt.list:
				t.Errorf("runs list: %v", list)
			case list.code == 0 && strings.Count(list.out, "succeeded") != 2:
				t.Errorf("a shorter list: %v", list)
			case list.code == 3 && !strings.Contains(list.err, "permission denied"):
				t.Errorf("runs list: %v", list)
			}
			for _, args := range [][]string{{"submit", "pipeline.yaml"}, {"submit", "pipeline.yaml", "--require-metadata"}} {
				if r := p.as(args...); r.code != 3 || !strings.Contains(r.err, "permission denied") || !strings.Contains(r.err, p.store) {
					t.Errorf("%s: %v", args, r)
				}
			}
			if c.count() != before && !t.Failed() {
				t.Error("a Workflow was created without a record")
			}
			p.must(os.Chmod(p.store, 0o755)) // so that it can be removed
			p.modes(p.store, 0o755, 0o644)
		})
	}
}

// TestUmask: others can never read, whatever the umask; the owner always can.
func TestUmask(t *testing.T) {
	c := newCluster(t)
	for _, umask := range []string{"077", "000"} {
		p := newPlace(t)
		c.join(p)
		cmd := exec.Command("/bin/sh", "-c", `umask `+umask+`; exec "$0" "$@"`, binary, "submit", "pipeline.yaml", "--wait")
		cmd.Dir, cmd.Env = p.dir, p.env
		if r := p.wait(cmd); r.code != 0 {
			t.Fatal(r)
		}
		p.must(filepath.WalkDir(p.store, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("umask %s: %s has mode %o", umask, name, info.Mode().Perm())
			}
			return err
		}))
		p.stored(p.open())
	}
}

// TestRemoved: the store's folder goes away while a command is at work.
func TestRemoved(t *testing.T) {
	c := newCluster(t)
	p := newPlace(t)
	c.join(p)
	if r := p.run([]string{"submit", "pipeline.yaml", "--wait"}); r.code != 0 {
		t.Fatal(r)
	}
	kept := filepath.Join(p.dir, "kept")
	known := false // the command has read what the store is
	list := []string{"runs", "list", "-o", "json"}
	for _, h := range p.hits(list) {
		known = known || h.name() == "file.read.before"
		if !nightly() && !strings.HasPrefix(h.name(), "store.") {
			continue
		}
		r, passed := p.meanwhile(list, h.point, func(int) {
			p.must(os.CopyFS(kept, os.DirFS(p.store)))
			p.must(os.RemoveAll(p.store))
		})
		if !passed {
			t.Errorf("%s was not passed", h.point)
			continue
		}
		whole := strings.Contains(r.out, "succeeded")
		if known && r.code != 3 && !whole || r.code == 3 && r.err == "" {
			t.Errorf("removed at %s %s: %v", h.point, h.about, r)
		}
		p.must(os.RemoveAll(p.store))
		p.must(os.Rename(kept, p.store))
	}

	for _, point := range []string{"record.append.before.2", "record.append.before.3", "record.append.after.1"} {
		p := newPlace(t)
		c.join(p)
		r, passed := p.meanwhile([]string{"submit", "pipeline.yaml", "--wait"}, point, func(int) { p.must(os.RemoveAll(p.store)) })
		if !passed || r.code != 0 || !strings.Contains(r.err, "kept in") {
			t.Errorf("removed at %s: %v", point, r)
		}
		// What was removed is lost; what came after is not.
		if list := p.listing(); len(list) != 1 || list[0].State != "succeeded" {
			t.Errorf("removed at %s: recorded are %+v", point, list)
		}
	}
}
