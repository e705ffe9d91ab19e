package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// A Paint colours a piece of text; nil leaves it as it is.
type Paint func(string) string

func (p Paint) on(s string) string {
	if p == nil || s == "" {
		return s
	}
	return p(s)
}

// TextOptions say how text for people looks.
type TextOptions struct {
	Error, Warning, Note Paint // the severity and the marks below the source
	Place, Code          Paint
	Message              Paint
	Gutter               Paint // line numbers and rules
	Hint                 Paint
	// Width is how many cells a line may have, 0: 120. Long source lines are
	// cut around the mark; messages never are.
	Width int
	// Max is how many findings are shown, 0: all. The summary counts all.
	Max int
}

func (o TextOptions) severity(s diag.Severity) Paint {
	switch s {
	case diag.Error:
		return o.Error
	case diag.Warning:
		return o.Warning
	}
	return o.Note
}

const defaultWidth = 120

func writeText(w io.Writer, r Report, opt TextOptions) error {
	if opt.Width <= 0 {
		opt.Width = defaultWidth
	}
	out := bufio.NewWriter(w)
	shown := r.Findings
	if opt.Max > 0 && len(shown) > opt.Max {
		shown = shown[:opt.Max]
	}
	for _, d := range shown {
		writeFinding(out, d, opt)
	}
	if n := len(r.Findings) - len(shown); n > 0 {
		fmt.Fprintf(out, "… and %d more\n\n", n)
	}
	if s := CountOf(r.Findings).String(); s != "" {
		fmt.Fprintln(out, s)
	}
	return out.Flush()
}

// writeFinding prints
//
//	pipeline.yaml:3:9: error[C410]: unknown component "trian"
//	  |
//	3 |     component: trian
//	  |                ^^^^^
//	  = pipeline.yaml:9:3: "train" is defined here
//	  = hint: did you mean "train"?
func writeFinding(out *bufio.Writer, d diag.Diagnostic, opt TextOptions) {
	paint := opt.severity(d.Severity)
	if !d.Span.IsZero() {
		out.WriteString(opt.Place.on(Clean(d.Span.String())))
		out.WriteString(": ")
	}
	out.WriteString(paint.on(d.Severity.String() + "[" + string(d.Code) + "]"))
	out.WriteString(": ")
	out.WriteString(opt.Message.on(Clean(d.Message)))
	out.WriteByte('\n')
	pad := writeSnippet(out, d.Span, paint, opt)
	for _, rel := range d.Related {
		out.WriteString(pad + opt.Gutter.on("= "))
		if !rel.Span.IsZero() {
			out.WriteString(opt.Place.on(Clean(rel.Span.String())) + ": ")
		}
		out.WriteString(Clean(rel.Message) + "\n")
	}
	if d.Hint != "" {
		out.WriteString(pad + opt.Gutter.on("= ") + opt.Hint.on("hint") + ": " + Clean(d.Hint) + "\n")
	}
	out.WriteByte('\n')
}

// writeSnippet prints the source line with marks below it and gives the indent
// of what follows.
func writeSnippet(out *bufio.Writer, span source.Span, paint Paint, opt TextOptions) (pad string) {
	if span.IsZero() || len(span.File.Text()) == 0 {
		return "  "
	}
	line := span.Begin().Line
	number := fmt.Sprint(line)
	pad = strings.Repeat(" ", len(number)+1)
	text, from, to := marked(span, opt.Width-len(pad)-2)
	bar := opt.Gutter.on(pad + "|")
	fmt.Fprintf(out, "%s\n", bar)
	fmt.Fprintf(out, "%s %s\n", opt.Gutter.on(number+" |"), strings.TrimRight(text, " "))
	fmt.Fprintf(out, "%s %s%s\n", bar, strings.Repeat(" ", from), paint.on(strings.Repeat("^", max(1, to-from))))
	return pad
}

// marked is the line on which the span begins, made safe to print, and the
// cells that the span covers in it. A line wider than width is cut so that the
// beginning of the span stays in sight.
func marked(span source.Span, width int) (text string, from, to int) {
	f := span.File
	pos := span.Begin()
	start := f.LineStart(pos.Line)
	raw := f.Line(pos.Line)
	if pos.Line == 1 && strings.HasPrefix(raw, "\ufeff") {
		raw = raw[len("\ufeff"):]
		start += len("\ufeff")
	}
	a := max(0, min(span.Start-start, len(raw)))
	b := max(a, min(span.End-start, len(raw)))
	raw, a, b = window(raw, a, b)
	before := expand(raw[:a], 0)
	from = ansi.StringWidth(before)
	inside := expand(raw[a:b], from)
	to = from + ansi.StringWidth(inside)
	after := expand(raw[b:], to)
	text = before + inside + after
	return cut(text, from, to, width)
}

// maxLine bounds the work for one line: a minified JSON file is one line of
// many megabytes.
const maxLine = 4096

func window(raw string, a, b int) (string, int, int) {
	if len(raw) <= maxLine {
		return raw, a, b
	}
	lo := max(0, a-maxLine/2)
	hi := min(len(raw), a+maxLine/2)
	for lo > 0 && !boundary(raw[lo]) {
		lo--
	}
	for hi < len(raw) && !boundary(raw[hi]) {
		hi++
	}
	return raw[lo:hi], a - lo, min(b, hi) - lo
}

func boundary(c byte) bool { return c&0xc0 != 0x80 }

const tabWidth = 4

// expand replaces tabs by blanks up to the next stop and cleans the rest; at
// is the cell where the text begins.
func expand(s string, at int) string {
	if !strings.Contains(s, "\t") {
		return Clean(s)
	}
	var b strings.Builder
	for i, piece := range strings.Split(s, "\t") {
		if i > 0 {
			n := tabWidth - at%tabWidth
			b.WriteString(strings.Repeat(" ", n))
			at += n
		}
		piece = Clean(piece)
		at += ansi.StringWidth(piece)
		b.WriteString(piece)
	}
	return b.String()
}

// cut keeps about width cells of text around the mark.
func cut(text string, from, to, width int) (string, int, int) {
	width = max(width, 20)
	if ansi.StringWidth(text) <= width {
		return text, from, to
	}
	left := 0
	if from > width*2/3 {
		left = from - width/3
	}
	out := ansi.Cut(text, left, left+width-2)
	if left > 0 {
		out = "…" + out
		from, to = from-left+1, to-left+1
	}
	if left+width-2 < ansi.StringWidth(text) {
		out += "…"
	}
	limit := ansi.StringWidth(out)
	return out, min(from, limit), min(to, limit)
}
