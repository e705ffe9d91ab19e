package tree

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/source"
)

// The fast reader knows the part of YAML that programs write: block mappings
// and sequences, all scalar styles, flow collections without surprises. At the
// first thing that is unusual or wrong it gives up, and the library reads the
// file again and says what is wrong. Both give the same nodes; tests hold them
// together. It exists because compiled pipelines have tens of megabytes.
type fast struct {
	builder
	src  string
	at   int  // offset of the current token
	line int  // offset of its line
	col  int  // its column in its line, from 0; -1 at the end of the document
	bad  bool // gave up
	buf  []byte
}

// fastDepth is below maxDepth, so that the library judges what is too deep.
const fastDepth = maxDepth - 10

// readFast reads the whole file; ok is false when it gave up.
func readFast(f *source.File, src string) (docs []*Node, ok bool) {
	for _, odd := range [...]string{"\r", "\xc2\x85", "\u2028", "\u2029", "\ufffe", "\uffff", "\ufeff"} {
		if strings.Contains(src, odd) {
			return nil, false
		}
	}
	r := &fast{builder: builder{file: f}, src: src}
	r.first()
	docs = []*Node{}
	for !r.bad {
		if r.col < 0 {
			if r.at >= len(src) {
				return docs, true
			}
			r.marker()
			continue
		}
		if src[r.at] == '%' {
			break
		}
		n := r.block(-1, 1)
		if r.bad || r.col >= 0 {
			break
		}
		docs = append(docs, n)
	}
	return nil, false
}

// first finds the first token of the file.
func (r *fast) first() {
	r.lineAt(0)
}

// marker passes the line --- at the token.
func (r *fast) marker() {
	if r.src[r.at] != '-' {
		r.bad = true
		return
	}
	r.at += 3
	r.next()
}

// next finds the token of the next line that has one; what is left of this line
// must be blank or a comment.
func (r *fast) next() {
	i := r.at
	for i < len(r.src) && r.src[i] == ' ' {
		i++
	}
	if i < len(r.src) && r.src[i] == '#' && i > r.at {
		i = r.lineEnd(i)
	}
	if i < len(r.src) && r.src[i] != '\n' {
		r.bad = true
		return
	}
	r.lineAt(i + 1)
}

// lineAt finds the first token at or behind the start of a line.
func (r *fast) lineAt(start int) {
	for start < len(r.src) {
		i := start
		for i < len(r.src) && r.src[i] == ' ' {
			i++
		}
		if i >= len(r.src) {
			break
		}
		switch r.src[i] {
		case '\n':
			start = i + 1
			continue
		case '#':
			start = r.lineEnd(i) + 1
			continue
		case '\t':
			r.bad = true
			return
		}
		r.at, r.line, r.col = i, start, i-start
		if r.col == 0 && r.isMarker(i) {
			r.col = -1
		}
		return
	}
	r.at, r.line, r.col = len(r.src), len(r.src), -1
}

// isMarker reports whether --- or ... stands alone at the start of a line.
func (r *fast) isMarker(i int) bool {
	return (strings.HasPrefix(r.src[i:], "---") || strings.HasPrefix(r.src[i:], "...")) && r.blankAt(i+3)
}

// blankAt reports whether a token ends before i.
func (r *fast) blankAt(i int) bool {
	return i >= len(r.src) || r.src[i] == ' ' || r.src[i] == '\n' || r.src[i] == '\t'
}

func (r *fast) lineEnd(i int) int {
	if k := strings.IndexByte(r.src[i:], '\n'); k >= 0 {
		return i + k
	}
	return len(r.src)
}

func (r *fast) giveUp() *Node {
	r.bad = true
	return nil
}

// block reads the value at the token, which may be any. parent is the column of
// the collection around it.
func (r *fast) block(parent, depth int) *Node {
	if depth > fastDepth {
		return r.giveUp()
	}
	if r.isDash() {
		return r.sequence(r.col, depth)
	}
	if key := r.key(depth); key != nil {
		return r.mapping(key, depth)
	}
	if r.bad {
		return nil
	}
	return r.inline(parent, depth)
}

func (r *fast) isDash() bool { return r.src[r.at] == '-' && r.blankAt(r.at+1) }

// rest reports whether the line holds no more than blanks and a comment from i.
func (r *fast) rest(i int) (at int, empty bool) {
	j := i
	for j < len(r.src) && r.src[j] == ' ' {
		j++
	}
	return j, j >= len(r.src) || r.src[j] == '\n' || r.src[j] == '#' && j > i
}

