package config

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func env(m map[string]string) func(string) (string, bool) {
	return func(k string) (string, bool) {
		v, ok := m[k]
		return v, ok
	}
}

func setting(t *testing.T, c *Config, key string) Setting {
	t.Helper()
	for _, s := range c.Settings {
		if s.Key.Name == key {
			return s
		}
	}
	t.Fatalf("no setting %q", key)
	return Setting{}
}

// Each source wins over all below it, and says that it was the one.
func TestPrecedence(t *testing.T) {
	root, user := t.TempDir(), filepath.Join(t.TempDir(), "config.yaml")
	flags := func() *pflag.FlagSet {
		f := pflag.NewFlagSet("", pflag.ContinueOnError)
		f.String("namespace", "", "")
		return f
	}
	opt := Options{Root: root, UserFile: user, LookupEnv: env(nil)}
	check := func(value, from string) {
		t.Helper()
		c, err := Load(opt)
		if err != nil {
			t.Fatal(err)
		}
		s := setting(t, c, "namespace")
		if c.Namespace != value || s.Value != value || s.From != from {
			t.Errorf("%q (%q) from %q, want %q from %q", c.Namespace, s.Value, s.From, value, from)
		}
	}
	check("", "default")
	write(t, user, "namespace: of-user\n")
	check("of-user", user)
	write(t, filepath.Join(root, ProjectFile), "namespace: of-project\n")
	check("of-project", filepath.Join(root, ProjectFile))
	opt.LookupEnv = env(map[string]string{"KFPGO_NAMESPACE": "of-env"})
	check("of-env", "KFPGO_NAMESPACE")
	opt.Flags = flags()
	check("of-env", "KFPGO_NAMESPACE")
	if err := opt.Flags.Set("namespace", "of-flag"); err != nil {
		t.Fatal(err)
	}
	check("of-flag", "--namespace")
}

func TestEveryKey(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, ProjectFile), `metadata: meta
output: json
color: never
profile: prod
prices: prices.yaml
parallelism: 3
cache-dir: /var/cache
namespace: ml
context: dev
artifact-root: s3://b/p
artifact-digests: 512Ki
artifact-time: 0s
argo-check: always
argo-version: 3.7.18
semaphores: limits
cache: true
final-state: kfp
accelerator-labels: {nvidia.com/gpu: nvidia.com/gpu.product}
spot-labels: {a.b/c: spot, x: "true"}
spot-taints: {t: v}
python: .venv/bin/python
python-timeout: 90s
lint: {unpinned-image: error}
artifact-stores:
  s3://Models/prod:
    endpoint: minio.ml:9000
    insecure: true
    access-key-secret: models/access
    secret-key-secret: models/secret
  gs://acme:
`)
	c, err := Load(Options{Root: root, LookupEnv: env(map[string]string{"KFPGO_KUBECONFIG": "k", "KFPGO_ARGO_SERVER": "https://argo:2746", "KFPGO_OPENLINEAGE": "https://catalogue.example/x"})})
	if err != nil {
		t.Fatal(err)
	}
	if c.Metadata != filepath.Join(root, "meta") {
		t.Errorf("metadata %q is not relative to its file", c.Metadata)
	}
	if c.Output != "json" || c.Prices != filepath.Join(root, "prices.yaml") || c.OpenLineage != "https://catalogue.example/x" || c.Color != "never" || c.Profile != "prod" || c.Parallelism != 3 || c.CacheDir != "/var/cache" ||
		c.Namespace != "ml" || c.Context != "dev" || !filepath.IsAbs(c.Kubeconfig) || c.ArtifactRoot != "s3://b/p" || c.ArtifactDigests != 512<<10 || c.ArtifactTime != 0 || c.ArgoCheck != "always" ||
		c.ArgoVersion != "3.7.18" || c.Semaphores != "limits" || !c.Cache || c.FinalState != "kfp" || c.AcceleratorLabels["nvidia.com/gpu"] != "nvidia.com/gpu.product" ||
		len(c.ArtifactStores) != 2 || c.ArtifactStores[0].URI != "s3://Models/prod/" || !c.ArtifactStores[0].Insecure || c.ArtifactStores[0].SecretKey.Key != "secret" ||
		c.SpotLabels["a.b/c"] != "spot" || c.SpotLabels["x"] != "true" || c.SpotTaints["t"] != "v" || c.Lint["unpinned-image"] != "error" ||
		c.ArgoServer != "https://argo:2746" || c.Python != filepath.Join(root, ".venv/bin/python") || c.PythonTimeout != 90*time.Second {
		t.Errorf("got %+v", c)
	}
	for _, s := range c.Settings {
		if s.From == "default" {
			t.Errorf("%s was not taken from anywhere", s.Key.Name)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"# x\nnamspace: a\n", `:2: unknown key "namspace": did you mean "namespace"?`},
		{"zzzzzz: a\n", "`kfp-go config` lists the keys"},
		{"namespace: [a]\n", `"namespace" takes one value`},
		{"namespace: {a: b}\n", `"namespace" takes one value`},
		{"lint: warn\n", `"lint" takes a mapping`},
		{"artifact-digests: 16MB\n", `"16MB" is not a size from 0 to 4Gi`},
		{"artifact-digests: 5Gi\n", `"5Gi" is not a size`},
		{"artifact-digests: -1\n", `"-1" is not a size`},
		{"artifact-time: -1s\n", `"-1s" is not a time`},
		{"argo-check: sometimes\n", `"sometimes" is none of auto, always, never`},
		{"parallelism: -1\n", "is not a number from 0 up"},
		{"cache: perhaps\n", "is neither true nor false"},
		{"kubeconfig: /tmp/evil\n", "may stand in the user's file only"},
		{"a: [\n", "kfp-go.yaml"},
		{"artifact-root: hdfs://x\n", `artifact-root: "hdfs://x": there is no object store of scheme "hdfs"`},
		{"artifact-root: s3://b/p?rogion=x\n", `option "rogion" is none of region, endpoint`},
		{"artifact-stores: x\n", `"artifact-stores" takes a mapping from URIs`},
		{"artifact-stores: [x]\n", `"artifact-stores" takes a mapping from URIs`},
		{"artifact-stores:\n  bucket: {}\n", `:2:3: store "bucket" is no URI of an object store: write s3://BUCKET`},
		{"artifact-stores:\n  s3://b: x\n", `:2:11: store "s3://b" takes a mapping of settings: endpoint, region`},
		{"artifact-stores:\n  s3://b: {endpiont: x}\n", `:2:12: store "s3://b": unknown key "endpiont" of a store of S3: did you mean "endpoint"?`},
		{"artifact-stores:\n  s3://b:\n    accessKeySecret: s/k\n", `:3:5: store "s3://b": unknown key "accessKeySecret" of a store of S3: did you mean "access-key-secret"?`},
		{"artifact-stores:\n  gs://b: {endpoint: x}\n", `unknown key "endpoint" of a store of Google Cloud Storage: it has service-account-key-secret`},
		{"artifact-stores:\n  gs://b: {service-account-key-secret: '{\"private_key\": 1}'}\n", `never the key's text itself`},
		{"artifact-stores:\n  s3://b: {access-key-secret: [a]}\n", `"access-key-secret" takes one value`},
		{"artifact-stores:\n  s3://b: {access-key-secret: s/a}\n", `access-key-secret and secret-key-secret go together`},
		{"artifact-stores:\n  s3://b: {}\n  s3://b/: {}\n", `:3:3: store "s3://b/" stands here twice`},
		{"artifact-stores:\n  azblob://c: {account-key-secret: s/k}\n", `endpoint is missing`},
		{"namespace: a\nnamespace: b\n", "already defined"},
		{strings.Repeat("# long\n", 200_000), "larger than 1024 KiB"},
	} {
		root := t.TempDir()
		write(t, filepath.Join(root, ProjectFile), tt.text)
		_, err := Load(Options{Root: root, LookupEnv: env(nil)})
		var mistake *Error
		if !errors.As(err, &mistake) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.30q: got %v, want %q", tt.text, err, tt.want)
		}
	}
}

