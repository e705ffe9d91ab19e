package blob

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// TestPutBlobRenews: a document that nobody names and that is about to be
// collected is stored again; the event that names it comes after the collection
// and must find it.
func TestPutBlobRenews(t *testing.T) {
	s := openAt(t, t.TempDir())
	put := func(text string) (digest, file string) {
		t.Helper()
		digest, err := s.PutBlob(t.Context(), []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		key, _ := blobKey(digest)
		return digest, filepath.Join(s.where, key)
	}
	age := func(file string, by time.Duration) time.Time {
		t.Helper()
		at := time.Now().Add(-by).Truncate(time.Second)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	again, file := put("named again")
	forgotten, other := put("forgotten")
	age(file, BlobAge+time.Hour)
	age(other, BlobAge+time.Hour)
	put("named again")
	g, err := s.GC(t.Context(), GCOptions{Now: time.Now, Grace: -1})
	if err != nil || g.Documents != 1 {
		t.Fatalf("%+v, %v: want the forgotten one collected, and no other", g, err)
	}
	if _, err := s.Blob(t.Context(), forgotten); !errors.Is(err, metadata.ErrNotFound) {
		t.Errorf("the forgotten one: %v", err)
	}
	c := metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}
	events, err := c.Events([]metadata.Record{{Run: &metadata.RunRecord{State: metadata.Planned, Name: "r", Manifest: again}}})
	if err == nil {
		err = s.Append(t.Context(), events[0])
	}
	if err != nil {
		t.Fatal(err)
	}
	if damage, err := metadata.Verify(t.Context(), s); err != nil || len(damage) > 0 {
		t.Errorf("verify: %v, %v", damage, err)
	}
	// From now on an event keeps it, however old it is.
	age(file, 100*BlobAge)
	if g, err := s.GC(t.Context(), GCOptions{Now: time.Now, Grace: -1}); err != nil || g.Documents != 0 {
		t.Errorf("%+v, %v", g, err)
	}
	// One that is young is not written again: many runs share a document.
	at := age(file, touchAge/2)
	put("named again")
	if info, err := os.Stat(file); err != nil || !info.ModTime().Equal(at) {
		t.Errorf("written again: %v, %v; want %v", info.ModTime(), err, at)
	}
}
