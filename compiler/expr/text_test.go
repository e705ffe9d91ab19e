package expr

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"strings"
	"testing"

	exprenv "github.com/argoproj/argo-workflows/v3/util/expr/env"
	exprlang "github.com/expr-lang/expr"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

func TestPlainPath(t *testing.T) {
	for text, want := range map[string]string{
		"region": "region", " inputs.rows ": "inputs/rows", "tasks.a-b.outputs.x-y": "tasks/a-b/outputs/x-y", "tasks['a-b'].outputs.x": "tasks/a-b/outputs/x",
		`tasks["a.b"]['outputs'].x.k`: "tasks/a.b/outputs/x/k", "inputs.in": "inputs/in", "inputs.m.k": "inputs/m/k",
		"": "", "1": "", "true": "", "null": "", "for": "", "inputs.": "", "inputs.rows-": "", "inputs.m.k-1": "", "a-b": "", "inputs.rows + 1": "", "inputs['a\\'b']": "",
		"inputs['']": "", "inputs[0]": "", "inputs['a'": "", "inputs .rows": "", "f(x)": "", ".a": "", "inputs.?x": "", "inputs.m.in": "", "é": "",
	} {
		path, ok := PlainPath(text)
		if got := strings.Join(path, "/"); ok && got != want || !ok && want != "" {
			t.Errorf("%q: %q %v, want %q", text, got, ok, want)
		}
	}
}

