package expr

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"testing"

	exprenv "github.com/argoproj/argo-workflows/v3/util/expr/env"
	"github.com/argoproj/argo-workflows/v3/util/template"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A writer writes random expressions of a wanted type.
type writer struct {
	r     *rand.Rand
	loops []looped
}

type looped struct{ name, typ string }

func (w *writer) pick(options ...string) string { return options[w.r.Intn(len(options))] }

func (w *writer) loopOf(typ string) []string {
	var out []string
	for _, l := range w.loops {
		if l.typ == typ {
			out = append(out, l.name)
		}
	}
	return out
}

// leaf is a constant or a variable.
func (w *writer) leaf(typ string) string {
	if ls := w.loopOf(typ); len(ls) > 0 && w.r.Intn(2) == 0 {
		return w.pick(ls...)
	}
	switch typ {
	case "int":
		return w.pick("inputs.rows", "inputs.n", "0", "1", "2", "-3", "7", "9007199254740991", "size(inputs.xs)", "inputs.?limit.orValue(4)", "tasks.a-b.outputs.x-y", "inputs.in", "inputs.limit")
	case "double":
		return w.pick("inputs.rate", "inputs.d", "0.5", "1.0", "0.0", "-2.5", "1e21", "1e-7", "3.0", "inputs.nums[0]")
	case "string":
		return w.pick("inputs.name", "inputs.s", "'a'", "''", "'héß'", "'12'", "'{{x}}'", "'it\\'s <b>'", "inputs.?note.orValue('d')", "inputs.note", "'1.5'", "'true'", `"{\"k\":[1]}"`)
	case "bool":
		return w.pick("inputs.flag", "true", "false", "has(inputs.note)", "has(inputs.m.k)", "has(inputs.limit)", "inputs.?opt.?k.hasValue()")
	case "map":
		return w.pick("inputs.m", "status", "{}", "inputs.?opt.orValue({})")
	case "list":
		return w.pick("inputs.xs", "inputs.xs", "[1, 'a', null]", "[]")
	case "ints":
		return w.pick("inputs.ints", "[1, 2, 3]")
	case "strings":
		return w.pick("inputs.texts", "['a', 'b']", "inputs.s.split('a')")
	case "doubles":
		return w.pick("inputs.nums", "[1.0, -0.5]")
	}
	return w.pick("inputs.m.k", "inputs.xs[0]", "region", "inputs.any", "status.s", "dyn(1.0)", "dyn('a')", "dyn(null)", "inputs.m['list']", "inputs.m.?z.orValue('q')", "null")
}

var types20 = []string{"int", "double", "string", "bool", "map", "list", "ints", "strings", "doubles", "dyn"}

func elementOf(list string) string {
	switch list {
	case "ints":
		return "int"
	case "strings", "map":
		return "string"
	case "doubles":
		return "double"
	}
	return "dyn"
}

// within writes with a loop variable in scope.
func (w *writer) within(name, typ string, f func() string) string {
	n := len(w.loops)
	saved := append([]looped(nil), w.loops...)
	for i := 0; i < n; i++ { // shadowed
		if w.loops[i].name == name {
			w.loops = append(append([]looped(nil), w.loops[:i]...), w.loops[i+1:]...)
			break
		}
	}
	w.loops = append(w.loops, looped{name, typ})
	out := f()
	w.loops = saved
	return out
}

func (w *writer) rangeOf() (text, element string) {
	typ := w.pick("list", "list", "ints", "strings", "doubles", "map", "dyn")
	return typ, elementOf(typ)
}

