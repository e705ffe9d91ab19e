//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"testing"
	"time"
)

// root is the checkout; shared, where it exists, holds the corpus.
const root = "../../.."

// A result is what one invocation of the program left behind.
type result struct {
	stdout, stderr string
	exit           int
}

// A run is the part of the JSON shape that these tests look at.
type run struct {
	APIVersion string         `json:"apiVersion"`
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	State      string         `json:"state"`
	Outputs    map[string]any `json:"outputs"`
	Tasks      []task         `json:"tasks"`
}

type task struct {
	Path    string         `json:"path"`
	State   string         `json:"state"`
	Attempt int            `json:"attempt"`
	Message string         `json:"message"`
	Outputs map[string]any `json:"outputs"`
}

func program(t *testing.T) string {
	t.Helper()
	bin, err := filepath.Abs(filepath.Join(root, "bin", "kfp-go"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(bin); err != nil {
		t.Fatalf("%v: run make build first", err)
	}
	return bin
}

// kfp runs the program in dir with a metadata folder of its own.
func kfp(t *testing.T, meta string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t), args...)
	cmd.Env = append(os.Environ(), "KFPGO_METADATA="+meta, "NO_COLOR=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		t.Fatal(err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// decode reads the run that --output json printed.
func decode(t *testing.T, r result) run {
	t.Helper()
	var out run
	if err := json.Unmarshal([]byte(r.stdout), &out); err != nil {
		t.Fatalf("no JSON run on standard output: %v\nstdout: %s\nstderr: %s", err, r.stdout, r.stderr)
	}
	return out
}

func here(t *testing.T, pipeline string, args ...string) run {
	t.Helper()
	return decode(t, kfp(t, t.TempDir(), append([]string{"run", pipeline, "--output", "json"}, args...)...))
}

// there submits and waits; it returns the run and the log that --logs wrote.
func there(t *testing.T, pipeline string, args ...string) (run, string) {
	t.Helper()
	r := kfp(t, t.TempDir(), append([]string{"submit", pipeline, "--wait", "--logs", "--output", "json"}, args...)...)
	return decode(t, r), r.stderr
}

// comparable drops what must differ between two places: where artifacts lie
// and their digests and sizes.
func comparable(v any) any {
	if list, ok := v.([]any); ok {
		out := make([]any, len(list))
		for i, x := range list {
			out[i] = comparable(x)
		}
		return out
	}
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	if _, artifact := m["uri"]; artifact {
		return map[string]any{"type": m["type"]}
	}
	return v
}

func outputs(r run) map[string]any {
	out := map[string]any{}
	for k, v := range r.Outputs {
		out[k] = comparable(v)
	}
	return out
}

// states lists "path state" of each task, sorted. A task whose result was
// cached counts as succeeded: one of the two places may have seen it before.
func states(r run) []string {
	var out []string
	for _, t := range r.Tasks {
		state := t.State
		if state == "cached" {
			state = "succeeded"
		}
		out = append(out, fmt.Sprintf("%s %s", t.Path, state))
	}
	sort.Strings(out)
	return out
}

// agree runs a pipeline here and there and wants the same state, outputs and
// task states; it returns the run of the cluster and its log.
func agree(t *testing.T, pipeline, state string, args ...string) (run, string) {
	t.Helper()
	local := here(t, pipeline, args...)
	cluster, log := there(t, pipeline, args...)
	if local.State != state || cluster.State != state {
		t.Errorf("states: here %s, there %s, want %s\n%s", local.State, cluster.State, state, log)
	}
	if a, b := outputs(local), outputs(cluster); !reflect.DeepEqual(a, b) {
		t.Errorf("outputs differ:\nhere  %v\nthere %v", a, b)
	}
	if a, b := states(local), states(cluster); !reflect.DeepEqual(a, b) {
		t.Errorf("task states differ:\nhere  %s\nthere %s", strings.Join(a, ", "), strings.Join(b, ", "))
	}
	return cluster, log
}

func TestE2EExamples(t *testing.T) {
	clusterGPUs(t)
	want := map[string]map[string]any{
		"hello":     {"text": "HELLO, WORLD!"},
		"iris":      nil,
		"gpu-train": {"loss": 0.4096},
		"fan-out":   {"scores": []any{2.0, 2.0, 4.0}, "decision": "go: [2,2,4]"},
		"from-kfp":  {"sum": 14.0},
	}
	for _, name := range []string{"hello", "iris", "gpu-train", "fan-out", "from-kfp"} {
		t.Run(name, func(t *testing.T) {
			r, _ := agree(t, filepath.Join(root, "examples", name), "succeeded")
			for k, v := range want[name] {
				if !reflect.DeepEqual(r.Outputs[k], v) {
					t.Errorf("output %s is %v, want %v", k, r.Outputs[k], v)
				}
			}
		})
	}
}

// clusterGPUs asks for the GPUs that the gpu-train example needs, where the
// cluster is one that can be told.
func clusterGPUs(t *testing.T) {
	t.Helper()
	tool := filepath.Join(root, "..", "shared", "cluster", "cluster")
	if _, err := os.Stat(tool); err != nil {
		return
	}
	if out, err := exec.Command(tool, "gpus", "4", "NVIDIA-A100-SXM4-80GB").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// Text that every layer between the author and the program would like to
// change arrives byte for byte, as literal and as parameter, here and there.
func TestE2EText(t *testing.T) {
	bites := "{{workflow.name}} {{=1+1}} {{{{ }} $(HOME) $$ $ $$(HOME) ${{ 'x' }} $é $x \"q\" 'q' \\ \\n\nnew line\ttab é 🎉 {% if %} %s `x` $(id) ; exit 3 # {{=toJson(1)}}"
	dir := t.TempDir()
	doc := map[string]any{
		"pipeline": "bites",
		"inputs":   map[string]any{"text": map[string]any{"type": "string"}},
		"outputs":  map[string]any{"literal": "${{ tasks.literal.outputs.text }}", "given": "${{ tasks.given.outputs.text }}", "again": "${{ tasks.again.outputs.text }}"},
		"components": map[string]any{
			"literal": map[string]any{"image": "busybox:1", "outputs": map[string]any{"text": "string"},
				"command": []any{"sh", "-c", `printf %s "$0" > "$1"`, strings.ReplaceAll(bites, "${{", "$${{"), "${{ outputs.text.path }}"}},
			"copy": map[string]any{"image": "busybox:1", "inputs": map[string]any{"text": "string"}, "outputs": map[string]any{"text": "string"},
				"command": []any{"sh", "-c", `printf %s "$0" > "$1"`, "${{ inputs.text }}", "${{ outputs.text.path }}"}},
			"script": map[string]any{"image": "busybox:1", "inputs": map[string]any{"text": "string"}, "outputs": map[string]any{"text": "string"},
				"script": `printf %s "$INPUT_TEXT" > "$OUTPUT_TEXT"`},
		},
		"tasks": map[string]any{
			"literal": map[string]any{"component": "literal"},
			"given":   map[string]any{"component": "copy", "inputs": map[string]any{"text": "${{ inputs.text }}"}},
			"again":   map[string]any{"component": "script", "inputs": map[string]any{"text": "${{ tasks.given.outputs.text }}"}},
		},
	}
	file := filepath.Join(dir, "bites.yaml") // JSON is YAML
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, b)
	write(t, filepath.Join(dir, "text"), []byte(bites))
	r, _ := agree(t, file, "succeeded", "-p", "text=@"+filepath.Join(dir, "text"))
	for name, got := range r.Outputs {
		if got != bites {
			t.Errorf("output %s:\ngot  %q\nwant %q", name, got, bites)
		}
	}
}

// 100 KB of biting text known only at run time: nothing is cut, nothing
// replaced by the name of a file.
func TestE2EBigText(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "big.yaml"), []byte(`pipeline: big
outputs: {sum: "${{ tasks.take.outputs.sum }}", made: "${{ tasks.make.outputs.sum }}"}
components:
  make:
    image: busybox:1
    outputs: {text: string, sum: string}
    script: |
      i=0
      while [ $i -lt 1600 ]; do printf '%s' '{{workflow.name}} $(HOME) $$ {{=1+1}} "quoted" {{{{ \ é 🎉 x
      '; i=$((i + 1)); done > "$OUTPUT_TEXT"
      printf . >> "$OUTPUT_TEXT"
      md5sum < "$OUTPUT_TEXT" | cut -c 1-32 > "$OUTPUT_SUM"
      wc -c < "$OUTPUT_TEXT"
  take:
    image: busybox:1
    inputs: {text: string}
    outputs: {sum: string}
    command: [sh, -c, 'printf %s "$0" | md5sum | cut -c 1-32 > "$1"', "${{ inputs.text }}", "${{ outputs.sum.path }}"]
tasks:
  make: {component: make}
  take: {component: take, inputs: {text: "${{ tasks.make.outputs.text }}"}}
`))
	r, log := agree(t, filepath.Join(dir, "big.yaml"), "succeeded")
	if r.Outputs["sum"] != r.Outputs["made"] || r.Outputs["sum"] == nil {
		t.Errorf("%v\n%s", r.Outputs, log)
	}
}

