package metadata

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
)

// A bundle is a whole store, or some of its runs, as one NDJSON file: a line
// that says so, the events as they lie in the store, the documents that they
// name, and a closing line with the counts of both and the SHA-256 of all before
// it. The same store gives the same bytes.

const kindBundle, kindBlob, kindBundleEnd = "bundle", "blob", "bundle-end"

type bundleLine struct {
	Kind   string `json:"kind"`
	V      int    `json:"v,omitempty"`
	Digest string `json:"digest,omitempty"`
	Data   []byte `json:"data,omitempty"`
}

type bundleEnd struct {
	Kind      string `json:"kind"`
	Events    int    `json:"events"`
	Documents int    `json:"documents"`
	SHA256    string `json:"sha256"` // of all bytes before this line
}

// Counts say how much of a store was taken.
type Counts struct{ Runs, Events, Documents int }

// Export writes the events of the runs that keep accepts (nil: all) and the
// documents that they name. Damaged events and documents are left out and
// returned. It holds one event or document at a time, and digests.
func Export(ctx context.Context, s Store, w io.Writer, keep func(run string) bool) (Counts, []Damage, error) {
	sum := sha256.New()
	x := exporter{w: io.MultiWriter(w, sum), keep: keep, runs: map[string]bool{}, digests: map[string]bool{}}
	err := writeLine(x.w, bundleLine{Kind: kindBundle, V: 1})
	if err == nil {
		err = x.events(ctx, s)
	}
	if err == nil {
		err = x.documents(ctx, s)
	}
	if err == nil {
		err = writeLine(w, bundleEnd{kindBundleEnd, x.count.Events, x.count.Documents, hex.EncodeToString(sum.Sum(nil))})
	}
	x.count.Runs = len(x.runs)
	return x.count, x.damage, err
}

type exporter struct {
	w       io.Writer
	keep    func(run string) bool
	runs    map[string]bool
	digests map[string]bool
	count   Counts
	damage  []Damage
}

func (x *exporter) events(ctx context.Context, s Store) error {
	for o, err := range s.Scan(ctx) {
		if err != nil && o.Name == "" {
			return err
		}
		if _, run, ok := SplitName(o.Name); ok && x.keep != nil && !x.keep(run) {
			continue
		}
		e, err := checkObject(o, err)
		if err != nil {
			x.damage = append(x.damage, Damage{o.Name, err})
			continue
		}
		if _, err := x.w.Write(o.Data); err != nil {
			return err
		}
		x.runs[e.Run] = true
		x.count.Events++
		for _, d := range documents(e) {
			x.digests[d] = true
		}
	}
	return nil
}

func (x *exporter) documents(ctx context.Context, s Store) error {
	for _, d := range slices.Sorted(maps.Keys(x.digests)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		data, err := s.Blob(ctx, d)
		if err != nil {
			x.damage = append(x.damage, Damage{d, err})
			continue
		}
		if err := writeLine(x.w, bundleLine{Kind: kindBlob, Digest: d, Data: data}); err != nil {
			return err
		}
		x.count.Documents++
	}
	return nil
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

// Import adds what a bundle holds to a store and counts it. The bundle is read
// three times: whole, before anything is written, so that a bundle that is
// damaged anywhere changes nothing; then for its documents; then for the events
// that name them. It holds one event or document at a time. Importing twice does
// no harm. Who ends the context waits for the run whose events are being added:
// half of them would be a run that never ends.
func Import(ctx context.Context, s Store, bundle io.ReadSeeker) (Counts, error) {
	check := &bundleReader{}
	if err := check.read(ctx, bundle); err != nil {
		return Counts{}, err
	}
	var done Counts
	documents := &bundleReader{document: func(l *bundleLine) error {
		digest, err := s.PutBlob(ctx, l.Data)
		if err == nil && digest != l.Digest {
			err = damaged("a document does not have the digest that it states")
		}
		done.Documents++
		return err
	}}
	if err := documents.read(ctx, bundle); err != nil {
		return Counts{}, err
	}
	runs := map[string]bool{}
	whole := context.WithoutCancel(ctx)
	current := ""
	events := &bundleReader{event: func(e *Event) error {
		if e.Run != current {
			if err := ctx.Err(); err != nil {
				return err
			}
			current = e.Run
		}
		err := s.Append(whole, e)
		if err == nil {
			runs[e.Run] = true
			done.Runs, done.Events = len(runs), done.Events+1
		}
		return err
	}}
	return done, events.read(whole, bundle)
}

// A bundleStore is a bundle that is read as a store.
type bundleStore struct {
	events  []*Event
	blobs   map[string][]byte
	damaged []Damage
}

// OpenBundle reads a bundle as a store, which cannot be written. What is damaged
// in it is reported by the store; the rest can be used.
func OpenBundle(data []byte) (Store, error) {
	b := &bundleStore{blobs: map[string][]byte{}}
	r := &bundleReader{
		event:    func(e *Event) error { b.events = append(b.events, e); return nil },
		document: func(l *bundleLine) error { b.blobs[l.Digest] = l.Data; return nil },
		damage:   func(d Damage) { b.damaged = append(b.damaged, d) },
	}
	if err := r.read(context.Background(), bytes.NewReader(data)); err != nil {
		return nil, err
	}
	slices.SortStableFunc(b.events, func(x, y *Event) int { return strings.Compare(x.ID, y.ID) })
	return b, nil
}

var errBundleReadOnly = fmt.Errorf("an exported file is %w; `kfp-go meta import` adds it to a metadata file that can be written", ErrReadOnly)

// Append implements Store.
func (b *bundleStore) Append(context.Context, *Event) error {
	return errBundleReadOnly
}

// PutBlob implements Store.
func (b *bundleStore) PutBlob(context.Context, []byte) (string, error) {
	return "", errBundleReadOnly
}

// Load implements Store.
func (b *bundleStore) Load(_ context.Context, q Query) (*Snapshot, error) {
	return Select(b.events, b.damaged, q), nil
}

// Each implements Store. The events of a bundle are in memory anyway.
func (b *bundleStore) Each(ctx context.Context, q Query, f func(*Run) error) ([]Damage, error) {
	snap, err := b.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, r := range snap.Runs {
		if err := f(r); err != nil {
			return nil, err
		}
	}
	return snap.Damaged, nil
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
		return nil, fmt.Errorf("document %s: %w", strclip(digest), ErrNotFound)
	}
	return data, nil
}

// Close implements Store.
func (b *bundleStore) Close() error { return nil }
