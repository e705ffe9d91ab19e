package tree

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// An emitter receives the pieces of a scalar's value in order, each with the
// source bytes it stands for.
type emitter func(text string, start, end int)

// lineBreak is the width of the line break at src[i] and what it stands for;
// width 0: there is none. Unicode's separators break lines, as in YAML 1.1.
func lineBreak(src string, i int) (width int, text string) {
	if i >= len(src) {
		return 0, ""
	}
	switch src[i] {
	case '\n':
		return 1, "\n"
	case '\r':
		if i+1 < len(src) && src[i+1] == '\n' {
			return 2, "\n"
		}
		return 1, "\n"
	case 0xc2:
		if i+1 < len(src) && src[i+1] == 0x85 {
			return 2, "\n"
		}
	case 0xe2:
		if i+2 < len(src) && src[i+1] == 0x80 && (src[i+2] == 0xa8 || src[i+2] == 0xa9) {
			return 3, src[i : i+3]
		}
	}
	return 0, ""
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// mayBreak is a quick test that has no false negatives.
func mayBreak(c byte) bool { return c == '\n' || c == '\r' || c == 0xc2 || c == 0xe2 }

// newlines is what blank lines fold to, so that it need not be put together.
const newlines = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"

// white describes a run of blanks and line breaks.
type white struct {
	end    int    // behind the run
	breaks int    // line breaks in it
	text   string // what the breaks fold to
}

// whitespace reads the run of blanks and breaks at src[i]. escaped: the first
// break was escaped and stands for nothing.
func whitespace(src string, i, end int, escaped bool) white {
	w := white{end: i}
	var first, more string
	n, feeds := 0, 0
	if escaped {
		n = 1
	}
	for w.end < end {
		if isBlank(src[w.end]) {
			w.end++
			continue
		}
		k, text := lineBreak(src, w.end)
		if k == 0 || w.end+k > end {
			break
		}
		w.end += k
		w.breaks++
		switch {
		case n == 0:
			first = text
		case text == "\n" && feeds < len(newlines) && feeds == len(more):
			feeds++
			more = newlines[:feeds]
		default:
			more += text
		}
		n++
	}
	switch {
	case first == "\n" && more == "":
		w.text = " "
	case first == "\n":
		w.text = more
	default:
		w.text = first + more
	}
	return w
}

// decodePlain gives the value of the plain scalar in src[start:end].
func decodePlain(src string, start, end int, emit emitter) {
	from := start
	for i := start; i < end; {
		c := src[i]
		if !isBlank(c) && !mayBreak(c) {
			i++
			continue
		}
		w := whitespace(src, i, end, false)
		if w.end == i {
			i++
			continue
		}
		if w.breaks > 0 {
			emit(src[from:i], from, i)
			emit(w.text, i, w.end)
			from = w.end
		}
		i = w.end
	}
	emit(src[from:end], from, end)
}

// plainEnd is where the plain scalar that begins at start and has the given
// value ends.
func plainEnd(src string, start int, value string) int {
	i, j := start, 0
	for j < len(value) && i < len(src) {
		c := src[i]
		if !isBlank(c) && !mayBreak(c) {
			i++
			j++
			continue
		}
		w := whitespace(src, i, len(src), false)
		switch {
		case w.end == i:
			i++
			j++
		case w.breaks == 0:
			j += w.end - i
			i = w.end
		default:
			j += len(w.text)
			i = w.end
		}
	}
	return i
}

// quotedEnd is the offset behind the closing quote of the quoted scalar at
// start, or -1.
func quotedEnd(src string, start int) int {
	q := src[start]
	for i := start + 1; i < len(src); {
		if q == '"' {
			n := strings.IndexAny(src[i:], "\"\\")
			if n < 0 {
				return -1
			}
			i += n
			if src[i] == '\\' {
				i += 2
				continue
			}
			return i + 1
		}
		n := strings.IndexByte(src[i:], '\'')
		if n < 0 {
			return -1
		}
		i += n + 1
		if i < len(src) && src[i] == '\'' {
			i++
			continue
		}
		return i
	}
	return -1
}

// decodeQuoted gives the value of the quoted scalar in src[start:end], quotes
// included. ok is false for an escape that does not exist.
func decodeQuoted(src string, start, end int, emit emitter) (ok bool) {
	q := src[start]
	end--
	from := start + 1
	for i := from; i < end; {
		c := src[i]
		switch {
		case c == q: // only '' gets here
			emit(src[from:i+1], from, i+1)
			i += 2
			from = i
		case c == '\\' && q == '"':
			emit(src[from:i], from, i)
			if k, _ := lineBreak(src, i+1); k > 0 {
				w := whitespace(src, i+1+k, end, true)
				emit(w.text, i, w.end)
				i = w.end
			} else {
				text, n := escape(src[i:end])
				if n == 0 {
					return false
				}
				emit(text, i, i+n)
				i += n
			}
			from = i
		case isBlank(c) || mayBreak(c):
			w := whitespace(src, i, end, false)
			if w.breaks > 0 {
				emit(src[from:i], from, i)
				emit(w.text, i, w.end)
				from = w.end
			}
			i = max(w.end, i+1)
		default:
			i++
		}
	}
	emit(src[from:end], from, end)
	return true
}

// simpleEscapes lists each one-letter escape before what it stands for.
const simpleEscapes = "0\x00a\ab\bt\t\t\tn\nv\vf\fr\re\x1b  \"\"''//\\\\"

// escape reads the escape at the start of s: what it stands for and its
// length, 0 when there is no such escape.
func escape(s string) (text string, n int) {
	if len(s) < 2 {
		return "", 0
	}
	switch s[1] {
	case 'N':
		return "\u0085", 2
	case '_':
		return "\u00a0", 2
	case 'L':
		return "\u2028", 2
	case 'P':
		return "\u2029", 2
	case 'x':
		return escapeHex(s, 2)
	case 'u':
		return escapeHex(s, 4)
	case 'U':
		return escapeHex(s, 8)
	}
	for i := 0; i < len(simpleEscapes); i += 2 {
		if simpleEscapes[i] == s[1] {
			return simpleEscapes[i+1 : i+2], 2
		}
	}
	return "", 0
}

func escapeHex(s string, digits int) (string, int) {
	r, ok := hex(s, 2, digits)
	if !ok {
		return "", 0
	}
	n := 2 + digits
	if utf16.IsSurrogate(r) {
		if strings.HasPrefix(s[n:], `\u`) {
			if low, ok := hex(s, n+2, 4); ok {
				if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
					return string(both), n + 6
				}
			}
		}
		r = utf8.RuneError
	}
	if r > utf8.MaxRune || r < 0 {
		return "", 0
	}
	return string(r), n
}

