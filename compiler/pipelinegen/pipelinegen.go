// Package pipelinegen makes random valid pipelines from a seed, for tests: as
// text in our own language or as the KFP SDK writes it, together with what a run
// of it must give. What it must give is worked out by an interpreter of the plan,
// which shares nothing with the compiler, the local runner or Argo: with it there
// are three opinions on every run.
//
// The package knows the languages by their descriptions only and imports nothing
// of the compiler.
package pipelinegen

// A Dialect is the language a pipeline is written in.
type Dialect uint8

// The dialects.
const (
	DSL Dialect = iota + 1
	KFP
)

func (d Dialect) String() string {
	if d == KFP {
		return "kfp"
	}
	return "dsl"
}

// Options say what to make.
type Options struct {
	Dialect Dialect
	Seed    uint64
	// Size bounds the number of tasks that are written down; 0: 12.
	Size int
	// MaxPods bounds the attempts of containers in a run; 0: no limit.
	MaxPods int
	// BodyFails asks for a pipeline in which the tasks of some group fail whose
	// exit tasks succeed.
	BodyFails bool
}

// A Pipeline is one random pipeline and what it must do.
type Pipeline struct {
	Text []byte
	// Args are the values to run it with, by input: string, bool, int64,
	// float64, []any or map[string]any.
	Args map[string]any
	Want Want
}

// Want is what a run must give.
type Want struct {
	Failed bool // else it succeeds
	// Outputs are those that have a value. An artifact is an Artifact, a list
	// of them a []any of such.
	Outputs map[string]any
	// Tasks holds the state (succeeded, failed or skipped) of each container
	// and importer by its path in the run.
	Tasks map[string]string
	// Attempts holds the number of attempts of each container that ran.
	Attempts map[string]int
	Pods     int // sum of Attempts
	// BodyFailed: the tasks of some group failed whose exit tasks all
	// succeeded.
	BodyFailed bool
}

// Artifact stands for any artifact among the outputs.
type Artifact struct{}

const defaultSize = 12

// New makes the pipeline of a seed. Equal options give equal pipelines.
func New(opt Options) *Pipeline {
	if opt.Size <= 0 {
		opt.Size = defaultSize
	}
	r := newRand(opt.Seed)
	for try := 1; ; try++ {
		p, args := generate(r, opt)
		want := interpret(p, args)
		if opt.BodyFails && !want.BodyFailed {
			continue
		}
		if opt.MaxPods > 0 && want.Pods > opt.MaxPods {
			// Smaller ones come out in the end: a single task is one pod.
			if try%4 == 0 {
				opt.Size = max(1, opt.Size-1)
			}
			continue
		}
		text := writeDSL
		if opt.Dialect == KFP {
			text = writeKFP
		}
		return &Pipeline{Text: text(p, r), Args: args, Want: want}
	}
}
