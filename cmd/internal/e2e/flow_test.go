//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// The flow of control in KFP's pipelines, by small ones that each set a trap.
// What is expected was worked out by hand from KFP's rules; the cluster and
// `kfp-go run` must both give it.
var flows = map[string]contract{
	"branches": {file: "branches", outputs: map[string]any{"joined": "six of 3+file of six of 3+none"}, tasks: map[string]string{
		"condition-branches-1/condition-3/condition-branches-4/condition-6/say": "succeeded", "needs-data": "skipped", "needs-order": "skipped",
	}},
	"first-branch": {file: "branches", args: []string{"-p", "n=1"}, outputs: map[string]any{"joined": "small+file of small+none"}},
	"ignore": {file: "ignore", state: "failed", tasks: map[string]string{
		"bad": "failed", "good": "succeeded", "whatever": "succeeded", "next": "succeeded", "never": "skipped",
	}},
	"exits": {file: "exits", state: "failed", tasks: map[string]string{
		"exit-handler-1/ok": "succeeded", "exit-handler-1/broken": "failed", "exit-handler-1/never": "skipped",
		"notify/state": "succeeded", "notify/condition-1/say": "succeeded",
		"exit-handler-2/ok": "succeeded", "clean-up": "failed", "for-loop-1[1]/bye": "succeeded",
	}, log: []string{"saw FAILED", "bye a", "bye b"}},
	"loops": {file: "loops", tasks: map[string]string{"for-loop-1[3]/condition-1/pair": "succeeded"}},
	"retry": {file: "retry", state: "failed", tasks: map[string]string{"inner/once": "succeeded", "inner/inherits": "failed", "inner/own": "failed"}},
}

// judgements look further than states and outputs.
var judgements = map[string]func(t *testing.T, where string, r run){
	"ignore": func(t *testing.T, where string, r run) {
		if got := taskOutput(r, "next", "out"); got != "[][fine][]" {
			t.Errorf("%s: what the task had of its upstream tasks is %v", where, got)
		}
		if n := attempts(r, "whatever"); n != 1 {
			t.Errorf("%s: it ran %d times", where, n)
		}
	},
	"exits": func(t *testing.T, where string, r run) {
		if got := taskOutput(r, "notify/state", "state"); got != "FAILED\n" {
			t.Errorf("%s: the exit task was told %q", where, got)
		}
		for _, path := range []string{"notify/condition-2/say", "exit-handler-1/never"} {
			if s := stateOf(r, path); s == "succeeded" || s == "failed" {
				t.Errorf("%s: %s is %s", where, path, s)
			}
		}
	},
	"loops": func(t *testing.T, where string, r run) {
		if got, want := r.Outputs["shown"], `[["p=1","p={\"k\":true}"],[]] ["4=big"]`; got != want {
			t.Errorf("%s: collected %v, want %v", where, got, want)
		}
		spans, _ := r.Outputs["spans"].([]any)
		if len(spans) != 4 || together(t, spans) > 2 {
			t.Errorf("%s: %d of %v at once", where, together(t, spans), spans)
		}
		for i, s := range spans {
			if !strings.HasPrefix(fmt.Sprint(s), fmt.Sprint(i+1, " ")) {
				t.Errorf("%s: iteration %d gave %v", where, i, s)
			}
		}
	},
	"retry": func(t *testing.T, where string, r run) {
		for path, want := range map[string]int{"inner/once": 1, "inner/inherits": 3, "inner/own": 2, "inner/deeper/again": 3} {
			if n := attempts(r, path); n != want {
				t.Errorf("%s: %d attempts of %s, want %d", where, n, path, want)
			}
		}
	},
}

func find(r run, path string) task {
	for _, t := range r.Tasks {
		if t.Path == path {
			return t
		}
	}
	return task{}
}

func taskOutput(r run, path, name string) any { return find(r, path).Outputs[name] }
func attempts(r run, path string) int         { return find(r, path).Attempt }
func stateOf(r run, path string) string       { return find(r, path).State }

