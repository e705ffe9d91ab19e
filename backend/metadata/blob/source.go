package blob

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
)

// A source is an index, read when its turn comes and let go of at its end.
type source struct {
	name    segment.Name
	key     string
	fetched *fetched       // nil until it was
	err     error          // of fetching it
	index   *segment.Index // nil until read
	header  segment.Header // of the index that was read
	edges   *tableSource   // set by who looks for edges
	at      int            // the row whose turn it is
	head    string         // its run; "" at the end; of an index that was not read the first that may be in it
	dead    bool           // others replace it
	lost    bool           // its segment may not be there
}

// advance goes to the next row, which is by steps away.
func (src *source) advance(by int) {
	src.at += by
	src.head = ""
	if src.at >= 0 && src.at < len(src.index.Lines) {
		src.head = src.index.Lines[src.at].Run()
	}
}

// read reports whether the index was read, even if that is over.
func (src *source) read() bool { return src.index != nil || src.header.Kind != "" }

// A view is what a store held at one moment, run by run. The inbox is listed
// before the index: an event moves from there to here, so it may be seen
// twice, and never not at all.
type view struct {
	s       *Store
	q       metadata.Query
	newest  bool // runs are given the newest first, else the oldest
	last    bool // nothing is listed again
	filter  *segment.Filter
	piles   []*pile // in the order in which runs are given
	sources []*source
	listed  map[string]bool // keys of all indexes
	damaged []metadata.Damage
	parsed  func(*source) // hears of each index that was read; may be nil
}

// A located row and the index in which it stands.
type located struct {
	index *segment.Index
	line  segment.Line
}

// An entry is all that is known of a run.
type entry struct {
	run  string
	rows []located
	keys []string // in the inbox
}

var (
	// errMoved says that an object which was listed is there no more: list again.
	errMoved = errors.New("an object moved while it was read")
	// errDegraded says that an index cannot be used, so that segments must be.
	errDegraded = errors.New("an index is damaged")
)

// look lists a store. In a degraded view all indexes are read at once, and
// segments without a usable one are indexed on the spot.
func (s *Store) look(ctx context.Context, q metadata.Query, newest, last, degraded bool) (*view, error) {
	v := &view{s: s, q: q, newest: newest, last: last, filter: segment.NewFilter(q), listed: map[string]bool{}}
	keys, err := s.list(ctx, inboxDir)
	if err != nil {
		return nil, err
	}
	v.piles = v.sortPiles(keys)
	indexes, segments, err := s.listFolded(ctx)
	if err != nil {
		return nil, err
	}
	here := countPlaces(segments)
	for _, key := range indexes {
		n, ok := segment.ParseName(key)
		if !ok {
			v.damaged = append(v.damaged, metadata.Damage{Name: key, Err: errForeignIndex})
			continue
		}
		v.listed[key] = true
		here[placeOf(n)]--
		if degraded || v.wants(n) {
			v.sources = append(v.sources, &source{name: n, key: key, head: n.To, lost: here[placeOf(n)] < 0})
		}
	}
	slices.SortFunc(v.sources, v.order)
	if degraded {
		return v, v.degrade(ctx, segments)
	}
	lost := slices.ContainsFunc(v.sources, func(src *source) bool { return src.lost })
	for _, n := range here {
		if n > 0 { // a segment whose index is yet to come, or was lost
			return nil, errDegraded
		}
	}
	if lost || !newest { // whether that matters, or which comes first, is known when all are read
		return v, v.readAll(ctx, segments)
	}
	return v, nil
}

// listFolded lists indexes, then segments: a segment is written before its
// index, and deleted after it.
func (s *Store) listFolded(ctx context.Context) (indexes, segments []string, err error) {
	if indexes, err = s.list(ctx, segment.Indexes.Dir()); err == nil {
		segments, err = s.list(ctx, segment.Segments.Dir())
	}
	return indexes, segments, err
}

// A place is what the names of a segment and of its index have in common.
type place struct {
	level    int
	from, to string
}

func placeOf(n segment.Name) place { return place{n.Level, n.From, n.To} }

func countPlaces(keys []string) map[place]int {
	out := map[place]int{}
	for _, key := range keys {
		if n, ok := segment.ParseName(key); ok {
			out[placeOf(n)]++
		}
	}
	return out
}

