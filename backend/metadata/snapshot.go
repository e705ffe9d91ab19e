package metadata

import (
	"context"
	"fmt"
	"strings"
)

// A Snapshot is the state of a store at one moment.
type Snapshot struct {
	Runs []*Run // newest first
	// Damaged lists the objects that could not be used, in order of name.
	Damaged []Damage
}

// A Damage is an object of a store that is not what it should be.
type Damage struct {
	Name string
	Err  error
}

// Names that stand for runs.
const (
	Last       = "@last"
	LastFailed = "@last-failed"
)

// A RunError says why a name stands for no run, or for more than one.
type RunError struct {
	Name       string
	Candidates []*Run // newest first; what it could mean, or the newest known
	Err        error  // ErrNotFound or ErrAmbiguous
}

// Error names the run and the candidates.
func (e *RunError) Error() string {
	var b strings.Builder
	switch {
	case e.Err == ErrAmbiguous:
		fmt.Fprintf(&b, "several runs are named %q", e.Name)
	case e.Name == Last:
		b.WriteString("there is no run yet")
	case e.Name == LastFailed:
		b.WriteString("no run has failed")
	default:
		fmt.Fprintf(&b, "no run is named %q", e.Name)
	}
	for i, r := range e.Candidates {
		if i == 0 {
			b.WriteString("; candidates: ")
		} else {
			b.WriteString(", ")
		}
		b.WriteString(r.ID)
		if r.Name != "" {
			b.WriteString(" (" + r.Name + ")")
		}
	}
	return b.String()
}

// Unwrap gives the class.
func (e *RunError) Unwrap() error { return e.Err }

const maxCandidates = 5

// Find is the run that a name stands for: an id, the unique beginning of one,
// a name, @last or @last-failed. A name that several runs bear is ambiguous.
// Its errors are *RunError.
func (s *Snapshot) Find(name string) (*Run, error) {
	if name == "" {
		return nil, &RunError{Name: name, Err: ErrNotFound}
	}
	var found []*Run
	for _, r := range s.Runs {
		switch {
		case r.ID == name:
			return r, nil
		case name == Last, name == LastFailed && r.State == Failed:
			return r, nil
		case r.Name == name || r.Workflow == name:
			found = append(found, r)
		}
	}
	if len(found) == 0 && IDPrefix(name) {
		for _, r := range s.Runs {
			if strings.HasPrefix(r.ID, name) {
				found = append(found, r)
			}
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	if len(found) > 1 {
		return nil, &RunError{Name: name, Candidates: clip(found), Err: ErrAmbiguous}
	}
	return nil, &RunError{Name: name, Candidates: clip(s.near(name)), Err: ErrNotFound}
}

// near are runs whose name or id has something to do with the name, else the
// newest ones.
func (s *Snapshot) near(name string) []*Run {
	if name == LastFailed || name == Last || name == "" {
		return nil
	}
	var near []*Run
	for _, r := range s.Runs {
		if strings.Contains(r.Name, name) || r.Name != "" && strings.Contains(name, r.Name) || r.Pipeline == name {
			near = append(near, r)
		}
	}
	if len(near) == 0 {
		return s.Runs
	}
	return near
}

func clip(runs []*Run) []*Run { return runs[:min(len(runs), maxCandidates)] }

// Find is Snapshot.Find on a store, loading as little as the name allows.
func Find(ctx context.Context, s Store, name string) (*Run, error) {
	q := Query{}
	switch {
	case name == Last:
		q.Limit = 1
	case name == LastFailed:
		q = Query{States: []State{Failed}, Limit: 1}
	case ValidID(name):
		q.Run = name
	default:
		return findByName(ctx, s, name)
	}
	snap, err := s.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	return snap.Find(name)
}

// findByName looks at summaries of all runs, then loads the one.
func findByName(ctx context.Context, s Store, name string) (*Run, error) {
	all, err := s.Load(ctx, Query{Summary: true})
	if err != nil {
		return nil, err
	}
	r, err := all.Find(name)
	if err != nil {
		return nil, err
	}
	snap, err := s.Load(ctx, Query{Run: r.ID})
	if err != nil {
		return nil, err
	}
	return snap.Find(r.ID)
}
