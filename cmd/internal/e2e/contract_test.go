//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// A run is given an artifact that another run made, by its URI.
func TestE2EGivenArtifacts(t *testing.T) {
	want := contract{outputs: map[string]any{"cat": `made here {"by":"hand"}`, "n": 2.0, "workspace": "made here"}}
	args := func(r run) []string {
		uri, _ := r.Outputs["data"].(map[string]any)["uri"].(string)
		return []string{"-p", fmt.Sprintf(`data={"uri": %q, "metadata": {"by": "hand"}}`, uri), "-p", fmt.Sprintf(`all=[%q, {"uri": %q}]`, uri, uri), "-p", "uri=" + uri}
	}
	meta := t.TempDir() // what the first run made is read by the second
	first := decode(t, kfp(t, meta, "run", "testdata/contract/make.yaml", "--output", "json"))
	want.judge(t, "here", here(t, "testdata/contract/read.yaml", args(first)...), "")
	made, _ := there(t, "testdata/contract/make.yaml")
	read, log := there(t, "testdata/contract/read.yaml", args(made)...)
	want.judge(t, "there", read, log)
}

func TestE2EContract(t *testing.T) {
	for name, c := range contracts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join("testdata", "contract", c.file+".yaml")
			args := append([]string{}, c.args...)
			if c.python {
				withSDK(t)
			}
			local := here(t, file, args...)
			cluster, log := there(t, file, args...)
			c.judge(t, "here", local, log)
			c.judge(t, "there", cluster, log)
			for _, text := range c.log {
				if !strings.Contains(log, text) {
					t.Errorf("no %q in the log\n%s", text, log)
				}
			}
		})
	}
}

func (c contract) judge(t *testing.T, where string, r run, log string) {
	t.Helper()
	want := c.state
	if want == "" {
		want = "succeeded"
	}
	if r.State != want {
		t.Errorf("%s: %s, want %s\n%s\n%s", where, r.State, want, strings.Join(states(r), "\n"), log)
	}
	if got := outputs(r); c.outputs != nil && !reflect.DeepEqual(got, c.outputs) {
		for k, v := range c.outputs {
			if !reflect.DeepEqual(got[k], v) {
				t.Errorf("%s: %s is\n%#v, want\n%#v", where, k, got[k], v)
			}
			delete(got, k)
		}
		for k, v := range got {
			t.Errorf("%s: %s is %#v, want nothing", where, k, v)
		}
	}
	all := states(r)
	for path, state := range c.tasks {
		if !strings.Contains("\n"+strings.Join(all, "\n")+"\n", "\n"+path+" "+state+"\n") {
			t.Errorf("%s: task %s is not %s:\n%s", where, path, state, strings.Join(all, "\n"))
		}
	}
}

// withSDK skips a test where no Python with the KFP SDK is first in PATH or
// named by KFPGO_E2E_PYTHON, a folder with such a python3.
func withSDK(t *testing.T) {
	t.Helper()
	if exec.Command("python3", "-c", "import kfp.dsl.executor_main").Run() != nil {
		t.Skipf("no KFP SDK in PATH %s: put a Python with it first", os.Getenv("PATH"))
	}
}
