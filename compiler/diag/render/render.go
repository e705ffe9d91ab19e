// Package render prints findings: for people, as JSON, and in the forms that
// code hosts and test reports read. It only prints; what is said and in which
// order is the caller's. Colour comes in as functions.
package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
)

// A Format names a way to print findings.
type Format string

// The formats.
const (
	Text   Format = "text"
	JSON   Format = "json"
	SARIF  Format = "sarif"
	GitHub Format = "github"
	JUnit  Format = "junit"
)

// Formats are all of them, in the order in which help lists them.
func Formats() []string {
	return []string{string(Text), string(JSON), string(SARIF), string(GitHub), string(JUnit)}
}

// A Report is what is printed: findings and what they were found in.
type Report struct {
	// Files are the names of all inputs that were checked, those without
	// findings too.
	Files    []string
	Findings []diag.Diagnostic
	Tool     Tool
}

// A Tool is who found it, for the formats that say so.
type Tool struct {
	Name, Version string
	Codes         []diag.CodeInfo // the rules that findings may name
}

// Write prints the report in the given format.
func Write(w io.Writer, f Format, r Report, opt TextOptions) error {
	switch f {
	case Text:
		return writeText(w, r, opt)
	case JSON:
		return writeJSON(w, r)
	case SARIF:
		return writeSARIF(w, r)
	case GitHub:
		return writeGitHub(w, r)
	case JUnit:
		return writeJUnit(w, r)
	}
	return fmt.Errorf("unknown format %q: one of %s", f, strings.Join(Formats(), ", "))
}

// Count is how many findings of each severity there are.
type Count struct{ Errors, Warnings, Notes int }

// CountOf counts.
func CountOf(ds []diag.Diagnostic) Count {
	var c Count
	for _, d := range ds {
		switch d.Severity {
		case diag.Error:
			c.Errors++
		case diag.Warning:
			c.Warnings++
		default:
			c.Notes++
		}
	}
	return c
}

// String is "3 errors, 1 warning"; "" for nothing.
func (c Count) String() string {
	var parts []string
	add := func(n int, word string) {
		if n == 1 {
			parts = append(parts, "1 "+word)
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%d %ss", n, word))
		}
	}
	add(c.Errors, "error")
	add(c.Warnings, "warning")
	add(c.Notes, "note")
	return strings.Join(parts, ", ")
}
