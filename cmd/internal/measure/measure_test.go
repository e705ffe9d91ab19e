package measure

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/objects"
	"github.com/kfp-go/kfp-go/backend/servertest"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// A world is an S3 server with a bucket, and somebody who looks at it.
type world struct {
	*Measurer
	said     iostreams.Buffers
	stores   map[string]map[string]string
	mem      *s3mem.Backend
	requests atomic.Int32
	reads    atomic.Int32
	hold     func(*http.Request) // before each answer
}

func newWorld(t testing.TB, digests int64, during time.Duration) *world {
	t.Helper()
	servertest.S3Environ(t)
	w := &world{mem: s3mem.New(), hold: func(*http.Request) {}}
	if err := w.mem.CreateBucket("box"); err != nil {
		t.Fatal(err)
	}
	inner := gofakes3.New(w.mem, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.requests.Add(1)
		if r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "" {
			w.reads.Add(1)
		}
		w.hold(r)
		inner.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	s, said := iostreams.Test()
	a := &app.App{IO: s, LookupEnv: func(k string) (string, bool) { return "1", k == "KFPGO_DEBUG" }}
	a.Artifacts = func(_ *config.Config, found store.Table) *objects.Source { return &objects.Source{Stores: found} }
	w.said = said
	w.Measurer = New(a, &config.Config{ArtifactDigests: digests, ArtifactTime: during})
	w.stores = map[string]map[string]string{"s3://box/": {"endpoint": strings.TrimPrefix(server.URL, "http://"), "insecure": "true"}}
	return w
}

// put stores a text and gives the artifact as a cluster knows it.
func (w *world) put(t testing.TB, key, text string) *backend.Artifact {
	t.Helper()
	if _, err := w.mem.PutObject("box", key, nil, strings.NewReader(text), int64(len(text)), nil); err != nil {
		t.Fatal(err)
	}
	return &backend.Artifact{URI: "s3://box/" + key, Type: "system.Model", Bytes: -1}
}

func sum(text string) string {
	h := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(h[:])
}

func task(path string, in, out backend.Output) *backend.Task {
	return &backend.Task{Path: path, State: backend.Succeeded, Attempt: 1, Inputs: map[string]backend.Output{"in": in}, Outputs: map[string]backend.Output{"out": out, "n": {Value: 1}}}
}

// recorded is the record of a run, as far as its artifacts go.
func recorded(r *backend.Run) *metadata.Run {
	out := &metadata.Run{}
	for _, t := range r.Tasks {
		for dir, values := range map[string]map[string]backend.Output{metadata.In: t.Inputs, metadata.Out: t.Outputs} {
			for name, o := range values {
				for _, a := range artifacts(o) {
					if a == nil {
						continue
					}
					out.Artifacts = append(out.Artifacts, &metadata.ArtifactRecord{URI: a.URI, Bytes: max(a.Bytes, 0), Digest: a.Digest, Task: t.Path, Name: name, Dir: dir})
				}
			}
		}
	}
	return out
}

func TestMeasure(t *testing.T) {
	w := newWorld(t, 8, time.Minute)
	small, large := w.put(t, "small", "12345678"), w.put(t, "large", "123456789")
	w.put(t, "folder/a", "1")
	w.put(t, "folder/b", "22")
	folder, none := &backend.Artifact{URI: "s3://box/folder", Bytes: -1}, &backend.Artifact{URI: "s3://box/none", Bytes: -1}
	elsewhere, known := &backend.Artifact{URI: "hf://x/y", Bytes: -1}, &backend.Artifact{URI: "s3://box/told", Bytes: 3, Digest: "sha256:told"}
	run := &backend.Run{State: backend.Succeeded, Stores: w.stores, Outputs: map[string]backend.Output{"out": {Artifact: small}},
		Tasks: []*backend.Task{task("a", backend.Output{Artifact: small}, backend.Output{List: []*backend.Artifact{large, nil, folder}}),
			task("b", backend.Output{Artifact: none}, backend.Output{Artifact: elsewhere}), task("c", backend.Output{}, backend.Output{Artifact: known})}}
	got := w.Run(nil).Measure(t.Context(), run)
	list := got.Tasks[0].Outputs["out"].List
	for name, x := range map[string]struct {
		a    *backend.Artifact
		want objects.Content
	}{
		"output of the run": {got.Outputs["out"].Artifact, objects.Content{Bytes: 8, Digest: sum("12345678")}}, "input": {got.Tasks[0].Inputs["in"].Artifact, objects.Content{Bytes: 8, Digest: sum("12345678")}},
		"large": {list[0], objects.Content{Bytes: 9}}, "folder": {list[2], objects.Content{Bytes: 3}}, "none": {got.Tasks[1].Inputs["in"].Artifact, objects.Content{Bytes: -1}},
		"elsewhere": {got.Tasks[1].Outputs["out"].Artifact, objects.Content{Bytes: -1}}, "told": {got.Tasks[2].Outputs["out"].Artifact, objects.Content{Bytes: 3, Digest: "sha256:told"}},
	} {
		if x.a.Bytes != x.want.Bytes || x.a.Digest != x.want.Digest || x.a == small {
			t.Errorf("%s: %+v, want %+v", name, x.a, x.want)
		}
	}
	if small.Bytes != -1 || list[1] != nil || got.Tasks[0].Outputs["n"].Value != 1 {
		t.Errorf("given: %+v, list %v", small, list)
	}
	if n := w.reads.Load(); n != 1 {
		t.Errorf("%d objects were read, want 1", n)
	}
	if text := w.said.Err.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "hf://x/y") {
		t.Errorf("said %q", text)
	}
	// What is recorded is not read again, what no reading can add to is not asked for.
	w.reads.Store(0)
	w.requests.Store(0)
	again := w.Run(recorded(got)).Measure(t.Context(), run)
	if !reflect.DeepEqual(again, got) || w.reads.Load() != 0 || w.requests.Load() > 4 { // of the folder and of what is not there: an object, a list
		t.Errorf("again: %+v after %d requests and %d reads", again, w.requests.Load(), w.reads.Load())
	}
}

