package tree_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

func parse(name, text string) ([]*tree.Node, []diag.Diagnostic, *source.File) {
	f := source.NewFile(name, []byte(text))
	var l diag.List
	docs := tree.Parse(f, l.Report)
	return docs, l.Sorted(), f
}

// show prints a node with the source text of each span.
func show(b *strings.Builder, n *tree.Node, indent string) {
	if n == nil {
		b.WriteString(indent + "nil\n")
		return
	}
	kind := [...]string{"?", "plain", "text", "seq", "map"}[n.Kind]
	fmt.Fprintf(b, "%s%s %q", indent, kind, n.Span().Text())
	if n.Kind == tree.Plain || n.Kind == tree.Text {
		fmt.Fprintf(b, " = %q", n.Scalar)
	}
	b.WriteByte('\n')
	for _, item := range n.Items {
		show(b, item, indent+"  ")
	}
	for _, f := range n.Fields {
		fmt.Fprintf(b, "%s  key %q\n", indent, f.Key.Span().Text())
		show(b, f.Value, indent+"    ")
	}
}

// check holds what is true of every tree: spans inside the file and inside
// their parents, fragments that give the text and lead into the file.
func check(t *testing.T, n *tree.Node, f *source.File) {
	t.Helper()
	size := len(f.Text())
	var walk func(n *tree.Node, depth int)
	walk = func(n *tree.Node, depth int) {
		if n == nil {
			t.Fatal("nil node")
		}
		if depth > 102 {
			t.Fatal("too deep")
		}
		if n.Start < 0 || n.End < n.Start || n.End > size {
			t.Fatalf("span %d..%d of %d", n.Start, n.End, size)
		}
		if n.Kind == tree.Plain || n.Kind == tree.Text {
			fr := n.Fragment()
			if fr.Text != n.Scalar {
				t.Fatalf("fragment %q of %q", fr.Text, n.Scalar)
			}
			last := n.Start
			for i := range fr.Text {
				s := fr.Span(i, i+1)
				if s.Start < last || s.End > max(n.End, size) || s.End < s.Start {
					t.Fatalf("byte %d of %q (%q) leads to %d..%d, last %d", i, fr.Text, n.Span().Text(), s.Start, s.End, last)
				}
				last = s.Start
			}
		}
		for _, item := range n.Items {
			walk(item, depth+1)
		}
		seen := map[string]bool{}
		for _, fd := range n.Fields {
			if seen[fd.Key.Scalar] {
				t.Fatalf("key %q twice", fd.Key.Scalar)
			}
			seen[fd.Key.Scalar] = true
			walk(fd.Key, depth+1)
			walk(fd.Value, depth+1)
		}
	}
	walk(n, 0)
}

