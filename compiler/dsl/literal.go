package dsl

import (
	"math"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// literal reads a constant by its declared type. What cannot be read as that
// type is reported and gives ok false; an artifact type reads as it stands,
// for the checks to judge.
func (r *reader) literal(n *tree.Node, t ir.Type) (v any, ok bool) {
	if n.IsNull() {
		return nil, true
	}
	switch t.Kind {
	case ir.String:
		if n.Kind == tree.Plain || n.Kind == tree.Text {
			return unescape(n.Scalar), true
		}
	case ir.Integer:
		if i, ok := readInt(n); ok {
			return i, true
		}
	case ir.Number:
		if f, ok := readNumber(n); ok {
			return f, true
		}
	case ir.Boolean:
		if b, ok := readBool(n); ok {
			return b, true
		}
	case ir.List:
		if n.Kind == tree.Sequence {
			item := ir.Type{Kind: ir.Dynamic}
			if t.Items != nil {
				item = *t.Items
			}
			return r.literalList(n, item)
		}
	case ir.Struct:
		if n.Kind == tree.Mapping {
			return r.literalStruct(n)
		}
	default:
		return r.json(n)
	}
	r.report(notOfType(n, t))
	return nil, false
}

func (r *reader) literalList(n *tree.Node, item ir.Type) (any, bool) {
	out, ok := make([]any, len(n.Items)), true
	for i, e := range n.Items {
		v, good := r.literal(e, item)
		out[i] = v
		ok = ok && good
	}
	return out, ok
}

func (r *reader) literalStruct(n *tree.Node) (any, bool) {
	out, ok := make(map[string]any, len(n.Fields)), true
	for _, f := range n.Fields {
		v, good := r.json(f.Value)
		out[f.Key.Scalar] = v
		ok = ok && good
	}
	return out, ok
}

// json reads a constant whose type is not declared: quoted texts are texts;
// plain ones null, true, false, a number where they look like one, else text.
func (r *reader) json(n *tree.Node) (any, bool) {
	switch n.Kind {
	case tree.Sequence:
		return r.literalList(n, ir.Type{Kind: ir.Dynamic})
	case tree.Mapping:
		return r.literalStruct(n)
	case tree.Text:
		return unescape(n.Scalar), true
	}
	if n.IsNull() {
		return nil, true
	}
	if b, ok := readBool(n); ok {
		return b, true
	}
	if integerText(n.Scalar) {
		if i, ok := readInt(n); ok {
			return i, true
		}
		r.report(tooLarge(n))
		return nil, false
	}
	if numberText(n.Scalar) {
		if f, ok := readNumber(n); ok {
			return f, true
		}
		r.report(tooLarge(n))
		return nil, false
	}
	return unescape(n.Scalar), true
}

// rawMap reads a mapping of someone else's language as it stands, nil if there
// is none.
func rawMap(r *reader, n *tree.Node) map[string]any {
	if !isMapping(n) {
		return nil
	}
	v := rawJSON(n)
	m, _ := v.(map[string]any)
	return m
}

// rawJSON is json without reports and without any meaning of ${{: numbers that
// JSON cannot carry exactly stay texts.
func rawJSON(n *tree.Node) any {
	switch {
	case n == nil || n.IsNull():
		return nil
	case n.Kind == tree.Mapping:
		out := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			out[f.Key.Scalar] = rawJSON(f.Value)
		}
		return out
	case n.Kind == tree.Sequence:
		out := make([]any, len(n.Items))
		for i, e := range n.Items {
			out[i] = rawJSON(e)
		}
		return out
	}
	if b, ok := readBool(n); ok {
		return b
	}
	if i, ok := readInt(n); ok {
		return i
	}
	if f, ok := readNumber(n); ok && !integerText(n.Scalar) && f <= math.MaxFloat64 {
		return f
	}
	return n.Scalar
}

// secretLiteral checks that a constant for a secret input names a Secret and a
// key.
func (r *reader) secretLiteral(p *ir.Port, l *ir.Literal) {
	if !p.Secret {
		return
	}
	s, ok := l.V.(string)
	if !ok {
		return
	}
	if name, key, ok := strings.Cut(s, "/"); !ok || name == "" || key == "" || strings.Contains(key, "/") {
		r.report(secretForm(l.At))
	}
}
