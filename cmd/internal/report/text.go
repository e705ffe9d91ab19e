package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// WriteRun prints one run for people: what it is, its parameters and its
// outputs.
func WriteRun(w io.Writer, r Run, look Look) error {
	if err := writeHead(w, r, look); err != nil {
		return err
	}
	if err := writeValues(w, "PARAMETER", r.Parameters, look); err != nil {
		return err
	}
	return WriteOutputs(w, r, look)
}

// WriteDetails is WriteRun with all that is known: the tree of tasks, why some
// failed, where artifacts lie.
func WriteDetails(w io.Writer, r Run, look Look) error {
	if err := writeHead(w, r, look); err != nil {
		return err
	}
	if err := writeValues(w, "PARAMETER", r.Parameters, look); err != nil {
		return err
	}
	if len(r.Tasks) > 0 {
		fmt.Fprintln(w)
		if err := WriteTasks(w, r.Tasks, look); err != nil {
			return err
		}
		if err := WriteCauses(w, r.Tasks, look); err != nil {
			return err
		}
	}
	if err := WriteOutputs(w, r, look); err != nil {
		return err
	}
	return WriteArtifacts(w, r, look.Theme)
}

func writeHead(w io.Writer, r Run, look Look) error {
	state := stateText(r, look)
	if r.Attempt > 1 {
		state += fmt.Sprintf(" (attempt %d)", r.Attempt)
	}
	rows := [][2]string{
		{"run", look.Theme.Bold(term.Clean(r.Name))},
		{"id", r.ID},
		{"pipeline", term.Clean(r.Pipeline)},
		{"source", term.Clean(r.Source)},
		{"code", codeText(r.Code)},
		{"profile", term.Clean(r.Profile)},
		{"labels", labelText(r.Labels)},
		{"state", state},
		{"cluster", term.Clean(r.Cluster)},
		{"workflow", workflow(r)},
		{"created", createdText(r)},
	}
	for _, row := range rows {
		if row[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s %s\n", look.Theme.Dim(term.Pad(row[0], 9)), row[1]); err != nil {
			return err
		}
	}
	if r.Message == "" {
		return nil
	}
	return look.Paragraph(w, look.Theme.Dim(term.Pad("message", 9))+" ", strings.Repeat(" ", 10), term.Clean(r.Message))
}

func createdText(r Run) string {
	if r.Created == nil {
		return ""
	}
	text := r.Created.Local().Format(time.DateTime)
	if r.By == nil {
		return text
	}
	if who := strings.Trim(r.By.User+"@"+r.By.Host, "@"); who != "" {
		text += " by " + who
	}
	if r.By.Version != "" {
		text += " with kfp-go " + r.By.Version
	}
	return term.Clean(text)
}

// codeText says which revision the pipeline's file had.
func codeText(c *metadata.Code) string {
	if c == nil || c.Revision == "" {
		return ""
	}
	text := c.Revision[:min(12, len(c.Revision))]
	if c.Branch != "" {
		text += " on " + c.Branch
	}
	if c.Dirty {
		text += ", with uncommitted changes"
	}
	if c.Repository != "" {
		text += " (" + c.Repository + ")"
	}
	return term.Clean(text)
}

func labelText(labels map[string]string) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		value := labels[key]
		if strings.HasPrefix(value, "sha256:") {
			value = value[:min(19, len(value))] + "…"
		}
		parts = append(parts, term.Clean(key+"="+value))
	}
	return strings.Join(parts, " ")
}

func stateText(r Run, look Look) string {
	text := look.Theme.State(r.State, term.Clean(r.State))
	if d := took(r.Started, r.Finished, look.Now, r.State); d != "" {
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

// WriteOutputs prints the outputs of a run, artifacts with the place where they
// lie.
func WriteOutputs(w io.Writer, r Run, look Look) error {
	return writeValues(w, "OUTPUT", r.Outputs, look)
}

// writeValues prints a table of values. Where a terminal's width bounds the
// lines, values are cut to it, but for artifacts: one wants to copy where they
// lie.
func writeValues(w io.Writer, what string, m map[string]any, look Look) error {
	if len(m) == 0 {
		return nil
	}
	t := term.NewTable(what, "VALUE")
	names := len(what)
	for k := range m {
		names = max(names, term.Width(term.Clean(k)))
	}
	for _, k := range sortedKeys(m) {
		value := Value(m[k])
		switch m[k].(type) {
		case Artifact, []Artifact:
		default:
			if look.Width > 0 {
				value = term.Truncate(value, max(look.Width-names-2, 20))
			}
		}
		t.Row(term.Clean(k), value)
	}
	fmt.Fprintln(w)
	return t.Write(w, look.Theme)
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
	case Large:
		return "(large, " + term.Truncate(term.Clean(v.Blob), 20) + ")"
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
	l := NewTable(w, columns, look)
	for i := range runs {
		if err := l.Add(&runs[i]); err != nil {
			return err
		}
	}
	return l.End()
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
