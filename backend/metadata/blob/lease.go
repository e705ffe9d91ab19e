package blob

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// A lease keeps two from doing the same work at once. Nothing depends on it:
// who ignores it, or outlives it, does harmless work.
type lease struct {
	s      *Store
	key    string
	holder string
	beaten time.Time // on this machine's clock, which only measures how long ago
}

const (
	leaseTime = 10 * time.Minute // by the store's clock, after which nobody holds it
	beatTime  = 3 * time.Minute
	maxLease  = 4 << 10
)

type leaseText struct {
	Holder string `json:"holder"`
}

// lease takes the lease for a purpose, nil if somebody holds it.
func (s *Store) lease(ctx context.Context, purpose string, now time.Time) (*lease, error) {
	l := &lease{s: s, key: leaseDir + purpose + ".json", holder: metadata.NewID(time.Now()), beaten: time.Now()}
	err := s.putNew(ctx, l.key, l.text(), "application/json")
	if !errors.Is(err, metadata.ErrConflict) {
		return l, err
	}
	mod, err := s.modTime(ctx, l.key)
	if err != nil && !errors.Is(err, metadata.ErrNotFound) {
		return nil, err
	}
	if err == nil && now.Sub(mod) < leaseTime {
		return nil, nil
	}
	return l, l.write(ctx)
}

func (l *lease) text() []byte {
	data, _ := json.Marshal(leaseText{l.holder}) // a struct of text
	return append(data, '\n')
}

func (l *lease) write(ctx context.Context) error {
	return l.s.fail("write", l.key, l.s.put(ctx, l.key, l.text(), "application/json", false))
}

// beat keeps the lease alive.
func (l *lease) beat(ctx context.Context) error {
	if l == nil || time.Since(l.beaten) < beatTime {
		return nil
	}
	l.beaten = time.Now()
	return l.write(ctx)
}

// release gives the lease back, unless it is another's by now.
func (l *lease) release(ctx context.Context) {
	if l == nil {
		return
	}
	data, err := l.s.read(ctx, l.key, maxLease)
	var t leaseText
	if err == nil && json.Unmarshal(data, &t) == nil && t.Holder == l.holder {
		l.s.forget(ctx, l.key)
	}
}
