package dsl

import (
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// Three functions are no part of CEL: they make values of the representation that
// KFP's pipelines have, and stand in expressions or alone.
//
//	select(x, 'key')   one key of a struct, or of a text that holds one as JSON
//	text(x, y, …)      the text forms of its arguments, joined
//	escape(x)          the text form of x as the inside of a JSON string
//
// An argument is a path, a text in quotes, or another such call.

// call is the value of text that is one call and nothing else.
func (r *reader) call(text string, at source.Span, p place) (typed, bool) {
	trimmed := strings.TrimSpace(text)
	if !strings.HasPrefix(trimmed, "select(") && !strings.HasPrefix(trimmed, "text(") && !strings.HasPrefix(trimmed, "escape(") {
		return typed{}, false
	}
	c := &callReader{r: r, p: p, at: at, text: trimmed}
	v, ok := c.value()
	return v, ok && c.i == len(trimmed)
}

// calls takes the calls out of an expression and puts variables in their place:
// CEL knows nothing of them.
func (r *reader) calls(fr source.Fragment, p place) (source.Fragment, []typed) {
	text := fr.Text
	if !strings.Contains(text, "select(") && !strings.Contains(text, "text(") && !strings.Contains(text, "escape(") {
		return fr, nil
	}
	var made []typed
	b := source.NewFragment(fr.File())
	done := 0
	put := func(end int, text string) {
		at := fr.Span(done, end)
		b.Add(text, at.Start, at.End)
		done = end
	}
	expr.Words(text, func(start, end int) int {
		if word := text[start:end]; word != "select" && word != "text" && word != "escape" || start > 0 && text[start-1] == '.' {
			return end
		}
		c := &callReader{r: r, p: p, text: text, i: start, at: fr.Span(start, end)}
		v, ok := c.value()
		if !ok {
			return end
		}
		put(start, text[done:start])
		put(c.i, madeName(len(made)))
		made = append(made, v)
		return c.i
	})
	if made == nil {
		return fr, nil
	}
	put(len(text), text[done:])
	return b.Fragment(), made
}

const madePrefix = "made_"

func madeName(i int) string { return madePrefix + strconv.Itoa(i) }

func madeIndex(name string) (int, bool) {
	digits, ok := strings.CutPrefix(name, madePrefix)
	i, err := strconv.Atoi(digits)
	return i, ok && err == nil
}

// A callReader reads one call from i on. Where it fails, CEL finds out why.
type callReader struct {
	r     *reader
	p     place
	at    source.Span
	text  string
	i     int
	depth int
}

const maxCalls = 50

func (c *callReader) blanks() {
	for c.i < len(c.text) && strings.IndexByte(" \t\r\n", c.text[c.i]) >= 0 {
		c.i++
	}
}

func (c *callReader) take(s string) bool {
	c.blanks()
	if !strings.HasPrefix(c.text[c.i:], s) {
		return false
	}
	c.i += len(s)
	return true
}

func (c *callReader) value() (typed, bool) {
	if c.depth++; c.depth > maxCalls {
		return typed{}, false
	}
	defer func() { c.depth-- }()
	switch {
	case c.take("select("):
		return c.selected()
	case c.take("text("):
		return c.joined()
	case c.take("escape("):
		return c.escaped()
	}
	if s, ok := c.quoted(); ok {
		return typed{v: &ir.Literal{V: s, At: c.at}, t: ir.Type{Kind: ir.String}}, true
	}
	c.blanks()
	end := expr.PathEnd(c.text, c.i)
	v, ok := c.r.plain(c.text[c.i:end], c.at, c.p)
	c.i = end
	return v, ok && !v.secret && !v.whole && !v.t.IsArtifact()
}

func (c *callReader) selected() (typed, bool) {
	of, ok := c.value()
	if !ok || !c.take(",") {
		return typed{}, false
	}
	key, ok := c.quoted()
	if !ok || !c.take(")") {
		return typed{}, false
	}
	return typed{v: &ir.Select{Of: of.v, Key: key, At: c.at}, t: ir.Type{Kind: ir.Dynamic}}, true
}

func (c *callReader) joined() (typed, bool) {
	out := &ir.Template{At: c.at}
	for {
		v, ok := c.value()
		if !ok {
			return typed{}, false
		}
		out.Parts = append(out.Parts, v.v)
		if c.take(",") {
			continue
		}
		return typed{v: out, t: ir.Type{Kind: ir.String}}, c.take(")")
	}
}

func (c *callReader) escaped() (typed, bool) {
	v, ok := c.value()
	if !ok || !c.take(")") {
		return typed{}, false
	}
	out, is := v.v.(*ir.Template)
	if !is {
		out = &ir.Template{Parts: []ir.Value{v.v}, At: c.at}
	}
	out.Escape++
	return typed{v: out, t: ir.Type{Kind: ir.String}}, out.Escape <= ir.MaxEscape
}

// quoted reads a text in quotes, with \\ and \' or \" for what it could not
// hold else, and \n, \r, \t.
func (c *callReader) quoted() (string, bool) {
	c.blanks()
	if c.i >= len(c.text) || c.text[c.i] != '\'' && c.text[c.i] != '"' {
		return "", false
	}
	text, n, ok := unquote(c.text[c.i:])
	c.i += n
	return text, ok
}

func unquote(s string) (text string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == s[0]:
			return b.String(), i + 1, true
		case s[i] == '\\' && i+1 < len(s):
			i++
			at := strings.IndexByte(`\'"nrt`, s[i])
			if at < 0 {
				return "", 0, false
			}
			b.WriteByte("\\'\"\n\r\t"[at])
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0, false
}

// quotedText is the text that an expression is when it is nothing but one in
// quotes: how a text can end in $ before an expression.
func quotedText(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if s == "" || s[0] != '\'' && s[0] != '"' {
		return "", false
	}
	text, n, ok := unquote(s)
	return text, ok && n == len(s)
}
