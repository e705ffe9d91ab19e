package metadata

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"
)

// Bounds of one event; more records become several events.
const (
	MaxEventBytes   = 1 << 20
	MaxEventRecords = 1000
)

var errEmptyRecord = errors.New("a record without content")

// A Writer is who wrote an event.
type Writer struct {
	ID      string `json:"id,omitempty"`
	Host    string `json:"host,omitempty"`
	User    string `json:"user,omitempty"`
	Version string `json:"version,omitempty"`
}

// An Event is what one writer says about one run at one moment. It is written
// once and never changed.
type Event struct {
	ID   string // UUIDv7
	Run  string // UUIDv7
	Prev string // digest of this writer's previous event of the run, "": none
	At   time.Time
	By   Writer
	// Part of Parts, from 1, when one batch took several events; else 0.
	Part, Parts int
	Records     []Record

	raw []byte // as read or encoded; nil until then
}

// header is the first line of an event.
type header struct {
	Kind    string    `json:"kind"`
	Version int       `json:"v"`
	Event   string    `json:"event"`
	Run     string    `json:"run"`
	Prev    string    `json:"prev,omitempty"`
	At      time.Time `json:"at"`
	Part    int       `json:"part,omitempty"`
	Parts   int       `json:"parts,omitempty"`
	Writer  Writer    `json:"writer"`
}

// footer is the last line; without it the file is torn.
type footer struct {
	Kind    string `json:"kind"`
	Records int    `json:"records"`
	SHA256  string `json:"sha256"` // of all bytes before this line
}

// Digest is the store's way to name content.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// ArtifactID names an artifact by where it lies.
func ArtifactID(uri string) string { return Digest([]byte(uri)) }

// Encode gives the event's bytes: a line for its header, one per record, and a
// closing line with their count and checksum. The bytes of an event that was
// parsed are those that were read.
func (e *Event) Encode() ([]byte, error) {
	if e.raw != nil {
		return e.raw, nil
	}
	if !ValidID(e.ID) || !ValidID(e.Run) {
		return nil, fmt.Errorf("event %q of run %q: an id is no lower-case UUID", e.ID, e.Run)
	}
	if len(e.Records) > MaxEventRecords {
		return nil, fmt.Errorf("event of %d records: %w", len(e.Records), ErrTooLarge)
	}
	head, err := marshal(header{Kind: kindEvent, Version: 1, Event: e.ID, Run: e.Run, Prev: e.Prev,
		At: e.At.UTC(), Part: e.Part, Parts: e.Parts, Writer: e.By})
	if err != nil {
		return nil, err
	}
	out := append(head, '\n')
	for i := range e.Records {
		line, err := e.Records[i].line()
		if err != nil {
			return nil, err
		}
		out = append(append(out, line...), '\n')
	}
	out = closeEvent(out, len(e.Records))
	if len(out) > MaxEventBytes {
		return nil, fmt.Errorf("event of %d bytes: %w", len(out), ErrTooLarge)
	}
	e.raw = out
	return out, nil
}

func closeEvent(out []byte, records int) []byte { return append(out, closing(out, records)...) }

// closing is the last line of an event with that body.
func closing(body []byte, records int) []byte {
	sum := sha256.Sum256(body)
	out := append(make([]byte, 0, 120), `{"kind":"end","records":`...)
	out = strconv.AppendInt(out, int64(records), 10)
	out = append(out, `,"sha256":"`...)
	out = hex.AppendEncode(out, sum[:])
	return append(out, "\"}\n"...)
}

// Name is the event's name in a store, below inbox/.
func (e *Event) Name() string { return e.ID + "_" + e.Run + ".ndjson" }

// SplitName takes the ids out of an event's name.
func SplitName(name string) (event, run string, ok bool) {
	const suffix = ".ndjson"
	if len(name) != 2*idLength+1+len(suffix) || name[idLength] != '_' || name[2*idLength+1:] != suffix {
		return "", "", false
	}
	event, run = name[:idLength], name[idLength+1:2*idLength+1]
	return event, run, ValidID(event) && ValidID(run)
}

// ParseEvent reads the bytes of one event and trusts nothing: size, ids, the
// count and the checksum are verified. All its errors are ErrDamaged, but for
// an event that only a newer version understands, which is ErrFormat.
func ParseEvent(data []byte) (*Event, error) { return parseEvent(data, nil) }

