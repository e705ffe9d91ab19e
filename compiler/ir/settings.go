package ir

import "github.com/kfp-go/kfp-go/compiler/source"

// Settings are what a container task asks of retries, time, cache and
// Kubernetes, merged from everything the author wrote (built-in, defaults,
// component, task). Values stand in the scope of the DAG that holds the task:
// front ends replace references to the component's inputs by the task's
// arguments. The local runner obeys Retry, Timeout, Cache and Env and ignores
// the rest.
//
// An entry that names a Secret or ConfigMap by a value that turns out absent is
// left out; the name of a claim must be there. An empty name is an error.
type Settings struct {
	Retry   *Retry
	Timeout float64 // seconds of one attempt, 0: none
	Cache   *Cache

	Resources    []*Resource // cpu, memory, ephemeral-storage, any other; in order
	Accelerator  *Accelerator
	Spot         string // "", never, prefer, require
	NodeSelector []*SettingPair
	// NodeSelectorFrom is the whole node selector as one value, a struct or
	// absent; it stands in for NodeSelector.
	NodeSelectorFrom Value
	// Affinity and SecurityContext are Kubernetes objects as JSON values. Several
	// affinities are one: what they list is joined. Tolerations are elements of a
	// pod's tolerations, or lists of such. Absent ones do not count.
	Affinity        []Value
	Tolerations     []Value
	SecurityContext Value
	Env             []*EnvVar // wins over the container's own by name; task scope
	EnvFrom         []*EnvFrom
	Volumes         []*Volume
	InitContainers  []*InitContainer
	ServiceAccount  Value
	Labels          []*SettingPair
	Annotations     []*SettingPair

	ImagePullPolicy  string
	ImagePullSecrets []Value
	PriorityClass    string
	Queue            string // Kueue's local queue
	SharedMemory     string // quantity of /dev/shm, "": the node's default

	// Argo is a strategic-merge patch for the task's template.
	Argo   map[string]any
	ArgoAt source.Span
}

// A SettingPair is one entry of an ordered map whose values may be computed.
type SettingPair struct {
	Key   string
	Value Value
	At    source.Span
}

// A Resource is a request and a limit, as Kubernetes quantities; either may be
// nil.
type Resource struct {
	Name           string
	Request, Limit Value
	At             source.Span
}

// An Accelerator asks for Count devices of the extended resource Type; Product
// selects nodes by label, nil: any.
type Accelerator struct {
	Type, Count, Product Value
	At                   source.Span
}

// A Retry says when a failed attempt is tried again. A failure of class C is
// retried while all retries so far are fewer than On[C].Limit, else than Limit.
type Retry struct {
	Limit Value // integer; nil: 0
	On    []*RetryClass
	// Delay before retry n (from 0) is Duration × Factorⁿ, at most Max; seconds.
	Duration, Factor, Max float64
	At                    source.Span
}

// A RetryClass is the budget of one failure class.
type RetryClass struct {
	Class FailureClass
	Limit int
	// MemoryFactor: retry n, straight after out-of-memory, asks for
	// base × MemoryFactorⁿ; 0: no growth.
	MemoryFactor int
	At           source.Span
}

// A FailureClass sorts failures; the first that fits counts, in the order of
// the constants.
type FailureClass uint8

// The classes.
const (
	FailTimeout        FailureClass = iota + 1 // the attempt's own deadline
	FailOutOfMemory                            // OOMKilled
	FailPreempted                              // evicted, pod deleted, node lost, exit 143
	FailInfrastructure                         // no exit code
	FailError                                  // the program said so
)

func (c FailureClass) String() string {
	switch c {
	case FailTimeout:
		return "timeout"
	case FailOutOfMemory:
		return "out-of-memory"
	case FailPreempted:
		return "preempted"
	case FailInfrastructure:
		return "infrastructure"
	case FailError:
		return "error"
	}
	return "unknown"
}

// A Cache says that results may be reused.
type Cache struct {
	// Asked is true where the author asked for it by name; KFP's enableCache
	// alone is not enough on stock Argo.
	Asked  bool
	MaxAge float64 // seconds, 0: no limit
	Key    Value   // replaces the default key; nil: computed
	At     source.Span
}

// EnvFrom brings in all keys of a Secret or ConfigMap.
type EnvFrom struct {
	Secret, ConfigMap Value // exactly one
	Prefix            string
	Optional          *bool
	At                source.Span
}

// A Volume is mounted at Path from exactly one source.
type Volume struct {
	Path, SubPath string
	ReadOnly      bool
	Optional      *bool // secrets and config maps

	Secret, ConfigMap, Claim Value
	EmptyDir                 *EmptyDir
	Ephemeral                *Ephemeral
	// Other is any other Kubernetes volume source as a JSON value.
	Other map[string]any
	At    source.Span
}

// Name is the name by which init containers mount the volume: the author's, or
// that of the object where it is constant; "": none.
func (v *Volume) Name() string {
	switch {
	case v.EmptyDir != nil:
		return v.EmptyDir.Name
	case v.Ephemeral != nil:
		return v.Ephemeral.Name
	}
	for _, object := range [...]Value{v.Secret, v.ConfigMap, v.Claim} {
		if lit, ok := object.(*Literal); ok && lit.V != nil {
			return Text(lit.V)
		}
	}
	return ""
}

// EmptyDir is scratch space.
type EmptyDir struct{ Medium, SizeLimit, Name string }

// Ephemeral is a claim that lives as long as its pod.
type Ephemeral struct {
	Name, Size          string
	StorageClass        *string // nil: the cluster's default; "": none
	AccessModes         []string
	Labels, Annotations []Pair
}

// An InitContainer runs to its end before the task's own container starts. A
// sidecar starts before it and runs beside it.
type InitContainer struct {
	Name          Ident
	Image         string
	Command, Args []string
	Env           []Pair
	Mounts        []Mount
	Sidecar       bool
	Resources     []*Resource // constants
}

// A Mount puts a volume of the task, by its name, at a path.
type Mount struct {
	Volume, Path string
	At           source.Span
}
