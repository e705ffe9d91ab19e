package tree

import (
	"github.com/kfp-go/kfp-go/compiler/source"
)

// A builder makes nodes many at a time, so that a file of a million values
// costs a few hundred allocations.
type builder struct {
	file  *source.File
	nodes []Node
	ptrs  []*Node
	flds  []Field
	stack []*Node // items of the sequences being read
	pairs []Field // fields of the mappings being read
}

func (b *builder) node(kind Kind, start, end int) *Node {
	if len(b.nodes) == 0 {
		b.nodes = make([]Node, max(16, min(2048, len(b.file.Text())/32)))
	}
	n := &b.nodes[0]
	b.nodes = b.nodes[1:]
	n.Kind, n.File, n.Start, n.End = kind, b.file, start, end
	return n
}

// items moves what was pushed from mark on into a slice of its own.
func (b *builder) items(mark int) []*Node {
	n := len(b.stack) - mark
	if n == 0 {
		return nil
	}
	if n > len(b.ptrs) {
		b.ptrs = make([]*Node, max(n, 256))
	}
	out := b.ptrs[:n:n]
	b.ptrs = b.ptrs[n:]
	copy(out, b.stack[mark:])
	b.stack = b.stack[:mark]
	return out
}

// fields moves what was pushed from mark on into a slice of its own.
func (b *builder) fields(mark int) []Field {
	n := len(b.pairs) - mark
	if n == 0 {
		return nil
	}
	if n > len(b.flds) {
		b.flds = make([]Field, max(n, 1024))
	}
	out := b.flds[:n:n]
	b.flds = b.flds[n:]
	copy(out, b.pairs[mark:])
	b.pairs = b.pairs[:mark]
	return out
}

// smallMapping is the size up to which comparing all keys beats a map.
const smallMapping = 12

// duplicate finds the first pair of equal keys, if any.
func duplicate(fields []Field) (first, second int, found bool) {
	if len(fields) <= smallMapping {
		for i := 1; i < len(fields); i++ {
			for j := range i {
				if fields[i].Key.Scalar == fields[j].Key.Scalar {
					return j, i, true
				}
			}
		}
		return 0, 0, false
	}
	seen := make(map[string]int, len(fields))
	for i, f := range fields {
		if j, ok := seen[f.Key.Scalar]; ok {
			return j, i, true
		}
		seen[f.Key.Scalar] = i
	}
	return 0, 0, false
}
