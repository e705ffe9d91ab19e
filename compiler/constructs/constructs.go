// Package constructs is what KFP's format can say, construct by construct: how
// each is told to Argo, where that differs from KFP, which finding says so, and
// which tests hold it. `compile --report` finds the constructs of a pipeline
// with it; docs/kfp-compatibility.md is it, printed.
package constructs

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// A Construct is one row of the catalogue.
type Construct struct {
	ID    string // for ever: reports name it
	Title string // one line
	// Fields are those of KFP's format that say it, MESSAGE.FIELD as in Format.
	Fields []string
	// DSL is how kfp-go's own language says it, "" where it has no words of its own.
	DSL string
	// Argo is what becomes of it.
	Argo string
	// Differs is what is not as in KFP, "" for nothing; Codes are the findings
	// that say so at the pipeline's line, or that refuse it.
	Differs string
	Codes   []diag.Code
	// Tests are those that hold it: PACKAGE.TestName, a script of testdata/script,
	// or the name of a corpus pipeline behind "corpus:".
	Tests []string
	// find gives its places in a pipeline; nil: the places of its Fields.
	find func(*finder)
}

// A Chapter is rows that belong together.
type Chapter struct {
	Title string
	Rows  []Construct
}

// A Found is a construct that a pipeline has.
type Found struct {
	*Construct
	Places []source.Span // in order of the file
}

// Find gives the constructs that a pipeline has, in the order of the catalogue.
// docs are the documents of its file, which tell of fields that leave no trace
// in the representation; they may be nil.
func Find(p *ir.Pipeline, docs []*tree.Node) []Found {
	written := occurrences(docs)
	var out []Found
	for _, c := range Catalogue() {
		for i := range c.Rows {
			row := &c.Rows[i]
			f := &finder{p: p}
			if row.find != nil {
				row.find(f)
			} else {
				for _, name := range row.Fields {
					f.found = append(f.found, written[name]...)
				}
			}
			if places := f.places(); len(places) > 0 {
				out = append(out, Found{row, places})
			}
		}
	}
	return out
}