func TestRoot(t *testing.T) {
	top := t.TempDir()
	if real, err := filepath.EvalSymlinks(top); err == nil {
		top = real
	}
	deep := filepath.Join(top, "a", "b")
	write(t, filepath.Join(deep, "pipeline.yaml"), "")
	for _, mark := range []string{".git", "a/kfp-go.yaml"} {
		if err := os.WriteFile(filepath.Join(top, mark), nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if got, want := Root(deep), filepath.Dir(filepath.Join(top, mark)); got != want {
			t.Errorf("with %s: %s, want %s", mark, got, want)
		}
	}
	if err := os.Mkdir(filepath.Join(deep, ".kfp-go"), 0o777); err != nil {
		t.Fatal(err)
	}
	if got := Root(deep); got != deep {
		t.Errorf("with .kfp-go: %s, want %s", got, deep)
	}
}

func TestKeysAreSound(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Keys() {
		if seen[k.Name] || k.Doc == "" || k.set == nil || strings.ToLower(k.Name) != k.Name || strings.Contains(k.Doc, "`") {
			t.Errorf("%q: repeated, undocumented, not lower case, or its doc holds a backquote", k.Name)
		}
		seen[k.Name] = true
	}
}

// A path is where it was meant, whoever wrote it: a leading ~/ is the home
// folder, and what is meant as a URL is no path.
func TestPathsAsMeant(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	work, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string][2]string{ // in a variable, in a file
		"~/meta":      {filepath.Join(home, "meta"), filepath.Join(home, "meta")},
		"meta":        {filepath.Join(work, "meta"), ""},
		"s3:bucket":   {"s3:bucket", "s3:bucket"},
		"s3://bucket": {"s3://bucket", "s3://bucket"},
		"file:meta":   {"file:meta", "file:meta"},
		"/a:b":        {"/a:b", "/a:b"},
		"a:b":         {filepath.Join(work, "a:b"), ""},
	} {
		root := t.TempDir()
		c, err := Load(Options{Root: root, LookupEnv: env(map[string]string{"KFPGO_METADATA": value})})
		if err != nil || c.Metadata != want[0] {
			t.Errorf("%q in a variable is %q, %v; want %q", value, c.Metadata, err, want[0])
		}
		if err := os.WriteFile(filepath.Join(root, ProjectFile), []byte("metadata: "+strconv.Quote(value)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		inFile := want[1]
		if inFile == "" {
			inFile = filepath.Join(root, value)
		}
		c, err = Load(Options{Root: root, LookupEnv: env(nil)})
		if err != nil || c.Metadata != inFile {
			t.Errorf("%q in a file is %q, %v; want %q", value, c.Metadata, err, inFile)
		}
	}
}
