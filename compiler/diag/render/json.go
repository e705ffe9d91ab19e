package render

import (
	"encoding/json"
	"io"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// APIVersion names the shape of the JSON form; it changes when a reader of the
// old one would break.
const APIVersion = "kfp-go/v1"

// Document is the JSON form of a report.
type Document struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"` // Diagnostics
	Files      []string  `json:"files"`
	Summary    Summary   `json:"summary"`
	Findings   []Finding `json:"diagnostics"`
}

// Summary counts the findings by severity.
type Summary struct {
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Notes    int `json:"notes"`
}

// A Finding is one diagnostic; Place is missing when it has none.
type Finding struct {
	Code     string         `json:"code"`
	Severity string         `json:"severity"` // error, warning or note
	Message  string         `json:"message"`
	Place    *Place         `json:"place,omitempty"`
	Hint     string         `json:"hint,omitempty"`
	Related  []RelatedPlace `json:"related,omitempty"`
	Fix      *Fix           `json:"fix,omitempty"`
}

// A Place is a half-open range. Lines and columns count from 1, columns in code
// points; offsets count bytes from 0.
type Place struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"`
	Offset    int    `json:"offset"`
	EndOffset int    `json:"endOffset"`
}

// RelatedPlace is another place that helps.
type RelatedPlace struct {
	Message string `json:"message"`
	Place   *Place `json:"place,omitempty"`
}

// A Fix replaces what is at Place by Text.
type Fix struct {
	Place *Place `json:"place"`
	Text  string `json:"text"`
}

// NewDocument is the JSON form of a report as data.
func NewDocument(r Report) Document {
	c := CountOf(r.Findings)
	doc := Document{
		APIVersion: APIVersion, Kind: "Diagnostics",
		Files:    append([]string{}, r.Files...),
		Summary:  Summary(c),
		Findings: make([]Finding, len(r.Findings)),
	}
	for i, d := range r.Findings {
		doc.Findings[i] = newFinding(d)
	}
	return doc
}

func newFinding(d diag.Diagnostic) Finding {
	f := Finding{Code: string(d.Code), Severity: d.Severity.String(), Message: d.Message, Place: NewPlace(d.Span), Hint: d.Hint}
	for _, rel := range d.Related {
		f.Related = append(f.Related, RelatedPlace{rel.Message, NewPlace(rel.Span)})
	}
	if d.Fix != nil {
		f.Fix = &Fix{NewPlace(d.Fix.Span), d.Fix.Text}
	}
	return f
}

// NewPlace is the JSON form of a span, nil for none.
func NewPlace(s source.Span) *Place {
	if s.IsZero() {
		return nil
	}
	a, b := s.Begin(), s.Finish()
	return &Place{s.File.Name(), a.Line, a.Column, b.Line, b.Column, s.Start, s.End}
}

func writeJSON(w io.Writer, r Report) error { return encode(w, NewDocument(r)) }

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
