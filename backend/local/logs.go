package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend"
)

const maxLine = 1 << 20

// Logs yields what tasks wrote, all attempts, standard output and error as they
// came. A line longer than 1 MiB is cut into several.
func (l *Runner) Logs(ctx context.Context, id backend.RunID, opt backend.LogOptions) iter.Seq2[backend.Line, error] {
	return func(yield func(backend.Line, error) bool) {
		t := &tail{local: l, id: id, opt: opt, open: map[string]*reader{}}
		err := t.read(ctx, func(line backend.Line) bool { return yield(line, nil) })
		if err != nil && !errors.Is(err, errBreak) {
			yield(backend.Line{}, err)
		}
	}
}

var errBreak = errors.New("broken off")

// A tail reads the logs of a run as they grow.
type tail struct {
	local *Runner
	id    backend.RunID
	opt   backend.LogOptions
	open  map[string]*reader
}

func (t *tail) read(ctx context.Context, yield func(backend.Line) bool) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		// The state is read before the files: what a finished run wrote is there.
		run, err := t.local.Get(ctx, t.id)
		if err != nil {
			return err
		}
		known := t.opt.Task == ""
		for _, task := range run.Tasks {
			if t.opt.Task != "" && task.Path != t.opt.Task {
				continue
			}
			known = true
			if err := t.task(task, run.State.Final(), yield); err != nil {
				return err
			}
		}
		if run.State.Final() || !t.opt.Follow {
			if !known {
				return fmt.Errorf("run %s has no task %q: %w", t.id, t.opt.Task, backend.ErrNotFound)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// task yields what is new in a task's logs.
func (t *tail) task(task *backend.Task, final bool, yield func(backend.Line) bool) error {
	r := t.open[task.Path]
	if r == nil {
		r = &reader{attempt: 1}
		t.open[task.Path] = r
	}
	if r.done {
		return nil
	}
	dir := taskFolder(filepath.Join(t.local.opt.Dir, string(t.id)), task.Path)
	for ; r.attempt <= task.Attempt; r.attempt++ {
		last := r.attempt == task.Attempt
		name := filepath.Join(dir, strconv.Itoa(r.attempt), logName)
		over := !last || final || task.State.Final()
		if err := r.next(name, over, func(s string) bool {
			return yield(backend.Line{Task: task.Path, Text: s})
		}); err != nil {
			return err
		}
		if last {
			break
		}
		r.offset, r.rest = 0, nil
	}
	r.done = final || task.State.Final()
	return nil
}

// A reader stands in the log of one attempt of one task.
type reader struct {
	attempt int
	offset  int64
	rest    []byte // the beginning of a line whose end is not there yet
	done    bool
}

// next yields the lines that have come since; over says that no more will, so
// that an unfinished line counts.
func (r *reader) next(name string, over bool, yield func(string) bool) error {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Seek(r.offset, io.SeekStart); err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := f.Read(buf)
		r.offset += int64(n)
		r.rest = append(r.rest, buf[:n]...)
		if !r.lines(yield) {
			return errBreak
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if over && len(r.rest) > 0 {
		line := string(r.rest)
		r.rest = nil
		if !yield(strings.TrimSuffix(line, "\r")) {
			return errBreak
		}
	}
	return nil
}

func (r *reader) lines(yield func(string) bool) bool {
	for {
		i := bytes.IndexByte(r.rest, '\n')
		cut := i + 1
		if i < 0 {
			if len(r.rest) < maxLine {
				return true
			}
			i, cut = maxLine, maxLine
		}
		line := string(bytes.TrimSuffix(r.rest[:i], []byte{'\r'}))
		r.rest = r.rest[cut:]
		if !yield(line) {
			return false
		}
	}
}