var (
	errForeignIndex = fmt.Errorf("%w: its name is not that of an index", metadata.ErrDamaged)
	errNoSegment    = fmt.Errorf("%w: the segment that it describes is missing", metadata.ErrDamaged)
)

func (v *view) wants(n segment.Name) bool {
	if v.q.Run != "" && !n.Holds(v.q.Run) {
		return false
	}
	if v.q.IDs == nil {
		return true
	}
	i, _ := slices.BinarySearch(v.q.IDs, n.From)
	return i < len(v.q.IDs) && v.q.IDs[i] <= n.To
}

// order is that in which sources come to their turn. One that replaces others
// comes before them: it holds the newest run of all of them.
func (v *view) order(a, b *source) int {
	if !v.newest {
		return strings.Compare(a.name.From, b.name.From)
	}
	if c := strings.Compare(b.name.To, a.name.To); c != 0 {
		return c
	}
	if c := b.name.Level - a.name.Level; c != 0 {
		return c
	}
	return strings.Compare(a.name.Sum, b.name.Sum)
}

// sortPiles groups keys by run.
func (v *view) sortPiles(keys []string) []*pile {
	byRun := make(map[string]*pile, len(keys)/2)
	var piles []*pile
	for _, key := range keys {
		name, _ := eventName(key)
		_, run, ok := metadata.SplitName(name)
		if !ok {
			v.damaged = append(v.damaged, metadata.Damage{Name: name, Err: errForeign})
			continue
		}
		if !v.q.Wants(run) {
			continue
		}
		p := byRun[run]
		if p == nil {
			p = &pile{run: run}
			byRun[run] = p
			piles = append(piles, p)
		}
		p.keys = append(p.keys, key)
	}
	slices.SortFunc(piles, func(a, b *pile) int {
		if v.newest {
			return strings.Compare(b.run, a.run)
		}
		return strings.Compare(a.run, b.run)
	})
	return piles
}

// fetch gets the indexes of some sources, several at once; what goes wrong
// matters when they are read.
func (v *view) fetch(ctx context.Context, sources []*source) {
	parallel(fetchers, len(sources), func(i int) {
		if src := sources[i]; src.fetched == nil && src.err == nil && !src.read() {
			src.fetched, src.err = v.s.fetchIndex(ctx, src.name)
		}
	})
}

// read reads the indexes of some sources that were fetched, and takes note of
// those that they replace.
func (v *view) read(sources ...*source) error {
	for _, src := range sources {
		err := src.err
		if err == nil {
			src.index, err = v.s.parseIndex(src.name, src.fetched)
			src.fetched = nil
		}
		switch {
		case err == nil:
			v.ready(src)
		case errors.Is(err, metadata.ErrNotFound):
			return errMoved
		case errors.Is(err, metadata.ErrDamaged):
			return errDegraded
		default:
			return err
		}
	}
	return nil
}

// readAll reads all indexes. Only then is it known whether one has lost its
// segment: two may share one, such as that of no runs.
func (v *view) readAll(ctx context.Context, segments []string) error {
	v.fetch(ctx, v.sources)
	if err := v.read(v.sources...); err != nil {
		return err
	}
	for _, src := range v.sources {
		if src.lost && !src.dead && !slices.Contains(segments, src.header.Segment) {
			if !v.last {
				return errMoved
			}
			v.damaged = append(v.damaged, metadata.Damage{Name: src.key, Err: errNoSegment})
		}
	}
	return nil
}

// ready puts a source that was read at its first row.
func (v *view) ready(src *source) {
	if v.newest {
		src.at = len(src.index.Lines) - 1
	}
	src.advance(0)
	src.header = src.index.Header
	v.replace(src.header)
	if v.parsed != nil {
		v.parsed(src)
	}
}

// replace takes note of what an index replaces.
func (v *view) replace(h segment.Header) {
	for _, with := range h.With {
		if !v.listed[with] {
			return
		}
	}
	for _, other := range v.sources {
		if slices.Contains(h.Replaces, other.key) {
			other.dead = true
		}
	}
}

