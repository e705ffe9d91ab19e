package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// WriteRun prints one run for people: what it is, its parameters and outputs
// and, where wanted, its tasks.
func WriteRun(w io.Writer, r Run, theme *term.Theme, now time.Time, tasks bool) error {
	if err := writeHead(w, r, theme, now); err != nil {
		return err
	}
	if err := writeValues(w, "PARAMETER", r.Parameters, theme); err != nil {
		return err
	}
	if tasks && len(r.Tasks) > 0 {
		fmt.Fprintln(w)
		if err := WriteTasks(w, r.Tasks, theme, now); err != nil {
			return err
		}
	}
	return WriteOutputs(w, r, theme)
}

func writeHead(w io.Writer, r Run, theme *term.Theme, now time.Time) error {
	rows := [][2]string{
		{"run", theme.Bold(term.Clean(r.Name))},
		{"id", r.ID},
		{"pipeline", term.Clean(r.Pipeline)},
		{"source", term.Clean(r.Source)},
		{"state", stateText(r, theme, now)},
		{"workflow", workflow(r)},
		{"message", term.Clean(r.Message)},
	}
	if r.Created != nil {
		rows = append(rows, [2]string{"created", r.Created.Local().Format(time.DateTime)})
	}
	for _, row := range rows {
		if row[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s %s\n", theme.Dim(term.Pad(row[0], 9)), row[1]); err != nil {
			return err
		}
	}
	return nil
}

func stateText(r Run, theme *term.Theme, now time.Time) string {
	text := theme.State(r.State, r.State)
	if d := took(r.Started, r.Finished, now, r.State); d != "" {
		text += " in " + d
	}
	return text
}

func workflow(r Run) string {
	if r.Workflow == "" {
		return ""
	}
	return term.Clean(r.Namespace + "/" + r.Workflow)
}

// took is how long something has taken, "" when unknown.
func took(start, end *time.Time, now time.Time, state string) string {
	if d, ok := elapsed(start, end, now, state); ok {
		return term.Duration(d)
	}
	return ""
}

// elapsed is how long something took or, while it goes on, has taken so far.
func elapsed(start, end *time.Time, now time.Time, state string) (time.Duration, bool) {
	switch {
	case start == nil:
		return 0, false
	case end != nil:
		return end.Sub(*start), true
	case state == "running":
		return now.Sub(*start), true
	}
	return 0, false
}

// WriteTasks prints a table of tasks.
func WriteTasks(w io.Writer, tasks []Task, theme *term.Theme, now time.Time) error {
	t := term.NewTable("TASK", "STATE", "TIME", "TRIES", "MESSAGE")
	for _, task := range tasks {
		tries := ""
		if task.Attempt > 1 {
			tries = strconv.Itoa(task.Attempt)
		}
		t.Row(term.Clean(task.Path), theme.State(task.State, task.State), took(task.Started, task.Finished, now, task.State), tries, Reason(task))
	}
	return t.Write(w, theme)
}

// Reason is why a task ended as it did, on one line.
func Reason(t Task) string {
	msg := term.Clean(t.Message)
	if t.State == "failed" && t.Class != "" && !strings.Contains(msg, t.Class) {
		msg = strings.TrimSuffix(t.Class+": "+msg, ": ")
	}
	return term.Truncate(msg, 120)
}

// WriteOutputs prints the outputs of a run, artifacts with the place where they
// lie.
func WriteOutputs(w io.Writer, r Run, theme *term.Theme) error {
	return writeValues(w, "OUTPUT", r.Outputs, theme)
}

func writeValues(w io.Writer, what string, m map[string]any, theme *term.Theme) error {
	if len(m) == 0 {
		return nil
	}
	t := term.NewTable(what, "VALUE")
	for _, k := range sortedKeys(m) {
		t.Row(term.Clean(k), Value(m[k]))
	}
	fmt.Fprintln(w)
	return t.Write(w, theme)
}

// maxValue is how many cells of a value a table shows.
const maxValue = 160

// Value is a short form of a value for a table.
func Value(v any) string {
	switch v := v.(type) {
	case nil:
		return "(absent)"
	case Redacted:
		return "(secret)"
	case string:
		return term.Truncate(term.Clean(v), maxValue)
	case Artifact:
		return artifactText(v)
	case []Artifact:
		var parts []string
		for _, a := range v {
			parts = append(parts, artifactText(a))
		}
		return term.Truncate("["+strings.Join(parts, ", ")+"]", maxValue)
	case json.RawMessage:
		var s string
		if json.Unmarshal(v, &s) == nil && len(v) > 0 && v[0] == '"' {
			return Value(s)
		}
		return term.Truncate(term.Clean(string(v)), maxValue)
	}
	text, err := encode(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return term.Truncate(term.Clean(text), maxValue)
}

// encode is a value as JSON on one line.
func encode(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSpace(b.String()), err
}

func artifactText(a Artifact) string {
	text := term.Clean(a.URI)
	kind := strings.TrimPrefix(a.Type, "system.")
	switch {
	case kind != "" && a.Bytes != nil:
		return text + " (" + term.Clean(kind) + ", " + term.Bytes(*a.Bytes) + ")"
	case kind != "":
		return text + " (" + term.Clean(kind) + ")"
	}
	return text
}

// WriteRuns prints a table of runs.
func WriteRuns(w io.Writer, runs []Run, columns []Column, look Look) error {
	var head []string
	for _, c := range columns {
		head = append(head, c.head)
	}
	t := term.NewTable(head...)
	for i := range runs {
		row := make([]string, len(columns))
		for j, c := range columns {
			row[j] = c.show(&runs[i], look)
		}
		t.Row(row...)
	}
	return t.Write(w, look.Theme)
}

func first(ts ...*time.Time) *time.Time {
	for _, t := range ts {
		if t != nil {
			return t
		}
	}
	return nil
}

func ago(d time.Duration) string {
	if d < time.Second {
		return "just now"
	}
	return term.Duration(d.Truncate(time.Second)) + " ago"
}

// Short is the beginning of an id that people read: long enough to tell runs
// apart that began a millisecond from each other.
func Short(id string) string {
	if len(id) > 18 {
		return id[:18]
	}
	return id
}

// WriteArtifacts prints where the artifacts of the tasks lie.
func WriteArtifacts(w io.Writer, r Run, theme *term.Theme) error {
	t := term.NewTable("ARTIFACT", "WHERE")
	for _, task := range r.Tasks {
		for _, name := range sortedKeys(task.Outputs) {
			switch v := task.Outputs[name].(type) {
			case Artifact, []Artifact:
				t.Row(term.Clean(task.Path+"."+name), Value(v))
			}
		}
	}
	if t.Len() == 0 {
		return nil
	}
	fmt.Fprintln(w)
	return t.Write(w, theme)
}
