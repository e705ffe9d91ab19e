package dsl

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/tree"
)

// A shape says what may stand at a place of the document. The one set of shapes
// (grammar.go) drives both the checks here and the JSON Schema, so the two
// cannot diverge.
type shape struct {
	doc string
	// scalar is the reading of a scalar; noScalar: none may stand here.
	scalar scalarKind
	values []string // for enumScalar; words besides for boolScalar
	items  *shape   // of a sequence, nil: no sequence may stand here
	object *object  // of a mapping, nil: no mapping may stand here
	any    bool     // any value at all
	exprs  bool     // ${{ … }} may stand here and below
	free   bool     // text in which ${{ has no meaning and is no mistake
}

// A scalarKind is how a scalar is read.
type scalarKind uint8

const (
	noScalar scalarKind = iota
	textScalar
	boolScalar
	intScalar
	numberScalar
	durationScalar
	enumScalar
	typeScalar // the name of a type
)

// An object is a mapping with known keys, or with free keys of one shape.
type object struct {
	name  string // of its definition in the JSON Schema, "" to write it in place
	doc   string
	keys  []key
	rest  *shape // shape of the values of all other keys; nil: there are none
	names bool   // the other keys are names
	index map[string]*key
}

// A key is one known key of an object.
type key struct {
	name     string
	shape    *shape
	required bool
	doc      string
	fallback string // what holds without it, for the reference
}

func (o *object) key(name string) *key {
	return o.index[name]
}

func (o *object) known() []string {
	out := make([]string, len(o.keys))
	for i := range o.keys {
		out[i] = o.keys[i].name
	}
	return out
}

// check reports everything in which a node departs from its shape. The readers
// behind it take wrong nodes for absent ones and stay silent.
func (r *reader) check(n *tree.Node, s *shape) {
	if s.any {
		if !s.exprs {
			r.noExpressions(n)
		}
		return
	}
	if n.IsNull() {
		return
	}
	switch n.Kind {
	case tree.Mapping:
		if s.object == nil {
			r.report(wrongKind(n, s))
			return
		}
		r.checkObject(n, s.object)
	case tree.Sequence:
		if s.items == nil {
			r.report(wrongKind(n, s))
			return
		}
		for _, item := range n.Items {
			r.check(item, s.items)
		}
	default:
		r.checkScalar(n, s)
	}
}

func (r *reader) checkObject(n *tree.Node, o *object) {
	missing := 0
	for i := range o.keys {
		if o.keys[i].required {
			missing++
		}
	}
	for _, f := range n.Fields {
		k := o.key(f.Key.Scalar)
		switch {
		case k != nil:
			if k.required && !f.Value.IsNull() {
				missing--
			}
			r.check(f.Value, k.shape)
		case o.rest != nil:
			if o.names && !validName(f.Key.Scalar) {
				r.report(badName(f.Key))
			}
			r.check(f.Value, o.rest)
		default:
			r.report(unknownKey(f.Key, o.known()))
		}
	}
	if missing == 0 {
		return
	}
	for i := range o.keys {
		if k := &o.keys[i]; k.required && n.Get(k.name).IsNull() {
			r.report(missingKey(n, o, k.name))
		}
	}
}

func (r *reader) checkScalar(n *tree.Node, s *shape) {
	if s.scalar == noScalar {
		if s.exprs && hasExpression(n.Scalar) {
			return
		}
		r.report(wrongKind(n, s))
		return
	}
	if s.free {
		return
	}
	if strings.Contains(n.Scalar, "${{") {
		if s.exprs {
			return
		}
		if hasExpression(n.Scalar) {
			r.report(noExpressionHere(n))
			return
		}
	}
	ok := true
	switch s.scalar {
	case boolScalar:
		_, ok = readBool(n)
		ok = ok || oneOf(n.Scalar, s.values)
	case intScalar:
		_, ok = readInt(n)
	case numberScalar:
		_, ok = readNumber(n)
	case durationScalar:
		_, ok = readDuration(n)
	case enumScalar:
		ok = oneOf(n.Scalar, s.values)
	}
	if !ok {
		r.report(badScalar(n, s))
	}
}

// noExpressions reports every expression inside a value that is taken as it
// stands.
func (r *reader) noExpressions(n *tree.Node) {
	if n == nil {
		return
	}
	switch n.Kind {
	case tree.Mapping:
		for _, f := range n.Fields {
			r.noExpressions(f.Value)
		}
	case tree.Sequence:
		for _, item := range n.Items {
			r.noExpressions(item)
		}
	default:
		if hasExpression(n.Scalar) {
			r.report(noExpressionHere(n))
		}
	}
}

// hasExpression reports whether text holds ${{ that is not written $${{.
func hasExpression(text string) bool {
	for {
		i := strings.Index(text, "${{")
		if i < 0 {
			return false
		}
		if i == 0 || text[i-1] != '$' {
			return true
		}
		text = text[i+3:]
	}
}

func oneOf(s string, values []string) bool {
	for _, v := range values {
		if s == v {
			return true
		}
	}
	return false
}

// validName is the rule for every name in the language.
func validName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '-'):
		default:
			return false
		}
	}
	return true
}

const maxName = 128
