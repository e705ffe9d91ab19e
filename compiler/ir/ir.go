// Package ir is a pipeline as data: the one representation in which the front
// ends meet and from which everything after them works. It has the meaning of
// KFP's PipelineSpec: components that are containers, importers, claims or DAGs
// of tasks.
//
// DAGs are closed: a task sees its own DAG's inputs, the outputs of sibling
// tasks and constants. What a front end's language captures from outside
// arrives as an explicit input. Loops, branches, groups and exit handlers are
// DAG components, as in KFP.
//
// Two scopes occur. Values of a Container (image, command, args, env) stand in
// the component: they read its inputs and outputs. All other values (task
// arguments, conditions, loop items, settings, DAG outputs) stand in the DAG
// that holds the task: they read its inputs and its tasks' outputs.
package ir

import "github.com/kfp-go/kfp-go/compiler/source"

// An Ident is a name and where it was written.
type Ident struct {
	Text string
	At   source.Span
}

// A Pipeline is a root component and all that it reaches.
type Pipeline struct {
	Name        Ident
	DisplayName string
	Description string
	Root        *Component   // Body is a *DAG; its Inputs are the pipeline's parameters
	Components  []*Component // every component but Root, in order of first use, unused ones last
	File        *source.File // the file the pipeline was read from
	Dialect     Dialect

	ArtifactRoot string // URI below which artifacts go, "" for the cluster's repository
	RootAt       source.Span
	Timeout      float64 // seconds for the whole run, 0: none
	Parallelism  int     // pods at once, 0: no limit
	TTL          *TTL    // nil: keep
	PodGC        string  // Argo's podGC strategy, "": none
	Schedule     *Schedule
	SLO          *SLO // nil: none
	Workspace    *Workspace
	Mutex        Ident          // runs that name the same one wait for one another; "": none
	Semaphore    *Semaphore     // nil: none
	ArgoSpec     map[string]any // strategic-merge patch for the Workflow's spec, nil: none
	ArgoSpecAt   source.Span
	Labels       []Pair // of the Workflow
	Annotations  []Pair
}

// A Dialect is the language a pipeline was written in. It decides only what the
// two languages define differently (noted where it matters), never structure.
type Dialect uint8

// The dialects.
const (
	DSL Dialect = iota + 1
	KFP
)

// A Pair is one entry of an ordered map of literal texts.
type Pair struct {
	Key, Value string
	At         source.Span
}

// TTL says how many seconds a finished Workflow is kept; nil: for ever.
type TTL struct{ Completion, Success, Failure *int64 }

// A Schedule acts for Argo's CronWorkflow only.
type Schedule struct {
	Cron                                                      []string
	Timezone                                                  string
	Concurrency                                               string // allow, forbid or replace; "": allow
	Suspend                                                   bool
	StartingDeadlineSeconds, SuccessfulHistory, FailedHistory *int64
	At                                                        source.Span
}

// An SLO is the level of service that the pipeline promises. It changes nothing
// of a run: it is recorded, and reports judge by it.
type SLO struct {
	Success  *Goal // share of the runs that succeed
	Duration *Goal // seconds within which Quantile of the successful runs end
	Quantile *Goal
	Window   *Goal // seconds over which it is judged
	At       source.Span
}

// A Goal is one number of an SLO; a nil one is not stated.
type Goal struct {
	Value float64
	At    source.Span
}

// Workspace is the run-wide volume at /kfp-workspace.
type Workspace struct {
	Size         string
	StorageClass *string // nil: the cluster's default; "": none
	AccessModes  []string
	At           source.Span
}

// A Semaphore lets as many runs go on at once as its key of a ConfigMap says.
type Semaphore struct {
	ConfigMap string // "": the one that the compiler is told
	Key       string
	At        source.Span
}

// A Component is what tasks instantiate.
type Component struct {
	Name        Ident
	Description string
	Inputs      []*Port
	Outputs     []*Port
	Body        Body
}

// Input is the named input, nil if there is none.
func (c *Component) Input(name string) *Port { return find(c.Inputs, name) }

// Output is the named output, nil if there is none.
func (c *Component) Output(name string) *Port { return find(c.Outputs, name) }

func find(ports []*Port, name string) *Port {
	for _, p := range ports {
		if p.Name.Text == name {
			return p
		}
	}
	return nil
}

// DAG is the body when it is a DAG, else nil.
func (c *Component) DAG() *DAG { d, _ := c.Body.(*DAG); return d }

// Container is the body when it is a container, else nil.
func (c *Component) Container() *Container { b, _ := c.Body.(*Container); return b }

// A Port is an input or an output: a parameter, or an artifact when its type
// is one (or a list of artifacts).
type Port struct {
	Name        Ident
	Type        Type
	Description string
	// Optional: an input that may be absent; an output that may be absent
	// although its task succeeded (an if without else).
	Optional bool
	Default  *Literal // inputs only; nil: none
	Limits   *Limits  // constraints on a parameter's value, nil: none
	Secret   bool     // the value is SECRET/KEY and goes only into env
	// Captured marks an input that the front end made for a value from an
	// enclosing scope, or KFP's undeclared extra input.
	Captured bool
	Metadata map[string]any // initial metadata of an output artifact
	TypeAt   source.Span
}

