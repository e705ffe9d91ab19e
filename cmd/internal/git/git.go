// Package git asks the git program which state of the source a file belongs
// to. A repository is somebody else's: its hooks, filters and monitors are not
// run, nothing is asked of the user, and what it says is data.
package git

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// patience is how long all questions about a repository may take together.
const patience = 5 * time.Second

// maxText bounds a name or an address that a repository states.
const maxText = 1024

// Describe is the state of the repository that holds the file; nil when there
// is none, no commit in it, or no git program. environ is the environment of
// git.
func Describe(ctx context.Context, environ []string, file string) *metadata.Code {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	r := &repository{ctx: ctx, dir: filepath.Dir(abs), environ: environment(environ)}
	return r.describe(abs)
}

// environment is what git gets: nothing that leads it to another repository or
// has it talk to anybody.
func environment(environ []string) []string {
	out := make([]string, 0, len(environ)+6)
	for _, e := range environ {
		if !strings.HasPrefix(e, "GIT_") {
			out = append(out, e)
		}
	}
	return append(out, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_ATTR_NOSYSTEM=1", "GIT_NO_LAZY_FETCH=1", "LC_ALL=C")
}

type repository struct {
	ctx     context.Context
	dir     string
	environ []string
	quiet   []string // settings that keep the repository's own programs from being run
}

func (r *repository) describe(file string) *metadata.Code {
	root, ok := r.ask("rev-parse", "--show-toplevel")
	if !ok || root == "" {
		return nil
	}
	settings, _ := r.ask("config", "--local", "--includes", "--null", "--list")
	config := parseConfig(settings)
	r.quiet = silence(config)
	code := &metadata.Code{Repository: remote(config)}
	if code.Revision, ok = r.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}"); !ok || !isHash(code.Revision) {
		return nil
	}
	if branch, ok := r.ask("symbolic-ref", "--quiet", "HEAD"); ok {
		code.Branch = clip(strings.TrimPrefix(branch, "refs/heads/"))
	}
	if rel, err := filepath.Rel(filepath.FromSlash(root), file); err == nil {
		code.Path = filepath.ToSlash(rel)
	}
	code.Dirty = r.dirty(file)
	return code
}

// dirty reports whether tracked files are changed, or the file is not tracked.
// What cannot be found out counts as changed.
func (r *repository) dirty(file string) bool {
	changed, ok := r.ask("status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all", "--no-renames")
	if !ok || changed != "" {
		return true
	}
	_, tracked := r.ask("ls-files", "--error-unmatch", "--", ":(top,literal)"+r.fromTop(file))
	return !tracked
}

func (r *repository) fromTop(file string) string {
	prefix, _ := r.ask("rev-parse", "--show-prefix")
	return prefix + filepath.Base(file)
}

// ask runs git and gives what it prints, without the line's end.
func (r *repository) ask(args ...string) (string, bool) {
	always := []string{"-C", r.dir, "--no-pager", "-c", "core.hooksPath=" + os.DevNull, "-c", "core.fsmonitor=false", "-c", "core.quotePath=true",
		"-c", "diff.external=", "-c", "protocol.allow=never"}
	cmd := exec.CommandContext(r.ctx, "git", append(append(always, r.quiet...), args...)...)
	cmd.Env = r.environ
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return "", false
	}
	return strings.TrimSuffix(out.String(), "\n"), true
}

// parseConfig reads what `git config --null --list` prints; of a key that is
// set several times the last value counts.
func parseConfig(text string) map[string]string {
	out := map[string]string{}
	for entry := range strings.SplitSeq(text, "\x00") {
		if key, value, ok := strings.Cut(entry, "\n"); ok {
			out[key] = value
		}
	}
	return out
}

// silence turns the repository's filters off, which git would run to see
// whether a file has changed.
func silence(config map[string]string) []string {
	var out []string
	for key := range config {
		name, isFilter := strings.CutPrefix(key, "filter.")
		if !isFilter || strings.Contains(name, "=") {
			continue
		}
		for _, program := range [...]string{".clean", ".smudge", ".process"} {
			if strings.HasSuffix(name, program) {
				out = append(out, "-c", key+"=")
			}
		}
		if strings.HasSuffix(name, ".required") {
			out = append(out, "-c", key+"=false")
		}
	}
	return out
}

// remote is the address of the repository's origin, else of the first remote
// by name, without credentials.
func remote(config map[string]string) string {
	address, first := config["remote.origin.url"], ""
	if address == "" {
		for key, value := range config {
			name, isURL := strings.CutSuffix(key, ".url")
			if isURL && strings.HasPrefix(name, "remote.") && (first == "" || name < first) {
				first, address = name, value
			}
		}
	}
	return clip(WithoutCredentials(address))
}

// WithoutCredentials takes user, password and query out of an address. Of
// host:path, as git writes it for SSH, the user stays: it is nobody's secret.
func WithoutCredentials(address string) string {
	if !strings.Contains(address, "://") {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return "" // what cannot be read may hold anything
	}
	if u.Scheme != "ssh" {
		u.User = nil
	} else if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}

func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "")
}

func isHash(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}
