package expr

import (
	"strings"
	"unicode/utf8"

	"github.com/kfp-go/kfp-go/compiler/source"
)

// A spelling is an expression as CEL reads it: names that CEL could not read
// stand in backquotes. It leads positions back to what the author wrote.
type spelling struct {
	text   string
	quotes []int // offsets in text of the backquotes put in
	from   source.Fragment
	toks   []token // lexed when first needed
	// roots leads from the node that stands for a variable to where the path
	// that it replaced begins, in code points.
	roots map[int64]int32
}

// spell puts backquotes around the names with hyphens and the names that are
// words of CEL's grammar. Which hyphens belong to a name is known to the scope:
// the longest reading that it understands wins.
func spell(fr source.Fragment, s Scope) *spelling {
	sp := &spelling{text: fr.Text, from: fr}
	if !strings.ContainsAny(fr.Text, ".") {
		return sp
	}
	var out strings.Builder
	done := 0
	for i := 0; i < len(fr.Text); {
		c := fr.Text[i]
		switch {
		case c == '\'' || c == '"' || c == '`':
			raw := i > 0 && fr.Text[i-1]|0x20 == 'r'
			if next, ok := stringEnd(fr.Text, i, raw); ok {
				i = next
			} else {
				return sp.finish(&out, done)
			}
		case c == '/' && strings.HasPrefix(fr.Text[i:], "//"):
			n := strings.IndexByte(fr.Text[i:], '\n')
			if n < 0 {
				return sp.finish(&out, done)
			}
			i += n
		case letter(c):
			i = sp.path(s, i, func(start, end int) {
				out.WriteString(fr.Text[done:start])
				sp.quotes = append(sp.quotes, out.Len(), out.Len()+1+end-start)
				out.WriteByte('`')
				out.WriteString(fr.Text[start:end])
				out.WriteByte('`')
				done = end
			})
		case digit(c):
			for i < len(fr.Text) && (letter(fr.Text[i]) || digit(fr.Text[i]) || fr.Text[i] == '.' && i+1 < len(fr.Text) && digit(fr.Text[i+1])) {
				i++
			}
		default:
			i++
		}
	}
	return sp.finish(&out, done)
}

func (sp *spelling) finish(out *strings.Builder, done int) *spelling {
	if done > 0 {
		out.WriteString(sp.from.Text[done:])
		sp.text = out.String()
	}
	return sp
}

// path reads the path whose first name is at i, reports the names in it that
// want quoting, and gives its end.
func (sp *spelling) path(s Scope, i int, quote func(start, end int)) int {
	text := sp.from.Text
	end := identEnd(text, i)
	path := []string{text[i:end]}
	for {
		at := blanks(text, end)
		switch {
		case at < len(text) && text[at] == '.':
			at = blanks(text, at+1)
			if at < len(text) && text[at] == '?' {
				at = blanks(text, at+1)
			}
			plain := identEnd(text, at)
			if plain == at {
				return end
			}
			end = plain
			if holdsNames(path[len(path)-1]) {
				end = longestName(s, path, text, at, plain)
			}
			path = append(path, text[at:end])
			if end > plain || keyword(text[at:end]) {
				quote(at, end)
			}
		case at < len(text) && text[at] == '[':
			key, next, ok := quotedKey(text, blanks(text, at+1))
			if !ok {
				return end
			}
			path, end = append(path, key), next
		default:
			return end
		}
	}
}

// longestName is the end of the longest name at start that makes sense to the
// scope below path, the longest of all when none does.
func longestName(s Scope, path []string, text string, start, plain int) int {
	longest := nameEnd(text, start)
	if longest == plain {
		return plain
	}
	probe := append(append(make([]string, 0, len(path)+1), path...), "")
	for end := longest; end >= plain; {
		probe[len(path)] = text[start:end]
		// A shorter name ends the path here, so it must be a value.
		if _, n, ok := s.Lookup(probe); ok || end == longest && n >= len(probe) {
			return end
		}
		if end == plain {
			break
		}
		end = start + strings.LastIndexByte(text[start:end], '-')
	}
	return longest
}

func blanks(text string, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

// original leads an offset in the spelling to one in the author's text.
func (sp *spelling) original(off int) int {
	n := 0
	for n < len(sp.quotes) && sp.quotes[n] < off {
		n++
	}
	return off - n
}

// span is where a range of the spelling was written.
func (sp *spelling) span(start, end int) source.Span {
	return sp.from.Span(sp.original(start), sp.original(end))
}

// offset makes a byte offset of the spelling of CEL's offset in code points.
func (sp *spelling) offset(runes int) int {
	off := 0
	for ; runes > 0 && off < len(sp.text); runes-- {
		_, n := utf8.DecodeRuneInString(sp.text[off:])
		off += n
	}
	return off
}
