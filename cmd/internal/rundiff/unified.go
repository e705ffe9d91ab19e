package rundiff

import (
	"fmt"
	"slices"
	"strings"
)

// Bounds of the comparison of two documents: beyond them only the fact that
// they differ is told.
const (
	maxEdits   = 1000 // lines that differ
	maxLines   = 400  // of the answer
	contextual = 3    // equal lines around a difference
)

// unified is the difference of two texts in the unified format, "" when there
// is none. whole is false when it is too large to be told or was cut short.
func unified(a, b string) (text string, whole bool) {
	x, y := splitLines(a), splitLines(b)
	edits, ok := shortest(x, y)
	if !ok {
		return "", false
	}
	lines := hunks(edits)
	whole = len(lines) <= maxLines
	lines = lines[:min(len(lines), maxLines)]
	if len(lines) == 0 {
		return "", true
	}
	return strings.Join(lines, "\n") + "\n", whole
}

func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// An edit is a line of one text, or of both.
type edit struct {
	op   byte // ' ', '-', '+'
	text string
}

// shortest is the shortest way from one text to the other (Myers, 1986); ok is
// false when it is longer than maxEdits.
func shortest(x, y []string) (out []edit, ok bool) {
	lead := 0
	for lead < len(x) && lead < len(y) && x[lead] == y[lead] {
		lead++
	}
	tail := 0
	for tail < len(x)-lead && tail < len(y)-lead && x[len(x)-1-tail] == y[len(y)-1-tail] {
		tail++
	}
	for _, l := range x[:lead] {
		out = append(out, edit{' ', l})
	}
	middle, ok := myers(x[lead:len(x)-tail], y[lead:len(y)-tail])
	out = append(out, middle...)
	for _, l := range x[len(x)-tail:] {
		out = append(out, edit{' ', l})
	}
	return out, ok
}

func myers(x, y []string) ([]edit, bool) {
	limit := min(len(x)+len(y), maxEdits)
	furthest := make([]int, 2*limit+2) // by diagonal, shifted by limit
	var trace [][]int
	for d := 0; d <= limit; d++ {
		trace = append(trace, slices.Clone(furthest[limit-d:limit+d+1]))
		for k := -d; k <= d; k += 2 {
			var i int
			if k == -d || k != d && furthest[limit+k-1] < furthest[limit+k+1] {
				i = furthest[limit+k+1]
			} else {
				i = furthest[limit+k-1] + 1
			}
			for i < len(x) && i-k < len(y) && x[i] == y[i-k] {
				i++
			}
			furthest[limit+k] = i
			if i >= len(x) && i-k >= len(y) {
				return walk(x, y, trace, d), true
			}
		}
	}
	return nil, false
}

// walk goes the way back. trace[d] has the diagonals -d to d as they were
// before step d.
func walk(x, y []string, trace [][]int, d int) (out []edit) {
	i, j := len(x), len(y)
	for ; d > 0; d-- {
		k, row := i-j, trace[d]
		at := func(diagonal int) int { return row[diagonal+d] }
		previous := k - 1
		if k == -d || k != d && at(k-1) < at(k+1) {
			previous = k + 1
		}
		startI := at(previous)
		startJ := startI - previous
		for i > startI && j > startJ {
			i, j = i-1, j-1
			out = append(out, edit{' ', x[i]})
		}
		if previous == k+1 {
			j--
			out = append(out, edit{'+', y[j]})
		} else {
			i--
			out = append(out, edit{'-', x[i]})
		}
	}
	for i > 0 {
		i--
		out = append(out, edit{' ', x[i]})
	}
	slices.Reverse(out)
	return out
}

// hunks are the lines of the unified format.
func hunks(edits []edit) (out []string) {
	near := make([]bool, len(edits))
	for i, e := range edits {
		if e.op != ' ' {
			for j := max(0, i-contextual); j <= min(len(edits)-1, i+contextual); j++ {
				near[j] = true
			}
		}
	}
	lineX, lineY := 1, 1
	for i := 0; i < len(edits); {
		if !near[i] {
			lineX, lineY, i = lineX+1, lineY+1, i+1
			continue
		}
		fromX, fromY := lineX, lineY
		var body []string
		for ; i < len(edits) && near[i]; i++ {
			body = append(body, string(edits[i].op)+edits[i].text)
			if edits[i].op != '+' {
				lineX++
			}
			if edits[i].op != '-' {
				lineY++
			}
		}
		out = append(out, fmt.Sprintf("@@ -%s +%s @@", span(fromX, lineX), span(fromY, lineY)))
		out = append(out, body...)
	}
	return out
}

// span is a range of lines; of an empty one, the line before it.
func span(from, to int) string {
	if from == to {
		return fmt.Sprintf("%d,0", from-1)
	}
	return fmt.Sprintf("%d,%d", from, to-from)
}
