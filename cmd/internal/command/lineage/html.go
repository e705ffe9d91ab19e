package lineage

import (
	"bufio"
	"cmp"
	"fmt"
	"html"
	"io"
	"slices"

	"github.com/kfp-go/kfp-go/cmd/internal/term"
	"github.com/kfp-go/kfp-go/compiler/graph"
)

// Sizes of the picture, in pixels; head and foot are cut to what a box holds.
const (
	boxWidth   = 230
	boxHeight  = 44
	columnGap  = 70
	rowGap     = 14
	margin     = 20
	headCells  = 30
	footCells  = 34
	sweepCount = 4
)

// writeHTML prints a page that needs nothing from elsewhere and runs nothing:
// the picture, from left to right, and a table of what it shows.
func writeHTML(w io.Writer, name string, p *picture) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, pageHead, html.EscapeString(name), html.EscapeString(name), count(p, false), count(p, true))
	drawSVG(out, p)
	writeRows(out, p)
	_, _ = out.WriteString("</body>\n</html>\n")
	return out.Flush()
}

func count(p *picture, artifacts bool) string {
	n := 0
	for _, b := range p.nodes {
		if b.artifact == artifacts {
			n++
		}
	}
	what := "tasks"
	if artifacts {
		what = "artifacts"
	}
	return fmt.Sprintf("%d %s", n, what)
}