// degrade reads every index, reports those that are damaged, and puts the rows
// of the segments that no usable index describes in their place. An index
// replaces nothing while one that it needs is damaged.
func (v *view) degrade(ctx context.Context, segments []string) error {
	var usable []*source
	described := map[string]bool{}
	for _, src := range v.sources {
		x, err := v.s.index(ctx, src.name)
		switch {
		case err == nil:
			src.index = x
			described[x.Header.Segment] = true
			usable = append(usable, src)
		case errors.Is(err, metadata.ErrNotFound):
			return errMoved
		case errors.Is(err, metadata.ErrDamaged):
			delete(v.listed, src.key)
			v.damaged = append(v.damaged, metadata.Damage{Name: src.key, Err: err})
		default:
			return err
		}
	}
	for _, key := range segments {
		n, ok := segment.ParseName(key)
		if !ok || described[key] || !v.wants(n) {
			continue
		}
		data, err := v.s.read(ctx, key, segment.MaxObject)
		if errors.Is(err, metadata.ErrNotFound) {
			return errMoved
		}
		if err != nil && !errors.Is(err, metadata.ErrDamaged) {
			return err
		}
		x, damage := segment.Rebuild(n, data)
		if damage != nil {
			v.damaged = append(v.damaged, metadata.Damage{Name: key, Err: damage})
		}
		usable = append(usable, &source{name: x.Name, key: key, index: x})
	}
	v.sources = usable
	slices.SortFunc(v.sources, v.order)
	for _, src := range v.sources {
		v.ready(src)
	}
	for _, src := range v.sources {
		if src.dead || src.index.Header.Segment == "" || slices.Contains(segments, src.index.Header.Segment) {
			continue
		}
		if !v.last {
			return errMoved
		}
		v.damaged = append(v.damaged, metadata.Damage{Name: src.key, Err: errNoSegment})
	}
	return nil
}

// ahead is how many indexes are fetched at once when few may be enough.
const ahead = 8

// next gives the next run, nil at the end.
func (v *view) next(ctx context.Context) (*entry, error) {
	for {
		run := ""
		if len(v.piles) > 0 {
			run = v.piles[0].run
		}
		for i := 0; i < len(v.sources); i++ {
			src := v.sources[i]
			if src.head == "" || src.dead {
				src.index = nil
				v.sources = slices.Delete(v.sources, i, i+1)
				i--
				continue
			}
			if run == "" || v.before(src.head, run) {
				run = src.head
			}
			if v.newest && src.index == nil {
				break // the others come later still
			}
		}
		if run == "" {
			return nil, nil
		}
		read, err := v.readUpTo(ctx, run)
		if err != nil {
			return nil, err
		}
		if read {
			continue // what was read may come before
		}
		if e := v.take(run); e != nil {
			return e, nil
		}
	}
}

func (v *view) before(a, b string) bool {
	if v.newest {
		return a > b
	}
	return a < b
}

// readUpTo reads an index that may hold the run or one before it, if there is
// one, and fetches those that may come next.
func (v *view) readUpTo(ctx context.Context, run string) (bool, error) {
	for i, src := range v.sources {
		if src.index != nil || v.before(run, src.head) {
			continue
		}
		if src.fetched == nil {
			v.fetch(ctx, v.sources[i:min(i+ahead, len(v.sources))])
		}
		return true, v.read(src)
	}
	return false, nil
}

// take gathers what the sources hold of the run; nil if nobody wants it.
func (v *view) take(run string) *entry {
	e := &entry{run: run}
	if len(v.piles) > 0 && v.piles[0].run == run {
		e.keys = v.piles[0].keys
		v.piles = v.piles[1:]
	}
	for _, src := range v.sources {
		if src.index == nil || src.head != run {
			continue
		}
		e.rows = append(e.rows, located{src.index, src.index.Lines[src.at]})
		if v.newest {
			src.advance(-1)
		} else {
			src.advance(1)
		}
	}
	if !v.q.Wants(run) {
		return nil
	}
	if len(e.keys) == 0 && len(e.rows) == 1 && !v.filter.May(e.rows[0].line) {
		return nil
	}
	return e
}

// parallel calls f for 0 … n−1, at most width at once.
func parallel(width, n int, f func(i int)) {
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(width, n) {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}
