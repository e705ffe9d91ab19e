package metadata

import (
	"context"
	"errors"
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
	f := &finder{name: name}
	for _, r := range s.Runs {
		if f.add(r) {
			break
		}
	}
	return f.result()
}

// A finder finds a run among many that come one by one, the newest first. It
// holds a few of them.
type finder struct {
	name   string
	exact  *Run
	named  []*Run // bear the name
	begins []*Run // have an id that begins so
	near   []*Run // have something to do with the name
	newest []*Run
}

// add looks at a run and reports whether it is the one.
func (f *finder) add(r *Run) bool {
	keep := func(list *[]*Run) {
		if len(*list) < maxCandidates {
			*list = append(*list, r)
		}
	}
	switch {
	case f.name == "":
		return true
	case r.ID == f.name, f.name == Last, f.name == LastFailed && r.State == Failed:
		f.exact = r
		return true
	case r.Name == f.name || r.Workflow == f.name:
		keep(&f.named)
	case IDPrefix(f.name) && strings.HasPrefix(r.ID, f.name):
		keep(&f.begins)
	case strings.Contains(r.Name, f.name) || r.Name != "" && strings.Contains(f.name, r.Name) || r.Pipeline == f.name:
		keep(&f.near)
	}
	keep(&f.newest)
	return false
}

func (f *finder) result() (*Run, error) {
	if f.exact != nil {
		return f.exact, nil
	}
	found := f.named
	if len(found) == 0 {
		found = f.begins
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, &RunError{Name: f.name, Candidates: found, Err: ErrAmbiguous}
	case f.name == LastFailed || f.name == Last || f.name == "":
		return nil, &RunError{Name: f.name, Err: ErrNotFound}
	case len(f.near) > 0:
		return nil, &RunError{Name: f.name, Candidates: f.near, Err: ErrNotFound}
	}
	return nil, &RunError{Name: f.name, Candidates: f.newest, Err: ErrNotFound}
}

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

var errFound = errors.New("no further run needs a look")

// findByName looks at summaries of all runs, then loads the one.
func findByName(ctx context.Context, s Store, name string) (*Run, error) {
	f := &finder{name: name}
	_, err := s.Each(ctx, Query{Summary: true}, func(r *Run) error {
		if f.add(r) {
			return errFound
		}
		return nil
	})
	if err != nil && err != errFound {
		return nil, err
	}
	r, err := f.result()
	if err != nil {
		return nil, err
	}
	snap, err := s.Load(ctx, Query{Run: r.ID})
	if err != nil {
		return nil, err
	}
	return snap.Find(r.ID)
}