// A failing body fails the run although its exit task succeeds; what depended
// on it is skipped.
func TestE2EFinallyDoesNotMask(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p.yaml"), []byte(`pipeline: masked
components:
  fail: {image: "busybox:1", outputs: {x: string}, script: "exit 7"}
  say:  {image: "busybox:1", inputs: {text: string}, script: 'echo "said: $INPUT_TEXT"'}
tasks:
  broken: {component: fail}
  never:  {component: say, inputs: {text: "${{ tasks.broken.outputs.x }}"}}
finally:
  report: {component: say, inputs: {text: "${{ status.state }}"}}
`))
	_, log := agree(t, filepath.Join(dir, "p.yaml"), "failed")
	if !strings.Contains(log, "said: FAILED") {
		t.Errorf("the exit task did not see the failure\n%s", log)
	}
}

// More than a hundred tasks in one DAG are cut into chunks; a skipped producer
// skips exactly its consumers wherever the cuts fall.
func TestE2EChunks(t *testing.T) {
	var b strings.Builder
	b.WriteString(`pipeline: chunks
inputs: {go: {type: boolean, default: false}}
outputs: {last: "${{ tasks.t119.outputs.n }}"}
components:
  first: {image: "busybox:1", outputs: {n: integer}, script: 'echo 0 > "$OUTPUT_N"'}
  add: {image: "busybox:1", inputs: {n: integer}, outputs: {n: integer}, script: 'echo $((INPUT_N + 1)) > "$OUTPUT_N"'}
tasks:
  t000: {component: first}
  s000: {component: first, when: "${{ inputs.go }}"}
`)
	// A chain of loops would take minutes of pods: 118 tasks hang off t000, the
	// last but one behind a task of the first chunk, and one behind a skipped one.
	for i := 1; i < 118; i++ {
		fmt.Fprintf(&b, "  t%03d: {component: add, inputs: {n: \"${{ tasks.%s.outputs.n }}\"}, when: \"${{ inputs.go || %t }}\"}\n", i, "t000", i == 117)
	}
	b.WriteString("  t118: {component: add, inputs: {n: \"${{ tasks.s000.outputs.n }}\"}}\n")
	b.WriteString("  t119: {component: add, inputs: {n: \"${{ tasks.t117.outputs.n }}\"}}\n")
	b.WriteString("  t120: {component: add, inputs: {n: \"${{ tasks.t118.outputs.n }}\"}}\n")
	file := filepath.Join(t.TempDir(), "p.yaml")
	write(t, file, []byte(b.String()))
	r, _ := agree(t, file, "succeeded")
	if r.Outputs["last"] != 2.0 {
		t.Errorf("last is %v", r.Outputs["last"])
	}
	for _, x := range r.Tasks {
		if (x.Path == "t118" || x.Path == "t120" || x.Path == "s000") && x.State != "skipped" {
			t.Errorf("%s is %s", x.Path, x.State)
		}
	}
}

// Nested loops keep order, leave out skipped iterations and give [] for none.
func TestE2ELoops(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.yaml")
	write(t, file, []byte(`pipeline: loops
inputs:
  rows: {type: list, default: [[1, 2], [], [3]]}
  none: {type: list, items: integer, default: []}
outputs:
  nested: ${{ tasks.outer.outputs.all }}
  empty: ${{ tasks.nothing.outputs.all }}
  some: ${{ tasks.odd.outputs.all }}
components:
  twice: {image: "busybox:1", inputs: {n: integer}, outputs: {n: integer}, script: 'echo $((INPUT_N * 2)) > "$OUTPUT_N"'}
tasks:
  outer:
    for-each: ${{ inputs.rows }}
    as: row
    tasks:
      inner:
        for-each: ${{ row }}
        as: n
        tasks: {twice: {component: twice, inputs: {n: "${{ int(n) }}"}}}
        outputs: {doubled: "${{ tasks.twice.outputs.n }}"}
    outputs: {all: "${{ tasks.inner.outputs.doubled }}"}
  nothing:
    for-each: ${{ inputs.none }}
    tasks: {twice: {component: twice, inputs: {n: "${{ item }}"}}}
    outputs: {all: "${{ tasks.twice.outputs.n }}"}
  odd:
    for-each: [1, 2, 3]
    as: k
    tasks: {twice: {component: twice, when: "${{ k != 2 }}", inputs: {n: "${{ k }}"}}}
    outputs: {all: "${{ tasks.twice.outputs.n }}"}
`))
	r, _ := agree(t, file, "succeeded")
	want := map[string]any{"nested": []any{[]any{2.0, 4.0}, []any{}, []any{6.0}}, "empty": []any{}, "some": []any{2.0, 6.0}}
	if !reflect.DeepEqual(r.Outputs, want) {
		t.Errorf("got %v, want %v", r.Outputs, want)
	}
}

// Much of the language at once: number forms, absent inputs, arguments with
// conditions, pipelines as components, folders through loops, skips, groups with
// conditions and exit tasks of their own.
func TestE2ESink(t *testing.T) {
	r, log := agree(t, "testdata/sink", "succeeded")
	want := map[string]any{
		"args":  `<n=1000000><--none><s={"a":{"k":"é{{x}}"},"b":[1,"x",null,true]}><true><big>`,
		"args2": `<n=0.0000001><--note><two words><s={"y":"$(HOME)","z":[1.5,2]}><false><small>`,
		"group": "é{{x}}",
		"inner": 44.0,
		"n":     []any{3.0, 5.0, 2.0, 3.0},
		"note":  "note=",
		"t":     []any{"a b", "{{c}}", "$d", `"e"`},
		"total": "[4,6,4] of 5",
	}
	if !reflect.DeepEqual(r.Outputs, want) {
		t.Errorf("got  %v\nwant %v\n%s", r.Outputs, want, log)
	}
}

// A failed task, a failed iteration and tasks that do not mind.
func TestE2EFailures(t *testing.T) {
	r, _ := agree(t, "testdata/fails.yaml", "failed")
	want := []string{"broken failed", "clean succeeded", "free succeeded", "loop[0]/fail skipped", "loop[0]/fine succeeded",
		"loop[1]/fail failed", "loop[1]/fine succeeded", "loop[2]/fail skipped", "loop[2]/fine succeeded", "more succeeded"}
	if got := states(r); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// A task that fails twice and then succeeds is tried again within its budget.
func TestE2ERetry(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.yaml")
	// Exit 143 is preemption: two retries are allowed for it, none for errors.
	write(t, file, []byte(`pipeline: retries
components:
  error: {image: "busybox:1", script: "exit 1"}
  preempted: {image: "busybox:1", script: "exit 143"}
tasks:
  a: {component: error, retry: {limit: 0, on: {preempted: 2}, backoff: {duration: 1s}}}
  b: {component: preempted, retry: {limit: 0, on: {preempted: 2}, backoff: {duration: 1s}}}
  c: {component: error, retry: {limit: 1, backoff: {duration: 1s}}}
`))
	r, log := agree(t, file, "failed")
	for path, attempts := range map[string]int{"a": 1, "b": 3, "c": 2} {
		for _, x := range r.Tasks {
			if x.Path == path && x.Attempt != attempts {
				t.Errorf("%s took %d attempts, want %d\n%s", path, x.Attempt, attempts, log)
			}
		}
	}
}

func write(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// An output of a group that cannot be computed fails the group, the run ends and
// does not succeed: Argo by itself would wait for ever for what comes behind it.
func TestE2EOutputsThatFail(t *testing.T) {
	for name, text := range map[string]string{
		"expression": `pipeline: expression
inputs: {t: {type: string, default: "no number"}}
components: {say: {image: "busybox:1", script: "true"}}
tasks:
  loop: {for-each: [a], tasks: {t: {component: say}}, outputs: {n: "${{ int(inputs.t) }}"}}
  last: {component: say, after: loop}
`,
		"masked": `pipeline: masked
inputs: {t: {type: string, default: "no number"}}
components: {say: {image: "busybox:1", script: "true"}}
tasks:
  good: {component: say}
  group: {tasks: {t: {component: say}}, outputs: {n: "${{ int(inputs.t) }}"}}
  last: {component: say, after: [good, group]}
`,
		"program": `pipeline: program
components:
  make: {image: "busybox:1", outputs: {n: integer}, script: 'echo "x is missing" > "$OUTPUT_N"'}
  say: {image: "busybox:1", script: "true"}
tasks:
  group: {tasks: {t: {component: make}}, outputs: {n: "${{ tasks.t.outputs.n }}"}}
  last: {component: say, after: group}
`,
		"import": `pipeline: import
inputs: {t: {type: string, default: "no number"}}
components:
  fetch: {inputs: {u: string}, outputs: {a: Dataset}, import: {uri: "gs://${{ int(inputs.u) }}"}}
  say: {image: "busybox:1", script: "true"}
tasks:
  fetch: {component: fetch, inputs: {u: "${{ inputs.t }}"}}
  last: {component: say, after: fetch}
`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "p.yaml")
			write(t, file, []byte(text))
			local := here(t, file)
			cluster, log := there(t, file)
			if local.State != "failed" || cluster.State != "failed" {
				t.Errorf("here %s, there %s\n%s", local.State, cluster.State, log)
			}
		})
	}
}
