package openlineage

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// Events are what happened in a run, in order of time: of the run and of each
// attempt of each task a START, then COMPLETE, FAIL or ABORT. What still goes
// on has a RUNNING instead; a run that waits and a task that was skipped have an
// OTHER alone, since they never began; a task that waits has none. Times that were not recorded are taken from what is nearest:
// creation for a start, the end of the run for an end.
func Events(r *metadata.Run) []Event {
	out := runEvents(r)
	for _, t := range r.Tasks {
		out = append(out, taskEvents(r, t)...)
	}
	return inOrder(out)
}

func inOrder(moments []moment) []Event {
	slices.SortStableFunc(moments, func(a, b moment) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.phase, b.phase))
	})
	events := make([]Event, len(moments))
	for i := range moments {
		events[i] = moments[i].Event
	}
	return events
}

// A moment is an event with what puts it in order among those of one time.
type moment struct {
	Event
	phase int
}

// The phases of a run: its own events embrace those of its tasks.
const (
	runBegins = iota
	taskBegins
	taskGoesOn
	taskEnds
	runGoesOn
	runEnds
)

// event is an event without facets.
func event(kind EventType, at time.Time, run Run, job Job) Event {
	return Event{Type: kind, Time: at.UTC(), Producer: Producer, SchemaURL: spec + "RunEvent", Run: run, Job: job}
}

// kindOf is the event that a state is told by, and whether it ends the run.
func kindOf(s metadata.State) (kind EventType, final bool) {
	switch s {
	case metadata.Succeeded, metadata.Cached:
		return Complete, true
	case metadata.Failed:
		return Fail, true
	case metadata.Stopped, metadata.Lost:
		return Abort, true
	case metadata.Running:
		return Running, false
	}
	return Other, false
}

func runEvents(r *metadata.Run) []moment {
	run, job := pipelineRun(r), pipelineJob(r)
	kind, final := kindOf(r.State)
	began := first(r.Started, r.Created)
	if kind == Other {
		return []moment{{event(Other, first(r.Created, r.Updated), run, job), runBegins}}
	}
	start := run
	start.Facets.KFPGo = nil
	start.Facets.Error = nil
	in, out := datasets(nil, edges(r, "", metadata.In)), datasets(r.Outputs, edges(r, "", metadata.Out))
	begin := event(Start, began, start, job)
	begin.Inputs = in
	end := event(kind, notBefore(first(r.Finished, r.Updated), began), run, job)
	end.Inputs, end.Outputs = in, out
	if !final {
		end.Time = notBefore(r.Updated, began).UTC()
		return []moment{{begin, runBegins}, {end, runGoesOn}}
	}
	return []moment{{begin, runBegins}, {end, runEnds}}
}

func taskEvents(r *metadata.Run, t *metadata.Task) []moment {
	var out []moment
	for i, earlier := range t.Earlier {
		given, next := *earlier, &t.TaskRecord
		if i+1 < len(t.Earlier) {
			next = t.Earlier[i+1]
		}
		if _, final := kindOf(given.State); !final && given.State == metadata.Running {
			given.State = metadata.Lost // how it ended was not seen, but it did
			given.Finished = first(next.Created, next.Started)
		}
		out = append(out, attemptEvents(r, &given, nil, nil)...)
	}
	return append(out, attemptEvents(r, &t.TaskRecord, edges(r, t.Path, metadata.In), edges(r, t.Path, metadata.Out))...)
}

func attemptEvents(r *metadata.Run, t *metadata.TaskRecord, in, out []*metadata.ArtifactRecord) []moment {
	run, job := taskRun(r, t), taskJob(r, t)
	kind, final := kindOf(t.State)
	began := first(t.Started, t.Created, t.Finished, r.Started, r.Created)
	if kind == Other && t.State != metadata.Skipped {
		return nil
	}
	if kind == Other {
		return []moment{{event(Other, first(t.Finished, t.Created, r.Started, r.Created), run, job), taskGoesOn}}
	}
	start := run
	start.Facets.KFPGo, start.Facets.Error = nil, nil
	begin := event(Start, began, start, job)
	begin.Inputs = datasets(t.Inputs, in)
	end := event(kind, notBefore(first(t.Finished, r.Finished, r.Updated), began), run, job)
	end.Inputs, end.Outputs = begin.Inputs, datasets(t.Outputs, out)
	if !final {
		end.Time = began.UTC()
		return []moment{{begin, taskBegins}, {end, taskGoesOn}}
	}
	return []moment{{begin, taskBegins}, {end, taskEnds}}
}

