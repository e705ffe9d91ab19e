package argo

import (
	"strconv"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// importerUnit makes an artifact's record without a pod: a DAG whose only task
// never runs and whose output is the record.
func (l *lowerer) importerUnit(c *ir.Component) *unit {
	key := unitKey{component: c}
	if u, ok := l.units[key]; ok {
		return u
	}
	body := c.Body.(*ir.Importer)
	u := &unit{outs: map[string]outKind{body.Output: outJSON}}
	l.units[key] = u
	d := &dag{l: l, owner: c, leaf: true, notes: map[string]string{}}
	d.ports(u)
	at := &place{d: d, index: -1, outputs: true, facts: runFacts(u, body)}
	t := &wfv1.Template{DAG: &wfv1.DAGTemplate{Tasks: []wfv1.DAGTask{{
		Name: "nothing", When: "false", Inline: &wfv1.Template{Suspend: &wfv1.SuspendTemplate{Duration: "0"}}}}}}
	l.inputsOf(u, t)
	metadata := "fromJSON('{ }')"
	if body.Metadata != nil {
		metadata = at.value(body.Metadata).decoded()
	}
	if body.ToWorkspace {
		metadata = "sprig.dict('" + inWorkspace + "', true)"
		if body.Metadata != nil {
			metadata = "sprig.merge(" + metadata + ", " + at.value(body.Metadata).decoded() + ")"
		}
	}
	record := structExpr([]string{"metadata", "name", "type", "uri"}, []string{metadata, expr.ArgoString(body.Output),
		expr.ArgoConst(schemaRecord(body.Type)), at.value(body.URI).text()})
	if at.doubtful(body.URI) || at.doubtful(body.Metadata) {
		// See prove.
		t.DAG.Tasks[0].When = never([]string{"toJson(" + record + ")"})
	}
	t.Outputs.Parameters = []wfv1.Parameter{{Name: recordName(body.Output), ValueFrom: &wfv1.ValueFrom{Expression: "toJson(" + record + ")"}}}
	t.Annotations = map[string]string{NotePaths: `{"nothing":""}`, NotePorts: ir.JSON(map[string]any{portName(body.Output): portKind(body.Type)})}
	if body.ToWorkspace {
		l.toWorkspace(t, body, at.value(body.URI).text(), record)
	}
	u.template = l.add(l.componentName(c), t)
	l.foreign(body.URI)
	return u
}

// inWorkspace is the metadata by which KFP's SDK finds an artifact in the
// workspace, below workspaceFiles.
const (
	inWorkspace    = "_kfp_workspace"
	workspaceFiles = workspacePath + "/.artifacts"
)

// toWorkspace makes the importer a pod that only has its input: Argo puts the
// data into the workspace before the program starts, and the program is Argo's
// own, which every pod has, in an image that the pipeline needs anyway.
func (l *lowerer) toWorkspace(t *wfv1.Template, body *ir.Importer, uri, record string) {
	if l.p.Workspace == nil {
		l.fail(msgNoWorkspace(body.At))
		return
	}
	l.pods++
	t.DAG = nil
	delete(t.Annotations, NotePaths)
	t.Container = &corev1.Container{
		Image:        l.anyImage(),
		Command:      []string{"/var/run/argo/argoexec", "version"},
		VolumeMounts: []corev1.VolumeMount{{Name: workspaceName, MountPath: workspacePath}},
	}
	t.Inputs.Artifacts = append(t.Inputs.Artifacts, fetch(l.reachesOf(body.URI), "data", uri, workspaceFiles, true)...)
	t.Outputs.Parameters = []wfv1.Parameter{{Name: recordName(body.Output), Value: wfv1.AnyStringPtr(tag(wireExpr("toJson(" + record + ")")))}}
}

// anyImage is an image that some task of the pipeline has.
func (l *lowerer) anyImage() string {
	for _, c := range l.p.All() {
		if b := c.Container(); b != nil {
			if lit, ok := b.Image.(*ir.Literal); ok {
				return ir.Text(lit.V)
			}
		}
	}
	return "busybox"
}

// runFacts adds an input for each fact of the run that an importer reads: its
// record is computed where Argo knows none of them.
func runFacts(u *unit, body *ir.Importer) map[ir.RunField]string {
	var facts map[ir.RunField]string
	body.EachValue(func(v ir.Value) {
		ir.VisitLeaves(v, func(v ir.Value) {
			ref, ok := v.(*ir.RunRef)
			if !ok || facts[ref.Field] != "" {
				return
			}
			if facts == nil {
				facts = map[ir.RunField]string{}
			}
			name := hiddenValue + "run-" + strconv.Itoa(len(facts))
			facts[ref.Field] = name
			u.params = append(u.params, param{name: name, hidden: func(at *place) value { return at.runFact(ref) }})
		})
	})
	return facts
}

// claimUnit creates or deletes a volume claim through a resource template.
func (l *lowerer) claimUnit(c *ir.Component) *unit {
	key := unitKey{component: c}
	if u, ok := l.units[key]; ok {
		return u
	}
	u := &unit{outs: map[string]outKind{}}
	l.units[key] = u
	d := &dag{l: l, owner: c, leaf: true, notes: map[string]string{}}
	d.ports(u)
	t := &wfv1.Template{}
	if c.Body.(*ir.Claim).Delete {
		t.Resource = &wfv1.ResourceTemplate{Action: "delete", Flags: []string{"pvc", tag("fromJSON(" + inputParam("pvc_name") + ")"), "--wait=false"}}
	} else {
		t.Resource = &wfv1.ResourceTemplate{Action: "create", Manifest: claimManifest(c)}
		for _, p := range c.Outputs {
			u.outs[p.Name.Text] = outName
			t.Outputs.Parameters = append(t.Outputs.Parameters, wfv1.Parameter{Name: portName(p.Name.Text), ValueFrom: &wfv1.ValueFrom{JSONPath: "{.metadata.name}"}})
		}
	}
	l.inputsOf(u, t)
	u.template = l.add(l.componentName(c), t)
	return u
}

// claimManifest is the claim as JSON, computed from the component's inputs. The
// claim belongs to nobody: it outlives the run. A name with a suffix is made
// here, since Kubernetes adds what it makes up at the end.
func claimManifest(c *ir.Component) string {
	in := func(name string) string {
		if c.Input(name) == nil {
			return "nil"
		}
		return "fromJSON(" + inputParam(portName(name)) + ")"
	}
	none := "fromJSON('{ }')"
	unique := "workflow.name + '-' + sprig.trunc(8,sprig.sha256sum(workflow.uid + pod.name))"
	name := "filter([[" + in("pvc_name") + " ?? '', " + in("pvc_name_suffix") + " ?? '']],#[0] == '' or #[1] == '')"
	meta := "map(" + name + ",#[0] != '' ? ({'name': #[0] }) : (#[1] != '' ? ({'name': " + unique + " + #[1] }) : ({'generateName': workflow.name + '-' })))[0]"
	meta = "sprig.merge(" + meta + ",({'annotations': " + in("annotations") + " ?? " + none + " }))"
	spec := "({'accessModes': " + in("access_modes") + ", 'resources': ({'requests': ({'storage': " + in("size") + " }) }), " +
		"'storageClassName': " + in("storage_class_name") + ", 'volumeName': " + in("volume_name") + ", 'dataSource': " + in("data_source") + " })"
	return patchJSON("({'apiVersion': 'v1', 'kind': 'PersistentVolumeClaim', 'metadata': " + meta + ", 'spec': " + spec + " })")
}
