package metadata

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend/taskpath"
)

// A Run is what the events say about one run, reduced.
type Run struct {
	ID string
	RunRecord
	Deleted   bool
	Updated   time.Time // when the latest event was written
	By        Writer    // of the first event
	Tasks     []*Task   // by path; nil in a summary
	Artifacts []*ArtifactRecord
}

// A Task is the last attempt of a task of a run, and those before it.
type Task struct {
	TaskRecord
	Earlier []*TaskRecord // by attempt
}

// Reduce is the state that a set of events gives. It is a join: the order of
// the events, repetitions and how they are spread over stores do not matter.
// The newest run comes first.
func Reduce(events []*Event) []*Run {
	byRun := map[string][]*Event{}
	for _, e := range events {
		byRun[e.Run] = append(byRun[e.Run], e)
	}
	runs := make([]*Run, 0, len(byRun))
	for _, es := range byRun {
		runs = append(runs, reduceRun(es))
	}
	slices.SortFunc(runs, newestFirst)
	return runs
}

func newestFirst(a, b *Run) int { return strings.Compare(b.ID, a.ID) }

// A claim is a record with what decides whom to believe.
type claim struct {
	attempt  int
	rank     int
	seen     int
	finished time.Time
	event    string
	raw      []byte // two events with one id, or two claims in one event
	rec      *Record
}

// compareClaims orders claims by how much they are to be believed.
func compareClaims(a, b claim) int {
	return cmp.Or(
		cmp.Compare(a.attempt, b.attempt),
		cmp.Compare(a.rank, b.rank),
		cmp.Compare(a.seen, b.seen),
		a.finished.Compare(b.finished),
		strings.Compare(a.event, b.event),
		bytes.Compare(a.raw, b.raw),
	)
}

// reduceRun folds the events of one run.
func reduceRun(events []*Event) *Run {
	r := &Run{ID: events[0].Run}
	var runs []claim
	var tasks map[string][]claim
	var edges map[edgeKey]claim
	var first *Event
	for _, e := range events {
		if first == nil || e.ID < first.ID || e.ID == first.ID && bytes.Compare(mustRaw(e), mustRaw(first)) < 0 {
			first = e
		}
		if e.At.After(r.Updated) {
			r.Updated = e.At
		}
		for i := range e.Records {
			rec := &e.Records[i]
			switch {
			case rec.Run != nil:
				runs = append(runs, runClaim(e, rec))
			case rec.Task != nil:
				if tasks == nil {
					tasks = map[string][]claim{}
				}
				tasks[rec.Task.Path] = append(tasks[rec.Task.Path], taskClaim(e, rec))
			case rec.Artifact != nil:
				if edges == nil {
					edges = map[edgeKey]claim{}
				}
				addEdge(edges, e, rec)
			case rec.Deleted != nil:
				r.Deleted = true
			}
		}
	}
	r.By = first.By
	r.RunRecord = joinRun(runs)
	if r.Created.IsZero() {
		r.Created = IDTime(r.ID)
	}
	r.Tasks = joinTasks(tasks)
	r.Artifacts = joinEdges(edges)
	return r
}

// mustRaw is the event's bytes; an event that cannot be encoded has none.
func mustRaw(e *Event) []byte {
	raw, err := e.Encode()
	if err != nil {
		return nil
	}
	return raw
}

func recordRaw(rec *Record) []byte {
	line, err := rec.line()
	if err != nil {
		return nil
	}
	return line
}

func runClaim(e *Event, rec *Record) claim {
	c := claim{attempt: max(rec.Run.Attempt, 1), rank: rec.Run.State.rank(), event: e.ID, raw: recordRaw(rec), rec: rec}
	if rec.Run.State.Final() {
		c.seen, c.finished = seenRank(rec.Run.Seen), rec.Run.Finished
	}
	return c
}

func taskClaim(e *Event, rec *Record) claim {
	c := claim{attempt: max(rec.Task.Attempt, 1), rank: rec.Task.State.rank(), event: e.ID, raw: recordRaw(rec), rec: rec}
	if rec.Task.State.Final() {
		c.seen, c.finished = seenRank(rec.Task.Seen), rec.Task.Finished
	}
	return c
}

// joinRun believes the last claim; what describes the run whatever its state
// comes from the last claim that says it.
func joinRun(claims []claim) RunRecord {
	if len(claims) == 0 {
		return RunRecord{}
	}
	slices.SortFunc(claims, compareClaims)
	last := claims[len(claims)-1]
	out := RunRecord{Attempt: last.attempt, State: last.rec.Run.State, Seen: last.rec.Run.Seen,
		Message: last.rec.Run.Message, Outputs: last.rec.Run.Outputs, Finished: last.rec.Run.Finished}
	for _, c := range claims {
		in := c.rec.Run
		describeRun(&out, in)
		earliest(&out.Created, in.Created)
		earliest(&out.Started, in.Started)
	}
	out.Outputs = withContents(out.Outputs, claims, func(c claim) map[string]Value { return c.rec.Run.Outputs })
	return out
}

