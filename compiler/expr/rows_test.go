package expr

import (
	"context"
	"strings"
	"testing"
)

// TestRows holds both engines to the values of every construct of the subset.
// An empty want is an error in both.
func TestRows(t *testing.T) {
	values := map[string]any{
		"inputs.rows": int64(7), "inputs.n": int64(-2), "inputs.rate": 0.5, "inputs.d": -2.5, "inputs.name": "Héß eu", "inputs.s": "12",
		"inputs.flag": true, "inputs.xs": []any{1.0, "a", nil, []any{2.0}}, "inputs.ints": []any{int64(3), int64(4)},
		"inputs.texts": []any{"b", "a"}, "inputs.nums": []any{1.5, 2.0}, "inputs.in": int64(9),
		"inputs.m":              map[string]any{"k": 1.0, "s": "t", "m": map[string]any{"l": nil}, "xs": []any{1.0}},
		"tasks.a-b.outputs.x-y": int64(3), "tasks.a.outputs.x": int64(5), "region": "eu", "status": map[string]any{"state": "FAILED"},
	}
	for _, row := range []struct{ expr, want string }{
		// literals
		{"5", "5"}, {"0x1F", "31"}, {"-7", "-7"}, {"9007199254740991", "9007199254740991"}, {"0.1", "0.1"}, {"1e21", "1e+21"},
		{`'a\n\'{{x}}\u00e9'`, `"a\n'{{x}}é"`}, {`r'\d'`, `"\\d"`}, {`"""a"b"""`, `"a\"b"`}, {"'😀'", `"😀"`}, {"' is missing'", `" is missing"`},
		{"'variable not in env'", `"variable not in env"`}, {"'failed to resolve {{x}}'", `"failed to resolve {{x}}"`},
		{"true", "true"}, {"null", "null"}, {"[1, 'a']", `[1,"a"]`}, {"[]", "[]"}, {"{}", "{}"}, {"{'a': {'b': 1}}", `{"a":{"b":1}}`},
		// names
		{"tasks.a-b.outputs.x-y", "3"}, {"tasks['a-b'].outputs['x-y'] - 1", "2"}, {"tasks.a-b.outputs.x-y-1", "2"}, {"tasks.a.outputs.x-1", "4"},
		{"inputs.rows-1", "6"}, {"inputs.rows -1", "6"}, {"inputs.in", "9"}, {"region", `"eu"`}, {"inputs.xs.map(region, region)[1]", `"a"`},
		// arithmetic
		{"inputs.rows + 1", "8"}, {"9007199254740991 + 1", ""}, {"inputs.rows * inputs.n", "-14"}, {"9007199254740991 * 2", ""}, {"0 * -5", "0"},
		{"7 / 2", "3"}, {"-7 / 2", "-3"}, {"7 / 0", ""}, {"-7 % 3", "-1"}, {"7 % 0", ""}, {"-inputs.n", "2"}, {"-inputs.d", "2.5"},
		{"inputs.rate + 0.25", "0.75"}, {"1.0 / 0.0", ""}, {"1.0 / 0.0 > 1.0", "true"}, {"inputs.rate * 2.0", "1"}, {"'a' + 'b'", `"ab"`},
		{"[] + []", "[]"}, {"[1] + inputs.ints", "[1,3,4]"}, {"math.abs(-3)", "3"}, {"math.ceil(1.2)", "2"}, {"math.floor(-1.2)", "-2"},
		{"math.round(-2.5)", "-3"}, {"math.trunc(-1.7)", "-1"}, {"math.sign(-0.5)", "-1"}, {"math.sign(0)", "0"}, {"math.greatest(1, 5, 3)", "5"},
		{"math.least(inputs.rows, inputs.n)", "-2"}, {"math.greatest(0.0 / 0.0, 1.0)", ""}, {"math.isNaN(0.0 / 0.0)", "true"}, {"math.isInf(1.0 / 0.0)", "true"},
		{"math.isFinite(1.0)", "true"},
		// logic
		{"true && false", "false"}, {"inputs.rows / 0 == 1 && false", "false"}, {"false || inputs.xs[9] == 1", ""}, {"inputs.xs[9] == 1 || true", "true"},
		{"inputs.xs[9] == 1 && inputs.xs[8] == 1", ""}, {"inputs.xs[9] == 1 && inputs.m.z == 1 && false", "false"},
		{"!inputs.flag", "false"}, {"inputs.flag ? 1 : 2", "1"}, {"inputs.m.k && true", ""}, {"inputs.m.k && false", "false"},
		// comparison
		{"inputs.m.k == 1", "true"}, {"inputs.m.k == 'a'", "false"}, {"inputs.xs == [1, 'a', null, [2]]", "true"}, {"inputs.xs[2] == null", "true"},
		{"inputs.rows < 7.5", "true"}, {"'a' < 'b'", "true"}, {"inputs.m.k < 2", "true"}, {"inputs.m.s < 2", ""}, {"inputs.m.s >= 'a'", "true"},
		{"dyn(5) == 'a'", "false"}, {"[1, 'a'][0] == 'x'", "false"},
		// selection
		{"inputs.m.k", "1"}, {"inputs.m['k']", "1"}, {"inputs.m.z", ""}, {"inputs.m.m.l == null", "true"}, {"inputs.m[string(inputs.m.s)]", ""}, {"inputs.m.s[0]", ""},
		{"inputs.m['k' + '']", "1"}, {"has(inputs.m.k)", "true"}, {"has(inputs.m.z)", "false"}, {"has(inputs.m.m.l)", "true"}, {"has(inputs.m.k.z)", "false"}, {"has(inputs.m.xs.z)", ""},
		{"inputs.xs[1]", `"a"`}, {"inputs.xs[9]", ""}, {"inputs.xs[inputs.n]", ""}, {"inputs.xs[inputs.m.k]", `"a"`}, {"inputs.m.xs[0]", "1"},
		{"inputs.m.?k.orValue(9)", "1"}, {"inputs.m.?z.?y.orValue('d')", `"d"`}, {"inputs.m.?m.?l.hasValue()", "true"}, {"inputs.m.?xs.?y.hasValue()", ""},
		{"inputs.m[?'z'].orValue(2)", "2"}, {"inputs.m.?k.orValue(1 / 0)", "1"},
		{"1 in inputs.xs", "true"}, {"'k' in inputs.m", "true"}, {"inputs.m.s in ['t', 'u']", "true"}, {"inputs.m.k in ['t', 'u']", "false"}, {"1.0 in [1.0]", "true"},
		{"1 in inputs.m.xs", "true"}, {"1 in inputs.m.k", ""}, {"'l' in inputs.m.m", "true"},
		// optional inputs
		{"has(inputs.note)", "false"}, {"has(inputs.rows)", "true"}, {"inputs.note", ""}, {"inputs.?note.orValue('d')", `"d"`}, {"inputs.?note.hasValue()", "false"},
		{"has(inputs.note) ? inputs.note : '-'", `"-"`}, {"has(inputs.note) && inputs.note == 'x'", "false"}, {"inputs.note == 'x' && has(inputs.note)", "false"},
		{"!has(inputs.note) || inputs.note == 'x'", "true"}, {"inputs.?opt.?k.orValue(3)", "3"}, {"inputs.?limit.orValue(4) + 1", "5"}, {"has(inputs.data)", "true"},
		// text
		{"size(inputs.name)", "6"}, {"inputs.name.contains('ß')", "true"}, {"inputs.name.startsWith('H')", "true"}, {"inputs.name.endsWith('x')", "false"},
		{"inputs.name.matches('^H.ß')", "true"}, {"matches(inputs.s, '^[0-9]+$')", "true"}, {"'ÉA'.lowerAscii()", `"Éa"`}, {"'éa'.upperAscii()", `"éA"`},
		{"' a '.trim()", `"a"`}, {"'aaa'.replace('a', 'b')", `"bbb"`}, {"'aaa'.replace('a', 'b', 2)", `"bba"`}, {"'a,b'.split(',')", `["a","b"]`}, {"'a,b,c'.split(',', 2)", `["a","b,c"]`},
		{"'a'.split(',', 0)", "[]"}, {"inputs.texts.join('-')", `"b-a"`}, {"inputs.texts.join()", `"ba"`}, {"inputs.xs.join()", ""}, {"'héß'.substring(1)", `"éß"`}, {"'héß'.substring(1, 2)", `"é"`},
		{"'héß'.substring(2, 1)", ""}, {"'héß'.substring(9)", ""}, {"'héß'.charAt(1)", `"é"`}, {"'héß'.charAt(3)", `""`}, {"'héß'.charAt(4)", ""}, {"'héßh'.indexOf('ß')", "2"}, {"'a'.indexOf('z')", "-1"},
		{"'héßh'.lastIndexOf('h')", "3"}, {"'héß'.reverse()", `"ßéh"`}, {"'%s=%d%%'.format([inputs.name, inputs.rows])", `"Héß eu=7%"`}, {"inputs.m.s.trim()", `"t"`}, {"inputs.m.k.trim()", ""},
		{`parseJson('{"a": [1]}').a[0]`, "1"}, {"parseJson('{')", ""}, {"parseJson(inputs.s) == 12", "true"},
		// macros
		{"inputs.ints.all(x, x > 2)", "true"}, {"inputs.ints.exists(x, x == 4)", "true"}, {"inputs.ints.exists_one(x, x > 3)", "true"}, {"inputs.ints.map(x, x + 1)", "[4,5]"},
		{"inputs.ints.map(x, x > 3, x * 2)", "[8]"}, {"inputs.ints.filter(x, x > 9)", "[]"}, {"inputs.xs.all(x, x == 1)", "false"}, {"inputs.xs.all(x, x > 0)", ""}, {"inputs.xs.exists(x, x > 0)", "true"},
		{"inputs.xs.all(x, x < 0)", "false"}, {"inputs.xs.exists_one(x, x > 0)", ""}, {"inputs.m.map(k, k)", `["k","m","s","xs"]`}, {"inputs.m.xs.map(x, x)", "[1]"}, {"inputs.m.k.map(x, x)", ""},
		{"inputs.ints.map(x, inputs.ints.map(y, x * y))", "[[9,12],[12,16]]"}, {"[1, 2].map(x, [3].map(y, [4].map(z, x + y + z)))", "[[[8]],[[9]]]"},
		{"[1, 2].map(x, [3].map(x, x))", "[[3],[3]]"}, {"inputs.texts.all(x, x < 'c') && inputs.texts.all(y, y != '')", "true"},
		// conversions
		{"int(2.9)", "2"}, {"int(-2.9)", "-2"}, {"int(1e300)", ""}, {"int('12')", "12"}, {"int('+07')", "7"}, {"int('1.5')", ""}, {"int('x is missing')", ""}, {"int('9007199254740993')", ""},
		{"int(inputs.m.k)", "1"}, {"int(inputs.m.s)", ""}, {"int(inputs.flag ? dyn('3') : dyn(2))", "3"}, {"double(3)", "3"}, {"double('1e3')", "1000"}, {"double('inf')", ""}, {"double('0x10')", ""}, {"double('1e400')", ""},
		{"double(inputs.m.k)", "1"}, {"bool('true')", "true"}, {"bool('F')", "false"}, {"bool('yes')", ""}, {"bool(inputs.m.k)", ""}, {"string(7)", `"7"`}, {"string(1000000.0)", `"1000000"`}, {"string(1e21)", `"1000000000000000000000"`},
		{"string(-1.5e-7)", `"-0.00000015"`}, {"string(true)", `"true"`}, {"string(inputs.m.k)", `"1"`}, {"string(inputs.m.m)", ""}, {"string(0.0 / 0.0)", ""}, {"dyn(1) == 'a'", "false"}, {"size(inputs.m)", "4"}, {"size(inputs.m.k)", ""},
	} {
		p, ds := compileText(row.expr, sample())
		if p == nil {
			t.Errorf("%s\n%s", row.expr, format(ds))
			continue
		}
		got := ""
		if v, err := p.Eval(context.Background(), getter(values)); err == nil {
			got, _ = jsonText(v)
		}
		text, err := p.Argo(binding)
		if err != nil {
			t.Errorf("%s: %v", row.expr, err)
			continue
		}
		argo, err := argoEval(text, p.Vars(), values)
		if err != nil {
			argo = ""
		}
		if got != row.want || argo != row.want && !sameJSON(argo, row.want) {
			t.Errorf("%s\nwant %q\nhere %q\nArgo %q %v\n%s", row.expr, row.want, got, argo, err, text)
		}
		if p.Total() && row.want == "" {
			t.Errorf("%s is called total, and fails", row.expr)
		}
	}
}