// together is how many of the spans "NAME BEGIN END" overlap at most.
func together(t *testing.T, spans []any) int {
	t.Helper()
	type span struct{ begin, end int64 }
	var all []span
	for _, s := range spans {
		var name string
		var x span
		if _, err := fmt.Sscan(fmt.Sprint(s), &name, &x.begin, &x.end); err != nil {
			t.Fatalf("%v: %v", s, err)
		}
		all = append(all, x)
	}
	most := 0
	for _, x := range all {
		n := 0
		for _, y := range all {
			if y.begin <= x.begin && x.begin < y.end {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func flowFile(name string) string { return filepath.Join("testdata", "flow", name+".yaml") }

func TestE2EFlow(t *testing.T) {
	for name, c := range flows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			local := here(t, flowFile(c.file), c.args...)
			cluster, log := there(t, flowFile(c.file), c.args...)
			if !t.Failed() {
				defer deleteWorkflow(t, cluster.Name)
			}
			c.judge(t, "here", local, log)
			c.judge(t, "there", cluster, log)
			for _, text := range c.log {
				if !strings.Contains(log, text) {
					t.Errorf("no %q in the log\n%s", text, log)
				}
			}
			if judge := judgements[name]; judge != nil {
				judge(t, "here", local)
				judge(t, "there", cluster)
			}
			if a, b := states(local), states(cluster); !reflect.DeepEqual(a, b) {
				t.Errorf("task states differ:\nhere  %s\nthere %s", strings.Join(a, ", "), strings.Join(b, ", "))
			}
		})
	}
}

// Two runs of one pipeline at once share neither artifacts nor the claims that
// they make.
func TestE2EFlowShared(t *testing.T) {
	t.Parallel()
	names := []string{"one", "two"}
	runs := make([]run, len(names))
	var wg sync.WaitGroup
	for i, who := range names {
		wg.Add(1)
		go func() {
			defer wg.Done()
			runs[i], _ = there(t, flowFile("shared"), "-p", "who="+who)
		}()
	}
	wg.Wait()
	for i, r := range runs {
		defer deleteWorkflow(t, r.Name)
		if want := names[i] + " " + names[i]; r.State != "succeeded" || strings.TrimSpace(fmt.Sprint(r.Outputs["seen"])) != want || strings.TrimSpace(fmt.Sprint(r.Outputs["before"])) != "" {
			t.Errorf("%s: %s, %v; want to have seen %q and nothing before", names[i], r.State, r.Outputs, want)
		}
	}
	a, _ := runs[0].Outputs["file"].(map[string]any)
	b, _ := runs[1].Outputs["file"].(map[string]any)
	if a["uri"] == nil || a["uri"] == b["uri"] || runs[0].Outputs["claim"] == runs[1].Outputs["claim"] {
		t.Errorf("shared: %v and %v", runs[0].Outputs, runs[1].Outputs)
	}
}

// A controller that may not write its caches runs what merely allows caching, as
// KFP's SDK does by default: nothing asks for a cache. Where one is asked for, the
// task fails and says why, for Argo knows no cache that may fail.
func TestE2EFlowCacheForbidden(t *testing.T) {
	_, namespace := cluster(t)
	component := "forbidden-" + filepath.Base(filepath.Dir(t.TempDir()))[len("TestE2EFlowCacheForbidden"):]
	forbidConfigMaps(t, "kfp-go-"+component, "kfp-cache-"+namespace+"-"+component)
	b, err := os.ReadFile(flowFile("cache"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "pipeline.yaml")
	write(t, file, []byte(strings.ReplaceAll(string(b), "comp-once", "comp-"+component)))
	r, log := there(t, file)
	deleteWorkflow(t, r.Name)
	if r.State != "succeeded" {
		t.Errorf("without a cache: %s\n%s", r.State, log)
	}
	r, log = there(t, file, "--cache")
	deleteWorkflow(t, r.Name)
	if text := "could not save to config map cache"; r.State != "failed" || !strings.Contains(log, text) {
		t.Errorf("with a cache: %s, no %q in\n%s", r.State, text, log)
	}
}

// Caching is off unless it is asked for. With the right to write config maps,
// which the controller of these tests has, and asked for, a rerun hits the cache;
// one with another input, command or image does not.
func TestE2EFlowCache(t *testing.T) {
	if r := kfp(t, t.TempDir(), "compile", flowFile("cache")); r.exit != 0 || strings.Contains(r.stdout, "memoize") {
		t.Fatalf("exit %d: enableCache alone makes a cache\n%s", r.exit, r.stdout)
	}
	t.Parallel()
	b, err := os.ReadFile(flowFile("cache"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	dir := t.TempDir()
	variant := func(name, old, with string) string {
		file := filepath.Join(dir, name+".yaml")
		write(t, file, []byte(strings.ReplaceAll(text, old, with)))
		return file
	}
	unique := filepath.Base(filepath.Dir(dir)) // no earlier run of this test counts
	submit := func(file, word string) (string, string) {
		r, log := there(t, file, "--cache", "-p", "word="+word)
		deleteWorkflow(t, r.Name)
		if r.State != "succeeded" {
			t.Errorf("%s: %s\n%s", file, r.State, log)
		}
		return fmt.Sprint(r.Outputs["out"]), stateOf(r, "once")
	}
	same := variant("same", "flow-cache", "flow-cache")
	first, state := submit(same, unique)
	if state != "succeeded" {
		t.Errorf("the first run is %s", state)
	}
	if again, state := submit(same, unique); again != first || state != "cached" {
		t.Errorf("a rerun is %s and gives %q, not %q", state, again, first)
	}
	if other, state := submit(same, unique+"x"); other == first || state != "succeeded" {
		t.Errorf("with another input it is %s and gives %q", state, other)
	}
	if other, state := submit(variant("command", `echo "$0 `, `echo  "$0 `), unique); other == first || state != "succeeded" {
		t.Errorf("with another command it is %s and gives %q", state, other)
	}
	if other, state := submit(variant("image", "busybox:1", "busybox:latest"), unique); other == first || state != "succeeded" {
		t.Errorf("with another image it is %s and gives %q", state, other)
	}
}
