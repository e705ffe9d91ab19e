package segment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"iter"
	"slices"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// A Row is what an index knows of a run's events in its segment.
type Row struct {
	Kind string `json:"kind"` // run
	Run  string `json:"run"`
	// At is when the run was created, in a form that sorts as text.
	At     string  `json:"at"`
	Frames []int64 `json:"frames"` // offset and length, one pair for each frame
	Events int     `json:"events"` // how many
	// IDs are those of the events, as long as these may still lie in the inbox.
	IDs     []string        `json:"ids,omitempty"`
	Updated time.Time       `json:"updated,omitzero"`
	By      metadata.Writer `json:"by"`
	// Gone says that the run was deleted, Deleted since when that is known here,
	// by the store's clock; Tombs counts the events that say so.
	Gone    bool      `json:"gone,omitempty"`
	Deleted time.Time `json:"deleted,omitzero"`
	Tombs   int       `json:"tombs,omitempty"`
	// Record is the run reduced from these events alone, nil when that is too
	// large for an index.
	Record *metadata.RunRecord `json:"record,omitempty"`
	// Unlisted says that the run's edges are too many to be listed.
	Unlisted bool `json:"unlisted,omitempty"`
}

// maxRow bounds a row; the run of a larger one is read from its frames.
const maxRow = 256 << 10

const (
	rowHead = `{"kind":"run","run":"`
	atHead  = `","at":"`
	atForm  = "2006-01-02T15:04:05.000000000Z"
	idEnd   = len(rowHead) + 36
	atStart = idEnd + len(atHead)
	atEnd   = atStart + len(atForm)
)

// newRow reduces the events of one run.
func newRow(events []*metadata.Event) (Row, *metadata.Run) {
	run := metadata.Reduce(events)[0]
	r := Row{Kind: "run", Run: run.ID, At: atText(run.Created), Events: len(events), Updated: run.Updated.UTC(), By: run.By, Gone: run.Deleted}
	record := run.RunRecord
	r.Record = &record
	for _, e := range events {
		if Tombstone(e) {
			r.Tombs++
		}
	}
	return r, run
}

func atText(t time.Time) string {
	text := t.UTC().Format(atForm)
	if len(text) != len(atForm) {
		return "" // a year that does not sort
	}
	return text
}

// Tombstone reports whether the event deletes its run.
func Tombstone(e *metadata.Event) bool {
	return slices.ContainsFunc(e.Records, func(r metadata.Record) bool { return r.Deleted != nil })
}

// Spans are the run's frames.
func (r *Row) Spans() []Span {
	spans := make([]Span, 0, len(r.Frames)/2)
	for i := 0; i+1 < len(r.Frames); i += 2 {
		spans = append(spans, Span{r.Frames[i], r.Frames[i+1]})
	}
	return spans
}

// Summary is the run without tasks and artifacts; nil if only its frames tell.
func (r *Row) Summary() *metadata.Run {
	if r.Record == nil {
		return nil
	}
	run := &metadata.Run{ID: r.Run, RunRecord: *r.Record, Deleted: r.Gone, Updated: r.Updated, By: r.By}
	if run.Created.IsZero() {
		run.Created = metadata.IDTime(run.ID)
	}
	return run
}

// Rescue is an event that says what the row says, for when its frames are
// lost. The same row gives the same event.
func (r *Row) Rescue(artifacts []*metadata.ArtifactRecord) (*metadata.Event, error) {
	text, err := encode(r)
	if err != nil {
		return nil, err
	}
	h := sha256.Sum256(text)
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80 // a UUID of our own making
	d := hex.EncodeToString(h[:16])
	e := &metadata.Event{ID: d[:8] + "-" + d[8:12] + "-" + d[12:16] + "-" + d[16:20] + "-" + d[20:], Run: r.Run, At: r.Updated, By: r.By}
	if r.Record != nil {
		e.Records = append(e.Records, metadata.Record{Run: r.Record})
	}
	if r.Gone {
		e.Records = append(e.Records, metadata.Record{Deleted: &metadata.DeletedRecord{At: r.Deleted}})
	}
	for _, a := range artifacts[:min(len(artifacts), metadata.MaxEventRecords-len(e.Records))] {
		e.Records = append(e.Records, metadata.Record{Artifact: a})
	}
	data, err := e.Encode()
	if err != nil {
		return nil, err
	}
	return metadata.ParseEvent(data)
}

