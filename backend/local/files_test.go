package local_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/local"
	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/corpustest"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/kfpspec"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// parse reads a pipeline of either language.
func parse(t *testing.T, name, text string) *ir.Pipeline {
	t.Helper()
	f := source.NewFile(name, []byte(text))
	var found diag.List
	docs := tree.Parse(f, found.Report)
	var p *ir.Pipeline
	if dsl.Recognize(docs) {
		p = dsl.Parse(t.Context(), f, docs, dsl.Options{Resolve: resolver(found.Report)}, found.Report)
	} else {
		p = kfpspec.Parse(f, docs, found.Report)
	}
	if p != nil && !found.Errors() {
		check.Pipeline(p, found.Report)
	}
	if p == nil || found.Errors() {
		for _, d := range found.Sorted() {
			t.Logf("%s: %s %s", d.Span, d.Code, d.Message)
		}
		t.Fatalf("%s cannot be read", name)
	}
	return p
}

// resolver opens component files beside the one that names them.
func resolver(report diag.Reporter) dsl.Resolver {
	return func(_ context.Context, ref ir.Ident, from *source.File, _ bool) *ir.Component {
		name := filepath.Join(filepath.Dir(from.Name()), ref.Text)
		b, err := os.ReadFile(name)
		if err != nil {
			report(diag.Diagnostic{Severity: diag.Error, Message: err.Error(), Span: ref.At})
			return nil
		}
		f := source.NewFile(name, b)
		return kfpspec.ParseComponent(f, tree.Parse(f, report), report)
	}
}

// run executes a pipeline to its end.
func run(t *testing.T, p *ir.Pipeline, args map[string]any, opt local.Options) (*local.Runner, *backend.Run) {
	t.Helper()
	if opt.Dir == "" {
		opt.Dir = filepath.Join(t.TempDir(), "runs")
	}
	l := local.New(opt)
	t.Cleanup(l.Close)
	r, err := l.Submit(t.Context(), backend.Submission{ID: backend.RunID(uuid.Must(uuid.NewV7()).String()), Pipeline: p, Args: args})
	if err != nil {
		t.Fatalf("Submit: %v", err)
	}
	var last *backend.Run
	for e, err := range l.Watch(context.WithoutCancel(t.Context()), r.ID) {
		if err != nil {
			t.Fatalf("Watch: %v", err)
		}
		if e.Run != nil {
			last = e.Run
		}
	}
	return l, last
}

func tell(r *backend.Run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.State, r.Message)
	for _, t := range r.Tasks {
		fmt.Fprintf(&b, "  %s=%s %s\n", t.Path, t.State, t.Message)
	}
	return b.String()
}

func states(r *backend.Run) string {
	var b strings.Builder
	b.WriteString(string(r.State))
	for _, t := range r.Tasks {
		fmt.Fprintf(&b, " %s=%s", t.Path, t.State)
	}
	return b.String()
}

const everything = `
pipeline: everything
inputs:
  regions: {type: list, items: string, default: [eu, us]}
  text: {type: string, default: "{{workflow.name}} $(HOME) $$ 'x' \"y\""}
  note: {type: string, optional: true}
components:
  say:
    image: busybox:1
    inputs: {text: string, note: {type: string, optional: true}}
    outputs: {text: string, size: integer, data: Dataset}
    script: |
      printf '%s' "$INPUT_TEXT" > "$OUTPUT_TEXT"
      printf '%s' "$INPUT_TEXT" | wc -c > "$OUTPUT_SIZE"
      printf '%s' "$INPUT_TEXT" > "$OUTPUT_DATA"
      if test -n "$INPUT_NOTE"; then echo "note $INPUT_NOTE"; fi
  read:
    image: busybox:1
    inputs: {data: Dataset, rate: number}
    outputs: {text: string}
    command: [sh, -ec]
    args:
      - 'cat "$0" > "$1"; printf " $2 {{x}} $(echo sub) $$" | sed "s/ [0-9]*$//" >> "$1"'
      - ${{ inputs.data.path }}
      - ${{ outputs.text.path }}
      - ${{ inputs.rate * 2.0 }}
outputs:
  sizes: ${{ tasks.each.outputs.sizes }}
  verdict: ${{ tasks.verdict.outputs.text }}
  text: ${{ tasks.first.outputs.text }}
tasks:
  first:
    component: say
    inputs: {text: "${{ inputs.text }}"}
  read:
    component: read
    inputs: {data: "${{ tasks.first.outputs.data }}", rate: 2}
  each:
    for-each: ${{ inputs.regions }}
    as: region
    parallelism: 1
    tasks:
      skip-eu:
        when: ${{ region != 'eu' }}
        component: say
        inputs: {text: "${{ region }}!", note: "${{ inputs.?note.orValue('none') }}"}
      all:
        component: say
        inputs: {text: "${{ region }}-${{ tasks.first.outputs.size }}"}
    outputs: {sizes: "${{ tasks.all.outputs.size }}"}
  verdict:
    branches:
      - when: ${{ tasks.each.outputs.sizes.all(s, s > 100) }}
        tasks: {big: {component: say, inputs: {text: big}}}
        outputs: {text: "${{ tasks.big.outputs.text }}"}
      - otherwise:
        tasks: {small: {component: say, inputs: {text: "small: ${{ tasks.each.outputs.sizes }}"}}}
        outputs: {text: "${{ tasks.small.outputs.text }}"}
finally:
  report: {component: say, inputs: {text: "${{ status.state }}"}}
`

