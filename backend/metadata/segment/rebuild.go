package segment

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// Describe makes index and edges of a segment anew. Of a damaged one it
// describes what is whole, and says what is not in damage. A segment that holds
// nothing whole gives nil.
func Describe(n Name, data []byte) (f *Folded, damage, err error) {
	damage = n.Check(data)
	spans, whole := Split(data)
	if !whole && damage == nil {
		damage = damaged("it holds what is no frame of events")
	}
	type run struct {
		events []*metadata.Event
		spans  []Span
	}
	runs := map[string]*run{}
	for _, s := range spans {
		events, err := ParseFrame(data[s.Offset:s.Offset+s.Length], "")
		if err != nil || len(events) == 0 {
			continue // Split has seen it whole
		}
		r := runs[events[0].Run]
		if r == nil {
			r = &run{}
			runs[events[0].Run] = r
		}
		r.events = append(r.events, events...)
		r.spans = append(r.spans, s)
	}
	if len(runs) == 0 {
		return nil, damage, nil
	}
	ids := make([]string, 0, len(runs))
	for id := range runs {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, strings.Compare)
	// The ids of events are listed, since they may still lie in the inbox.
	b := Builder{Level: n.Level, KeepIDs: n.Level == FromInbox}
	for _, id := range ids {
		if err := b.describe(runs[id].events, runs[id].spans, time.Time{}); err != nil {
			return nil, damage, err
		}
	}
	b.segment = data
	f, err = b.Finish(nil, nil)
	return f, damage, err
}

// Rebuild is an index in memory of a segment that has none. Its name is that of
// the segment.
func Rebuild(n Name, data []byte) (*Index, error) {
	f, damage, err := Describe(n, data)
	if err != nil || f == nil {
		return &Index{Name: n, Header: Header{Segment: n.Key()}}, cmp.Or(damage, err)
	}
	made, _ := ParseName(f.Index.Key)
	x, err := ParseIndex(made, f.Index.Data)
	if err != nil {
		return &Index{Name: n, Header: Header{Segment: n.Key()}}, err
	}
	x.Name, x.Header.Segment, x.Header.Edges = n, n.Key(), ""
	return x, damage
}
