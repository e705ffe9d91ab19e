// Package iostreams holds the three streams of a command and what is known of
// the terminals behind them. Commands are given streams and never reach for
// the process's own, so that a test can read what was said.
package iostreams

import (
	"bytes"
	"io"
	"os"
	"strconv"

	"github.com/mattn/go-isatty"
	"golang.org/x/term"
)

// A ColorMode is the value of --color.
type ColorMode string

// The modes. Auto colours terminals only and obeys the environment.
const (
	Auto   ColorMode = "auto"
	Always ColorMode = "always"
	Never  ColorMode = "never"
)

// Streams are standard input, output and error. Out is the answer, Err the
// conversation.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer

	InTTY, OutTTY, ErrTTY bool

	mode   ColorMode
	getenv func(string) string
	size   func() (width, height int)
}

// System are the process's own streams.
func System(getenv func(string) string) *Streams {
	return &Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTTY: tty(os.Stdin), OutTTY: tty(os.Stdout), ErrTTY: tty(os.Stderr),
		mode: Auto, getenv: getenv, size: systemSize,
	}
}

func tty(f *os.File) bool {
	return isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd())
}

func systemSize() (width, height int) {
	for _, f := range []*os.File{os.Stderr, os.Stdout} {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w, h
		}
	}
	return 0, 0
}

// Buffers are what a test reads and writes instead of terminals.
type Buffers struct{ In, Out, Err *bytes.Buffer }

// Test gives streams over buffers, which are no terminals.
func Test() (*Streams, Buffers) {
	b := Buffers{new(bytes.Buffer), new(bytes.Buffer), new(bytes.Buffer)}
	none := func(string) string { return "" }
	return &Streams{In: b.In, Out: b.Out, Err: b.Err, mode: Auto, getenv: none}, b
}

// SetColor sets what --color says.
func (s *Streams) SetColor(m ColorMode) { s.mode = m }

// OutColor reports whether standard output may be coloured.
func (s *Streams) OutColor() bool { return s.color(s.OutTTY) }

// ErrColor reports whether standard error may be coloured.
func (s *Streams) ErrColor() bool { return s.color(s.ErrTTY) }

// color decides in this order: --color, NO_COLOR, CLICOLOR_FORCE, TERM=dumb,
// whether the stream is a terminal.
func (s *Streams) color(tty bool) bool {
	switch {
	case s.mode == Always:
		return true
	case s.mode == Never, s.getenv("NO_COLOR") != "":
		return false
	case s.getenv("CLICOLOR_FORCE") != "" && s.getenv("CLICOLOR_FORCE") != "0":
		return true
	case s.getenv("TERM") == "dumb":
		return false
	}
	return tty
}

// Live reports whether a block on standard error may be drawn over again.
func (s *Streams) Live() bool { return s.ErrTTY && s.getenv("TERM") != "dumb" }

// DefaultWidth is the width of text where no terminal says otherwise.
const DefaultWidth = 80

// Width is how many cells a line of the terminal holds.
func (s *Streams) Width() int {
	if n, err := strconv.Atoi(s.getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if s.size != nil {
		if w, _ := s.size(); w > 0 {
			return w
		}
	}
	return DefaultWidth
}

// Height is how many lines the terminal holds, 24 when unknown.
func (s *Streams) Height() int {
	if s.size != nil {
		if _, h := s.size(); h > 0 {
			return h
		}
	}
	return 24
}
