package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
)

// writeGitHub prints workflow commands, which GitHub shows at the lines of a
// pull request.
func writeGitHub(w io.Writer, r Report) error {
	out := bufio.NewWriter(w)
	for _, d := range r.Findings {
		command := map[diag.Severity]string{diag.Error: "error", diag.Warning: "warning"}[d.Severity]
		if command == "" {
			command = "notice"
		}
		fmt.Fprintf(out, "::%s %s::%s\n", command, githubProperties(d), githubData(body(d)))
	}
	return out.Flush()
}

func githubProperties(d diag.Diagnostic) string {
	var props []string
	add := func(key, value string) { props = append(props, key+"="+githubProperty(value)) }
	if !d.Span.IsZero() {
		a, b := d.Span.Begin(), d.Span.Finish()
		add("file", d.Span.File.Name())
		add("line", fmt.Sprint(a.Line))
		if a.Line == b.Line {
			add("endLine", fmt.Sprint(b.Line))
			add("col", fmt.Sprint(a.Column))
			add("endColumn", fmt.Sprint(max(a.Column, b.Column-1)))
		} else {
			add("col", fmt.Sprint(a.Column))
		}
	}
	add("title", string(d.Code))
	return strings.Join(props, ",")
}

// body is the message with everything that helps, one fact a line.
func body(d diag.Diagnostic) string {
	lines := []string{Clean(d.Message)}
	for _, rel := range d.Related {
		line := Clean(rel.Message)
		if !rel.Span.IsZero() {
			line = Clean(rel.Span.String()) + ": " + line
		}
		lines = append(lines, line)
	}
	if d.Hint != "" {
		lines = append(lines, "hint: "+Clean(d.Hint))
	}
	return strings.Join(lines, "\n")
}

func githubData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func githubProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
