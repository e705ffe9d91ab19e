package compiler_test

import (
	"regexp"
	"testing"

	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/corpustest"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl/dslwrite"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

var digest = regexp.MustCompile(`(?m)^ *kfp-go/digest: .*$`)

// TestManifestOfDSL: a pipeline of KFP's and the document that it is printed as
// compile to the same manifest. Where the two may differ in names (groups, alike
// components, whose templates become one) the number of pods is the same.
func TestManifestOfDSL(t *testing.T) {
	equal, all := 0, 0
	for _, f := range corpustest.Files(t) {
		first, err := compiler.Compile(t.Context(), source.NewFile("p.yaml", f.Text(t)), compiler.Options{Open: true})
		if err != nil {
			t.Fatal(err)
		}
		if first.Manifest == nil {
			continue // TestCorpus says why
		}
		all++
		var found diag.List
		printed := dslwrite.Write(first.Pipeline, found.Report)
		second, err := compiler.Compile(t.Context(), source.NewFile("p.yaml", printed), compiler.Options{Open: true})
		switch {
		case err != nil:
			t.Fatal(err)
		case second.Manifest == nil || found.Len() > 0:
			t.Errorf("%s:\n%s%s", f.Name, lines(found.Sorted()), lines(second.Diagnostics))
		case second.Manifest.Pods != first.Manifest.Pods:
			t.Errorf("%s: %d pods, were %d", f.Name, second.Manifest.Pods, first.Manifest.Pods)
		case digest.ReplaceAllString(string(first.Manifest.YAML), "") == digest.ReplaceAllString(string(second.Manifest.YAML), ""):
			equal++
		case plainNames(first.Pipeline, second.Pipeline):
			t.Errorf("%s: the manifests differ", f.Name)
		}
	}
	t.Logf("%d of %d manifests are equal but for the digest", equal, all)
	if equal*2 < all {
		t.Error("that is less than half of them")
	}
}

// plainNames reports whether no name may differ: tasks stand in one DAG, every
// component is still one of its own and given nothing else than it declares, and
// outputs come in the order in which they are declared.
func plainNames(first, second *ir.Pipeline) bool {
	for _, c := range first.Components {
		if c.DAG() != nil {
			return false
		}
	}
	declared := true
	first.Walk(func(_ *ir.Component, t *ir.Task) {
		for _, b := range t.Args {
			declared = declared && t.Component.Input(b.Name.Text) != nil
		}
	})
	if !declared { // the order of what a task waits for follows from its arguments
		return false
	}
	for i, o := range first.Root.DAG().Outputs {
		if first.Root.Outputs[i].Name.Text != o.Name.Text {
			return false
		}
	}
	return len(first.Components) == len(second.Components)
}
