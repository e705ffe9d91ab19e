package argo_test

import (
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/google/go-cmp/cmp"

	"github.com/kfp-go/kfp-go/compiler/argo"
)

// What an executor says of an artifact that has no file, as metrics have none,
// is an output of the task; what it says of names that are no artifacts is not.
func TestMetadataWithoutFile(t *testing.T) {
	wf := &wfv1.Workflow{}
	wf.Spec.Templates = []wfv1.Template{{Name: "t", Metadata: wfv1.Metadata{}, Container: nil}}
	wf.Spec.Templates[0].Annotations = map[string]string{argo.NotePorts: `{"metrics":"artifact:system.Metrics other-name","n":"integer"}`}
	node := &wfv1.NodeStatus{TemplateName: "t", Outputs: &wfv1.Outputs{Parameters: []wfv1.Parameter{{Name: "executor-output", Value: wfv1.AnyStringPtr(
		`{"artifacts": {"metrics": {"artifacts": [{"name": "metrics", "uri": "/kfp/artifacts/run/t/pod/metrics", "metadata": {"accuracy": 0.5}}]},
			"n": {"artifacts": [{"uri": "/x"}]}, "unknown": {"artifacts": [{"uri": "/x"}]}, "empty": {"artifacts": []}}}`)}}}}
	_, out := argo.NewReader(wf).Values(node)
	want := map[string]argo.Result{"metrics": {Artifact: &argo.Located{URI: "run/t/pod/metrics", Type: "system.Metrics", Metadata: map[string]any{"accuracy": 0.5}}}}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Error(diff)
	}
}

// What stands in the file of an output is read as its reader in the workflow
// reads it, whichever way the program spells it.
func TestValuesOfFiles(t *testing.T) {
	for _, c := range []struct {
		kind, text string
		want       any
	}{
		{"boolean", "True", true}, {"boolean", "1\n", true}, {"boolean", "f", false}, {"boolean", "yes", "yes"},
		{"integer", " +42\n", int64(42)}, {"integer", "007", int64(7)}, {"integer", "3.0", "3.0"},
		{"number", "2.50", 2.5}, {"number", ".5", 0.5}, {"number", "1e3", int64(1000)}, {"number", "x", "x"},
		{"list", "[1, \"a\"]\n", []any{int64(1), "a"}}, {"struct", "{", "{"}, {"string", " 1\n", " 1\n"}, {"integer", "", nil},
	} {
		wf := &wfv1.Workflow{}
		wf.Spec.Templates = []wfv1.Template{{Name: "t"}}
		wf.Spec.Templates[0].Annotations = map[string]string{argo.NotePorts: `{"x":"` + c.kind + `"}`}
		node := &wfv1.NodeStatus{TemplateName: "t", Outputs: &wfv1.Outputs{Parameters: []wfv1.Parameter{{Name: "x", Value: wfv1.AnyStringPtr(c.text)}}}}
		_, out := argo.NewReader(wf).Values(node)
		if diff := cmp.Diff(c.want, out["x"].Value); diff != "" {
			t.Errorf("%s %q: %s", c.kind, c.text, diff)
		}
	}
}
