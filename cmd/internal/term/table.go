package term

import (
	"bufio"
	"io"
	"strings"
)

// A Table is rows of cells below a heading, columns aligned by what they show.
// Cells may be painted; text from outside must have been cleaned.
type Table struct {
	head []string
	rows [][]string
}

// NewTable begins a table with the given headings.
func NewTable(head ...string) *Table { return &Table{head: head} }

// Row adds a row. Its cells are held as parts of one text, since there may be
// many.
func (t *Table) Row(cells ...string) {
	row, rest := make([]string, len(cells)), strings.Join(cells, "")
	for i, cell := range cells {
		row[i], rest = rest[:len(cell)], rest[len(cell):]
	}
	t.rows = append(t.rows, row)
}

// Len is the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Write prints the table with the heading painted dim; columns in which every
// cell is empty are left out.
func (t *Table) Write(w io.Writer, theme *Theme) error {
	width := make([]int, len(t.head))
	used := make([]bool, len(t.head))
	for _, row := range t.rows {
		for i, cell := range row {
			width[i] = max(width[i], Width(cell))
			used[i] = used[i] || cell != ""
		}
	}
	for i, h := range t.head {
		width[i] = max(width[i], Width(h))
	}
	out := bufio.NewWriter(w)
	line := func(cells []string, paint func(string) string) {
		var b strings.Builder
		gap := ""
		for i, cell := range cells {
			if !used[i] {
				continue
			}
			b.WriteString(gap)
			b.WriteString(paint(cell))
			gap = strings.Repeat(" ", max(0, width[i]-Width(cell))+2)
		}
		_, _ = out.WriteString(strings.TrimRight(b.String(), " ") + "\n")
	}
	line(t.head, theme.Dim)
	for _, row := range t.rows {
		line(row, func(s string) string { return s })
	}
	return out.Flush()
}
