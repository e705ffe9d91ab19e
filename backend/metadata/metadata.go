// Package metadata keeps what happened: runs, their tasks, parameters,
// artifacts and the edges between them. Its single idea: a store is a growing
// set of immutable events, and the state is a pure function of that set.
// Writers never meet, so nothing is ever overwritten or locked; two stores are
// merged by copying their events together.
package metadata

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"
)

// Classes of errors, to be asked for with errors.Is.
var (
	ErrNotFound    = errors.New("not found")
	ErrAmbiguous   = errors.New("ambiguous")          // a name that several runs bear
	ErrDamaged     = errors.New("damaged")            // bytes that fail their own checksum
	ErrConflict    = errors.New("conflict")           // an event id that names other bytes
	ErrFormat      = errors.New("unsupported format") // not a store, or a newer one
	ErrReadOnly    = errors.New("read only")
	ErrUnavailable = errors.New("unavailable") // the place cannot be reached now
	ErrTooLarge    = errors.New("too large")
)

// A Store is a set of events and of documents by content. Methods may be
// called from several goroutines and from several processes at once.
type Store interface {
	// Append makes the event durable before it returns. Appending the same
	// event again is fine and does nothing; other bytes under a known id are
	// ErrConflict.
	Append(ctx context.Context, e *Event) error
	// Load reduces the events that the query needs. Damaged objects are
	// reported in the snapshot, never in its runs, and never end the load.
	Load(ctx context.Context, q Query) (*Snapshot, error)
	// Each is Load for more runs than anybody wants to hold: it calls f with
	// one after the other, in the same order, and gives what is damaged at the
	// end. An error of f ends it and is returned.
	Each(ctx context.Context, q Query, f func(*Run) error) ([]Damage, error)
	// Scan yields every stored event as it lies there, for verification and
	// export: in an order that the content determines, those of a run in order
	// of their ids. An object that cannot be read is yielded with
	// an error, and the scan goes on; only listing errors end it.
	Scan(ctx context.Context) iter.Seq2[Object, error]
	// PutBlob stores a document and gives its digest, "sha256:…". Documents
	// are stored before an event names them.
	PutBlob(ctx context.Context, data []byte) (digest string, err error)
	// Blob is the document with that digest, its content checked.
	Blob(ctx context.Context, digest string) ([]byte, error)
	// Close ends the use of the store. Nothing is buffered in it.
	Close() error
}

// A Maintainer is a Store that keeps itself small and fast when it is told that
// now is a good moment, such as the end of a run. It takes seconds at most and
// mostly does nothing.
type Maintainer interface {
	Maintain(ctx context.Context) error
}

// An Object is one stored event: its name in the store and its bytes.
type Object struct {
	Name string
	Data []byte
}

// A Query chooses runs. The zero Query means all of them with their tasks.
type Query struct {
	Run      string   // a run id or the beginning of one, "": any
	IDs      []string // ids of runs, in order; nil: any
	Name     string   // the run's name or its Workflow's, "": any
	Pipeline string   // "": any
	States   []State
	Engine   string    // "": any
	Since    time.Time // created at or after it; zero: any
	Until    time.Time // created before it; zero: any
	// Labels and Parameters must be there with these texts; of a parameter that
	// is no string, its compact JSON. Redacted and large ones match nothing.
	Labels     map[string]string
	Parameters map[string]string
	Limit      int // the newest so many, 0: all
	// Summary leaves out tasks and artifacts, which makes lists fast.
	Summary bool
	// Deleted includes runs that were deleted.
	Deleted bool
}

// Match reports whether a reduced run is one that the query asks for. Limit is
// the caller's business.
func (q Query) Match(r *Run) bool {
	if r.Deleted && !q.Deleted {
		return false
	}
	if !q.Wants(r.ID) {
		return false
	}
	if q.Name != "" && q.Name != r.Name && q.Name != r.Workflow {
		return false
	}
	if q.Pipeline != "" && q.Pipeline != r.Pipeline {
		return false
	}
	if q.Engine != "" && q.Engine != r.Engine {
		return false
	}
	if !q.Since.IsZero() && r.Created.Before(q.Since) || !q.Until.IsZero() && !r.Created.Before(q.Until) {
		return false
	}
	if len(q.States) > 0 && !slices.Contains(q.States, r.State) {
		return false
	}
	for name, want := range q.Labels {
		if got, ok := r.Labels[name]; !ok || got != want {
			return false
		}
	}
	for name, want := range q.Parameters {
		if got, ok := r.RunRecord.Parameters[name]; !ok || got.text() != want {
			return false
		}
	}
	return true
}

// Wants reports whether the query asks for a run of that id, as far as the id
// says: what a store needs not read of others.
func (q Query) Wants(id string) bool {
	if !strings.HasPrefix(id, q.Run) {
		return false
	}
	if q.IDs == nil {
		return true
	}
	_, found := slices.BinarySearch(q.IDs, id)
	return found
}

// text is a parameter as people write it; NUL, which nobody can ask for, when
// it is not known here.
func (v Value) text() string {
	if v.Value == nil {
		return "\x00"
	}
	var s string
	if json.Unmarshal(v.Value, &s) == nil && v.Value[0] == '"' {
		return s
	}
	return string(v.Value)
}
