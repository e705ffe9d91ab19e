package expr

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	exprenv "github.com/argoproj/argo-workflows/v3/util/expr/env"
	exprlang "github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// A table is a Scope made of variables.
type table map[string]Variable

func (s table) Lookup(path []string) (Variable, int, bool) {
	for n := len(path); n > 0; n-- {
		if v, ok := s[strings.Join(path[:n], ".")]; ok {
			return v, n, true
		}
	}
	for n := len(path); n > 0; n-- {
		if len(s.Names(path[:n])) > 0 {
			return Variable{}, n, false
		}
	}
	return Variable{}, 0, false
}

func (s table) Names(path []string) []string {
	prefix := strings.Join(append(append([]string(nil), path...), ""), ".")
	if len(path) == 0 {
		prefix = ""
	}
	seen := map[string]bool{}
	var out []string
	for name := range s {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			rest, _, _ = strings.Cut(rest, ".")
			if !seen[rest] {
				seen[rest] = true
				out = append(out, rest)
			}
		}
	}
	sort.Strings(out)
	return out
}

func kind(k ir.Kind) ir.Type { return ir.Type{Kind: k} }

// sample is the scope of most tests.
func sample() table {
	s := table{}
	add := func(name string, t ir.Type, optional bool) {
		s[name] = Variable{Name: name, Type: t, Optional: optional}
	}
	add("inputs.rows", kind(ir.Integer), false)
	add("inputs.n", kind(ir.Integer), false)
	add("inputs.rate", kind(ir.Number), false)
	add("inputs.d", kind(ir.Number), false)
	add("inputs.name", kind(ir.String), false)
	add("inputs.s", kind(ir.String), false)
	add("inputs.flag", kind(ir.Boolean), false)
	add("inputs.xs", kind(ir.List), false)
	add("inputs.ints", ir.ListOf(kind(ir.Integer)), false)
	add("inputs.texts", ir.ListOf(kind(ir.String)), false)
	add("inputs.nums", ir.ListOf(kind(ir.Number)), false)
	add("inputs.m", kind(ir.Struct), false)
	add("inputs.note", kind(ir.String), true)
	add("inputs.limit", kind(ir.Integer), true)
	add("inputs.opt", kind(ir.Struct), true)
	add("inputs.any", kind(ir.Dynamic), true)
	add("inputs.in", kind(ir.Integer), false)
	add("inputs.data", ir.ArtifactType("system.Dataset"), false)
	add("inputs.data.path", kind(ir.String), false)
	add("inputs.data.metadata", kind(ir.Struct), false)
	add("tasks.a-b.outputs.x-y", kind(ir.Integer), false)
	add("tasks.a.outputs.x", kind(ir.Integer), false)
	add("region", kind(ir.Dynamic), false)
	add("status", kind(ir.Struct), false)
	return s
}

func fragment(text string) source.Fragment {
	b := source.NewFragment(source.NewFile("pipeline.yaml", []byte(text)))
	b.Add(text, 0, len(text))
	return b.Fragment()
}

// compileText compiles and gives back what was reported.
func compileText(text string, s Scope) (*Program, []diag.Diagnostic) {
	var l diag.List
	p := Compile(fragment(text), s, l.Report)
	return p, l.Sorted()
}

func binding(name string) string {
	return "fromJSON(inputs.parameters['" + argoName(name) + "'])"
}

func argoName(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "-", "__"), ".", "_")
}

// argoVars are the values of variables as Argo sees them.
func argoVars(vars []Variable, values map[string]any) map[string]any {
	out := map[string]any{"inputs.parameters.none": ""}
	for _, v := range vars {
		out["inputs.parameters."+argoName(v.Name)] = ir.JSON(values[v.Name])
	}
	return out
}

func argoCompile(text string, env map[string]any) (*vm.Program, error) {
	return exprlang.Compile(text, exprlang.Env(env))
}

// argoRun evaluates as Argo does; the result must survive toJson.
func argoRun(p *vm.Program, env map[string]any) (json string, err error) {
	v, err := exprlang.Run(p, env)
	if err != nil {
		return "", err
	}
	return jsonText(v)
}

func jsonText(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

func argoEval(text string, vars []Variable, values map[string]any) (string, error) {
	env := exprenv.GetFuncMap(argoVars(vars, values))
	p, err := argoCompile(text, env)
	if err != nil {
		return "", err
	}
	return argoRun(p, env)
}

func getter(values map[string]any) func(string) (any, bool) {
	return func(name string) (any, bool) {
		v, ok := values[name]
		return v, ok
	}
}

func format(ds []diag.Diagnostic) string {
	var b strings.Builder
	for _, d := range ds {
		fmt.Fprintf(&b, "%s %s [%d:%d %s] %s\n", d.Code, d.Severity, d.Span.Start, d.Span.End, d.Span.Text(), d.Message)
		if d.Hint != "" {
			fmt.Fprintf(&b, "    %s\n", d.Hint)
		}
	}
	return b.String()
}

func discard(diag.Diagnostic) {}