// TestArgoSafe holds produced texts to what Argo's passes cannot stand.
func TestArgoSafe(t *testing.T) {
	for _, src := range []string{"'a{{b}}c{{{'", "{'a': {'b': {'c': {}}}}", "' is missing' + 'variable not in env' + 'failed to resolve {{'", "'\\u0000\\u007f\\u2028'", "'}}' + '{' + '{'"} {
		p, ds := compileText(src, sample())
		if p == nil {
			t.Fatalf("%s\n%s", src, format(ds))
		}
		text, err := p.Argo(binding)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"{{", "}}", " is missing", "variable not in env", "failed to resolve {{", "\n", "let "} {
			if strings.Contains(text, bad) {
				t.Errorf("%s becomes %s, which holds %q", src, text, bad)
			}
		}
	}
}

func TestTotal(t *testing.T) {
	for src, want := range map[string]bool{
		"inputs.name": true, "inputs.note": false, "has(inputs.note) ? inputs.note : 'x'": true, "inputs.?note.orValue('x')": true,
		"has(inputs.note) && inputs.note == 'x'": true, "inputs.rows + 1": false, "size(inputs.xs) + 1": true, "inputs.rows % 2 == 0": true,
		"inputs.rows / 2": true, "inputs.rate / 2.0": false, "inputs.rate / 2.0 > 1.0": true, "inputs.m.k": false, "has(inputs.m.k)": true,
		"has(inputs.m.k) ? 1 : 2": true, "inputs.texts.join(',')": true, "inputs.name + '-' + string(inputs.rows)": true, "string(inputs.rate)": true,
	} {
		if p, ds := compileText(src, sample()); p == nil || p.Total() != want {
			t.Errorf("%s: want total %v\n%s", src, want, format(ds))
		}
	}
}

func TestVars(t *testing.T) {
	p, _ := compileText("inputs.s + inputs.name + inputs.s + (has(inputs.note) ? 'a' : inputs.m.k.x)", sample())
	if p != nil {
		t.Fatal("a dynamic value took part in a sum")
	}
	p, ds := compileText(" inputs.s + inputs.name + inputs.s + (has(inputs.note) ? 'a' : string(inputs.m.k.x)) ", sample())
	if p == nil {
		t.Fatal(format(ds))
	}
	var names []string
	for _, v := range p.Vars() {
		names = append(names, v.Name)
	}
	if got := strings.Join(names, " "); got != "inputs.s inputs.name inputs.note inputs.m" {
		t.Errorf("variables %s", got)
	}
	if p.Type().String() != "string" || p.Source()[0] == ' ' {
		t.Errorf("type %s, source %q", p.Type(), p.Source())
	}
}
