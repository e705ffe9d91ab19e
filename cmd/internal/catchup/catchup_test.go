package catchup

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"gocloud.dev/blob/memblob"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/fake"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/blob"
	"github.com/kfp-go/kfp-go/backend/metadata/record"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/engine"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
)

// A cluster is a fake one with an address, which may be down.
type cluster struct {
	*fake.Runner
	host string
	err  error
}

func (c *cluster) Host() string { return c.host }

func (c *cluster) Get(ctx context.Context, id backend.RunID) (*backend.Run, error) {
	if c.err != nil {
		return nil, c.err
	}
	return c.Runner.Get(ctx, id)
}

// A world is a store, a cluster, and somebody who keeps the one by the other.
type world struct {
	store   metadata.Store
	cluster *cluster
	now     time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{store: blob.New(memblob.OpenBucket(nil), "mem://"), now: time.Now(),
		cluster: &cluster{host: "https://one", Runner: fake.New(fake.Options{Script: func(backend.Submission) fake.Script {
			return fake.Script{Steps: []fake.Step{{Path: "a"}, {Path: "b", State: backend.Failed, Attempt: 2}}}
		}})}}
	t.Cleanup(w.cluster.Close)
	return w
}

func (w *world) keeper() *Keeper {
	s, _ := iostreams.Test()
	a := &app.App{IO: s, Now: time.Now, Environ: os.Environ}
	a.Cluster = func(context.Context, *config.Config, func(string)) (backend.Runner, error) { return w.cluster, nil }
	return &Keeper{Store: w.store, Engines: &engine.Opener{App: a, Config: &config.Config{}}, Now: func() time.Time { return w.now },
		Options: record.Options{By: metadata.Writer{ID: metadata.NewID(time.Now())}}, Grace: time.Minute}
}

// planned records an intent.
func (w *world) planned(t *testing.T) (*record.Recorder, backend.RunID) {
	t.Helper()
	id := backend.RunID(metadata.NewID(time.Now()))
	rec, err := record.Start(t.Context(), w.store, record.Options{}, record.Plan{ID: id, Name: "iris", Engine: record.Argo, Cluster: "https://one"})
	if err != nil {
		t.Fatal(err)
	}
	return rec, id
}

// submitted has the cluster run it to its end.
func (w *world) submitted(t *testing.T, id backend.RunID) {
	t.Helper()
	if _, err := w.cluster.Submit(t.Context(), backend.Submission{ID: id, Name: "iris"}); err != nil {
		t.Fatal(err)
	}
	for range w.cluster.Watch(t.Context(), id) {
	}
}

func (w *world) run(t *testing.T, id backend.RunID) *metadata.Run {
	t.Helper()
	snap, err := w.store.Load(t.Context(), metadata.Query{Run: string(id)})
	if err != nil || len(snap.Runs) != 1 {
		t.Fatal(snap, err)
	}
	return snap.Runs[0]
}

func (w *world) events(t *testing.T) int {
	t.Helper()
	n := 0
	for _, err := range w.store.Scan(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// TestDeath: wherever submit dies, the record is completed, once.
func TestDeath(t *testing.T) {
	for name, tt := range map[string]struct {
		reached int // steps after the intent: the Workflow, the record of it
		want    metadata.State
	}{
		"after the intent": {0, metadata.Lost}, "after the Workflow": {1, metadata.Failed}, "after its record": {2, metadata.Failed},
	} {
		w := newWorld(t)
		rec, id := w.planned(t)
		if tt.reached > 0 {
			w.submitted(t, id)
		}
		if tt.reached > 1 {
			if err := rec.Submitted(t.Context(), &backend.Run{Name: "iris", UID: "u"}); err != nil {
				t.Fatal(err)
			}
		}
		if tt.want == metadata.Lost {
			out, err := w.keeper().Run(t.Context(), w.run(t, id))
			if err != nil || out.Fresh || !strings.Contains(out.Note, "may still come") {
				t.Errorf("%s, at once: %+v, %v", name, out, err)
			}
			w.now = w.now.Add(time.Hour)
		}
		out, err := w.keeper().Run(t.Context(), w.run(t, id))
		if err != nil || !out.Fresh || out.Note != "" || out.Run.State != tt.want {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
		before := w.events(t)
		if out, err := w.keeper().Run(t.Context(), w.run(t, id)); err != nil || out.Fresh || w.events(t) != before {
			t.Errorf("%s, again: %+v, %v, %d more events", name, out, err, w.events(t)-before)
		}
	}
}

// TestLostAndFound: a run that was lost and is there after all is found again.
func TestLostAndFound(t *testing.T) {
	w := newWorld(t)
	_, id := w.planned(t)
	w.now = w.now.Add(time.Hour)
	if out, err := w.keeper().Run(t.Context(), w.run(t, id)); err != nil || out.Run.State != metadata.Lost {
		t.Fatalf("%+v, %v", out, err)
	}
	w.submitted(t, id)
	if out, err := w.keeper().Run(t.Context(), w.run(t, id)); err != nil || out.Run.State != metadata.Failed || len(out.Run.Tasks) != 2 {
		t.Errorf("%+v, %v", out, err)
	}
}

// TestNotSure: a cluster that is another one, or cannot be asked, loses nothing.
func TestNotSure(t *testing.T) {
	w := newWorld(t)
	_, id := w.planned(t)
	w.now = w.now.Add(time.Hour)
	for name, change := range map[string]func(){
		"another cluster": func() { w.cluster.host, w.cluster.err = "https://two", nil },
		"down":            func() { w.cluster.host, w.cluster.err = "https://one", backend.ErrUnavailable },
		"denied":          func() { w.cluster.host, w.cluster.err = "https://one", backend.ErrDenied },
	} {
		change()
		before := w.events(t)
		out, err := w.keeper().Run(t.Context(), w.run(t, id))
		if err != nil || out.Note == "" || out.Run.State != metadata.Planned || w.events(t) != before {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.cluster.err = ctx.Err()
	if _, err := w.keeper().Run(ctx, w.run(t, id)); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// TestAtOnce: several who complete a record at once agree.
func TestAtOnce(t *testing.T) {
	w := newWorld(t)
	_, id := w.planned(t)
	w.submitted(t, id)
	before := w.run(t, id)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if out, err := w.keeper().Run(context.Background(), before); err != nil || out.Run.State != metadata.Failed {
				t.Errorf("%+v, %v", out, err)
			}
		})
	}
	wg.Wait()
	run := w.run(t, id)
	if run.State != metadata.Failed || len(run.Tasks) != 2 || run.Tasks[1].Attempt != 2 {
		t.Errorf("%+v", run)
	}
	if damage, err := metadata.Verify(t.Context(), w.store); err != nil || len(damage) > 0 {
		t.Errorf("%v, %v", damage, err)
	}
}
