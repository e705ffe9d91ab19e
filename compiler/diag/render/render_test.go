package render

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
	"github.com/kfp-go/kfp-go/compiler/source"
)

func span(t *testing.T, f *source.File, text string) source.Span {
	t.Helper()
	i := bytes.Index(f.Text(), []byte(text))
	if i < 0 {
		t.Fatalf("%q is not in the file", text)
	}
	return source.Span{File: f, Start: i, End: i + len(text)}
}

func report(t *testing.T) Report {
	f := source.NewFile("dir/pipe line.yaml", []byte("pipeline: iris\ntasks:\n\ttrain: {component: trian}\n  日本: é wrong\r\n"+
		"  bad: \"\x1b[31m\"\n"+strings.Repeat("x", 200)+"HERE"+strings.Repeat("y", 200)+"\n"))
	other := source.NewFile("other.yaml", []byte("a\nb"))
	return Report{
		Files: []string{"dir/pipe line.yaml", "clean.yaml"},
		Findings: []diag.Diagnostic{
			{Code: "A600", Severity: diag.Note, Message: "a note without a place"},
			{Code: "C410", Severity: diag.Error, Message: `unknown component "trian"`, Span: span(t, f, "trian"), Hint: `did you mean "train"?`,
				Related: []diag.Related{{Message: "defined here", Span: span(t, f, "train")}, {Message: "and nowhere else"}},
				Fix:     &diag.Fix{Span: span(t, f, "trian"), Text: "train"}},
			{Code: "D101", Severity: diag.Error, Message: "wide runes count twice: 100%, a:b", Span: span(t, f, "é")},
			{Code: "L501", Severity: diag.Warning, Message: "escape \x1b]0;title\x07 and \u202e", Span: span(t, f, "\"\x1b[31m\"")},
			{Code: "C411", Severity: diag.Error, Message: "far to the right", Span: span(t, f, "HERE")},
			{Code: "S001", Severity: diag.Error, Message: "at the very end", Span: source.Span{File: other, Start: 3, End: 3}},
			{Code: "S002", Severity: diag.Warning, Message: "several lines", Span: source.Span{File: other, Start: 0, End: 3}},
		},
		Tool: Tool{Name: "kfp-go", Version: "v1", Codes: []diag.CodeInfo{{Code: "C410", Title: "Unknown component", Doc: "A **page**."}}},
	}
}

func TestFormats(t *testing.T) {
	for _, f := range Formats() {
		t.Run(f, func(t *testing.T) {
			var out bytes.Buffer
			if err := Write(&out, Format(f), report(t), TextOptions{Width: 80}); err != nil {
				t.Fatal(err)
			}
			goldentest.File(t, filepath.Join("testdata", f+".golden"), out.Bytes())
		})
	}
}

func TestUnknownFormat(t *testing.T) {
	if err := Write(io.Discard, "yaml", Report{}, TextOptions{}); err == nil || !strings.Contains(err.Error(), "sarif") {
		t.Errorf("got %v, want an error that lists the formats", err)
	}
}

// The marks stand under exactly what the span covers, whatever is before it.
func TestMarks(t *testing.T) {
	for _, tt := range []struct{ line, part string }{
		{"component: trian", "trian"},
		{"\tkey: value", "value"},
		{"a\tb\tcc", "cc"},
		{"日本語: x", "x"},
		{"日本語: x", "本"},
		{"e\u0301: x", "x"},
		{"\x1b[31mred: x", "x"},
		{"👩‍🚀: x", "x"},
		{"\ufeffkey: x", "key"},
	} {
		f := source.NewFile("f", []byte(tt.line+"\nnext\n"))
		text, from, to := marked(span(t, f, tt.part), 100)
		if got := ansi.Cut(text, from, to); got != tt.part {
			t.Errorf("%q: the marks cover %q in %q, want %q", tt.line, got, text, tt.part)
		}
	}
}

