package kfpwrite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/kfpwrite"
)

// FuzzKFP: whatever is read from KFP without an error is, after one print that
// puts it into the printer's order, the same pipeline each time it is printed
// and read again.
func FuzzKFP(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join("..", "kfpspec", "testdata", "*", "*.*"))
	for _, path := range files {
		if text, err := os.ReadFile(path); err == nil {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 20_000 {
			return
		}
		p, _ := read("t", append([]byte(nil), text...))
		if p == nil || p.Root == nil {
			return
		}
		var l diag.List
		check.Pipeline(p, l.Report)
		if l.Errors() || ir.Verify(p) != nil {
			return
		}
		out := kfpwrite.Write(p, kfpwrite.Options{}, l.Report)
		if out == nil {
			return
		}
		q, ds := read("printed", out)
		if q == nil {
			t.Fatalf("%s\n%s", words(ds), out)
		}
		again := kfpwrite.Write(q, kfpwrite.Options{}, l.Report)
		r, ds := read("again", again)
		if r == nil {
			t.Fatalf("%s\n%s", words(ds), again)
		}
		if ir.Dump(q) != ir.Dump(r) {
			t.Fatalf("another pipeline:\n%s\n---\n%s", out, again)
		}
	})
}
