package blob

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"gocloud.dev/blob/memblob"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/storetest"
)

// A flaky store is a real one that can be unreachable.
type flaky struct {
	*Store
	down bool
}

func (f *flaky) Append(ctx context.Context, e *metadata.Event) error {
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
