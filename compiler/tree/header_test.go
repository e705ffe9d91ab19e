package tree

import (
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// TestHeader reads files whose first comment is broken by what the SDK writes
// into it; everything behind it keeps its place.
func TestHeader(t *testing.T) {
	const body = "components:\n  a: 1\nroot: {}\n"
	for name, head := range map[string]string{
		"several lines": "# PIPELINE DEFINITION\n# Name: p\n# Inputs:\n#    q: str [Default: 'select *\nfrom t: [\n']\n",
		"separators":    "# PIPELINE DEFINITION\n#    q: str [Default: 'a\u2028b: c\u0085d']\n",
		"control":       "# PIPELINE DEFINITION\n#    q: str [Default: 'a\x01b']\n",
		"none":          "",
		"comment":       "# PIPELINE DEFINITION\n# Name: p\n",
	} {
		t.Run(name, func(t *testing.T) {
			var l diag.List
			docs := Parse(source.NewFile("p.yaml", []byte(head+body)), l.Report)
			if l.Len() > 0 || len(docs) != 1 {
				t.Fatalf("%d documents, %v", len(docs), l.Sorted())
			}
			root := docs[0].Get("root")
			if at := len(head) + len("components:\n  a: 1\nroot: "); root == nil || root.Start != at || docs[0].Get("components").Get("a").Scalar != "1" {
				t.Errorf("%+v, want it at %d", root, at)
			}
		})
	}
	for name, text := range map[string]string{
		"other comment": "# Name: p\nfrom t: [\n" + body,
		"no document":   "# PIPELINE DEFINITION\nfrom t: [\n",
		"control":       "# PIPELINE DEFINITION\ncomponents: \x01\n",
	} {
		t.Run(name, func(t *testing.T) {
			var l diag.List
			Parse(source.NewFile("p.yaml", []byte(text)), l.Report)
			if l.Len() == 0 {
				t.Error("no finding")
			}
		})
	}
}
