package kfpwrite_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/corpustest"
)

// python is one with the KFP SDK: KFPGO_PYTHON, or that of an environment in
// the user's cache.
func python(t *testing.T) string {
	t.Helper()
	candidates := []string{os.Getenv("KFPGO_PYTHON")}
	if home := os.Getenv("KFPGO_ORACLE"); home != "" {
		candidates = append(candidates, filepath.Join(home, "bin", "python"))
	}
	if cache, err := os.UserCacheDir(); err == nil {
		candidates = append(candidates, filepath.Join(cache, "kfp-go-oracle", "bin", "python"))
	}
	candidates = append(candidates, "python3")
	for _, p := range candidates {
		if p != "" && exec.Command(p, "-c", "import kfp").Run() == nil {
			return p
		}
	}
	t.Skip("no python with the KFP SDK")
	return ""
}

// loader loads each file as a component with its platform settings, as the SDK
// does with all its strictness. What it refuses in the file that was printed
// anew it may refuse in the print.
const loader = `
import glob, os, sys
from kfp import components
def load(f):
    c = components.load_component_from_file(f)
    c.pipeline_spec, c.platform_spec
for f in sorted(glob.glob(sys.argv[1] + '/*.yaml')):
    try:
        load(f)
    except Exception as e:
        try:
            if os.path.exists(f + '.original'):
                load(f + '.original')
        except Exception:
            continue
        print(os.path.basename(f), type(e).__name__, str(e).replace('\n', ' ')[:300])
`

// TestSDK: the SDK accepts what we print.
func TestSDK(t *testing.T) {
	if testing.Short() {
		t.Skip("starts python")
	}
	program := python(t)
	dir := t.TempDir()
	n := 0
	add := func(path string) {
		p := parse(t, path)
		if p == nil {
			return
		}
		out, _ := printed(t, p)
		if out == nil {
			return
		}
		n++
		name := filepath.Join(dir, strconv.Itoa(n)+"-"+strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))+".yaml")
		if err := os.WriteFile(name, out, 0o600); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(path); err == nil && bytes.Contains(text, []byte("pipelineInfo")) {
			if err := os.WriteFile(name+".original", text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, path := range everyPipeline(t) {
		add(path)
	}
	for _, f := range corpustest.Find(t) {
		add(f.Path)
	}
	out, err := exec.Command(program, "-c", loader, dir).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%d files", n)
}
