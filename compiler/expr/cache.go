package expr

import (
	"slices"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// A Cache compiles expressions and remembers those about which there was
// nothing to report, so that a text that many tasks repeat is compiled once.
// Its zero value is ready; it is not safe for concurrent use.
type Cache struct{ known map[string][]remembered }

// remembered is a program and all that its compilation asked of its scope.
type remembered struct {
	asked   []lookup
	program *Program
}

type lookup struct {
	path []string
	v    Variable
	n    int
	ok   bool
}

const maxVariants = 8 // of one text under different scopes

// Compile is the function Compile.
func (c *Cache) Compile(fr source.Fragment, s Scope, report diag.Reporter) *Program {
	variants := c.known[fr.Text]
	for _, r := range variants {
		if r.fits(s) {
			return r.program
		}
	}
	rec, quiet := &recorder{Scope: s}, true
	p := Compile(fr, rec, func(d diag.Diagnostic) { quiet = false; report(d) })
	if p != nil && quiet && len(variants) < maxVariants {
		if c.known == nil {
			c.known = map[string][]remembered{}
		}
		c.known[fr.Text] = append(variants, remembered{rec.asked, p})
	}
	return p
}

// fits reports whether a scope would answer all that was asked in the same way.
func (r remembered) fits(s Scope) bool {
	for _, q := range r.asked {
		v, n, ok := s.Lookup(q.path)
		if n != q.n || ok != q.ok || v.Name != q.v.Name || v.Optional != q.v.Optional || v.Uncertain != q.v.Uncertain || !v.Type.Equal(q.v.Type) {
			return false
		}
	}
	return true
}

// A recorder notes down what is asked of a scope.
type recorder struct {
	Scope
	asked []lookup
}

// Lookup asks the scope and remembers the answer.
func (r *recorder) Lookup(path []string) (Variable, int, bool) {
	v, n, ok := r.Scope.Lookup(path)
	r.asked = append(r.asked, lookup{slices.Clone(path), v, n, ok})
	return v, n, ok
}
