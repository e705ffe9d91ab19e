// Package tree turns YAML and JSON bytes into one node tree with exact spans.
// It is the only package that knows a YAML library. Everything a hostile file
// can do is stopped here: depth, size, aliases, duplicate keys.
package tree

import "github.com/kfp-go/kfp-go/compiler/source"

// A Kind is the shape of a node.
type Kind uint8

// The kinds. An unquoted YAML scalar is Plain: readers interpret its Text by the
// type they expect. A quoted or block scalar, or a JSON string, is Text. JSON
// numbers, booleans and null are Plain.
const (
	Plain Kind = iota + 1
	Text
	Sequence
	Mapping
)

// A Node is one value of a document.
type Node struct {
	Kind   Kind
	File   *source.File
	Start  int     // span in File, bytes
	End    int     // of a collection: behind its last child's end (block style) or its bracket
	Scalar string  // Plain and Text: the value, unquoted and unfolded
	Items  []*Node // Sequence
	Fields []Field // Mapping, in order, keys without duplicates
}

// A Field is one entry of a mapping. Keys are scalars.
type Field struct{ Key, Value *Node }

// Span is where the node stands.
func (n *Node) Span() source.Span {
	if n == nil {
		return source.Span{}
	}
	return source.Span{File: n.File, Start: n.Start, End: n.End}
}

// Get is the value of a key, nil if it is not there. It is linear; readers of
// big mappings range over Fields.
func (n *Node) Get(key string) *Node {
	if n == nil || n.Kind != Mapping {
		return nil
	}
	for _, f := range n.Fields {
		if f.Key.Scalar == key {
			return f.Value
		}
	}
	return nil
}

// IsNull reports whether the node is absent, empty or YAML's null.
func (n *Node) IsNull() bool {
	if n == nil {
		return true
	}
	if n.Kind != Plain {
		return false
	}
	switch n.Scalar {
	case "", "~", "null", "Null", "NULL":
		return true
	}
	return false
}
