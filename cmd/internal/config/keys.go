package config

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/compiler/store"
)

// A Key is one setting: its name in files and, with dashes, as a flag.
type Key struct {
	Name    string
	Doc     string // one line, for help and for `config`
	Default string // as text; "" where Load computes it
	Choices []string
	// Map keys hold several entries: NAME=VALUE,… as text, a mapping in files.
	Map bool
	// Table keys hold a mapping for each entry, as YAML or JSON text elsewhere.
	Table bool
	// Path marks a file or folder: relative ones in a file are relative to it.
	Path bool
	// Program marks a program: a path where it has a separator, which is treated
	// likewise, else a name to look for in PATH.
	Program bool
	// UserOnly keys may not stand in a project's file, which comes with
	// whatever was checked out.
	UserOnly bool
	set      func(*Config, string) error
}

// isPath reports whether a value of the key is a path.
func (k Key) isPath(value string) bool {
	return value != "" && (k.Path || k.Program && filepath.Base(value) != value)
}

// Env is the environment variable of the key.
func (k Key) Env() string {
	return "KFPGO_" + strings.ToUpper(strings.ReplaceAll(k.Name, "-", "_"))
}

// Keys are all settings, in the order in which they are shown.
func Keys() []Key {
	return []Key{
		{Name: "metadata", Path: true, Doc: "folder or URL of the metadata file", set: text(func(c *Config) *string { return &c.Metadata })},
		{Name: "output", Default: "table", Choices: []string{"table", "json"}, Doc: "form of answers", set: text(func(c *Config) *string { return &c.Output })},
		{Name: "color", Default: "auto", Choices: []string{"auto", "always", "never"}, Doc: "colour of terminal output", set: text(func(c *Config) *string { return &c.Color })},
		{Name: "profile", Doc: "profile of the pipeline to apply", set: text(func(c *Config) *string { return &c.Profile })},
		{Name: "openlineage", Path: true, UserOnly: true, Doc: "http(s):// URL or file that OpenLineage events of runs go to; a server's key comes from OPENLINEAGE_API_KEY", set: text(func(c *Config) *string { return &c.OpenLineage })},
		{Name: "prices", Path: true, Doc: "file with the prices by which stats tells costs", set: text(func(c *Config) *string { return &c.Prices })},
		{Name: "parallelism", Default: "0", Doc: "tasks that run at once on this machine; 0: one for each CPU", set: count(func(c *Config) *int { return &c.Parallelism })},
		{Name: "cache-dir", Path: true, Doc: "folder for virtual environments and cached results of local runs", set: text(func(c *Config) *string { return &c.CacheDir })},
		{Name: "namespace", Doc: "Kubernetes namespace; default: the context's", set: text(func(c *Config) *string { return &c.Namespace })},
		{Name: "context", Doc: "context of the kubeconfig; default: its current one", set: text(func(c *Config) *string { return &c.Context })},
		{Name: "kubeconfig", Path: true, UserOnly: true, Doc: "kubeconfig file; default: as kubectl finds it", set: text(func(c *Config) *string { return &c.Kubeconfig })},
		{Name: "argo-server", UserOnly: true, Doc: "URL of Argo's own server, which has archived Workflows; ARGO_TOKEN holds its token", set: text(func(c *Config) *string { return &c.ArgoServer })},
		{Name: "artifact-root", Doc: "URI below which artifacts go; default: the cluster's artifact repository", set: artifactRoot},
		{Name: StoresKey, Table: true, Doc: "stores of artifacts besides the cluster's artifact repository, {URI: {SETTING: VALUE}}", set: setStores},
		{Name: "artifact-digests", Default: "16Mi", Doc: "size up to which artifacts of cluster runs are read for their SHA-256 where the store keeps none, at most 16 times as much for a run; 0: none is read", set: size(func(c *Config) *int64 { return &c.ArtifactDigests })},
		{Name: "artifact-time", Default: "20s", Doc: "how long the end of a cluster run may wait for sizes and digests of its artifacts; 0s: nobody looks", set: patience(func(c *Config) *time.Duration { return &c.ArtifactTime })},
		{Name: "argo-check", Default: "auto", Choices: []string{"auto", "always", "never"}, Doc: "whether manifests pass through Argo's own validator", set: text(func(c *Config) *string { return &c.ArgoCheck })},
		{Name: "argo-version", Doc: "version of Argo Workflows to compile for; so far 3.7 and its patch releases", set: text(func(c *Config) *string { return &c.ArgoVersion })},
		{Name: "cache", Default: "false", Doc: "reuse results of every task whose pipeline allows it, not only where it asks for it", set: boolean(func(c *Config) *bool { return &c.Cache })},
		{Name: "final-state", Default: "documented", Choices: []string{"documented", "kfp"}, Doc: "what the final status calls success: documented is SUCCEEDED, kfp is COMPLETE, as KFP's own backend has it", set: text(func(c *Config) *string { return &c.FinalState })},
		{Name: "accelerator-labels", Map: true, Doc: "node labels that name an accelerator's product, RESOURCE=LABEL; default: <domain>/gpu.product", set: pairs(func(c *Config) *map[string]string { return &c.AcceleratorLabels })},
		{Name: "spot-labels", Map: true, Doc: "node labels of spot nodes, LABEL=VALUE; default: those of the known clouds", set: pairs(func(c *Config) *map[string]string { return &c.SpotLabels })},
		{Name: "semaphores", Doc: "ConfigMap with the numbers of semaphores that pipelines name by key alone; default: kfp-semaphores", set: text(func(c *Config) *string { return &c.Semaphores })},
		{Name: "spot-taints", Map: true, Doc: "taints of spot nodes, KEY=VALUE; default: those of the known clouds", set: pairs(func(c *Config) *map[string]string { return &c.SpotTaints })},
		{Name: "python", Program: true, Doc: "Python that has KFP's SDK, for pipelines that are Python files; default: of the active virtual environment, else python3 in PATH", set: text(func(c *Config) *string { return &c.Python })},
		{Name: "python-timeout", Default: "5m", Doc: "how long a Python file may take to compile", set: duration(func(c *Config) *time.Duration { return &c.PythonTimeout })},
		{Name: "lint", Map: true, Doc: "weight of lint rules, RULE=off|note|warning|error", set: pairs(func(c *Config) *map[string]string { return &c.Lint })},
	}
}

