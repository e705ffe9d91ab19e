package pipelinegen

import (
	"strings"
	"unicode/utf8"
)

// A scalar is a text in one of the forms that YAML has besides double quotes on
// one line: what stands behind the key, then whole lines.
type scalar struct{ lines []string }

// styled is a text in any form that can hold it.
func (r *rand) styled(s string) any {
	forms := []func(string) *scalar{r.quotedLines, r.singleQuoted, r.folded, literalBlock}
	if out := pick(r, forms)(s); out != nil {
		return out
	}
	return s
}

// quotedLines is a text in double quotes, its line broken anywhere by a
// backslash.
func (r *rand) quotedLines(s string) *scalar {
	out := &scalar{}
	line := `"`
	for i, c := range s {
		token := quoted(string(c))
		token = token[1 : len(token)-1]
		if i > 0 && r.chance(4) {
			out.lines = append(out.lines, line+`\`)
			if line = ""; token == " " {
				line = `\`
			}
		}
		line += token
	}
	out.lines = append(out.lines, line+`"`)
	return out
}

// singleQuoted is a text in single quotes, folded, nil if it cannot be.
func (r *rand) singleQuoted(s string) *scalar {
	lines := r.foldedLines(s)
	if lines == nil {
		return nil
	}
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], "'", "''")
	}
	lines[0] = "'" + lines[0]
	lines[len(lines)-1] += "'"
	return &scalar{lines}
}

// folded is a text as a folded block, nil if it cannot be.
func (r *rand) folded(s string) *scalar {
	body, head := strings.TrimSuffix(s, "\n"), ">-"
	if body != s {
		head = ">"
	}
	lines := r.foldedLines(body)
	if lines == nil {
		return nil
	}
	return &scalar{append([]string{head}, lines...)}
}

// literalBlock is a text as a literal block, nil if it cannot be.
func literalBlock(s string) *scalar {
	body, head := strings.TrimSuffix(s, "\n"), "|-"
	if body != s {
		head = "|"
	}
	if !printable(body) || body == "" || strings.ContainsAny(body[:1], " \t\n") || strings.HasSuffix(body, "\n") {
		return nil
	}
	return &scalar{append([]string{head}, strings.Split(body, "\n")...)}
}

// foldedLines are lines that folding joins to the text, nil where blank at the
// ends of its lines would be lost.
func (r *rand) foldedLines(s string) []string {
	lines := strings.Split(s, "\n")
	if !printable(s) || lines[0] == "" || lines[len(lines)-1] == "" {
		return nil
	}
	var out []string
	for i, line := range lines {
		if strings.Trim(line, " \t") != line {
			return nil
		}
		if i > 0 {
			out = append(out, "")
		}
		if line != "" {
			out = append(out, r.wrapped(line)...)
		}
	}
	return out
}

// wrapped breaks a line at some of its single spaces.
func (r *rand) wrapped(line string) []string {
	var out []string
	begun := 0
	for i := 1; i < len(line)-1; i++ {
		if line[i] == ' ' && !strings.ContainsAny(line[i-1:i]+line[i+1:i+2], " \t") && r.chance(30) {
			out = append(out, line[begun:i])
			begun = i + 1
		}
	}
	return append(out, line[begun:])
}

// printable reports whether YAML lets all characters stand as they are.
func printable(s string) bool {
	for _, c := range s {
		if c < 0x20 && c != '\n' || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 || c == 0xfeff || c == utf8.RuneError {
			return false
		}
	}
	return true
}