func TestDSL(t *testing.T) {
	_, r := run(t, parse(t, "everything.yaml", everything), nil, local.Options{})
	want := "succeeded each[0]/all=succeeded each[0]/skip-eu=skipped each[1]/all=succeeded each[1]/skip-eu=succeeded " +
		"first=succeeded read=succeeded report=succeeded verdict[1]/small=succeeded"
	if got := states(r); got != want {
		t.Fatalf("got  %s\nwant %s\n%s", got, want, tell(r))
	}
	for name, want := range map[string]any{
		"text": `{{workflow.name}} $(HOME) $$ 'x' "y"`, "verdict": "small: [5,5]",
	} {
		if got := r.Outputs[name].Value; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := r.Tasks[6].Outputs["text"].Value; got != "SUCCEEDED" {
		t.Errorf("report: %v", got)
	}
}

// The examples run as they are.
func TestExamples(t *testing.T) {
	for _, name := range []string{"hello", "iris", "fan-out", "from-kfp"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("..", "..", "examples", name, "pipeline.yaml")
			b, err := os.ReadFile(file)
			if err != nil {
				t.Skip(err)
			}
			_, r := run(t, parse(t, file, string(b)), nil, local.Options{})
			if r.State != backend.Succeeded {
				t.Error(tell(r))
			}
		})
	}
}

// corpus are pipelines of KFP's own, found beside the checkout, with the states
// that their tasks must end in.
var corpus = []struct {
	file   string
	pip    bool // needs packages from the network
	args   map[string]any
	states string
}{
	{file: "essential/container_no_input.yaml"},
	{file: "sequential_v1.yaml", args: map[string]any{"param1": "a", "param2": "b"}},
	{file: "critical/flip_coin.yaml", pip: true},
	{file: "critical/producer_consumer_param_pipeline.yaml", pip: true},
	{file: "hello_world.yaml", pip: true},
	{file: "parallel_and_nested/nested_parallel_for_secret.yaml", pip: true},
	{file: "local_execution/local_execution_pipeline_with_oneof.yaml", pip: true},
	{file: "local_execution/local_execution_pipeline_with_exit_handler.yaml", pip: true},
}

func TestCorpus(t *testing.T) {
	files := map[string]corpustest.File{}
	for _, f := range corpustest.Files(t) {
		files[f.Name] = f
	}
	cache := t.TempDir()
	for _, c := range corpus {
		t.Run(c.file, func(t *testing.T) {
			if c.pip && testing.Short() {
				t.Skip("installs packages")
			}
			f, ok := files[c.file]
			if !ok {
				t.Skip("the corpus has no such file")
			}
			l, r := run(t, parse(t, c.file, string(f.Text(t))), c.args, local.Options{
				CacheDir: cache, Secrets: map[string]string{"test-secret-1/username": "user", "test-secret-2/username": "user"},
			})
			if r.State != backend.Succeeded || c.states != "" && states(r) != c.states {
				t.Error(tell(r))
				for line := range l.Logs(t.Context(), r.ID, backend.LogOptions{}) {
					t.Log(line.Task, line.Text)
				}
			}
		})
	}
}
