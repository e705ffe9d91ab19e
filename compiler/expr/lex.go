package expr

import (
	"strings"

	"cel.dev/cel-go/common/ast"

	"github.com/kfp-go/kfp-go/compiler/source"
)

// A token is a word of an expression. Only messages need tokens: CEL gives one
// position for each node of its tree, and a message points at all of it.
type token struct {
	start, end int
	match      int // of a bracket: the index of its partner, -1: none
}

// tokens are the words of the spelling.
func (sp *spelling) tokens() []token {
	if sp.toks != nil {
		return sp.toks
	}
	var open []int
	text := sp.text
	for i := blanks(text, 0); i < len(text); i = blanks(text, i) {
		end := tokenEnd(text, i)
		if strings.HasPrefix(text[i:], "//") {
			i = end
			continue
		}
		t := token{i, end, -1}
		switch text[i] {
		case '(', '[', '{':
			open = append(open, len(sp.toks))
		case ')', ']', '}':
			if n := len(open); n > 0 {
				t.match = open[n-1]
				sp.toks[t.match].match = len(sp.toks)
				open = open[:n-1]
			}
		}
		sp.toks = append(sp.toks, t)
		i = end
	}
	return sp.toks
}

func tokenEnd(text string, i int) int {
	c := text[i]
	switch {
	case c == '\'' || c == '"':
		end, _ := stringEnd(text, i, false)
		return min(end, len(text))
	case c == '`':
		if n := strings.IndexByte(text[i+1:], '`'); n >= 0 {
			return i + n + 2
		}
		return len(text)
	case letter(c):
		end := identEnd(text, i)
		if end < len(text) && (text[end] == '\'' || text[end] == '"') && end-i <= 2 {
			if prefix := strings.ToLower(text[i:end]); prefix == "r" || prefix == "b" || prefix == "rb" || prefix == "br" {
				end, _ = stringEnd(text, end, strings.Contains(prefix, "r"))
				return min(end, len(text))
			}
		}
		return end
	case digit(c) || c == '.' && i+1 < len(text) && digit(text[i+1]):
		return numberEnd(text, i)
	case strings.HasPrefix(text[i:], "//"):
		if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
			return i + n
		}
		return len(text)
	}
	for _, op := range [...]string{"&&", "||", "==", "!=", "<=", ">="} {
		if strings.HasPrefix(text[i:], op) {
			return i + len(op)
		}
	}
	for i++; i < len(text) && text[i]&0xC0 == 0x80; {
		i++
	}
	return i
}

func numberEnd(text string, i int) int {
	for i < len(text) {
		c := text[i]
		exponent := (c == '+' || c == '-') && text[i-1]|0x20 == 'e' && i+1 < len(text) && digit(text[i+1])
		if !digit(c) && !letter(c) && c != '.' && !exponent {
			break
		}
		if c == '.' && (i+1 >= len(text) || !digit(text[i+1])) {
			break
		}
		i++
	}
	return i
}

// tokenAt is the index of the token that holds the offset, -1 for none.
func (sp *spelling) tokenAt(off int) int {
	for i, t := range sp.tokens() {
		if off >= t.start && off < t.end {
			return i
		}
	}
	return -1
}

// at is where a node stands, all of it.
func (sp *spelling) at(a *ast.AST, e ast.Expr) source.Span {
	first, last := sp.extent(a, e)
	if first < 0 {
		return sp.from.All()
	}
	first, last = sp.balance(first, last)
	toks := sp.tokens()
	return sp.span(toks[first].start, toks[last].end)
}

// atID is where the node with an id stands; all of the expression when it is
// none that the author wrote.
func (sp *spelling) atID(a *ast.AST, id int64) source.Span {
	var found ast.Expr
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.ID() == id {
			found = e
		}
	}))
	if found == nil {
		return sp.from.All()
	}
	return sp.at(a, found)
}

// extent is the range of tokens of a node and all inside it; -1: nothing of it
// was written.
func (sp *spelling) extent(a *ast.AST, e ast.Expr) (first, last int) {
	first, last = -1, -1
	toks := sp.tokens()
	widen := func(from, to int) {
		if from < 0 {
			return
		}
		if first < 0 || from < first {
			first = from
		}
		last = max(last, to)
	}
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		r, ok := a.SourceInfo().GetOffsetRange(e.ID())
		if !ok {
			return
		}
		i := sp.tokenAt(sp.offset(int(r.Start)))
		if i < 0 {
			return
		}
		end := i
		if stop := sp.offset(int(r.Stop)); stop > toks[i].end {
			end = max(i, sp.tokenAt(stop-1))
		}
		if root, ok := sp.roots[e.ID()]; ok {
			widen(sp.tokenAt(sp.offset(int(root))), end)
		}
		switch c := sp.text[toks[i].start]; {
		case toks[i].match > i:
			end = toks[i].match
			if k := e.Kind(); k == ast.CallKind || k == ast.ComprehensionKind || k == ast.SelectKind || k == ast.StructKind || k == ast.IdentKind {
				i = sp.callee(i)
			}
		case c == '.' && i+1 < len(toks):
			end = i + 1
			if sp.text[toks[end].start] == '?' && end+1 < len(toks) {
				end++
			}
		}
		widen(i, end)
	}))
	return first, last
}

// callee is the first token of the qualified name before an opening bracket,
// the bracket when there is none.
func (sp *spelling) callee(i int) int {
	if i == 0 || !letter(sp.text[sp.toks[i-1].start]) || sp.text[sp.toks[i].start] == '[' {
		return i
	}
	i--
	for i > 1 && sp.text[sp.toks[i-1].start] == '.' && namespace(sp.text[sp.toks[i-2].start:sp.toks[i-2].end]) {
		i -= 2
	}
	return i
}

// balance widens a range of tokens until each bracket in it has its partner.
func (sp *spelling) balance(first, last int) (int, int) {
	toks := sp.tokens()
	for i := first; i <= last; i++ {
		if m := toks[i].match; m > last {
			last = m
		} else if m >= 0 && m < first {
			first, i = m, m
		}
	}
	return first, last
}