// Names are the names of all keys.
func Names() []string {
	var out []string
	for _, k := range Keys() {
		out = append(out, k.Name)
	}
	return out
}

// Lookup is the key of a name.
func Lookup(name string) (Key, bool) {
	for _, k := range Keys() {
		if k.Name == name {
			return k, true
		}
	}
	return Key{}, false
}

func (k Key) apply(c *Config, value string) error {
	if len(k.Choices) > 0 && !contains(k.Choices, value) {
		return fmt.Errorf("%q is none of %s", value, strings.Join(k.Choices, ", "))
	}
	return k.set(c, value)
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func text(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, s string) error {
		*field(c) = s
		return nil
	}
}

func artifactRoot(c *Config, s string) error {
	if _, err := store.ParseRoot(s); err != nil {
		return err
	}
	c.ArtifactRoot = s
	return nil
}

func count(field func(*Config) *int) func(*Config, string) error {
	return func(c *Config, s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return fmt.Errorf("%q is not a number from 0 up", s)
		}
		*field(c) = n
		return nil
	}
}

func boolean(field func(*Config) *bool) func(*Config, string) error {
	return func(c *Config, s string) error {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", s)
		}
		*field(c) = b
		return nil
	}
}

func duration(field func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d < time.Second {
			return fmt.Errorf("%q is not a time of at least a second, as 90s or 5m", s)
		}
		*field(c) = d
		return nil
	}
}

// patience is a duration that may be none at all.
func patience(field func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return fmt.Errorf("%q is not a time, as 20s or 0s", s)
		}
		*field(c) = d
		return nil
	}
}

// maxDigested is the largest size up to which anything is read: as for local runs.
const maxDigested = 4 << 30

func size(field func(*Config) *int64) func(*Config, string) error {
	units := []struct {
		suffix string
		shift  int
	}{{"Ki", 10}, {"Mi", 20}, {"Gi", 30}}
	return func(c *Config, s string) error {
		text, shift := s, 0
		for _, u := range units {
			if rest, ok := strings.CutSuffix(s, u.suffix); ok {
				text, shift = rest, u.shift
			}
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 || n > maxDigested>>shift {
			return fmt.Errorf("%q is not a size from 0 to 4Gi, as 512Ki or 16Mi", s)
		}
		*field(c) = n << shift
		return nil
	}
}

func pairs(field func(*Config) *map[string]string) func(*Config, string) error {
	return func(c *Config, s string) error {
		m := map[string]string{}
		for _, entry := range strings.Split(s, ",") {
			name, value, found := strings.Cut(strings.TrimSpace(entry), "=")
			if !found || name == "" {
				return fmt.Errorf("%q is not NAME=VALUE", entry)
			}
			m[name] = value
		}
		*field(c) = m
		return nil
	}
}
