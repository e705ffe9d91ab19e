package lineage

import (
	"bufio"
	"fmt"
	"io"

	"github.com/kfp-go/kfp-go/cmd/internal/draw"
)

// writeMermaid prints a flowchart.
func writeMermaid(w io.Writer, p *picture) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "flowchart LR")
	for i, b := range p.nodes {
		open, shut := "[", "]"
		if b.artifact {
			open, shut = "[(", ")]"
		}
		label := draw.MermaidText(b.head)
		if foot := b.caption(); foot != "" {
			label += "<br/>" + draw.MermaidText(foot)
		}
		fmt.Fprintf(out, "  n%d%s\"%s\"%s\n", i, open, label, shut)
	}
	for _, e := range p.edges {
		fmt.Fprintf(out, "  n%d --> n%d\n", e[0], e[1])
	}
	return out.Flush()
}

// writeDOT prints a Graphviz digraph.
func writeDOT(w io.Writer, p *picture) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "digraph lineage {")
	fmt.Fprintln(out, `  rankdir=LR; node [shape=box, style=rounded, fontname="sans-serif"];`)
	for i, b := range p.nodes {
		label, shape := b.head, ""
		if foot := b.caption(); foot != "" {
			label += "\n" + foot
		}
		if b.artifact {
			shape = ", shape=cylinder"
		}
		fmt.Fprintf(out, "  n%d [label=%s, tooltip=%s%s];\n", i, draw.DOTText(label), draw.DOTText(b.full), shape)
	}
	for _, e := range p.edges {
		fmt.Fprintf(out, "  n%d -> n%d;\n", e[0], e[1])
	}
	fmt.Fprintln(out, "}")
	return out.Flush()
}

// caption is the second line of a box.
func (b *box) caption() string {
	text := b.foot
	if b.state != "" && b.state != "succeeded" {
		if text != "" {
			text += ", "
		}
		text += b.state
	}
	if b.cut {
		text += " …"
	}
	return text
}