const pageHead = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 24px; color: #1c2330; background: #fff; }
.scroll { overflow: auto; max-height: 75vh; border: 1px solid #d5dae3; border-radius: 6px; }
.edge { fill: none; stroke: #9aa5b8; stroke-width: 1.3; }
.task rect { fill: #eef3ff; stroke: #4a6fd0; }
.artifact rect { fill: #fff8e6; stroke: #c49a2c; }
.failed rect { fill: #ffeceb; stroke: #c43c35; }
.origin rect { stroke-width: 3; }
.head { font-weight: 600; }
.foot { fill: #5b6678; font-size: 12px; }
text { font: 13px system-ui, sans-serif; fill: #1c2330; }
a:target rect, a:hover rect, tr:target { stroke-width: 3; background: #fff3c4; }
table { border-collapse: collapse; margin-top: 24px; }
td, th { text-align: left; padding: 3px 14px 3px 0; border-bottom: 1px solid #e6e9ef; vertical-align: top; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) {
  body { color: #dfe5ef; background: #14181f; }
  .task rect { fill: #1d2b4d; } .artifact rect { fill: #3d3313; } .failed rect { fill: #4b1d1b; }
  text { fill: #dfe5ef; } .foot { fill: #9aa5b8; } td, th { border-color: #2b323e; } .scroll { border-color: #2b323e; }
  a:hover rect, tr:target { background: #3d3313; }
}
</style>
</head>
<body>
<h1>%s</h1>
<p>%s, %s. From left to right: what was read, who read it, what was made of it.</p>
`

// A spot is the place of a box.
type spot struct{ x, y int }

func drawSVG(out *bufio.Writer, p *picture) {
	spots, width, height := layOut(p)
	fmt.Fprintf(out, "<div class=\"scroll\">\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n", width, height, width, height)
	for _, e := range p.edges {
		a, b := spots[e[0]], spots[e[1]]
		x1, y1, x2, y2 := a.x+boxWidth, a.y+boxHeight/2, b.x, b.y+boxHeight/2
		fmt.Fprintf(out, "<path class=\"edge\" d=\"M%d %dC%d %d %d %d %d %d\"/>\n", x1, y1, x1+columnGap/2, y1, x2-columnGap/2, y2, x2, y2)
	}
	for i, b := range p.nodes {
		s := spots[i]
		fmt.Fprintf(out, "<a href=\"#r%d\" id=\"n%d\"><g class=\"%s\"><title>%s</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>",
			i, i, class(b), html.EscapeString(b.full), s.x, s.y, boxWidth, boxHeight, corner(b))
		fmt.Fprintf(out, "<text class=\"head\" x=\"%d\" y=\"%d\">%s</text><text class=\"foot\" x=\"%d\" y=\"%d\">%s</text></g></a>\n",
			s.x+10, s.y+18, html.EscapeString(term.Truncate(b.head, headCells)), s.x+10, s.y+35, html.EscapeString(term.Truncate(b.caption(), footCells)))
	}
	_, _ = out.WriteString("</svg>\n</div>\n")
}

func corner(b *box) int {
	if b.artifact {
		return boxHeight / 2
	}
	return 5
}

// class is one of our own words, never text from a run.
func class(b *box) string {
	name := "task"
	switch {
	case b.artifact:
		name = "artifact"
	case b.state == "failed":
		name = "failed"
	}
	if b.origin {
		name += " origin"
	}
	return name
}

func writeRows(out *bufio.Writer, p *picture) {
	_, _ = out.WriteString("<table>\n<tr><th>what</th><th>name</th><th>run or type</th><th>state</th></tr>\n")
	for i, b := range p.nodes {
		kind := "task"
		if b.artifact {
			kind = "artifact"
		}
		name := b.head
		if b.artifact {
			name = b.full
		}
		fmt.Fprintf(out, "<tr id=\"r%d\"><td><a href=\"#n%d\">%s</a></td><td>%s</td><td>%s</td><td>%s</td></tr>\n",
			i, i, kind, html.EscapeString(name), html.EscapeString(b.foot), html.EscapeString(b.state))
	}
	_, _ = out.WriteString("</table>\n")
}

// layOut puts each box into the column behind all that lead to it, and orders
// columns so that few edges cross.
func layOut(p *picture) (spots []spot, width, height int) {
	columns := arrange(p)
	spots = make([]spot, len(p.nodes))
	tallest := 0
	for _, c := range columns {
		tallest = max(tallest, len(c))
	}
	for x, c := range columns {
		top := (tallest - len(c)) * (boxHeight + rowGap) / 2
		for y, n := range c {
			spots[n] = spot{margin + x*(boxWidth+columnGap), margin + top + y*(boxHeight+rowGap)}
		}
	}
	return spots, 2*margin + max(1, len(columns))*(boxWidth+columnGap) - columnGap, 2*margin + max(1, tallest)*(boxHeight+rowGap) - rowGap
}

func arrange(p *picture) [][]int {
	next, before := make([][]int, len(p.nodes)), make([][]int, len(p.nodes))
	g := graph.New(len(p.nodes))
	for _, e := range p.edges {
		next[e[0]] = append(next[e[0]], e[1])
		before[e[1]] = append(before[e[1]], e[0])
		g.Edge(e[0], e[1])
	}
	order, whole := g.Order()
	if !whole { // what stands in a cycle, which only a damaged record has, comes last
		placed := make([]bool, len(p.nodes))
		for _, n := range order {
			placed[n] = true
		}
		for n := range p.nodes {
			if !placed[n] {
				order = append(order, n)
			}
		}
	}
	level := make([]int, len(p.nodes))
	var columns [][]int
	for _, n := range order {
		for len(columns) <= level[n] {
			columns = append(columns, nil)
		}
		columns[level[n]] = append(columns[level[n]], n)
		for _, m := range next[n] {
			level[m] = max(level[m], level[n]+1)
		}
	}
	untangle(columns, before, next)
	return columns
}

// untangle sorts columns by the middle of each box's neighbours, back and
// forth.
func untangle(columns [][]int, before, next [][]int) {
	row := map[int]int{}
	number := func(c []int) {
		for y, n := range c {
			row[n] = y
		}
	}
	for _, c := range columns {
		number(c)
	}
	for sweep := range sweepCount {
		neighbours := before
		if sweep%2 == 1 {
			neighbours = next
		}
		for x := range columns {
			c := columns[x]
			if sweep%2 == 1 {
				c = columns[len(columns)-1-x]
			}
			middle := map[int]float64{}
			for _, n := range c {
				middle[n] = float64(row[n])
				if list := neighbours[n]; len(list) > 0 {
					sum := 0
					for _, m := range list {
						sum += row[m]
					}
					middle[n] = float64(sum) / float64(len(list))
				}
			}
			slices.SortStableFunc(c, func(a, b int) int { return cmp.Compare(middle[a], middle[b]) })
			number(c)
		}
	}
}
