package tree

import (
	"errors"
	"io"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

var errDepth = errors.New("nested too deep")

// readYAML reads any YAML with the library; nil after a report.
func readYAML(f *source.File, src string, instead *diag.Diagnostic, report diag.Reporter) []*Node {
	c := &converter{builder: builder{file: f}, src: src, lines: lineStarts(src), report: report}
	docs := []*Node{}
	loader, err := yaml.NewLoader(strings.NewReader(src), yaml.WithPlugin(loaderlimits.New(
		loaderlimits.AliasNone(),
		loaderlimits.DepthFunc(func(depth int, _ *loaderlimits.DepthContext) error {
			if depth > maxDepth {
				return errDepth
			}
			return nil
		}))))
	for err == nil {
		var doc yaml.Node
		if err = loader.Load(&doc); err != nil {
			break
		}
		c.anchors = map[*yaml.Node]*Node{}
		for _, content := range doc.Content {
			docs = append(docs, c.convert(content, -1, 1))
		}
		if c.failed {
			return nil
		}
	}
	if err != io.EOF {
		if instead != nil {
			report(*instead)
		} else {
			report(c.syntax(err))
		}
		return nil
	}
	return docs
}

// A converter turns the library's nodes, which know where they begin, into
// ours, which know where they end too.
type converter struct {
	builder
	src     string
	lines   []int
	report  diag.Reporter
	anchors map[*yaml.Node]*Node // finished nodes that have an anchor; nil: unfinished
	sizes   map[*Node]int        // nodes below an anchored node, itself included
	count   int
	failed  bool // a limit was broken; nothing more is read
}

// lineStarts finds lines as YAML counts them.
func lineStarts(src string) []int {
	lines := []int{0}
	if strings.HasPrefix(src, "\ufeff") {
		lines[0] = len("\ufeff")
	}
	for i := 0; i < len(src); {
		if !mayBreak(src[i]) {
			i++
			continue
		}
		k, _ := lineBreak(src, i)
		i += max(k, 1)
		if k > 0 {
			lines = append(lines, i)
		}
	}
	return lines
}

// offset of a line and a column that counts code points, both from 1.
func (c *converter) offset(line, column int) int {
	if line < 1 {
		return 0
	}
	if line > len(c.lines) {
		return len(c.src)
	}
	i := c.lines[line-1]
	for ; column > 1 && i < len(c.src); column-- {
		i++
		for i < len(c.src) && c.src[i]&0xc0 == 0x80 {
			i++
		}
	}
	return i
}

func (c *converter) span(start, end int) source.Span {
	return source.Span{File: c.file, Start: start, End: min(max(end, start), len(c.src))}
}

// stop reports the one finding that ends the reading.
func (c *converter) stop(d diag.Diagnostic) {
	if !c.failed {
		c.report(d)
	}
	c.failed = true
}

// convert gives y as a Node. parent is the column (from 0) of the block
// collection around it, -1 for none.
func (c *converter) convert(y *yaml.Node, parent, depth int) *Node {
	if c.failed {
		return nil
	}
	if y.Kind == yaml.AliasNode {
		return c.alias(y)
	}
	at := c.offset(y.Line, y.Column)
	if depth > maxDepth {
		c.stop(tooDeep(c.span(at, at+1)))
		return nil
	}
	c.count++
	before := c.count
	if y.Anchor != "" {
		c.anchors[y] = nil
	}
	var n *Node
	switch y.Kind {
	case yaml.ScalarNode:
		n = c.scalar(y, at)
	case yaml.SequenceNode:
		n = c.sequence(y, at, parent, depth)
	case yaml.MappingNode:
		n = c.mapping(y, at, parent, depth)
	}
	if n != nil && y.Anchor != "" {
		if c.sizes == nil {
			c.sizes = map[*Node]int{}
		}
		c.anchors[y] = n
		c.sizes[n] = c.count - before + 1
	}
	return n
}

func (c *converter) alias(y *yaml.Node) *Node {
	at := c.offset(y.Line, y.Column)
	span := c.span(at, at+1+len(y.Value))
	n := c.anchors[y.Alias]
	if n == nil {
		c.stop(selfAlias(y.Value, span))
		return nil
	}
	c.count += c.sizes[n]
	if c.count > maxExpanded {
		c.stop(tooManyNodes(span))
		return nil
	}
	return n
}

// content skips the tag and the anchor before a node's content.
func (c *converter) content(y *yaml.Node, at int) int {
	for at < len(c.src) {
		switch {
		case c.src[at] == '&' && strings.HasPrefix(c.src[at+1:], y.Anchor):
			at += 1 + len(y.Anchor)
		case c.src[at] == '!':
			at += c.tagWidth(at)
		default:
			return at
		}
		at = c.skip(at, false)
	}
	return at
}

// skip passes blanks, breaks and comments, and commas if asked.
func (c *converter) skip(at int, commas bool) int {
	for at < len(c.src) {
		if k, _ := lineBreak(c.src, at); k > 0 {
			at += k
			continue
		}
		switch ch := c.src[at]; {
		case isBlank(ch), commas && ch == ',':
			at++
		case ch == '#':
			for at < len(c.src) {
				if k, _ := lineBreak(c.src, at); k > 0 {
					break
				}
				at++
			}
		default:
			return at
		}
	}
	return at
}

func (c *converter) scalar(y *yaml.Node, at int) *Node {
	kind := Plain
	const styles = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if y.Style&styles != 0 {
		kind = Text
	}
	if y.Style&yaml.TaggedStyle != 0 {
		switch y.Tag {
		case "!!str", "!":
			kind = Text
		case "!!int", "!!float", "!!bool", "!!null":
			kind = Plain
		default:
			c.report(unknownTag(y.Tag, c.span(at, at+c.tagWidth(at))))
		}
	}
	start := at
	if y.Style&styles != 0 || y.Value != "" {
		start = c.content(y, at)
	}
	n := c.node(kind, start, start)
	n.Scalar = y.Value
	switch {
	case y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		n.End = max(quotedEnd(c.src, start), start)
	case y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 && start < len(c.src):
		b := blockHeader(c.src, start)
		n.End = b.header
		if indent, ok := b.indentFrom(c.src, y.Value); ok {
			n.End, _ = b.extent(c.src, indent)
		}
	case y.Value != "":
		n.End = plainEnd(c.src, start, y.Value)
	}
	if len(y.Value) > maxScalar {
		c.stop(scalarTooBig(c.span(start, start+1), len(y.Value)))
	}
	return n
}

// tagWidth is the length of the tag at at, or behind the anchor there.
func (c *converter) tagWidth(at int) int {
	i := at
	if c.src[i] == '&' {
		for i < len(c.src) && c.src[i] != '!' {
			i++
		}
	}
	verbatim := strings.HasPrefix(c.src[i:], "!<")
	for ; i < len(c.src); i++ {
		k, _ := lineBreak(c.src, i)
		if k > 0 || isBlank(c.src[i]) || !verbatim && strings.IndexByte(",[]{}", c.src[i]) >= 0 {
			break
		}
	}
	return max(i-at, 1)
}

func (c *converter) checkTag(y *yaml.Node, want string, at int) {
	if y.Style&yaml.TaggedStyle != 0 && y.Tag != want && y.Tag != "!" {
		c.report(unknownTag(y.Tag, c.span(at, at+c.tagWidth(at))))
	}
}

func (c *converter) sequence(y *yaml.Node, at, parent, depth int) *Node {
	c.checkTag(y, "!!seq", at)
	n := c.node(Sequence, c.content(y, at), 0)
	n.End = n.Start + 1
	mark := len(c.stack)
	for _, item := range y.Content {
		if child := c.convert(item, y.Column-1, depth+1); child != nil {
			c.stack = append(c.stack, child)
			if item.Kind == yaml.AliasNode {
				n.End = max(n.End, c.offset(item.Line, item.Column)+1+len(item.Value))
			} else {
				n.End = max(n.End, child.End)
			}
		}
	}
	n.Items = c.items(mark)
	c.close(n, y, ']')
	return n
}

// close finds the bracket that ends a flow collection.
func (c *converter) close(n *Node, y *yaml.Node, bracket byte) {
	if y.Style&yaml.FlowStyle == 0 || n.Start >= len(c.src) || c.src[n.Start] != '[' && c.src[n.Start] != '{' {
		return
	}
	if i := c.skip(n.End, true); i < len(c.src) && c.src[i] == bracket {
		n.End = i + 1
	} else if i < len(c.src) && c.src[i] == ':' { // {a: }
		if i = c.skip(i+1, true); i < len(c.src) && c.src[i] == bracket {
			n.End = i + 1
		}
	}
}

func (c *converter) mapping(y *yaml.Node, at, parent, depth int) *Node {
	c.checkTag(y, "!!map", at)
	n := c.node(Mapping, at, at)
	flow := y.Style&yaml.FlowStyle != 0
	if flow {
		n.Start = c.content(y, at)
		n.End = n.Start + 1
	}
	mark := len(c.pairs)
	var merges []*Node
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := c.key(y.Content[i], depth)
		value := c.convert(y.Content[i+1], y.Column-1, depth+1)
		if c.failed {
			return nil
		}
		if !flow && i == 0 && key != nil && y.Content[i].Kind != yaml.AliasNode {
			n.Start = key.Start
		}
		if v := y.Content[i+1]; v.Kind == yaml.AliasNode {
			n.End = max(n.End, c.offset(v.Line, v.Column)+1+len(v.Value))
		} else if value != nil {
			n.End = max(n.End, value.End)
		}
		if key != nil {
			n.End = max(n.End, key.End)
		}
		switch {
		case key == nil || value == nil:
		case key.Kind == Plain && key.Scalar == "<<":
			merges = append(merges, value)
		default:
			c.pairs = append(c.pairs, Field{key, value})
		}
	}
	n.Fields = c.unique(c.fields(mark))
	if merges != nil {
		n.Fields = c.merge(n.Fields, merges)
	}
	c.close(n, y, '}')
	return n
}

