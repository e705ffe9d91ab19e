package metadata

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Verify reads everything and reports what is torn, altered, missing or
// foreign, in order of name. Its error is only for a store that cannot be read.
func Verify(ctx context.Context, s Store) ([]Damage, error) {
	v := verifier{known: map[string]bool{}, docs: map[string]string{}}
	for o, err := range s.Scan(ctx) {
		if err != nil && o.Name == "" {
			return v.damage, err
		}
		v.object(o, err)
	}
	v.links()
	if err := v.documents(ctx, s); err != nil {
		return v.damage, err
	}
	slices.SortStableFunc(v.damage, func(a, b Damage) int { return strings.Compare(a.Name, b.Name) })
	return v.damage, nil
}

type verifier struct {
	damage []Damage
	known  map[string]bool   // digests of whole events
	prev   []link            // what events say came before them
	docs   map[string]string // digest of a document, an event that names it
}

type link struct{ name, prev string }

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
	v.known[Digest(o.Data)] = true
	if e.Prev != "" {
		v.prev = append(v.prev, link{o.Name, e.Prev})
	}
	for _, d := range documents(e) {
		if old, ok := v.docs[d]; !ok || o.Name < old {
			v.docs[d] = o.Name
		}
	}
}

// links reports events whose predecessor is missing or was altered.
func (v *verifier) links() {
	for _, l := range v.prev {
		if !v.known[l.prev] {
			v.damage = append(v.damage, Damage{l.name, damaged("the event before it, " + strclip(l.prev) + ", is missing or was altered")})
		}
	}
}

func (v *verifier) documents(ctx context.Context, s Store) error {
	digests := make([]string, 0, len(v.docs))
	for d := range v.docs {
		digests = append(digests, d)
	}
	slices.Sort(digests)
	for _, d := range digests {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := s.Blob(ctx, d); err != nil {
			v.damage = append(v.damage, Damage{v.docs[d], fmt.Errorf("it names the document %s: %w", strclip(d), err)})
		}
	}
	return nil
}
