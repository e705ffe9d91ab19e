package draw

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// WriteMermaid prints a Mermaid flowchart; groups are subgraphs.
func WriteMermaid(w io.Writer, title string, g *Graph) error {
	out := bufio.NewWriter(w)
	if title != "" {
		fmt.Fprintf(out, "---\ntitle: %q\n---\n", term.Clean(title))
	}
	fmt.Fprintln(out, "flowchart TD")
	m := &mermaidWriter{out}
	m.graph(g, "n", "  ")
	return out.Flush()
}

type mermaidWriter struct{ out *bufio.Writer }

func (m *mermaidWriter) graph(g *Graph, id, indent string) {
	for i, n := range g.Nodes {
		m.node(n, fmt.Sprintf("%s%d", id, i), indent)
	}
	for _, e := range g.Edges {
		fmt.Fprintf(m.out, "%s%s%d --> %s%d\n", indent, id, e.From, id, e.To)
	}
}

func (m *mermaidWriter) node(n *Node, id, indent string) {
	label := MermaidText(n.Label)
	if note := short(n); note != "" {
		label += "<br/>" + MermaidText(note)
	}
	if n.Inner != nil && len(n.Inner.Nodes) > 0 {
		fmt.Fprintf(m.out, "%ssubgraph %s[\"%s\"]\n", indent, id, label)
		m.graph(n.Inner, id+"_", indent+"  ")
		fmt.Fprintf(m.out, "%send\n", indent)
		return
	}
	open, shut := "[", "]"
	switch n.Kind {
	case Importer, Claim:
		open, shut = "[(", ")]"
	}
	fmt.Fprintf(m.out, "%s%s%s\"%s\"%s\n", indent, id, open, label, shut)
}

// short is the note that belongs into a picture: what decides and repeats, not
// images.
func short(n *Node) string {
	var keep []string
	for _, note := range n.Notes {
		if strings.HasPrefix(note, "when ") || strings.HasPrefix(note, "for each ") || note == "otherwise" || note == "however it ended" {
			keep = append(keep, term.Truncate(note, 60))
		}
	}
	return strings.Join(keep, " · ")
}

// MermaidText writes every character that Mermaid or a browser could take for
// markup as an entity.
func MermaidText(s string) string {
	var b strings.Builder
	for _, r := range term.Clean(s) {
		switch {
		case strings.ContainsRune("\"#;&<>`\\{}[]()|%", r):
			fmt.Fprintf(&b, "#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