func (w *writer) write(typ string, depth int) string {
	if depth <= 0 || w.r.Intn(6) == 0 {
		return w.leaf(typ)
	}
	e := func(t string) string { return w.write(t, depth-1) }
	if w.r.Intn(10) == 0 {
		return fmt.Sprintf("(%s ? %s : %s)", e("bool"), e(typ), e(typ))
	}
	x := w.pick("x", "y", "z", "region")
	macro := func(name string, body string) string {
		list, elem := w.rangeOf()
		over := e(list)
		return over + "." + name + "(" + x + ", " + w.within(x, elem, func() string { return w.write(body, depth-1) }) + ")"
	}
	switch typ {
	case "int":
		switch w.r.Intn(12) {
		case 0, 1:
			return fmt.Sprintf("(%s %s %s)", e("int"), w.pick("+", "-", "*"), e("int"))
		case 2:
			return fmt.Sprintf("(%s %s %s)", e("int"), w.pick("/", "%"), e("int"))
		case 3:
			return "(-" + e("int") + ")"
		case 4:
			return "size(" + e(w.pick("list", "string", "map", "dyn", "ints", "strings")) + ")"
		case 5:
			return "int(" + e(w.pick("double", "string", "dyn")) + ")"
		case 6:
			return e("string") + "." + w.pick("indexOf", "lastIndexOf") + "(" + e("string") + ")"
		case 7:
			return w.pick("math.greatest", "math.least") + "(" + e("int") + ", " + e("int") + ")"
		case 8:
			return w.pick("math.abs", "math.sign") + "(" + e("int") + ")"
		case 9:
			return e("ints") + "[" + e("int") + "]"
		case 10:
			return "[" + e("int") + ", " + e("int") + "][" + w.pick("0", "1", "2") + "]"
		}
		return e("int")
	case "double":
		switch w.r.Intn(8) {
		case 0, 1:
			return fmt.Sprintf("(%s %s %s)", e("double"), w.pick("+", "-", "*", "/"), e("double"))
		case 2:
			return "double(" + e(w.pick("int", "string", "dyn")) + ")"
		case 3:
			return w.pick("math.abs", "math.ceil", "math.floor", "math.round", "math.trunc", "math.sign") + "(" + e("double") + ")"
		case 4:
			return w.pick("math.greatest", "math.least") + "(" + e("double") + ", " + e("double") + ", " + e("double") + ")"
		case 5:
			return "(-" + e("double") + ")"
		case 6:
			return e("doubles") + "[" + e("int") + "]"
		}
		return e("double")
	case "string":
		switch w.r.Intn(14) {
		case 0, 1:
			return "(" + e("string") + " + " + e("string") + ")"
		case 2, 3:
			return "string(" + e(w.pick("int", "double", "bool", "dyn", "string")) + ")"
		case 4:
			return e("string") + "." + w.pick("lowerAscii", "upperAscii", "trim", "reverse") + "()"
		case 5:
			return e("string") + ".substring(" + e("int") + w.pick(")", ", "+e("int")+")")
		case 6:
			return e("string") + ".charAt(" + e("int") + ")"
		case 7:
			return e("string") + ".replace(" + e("string") + ", " + e("string") + w.pick(")", ", "+e("int")+")")
		case 8:
			return e("strings") + ".join(" + w.pick("", e("string")) + ")"
		case 9:
			return e("list") + ".join('-')"
		case 10:
			return "'%s-%d%%'.format([" + e(w.pick("string", "int", "bool", "double")) + ", " + e("int") + "])"
		case 11:
			return e("strings") + "[" + e("int") + "]"
		case 12:
			return e("dyn") + "." + w.pick("trim()", "lowerAscii()", "replace('a', 'b')")
		}
		return e("string")
	case "bool":
		switch w.r.Intn(22) {
		case 0, 1, 2:
			return fmt.Sprintf("(%s %s %s)", e("bool"), w.pick("&&", "||"), e("bool"))
		case 3:
			return fmt.Sprintf("(%s %s %s %s %s)", e("bool"), w.pick("&&", "||"), e("bool"), w.pick("&&", "||"), e("bool"))
		case 4:
			return "!" + "(" + e("bool") + ")"
		case 5:
			t := types20[w.r.Intn(len(types20))]
			return fmt.Sprintf("(%s %s %s)", e(t), w.pick("==", "!="), e(t))
		case 6:
			return fmt.Sprintf("(%s %s %s)", e("dyn"), w.pick("==", "!="), e(types20[w.r.Intn(len(types20))]))
		case 7, 8:
			t := w.pick("int", "double", "string")
			return fmt.Sprintf("(%s %s %s)", e(t), w.pick("<", "<=", ">", ">="), e(t))
		case 9:
			return fmt.Sprintf("(%s < %s)", e("int"), e("double"))
		case 10, 11:
			return fmt.Sprintf("(%s %s %s)", e("dyn"), w.pick("<", ">="), e(w.pick("int", "double", "string")))
		case 12:
			return fmt.Sprintf("(%s in %s)", e("dyn"), e(w.pick("list", "map", "dyn")))
		case 13:
			return fmt.Sprintf("(%s in %s)", e("string"), e(w.pick("strings", "map", "list", "dyn")))
		case 14:
			return fmt.Sprintf("(%s in %s)", e("int"), e(w.pick("ints", "list", "dyn")))
		case 15, 16, 17:
			return macro(w.pick("all", "exists", "exists_one"), "bool")
		case 18:
			return e("string") + "." + w.pick("contains", "startsWith", "endsWith") + "(" + e("string") + ")"
		case 19:
			return e("string") + ".matches('" + w.pick("a+", "^[0-9]+$", "", "é|x") + "')"
		case 20:
			return "bool(" + e(w.pick("string", "dyn")) + ")"
		}
		return w.pick("has("+e("dyn")+".k)", "has("+e("map")+".k)", "math.isNaN("+e("double")+")", "math.isFinite("+e("double")+")", "math.isInf("+e("double")+")", e("map")+".?k.?l.hasValue()", "("+e("dyn")+" && "+e("bool")+")")
	case "map":
		return w.pick(e("map"), "{'k': "+e(w.pick("int", "string", "dyn", "list"))+", 'a b': "+e("dyn")+"}", "{'k': "+e("dyn")+"}")
	case "list":
		switch w.r.Intn(6) {
		case 0:
			return "(" + e("list") + " + " + e("list") + ")"
		case 1:
			return "[" + e("dyn") + ", " + e("dyn") + "]"
		case 2, 3:
			return macro("map", "dyn")
		case 4:
			over := e("list")
			return over + ".filter(" + x + ", " + w.within(x, "dyn", func() string { return w.write("bool", depth-1) }) + ")"
		}
		return w.mapped(x, "dyn", depth)
	case "ints":
		return w.pick(macro("map", "int"), "["+e("int")+"]", "("+e("ints")+" + "+e("ints")+")", w.mapped(x, "int", depth))
	case "strings":
		return w.pick(macro("map", "string"), "["+e("string")+"]", e("string")+".split("+e("string")+w.pick(")", ", "+e("int")+")"), w.mapped(x, "string", depth))
	case "doubles":
		return w.pick(macro("map", "double"), "["+e("double")+"]")
	}
	switch w.r.Intn(10) {
	case 0:
		return e("map") + "." + w.pick("k", "z", "list")
	case 1:
		return e("dyn") + "." + w.pick("k", "z")
	case 2:
		return e("map") + "[" + e("string") + "]"
	case 3:
		return e("dyn") + "[" + e("string") + "]"
	case 4:
		return e("list") + "[" + e("int") + "]"
	case 5:
		return e("dyn") + "[" + e("int") + "]"
	case 6:
		return e("map") + ".?k." + w.pick("?l.", "") + "orValue(" + e("dyn") + ")"
	case 7:
		return "parseJson(" + e("string") + ")"
	case 8:
		return "dyn(" + e(types20[w.r.Intn(len(types20))]) + ")"
	}
	return e("list") + "[" + e("dyn") + "]"
}

