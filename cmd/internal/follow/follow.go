// Package follow shows a run while it goes on: on a terminal as a block of what
// runs now, with what has ended above it; elsewhere as one line for each
// change. All of it goes to standard error.
package follow

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// Options say what is shown.
type Options struct {
	IO  *iostreams.Streams
	Now func() time.Time
	// Logs, if not nil, are shown line by line, each with its task's path.
	Logs func(ctx context.Context) iter.Seq2[backend.Line, error]
	// Plain draws no block on terminals either.
	Plain bool
	// Interrupted, once closed, has Note shown; the run is followed on.
	Interrupted <-chan struct{}
	Note        string
	// Notes, if not nil, are shown as they come; those that come too late stay.
	Notes *Notes
}

// message is what the goroutines send to the one that draws.
type message struct {
	event *backend.Event
	line  *backend.Line
	err   error
	done  bool // the events have ended
}

// logGrace is how long logs may trail behind the end of the run.
const logGrace = 10 * time.Second

const frame = 120 * time.Millisecond

// Run shows the events until they end and gives the last state of the run, nil
// if there was none. Its error is that of the events; logs that cannot be read
// are said and do not end it.
func Run(ctx context.Context, events iter.Seq2[backend.Event, error], opt Options) (*backend.Run, error) {
	ctx, cancel := context.WithCancel(ctx)
	messages := make(chan message, 64)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	send := func(m message) bool {
		select {
		case messages <- m:
			return true
		case <-ctx.Done():
			return false
		}
	}
	wg.Go(func() { watch(events, send) })
	logs := make(chan struct{})
	if opt.Logs == nil {
		close(logs)
	} else {
		wg.Go(func() {
			defer close(logs)
			tail(opt.Logs(ctx), send)
		})
	}
	v := newView(opt)
	defer v.close()
	return loop(ctx, v, messages, logs)
}

func watch(events iter.Seq2[backend.Event, error], send func(message) bool) {
	for e, err := range events {
		if err != nil {
			send(message{err: err})
			break
		}
		if !send(message{event: &e}) {
			return
		}
	}
	send(message{done: true})
}

func tail(lines iter.Seq2[backend.Line, error], send func(message) bool) {
	for l, err := range lines {
		if err != nil {
			if !send(message{line: &backend.Line{Text: "logs: " + err.Error()}}) {
				return
			}
			continue
		}
		if !send(message{line: &l}) {
			return
		}
	}
}

func loop(ctx context.Context, v *view, messages chan message, logs chan struct{}) (*backend.Run, error) {
	var failed error
	var grace <-chan time.Time
	tick, stop := v.ticker()
	defer stop()
	ended := false
	interrupted := v.opt.Interrupted
	var notes <-chan string
	if v.opt.Notes != nil {
		notes = v.opt.Notes.next
	}
	for {
		if ended {
			select {
			case <-logs:
				drain(v, messages)
				return v.run, failed
			default:
			}
		}
		var logsEnd <-chan struct{}
		if ended {
			logsEnd = logs
		}
		select {
		case m := <-messages:
			switch {
			case m.err != nil:
				failed = m.err
			case m.done:
				ended = true
				grace = time.After(logGrace)
			default:
				v.message(m)
			}
		case <-tick:
			v.draw()
		case <-logsEnd:
		case <-grace:
			return v.run, failed
		case <-interrupted:
			interrupted = nil
			v.print(v.opt.Note)
		case text := <-notes:
			v.print("note: " + text)
		case <-ctx.Done():
			return v.run, context.Cause(ctx)
		}
	}
}

func drain(v *view, messages chan message) {
	for {
		select {
		case m := <-messages:
			if m.event != nil || m.line != nil {
				v.message(m)
			}
		default:
			return
		}
	}
}

// newLive is a block on standard error, nil where none can be drawn.
func newLive(opt Options) *term.Live {
	if opt.Plain || !opt.IO.Live() {
		return nil
	}
	return term.NewLive(opt.IO.Err, opt.IO.Width)
}
