package render

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from outside safe to show on one line of a terminal:
// control characters, escapes, characters that turn the writing direction and
// invisible ones become visible, invalid UTF-8 becomes U+FFFD. What is harmless
// stays as it is; cleaning twice changes nothing.
func Clean(s string) string {
	if !dirty(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		writeClean(&b, r)
	}
	return b.String()
}

func dirty(s string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < 0x20 || c == 0x7f {
				return true
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || hidden(r) {
			return true
		}
		i += n
	}
	return false
}

func writeClean(b *strings.Builder, r rune) {
	switch {
	case r == '\t':
		b.WriteByte(' ')
	case r < 0x20:
		b.WriteRune(0x2400 + r) // the control pictures: ␛ for escape
	case r == 0x7f:
		b.WriteRune(0x2421)
	case hidden(r):
		fmt.Fprintf(b, `\u{%x}`, r)
	default:
		b.WriteRune(r)
	}
}

// hidden are characters that a terminal obeys instead of showing them. The
// joiners that emoji and several scripts need are left alone.
func hidden(r rune) bool {
	switch {
	case r >= 0x80 && r < 0xa0: // C1
		return true
	case r == 0x200c || r == 0x200d: // joiners
		return false
	case r >= 0xe0000 && r <= 0xe007f: // tags
		return true
	case r == 0x2028 || r == 0x2029:
		return true
	}
	return unicode.Is(unicode.Cf, r)
}
