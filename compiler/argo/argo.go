// Package argo turns a checked pipeline into a plain Argo Workflows object: one
// pod per container task, nothing of ours in the cluster. Everything else
// follows from how Argo substitutes text: see text.go.
package argo

import (
	"crypto/sha256"
	"encoding/hex"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// The kinds of object that Lower makes.
const (
	KindWorkflow                = "Workflow"
	KindWorkflowTemplate        = "WorkflowTemplate"
	KindClusterWorkflowTemplate = "ClusterWorkflowTemplate"
	KindCronWorkflow            = "CronWorkflow"
)

// Labels and annotations of our manifests.
const (
	LabelRun       = "kfp-go/run"      // id of the run in the metadata file
	LabelPipeline  = "kfp-go/pipeline" // name of the pipeline
	NotePipeline   = "kfp-go/pipeline" // the same without the limits of labels
	NoteDigest     = "kfp-go/digest"   // sha256 of the file that was compiled
	NoteTask       = "kfp-go/task"     // path of the task that a pod belongs to
	NotePaths      = "kfp-go/paths"    // of a DAG: elements of task paths that differ from its tasks' names
	NotePorts      = "kfp-go/ports"    // of a template: how its inputs and outputs are read
	NoteParameters = "kfp-go/parameters"
	// NoteArtifactRoot is the URI below which the run's artifacts go.
	NoteArtifactRoot = "kfp-go/artifact-root"
	NoteDescription  = "workflows.argoproj.io/description"
)

// Options say what the pipeline alone does not.
type Options struct {
	Kind      string         // one of the kinds, "": Workflow
	Args      map[string]any // typed values of the pipeline's parameters
	Name      string         // of the object; "": derived (a Workflow gets generateName)
	Namespace string         // "": none
	RunID     string         // label kfp-go/run, "": none
	// ArtifactRoot is a URI ("s3://bucket/prefix") below which artifacts go; ""
	// is the pipeline's own. Without one, URIs of artifacts are plain paths that
	// stand for the cluster's artifact repository.
	ArtifactRoot string
	// Stores say how to reach what the cluster's repository does not hold.
	Stores store.Table
	// SuccessState is what the final status of a task calls success, "":
	// SUCCEEDED.
	SuccessState string
	// Cache memoizes every task that may be cached, not only those that ask.
	Cache bool
	// ProductLabels maps an accelerator's resource ("nvidia.com/gpu") to the
	// node label of its product; others have DOMAIN/gpu.product.
	ProductLabels map[string]string
	// Spot are the node labels and taints that mean spot; nil: DefaultSpot.
	Spot []SpotRule
	// Semaphores is the ConfigMap of semaphores that name none, "":
	// DefaultSemaphores.
	Semaphores  string
	Labels      []ir.Pair // of the object
	Annotations []ir.Pair
}

// A Manifest is what the cluster gets.
type Manifest struct {
	YAML        []byte
	Object      any      // *wfv1.Workflow or one of the other kinds
	Workflow    any      // the same as Object
	Expressions []string // each shape of expression in it, once
	Pods        int      // container tasks as written, loops counted once
	Name        string   // metadata.name or generateName
	// Sizes lists templates by the bytes they take, largest first.
	Sizes []Size
}

// A Size is what one template adds to the manifest.
type Size struct {
	Template string
	Bytes    int
}

// Lower translates a pipeline that passed its checks. What Argo cannot express
// is reported; the error is for our own failures.
func Lower(p *ir.Pipeline, info *check.Info, opt Options, report diag.Reporter) (*Manifest, error) {
	if opt.Kind == "" {
		opt.Kind = KindWorkflow
	}
	if opt.SuccessState == "" {
		opt.SuccessState = "SUCCEEDED"
	}
	if opt.Spot == nil {
		opt.Spot = DefaultSpot()
	}
	if info == nil {
		info = check.Pipeline(p, func(diag.Diagnostic) {})
	}
	l := newLowerer(p, info, opt, report)
	l.run()
	object, err := l.object()
	if err != nil {
		return nil, err
	}
	m := &Manifest{Object: object, Workflow: object, Pods: l.pods, Name: l.objectName()}
	m.Expressions, err = l.checkExpressions()
	if err != nil {
		return nil, err
	}
	l.writer.bodies = l.bodies
	m.YAML = append([]byte(nil), l.writer.object(object)...)
	m.Sizes = l.sizes()
	return m, nil
}

type lowerer struct {
	p      *ir.Pipeline
	info   *check.Info
	opt    Options
	report diag.Reporter
	flow   *flow
	absent absence
	// toWorkspaces: some importer puts data into the workspace.
	toWorkspaces bool

	base     *store.Root  // where artifacts go; nil: the run's repository
	rootText string       // as it was given
	home     *store.Store // of the root; nil: the run's repository
	table    store.Table  // all stores, the root's among them
	origins  *origins
	imported map[*ir.Port]bool // by URIs that only the run knows; nil: not known yet

	names     *names
	templates map[string]*wfv1.Template // by name
	contents  map[[32]byte]string       // name of the template by content
	units     map[unitKey]*unit
	exprs     *expressions
	writer    *yamlWriter
	bodies    map[string][]byte // of the templates, as printed
	prints    map[*ir.Settings]string
	pods      int
}

// A unit is a component made into a template.
type unit struct {
	template string
	params   []param   // inputs
	arts     []artPort // input artifacts
	outs     map[string]outKind
}

// A param is an input parameter of a template.
type param struct {
	name   string   // in Argo
	port   *ir.Port // the component's input, nil for hidden ones
	record bool     // it is the record of the artifact port
	hidden func(at *place) value
	fixed  *string // default of the template's input: wire text, nil: none
	items  bool    // it takes the list of a loop
}

// An artPort is an input artifact of a template.
type artPort struct {
	name     string
	port     *ir.Port
	optional bool
}

// An outKind says how an output parameter of a template is read.
type outKind uint8

const (
	outJSON outKind = iota + 1 // JSON text, as DAGs give it
	outFile                    // the content of a file
	outSDK                     // the executor's output, else a file
	outName                    // plain text that needs no escapes
)

type unitKey struct {
	component *ir.Component
	settings  string
}

func newLowerer(p *ir.Pipeline, info *check.Info, opt Options, report diag.Reporter) *lowerer {
	return &lowerer{
		p: p, info: info, opt: opt, report: report,
		names:     newNames(),
		templates: map[string]*wfv1.Template{},
		contents:  map[[32]byte]string{},
		units:     map[unitKey]*unit{},
		exprs:     newExpressions(),
		writer:    newYAMLWriter(),
		bodies:    map[string][]byte{},
		prints:    map[*ir.Settings]string{},
	}
}

// run makes every template, the entrypoint last but with the first choice of
// names.
func (l *lowerer) run() {
	l.settle()
	l.flow = newFlow(l.p, l.info, l.opt.Cache)
	l.origins = l.newOrigins()
	l.absent = newAbsence(l.p, l.info)
	for _, c := range l.p.All() {
		if im, ok := c.Body.(*ir.Importer); ok && im.ToWorkspace {
			l.toWorkspaces = true
		}
	}
	l.names.take(entrypoint)
	l.root()
}

const entrypoint = "main"

// add gives the template a name, or finds the one that is the same.
func (l *lowerer) add(base string, t *wfv1.Template) string {
	t.Name = ""
	body := l.writer.template(t)
	key := sha256.Sum256(body)
	if name, ok := l.contents[key]; ok {
		return name
	}
	t.Name = l.names.take(templateName(base))
	l.bodies[t.Name] = append([]byte(nil), body...)
	l.contents[key] = t.Name
	l.templates[t.Name] = t
	return t.Name
}

func (l *lowerer) digest() string {
	if l.p.File == nil {
		return ""
	}
	sum := sha256.Sum256(l.p.File.Text())
	return "sha256:" + hex.EncodeToString(sum[:])
}
