package faulttest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// mount gives the place a small file system of its own, where that can be done.
func (p *place) mount(dir, options string) {
	p.t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		p.t.Skip("a file system of its own needs root on Linux")
	}
	p.must(os.MkdirAll(dir, 0o777))
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", dir).CombinedOutput(); err != nil {
		p.t.Skipf("mount: %s", out)
	}
	p.t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
}

// fill leaves so many pages of a small file system free.
func (p *place) fill(dir string, free int) (filler string) {
	p.t.Helper()
	filler = filepath.Join(dir, "filler")
	f, err := os.Create(filler)
	p.must(err)
	defer f.Close()
	page := make([]byte, os.Getpagesize())
	var size int64
	for {
		n, err := f.Write(page)
		size += int64(n)
		if err != nil {
			break
		}
	}
	p.must(f.Truncate(max(0, size-int64(free*len(page)))))
	return filler
}

// listing is what `runs list` knows.
func (p *place) listing() []listed {
	p.t.Helper()
	r := p.run([]string{"runs", "list", "-o", "json"})
	var list struct{ Runs []listed }
	if err := json.Unmarshal([]byte(r.out), &list); err != nil || r.code != 0 {
		p.t.Fatalf("runs list: %v, %v", err, r)
	}
	return list.Runs
}

// TestFull: the disk of the store is full, of bytes or of files, wherever that
// shows first. Nothing is truncated, who insists on the record is told, others'
// is kept aside and gets there once there is room.
func TestFull(t *testing.T) {
	c := newCluster(t)
	type disk struct {
		options string
		free    int // pages; -1: the disk is not filled
	}
	var disks []disk
	sizes := []string{"64k"}
	if nightly() {
		sizes = append(sizes, "1m")
	}
	step := 3
	if nightly() {
		step = 1
	}
	for _, size := range sizes {
		for free := 0; free < 13; free += step {
			disks = append(disks, disk{"size=" + size, free})
		}
	}
	for inodes := 2; inodes < 17; inodes += step {
		disks = append(disks, disk{fmt.Sprint("size=1m,nr_inodes=", inodes), -1})
	}
	for _, d := range disks {
		t.Run(fmt.Sprintf("%s,free=%d", d.options, d.free), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			c.join(p)
			dir := filepath.Join(p.dir, "disk")
			p.mount(dir, d.options)
			p.store = filepath.Join(dir, "meta")
			p.env = append(p.env, "KFPGO_METADATA="+p.store)
			filler := ""
			if d.free >= 0 {
				filler = p.fill(dir, d.free)
			}
			created := 0
			r := p.run([]string{"submit", "pipeline.yaml", "--wait", "--require-metadata"})
			switch {
			case r.code == 3 && strings.Contains(r.err, "no space left"):
			case r.code == 0:
				created++ // the intent fitted; what did not is said
			default:
				t.Errorf("who insists: %v", r)
			}
			whole := r.code == 0 && !strings.Contains(r.err, "warning")
			p.stored(p.open())
			if r := p.run([]string{"submit", "pipeline.yaml", "--wait"}); r.code != 0 || !whole && !strings.Contains(r.err, "kept in") {
				t.Errorf("who does not: %v", r)
			}
			created++
			p.stored(p.open())
			if filler == "" {
				p.must(exec.Command("mount", "-o", "remount,size=1m,nr_inodes=1000", dir).Run())
			} else {
				p.must(os.Remove(filler))
			}
			list := p.listing()
			if n := len(list); n != created && n != created+1 || list[0].State != "succeeded" {
				t.Errorf("%d runs were created, recorded are %+v", created, list)
			}
			p.stored(p.open())
			if r := p.run([]string{"submit", "pipeline.yaml", "--wait"}); r.code != 0 || r.err == "" || strings.Contains(r.err, "warning") {
				t.Errorf("with room again: %v", r)
			}
		})
	}
}

// TestFullLocal: a local run whose record finds no room goes on; where there is
// no room for the run itself, it is not begun, and is once there is.
func TestFullLocal(t *testing.T) {
	p := newPlace(t)
	if r := p.run([]string{"run", "pipeline.yaml"}); r.code != 0 {
		t.Fatal(r)
	}
	hold := filepath.Join(p.dir, "hold")
	inbox := filepath.Join(p.store, "inbox")
	p.must(os.Rename(inbox, hold))
	p.mount(inbox, "size=4k")
	p.fill(inbox, 0)
	if r := p.run([]string{"run", "pipeline.yaml"}); r.code != 0 || !strings.Contains(r.err, "kept in") || !strings.Contains(r.out, "succeeded") {
		t.Errorf("the store is full: %v", r)
	}
	p.must(exec.Command("umount", inbox).Run())
	p.must(os.Remove(inbox))
	p.must(os.Rename(hold, inbox))
	if list := p.listing(); len(list) != 2 || list[0].State != "succeeded" {
		t.Errorf("recorded are %+v", list)
	}
	p.stored(p.open())

	p = newPlace(t)
	p.mount(p.store, "size=64k")
	work := filepath.Join(p.store, "work") // which the store tolerates beside it
	p.must(os.Mkdir(work, 0o777))
	filler := p.fill(work, 0)
	if r := p.run([]string{"run", "pipeline.yaml"}); r.code != 3 || !strings.Contains(r.err, "no space left") {
		t.Errorf("everything is full: %v", r)
	}
	p.must(os.Remove(filler))
	if r := p.run([]string{"run", "pipeline.yaml"}); r.code != 0 {
		t.Errorf("with room again: %v", r)
	}
	p.stored(p.open())
}

// TestFullAnywhere needs no root: one operation of the store finds no room, each
// in turn. The record is whole in the end, or nothing was begun.
func TestFullAnywhere(t *testing.T) {
	c := newCluster(t)
	p := newPlace(t)
	c.join(p)
	trace := filepath.Join(p.dir, "trace")
	args := []string{"submit", "pipeline.yaml", "--wait", "--require-metadata"}
	if r := p.run(args, "KFPGO_FAIL_TRACE="+trace); r.code != 0 {
		t.Fatal(r)
	}
	for i, h := range p.trace(trace) {
		if !nightly() && i%3 != 0 {
			continue
		}
		switch h.name() {
		case "file.create.before", "file.mkdir.before", "file.write.half", "file.sync.before", "file.link.before":
		default:
			continue
		}
		t.Run(h.point, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			c.join(p)
			r := p.run(args, "KFPGO_FAIL="+h.point+":enospc")
			p.stored(p.open())
			list := p.listing()
			switch {
			case r.code == 3 && strings.Contains(r.err, "not started") && len(list) <= 1:
			case r.code == 0 && len(list) == 1 && list[0].State == "succeeded":
			default:
				t.Errorf("%v\nrecorded are %+v", r, list)
			}
			if r := p.run(args); r.code != 0 {
				t.Errorf("with room again: %v", r)
			}
			p.stored(p.open())
		})
	}
}
