package dslwrite

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

func itoa(i int) string { return strconv.Itoa(i) }

// number is a number as it is read back: whole ones keep a fraction where the
// type tells the two apart, see dynamic.
func number(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if len(s) > 21 {
		s = strconv.FormatFloat(f, 'e', -1, 64)
	}
	return s
}

// literal is a constant for a place of the given type.
func (w *writer) literal(v any, t ir.Type, at source.Span) *node {
	if v == nil {
		return plain("null")
	}
	switch t.Kind {
	case ir.String:
		// KFP gives a text input the text form of anything.
		return text(escape(ir.Text(v)))
	case ir.Integer:
		switch x := v.(type) {
		case int64:
			return plain(strconv.FormatInt(x, 10))
		case float64:
			if x == math.Trunc(x) && math.Abs(x) <= ir.MaxSafe {
				return plain(strconv.FormatInt(int64(x), 10))
			}
		}
	case ir.Number:
		switch x := v.(type) {
		case int64:
			return plain(strconv.FormatInt(x, 10))
		case float64:
			return plain(number(x))
		}
	case ir.Boolean:
		if b, ok := v.(bool); ok {
			return plain(strconv.FormatBool(b))
		}
	case ir.List:
		if l, ok := v.([]any); ok {
			item := ir.Type{Kind: ir.Dynamic}
			if t.Items != nil {
				item = *t.Items
			}
			out := seq()
			for _, e := range l {
				out.items = append(out.items, w.literal(e, item, at))
			}
			return out
		}
	case ir.Struct:
		if _, ok := v.(map[string]any); ok {
			return dynamic(v, escape)
		}
	default:
		return dynamic(v, escape)
	}
	w.cannot(at, "the constant "+quote(ir.Text(v))+" where "+t.String()+" is declared", "a constant of this language has the type of its input")
	return plain("null")
}

// dynamic is a constant whose type the reader finds out by its looks; texts go
// through written.
func dynamic(v any, written func(string) string) *node {
	switch v := v.(type) {
	case nil:
		return plain("null")
	case bool:
		return plain(strconv.FormatBool(v))
	case int64:
		return plain(strconv.FormatInt(v, 10))
	case int:
		return plain(itoa(v))
	case float64:
		s := number(v)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return plain(s)
	case string:
		return text(written(v))
	case []any:
		out := seq()
		for _, e := range v {
			out.items = append(out.items, dynamic(e, written))
		}
		return out
	case map[string]any:
		out := mapping()
		for _, k := range keys(v) {
			out.add(k, dynamic(v[k], written))
		}
		return out
	}
	return plain("null")
}

// raw is a value of someone else's language, in which ${{ has no meaning.
func raw(v any) *node { return dynamic(v, func(s string) string { return s }) }

func keys(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// duration writes seconds as the reader takes them.
func duration(seconds float64) *node {
	if seconds == 0 {
		return plain("0")
	}
	if seconds != math.Trunc(seconds) || seconds < 0 {
		return plain(strconv.FormatFloat(seconds, 'f', -1, 64) + "s")
	}
	var b strings.Builder
	for _, unit := range []struct {
		name string
		size int64
	}{{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}} {
		if n := int64(seconds) / unit.size; n > 0 {
			b.WriteString(strconv.FormatInt(n, 10) + unit.name)
			seconds -= float64(n * unit.size)
		}
	}
	return plain(b.String())
}
