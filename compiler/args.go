package compiler

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// An Argument is one `-p name=value` as it was typed.
type Argument struct{ Name, Text string }

// SplitArgument takes name=value apart; ok is false without a name or `=`.
func SplitArgument(text string) (a Argument, ok bool) {
	name, value, found := strings.Cut(text, "=")
	return Argument{name, value}, found && name != ""
}

// Arguments reads run-time arguments by the types that the pipeline declares:
// text verbatim for a string, else JSON; `@file` takes the file's content, read
// by readFile, `@@` at the beginning is one `@`. The result holds what was
// given, checked against types and limits, as JSON values; defaults are left to
// whoever runs the pipeline. Mistakes are reported, one per argument: unknown
// and repeated names, values that do not fit, required inputs without a value.
//
// A file that cannot be read is a mistake of the caller's, reported too.
func Arguments(p *ir.Pipeline, raw []Argument, readFile func(name string) ([]byte, error), report diag.Reporter) map[string]any {
	out, given := givenArguments(p, raw, readFile, report)
	missingArguments(p, given, report)
	return out
}

// givenArguments is Arguments without a word on what is not given.
func givenArguments(p *ir.Pipeline, raw []Argument, readFile func(name string) ([]byte, error), report diag.Reporter) (out map[string]any, given map[string]bool) {
	if p == nil || p.Root == nil {
		return nil, nil
	}
	out = make(map[string]any, len(raw))
	given = make(map[string]bool, len(raw))
	for _, a := range raw {
		port := p.Root.Input(a.Name)
		switch {
		case port == nil || port.Captured:
			report(argFault(codeArgUnknown, nil, msgArgUnknown(p.Name.Text, a.Name), inputHint(p, a.Name)))
			continue
		case given[a.Name]:
			report(argFault(codeArgTwice, port, msgArgTwice(a.Name), "the last one does not silently win: leave one out"))
			continue
		}
		given[a.Name] = true
		text, ok := argText(a, port, readFile, report)
		if !ok {
			continue
		}
		if v, ok := argValue(a.Name, text, port, report); ok && v != nil {
			out[a.Name] = v
		}
	}
	return out, given
}

func missingArguments(p *ir.Pipeline, given map[string]bool, report diag.Reporter) {
	if p == nil || p.Root == nil {
		return
	}
	for _, port := range p.Root.Inputs {
		if !given[port.Name.Text] && !port.Optional && (port.Default == nil || port.Default.V == nil) && port.Type.Kind != ir.Invalid {
			report(argFault(codeArgMissing, port, msgArgMissing(port), "-p "+port.Name.Text+"="+example(port)))
		}
	}
}

// inputHint offers the nearest input, or lists them all when they are few.
func inputHint(p *ir.Pipeline, name string) string {
	var known []string
	for _, port := range p.Root.Inputs {
		if !port.Captured {
			known = append(known, port.Name.Text)
		}
	}
	if len(known) == 0 {
		return "this pipeline has no inputs"
	}
	return diag.Hint(name, known)
}

func argFault(code diag.Code, port *ir.Port, message, hint string) diag.Diagnostic {
	d := diag.Diagnostic{Code: code, Severity: diag.Error, Message: message, Hint: hint}
	if port != nil && !port.Name.At.IsZero() {
		d.Related = []diag.Related{{Message: "declared here", Span: port.Name.At}}
	}
	return d
}

func argText(a Argument, port *ir.Port, readFile func(string) ([]byte, error), report diag.Reporter) (string, bool) {
	switch {
	case strings.HasPrefix(a.Text, "@@"):
		return a.Text[1:], true
	case !strings.HasPrefix(a.Text, "@"):
		return a.Text, true
	}
	if readFile == nil {
		report(argFault(codeArgFile, port, msgArgNoFiles(a.Name), "write the value itself"))
		return "", false
	}
	b, err := readFile(a.Text[1:])
	if err != nil {
		report(argFault(codeArgFile, port, msgArgFile(a.Name, a.Text[1:], err), "a value that begins with @ names a file; @@ stands for one @"))
		return "", false
	}
	return string(b), true
}

