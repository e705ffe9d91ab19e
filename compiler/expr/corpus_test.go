package expr

import (
	"math/rand"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kfp-go/kfp-go/compiler/corpustest"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// TestCorpusConditions compiles every condition of the KFP corpus and holds
// both engines together on random data, of right and of wrong types.
func TestCorpusConditions(t *testing.T) {
	found := map[string]bool{}
	for _, f := range corpustest.Files(t) {
		for _, doc := range strings.Split(string(f.Text(t)), "\n---\n") {
			var v any
			if yaml.Unmarshal([]byte(doc), &v) == nil {
				conditions(v, found)
			}
		}
	}
	if len(found) < 20 {
		t.Errorf("only %d conditions", len(found))
	}
	r := rand.New(rand.NewSource(1))
	for src := range found {
		holdTogether(t, r, src)
	}
}

func conditions(v any, found map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if s, ok := x.(string); ok && k == "condition" {
				found[s] = true
			}
			conditions(x, found)
		}
	case []any:
		for _, x := range v {
			conditions(x, found)
		}
	}
}

func holdTogether(t *testing.T, r *rand.Rand, src string) {
	t.Helper()
	var l diag.List
	p := CompileKFP(fragment(src), func(string) (ir.Type, bool) { return kind(ir.Dynamic), true }, l.Report)
	if p == nil {
		t.Errorf("%s\n%s", src, format(l.Sorted()))
		return
	}
	text, err := p.Argo(binding)
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		in := map[string]any{}
		for _, v := range p.Vars() {
			in[v.Name] = typedData(r, v.Type)
		}
		here, hereErr := p.Eval(t.Context(), getter(in))
		got, gotErr := argoEval(text, p.Vars(), in)
		want, _ := jsonText(here)
		if (hereErr == nil) != (gotErr == nil) || hereErr == nil && want != got {
			t.Fatalf("%s\n%s\n%v\nhere %s %v\nArgo %s %v", src, text, in, want, hereErr, got, gotErr)
		}
	}
}
