// Package source holds input text whole and points into it. Bytes are the
// truth: a Span is a half-open byte range; lines and columns are worked out
// when somebody looks.
package source

import (
	"bytes"
	"fmt"
	"sort"
	"unicode/utf8"
)

// A File is one input held whole, so that any later phase can quote it.
type File struct {
	name  string
	text  []byte
	lines []int // byte offset of the start of each line
}

// NewFile wraps text under the name that messages show. The text must not be
// changed afterwards.
func NewFile(name string, text []byte) *File {
	f := &File{name: name, text: text}
	f.lines = make([]int, 1, bytes.Count(text, []byte{'\n'})+1)
	for i := 0; i < len(text); {
		j := bytes.IndexByte(text[i:], '\n')
		if j < 0 {
			break
		}
		i += j + 1
		f.lines = append(f.lines, i)
	}
	return f
}

// Name is the name that messages show: a path as the user wrote it, or "-".
func (f *File) Name() string { return f.name }

// Text is the whole input. Callers must not change it.
func (f *File) Text() []byte { return f.text }

// A Position is a place for people: 1-based, columns count code points.
type Position struct{ Line, Column int }

// Position gives the line and column of a byte offset; offsets outside the
// text are clamped.
func (f *File) Position(offset int) Position {
	offset = max(0, min(offset, len(f.text)))
	line := sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > offset }) - 1
	start := f.lines[line]
	if line == 0 && bytes.HasPrefix(f.text, bom) {
		start = min(len(bom), offset)
	}
	return Position{Line: line + 1, Column: utf8.RuneCount(f.text[start:offset]) + 1}
}

var bom = []byte("\xef\xbb\xbf")

// Offset is the byte offset of a 1-based line and column (in code points),
// clamped to the text.
func (f *File) Offset(line, column int) int {
	if line < 1 {
		return 0
	}
	if line > len(f.lines) {
		return len(f.text)
	}
	off := f.lines[line-1]
	if line == 1 && bytes.HasPrefix(f.text, bom) {
		off = len(bom)
	}
	for ; column > 1 && off < len(f.text) && f.text[off] != '\n'; column-- {
		_, n := utf8.DecodeRune(f.text[off:])
		off += n
	}
	return off
}

// LineStart is the byte offset at which a 1-based line begins.
func (f *File) LineStart(line int) int {
	if line < 1 {
		return 0
	}
	if line > len(f.lines) {
		return len(f.text)
	}
	return f.lines[line-1]
}

// Line is the text of a 1-based line without its line ending.
func (f *File) Line(line int) string {
	if line < 1 || line > len(f.lines) {
		return ""
	}
	end := len(f.text)
	if line < len(f.lines) {
		end = f.lines[line]
	}
	return string(bytes.TrimRight(f.text[f.lines[line-1]:end], "\r\n"))
}

// LineCount is the number of lines, at least 1.
func (f *File) LineCount() int { return len(f.lines) }

// A Span is a half-open byte range of a File. The zero Span is nowhere.
type Span struct {
	File       *File
	Start, End int
}

// IsZero reports whether the span points nowhere.
func (s Span) IsZero() bool { return s.File == nil }

// Text is what the span covers, "" for the zero span.
func (s Span) Text() string {
	if s.File == nil {
		return ""
	}
	start := max(0, min(s.Start, len(s.File.text)))
	end := max(start, min(s.End, len(s.File.text)))
	return string(s.File.text[start:end])
}

// Begin is the position of the first byte.
func (s Span) Begin() Position {
	if s.File == nil {
		return Position{}
	}
	return s.File.Position(s.Start)
}

// Finish is the position just behind the last byte.
func (s Span) Finish() Position {
	if s.File == nil {
		return Position{}
	}
	return s.File.Position(s.End)
}

// String is file:line:column, the form that editors understand.
func (s Span) String() string {
	if s.File == nil {
		return "(nowhere)"
	}
	p := s.Begin()
	return fmt.Sprintf("%s:%d:%d", s.File.name, p.Line, p.Column)
}

// Join is the smallest span that covers both; a zero span adds nothing.
func Join(a, b Span) Span {
	switch {
	case a.File == nil:
		return b
	case b.File == nil || a.File != b.File:
		return a
	}
	return Span{File: a.File, Start: min(a.Start, b.Start), End: max(a.End, b.End)}
}

