package metadata

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// A Checker is a Store that holds more than events and documents, and can say
// what of it is damaged.
type Checker interface {
	Check(ctx context.Context) ([]Damage, error)
}

// Verify reads everything and reports what is torn, altered, missing or
// foreign, in order of name. Its error is only for a store that cannot be read.
func Verify(ctx context.Context, s Store) ([]Damage, error) {
	v, err := survey(ctx, s)
	if err != nil {
		return v.damage, err
	}
	for _, l := range v.broken() {
		v.damage = append(v.damage, Damage{l.name, damaged("the event before it, " + l.digest.String() + ", is missing or was altered")})
	}
	err = v.documents(ctx, s, func(d document, err error) {
		v.damage = append(v.damage, Damage{d.name, fmt.Errorf("it names the document %s: %w", d.digest, err)})
	})
	if err != nil {
		return v.damage, err
	}
	if c, ok := s.(Checker); ok {
		more, err := c.Check(ctx)
		if err != nil {
			return v.damage, err
		}
		v.damage = append(v.damage, more...)
	}
	slices.SortStableFunc(v.damage, func(a, b Damage) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(v.damage, func(a, b Damage) bool {
		return a.Name == b.Name && a.Err.Error() == b.Err.Error()
	}), nil
}

// A Loss is something that events refer to and that is not there: the event
// before one of them, or a document.
type Loss struct {
	Run    string
	Digest string // "sha256:…"
}

// Losses gives what events of a store refer to in vain, in order, unless it was
// recorded as lost already.
func Losses(ctx context.Context, s Store) ([]Loss, error) {
	v, err := survey(ctx, s)
	if err != nil {
		return nil, err
	}
	var out []Loss
	for _, l := range v.broken() {
		out = append(out, Loss{l.run(), l.digest.String()})
	}
	err = v.documents(ctx, s, func(d document, err error) {
		if errors.Is(err, ErrNotFound) {
			out = append(out, Loss{d.run(), d.digest.String()})
		}
	})
	slices.SortFunc(out, func(a, b Loss) int { return strings.Compare(a.Run+a.Digest, b.Run+b.Digest) })
	return slices.Compact(out), err
}

type verifier struct {
	damage  []Damage
	known   map[sha]bool    // whole events
	lost    map[sha]bool    // what is recorded as lost
	deleted map[string]bool // runs
	prev    []document      // what events say came before them
	docs    []document
}

// A sha is a digest in little space.
type sha [32]byte

func (d sha) String() string { return "sha256:" + hex.EncodeToString(d[:]) }

func parseSHA(text string) (d sha, ok bool) {
	h, ok := strings.CutPrefix(text, "sha256:")
	if !ok || len(h) != 2*len(d) {
		return d, false
	}
	_, err := hex.Decode(d[:], []byte(h))
	return d, err == nil
}

// A document that the event of that name refers to.
type document struct {
	name   string
	digest sha
}

func (d document) run() string {
	_, run, _ := SplitName(d.name)
	return run
}

func survey(ctx context.Context, s Store) (*verifier, error) {
	v := &verifier{known: map[sha]bool{}, lost: map[sha]bool{}, deleted: map[string]bool{}}
	for o, err := range s.Scan(ctx) {
		if err != nil && o.Name == "" {
			return v, err
		}
		v.object(o, err)
	}
	return v, nil
}

// checkObject parses what a scan gave.
func checkObject(o Object, err error) (*Event, error) {
	if err != nil {
		return nil, err
	}
	if _, _, ok := SplitName(o.Name); !ok {
		return nil, damaged("its name is not that of an event")
	}
	return ParseNamed(o.Name, o.Data, false)
}

func (v *verifier) object(o Object, err error) {
	e, err := checkObject(o, err)
	if err != nil {
		v.damage = append(v.damage, Damage{o.Name, err})
		return
	}
	d, _ := parseSHA(Digest(o.Data))
	v.known[d] = true
	add := func(to []document, digest string) []document {
		if d, ok := parseSHA(digest); ok {
			return append(to, document{o.Name, d})
		}
		v.damage = append(v.damage, Damage{o.Name, damaged("it names " + strclip(digest) + ", which is no digest")})
		return to
	}
	// Events of a run come in order, so that nearly all of those before are known.
	if before, ok := parseSHA(e.Prev); e.Prev != "" && !(ok && v.known[before]) {
		v.prev = add(v.prev, e.Prev)
	}
	for _, digest := range documents(e) {
		v.docs = add(v.docs, digest)
	}
	for _, r := range e.Records {
		if r.Deleted != nil {
			v.deleted[e.Run] = true
		}
		if r.Lost != nil {
			if d, ok := parseSHA(r.Lost.Digest); ok {
				v.lost[d] = true
			}
		}
	}
}

// broken gives the events whose predecessor is missing or was altered. Of a
// deleted run only its tombstones may be left.
func (v *verifier) broken() []document {
	return slices.DeleteFunc(v.prev, func(d document) bool { return v.known[d.digest] || v.lost[d.digest] || v.deleted[d.run()] })
}

// readers is how many documents are read at once.
const readers = 8

// documents reports those documents that cannot be had, each once, with the
// first event that names it.
func (v *verifier) documents(ctx context.Context, s Store, report func(document, error)) error {
	docs := slices.DeleteFunc(v.docs, func(d document) bool { return v.deleted[d.run()] })
	slices.SortFunc(docs, func(a, b document) int {
		if c := bytes.Compare(a.digest[:], b.digest[:]); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	docs = slices.CompactFunc(docs, func(a, b document) bool { return a.digest == b.digest })
	errs := make([]error, len(docs))
	next := make(chan int)
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			for i := range next {
				if errs[i] = ctx.Err(); errs[i] == nil {
					_, errs[i] = s.Blob(ctx, docs[i].digest.String())
				}
			}
		})
	}
	for i := range docs {
		next <- i
	}
	close(next)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, err := range errs {
		if err != nil && !(errors.Is(err, ErrNotFound) && v.lost[docs[i].digest]) {
			report(docs[i], err)
		}
	}
	return nil
}
