package blob

import (
	"context"
	"sync"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

// A frameReader reads frames of segments. From a segment in a bucket of which
// many are wanted it reads the whole, since each request costs more than its
// bytes.
type frameReader struct {
	s *Store

	mu    sync.Mutex
	asked map[string]int
	held  []*heldSegment // the last few that were read whole, the latest last
}

type heldSegment struct {
	key  string
	once sync.Once
	data []byte
	err  error
}

const (
	askedMuch = 8 // frames of one segment, before it is read whole
	heldMost  = 3
)

func (s *Store) frames() *frameReader { return &frameReader{s: s, asked: map[string]int{}} }

// row reads the events of a row. With an error the row is given nevertheless,
// if it can be read.
func (f *frameReader) row(ctx context.Context, at located) ([]*metadata.Event, *segment.Row, error) {
	row, err := at.line.Decode()
	if err != nil {
		return nil, nil, err
	}
	var events []*metadata.Event
	for _, span := range row.Spans() {
		data, err := f.span(ctx, at.index.Header.Segment, span)
		if err != nil {
			return events, row, err
		}
		part, err := segment.ParseFrame(data, row.Run)
		if err != nil {
			return append(events, segment.Salvage(data, row.Run)...), row, err
		}
		events = append(events, part...)
	}
	return events, row, row.CheckCount(events)
}

func (f *frameReader) span(ctx context.Context, key string, span segment.Span) ([]byte, error) {
	h := f.whole(key)
	if h == nil {
		return f.s.readRange(ctx, key, span.Offset, span.Length)
	}
	h.once.Do(func() { h.data, h.err = f.s.cached(ctx, key) })
	if h.err != nil {
		return nil, h.err
	}
	n := int64(len(h.data))
	return h.data[min(span.Offset, n):min(span.Offset+span.Length, n)], nil
}

// whole is the segment to be read whole, nil if one frame is to be read.
func (f *frameReader) whole(key string) *heldSegment {
	if f.s.files != nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.held {
		if h.key == key {
			return h
		}
	}
	f.asked[key]++
	if f.asked[key] <= askedMuch {
		return nil
	}
	h := &heldSegment{key: key}
	f.held = append(f.held[max(0, len(f.held)-heldMost+1):], h)
	return h
}