// argValue reads one value. A null gives nil and stands for an absent value.
func argValue(name, text string, port *ir.Port, report diag.Reporter) (any, bool) {
	if port.Type.IsArtifact() {
		v, ok := artifactValue(text, port.Type.Kind == ir.List)
		if !ok {
			report(argFault(codeArgType, port, msgArgArtifact(name), `give its URI, or {"uri": …, "metadata": {…}}; a list of artifacts is a JSON list of these`))
		}
		return v, ok
	}
	if bad, hint := unfit(text); bad != "" {
		report(argFault(codeArgLimit, port, msgArgUnfit(name, bad), hint))
		return nil, false
	}
	v, problem := readTyped(text, port.Type)
	if problem != "" {
		report(argFault(codeArgType, port, msgArgType(name, port.Type, text), problem))
		return nil, false
	}
	if v == nil {
		if !port.Optional && port.Default == nil {
			report(argFault(codeArgMissing, port, msgArgNull(name), "give it a value"))
			return nil, false
		}
		return nil, true
	}
	if port.Secret {
		if secret, key, ok := strings.Cut(text, "/"); !ok || secret == "" || key == "" || strings.ContainsAny(text, " \t\n") {
			report(argFault(codeArgSecret, port, msgArgSecret(name), "SECRET/KEY names a Kubernetes Secret and one of its keys; the value itself never stands here"))
			return nil, false
		}
	}
	if bad := check.Violation(v, port.Limits); bad != "" {
		report(argFault(codeArgLimit, port, msgArgLimit(name, v, bad), ""))
		return nil, false
	}
	return v, true
}

// mostArgument is how many bytes the text of a parameter may take: more is not
// passed on, here or in the cluster.
const mostArgument = 128 << 10

// unfit says why a text can be no parameter, whatever its type, and what to do.
func unfit(text string) (bad, hint string) {
	switch {
	case len(text) > mostArgument:
		return fmt.Sprintf("it takes %d bytes, a parameter holds at most %d", len(text), mostArgument), "pass an artifact"
	case !utf8.ValidString(text):
		return "it is no text in UTF-8", "pass an artifact, or the bytes in base64"
	}
	return "", ""
}

// artifactValue reads an artifact: a URI, or JSON of an object with uri and
// metadata; for a list, JSON of a list of either, or one of them.
func artifactValue(text string, list bool) (any, bool) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "null" {
		return nil, true
	}
	if !strings.HasPrefix(trimmed, "{") && !(list && strings.HasPrefix(trimmed, "[")) {
		return trimmed, trimmed != ""
	}
	v, err := ir.ParseJSON(trimmed)
	if err != nil {
		return nil, false
	}
	items, isList := v.([]any)
	if !isList {
		items = []any{v}
	}
	for _, x := range items {
		if !isArtifact(x) {
			return nil, false
		}
	}
	return v, true
}

func isArtifact(v any) bool {
	switch v := v.(type) {
	case string:
		return v != ""
	case map[string]any:
		uri, ok := v["uri"].(string)
		for k, x := range v {
			switch k {
			case "uri":
			case "metadata":
				_, isStruct := x.(map[string]any)
				ok = ok && isStruct
			default:
				ok = false
			}
		}
		return ok && uri != ""
	}
	return false
}

// readTyped reads text as a value of the type; problem says what to do when it
// is none.
func readTyped(text string, t ir.Type) (v any, problem string) {
	if t.Kind == ir.String {
		return text, ""
	}
	v, err := ir.ParseJSON(strings.TrimSpace(text))
	if err != nil {
		if t.Kind == ir.Dynamic {
			return text, ""
		}
		return nil, howTo(t)
	}
	if v == nil {
		return nil, ""
	}
	if c, ok := coerce(v, t); ok {
		return c, ""
	}
	return nil, howTo(t)
}

// coerce is v as a value of the type, where the two agree.
func coerce(v any, t ir.Type) (any, bool) {
	switch t.Kind {
	case ir.Dynamic, ir.Invalid:
		return v, true
	case ir.String:
		s, ok := v.(string)
		return s, ok
	case ir.Integer:
		return whole(v)
	case ir.Number:
		switch n := v.(type) {
		case int64:
			return float64(n), true
		case float64:
			return n, !math.IsInf(n, 0)
		}
	case ir.Boolean:
		b, ok := v.(bool)
		return b, ok
	case ir.Struct:
		m, ok := v.(map[string]any)
		return m, ok
	case ir.List:
		return coerceList(v, t)
	}
	return nil, false
}

func whole(v any) (any, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case float64:
		if n == math.Trunc(n) && math.Abs(n) <= ir.MaxSafe {
			return int64(n), true
		}
	}
	return nil, false
}

func coerceList(v any, t ir.Type) (any, bool) {
	items, ok := v.([]any)
	if !ok || t.Items == nil {
		return v, ok
	}
	for i, x := range items {
		c, ok := coerce(x, *t.Items)
		if !ok {
			return nil, false
		}
		items[i] = c
	}
	return items, true
}
