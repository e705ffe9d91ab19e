package doctest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/kfp-go/kfp-go/cmd/internal/python/sdktest"
)

// TestExamples validates, compiles (judged by Argo) and runs each example.
func TestExamples(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("the examples need python3")
	}
	folders, err := os.ReadDir(filepath.Join(root, "examples"))
	if err != nil {
		t.Fatal(err)
	}
	// What each run must give; artifacts are looked at by type.
	want := map[string]map[string]any{
		"hello":     {"text": "HELLO, WORLD!"},
		"iris":      {"accuracy": 0.9667, "verdict": "published with accuracy 0.9667", "model": "system.Model"},
		"gpu-train": {"loss": 0.4096, "checkpoint": "system.Model"},
		"fan-out":   {"scores": []any{2.0, 2.0, 4.0}, "decision": "go: [2,2,4]"},
		"from-kfp":  {"sum": 14.0},
		// Of Python too, if there is one with KFP's SDK.
		"from-python": {"Output": 6.0},
	}
	for _, f := range folders {
		t.Run(f.Name(), func(t *testing.T) {
			expected, ok := want[f.Name()]
			if !ok {
				t.Fatal("no expected outputs are written down for this example")
			}
			var env []string
			example := filepath.Join("examples", f.Name())
			if _, err := os.Stat(filepath.Join(root, example, "pipeline.py")); err == nil {
				env = append(env, "KFPGO_PYTHON="+sdktest.Python(t, sdktest.Recent))
				// What its components install is kept for the next time.
				cache, err := os.UserCacheDir()
				if err != nil {
					t.Skip(err)
				}
				env = append(env, "XDG_CACHE_HOME="+filepath.Join(cache, "kfp-go-test"))
				example = filepath.Join(example, "pipeline.py")
			}
			program := kfpgo(t, env...)
			program("validate", "--strict", example)
			program("compile", "--argo-check", "always", "-o", "out.yaml", example)
			var run struct {
				State   string         `json:"state"`
				Outputs map[string]any `json:"outputs"`
			}
			if err := json.Unmarshal(program("run", "--output", "json", example), &run); err != nil {
				t.Fatal(err)
			}
			for k, v := range run.Outputs {
				if m, artifact := v.(map[string]any); artifact {
					run.Outputs[k] = m["type"]
				}
			}
			if run.State != "succeeded" || !reflect.DeepEqual(run.Outputs, expected) {
				t.Errorf("%s with %v, want %v", run.State, run.Outputs, expected)
			}
		})
	}
}

// kfpgo gives a function that runs the program in a folder with a copy of
// examples/ and returns its standard output; any exit code but 0 ends the test.
func kfpgo(t *testing.T, env ...string) func(args ...string) []byte {
	t.Helper()
	sh := project(t, env...)
	return func(args ...string) []byte {
		t.Helper()
		cmd := sh("kfp-go", args...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Fatalf("kfp-go %v: %v\n%s%s", args, err, out.String(), errs.String())
		}
		return out.Bytes()
	}
}
