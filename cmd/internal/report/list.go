package report

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// A List prints runs that are added one by one, so that there may be many: it
// holds no run, and of those that must wait for others what is to be printed of
// them. Nothing is printed before there is a MiB of it or the list ends, so that
// a short list is whole or not there.
type List struct {
	out  *bufio.Writer
	form form
	now  time.Time
	n    int // printed

	by         *Column // nil: in the order in which they are added
	descending bool
	limit      int
	waiting    []waiting
}

// A form prints runs in two steps, of which the first may come long before the
// second.
type form interface {
	render(r *Run) ([]byte, error)
	print(w io.Writer, rendered []byte) error
	end(w io.Writer) error
}

type waiting struct {
	key      key
	known    bool
	id       string
	rendered []byte
}

func newList(w io.Writer, f form, now time.Time) *List {
	return &List{out: bufio.NewWriterSize(w, 1<<20), form: f, now: now}
}

// NewTable begins a table of runs for people.
func NewTable(w io.Writer, columns []Column, look Look) *List {
	var head []string
	var texts []int
	for i, c := range columns {
		head = append(head, c.head)
		if c.text {
			texts = append(texts, i)
		}
	}
	table := term.NewTable(head...)
	table.Fit(look.Width, texts...)
	return newList(w, &tableForm{table, columns, look}, look.Now)
}

// NewCSV begins a list as RFC 4180 has it: a line of column names, lines that
// end in CR LF. Times are RFC 3339, durations seconds. Control characters
// become visible signs, and what a spreadsheet would take for a formula gets
// an apostrophe before it, which makes it text there.
func NewCSV(w io.Writer, columns []Column, now time.Time) *List {
	return newList(w, &csvForm{columns: columns, now: now}, now)
}

// NewJSON begins the document RunList.
func NewJSON(w io.Writer, now time.Time) *List { return newList(w, &jsonForm{}, now) }

// Sort has the runs printed in the order of a column, the greatest first if
// descending, and at most limit of them (0: all). Runs that the column says
// nothing of come last, equal ones newest first.
func (l *List) Sort(by Column, descending bool, limit int) {
	l.by, l.descending, l.limit = &by, descending, limit
}

// Add takes the next run, of which it keeps nothing.
func (l *List) Add(r *Run) error {
	rendered, err := l.form.render(r)
	if err != nil {
		return err
	}
	if l.by == nil {
		return l.print(rendered)
	}
	next := waiting{id: r.ID, rendered: slices.Clip(rendered)}
	next.key, next.known = l.by.key(r, l.now)
	l.waiting = append(l.waiting, next)
	if l.limit > 0 && len(l.waiting) >= 2*l.limit {
		l.settle()
	}
	return nil
}

// settle sorts those that wait and forgets those that will not be printed.
func (l *List) settle() {
	slices.SortFunc(l.waiting, func(a, b waiting) int {
		if a.known != b.known {
			if a.known {
				return -1
			}
			return 1
		}
		c := 0
		if a.known {
			c = compareKeys(a.key, b.key)
		}
		if l.descending {
			c = -c
		}
		return cmp.Or(c, strings.Compare(b.id, a.id))
	})
	if l.limit > 0 && len(l.waiting) > l.limit {
		clear(l.waiting[l.limit:])
		l.waiting = l.waiting[:l.limit]
	}
}

func (l *List) print(rendered []byte) error {
	l.n++
	return l.form.print(l.out, rendered)
}

// End prints what is left.
func (l *List) End() error {
	l.settle()
	for i, w := range l.waiting {
		l.waiting[i] = waiting{}
		if err := l.print(w.rendered); err != nil {
			return err
		}
	}
	if err := l.form.end(l.out); err != nil {
		return err
	}
	return l.out.Flush()
}

// Len is how many runs are in the list.
func (l *List) Len() int { return l.n + len(l.waiting) }

// A tableForm holds the cells until all are known, whose widths matter.
type tableForm struct {
	table   *term.Table
	columns []Column
	look    Look
}

// cellEnd parts cells, which hold no control characters but those of colours.
const cellEnd = "\x00"

func (f *tableForm) render(r *Run) ([]byte, error) {
	var row []byte
	for i, c := range f.columns {
		if i > 0 {
			row = append(row, cellEnd...)
		}
		row = append(row, c.show(r, f.look)...)
	}
	return row, nil
}

func (f *tableForm) print(_ io.Writer, rendered []byte) error {
	f.table.Row(strings.Split(string(rendered), cellEnd)...)
	return nil
}

func (f *tableForm) end(w io.Writer) error { return f.table.Write(w, f.look.Theme) }

type csvForm struct {
	columns []Column
	now     time.Time
	begun   bool
}

func (f *csvForm) render(r *Run) ([]byte, error) {
	return csvLine(f.columns, func(c Column) string { return c.plain(r, f.now) })
}

func csvLine(columns []Column, text func(Column) string) ([]byte, error) {
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = csvCell(text(c))
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	if err := w.Write(row); err != nil {
		return nil, err
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func (f *csvForm) head(w io.Writer) error {
	if f.begun {
		return nil
	}
	f.begun = true
	line, err := csvLine(f.columns, func(c Column) string { return c.Name })
	if err == nil {
		_, err = w.Write(line)
	}
	return err
}

func (f *csvForm) print(w io.Writer, rendered []byte) error {
	if err := f.head(w); err != nil {
		return err
	}
	_, err := w.Write(rendered)
	return err
}

func (f *csvForm) end(w io.Writer) error { return f.head(w) }

// A jsonForm prints what the encoder would print of Runs as a whole.
type jsonForm struct{ n int }

func (f *jsonForm) render(r *Run) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(r)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func (f *jsonForm) print(w io.Writer, rendered []byte) error {
	lead := ",\n    "
	if f.n == 0 {
		lead = jsonHead + "[\n    "
	}
	f.n++
	b := bytes.NewBufferString(lead)
	if err := json.Indent(b, rendered, "    ", "  "); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

const jsonHead = `{
  "apiVersion": "` + APIVersion + `",
  "kind": "RunList",
  "runs": `

func (f *jsonForm) end(w io.Writer) error {
	tail := "\n  ]\n}\n"
	if f.n == 0 {
		tail = jsonHead + "[]\n}\n"
	}
	_, err := io.WriteString(w, tail)
	return err
}
