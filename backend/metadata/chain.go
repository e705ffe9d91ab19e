package metadata

import "time"

// A Chain makes the events of one writer about one run, each naming the one
// before it, so that a lost or altered event leaves a trace. It is not safe
// for concurrent use.
type Chain struct {
	Run  string
	By   Writer
	Now  func() time.Time
	prev string
}

// Events packs records into as few events as the bounds allow, in order.
func (c *Chain) Events(records []Record) ([]*Event, error) {
	groups, err := pack(records)
	if err != nil {
		return nil, err
	}
	events, prev := make([]*Event, len(groups)), c.prev
	for i, g := range groups {
		now := c.Now()
		e := &Event{ID: NewID(now), Run: c.Run, Prev: prev, At: now, By: c.By, Records: g}
		if len(groups) > 1 {
			e.Part, e.Parts = i+1, len(groups)
		}
		data, err := e.Encode()
		if err != nil {
			return nil, err
		}
		prev = Digest(data)
		events[i] = e
	}
	c.prev = prev
	return events, nil
}

// room is what header and closing line may take of an event.
const room = 8 << 10

// pack cuts the records into groups that fit an event each.
func pack(records []Record) ([][]Record, error) {
	var groups [][]Record
	start, size := 0, 0
	for i := range records {
		line, err := records[i].line()
		if err != nil {
			return nil, err
		}
		records[i].Raw = line
		if i > start && (size+len(line) >= MaxEventBytes-room || i-start == MaxEventRecords) {
			groups = append(groups, records[start:i])
			start, size = i, 0
		}
		size += len(line) + 1
	}
	return append(groups, records[start:]), nil
}