// Limits are checked wherever kfp-go sees a value.
type Limits struct {
	Minimum, Maximum     *float64
	MinLength, MaxLength *int // code points of a string, elements of a list
	Enum                 []any
	Pattern              string // RE2, unanchored; "": none
	At                   source.Span
}

// A Body is a *DAG, *Container, *Importer or *Claim.
type Body interface{ body() }

// A DAG is a set of tasks; every order derives from Tasks as written.
type DAG struct {
	Tasks   []*Task
	Outputs []*DAGOutput // one for each of the component's Outputs
	// Exclusive: the tasks are alternatives, judged in order; the first whose
	// When is true runs (a nil When is true) and the others are skipped.
	Exclusive bool
	// Inline marks a DAG that only exists to carry an exit handler; it has no
	// part in task paths.
	Inline bool
	// ClaimWorkspace etc. stay with the pipeline.
	At source.Span
}

// Task is the named task, nil if there is none. It is linear: phases that look
// up many names build their own map.
func (d *DAG) Task(name string) *Task {
	for _, t := range d.Tasks {
		if t.Name.Text == name {
			return t
		}
	}
	return nil
}

// A DAGOutput gives an output of the component its value, in the DAG's scope.
// Value is any task-scope value or a *OneOf.
type DAGOutput struct {
	Name  Ident
	Value Value
}

// A Task is one use of a component.
type Task struct {
	Name        Ident
	DisplayName string
	Component   *Component
	Args        []*Binding
	After       []Ident // sibling tasks that come before without data
	Trigger     Trigger
	When        Value // boolean; nil: always. For a loop it is judged once, before it
	ForEach     *Loop // nil: once
	// OnExit runs once this task has succeeded or failed, not when it was
	// skipped; its arguments may read Status and this task's outputs. Its own
	// failure is a warning. It is no member of the DAG's Tasks.
	OnExit   *Task
	Settings *Settings // nil for tasks of DAG components and importers
	At       source.Span
}

// Arg is the binding of the named input, nil if it is not wired.
func (t *Task) Arg(name string) *Binding {
	for _, b := range t.Args {
		if b.Name.Text == name {
			return b
		}
	}
	return nil
}

// A Trigger says which ends of its upstream tasks let a task run.
type Trigger uint8

// Succeeded: all upstream tasks succeeded; a skipped or failed one skips the
// task. Completed: all upstream tasks ended, however they did; their outputs
// are then optional.
const (
	Succeeded Trigger = iota
	Completed
)

// A Binding wires one input of the task's component, or, for KFP, an extra one
// that the component does not declare.
type Binding struct {
	Name  Ident
	Value Value
}

// A Loop runs the task once for each item. Outputs of the task, seen by
// siblings and DAG outputs, are lists in index order without skipped
// iterations; the component's own Outputs keep the type of one iteration.
type Loop struct {
	Items       Value // a list of parameters or of artifacts; in KFP also a text holding a JSON list
	Item        Ident // the component's input that receives the item
	Parallelism int   // iterations at once, 0: no limit
	At          source.Span
}

// A Container is a program in an image. Program and arguments are
// Command ++ Args; when Command is empty the image's own entrypoint runs in
// the DSL, while in KFP the first of Args is the program.
type Container struct {
	Image    Value
	Command  []Arg
	Args     []Arg
	Env      []*EnvVar // in order; component scope
	WorkDir  string
	Contract Contract
	At       source.Span
}

// A Contract says how the container gets its paths and gives back its outputs.
type Contract uint8

// DSLContract: output parameters are files; a string loses one trailing
// newline, numbers and booleans are trimmed, lists and structs are JSON; a
// missing parameter fails the task, a missing artifact warns. KFPContract adds
// the executor output file, whose parameter values and artifact metadata win.
const (
	DSLContract Contract = iota + 1
	KFPContract
)

// An EnvVar is one environment variable from exactly one source.
type EnvVar struct {
	Name      Ident
	Value     Value   // text form; nil when another source is set
	Secret    *KeyRef // key of a Secret
	ConfigMap *KeyRef // key of a ConfigMap
	FieldPath string  // downward API
	// SecretInput names the component's secret input (value SECRET/KEY) that
	// the variable is taken from.
	SecretInput string
}

// A KeyRef names one key of a Secret or ConfigMap.
type KeyRef struct {
	Name, Key Value
	Optional  *bool
	At        source.Span
}

// An Importer makes an artifact from a URI without running anything.
type Importer struct {
	URI      Value // component scope
	Metadata Value // component scope; a struct literal or template, nil: none
	Type     Type
	Reimport bool
	// ToWorkspace copies the data into the run's workspace; the artifact then has
	// the metadata _kfp_workspace, by which KFP's SDK finds it there.
	ToWorkspace bool
	Output      string // the name of its only output
	At          source.Span
}

// A Claim creates or deletes a PersistentVolumeClaim. Its parameters are the
// component's inputs, named as in KFP: pvc_name, pvc_name_suffix, access_modes,
// size, storage_class_name, volume_name, annotations, data_source; creating
// has the output name.
type Claim struct {
	Delete bool
	At     source.Span
}

func (*DAG) body()       {}
func (*Container) body() {}
func (*Importer) body()  {}
func (*Claim) body()     {}