func (r *fast) sequence(col, depth int) *Node {
	n := r.node(Sequence, r.at, r.at+1)
	mark := len(r.stack)
	for !r.bad && r.col == col && r.isDash() {
		var item *Node
		if j, empty := r.rest(r.at + 1); empty {
			r.at++
			r.next()
			if r.bad || r.col <= col {
				return r.giveUp() // an empty item
			}
			item = r.block(col, depth+1)
		} else {
			r.at, r.col = j, j-r.line
			item = r.block(col, depth+1)
		}
		if item == nil {
			return nil
		}
		r.stack = append(r.stack, item)
		n.End = item.End
	}
	if r.bad || r.col > col {
		return r.giveUp()
	}
	n.Items = r.items(mark)
	return n
}

// mapping reads on from its first key; the token stands behind the colon.
func (r *fast) mapping(key *Node, depth int) *Node {
	col := key.Start - r.line
	n := r.node(Mapping, key.Start, key.End)
	mark := len(r.pairs)
	for {
		value := r.field(col, depth)
		if value == nil {
			return nil
		}
		r.pairs = append(r.pairs, Field{key, value})
		n.End = value.End
		if r.col != col {
			break
		}
		if r.isDash() {
			return r.giveUp()
		}
		if key = r.key(depth); key == nil {
			return r.giveUp()
		}
	}
	if r.col > col {
		return r.giveUp()
	}
	n.Fields = r.fields(mark)
	if _, _, found := duplicate(n.Fields); found {
		return r.giveUp()
	}
	return n
}

// field reads the value behind the colon at the token.
func (r *fast) field(col, depth int) *Node {
	colon := r.at
	j, empty := r.rest(colon)
	if !empty {
		r.at = j
		return r.inline(col, depth+1)
	}
	r.next()
	switch {
	case r.bad:
		return nil
	case r.col > col:
		return r.block(col, depth+1)
	case r.col == col && r.isDash():
		return r.sequence(col, depth+1)
	}
	return r.node(Plain, colon, colon)
}

// maxKey is the longest key that the library takes without a question mark.
const maxKey = 1000

// key reads the key at the token and stops behind its colon; nil, with the token
// where it was, when there is none.
func (r *fast) key(depth int) *Node {
	if depth >= fastDepth {
		return r.giveUp()
	}
	start := r.at
	switch c := r.src[start]; c {
	case '"', '\'':
		return r.quotedKey()
	case '[', ']', '{', '}', '|', '>':
		return nil
	case '&', '*', '!', '%', '@', '`', ',', '?', ':', '#':
		return r.giveUp()
	}
	for i := start; i < len(r.src); i++ {
		switch r.src[i] {
		case '\n':
			return nil
		case '\t':
			return r.giveUp()
		case '#':
			if r.src[i-1] == ' ' {
				return nil
			}
		case ':':
			if !r.blankAt(i + 1) {
				continue
			}
			end := i
			for end > start && r.src[end-1] == ' ' {
				end--
			}
			if end-start > maxKey || r.src[start:end] == "<<" || r.tabAt(i+1) {
				return r.giveUp()
			}
			n := r.node(Plain, start, end)
			n.Scalar = r.src[start:end]
			r.at = i + 1
			return n
		}
	}
	return nil
}

func (r *fast) tabAt(i int) bool { return i < len(r.src) && r.src[i] == '\t' }

func (r *fast) quotedKey() *Node {
	start := r.at
	end := quotedEnd(r.src, start)
	if end < 0 {
		return r.giveUp()
	}
	i := end
	for i < len(r.src) && r.src[i] == ' ' {
		i++
	}
	if i >= len(r.src) || r.src[i] != ':' {
		return nil
	}
	if !r.blankAt(i+1) || r.tabAt(i+1) || end-start > maxKey || strings.IndexByte(r.src[start:end], '\n') >= 0 {
		return r.giveUp()
	}
	n := r.quoted(start, end)
	r.at = i + 1
	return n
}

// inline reads a scalar or a flow collection at the token and goes on to the
// next token behind it.
func (r *fast) inline(parent, depth int) *Node {
	var n *Node
	start := r.at
	switch c := r.src[start]; c {
	case '"', '\'':
		end := quotedEnd(r.src, start)
		if end < 0 || !r.indented(start, end) {
			return r.giveUp()
		}
		n = r.quoted(start, end)
		r.at = end
	case '|', '>':
		n = r.blockScalar(parent)
	case '[', '{':
		n = r.flow(parent, depth)
	case '&', '*', '!', '%', '@', '`', ',', ']', '}', '#', '?', ':':
		return r.giveUp()
	default:
		if r.isDash() || parent < 0 {
			return r.giveUp()
		}
		n = r.plain(parent)
	}
	if r.bad || n == nil {
		return r.giveUp()
	}
	r.next()
	if r.bad {
		return nil
	}
	return n
}

// indented reports whether no line behind the first begins with text: it might
// be a mark between documents.
func (r *fast) indented(start, end int) bool {
	for i := start; i < end; {
		k := strings.IndexByte(r.src[i:end], '\n')
		if k < 0 {
			return true
		}
		i += k + 1
		line := i
		for i < end && r.src[i] == ' ' {
			i++
		}
		if i < end && r.src[i] != '\n' && i == line {
			return false
		}
	}
	return true
}

