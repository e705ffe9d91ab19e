package tree

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// A jsonReader reads one JSON text (RFC 8259) with positions.
type jsonReader struct {
	builder
	src    string
	at     int
	wrong  string // what is wrong at at, "": nothing yet
	broken *diag.Diagnostic
	found  []diag.Diagnostic // findings that do not end the reading
}

// readJSON reads the JSON value at start. ok is false when the text is no JSON;
// d then says why. Findings in valid JSON are reported.
func readJSON(f *source.File, src string, start int, report diag.Reporter) (n *Node, d *diag.Diagnostic, ok bool) {
	r := &jsonReader{builder: builder{file: f}, src: src, at: start}
	n = r.value(1)
	if n != nil {
		r.space()
		if r.at < len(src) {
			n = r.fail("something follows the end of the value")
		}
	}
	switch {
	case r.broken != nil:
		report(*r.broken)
		return nil, nil, true
	case n == nil:
		bad := badJSON(source.Span{File: f, Start: r.at, End: min(r.at+1, len(src))}, r.wrong)
		return nil, &bad, false
	}
	for _, d := range r.found {
		report(d)
	}
	return n, nil, true
}

func (r *jsonReader) fail(wrong string) *Node {
	if r.wrong == "" {
		r.wrong = wrong
	}
	return nil
}

func (r *jsonReader) space() {
	for r.at < len(r.src) {
		switch r.src[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

func (r *jsonReader) value(depth int) *Node {
	r.space()
	if r.at >= len(r.src) {
		return r.fail("the text ends where a value is expected")
	}
	if depth > maxDepth {
		d := tooDeep(source.Span{File: r.file, Start: r.at, End: r.at + 1})
		r.broken = &d
		return r.fail("too deep")
	}
	switch c := r.src[r.at]; {
	case c == '{':
		return r.object(depth)
	case c == '[':
		return r.array(depth)
	case c == '"':
		return r.text()
	case c == '-' || c >= '0' && c <= '9':
		return r.number()
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(r.src[r.at:], word) {
			n := r.node(Plain, r.at, r.at+len(word))
			n.Scalar = word
			r.at += len(word)
			return n
		}
	}
	return r.fail("a value is expected")
}

func (r *jsonReader) object(depth int) *Node {
	n := r.node(Mapping, r.at, r.at)
	mark := len(r.pairs)
	r.at++
	r.space()
	for first := true; ; first = false {
		if r.at < len(r.src) && r.src[r.at] == '}' && first {
			break
		}
		r.space()
		if r.at >= len(r.src) || r.src[r.at] != '"' {
			return r.fail("a key in double quotes is expected")
		}
		key := r.text()
		if key == nil {
			return nil
		}
		r.space()
		if r.at >= len(r.src) || r.src[r.at] != ':' {
			return r.fail("a colon is expected")
		}
		r.at++
		value := r.value(depth + 1)
		if value == nil {
			return nil
		}
		r.pairs = append(r.pairs, Field{key, value})
		r.space()
		if r.at < len(r.src) && r.src[r.at] == ',' {
			r.at++
			continue
		}
		if r.at >= len(r.src) || r.src[r.at] != '}' {
			return r.fail("a comma or a closing brace is expected")
		}
		break
	}
	r.at++
	n.End = r.at
	c := &converter{report: func(d diag.Diagnostic) { r.found = append(r.found, d) }}
	n.Fields = c.unique(r.fields(mark))
	return n
}

func (r *jsonReader) array(depth int) *Node {
	n := r.node(Sequence, r.at, r.at)
	mark := len(r.stack)
	r.at++
	r.space()
	for first := true; ; first = false {
		if r.at < len(r.src) && r.src[r.at] == ']' && first {
			break
		}
		item := r.value(depth + 1)
		if item == nil {
			return nil
		}
		r.stack = append(r.stack, item)
		r.space()
		if r.at < len(r.src) && r.src[r.at] == ',' {
			r.at++
			continue
		}
		if r.at >= len(r.src) || r.src[r.at] != ']' {
			return r.fail("a comma or a closing bracket is expected")
		}
		break
	}
	r.at++
	n.End = r.at
	n.Items = r.items(mark)
	return n
}

func (r *jsonReader) text() *Node {
	start := r.at
	escaped := false
	for i := start + 1; i < len(r.src); i++ {
		switch c := r.src[i]; {
		case c < ' ':
			r.at = i
			return r.fail("a text in quotes cannot hold a line break or a control character")
		case c == '\\':
			escaped = true
			_, n := escape(r.src[i:])
			if n == 0 || strings.IndexByte(`"\/bfnrtu`, r.src[i+1]) < 0 {
				r.at = i
				return r.fail("no such escape in a text")
			}
			i += n - 1
		case c == '"':
			n := r.node(Text, start, i+1)
			r.at = i + 1
			if n.Scalar = r.src[start+1 : i]; escaped {
				var b strings.Builder
				b.Grow(i - start)
				decodeJSON(r.src, start, i+1, func(s string, _, _ int) { b.WriteString(s) })
				n.Scalar = b.String()
			}
			if len(n.Scalar) > maxScalar && r.broken == nil {
				d := scalarTooBig(source.Span{File: r.file, Start: start, End: start + 1}, len(n.Scalar))
				r.broken = &d
			}
			return n
		}
	}
	return r.fail("a text in quotes is not closed")
}

// decodeJSON gives the value of the JSON string in src[start:end].
func decodeJSON(src string, start, end int, emit emitter) {
	from := start + 1
	for i := from; i < end-1; {
		if src[i] != '\\' {
			i++
			continue
		}
		emit(src[from:i], from, i)
		s, n := escape(src[i : end-1])
		n = max(n, 1)
		emit(s, i, i+n)
		i += n
		from = i
	}
	emit(src[from:end-1], from, end-1)
}

func (r *jsonReader) number() *Node {
	start, i := r.at, r.at
	digits := func() bool {
		from := i
		for i < len(r.src) && r.src[i] >= '0' && r.src[i] <= '9' {
			i++
		}
		return i > from
	}
	if r.src[i] == '-' {
		i++
	}
	if i < len(r.src) && r.src[i] == '0' {
		i++
	} else if !digits() {
		return r.fail("a number is expected")
	}
	if i < len(r.src) && r.src[i] == '.' {
		i++
		if !digits() {
			return r.fail("a digit is expected behind the point of a number")
		}
	}
	if i < len(r.src) && (r.src[i] == 'e' || r.src[i] == 'E') {
		i++
		if i < len(r.src) && (r.src[i] == '+' || r.src[i] == '-') {
			i++
		}
		if !digits() {
			return r.fail("a digit is expected in the exponent of a number")
		}
	}
	n := r.node(Plain, start, i)
	n.Scalar = r.src[start:i]
	r.at = i
	return n
}