// TestBounds: no more is read of a run than it may be, and what is left is taken
// up the next time.
func TestBounds(t *testing.T) {
	const n, size = whole + 5, 64
	w := newWorld(t, size, time.Minute)
	run := &backend.Run{State: backend.Succeeded, Stores: w.stores}
	for i := range n {
		run.Tasks = append(run.Tasks, task(fmt.Sprint(i), backend.Output{}, backend.Output{Artifact: w.put(t, fmt.Sprint("o", i), strings.Repeat("x", size))}))
	}
	digests := func(r *backend.Run) (with int) {
		for _, task := range r.Tasks {
			a := task.Outputs["out"].Artifact
			if a.Bytes != size {
				t.Errorf("%+v", a)
			}
			if a.Digest != "" {
				with++
			}
		}
		return with
	}
	first := w.Run(nil).Measure(t.Context(), run)
	if got := digests(first); got != whole || w.reads.Load() != whole {
		t.Errorf("%d digests after %d reads, want %d", got, w.reads.Load(), whole)
	}
	if got := digests(w.Run(recorded(first)).Measure(t.Context(), run)); got != n || w.reads.Load() != n {
		t.Errorf("%d digests after %d reads in all, want %d", got, w.reads.Load(), n)
	}
	// Sizes only, and nothing at all.
	w.config.ArtifactDigests = 0
	if got := digests(w.Run(nil).Measure(t.Context(), run)); got != 0 || w.reads.Load() != n {
		t.Errorf("%d digests", got)
	}
	w.config.ArtifactTime = 0
	w.requests.Store(0)
	if off := w.Run(nil).Measure(t.Context(), run); off != run || w.requests.Load() != 0 {
		t.Errorf("%d requests", w.requests.Load())
	}
}

// TestTime: a store that does not answer delays the end of a run as long as it
// may, and is not asked again for the next run.
func TestTime(t *testing.T) {
	w := newWorld(t, 8, 50*time.Millisecond)
	a := w.put(t, "x", "x")
	w.hold = func(r *http.Request) { <-r.Context().Done() }
	run := &backend.Run{State: backend.Succeeded, Stores: w.stores, Tasks: []*backend.Task{task("a", backend.Output{}, backend.Output{Artifact: a})}}
	if got := w.Run(nil).Measure(t.Context(), run).Tasks[0].Outputs["out"].Artifact; got.Bytes != -1 {
		t.Errorf("%+v", got)
	}
	w.config.ArtifactTime = time.Minute
	run.Stores = map[string]map[string]string{"s3://box/": {"endpoint": "127.0.0.1:1", "insecure": "true"}}
	w.Run(nil).Measure(t.Context(), run)
	w.requests.Store(0)
	run.Stores = w.stores
	w.Run(nil).Measure(t.Context(), run)
	if n := w.requests.Load(); n != 0 {
		t.Errorf("%d requests to a store that was down", n)
	}
}

