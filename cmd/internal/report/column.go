package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// A Column is one thing to be said of each run of a list: in a table for
// people, as text without loss elsewhere.
type Column struct {
	Name  string
	head  string // of a table
	text  bool   // of any length, so that a narrow table may cut it
	show  func(r *Run, look Look) string
	plain func(r *Run, now time.Time) string
	// key is what runs are sorted by; known is false of those of which the
	// column says nothing.
	key func(r *Run, now time.Time) (k key, known bool)
}

// A key sorts by its fields, the first of which differs.
type key struct {
	class int // what stands before all else of the column
	n     int64
	f     float64
	text  string
}

func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.n, b.n), cmp.Compare(a.f, b.f), strings.Compare(a.text, b.text))
}

// A Look is how text looks, and when.
type Look struct {
	Theme *term.Theme
	Now   time.Time
	// Width is how many cells a line of the terminal holds, 0: there is none, and
	// values are not cut short for it.
	Width int
}

// LookOf is the look of what goes to standard output.
func LookOf(s *iostreams.Streams, now time.Time) Look {
	look := Look{Theme: term.OutTheme(s), Now: now}
	if s.OutTTY {
		look.Width = s.Width()
	}
	return look
}

// Columns of tables and of CSV where nothing else is asked for.
func TableColumns() []string {
	return []string{"id", "name", "pipeline", "state", "started", "duration", "engine"}
}

// CSVColumns are those of CSV where nothing else is asked for.
func CSVColumns() []string {
	return []string{"id", "name", "pipeline", "state", "created", "started", "finished", "duration", "engine", "cluster", "namespace", "workflow", "user", "revision", "message"}
}

// SortKeys are the columns by which lists are usually sorted.
func SortKeys() []string {
	return []string{"created", "started", "finished", "duration", "name", "pipeline", "state"}
}

// The beginnings of columns that show one label, parameter or output.
const (
	labelColumn     = "label."
	parameterColumn = "param."
	outputColumn    = "output."
)

// ColumnNames are all columns; the last ones want a name behind the dot.
func ColumnNames() []string {
	var out []string
	for _, c := range columns() {
		out = append(out, c.Name)
	}
	return append(out, labelColumn+"NAME", parameterColumn+"NAME", outputColumn+"NAME")
}

// ColumnOf is the column of that name; ok is false when there is none.
func ColumnOf(name string) (c Column, ok bool) {
	if i := slices.IndexFunc(columns(), func(c Column) bool { return c.Name == name }); i >= 0 {
		return columns()[i], true
	}
	for prefix, of := range map[string]func(*Run) map[string]any{
		parameterColumn: func(r *Run) map[string]any { return r.Parameters },
		outputColumn:    func(r *Run) map[string]any { return r.Outputs },
	} {
		if key, found := strings.CutPrefix(name, prefix); found && key != "" {
			return valueColumn(name, key, of), true
		}
	}
	if key, found := strings.CutPrefix(name, labelColumn); found && key != "" {
		return textColumn(name, key, func(r *Run) string { return r.Labels[key] }), true
	}
	return Column{}, false
}

func columns() []Column {
	id := textColumn("id", "ID", func(r *Run) string { return r.ID })
	id.text = false
	id.show = func(r *Run, _ Look) string { return Short(r.ID) }
	state := textColumn("state", "STATE", func(r *Run) string { return r.State })
	state.text = false
	state.show = func(r *Run, look Look) string { return look.Theme.State(r.State, term.Clean(r.State)) }
	revision := textColumn("revision", "REVISION", func(r *Run) string { return revisionText(r, 40) })
	revision.show = func(r *Run, _ Look) string { return term.Clean(revisionText(r, 12)) }
	return []Column{
		id,
		textColumn("name", "NAME", func(r *Run) string { return r.Name }),
		textColumn("pipeline", "PIPELINE", func(r *Run) string { return r.Pipeline }),
		state,
		timeColumn("created", "CREATED", func(r *Run) *time.Time { return r.Created }),
		timeColumn("started", "STARTED", func(r *Run) *time.Time { return first(r.Started, r.Created) }),
		timeColumn("finished", "FINISHED", func(r *Run) *time.Time { return r.Finished }),
		durationColumn(),
		textColumn("engine", "ENGINE", func(r *Run) string { return r.Engine }),
		textColumn("cluster", "CLUSTER", func(r *Run) string { return r.Cluster }),
		textColumn("namespace", "NAMESPACE", func(r *Run) string { return r.Namespace }),
		textColumn("workflow", "WORKFLOW", func(r *Run) string { return r.Workflow }),
		textColumn("profile", "PROFILE", func(r *Run) string { return r.Profile }),
		textColumn("source", "SOURCE", func(r *Run) string { return r.Source }),
		revision,
		textColumn("user", "USER", func(r *Run) string {
			if r.By == nil {
				return ""
			}
			return r.By.User
		}),
		textColumn("host", "HOST", func(r *Run) string {
			if r.By == nil {
				return ""
			}
			return r.By.Host
		}),
		textColumn("message", "MESSAGE", func(r *Run) string { return r.Message }),
	}
}

