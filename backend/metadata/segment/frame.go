package segment

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// cutFrame is where the events of a run go on in another frame.
const cutFrame = 16 << 20

// A Span is where a frame lies in its segment, in bytes.
type Span struct {
	Offset int64
	Length int64
}

// Sort puts events in the order in which they are folded, each once. Two with
// one id and different bytes both stay.
func Sort(events []*metadata.Event) []*metadata.Event {
	slices.SortStableFunc(events, func(a, b *metadata.Event) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), bytes.Compare(raw(a), raw(b)))
	})
	return slices.CompactFunc(events, func(a, b *metadata.Event) bool {
		return a.ID == b.ID && bytes.Equal(raw(a), raw(b))
	})
}

// raw is the event's bytes; all events here were parsed, which keeps them.
func raw(e *metadata.Event) []byte {
	data, err := e.Encode()
	if err != nil {
		return nil
	}
	return data
}

// frames packs the events of one run.
func frames(events []*metadata.Event) [][]byte {
	var out [][]byte
	var text []byte
	for i, e := range events {
		text = append(text, raw(e)...)
		if len(text) >= cutFrame || i == len(events)-1 {
			out = append(out, compress(text))
			text = text[:0]
		}
	}
	return out
}

// ParseFrame gives the events of a frame, which must all be of that run.
func ParseFrame(data []byte, run string) ([]*metadata.Event, error) {
	text, err := decompress(frameDecoder(), data)
	if err != nil {
		return nil, err
	}
	var events []*metadata.Event
	for part := range metadata.SplitEvents(text) {
		e, err := metadata.ParseEvent(part)
		if err != nil {
			return nil, err
		}
		if run != "" && e.Run != run {
			return nil, damaged("it holds an event of another run, %s", e.Run)
		}
		events = append(events, e)
	}
	return events, nil
}

// Salvage gives the events of a damaged frame that are whole.
func Salvage(data []byte, run string) []*metadata.Event {
	var events []*metadata.Event
	for part := range metadata.SplitEvents(salvage(data)) {
		if e, err := metadata.ParseEvent(part); err == nil && e.Run == run {
			events = append(events, e)
		}
	}
	return events
}

// magic begins a frame.
var magic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// Split finds the frames of a segment whose index is lost: those that hold
// whole events. What lies between is damaged.
func Split(data []byte) (spans []Span, whole bool) {
	whole = true
	for at := 0; at < len(data); {
		n := frameEnd(data[at:])
		if n == 0 {
			whole = false
			next := bytes.Index(data[at+1:], magic)
			if next < 0 {
				break
			}
			at += 1 + next
			continue
		}
		spans = append(spans, Span{int64(at), int64(n)})
		at += n
	}
	return spans, whole
}

// frameEnd is the length of the frame that begins here, 0 if none does.
func frameEnd(data []byte) int {
	if !bytes.HasPrefix(data, magic) {
		return 0
	}
	n := frameLength(data)
	if n <= 0 || n > len(data) {
		return 0
	}
	if _, err := ParseFrame(data[:n:n], ""); err != nil {
		return 0
	}
	return n
}

// frameLength reads the frame's header and its blocks' headers, as RFC 8878
// has them.
func frameLength(data []byte) int {
	if len(data) < 6 {
		return 0
	}
	descriptor := data[4]
	single, checksum := descriptor&0x20 != 0, descriptor&0x04 != 0
	at := 5
	if !single {
		at++ // window
	}
	at += [4]int{0, 1, 2, 4}[descriptor&3] // dictionary
	size := [4]int{0, 2, 4, 8}[descriptor>>6]
	if size == 0 && single {
		size = 1
	}
	at += size
	for {
		if at+3 > len(data) {
			return 0
		}
		head := int(data[at]) | int(data[at+1])<<8 | int(data[at+2])<<16
		length := head >> 3
		if head>>1&3 == 1 { // one byte, repeated
			length = 1
		}
		at += 3 + length
		if head&1 == 1 {
			break
		}
	}
	if checksum {
		at += 4
	}
	return at
}
