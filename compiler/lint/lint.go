// Package lint reports what is allowed but unwise. A rule is a value; adding
// one adds an element to a list. Whoever runs the rules decides what each
// weighs, and may silence it.
package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// A Rule is one thing to look for.
type Rule struct {
	Code     diag.Code
	Name     string        // kebab-case, as written in configuration
	Severity diag.Severity // the default; configuration may change it
	Doc      string        // Markdown; its first line is the summary
	Run      func(*Pass)
}

// Summary is the first line of the rule's manual page.
func (r *Rule) Summary() string {
	line, _, _ := strings.Cut(r.Doc, "\n")
	return strings.TrimSuffix(line, ".")
}

// A Pass is one Rule over one Pipeline: all it may read, and where to report.
type Pass struct {
	Pipeline *ir.Pipeline
	Info     *check.Info
	Report   diag.Reporter // stamps the rule's code and severity
}

// Reportf reports a finding without hint at a place.
func (p *Pass) Reportf(at source.Span, hint, format string, args ...any) {
	p.Report(diag.Diagnostic{Message: fmt.Sprintf(format, args...), Span: at, Hint: hint})
}

// Config maps a rule's name or code to what it weighs: "off", "note",
// "warning" or "error". Rules that are not named keep their default.
type Config map[string]string

// Check says what is wrong with a configuration: rules that do not exist, words
// that mean nothing. It names the first in alphabetical order.
func (c Config) Check(rules []*Rule) error {
	known := make([]string, 0, 2*len(rules))
	for _, r := range rules {
		known = append(known, r.Name, string(r.Code))
	}
	names := make([]string, 0, len(c))
	for name := range c {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("lint: there is no rule %q%s", name, hint(name, known))
		}
		if _, _, ok := severity(c[name]); !ok {
			return fmt.Errorf("lint: %s: %q is none of off, note, warning, error", name, c[name])
		}
	}
	return nil
}

func hint(name string, known []string) string {
	if n := diag.Nearest(name, known); n != "" {
		return fmt.Sprintf(": did you mean %q?", n)
	}
	return ""
}

func severity(word string) (s diag.Severity, off, ok bool) {
	switch word {
	case "off":
		return 0, true, true
	case "note":
		return diag.Note, false, true
	case "warning":
		return diag.Warning, false, true
	case "error":
		return diag.Error, false, true
	}
	return 0, false, false
}

// weight is what a rule weighs under this configuration.
func (c Config) weight(r *Rule) (s diag.Severity, off bool) {
	for _, key := range [...]string{r.Name, string(r.Code)} {
		if s, off, ok := severity(c[key]); ok {
			return s, off
		}
	}
	return r.Severity, false
}

// Run runs the rules over a pipeline that passed its checks. Rules see the same
// facts and do not see each other.
func Run(rules []*Rule, p *ir.Pipeline, info *check.Info, config Config, report diag.Reporter) {
	for _, r := range rules {
		weight, off := config.weight(r)
		if off {
			continue
		}
		r.Run(&Pass{Pipeline: p, Info: info, Report: func(d diag.Diagnostic) {
			d.Code, d.Severity = r.Code, weight
			report(d)
		}})
	}
}

// Codes are the manual pages of the rules.
func Codes(rules []*Rule) []diag.CodeInfo {
	out := make([]diag.CodeInfo, len(rules))
	for i, r := range rules {
		out[i] = diag.CodeInfo{Code: r.Code, Title: r.Summary(), Doc: r.Doc + "\nThe rule is called `" + r.Name + "`; switch it off with `lint: {" + r.Name + ": off}` in kfp-go.yaml.\n"}
	}
	return out
}
