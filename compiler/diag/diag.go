// Package diag holds findings: what is wrong with the author's input, where,
// and what to do about it. Phases report into a Reporter and know nothing of
// output; package render prints.
package diag

import (
	"sort"

	"github.com/kfp-go/kfp-go/compiler/source"
)

// A Code names one kind of finding for ever: documented, never reused.
type Code string

// Severity says how much a finding weighs.
type Severity uint8

// The zero value is a bug. A Note never fails anything, --strict included.
const (
	_ Severity = iota
	Error
	Warning
	Note
)

func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	case Note:
		return "note"
	}
	return "invalid"
}

// A Diagnostic is one finding.
type Diagnostic struct {
	Code     Code
	Severity Severity
	Message  string      // one line: what is wrong, naming the culprit
	Span     source.Span // exactly the offending bytes, not their line
	Hint     string      // what to do next, or ""
	Related  []Related   // the first definition, each edge of a cycle
	Fix      *Fix        // an edit that is safe to apply, or nil
}

// Related is another place that helps to understand a finding.
type Related struct {
	Message string
	Span    source.Span
}

// A Fix replaces the bytes of Span by Text.
type Fix struct {
	Span source.Span
	Text string
}

// A Reporter receives findings; a phase holds one and knows nothing of output.
type Reporter func(Diagnostic)

// A List gathers findings in any order and gives them back in one order.
type List struct{ all []Diagnostic }

// Report adds a finding; it has the type Reporter.
func (l *List) Report(d Diagnostic) { l.all = append(l.all, d) }

// Sorted gives the findings in source order, those of unnamed places first,
// without duplicates.
func (l *List) Sorted() []Diagnostic {
	out := append([]Diagnostic(nil), l.all...)
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if source.Less(a.Span, b.Span) {
			return true
		}
		if source.Less(b.Span, a.Span) {
			return false
		}
		if a.Severity != b.Severity {
			return a.Severity < b.Severity
		}
		if a.Code != b.Code {
			return a.Code < b.Code
		}
		return a.Message < b.Message
	})
	kept := out[:0]
	for i, d := range out {
		if i > 0 {
			p := kept[len(kept)-1]
			if p.Code == d.Code && p.Span == d.Span && p.Message == d.Message {
				continue
			}
		}
		kept = append(kept, d)
	}
	return kept
}

// Errors reports whether any finding is an Error.
func (l *List) Errors() bool { return HasErrors(l.all) }

// Len is the number of findings so far, duplicates included.
func (l *List) Len() int { return len(l.all) }

// HasErrors reports whether any finding is an Error.
func HasErrors(ds []Diagnostic) bool {
	for _, d := range ds {
		if d.Severity == Error {
			return true
		}
	}
	return false
}
