package e2ecorpus

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// An opinion is what the oracle says of a pipeline: the KFP SDK's own local
// runner, which shares no code with us.
type opinion struct {
	State   string                    `json:"state"`
	Reason  string                    `json:"reason"`
	Outputs map[string]any            `json:"outputs"`
	Tasks   map[string]map[string]any `json:"tasks"` // by path, in the oracle's words
}

// oracleHome is where the oracle keeps its Python with the KFP SDK.
func oracleHome() string {
	cache := setting("XDG_CACHE_HOME", filepath.Join(os.Getenv("HOME"), ".cache"))
	return setting("KFPGO_ORACLE", filepath.Join(cache, "kfp-go-oracle"))
}

// oracleTool is the oracle, which make names when it is there: it makes these
// tests worth their minutes.
func oracleTool() string { return os.Getenv("KFPGO_TEST_ORACLE") }

// needSDK skips a test where there is no Python with the KFP SDK. The oracle's
// first call makes one.
func needSDK(t *testing.T) {
	t.Helper()
	if why := haveSDK(); why != "" {
		t.Skip(why)
	}
}

var haveSDK = sync.OnceValue(func() string {
	tool := oracleTool()
	if tool == "" {
		return "KFPGO_TEST_ORACLE does not name the oracle"
	}
	if _, err := os.Stat(filepath.Join(oracleHome(), "bin", "python")); err == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	// It fails, for want of a file; what it needs is there afterwards.
	out, _ := exec.CommandContext(ctx, tool, "/dev/null").CombinedOutput()
	if _, err := os.Stat(filepath.Join(oracleHome(), "bin", "python")); err != nil {
		return "the oracle cannot be set up: " + string(out)
	}
	return ""
})

// ask runs the oracle.
func ask(t *testing.T, dir string, c *pipeline) *opinion {
	t.Helper()
	args := []string{c.path(dir)}
	given := c.arguments(t)
	for _, name := range sortedKeys(given) {
		b, err := json.Marshal(given[name])
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, name+"="+string(b))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var errs bytes.Buffer
	cmd := exec.CommandContext(ctx, oracleTool(), args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	var o opinion
	if bad := json.Unmarshal(out, &o); bad != nil {
		t.Errorf("the oracle says nothing: %v, %v\n%s", err, bad, tail(errs.String()))
		return nil
	}
	return &o
}

// able tells whether the oracle could run the pipeline at all.
func (o *opinion) able() bool { return o != nil && (o.State == "SUCCEEDED" || o.State == "FAILED") }

// compare holds a run against the oracle's opinion.
func (o *opinion) compare(t *testing.T, c *pipeline, r run, read reader) {
	t.Helper()
	if !o.able() || c.oracle != "" {
		return
	}
	if want := strings.ToLower(o.State); r.State != want {
		t.Errorf("%s, and the oracle says %s: %s", r.State, want, o.Reason)
		return
	}
	if c.random {
		return
	}
	for name, want := range o.Outputs {
		got := plain(t, r.Outputs[name], read)
		if want = plainOracle(want); !reflect.DeepEqual(got, want) {
			t.Errorf("output %s is %v, and the oracle says %v", name, got, want)
		}
	}
	if got, want := taskLines(spoken(r)), taskLines(o.Tasks); !slices.Equal(got, want) {
		t.Errorf("tasks' outputs:\n%s\nand the oracle says:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// spoken are the output parameters of the tasks that succeeded, under paths in
// the oracle's words: loops with the number of the iteration, other groups left
// out.
func spoken(r run) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, t := range r.Tasks {
		if t.State != "succeeded" {
			continue
		}
		elements := strings.Split(t.Path, "/")
		var words []string
		for i, e := range elements {
			if m := iteration.FindStringSubmatch(e); m != nil {
				words = append(words, m[1]+"-iteration-"+m[2])
			} else if i == len(elements)-1 {
				words = append(words, e)
			}
		}
		values := map[string]any{}
		for name, v := range t.Outputs {
			if !isArtifact(v) {
				values[name] = v
			}
		}
		name := strings.Join(words, "/")
		for out[name] != nil { // of different groups
			name += "-0"
		}
		out[name] = values
	}
	return out
}

var (
	iteration = regexp.MustCompile(`^(.*)\[(\d+)\]$`)
	numbered  = regexp.MustCompile(`(-\d+)+$`)
)

// taskLines is a set of tasks as sorted lines. The oracle names a task after its
// component, which the SDK numbers, so numbers at the end do not count.
func taskLines(tasks map[string]map[string]any) []string {
	var out []string
	for path, values := range tasks {
		dir, name := filepath.Split(path)
		b, _ := json.Marshal(values) // came from JSON
		if len(values) > 0 {
			out = append(out, fmt.Sprintf("%s%s %s", dir, numbered.ReplaceAllString(name, ""), b))
		}
	}
	slices.Sort(out)
	return out
}

// plainOracle is a value of the oracle as plain gives it.
func plainOracle(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plainOracle(v[i])
		}
		return out
	case map[string]any:
		if kind, ok := v["artifact"]; ok {
			text, _ := v["text"].(string)
			metadata, _ := v["metadata"].(map[string]any)
			if metadata == nil {
				metadata = map[string]any{}
			}
			return map[string]any{"type": kind, "metadata": metadata, "text": text}
		}
	}
	return v
}
