package pipelinegen

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// An object is a mapping in order.
type object []field

type field struct {
	key   string
	value any
}

func (o *object) add(key string, v any) { *o = append(*o, field{key, v}) }

// document is YAML text: block style for what is nested, every text in double
// quotes.
func document(o object) []byte {
	var b bytes.Buffer
	block(&b, o, 0)
	return b.Bytes()
}

func block(b *bytes.Buffer, v any, indent int) {
	pad := strings.Repeat("  ", indent)
	switch v := v.(type) {
	case object:
		for _, f := range v {
			b.WriteString(pad + plainKey(f.key) + ":")
			inner(b, f.value, indent)
		}
	case []any:
		for _, x := range v {
			b.WriteString(pad + "-")
			inner(b, x, indent)
		}
	}
}

func inner(b *bytes.Buffer, v any, indent int) {
	switch x := v.(type) {
	case *scalar:
		b.WriteString(" " + x.lines[0] + "\n")
		for _, line := range x.lines[1:] {
			if line != "" {
				line = strings.Repeat("  ", indent+1) + line
			}
			b.WriteString(line + "\n")
		}
		return
	case object:
		if len(x) > 0 {
			b.WriteString("\n")
			block(b, x, indent+1)
			return
		}
	case []any:
		if len(x) > 0 && !slices.ContainsFunc(x, compound) {
			break
		}
		if len(x) > 0 {
			b.WriteString("\n")
			block(b, x, indent+1)
			return
		}
	}
	b.WriteString(" " + flow(v) + "\n")
}

func compound(v any) bool {
	switch v := v.(type) {
	case object:
		return len(v) > 0
	case map[string]any, []any, *scalar:
		return true
	}
	return false
}

// flow is a value on one line, as JSON has it.
func flow(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return quoted(v)
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return float(v)
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = flow(x)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var parts []string
		for _, k := range sortedKeys(v) {
			parts = append(parts, quoted(k)+": "+flow(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case object:
		parts := make([]string, len(v))
		for i, f := range v {
			parts[i] = quoted(f.key) + ": " + flow(f.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	panic(fmt.Sprintf("%T", v))
}

// float is a number that nobody takes for an integer.
func float(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".") {
		if i := strings.IndexByte(s, 'e'); i >= 0 {
			return s[:i] + ".0" + s[i:]
		}
	}
	return s
}

func sortedKeys(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// quoted is a text in double quotes that YAML, JSON and CEL read alike.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c < 0x20 || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 || c == 0xfeff:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func plainKey(s string) string {
	if s == "" {
		return `""`
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return quoted(s)
		}
	}
	switch strings.ToLower(s) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n", "-":
		return quoted(s)
	}
	return s
}
