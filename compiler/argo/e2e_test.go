//go:build e2e

package argo_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/pkg/client/clientset/versioned"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kfp-go/kfp-go/compiler/argo"
)

// What no validator can tell: what a real controller, kubelet and executor
// make of the manifests.

type wanted struct {
	text    string // the pipeline; "": testdata/NAME.yaml
	opt     argo.Options
	phase   wfv1.WorkflowPhase
	outputs map[string]any
	tasks   map[string]string // path: phase of the node; those named only
}

const biting = "a {{workflow.name}} {{=1+1}} {{{{ $(HOME) $$ ' \" é😀 \n x"

func cases() map[string]wanted {
	return map[string]wanted{
		"text": {phase: wfv1.WorkflowSucceeded,
			opt: argo.Options{Args: map[string]any{"p": "given " + biting}},
			outputs: map[string]any{"o": "given " + biting,
				"l": []any{"{{workflow.name}}", "$x", int64(1), map[string]any{"a": map[string]any{"b": nil}}}}},
		"big": {phase: wfv1.WorkflowSucceeded, outputs: map[string]any{"n": int64(102000),
			"a": "d82c72ea3e7970238d6c14e15b4d615d", "b": "d82c72ea3e7970238d6c14e15b4d615d"}},
		"loops": {phase: wfv1.WorkflowSucceeded,
			outputs: map[string]any{"a": []any{int64(1), int64(9)}, "s": []any{"[1]", "[1]"}, "e": []any{}, "n": []any{[]any{int64(1)}, []any{}, []any{int64(4), int64(9)}}},
			tasks:   map[string]string{"a[0]/sq": "Succeeded", "a[1]/sq": "Skipped", "n[2]/m[1]/sq": "Succeeded"}},
		"branches": {phase: wfv1.WorkflowSucceeded, outputs: map[string]any{"said": "small"},
			tasks: map[string]string{"size[2]/small": "Succeeded", "read": "Succeeded", "skipped": "Skipped", "behind": "Omitted"}},
		"failures": {phase: wfv1.WorkflowFailed, outputs: map[string]any{},
			tasks: map[string]string{"bad": "Failed", "tolerant": "Succeeded", "never": "Omitted", "end": "Succeeded"}},
		"memory": {phase: wfv1.WorkflowSucceeded, outputs: map[string]any{"m": "209715200"}},
		"chunks": {text: chunks(), phase: wfv1.WorkflowSucceeded, outputs: map[string]any{"a": int64(4), "t": "q{{x}}${{x}}$"},
			tasks: map[string]string{"first": "Succeeded", "skipped": "Skipped", "group/g": "Succeeded", "late": "Succeeded", "later": "Succeeded",
				"gone": "Skipped", "gone2": "Omitted", "gone3": "Skipped", "tolerant": "Succeeded"}},
	}
}

// chunks is a DAG that is cut in two, with values, artifacts and skips across
// the cut.
func chunks() string {
	var b strings.Builder
	b.WriteString(`pipeline: chunks
components:
  a:
    image: busybox:1
    inputs: {x: {type: integer, default: 0}, s: {type: string, default: q}, d: {type: Dataset, optional: true}}
    outputs: {y: integer, t: string, d: Dataset}
    script: |
      echo $((INPUT_X + 1)) > $OUTPUT_Y
      echo "$INPUT_S{{x}}$" > $OUTPUT_T
      if [ -n "$INPUT_D" ]; then cat $INPUT_D > $OUTPUT_D; fi
      echo $INPUT_X >> $OUTPUT_D
inputs: {skip: {type: boolean, default: true}}
tasks:
  first: {component: a, inputs: {x: 1}}
  skipped: {component: a, when: "${{ !inputs.skip }}", inputs: {x: 2}}
  group: {tasks: {g: {component: a, inputs: {x: 7}}}, outputs: {d: "${{ tasks.g.outputs.d }}"}}
`)
	for i := range 100 {
		fmt.Fprintf(&b, "  f%d: {component: a, when: \"${{ !inputs.skip }}\"}\n", i)
	}
	b.WriteString(`  late: {component: a, inputs: {x: "${{ tasks.first.outputs.y }}", s: "${{ tasks.first.outputs.t }}", d: "${{ tasks.group.outputs.d }}"}}
  later: {component: a, inputs: {x: "${{ tasks.late.outputs.y }}", d: "${{ tasks.late.outputs.d }}"}}
  gone: {component: a, inputs: {x: "${{ tasks.skipped.outputs.y }}"}}
  gone2: {component: a, after: [gone, first]}
  gone3: {component: a, after: [skipped]}
  tolerant: {component: a, inputs: {x: "${{ tasks.late.outputs.y }}"}, after: [gone], trigger: completed}
outputs: {a: "${{ tasks.later.outputs.y }}", b: "${{ tasks.skipped.outputs.y }}", t: "${{ tasks.late.outputs.t }}"}
`)
	return b.String()
}

func TestCluster(t *testing.T) {
	client := client(t)
	for name, want := range cases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := []byte(want.text)
			if want.text == "" {
				var err error
				if text, err = os.ReadFile("testdata/" + name + ".yaml"); err != nil {
					t.Fatal(err)
				}
			}
			m := manifest(t, name+".yaml", text, want.opt)
			wf := finish(t, client, m.Object.(*wfv1.Workflow))
			check(t, wf, want)
		})
	}
}

func client(t *testing.T) versioned.Interface {
	t.Helper()
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	c, err := versioned.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// finish runs a Workflow to its end and removes it.
func finish(t *testing.T, c versioned.Interface, wf *wfv1.Workflow) *wfv1.Workflow {
	t.Helper()
	namespace := "default"
	if n := os.Getenv("KFPGO_E2E_NAMESPACE"); n != "" {
		namespace = n
	}
	all := c.ArgoprojV1alpha1().Workflows(namespace)
	made, err := all.Create(t.Context(), wf, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if !t.Failed() {
			_ = all.Delete(t.Context(), made.Name, metav1.DeleteOptions{})
		}
	}()
	deadline := time.Now().Add(10 * time.Minute)
	watch, err := all.Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + made.Name, ResourceVersion: made.ResourceVersion})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { watch.Stop() }()
	for time.Now().Before(deadline) {
		select {
		case _, open := <-watch.ResultChan():
			now, err := all.Get(t.Context(), made.Name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if now.Status.Fulfilled() {
				return now
			}
			if !open {
				if watch, err = all.Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + made.Name, ResourceVersion: now.ResourceVersion}); err != nil {
					t.Fatal(err)
				}
			}
		case <-time.After(time.Until(deadline)):
		}
	}
	t.Fatalf("%s did not end", made.Name)
	return nil
}

func check(t *testing.T, wf *wfv1.Workflow, want wanted) {
	t.Helper()
	if wf.Status.Phase != want.phase {
		t.Errorf("%s: %s %s", wf.Name, wf.Status.Phase, wf.Status.Message)
	}
	r := argo.NewReader(wf)
	got := map[string]any{}
	for name, o := range r.Outputs() {
		if o.Artifact == nil && o.List == nil {
			got[name] = o.Value
		}
	}
	if diff := cmp.Diff(want.outputs, got); diff != "" {
		t.Errorf("%s: outputs (-want +got):\n%s", wf.Name, diff)
	}
	phases := map[string]string{}
	for id, path := range r.TaskPaths() {
		phases[path] = string(wf.Status.Nodes[id].Phase)
	}
	for path, phase := range want.tasks {
		if phases[path] != phase {
			t.Errorf("%s: task %s is %q, want %s", wf.Name, path, phases[path], phase)
		}
	}
}
