package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kfp-go/kfp-go/backend/local/group"
)

// A Python component of KFP's SDK brings its packages along: its command is
//
//	sh -c BOOTSTRAP sh -ec WRITER SOURCE
//
// and BOOTSTRAP installs with pip, into whatever Python is first in PATH, before
// it runs the rest. Here the installation happens once, in a virtual environment
// of ours that all tasks with the same BOOTSTRAP share, so that the user's own
// Python stays as it is.

// bootstrap finds the installing part of a command line.
func bootstrap(argv []string) (script string, rest []string, ok bool) {
	if len(argv) < 5 || argv[0] != "sh" || argv[1] != "-c" || argv[3] != "sh" {
		return "", nil, false
	}
	script = argv[2]
	if !strings.Contains(script, "pip install") || !strings.Contains(script, `"$0" "$@"`) {
		return "", nil, false
	}
	return withoutVenv(script), argv[3:], true
}

// withoutVenv is the script without the lines by which the SDK, if it is asked
// to, makes and enters an environment for some of the packages: all of them go
// into ours.
func withoutVenv(script string) string {
	lines := strings.Split(script, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool {
		line = strings.TrimSpace(line)
		return strings.HasPrefix(line, "python3 -m venv ") || line == `. "$tmp/venv/bin/activate"` || line == "tmp=$(mktemp -d)"
	}), "\n")
}

// python prepares the environment of programs that install Python packages, and
// gives the command line without the installation.
func (r *run) python(ctx context.Context, argv []string, env *environ, b *box) ([]string, error) {
	script, rest, ok := bootstrap(argv)
	if !ok {
		return argv, nil
	}
	dir, err := r.venv(ctx, script, env, filepath.Join(b.dir, logName))
	if err != nil {
		return nil, err
	}
	useVenv(env, dir)
	return rest, nil
}

// useVenv puts a virtual environment first.
func useVenv(env *environ, dir string) {
	env.set("VIRTUAL_ENV", dir)
	env.set("PATH", filepath.Join(dir, "bin")+string(os.PathListSeparator)+env.values["PATH"])
	env.set("PYTHONNOUSERSITE", "1")
}

// locks are mutexes by name that can be given up waiting for.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

func (l *locks) lock(ctx context.Context, name string) (unlock func(), err error) {
	for {
		l.mu.Lock()
		wait, busy := l.held[name]
		if !busy {
			if l.held == nil {
				l.held = map[string]chan struct{}{}
			}
			mine := make(chan struct{})
			l.held[name] = mine
			l.mu.Unlock()
			return func() {
				l.mu.Lock()
				delete(l.held, name)
				l.mu.Unlock()
				close(mine)
			}, nil
		}
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-wait:
		}
	}
}

const venvDone = ".kfp-go-complete"

// venv is the virtual environment of an installation script, made if need be.
// Only one task at a time, of all processes, makes it.
func (r *run) venv(ctx context.Context, script string, env *environ, log string) (string, error) {
	version, err := r.pythonVersion(ctx, env)
	if err != nil {
		return "", err
	}
	key := digest([]string{"venv", version, script})[:24]
	dir, err := filepath.Abs(filepath.Join(r.opt.CacheDir, "venv", key))
	if err != nil {
		return "", err
	}
	if complete(dir) {
		return dir, nil
	}
	unlock, err := r.local.venv.lock(ctx, key)
	if err != nil {
		return "", err
	}
	defer unlock()
	free, err := lockAcross(ctx, dir+".lock")
	if err != nil {
		return "", err
	}
	defer free()
	if complete(dir) {
		return dir, nil
	}
	if err := r.makeVenv(ctx, dir, script, env, log); err != nil {
		_ = os.RemoveAll(dir)
		return "", err
	}
	return dir, writeFile(filepath.Join(dir, venvDone), nil)
}

func complete(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, venvDone))
	return err == nil
}

// lockAcross takes a lock that other processes see.
func lockAcross(ctx context.Context, name string) (unlock func(), err error) {
	if err := os.MkdirAll(name, 0o755); err != nil {
		return nil, err
	}
	for {
		unlock, ok, err := lockFolder(name)
		if err != nil || ok {
			return unlock, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(poll):
		}
	}
}

func (r *run) pythonVersion(ctx context.Context, env *environ) (string, error) {
	program, err := findProgram("python3", env.values["PATH"])
	if err != nil {
		return "", &pythonError{"a Python component needs python3, which is not on this machine: install Python 3", nil}
	}
	out, err := r.tool(ctx, env, program, "-c", "import sys; print(sys.version, sys.base_prefix)")
	if err != nil {
		return "", &pythonError{"python3 does not work: " + lastText(out), err}
	}
	return string(out), nil
}

// makeVenv makes the environment and installs into it. The installation's
// output goes to the task's log.
func (r *run) makeVenv(ctx context.Context, dir, script string, env *environ, log string) error {
	r.note("installing what Python components ask for into an environment of their own; it is kept for the next run")
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	program, err := findProgram("python3", env.values["PATH"])
	if err != nil {
		return err
	}
	if out, err := r.tool(ctx, env, program, "-m", "venv", dir); err != nil {
		return &pythonError{"python3 cannot make a virtual environment (on Debian and Ubuntu install python3-venv): " + lastText(out), err}
	}
	inside := r.installEnv(env)
	useVenv(inside, dir)
	out, err := r.tool(ctx, inside, "/bin/sh", "-c", script, "true")
	if len(out) > 0 {
		if f, e := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); e == nil {
			_, _ = f.Write(out)
			_ = f.Close()
		}
	}
	if err != nil {
		return &pythonError{"the packages of a Python component could not be installed: " + lastText(out), err}
	}
	return nil
}

// installEnv is the environment of an installation: pip keeps the user's
// settings of where packages come from, not those of where they go.
func (r *run) installEnv(env *environ) *environ {
	out := &environ{}
	for _, n := range env.names {
		out.set(n, env.values[n])
	}
	keep := []string{
		"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_TRUSTED_HOST", "PIP_CERT",
		"PIP_CLIENT_CERT", "PIP_PROXY", "PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "PIP_CACHE_DIR",
		"PIP_NO_CACHE_DIR", "PIP_CONFIG_FILE", "PIP_DISABLE_PIP_VERSION_CHECK", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
	}
	for _, kv := range r.opt.Environ {
		if name, value, ok := strings.Cut(kv, "="); ok && matches(name, keep) {
			out.set(name, value)
		}
	}
	return out
}

// tool runs a helper program to its end in a process group that ends with ctx.
func (r *run) tool(ctx context.Context, env *environ, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = env.list()
	cmd.Dir = r.dir
	group.Own(cmd)
	cmd.Cancel = func() error { group.Kill(cmd.Process.Pid); return nil }
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r.guard.add(cmd.Process.Pid)
	err := cmd.Wait()
	r.guard.remove(cmd.Process.Pid)
	return out.Bytes(), err
}

func lastText(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return clip(printable(lines[len(lines)-1]), 300)
}

// A pythonError is a failure to prepare Python.
type pythonError struct {
	text string
	err  error
}

func (e *pythonError) Error() string {
	if e.err == nil || errors.As(e.err, new(*exec.ExitError)) {
		return e.text
	}
	return fmt.Sprintf("%s: %v", e.text, e.err)
}

func (e *pythonError) Unwrap() error { return e.err }
