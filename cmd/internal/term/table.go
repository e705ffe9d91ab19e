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
	most int   // cells of a line, 0: any number
	give []int // columns that are cut for it
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

// leastCells is what is left of a column that is cut.
const leastCells = 12

// Fit has lines hold at most so many cells (0: any number), as far as that can be
// had by cutting the cells of the given columns.
func (t *Table) Fit(cells int, columns ...int) { t.most, t.give = cells, columns }

// narrow cuts the widest of the columns that give way until a line fits.
func (t *Table) narrow(width []int, used []bool) {
	total := -2
	for i, w := range width {
		if used[i] {
			total += w + 2
		}
	}
	for ; t.most > 0 && total > t.most; total-- {
		widest := -1
		for _, i := range t.give {
			if used[i] && width[i] > leastCells && (widest < 0 || width[i] > width[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		width[widest]--
	}
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
	t.narrow(width, used)
	out := bufio.NewWriter(w)
	line := func(cells []string, paint func(string) string) {
		var b strings.Builder
		gap := ""
		for i, cell := range cells {
			if !used[i] {
				continue
			}
			if Width(cell) > width[i] {
				cell = Truncate(cell, width[i])
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