// Even where it is cut, the line fits and the beginning of the span is in sight.
func TestLongLines(t *testing.T) {
	for _, at := range []int{0, 10, 70, 500, 100_000, 399_990} {
		text := []byte(strings.Repeat("é", 200_000))
		text[at/2*2], text[at/2*2+1] = 'X', 'Y'
		f := source.NewFile("f", text)
		line, from, to := marked(source.Span{File: f, Start: at / 2 * 2, End: len(text)}, 80)
		if w := ansi.StringWidth(line); w > 80 || to > 80 {
			t.Errorf("at %d: width %d, marks to %d, want at most 80", at, w, to)
		}
		if got := ansi.Cut(line, from, from+2); got != "XY" {
			t.Errorf("at %d: the marks begin at %q in %q", at, got, line)
		}
	}
}

func TestColourArrivesAsFunctions(t *testing.T) {
	tag := func(name string) Paint { return func(s string) string { return "<" + name + ">" + s + "</>" } }
	var out bytes.Buffer
	r := report(t)
	r.Findings = r.Findings[1:2]
	if err := Write(&out, Text, r, TextOptions{Error: tag("e"), Place: tag("p"), Hint: tag("h"), Gutter: tag("g"), Message: tag("m")}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<p>dir/pipe line.yaml:3:21</>", "<e>error[C410]</>", "<e>^^^^^</>", "<h>hint</>", "<m>unknown"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in\n%s", want, out.String())
		}
	}
}

func TestMax(t *testing.T) {
	var out bytes.Buffer
	if err := Write(&out, Text, report(t), TextOptions{Max: 2}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"… and 5 more", "4 errors, 2 warnings, 1 note"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

func TestMachineFormatsParse(t *testing.T) {
	var doc Document
	var out bytes.Buffer
	if err := Write(&out, JSON, report(t), TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil || doc.Summary.Errors != 4 || len(doc.Findings) != 7 {
		t.Errorf("JSON: %v, %+v", err, doc.Summary)
	}
	out.Reset()
	if err := Write(&out, JUnit, report(t), TextOptions{}); err != nil {
		t.Fatal(err)
	}
	var suites junitSuites
	if err := xml.Unmarshal(out.Bytes(), &suites); err != nil || suites.Failures != 4 || suites.Tests != 8 {
		t.Errorf("JUnit: %v, %d failures of %d", err, suites.Failures, suites.Tests)
	}
}

// A message cannot smuggle a command of its own into GitHub's log.
func TestGitHubIsOneCommandALine(t *testing.T) {
	f := source.NewFile("a,b:c%.yaml", []byte("x"))
	var out bytes.Buffer
	err := Write(&out, GitHub, Report{Findings: []diag.Diagnostic{{
		Code: "C1", Severity: diag.Error, Message: "one\n::set-output name=x::y", Span: source.Span{File: f, End: 1}, Hint: "two\r\n::error::z",
	}}}, TextOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines, want 1:\n%s", n, out.String())
	}
	if !strings.HasPrefix(out.String(), "::error file=a%2Cb%3Ac%25.yaml,line=1,") {
		t.Errorf("got %s", out.String())
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[2J", "a\x00b", "\x9b31m", "\u202eabc", "\xff\xfe", "tab\there", "👩‍🚀", "\u0085", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) {
			t.Fatalf("%q: not UTF-8", got)
		}
		if Clean(got) != got {
			t.Fatalf("%q: cleaning twice gives %q", got, Clean(got))
		}
		for _, r := range got {
			if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				t.Fatalf("%q holds %U", got, r)
			}
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add([]byte("a: b\n\tc"), 2, 5)
	f.Fuzz(func(t *testing.T, text []byte, start, end int) {
		file := source.NewFile("f", text)
		r := Report{Findings: []diag.Diagnostic{{Code: "X1", Severity: diag.Error, Message: "m", Span: source.Span{File: file, Start: start, End: end}}}}
		var out bytes.Buffer
		if err := Write(&out, Text, r, TextOptions{Width: 60}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\x00\r\x07") {
			t.Fatalf("control characters in %q", out.String())
		}
	})
}
