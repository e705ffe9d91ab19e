// Package yamltext writes strings as YAML so that every reader, of version 1.1
// or 1.2, takes them for these strings: without quotes where that is safe, as a
// block where there are lines, else in quotes.
package yamltext

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Key writes a key, without the colon.
func Key(w *bytes.Buffer, s string) {
	if plain(s) {
		w.WriteString(s)
		return
	}
	quoted(w, s)
}

// Text writes a string and ends its line. The lines of a block stand indent
// columns from the left, at least two.
func Text(w *bytes.Buffer, s string, indent int) {
	switch {
	case plain(s):
		w.WriteString(s)
	case blockable(s):
		block(w, s, indent)
		return
	default:
		quoted(w, s)
	}
	w.WriteByte('\n')
}

// Indent writes blanks.
func Indent(w *bytes.Buffer, n int) {
	const blanks = "                                                                "
	for n > len(blanks) {
		w.WriteString(blanks)
		n -= len(blanks)
	}
	w.WriteString(blanks[:n])
}

func quoted(w *bytes.Buffer, s string) {
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 && singleQuotable(s) {
		double(w, s) // expressions are full of single quotes
		return
	}
	if singleQuotable(s) {
		w.WriteByte('\'')
		w.WriteString(strings.ReplaceAll(s, "'", "''"))
		w.WriteByte('\'')
		return
	}
	double(w, s)
}

func double(w *bytes.Buffer, s string) {
	w.WriteByte('"')
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == '"' || r == '\\':
			w.WriteByte('\\')
			w.WriteRune(r)
		case r == '\n':
			w.WriteString(`\n`)
		case r == '\t':
			w.WriteString(`\t`)
		case r == '\r':
			w.WriteString(`\r`)
		case r < 0x20 || r == 0x7f:
			hex(w, `\x`, r, 2)
		case printable(r):
			w.WriteString(s[:n])
		case r <= 0xffff:
			hex(w, `\u`, r, 4)
		default:
			hex(w, `\U`, r, 8)
		}
		s = s[n:]
	}
	w.WriteByte('"')
}

func hex(w *bytes.Buffer, mark string, r rune, digits int) {
	const hex = "0123456789abcdef"
	w.WriteString(mark)
	for i := digits - 1; i >= 0; i-- {
		w.WriteByte(hex[r>>(4*i)&15])
	}
}

// block writes a literal block scalar, its lines indented by two more than the
// key they belong to.
func block(w *bytes.Buffer, s string, indent int) {
	w.WriteByte('|')
	body := s
	switch {
	case !strings.HasSuffix(s, "\n"):
		w.WriteByte('-')
	case strings.HasSuffix(s, "\n\n"):
		w.WriteByte('+')
		body = s[:len(s)-1]
	default:
		body = s[:len(s)-1]
	}
	w.WriteByte('\n')
	for line := range strings.SplitSeq(body, "\n") {
		if line != "" {
			Indent(w, max(indent, 2))
			w.WriteString(line)
		}
		w.WriteByte('\n')
	}
}

// blockable reports whether a literal block scalar shows the text exactly.
func blockable(s string) bool {
	if !strings.Contains(s, "\n") || strings.Trim(s, "\n") == "" || !utf8.ValidString(s) {
		return false
	}
	if s[0] == ' ' || s[0] == '\n' || s[0] == '\t' {
		return false
	}
	for _, r := range s {
		if r != '\n' && r != '\t' && !printable(r) {
			return false
		}
	}
	return true
}

func singleQuotable(s string) bool {
	for _, r := range s {
		if !printable(r) {
			return false
		}
	}
	return utf8.ValidString(s)
}

// printable leaves out what YAML forbids or what some readers take as a line
// break.
func printable(r rune) bool {
	if r < 0x7f {
		return r >= 0x20
	}
	return r != utf8.RuneError && r != 0xfeff && unicode.IsPrint(r)
}

// plain reports whether the text can stand without quotes everywhere.
func plain(s string) bool {
	if s == "" || len(s) > 200 {
		return false
	}
	c := s[0]
	if c >= '1' && c <= '9' {
		return amount(s)
	}
	if c == '-' {
		s = strings.TrimLeft(s, "-")
		if s == "" || len(s) > 60 || strings.ContainsAny(s, " :") {
			return false
		}
		c = s[0]
	} else if c == '/' || c == '_' {
		c = 'a'
	}
	if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
		return false
	}
	for i := 1; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '-' || c == '_' || c == '.' || c == '/' || c == '@' || c == '(' || c == ')' || c == '=' || c == '&' || c == '|' || c == '+':
		case c == ' ':
			if i == len(s)-1 {
				return false
			}
		case c == ':':
			if i == len(s)-1 || s[i+1] == ' ' {
				return false
			}
		default:
			return false
		}
	}
	return !reserved(s)
}

// amount reports whether the text is a whole number with one or two letters
// behind it, such as 500m, 10s and 4Gi, which no reader takes for a number.
func amount(s string) bool {
	digits := strings.TrimLeft(s, "0123456789")
	if len(digits) == 0 || len(digits) > 2 {
		return false
	}
	for i := range len(digits) {
		if c := digits[i]; !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
			return false
		}
	}
	return true
}

// reserved words are booleans or null to YAML 1.1.
func reserved(s string) bool {
	if len(s) > 5 {
		return false
	}
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return true
	}
	return false
}