// mapped is a map with a test and a value.
func (w *writer) mapped(x, typ string, depth int) string {
	list, elem := w.rangeOf()
	over := w.write(list, depth-1)
	return over + ".map(" + x + ", " + w.within(x, elem, func() string {
		return w.write("bool", depth-1) + ", " + w.write(typ, depth-1)
	}) + ")"
}

// data is a random JSON value.
func data(r *rand.Rand, depth int) any {
	switch n := r.Intn(11); {
	case n < 3:
		return []any{0.0, 1.0, 2.0, -3.0, 1.5, 1e21, 7.0, 9007199254740991.0}[r.Intn(8)]
	case n < 5:
		return text(r)
	case n < 6:
		return r.Intn(2) == 0
	case n < 7:
		return nil
	case n < 9 && depth > 0:
		out := []any{}
		for range r.Intn(4) {
			out = append(out, data(r, depth-1))
		}
		return out
	case depth > 0:
		return object(r, depth-1)
	}
	return 4.0
}

func text(r *rand.Rand) string {
	return []string{"", "a", "ab", "k", "12", "x is missing", "Éa", "😀b", "{{x}}", "1e3", "true", `{"k": 1}`, " <&> '\"\\\n"}[r.Intn(13)]
}

func object(r *rand.Rand, depth int) map[string]any {
	out := map[string]any{}
	for _, k := range []string{"k", "l", "list", "s", "a b"} {
		if r.Intn(2) == 0 {
			out[k] = data(r, depth)
		}
	}
	return out
}

