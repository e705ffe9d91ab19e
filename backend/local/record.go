package local

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/claim"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

const (
	recordFile    = "run.json"
	lockName      = "lock"
	recordVersion = 1
	maxRecord     = 1 << 30
	saveEvery     = 300 * time.Millisecond
)

// A record is what run.json holds.
type record struct {
	Version int          `json:"version"`
	Run     *backend.Run `json:"run"`
}

// checkID accepts ids that are safe as the name of a folder.
func checkID(id backend.RunID) error {
	ok := id != "" && len(id) <= 100 && id[0] != '-' && id != lockName && id != keysFolder
	for _, c := range []byte(id) {
		ok = ok && (c == '-' || c == '_' || digit(c) || 'a' <= c|0x20 && c|0x20 <= 'z')
	}
	if !ok {
		return fmt.Errorf("%w: run id %q", backend.ErrInvalid, string(id))
	}
	return nil
}

// saver writes run.json after changes, at most a few times a second, until stop
// is closed.
func (r *run) saver(stop <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-stop:
			return
		case <-pause.C:
		}
		select {
		case <-stop:
			return
		case <-r.dirty:
			if err := r.write(); err != nil {
				r.note("the state of the run cannot be written: " + err.Error())
			}
		}
		pause.Reset(saveEvery)
	}
}

func (r *run) write() error { return r.put(r.snapshot()) }

// saveFinal is called with the lock held.
func (r *run) saveFinal() {
	if err := r.put(r.view()); err != nil {
		go r.note("the state of the run cannot be written: " + err.Error())
	}
}

// put writes what others may know of the run.
func (r *run) put(run *backend.Run) error {
	if censor := r.opt.Censor; censor != nil {
		run = censor(run)
	}
	return writeRecord(r.dir, run)
}

func writeRecord(dir string, run *backend.Run) error {
	b, err := json.Marshal(record{recordVersion, run})
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, recordFile), b)
}

// writeFile puts a file in place whole or not at all.
func writeFile(name string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".tmp-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// recorded reads a run that is not of this process.
func (l *Runner) recorded(id backend.RunID) (*backend.Run, error) {
	if err := checkID(id); err != nil {
		return nil, fmt.Errorf("run %q: %w", string(id), backend.ErrNotFound)
	}
	dir := filepath.Join(l.opt.Dir, string(id))
	run, err := readRecord(dir)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", id, err)
	}
	if !run.State.Final() && !held(dir) {
		// It may have ended between the two looks.
		if again, err := readRecord(dir); err == nil && again.State.Final() {
			return again, nil
		}
		lose(run)
	}
	return run, nil
}

// lose marks a run whose process died.
func lose(run *backend.Run) {
	run.State, run.Message = backend.Lost, "the process that executed the run ended without finishing it"
	for _, t := range run.Tasks {
		if !t.State.Final() {
			t.State, t.Message = backend.Stopped, "the process that executed the run ended"
		}
	}
}

func readRecord(dir string) (*backend.Run, error) {
	f, err := os.Open(filepath.Join(dir, recordFile))
	if err != nil {
		return nil, fileError(err)
	}
	defer f.Close()
	d := json.NewDecoder(io.LimitReader(f, maxRecord))
	d.UseNumber()
	var rec record
	if err := d.Decode(&rec); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", recordFile, err)
	}
	if rec.Version != recordVersion || rec.Run == nil {
		return nil, fmt.Errorf("%s has version %d, this program reads %d", recordFile, rec.Version, recordVersion)
	}
	restore(rec.Run)
	return rec.Run, nil
}

// restore turns the numbers of a decoded run into those of the representation.
func restore(run *backend.Run) {
	for k, v := range run.Parameters {
		run.Parameters[k] = number(v)
	}
	restoreOutputs(run.Outputs)
	for _, t := range run.Tasks {
		restoreOutputs(t.Inputs)
		restoreOutputs(t.Outputs)
	}
}

func restoreOutputs(m map[string]backend.Output) {
	for k, o := range m {
		o.Value = number(o.Value)
		for _, a := range append(o.List, o.Artifact) {
			if a != nil && a.Metadata != nil {
				a.Metadata = number(a.Metadata).(map[string]any)
			}
		}
		m[k] = o
	}
}

// number replaces json.Numbers by int64 and float64, in place.
func number(v any) any {
	switch v := v.(type) {
	case json.Number:
		x, _ := ir.ParseJSON(v.String())
		return x
	case []any:
		for i := range v {
			v[i] = number(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = number(v[k])
		}
	}
	return v
}

const keysFolder = "keys"

func (l *Runner) keyFile(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(l.opt.Dir, keysFolder, hex.EncodeToString(sum[:16]))
}

// claimKey binds an idempotency key to a run, in this and in later processes;
// taken says that it had been bound before, to the id given back.
func (l *Runner) claimKey(key string, id backend.RunID) (first backend.RunID, taken bool, err error) {
	name := l.keyFile(key)
	err = claim.File(name, []byte(id))
	if err == nil {
		return id, false, nil
	}
	if !errors.Is(err, os.ErrExist) {
		return "", false, fileError(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return "", false, fileError(err)
	}
	if len(b) == 0 {
		return "", false, fmt.Errorf("%s: another process is writing it, or died when it did: remove it if none is at work", name)
	}
	return backend.RunID(strings.TrimSpace(string(b))), true, nil
}
