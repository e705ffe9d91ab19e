package follow

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }

func events(list ...backend.Event) iter.Seq2[backend.Event, error] {
	return func(yield func(backend.Event, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func taskEvent(s int, t backend.Task) backend.Event { return backend.Event{Time: at(s), Task: &t} }

func runEvent(s int, state backend.State) backend.Event {
	return backend.Event{Time: at(s), Run: &backend.Run{ID: "id", Name: "iris-1", State: state, Started: at(0)}}
}

func story() iter.Seq2[backend.Event, error] {
	return events(
		runEvent(0, backend.Running),
		taskEvent(1, backend.Task{Path: "train", State: backend.Pending}),
		taskEvent(1, backend.Task{Path: "train", State: backend.Running, Started: at(1)}),
		taskEvent(2, backend.Task{Path: "train", State: backend.Running, Started: at(1)}), // nothing new
		taskEvent(3, backend.Task{Path: "train", State: backend.Running, Attempt: 2, Started: at(3)}),
		taskEvent(5, backend.Task{Path: "train", State: backend.Failed, Attempt: 2, Class: "error", Message: "exit \x1b[31m1", Started: at(3), Finished: at(5)}),
		taskEvent(5, backend.Task{Path: "use", State: backend.Skipped}),
		runEvent(6, backend.Failed),
	)
}

// What keeps a task waiting is said once; the usual making of a pod is not.
func TestStuckTask(t *testing.T) {
	s, b := iostreams.Test()
	waits := func(sec int, why string) backend.Event {
		return taskEvent(sec, backend.Task{Path: "train", State: backend.Pending, Message: why})
	}
	if _, err := Run(t.Context(), events(
		runEvent(0, backend.Running), waits(1, ""), waits(2, "Unschedulable: no node has a GPU"), waits(3, "Unschedulable: 0 of 2 nodes have a GPU"),
		waits(4, "ContainerCreating"), runEvent(5, backend.Succeeded),
	), Options{IO: s, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(b.Err.String(), "train pending"); got != 1 || !strings.Contains(b.Err.String(), "train pending: Unschedulable: no node has a GPU") {
		t.Errorf("%d lines of pending:\n%s", got, b.Err.String())
	}
}

func TestPlainLines(t *testing.T) {
	s, b := iostreams.Test()
	run, err := Run(t.Context(), story(), Options{IO: s, Now: time.Now})
	if err != nil || run.State != backend.Failed {
		t.Fatalf("%+v, %v", run, err)
	}
	var got []string
	for _, l := range strings.Split(strings.TrimSpace(b.Err.String()), "\n") {
		got = append(got, l[len("00:00:00 "):])
	}
	want := []string{
		"run iris-1 running",
		"train running",
		"train running (try 2)",
		"train failed (try 2) 2.0s: error: exit ␛[31m1",
		"use skipped",
		"run iris-1 failed",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if b.Out.Len() > 0 {
		t.Errorf("standard output has %q", b.Out)
	}
}

// On a terminal what is over stands above the block; nothing of the block is
// left in the end.
func TestLiveView(t *testing.T) {
	s, b := iostreams.Test()
	s.ErrTTY = true
	s.SetColor(iostreams.Never)
	if _, err := Run(t.Context(), story(), Options{IO: s, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"✘ train 2.0s failed: error: exit ␛[31m1\n", "− use skipped\n"} {
		if !strings.Contains(b.Err.String(), want) {
			t.Errorf("%q is missing in %q", want, b.Err)
		}
	}
}

func TestBlock(t *testing.T) {
	s, b := iostreams.Test()
	s.ErrTTY = true
	s.SetColor(iostreams.Never)
	v := newView(Options{IO: s, Now: func() time.Time { return at(65) }})
	for e := range story() {
		v.message(message{event: &e})
	}
	for i := range 40 {
		e := taskEvent(60, backend.Task{Path: "loop[" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + "]", State: backend.Running, Started: at(60)})
		v.message(message{event: &e})
	}
	b.Err.Reset()
	v.draw()
	lines := strings.Split(strings.TrimRight(b.Err.String(), "\n"), "\n")
	if len(lines) > s.Height() {
		t.Errorf("the block has %d lines on a terminal of %d", len(lines), s.Height())
	}
	if last := lines[len(lines)-1]; !strings.Contains(last, "iris-1 1m05s · 1 skipped · 1 failed · 40 running") {
		t.Errorf("the sum is %q", last)
	}
	if !strings.Contains(b.Err.String(), "more") {
		t.Error("nothing says that tasks are left out")
	}
}

// Logs that trail behind the run's end are still shown, each with its task.
func TestLogs(t *testing.T) {
	s, b := iostreams.Test()
	_, err := Run(t.Context(), story(), Options{IO: s, Now: time.Now, Logs: func(ctx context.Context) iter.Seq2[backend.Line, error] {
		return func(yield func(backend.Line, error) bool) {
			for _, text := range []string{"one", "\x1b[1mtwo\x1b[0m"} {
				if !yield(backend.Line{Task: "train", Text: text}, nil) {
					return
				}
			}
			yield(backend.Line{}, errors.New("pod is gone"))
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"[train] one\n", "[train] two\n", "logs: pod is gone\n"} {
		if !strings.Contains(b.Err.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.Err)
		}
	}
}

func TestErrorEndsFollowing(t *testing.T) {
	s, _ := iostreams.Test()
	broken := func(yield func(backend.Event, error) bool) {
		if yield(runEvent(0, backend.Running), nil) {
			yield(backend.Event{}, backend.ErrUnavailable)
		}
	}
	run, err := Run(t.Context(), broken, Options{IO: s, Now: time.Now})
	if !errors.Is(err, backend.ErrUnavailable) || run == nil || run.State != backend.Running {
		t.Errorf("%+v, %v", run, err)
	}
}

// Cancelling ends following; an interruption that the run is told of does not.
func TestInterruption(t *testing.T) {
	s, b := iostreams.Test()
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := make(chan struct{})
	endless := func(yield func(backend.Event, error) bool) {
		if !yield(runEvent(0, backend.Running), nil) {
			return
		}
		close(interrupted)
		<-ctx.Done()
	}
	why := errors.New("enough")
	go func() {
		<-interrupted
		cancel(why)
	}()
	_, err := Run(ctx, endless, Options{IO: s, Now: time.Now, Interrupted: interrupted, Note: "stopping"})
	if !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
	if n := strings.Count(b.Err.String(), "stopping"); n > 1 {
		t.Errorf("the note is shown %d times", n)
	}
}
