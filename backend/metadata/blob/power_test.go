package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// A ledger is what a process was told is stored.
type ledger struct {
	events map[string]bool
	blobs  map[string]string // digest to content
}

func newLedger() *ledger { return &ledger{events: map[string]bool{}, blobs: map[string]string{}} }

// write is the work of one process: documents, one of them the same as others
// write, and events that name them and each other. It stops at the first error.
func (l *ledger) write(s metadata.Store, who string) error {
	ctx := context.Background()
	c := metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}
	for i := range 3 {
		doc := "the same for all"
		if i == 1 {
			doc = "of " + who
		}
		digest, err := s.PutBlob(ctx, []byte(doc))
		if err != nil {
			return err
		}
		l.blobs[digest] = doc
		events, err := c.Events([]metadata.Record{{Run: &metadata.RunRecord{Name: fmt.Sprint(who, i), Spec: digest}}})
		if err != nil {
			return err
		}
		if err := s.Append(ctx, events[0]); err != nil {
			return err
		}
		l.events[events[0].Name()] = true
	}
	return nil
}

// check holds a store to the ledger.
func (l *ledger) check(s metadata.Store) error {
	ctx := context.Background()
	damage, err := metadata.Verify(ctx, s)
	if err != nil || len(damage) > 0 {
		return fmt.Errorf("verify: %v, %w", damage, err)
	}
	there := map[string]bool{}
	for o, err := range s.Scan(ctx) {
		if err != nil {
			return err
		}
		there[o.Name] = true
	}
	for name := range l.events {
		if !there[name] {
			return fmt.Errorf("the event %s was acknowledged and is lost", name)
		}
	}
	for digest, want := range l.blobs {
		if got, err := s.Blob(ctx, digest); err != nil || string(got) != want {
			return fmt.Errorf("a document was acknowledged and is %q: %w", got, err)
		}
	}
	return nil
}

// TestPowerLoss: one process dies at any of its operations, the next goes on
// where it was, and then the power goes at any of its own. What was
// acknowledged is there when the power is back, and the store can be written.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	cuts := 10_000
	if testing.Short() {
		cuts = 1000
	}
	whole := &process{}
	if err := newLedger().write(newModel().store(whole), "a"); err != nil {
		t.Fatal(err)
	}
	for i := range cuts {
		seed := uint64(i)
		if err := losePower(seed, whole.ops); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	t.Logf("%d power losses at %d operations", cuts, whole.ops)
}

func losePower(seed uint64, ops int) error {
	chance := rand.New(rand.NewPCG(seed, 0))
	m, l := newModel(), newLedger()
	first, second := &process{dies: 1 + chance.IntN(ops+1)}, &process{dies: 1 + int(seed)%(ops+1)}
	for who, p := range []*process{first, second} {
		if err := l.write(m.store(p), fmt.Sprint("process", who)); err != nil && !p.dead {
			return fmt.Errorf("without a fault: %w", err)
		}
	}
	after := m.crash(chance).store(&process{})
	if err := l.check(after); err != nil {
		return fmt.Errorf("deaths at %d and %d: %w", first.dies, second.dies, err)
	}
	if err := l.write(after, "next"); err != nil {
		return fmt.Errorf("deaths at %d and %d: the next one: %w", first.dies, second.dies, err)
	}
	if seed%10 > 0 {
		return nil
	}
	return l.check(after)
}

// TestPowerLossCompacting: the power goes at any operation of a compaction, of
// one that folds or of one that deletes what others have folded.
func TestPowerLossCompacting(t *testing.T) {
	t.Parallel()
	cuts := 1500
	if testing.Short() {
		cuts = 300
	}
	compactAll := func(s *Store) error {
		for range 3 { // what one pass folds the next deletes
			if _, err := s.Compact(t.Context(), CompactOptions{Grace: -1}); err != nil {
				return err
			}
		}
		return nil
	}
	fill := func() (*model, *ledger) {
		m, l := newModel(), newLedger()
		for _, who := range []string{"a", "b"} {
			if err := l.write(m.store(&process{}), who); err != nil {
				t.Fatal(err)
			}
		}
		return m, l
	}
	m, _ := fill()
	whole := &process{}
	if err := compactAll(m.store(whole)); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(cuts) {
		m, l := fill()
		first, second := &process{dies: 1 + int(seed*7)%(whole.ops+1)}, &process{dies: 1 + int(seed)%(whole.ops+1)}
		for _, p := range []*process{first, second} {
			if err := compactAll(m.store(p)); err != nil && !p.dead {
				t.Fatalf("seed %d: without a fault: %v", seed, err)
			}
		}
		m = m.crash(rand.New(rand.NewPCG(seed, 2)))
		if err := l.check(m.store(&process{})); err != nil {
			t.Fatalf("seed %d: deaths at %d and %d of %d: %v", seed, first.dies, second.dies, whole.ops, err)
		}
		s := m.store(&process{})
		if err := errors.Join(compactAll(s), l.write(s, "next"), l.check(s)); err != nil {
			t.Fatalf("seed %d: deaths at %d and %d of %d: the next one: %v", seed, first.dies, second.dies, whole.ops, err)
		}
	}
	t.Logf("%d power losses at %d operations", cuts, whole.ops)
}

