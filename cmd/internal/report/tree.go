package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// A branch is a task, or a group, a loop's iteration or a branch that holds
// some: a step of the tasks' paths.
type branch struct {
	name  string
	task  *Task // nil for what only holds others
	inner []*branch
}

// branches makes a tree of tasks that are in order of their paths.
func branches(tasks []Task) []*branch {
	root := &branch{}
	at := map[string]*branch{"": root}
	for i := range tasks {
		path := tasks[i].Path
		parent, prefix := root, ""
		for rest := path; rest != ""; {
			step, more, nested := strings.Cut(rest, "/")
			if prefix += step; nested {
				prefix += "/"
			}
			b := at[strings.TrimSuffix(prefix, "/")]
			if b == nil {
				b = &branch{name: step}
				at[strings.TrimSuffix(prefix, "/")] = b
				parent.inner = append(parent.inner, b)
			}
			parent, rest = b, more
		}
		parent.task = &tasks[i]
	}
	return root.inner
}

// sum is the state and the time of all that a branch holds.
func (b *branch) sum() (state string, start, end *time.Time) {
	rank := map[string]int{"skipped": 1, "cached": 2, "succeeded": 3, "pending": 4, "stopped": 5, "failed": 6, "running": 7}
	open := false
	b.each(func(t *Task) {
		if rank[t.State] > rank[state] || state == "" {
			state = t.State
		}
		if t.Started != nil && (start == nil || t.Started.Before(*start)) {
			start = t.Started
		}
		switch {
		case t.Finished == nil && t.Started != nil:
			open = true
		case t.Finished != nil && (end == nil || t.Finished.After(*end)):
			end = t.Finished
		}
	})
	if open {
		end = nil
	}
	return state, start, end
}

func (b *branch) each(visit func(*Task)) {
	if b.task != nil {
		visit(b.task)
	}
	for _, c := range b.inner {
		c.each(visit)
	}
}

// WriteTasks prints the tree of tasks with their states and times.
func WriteTasks(w io.Writer, tasks []Task, look Look) error {
	t := &treeTable{Table: term.NewTable("TASK", "STATE", "TIME", "WAITED", "NOTE"), look: look}
	t.Fit(look.Width, 0, 4)
	for _, b := range branches(tasks) {
		t.add(b, "", "")
	}
	return t.Write(w, look.Theme)
}

type treeTable struct {
	*term.Table
	look Look
}

// maxIndent bounds how far a line is indented: paths are text from outside.
const maxIndent = 60

func (t *treeTable) add(b *branch, lead, under string) {
	theme := t.look.Theme
	name := theme.Dim(lead) + term.Truncate(term.Clean(b.name), 48)
	if b.task == nil {
		state, start, end := b.sum()
		t.Row(name, theme.State(state, term.Clean(state)), theme.Dim(took(start, end, t.look.Now, state)))
	} else {
		t.Row(name, theme.State(b.task.State, term.Clean(b.task.State)), took(b.task.Started, b.task.Finished, t.look.Now, b.task.State), waited(b.task), note(b.task))
	}
	for i, c := range b.inner {
		lead, next := "├─ ", "│  "
		if i == len(b.inner)-1 {
			lead, next = "└─ ", "   "
		}
		if term.Width(under) > maxIndent {
			next = ""
		}
		t.add(c, under+lead, under+next)
	}
}

// waited is how long the task was kept from beginning, where that is worth a
// word.
func waited(t *Task) string {
	if t.Created == nil || t.Started == nil || t.Started.Sub(*t.Created) < time.Second {
		return ""
	}
	return term.Duration(t.Started.Sub(*t.Created))
}

// note is what else there is to say of a task in a few words.
func note(t *Task) string {
	var parts []string
	if n := max(t.Attempt, 1); n > 1 {
		parts = append(parts, fmt.Sprintf("%d tries", n))
	}
	if t.State == "failed" || t.State == "stopped" {
		if why := cause(t); why != "" {
			parts = append(parts, why)
		}
	}
	return strings.Join(parts, ", ")
}

