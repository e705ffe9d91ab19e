package openlineage

import (
	"maps"
	"slices"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/taskpath"
)

// A Follower tells the events of one run while it is recorded. Each event is
// told once; together they are those of Events, and a RUNNING or an OTHER for
// what was seen on its way. The work for an event grows with what it
// holds, not with the run. It is not safe for concurrent use.
type Follower struct {
	run  []*metadata.Event            // with the records of the run alone
	task map[string][]*metadata.Event // with those of one task alone
	told map[told]bool
}

type told struct {
	run  string
	kind EventType
}

// NewFollower follows one run from its first record on.
func NewFollower() *Follower {
	return &Follower{task: map[string][]*metadata.Event{}, told: map[told]bool{}}
}

// Resume follows a run that another process followed until now: what its record
// says already has been told.
func Resume(r *metadata.Run) *Follower {
	f := NewFollower()
	e := &metadata.Event{ID: r.ID, Run: r.ID, At: r.Updated, By: r.By, Records: []metadata.Record{{Run: &r.RunRecord}}}
	for _, t := range r.Tasks {
		for _, earlier := range t.Earlier {
			e.Records = append(e.Records, metadata.Record{Task: earlier})
		}
		e.Records = append(e.Records, metadata.Record{Task: &t.TaskRecord})
	}
	for _, a := range r.Artifacts {
		e.Records = append(e.Records, metadata.Record{Artifact: a})
	}
	f.Recorded(e)
	return f
}

// Recorded takes what was recorded next and gives what that adds, in order.
func (f *Follower) Recorded(e *metadata.Event) []Event {
	touched := f.split(e)
	if len(f.run) == 0 {
		return nil
	}
	run := metadata.Reduce(f.run)[0]
	moments := runEvents(run)
	for _, path := range touched {
		one := metadata.Reduce(f.task[path])[0]
		one.RunRecord, one.By, one.Updated = run.RunRecord, run.By, run.Updated
		for _, t := range one.Tasks {
			moments = append(moments, taskEvents(one, t)...)
		}
	}
	return inOrder(slices.DeleteFunc(moments, f.known))
}

func (f *Follower) known(m moment) bool {
	k := told{m.Run.ID, m.Type}
	known := f.told[k]
	f.told[k] = true
	return known
}

// split keeps the event's records apart by what they are about and gives the
// paths of the tasks, in order.
func (f *Follower) split(e *metadata.Event) (touched []string) {
	part := func(records []metadata.Record) *metadata.Event {
		return &metadata.Event{ID: e.ID, Run: e.Run, At: e.At, By: e.By, Records: records}
	}
	byTask := map[string][]metadata.Record{}
	var ofRun []metadata.Record
	for _, r := range e.Records {
		switch {
		case r.Run != nil:
			ofRun = append(ofRun, r)
		case r.Task != nil:
			byTask[r.Task.Path] = append(byTask[r.Task.Path], r)
		case r.Artifact != nil:
			byTask[r.Artifact.Task] = append(byTask[r.Artifact.Task], r)
		}
	}
	if ofRun != nil {
		f.run = append(f.run, part(ofRun))
	}
	for path, records := range byTask {
		f.task[path] = append(f.task[path], part(records))
	}
	return slices.SortedFunc(maps.Keys(byTask), taskpath.Compare)
}
