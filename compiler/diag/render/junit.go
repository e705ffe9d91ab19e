package render

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/kfp-go/kfp-go/compiler/diag"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitFailure `xml:"failure"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit makes a suite of each file and a case of each finding: errors
// fail, the others pass with output. A file without findings is one case that
// passes.
func writeJUnit(w io.Writer, r Report) error {
	out := junitSuites{Name: r.Tool.Name}
	for _, file := range filesOf(r) {
		suite := junitSuite{Name: Clean(file)}
		for _, d := range r.Findings {
			if fileOf(d) == file {
				suite.add(d)
			}
		}
		if len(suite.Cases) == 0 {
			suite.Cases = []junitCase{{Name: "valid", Class: Clean(file), File: Clean(file)}}
			suite.Tests = 1
		}
		out.Tests += suite.Tests
		out.Failures += suite.Failures
		out.Suites = append(out.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) add(d diag.Diagnostic) {
	c := junitCase{Name: fmt.Sprintf("%s %s", d.Code, Clean(d.Message)), Class: s.Name, File: s.Name}
	if !d.Span.IsZero() {
		c.Line = d.Span.Begin().Line
	}
	text := Clean(d.Span.String()) + ": " + body(d)
	if d.Severity == diag.Error {
		c.Failure = &junitFailure{Message: Clean(d.Message), Type: string(d.Code), Text: text}
		s.Failures++
	} else {
		c.Out = d.Severity.String() + ": " + text
	}
	s.Tests++
	s.Cases = append(s.Cases, c)
}

func fileOf(d diag.Diagnostic) string {
	if d.Span.IsZero() {
		return ""
	}
	return d.Span.File.Name()
}

// filesOf are the checked files and any others that findings name, in order of
// appearance; "" stands for findings without a place.
func filesOf(r Report) []string {
	seen := map[string]bool{}
	var out []string
	add := func(f string) {
		if !seen[f] {
			seen[f] = true
			out = append(out, f)
		}
	}
	for _, f := range r.Files {
		add(f)
	}
	for _, d := range r.Findings {
		add(fileOf(d))
	}
	return out
}
