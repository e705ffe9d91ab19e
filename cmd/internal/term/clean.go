package term

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/kfp-go/kfp-go/compiler/diag/render"
)

// Clean makes text from outside safe for one line of a terminal.
func Clean(s string) string { return render.Clean(s) }

// CleanLog makes a line of a program's output safe and readable: colours and
// other sequences go away, of a progress bar that overwrote itself the last
// state stays, tabs become blanks.
func CleanLog(s string) string {
	s = strings.TrimRight(s, "\r\n")
	if i := strings.LastIndexByte(s, '\r'); i >= 0 {
		s = s[i+1:]
	}
	if strings.IndexByte(s, 0x1b) >= 0 {
		s = ansi.Strip(s)
	}
	if strings.IndexByte(s, '\t') >= 0 {
		s = strings.ReplaceAll(s, "\t", "    ")
	}
	return Clean(s)
}

// Width is how many cells the text takes.
func Width(s string) int { return ansi.StringWidth(s) }

// Truncate shortens text to so many cells, with an ellipsis.
func Truncate(s string, cells int) string { return ansi.Truncate(s, max(cells, 1), "…") }

// Pad fills text up with blanks to so many cells.
func Pad(s string, cells int) string {
	if n := cells - Width(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}
