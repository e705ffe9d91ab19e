package expr

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// A Part is a piece of a text with expressions in it.
type Part struct {
	Text   string          // literal text, in which $${{ has become ${{
	Expr   source.Fragment // the inside of ${{ … }}, blanks included
	IsExpr bool
	Span   source.Span // all that was written, ${{ and }} included
}

// Split takes a text apart at its ${{ … }}. An empty text has no parts. ok is
// false after a report: an expression is unclosed or empty.
func Split(fr source.Fragment, report diag.Reporter) (parts []Part, ok bool) {
	text := fr.Text
	if !strings.Contains(text, "${{") {
		if text == "" {
			return nil, true
		}
		return []Part{{Text: text, Span: fr.All()}}, true
	}
	literal, from, ok := "", 0, true
	flush := func(end int) {
		if literal != "" {
			parts = append(parts, Part{Text: literal, Span: fr.Span(from, end)})
		}
		literal = ""
	}
	for at := 0; at < len(text); {
		n := strings.Index(text[at:], "${{")
		if n < 0 {
			literal += text[at:]
			break
		}
		open := at + n
		if n > 0 && text[open-1] == '$' {
			literal += text[at:open-1] + "${{"
			at = open + 3
			continue
		}
		literal += text[at:open]
		flush(open)
		end := closing(text, open+3)
		if end < 0 {
			report(unclosed(fr.Span(open, open+3)))
			return parts, false
		}
		if strings.TrimSpace(text[open+3:end]) == "" {
			report(empty(fr.Span(open, end+2)))
			ok = false
		} else {
			parts = append(parts, Part{Expr: fr.Slice(open+3, end), IsExpr: true, Span: fr.Span(open, end+2)})
		}
		at = end + 2
		from = at
	}
	flush(len(text))
	return parts, ok
}

// closing finds the }} that ends the expression at start, past string literals
// and map literals; -1: none.
func closing(text string, start int) int {
	depth := 0
	for i := start; i < len(text); {
		switch c := text[i]; c {
		case '\'', '"':
			raw := i > start && text[i-1]|0x20 == 'r' && (i-1 == start || !letter(text[i-2]) && !digit(text[i-2]))
			next, ok := stringEnd(text, i, raw)
			if !ok {
				return -1
			}
			i = next
			continue
		case '{':
			depth++
		case '}':
			switch {
			case depth > 0:
				depth--
			case i+1 < len(text) && text[i+1] == '}':
				return i
			}
		}
		i++
	}
	return -1
}

// stringEnd is the end of the string literal whose first quote is at i.
func stringEnd(text string, i int, raw bool) (end int, ok bool) {
	quote := text[i : i+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(text[i:], triple) {
		quote = triple
	}
	for i += len(quote); i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], quote):
			return i + len(quote), true
		case text[i] == '\\' && !raw:
			i += 2
		case len(quote) == 1 && text[i] == '\n':
			return len(text), false
		default:
			i++
		}
	}
	return len(text), false
}
