package metadata

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
)

// A bundle is a whole store, or some of its runs, as one NDJSON file: a line
// that says so, the events as they lie in the store, and documents.

const kindBundle, kindBlob = "bundle", "blob"

type bundleLine struct {
	Kind   string `json:"kind"`
	V      int    `json:"v,omitempty"`
	Digest string `json:"digest,omitempty"`
	Data   []byte `json:"data,omitempty"`
}

// Export writes the events of the runs that keep accepts (nil: all) and the
// documents that they name. Damaged events are left out and returned.
func Export(ctx context.Context, s Store, w io.Writer, keep func(run string) bool) ([]Damage, error) {
	if err := writeLine(w, bundleLine{Kind: kindBundle, V: 1}); err != nil {
		return nil, err
	}
	var damage []Damage
	var digests []string
	for o, err := range s.Scan(ctx) {
		if err != nil && o.Name == "" {
			return damage, err
		}
		e, err := checkObject(o, err)
		if err != nil {
			damage = append(damage, Damage{o.Name, err})
			continue
		}
		if keep != nil && !keep(e.Run) {
			continue
		}
		if _, err := w.Write(o.Data); err != nil {
			return damage, err
		}
		digests = append(digests, documents(e)...)
	}
	slices.Sort(digests)
	for _, d := range slices.Compact(digests) {
		data, err := s.Blob(ctx, d)
		if err != nil {
			damage = append(damage, Damage{d, err})
			continue
		}
		if err := writeLine(w, bundleLine{Kind: kindBlob, Digest: d, Data: data}); err != nil {
			return damage, err
		}
	}
	return damage, nil
}

func writeLine(w io.Writer, v any) error {
	line, err := marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// documents are the digests that an event names.
func documents(e *Event) []string {
	var out []string
	add := func(d string) {
		if d != "" {
			out = append(out, d)
		}
	}
	values := func(m map[string]Value) {
		for _, v := range m { // sorted by the caller
			add(v.Blob)
		}
	}
	for _, r := range e.Records {
		if r.Run != nil {
			add(r.Run.Spec)
			add(r.Run.Manifest)
			values(r.Run.Parameters)
			values(r.Run.Outputs)
		}
		if r.Task != nil {
			values(r.Task.Inputs)
			values(r.Task.Outputs)
		}
	}
	return out
}

// Import adds what a bundle holds to a store and counts its events.
func Import(ctx context.Context, s Store, bundle []byte) (events int, err error) {
	b, err := parseBundle(bundle)
	if err != nil {
		return 0, err
	}
	for _, d := range b.digests {
		if _, err := s.PutBlob(ctx, b.blobs[d]); err != nil {
			return 0, err
		}
	}
	for i, e := range b.events {
		if err := s.Append(ctx, e); err != nil {
			return i, err
		}
	}
	return len(b.events), nil
}

// A bundleStore is a bundle that is read as a store.
type bundleStore struct {
	events  []*Event
	blobs   map[string][]byte
	digests []string // of blobs, sorted
	damaged []Damage
}

// OpenBundle reads a bundle as a store, which cannot be written.
func OpenBundle(data []byte) (Store, error) { return parseBundle(data) }

func parseBundle(data []byte) (*bundleStore, error) {
	b := &bundleStore{blobs: map[string][]byte{}}
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	var head bundleLine
	if json.Unmarshal(first, &head) != nil || head.Kind != kindBundle {
		return nil, fmt.Errorf("metadata: no exported metadata file: %w", ErrFormat)
	}
	if head.V != 1 {
		return nil, fmt.Errorf("metadata: exported file of version %d: %w", head.V, ErrFormat)
	}
	for len(rest) > 0 {
		var err error
		if rest, err = b.take(rest); err != nil {
			b.damaged = append(b.damaged, Damage{fmt.Sprintf("byte %d", len(data)-len(rest)), err})
		}
	}
	slices.SortFunc(b.events, func(x, y *Event) int { return strings.Compare(x.ID, y.ID) })
	for d := range b.blobs {
		b.digests = append(b.digests, d)
	}
	slices.Sort(b.digests)
	return b, nil
}

// take reads one event or document and gives what follows.
func (b *bundleStore) take(data []byte) (rest []byte, err error) {
	line, after, _ := bytes.Cut(data, []byte("\n"))
	switch recordKind(line) {
	case kindBlob:
		var l bundleLine
		if err := json.Unmarshal(line, &l); err != nil || Digest(l.Data) != l.Digest {
			return after, damaged("a document does not have the digest that it states")
		}
		b.blobs[l.Digest] = l.Data
		return after, nil
	case kindEvent:
		n := eventLength(data)
		e, err := ParseEvent(data[:n:n])
		if err == nil {
			b.events = append(b.events, e)
		}
		return data[n:], err
	}
	return after, nil
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

// Append implements Store.
func (b *bundleStore) Append(context.Context, *Event) error {
	return fmt.Errorf("metadata: an exported file is %w", ErrReadOnly)
}

// PutBlob implements Store.
func (b *bundleStore) PutBlob(context.Context, []byte) (string, error) {
	return "", fmt.Errorf("metadata: an exported file is %w", ErrReadOnly)
}

// Load implements Store.
func (b *bundleStore) Load(_ context.Context, q Query) (*Snapshot, error) {
	return Select(b.events, b.damaged, q), nil
}

// Select reduces events and keeps what the query asks for.
func Select(events []*Event, damaged []Damage, q Query) *Snapshot {
	s := &Snapshot{Damaged: damaged}
	for _, r := range Reduce(events) {
		if !q.Match(r) || q.Limit > 0 && len(s.Runs) == q.Limit {
			continue
		}
		if q.Summary {
			r.Tasks, r.Artifacts = nil, nil
		}
		s.Runs = append(s.Runs, r)
	}
	return s
}

// Scan implements Store.
func (b *bundleStore) Scan(context.Context) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for _, e := range b.events {
			data, err := e.Encode()
			if !yield(Object{e.Name(), data}, err) {
				return
			}
		}
		for _, d := range b.damaged {
			if !yield(Object{Name: d.Name}, d.Err) {
				return
			}
		}
	}
}

// Blob implements Store.
func (b *bundleStore) Blob(_ context.Context, digest string) ([]byte, error) {
	data, ok := b.blobs[digest]
	if !ok {
		return nil, fmt.Errorf("metadata: document %s: %w", strclip(digest), ErrNotFound)
	}
	return data, nil
}

// Close implements Store.
func (b *bundleStore) Close() error { return nil }
