package expr

import (
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// mistakes has an expression for every message of the package.
var mistakes = []string{
	"inputs.rows >", "(1 + 2", "1 + 2)", "'abc", "1 +* 2", "inputs.rows = 1", "true and false", "for + 1", "has(1)", "inputs.xs.all(x + 1, x)", "inputs.in.in", "1 2", "a.b.`c`", "@",
	"inputs.nope", "inputs.nope.x.y", "inputs.row", "input.rows", "tasks.b.outputs.x", "tasks.a.outputs.y", "tasks.a-c.outputs.x", "tasks['a-x'].outputs.x", "inputs.rows-2-nope", "has(inputs.nope)", "inputs.?nope.orValue(1)", "inputs.nope + inputs.alsonot",
	"inputs", "tasks.a", "tasks.a.outputs", "inputs[inputs.name]", "tasks[region].outputs.x",
	"inputs.name.sort()", "foo(1)", "float(1)", "inputs.texts.len()", "type(1)", "cel.bind(x, 1, x)", "inputs.m.all(k, v, true)", "math.sqrt(2.0)", "math.bitAnd(1, 2)", "'a'.indexOf('a', 1)", "size()", "math.greatest(inputs.ints)", "inputs.?note.or(inputs.?note)", "string(inputs.xs)", "string(null)", "strings.quote('a')", "inputs.xs.map(x, inputs.nope(x))", "math.greatest('a', 'b')",
	"timestamp('2020-01-01T00:00:00Z')", "duration('1s') < duration('2s')", "now()",
	"inputs.rows + inputs.rate", "inputs.rate == 1", "inputs.rows * 1.5", "[1] == [1.0]",
	"region + 1", "inputs.m.k + 1", "-inputs.m.k", "inputs.xs[0] * 2", "'a'.substring(inputs.m.k)", "inputs.m.k[region]", "math.abs(inputs.m.k)", "'%d'.format([region])", "inputs.xs.map(x, x + 1)",
	"9007199254740992", "-9007199254740993", "99999999999999999999",
	"parseJson(inputs.s).a && parseJson(inputs.name).b", "inputs.xs.all(x, double(x) > 0.5)", "inputs.xs.exists(x, parseJson(x).ok)",
	"inputs.flag < true", "inputs.m.k < inputs.m.s", "region < inputs.xs[0]",
	"inputs.xs[-1]", "inputs.m.xs[-2]", "{inputs.name: 1}", "{'a': 1, 'a': 2}", "{1: 2}", "{?'a': inputs.?note}", "[?inputs.?note]", "1u", "b'x'", "bytes('x')", "uint(1)", "Foo{a: 1}",
	"inputs.name.matches(inputs.s)", "inputs.name.matches('(?=a)')", "'%.2f'.format([1.0])", "'%s'.format([])", "inputs.name.format([1])", "'%x'.format([1])", "'%'.format([])",
	"inputs.data", "inputs.data == 'x'", "size(inputs.data)", "inputs.note", "inputs.note == 'x' || inputs.limit > 1", "inputs.opt.k == 1 ? inputs.opt.l : 1",
	"inputs.?note", "inputs.?m.k", "inputs.?note + 'a'", "inputs.?note == 'a'", "tasks.?a.outputs.x", "has(inputs.?note.x)", "inputs.m.?k", "inputs.?opt.k.orValue(1)", "inputs.xs[?0].orValue(1)",
	"inputs.name + 1", "1 + 'a'", "inputs.flag + true", "!inputs.name", "inputs.name && true", "inputs.rows ? 1 : 2", "inputs.flag ? 1 : 'a'", "inputs.name[0]", "inputs.xs['a']", "inputs.name.x", "inputs.rows.all(x, x)", "inputs.name.contains(1)", "inputs.name == null", "1 in 2", "int(true)", "inputs.rows.trim()", "inputs.texts.join(1)", "inputs.xs.filter(x, 1)",
	"[1.0 / 0.0].map(x, [1.0].map(y, x + y))", strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200), "'" + strings.Repeat("a", maxSource) + "'",
	strings.Repeat("inputs.xs.all(x, ", 8) + "x.k > 1" + strings.Repeat(")", 8),
	"inputs.xs\n  .map(x,\n    x * 2)", "[\n  inputs.nope,\n  'é' + inputs.alsonot\n]",
}

