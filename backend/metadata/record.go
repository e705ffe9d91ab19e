package metadata

import (
	"bytes"
	"encoding/json"
	"time"
)

// A State of a run or a task; the words are those of package backend.
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

// rank orders the states within one attempt. All final states share a rank;
// an unknown state, of a later version, comes just before them.
func (s State) rank() int {
	switch s {
	case "":
		return 0
	case Planned:
		return 1
	case Submitted, Pending:
		return 2
	case Running:
		return 3
	case Succeeded, Failed, Skipped, Cached, Stopped:
		return 6
	case Lost: // a guess: whatever was seen outranks it
		return 5
	}
	return 4
}

// Final reports whether nothing comes after the state.
func (s State) Final() bool { return s.rank() >= 5 }

// Where a state was seen; later ones are believed over earlier ones.
const (
	SeenUser    = "user"    // somebody said so
	SeenLocal   = "local"   // by the process that ran it here
	SeenCluster = "cluster" // read from the cluster
)

func seenRank(s string) int {
	switch s {
	case SeenUser:
		return 1
	case SeenLocal:
		return 2
	case SeenCluster:
		return 3
	}
	return 0
}

// The kinds of records. Records of other kinds are kept and ignored.
const (
	kindEvent    = "event"
	kindRun      = "run"
	kindTask     = "task"
	kindArtifact = "artifact"
	kindDeleted  = "deleted"
	kindLost     = "lost"
	kindEnd      = "end"
)

// A Record is one thing that an event says. Exactly one field besides Raw is
// set for the kinds that are known; for unknown kinds none is.
type Record struct {
	Run      *RunRecord
	Task     *TaskRecord
	Artifact *ArtifactRecord
	Deleted  *DeletedRecord
	Lost     *LostRecord
	// Raw is the record's line as it was read, without the line ending; nil in
	// a record that was made here. It keeps fields that this version does not
	// know.
	Raw json.RawMessage
}

