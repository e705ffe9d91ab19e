package lineage

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

func writeText(w io.Writer, doc *Document, theme *term.Theme) error {
	out := bufio.NewWriter(w)
	t := &textWriter{out, theme}
	if doc.Up != nil {
		t.tree(doc.Up, "came from")
	}
	if doc.Up != nil && doc.Down != nil {
		fmt.Fprintln(out)
	}
	if doc.Down != nil {
		t.tree(doc.Down, "led to")
	}
	return out.Flush()
}

type textWriter struct {
	out   *bufio.Writer
	theme *term.Theme
}

func (t *textWriter) tree(n *metadata.Node, word string) {
	head := t.label(n, "")
	if len(n.Children) > 0 && n.Kind != metadata.RunNode {
		head += " " + t.theme.Dim(word)
	}
	fmt.Fprintln(t.out, head)
	t.children(n, "", n.RunID)
}

func (t *textWriter) children(n *metadata.Node, indent, run string) {
	for i, c := range n.Children {
		branch, next := "├─ ", "│  "
		if i == len(n.Children)-1 {
			branch, next = "└─ ", "   "
		}
		fmt.Fprintln(t.out, t.theme.Dim(indent+branch)+t.label(c, run))
		inner := run
		if c.RunID != "" {
			inner = c.RunID
		}
		t.children(c, indent+next, inner)
	}
}

// label names a node; a task of another run than the one around it says which.
func (t *textWriter) label(n *metadata.Node, run string) string {
	var text string
	switch n.Kind {
	case metadata.RunNode:
		text = t.theme.Bold("run "+runName(n.Run)) + " " + t.theme.State(string(n.Run.State), string(n.Run.State)) + t.theme.Dim(" "+n.RunID)
	case metadata.TaskNode:
		text = t.task(n, run)
	default:
		text = t.artifact(n)
	}
	switch {
	case n.Seen:
		text += t.theme.Dim(" (see above)")
	case n.Cut:
		text += t.theme.Dim(" …")
	}
	return text
}

func (t *textWriter) task(n *metadata.Node, run string) string {
	name := n.Path
	if name == "" {
		name = "the run itself"
	}
	text := t.theme.Bold(term.Clean(name))
	if n.Task != nil {
		text += " " + t.theme.State(string(n.Task.State), string(n.Task.State))
		text += t.theme.Dim(parameters(n.Task))
	}
	if run != n.RunID && n.Run != nil {
		text += t.theme.Dim(" in run " + runName(n.Run))
	}
	return text
}

// parameters are the output parameters of a task, as far as they are short.
func parameters(task *metadata.Task) string {
	doc := report.FromMetadata(&metadata.Run{Tasks: []*metadata.Task{task}})
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(doc.Tasks[0].Outputs)) {
		switch v := doc.Tasks[0].Outputs[name].(type) {
		case report.Artifact, []report.Artifact:
		default:
			parts = append(parts, term.Clean(name)+"="+term.Truncate(report.Value(v), 40))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " " + strings.Join(parts[:min(4, len(parts))], " ")
}

func (t *textWriter) artifact(n *metadata.Node) string {
	kind := strings.TrimPrefix(n.Type, "system.")
	text := ""
	if n.Port != "" {
		text = t.theme.Name(term.Clean(n.Port)) + " "
	}
	text += term.Clean(n.URI)
	var facts []string
	if kind != "" {
		facts = append(facts, term.Clean(kind))
	}
	if n.Artifact != nil && n.Artifact.Bytes > 0 {
		facts = append(facts, term.Bytes(n.Artifact.Bytes))
	}
	if len(facts) > 0 {
		text += t.theme.Dim(" (" + strings.Join(facts, ", ") + ")")
	}
	return text
}

func runName(r *metadata.Run) string {
	if r.Name != "" {
		return term.Clean(r.Name)
	}
	return r.ID
}