// inputs are random values of variables: of the declared types where
// types are declared, anything elsewhere.
func inputs(r *rand.Rand, vars []Variable) map[string]any {
	out := map[string]any{}
	for _, v := range vars {
		if v.Optional && r.Intn(2) == 0 {
			continue
		}
		out[v.Name] = typedData(r, v.Type)
	}
	return out
}

func typedData(r *rand.Rand, t ir.Type) any {
	switch t.Kind {
	case ir.Integer:
		return []int64{0, 1, 2, -1, 3, 10, 9007199254740991, -9007199254740991}[r.Intn(8)]
	case ir.Number:
		return []float64{0, 1, -1.5, 0.1, 1e21, 1e-7, 123456.75, 3}[r.Intn(8)]
	case ir.String:
		return text(r)
	case ir.Boolean:
		return r.Intn(2) == 0
	case ir.Struct:
		return object(r, 2)
	case ir.List:
		out := []any{}
		for range r.Intn(4) {
			if t.Items != nil {
				out = append(out, typedData(r, *t.Items))
			} else {
				out = append(out, data(r, 2))
			}
		}
		return out
	}
	if v := data(r, 2); v != nil {
		return v
	}
	return "set"
}

// TestEnginesAgree holds cel-go and expr-lang, in Argo's environment, together
// on random expressions and inputs: the same value, or an error in both, and a
// prediction of errors that is right. KFPGO_EXPR_CASES asks for more cases.
func TestEnginesAgree(t *testing.T) {
	cases, seed := 20000, int64(1)
	if n, err := strconv.Atoi(os.Getenv("KFPGO_EXPR_CASES")); err == nil {
		cases = n
	}
	if n, err := strconv.ParseInt(os.Getenv("KFPGO_EXPR_SEED"), 10, 64); err == nil {
		seed = n
	}
	const each = 6
	w := &writer{r: rand.New(rand.NewSource(seed))}
	s := sample()
	var run, values, failures, refused, substituted, totals int
	codes := map[string]int{}
	for attempt := 0; run < cases; attempt++ {
		if attempt > 4*cases {
			t.Fatal("too few expressions are accepted")
		}
		w.loops = nil
		typ := types20[w.r.Intn(len(types20))]
		src := w.write(typ, 1+w.r.Intn(4))
		p, ds := compileText(src, s)
		if p == nil {
			refused++
			for _, d := range ds {
				if d.Severity == 1 {
					codes[string(d.Code)]++
					if d.Code == "E302" || d.Code == "E322" || d.Code == "E303" {
						t.Fatalf("%s\n%s", src, format(ds))
					}
				}
			}
			continue
		}
		text, err := p.Argo(binding)
		if err != nil {
			continue
		}
		if attempt%4 == 0 {
			if err := CheckArgo(text); err != nil {
				t.Fatalf("%s\n%s\n%v", src, text, err)
			}
		}
		prog, err := argoCompile(text, exprenv.GetFuncMap(argoVars(p.Vars(), nil)))
		if err != nil {
			t.Fatalf("%s\n%s\n%v", src, text, err)
		}
		ok := ""
		if attempt%4 == 0 {
			ok = foretold(t, p, src, s)
		}
		if p.Total() {
			totals++
		}
		for i := range each {
			in := inputs(w.r, p.Vars())
			run++
			here, hereErr := p.Eval(context.Background(), getter(in))
			want := ""
			if hereErr == nil {
				want, _ = jsonText(here)
				values++
			} else {
				failures++
			}
			env := exprenv.GetFuncMap(argoVars(p.Vars(), in))
			got, gotErr := argoRun(prog, env)
			if (hereErr == nil) != (gotErr == nil) || hereErr == nil && !sameJSON(want, got) || p.Total() && gotErr != nil {
				t.Fatalf("seed %d: %s\n%s\ninputs %s\nhere %s %v\nArgo %s %v\ntotal %v", seed, src, text, ir.JSON(in), want, hereErr, got, gotErr, p.Total())
			}
			if ok != "" && i == 0 {
				checkForetold(t, ok, src, env, gotErr)
			}
			if gotErr == nil && run%16 == 0 {
				substituted++
				checkSubstitution(t, text, p.Vars(), in, got)
			}
		}
	}
	t.Logf("%d cases (%d values, %d errors), %d expressions total, %d through substitution, %d refused %v", run, values, failures, totals, substituted, refused, codes)
	if values < cases/4 || failures < cases/8 {
		t.Error("the cases are lopsided")
	}
}