func (c *converter) key(y *yaml.Node, depth int) *Node {
	if y.Kind == yaml.AliasNode && y.Alias.Kind == yaml.ScalarNode || y.Kind == yaml.ScalarNode {
		return c.convert(y, -1, depth+1)
	}
	at := c.offset(y.Line, y.Column)
	c.report(keyNotScalar(c.span(at, at+1)))
	return nil
}

// unique reports keys that appear twice and keeps the first of each.
func (c *converter) unique(fields []Field) []Field {
	if _, _, found := duplicate(fields); !found {
		return fields
	}
	seen := make(map[string]*Node, len(fields))
	kept := fields[:0]
	for _, f := range fields {
		if first := seen[f.Key.Scalar]; first != nil {
			c.report(duplicateKey(f.Key.Scalar, f.Key.Span(), first.Span()))
			continue
		}
		seen[f.Key.Scalar] = f.Key
		kept = append(kept, f)
	}
	return kept
}

// merge adds the fields of << values behind the mapping's own, which win.
func (c *converter) merge(fields []Field, merges []*Node) []Field {
	have := make(map[string]bool, len(fields))
	for _, f := range fields {
		have[f.Key.Scalar] = true
	}
	var add func(n *Node, top bool)
	add = func(n *Node, top bool) {
		switch {
		case n.Kind == Mapping:
			for _, f := range n.Fields {
				if !have[f.Key.Scalar] {
					have[f.Key.Scalar] = true
					fields = append(fields, f)
				}
			}
		case n.Kind == Sequence && top:
			for _, item := range n.Items {
				add(item, false)
			}
		default:
			c.report(badMerge(n.Span()))
		}
	}
	for _, m := range merges {
		add(m, true)
	}
	return fields
}

