package draw

import (
	"bufio"
	"io"
	"strings"

	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// TextOptions say how text looks; nil functions paint nothing.
type TextOptions struct {
	Width             int // cells of a line, 0: no limit
	Line, Name, Extra func(string) string
}

// WriteText prints one task a line, in layered order. Left of the names, lines
// lead from each task down to those that need it; what a group holds stands
// below it, indented.
//
//	┌───● prepare
//	├─┬─● train
//	└─┴─● evaluate
func WriteText(w io.Writer, title string, g *Graph, opt TextOptions) error {
	plain := func(s string) string { return s }
	for _, f := range []*func(string) string{&opt.Line, &opt.Name, &opt.Extra} {
		if *f == nil {
			*f = plain
		}
	}
	out := bufio.NewWriter(w)
	if title != "" {
		_, _ = out.WriteString(opt.Name(term.Clean(title)) + "\n")
	}
	t := &textWriter{out, opt}
	t.graph(g, "")
	return out.Flush()
}

type textWriter struct {
	out *bufio.Writer
	opt TextOptions
}

func (t *textWriter) graph(g *Graph, prefix string) {
	rails := layout(g)
	width := 0
	for _, n := range g.Nodes {
		width = max(width, term.Width(term.Clean(n.Label)))
	}
	width = min(width, 32)
	for i, n := range g.Nodes {
		t.line(prefix, rails[i].row, n, width)
		if n.Inner != nil {
			t.graph(n.Inner, prefix+rails[i].below+"  ")
		}
	}
}

func (t *textWriter) line(prefix, row string, n *Node, width int) {
	mark := "● "
	switch n.Kind {
	case Group, Loop, Branches, Exit:
		mark = "○ "
	case Branch:
		mark = ""
	}
	label := term.Clean(n.Label)
	extra := term.Clean(strings.Join(n.Notes, " · "))
	if extra != "" {
		label = term.Pad(label, width)
	}
	if t.opt.Width > 0 {
		room := t.opt.Width - term.Width(prefix+row+mark+label) - 2
		if room < 8 {
			extra = ""
		} else {
			extra = term.Truncate(extra, room)
		}
	}
	line := t.opt.Line(prefix+row+mark) + t.opt.Name(label)
	if extra != "" {
		line += "  " + t.opt.Extra(extra)
	}
	_, _ = t.out.WriteString(strings.TrimRight(line, " ") + "\n")
}

// A rail is what stands left of a node: in its own row and in those below it
// that show what it holds.
type rail struct{ row, below string }

// layout gives every node with successors a column of its own, from its row
// down to its last successor's, the leftmost that is free.
func layout(g *Graph) []rail {
	last := make([]int, len(g.Nodes)) // row of the last successor
	ins := make([][]int, len(g.Nodes))
	for _, e := range g.Edges {
		last[e.From] = max(last[e.From], e.To)
		ins[e.To] = append(ins[e.To], e.From)
	}
	var columns []int // node that holds the column, −1: free
	of := make([]int, len(g.Nodes))
	states := make([][]cell, len(g.Nodes))
	for i := range g.Nodes {
		states[i], columns = step(i, columns, of, last, ins[i])
	}
	out := make([]rail, len(g.Nodes))
	for i, s := range states {
		out[i] = rail{row(s, len(columns)), below(s, len(columns))}
	}
	return out
}

// A cell says what a column does in a row.
type cell uint8

const (
	free cell = iota
	passes
	feeds // leads to the node and goes on
	stops // leads to the node and ends
	opens // begins here
)

func step(i int, columns, of, last, ins []int) ([]cell, []int) {
	own := -1
	if last[i] > i {
		for c, holder := range columns {
			if holder < 0 {
				own = c
				break
			}
		}
		if own < 0 {
			own = len(columns)
			columns = append(columns, -1)
		}
		of[i] = own
	}
	cells := make([]cell, len(columns))
	for c, holder := range columns {
		if holder >= 0 {
			cells[c] = passes
		}
	}
	for _, from := range ins {
		if from >= i { // an edge of a cycle cannot be drawn
			continue
		}
		c := of[from]
		cells[c] = feeds
		if last[from] == i {
			cells[c] = stops
			columns[c] = -1
		}
	}
	if own >= 0 {
		cells[own] = opens
		columns[own] = i
	}
	return cells, columns
}

func row(cells []cell, width int) string {
	var b strings.Builder
	horizontal := false
	for c := range width {
		state := free
		if c < len(cells) {
			state = cells[c]
		}
		b.WriteString(glyph(state, horizontal))
		if state > passes {
			horizontal = true
		}
		if horizontal {
			b.WriteString("─")
		} else {
			b.WriteString(" ")
		}
	}
	return b.String()
}

func glyph(c cell, horizontal bool) string {
	if horizontal {
		return [...]string{free: "─", passes: "│", feeds: "┼", stops: "┴", opens: "┬"}[c]
	}
	return [...]string{free: " ", passes: "│", feeds: "├", stops: "└", opens: "┌"}[c]
}

func below(cells []cell, width int) string {
	var b strings.Builder
	for c := range width {
		if c < len(cells) && (cells[c] == passes || cells[c] == feeds || cells[c] == opens) {
			b.WriteString("│ ")
		} else {
			b.WriteString("  ")
		}
	}
	return b.String()
}
