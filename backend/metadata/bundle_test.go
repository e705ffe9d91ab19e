package metadata_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/blob"
)

func memory(t interface{ Fatal(...any) }) metadata.Store {
	s, err := blob.Open(context.Background(), "mem://")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func export(t interface{ Fatal(...any) }, s metadata.Store, keep func(string) bool) []byte {
	var out bytes.Buffer
	if _, damage, err := metadata.Export(context.Background(), s, &out, keep); err != nil || len(damage) > 0 {
		t.Fatal(err, damage)
	}
	return out.Bytes()
}

// add records a run with a document.
func add(t interface{ Fatal(...any) }, s metadata.Store, second int, states ...metadata.State) string {
	at := time.Date(2026, 11, 23, 9, 0, second, 0, time.UTC)
	c := metadata.Chain{Run: metadata.NewID(at), Now: func() time.Time { return at }}
	digest, err := s.PutBlob(context.Background(), []byte(fmt.Sprint("pipeline: ", second)))
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range states {
		events, err := c.Events([]metadata.Record{
			{Run: &metadata.RunRecord{State: state, Spec: digest}},
			{Task: &metadata.TaskRecord{Path: "a", State: state, Outputs: map[string]metadata.Value{"x": {Value: json.RawMessage(`"ü\n"`)}}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if err := s.Append(context.Background(), e); err != nil {
				t.Fatal(err)
			}
		}
	}
	return c.Run
}

func state(t interface{ Fatal(...any) }, s metadata.Store) *metadata.Snapshot {
	snap, err := s.Load(context.Background(), metadata.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// Whatever lies in a store, exported and imported elsewhere, once or twice, as
// one bundle or run by run, it is the same; and the same store gives the same
// bytes.
func TestBundleRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := memory(t)
		var runs []string
		for i := range rapid.IntRange(0, 4).Draw(t, "runs") {
			all := []metadata.State{metadata.Planned, metadata.Running, metadata.Succeeded}
			runs = append(runs, add(t, from, i, all[:rapid.IntRange(1, 3).Draw(t, "events")]...))
		}
		whole := export(t, from, nil)
		if !bytes.Equal(whole, export(t, from, nil)) {
			t.Fatal("the same store gives other bytes")
		}
		bundles := [][]byte{whole}
		if rapid.Bool().Draw(t, "one by one") {
			bundles = nil
			for _, run := range runs {
				bundles = append(bundles, export(t, from, func(r string) bool { return r == run }))
			}
		}
		to := memory(t)
		for range rapid.IntRange(1, 2).Draw(t, "times") {
			for _, b := range bundles {
				if _, err := metadata.Import(context.Background(), to, bytes.NewReader(b)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if d := cmp.Diff(state(t, from), state(t, to)); d != "" {
			t.Fatal(d)
		}
		if !bytes.Equal(whole, export(t, to, nil)) {
			t.Fatal("the store that was imported into gives another bundle")
		}
		if read, err := metadata.OpenBundle(whole); err != nil {
			t.Fatal(err)
		} else if d := cmp.Diff(state(t, from), state(t, read)); d != "" {
			t.Fatal(d)
		}
	})
}

// A bundle that ends anywhere but at its end, or of which a byte was altered,
// is imported not at all; read as a store it says that it is damaged.
func TestBundleDamage(t *testing.T) {
	from := memory(t)
	add(t, from, 1, metadata.Planned, metadata.Succeeded)
	whole := export(t, from, nil)
	refuse := func(what string, data []byte) {
		t.Helper()
		to := memory(t)
		if _, err := metadata.Import(t.Context(), to, bytes.NewReader(data)); !errors.Is(err, metadata.ErrDamaged) && !errors.Is(err, metadata.ErrFormat) {
			t.Fatalf("%s: %v", what, err)
		}
		if n := len(state(t, to).Runs); n != 0 {
			t.Fatalf("%s: %d runs were imported", what, n)
		}
		read, err := metadata.OpenBundle(data)
		if err == nil && len(state(t, read).Damaged) == 0 || err != nil && !errors.Is(err, metadata.ErrFormat) {
			t.Fatalf("%s: opened with %v, nothing damaged", what, err)
		}
	}
	for n := range whole {
		refuse(fmt.Sprint("cut at ", n), whole[:n])
	}
	for n := range whole {
		bad := bytes.Clone(whole)
		bad[n] ^= 1
		refuse(fmt.Sprint("altered at ", n), bad)
	}
	refuse("twice", append(bytes.Clone(whole), whole...))
}

// An interrupting store is one whose user has had enough after some events.
type interrupting struct {
	metadata.Store
	left   int
	cancel context.CancelFunc
}

func (s *interrupting) Append(ctx context.Context, e *metadata.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.left--; s.left == 0 {
		s.cancel()
	}
	return s.Store.Append(ctx, e)
}

// TestImportInterrupted: whenever that is, each run is there whole or not at all.
func TestImportInterrupted(t *testing.T) {
	from := memory(t)
	for i := range 3 {
		add(t, from, i, metadata.Planned, metadata.Running, metadata.Succeeded)
	}
	bundle := export(t, from, nil)
	want := state(t, from).Runs
	for after := 1; after <= 9; after++ {
		to := memory(t)
		ctx, cancel := context.WithCancel(t.Context())
		done, err := metadata.Import(ctx, &interrupting{to, after, cancel}, bytes.NewReader(bundle))
		runs := (after + 2) / 3
		if (runs < 3) != errors.Is(err, context.Canceled) || done.Runs != runs || done.Events != 3*runs {
			t.Errorf("after event %d: %+v, %v", after, done, err)
		}
		got := state(t, to).Runs
		if d := cmp.Diff(want[len(want)-len(got):], got); d != "" || len(got) != runs {
			t.Errorf("after event %d: %d runs\n%s", after, len(got), d)
		}
	}
}

// Hostile bundles are errors, each with its place.
func TestHostileBundles(t *testing.T) {
	from := memory(t)
	add(t, from, 1, metadata.Planned)
	whole := string(export(t, from, nil))
	head, rest, _ := strings.Cut(whole, "\n")
	for name, c := range map[string]struct {
		data  string
		class error
	}{
		"empty":          {"", metadata.ErrFormat},
		"no bundle":      {"{}\n", metadata.ErrFormat},
		"a pipeline":     {"pipeline: p\n", metadata.ErrFormat},
		"newer":          {`{"kind":"bundle","v":2}` + "\n" + rest, metadata.ErrFormat},
		"foreign line":   {head + "\n" + `{"kind":"surprise"}` + "\n" + rest, metadata.ErrDamaged},
		"no JSON":        {head + "\nhello\n" + rest, metadata.ErrDamaged},
		"wrong digest":   {head + "\n" + `{"kind":"blob","digest":"sha256:00","data":"eA=="}` + "\n" + rest, metadata.ErrDamaged},
		"an event less":  {head + "\n" + rest[strings.Index(rest, `{"kind":"blob"`):], metadata.ErrDamaged},
		"endless event":  {head + "\n" + `{"kind":"event","v":1}` + "\n" + strings.Repeat(`{"kind":"x"}`+"\n", 2<<20/12) + rest, metadata.ErrDamaged},
		"endless line":   {head + "\n" + strings.Repeat("x", 90<<20), metadata.ErrTooLarge},
		"deep JSON":      {head + "\n" + `{"kind":"event","v":1,"event":` + strings.Repeat("[", 1<<20) + "\n" + rest, metadata.ErrDamaged},
		"endless header": {strings.Repeat("x", 90<<20), metadata.ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			to := memory(t)
			done, err := metadata.Import(t.Context(), to, strings.NewReader(c.data))
			if !errors.Is(err, c.class) || done != (metadata.Counts{}) || len(state(t, to).Runs) != 0 {
				t.Errorf("%+v, %v", done, err)
			}
			if c.class == metadata.ErrDamaged && !strings.Contains(err.Error(), "byte ") {
				t.Errorf("no place: %v", err)
			}
		})
	}
}

func TestBundleReadOnly(t *testing.T) {
	s, err := metadata.OpenBundle(export(t, memory(t), nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutBlob(t.Context(), nil); !errors.Is(err, metadata.ErrReadOnly) || !strings.Contains(err.Error(), "meta import") {
		t.Error(err)
	}
}