// quoted makes the node of a quoted scalar.
func (r *fast) quoted(start, end int) *Node {
	n := r.node(Text, start, end)
	inside := r.src[start+1 : end-1]
	special := byte('\\')
	if r.src[start] == '\'' {
		special = '\''
	}
	if strings.IndexByte(inside, special) < 0 && strings.IndexByte(inside, '\n') < 0 {
		n.Scalar = inside
	} else {
		if special == '\\' && oddEscape(inside) {
			return r.giveUp()
		}
		r.buf = r.buf[:0]
		if !decodeQuoted(r.src, start, end, r.emit) {
			return r.giveUp()
		}
		n.Scalar = string(r.buf)
	}
	if len(n.Scalar) > maxScalar {
		return r.giveUp()
	}
	return n
}

func (r *fast) emit(text string, _, _ int) { r.buf = append(r.buf, text...) }

// oddEscape reports whether there may be an escape that the library might judge
// otherwise: anything but what programs write.
func oddEscape(s string) bool {
	for i := strings.IndexByte(s, '\\'); i >= 0 && i+1 < len(s); {
		switch s[i+1] {
		case 'n', 't', '"', '\\', 'r', '0', 'a', 'b', 'e', 'f', 'v', ' ', '\n', '/':
		case 'x', 'N', '_', 'L', 'P':
		case 'u':
			if i+2 < len(s) && (s[i+2] == 'd' || s[i+2] == 'D') {
				return true // perhaps half a pair
			}
		case 'U':
		default:
			return true
		}
		k := strings.IndexByte(s[i+2:], '\\')
		if k < 0 {
			return false
		}
		i += 2 + k
	}
	return false
}

func (r *fast) blockScalar(parent int) *Node {
	start := r.at
	b := blockHeader(r.src, start)
	if _, empty := r.rest(b.header); !empty || b.explicit > 0 || b.header-start > 2 || b.body >= len(r.src) {
		return r.giveUp()
	}
	indent := r.blockIndent(b.body)
	if indent <= max(parent, 0) {
		return r.giveUp()
	}
	n := r.node(Text, start, b.header)
	var stop int
	n.End, stop = b.extent(r.src, indent)
	if stop == len(r.src) && isBlank(r.src[stop-1]) {
		return r.giveUp() // the library has a view of its own on such an end
	}
	r.buf = r.buf[:0]
	b.decode(r.src, indent, stop, r.emit)
	n.Scalar = string(r.buf)
	if len(n.Scalar) > maxScalar {
		return r.giveUp()
	}
	r.at = stop
	if stop < len(r.src) || stop > 0 && r.src[stop-1] == '\n' {
		r.at = stop - 1 // its line break, for next to pass
	}
	return n
}

// blockIndent is the indentation of a block scalar's first line that is not
// blank; 0 where it is not as simple as that.
func (r *fast) blockIndent(body int) int {
	widest := 0
	for i := body; i < len(r.src); {
		start := i
		for i < len(r.src) && r.src[i] == ' ' {
			i++
		}
		if i >= len(r.src) || r.src[i] == '\t' {
			return 0
		}
		if r.src[i] != '\n' {
			if widest > i-start {
				return 0
			}
			return i - start
		}
		widest = max(widest, i-start)
		i++
	}
	return 0
}

// plain reads a plain scalar in block context, which may go on over lines that
// are indented deeper than parent.
func (r *fast) plain(parent int) *Node {
	start := r.at
	end, stop := r.plainLine(start)
	if end < 0 {
		return r.giveUp()
	}
	lines := 1
	for stop < len(r.src) && r.src[stop] == '\n' {
		i := stop + 1
		line := i
		for i < len(r.src) && (r.src[i] == ' ' || r.src[i] == '\n') {
			if r.src[i] == '\n' {
				line = i + 1
			}
			i++
		}
		if i < len(r.src) && r.src[i] == '\t' {
			return r.giveUp()
		}
		if i >= len(r.src) || i-line <= parent || r.src[i] == '#' {
			break
		}
		e, s := r.plainLine(i)
		if e < 0 {
			return r.giveUp()
		}
		end, stop = e, s
		lines++
	}
	n := r.node(Plain, start, end)
	if lines == 1 {
		n.Scalar = r.src[start:end]
	} else {
		r.buf = r.buf[:0]
		decodePlain(r.src, start, end, r.emit)
		n.Scalar = string(r.buf)
	}
	if len(n.Scalar) > maxScalar {
		return r.giveUp()
	}
	r.at = end
	return n
}

