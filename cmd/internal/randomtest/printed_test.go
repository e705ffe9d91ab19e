package randomtest

import (
	"context"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl/dslwrite"
)

// What `compile --to dsl` prints of a pipeline runs on this machine as the model
// says that the pipeline itself does.
func TestPrintedAsDSL(t *testing.T) {
	eachHere(t, setting(t, "printed", 40), printedRuns)
}

// printedRuns says what is wrong with a run of the printed pipeline, "" if
// nothing.
func printedRuns(t testing.TB, s sample) string {
	text, wrong := printed(t.Context(), s)
	if wrong != "" {
		return wrong
	}
	other := *s.Pipeline
	other.Text = text
	return runsHere(t, sample{&other, s.opt})
}

func printed(ctx context.Context, s sample) (text []byte, wrong string) {
	res, _, wrong := compile(ctx, s)
	if wrong != "" {
		return nil, wrong
	}
	var list diag.List
	text = dslwrite.Write(res.Pipeline, list.Report)
	if list.Len() > 0 {
		return nil, list.Sorted()[0].Message
	}
	return text, ""
}
