package kfpwrite

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/kfp-go/kfp-go/compiler/yamltext"
)

// What is written is made of mappings, []any, string, bool, int64 and float64.

// A mapping keeps its order.
type mapping []field

type field struct {
	key   string
	value any
}

// message is a mapping in the SDK's order, by name, without what is absent.
func message(fields ...field) mapping {
	out := make(mapping, 0, len(fields))
	for _, f := range fields {
		if present(f.value) {
			out = append(out, f)
		}
	}
	return out.sorted()
}

// sorted is the mapping in the order of its keys.
func (m mapping) sorted() mapping {
	slices.SortStableFunc(m, func(a, b field) int { return cmp.Compare(a.key, b.key) })
	return m
}

// present is false for what says nothing: nil, "", false and mappings and lists
// that are empty. What is empty and says something is wrapped in said.
func present(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case bool:
		return v
	case mapping:
		return len(v) > 0
	case []any:
		return len(v) > 0
	}
	return true
}

// said marks a value that is written although it is empty.
type said struct{ value any }

// constant is a JSON value as the format's own values are written: every number
// is a double there, and shows it.
func constant(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = constant(x)
		}
		return out
	case map[string]any:
		return sortedMapping(v, constant)
	}
	return v
}

func sortedMapping(m map[string]any, f func(any) any) mapping {
	out := make(mapping, 0, len(m))
	for k, v := range m {
		out = append(out, field{k, f(v)})
	}
	return out.sorted()
}

// writeYAML writes one document.
func writeYAML(b *bytes.Buffer, doc mapping) { writer{b}.mapping(doc, 0, atLine) }

type writer struct{ *bytes.Buffer }

// at says what stands before a value.
type at uint8

const (
	atLine at = iota // the beginning of the document
	atKey            // behind "key:"
	atDash           // behind "- "
)

func (w writer) value(v any, indent int, at at) {
	switch v := v.(type) {
	case said:
		w.value(v.value, indent, at)
	case mapping:
		w.mapping(v, indent, at)
	case []any:
		w.sequence(v, indent, at)
	case string:
		if at == atKey {
			w.WriteByte(' ')
		}
		yamltext.Text(w.Buffer, v, indent)
	case bool:
		w.scalar(strconv.FormatBool(v), at)
	case int64:
		w.scalar(strconv.FormatInt(v, 10), at)
	case float64:
		w.scalar(float(v), at)
	default:
		w.scalar("null", at)
	}
}

func (w writer) mapping(m mapping, indent int, at at) {
	if len(m) == 0 {
		w.scalar("{}", at)
		return
	}
	if at == atKey {
		w.WriteByte('\n')
	}
	for i, f := range m {
		if i > 0 || at != atDash {
			yamltext.Indent(w.Buffer, indent)
		}
		yamltext.Key(w.Buffer, f.key)
		w.WriteByte(':')
		step := 2
		if _, list := f.value.([]any); list {
			step = 0 // dashes stand below the key
		}
		w.value(f.value, indent+step, atKey)
	}
}

func (w writer) sequence(items []any, indent int, at at) {
	if len(items) == 0 {
		w.scalar("[]", at)
		return
	}
	if at == atKey {
		w.WriteByte('\n')
	}
	for i, item := range items {
		if i > 0 || at != atDash {
			yamltext.Indent(w.Buffer, indent)
		}
		w.WriteString("- ")
		w.value(item, indent+2, atDash)
	}
}

func (w writer) scalar(s string, at at) {
	if at == atKey {
		w.WriteByte(' ')
	}
	w.WriteString(s)
	w.WriteByte('\n')
}

// float writes a double so that every reader takes it for one: with a point
// and, in an exponent, with a sign.
func float(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "null"
	}
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	for i := range len(s) {
		switch s[i] {
		case '.':
			return s
		case 'e':
			return s[:i] + ".0" + s[i:]
		}
	}
	return s + ".0"
}
