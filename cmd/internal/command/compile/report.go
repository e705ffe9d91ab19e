package compile

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/constructs"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/diag/render"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// Report is the JSON form of --report.
type Report struct {
	APIVersion string      `json:"apiVersion"`
	Kind       string      `json:"kind"` // CompileReport
	Pipeline   string      `json:"pipeline"`
	Source     string      `json:"source"`
	Constructs []Construct `json:"constructs"`
	// Findings are those that belong to no construct.
	Findings []render.Finding `json:"findings,omitempty"`
}

// A Construct is one thing that the pipeline says, and what becomes of it.
type Construct struct {
	ID       string           `json:"id"`
	Title    string           `json:"title"`
	Chapter  string           `json:"chapter"`
	Count    int              `json:"count"`
	Places   []render.Place   `json:"places"` // the first of them
	Argo     string           `json:"argo"`
	Differs  string           `json:"differs,omitempty"`
	Findings []render.Finding `json:"findings,omitempty"`
}

func reportFormats() []string { return []string{"text", "json", "markdown"} }

// mostPlaces is how many places of a construct a report names.
const mostPlaces = 3

// newReport finds what the pipeline says, and gives each finding to the
// construct that knows its code and is nearest to it.
func newReport(opt *Options, res *compiler.Result) Report {
	r := Report{APIVersion: render.APIVersion, Kind: "CompileReport", Pipeline: res.Pipeline.Name.Text, Source: opt.Source.File.Name(), Constructs: []Construct{}}
	found := constructs.Find(res.Pipeline, tree.Parse(res.Files[0], func(diag.Diagnostic) {}))
	chapter := chapters()
	rest := res.Diagnostics
	for _, f := range found {
		c := Construct{ID: f.ID, Title: f.Title, Chapter: chapter[f.ID], Count: len(f.Places), Argo: f.Argo, Differs: f.Differs}
		for _, at := range f.Places[:min(len(f.Places), mostPlaces)] {
			c.Places = append(c.Places, *render.NewPlace(opt.Source.Place(at)))
		}
		var mine []diag.Diagnostic
		mine, rest = partition(rest, f.Codes)
		c.Findings = render.NewDocument(render.Report{Findings: mine}).Findings
		r.Constructs = append(r.Constructs, c)
	}
	r.Findings = render.NewDocument(render.Report{Findings: rest}).Findings
	return r
}

// partition takes the findings with one of the codes out.
func partition(all []diag.Diagnostic, codes []diag.Code) (with, without []diag.Diagnostic) {
	for _, d := range all {
		belongs := false
		for _, c := range codes {
			belongs = belongs || c == d.Code
		}
		if belongs {
			with = append(with, d)
		} else {
			without = append(without, d)
		}
	}
	return with, without
}

func chapters() map[string]string {
	out := map[string]string{}
	for _, c := range constructs.Catalogue() {
		for _, row := range c.Rows {
			out[row.ID] = c.Title
		}
	}
	return out
}

// writeReport prints the report on standard output.
func writeReport(opt *Options, res *compiler.Result) error {
	out, r := opt.App.IO.Out, newReport(opt, res)
	if opt.Report == "json" {
		return output.JSON(out, r)
	}
	var b bytes.Buffer
	if opt.Report == "markdown" {
		markdown(&b, r)
	} else {
		text(&b, r, term.OutTheme(opt.App.IO))
	}
	_, err := out.Write(b.Bytes())
	return err
}

func text(b *bytes.Buffer, r Report, theme *term.Theme) {
	fmt.Fprintf(b, "%s (%s): %s\n", theme.Bold(term.Clean(r.Pipeline)), term.Clean(r.Source), summary(r))
	chapter := ""
	for _, c := range r.Constructs {
		if c.Chapter != chapter {
			chapter = c.Chapter
			fmt.Fprintf(b, "\n%s\n", theme.Bold(chapter))
		}
		fmt.Fprintf(b, "  %s  %s\n      %s\n", c.Title, theme.Dim(where(r, c)), c.Argo)
		if c.Differs != "" {
			fmt.Fprintf(b, "      differs: %s\n", c.Differs)
		}
		for _, f := range c.Findings {
			fmt.Fprintf(b, "      %s\n", theme.Kind(f.Severity)+line(f))
		}
	}
	if len(r.Findings) > 0 {
		fmt.Fprintf(b, "\n%s\n", theme.Bold("Other findings"))
	}
	for _, f := range r.Findings {
		fmt.Fprintf(b, "  %s\n", theme.Kind(f.Severity)+line(f))
	}
}

func markdown(b *bytes.Buffer, r Report) {
	cell := strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ")
	fmt.Fprintf(b, "# %s\n\n%s\n\n| construct | where | in Argo | difference to KFP | here |\n|---|---|---|---|---|\n", cell.Replace(term.Clean(r.Pipeline)), cell.Replace(term.Clean(r.Source))+": "+summary(r))
	for _, c := range r.Constructs {
		var here []string
		for _, f := range c.Findings {
			here = append(here, f.Severity+line(f))
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", cell.Replace(c.Title), cell.Replace(where(r, c)), cell.Replace(c.Argo), cell.Replace(c.Differs), cell.Replace(strings.Join(here, "; ")))
	}
	for _, f := range r.Findings {
		fmt.Fprintf(b, "\n* %s", cell.Replace(f.Severity+line(f)))
	}
	if len(r.Findings) > 0 {
		b.WriteString("\n")
	}
}

func summary(r Report) string {
	differ, findings := 0, len(r.Findings)
	for _, c := range r.Constructs {
		if c.Differs != "" {
			differ++
		}
		findings += len(c.Findings)
	}
	return fmt.Sprintf("%s, %d of which differ from KFP in something, %s", count(len(r.Constructs), "construct"), differ, count(findings, "finding"))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// where is the first places, those in the pipeline's own file by line and
// column, and how many more there are.
func where(r Report, c Construct) string {
	var out []string
	for _, p := range c.Places {
		at := fmt.Sprintf("%d:%d", p.Line, p.Column)
		if p.File != r.Source {
			at = term.Clean(p.File) + ":" + at
		}
		out = append(out, at)
	}
	if n := c.Count - len(out); n > 0 {
		out = append(out, fmt.Sprintf("%d more", n))
	}
	return strings.Join(out, ", ")
}

// line is a finding behind its severity.
func line(f render.Finding) string {
	text := "[" + f.Code + "] "
	if f.Place != nil {
		text += fmt.Sprintf("%s:%d:%d: ", term.Clean(f.Place.File), f.Place.Line, f.Place.Column)
	}
	return text + term.Clean(f.Message)
}
