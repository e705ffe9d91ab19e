package segment

import (
	"slices"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// Sizes at which a segment is full, in bytes.
const (
	fullSegment = 16 << 20
	fullText    = 12 << 20
	maxEdges    = 16 << 20 // of one run
)

// An Object is what is to be written.
type Object struct {
	Key  string
	Data []byte
}

// A Folded is a segment and what is derived from it, to be written in this
// order.
type Folded struct {
	Segment Object
	Edges   *Object // nil: there are none
	Index   Object
	Header  Header
}

// A Builder folds runs, the oldest first.
type Builder struct {
	Level int
	// KeepIDs lists the events' ids in the rows, for segments whose events still
	// lie in the inbox.
	KeepIDs bool

	from, to string
	segment  []byte
	rows     []byte
	edges    []byte
	runs     int
	events   int
}

// Add folds all events of one run, which must be in the order that Sort gives
// and of a run newer than those before. deleted is since when the run is known
// to be deleted, if it is.
func (b *Builder) Add(events []*metadata.Event, deleted time.Time) error {
	var spans []Span
	for _, f := range frames(events) {
		spans = append(spans, Span{int64(len(b.segment)), int64(len(f))})
		b.segment = append(b.segment, f...)
	}
	return b.describe(events, spans, deleted)
}

// describe adds the row and the edges of a run whose frames are in the segment.
func (b *Builder) describe(events []*metadata.Event, spans []Span, deleted time.Time) error {
	row, run := newRow(events)
	if row.Gone {
		row.Deleted = deleted
	}
	if b.from == "" {
		b.from = row.Run
	}
	b.to = row.Run
	for _, s := range spans {
		row.Frames = append(row.Frames, s.Offset, s.Length)
	}
	if b.KeepIDs {
		for _, e := range events {
			row.IDs = append(row.IDs, e.ID)
		}
	}
	if err := b.addEdges(&row, run); err != nil {
		return err
	}
	line, err := encode(&row)
	if err != nil {
		return err
	}
	if len(line) > maxRow {
		row.Record = nil
		if line, err = encode(&row); err != nil {
			return err
		}
	}
	b.rows = append(append(room(b.rows), line...), '\n')
	b.runs++
	b.events += len(events)
	return nil
}

func (b *Builder) addEdges(row *Row, run *metadata.Run) error {
	if run.Deleted {
		return nil
	}
	b.edges = room(b.edges)
	before := len(b.edges)
	for _, a := range run.Artifacts {
		var err error
		if b.edges, err = appendEdge(b.edges, run.ID, a); err != nil {
			return err
		}
		if len(b.edges)-before > maxEdges {
			b.edges, row.Unlisted = b.edges[:before], true
			return nil
		}
	}
	return nil
}

// room grows a text that becomes a large one to its full size at once: grown step
// by step, the last step would hold it twice.
func room(text []byte) []byte {
	if full := fullText + maxRow; len(text) > fullText/8 && cap(text) < full {
		return slices.Grow(text, full-len(text))
	}
	return text
}

// Empty says of which runs a segment that holds none might hold some: so an
// index can replace others of which nothing is left.
func (b *Builder) Empty(from, to string) { b.from, b.to = from, to }

// Runs is how many were added.
func (b *Builder) Runs() int { return b.runs }

// Full reports whether the next run should go to another segment.
func (b *Builder) Full() bool {
	return len(b.segment) >= fullSegment || len(b.rows) >= fullText || len(b.edges) >= fullText
}

// Finish gives the objects and empties the builder. replaces and with go into
// the index.
func (b *Builder) Finish(replaces, with []string) (*Folded, error) {
	name := NameOf(Segments, b.Level, b.from, b.to, b.segment)
	f := &Folded{Segment: Object{name.Key(), b.segment}}
	f.Header = Header{Kind: "index", Version: indexVersion, Segment: f.Segment.Key, Runs: b.runs, Events: b.events, Replaces: replaces, With: with}
	if len(b.edges) > 0 {
		data := compress(b.edges)
		name.Kind, name.Sum = Edges, sum(data)
		f.Edges = &Object{name.Key(), data}
		f.Header.Edges = f.Edges.Key
	}
	b.edges = nil
	head, err := encode(f.Header)
	if err != nil {
		return nil, err
	}
	text := slices.Insert(b.rows, 0, append(head, '\n')...)
	data := compress(text)
	name.Kind, name.Sum = Indexes, sum(data)
	f.Index = Object{name.Key(), data}
	*b = Builder{Level: b.Level, KeepIDs: b.KeepIDs}
	return f, nil
}

// Check reads a segment as it came back from where it was written, with the
// index that describes it: every frame must hold the events of its run.
func Check(x *Index, segment []byte) error {
	return check(x, segment, func(*Row, []*metadata.Event) error { return nil })
}

// check is Check, and gives every row with its events to also.
func check(x *Index, segment []byte, also func(*Row, []*metadata.Event) error) error {
	n, ok := ParseName(x.Header.Segment)
	if !ok {
		return damaged("it names no segment")
	}
	if err := n.Check(segment); err != nil {
		return err
	}
	events := 0
	for _, l := range x.Lines {
		row, err := l.Decode()
		if err != nil {
			return err
		}
		found, err := row.Read(segment)
		if err == nil {
			err = also(row, found)
		}
		if err != nil {
			return err
		}
		events += len(found)
	}
	if events != x.Header.Events {
		return damaged("its segment holds %d events and it states %d", events, x.Header.Events)
	}
	return nil
}

// CheckDerived is Check, and compares what the index says of each run with what
// its events say.
func CheckDerived(x *Index, segment []byte) error {
	return check(x, segment, func(row *Row, events []*metadata.Event) error {
		want, _ := newRow(Sort(events))
		if row.Gone != want.Gone || row.Tombs != want.Tombs || row.At != want.At || row.Record != nil && !sameRun(row.Record, want.Record) {
			return damaged("what it says of run %s is not what the events say", row.Run)
		}
		return nil
	})
}

// sameRun compares what every version derives alike.
func sameRun(a, b *metadata.RunRecord) bool {
	return a.Attempt == b.Attempt && a.State == b.State && a.Seen == b.Seen && a.Name == b.Name && a.Pipeline == b.Pipeline &&
		a.Engine == b.Engine && a.Workflow == b.Workflow && a.Finished.Equal(b.Finished)
}

// Read gives the run's events out of the whole segment.
func (r *Row) Read(segment []byte) ([]*metadata.Event, error) {
	var events []*metadata.Event
	for _, s := range r.Spans() {
		if s.Offset+s.Length > int64(len(segment)) {
			return nil, damaged("the frame of run %s lies outside its segment", r.Run)
		}
		part, err := ParseFrame(segment[s.Offset:s.Offset+s.Length], r.Run)
		if err != nil {
			return nil, err
		}
		events = append(events, part...)
	}
	return events, r.CheckCount(events)
}

// Salvage gives those events of the run that are whole in a damaged segment.
func (r *Row) Salvage(segment []byte) []*metadata.Event {
	var events []*metadata.Event
	for _, s := range r.Spans() {
		if s.Offset < int64(len(segment)) {
			events = append(events, Salvage(segment[s.Offset:min(s.Offset+s.Length, int64(len(segment)))], r.Run)...)
		}
	}
	return events
}

// CheckCount reports ErrDamaged if that many events are not what the row states.
func (r *Row) CheckCount(events []*metadata.Event) error {
	if len(events) != r.Events {
		return damaged("the frame of run %s holds %d events and the index states %d", r.Run, len(events), r.Events)
	}
	return nil
}
