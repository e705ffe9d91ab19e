// Package config gathers the settings of one command into one typed Config.
// What counts is, in this order: a flag, a KFPGO_* variable, the project's
// kfp-go.yaml, the user's file, a default that works offline.
package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/kfp-go/kfp-go/compiler/store"
)

// OwnFlag marks, among the annotations of a flag, one that bears the name of a
// key but takes values that only its command knows: it is no setting.
const OwnFlag = "kfp-go/own"

// ProjectFile is the name of the project's file, in the project's root.
const ProjectFile = "kfp-go.yaml"

// A Config is every setting, resolved.
type Config struct {
	Root     string // the project's root, absolute
	Settings []Setting

	Metadata, Output, Color, Profile string
	OpenLineage, Prices              string // URL or file, and file; "": none
	Parallelism                      int
	CacheDir                         string

	Namespace, Context, Kubeconfig string

	ArtifactRoot, ArgoCheck, ArgoVersion      string
	ArgoServer                                string
	Semaphores, FinalState                    string
	ArtifactStores                            []*store.Store
	ArtifactDigests                           int64 // bytes
	ArtifactTime                              time.Duration
	Cache                                     bool
	AcceleratorLabels, SpotLabels, SpotTaints map[string]string

	Python        string // "": to be found
	PythonTimeout time.Duration

	Lint map[string]string
}

// A Setting is a value and where it came from.
type Setting struct {
	Key   Key
	Value string
	From  string // "--metadata", "KFPGO_METADATA", a file, or "default"
}

// Options say where to look.
type Options struct {
	Root      string         // the project's root
	UserFile  string         // the user's file; it need not exist
	Flags     *pflag.FlagSet // those changed count; nil: none
	LookupEnv func(string) (string, bool)
	UserCache string // the user's cache folder
}

// An Error is a mistake in the configuration: wrong usage, not a failure.
type Error struct{ From, Message string }

func (e *Error) Error() string { return e.From + ": " + e.Message }

// Load resolves every setting.
func Load(opt Options) (*Config, error) {
	project, err := readFile(filepath.Join(opt.Root, ProjectFile), true)
	if err != nil {
		return nil, err
	}
	user, err := readFile(opt.UserFile, false)
	if err != nil {
		return nil, err
	}
	c := &Config{Root: opt.Root}
	for _, k := range Keys() {
		s := resolve(k, opt, project, user)
		if s.Value != "" || len(k.Choices) > 0 {
			if err := k.apply(c, s.Value); err != nil {
				if s.From == "--"+k.Name || s.From == k.Env() {
					return nil, &Error{s.From, err.Error()}
				}
				return nil, &Error{s.From, fmt.Sprintf("%s: %v", k.Name, err)}
			}
		}
		c.Settings = append(c.Settings, s)
	}
	return c, nil
}

func resolve(k Key, opt Options, project, user *file) Setting {
	if opt.Flags != nil {
		if f := opt.Flags.Lookup(k.Name); f != nil && f.Changed && f.Annotations[OwnFlag] == nil {
			return Setting{k, here(k, f.Value.String()), "--" + k.Name}
		}
	}
	if v, ok := opt.LookupEnv(k.Env()); ok && v != "" {
		return Setting{k, here(k, v), k.Env()}
	}
	for _, f := range []*file{project, user} {
		if v, ok := f.get(k); ok {
			return Setting{k, v, f.name}
		}
	}
	return Setting{k, fallback(k, opt), "default"}
}

// fallback is a default that depends on where we are.
func fallback(k Key, opt Options) string {
	switch k.Name {
	case "metadata":
		return filepath.Join(opt.Root, ".kfp-go")
	case "cache-dir":
		if opt.UserCache == "" {
			return filepath.Join(opt.Root, ".kfp-go", "cache")
		}
		return filepath.Join(opt.UserCache, "kfp-go")
	}
	return k.Default
}

// Root is the project's root of a file or folder: its nearest ancestor that
// holds .kfp-go/, kfp-go.yaml or .git, else the folder itself.
func Root(folder string) string {
	abs, err := filepath.Abs(folder)
	if err != nil {
		return folder
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	for dir := abs; ; {
		if marks(dir) {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return abs
		}
		dir = up
	}
}

func marks(dir string) bool {
	if st, err := os.Stat(filepath.Join(dir, ".kfp-go")); err == nil && st.IsDir() {
		return true
	}
	for _, name := range []string{ProjectFile, ".git"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// here makes a path from a flag or a variable absolute: what it names must not
// depend on where the next command is called.
func here(k Key, value string) string {
	if !k.isPath(value) || likeURL(value) {
		return value
	}
	value = home(value)
	if abs, err := filepath.Abs(value); err == nil {
		return abs
	}
	return value
}

// relative makes a path in a file relative to the file; URLs stay.
func relative(value, fileName string) string {
	if value == "" || likeURL(value) {
		return value
	}
	if value = home(value); filepath.IsAbs(value) {
		return value
	}
	return filepath.Join(filepath.Dir(fileName), value)
}

// likeURL reports whether a value is a URL, or meant to be one: s3:bucket is no
// path that anybody has in mind.
func likeURL(value string) bool {
	scheme, _, ok := strings.Cut(value, ":")
	return ok && (strings.Contains(value, "://") || slices.Contains([]string{"file", "s3", "gs", "azblob", "mem", "http", "https"}, scheme))
}

// home puts the user's home folder in place of a leading ~/, which shells leave
// alone in files and behind an equals sign.
func home(value string) string {
	rest, ok := strings.CutPrefix(value, "~/")
	if !ok {
		return value
	}
	dir, err := os.UserHomeDir()
	if err != nil {
		return value
	}
	return filepath.Join(dir, filepath.FromSlash(rest))
}