// parseEvent leaves records undecoded (Raw only) whose kind skip refuses.
func parseEvent(data []byte, skip func(kind string) bool) (*Event, error) {
	body, err := checkEnvelope(data)
	if err != nil {
		return nil, err
	}
	first, rest, _ := bytes.Cut(body, []byte("\n"))
	var h header
	if err := json.Unmarshal(first, &h); err != nil || h.Kind != kindEvent {
		return nil, damaged("its first line is no event header")
	}
	if h.Version != 1 {
		return nil, fmt.Errorf("event version %d: %w", h.Version, ErrFormat)
	}
	if !ValidID(h.Event) || !ValidID(h.Run) {
		return nil, damaged("an id is no UUID")
	}
	e := &Event{ID: h.Event, Run: h.Run, Prev: h.Prev, At: h.At, By: h.Writer, Part: h.Part, Parts: h.Parts, raw: data}
	e.Records = make([]Record, 0, bytes.Count(rest, []byte("\n")))
	for line := range bytes.Lines(rest) {
		line = line[:len(line)-1]
		r, err := parseRecord(line, skip)
		if err != nil {
			return nil, err
		}
		e.Records = append(e.Records, r)
	}
	return e, nil
}

// checkEnvelope gives what the closing line closes.
func checkEnvelope(data []byte) (body []byte, err error) {
	if len(data) > MaxEventBytes {
		return nil, damaged("it is larger than an event may be")
	}
	if len(data) == 0 || data[len(data)-1] != '\n' {
		return nil, damaged("it is torn: the closing line is missing")
	}
	at := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	body, last := data[:at], data[at:]
	if n := bytes.Count(body, []byte("\n")) - 1; n >= 0 && n <= MaxEventRecords && bytes.Equal(last, closing(body, n)) {
		return body, nil // as we write it
	}
	var f footer
	if err := json.Unmarshal(last, &f); err != nil || f.Kind != kindEnd {
		return nil, damaged("it is torn: the closing line is missing")
	}
	if got := Digest(body); got != "sha256:"+f.SHA256 {
		return nil, damaged("its content does not have the checksum that it states")
	}
	if n := bytes.Count(body, []byte("\n")) - 1; n != f.Records || n < 0 || n > MaxEventRecords {
		return nil, damaged("it does not hold the number of records that it states")
	}
	return body, nil
}

func damaged(why string) error { return fmt.Errorf("event %w: %s", ErrDamaged, why) }

func parseRecord(line []byte, skip func(string) bool) (Record, error) {
	r := Record{Raw: json.RawMessage(line)}
	kind := recordKind(line)
	if kind == "" {
		return r, damaged("a record has no kind")
	}
	if skip != nil && skip(kind) {
		return r, nil
	}
	var err error
	switch kind {
	case kindRun:
		r.Run = new(RunRecord)
		err = json.Unmarshal(line, r.Run)
	case kindTask:
		r.Task = new(TaskRecord)
		err = json.Unmarshal(line, r.Task)
	case kindArtifact:
		r.Artifact = new(ArtifactRecord)
		err = json.Unmarshal(line, r.Artifact)
	case kindDeleted:
		r.Deleted = new(DeletedRecord)
		err = json.Unmarshal(line, r.Deleted)
	case kindLost:
		r.Lost = new(LostRecord)
		err = json.Unmarshal(line, r.Lost)
	default:
		if !json.Valid(line) {
			err = errEmptyRecord
		}
	}
	if err != nil {
		return r, damaged("a " + strclip(kind) + " record is no JSON of that kind")
	}
	return r, nil
}

// recordKind reads the kind; our own writer puts it first, others need not.
func recordKind(line []byte) string {
	const lead = `{"kind":"`
	if rest, ok := bytes.CutPrefix(line, []byte(lead)); ok {
		if i := bytes.IndexByte(rest, '"'); i > 0 && bytes.IndexByte(rest[:i], '\\') < 0 {
			return string(rest[:i])
		}
	}
	var k struct{ Kind string }
	if json.Unmarshal(line, &k) != nil {
		return ""
	}
	return k.Kind
}

// strclip keeps foreign text in messages short and printable.
func strclip(s string) string {
	if len(s) > 80 {
		s = s[:80]
	}
	return fmt.Sprintf("%q", s)
}

// SplitEvents cuts events that stand one behind the other, without a look at
// what they say. What is no event comes out in pieces that do not parse.
func SplitEvents(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(data) > 0 {
			n := eventLength(data)
			if !yield(data[:n:n]) {
				return
			}
			data = data[n:]
		}
	}
}

// eventLength counts the bytes up to the closing line, or up to the next event.
func eventLength(data []byte) int {
	n := 0
	for line := range bytes.Lines(data) {
		kind := recordKind(bytes.TrimSuffix(line, []byte("\n")))
		if n > 0 && (kind == kindEvent || kind == kindBlob) {
			return n
		}
		n += len(line)
		if kind == kindEnd {
			return n
		}
	}
	return n
}

// ParseNamed is ParseEvent of an event that lies under a name, which must be
// its own. A summary leaves out what is about tasks and artifacts.
func ParseNamed(name string, data []byte, summary bool) (*Event, error) {
	var skip func(string) bool
	if summary {
		skip = func(kind string) bool { return kind == kindTask || kind == kindArtifact }
	}
	e, err := parseEvent(data, skip)
	if err != nil {
		return nil, err
	}
	if e.Name() != name {
		return nil, damaged("it lies under the name of another event")
	}
	return e, nil
}
