package yamltext_test

import (
	"bytes"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
	"github.com/kfp-go/kfp-go/compiler/yamltext"
)

// texts are what some YAML reader or other takes for something else.
var texts = []string{
	"", "a", " a", "a ", "a b", "a: b", "a:", ":a", "a #b", "#a", "- a", "-", "--", "---", "--- a", "...", "?", "? a", "!a", "&a", "*a", "%a", "@a", "`a", "|", ">", "[a]", "{a}", "a, b",
	"y", "No", "on", "OFF", "true", "null", "~", "=", "<<", "1", "1.0", "0o7", "012", "0x1", "1e3", "1_000", ".5", "+1", "-1", "-.inf", ".nan", "1:30", "190:20:30", "2024-01-01", "500m", "4Gi", "10s",
	"it's", `say "it"`, `it's "it"`, `back\slash`, "tab\there", "line\nline", "line\n", "line\n\n", "\nline", "  line\nline", "line\r\nline", "\n", "\x00", "\x1b[0m", "\u2028", "\ufeff", "é", "日本", "\U0001F600", "line\n  more\n\tmore\n", "a\n b: |\n", "{{$}}", "${{ x }}", "key: |",
}

func TestRoundTrip(t *testing.T) {
	for _, s := range texts {
		var b bytes.Buffer
		b.WriteString("top:\n  - ")
		yamltext.Text(&b, s, 4)
		b.WriteString("  - ")
		yamltext.Key(&b, s)
		b.WriteString(": ")
		yamltext.Text(&b, s, 6)
		f := source.NewFile("t", b.Bytes())
		var l diag.List
		docs := tree.Parse(f, l.Report)
		if l.Errors() || len(docs) != 1 {
			t.Errorf("%q: %v in\n%s", s, l.Sorted(), b.String())
			continue
		}
		items := docs[0].Get("top").Items
		if got := items[0].Scalar; got != s {
			t.Errorf("%q reads as %q from\n%s", s, got, b.String())
		}
		if k := items[1].Fields[0]; k.Key.Scalar != s || k.Value.Scalar != s {
			t.Errorf("%q reads as %q: %q from\n%s", s, k.Key.Scalar, k.Value.Scalar, b.String())
		}
	}
}

// TestQuoted: what a reader of YAML 1.1 resolves to anything else stands in
// quotes.
func TestQuoted(t *testing.T) {
	for _, s := range []string{"y", "No", "on", "OFF", "true", "null", "~", "=", "<<", "1", "1.0", "0o7", "012", "0x1", "1e3", "1_000", ".5", "+1", "-1", "-.inf", ".nan", "1:30", "190:20:30", "2024-01-01"} {
		var b bytes.Buffer
		yamltext.Text(&b, s, 0)
		if c := b.String()[0]; c != '\'' && c != '"' {
			t.Errorf("%q stands without quotes", s)
		}
	}
}
