// Package openlineage tells what was recorded of a run in the words of
// OpenLineage, which catalogues of data understand. Its idea: the events follow
// from the record alone, so the same record always gives the same events, and
// what is told live is what would be told afterwards.
package openlineage

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
)

// Producer names this program in events, as OpenLineage asks for a URI.
const Producer = "https://github.com/kfp-go/kfp-go"

// The versions of OpenLineage's schemas that the events keep to.
const (
	spec      = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"
	facetSpec = "https://openlineage.io/spec/facets/"
)

// An EventType is the change of a job's run that an event tells.
type EventType string

// The event types.
const (
	Start    EventType = "START"
	Running  EventType = "RUNNING"
	Complete EventType = "COMPLETE"
	Fail     EventType = "FAIL"
	Abort    EventType = "ABORT"
	Other    EventType = "OTHER"
)

// An Event is a RunEvent of OpenLineage 2-0-2.
type Event struct {
	Time      time.Time `json:"eventTime"`
	Type      EventType `json:"eventType"`
	Producer  string    `json:"producer"`
	SchemaURL string    `json:"schemaURL"`
	Run       Run       `json:"run"`
	Job       Job       `json:"job"`
	Inputs    []Dataset `json:"inputs,omitempty"`
	Outputs   []Dataset `json:"outputs,omitempty"`
}

// A Run is one execution of a job. Runs of pipelines keep their id; TaskRunID
// makes those of tasks.
type Run struct {
	ID     string    `json:"runId"`
	Facets RunFacets `json:"facets,omitzero"`
}

// A Job is what runs: a pipeline, or a task of one.
type Job struct {
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	Facets    JobFacets `json:"facets,omitzero"`
}

// A Dataset is an artifact.
type Dataset struct {
	Namespace string        `json:"namespace"`
	Name      string        `json:"name"`
	Facets    DatasetFacets `json:"facets,omitzero"`
}

// A base is what every facet begins with.
type base struct {
	Producer  string `json:"_producer"`
	SchemaURL string `json:"_schemaURL"`
}

// RunFacets describe a run. KFPGo is ours, the others are OpenLineage's.
type RunFacets struct {
	Parent *ParentFacet `json:"parent,omitempty"`
	Error  *ErrorFacet  `json:"errorMessage,omitempty"`
	Engine *EngineFacet `json:"processing_engine,omitempty"`
	KFPGo  *StateFacet  `json:"kfpGo_state,omitempty"`
}

// A ParentFacet names the run of the pipeline that a task belongs to.
type ParentFacet struct {
	base
	Run struct {
		ID string `json:"runId"`
	} `json:"run"`
	Job struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"job"`
}

// An ErrorFacet says why a run failed.
type ErrorFacet struct {
	base
	Message  string `json:"message"`
	Language string `json:"programmingLanguage"`
}

// An EngineFacet says which program ran it.
type EngineFacet struct {
	base
	Name    string `json:"name"`
	Version string `json:"version"`
}

// A StateFacet is what the record says and OpenLineage has no words for.
type StateFacet struct {
	base
	State       string `json:"state"`
	Attempt     int    `json:"attempt,omitempty"`
	Class       string `json:"class,omitempty"`
	Exit        *int   `json:"exit,omitempty"`
	Image       string `json:"image,omitempty"`
	ImageDigest string `json:"imageDigest,omitempty"`
	Node        string `json:"node,omitempty"`
	Pod         string `json:"pod,omitempty"`
	CacheKey    string `json:"cacheKey,omitempty"`
	Engine      string `json:"engine,omitempty"`
	Workflow    string `json:"workflow,omitempty"`
	UID         string `json:"uid,omitempty"`
	Spec        string `json:"spec,omitempty"`
	Manifest    string `json:"manifest,omitempty"`
}

// JobFacets describe a job.
type JobFacets struct {
	Type *JobTypeFacet `json:"jobType,omitempty"`
	Code *CodeFacet    `json:"sourceCodeLocation,omitempty"`
}

// A JobTypeFacet says whether the job is a pipeline (DAG) or a task (TASK).
type JobTypeFacet struct {
	base
	Processing  string `json:"processingType"`
	Integration string `json:"integration"`
	Type        string `json:"jobType"`
}

// A CodeFacet is where the pipeline's file is kept.
type CodeFacet struct {
	base
	Type       string `json:"type"`
	URL        string `json:"url"`
	Repository string `json:"repoUrl,omitempty"`
	Path       string `json:"path,omitempty"`
	Version    string `json:"version,omitempty"`
	Branch     string `json:"branch,omitempty"`
}

// DatasetFacets describe an artifact.
type DatasetFacets struct {
	Version *VersionFacet  `json:"version,omitempty"`
	KFPGo   *ArtifactFacet `json:"kfpGo_artifact,omitempty"`
}

// A VersionFacet is the artifact's content by its digest.
type VersionFacet struct {
	base
	Version string `json:"datasetVersion"`
}

// An ArtifactFacet is the artifact as its task knows it.
type ArtifactFacet struct {
	base
	Port  string `json:"port,omitempty"` // the task's input or output
	Type  string `json:"type,omitempty"`
	Bytes int64  `json:"bytes,omitempty"`
}

// TaskRunID is the run id of one attempt of a task, the same wherever and
// whenever it is asked for. An id of a run that is no UUID gives "".
func TaskRunID(run, path string, attempt int) string {
	space, err := uuid.Parse(run)
	if err != nil {
		return ""
	}
	return uuid.NewSHA1(space, fmt.Appendf(nil, "%s#%d", path, max(attempt, 1))).String()
}

// Write prints events, one line of JSON each.
func Write(w io.Writer, events []Event) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range events {
		if err := enc.Encode(&events[i]); err != nil {
			return err
		}
	}
	return nil
}