// events are those of a run of one task that is tried twice.
func events(w *world, a *backend.Artifact) []backend.Event {
	first := task("a", backend.Output{Artifact: a}, backend.Output{})
	first.State, first.Outputs = backend.Failed, nil
	second := task("a", backend.Output{Artifact: a}, backend.Output{Artifact: a})
	second.Attempt = 2
	running := *second
	running.State, running.Outputs = backend.Running, nil
	outputs := map[string]backend.Output{"out": {Artifact: a}}
	return []backend.Event{{Run: &backend.Run{State: backend.Running, Stores: w.stores}}, {Task: first}, {Task: &running}, {Task: second},
		{Run: &backend.Run{State: backend.Succeeded, Stores: w.stores, Outputs: outputs, Tasks: []*backend.Task{second}}}}
}

func sequence(all []backend.Event, err error) iter.Seq2[backend.Event, error] {
	return func(yield func(backend.Event, error) bool) {
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(backend.Event{}, err)
		}
	}
}

// A log is what was recorded, in order.
type log struct {
	mu  sync.Mutex
	all []backend.Event
}

func (l *log) record(e backend.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, e)
}

// last is the last that was recorded of the task and of the run.
func (l *log) last(t *testing.T) (task *backend.Task, run *backend.Run) {
	t.Helper()
	for _, e := range l.all {
		if e.Task != nil {
			task = e.Task
		} else {
			run = e.Run
		}
	}
	return task, run
}

func TestTee(t *testing.T) {
	w := newWorld(t, 8, time.Minute)
	a := w.put(t, "x", "12345678")
	var l log
	r := w.Run(nil)
	all := events(w, a)
	var seen []backend.Event
	for e, err := range r.Tee(t.Context(), sequence(all, nil), l.record) {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, e)
	}
	if !slices.Equal(seen, all) {
		t.Errorf("passed on: %+v", seen)
	}
	task, run := l.last(t)
	if task.Attempt != 2 || task.State != backend.Succeeded || l.all[len(l.all)-1].Run != run {
		t.Errorf("recorded last: %+v, %+v", task, run)
	}
	for where, got := range map[string]*backend.Artifact{"task": task.Outputs["out"].Artifact, "input": task.Inputs["in"].Artifact, "run": run.Outputs["out"].Artifact, "answer": r.Known(all[4].Run).Tasks[0].Outputs["out"].Artifact} {
		if got.Bytes != 8 || got.Digest != sum("12345678") {
			t.Errorf("%s: %+v", where, got)
		}
	}
	if w.reads.Load() != 1 || a.Bytes != -1 {
		t.Errorf("%d reads, %+v", w.reads.Load(), a)
	}
}

// TestTeeEnds: whatever ends the following of a run, all that was seen is
// recorded, as it is.
func TestTeeEnds(t *testing.T) {
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		err       error
		interrupt bool
		stop      bool
	}{"an error": {err: broken}, "an interruption": {interrupt: true}, "enough": {stop: true}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 8, time.Minute)
			a := w.put(t, "x", "x")
			asked := make(chan struct{}, 1)
			w.hold = func(r *http.Request) {
				asked <- struct{}{}
				<-r.Context().Done()
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var l log
			n := 0
			for range w.Run(nil).Tee(ctx, sequence(events(w, a)[:4], tt.err), l.record) {
				if n++; n != 4 {
					continue
				}
				<-asked
				if tt.interrupt {
					cancel()
				}
				if tt.stop {
					break
				}
			}
			task, run := l.last(t)
			if task == nil || task.Attempt != 2 || task.State != backend.Succeeded || task.Outputs["out"].Artifact.Bytes != -1 || run.State != backend.Running {
				t.Errorf("recorded: %+v, %+v", task, run)
			}
		})
	}
}

// BenchmarkRun measures a run of 100 artifacts of 64 KiB, 5 ms away.
func BenchmarkRun(b *testing.B) {
	for _, digests := range []int64{0, 1 << 20} {
		b.Run(fmt.Sprintf("up to %d", digests), func(b *testing.B) {
			w := newWorld(b, digests, time.Minute)
			w.hold = func(*http.Request) { <-time.After(5 * time.Millisecond) }
			run := &backend.Run{State: backend.Succeeded, Stores: w.stores}
			for i := range 100 {
				run.Tasks = append(run.Tasks, task(fmt.Sprint(i), backend.Output{}, backend.Output{Artifact: w.put(b, fmt.Sprint("o", i), strings.Repeat("x", 64<<10))}))
			}
			for b.Loop() {
				w.Run(nil).Measure(b.Context(), run)
			}
		})
	}
}