func describeRun(out, in *RunRecord) {
	keep(&out.Name, in.Name)
	keep(&out.Pipeline, in.Pipeline)
	keep(&out.Spec, in.Spec)
	keep(&out.Manifest, in.Manifest)
	keep(&out.Source, in.Source)
	keep(&out.Engine, in.Engine)
	keep(&out.Cluster, in.Cluster)
	keep(&out.Namespace, in.Namespace)
	keep(&out.Workflow, in.Workflow)
	keep(&out.UID, in.UID)
	keep(&out.Profile, in.Profile)
	keep(&out.Folder, in.Folder)
	if len(in.Stores) > 0 {
		out.Stores = in.Stores
	}
	if in.Code != nil {
		out.Code = in.Code
	}
	if in.SLO != nil {
		out.SLO = in.SLO
	}
	if len(in.Labels) > 0 {
		out.Labels = in.Labels
	}
	if len(in.Parameters) > 0 {
		out.Parameters = in.Parameters
	}
}

func joinTasks(byPath map[string][]claim) []*Task {
	if len(byPath) == 0 {
		return nil
	}
	tasks := make([]*Task, 0, len(byPath))
	for path, claims := range byPath {
		tasks = append(tasks, joinTask(path, claims))
	}
	slices.SortFunc(tasks, func(a, b *Task) int { return taskpath.Compare(a.Path, b.Path) })
	return tasks
}

// joinTask puts the attempts of a task in order.
func joinTask(path string, claims []claim) *Task {
	slices.SortFunc(claims, compareClaims)
	out := &Task{}
	for len(claims) > 0 {
		n := slices.IndexFunc(claims, func(c claim) bool { return c.attempt != claims[0].attempt })
		if n < 0 {
			out.TaskRecord = joinAttempt(path, claims)
			return out
		}
		earlier := joinAttempt(path, claims[:n])
		out.Earlier = append(out.Earlier, &earlier)
		claims = claims[n:]
	}
	return out
}

// joinAttempt believes the last claim about an attempt; what describes it comes
// from the last claim that says it.
func joinAttempt(path string, claims []claim) TaskRecord {
	last := claims[len(claims)-1]
	out := TaskRecord{Path: path, Attempt: last.attempt, State: last.rec.Task.State, Seen: last.rec.Task.Seen,
		Class: last.rec.Task.Class, Message: last.rec.Task.Message, Exit: last.rec.Task.Exit,
		Outputs: last.rec.Task.Outputs, Finished: last.rec.Task.Finished}
	for _, c := range claims {
		in := c.rec.Task
		keep(&out.Image, in.Image)
		keep(&out.Pod, in.Pod)
		keep(&out.Node, in.Node)
		keep(&out.Logs, in.Logs)
		keep(&out.Cache, in.Cache)
		keep(&out.Component, in.Component)
		keep(&out.ImageDigest, in.ImageDigest)
		if in.Resources != nil {
			out.Resources = in.Resources
		}
		if len(in.Inputs) > 0 {
			out.Inputs = in.Inputs
		}
		earliest(&out.Created, in.Created)
		earliest(&out.Scheduled, in.Scheduled)
		earliest(&out.Started, in.Started)
	}
	out.Inputs = withContents(out.Inputs, claims, func(c claim) map[string]Value { return c.rec.Task.Inputs })
	out.Outputs = withContents(out.Outputs, claims, func(c claim) map[string]Value { return c.rec.Task.Outputs })
	return out
}

// An edgeKey tells artifact edges of one run apart.
type edgeKey struct{ uri, task, name, dir string }

func addEdge(edges map[edgeKey]claim, e *Event, rec *Record) {
	a := rec.Artifact
	k := edgeKey{a.URI, a.Task, a.Name, a.Dir}
	c := claim{event: e.ID, raw: recordRaw(rec), rec: rec}
	if contentOf(a.Bytes, a.Digest).known() {
		c.rank = 1 // who has not looked does not unsay it
	}
	if old, ok := edges[k]; !ok || compareClaims(old, c) < 0 {
		edges[k] = c
	}
}

func joinEdges(edges map[edgeKey]claim) []*ArtifactRecord {
	if len(edges) == 0 {
		return nil
	}
	out := make([]*ArtifactRecord, 0, len(edges))
	for _, c := range edges {
		out = append(out, c.rec.Artifact)
	}
	slices.SortFunc(out, func(a, b *ArtifactRecord) int {
		return cmp.Or(taskpath.Compare(a.Task, b.Task), strings.Compare(a.Dir, b.Dir),
			strings.Compare(a.Name, b.Name), strings.Compare(a.URI, b.URI))
	})
	return out
}

func keep(out *string, in string) {
	if in != "" {
		*out = in
	}
}

func earliest(out *time.Time, in time.Time) {
	if !in.IsZero() && (out.IsZero() || in.Before(*out)) {
		*out = in
	}
}
