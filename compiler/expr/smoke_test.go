package expr

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	exprenv "github.com/argoproj/argo-workflows/v3/util/expr/env"
	exprlang "github.com/expr-lang/expr"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

type testScope map[string]Variable

func (s testScope) Lookup(path []string) (Variable, int, bool) {
	for n := len(path); n > 0; n-- {
		if v, ok := s[join(path[:n])]; ok {
			return v, n, true
		}
	}
	for n := len(path); n > 0; n-- {
		for name := range s {
			if p := join(path[:n]) + "."; len(name) > len(p) && name[:len(p)] == p {
				return Variable{}, n, false
			}
		}
	}
	return Variable{}, 0, false
}
func join(p []string) string {
	s := p[0]
	for _, x := range p[1:] {
		s += "." + x
	}
	return s
}
func (s testScope) Names(path []string) []string { return nil }

func TestSmoke(t *testing.T) {
	sc := testScope{}
	add := func(n string, t ir.Type, opt bool) { sc[n] = Variable{n, t, opt} }
	add("inputs.rows", ir.Type{Kind: ir.Integer}, false)
	add("inputs.rate", ir.Type{Kind: ir.Number}, false)
	add("inputs.note", ir.Type{Kind: ir.String}, true)
	add("inputs.name", ir.Type{Kind: ir.String}, false)
	add("inputs.m", ir.Type{Kind: ir.Struct}, false)
	add("inputs.xs", ir.Type{Kind: ir.List}, false)
	add("tasks.a-b.outputs.x-y", ir.Type{Kind: ir.Integer}, false)
	add("region", ir.Type{Kind: ir.Dynamic}, false)
	vals := map[string]any{"inputs.rows": int64(7), "inputs.rate": 0.5, "inputs.name": "eu", "inputs.m": map[string]any{"k": 1.0, "b": "x"},
		"inputs.xs": []any{1.0, 2.0, 3.0}, "tasks.a-b.outputs.x-y": int64(3), "region": "us"}
	for _, e := range []string{
		"inputs.rows + 1", "inputs.rows / 2 * tasks.a-b.outputs.x-y", "inputs.rows-1", "tasks['a-b'].outputs['x-y']-1",
		"has(inputs.note) ? inputs.note : 'x'", "inputs.?note.orValue('d') + inputs.name", "inputs.xs.all(x, x > inputs.rate)",
		"inputs.xs.map(x, inputs.xs.map(y, [x,y]))", "inputs.m.k", "inputs.m.?z.orValue(3)", "region + 'x'", "string(region) + 'x'",
		"inputs.xs.filter(x, x > 1.0)", "'%s-%d'.format([inputs.name, inputs.rows])", "inputs.nope", "inputs.name.substring(0,1)",
		"inputs.note == 'x'", "timestamp('x')", "1 + 1.5", "inputs.rows / 0", "inputs.xs[-1]", "inputs.m", "inputs", "inputs.name.foo()", "inputs.xs.map(region, region)", "inputs.m.all(k, v, true)", "(1 + ", "1 +* 2", "'abc"} {
		f := source.NewFile("t", []byte(e))
		var b source.FragmentBuilder
		_ = b
		var l diag.List
		p := Compile(fragment(f, e), sc, l.Report)
		for _, d := range l.Sorted() {
			fmt.Printf("%-40s  [%q] %s %s | %s\n", e, d.Span.Text(), d.Code, d.Message, d.Hint)
		}
		if p == nil {
			continue
		}
		v, err := p.Eval(context.Background(), func(n string) (any, bool) { v, ok := vals[n]; return v, ok })
		txt, aerr := p.Argo(func(n string) string { return "fromJSON(inputs.parameters['" + n + "'])" })
		env := map[string]any{}
		params := map[string]any{}
		for n := range sc {
			b, _ := json.Marshal(vals[n])
			params[n] = string(b)
		}
		env["inputs"] = map[string]any{"parameters": params}
		full := exprenv.GetFuncMap(map[string]any{})
		full["inputs"] = env["inputs"]
		prog, cerr := exprlang.Compile(txt, exprlang.Env(full))
		var av any
		if cerr == nil {
			av, cerr = exprlang.Run(prog, full)
		}
		fmt.Printf("%-40s -> %v %v %v total=%v\n    %s %v\n    argo %v %v\n", e, p.Type(), v, err, p.Total(), txt, aerr, av, cerr)
	}
}
func fragment(f *source.File, text string) source.Fragment {
	b := source.NewFragment(f)
	b.Add(text, 0, len(text))
	return b.Fragment()
}