// TestPowerLossDraining: what was put aside is there or in the store, whenever
// the power goes while it moves.
func TestPowerLossDraining(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		chance := rand.New(rand.NewPCG(seed, 1))
		m, l := newModel(), newLedger()
		if err := l.write(m.storeAt("spool", &process{}), "aside"); err != nil {
			t.Fatal(err)
		}
		p := &process{dies: 1 + int(seed)%120}
		moving := Spool{store: m.store(p), aside: m.storeAt("spool", p), notice: func(string) {}}
		if _, err := moving.Drain(t.Context()); err != nil && !p.dead {
			t.Fatal(err)
		}
		m = m.crash(chance)
		next := Spool{store: m.store(&process{}), aside: m.storeAt("spool", &process{}), notice: func(string) {}}
		if _, err := next.Drain(t.Context()); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := l.check(next.store); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// TestFullAtEveryByte: the disk is full after any number of bytes, or of names.
// Nothing is published that is not whole, the error is that of a store that is
// not available, and it works again once there is room.
func TestFullAtEveryByte(t *testing.T) {
	t.Parallel()
	used := newModel()
	if err := newLedger().write(used.store(&process{}), "a"); err != nil {
		t.Fatal(err)
	}
	bytes, names := plenty-used.free+2000, plenty-used.names+10
	for _, full := range []func(m *model, n int){
		func(m *model, n int) { m.free = n },
		func(m *model, n int) { m.names = n % names },
	} {
		for n := range bytes {
			m, l := newModel(), newLedger()
			full(m, n)
			s := m.store(&process{})
			err := l.write(s, "a")
			if err != nil && !errors.Is(err, metadata.ErrUnavailable) {
				t.Fatalf("room for %d: %v", n, err)
			}
			if err := l.check(m.store(&process{})); err != nil {
				t.Fatalf("room for %d: %v", n, err)
			}
			m.free, m.names = plenty, plenty
			if err := errors.Join(l.write(s, "b"), l.check(s)); err != nil {
				t.Fatalf("room for %d, then enough: %v", n, err)
			}
		}
	}
}

// TestEveryOperationFails, once, in turn: the same promises, and the same
// event again is fine.
func TestEveryOperationFails(t *testing.T) {
	whole := &process{}
	if err := newLedger().write(newModel().store(whole), "a"); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= whole.ops; n++ {
		m, l := newModel(), newLedger()
		s := m.store(&process{fails: n, with: os.ErrDeadlineExceeded})
		err := l.write(s, "a")
		if err == nil {
			continue // what failed is no one's loss: a temporary file stays
		}
		if !errors.Is(err, metadata.ErrUnavailable) {
			t.Errorf("operation %d: %v", n, err)
		}
		if err := errors.Join(l.check(s), l.write(s, "a"), l.check(m.store(&process{}))); err != nil {
			t.Errorf("operation %d: %v", n, err)
		}
	}
}

// TestModel: the model forgets what it may, and nothing else.
func TestModel(t *testing.T) {
	lost, kept, torn := 0, 0, 0
	for seed := range uint64(200) {
		m := newModel()
		h := handle{m, m.top, &process{}}
		f, err := h.OpenFile("f", 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(strings.Repeat("x", 100))); err != nil {
			t.Fatal(err)
		}
		after := m.crash(rand.New(rand.NewPCG(seed, 0)))
		n := after.top.names["f"]
		switch {
		case n == nil:
			lost++
		case bytes.Equal(n.data, []byte(strings.Repeat("x", 100))):
			kept++
		default:
			torn++
		}
		if err := errors.Join(f.Sync(), syncDir(h, ".")); err != nil {
			t.Fatal(err)
		}
		if n := m.crash(rand.New(rand.NewPCG(seed, 0))).top.names["f"]; n == nil || len(n.data) != 100 {
			t.Fatal("what was synced is lost")
		}
	}
	if lost == 0 || kept == 0 || torn == 0 {
		t.Errorf("%d lost, %d kept, %d torn: the model knows only one end", lost, kept, torn)
	}
}
