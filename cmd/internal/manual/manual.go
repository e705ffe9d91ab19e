// Package manual is the manual of every code that kfp-go can report:
// docs/diagnostics.md is made from it, and its tests see to it that no code is
// without a page.
package manual

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/backend/argo/verify"
	"github.com/kfp-go/kfp-go/cmd/internal/python"
	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/diag"
)

// Codes is the manual of every code there is, in order.
func Codes() []diag.CodeInfo {
	out := slices.Concat(compiler.Catalogue(), verify.Codes, python.Codes)
	slices.SortStableFunc(out, func(a, b diag.CodeInfo) int { return strings.Compare(string(a.Code), string(b.Code)) })
	return out
}

// chapters of docs/diagnostics.md, by the first letter of the codes.
var chapters = []struct{ letter, title, intro string }{
	{"S", "Reading files", "Syntax and size: found before anything is known about pipelines."},
	{"D", "kfp-go's own language", ""},
	{"K", "KFP's format", ""},
	{"E", "Expressions", ""},
	{"C", "Checks", "What the pipeline means, whatever it was written in. They cannot be switched off."},
	{"L", "Lint", "Advice. Each rule can be switched off or given another weight under `lint:` in kfp-go.yaml."},
	{"A", "Argo", "What Argo Workflows cannot express, or refuses."},
	{"R", "Arguments of a run", ""},
	{"P", "Python files", "What KFP's SDK, or Python, says of a file that it compiles."},
}

// Diagnostics is docs/diagnostics.md.
func Diagnostics(codes []diag.CodeInfo) []byte {
	var b bytes.Buffer
	b.WriteString("# Diagnostics\n\nEvery finding has a code that keeps its meaning for ever. This page is generated from the code; `make docs` writes it\nagain.\n")
	for _, c := range chapters {
		fmt.Fprintf(&b, "\n## %s\n", c.title)
		if c.intro != "" {
			fmt.Fprintf(&b, "\n%s\n", c.intro)
		}
		for _, info := range codes {
			if strings.HasPrefix(string(info.Code), c.letter) {
				fmt.Fprintf(&b, "\n### %s: %s\n\n%s\n", info.Code, strings.ToUpper(info.Title[:1])+info.Title[1:], strings.TrimSpace(info.Doc))
			}
		}
	}
	return b.Bytes()
}
