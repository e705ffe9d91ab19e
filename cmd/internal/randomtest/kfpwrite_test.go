package randomtest

import (
	"reflect"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/kfpwrite"
	"github.com/kfp-go/kfp-go/compiler/pipelinegen"
)

// A pipeline that was printed for KFP ends as the model says of what was printed:
// state and outputs, and for one of KFP's own the tasks too.
func TestPrintedForKFP(t *testing.T) {
	t.Parallel()
	ran := 0
	for i := range setting(t, "tokfp", 60) {
		s := draw(t, i, pipelinegen.Options{MaxPods: 10, Size: 6})
		res, _, wrong := compile(t.Context(), s)
		if wrong != "" {
			t.Fatalf("%s: %s", s, wrong)
		}
		out := kfpwrite.Write(res.Pipeline, kfpwrite.Options{}, func(diag.Diagnostic) {})
		if out == nil { // the expressions of our own language are more than KFP has
			continue
		}
		ran++
		made := *s.Pipeline
		made.Text = out
		again := sample{&made, s.opt}
		r, err := here(t, again)
		if err != nil {
			t.Fatalf("%s: %v\n%s", s, err, keep(t, again))
		}
		got := seen(r)
		if s.opt.Dialect == pipelinegen.KFP {
			if wrong := differs(s, got); wrong != "" {
				t.Errorf("%s: %s\n%s", s, wrong, keep(t, again))
			}
			continue
		}
		state := "succeeded"
		if s.Want.Failed {
			state = "failed"
		}
		if got.state != state || state == "succeeded" && !reflect.DeepEqual(got.outputs, numbers(s.Want.Outputs)) {
			t.Errorf("%s: %s with %v, want %s with %v\n%s\n%s", s, got.state, got.outputs, state, s.Want.Outputs, got.message, keep(t, again))
		}
	}
	t.Logf("%d ran", ran)
}
