package constructs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/constructs"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// find gives the constructs of a file by their ids, with how often they are
// found.
func find(t *testing.T, name string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return findIn(t, source.NewFile(name, text))
}

func findIn(t *testing.T, f *source.File) map[string]int {
	t.Helper()
	res, err := compiler.Compile(t.Context(), f, compiler.Options{Stop: compiler.AfterCheck, Open: true})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	if res.Pipeline == nil || res.Pipeline.Root == nil {
		return out
	}
	for _, c := range constructs.Find(res.Pipeline, tree.Parse(f, func(diag.Diagnostic) {})) {
		out[c.ID] = len(c.Places)
		for _, at := range c.Places {
			if at.File != f {
				t.Errorf("%s: %s is found at %v", f.Name(), c.ID, at)
			}
		}
	}
	return out
}

// nowhere are the rows that say something of all runs, or of what is refused
// before there is a pipeline.
var nowhere = []string{"failure"}

// TestEveryRowIsFound: each row is found in one of the files at hand.
func TestEveryRowIsFound(t *testing.T) {
	seen := map[string]bool{}
	for _, dir := range []string{"../kfpspec/testdata", "../argo/testdata", "testdata", "../../cmd/internal/e2e/testdata", "../../../shared/corpus/kfp"} {
		_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !slices.Contains([]string{".yaml", ".json"}, filepath.Ext(name)) || strings.HasSuffix(name, ".argo.yaml") {
				return nil
			}
			for id := range find(t, name) {
				seen[id] = true
			}
			return nil
		})
	}
	for _, c := range constructs.Catalogue() {
		for _, r := range c.Rows {
			if seen[r.ID] == slices.Contains(nowhere, r.ID) {
				t.Errorf("%s: found: %v", r.ID, seen[r.ID])
			}
		}
	}
}

// TestFind: what is found where, of a pipeline in the own language.
func TestFind(t *testing.T) {
	got := findIn(t, source.NewFile("p.yaml", []byte(`pipeline: p
inputs: {n: {type: integer, default: 1}, note: {type: string, optional: true}}
components:
  c:
    image: busybox:1
    inputs: {n: integer, s: {type: string, optional: true}}
    outputs: {o: integer, d: Dataset}
    script: "true"
tasks:
  first: {component: c, inputs: {n: "${{ inputs.n }}"}, retry: {limit: 2}}
  loop:
    for-each: [1, 2]
    as: i
    parallelism: 1
    tasks:
      inner: {component: c, inputs: {n: "${{ i }}", s: "no ${{ tasks.first.outputs.o }}"}}
    outputs: {o: "${{ tasks.inner.outputs.o }}"}
  last: {component: c, after: [first], when: "${{ inputs.n > 1 }}", inputs: {n: 3}}
finally:
  end: {component: c, inputs: {n: 1, s: "${{ status.state }}"}}
outputs: {all: "${{ tasks.loop.outputs.o }}"}
`)))
	for id, n := range map[string]int{
		"pipeline-name": 1, "run-parameters": 2, "run-outputs": 1, "container-component": 1, "shared-component": 3, "retry": 1, "loop-constant": 1,
		"parallelism": 1, "nested-loops": 0, "after": 1, "condition": 1, "exit-handler": 1, "final-status": 1, "collected": 1, "image": 1, "importer": 0, "sub-pipeline": 0,
	} {
		if got[id] != n {
			t.Errorf("%s is found %d times, want %d", id, got[id], n)
		}
	}
}
