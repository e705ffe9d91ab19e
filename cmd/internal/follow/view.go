package follow

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// A view is what has been seen and how it is shown.
type view struct {
	opt   Options
	theme *term.Theme
	live  *term.Live
	run   *backend.Run
	shown backend.State // of the run
	tasks map[string]backend.Task
	order []string // paths, in order of appearance
	spin  int
}

func newView(opt Options) *view {
	return &view{opt: opt, theme: term.ErrTheme(opt.IO), live: newLive(opt), tasks: map[string]backend.Task{}}
}

func (v *view) ticker() (<-chan time.Time, func()) {
	if v.live == nil {
		return nil, func() {}
	}
	t := time.NewTicker(frame)
	return t.C, t.Stop
}

func (v *view) close() {
	if v.live != nil {
		v.live.Clear()
	}
}

func (v *view) message(m message) {
	switch {
	case m.line != nil:
		v.line(m.line)
	case m.event.Task != nil:
		v.task(m.event.Time, *m.event.Task)
	case m.event.Run != nil:
		v.setRun(m.event.Time, m.event.Run)
	}
}

func (v *view) line(l *backend.Line) {
	prefix := ""
	if l.Task != "" {
		prefix = v.theme.Name("["+term.Clean(l.Task)+"]") + " "
	}
	v.print(prefix + term.CleanLog(l.Text))
}

func (v *view) setRun(at time.Time, r *backend.Run) {
	v.run = r
	if !r.State.Final() {
		v.runState(at, r)
	}
	for _, t := range r.Tasks {
		if t != nil {
			v.task(at, *t)
		}
	}
	if r.State.Final() {
		v.runState(at, r)
	}
}

func (v *view) runState(at time.Time, r *backend.Run) {
	if r.State == v.shown {
		return
	}
	v.shown = r.State
	if v.live == nil && r.State != backend.Submitted { // whoever submitted it has said so
		v.print(v.stamp(at) + "run " + term.Clean(r.Name) + " " + v.theme.State(string(r.State), string(r.State)))
	}
}

func (v *view) task(at time.Time, t backend.Task) {
	old, known := v.tasks[t.Path]
	if !known {
		v.order = append(v.order, t.Path)
	}
	v.tasks[t.Path] = t
	if v.live == nil && stuck(t) && !(known && stuck(old)) {
		v.print(v.stamp(at) + v.changed(t))
		return
	}
	if known && old.State == t.State && old.Attempt == t.Attempt {
		return
	}
	if v.live != nil {
		if t.State.Final() && !(known && old.State.Final()) {
			v.print(v.ended(t))
		}
		return
	}
	if t.State != backend.Pending {
		v.print(v.stamp(at) + v.changed(t))
	}
}

// stuck reports a task that waits for more than the making of its pod, such as
// a node that fits or an image that is there.
func stuck(t backend.Task) bool {
	if t.State != backend.Pending || t.Message == "" {
		return false
	}
	for _, usual := range []string{"ContainerCreating", "PodInitializing"} {
		if strings.HasPrefix(t.Message, usual) {
			return false
		}
	}
	return true
}

// ended is the line of a task that is over, on a terminal.
func (v *view) ended(t backend.Task) string {
	state := string(t.State)
	text := v.theme.State(state, term.Mark(state)) + " " + term.Clean(t.Path)
	if d := duration(t); d != "" {
		text += " " + v.theme.Dim(d)
	}
	if t.State != backend.Succeeded {
		text += " " + v.theme.State(state, state)
	}
	return text + v.why(t)
}

// changed is the line of a task that has a new state, elsewhere.
func (v *view) changed(t backend.Task) string {
	state := string(t.State)
	text := term.Clean(t.Path) + " " + v.theme.State(state, state)
	if t.Attempt > 1 {
		text += fmt.Sprintf(" (try %d)", t.Attempt)
	}
	if d := duration(t); d != "" {
		text += " " + d
	}
	return text + v.why(t)
}

func (v *view) why(t backend.Task) string {
	if t.Message == "" || t.State == backend.Succeeded {
		return ""
	}
	return ": " + report.Reason(report.Task{State: string(t.State), Class: t.Class, Message: t.Message})
}

func duration(t backend.Task) string {
	if !t.State.Final() || t.Started.IsZero() || t.Finished.IsZero() {
		return ""
	}
	return term.Duration(t.Finished.Sub(t.Started))
}

func (v *view) stamp(at time.Time) string {
	if at.IsZero() {
		at = v.opt.Now()
	}
	return v.theme.Dim(at.Local().Format(time.TimeOnly)) + " "
}

func (v *view) print(line string) {
	if v.live != nil {
		v.live.Print(line)
		return
	}
	_, _ = fmt.Fprintln(v.opt.IO.Err, line)
}

var spinner = [...]string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

// draw shows what runs now: as many tasks as the terminal has room for, and a
// line that sums up.
func (v *view) draw() {
	now := v.opt.Now()
	v.spin++
	var running []backend.Task
	count := map[backend.State]int{}
	for _, path := range v.order {
		t := v.tasks[path]
		count[t.State]++
		if t.State == backend.Running || t.State == backend.Pending && t.Message != "" {
			running = append(running, t)
		}
	}
	room := max(3, v.opt.IO.Height()-4)
	var lines []string
	for i, t := range running {
		if i == room && len(running) > room+1 {
			lines = append(lines, v.theme.Dim(fmt.Sprintf("  … and %d more", len(running)-i)))
			break
		}
		lines = append(lines, v.runningLine(t, now))
	}
	v.live.Draw(append(lines, v.summary(count, now)))
}

func (v *view) runningLine(t backend.Task, now time.Time) string {
	mark := spinner[v.spin%len(spinner)]
	if t.State == backend.Pending {
		mark = "·"
	}
	text := v.theme.State(string(t.State), mark) + " " + term.Clean(t.Path)
	if !t.Started.IsZero() {
		text += " " + v.theme.Dim(term.Duration(now.Sub(t.Started)))
	}
	if t.Attempt > 1 {
		text += fmt.Sprintf(" (try %d)", t.Attempt)
	}
	return text + v.why(t)
}

func (v *view) summary(count map[backend.State]int, now time.Time) string {
	var parts []string
	for _, s := range []backend.State{backend.Succeeded, backend.Cached, backend.Skipped, backend.Failed, backend.Stopped, backend.Running, backend.Pending} {
		if n := count[s]; n > 0 {
			parts = append(parts, v.theme.State(string(s), fmt.Sprintf("%d %s", n, s)))
		}
	}
	text := "starting"
	if v.run != nil {
		text = v.theme.Bold(term.Clean(v.run.Name))
		if !v.run.Started.IsZero() {
			text += " " + v.theme.Dim(term.Duration(now.Sub(v.run.Started)))
		}
	}
	return strings.Join(slices.Concat([]string{text}, parts), " · ")
}