// syntax words what the library found.
func (c *converter) syntax(err error) diag.Diagnostic {
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		return syntax(source.Span{File: c.file}, source.Span{}, err.Error(), "")
	}
	if e.Mark.Line < 1 { // the reader does not say where
		for i, r := range c.src {
			if r >= 0x80 && r <= 0x9f && r != 0x85 || r == 0xfffe || r == 0xffff {
				return unprintable(c.span(i, i+len(string(r))), r)
			}
		}
	}
	at, width := c.offset(e.Mark.Line, e.Mark.Column), 1
	if at < len(c.src) && c.src[at]&0xc0 == 0xc0 {
		for width = 1; at+width < len(c.src) && c.src[at+width]&0xc0 == 0x80; width++ {
		}
	}
	span := c.span(at, at+width)
	if errors.Is(err, errDepth) || strings.Contains(e.Message, errDepth.Error()) || strings.Contains(e.Message, "max depth") {
		return tooDeep(span)
	}
	var context source.Span
	if e.ContextMark.Line > 0 {
		from := c.offset(e.ContextMark.Line, e.ContextMark.Column)
		context = c.span(from, from+1)
	}
	message := e.Message
	if strings.Contains(message, "cannot start any token") && at < len(c.src) && c.src[at] == '\t' {
		message = "found a tab character"
	}
	if strings.Contains(message, "expected node content") && strings.TrimSpace(c.src[min(at, len(c.src)):]) == "" && strings.Contains(e.ContextMsg, "flow") {
		message = errOpenBracket
	}
	if strings.Contains(message, "end of stream") && !context.IsZero() {
		// The end of the file helps nobody: point at the quote that stays open.
		return syntax(context, source.Span{}, message, e.ContextMsg)
	}
	return syntax(span, context, message, e.ContextMsg)
}
