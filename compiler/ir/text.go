package ir

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// MaxSafe is the largest integer that JSON numbers carry exactly, 2^53−1.
const MaxSafe = 1<<53 - 1

// Text is the text form of a JSON value: strings as they are, numbers as the
// shortest decimal without exponent, booleans true and false, nil empty, lists
// and structs as compact JSON with sorted keys in which <, > and & are escaped
// (KFP's form).
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return JSON(v)
}

// JSON is the compact JSON of a value with sorted keys, <, > and & escaped and
// whole numbers without a fraction: what Argo's toJson prints for the same
// value. NaN and infinities, which no value of a pipeline may be, print as null.
func JSON(v any) string {
	b, err := json.Marshal(finite(v))
	if err != nil {
		return "null"
	}
	return string(b)
}

// EscapeText writes a text as the inside of a JSON string, so many times.
func EscapeText(text string, times int) string {
	for range times {
		quoted := JSON(text)
		text = quoted[1 : len(quoted)-1]
	}
	return text
}

func finite(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	case []any:
		for i, x := range v {
			if y := finite(x); y == nil && x != nil {
				c := append([]any(nil), v...)
				c[i] = nil
				return finite(c)
			}
		}
		if v == nil {
			return []any{}
		}
	case map[string]any:
		if v == nil {
			return map[string]any{}
		}
		for k, x := range v {
			if y := finite(x); y == nil && x != nil {
				c := make(map[string]any, len(v))
				for kk, xx := range v {
					c[kk] = finite(xx)
				}
				c[k] = nil
				return c
			}
		}
	}
	return v
}

// TextSize is roughly the length of a value's text form in bytes, without
// making it.
func TextSize(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		n := 2
		for _, x := range v {
			n += TextSize(x) + 1
		}
		return n
	case map[string]any:
		n := 2
		for k, x := range v {
			n += len(k) + 4 + TextSize(x)
		}
		return n
	}
	return 4
}

// ParseJSON reads one JSON value; numbers become int64 when they are whole,
// written without fraction or exponent and within ±(2^53−1), else float64.
func ParseJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, &json.SyntaxError{Offset: d.InputOffset()}
	}
	return numbers(v), nil
}

func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := strconv.ParseInt(v.String(), 10, 64); err == nil && i >= -MaxSafe && i <= MaxSafe {
			return i
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}

// Slug is a name of lower-case letters and digits of ASCII, with one hyphen for
// whatever stands between them; "" if nothing is left of it.
func Slug(name string) string {
	var b strings.Builder
	gap := false
	for i := range len(name) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c < '0' || c > '9' && c < 'a' || c > 'z' {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		b.WriteByte(c)
	}
	return b.String()
}
