// Package term is how kfp-go looks on a terminal: colours, tables, and a block
// that is drawn over while a run goes on. It is the only package that knows
// lipgloss, and it never asks the terminal anything.
package term

import (
	"io"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
	"github.com/kfp-go/kfp-go/compiler/diag/render"
)

// A Theme paints text for one stream, or leaves it alone when the stream has no
// colours.
type Theme struct {
	colored bool
	r       *lipgloss.Renderer
}

// OutTheme paints for standard output.
func OutTheme(s *iostreams.Streams) *Theme { return newTheme(s.Out, s.OutColor()) }

// ErrTheme paints for standard error.
func ErrTheme(s *iostreams.Streams) *Theme { return newTheme(s.Err, s.ErrColor()) }

// newTheme decides everything by itself: a renderer left to find out sends
// queries to the terminal.
func newTheme(w io.Writer, colored bool) *Theme {
	t := &Theme{colored: colored}
	if !colored {
		return t
	}
	t.r = lipgloss.NewRenderer(w, termenv.WithProfile(termenv.ANSI), termenv.WithUnsafe())
	t.r.SetColorProfile(termenv.ANSI)
	t.r.SetHasDarkBackground(true)
	return t
}

// The colours are the terminal's own sixteen, so that its theme decides.
const (
	red     = lipgloss.Color("9")
	green   = lipgloss.Color("10")
	yellow  = lipgloss.Color("11")
	blue    = lipgloss.Color("12")
	magenta = lipgloss.Color("13")
	cyan    = lipgloss.Color("14")
)

func (t *Theme) paint(s string, c lipgloss.Color, bold bool) string {
	if !t.colored || s == "" {
		return s
	}
	style := t.r.NewStyle().Bold(bold).TabWidth(lipgloss.NoTabConversion)
	if c != "" {
		style = style.Foreground(c)
	}
	return style.Render(s)
}

// Bold is for what matters most.
func (t *Theme) Bold(s string) string { return t.paint(s, "", true) }

// Dim is for what may be overlooked.
func (t *Theme) Dim(s string) string {
	if !t.colored || s == "" {
		return s
	}
	return t.r.NewStyle().Faint(true).TabWidth(lipgloss.NoTabConversion).Render(s)
}

// Error, Warning, Hint and Name paint by meaning.
func (t *Theme) Error(s string) string   { return t.paint(s, red, true) }
func (t *Theme) Warning(s string) string { return t.paint(s, yellow, true) }
func (t *Theme) Hint(s string) string    { return t.paint(s, cyan, true) }
func (t *Theme) Name(s string) string    { return t.paint(s, blue, false) }

// Kind paints the first word of a message: error, warning, hint, note.
func (t *Theme) Kind(s string) string {
	switch s {
	case "error":
		return t.Error(s)
	case "warning":
		return t.Warning(s)
	case "hint":
		return t.Hint(s)
	}
	return t.Bold(s)
}

// State paints text by the state of a run or a task.
func (t *Theme) State(state, text string) string {
	switch state {
	case "succeeded":
		return t.paint(text, green, false)
	case "cached":
		return t.paint(text, cyan, false)
	case "failed", "lost":
		return t.paint(text, red, false)
	case "stopped":
		return t.paint(text, magenta, false)
	case "running", "submitted":
		return t.paint(text, yellow, false)
	}
	return t.Dim(text)
}

// Mark is one cell that stands for a state.
func Mark(state string) string {
	switch state {
	case "succeeded":
		return "✔"
	case "cached":
		return "↺"
	case "failed":
		return "✘"
	case "skipped":
		return "−"
	case "stopped":
		return "■"
	case "lost":
		return "?"
	case "running":
		return "▶"
	}
	return "·"
}

// Findings is how findings are printed on the stream.
func (t *Theme) Findings(width int) render.TextOptions {
	opt := render.TextOptions{Width: width}
	if !t.colored {
		return opt
	}
	opt.Error, opt.Warning, opt.Note = t.Error, t.Warning, t.Name
	opt.Place, opt.Message = t.Bold, t.Bold
	opt.Gutter, opt.Hint = t.Name, t.Hint
	return opt
}