// A Line is a row as it lies in an index, decoded only when it matters.
type Line []byte

// Run is the id of the run.
func (l Line) Run() string { return string(l[len(rowHead):idEnd]) }

// Decode reads the row.
func (l Line) Decode() (*Row, error) {
	r := new(Row)
	if err := json.Unmarshal(l, r); err != nil {
		return nil, damaged("a row is no JSON of a row")
	}
	if len(r.Frames)%2 != 0 || len(r.Frames) == 0 {
		return nil, damaged("a row names no frames")
	}
	for _, n := range r.Frames {
		if n < 0 || n > MaxObject {
			return nil, damaged("a row names a frame outside its segment")
		}
	}
	return r, nil
}

// IDs is the list of the events' ids as it stands in the line, without its
// brackets; ok is false if the line does not begin as this version writes it.
// What stands before it is no text of anybody's.
func (l Line) IDs() (ids []byte, ok bool) {
	if len(l) < atEnd || l[atEnd] != '"' {
		return nil, false
	}
	rest, ok := bytes.CutPrefix(l[atEnd:], []byte(`","frames":[`))
	if !ok {
		return nil, false
	}
	rest, ok = bytes.CutPrefix(bytes.TrimLeft(rest, "0123456789,"), []byte(`],"events":`))
	if !ok {
		return nil, false
	}
	rest, ok = bytes.CutPrefix(bytes.TrimLeft(rest, "0123456789"), []byte(`,"ids":[`))
	if !ok {
		return nil, true // there are none
	}
	ids, _, ok = bytes.Cut(rest, []byte("]"))
	return ids, ok
}

// EachID gives the events' ids that the line lists; none if it cannot be read.
func (l Line) EachID() iter.Seq[string] {
	return func(yield func(string) bool) {
		ids, ok := l.IDs()
		if !ok {
			if row, err := l.Decode(); err == nil {
				slices.Values(row.IDs)(yield)
			}
			return
		}
		for id := range bytes.SplitSeq(ids, []byte(",")) {
			if len(id) > 0 && !yield(string(bytes.Trim(id, `"`))) {
				return
			}
		}
	}
}

// Unlisted reports whether the run's edges may not be listed.
func (l Line) Unlisted() bool { return bytes.Contains(l, []byte(`,"unlisted":true`)) }

// Gone reports whether the run was deleted.
func (l Line) Gone() bool { return bytes.Contains(l, []byte(`,"gone":true`)) }

// A Filter leaves out lines that a query cannot mean, by their bytes alone.
type Filter struct {
	since, until string
	all          [][]byte
	any          [][]byte
}

// NewFilter prepares a query.
func NewFilter(q metadata.Query) *Filter {
	f := &Filter{}
	if !q.Since.IsZero() {
		f.since = atText(q.Since)
	}
	if !q.Until.IsZero() {
		f.until = atText(q.Until)
	}
	member := func(name, value string) []byte { return append(append(quote(name), ':'), quote(value)...) }
	for name, value := range map[string]string{"pipeline": q.Pipeline, "engine": q.Engine} {
		if value != "" {
			f.all = append(f.all, member(name, value))
		}
	}
	for name, value := range q.Labels {
		f.all = append(f.all, member(name, value))
	}
	if q.Name != "" {
		f.all = append(f.all, quote(q.Name))
	}
	for name := range q.Parameters {
		f.all = append(f.all, append(quote(name), ':'))
	}
	for _, s := range q.States {
		if s == "" {
			f.any = nil
			break
		}
		f.any = append(f.any, member("state", string(s)))
	}
	return f
}

// May reports whether the row may be one that the query asks for.
func (f *Filter) May(l Line) bool {
	if bytes.Contains(l, []byte(`,"record":{`)) { // else only the frames tell
		for _, b := range f.all {
			if !bytes.Contains(l, b) {
				return false
			}
		}
		if len(f.any) > 0 && !slices.ContainsFunc(f.any, func(b []byte) bool { return bytes.Contains(l, b) }) {
			return false
		}
	}
	if f.since == "" && f.until == "" || len(l) < atEnd || l[atEnd] != '"' {
		return true
	}
	at := string(l[atStart:atEnd])
	return at >= f.since && (f.until == "" || at < f.until)
}

func quote(s string) []byte {
	b, _ := encode(s) // a string always encodes
	return b
}

// encode is JSON without the escapes that only web pages need.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
