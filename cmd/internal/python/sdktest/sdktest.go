// Package sdktest finds Pythons with KFP's SDK for tests: virtual environments,
// made once below the user's cache folder from the package registry. Without
// Python, pip or a network the tests that ask are skipped.
package sdktest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The versions of the SDK that tests use: a recent one and an old one.
const (
	Recent = "2.17.3"
	Old    = "2.0.1"
)

// Python is a Python with the given version of the SDK; the test is skipped
// when there can be none.
func Python(t testing.TB, version string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("makes a virtual environment")
	}
	program, err := Find(version)
	if err != nil {
		t.Skipf("no Python with kfp %s: %v", version, err)
	}
	return program
}

var found sync.Map // version → func() (string, error)

// Find is the Python with the given version of the SDK, made if need be.
func Find(version string) (string, error) {
	once, _ := found.LoadOrStore(version, sync.OnceValues(func() (string, error) { return venv(version) }))
	return once.(func() (string, error))()
}

func venv(version string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		return "", err
	}
	tag, err := run(python, "-c", "import sys; print('py%d.%d' % sys.version_info[:2])")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "kfp-go-test", "kfp-"+version+"-"+tag)
	program := filepath.Join(dir, "bin", "python")
	if works(program, version) {
		return program, nil
	}
	return program, build(python, dir, version)
}

// build makes the environment beside its place and moves it there whole, so
// that tests of several processes do not see each other's halves.
func build(python, dir, version string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), ".new-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	if _, err := run(python, "-m", "venv", temp); err != nil {
		return err
	}
	inside := filepath.Join(temp, "bin", "python")
	if _, err := run(inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "15", "kfp=="+version); err != nil {
		return err
	}
	if err := os.Rename(temp, dir); err != nil && !works(filepath.Join(dir, "bin", "python"), version) {
		return err
	}
	return nil
}

func works(program, version string) bool {
	got, err := run(program, "-c", "import importlib.metadata as m; print(m.version('kfp'))")
	return err == nil && got == version
}

// run is the output of a program. It never takes longer than a slow registry.
func run(program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		last := text[strings.LastIndexByte(text, '\n')+1:]
		return "", fmt.Errorf("%w: %s", err, last)
	}
	return text, nil
}
