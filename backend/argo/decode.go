package argo

import (
	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/kfp-go/kfp-go/backend"
)

// What the nodes of a Workflow mean is known to the package that made it.

func pipelineName(wf *wfv1.Workflow) string { return wf.Labels["kfp-go/pipeline"] }

func taskPaths(wf *wfv1.Workflow) map[string]string {
	paths := map[string]string{}
	attempts := map[string]bool{}
	for _, n := range wf.Status.Nodes {
		if n.Type == wfv1.NodeTypeRetry {
			for _, c := range n.Children {
				attempts[c] = true
			}
		}
	}
	for id, n := range wf.Status.Nodes {
		switch n.Type {
		case wfv1.NodeTypePod, wfv1.NodeTypeRetry, wfv1.NodeTypeSkipped:
			if !attempts[id] {
				paths[id] = n.DisplayName
			}
		}
	}
	return paths
}

func runParameters(wf *wfv1.Workflow) map[string]any { return nil }

func runOutputs(wf *wfv1.Workflow) map[string]backend.Output { return nil }

func taskValues(wf *wfv1.Workflow, node string) (in, out map[string]backend.Output) { return nil, nil }
