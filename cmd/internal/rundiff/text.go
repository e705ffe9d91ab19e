package rundiff

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// Bounds of what people are shown.
const (
	maxRows      = 40
	defaultWidth = 100
)

func durationText(s Seconds) string {
	return term.Duration(time.Duration(float64(s) * float64(time.Second)))
}

// Write prints the comparison for people.
func Write(w io.Writer, d *Document, look report.Look) error {
	out := bufio.NewWriter(w)
	t := &writer{out: out, look: look, width: look.Width}
	if t.width == 0 {
		t.width = defaultWidth
	}
	sides := term.NewTable("", "NAME", "PIPELINE", "STATE", "ID")
	for _, s := range []struct {
		mark string
		side Side
	}{{"A", d.A}, {"B", d.B}} {
		sides.Row(look.Theme.Bold(s.mark), term.Clean(s.side.Name), term.Clean(s.side.Pipeline), look.Theme.State(s.side.State, term.Clean(s.side.State)), report.Short(s.side.ID))
	}
	if err := sides.Write(out, look.Theme); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if err := look.Paragraph(out, "", "", d.Conclusion); err != nil {
		return err
	}
	if err := t.table("CAUSE", d.Causes); err != nil {
		return err
	}
	if err := t.table("RESULT", d.Results); err != nil {
		return err
	}
	if d.PartsAt != "" {
		fmt.Fprintf(out, "\nthe first task with other outputs of the same inputs: %s\n", look.Theme.Bold(term.Clean(d.PartsAt)))
	}
	fmt.Fprintln(out)
	for _, l := range []struct {
		head  string
		names []string
	}{{"equal", d.Equal}, {"unknown", d.Unknown}} {
		if len(l.names) == 0 {
			continue
		}
		if err := look.Paragraph(out, look.Theme.Dim(term.Pad(l.head, 8))+" ", "         ", strings.Join(l.names, ", ")); err != nil {
			return err
		}
	}
	for _, c := range d.Changes {
		t.change(c)
	}
	return out.Flush()
}

type writer struct {
	out   *bufio.Writer
	look  report.Look
	width int
}

func (t *writer) table(head string, ds []Difference) error {
	if len(ds) == 0 {
		return nil
	}
	table := term.NewTable(head, "OF", "A", "B")
	shown := ds[:min(len(ds), maxRows)]
	of := 2
	for _, d := range shown {
		of = max(of, term.Width(place(d)))
	}
	of = min(of, t.width/3)
	room := max((t.width-10-of-6)/2, 16)
	for _, d := range shown {
		table.Row(d.Aspect, term.Truncate(place(d), of), Short(d.A, room), Short(d.B, room))
	}
	fmt.Fprintln(t.out)
	if err := table.Write(t.out, t.look.Theme); err != nil {
		return err
	}
	if n := len(ds) - len(shown); n > 0 {
		fmt.Fprintf(t.out, "and %d more; --output json has them all\n", n)
	}
	return nil
}

// place says what differs: a task, a name, or both.
func place(d Difference) string {
	switch {
	case d.Task == "" && d.Name == "":
		return "the run"
	case d.Task == "":
		return term.Clean(d.Name)
	case d.Name == "":
		return term.Clean(d.Task)
	}
	return term.Clean(d.Task + "." + d.Name)
}

func (t *writer) change(c Change) {
	fmt.Fprintf(t.out, "\n%s\n", t.look.Theme.Dim("--- "+c.Document+" of A\n+++ "+c.Document+" of B"))
	for line := range strings.Lines(c.Diff) {
		line = strings.TrimSuffix(line, "\n")
		text := line[:min(1, len(line))] + term.CleanLog(line[min(1, len(line)):])
		switch {
		case strings.HasPrefix(line, "@@"):
			text = t.look.Theme.Name(text)
		case strings.HasPrefix(line, "-"):
			text = t.look.Theme.State("failed", text)
		case strings.HasPrefix(line, "+"):
			text = t.look.Theme.State("succeeded", text)
		}
		fmt.Fprintln(t.out, text)
	}
	switch {
	case c.Diff == "":
		fmt.Fprintln(t.out, "too much changed to be shown")
	case c.Cut:
		fmt.Fprintln(t.out, "… and more")
	}
}
