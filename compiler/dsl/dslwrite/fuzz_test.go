package dslwrite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl/dslwrite"
)

// FuzzWrite: whatever has no errors is printed so that it is read again as the
// same, and printed again as the same bytes, or reported.
func FuzzWrite(f *testing.F) {
	for _, pattern := range [...]string{"testdata/*.yaml", "../testdata/ok/*.yaml", "../../kfpspec/testdata/ir/*.yaml", "../../argo/testdata/*.yaml"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			if text, err := os.ReadFile(name); err == nil {
				f.Add(text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, _ := parse("fuzz.yaml", text)
		if p == nil {
			return
		}
		var list diag.List
		out := dslwrite.Write(p, list.Report)
		if list.Len() > 0 {
			return
		}
		again, ds := parse("printed.yaml", out)
		if again == nil {
			t.Fatalf("%s\n%s", show(ds), out)
		}
		if a, b := normal(p), normal(again); a != b {
			t.Fatalf("it means something else:\n%s\nin\n%s", difference(a, b), out)
		}
		if twice := dslwrite.Write(again, list.Report); !bytes.Equal(out, twice) {
			t.Fatalf("printed again it differs:\n%s", difference(string(out), string(twice)))
		}
	})
}
