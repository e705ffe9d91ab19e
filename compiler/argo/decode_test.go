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
