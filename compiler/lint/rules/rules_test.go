package rules_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/lint"
	"github.com/kfp-go/kfp-go/compiler/lint/linttest"
	"github.com/kfp-go/kfp-go/compiler/lint/rules"
	"github.com/kfp-go/kfp-go/compiler/source"
)

func TestRules(t *testing.T) { linttest.Run(t, "testdata", rules.All()) }

// TestBig: what is too long to stand in a file of testdata.
func TestBig(t *testing.T) {
	items := make([]int, 150)
	list, _ := json.Marshal(items)
	text := fmt.Sprintf(`pipeline: big
components:
  c: {image: "busybox:1.37", inputs: {x: {type: string, default: a}}, command: [echo, "${{ inputs.x }}"]}
tasks:
  long: {component: c, inputs: {x: %q}}
  wide: {for-each: %s, tasks: {c1: {component: c}}}
  held: {for-each: %s, parallelism: 10, tasks: {c2: {component: c}}}
`, strings.Repeat("x", 70<<10), list, list)
	var got []string
	for _, d := range linttest.Findings(t.Context(), source.NewFile("big.yaml", []byte(text)), rules.All()) {
		got = append(got, fmt.Sprintf("%d %s %s", d.Span.Begin().Line, d.Code, d.Message))
	}
	want := `5 L504 input "x" of task "long" is a constant of 70 KiB
6 L506 the loop "wide" starts 150 iterations at once`
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestConfig(t *testing.T) {
	f := source.NewFile("x.yaml", []byte("pipeline: x\ncomponents:\n  c: {image: busybox, command: [echo]}\ntasks:\n  a: {component: c}\n"))
	run := func(c lint.Config) (out []diag.Diagnostic) {
		p := linttest.Parse(t.Context(), f, func(d diag.Diagnostic) { t.Error(d.Message) })
		lint.Run(rules.All(), p, nil, c, func(d diag.Diagnostic) { out = append(out, d) })
		return out
	}
	if got := run(nil); len(got) != 1 || got[0].Severity != diag.Warning || got[0].Code != "L501" {
		t.Errorf("%+v", got)
	}
	if got := run(lint.Config{"unpinned-image": "error"}); len(got) != 1 || got[0].Severity != diag.Error {
		t.Errorf("%+v", got)
	}
	if got := run(lint.Config{"L501": "off"}); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	for bad, want := range map[string]string{"unpined-image": `did you mean "unpinned-image"?`, "L501": "is none of"} {
		c := lint.Config{bad: "warning"}
		if bad == "L501" {
			c[bad] = "loud"
		}
		if err := c.Check(rules.All()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestCatalogue: each rule has what its manual page needs.
func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rules.All() {
		if !regexp.MustCompile(`^L5[0-4][0-9]$`).MatchString(string(r.Code)) || !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(r.Name) {
			t.Errorf("code %q, name %q", r.Code, r.Name)
		}
		if seen[r.Name] || seen[string(r.Code)] || r.Run == nil || r.Severity == 0 || !strings.Contains(r.Doc, "```yaml") || r.Summary() == "" {
			t.Errorf("%s is there twice or lacks something", r.Name)
		}
		seen[r.Name], seen[string(r.Code)] = true, true
	}
	if len(rules.Codes()) != len(rules.All()) {
		t.Error("a page is missing")
	}
}
