package argo

import (
	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

// addUnstarted gives a node to each task that a stopped or failed DAG never
// came to: Argo makes none, but the task was there and was skipped.
func addUnstarted(wf *wfv1.Workflow) {
	if !wf.Status.Fulfilled() || wf.Status.Phase == wfv1.WorkflowSucceeded {
		return
	}
	templates := map[string]*wfv1.Template{}
	for i := range wf.Spec.Templates {
		templates[wf.Spec.Templates[i].Name] = &wf.Spec.Templates[i]
	}
	started := map[[2]string]bool{} // boundary, task
	var dags []wfv1.NodeStatus
	for _, n := range wf.Status.Nodes {
		started[[2]string{n.BoundaryID, n.DisplayName}] = true
		if n.Type == wfv1.NodeTypeDAG {
			dags = append(dags, n)
		}
	}
	for _, dag := range dags {
		t := templates[dag.TemplateName]
		if t == nil || t.DAG == nil {
			continue
		}
		for _, task := range t.DAG.Tasks {
			leaf := templates[task.Template]
			if leaf == nil || leaf.Container == nil && leaf.Resource == nil || loops(&task) || started[[2]string{dag.ID, task.Name}] {
				continue
			}
			id := dag.ID + "/" + task.Name // no id of Argo's holds a slash
			wf.Status.Nodes[id] = wfv1.NodeStatus{ID: id, Name: dag.Name + "." + task.Name, DisplayName: task.Name, BoundaryID: dag.ID,
				TemplateName: task.Template, Type: wfv1.NodeTypeSkipped, Phase: wfv1.NodeOmitted}
		}
	}
}

func loops(t *wfv1.DAGTask) bool {
	return t.WithSequence != nil || t.WithParam != "" || len(t.WithItems) > 0
}