func sameJSON(a, b string) bool {
	if a == b {
		return true
	}
	x, err1 := ir.ParseJSON(a)
	y, err2 := ir.ParseJSON(b)
	return err1 == nil && err2 == nil && ir.JSON(floats(x)) == ir.JSON(floats(y))
}

func floats(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case []any:
		for i := range v {
			v[i] = floats(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = floats(v[k])
		}
	}
	return v
}

// foretold is the text that says beforehand whether the program fails, "" when
// it has none or cannot fail.
func foretold(t *testing.T, p *Program, src string, s table) string {
	sp := spell(fragment(src), s)
	tr := &translator{a: p.ast.NativeRep(), sp: sp, p: p, report: discard, present: map[int]int{}, warned: map[int]bool{}}
	out := tr.term(tr.a.Expr())
	if out.fail != guarded || tr.mayInf {
		return ""
	}
	var b strings.Builder
	for _, part := range pieces(out.ok()) {
		if part.hole >= 0 {
			b.WriteString(binding(p.vars[part.hole].Name))
		}
		b.WriteString(part.text)
	}
	if b.Len() > 20000 {
		return ""
	}
	return b.String()
}

func checkForetold(t *testing.T, ok, src string, env map[string]any, runErr error) {
	t.Helper()
	prog, err := argoCompile(ok, env)
	if err != nil {
		t.Fatalf("%s\nok %s\n%v", src, ok, err)
	}
	got, err := argoRun(prog, env)
	if err != nil || (got == "true") != (runErr == nil) {
		t.Fatalf("%s\nok %s\nforetold %s %v, but %v", src, ok, got, err, runErr)
	}
}

// checkSubstitution puts the expression into a tag, as a manifest does, and
// lets Argo's own template code replace it.
func checkSubstitution(t *testing.T, text string, vars []Variable, in map[string]any, want string) {
	t.Helper()
	doc := ir.JSON(map[string]any{"value": "{{=toJson(" + text + ")}}"})
	out, err := template.ReplaceStrictAny(doc, argoVars(vars, in), []string{"inputs"})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	v, err := ir.ParseJSON(out)
	if err != nil {
		t.Fatal(err)
	}
	if got := v.(map[string]any)["value"]; got != want {
		t.Fatalf("%s\nsubstituted %v, evaluated %s", text, got, want)
	}
}
