package expr

import (
	"math"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// Whether the evaluation of a text can fail.
type failure uint8

const (
	total   failure = iota // never
	guarded                // yes, and ok is a text that foretells it
	opaque                 // yes, and only trying tells
)

// A term is a piece of expr-lang text and what the translation must know of it.
// Its text is one operand: compound ones are in parentheses.
type term struct {
	s    string
	fail failure
	ok   func() string // of a guarded term: a text, itself total, that is true when s does not fail
	// any: expr-lang's compiler knows nothing of its type; anyItem: it is a list
	// of whose elements it knows nothing.
	any, anyItem bool
	// merges: the optimiser of expr-lang merges it with a neighbour of its kind.
	merges bool
	// limit bounds the magnitude of an integer, 0: 2^53−1. finite: a double
	// that is neither NaN nor infinite.
	limit  float64
	finite bool
}

// elementsAny reports whether expr-lang's compiler knows nothing of the elements.
func (t term) elementsAny() bool { return t.any || t.anyItem }

func (t term) bound() float64 {
	if t.limit == 0 {
		return ir.MaxSafe
	}
	return t.limit
}

const (
	maxSafe   = "9007199254740991"
	maxFinite = "1.7976931348623157e+308"
)

// guard is x when p holds of it (as #), else an error.
func guard(x, p string) string { return "filter([" + x + "], " + p + ")[0]" }

// holds tells of p whether it holds of x (as #).
func holds(x, p string) string {
	if x == "#" {
		return "(" + p + ")"
	}
	return "any([" + x + "], " + p + ")"
}

// hide keeps expr-lang's compiler from knowing the type of x: it refuses what
// CEL answers with false.
func hide(x term) string {
	if x.any {
		return x.s
	}
	return "sprig.first([" + x.s + "])"
}

// conj is the conjunction of texts that cannot fail once those before them are
// true; empty ones are left out.
func conj(texts ...string) string {
	kept := make([]string, 0, len(texts))
	for _, s := range texts {
		if s != "" {
			kept = append(kept, s)
		}
	}
	switch len(kept) {
	case 0:
		return "true"
	case 1:
		return kept[0]
	}
	return "(" + strings.Join(kept, " and ") + ")"
}

// okText is the text that foretells whether t fails, "" when it cannot.
func (t term) okText() string {
	if t.fail != guarded {
		return ""
	}
	return t.ok()
}

// derive makes a term of a text and the terms that it evaluates. extra, when
// not nil, foretells whether the text itself fails once the parts did not.
func derive(s string, extra func() string, parts ...term) term {
	out := term{s: s}
	for _, p := range parts {
		out.fail = max(out.fail, p.fail)
	}
	if extra != nil {
		out.fail = max(out.fail, guarded)
	}
	if out.fail != guarded {
		return out
	}
	out.ok = func() string {
		texts := make([]string, 0, len(parts)+1)
		for _, p := range parts {
			texts = append(texts, p.okText())
		}
		if extra != nil {
			texts = append(texts, extra())
		}
		return conj(texts...)
	}
	return out
}

// number is the literal of a double. Zero is never written as one: expr-lang
// keeps 0.0 and −0.0 as one constant.
func number(f float64) string {
	if f == 0 {
		if math.Signbit(f) {
			return "(-float(0))"
		}
		return "float(0)"
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	if f < 0 {
		return "(" + s + ")"
	}
	return s
}

// argoUnescapes: in the text of a tag, which it takes out of JSON, Argo replaces
// these escapes wherever it sees one, behind a backslash that is none too.
func argoUnescapes(before, from string) bool {
	return strings.HasSuffix(before, `\`) &&
		(strings.HasPrefix(from, "u0026") || strings.HasPrefix(from, "u003c") || strings.HasPrefix(from, "u003e"))
}

// ArgoString is an expr-lang string literal. It holds no braces side by side,
// which would end a tag, and none of the phrases that make Argo's controller
// take an error for a missing variable when it quotes the expression.
func ArgoString(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('\'')
	for i, r := range s {
		switch {
		case r == '\\' || r == '\'':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '{' && (i+1 < len(s) && s[i+1] == '{' || i > 0 && s[i-1] == '{'),
			r == '}' && (i+1 < len(s) && s[i+1] == '}' || i > 0 && s[i-1] == '}'),
			r < ' ', r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff,
			r == 'u' && argoUnescapes(s[:i], s[i:]),
			r == 'm' && strings.HasPrefix(s[i:], "missing") && strings.HasSuffix(s[:i], " is "),
			r == 'n' && strings.HasPrefix(s[i:], "not in env") && strings.HasSuffix(s[:i], "variable "):
			b.WriteString(`\u`)
			hex := strconv.FormatInt(int64(r), 16)
			b.WriteString("0000"[len(hex):])
			b.WriteString(hex)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// ArgoConst is an expr-lang literal of a JSON value.
func ArgoConst(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case bool:
		return strconv.FormatBool(v)
	case int:
		return number(float64(v))
	case int64:
		return number(float64(v))
	case float64:
		return number(v)
	case string:
		return ArgoString(v)
	}
	return "fromJSON(" + ArgoString(ir.JSON(v)) + ")"
}

// ArgoText is expr-lang text of the text form of the decoded value e of type t,
// the empty text when it is nil. Dynamic (or any type that is no parameter's)
// decides at run time. The result fails only where e does.
func ArgoText(e string, t ir.Type) string {
	switch t.Kind {
	case ir.String:
		return "(" + e + " ?? '')"
	case ir.Boolean:
		return "map([" + e + "], # == nil ? '' : string(#))[0]"
	case ir.Integer, ir.List, ir.Struct:
		return "map([" + e + "], # == nil ? '' : toJson(#))[0]"
	case ir.Number:
		return "map([" + e + "], # == nil ? '' : " + numberText("#") + ")[0]"
	}
	return "map([" + e + "], type(#) == 'string' ? # : (# == nil ? '' : (type(#) == 'float' ? " +
		numberText("#") + " : toJson(#))))[0]"
}

// numberText is the text of the number x without an exponent.
func numberText(x string) string {
	const digits = "replace(replace(#[0], '-', ''), '.', '')"
	return "map([toJson(" + x + ")], # contains 'e' ? map([split(#, 'e')], (#[0] startsWith '-' ? '-' : '') + (int(#[1]) > 0 ? " +
		digits + " + repeat('0', int(#[1]) - len(" + digits + ") + 1) : '0.' + repeat('0', -int(#[1]) - 1) + " + digits + "))[0] : #)[0]"
}
