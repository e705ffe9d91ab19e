package render

import (
	"io"
	"net/url"
	"path/filepath"
	"sort"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// The part of SARIF 2.1.0 that findings need.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string     `json:"id"`
		Short *sarifText `json:"shortDescription,omitempty"`
		Help  *sarifText `json:"help,omitempty"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
		Related   []sarifLocation `json:"relatedLocations,omitempty"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Message  *sarifText     `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
)

// sarifCap is the number of results that readers accept.
const sarifCap = 25000

func writeSARIF(w io.Writer, r Report) error {
	rules, index := sarifRules(r)
	results := []sarifResult{}
	for _, d := range r.Findings[:min(len(r.Findings), sarifCap)] {
		results = append(results, newSARIFResult(d, index[d.Code]))
	}
	return encode(w, sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs: []sarifRun{{
			Tool:       sarifTool{sarifDriver{r.Tool.Name, r.Tool.Version, rules}},
			ColumnKind: "unicodeCodePoints",
			Results:    results,
		}},
	})
}

// sarifRules are the codes that the findings name, sorted, with their pages.
func sarifRules(r Report) ([]sarifRule, map[diag.Code]int) {
	pages := map[diag.Code]diag.CodeInfo{}
	for _, c := range r.Tool.Codes {
		pages[c.Code] = c
	}
	index := map[diag.Code]int{}
	codes := []string{}
	for _, d := range r.Findings {
		if _, ok := index[d.Code]; !ok {
			index[d.Code] = 0
			codes = append(codes, string(d.Code))
		}
	}
	sort.Strings(codes)
	rules := make([]sarifRule, len(codes))
	for i, c := range codes {
		rules[i] = sarifRule{ID: c}
		if p, ok := pages[diag.Code(c)]; ok {
			rules[i].Short = &sarifText{Text: p.Title}
			rules[i].Help = &sarifText{Text: p.Title, Markdown: p.Doc}
		}
		index[diag.Code(c)] = i
	}
	return rules, index
}

func newSARIFResult(d diag.Diagnostic, rule int) sarifResult {
	level := map[diag.Severity]string{diag.Error: "error", diag.Warning: "warning"}[d.Severity]
	if level == "" {
		level = "note"
	}
	text := d.Message
	if d.Hint != "" {
		text += "\n" + d.Hint
	}
	out := sarifResult{RuleID: string(d.Code), RuleIndex: rule, Level: level, Message: sarifText{Text: text}}
	if p := newSARIFPhysical(d.Span); p != nil {
		out.Locations = []sarifLocation{{Physical: p}}
	}
	for _, rel := range d.Related {
		out.Related = append(out.Related, sarifLocation{newSARIFPhysical(rel.Span), &sarifText{Text: rel.Message}})
	}
	return out
}

func newSARIFPhysical(s source.Span) *sarifPhysical {
	if s.IsZero() {
		return nil
	}
	a, b := s.Begin(), s.Finish()
	uri := (&url.URL{Path: filepath.ToSlash(s.File.Name())}).EscapedPath()
	return &sarifPhysical{sarifArtifact{uri}, sarifRegion{a.Line, a.Column, b.Line, b.Column}}
}
