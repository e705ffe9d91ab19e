package blob

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// chunk is how many runs are read before looking whether the limit is reached.
const chunk = 512

// A pile is the events of one run, by key.
type pile struct {
	run  string
	keys []string
}

// Load implements metadata.Store. It reads the newest runs first and no more
// than the limit needs.
func (s *Store) Load(ctx context.Context, q metadata.Query) (*metadata.Snapshot, error) {
	f, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	snap := &metadata.Snapshot{}
	if f == nil {
		return snap, nil
	}
	keys, err := s.list(ctx, inboxDir)
	if err != nil {
		return nil, err
	}
	piles := sortPiles(keys, q, snap)
	for len(piles) > 0 && (q.Limit == 0 || len(snap.Runs) < q.Limit) {
		n := min(chunk, len(piles))
		if q.Limit > 0 {
			n = min(n, max(q.Limit-len(snap.Runs), readers))
		}
		if err := s.loadRuns(ctx, piles[:n], q, snap); err != nil {
			return nil, err
		}
		piles = piles[n:]
	}
	if q.Limit > 0 && len(snap.Runs) > q.Limit {
		snap.Runs = snap.Runs[:q.Limit]
	}
	slices.SortFunc(snap.Damaged, func(a, b metadata.Damage) int { return strings.Compare(a.Name, b.Name) })
	return snap, nil
}

// sortPiles groups keys by run, the newest run first.
func sortPiles(keys []string, q metadata.Query, snap *metadata.Snapshot) []*pile {
	byRun := make(map[string]*pile, len(keys)/2)
	var piles []*pile
	for _, key := range keys {
		name, _ := eventName(key)
		_, run, ok := metadata.SplitName(name)
		if !ok {
			snap.Damaged = append(snap.Damaged, metadata.Damage{Name: name, Err: errForeign})
			continue
		}
		if !q.Wants(run) {
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
	slices.SortFunc(piles, func(a, b *pile) int { return strings.Compare(b.run, a.run) })
	return piles
}

var errForeign = errors.New("its name is not that of an event")

// loadRuns reads and reduces some runs, several at once, and appends those
// that match in the order of the piles.
func (s *Store) loadRuns(ctx context.Context, piles []*pile, q metadata.Query, snap *metadata.Snapshot) error {
	loaded := make([]loadedRun, len(piles))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(readers, len(piles)) {
		wg.Go(func() {
			for i := range next {
				loaded[i] = s.loadRun(ctx, piles[i], q.Summary)
			}
		})
	}
	for i := range piles {
		next <- i
	}
	close(next)
	wg.Wait()
	for _, l := range loaded {
		if l.err != nil {
			return l.err
		}
		snap.Damaged = append(snap.Damaged, l.damaged...)
		if l.run != nil && q.Match(l.run) {
			snap.Runs = append(snap.Runs, l.run)
		}
	}
	return nil
}

type loadedRun struct {
	run     *metadata.Run
	damaged []metadata.Damage
	err     error
}

// loadRun reduces what is whole of a run's events and reports the rest.
func (s *Store) loadRun(ctx context.Context, p *pile, summary bool) (l loadedRun) {
	events := make([]*metadata.Event, 0, len(p.keys))
	for _, key := range p.keys {
		name, _ := eventName(key)
		e, err := s.loadEvent(ctx, key, name, summary)
		switch {
		case err == nil:
			events = append(events, e)
		case errors.Is(err, metadata.ErrDamaged), errors.Is(err, metadata.ErrFormat):
			l.damaged = append(l.damaged, metadata.Damage{Name: name, Err: err})
		default:
			l.err = err
			return l
		}
	}
	if runs := metadata.Reduce(events); len(runs) > 0 {
		l.run = runs[0]
	}
	return l
}

func (s *Store) loadEvent(ctx context.Context, key, name string, summary bool) (*metadata.Event, error) {
	data, err := s.read(ctx, key, metadata.MaxEventBytes)
	if err != nil {
		return nil, err
	}
	return metadata.ParseNamed(name, data, summary)
}
