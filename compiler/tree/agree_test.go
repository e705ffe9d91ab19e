package tree

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/corpustest"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
	"pgregory.net/rapid"
)

// same compares two nodes, spans included.
func same(a, b *Node) error {
	if a == nil || b == nil {
		if a != b {
			return fmt.Errorf("nil against %v", b)
		}
		return nil
	}
	if a.Kind != b.Kind || a.Start != b.Start || a.End != b.End || a.Scalar != b.Scalar || len(a.Items) != len(b.Items) || len(a.Fields) != len(b.Fields) {
		return fmt.Errorf("%d %d-%d %q %d %d against %d %d-%d %q %d %d",
			a.Kind, a.Start, a.End, a.Scalar, len(a.Items), len(a.Fields), b.Kind, b.Start, b.End, b.Scalar, len(b.Items), len(b.Fields))
	}
	for i := range a.Items {
		if err := same(a.Items[i], b.Items[i]); err != nil {
			return err
		}
	}
	for i := range a.Fields {
		if err := same(a.Fields[i].Key, b.Fields[i].Key); err != nil {
			return err
		}
		if err := same(a.Fields[i].Value, b.Fields[i].Value); err != nil {
			return err
		}
	}
	return nil
}

// agree reads a text both ways. fast says whether the fast reader did not give
// up; where it did not, the library must find the same.
func agree(text string) (fast bool, err error) {
	f := source.NewFile("t", []byte(text))
	if _, bad := unreadable(f); bad {
		return false, nil
	}
	quick, ok := readFast(f, text)
	if !ok {
		return false, nil
	}
	var l diag.List
	slow := readYAML(f, text, nil, l.Report)
	var none diag.List
	quick, slow = documents(f, quick, none.Report), documents(f, slow, none.Report)
	if l.Len() > 0 {
		return true, fmt.Errorf("the library found %v", l.Sorted())
	}
	if len(quick) != len(slow) {
		return true, fmt.Errorf("%d documents against %d", len(quick), len(slow))
	}
	for i := range quick {
		if err := same(quick[i], slow[i]); err != nil {
			return true, err
		}
	}
	return true, nil
}

func TestFastAgrees(t *testing.T) {
	for _, c := range []struct {
		text string
		fast bool
	}{
		{"a: 1\nb:\n- x\n-  y: 2\n   z:\n- - p\n  - q\n", true},
		{"a:\n  b:\n    c: 'it''s'\n  d: \"x\\n\\\n    y  \n\n    z\"\n", true},
		{"a: one two\n  three\n\n  four # c\nb: x#y\nc: http://x\n", true},
		{"a: |\n  x\n\n   y\n\nb: >-\n  p\n  q\n\n  r\n   s\n  t\n\n\nc: |+\n  z\n\n", true},
		{"a: {}\nb: []\nc: {x: 1, 'y' : [2, 3,], }\nd: [\n  a,\n  b c]\n", true},
		{"# c\n---\na: 1\n---\nb:\n...\n", false},
		{"# c\n---\na: 1\n--- # d\nb:\n", true},
		{"a: &x 1\nb: *x\n", false},
		{"a: 1\na: 2\n", false},
		{"a:\n  text\nb:\n  - 'x'\n", true},
		{"- a\n- b: 1\n  c: 2\n-\n  d\n", true},
		{"a: b: c\n", false},
		{"a: -\nb: -1\nc: - x\n", false},
		{"a: |\n  x\n # c\nb: 1\n", true},
		{"a:\n    'x\n\n\n    y\n\n    '\nb: 1\n", true},
		{"'a' : 1\n\"b\\t\": 2\n? c\n", false},
		{"a: ~\nb: null\nc: !!str 5\n", false},
		{"a: ~\nb: null\n", true},
		{"a: |\n  x", true},
		{"a: >\n  x\n  ", false},
		{"  a: 1\n  b: 2\n", true},
		{"x", false},
		{"a: \"\\/\\e\\x41\\u00e4\\U0001f600\\N\\_\\L\\P\"\n", true},
		{"a: 'x\n  y'\nb: \"p\n  q\"\n", true},
		{"a: 'x\ny'\n", false},
	} {
		fast, err := agree(c.text)
		if err != nil || fast != c.fast {
			t.Errorf("%q: fast %v, %v", c.text, fast, err)
		}
	}
}

func TestFastAgreesOnCorpus(t *testing.T) {
	for _, f := range corpustest.Files(t) {
		fast, err := agree(string(f.Text(t)))
		if err != nil || !fast && filepath.Ext(f.Name) == ".yaml" {
			t.Errorf("%s: fast %v, %v", f.Name, fast, err)
		}
	}
}

// TestFastAgreesOnAnything throws pieces of YAML together.
func TestFastAgreesOnAnything(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"a", "b: ", "c:", "- ", "\n", "\n  ", "\n    ", "\n- ", "\na: ", "\n  b: ", "\n  - ", " ", "  ", "x y", "'", "\"", "''", "\\n", "\\", "\\\n",
		"|", ">", "|-", ">+", "# c", " # c", "{", "}", "[", "]", ", ", ",", ": ", ":", "~", "1.5", "-", "---\n", "\n---\n", "<<: ", "ä", "\t", "?", "&a ", "*a", "!", "%", "@", "é: ", "#", "\n\n", "\n\n  z", "0",
		"k: |\n  x\n  y\n", "k: >\n  x\n\n  y\n", "k: 'x\n  y'\n", "k: \"x\n  y\"\n",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 1, 25).Draw(t, "pieces"), "")
		if _, err := agree(text); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

func FuzzFast(f *testing.F) {
	f.Add("a: 1\nb:\n- 'x'\n- |\n  y\n")
	f.Add("k: {a: [b, 'c'], d: \"e\\n\"}\n---\n- x\n  y\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 10_000 {
			return
		}
		if _, err := agree(text); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