func hex(s string, at, digits int) (r rune, ok bool) {
	if at+digits > len(s) {
		return 0, false
	}
	for _, c := range []byte(s[at : at+digits]) {
		r <<= 4
		switch {
		case c >= '0' && c <= '9':
			r |= rune(c - '0')
		case c >= 'a' && c <= 'f':
			r |= rune(c-'a') + 10
		case c >= 'A' && c <= 'F':
			r |= rune(c-'A') + 10
		default:
			return 0, false
		}
	}
	return r, true
}

// A block is the layout of a block scalar.
type block struct {
	folded   bool
	chomp    byte // '-', '+' or 0
	explicit int  // indentation indicator, 0: none
	body     int  // offset of the first line behind the header
	header   int  // end of the header
}

// blockHeader reads the header at src[i], which is | or >.
func blockHeader(src string, i int) block {
	b := block{folded: src[i] == '>'}
	for i++; i < len(src); i++ {
		switch c := src[i]; {
		case c == '-' || c == '+':
			b.chomp = c
			continue
		case c >= '1' && c <= '9':
			b.explicit = int(c - '0')
			continue
		}
		break
	}
	b.header = i
	for i < len(src) {
		if k, _ := lineBreak(src, i); k > 0 {
			b.body = i + k
			return b
		}
		i++
	}
	b.body = i
	return b
}

// contentIndent is the indentation of the first line of the body that is not
// blank, whatever that line is.
func contentIndent(src string, body int) int {
	for i := body; i < len(src); {
		start := i
		for i < len(src) && src[i] == ' ' {
			i++
		}
		k, _ := lineBreak(src, i)
		if k == 0 {
			return i - start
		}
		i += k
	}
	return 0
}

// extent finds where a block scalar's lines of the given indentation end: the
// end of the last line with content, and the offset at which the scalar is over.
func (b block) extent(src string, indent int) (end, stop int) {
	end = b.header
	for i := b.body; i < len(src); {
		start := i
		for i < len(src) && src[i] == ' ' && i-start < indent {
			i++
		}
		k, _ := lineBreak(src, i)
		if k == 0 && i < len(src) {
			if i-start < indent {
				return end, start
			}
			for i < len(src) && k == 0 {
				i++
				k, _ = lineBreak(src, i)
			}
			end = i
		}
		i += k
	}
	return end, len(src)
}

// decode gives the value of the block scalar whose lines end at stop.
func (b block) decode(src string, indent, stop int, emit emitter) {
	var (
		lead, trail     string // the break behind the last line, and those of blank lines
		leadAt          = b.body
		leadEnd         = b.body
		wasBlank, begun bool
	)
	for i := b.body; i < stop; {
		start := i
		for i < stop && src[i] == ' ' && i-start < indent {
			i++
		}
		if k, text := lineBreak(src, i); k > 0 || i >= stop {
			if k > 0 {
				trail += text
			}
			i += k
			leadEnd = i
			continue
		}
		startsBlank := isBlank(src[i])
		if b.folded && begun && lead == "\n" && !wasBlank && !startsBlank {
			lead = ""
			if trail == "" {
				lead = " "
			}
		}
		emit(lead+trail, leadAt, max(leadEnd, leadAt))
		lead, trail = "", ""
		wasBlank, begun = startsBlank, true
		lineStart, k := i, 0
		for i < stop {
			if k, lead = lineBreak(src, i); k > 0 {
				break
			}
			i++
		}
		emit(src[lineStart:i], lineStart, i)
		leadAt = i
		i += k
		leadEnd = i
	}
	if b.chomp != '-' {
		emit(lead, leadAt, min(leadAt+len(lead), stop))
	}
	if b.chomp == '+' {
		emit(trail, min(leadAt+len(lead), stop), stop)
	}
}

// indentFrom works out the indentation of a block scalar's lines from its known
// value: the first line that is not blank begins, in the value, with what
// exceeds the indentation. ok is false when no line has content.
func (b block) indentFrom(src, value string) (indent int, ok bool) {
	raw := contentIndent(src, b.body)
	for i := 0; i < len(value); {
		start := i
		for i < len(value) && value[i] == ' ' {
			i++
		}
		k, _ := lineBreak(value, i)
		if k == 0 {
			if i == len(value) {
				break
			}
			return max(raw-(i-start), 1), true
		}
		i += k
	}
	return max(raw, 1), false
}
