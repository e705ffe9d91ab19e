package tree_test

import (
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

func FuzzTree(f *testing.F) {
	for _, s := range []string{
		"a: 1\nb: [x, {y: z}]\n", "a: &x |\n  t\nb: *x\n<<: {c: 1}\n", `{"a": [1, "\u00e4"], "b": null}`,
		"a: >-\n  x\n\n  y\n---\n- 'p''q'\n- \"r\\\n  s\"\n", "\ufeffa: 1\r\nb: 2\r\n", "? a\n: b\n", "!!str a: !!int 5\n", "a: |2+\n   x\n\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 20_000 {
			return
		}
		file := source.NewFile("t", append([]byte(nil), text...))
		var l diag.List
		docs := tree.Parse(file, l.Report)
		if len(docs) == 0 && l.Len() == 0 {
			t.Fatal("nothing, and no finding")
		}
		for _, d := range l.Sorted() {
			if d.Message == "" || d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(text) {
				t.Fatalf("%+v in %d bytes", d, len(text))
			}
		}
		if l.Errors() {
			return
		}
		for _, n := range docs {
			check(t, n, file)
		}
	})
}
