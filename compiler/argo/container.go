package argo

import (
	"regexp"
	"strconv"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

const (
	inputFolder    = "/kfp/in/"  // artifacts of a plain container
	outputFolder   = "/kfp/out/" // its outputs
	sdkParameters  = "/tmp/kfp/outputs/"
	sdkMetadata    = "/tmp/kfp_outputs"
	executorOutput = "executor-output"
	workspacePath  = "/kfp-workspace"
	workspaceName  = "kfp-workspace"
	scratch        = "kfp"             // the volume for outputs
	localRoot      = "/kfp/artifacts/" // where artifacts lie when no URI of the repository is known
)

// A pod is a container component, with the settings of a task, on its way to a
// template.
type pod struct {
	l        *lowerer
	c        *ir.Component
	body     *ir.Container
	settings *ir.Settings
	sdk      bool     // results come from the executor's output
	byURI    bool     // paths follow from URIs
	mounted  []string // expr-lang text of the URIs of the artifacts that are mounted so far, if byURI
	t        *wfv1.Template
	u        *unit
	main     *corev1.Container

	declared map[string]bool // env names that a KFP container may mean by $(NAME)
	usesE    bool            // KFP_E is needed
	late     []corev1.EnvVar // KFP_A<n>
	hidden   map[*ir.Expr]string
	taskName string              // the input with the task's name, "" when nobody asks
	computed map[ir.Value]string // settings computed by the caller
	absent   map[ir.Value]bool   // those that may be absent
	patch    patch

	volumeNames map[string]string // of volumes, by what the author calls them
}

// containerUnit is the template of a container task. Tasks of one component
// with equal settings share it.
func (l *lowerer) containerUnit(s *check.Scope, t *ir.Task) *unit {
	l.pods++
	absent, mark := l.absentSettings(s, t)
	key := unitKey{component: t.Component, settings: l.fingerprint(t.Settings) + mark}
	if u, ok := l.units[key]; ok {
		return u
	}
	p := &pod{l: l, c: t.Component, body: t.Component.Container(), settings: t.Settings,
		t: &wfv1.Template{}, u: &unit{outs: map[string]outKind{}}, main: &corev1.Container{},
		hidden: map[*ir.Expr]string{}, computed: map[ir.Value]string{}, absent: absent}
	p.sdk, p.byURI = usesExecutorInput(p.body), pathsByURI(p.body)
	p.build()
	p.u.template = l.add(l.componentName(t.Component), p.t)
	l.units[key] = p.u
	return p.u
}

func (p *pod) build() {
	p.declare()
	p.hide()
	p.inputs()
	p.main.Image = p.field(p.body.Image)
	p.main.WorkingDir = p.literalField(p.body.WorkDir, p.body.At)
	p.program()
	p.launch()
	env := p.env()
	p.outputs()
	p.apply()
	if p.usesE || len(p.late) > 0 {
		env = append([]corev1.EnvVar{{Name: braces}}, env...)
	}
	p.main.Env = append(env, p.late...)
	p.t.Container = p.main
	p.l.inputsOf(p.u, p.t)
	p.describe()
	p.finish()
}

func (p *pod) declare() {
	if p.body.Contract != ir.KFPContract {
		return
	}
	p.declared = map[string]bool{}
	for _, e := range p.body.Env {
		p.declared[e.Name.Text] = true
	}
	if p.settings != nil {
		for _, e := range p.settings.Env {
			p.declared[e.Name.Text] = true
		}
	}
}

// inputs declares parameters and artifacts.
func (p *pod) inputs() {
	for _, port := range p.c.Inputs {
		if !port.Type.IsArtifact() {
			p.u.params = append(p.u.params, param{name: portName(port.Name.Text), port: port, fixed: defaultOf(port)})
			continue
		}
		file, record := p.l.flow.needs(port, true)
		if record {
			p.u.params = append(p.u.params, param{name: recordName(port.Name.Text), port: port, record: true, fixed: defaultOf(port)})
		}
		if file {
			p.u.arts = append(p.u.arts, artPort{name: portName(port.Name.Text), port: port, optional: true})
		}
	}
}

// recordExpr is expr-lang text of the decoded record of an input artifact.
func recordExpr(port *ir.Port) string {
	return "fromJSON(" + inputParam(recordName(port.Name.Text)) + ")"
}

// uriExpr is expr-lang text of the URI of an input artifact, ” when absent.
func uriExpr(port *ir.Port) string { return "(" + recordExpr(port) + "?.uri ?? '')" }

// fetchedExpr is expr-lang text of the URI that an input artifact is fetched
// from, ” when there is nothing to fetch: absent, or in the workspace already.
func (l *lowerer) fetchedExpr(port *ir.Port) string {
	if !l.toWorkspaces {
		return uriExpr(port)
	}
	return "(" + recordExpr(port) + "?.metadata?." + inWorkspace + " == true ? '' : " + recordExpr(port) + "?.uri ?? '')"
}

// pathExpr is expr-lang text of the local path that the KFP SDK derives from an
// artifact.
func (l *lowerer) pathExpr(record string) string {
	path := l.localExpr("(" + record + "?.uri ?? '')")
	if !l.toWorkspaces {
		return path
	}
	return "((" + record + "?.metadata?." + inWorkspace + " == true ? '" + workspaceFiles + "' : '') + " + path + ")"
}

// keyExpr is expr-lang text of the key, in the run's repository, of a URI when
// nothing is known of any bucket; a key that does not exist when there is none.
func keyExpr(uri string) string {
	return "map([" + uri + "],# startsWith '" + localRoot + "' ? #[" + strconv.Itoa(len(localRoot)) + ":] : " +
		"(split(#,'://')[0] in ['" + strings.Join(bucketSchemes, "','") + "'] ? " + keyBehind(3) + " : 'kfp-none'))[0]"
}

// localPath is the local path of a constant URI.
func localPath(uri string) string {
	for _, s := range [...][2]string{{"gs://", "/gcs/"}, {"s3://", "/s3/"}, {"minio://", "/minio/"}} {
		if rest, ok := strings.CutPrefix(uri, s[0]); ok {
			return s[1] + rest
		}
	}
	return uri
}

// folder is the part of keys and URIs that belongs to one attempt of a task.
func (p *pod) folder() string {
	return "{{workflow.name}}/" + templateName(p.l.componentName(p.c)) + "/{{pod.name}}"
}

// mountInputs adds the input artifacts to the template, once its inputs are
// declared.
func (p *pod) mountInputs() {
	for i := range p.t.Inputs.Artifacts {
		a := &p.t.Inputs.Artifacts[i]
		a.Path = inputFolder + a.Name
	}
	asked := !p.byURI || !p.literals(asksForFiles.MatchString)
	for _, port := range p.c.Inputs {
		if !port.Type.IsArtifact() || !p.l.flow.byRecord[port] {
			continue
		}
		if !asked {
			p.l.warn(msgMissingFolder(p.c, port))
			asked = true
		}
		uri := p.l.fetchedExpr(port)
		if port.Type.Kind == ir.List {
			if p.l.scattered(port) {
				p.l.warn(msgScattered(p.c, port))
			}
			uri = listFolderExpr(port, p.l.artifactRoot())
		}
		p.mount(port, uri)
	}
}

// asksForFiles is text of a program that asks whether something is at a path.
var asksForFiles = regexp.MustCompile(`\b(l?exists|is_?file|is_?dir)\(|\[ (! )?-[defrs] `)

// listFolderExpr is the URI of the folder that holds all artifacts of a list:
// that of the component that made them, or the run's; of artifacts that were
// not made below the root, the one in which all of them lie.
func listFolderExpr(port *ir.Port, root string) string {
	up := func(n string) string {
		return "map(" + recordExpr(port) + " ?? [],join(split(#.uri,'/')[:len(split(#.uri,'/')) - " + n + "],'/'))"
	}
	below := expr.ArgoString(root)
	made := "(len(uniq(#)) == 1 ? #[0] : " + below + " + workflow.name)"
	found := "map([" + up("1") + "],len(uniq(#)) == 1 ? #[0] : '')[0]"
	return "map([" + up("2") + "],len(#) == 0 ? '' : (any(" + recordExpr(port) + ",#.uri startsWith " + below + ") ? " + made + " : " + found + "))[0]"
}
