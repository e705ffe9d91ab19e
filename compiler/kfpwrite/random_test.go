package kfpwrite_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/pipelinegen"
)

// lines are those of the dump in any order: these files are not in the SDK's.
func lines(p *ir.Pipeline) []string {
	out := strings.Split(ir.Dump(p), "\n")
	slices.Sort(out)
	return out
}

// TestRandom: random pipelines are printed soundly, or refused with a reason
// where they are in our own language. Those of KFP's are the same afterwards.
func TestRandom(t *testing.T) {
	dir := t.TempDir()
	refused := 0
	for seed := range uint64(150) {
		for _, dialect := range []pipelinegen.Dialect{pipelinegen.DSL, pipelinegen.KFP} {
			g := pipelinegen.New(pipelinegen.Options{Dialect: dialect, Seed: seed})
			path := filepath.Join(dir, "p.yaml")
			if err := os.WriteFile(path, g.Text, 0o600); err != nil {
				t.Fatal(err)
			}
			p := parse(t, path)
			if p == nil {
				t.Fatalf("%s %d has errors", dialect, seed)
			}
			out, ds := printed(t, p)
			if t.Failed() {
				t.Fatalf("%s %d:\n%s", dialect, seed, g.Text)
			}
			if out == nil && dialect == pipelinegen.KFP {
				t.Errorf("%s %d: %s", dialect, seed, words(ds))
			}
			if out == nil {
				refused++
				continue
			}
			if q, _ := read("printed", out); dialect == pipelinegen.KFP {
				if d := cmp.Diff(lines(p), lines(q)); d != "" {
					t.Fatalf("%s %d: another pipeline: %s\n%s", dialect, seed, d, g.Text)
				}
			}
		}
	}
	t.Logf("%d refused", refused)
}
