package dslwrite

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/kfp-go/kfp-go/compiler/yamltext"
)

// A node is one value of the document to be written.
type node struct {
	kind   nodeKind
	text   string
	fields []field
	items  []*node
	block  bool // a collection that takes its own lines however short it is
}

type field struct {
	key   string
	value *node
}

type nodeKind uint8

const (
	plainNode nodeKind = iota + 1 // a number, a boolean, null, a name: written as it is
	textNode                      // a text, quoted where it would be read as anything else
	mapNode
	seqNode
)

func plain(s string) *node  { return &node{kind: plainNode, text: s} }
func text(s string) *node   { return &node{kind: textNode, text: s} }
func mapping() *node        { return &node{kind: mapNode} }
func open() *node           { return &node{kind: mapNode, block: true} }
func seq(is ...*node) *node { return &node{kind: seqNode, items: is} }

func texts(list []string) *node {
	out := seq()
	for _, s := range list {
		out.items = append(out.items, text(escape(s)))
	}
	return out
}

// add puts an entry into a mapping; a nil value is none.
func (n *node) add(key string, value *node) {
	if value != nil {
		n.fields = append(n.fields, field{key, value})
	}
}

// addText adds a text where expressions have no meaning, unless it is empty.
func (n *node) addText(key, s string) {
	if s != "" {
		n.add(key, text(escape(s)))
	}
}

func (n *node) addTrue(key string, b bool) {
	if b {
		n.add(key, plain("true"))
	}
}

// addFilled adds a collection that is not empty.
func (n *node) addFilled(key string, value *node) {
	if value != nil && len(value.fields)+len(value.items) > 0 {
		n.add(key, value)
	}
}

// escape writes ${{ so that it is read as text.
func escape(s string) string { return strings.ReplaceAll(s, "${{", "$${{") }

// lineWidth is how long a line with a collection in it may be.
const lineWidth = 110

// An emitter writes nodes as YAML.
type emitter struct{ b bytes.Buffer }

// document writes a mapping at the left margin.
func document(n *node) []byte {
	e := &emitter{}
	e.fields(n, 0)
	return e.b.Bytes()
}

func (e *emitter) fields(n *node, indent int) {
	for i, f := range n.fields {
		if i > 0 || indent == 0 {
			yamltext.Indent(&e.b, indent)
		}
		start := e.b.Len()
		yamltext.Key(&e.b, f.key)
		e.b.WriteByte(':')
		e.value(f.value, indent, indent+e.b.Len()-start)
	}
}

// value writes what stands behind a colon or a dash; column is where it does.
func (e *emitter) value(n *node, indent, column int) {
	if line, ok := flow(n, lineWidth-column); ok {
		e.b.WriteByte(' ')
		e.b.WriteString(line)
		e.b.WriteByte('\n')
		return
	}
	switch n.kind {
	case mapNode:
		e.b.WriteByte('\n')
		yamltext.Indent(&e.b, indent+2)
		e.fields(n, indent+2)
	case seqNode:
		e.b.WriteByte('\n')
		for _, item := range n.items {
			e.item(item, indent+2)
		}
	case plainNode:
		if n.text != "" {
			e.b.WriteByte(' ')
			e.b.WriteString(n.text)
		}
		e.b.WriteByte('\n')
	default:
		e.b.WriteByte(' ')
		e.text(n.text, indent+2)
	}
}

func (e *emitter) item(n *node, indent int) {
	yamltext.Indent(&e.b, indent)
	e.b.WriteByte('-')
	if n.kind == mapNode && len(n.fields) > 0 {
		if _, ok := flow(n, lineWidth-indent-1); !ok {
			e.b.WriteByte(' ')
			e.fields(n, indent+2)
			return
		}
	}
	e.value(n, indent, indent+1)
}

// text writes a text and ends its line; indent is that of a block's lines.
func (e *emitter) text(s string, indent int) {
	switch {
	case expressionLine(s), prose(s):
		e.b.WriteString(s)
		e.b.WriteByte('\n')
	case quotable(s):
		e.b.WriteString(`"` + s + "\"\n")
	case opensEmpty(s):
		e.emptyBlock(s, indent)
	default:
		yamltext.Text(&e.b, s, indent)
	}
}

