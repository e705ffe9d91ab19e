package check_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/corpustest"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/lint/linttest"
	"github.com/kfp-go/kfp-go/compiler/source"
)

var block = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestManual: the example of each page triggers what the page is about, first
// of all, unless a front end says the same in its own words.
func TestManual(t *testing.T) {
	elsewhere := map[diag.Code]bool{ // said by a front end before the checks see it
		"C401": true, "C402": true, "C403": true, "C404": true, "C405": true, "C406": true,
		"C412": true, "C421": true, "C430": true, "C448": true,
	}
	for _, page := range check.Codes {
		m := block.FindStringSubmatch(page.Doc)
		if m == nil {
			t.Errorf("%s has no example", page.Code)
			continue
		}
		if !strings.HasPrefix(m[1], "pipeline:") {
			continue
		}
		got := linttest.Findings(t.Context(), source.NewFile("example.yaml", []byte(m[1])), nil)
		switch {
		case len(got) == 0:
			t.Errorf("%s: the example triggers nothing", page.Code)
		case got[0].Code != page.Code && !elsewhere[page.Code]:
			t.Errorf("%s: the example triggers %s first: %s", page.Code, got[0].Code, got[0].Message)
		}
	}
}

func TestFiles(t *testing.T) { linttest.Run(t, "testdata", nil) }

// TestCorpus: what KFP's own compiler wrote passes the checks.
func TestCorpus(t *testing.T) {
	for _, f := range corpustest.Files(t) {
		for _, d := range linttest.Findings(t.Context(), source.NewFile(f.Name, f.Text(t)), nil) {
			if d.Severity == diag.Error && d.Code[0] == 'C' {
				t.Errorf("%s: %s %s", d.Span, d.Code, d.Message)
			} else {
				t.Logf("%s: %s %s", d.Span, d.Code, d.Message)
			}
		}
	}
}
