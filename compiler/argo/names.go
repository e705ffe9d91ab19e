package argo

import (
	"strconv"
	"strings"
)

const maxName = 128 // Argo's limit on names of templates and tasks

// names hands out names that Argo accepts, each once.
type names struct{ taken map[string]bool }

func newNames() *names { return &names{taken: map[string]bool{}} }

// take gives base, or base with the first free number behind it.
func (n *names) take(base string) string {
	name := base
	for i := 2; n.taken[name]; i++ {
		suffix := "-" + strconv.Itoa(i)
		name = cut(base, maxName-len(suffix)) + suffix
	}
	n.taken[name] = true
	return name
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// templateName turns any text into the name of a template: part of the names
// of pods, so lower case.
func templateName(text string) string {
	if simpleName(text, false) {
		return cut(text, maxName)
	}
	return cut(dashed(strings.ToLower(text), "x"), maxName)
}

// taskName turns any text into the name of a DAG task that "depends" can hold.
func taskName(text string) string {
	if simpleName(text, true) && !keyword(text) {
		return cut(text, maxName)
	}
	s := dashed(text, "task")
	if c := s[0]; c >= '0' && c <= '9' {
		s = "task-" + s
	}
	if keyword(s) {
		s += "-task"
	}
	return cut(s, maxName)
}

// simpleName reports whether the text is a name already: it begins with a
// letter, and only letters, digits and dashes follow.
func simpleName(s string, upper bool) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z':
		case upper && c >= 'A' && c <= 'Z':
		case i > 0 && (c >= '0' && c <= '9' || c == '-'):
		default:
			return false
		}
	}
	return true
}

// dashed keeps ASCII letters and digits and writes one dash for each run of
// anything else.
func dashed(text, fallback string) string {
	b := make([]byte, 0, len(text))
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			b = append(b, c)
		} else if len(b) > 0 && b[len(b)-1] != '-' {
			b = append(b, '-')
		}
	}
	s := strings.TrimRight(string(b), "-")
	if s == "" {
		return fallback
	}
	return s
}

// keyword reports whether expr-lang, in which "depends" is written, takes the
// text for a word of its own.
func keyword(s string) bool {
	switch s {
	case "if", "else", "let", "not", "and", "or", "in", "matches", "contains", "startsWith", "endsWith", "true", "false", "nil":
		return true
	}
	return false
}

// portName turns the name of an input or output into a name of an Argo
// parameter or artifact.
func portName(text string) string {
	ok := text != ""
	for i := range len(text) {
		c := text[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			ok = false
			break
		}
	}
	if ok {
		return text
	}
	return dashed(text, "x")
}

// objectName turns a text into the beginning of a Kubernetes object's name.
func objectName(text string, limit int) string {
	s := strings.ToLower(dashed(text, "pipeline"))
	if c := s[0]; c >= '0' && c <= '9' {
		s = "p-" + s
	}
	return strings.TrimRight(cut(s, limit), "-")
}

// labelValue turns a text into a label's value: at most 63 letters, digits,
// dashes, dots and underscores.
func labelValue(text string) string {
	b := []byte(cut(text, 63))
	for i, c := range b {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			b[i] = '-'
		}
	}
	return strings.Trim(string(b), "-_.")
}