func TestPlainPathAllocatesOnce(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { PlainPath("tasks.a-b.outputs['x-y']") }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func TestSplit(t *testing.T) {
	for _, row := range []struct {
		text string
		want []string // literal text, or "=" and an expression
	}{
		{"", nil}, {"plain $x {{y}} }}", []string{"plain $x {{y}} }}"}}, {"${{ a }}", []string{"= a "}}, {"x${{a}}y${{b}}", []string{"x", "=a", "y", "=b"}},
		{"$${{ a }}", []string{"${{ a }}"}}, {"a$${{b}}${{c}}", []string{"a${{b}}", "=c"}}, {"$$${{x}}", []string{"$${{x}}"}}, {"${{a}}$${{b", []string{"=a", "${{b"}},
		{"${{ {'a': {'b': 1}} }}", []string{"= {'a': {'b': 1}} "}}, {"${{{'a':1}}}", []string{"={'a':1}"}}, {"${{ '}}' + \"}}\" }}z", []string{`= '}}' + "}}" `, "z"}},
		{`${{ 'a\'}}' }}`, []string{`= 'a\'}}' `}}, {`${{ r'\' }}`, []string{`= r'\' `}}, {"${{ '''a'}}''' }}", []string{"= '''a'}}''' "}}, {"é${{a}}é", []string{"é", "=a", "é"}},
		{"${{", nil}, {"a ${{ 'x }}", []string{"a "}}, {"${{ }}", nil}, {"${{a}}${{}}b", []string{"=a", "b"}},
	} {
		var l diag.List
		parts, ok := Split(fragment(row.text), l.Report)
		var got []string
		for _, p := range parts {
			if p.IsExpr {
				got = append(got, "="+p.Expr.Text)
				if s := p.Span.Text(); !strings.HasPrefix(s, "${{") || !strings.HasSuffix(s, "}}") {
					t.Errorf("%q: span %q", row.text, s)
				}
				if s := p.Expr.All().Text(); s != p.Expr.Text {
					t.Errorf("%q: the expression is at %q", row.text, s)
				}
			} else {
				got = append(got, p.Text)
			}
		}
		if !reflect.DeepEqual(got, row.want) || ok != (l.Len() == 0) {
			t.Errorf("%q: %q %v\n%s", row.text, got, ok, format(l.Sorted()))
		}
	}
}

func run(t *testing.T, text string, vars map[string]any) any {
	t.Helper()
	if err := CheckArgo(text); err != nil {
		t.Fatal(err)
	}
	env := exprenv.GetFuncMap(vars)
	p, err := argoCompile(text, env)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	out, err := argoRun(p, env)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var v any
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestArgoText holds the text form in Argo to ir.Text.
func TestArgoText(t *testing.T) {
	for _, v := range []any{nil, "", "a{{b}}'\\", true, false, int64(0), int64(-7), int64(9007199254740991), 0.5, 1e21, -1.5e-7, 1e-6, 123456789.25, 5e-324, 1.7976931348623157e308,
		[]any{}, []any{1.0, "<&>", nil}, map[string]any{}, map[string]any{"b": 1.5, "a": []any{true}}} {
		types := []ir.Type{kind(ir.Dynamic)}
		switch v.(type) {
		case nil:
			types = append(types, kind(ir.String), kind(ir.Integer), kind(ir.Number), kind(ir.Boolean), kind(ir.List), kind(ir.Struct))
		case string:
			types = append(types, kind(ir.String))
		case bool:
			types = append(types, kind(ir.Boolean))
		case int64:
			types = append(types, kind(ir.Integer), kind(ir.Number))
		case float64:
			types = append(types, kind(ir.Number))
		case []any:
			types = append(types, kind(ir.List))
		case map[string]any:
			types = append(types, kind(ir.Struct))
		}
		for _, typ := range types {
			got := run(t, ArgoText("fromJSON(inputs.parameters['x'])", typ), map[string]any{"inputs.parameters.x": ir.JSON(v)})
			if got != ir.Text(v) {
				t.Errorf("%v as %s: %q, want %q", v, typ, got, ir.Text(v))
			}
		}
	}
}

func TestNumberTextAtRandom(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	env := exprenv.GetFuncMap(map[string]any{"inputs.parameters.x": "0"})
	p, err := argoCompile(numberText("fromJSON(inputs.parameters.x)"), env)
	if err != nil {
		t.Fatal(err)
	}
	for range 5000 {
		f := math.Float64frombits(r.Uint64())
		if r.Intn(2) == 0 {
			f = float64(r.Int63n(1e9)) * math.Pow(10, float64(r.Intn(40)-20))
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		env["inputs"] = map[string]any{"parameters": map[string]any{"x": ir.JSON(f)}}
		got, err := argoRun(p, env)
		if want := `"` + ir.Text(f) + `"`; err != nil || got != want {
			t.Fatalf("%v: %s %v, want %s", f, got, err, want)
		}
	}
}

func TestArgoConst(t *testing.T) {
	for _, v := range []any{nil, true, "x{{y}}z is missing", int64(0), int64(-3), 0.5, -1e21, []any{1.0, "{{a}}"}, map[string]any{"k": map[string]any{"l": nil}}} {
		text := ArgoConst(v)
		for _, bad := range []string{"{{", "}}", " is missing"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s holds %q", text, bad)
			}
		}
		if got := run(t, text, map[string]any{}); ir.JSON(got) != ir.JSON(v) {
			t.Errorf("%s gives %v", text, got)
		}
	}
}

func TestCheckArgo(t *testing.T) {
	for text, fine := range map[string]bool{
		"toJson(fromJSON(inputs.parameters['x']))": true, "sprig.sha256sum('a')": true, "tasks['a'].status == 'Succeeded'": true, "asInt('1') + asFloat('1')": true,
		"jsonpath('{}', '$.a')": true, "workflow.uid": true, "'let x = 1'": true,
		"nope": false, "toJSON2(1)": false, "1 +": false, "'a' - 1": false, "let x = 1; x": false, "sprig.env('HOME')": false, "sprig.nope(1)": false, "'sprig.nope'": true, "a ?? b + c": false,
	} {
		if err := CheckArgo(text); (err == nil) != fine {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestArgoEnv holds our copy of Argo's names to Argo's own.
func TestArgoEnv(t *testing.T) {
	ours := argoEnv()
	for name, f := range exprenv.GetFuncMap(map[string]any{}) {
		if got, want := reflect.TypeOf(ours[name]), reflect.TypeOf(f); got != want {
			t.Errorf("%s is %v here, %v in Argo", name, got, want)
		}
		if m, ok := f.(map[string]any); ok {
			for k, v := range m {
				if reflect.TypeOf(ours[name].(map[string]any)[k]) != reflect.TypeOf(v) {
					t.Errorf("%s.%s differs", name, k)
				}
			}
			if len(ours[name].(map[string]any)) != len(m) {
				t.Errorf("%s has %d names here, %d in Argo", name, len(ours[name].(map[string]any)), len(m))
			}
		}
	}
}

// Argo takes a tag out of JSON and undoes three escapes wherever it sees them,
// so a literal must not hold what looks like one.
func TestStringsInTags(t *testing.T) {
	for _, text := range []string{"<&>", `{"a":"\u003c\u0026\u003e"}`, `\u0026`, `\\u003c`, `u0026\`, `\`, `\u0026\u0026`, "}} {{ \\u003e is missing"} {
		e := ArgoString(text)
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		s := string(b)
		for _, c := range []string{"<", ">", "&"} {
			s = strings.ReplaceAll(s, fmt.Sprintf(`\u%04x`, c[0]), c)
		}
		var got string
		if err := json.Unmarshal([]byte(s), &got); err != nil || got != e {
			t.Errorf("%q: Argo reads %q: %v", text, got, err)
			continue
		}
		v, err := exprlang.Eval(e, exprenv.GetFuncMap(nil))
		if err != nil || v != text {
			t.Errorf("%q becomes %q: %v", text, v, err)
		}
	}
}
