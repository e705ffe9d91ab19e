package expr

import "strings"

// PlainPath splits text that is nothing but a path, such as
// `tasks.a-b.outputs.x` or `tasks['a-b'].outputs.x` or `region`, into its
// segments without starting CEL. Blanks around it are ignored. After `tasks.`,
// `inputs.` and `outputs.` a hyphen belongs to the name: where that name turns
// out to be unknown, Compile may still find a subtraction in the same text.
func PlainPath(text string) (path []string, ok bool) {
	text = strings.Trim(text, " \t\r\n")
	end := identEnd(text, 0)
	if end == 0 || reserved(text[:end]) {
		return nil, false
	}
	path = make([]string, 1, 1+strings.Count(text, ".")+strings.Count(text, "["))
	path[0] = text[:end]
	for end < len(text) {
		start := end + 1
		switch text[end] {
		case '.':
			end = identEnd(text, start)
			if end > start && holdsNames(path[len(path)-1]) {
				end = nameEnd(text, start)
			}
			if end == start || keyword(text[start:end]) && !holdsNames(path[len(path)-1]) {
				return nil, false
			}
			path = append(path, text[start:end])
		case '[':
			key, next, ok := quotedKey(text, start)
			if !ok {
				return nil, false
			}
			path, end = append(path, key), next
		default:
			return nil, false
		}
	}
	return path, true
}

// quotedKey reads 'key'] or "key"] without escapes at start.
func quotedKey(text string, start int) (key string, next int, ok bool) {
	if start >= len(text) || text[start] != '\'' && text[start] != '"' {
		return "", 0, false
	}
	n := strings.IndexByte(text[start+1:], text[start])
	if n < 1 {
		return "", 0, false
	}
	key, next = text[start+1:start+1+n], start+n+2
	if strings.ContainsAny(key, "\\\n\r") || next >= len(text) || text[next] != ']' {
		return "", 0, false
	}
	return key, next + 1, true
}

// holdsNames reports whether the members of a segment are names of the
// pipeline, in which hyphens may stand.
func holdsNames(segment string) bool {
	return segment == "tasks" || segment == "inputs" || segment == "outputs"
}

// identEnd is the end of the CEL identifier at start, start if there is none.
func identEnd(text string, start int) int {
	i := start
	for i < len(text) && (letter(text[i]) || i > start && digit(text[i])) {
		i++
	}
	return i
}

// nameEnd is the end of the pipeline name at start: an identifier in which
// hyphens may stand, though not last.
func nameEnd(text string, start int) int {
	i := identEnd(text, start)
	for i > start && i+1 < len(text) && text[i] == '-' && (letter(text[i+1]) || digit(text[i+1])) {
		i++
		for i < len(text) && (letter(text[i]) || digit(text[i])) {
			i++
		}
	}
	return i
}

func letter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// keyword reports whether CEL's grammar reads the identifier as something else.
func keyword(s string) bool {
	return s == "in" || s == "true" || s == "false" || s == "null"
}

// reserved reports whether CEL keeps the identifier from naming a variable.
func reserved(s string) bool {
	switch s {
	case "as", "break", "const", "continue", "else", "for", "function", "if",
		"import", "let", "loop", "package", "namespace", "return", "var", "void", "while":
		return true
	}
	return keyword(s)
}

// PathEnd is the end of the path that begins at start, start if none does.
func PathEnd(text string, start int) int {
	end := identEnd(text, start)
	if end == start {
		return start
	}
	last := text[start:end]
	for end < len(text) {
		switch from := end + 1; text[end] {
		case '.':
			next := identEnd(text, from)
			if next > from && holdsNames(last) {
				next = nameEnd(text, from)
			}
			if next == from {
				return end
			}
			last, end = text[from:next], next
		case '[':
			key, next, ok := quotedKey(text, from)
			if !ok {
				return end
			}
			last, end = key, next
		default:
			return end
		}
	}
	return end
}

// Words calls f with each word of an expression outside of its texts, from
// where f says that it goes on.
func Words(text string, f func(start, end int) int) {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case letter(c):
			i = f(i, tokenEnd(text, i))
		default:
			i = tokenEnd(text, i)
		}
	}
}