// A RunRecord says something about the event's run. Empty fields say nothing.
type RunRecord struct {
	Attempt   int    `json:"attempt,omitempty"` // from 1; 0 means 1
	State     State  `json:"state,omitempty"`
	Seen      string `json:"seen,omitempty"`
	Name      string `json:"name,omitempty"`
	Pipeline  string `json:"pipeline,omitempty"`
	Spec      string `json:"spec,omitempty"`     // digest of the pipeline file
	Manifest  string `json:"manifest,omitempty"` // digest of the manifest
	Source    string `json:"source,omitempty"`   // the file's name as the user gave it
	Engine    string `json:"engine,omitempty"`   // local or argo
	Cluster   string `json:"cluster,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Workflow  string `json:"workflow,omitempty"`
	UID       string `json:"uid,omitempty"`
	Message   string `json:"message,omitempty"`
	Profile   string `json:"profile,omitempty"` // the profile that was applied
	Code      *Code  `json:"code,omitempty"`
	// Folder, of a local run, is where it left what it made, on the host of the
	// run's first writer.
	Folder string `json:"folder,omitempty"`
	// Stores are the places where artifacts and archived logs of the run lie: of
	// each URI the settings that reach it, by the names of the key artifact-stores.
	// They name secrets and hold none.
	Stores     map[string]map[string]string `json:"stores,omitempty"`
	SLO        *SLO                         `json:"slo,omitempty"`
	Labels     map[string]string            `json:"labels,omitempty"`
	Parameters map[string]Value             `json:"parameters,omitempty"`
	Outputs    map[string]Value             `json:"outputs,omitempty"`
	Created    time.Time                    `json:"created,omitzero"`
	Started    time.Time                    `json:"started,omitzero"`
	Finished   time.Time                    `json:"finished,omitzero"`
}

// A Code is the state of the source control that held the pipeline's file.
type Code struct {
	Repository string `json:"repository,omitempty"` // the remote's URL without credentials, "": none
	Revision   string `json:"revision,omitempty"`   // the commit, in full
	Branch     string `json:"branch,omitempty"`     // "": detached
	Path       string `json:"path,omitempty"`       // of the file inside it, with slashes
	Dirty      bool   `json:"dirty,omitempty"`      // tracked files were changed, or the file itself is not tracked
}

// An SLO is the level of service that the pipeline promises.
type SLO struct {
	Success  float64 `json:"success,omitempty"`  // the share of runs that succeed, above 0 and at most 1; 0: not stated
	Duration float64 `json:"duration,omitempty"` // seconds within which Quantile of the successful runs end; 0: not stated
	Quantile float64 `json:"quantile,omitempty"` // of Duration; 0: 0.95
	Window   float64 `json:"window,omitempty"`   // seconds over which it is judged; 0: 30 days
}

// Resources are what a task's container asks for; quantities as Kubernetes
// writes them.
type Resources struct {
	CPU              string `json:"cpu,omitempty"`
	Memory           string `json:"memory,omitempty"`
	Accelerator      string `json:"accelerator,omitempty"` // the resource, such as nvidia.com/gpu
	AcceleratorCount int64  `json:"acceleratorCount,omitempty"`
	Product          string `json:"product,omitempty"` // of the accelerator
	Spot             bool   `json:"spot,omitempty"`    // it may run on a spot node
}

// A TaskRecord says something about one attempt of one task.
type TaskRecord struct {
	Path    string           `json:"path"`
	Attempt int              `json:"attempt,omitempty"`
	State   State            `json:"state,omitempty"`
	Seen    string           `json:"seen,omitempty"`
	Class   string           `json:"class,omitempty"`
	Message string           `json:"message,omitempty"`
	Exit    *int             `json:"exit,omitempty"`
	Image   string           `json:"image,omitempty"`
	Pod     string           `json:"pod,omitempty"`
	Node    string           `json:"node,omitempty"`
	Logs    string           `json:"logs,omitempty"`  // URI of what the attempt printed
	Cache   string           `json:"cache,omitempty"` // the cache key; the state Cached says that it was hit
	Inputs  map[string]Value `json:"inputs,omitempty"`
	Outputs map[string]Value `json:"outputs,omitempty"`
	// Component is the name of the component, ImageDigest what the image's name
	// stood for, "sha256:…".
	Component   string     `json:"component,omitempty"`
	ImageDigest string     `json:"imageDigest,omitempty"`
	Resources   *Resources `json:"resources,omitempty"`
	// Created: the task was ready to go. Scheduled: its pod got a node.
	// Started: its program began.
	Created   time.Time `json:"created,omitzero"`
	Scheduled time.Time `json:"scheduled,omitzero"`
	Started   time.Time `json:"started,omitzero"`
	Finished  time.Time `json:"finished,omitzero"`
}

// Directions of an ArtifactRecord.
const (
	In  = "in"
	Out = "out"
)

// An ArtifactRecord is an edge: the task read (In) or wrote (Out) the artifact.
type ArtifactRecord struct {
	ID       string         `json:"id"` // ArtifactID of the URI
	URI      string         `json:"uri"`
	Type     string         `json:"type,omitempty"`
	Digest   string         `json:"digest,omitempty"`
	Bytes    int64          `json:"bytes,omitempty"` // 0: unknown
	Task     string         `json:"task,omitempty"`  // path; "": the run itself
	Name     string         `json:"name,omitempty"`  // of the task's input or output
	Dir      string         `json:"dir"`
	Metadata map[string]any `json:"metadata,omitempty"`
}

// A DeletedRecord ends a run for every reader; it wins over all else.
type DeletedRecord struct {
	At     time.Time `json:"at,omitzero"`
	Reason string    `json:"reason,omitempty"`
}

// A LostRecord says that something which an event refers to is known to be lost:
// the event before it, or a document. It keeps a store that was repaired from
// being reported for ever.
type LostRecord struct {
	Digest string    `json:"digest"`
	At     time.Time `json:"at,omitzero"`
}

// A Value is a parameter's value, or where an artifact or several lie. A
// secret is neither: what is kept is that it was there, and whether two are equal.
type Value struct {
	Value     json.RawMessage `json:"value,omitempty"` // a parameter, as JSON
	Blob      string          `json:"blob,omitempty"`  // digest of the JSON of a large parameter
	Artifact  *ArtifactValue  `json:"artifact,omitempty"`
	Artifacts []ArtifactValue `json:"artifacts,omitempty"`
	IsList    bool            `json:"list,omitempty"` // a list of artifacts, also when empty
	Redacted  bool            `json:"redacted,omitempty"`
	// HMAC tells two redacted values apart, or that they are equal, to whoever
	// has the store's key; it says nothing to others.
	HMAC string `json:"hmac,omitempty"`
}

// An ArtifactValue is an artifact by reference.
type ArtifactValue struct {
	URI      string         `json:"uri"`
	Type     string         `json:"type,omitempty"`
	Digest   string         `json:"digest,omitempty"`
	Bytes    int64          `json:"bytes,omitempty"` // 0: unknown
	Metadata map[string]any `json:"metadata,omitempty"`
}

// ParameterValue encodes a JSON value; what is no JSON value (NaN, a channel)
// is an error.
func ParameterValue(v any) (Value, error) {
	text, err := marshal(v)
	return Value{Value: text}, err
}

// marshal is json.Marshal without HTML escapes: the bytes are for files.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// kind is the record's kind; "" for one that was read and is unknown.
func (r *Record) kind() string {
	switch {
	case r.Run != nil:
		return kindRun
	case r.Task != nil:
		return kindTask
	case r.Artifact != nil:
		return kindArtifact
	case r.Deleted != nil:
		return kindDeleted
	case r.Lost != nil:
		return kindLost
	}
	return ""
}

// line is the record's JSON on one line; what was read is given back as it was.
func (r *Record) line() ([]byte, error) {
	if r.Raw != nil {
		return r.Raw, nil
	}
	var body any
	switch {
	case r.Run != nil:
		body = r.Run
	case r.Task != nil:
		body = r.Task
	case r.Artifact != nil:
		body = r.Artifact
	case r.Deleted != nil:
		body = r.Deleted
	case r.Lost != nil:
		body = r.Lost
	default:
		return nil, errEmptyRecord
	}
	text, err := marshal(body)
	if err != nil {
		return nil, err
	}
	return withKind(r.kind(), text), nil
}

// withKind writes "kind" as the first member of an object.
func withKind(kind string, object []byte) []byte {
	out := make([]byte, 0, len(object)+len(kind)+12)
	out = append(out, `{"kind":"`...)
	out = append(out, kind...)
	out = append(out, '"')
	if len(object) > 2 {
		out = append(out, ',')
	}
	return append(out, object[1:]...)
}
