package dsl

import (
	"math"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// readBool reads true and false; YAML 1.1's other spellings are texts.
func readBool(n *tree.Node) (v, ok bool) {
	if n == nil || n.Kind != tree.Plain {
		return false, false
	}
	switch n.Scalar {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// readInt reads a decimal integer within ±(2^53−1), written without leading
// zeros: 010 meant eight in YAML 1.1.
func readInt(n *tree.Node) (int64, bool) {
	if n == nil || n.Kind != tree.Plain || !integerText(n.Scalar) {
		return 0, false
	}
	i, err := strconv.ParseInt(n.Scalar, 10, 64)
	if err != nil || i > ir.MaxSafe || i < -ir.MaxSafe {
		return 0, false
	}
	return i, true
}

func integerText(s string) bool {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	if s == "" || len(s) > 1 && s[0] == '0' {
		return false
	}
	return digits(s) == len(s)
}

func digits(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return len(s)
}

// readNumber reads a decimal number; infinities and NaN are none.
func readNumber(n *tree.Node) (float64, bool) {
	if n == nil || n.Kind != tree.Plain || !numberText(n.Scalar) {
		return 0, false
	}
	f, err := strconv.ParseFloat(n.Scalar, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	return f, true
}

func numberText(s string) bool {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	whole := digits(s)
	rest := s[whole:]
	frac := 0
	if strings.HasPrefix(rest, ".") {
		frac = digits(rest[1:])
		rest = rest[1+frac:]
	}
	if whole+frac == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	if rest == "" {
		return true
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	rest = rest[1:]
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		rest = rest[1:]
	}
	return rest != "" && digits(rest) == len(rest)
}

// readDuration reads texts such as 30s, 1h30m, 1.5h and 7d as seconds.
func readDuration(n *tree.Node) (float64, bool) {
	if n == nil || n.Kind != tree.Plain && n.Kind != tree.Text {
		return 0, false
	}
	s := n.Scalar
	if s == "0" {
		return 0, true
	}
	total, last := 0.0, math.Inf(1)
	for s != "" {
		i := digits(s)
		if i < len(s) && s[i] == '.' {
			i += 1 + digits(s[i+1:])
		}
		f, err := strconv.ParseFloat(s[:i], 64)
		if err != nil {
			return 0, false
		}
		s = s[i:]
		unit, size := 0.0, 1
		switch {
		case strings.HasPrefix(s, "ms"):
			unit, size = 0.001, 2
		case strings.HasPrefix(s, "s"):
			unit = 1
		case strings.HasPrefix(s, "m"):
			unit = 60
		case strings.HasPrefix(s, "h"):
			unit = 3600
		case strings.HasPrefix(s, "d"):
			unit = 86400
		}
		if unit == 0 || unit >= last {
			return 0, false
		}
		total, last, s = total+f*unit, unit, s[size:]
	}
	return total, !math.IsInf(last, 1) && total <= maxDuration
}

// maxDuration keeps every duration within what Kubernetes counts in seconds.
const maxDuration = 100 * 365 * 86400

// isScalar reports whether n is a scalar that is not null.
func isScalar(n *tree.Node) bool {
	return n != nil && (n.Kind == tree.Plain || n.Kind == tree.Text) && !n.IsNull()
}

// isMapping and isSequence accept nil.
func isMapping(n *tree.Node) bool  { return n != nil && n.Kind == tree.Mapping }
func isSequence(n *tree.Node) bool { return n != nil && n.Kind == tree.Sequence }

// fields are the entries of a mapping, none of anything else.
func fields(n *tree.Node) []tree.Field {
	if !isMapping(n) {
		return nil
	}
	return n.Fields
}

// text is the text of a scalar where expressions have no meaning, "" of
// anything else.
func text(n *tree.Node) string {
	if !isScalar(n) {
		return ""
	}
	return unescape(n.Scalar)
}

// unescape turns $${{ into ${{.
func unescape(s string) string {
	if !strings.Contains(s, "$${{") {
		return s
	}
	return strings.ReplaceAll(s, "$${{", "${{")
}

func ident(n *tree.Node) ir.Ident { return ir.Ident{Text: n.Scalar, At: n.Span()} }

func seconds(n *tree.Node) float64 {
	s, _ := readDuration(n)
	return s
}

func wholeSeconds(n *tree.Node) *int64 {
	s, ok := readDuration(n)
	if !ok {
		return nil
	}
	i := int64(math.Ceil(s))
	return &i
}

func integer(n *tree.Node) int {
	i, _ := readInt(n)
	return int(i)
}

func optionalInt(n *tree.Node) *int64 {
	i, ok := readInt(n)
	if !ok {
		return nil
	}
	return &i
}

func boolean(n *tree.Node) bool {
	b, _ := readBool(n)
	return b
}

func optionalBool(n *tree.Node) *bool {
	b, ok := readBool(n)
	if !ok {
		return nil
	}
	return &b
}

// optionalText tells an empty text from none.
func optionalText(n *tree.Node) *string {
	if !isScalar(n) {
		return nil
	}
	s := text(n)
	return &s
}

// texts are the scalars of a list, or the one scalar that stands for a list.
func texts(n *tree.Node) []string {
	if isScalar(n) {
		return []string{text(n)}
	}
	if !isSequence(n) {
		return nil
	}
	var out []string
	for _, item := range n.Items {
		if isScalar(item) {
			out = append(out, text(item))
		}
	}
	return out
}

// pairs are the entries of a map of literal texts.
func pairs(n *tree.Node) []ir.Pair {
	var out []ir.Pair
	for _, f := range fields(n) {
		if isScalar(f.Value) {
			out = append(out, ir.Pair{Key: f.Key.Scalar, Value: text(f.Value), At: f.Key.Span()})
		}
	}
	return out
}
