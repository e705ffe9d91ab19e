package kfpspec

import (
	"bytes"
	"math"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// A reader holds what all parts of one document need.
type reader struct {
	slabs
	file      *source.File
	report    diag.Reporter
	pipe      *ir.Pipeline
	entries   map[string]*entry // components by name
	listed    []*entry          // as written
	executors map[string]*executor
	platform  map[string]*tree.Node  // platform settings by executor
	embedded  map[string]*tree.Node  // those that components bring along
	order     []*ir.Component        // in order of first use
	wrapping  wrapping               // what the PipelineSpec stood in
	told      map[*ir.Component]bool // whether they get ExecutorInput; see toldAll
	depth     int                    // components inside one another
	offered   int                    // names offered in hints so far
}

// mostOffers bounds how many names all hints together look through: the nearest
// of many names is dear, and a file with many unknown ones may be hostile.
const mostOffers = 50_000

// offer gives the names to a hint, or none when enough have been offered.
func (r *reader) offer(names []string) []string {
	if r.offered += len(names); r.offered > mostOffers {
		return nil
	}
	return names
}

// offerSorted offers the keys of a map.
func offerSorted[V any](r *reader, m map[string]V) []string {
	if r.offered > mostOffers {
		return nil
	}
	return r.offer(sorted(m))
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (r *reader) add(d diag.Diagnostic) { r.report(d) }

// camel is a field's name in the spelling of the JSON mapping; the format's
// own spelling, with underscores, is accepted everywhere too.
func camel(name string) string {
	if strings.IndexByte(name, '_') <= 0 {
		return name
	}
	b := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		if name[i] == '_' && i+1 < len(name) && name[i+1] >= 'a' && name[i+1] <= 'z' {
			i++
			b = append(b, name[i]-'a'+'A')
			continue
		}
		b = append(b, name[i])
	}
	return string(b)
}

// fields are the entries of a message; an absent one has none.
func (r *reader) fields(n *tree.Node, what string) []tree.Field {
	if n.IsNull() {
		return nil
	}
	if n.Kind != tree.Mapping {
		r.add(wrongKind(what, "a mapping", kindOf(n), head(n)))
		return nil
	}
	return n.Fields
}

// items are the elements of a list; an absent one has none.
func (r *reader) items(n *tree.Node, what string) []*tree.Node {
	if n.IsNull() {
		return nil
	}
	if n.Kind != tree.Sequence {
		r.add(wrongKind(what, "a list", kindOf(n), head(n)))
		return nil
	}
	return n.Items
}

// str is a text; a number or boolean stands for how it is written.
func (r *reader) str(n *tree.Node, what string) string {
	switch {
	case n.IsNull():
		return ""
	case n.Kind == tree.Plain || n.Kind == tree.Text:
		return n.Scalar
	}
	r.add(wrongKind(what, "a text", kindOf(n), head(n)))
	return ""
}

func (r *reader) strs(n *tree.Node, what string) []string {
	var out []string
	for _, item := range r.items(n, what) {
		out = append(out, r.str(item, what))
	}
	return out
}

func (r *reader) ident(n *tree.Node, what string) ir.Ident {
	return ir.Ident{Text: r.str(n, what), At: n.Span()}
}

func (r *reader) boolean(n *tree.Node, what string) bool {
	if n.IsNull() {
		return false
	}
	if v, ok := scalar(n).(bool); ok {
		return v
	}
	r.add(wrongKind(what, "true or false", kindOf(n), head(n)))
	return false
}

// integer accepts a text too, as protobuf writes 64-bit integers.
func (r *reader) integer(n *tree.Node, what string) int64 {
	if n.IsNull() {
		return 0
	}
	if n.Kind == tree.Plain || n.Kind == tree.Text {
		if v, ok := resolve(n.Scalar).(int64); ok {
			return v
		}
	}
	r.add(wrongKind(what, "a whole number", kindOf(n), head(n)))
	return 0
}

func (r *reader) number(n *tree.Node, what string) float64 {
	if n.IsNull() {
		return 0
	}
	if n.Kind == tree.Plain || n.Kind == tree.Text {
		switch v := resolve(n.Scalar).(type) {
		case int64:
			return float64(v)
		case float64:
			return v
		}
	}
	r.add(wrongKind(what, "a number", kindOf(n), head(n)))
	return 0
}

// seconds reads protobuf's Duration: "3600s", "0.5s".
func (r *reader) seconds(n *tree.Node, what string) float64 {
	if n.IsNull() {
		return 0
	}
	text := r.str(n, what)
	if d, ok := strings.CutSuffix(text, "s"); ok {
		if v, err := strconv.ParseFloat(d, 64); err == nil && v >= 0 && !math.IsInf(v, 0) {
			return v
		}
	}
	r.add(badDuration(what, text, n.Span()))
	return 0
}

func (r *reader) unknown(key *tree.Node, where string, known ...string) {
	r.add(unknownField(key.Scalar, where, key.Span(), known))
}

// scalar is the value of a scalar node: a text in quotes is a text.
func scalar(n *tree.Node) any {
	if n.Kind == tree.Text {
		return n.Scalar
	}
	v := resolve(n.Scalar)
	switch v.(type) {
	case int64, float64:
		if !pythonNumber.MatchString(n.Scalar) && !inJSON(n.File) {
			return n.Scalar
		}
	}
	return v
}

// pythonNumber is what PyYAML takes for a number. The SDK writes its files with
// it, and it does not put 08 or 1e3 (an abbreviated commit, say) into quotes:
// it reads YAML of version 1.1, where these are texts.
var pythonNumber = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*|0[0-7]+|0x[0-9a-fA-F]+|[0-9]+\.[0-9]*([eE][-+][0-9]+)?)$|^\.[0-9]+([eE][-+][0-9]+)?$`)

// inJSON reports whether the file is JSON, where a number is what looks like one.
func inJSON(f *source.File) bool {
	text := f.Text()
	if i := bytes.IndexFunc(text, func(r rune) bool { return r != '\ufeff' && !unicode.IsSpace(r) }); i >= 0 {
		return text[i] == '{'
	}
	return false
}

// resolve gives an unquoted scalar the value that YAML's core schema gives it.
// Whole numbers are int64 however they are written: KFP has one kind of number.
func resolve(s string) any {
	if s == "" {
		return nil
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9', c == '-', c == '+', c == '.':
		if v, ok := number(s); ok {
			return v
		}
		return s
	}
	switch s {
	case "~", "null", "Null", "NULL":
		return nil
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	return s
}

func number(s string) (any, bool) {
	for _, c := range []byte(s) {
		if c == '_' || c == 'p' || c == 'P' || c == 'n' || c == 'N' || c == 'i' || c == 'I' {
			return nil, false // Go's own spellings, not YAML's
		}
	}
	if digits := strings.TrimLeft(s, "+-"); strings.HasPrefix(digits, "0x") || strings.HasPrefix(digits, "0o") {
		v, err := strconv.ParseInt(s, 0, 64)
		return v, err == nil && v <= ir.MaxSafe && v >= -ir.MaxSafe
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return nil, false
	}
	return whole(v), true
}

func whole(v float64) any {
	if v == math.Trunc(v) && math.Abs(v) <= ir.MaxSafe {
		return int64(v)
	}
	return v
}

// value is any node as a JSON value.
func value(n *tree.Node) any {
	switch {
	case n == nil:
		return nil
	case n.Kind == tree.Sequence:
		out := make([]any, len(n.Items))
		for i, item := range n.Items {
			out[i] = value(item)
		}
		return out
	case n.Kind == tree.Mapping:
		out := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			out[f.Key.Scalar] = value(f.Value)
		}
		return out
	}
	return scalar(n)
}

// kindOf words what a node is.
func kindOf(n *tree.Node) string {
	switch n.Kind {
	case tree.Sequence:
		return "a list"
	case tree.Mapping:
		return "a mapping"
	}
	switch scalar(n).(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case int64, float64:
		return "a number"
	}
	return "a text"
}
