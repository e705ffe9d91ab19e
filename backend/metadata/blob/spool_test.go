package blob

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"gocloud.dev/blob/memblob"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/storetest"
)

// A flaky store is a real one that can be unreachable.
type flaky struct {
	*Store
	down    bool
	refuses error // what Append says instead
}

func (f *flaky) Append(ctx context.Context, e *metadata.Event) error {
	if f.refuses != nil {
		return f.refuses
	}
	if f.down {
		return fmt.Errorf("test: %w", metadata.ErrUnavailable)
	}
	return f.Store.Append(ctx, e)
}

func (f *flaky) PutBlob(ctx context.Context, data []byte) (string, error) {
	if f.down {
		return "", fmt.Errorf("test: %w", metadata.ErrUnavailable)
	}
	return f.Store.PutBlob(ctx, data)
}

func TestSpoolIsAStore(t *testing.T) {
	storetest.Test(t, func(t *testing.T) func() metadata.Store {
		store, dir := New(memblob.OpenBucket(nil), "mem://"), t.TempDir()
		t.Cleanup(func() { store.Close() })
		return func() metadata.Store {
			s, err := WithSpool(store, dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	})
}

// TestSpool: what could not be stored leaves with the next process, documents
// included, and nothing stays behind.
func TestSpool(t *testing.T) {
	dir := SpoolDir(t.TempDir(), "s3://b")
	f := &flaky{Store: New(memblob.OpenBucket(nil), "mem://"), down: true}
	var said []string
	s, err := WithSpool(f, dir, func(m string) { said = append(said, m) })
	if err != nil {
		t.Fatal(err)
	}
	digest, err := s.PutBlob(t.Context(), []byte("manifest"))
	if err != nil {
		t.Fatal(err)
	}
	c := metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}
	for i := range 3 {
		events, err := c.Events([]metadata.Record{{Run: &metadata.RunRecord{Name: fmt.Sprint(i), Manifest: digest}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Append(t.Context(), events[0]); err != nil {
			t.Fatal(err)
		}
	}
	if len(said) != 1 {
		t.Errorf("notices: %q", said)
	}
	if data, err := s.Blob(t.Context(), digest); err != nil || string(data) != "manifest" {
		t.Errorf("a document that was put aside: %q, %v", data, err)
	}

	f.down = false
	next, err := WithSpool(f, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	snap, err := next.Load(t.Context(), metadata.Query{})
	if err != nil || len(snap.Runs) != 1 || snap.Runs[0].Name != "2" {
		t.Fatalf("after the store came back: %+v, %v", snap, err)
	}
	if damage, err := metadata.Verify(t.Context(), f.Store); err != nil || len(damage) > 0 {
		t.Errorf("verify: %v, %v", damage, err)
	}
	if n, err := next.Drain(t.Context()); n != 0 || err != nil {
		t.Errorf("drain again: %d, %v", n, err)
	}
	entries, err := os.ReadDir(dir + "/inbox")
	if err != nil || len(entries) > 0 {
		t.Errorf("left in the spool: %v, %v", entries, err)
	}
}

// runEvents are events of a run, each naming a document of its own.
func runEvents(t *testing.T, s metadata.Store, c *metadata.Chain, doc string) error {
	t.Helper()
	digest, err := s.PutBlob(t.Context(), []byte(doc))
	if err != nil {
		return err
	}
	events, err := c.Events([]metadata.Record{{Run: &metadata.RunRecord{Name: doc, Spec: digest}}})
	if err != nil {
		t.Fatal(err)
	}
	return s.Append(t.Context(), events[0])
}

// TestInsist: who insists is told when the store cannot be written; once it has
// taken the intent, nothing that follows is lost, whatever becomes of the store.
func TestInsist(t *testing.T) {
	f := &flaky{Store: New(memblob.OpenBucket(nil), "mem://"), down: true}
	s, err := WithSpool(f, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Insist()
	c := &metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}
	if err := runEvents(t, s, &metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}, "intent"); !errors.Is(err, metadata.ErrUnavailable) {
		t.Errorf("put aside although it must not be: %v", err)
	}
	f.down = false
	if err := runEvents(t, s, c, "intent"); err != nil {
		t.Fatal(err)
	}
	f.refuses = os.ErrPermission
	if err := runEvents(t, s, c, "end"); err != nil {
		t.Errorf("lost: %v", err)
	}
	f.refuses = nil
	if n, err := s.Drain(t.Context()); n != 1 || err != nil {
		t.Errorf("%d events were kept: %v", n, err)
	}
	// A store that never took anything has a reason, which its user must hear.
	f.refuses = os.ErrPermission
	if s, err = WithSpool(f, t.TempDir(), nil); err != nil {
		t.Fatal(err)
	}
	if err := runEvents(t, s, c, "other"); !errors.Is(err, os.ErrPermission) {
		t.Errorf("refused from the beginning: %v", err)
	}
}

// TestBack: when the store is there again within a run, what was put aside goes
// first; no event arrives before what it names.
func TestBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{Store: New(memblob.OpenBucket(nil), "mem://")}
		s, err := WithSpool(f, t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		c := &metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}
		for i, down := range []bool{false, true, true, false} {
			f.down = down
			if err := runEvents(t, s, c, fmt.Sprint("state ", i)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(downTime + time.Second)
		}
		snap, err := f.Load(t.Context(), metadata.Query{})
		if err != nil || len(snap.Runs) != 1 || snap.Runs[0].Name != "state 3" {
			t.Errorf("%+v, %v", snap, err)
		}
		if damage, err := metadata.Verify(t.Context(), f.Store); err != nil || len(damage) > 0 {
			t.Errorf("verify: %v, %v", damage, err)
		}
	})
}