// cause is the class of a failure and the exit code.
func cause(t *Task) string {
	var parts []string
	if t.Class != "" {
		parts = append(parts, term.Clean(t.Class))
	}
	if t.ExitCode != nil {
		parts = append(parts, fmt.Sprintf("exit code %d", *t.ExitCode))
	}
	return strings.Join(parts, ", ")
}

// maxCauses is how many failed tasks are explained.
const maxCauses = 20

// WriteCauses says why tasks failed, each attempt with its own reason, also of
// those that succeeded in the end.
func WriteCauses(w io.Writer, tasks []Task, look Look) error {
	var failed []*Task
	for i := range tasks {
		if t := &tasks[i]; t.State == "failed" || len(t.Earlier) > 0 {
			failed = append(failed, t)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\n%s\n", look.Theme.Dim("CAUSES"))
	for i, t := range failed {
		if i == maxCauses {
			_, err := fmt.Fprintf(w, "and %d more tasks; --output json has them all\n", len(failed)-i)
			return err
		}
		if err := writeCause(w, t, look); err != nil {
			return err
		}
	}
	return nil
}

func writeCause(w io.Writer, t *Task, look Look) error {
	head := look.Theme.Bold(term.Clean(t.Path)) + " " + look.Theme.State(t.State, term.Clean(t.State))
	if len(t.Earlier) == 0 {
		return look.Paragraph(w, head+": ", "  ", reason(t))
	}
	if _, err := fmt.Fprintln(w, head); err != nil {
		return err
	}
	for _, e := range append(t.Earlier[:len(t.Earlier):len(t.Earlier)], *t) {
		what := reason(&e)
		if e.State != "failed" {
			what = strings.TrimSuffix(e.State+": "+term.Clean(e.Message), ": ")
		}
		if d := took(e.Started, e.Finished, look.Now, e.State); d != "" {
			what = d + ", " + what
		}
		if err := look.Paragraph(w, fmt.Sprintf("  try %d: ", max(e.Attempt, 1)), "         ", what); err != nil {
			return err
		}
	}
	return nil
}

// Reason is why a task ended as it did, on one line.
func Reason(t Task) string {
	msg := term.Clean(t.Message)
	if t.State == "failed" && t.Class != "" && !strings.Contains(msg, t.Class) {
		msg = strings.TrimSuffix(term.Clean(t.Class)+": "+msg, ": ")
	}
	return term.Truncate(msg, 120)
}

// reason is Reason for a line of its own, with the exit code.
func reason(t *Task) string {
	why, msg := cause(t), term.Clean(t.Message)
	switch {
	case why == "" || msg == "" || strings.HasSuffix(why, msg): // the message is often the exit code alone
		return cmp.Or(why, msg)
	}
	if t.ExitCode != nil { // which some messages begin with
		msg = strings.TrimPrefix(msg, fmt.Sprintf("exit code %d: ", *t.ExitCode))
	}
	return why + ": " + msg
}

// plainWidth is where lines are broken when no terminal says.
const plainWidth = 100

// maxReason is how many cells of a message are shown.
const maxReason = 800

// Paragraph prints text behind its head, wrapped at the width of the look; the
// lines after the first are indented.
func (look Look) Paragraph(w io.Writer, head, indent, text string) error {
	if text == "" {
		head = strings.TrimSuffix(head, ": ")
	}
	line, width := head, term.Width(head)
	limit := max(look.Width, 40)
	if look.Width == 0 {
		limit = plainWidth
	}
	empty := true
	var b strings.Builder
	for _, word := range strings.Fields(term.Truncate(text, maxReason)) {
		if n := term.Width(word); !empty && width+1+n > limit {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line, width = indent+word, term.Width(indent)+n
		} else {
			if !empty {
				line, width = line+" ", width+1
			}
			line, width = line+word, width+n
		}
		empty = false
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}
