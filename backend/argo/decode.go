package argo

import (
	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/kfp-go/kfp-go/backend"
	lowered "github.com/kfp-go/kfp-go/compiler/argo"
)

// What the nodes of a Workflow mean is known to the package that made it.

// A decoder reads one Workflow.
type decoder struct {
	wf     *wfv1.Workflow
	reader *lowered.Reader
}

func newDecoder(wf *wfv1.Workflow) *decoder {
	addUnstarted(wf)
	return &decoder{wf: wf, reader: lowered.NewReader(wf)}
}

// pipeline is the pipeline's name.
func (d *decoder) pipeline() string {
	if name := d.wf.Annotations[lowered.NotePipeline]; name != "" {
		return name
	}
	return d.wf.Labels[lowered.LabelPipeline]
}

// paths gives the task path of each node that stands for a task. A Workflow
// that kfp-go did not make has the names that Argo shows.
func (d *decoder) paths() map[string]string {
	if d.pipeline() != "" {
		return d.reader.TaskPaths()
	}
	return foreignPaths(d.wf)
}

func foreignPaths(wf *wfv1.Workflow) map[string]string {
	paths := map[string]string{}
	for id, n := range wf.Status.Nodes {
		switch n.Type {
		case wfv1.NodeTypePod, wfv1.NodeTypeRetry, wfv1.NodeTypeSkipped:
			paths[id] = n.DisplayName
		}
	}
	for _, n := range wf.Status.Nodes {
		for _, id := range n.Children {
			if child, ok := wf.Status.Nodes[id]; ok && n.Type == wfv1.NodeTypeRetry && isAttempt(&n, &child) {
				delete(paths, id)
			}
		}
	}
	return paths
}

func (d *decoder) parameters() map[string]any { return d.reader.Parameters() }

func (d *decoder) outputs() map[string]backend.Output { return outputs(d.reader.Outputs()) }

// values are the inputs and outputs of an attempt; what an unfinished one has
// so far is nobody's output.
func (d *decoder) values(node *wfv1.NodeStatus) (in, out map[string]backend.Output) {
	i, o := d.reader.Values(node)
	if node.Phase != wfv1.NodeSucceeded {
		o = nil
	}
	return outputs(i), outputs(o)
}

func outputs(in map[string]lowered.Result) map[string]backend.Output {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]backend.Output, len(in))
	for name, r := range in {
		o := backend.Output{Value: r.Value, Artifact: artifact(r.Artifact)}
		if r.List != nil {
			o.List = make([]*backend.Artifact, len(r.List))
			for i, a := range r.List {
				o.List[i] = artifact(a)
			}
		}
		out[name] = o
	}
	return out
}

func artifact(a *lowered.Located) *backend.Artifact {
	if a == nil {
		return nil
	}
	return &backend.Artifact{URI: a.URI, Type: a.Type, Metadata: a.Metadata, Bytes: -1}
}