// expressionLine reports whether a text that begins with an expression, as most
// in this language, needs no quotes.
func expressionLine(s string) bool {
	return strings.HasPrefix(s, "${{") && oneLine(s)
}

// prose reports whether a text that is no expression needs no quotes on a line of
// its own: it begins with a letter and is no word that means something else.
func prose(s string) bool {
	return s != "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z') && len(s) > 5 && oneLine(s)
}

// oneLine reports whether YAML takes a text without quotes, at the end of a line,
// for just this text.
func oneLine(s string) bool {
	if strings.HasSuffix(s, " ") || strings.HasSuffix(s, ":") {
		return false
	}
	for i, r := range s {
		if !unicode.IsPrint(r) || r == '#' && s[i-1] == ' ' || r == ' ' && s[i-1] == ':' {
			return false
		}
	}
	return true
}

// quotable reports whether a text has expressions in it and can stand in double
// quotes as it is: in those, expressions look alike everywhere.
func quotable(s string) bool {
	if !strings.Contains(s, "${{") || strings.ContainsAny(s, "\"\\") {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar || r == '\ufeff' {
			return false
		}
	}
	return true
}

// opensEmpty reports whether a text of several lines begins with empty ones, as
// the programs of KFP's components do, and can stand as a block.
func opensEmpty(s string) bool {
	rest := strings.TrimLeft(s, "\n")
	if len(rest) == len(s) || rest == "" || rest[0] == ' ' || rest[0] == '\t' {
		return false
	}
	for _, r := range s {
		if r != '\n' && r != '\t' && (!unicode.IsPrint(r) || r == unicode.ReplacementChar || r == '\ufeff') {
			return false
		}
	}
	return true
}

// emptyBlock writes a literal block that begins with empty lines.
func (e *emitter) emptyBlock(s string, indent int) {
	body := s
	switch {
	case !strings.HasSuffix(s, "\n"):
		e.b.WriteString("|-\n")
	case strings.HasSuffix(s, "\n\n"):
		e.b.WriteString("|+\n")
		body = s[:len(s)-1]
	default:
		e.b.WriteString("|\n")
		body = s[:len(s)-1]
	}
	for line := range strings.SplitSeq(body, "\n") {
		if line != "" {
			yamltext.Indent(&e.b, indent)
			e.b.WriteString(line)
		}
		e.b.WriteByte('\n')
	}
}

// flow is a short collection on one line.
func flow(n *node, width int) (string, bool) {
	if n.kind != mapNode && n.kind != seqNode {
		return "", false
	}
	if len(n.fields)+len(n.items) == 0 {
		if n.kind == mapNode {
			return "{}", true
		}
		return "[]", true
	}
	if n.block || width <= 0 {
		return "", false
	}
	var b bytes.Buffer
	if !flowTo(&b, n, width, 0) {
		return "", false
	}
	return b.String(), true
}

const maxFlow = 3 // collections in each other on one line

func flowTo(b *bytes.Buffer, n *node, width, depth int) bool {
	if b.Len() > width || depth > maxFlow || n.block {
		return false
	}
	switch n.kind {
	case mapNode:
		b.WriteByte('{')
		for i, f := range n.fields {
			if i > 0 {
				b.WriteString(", ")
			}
			yamltext.Key(b, f.key)
			b.WriteString(": ")
			if !flowTo(b, f.value, width, depth+1) {
				return false
			}
		}
		b.WriteByte('}')
	case seqNode:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteString(", ")
			}
			if !flowTo(b, item, width, depth+1) {
				return false
			}
		}
		b.WriteByte(']')
	case plainNode:
		b.WriteString(n.text)
	default:
		if strings.ContainsAny(n.text, "\n\r") || len(n.text) > width || strings.Contains(n.text, "${{") && depth > 1 {
			return false
		}
		if quotable(n.text) {
			b.WriteString(`"` + n.text + `"`)
		} else {
			yamltext.Key(b, n.text)
		}
	}
	return b.Len() < width
}
