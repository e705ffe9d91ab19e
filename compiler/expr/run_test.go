package expr

import (
	"context"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

func TestEvalErrors(t *testing.T) {
	long := make([]any, 3000)
	for i := range long {
		long[i] = float64(i)
	}
	for _, row := range []struct {
		expr   string
		values map[string]any
		want   string
	}{
		{"inputs.rows + 1", map[string]any{"inputs.rows": "x"}, "inputs.rows: an integer is needed, but the value is a string"},
		{"inputs.rows + 1", map[string]any{"inputs.rows": 1.5}, "but the value is a number"},
		{"inputs.rows + 1", nil, "absent"},
		{"inputs.ints[0]", map[string]any{"inputs.ints": []any{true}}, "element 0"},
		{"inputs.xs.all(x, inputs.xs.all(y, inputs.xs.all(z, x != 'a')))", map[string]any{"inputs.xs": long}, "cost"},
		{"inputs.d / 0.0", map[string]any{"inputs.d": 1.0}, "not a finite number"},
		{"int(inputs.s)", map[string]any{"inputs.s": "z"}, "int"},
	} {
		p, ds := compileText(row.expr, sample())
		if p == nil {
			t.Fatal(format(ds))
		}
		_, err := p.Eval(t.Context(), getter(row.values))
		if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "@") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", row.expr, err)
		}
	}
}

func TestEvalStops(t *testing.T) {
	p, _ := compileText("inputs.xs.all(x, inputs.xs.all(y, x != 'a'))", sample())
	long := make([]any, 700)
	for i := range long {
		long[i] = 1.0
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Eval(ctx, getter(map[string]any{"inputs.xs": long})); err == nil {
		t.Error("a cancelled evaluation went on")
	}
}

func TestEvalTypes(t *testing.T) {
	for src, want := range map[string]any{"inputs.rows": int64(3), "inputs.rate": 3.0, "inputs.ints": []any{int64(3)}} {
		p, _ := compileText(src, sample())
		v, err := p.Eval(t.Context(), getter(map[string]any{"inputs.rows": 3.0, "inputs.rate": int64(3), "inputs.ints": []any{3.0}}))
		if err != nil || ir.JSON(v) != ir.JSON(want) {
			t.Errorf("%s: %#v %v", src, v, err)
		}
		if _, isInt := want.(int64); isInt {
			if _, ok := v.(int64); !ok {
				t.Errorf("%s: %T", src, v)
			}
		}
	}
}

func TestConcurrentEval(t *testing.T) {
	p, _ := compileText("inputs.rows + size(inputs.xs.filter(x, x != 1))", sample())
	done := make(chan error)
	for i := range 8 {
		go func() {
			_, err := p.Eval(context.Background(), getter(map[string]any{"inputs.rows": int64(i), "inputs.xs": []any{1.0, 2.0}}))
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestCache(t *testing.T) {
	var c Cache
	s := sample()
	report := func(d diag.Diagnostic) { t.Error(format([]diag.Diagnostic{d})) }
	p := c.Compile(fragment("inputs.rows-1"), s, report)
	if q := c.Compile(fragment("inputs.rows-1"), s, report); q != p {
		t.Error("the same text was compiled twice")
	}
	s["inputs.rows-1"] = Variable{Name: "inputs.rows-1", Type: kind(ir.String)}
	if q := c.Compile(fragment("inputs.rows-1"), s, report); q == p || q.Type().Kind != ir.String {
		t.Error("another scope gave the same program")
	}
	warnings := 0
	for range 2 {
		c.Compile(fragment("inputs.note"), s, func(diag.Diagnostic) { warnings++ })
	}
	if warnings != 2 {
		t.Errorf("%d warnings for 2 places", warnings)
	}
}

// TestManyVariables goes past the pool of declared variables.
func TestManyVariables(t *testing.T) {
	s := table{}
	values := map[string]any{}
	var terms []string
	for i := range 3 * poolSize {
		name := "inputs.v" + strconvInt(int64(i))
		s[name] = Variable{Name: name, Type: kind(ir.Integer)}
		values[name] = int64(i)
		terms = append(terms, name)
	}
	p, ds := compileText(strings.Join(terms, " + "), s)
	if p == nil {
		t.Fatal(format(ds))
	}
	v, err := p.Eval(t.Context(), getter(values))
	if err != nil || v != int64(48*47/2) {
		t.Errorf("%v %v", v, err)
	}
}
