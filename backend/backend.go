// Package backend says what it means to run a pipeline somewhere. A Runner
// executes; package argo does it in a cluster, package local on this machine,
// package fake in memory. Every implementation passes package backendtest.
package backend

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// Classes of errors, to be asked for with errors.Is. An error that is none of
// them is a broken invariant of ours.
var (
	ErrNotFound    = errors.New("not found")
	ErrDenied      = errors.New("denied")
	ErrUnavailable = errors.New("unavailable") // worth retrying
	ErrInvalid     = errors.New("invalid")     // the other side refused what we sent
	ErrConflict    = errors.New("conflict")    // the name is taken by something else
)

// ErrUncertain marks, beside the error's class, a request that may have taken
// effect although it failed: its answer was lost or not waited for.
var ErrUncertain = errors.New("it may have taken effect")

// A RunID is the id of a run in the metadata file, a UUIDv7; it is the label
// kfp-go/run of the Workflow.
type RunID string

// A State of a run or a task. Runs: planned, submitted, running, succeeded,
// failed, stopped, lost. Tasks: pending, running, succeeded, failed, skipped,
// cached, stopped.
type State string

// The states.
const (
	Planned   State = "planned"
	Submitted State = "submitted"
	Pending   State = "pending"
	Running   State = "running"
	Succeeded State = "succeeded"
	Failed    State = "failed"
	Skipped   State = "skipped"
	Cached    State = "cached"
	Stopped   State = "stopped"
	Lost      State = "lost"
)

// Final reports whether nothing comes after the state.
func (s State) Final() bool {
	switch s {
	case Succeeded, Failed, Skipped, Cached, Stopped, Lost:
		return true
	}
	return false
}

// A Submission carries what Compile made: what was reviewed is what runs.
type Submission struct {
	ID       RunID
	Name     string // of the run; "": the runner makes one from the pipeline's
	Pipeline *ir.Pipeline
	Manifest []byte         // Argo's; the local runner ignores it
	Args     map[string]any // typed values of pipeline parameters, those given only
	Labels   map[string]string
	// IdempotencyKey, if set, makes a second submission with the same key
	// return the first run.
	IdempotencyKey string
}

// A Run is what a runner knows of a run at one moment.
type Run struct {
	ID         RunID
	Name       string // in a cluster the Workflow's
	Namespace  string // "" locally
	UID        string // the Workflow's
	Pipeline   string
	State      State
	Message    string
	Parameters map[string]any
	Outputs    map[string]Output
	Tasks      []*Task // container tasks, importers and claims, each iteration of a loop by itself; in order of Path
	Created    time.Time
	Started    time.Time
	Finished   time.Time
	Folder     string // of a local run: what it left lies there
	// Stores are the places where the run's artifacts and archived logs lie: of
	// each URI the settings that reach it, as the key artifact-stores has them.
	Stores map[string]map[string]string
}

// A Task is the last attempt of one task of a run.
type Task struct {
	Path        string // "train", "check[0]/evaluate", "verdict[1]/again"
	State       State
	Attempt     int    // from 1
	Class       string // failure class of a failed task (ir.FailureClass), else ""
	Message     string
	ExitCode    *int
	Component   string
	Image       string
	ImageDigest string // what the image's name stood for, "sha256:…"; "": unknown
	Resources   *Resources
	CacheKey    string // "": not cached
	Pod         string // in a cluster
	Node        string
	Logs        string    // URI of what the attempt printed, where it is kept; "": nowhere
	Created     time.Time // ready to go
	Scheduled   time.Time // its pod got a node; zero: unknown
	Started     time.Time // its program began
	Finished    time.Time
	Inputs      map[string]Output
	Outputs     map[string]Output
	Earlier     []*Task // the attempts before this one, by attempt; without Inputs, Earlier and what all attempts share
}

// Resources are what a task's container asks for; quantities as Kubernetes
// writes them.
type Resources struct {
	CPU, Memory      string
	Accelerator      string // the resource, such as nvidia.com/gpu
	AcceleratorCount int64
	Product          string // of the accelerator
	Spot             bool   // it may run on a spot node
}

// An Output is the value of a parameter, or where an artifact lies.
type Output struct {
	Value    any // parameters: a JSON value
	Artifact *Artifact
	List     []*Artifact // collected artifacts
	Hidden   bool        `json:",omitempty"` // the value held a secret and was left out
}

// An Artifact is data by reference.
type Artifact struct {
	URI      string
	Type     string // schema title
	Metadata map[string]any
	Bytes    int64  // −1: unknown
	Digest   string // "sha256:…" or ""
}

// An Event is one thing that changed: the run (Task nil) or one task.
type Event struct {
	Time time.Time
	Run  *Run
	Task *Task
}

// LogOptions choose what Logs gives.
type LogOptions struct {
	Task   string // path, "": all tasks
	Follow bool
}

// A Line is one line of a task's log, without its line ending, as the program
// wrote it: printers remove control characters.
type Line struct {
	Task string
	Time time.Time // zero: unknown
	Text string
}

// A Runner executes pipelines. Methods may be called from several goroutines.
// Sequences end when the run does, or after yielding one error; breaking off
// early is fine.
type Runner interface {
	// Submit starts the run and returns once it is accepted. It calls nothing
	// back. The same ID or IdempotencyKey twice gives the first run again. After
	// an error that is ErrUncertain the run may exist.
	Submit(ctx context.Context, s Submission) (*Run, error)
	// Get is a snapshot.
	Get(ctx context.Context, id RunID) (*Run, error)
	// Watch yields every change from the moment of the call on, first the
	// present state of the run and of each known task, last the finished run.
	// It survives lost connections.
	Watch(ctx context.Context, id RunID) iter.Seq2[Event, error]
	// Logs yields lines in the order in which each task wrote them.
	Logs(ctx context.Context, id RunID, opt LogOptions) iter.Seq2[Line, error]
	// Cancel stops the run as Argo's stop does: running tasks end, exit
	// handlers still run.
	Cancel(ctx context.Context, id RunID) error
}
