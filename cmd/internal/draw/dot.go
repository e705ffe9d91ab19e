package draw

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// WriteDOT prints a Graphviz digraph; groups are clusters.
func WriteDOT(w io.Writer, title string, g *Graph) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "digraph %s {\n", DOTText(title))
	fmt.Fprintln(out, "  compound=true; rankdir=TB;")
	fmt.Fprintln(out, `  node [shape=box, style=rounded, fontname="sans-serif"];`)
	d := &dotWriter{out}
	d.graph(g, "n", "  ")
	fmt.Fprintln(out, "}")
	return out.Flush()
}

type dotWriter struct{ out *bufio.Writer }

func (d *dotWriter) graph(g *Graph, id, indent string) {
	for i, n := range g.Nodes {
		d.node(n, fmt.Sprintf("%s%d", id, i), indent)
	}
	for _, e := range g.Edges {
		d.edge(g, id, e, indent)
	}
}

func (d *dotWriter) node(n *Node, id, indent string) {
	label := n.Label
	if note := short(n); note != "" {
		label += "\n" + note
	}
	if !cluster(n) {
		shape := ""
		if n.Kind == Importer || n.Kind == Claim {
			shape = ", shape=cylinder"
		}
		fmt.Fprintf(d.out, "%s%s [label=%s%s];\n", indent, id, DOTText(label), shape)
		return
	}
	fmt.Fprintf(d.out, "%ssubgraph cluster_%s {\n%s  label=%s;\n", indent, id, indent, DOTText(label))
	d.graph(n.Inner, id+"_", indent+"  ")
	fmt.Fprintf(d.out, "%s}\n", indent)
}

// edge joins clusters through one of their nodes, since Graphviz knows edges
// between nodes only.
func (d *dotWriter) edge(g *Graph, id string, e Edge, indent string) {
	from, to := fmt.Sprintf("%s%d", id, e.From), fmt.Sprintf("%s%d", id, e.To)
	var attrs []string
	if n := g.Nodes[e.From]; cluster(n) {
		attrs = append(attrs, "ltail=cluster_"+from)
		from = deepest(n, from, true)
	}
	if n := g.Nodes[e.To]; cluster(n) {
		attrs = append(attrs, "lhead=cluster_"+to)
		to = deepest(n, to, false)
	}
	text := ""
	if len(attrs) > 0 {
		text = " [" + strings.Join(attrs, ", ") + "]"
	}
	fmt.Fprintf(d.out, "%s%s -> %s%s;\n", indent, from, to, text)
}

func cluster(n *Node) bool { return n.Inner != nil && len(n.Inner.Nodes) > 0 }

// deepest is the id of the last or first plain node inside a cluster.
func deepest(n *Node, id string, last bool) string {
	for cluster(n) {
		i := 0
		if last {
			i = len(n.Inner.Nodes) - 1
		}
		n, id = n.Inner.Nodes[i], fmt.Sprintf("%s_%d", id, i)
	}
	return id
}

// DOTText is text as a quoted string of DOT, in which line breaks stay and
// nothing else is markup.
func DOTText(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		l = strings.ReplaceAll(term.Clean(l), `\`, `\\`)
		lines[i] = strings.ReplaceAll(l, `"`, `\"`)
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}
