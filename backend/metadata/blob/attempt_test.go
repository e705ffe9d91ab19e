package blob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"gocloud.dev/blob/memblob"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/servertest"
)

// TestAttempts: how often and how long an operation is tried.
func TestAttempts(t *testing.T) {
	passing := errors.New("something the server said")
	// Each hangs until it is given up, or only the first.
	hang := func(_ int, ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	hangOnce := func(try int, ctx context.Context) error {
		if try > 1 {
			return nil
		}
		return hang(try, ctx)
	}
	fail := func(times int) func(int, context.Context) error {
		return func(try int, _ context.Context) error {
			if try > times {
				return nil
			}
			return passing
		}
	}
	real := patience{try: 10 * time.Second, all: 30 * time.Second, tries: 5, first: 100 * time.Millisecond, most: 2 * time.Second}
	for name, c := range map[string]struct {
		op         func(try int, ctx context.Context) error
		tries      int
		least, may time.Duration
		fails      error
	}{
		"at once":     {fail(0), 1, 0, 0, nil},
		"third time":  {fail(2), 3, 150 * time.Millisecond, 450 * time.Millisecond, nil},
		"never":       {fail(9), 5, 750 * time.Millisecond, 2250 * time.Millisecond, passing},
		"no answer":   {hang, 3, 20 * time.Second, 30 * time.Second, context.DeadlineExceeded},
		"one is slow": {hangOnce, 2, 10 * time.Second, 10150 * time.Millisecond, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(memblob.OpenBucket(nil), "mem://")
				defer s.Close()
				tries, begin := 0, time.Now()
				err := s.attempt(t.Context(), real, func(ctx context.Context) error { tries++; return c.op(tries, ctx) })
				if took := time.Since(begin); tries != c.tries || took < c.least || took > c.may || !errors.Is(err, c.fails) {
					t.Errorf("%d tries in %s: %v; want %d in %s to %s: %v", tries, took, err, c.tries, c.least, c.may, c.fails)
				}
			})
		})
	}
}

// TestInterrupted: who stops a command does not wait for a pause, and the cause
// is told.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(memblob.OpenBucket(nil), "mem://")
		defer s.Close()
		cause := errors.New("Ctrl-C")
		ctx, cancel := context.WithCancelCause(t.Context())
		begin := time.Now()
		err := s.attempt(ctx, patience{try: time.Hour, all: time.Hour, tries: 5, first: time.Minute, most: time.Minute}, func(context.Context) error {
			cancel(cause)
			return errors.New("busy")
		})
		if time.Since(begin) > 0 || !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
			t.Errorf("after %s: %v", time.Since(begin), err)
		}
		if err := s.fail("write", "x", err); errors.Is(err, metadata.ErrUnavailable) {
			t.Errorf("an interruption is spooled: %v", err)
		}
	})
}

// TestClocks: a server refuses requests that seem 15 minutes old or more. Its
// time is learnt from the refusal. What the error says where that does not help
// is in TestMisbehavingServers.
func TestClocks(t *testing.T) {
	servertest.S3Environ(t)
	for _, off := range []time.Duration{time.Hour, -time.Hour, 24 * time.Hour, -24 * time.Hour} {
		t.Run(fmt.Sprint(off), func(t *testing.T) {
			clock := skewed{off}
			backend := s3mem.New(s3mem.WithTimeSource(clock))
			if err := backend.CreateBucket(testBucket); err != nil {
				t.Fatal(err)
			}
			handler := gofakes3.New(backend, gofakes3.WithTimeSource(clock), gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Date", clock.Now().UTC().Format(http.TimeFormat))
				handler.ServeHTTP(w, r)
			}))
			defer server.Close()
			s := openURL(t, s3URL(server.URL, "p"))
			c := &metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}
			if err := s.Append(t.Context(), event(t, c, "x")); err != nil {
				t.Fatal(err)
			}
			snap, err := s.Load(t.Context(), metadata.Query{})
			if err != nil || len(snap.Runs) != 1 {
				t.Errorf("%+v, %v", snap, err)
			}
		})
	}
}

// A skewed clock is that of another machine.
type skewed struct{ by time.Duration }

func (s skewed) Now() time.Time                  { return time.Now().Add(s.by) }
func (s skewed) Since(t time.Time) time.Duration { return s.Now().Sub(t) }
