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
	show  func(r *Run, look Look) string
	plain func(r *Run, now time.Time) string
	// compare orders runs, known says which have something to compare; the
	// others come last in both directions.
	compare func(a, b *Run, now time.Time) int
	known   func(r *Run) bool
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
	id.show = func(r *Run, _ Look) string { return Short(r.ID) }
	state := textColumn("state", "STATE", func(r *Run) string { return r.State })
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

// maxCell is how many cells of a text a list shows.
const maxCell = 60

func textColumn(name, head string, text func(*Run) string) Column {
	return Column{
		Name: name, head: term.Clean(head),
		show:    func(r *Run, _ Look) string { return term.Truncate(term.Clean(text(r)), maxCell) },
		plain:   func(r *Run, _ time.Time) string { return text(r) },
		compare: func(a, b *Run, _ time.Time) int { return strings.Compare(text(a), text(b)) },
		known:   func(r *Run) bool { return text(r) != "" },
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
		compare: func(a, b *Run, _ time.Time) int { return at(a).Compare(*at(b)) },
		known:   func(r *Run) bool { return at(r) != nil },
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
		compare: func(a, b *Run, now time.Time) int {
			x, _ := elapsed(a.Started, a.Finished, now, a.State)
			y, _ := elapsed(b.Started, b.Finished, now, b.State)
			return cmp.Compare(x, y)
		},
		known: func(r *Run) bool {
			_, ok := elapsed(r.Started, r.Finished, time.Time{}, r.State)
			return ok
		},
	}
}

// valueColumn shows a parameter or an output. Numbers sort as numbers and come
// before all else.
func valueColumn(name, key string, of func(*Run) map[string]any) Column {
	number := func(r *Run) (float64, bool) {
		f, err := strconv.ParseFloat(PlainValue(of(r)[key]), 64)
		return f, err == nil
	}
	return Column{
		Name: name, head: term.Clean(key),
		show: func(r *Run, _ Look) string {
			if v, ok := of(r)[key]; ok {
				return term.Truncate(Value(v), maxCell)
			}
			return ""
		},
		plain: func(r *Run, _ time.Time) string { return PlainValue(of(r)[key]) },
		compare: func(a, b *Run, _ time.Time) int {
			x, isX := number(a)
			y, isY := number(b)
			switch {
			case isX && isY:
				return cmp.Compare(x, y)
			case isX:
				return -1
			case isY:
				return 1
			}
			return strings.Compare(PlainValue(of(a)[key]), PlainValue(of(b)[key]))
		},
		known: func(r *Run) bool { return of(r)[key] != nil },
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

// Sort orders runs by a column, the greatest first if descending. Runs that
// the column says nothing of come last, equal ones newest first.
func Sort(runs []Run, by Column, descending bool, now time.Time) {
	slices.SortStableFunc(runs, func(a, b Run) int {
		switch knownA, knownB := by.known(&a), by.known(&b); {
		case knownA && knownB:
			c := by.compare(&a, &b, now)
			if descending {
				c = -c
			}
			return cmp.Or(c, strings.Compare(b.ID, a.ID))
		case knownA:
			return -1
		case knownB:
			return 1
		}
		return strings.Compare(b.ID, a.ID)
	})
}