// TestDiagnostics is a golden of what is said of each mistake, and holds every
// message to its manners.
func TestDiagnostics(t *testing.T) {
	s := sample()
	var b strings.Builder
	seen := map[diag.Code]bool{"E300": true, "E301": true, "E322": true} // not from an expression alone
	for _, src := range mistakes {
		p, ds := compileText(src, s)
		shown := src
		if len(shown) > 100 {
			shown = shown[:97] + "…"
		}
		b.WriteString("> " + strings.ReplaceAll(shown, "\n", "\\n") + "\n")
		if len(ds) == 0 {
			t.Errorf("%s: nothing is said", shown)
		}
		if (p == nil) != diag.HasErrors(ds) {
			t.Errorf("%s: program %v, though errors %v", shown, p != nil, diag.HasErrors(ds))
		}
		for _, d := range ds {
			seen[d.Code] = true
			mannered(t, src, d)
			if d.Code == "E322" {
				t.Errorf("%s: %s", src, d.Message)
			}
			if len(src) > 200 {
				d.Span.End = min(d.Span.End, d.Span.Start+20)
			}
			b.WriteString(strings.ReplaceAll(format([]diag.Diagnostic{d}), src, shown))
		}
	}
	for _, c := range Codes {
		if !seen[c.Code] {
			t.Errorf("no mistake has code %s", c.Code)
		}
	}
	goldentest.File(t, "testdata/diagnostics.txt", b.String())
}

func mannered(t *testing.T, src string, d diag.Diagnostic) {
	t.Helper()
	switch {
	case d.Span.IsZero(), d.Span.Start > d.Span.End, d.Span.End > len(src), d.Span.Start == d.Span.End && src != "":
		t.Errorf("%s: %s has span %d:%d", src, d.Code, d.Span.Start, d.Span.End)
	case strings.ContainsAny(d.Message+d.Hint, "\n\x00"), strings.Contains(d.Message+d.Hint, "@") && !strings.Contains(src, "@"):
		t.Errorf("%s: message %q %q", src, d.Message, d.Hint)
	}
	for _, c := range Codes {
		if c.Code == d.Code {
			return
		}
	}
	t.Errorf("code %s has no page", d.Code)
}

func TestKFP(t *testing.T) {
	params := map[string]ir.Type{"n": kind(ir.Integer), "x": kind(ir.Number), "s": kind(ir.String), "b": kind(ir.Boolean), "l": kind(ir.List), "pipelinechannel--loop-item-param-1": kind(ir.Struct)}
	param := func(name string) (ir.Type, bool) { typ, ok := params[name]; return typ, ok }
	values := map[string]any{"n": int64(7), "x": 2.5, "s": "12", "b": true, "l": []any{1.0}, "pipelinechannel--loop-item-param-1": map[string]any{"a": 1.0}}
	for _, row := range []struct{ expr, want, text string }{
		{"inputs.parameter_values['s'] == '12'", "true", "(S == '12')"},
		{"inputs.parameter_values['n'] == 7", "true", "(N == 7.0)"},
		{"inputs.parameter_values['n'] == '7'", "false", "(N == '7')"},
		{"inputs.parameter_values['b'] == true", "true", "(B == true)"},
		{"!(inputs.parameter_values['b'] == true) && inputs.parameter_values['s'] != 'x'", "false", ""},
		{"int(inputs.parameter_values['n']) > 3", "true", "(float(int(filter([N], abs(#) <= 9007199254740991)[0])) > 3.0)"},
		{"int(inputs.parameter_values['s']) == 12 && int(inputs.parameter_values['s']) > 13", "false", ""},
		{"double(inputs.parameter_values['x']) < 3.0", "true", ""},
		{"inputs.parameter_values['n'] < inputs.parameter_values['x']", "false", "(N < X)"},
		{"inputs.parameter_values['pipelinechannel--loop-item-param-1'].a == 1", "true", ""},
		{"inputs.parameter_values['b'] && inputs.parameter_values['n'] == 7", "true", "(B and (N == 7.0))"},
	} {
		var l diag.List
		p := CompileKFP(fragment(row.expr), param, l.Report)
		if p == nil || l.Len() > 0 {
			t.Errorf("%s\n%s", row.expr, format(l.Sorted()))
			continue
		}
		got := ""
		if v, err := p.Eval(t.Context(), getter(values)); err == nil {
			got, _ = jsonText(v)
		}
		text, err := p.Argo(binding)
		if err != nil {
			t.Fatal(err)
		}
		argo, err := argoEval(text, p.Vars(), values)
		if got != row.want || argo != row.want {
			t.Errorf("%s: here %s, Argo %s %v\n%s", row.expr, got, argo, err, text)
		}
		short := strings.NewReplacer(binding("s"), "S", binding("n"), "N", binding("b"), "B", binding("x"), "X").Replace(text)
		if row.text != "" && short != row.text {
			t.Errorf("%s: %s", row.expr, short)
		}
	}
	var b strings.Builder
	for _, src := range []string{"inputs.parameter_values['nope'] == 1", "inputs.parameter_values.s > inputs.parameter_values.b", "inputs.parameters['s'] == '1'", "double(inputs.parameter_values['s']) > 1.0 && double(inputs.parameter_values['l']) > 1.0"} {
		var l diag.List
		CompileKFP(fragment(src), param, l.Report)
		b.WriteString("> " + src + "\n" + format(l.Sorted()))
	}
	goldentest.File(t, "testdata/kfp.txt", b.String())
}