// plainLine reads one line of a plain scalar from i: where its text ends, and
// where the line does or its comment begins. end is -1 for what cannot be.
func (r *fast) plainLine(i int) (end, stop int) {
	start := i
	for ; i < len(r.src); i++ {
		switch r.src[i] {
		case '\n':
			return r.trim(start, i), i
		case '\t':
			return -1, 0
		case '#':
			if i > start && r.src[i-1] == ' ' {
				return r.trim(start, i), i
			}
		case ':':
			if r.blankAt(i + 1) {
				return -1, 0
			}
		}
	}
	return r.trim(start, i), i
}

func (r *fast) trim(start, end int) int {
	for end > start && r.src[end-1] == ' ' {
		end--
	}
	return end
}

// flow reads a collection in brackets.
func (r *fast) flow(parent, depth int) *Node {
	if depth > fastDepth {
		return r.giveUp()
	}
	if r.src[r.at] == '{' {
		return r.flowMapping(parent, depth)
	}
	n := r.node(Sequence, r.at, r.at)
	mark := len(r.stack)
	r.at++
	for r.skipFlow(parent) {
		if r.src[r.at] == ']' {
			r.at++
			n.End = r.at
			n.Items = r.items(mark)
			return n
		}
		if len(r.stack) > mark && !r.comma(parent) {
			break
		}
		if r.src[r.at] == ']' {
			continue
		}
		item := r.flowNode(parent, depth+1)
		if item == nil {
			break
		}
		r.stack = append(r.stack, item)
	}
	return r.giveUp()
}

// comma passes the comma between two elements.
func (r *fast) comma(parent int) bool {
	if r.src[r.at] != ',' {
		return false
	}
	r.at++
	return r.skipFlow(parent)
}

func (r *fast) flowMapping(parent, depth int) *Node {
	n := r.node(Mapping, r.at, r.at)
	mark := len(r.pairs)
	r.at++
	for r.skipFlow(parent) {
		if r.src[r.at] == '}' {
			r.at++
			n.End = r.at
			n.Fields = r.fields(mark)
			if _, _, found := duplicate(n.Fields); found {
				break
			}
			return n
		}
		if len(r.pairs) > mark && !r.comma(parent) {
			break
		}
		if r.src[r.at] == '}' {
			continue
		}
		if !r.flowField(parent, depth) {
			break
		}
	}
	return r.giveUp()
}

func (r *fast) flowField(parent, depth int) bool {
	line := r.lineEnd(r.at)
	if c := r.src[r.at]; c == '[' || c == '{' {
		return false
	}
	key := r.flowNode(parent, depth+1)
	if key == nil || key.End-key.Start > maxKey || key.Kind == Plain && key.Scalar == "<<" {
		return false
	}
	for r.at < len(r.src) && r.src[r.at] == ' ' {
		r.at++
	}
	if r.at >= line || r.src[r.at] != ':' || !r.blankAt(r.at+1) {
		return false
	}
	r.at++
	if !r.skipFlow(parent) {
		return false
	}
	value := r.flowNode(parent, depth+1)
	if value == nil {
		return false
	}
	r.pairs = append(r.pairs, Field{key, value})
	return true
}

// skipFlow passes blanks and line breaks; false at the end or at what is odd.
func (r *fast) skipFlow(parent int) bool {
	line := -1
	for r.at < len(r.src) {
		switch r.src[r.at] {
		case ' ':
			r.at++
		case '\n':
			r.at++
			line = r.at
		case '\t', '#':
			return false
		default:
			return line < 0 || r.at-line > max(parent, 0)
		}
	}
	return false
}

func (r *fast) flowNode(parent, depth int) *Node {
	start := r.at
	switch c := r.src[start]; c {
	case '[', '{':
		return r.flow(parent, depth)
	case '"', '\'':
		end := quotedEnd(r.src, start)
		if end < 0 || !r.indented(start, end) {
			return nil
		}
		r.at = end
		return r.quoted(start, end)
	}
	// Only words and numbers: the rules for the rest are long.
	i := start
	for i < len(r.src) && plainInFlow(r.src[i]) {
		i++
	}
	end := r.trim(start, i)
	if end == start || r.src[start] == '-' && !(start+1 < end && r.src[start+1] != ' ') || i >= len(r.src) {
		return nil
	}
	switch r.src[i] {
	case ',', ']', '}':
	case ':':
		if !r.blankAt(i + 1) {
			return nil
		}
	default:
		return nil
	}
	if r.src[start] == '-' && strings.HasPrefix(r.src[start:], "---") {
		return nil
	}
	n := r.node(Plain, start, end)
	n.Scalar = r.src[start:end]
	r.at = i
	return n
}

func plainInFlow(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	case c == '_', c == '-', c == '.', c == '/', c == ' ', c == '+', c == '~', c == '=', c == '<', c == '$', c == '(', c == ')', c >= 0x80:
		return true
	}
	return false
}
