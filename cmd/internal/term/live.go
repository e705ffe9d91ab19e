package term

import (
	"fmt"
	"io"
	"strings"
)

// A Live is a block of lines at the end of a terminal that is drawn over again
// and again, while other lines scroll by above it. It writes only sequences
// that every terminal knows and never reads. It is not safe for several
// goroutines at once.
type Live struct {
	w     io.Writer
	width func() int
	drawn int
}

// NewLive begins an empty block. The stream must be a terminal.
func NewLive(w io.Writer, width func() int) *Live { return &Live{w: w, width: width} }

// Draw puts the lines in place of the block; each is cut to the terminal's
// width, so that none takes two rows.
func (l *Live) Draw(lines []string) {
	var b strings.Builder
	l.erase(&b)
	width := l.width() - 1
	for _, line := range lines {
		b.WriteString(Truncate(line, width))
		b.WriteString("\x1b[K\n")
	}
	l.drawn = len(lines)
	_, _ = io.WriteString(l.w, b.String())
}

// Print writes a line above the block and removes the block, which the next
// Draw brings back.
func (l *Live) Print(line string) {
	var b strings.Builder
	l.erase(&b)
	b.WriteString(line)
	b.WriteString("\n")
	_, _ = io.WriteString(l.w, b.String())
}

// Clear removes the block.
func (l *Live) Clear() {
	var b strings.Builder
	l.erase(&b)
	_, _ = io.WriteString(l.w, b.String())
}

func (l *Live) erase(b *strings.Builder) {
	if l.drawn > 0 {
		fmt.Fprintf(b, "\x1b[%dA\r\x1b[J", l.drawn)
	}
	l.drawn = 0
}