func pipelineRun(r *metadata.Run) Run {
	out := Run{ID: r.ID, Facets: RunFacets{KFPGo: &StateFacet{base: facet(spec + "RunFacet"), State: string(r.State), Attempt: r.Attempt,
		Engine: r.Engine, Workflow: r.Workflow, UID: r.UID, Spec: r.Spec, Manifest: r.Manifest}}}
	if r.By.Version != "" {
		out.Facets.Engine = &EngineFacet{facet(facetSpec + "1-1-0/ProcessingEngineRunFacet.json#/$defs/ProcessingEngineRunFacet"), "kfp-go", r.By.Version}
	}
	out.Facets.Error = failure(r.State, r.Message)
	return out
}

func taskRun(r *metadata.Run, t *metadata.TaskRecord) Run {
	out := Run{ID: TaskRunID(r.ID, t.Path, t.Attempt), Facets: RunFacets{KFPGo: &StateFacet{base: facet(spec + "RunFacet"), State: string(t.State),
		Attempt: max(t.Attempt, 1), Class: t.Class, Exit: t.Exit, Image: t.Image, ImageDigest: t.ImageDigest, Node: t.Node, Pod: t.Pod, CacheKey: t.Cache}}}
	p := &ParentFacet{base: facet(facetSpec + "1-0-1/ParentRunFacet.json#/$defs/ParentRunFacet")}
	p.Run.ID = r.ID
	p.Job.Namespace, p.Job.Name = namespace(r), pipelineName(r)
	out.Facets.Parent = p
	out.Facets.Error = failure(t.State, t.Message)
	return out
}

// failure is the reason of a failure; the schema wants a language, which the
// record does not know.
func failure(s metadata.State, message string) *ErrorFacet {
	if s != metadata.Failed || message == "" {
		return nil
	}
	return &ErrorFacet{facet(facetSpec + "1-0-0/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet"), message, "unknown"}
}

func pipelineJob(r *metadata.Run) Job {
	return Job{Namespace: namespace(r), Name: pipelineName(r), Facets: JobFacets{Type: jobType("DAG"), Code: code(r.Code)}}
}

func taskJob(r *metadata.Run, t *metadata.TaskRecord) Job {
	return Job{Namespace: namespace(r), Name: pipelineName(r) + "." + t.Path, Facets: JobFacets{Type: jobType("TASK")}}
}

func jobType(kind string) *JobTypeFacet {
	return &JobTypeFacet{facet(facetSpec + "2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet"), "BATCH", "KFP_GO", kind}
}

// namespace is where the job is at home: the cluster and its namespace, or the
// engine where there is no cluster.
func namespace(r *metadata.Run) string {
	parts := slices.DeleteFunc([]string{r.Cluster, r.Namespace}, func(s string) bool { return s == "" })
	if len(parts) == 0 {
		return cmp.Or(r.Engine, "kfp-go")
	}
	return strings.Join(parts, "/")
}

func pipelineName(r *metadata.Run) string { return cmp.Or(r.Pipeline, r.Name, r.ID) }

// code is where the pipeline's file is kept, nil unless that is a place with a
// URL.
func code(c *metadata.Code) *CodeFacet {
	if c == nil || c.Repository == "" {
		return nil
	}
	u, err := url.Parse(c.Repository)
	if err != nil || u.Scheme == "" || u.Host == "" {
		host, path, ok := strings.Cut(c.Repository, ":") // git@host:path
		if u, err = url.Parse("ssh://" + host + "/" + strings.TrimPrefix(path, "/")); !ok || err != nil || u.Host == "" {
			return nil
		}
	}
	if _, secret := u.User.Password(); secret {
		u.User = nil
	}
	u.RawQuery, u.Fragment = "", ""
	return &CodeFacet{base: facet(facetSpec + "1-0-1/SourceCodeLocationJobFacet.json#/$defs/SourceCodeLocationJobFacet"), Type: "git", URL: u.String(),
		Repository: u.String(), Path: c.Path, Version: c.Revision, Branch: c.Branch}
}

func facet(schema string) base { return base{Producer, schema} }

// first is the first time that is known.
func first(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// notBefore keeps an end, which another clock may have told, behind its start.
func notBefore(t, start time.Time) time.Time {
	if t.Before(start) {
		return start
	}
	return t
}