// Cells of a text that a list shows: on a terminal, and to whoever reads on.
const (
	maxCell  = 60
	maxPiped = 1000
)

func (l Look) cut(text string) string {
	if l.Width > 0 {
		return term.Truncate(text, maxCell)
	}
	return term.Truncate(text, maxPiped)
}

func textColumn(name, head string, text func(*Run) string) Column {
	return Column{
		Name: name, head: term.Clean(head), text: true,
		show:  func(r *Run, look Look) string { return look.cut(term.Clean(text(r))) },
		plain: func(r *Run, _ time.Time) string { return text(r) },
		key:   func(r *Run, _ time.Time) (key, bool) { return key{text: text(r)}, text(r) != "" },
	}
}

func timeColumn(name, head string, at func(*Run) *time.Time) Column {
	return Column{
		Name: name, head: head,
		show: func(r *Run, look Look) string {
			if t := at(r); t != nil {
				return ago(look.Now.Sub(*t))
			}
			return ""
		},
		plain: func(r *Run, _ time.Time) string {
			if t := at(r); t != nil {
				return t.Format(time.RFC3339Nano)
			}
			return ""
		},
		key: func(r *Run, _ time.Time) (k key, known bool) {
			if t := at(r); t != nil {
				return key{n: t.Unix(), f: float64(t.Nanosecond())}, true
			}
			return k, false
		},
	}
}

func durationColumn() Column {
	return Column{
		Name: "duration", head: "TIME",
		show: func(r *Run, look Look) string { return took(r.Started, r.Finished, look.Now, r.State) },
		plain: func(r *Run, now time.Time) string {
			if d, ok := elapsed(r.Started, r.Finished, now, r.State); ok {
				return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
			}
			return ""
		},
		key: func(r *Run, now time.Time) (key, bool) {
			d, ok := elapsed(r.Started, r.Finished, now, r.State)
			return key{n: int64(d)}, ok
		},
	}
}

// valueColumn shows a parameter or an output. Numbers sort as numbers and come
// before all else.
func valueColumn(name, value string, of func(*Run) map[string]any) Column {
	return Column{
		Name: name, head: term.Clean(value), text: true,
		show: func(r *Run, look Look) string {
			if v, ok := of(r)[value]; ok {
				return look.cut(Value(v))
			}
			return ""
		},
		plain: func(r *Run, _ time.Time) string { return PlainValue(of(r)[value]) },
		key: func(r *Run, _ time.Time) (key, bool) {
			v := of(r)[value]
			text := PlainValue(v)
			if f, err := strconv.ParseFloat(text, 64); err == nil {
				return key{f: f}, v != nil
			}
			return key{class: 1, text: text}, v != nil
		},
	}
}

// revisionText is the commit a run was made from, with a plus sign where files
// had been changed since.
func revisionText(r *Run, length int) string {
	if r.Code == nil || r.Code.Revision == "" {
		return ""
	}
	text := r.Code.Revision[:min(length, len(r.Code.Revision))]
	if r.Code.Dirty {
		text += "+"
	}
	return text
}

// PlainValue is a value as text without loss: strings as they are, artifacts
// by URI, all else as JSON. A secret is "(secret)".
func PlainValue(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case Redacted:
		return "(secret)"
	case string:
		return v
	case Artifact:
		return v.URI
	case json.RawMessage:
		var s string
		if len(v) > 0 && v[0] == '"' && json.Unmarshal(v, &s) == nil {
			return s
		}
		return string(v)
	}
	text, err := encode(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return text
}
