package tree

import (
	"unsafe"

	"github.com/kfp-go/kfp-go/compiler/source"
)

// text is the file's bytes as a string without a copy. A File's text never
// changes, so what points into it is as safe as any string.
func text(f *source.File) string {
	b := f.Text()
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// Fragment is the scalar's text with the place of every byte of it; the zero
// Fragment for a collection. It is worked out anew each time.
func (n *Node) Fragment() source.Fragment {
	if n == nil || n.Kind != Plain && n.Kind != Text {
		return source.Fragment{}
	}
	if n.File == nil {
		return source.Fragment{Text: n.Scalar}
	}
	src := text(n.File)
	if n.Start >= n.End || n.End > len(src) {
		return source.Plain(n.File, n.Start, n.Scalar)
	}
	if n.Kind == Plain && n.End-n.Start == len(n.Scalar) {
		return source.Plain(n.File, n.Start, n.Scalar)
	}
	b := source.NewFragment(n.File)
	n.decode(src, b.Add)
	if fr := b.Fragment(); fr.Text == n.Scalar {
		return fr
	}
	// An alias or an odd scalar: the text counts, every byte leads to the start.
	b = source.NewFragment(n.File)
	b.Add(n.Scalar, n.Start, n.End)
	return b.Fragment()
}

func (n *Node) decode(src string, emit emitter) {
	switch c := src[n.Start]; {
	case n.Kind == Text && (c == '"' || c == '\'') && n.End-n.Start >= 2:
		decodeQuoted(src, n.Start, n.End, emit)
	case n.Kind == Text && (c == '|' || c == '>'):
		b := blockHeader(src, n.Start)
		indent, _ := b.indentFrom(src, n.Scalar)
		_, stop := b.extent(src, indent)
		b.decode(src, indent, stop, emit)
	default:
		decodePlain(src, n.Start, n.End, emit)
	}
}