func TestNodes(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "a: b c  # no\n", `map "a: b c"
  key "a"
    plain "b c" = "b c"
`},
		{"quotes", "a: 'it''s'\n\"b\\n\": \"x\\ty\"\n", `map "a: 'it''s'\n\"b\\n\": \"x\\ty\""
  key "a"
    text "'it''s'" = "it's"
  key "\"b\\n\""
    text "\"x\\ty\"" = "x\ty"
`},
		{"long plain", "a: one\n  two\n\n  three\nb: 1\n", `map "a: one\n  two\n\n  three\nb: 1"
  key "a"
    plain "one\n  two\n\n  three" = "one two\nthree"
  key "b"
    plain "1" = "1"
`},
		{"blocks", "a: |\n  x\n   y\n\nb: >-\n  one\n  two\n\n  three\nc: |+\n  z\n\n", `map "a: |\n  x\n   y\n\nb: >-\n  one\n  two\n\n  three\nc: |+\n  z"
  key "a"
    text "|\n  x\n   y" = "x\n y\n"
  key "b"
    text ">-\n  one\n  two\n\n  three" = "one two\nthree"
  key "c"
    text "|+\n  z" = "z\n\n"
`},
		{"sequences", "a:\n- 1\n- b: 2\n  c: 3\nd: [x, {y: z}, ]\n", `map "a:\n- 1\n- b: 2\n  c: 3\nd: [x, {y: z}, ]"
  key "a"
    seq "- 1\n- b: 2\n  c: 3"
      plain "1" = "1"
      map "b: 2\n  c: 3"
        key "b"
          plain "2" = "2"
        key "c"
          plain "3" = "3"
  key "d"
    seq "[x, {y: z}, ]"
      plain "x" = "x"
      map "{y: z}"
        key "y"
          plain "z" = "z"
`},
		{"empty values", "a:\nb: {}\nc: []\n", `map "a:\nb: {}\nc: []"
  key "a"
    plain "" = ""
  key "b"
    map "{}"
  key "c"
    seq "[]"
`},
		{"aliases", "a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n  d: 2\n", `map "a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n  d: 2"
  key "a"
    map "{k: 1}"
      key "k"
        plain "1" = "1"
  key "b"
    map "{k: 1}"
      key "k"
        plain "1" = "1"
  key "c"
    map "<<: *x\n  d: 2"
      key "d"
        plain "2" = "2"
      key "k"
        plain "1" = "1"
`},
		{"tags", "a: !!str 5\nb: !!int \"6\"\n", `map "a: !!str 5\nb: !!int \"6\""
  key "a"
    text "5" = "5"
  key "b"
    plain "\"6\"" = "6"
`},
		{"bom, crlf, wide", "\ufeffä: 日本\r\nb: |\r\n  x\r\n  y\r\n", `map "ä: 日本\r\nb: |\r\n  x\r\n  y"
  key "ä"
    plain "日本" = "日本"
  key "b"
    text "|\r\n  x\r\n  y" = "x\ny\n"
`},
		{"json", ` {"a": [1, -2.5e3, true, null, "x\ud83d\ude00\/"], "b": {}}`, `map "{\"a\": [1, -2.5e3, true, null, \"x\\ud83d\\ude00\\/\"], \"b\": {}}"
  key "\"a\""
    seq "[1, -2.5e3, true, null, \"x\\ud83d\\ude00\\/\"]"
      plain "1" = "1"
      plain "-2.5e3" = "-2.5e3"
      plain "true" = "true"
      plain "null" = "null"
      text "\"x\\ud83d\\ude00\\/\"" = "x😀/"
  key "\"b\""
    map "{}"
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs, ds, f := parse("t.yaml", c.in)
			if len(ds) > 0 || len(docs) != 1 {
				t.Fatalf("%d documents, %v", len(docs), ds)
			}
			var b strings.Builder
			show(&b, docs[0], "")
			if b.String() != c.want {
				t.Errorf("got\n%swant\n%s", b.String(), c.want)
			}
			check(t, docs[0], f)
		})
	}
}

func TestFragment(t *testing.T) {
	for _, in := range []string{
		"a: one X\n", "a: one\n  two X\n", "a: 'it''s X'\n", "a: \"\\t\\u00e4 X\"\n", "a: \"one\n  two\\\n  three X\"\n",
		"a: |\n  one\n  X\n", "a: >\n  one\n  two\n\n   three\n  X\n", "a: |2-\n   one\n   X\n", `{"a": "\ud83d\ude00\n X"}`,
	} {
		docs, ds, f := parse("t.yaml", in)
		if len(docs) != 1 || len(ds) > 0 {
			t.Fatalf("%q: %v", in, ds)
		}
		fr := docs[0].Fields[0].Value.Fragment()
		i := strings.IndexByte(fr.Text, 'X')
		if s := fr.Span(i, i+1); s.Text() != "X" {
			t.Errorf("%q: X of %q leads to %q", in, fr.Text, s.Text())
		}
		check(t, docs[0], f)
	}
}

func TestDocuments(t *testing.T) {
	docs, ds, _ := parse("t.yaml", "# one\na: 1\n---\nb: 2\n---\n")
	if len(docs) != 2 || len(ds) > 0 || docs[1].Get("b").Scalar != "2" {
		t.Errorf("%d documents, %v", len(docs), ds)
	}
}

func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [", i, i)
		for range 10 {
			fmt.Fprintf(&b, "*a%d, ", i-1)
		}
		b.WriteString("]\n")
	}
	return b.String()
}

func TestFindings(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", `S002 t:1:1 the file is empty`},
		{"blank", " \n\n", `S002 t:1:1 the file is empty`},
		{"comments", "# nothing\n---\n", `S002 t:1:1 the file is empty`},
		{"binary", "a: \x00\x01", `S003 t:1:4 the file is binary, not text`},
		{"control", "a: \x07", `S003 t:1:4 control character 0x07 in the text`},
		{"no character", "a: x\ufffe", `S003 t:1:5 control character U+FFFE in the text`},
		{"latin1", "ok: 1\na: b\xe4", `S004 t:2:5 byte 0xe4 is not valid UTF-8`},
		{"utf16", "\xff\xfea\x00", `S004 t:1:1 the file is encoded as UTF-16, not UTF-8`},
		{"big", strings.Repeat("a", 40<<20), `S001 t:1:1 the file has 40 MiB; the limit is 32 MiB`},
		{"big scalar", "a: " + strings.Repeat("a", 5<<20), `S001 t:1:4 a text of 5 MiB; the limit for one text is 4 MiB`},
		{"deep", strings.Repeat("[", 200_000), `S006 t:1:101 nested more than 100 levels deep`},
		{"deep block", strings.Repeat("- ", 200_000), `S006 t:1:201 nested more than 100 levels deep`},
		{"deep json", strings.Repeat(`{"a":`, 200_000), `S006 t:1:501 nested more than 100 levels deep`},
		{"bomb", bomb(), `S008 t:6:45 the document grows beyond 1000000 values when its aliases are expanded`},
		{"self", "a: &x [*x]\n", `S008 t:1:8 the alias "x" stands inside its own anchor`},
		{"duplicate", "a: 1\nb: 2\na: 3\n", `S007 t:3:1 the key "a" appears twice (first here t:1:1)`},
		{"duplicate json", `{"a": 1, "a": 2}`, `S007 t:1:10 the key "a" appears twice (first here t:1:2)`},
		{"tab", "a:\n\tb: 1\n", `S005 t:2:1 not valid YAML: a tab in the indentation`},
		{"quote", "a: 1\nb: 'x\nc: 1\n", `S005 t:2:4 not valid YAML: a quoted text is not closed`},
		{"bracket", "a: [1, 2\nb: 3\n", `S005 t:2:2 not valid YAML: a list in brackets is not closed (a flow sequence begins here t:1:4)`},
		{"brace", "a: {b: 1\n", `S005 t:2:1 not valid YAML: a mapping in braces is not closed (a flow mapping begins here t:1:4)`},
		{"colon", "a: b: c\n", `S005 t:1:5 not valid YAML: a key is not expected here`},
		{"indent", "a: 1\n  b: 2\n", `S005 t:2:4 not valid YAML: a key is not expected here`},
		{"no colon", "a: 1\nb\nc: 2\n", `S005 t:3:1 not valid YAML: a line is neither a key nor part of a text (a simple key begins here t:2:1)`},
		{"escape", `a: "\q"`, `S005 t:1:5 not valid YAML: no such escape in a text in double quotes (a quoted scalar begins here t:1:4)`},
		{"at", "a: @x\n", `S005 t:1:4 not valid YAML: a text cannot begin with this character without quotes`},
		{"alias", "a: *foo\n", `S005 t:1:4 not valid YAML: an alias of an anchor that is not defined above`},
		{"key", "? [a]\n: b\n", `S009 t:1:3 a key must be a text, not a list or a mapping`},
		{"tag", "a: !Foo x\n", `S010 t:1:4 the YAML tag "!Foo" is not supported`},
		{"merge", "<<: 5\n", `S011 t:1:5 what is merged with << must be a mapping`},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin := time.Now()
			f := source.NewFile("t", []byte(c.in))
			var l diag.List
			tree.Parse(f, l.Report)
			if took := time.Since(begin); took > 5*time.Second { // on a busy machine; alone each takes well under one
				t.Errorf("took %v", took)
			}
			var b strings.Builder
			for _, d := range l.Sorted() {
				fmt.Fprintf(&b, "%s %s %s", d.Code, d.Span, d.Message)
				for _, r := range d.Related {
					fmt.Fprintf(&b, " (%s %s)", r.Message, r.Span)
				}
				b.WriteByte('\n')
			}
			if b.String() != c.want+"\n" {
				t.Errorf("got\n%swant\n%s\n", b.String(), c.want)
			}
		})
	}
}

func TestJSONFile(t *testing.T) {
	_, ds, _ := parse("t.json", "{\"a\": \"x\n}")
	if len(ds) != 1 || ds[0].Span.String() != "t.json:1:9" {
		t.Errorf("%v", ds)
	}
}

func TestCodes(t *testing.T) {
	for _, c := range tree.Codes {
		if c.Title == "" || !strings.Contains(c.Doc, "```yaml") {
			t.Errorf("%s: title or example is missing", c.Code)
		}
	}
}
