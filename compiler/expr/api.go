package expr

import (
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A Variable is one value that an expression may read.
type Variable struct {
	Name     string // canonical dotted path: "inputs.rows", "tasks.train.outputs.model", "region"
	Type     ir.Type
	Optional bool // may be absent
	// Uncertain: not declared optional, but the whole graph would have to be
	// known to say that it is never absent. It is read as if it were there; when
	// it is not, that is an error, and has tells.
	Uncertain bool
}

// A Scope says what an expression may read. Front ends implement it; nothing in
// it is proportional to the size of the pipeline.
type Scope interface {
	// Lookup finds the variable that the longest prefix of path names, and how
	// many segments that is: Lookup(["inputs","m","k"]) of a struct input m is
	// (inputs.m, 2, true). Without one, n says how many segments were
	// understood (for the message) and ok is false.
	Lookup(path []string) (v Variable, n int, ok bool)
	// Names lists, sorted, what may stand below a path of understood segments,
	// for the hint of a message; nil: nothing to offer.
	Names(path []string) []string
}