// Less orders spans by file name, start and end: the order of output.
func Less(a, b Span) bool {
	an, bn := "", ""
	if a.File != nil {
		an = a.File.name
	}
	if b.File != nil {
		bn = b.File.name
	}
	if an != bn {
		return an < bn
	}
	if a.Start != b.Start {
		return a.Start < b.Start
	}
	return a.End < b.End
}

// A Fragment is text lifted out of a scalar, unquoted and unfolded; its Span
// method leads an offset in it back to the bytes that were written.
type Fragment struct {
	Text string
	file *File
	segs []segment
	end  int // source offset behind the last byte
}

// A segment says that text bytes from text on stand at source bytes from src
// on, until the next segment begins. Bytes that an escape produced share its
// first byte.
type segment struct{ text, src int }

// Plain is a fragment whose text stands in the file byte for byte from start.
func Plain(f *File, start int, text string) Fragment {
	return Fragment{Text: text, file: f, segs: []segment{{0, start}}, end: start + len(text)}
}

// A FragmentBuilder assembles a fragment piece by piece, in source order.
type FragmentBuilder struct {
	file *File
	text []byte
	segs []segment
	end  int
}

// NewFragment begins a fragment of f.
func NewFragment(f *File) *FragmentBuilder { return &FragmentBuilder{file: f} }

// Add appends text that stands at source bytes start to end. Where the text is
// shorter or longer than its source, as for an escape, offsets in it lead to
// start.
func (b *FragmentBuilder) Add(text string, start, end int) {
	if text == "" {
		b.end = end
		return
	}
	if len(text) == end-start {
		if n := len(b.segs); n > 0 && b.segs[n-1].src-b.segs[n-1].text == start-len(b.text) {
			b.text = append(b.text, text...)
			b.end = end
			return
		}
		b.segs = append(b.segs, segment{len(b.text), start})
	} else {
		for i := range len(text) {
			b.segs = append(b.segs, segment{len(b.text) + i, start})
		}
	}
	b.text = append(b.text, text...)
	b.end = end
}

// Fragment is what was added.
func (b *FragmentBuilder) Fragment() Fragment {
	return Fragment{Text: string(b.text), file: b.file, segs: b.segs, end: b.end}
}

// IsZero reports whether the fragment comes from no file.
func (fr Fragment) IsZero() bool { return fr.file == nil }

// File is the file the fragment was lifted from, nil for none.
func (fr Fragment) File() *File { return fr.file }

func (fr Fragment) source(off int) int {
	i := sort.Search(len(fr.segs), func(i int) bool { return fr.segs[i].text > off }) - 1
	if i < 0 {
		return fr.end
	}
	src := fr.segs[i].src + off - fr.segs[i].text
	if i+1 < len(fr.segs) {
		return min(src, max(fr.segs[i].src, fr.segs[i+1].src))
	}
	return min(src, fr.end)
}

// Span leads text bytes start to end back to the source.
func (fr Fragment) Span(start, end int) Span {
	if fr.file == nil {
		return Span{}
	}
	start = max(0, min(start, len(fr.Text)))
	end = max(start, min(end, len(fr.Text)))
	s := Span{File: fr.file, Start: fr.source(start)}
	switch {
	case end == len(fr.Text):
		s.End = fr.end
	case end > start:
		s.End = max(fr.source(end-1)+1, fr.source(end))
		if next := fr.source(end); next < s.End && next > s.Start {
			s.End = next
		}
	default:
		s.End = s.Start
	}
	s.End = max(s.End, s.Start)
	return s
}

// All is the span of the whole fragment.
func (fr Fragment) All() Span { return fr.Span(0, len(fr.Text)) }

// Slice is the part of the fragment between text bytes start and end.
func (fr Fragment) Slice(start, end int) Fragment {
	start = max(0, min(start, len(fr.Text)))
	end = max(start, min(end, len(fr.Text)))
	if fr.file == nil {
		return Fragment{Text: fr.Text[start:end]}
	}
	out := Fragment{Text: fr.Text[start:end], file: fr.file, end: fr.Span(start, end).End}
	out.segs = append(out.segs, segment{0, fr.source(start)})
	for _, s := range fr.segs {
		if s.text > start && s.text < end {
			out.segs = append(out.segs, segment{s.text - start, s.src})
		}
	}
	return out
}
