package check

import (
	"math"
	"regexp"
	"unicode/utf8"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// port checks an input by itself: its limits, and its default against type and
// limits.
func (c *checker) port(p *ir.Port, owner *ir.Component) {
	c.limits(p)
	if p.Secret && p.Type.Kind != ir.String && p.Type.Kind != ir.Invalid {
		c.fail(codeSecret, p.Name.At, msgSecretType(p.Name.Text, p.Type), "a secret is a string, SECRET/KEY")
	}
	d := p.Default
	if d == nil || d.V == nil || p.Type.Kind == ir.Invalid {
		return
	}
	if bad := c.literalFits(d.V, p.Type); bad != "" {
		c.fail(codeLiteral, d.At, msgDefault(p.Name.Text, p.Type, l10(d.V)), bad)
		return
	}
	if bad := violation(d.V, p.Limits); bad != "" {
		c.fail(codeLimit, d.At, msgLimit(l10(d.V), bad), "", limitAt(p)...)
	}
	c.literalSize(d)
}

func limitAt(p *ir.Port) []diag.Related {
	if p.Limits == nil || p.Limits.At.IsZero() {
		return nil
	}
	return []diag.Related{{Message: "the limits of " + quote(p.Name.Text), Span: p.Limits.At}}
}

// limits checks that the constraints of a port suit its type and each other.
func (c *checker) limits(p *ir.Port) {
	l := p.Limits
	if l == nil || p.Type.Kind == ir.Invalid {
		return
	}
	bad := func(message string) { c.fail(codeLimits, l.At, message, "") }
	k := p.Type.Kind
	if (l.Minimum != nil || l.Maximum != nil) && k != ir.Integer && k != ir.Number {
		bad(msgLimitKind("minimum and maximum", p))
	}
	if (l.MinLength != nil || l.MaxLength != nil) && k != ir.String && k != ir.List {
		bad(msgLimitKind("min-length and max-length", p))
	}
	if l.Pattern != "" {
		if k != ir.String {
			bad(msgLimitKind("pattern", p))
		} else if _, err := regexp.Compile(l.Pattern); err != nil {
			c.fail(codeLimits, l.At, msgPattern(p.Name.Text, l.Pattern), "patterns are RE2: no look-around, no back-references")
		}
	}
	if l.Minimum != nil && l.Maximum != nil && *l.Minimum > *l.Maximum {
		bad(msgEmptyRange(p.Name.Text, "minimum", "maximum"))
	}
	if l.MinLength != nil && l.MaxLength != nil && *l.MinLength > *l.MaxLength {
		bad(msgEmptyRange(p.Name.Text, "min-length", "max-length"))
	}
	if l.MinLength != nil && *l.MinLength < 0 || l.MaxLength != nil && *l.MaxLength < 0 {
		bad(msgNegativeLength(p.Name.Text))
	}
	for _, v := range l.Enum {
		if c.literalFits(v, p.Type) != "" {
			bad(msgEnumType(p.Name.Text, l10(v), p.Type))
			return
		}
	}
	if l.Enum != nil && len(l.Enum) == 0 {
		bad(msgEmptyEnum(p.Name.Text))
	}
}

// literalInto checks a constant argument.
func (c *checker) literalInto(t *ir.Task, l *ir.Literal, p *ir.Port) {
	if l.V == nil {
		if !p.Optional && p.Default == nil && !c.kfp {
			c.fail(codeAbsent, l.At, msgAbsent(t.Name.Text, p.Name.Text), "give it a value, or declare the input `optional: true`",
				diag.Related{Message: "declared here", Span: p.Name.At})
		}
		return
	}
	if p.Type.IsArtifact() {
		c.fail(codeType, l.At, msgEdgeType(t.Name.Text, p.Name.Text, p.Type, describe(l), ir.KindOf(l.V)), "an artifact comes from a task's output, an input or an importer")
		return
	}
	if bad := c.literalFits(l.V, p.Type); bad != "" {
		c.fail(codeLiteral, l.At, msgArgLiteral(t.Name.Text, p.Name.Text, p.Type, l10(l.V)), bad)
		return
	}
	if bad := violation(l.V, p.Limits); bad != "" {
		c.fail(codeLimit, l.At, msgLimit(l10(l.V), bad), "", limitAt(p)...)
	}
	if p.Secret {
		c.secretText(l)
	}
	c.literalSize(l)
}

func (c *checker) secretText(l *ir.Literal) {
	s, _ := l.V.(string)
	for i := range len(s) {
		if s[i] == '/' && isObjectName(s[:i]) && isConfigKey(s[i+1:]) {
			return
		}
	}
	c.fail(codeSecret, l.At, msgSecretText(), "SECRET is the name of a Kubernetes Secret, KEY one of its keys, as in registry/password")
}

// literalFits says "" when a constant suits a type, else what to do about it.
func (c *checker) literalFits(v any, t ir.Type) string {
	const wrong = "the types must agree"
	if c.kfp && t.Kind == ir.String {
		return ""
	}
	switch t.Kind {
	case ir.Invalid, ir.Dynamic:
		return ""
	case ir.String:
		if _, ok := v.(string); ok {
			return ""
		}
		return "put it in quotes to make it a text"
	case ir.Integer:
		switch v := v.(type) {
		case int64:
			return ""
		case float64:
			if c.kfp || v == math.Trunc(v) && math.Abs(v) <= ir.MaxSafe {
				return ""
			}
			return "an integer has no fraction"
		}
	case ir.Number:
		switch v.(type) {
		case int64, float64:
			return ""
		}
	case ir.Boolean:
		if _, ok := v.(bool); ok {
			return ""
		}
		return "booleans are true and false"
	case ir.List:
		return c.itemsFit(v, t)
	case ir.Struct:
		if _, ok := v.(map[string]any); ok {
			return ""
		}
	}
	return wrong
}

func (c *checker) itemsFit(v any, t ir.Type) string {
	items, ok := v.([]any)
	if !ok {
		return "a list is written [a, b]"
	}
	if t.Items == nil {
		return ""
	}
	for _, x := range items {
		if bad := c.literalFits(x, *t.Items); bad != "" {
			return "every element must be of type " + t.Items.String()
		}
	}
	return ""
}

// violation says which limit a value breaks, "" for none.
func violation(v any, l *ir.Limits) string {
	if l == nil {
		return ""
	}
	switch v := v.(type) {
	case int64:
		if bad := outside(float64(v), l); bad != "" {
			return bad
		}
	case float64:
		if bad := outside(v, l); bad != "" {
			return bad
		}
	case string:
		if bad := length(utf8.RuneCountInString(v), l); bad != "" {
			return bad
		}
		if l.Pattern != "" {
			if re, err := regexp.Compile(l.Pattern); err == nil && !re.MatchString(v) {
				return "the pattern " + l.Pattern
			}
		}
	case []any:
		if bad := length(len(v), l); bad != "" {
			return bad
		}
	}
	if len(l.Enum) == 0 {
		return ""
	}
	for _, e := range l.Enum {
		if same(e, v) {
			return ""
		}
	}
	return "the enum " + l10(l.Enum)
}

// Violation says in words which limit of a port a value breaks ("maximum 10"),
// "" for none. The value is of the port's type.
func Violation(v any, l *ir.Limits) string { return violation(v, l) }

func outside(v float64, l *ir.Limits) string {
	if l.Minimum != nil && v < *l.Minimum {
		return "minimum " + ir.Text(*l.Minimum)
	}
	if l.Maximum != nil && v > *l.Maximum {
		return "maximum " + ir.Text(*l.Maximum)
	}
	return ""
}

func length(n int, l *ir.Limits) string {
	if l.MinLength != nil && n < *l.MinLength {
		return "min-length " + ir.Text(*l.MinLength)
	}
	if l.MaxLength != nil && n > *l.MaxLength {
		return "max-length " + ir.Text(*l.MaxLength)
	}
	return ""
}

// same compares two JSON values; 1 and 1.0 are the same number.
func same(a, b any) bool {
	x, xok := number(a)
	y, yok := number(b)
	if xok || yok {
		return xok && yok && x == y
	}
	return ir.JSON(a) == ir.JSON(b)
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// mostText is where Kubernetes stops: one argument or environment variable of
// a process holds less than 128 KiB.
const mostText = 128 << 10

func (c *checker) literalSize(l *ir.Literal) {
	if n := ir.TextSize(l.V); n >= mostText {
		c.fail(codeSize, l.At, msgSize(n), "pass big data as an artifact; from 64 KiB on that is the better way anyway")
	}
}

// length checks what is literal in a text that is put together.
func (c *checker) length(v ir.Value) {
	t, ok := v.(*ir.Template)
	if !ok {
		return
	}
	n := 0
	for _, p := range t.Parts {
		if l, ok := p.(*ir.Literal); ok {
			n += ir.TextSize(l.V)
		}
	}
	if n >= mostText {
		c.fail(codeSize, t.At, msgSize(n), "pass big data as an artifact; from 64 KiB on that is the better way anyway")
	}
}
