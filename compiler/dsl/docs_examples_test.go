package dsl_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
)

// TestReferenceExamples compiles every pipeline of the reference.
func TestReferenceExamples(t *testing.T) {
	t.Parallel()
	blocks := strings.Split(read(t, "../../docs/dsl.md"), "```yaml\n")[1:]
	count := 0
	for i, b := range blocks {
		text, _, _ := strings.Cut(b, "```")
		if !strings.HasPrefix(text, "pipeline:") {
			continue
		}
		count++
		p, ds := parse(fmt.Sprintf("example%d.yaml", i), text)
		var list diag.List
		check.Pipeline(p, list.Report)
		if ds = append(ds, list.Sorted()...); len(ds) > 0 {
			t.Errorf("%s\n%s", show(ds), text)
		}
	}
	if count < 4 {
		t.Errorf("only %d pipelines", count)
	}
}
