package expr

import (
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// TestRewrite puts other texts in place of variables and nothing else.
func TestRewrite(t *testing.T) {
	to := map[string]string{
		"flip": "tasks['flip-coin'].outputs.Output", "n": "select(item, 'n')", "π": "π",
		"inputs.rows": "inputs.n", "tasks.a-b.outputs.x": "tasks.c.outputs.x", "region": "item", "inputs.note": "inputs.note",
	}
	put := func(v Variable) string { return to[v.Name] }
	for _, row := range []struct {
		kfp       bool
		src, want string
		fails     bool
	}{
		{true, `inputs.parameter_values['flip'] == 'heads'`, `tasks['flip-coin'].outputs.Output == 'heads'`, false},
		{true, `!(inputs.parameter_values["flip"]=='h') && inputs.parameter_values.n > 1`, `!(tasks['flip-coin'].outputs.Output=='h') && select(item, 'n') > 1`, false},
		{true, `'inputs.parameter_values' == inputs . parameter_values [ 'flip' ]`, `'inputs.parameter_values' == tasks['flip-coin'].outputs.Output`, false},
		{true, `has(inputs.parameter_values.flip)`, "", true},
		{false, `inputs.rows + inputs.rows * 2`, `inputs.n + inputs.n * 2`, false},
		{false, `[inputs.rows].all(region2, region2 > 1) && "é" + string(tasks['a-b'].outputs.x) == ''`, `[inputs.n].all(region2, region2 > 1) && "é" + string(tasks.c.outputs.x) == ''`, false},
		{false, `int(tasks.a-b.outputs.x)-inputs.rows`, `int(tasks.c.outputs.x)-inputs.n`, false},
		{false, `int(region.a.b) == int(tasks.a-b.outputs.x[0])`, `int(item.a.b) == int(tasks.c.outputs.x[0])`, false},
		{false, `inputs.?note.orValue("") + (has(inputs.note) ? "a" : "b")`, `inputs.?note.orValue("") + (has(inputs.note) ? "a" : "b")`, false},
	} {
		var l diag.List
		var p *Program
		if row.kfp {
			p = CompileKFP(fragment(row.src), func(string) (ir.Type, bool) { return kind(ir.Dynamic), true }, l.Report)
		} else {
			p = Compile(fragment(row.src), rewriteScope{}, l.Report)
		}
		if p == nil {
			t.Errorf("%s: %v", row.src, l.Sorted())
			continue
		}
		got, ok := p.Rewrite(put)
		if got != row.want || ok == row.fails {
			t.Errorf("%s: %q, %t", row.src, got, ok)
		}
		if p.Untyped() != row.kfp {
			t.Errorf("%s: untyped is %t", row.src, p.Untyped())
		}
	}
}

type rewriteScope struct{}

func (rewriteScope) Lookup(path []string) (Variable, int, bool) {
	switch {
	case path[0] == "region":
		return Variable{Name: "region", Type: kind(ir.Dynamic)}, 1, true
	case len(path) > 1 && path[0] == "inputs" && path[1] == "rows":
		return Variable{Name: "inputs.rows", Type: kind(ir.Integer)}, 2, true
	case len(path) > 1 && path[0] == "inputs" && path[1] == "note":
		return Variable{Name: "inputs.note", Type: kind(ir.String), Optional: true}, 2, true
	case len(path) > 3 && path[1] == "a-b":
		return Variable{Name: "tasks.a-b.outputs.x", Type: kind(ir.Dynamic)}, 4, true
	case len(path) > 1 && path[1] == "a-b":
		return Variable{}, len(path), false
	}
	return Variable{}, 0, false
}

func (rewriteScope) Names([]string) []string { return nil }
