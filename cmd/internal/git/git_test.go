package git

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// repo makes a repository with one committed file and gives its folder.
func repo(t *testing.T) (dir string, git func(args ...string)) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	git = func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@b"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	git("init", "-q", "-b", "main")
	write(t, filepath.Join(dir, "sub", "pipeline.yaml"), "pipeline: a\n")
	git("add", ".")
	git("commit", "-qm", "one")
	return dir, git
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestDescribe(t *testing.T) {
	dir, git := repo(t)
	file := filepath.Join(dir, "sub", "pipeline.yaml")
	git("remote", "add", "origin", "https://me:secret@example.org/team/iris.git?token=x")
	code := Describe(t.Context(), os.Environ(), file)
	if code == nil || code.Repository != "https://example.org/team/iris.git" || !isHash(code.Revision) || code.Branch != "main" ||
		code.Path != "sub/pipeline.yaml" || code.Dirty {
		t.Fatalf("%+v", code)
	}
	write(t, filepath.Join(dir, "other"), "not tracked\n")
	if code := Describe(t.Context(), os.Environ(), file); code.Dirty {
		t.Error("a file that nobody tracks makes it dirty")
	}
	if code := Describe(t.Context(), os.Environ(), filepath.Join(dir, "other")); !code.Dirty {
		t.Error("a pipeline that is not tracked is clean")
	}
	write(t, file, "pipeline: b\n")
	if code := Describe(t.Context(), os.Environ(), file); !code.Dirty {
		t.Error("a changed file is clean")
	}
	git("checkout", "-q", "--detach")
	if code := Describe(t.Context(), os.Environ(), file); code.Branch != "" {
		t.Errorf("detached, but on branch %q", code.Branch)
	}
}

// TestNoCode: without repository, commit or program there is nothing to say.
func TestNoCode(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "pipeline.yaml")
	write(t, plain, "pipeline: a\n")
	env := append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(filepath.Dir(plain)))
	if code := Describe(t.Context(), env, plain); code != nil {
		t.Errorf("no repository: %+v", code)
	}
	dir, _ := repo(t)
	file := filepath.Join(dir, "sub", "pipeline.yaml")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if code := Describe(gone, os.Environ(), file); code != nil {
		t.Errorf("a context that is over: %+v", code)
	}
	t.Setenv("PATH", t.TempDir())
	if code := Describe(t.Context(), os.Environ(), file); code != nil {
		t.Errorf("no program: %+v", code)
	}
}

// TestHostile: nothing that a repository brings along is executed, and its
// names are data.
func TestHostile(t *testing.T) {
	dir, git := repo(t)
	proof := filepath.Join(t.TempDir(), "ran")
	evil := "touch " + proof + "; cat"
	write(t, filepath.Join(dir, ".gitattributes"), "*.yaml filter=evil diff=evil\n")
	git("add", ".")
	git("commit", "-qm", "two")
	for _, key := range []string{"filter.evil.clean", "filter.evil.process", "filter.evil.smudge", "core.fsmonitor", "diff.external", "diff.evil.textconv", "core.pager", "core.sshCommand"} {
		git("config", key, evil)
	}
	hooks := filepath.Join(dir, ".git", "hooks")
	for _, name := range []string{"post-index-change", "post-checkout", "pre-commit", "fsmonitor-watchman"} {
		write(t, filepath.Join(hooks, name), "#!/bin/sh\n"+evil+"\n")
		if err := os.Chmod(filepath.Join(hooks, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	branch := "x;touch${IFS}evil$(id)\u202e"
	git("symbolic-ref", "HEAD", "refs/heads/main")
	git("branch", branch)
	git("symbolic-ref", "HEAD", "refs/heads/"+branch)
	git("config", "remote.origin.url", "--upload-pack=touch "+proof)
	file := filepath.Join(dir, "sub", "pipeline.yaml")
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(file, later, later); err != nil { // git has to look into it
		t.Fatal(err)
	}
	code := Describe(t.Context(), os.Environ(), file)
	if code == nil || code.Branch != branch || !strings.HasPrefix(code.Repository, "--upload-pack") || code.Dirty {
		t.Errorf("%+v", code)
	}
	if _, err := os.Stat(proof); err == nil {
		t.Error("a program of the repository was run")
	}
}

func TestWithoutCredentials(t *testing.T) {
	for in, want := range map[string]string{
		"git@example.org:team/iris.git":            "git@example.org:team/iris.git",
		"ssh://git@example.org/team/iris.git":      "ssh://git@example.org/team/iris.git",
		"ssh://git:pw@example.org/team/iris.git":   "ssh://git@example.org/team/iris.git",
		"https://token@example.org/a":              "https://example.org/a",
		"https://u:p%ZZ@example.org/a":             "",
		"https://oauth2:tok@example.org/a?x=y#tok": "https://example.org/a",
		"/srv/git/iris":                            "/srv/git/iris",
		"":                                         "",
	} {
		if got := WithoutCredentials(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}
