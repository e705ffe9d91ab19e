package blob

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/servertest"
)

// TestLaptops: several machines with a spool each write to one bucket, whose
// server comes and goes. In the end there is one history with everything in it.
// The same with the real program and a real server is in cmd/internal/e2e.
func TestLaptops(t *testing.T) {
	servertest.S3Environ(t)
	x := &wrapped{fault: func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool { cut(w); return true }}
	address, _ := fakeS3(t, x.handler)
	where := s3URL(address, "team")
	const laptops, commands, events = 3, 8, 5
	var dirs [laptops]string
	var wg sync.WaitGroup
	for l := range laptops {
		dirs[l] = SpoolDir(t.TempDir(), where)
	}
	for command := range commands {
		x.set(command%3 == 1) // away for every third
		for l := range laptops {
			wg.Go(func() {
				store, err := Open(t.Context(), where)
				if err != nil {
					t.Error(err)
					return
				}
				s, err := WithSpool(store, dirs[l], nil)
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Close()
				c := metadata.Chain{Run: metadata.NewID(time.Now()), By: metadata.Writer{ID: fmt.Sprint(l)}, Now: time.Now}
				digest, err := s.PutBlob(t.Context(), []byte(c.Run))
				if err != nil {
					t.Error(err)
				}
				for i := range events {
					if l == 0 && i == 3 {
						x.set(command%3 == 2) // and on the way
					}
					made, err := c.Events([]metadata.Record{{Run: &metadata.RunRecord{Name: fmt.Sprint(i), Manifest: digest}},
						{Task: &metadata.TaskRecord{Path: fmt.Sprint(i), State: metadata.Succeeded}}})
					if err == nil {
						err = s.Append(t.Context(), made[0])
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	x.set(false)
	for l := range laptops { // whoever comes next sends what was put aside
		s, err := WithSpool(openURL(t, where), dirs[l], nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context(), metadata.Query{}); err != nil {
			t.Fatal(err)
		}
	}
	var history *metadata.Snapshot
	for l := range laptops {
		snap, err := openURL(t, where).Load(t.Context(), metadata.Query{})
		if err != nil {
			t.Fatal(err)
		}
		if l == 0 {
			history = snap
		} else if d := cmp.Diff(history, snap); d != "" {
			t.Errorf("laptop %d sees another history:\n%s", l, d)
		}
	}
	if len(history.Runs) != laptops*commands || len(history.Damaged) > 0 {
		t.Errorf("%d runs, want %d; damaged: %v", len(history.Runs), laptops*commands, history.Damaged)
	}
	s := openURL(t, where)
	for _, r := range history.Runs {
		if len(r.Tasks) != events {
			t.Errorf("run %s has %d tasks, want %d", r.ID, len(r.Tasks), events)
		}
		if data, err := s.Blob(t.Context(), r.Manifest); err != nil || string(data) != r.ID {
			t.Errorf("document of %s: %q, %v", r.ID, data, err)
		}
	}
	if damage, err := metadata.Verify(t.Context(), s); err != nil || len(damage) > 0 {
		t.Errorf("verify: %v, %v", damage, err)
	}
}
