// Package python compiles pipelines that are Python files, with the KFP SDK of
// the user's own Python. The file is the user's program and may do anything;
// what it does to kfp-go is bounded: it runs in a process group that ends with
// the call, its output is cut and never taken for an answer, its time is
// limited, and nothing stays behind. What is wrong with it becomes findings at
// its lines, and so do, as far as the SDK lets them be traced, findings in what
// it compiled.
package python

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend/local/group"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// Options say what to compile, and with what.
type Options struct {
	File     *source.File // the Python file, read
	Function string       // "": the file's only pipeline
	Python   string       // the program, "": to be found
	Timeout  time.Duration
	Root     string // the project's root

	Environ   []string
	LookupEnv func(string) (string, bool)
}

// Compiled is what became of a Python file.
type Compiled struct {
	File    *source.File // KFP's format; its name says that it was compiled
	Digest  string       // of the Python file
	SDK     string       // version of the SDK
	Version string       // of Python
	Output  []string     // lines that the file printed, as they came, the first of them
	places  *places
}

// Is reports whether a file is a Python file, by its name.
func Is(name string) bool { return strings.EqualFold(filepath.Ext(name), ".py") }

const (
	maxCompiled = 64 << 20 // bytes of the compiled pipeline; the readers accept less
	maxAnswer   = 64 << 20
	maxOutput   = 16 << 10
	grace       = 5 * time.Second // beyond its time, for the driver to say where it was
)

//go:embed driver.py
var driver string

// Compile compiles a Python file. What is wrong with the file is among the
// findings, and then there is no Compiled. The error is for a Python or an SDK
// that is missing or broken, and for a cancelled context. Output is what the
// file printed, in either case.
func Compile(ctx context.Context, opt Options) (c *Compiled, findings []diag.Diagnostic, output []string, err error) {
	program, err := find(opt)
	if err != nil {
		return nil, nil, nil, err
	}
	dir, err := os.MkdirTemp("", "kfp-go-python-")
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	p := &process{opt: opt, program: program, dir: dir}
	end, err := p.run(ctx)
	if err != nil {
		return nil, nil, p.output.lines(), err
	}
	a, err := p.answer()
	if err != nil {
		return nil, nil, p.output.lines(), err
	}
	w := &wording{opt: opt, program: program, answer: a, end: end, late: p.late, begun: p.begun(), files: newFiles(opt.File)}
	if a == nil || a.Error != nil {
		output := p.output.lines()
		d, err := w.failure(output)
		if _, debug := opt.LookupEnv("KFPGO_DEBUG"); debug && a != nil {
			output = append(output, strings.Split(a.Error.Traceback, "\n")...)
		}
		return nil, d, output, err
	}
	text, err := readRegular(p.compiled(), maxCompiled)
	if err != nil {
		return nil, nil, p.output.lines(), app.Failf("%s: KFP's SDK %s made no pipeline that can be read: %v", opt.File.Name(), a.SDK, err)
	}
	sum := sha256.Sum256(opt.File.Text())
	c = &Compiled{
		File: source.NewFile(opt.File.Name()+" (compiled)", text), Digest: "sha256:" + hex.EncodeToString(sum[:]),
		SDK: a.SDK, Version: a.Python,
	}
	c.places = newPlaces(c.File, a, w.files)
	return c, nil, p.output.lines(), nil
}

// A process is Python at work on a file.
type process struct {
	opt     Options
	program string
	dir     string
	output  output
	late    bool // it had to be ended for its time, and did not say where it was
}

func (p *process) compiled() string { return filepath.Join(p.dir, "pipeline.yaml") }
func (p *process) told() string     { return filepath.Join(p.dir, "answer.json") }

// begun reports whether Python came as far as the driver.
func (p *process) begun() bool {
	_, err := os.Lstat(p.told() + ".begun")
	return err == nil
}

// run runs Python to its end, and gives how it ended: nil when it did well.
func (p *process) run(ctx context.Context) (end error, err error) {
	file, err := filepath.Abs(p.opt.File.Name())
	if err != nil {
		return nil, err
	}
	request, err := json.Marshal(map[string]any{
		"file": file, "function": p.opt.Function, "out": p.compiled(), "answer": p.told(), "seconds": p.opt.Timeout.Seconds(),
	})
	if err != nil {
		return nil, err
	}
	mark := "KFPGO_PYTHON_CALL=" + rand.Text()
	limited, cancel := context.WithTimeout(ctx, p.opt.Timeout+grace)
	defer cancel()
	cmd := exec.CommandContext(limited, p.program, "-c", driver, string(request))
	cmd.Env = environ(p.opt.Environ, mark)
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	group.Own(cmd)
	cmd.Cancel = func() error { group.Kill(cmd.Process.Pid); return nil }
	cmd.WaitDelay = grace
	if err := cmd.Start(); err != nil {
		return nil, app.Failf("%s cannot be run: %v", p.program, err)
	}
	end = cmd.Wait()
	group.Kill(cmd.Process.Pid)
	group.Sweep(mark)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	p.late = limited.Err() != nil
	if errors.Is(end, exec.ErrWaitDelay) { // something the file started held on to the output
		end = nil
	}
	return end, nil
}

// settled are the variables by which Python's result depends on nothing but the
// file. In some SDKs the names of components follow from the order in which
// sets, and protobuf's maps in C, are gone through: that changes from one call to
// the next, but for a fixed seed and the maps of protobuf's own Python.
var settled = []string{
	"PYTHONHASHSEED=0", "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python", "PYTHONUTF8=1",
	"PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1",
}

// environ is the user's environment, settled.
func environ(env []string, mark string) []string {
	fixed := map[string]bool{"PYTHONSAFEPATH": true, "PYTHONSTARTUP": true, "_KFP_RUNTIME": true}
	for _, kv := range settled {
		name, _, _ := strings.Cut(kv, "=")
		fixed[name] = true
	}
	var out []string
	for _, kv := range env {
		if name, _, _ := strings.Cut(kv, "="); !fixed[name] {
			out = append(out, kv)
		}
	}
	return append(append(out, settled...), mark)
}

// answer is what the driver told, nil when it came to no answer.
func (p *process) answer() (*answer, error) {
	data, err := readRegular(p.told(), maxAnswer)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, app.Failf("%s: Python's answer cannot be read: %v", p.opt.File.Name(), err)
	}
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return nil, app.Failf("%s: Python's answer cannot be read: %v", p.opt.File.Name(), err)
	}
	return &a, nil
}

// readRegular reads a file that a program wrote which may have been up to
// anything: no link, no device, not too much.
func readRegular(name string, most int64) ([]byte, error) {
	st, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = errors.New("too large")
	}
	return data, err
}
