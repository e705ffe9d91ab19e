package check_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A few makers keep the tables short.

func id(s string) ir.Ident { return ir.Ident{Text: s} }

var (
	str     = ir.Type{Kind: ir.String}
	integer = ir.Type{Kind: ir.Integer}
	num     = ir.Type{Kind: ir.Number}
	boolean = ir.Type{Kind: ir.Boolean}
	list    = ir.Type{Kind: ir.List}
	object  = ir.Type{Kind: ir.Struct}
	model   = ir.ArtifactType("system.Model")
	dataset = ir.ArtifactType("system.Dataset")
	anyArt  = ir.ArtifactType("system.Artifact")
)

func in(name string, t ir.Type) *ir.Port  { return &ir.Port{Name: id(name), Type: t} }
func opt(name string, t ir.Type) *ir.Port { return &ir.Port{Name: id(name), Type: t, Optional: true} }
func lit(v any) *ir.Literal               { return &ir.Literal{V: v} }

func program(name string, inputs, outputs []*ir.Port) *ir.Component {
	return &ir.Component{Name: id(name), Inputs: inputs, Outputs: outputs,
		Body: &ir.Container{Image: lit("busybox:1.37"), Contract: ir.DSLContract}}
}

func dag(name string, inputs []*ir.Port, tasks ...*ir.Task) *ir.Component {
	return &ir.Component{Name: id(name), Inputs: inputs, Body: &ir.DAG{Tasks: tasks}}
}

// result adds an output to a DAG component.
func result(c *ir.Component, name string, t ir.Type, v ir.Value) *ir.Component {
	c.Outputs = append(c.Outputs, in(name, t))
	c.DAG().Outputs = append(c.DAG().Outputs, &ir.DAGOutput{Name: id(name), Value: v})
	return c
}

// task takes name, component and pairs of input and value.
func task(name string, c *ir.Component, args ...any) *ir.Task {
	t := &ir.Task{Name: id(name), Component: c}
	for i := 0; i < len(args); i += 2 {
		t.Args = append(t.Args, &ir.Binding{Name: id(args[i].(string)), Value: args[i+1].(ir.Value)})
	}
	return t
}

func out(task, output string) *ir.OutputRef { return &ir.OutputRef{Task: task, Output: output} }

func pipe(dialect ir.Dialect, root *ir.Component) *ir.Pipeline {
	p := &ir.Pipeline{Name: id("demo"), Root: root, Dialect: dialect}
	seen := map[*ir.Component]bool{root: true}
	var add func(*ir.Component)
	add = func(c *ir.Component) {
		if d := c.DAG(); d != nil {
			d.EachTask(func(t *ir.Task) {
				if t.Component != nil && !seen[t.Component] {
					seen[t.Component] = true
					p.Components = append(p.Components, t.Component)
					add(t.Component)
				}
			})
		}
	}
	add(root)
	return p
}

func findings(p *ir.Pipeline) (string, *check.Info) {
	var b strings.Builder
	info := check.Pipeline(p, func(d diag.Diagnostic) {
		fmt.Fprintf(&b, "%s %s: %s\n", d.Severity, d.Code, d.Message)
		for _, r := range d.Related {
			if d.Code == "C420" || d.Code == "C421" {
				fmt.Fprintf(&b, "  %s\n", r.Message)
			}
		}
	})
	return b.String(), info
}

func TestEdges(t *testing.T) {
	give := program("give", nil, []*ir.Port{in("s", str), in("i", integer), in("n", num), in("b", boolean), in("l", list), in("o", object), in("m", model), in("d", dataset), in("a", anyArt), opt("maybe", str)})
	takes := func(ty ir.Type) *ir.Component { return program("take", []*ir.Port{in("x", ty)}, nil) }
	for _, c := range []struct {
		name    string
		to      ir.Type
		from    ir.Value
		dsl     string // "": fits
		kfp     string
		takesIt bool
	}{
		{name: "equal", to: str, from: out("give", "s")},
		{name: "integer to number", to: num, from: out("give", "i")},
		{name: "number to integer", to: integer, from: out("give", "n"), dsl: "error C408"},
		{name: "integer to string", to: str, from: out("give", "i"), dsl: "error C408"},
		{name: "struct to string", to: str, from: out("give", "o"), dsl: "error C408"},
		{name: "string to integer", to: integer, from: out("give", "s"), dsl: "error C408", kfp: "error C408"},
		{name: "string to boolean", to: boolean, from: out("give", "s"), dsl: "error C408", kfp: "error C408"},
		{name: "list to struct", to: object, from: out("give", "l"), dsl: "error C408", kfp: "error C408"},
		{name: "model to dataset", to: dataset, from: out("give", "m"), dsl: "error C408", kfp: "warning C408"},
		{name: "model to any artifact", to: anyArt, from: out("give", "m")},
		{name: "any artifact to model", to: model, from: out("give", "a")},
		{name: "artifact to string", to: str, from: out("give", "m"), dsl: "error C408", kfp: "error C408"},
		{name: "string to artifact", to: model, from: out("give", "s"), dsl: "error C408", kfp: "error C408"},
		{name: "constant to artifact", to: model, from: lit("s3://x"), dsl: "error C408", kfp: "error C408"},
		{name: "constant integer", to: integer, from: lit(int64(3))},
		{name: "constant integer for a number", to: num, from: lit(int64(3))},
		{name: "whole constant for an integer", to: integer, from: lit(3.0)},
		{name: "constant with fraction for an integer", to: integer, from: lit(3.5), dsl: "error C409"},
		{name: "constant integer for a string", to: str, from: lit(int64(3)), dsl: "error C409"},
		{name: "constant string for a boolean", to: boolean, from: lit("true"), dsl: "error C409", kfp: "error C409"},
		{name: "constant for typed list", to: ir.ListOf(integer), from: lit([]any{int64(1), "x"}), dsl: "error C409", kfp: "error C409"},
		{name: "null", to: str, from: lit(nil), dsl: "error C412"},
		{name: "optional output", to: str, from: out("give", "maybe"), dsl: "error C413"},
		{name: "no such task", to: str, from: out("gvie", "s"), dsl: "error C403", kfp: "error C403"},
		{name: "no such output", to: str, from: out("give", "zz"), dsl: "error C404", kfp: "error C404"},
		{name: "no such input", to: str, from: &ir.InputRef{Name: "zz"}, dsl: "error C405", kfp: "error C405"},
		{name: "reported already", to: str, from: &ir.Expr{}},
		{name: "text", to: str, from: &ir.Template{Parts: []ir.Value{lit("x"), out("give", "i")}}},
		{name: "text for a number", to: num, from: &ir.Template{}, dsl: "error C408", kfp: "error C408"},
	} {
		for dialect, want := range map[ir.Dialect]string{ir.DSL: c.dsl, ir.KFP: c.kfp} {
			root := dag("root", nil, task("give", give), task("take", takes(c.to), "x", c.from))
			got, _ := findings(pipe(dialect, root))
			if want == "" && got != "" || want != "" && (!strings.HasPrefix(got, want+":") || strings.Count(got, "\n") != 1) {
				t.Errorf("%s, dialect %d: got %q, want %q", c.name, dialect, got, want)
			}
		}
	}
}

func TestWiring(t *testing.T) {
	show := program("show", []*ir.Port{in("x", str), opt("y", str), {Name: id("z"), Type: str, Default: lit("d")}}, nil)
	for _, c := range []struct{ name, want string }{
		{"missing", `error C407: task "t" lacks its required input "x" (string)`},
		{"unknown", `error C406: component "show" has no input "q"`},
	} {
		tk := task("t", show)
		if c.name == "unknown" {
			tk = task("t", show, "x", lit("1"), "q", lit("1"))
		}
		got, _ := findings(pipe(ir.DSL, dag("root", nil, tk)))
		if strings.TrimSpace(got) != c.want {
			t.Errorf("%s: got %q", c.name, got)
		}
	}
	got, _ := findings(pipe(ir.KFP, dag("root", nil, task("t", show, "x", lit("1"), "q", lit("1")))))
	if got != "" {
		t.Errorf("KFP allows inputs that are not declared: %q", got)
	}
}

func TestCycles(t *testing.T) {
	pass := program("pass", []*ir.Port{in("x", str)}, []*ir.Port{in("y", str)})
	loose := program("loose", nil, nil)
	ring := func(names ...string) []*ir.Task {
		var ts []*ir.Task
		for i, n := range names {
			ts = append(ts, task(n, pass, "x", out(names[(i+len(names)-1)%len(names)], "y")))
		}
		return ts
	}
	selfish := task("self", loose)
	selfish.After = []ir.Ident{id("self")}
	tasks := append(ring("a", "b", "c"), task("free", loose), selfish)
	tasks = append(tasks, ring("d", "e")...)
	got, _ := findings(pipe(ir.DSL, dag("root", nil, tasks...)))
	want := `error C420: these tasks wait for each other: "a" → "b" → "c" → "a"
  "a" waits for "c" (input "x")
  "b" waits for "a" (input "x")
  "c" waits for "b" (input "x")
error C420: task "self" waits for itself
error C420: these tasks wait for each other: "d" → "e" → "d"
  "d" waits for "e" (input "x")
  "e" waits for "d" (input "x")
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestRecursion(t *testing.T) {
	a := dag("a", nil)
	b := dag("b", nil, task("to-a", a))
	a.Body = &ir.DAG{Tasks: []*ir.Task{task("to-b", b)}}
	got, _ := findings(pipe(ir.KFP, dag("root", nil, task("start", a))))
	want := "error C421: component \"a\" contains itself\n  \"a\" uses \"b\"\n  \"b\" uses \"a\"\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestNever(t *testing.T) {
	loose := program("loose", nil, nil)
	dead := task("dead", loose)
	dead.When = lit(false)
	behind := task("behind", loose)
	behind.After = []ir.Ident{id("dead")}
	anyway := task("anyway", loose)
	anyway.After, anyway.Trigger = []ir.Ident{id("behind")}, ir.Completed
	loop := task("loop", program("item", []*ir.Port{in("i", str)}, nil))
	loop.ForEach = &ir.Loop{Items: lit([]any{}), Item: id("i")}
	got, _ := findings(pipe(ir.DSL, dag("root", nil, dead, behind, anyway, loop)))
	want := `warning C422: task "dead" never runs: its condition is always false
warning C422: task "loop" never runs: its list is empty
warning C422: task "behind" never runs: it waits for "dead", which never does
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestInfo(t *testing.T) {
	give := program("give", nil, []*ir.Port{in("y", integer)})
	one := result(dag("one", []*ir.Port{in("item", str)}, task("give", give)), "y", integer, out("give", "y"))
	loop := task("loop", one)
	loop.ForEach = &ir.Loop{Items: lit([]any{"a"}), Item: id("item")}
	maybe := task("maybe", give)
	maybe.When = &ir.Literal{V: true}
	then := task("then", program("take", []*ir.Port{in("x", integer)}, []*ir.Port{in("z", str)}), "x", out("maybe", "y"))
	after := task("after", give)
	after.After, after.Trigger = []ir.Ident{id("then")}, ir.Completed
	root := dag("root", nil, loop, maybe, then, after)
	result(root, "list", ir.ListOf(integer), out("loop", "y"))
	result(root, "z", str, out("then", "z"))
	got, info := findings(pipe(ir.DSL, root))
	if got != "" {
		t.Fatal(got)
	}
	s := info.Scope(root.DAG())
	if ty := s.TypeOf(out("loop", "y"), nil); !ty.Equal(ir.ListOf(integer)) {
		t.Errorf("collected output is %s", ty)
	}
	if fmt.Sprint(s.Order) != "[0 1 2 3]" || fmt.Sprint(s.Upstream(3)) != "[2]" {
		t.Errorf("order %v, upstream of after %v", s.Order, s.Upstream(3))
	}
	for i, want := range []bool{false, true, true, false} {
		if s.Skippable(i) != want {
			t.Errorf("skippable %d is %v", i, s.Skippable(i))
		}
	}
	if info.OptionalOutput(root, "list") || !info.OptionalOutput(root, "z") {
		t.Error("outputs of a task that may be skipped are optional, lists are not")
	}
	if last := info.Components[len(info.Components)-1]; last != root || len(info.Components) != 4 {
		t.Errorf("components: %d, last %q", len(info.Components), last.Name.Text)
	}
	if info.Graphs[root.DAG()] != s.Graph {
		t.Error("Graphs and Scope disagree")
	}
}

func TestOneOf(t *testing.T) {
	text := program("text", nil, []*ir.Port{in("x", str)})
	count := program("count", nil, []*ir.Port{in("x", integer)})
	branch := func(name string, c *ir.Component, ty ir.Type) *ir.Task {
		return task(name, result(dag("branch"+name, nil, task("t", c)), "x", ty, out("t", "x")))
	}
	group := func(second *ir.Component, ty ir.Type, last ir.Value) *ir.Component {
		first, rest := branch("0", text, str), branch("1", second, ty)
		first.When, rest.When = &ir.Expr{}, last
		g := dag("group", nil, first, rest)
		g.DAG().Exclusive = true
		return result(g, "x", str, &ir.OneOf{Alternatives: []*ir.OutputRef{out("0", "x"), out("1", "x")}})
	}
	got, _ := findings(pipe(ir.DSL, dag("root", nil, task("g", group(count, integer, nil)))))
	if want := "error C416: output \"x\" is a string in one branch and an integer in another\n"; got != want {
		t.Errorf("got %q", got)
	}
	for _, c := range []struct {
		last     ir.Value
		optional bool
	}{{nil, false}, {&ir.Expr{}, true}} {
		g := group(text, str, c.last)
		got, info := findings(pipe(ir.DSL, dag("root", nil, task("g", g))))
		if got != "" || info.OptionalOutput(g, "x") != c.optional {
			t.Errorf("%q, optional %v", got, info.OptionalOutput(g, "x"))
		}
	}
}

func TestExitTask(t *testing.T) {
	give := program("give", nil, []*ir.Port{in("y", integer)})
	need := program("need", []*ir.Port{in("x", integer)}, nil)
	may := program("may", []*ir.Port{opt("x", integer), in("s", object)}, nil)
	for c, want := range map[*ir.Component]string{need: "C413", may: ""} {
		main := task("main", give)
		main.OnExit = task("report", c, "x", out("main", "y"))
		if c == may {
			main.OnExit.Args = append(main.OnExit.Args, &ir.Binding{Name: id("s"), Value: &ir.StatusRef{}})
		}
		got, _ := findings(pipe(ir.DSL, dag("root", nil, main)))
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q", c.Name.Text, got)
		}
	}
}

func TestSecrets(t *testing.T) {
	secret := &ir.Port{Name: id("token"), Type: str, Secret: true}
	root := func(c *ir.Component) *ir.Component {
		return dag("root", []*ir.Port{secret}, task("t", c, "token", &ir.InputRef{Name: "token"}))
	}
	safe := program("safe", []*ir.Port{secret}, nil)
	safe.Container().Env = []*ir.EnvVar{{Name: id("TOKEN"), SecretInput: "token"}}
	if got, _ := findings(pipe(ir.DSL, root(safe))); got != "" {
		t.Error(got)
	}
	open := program("open", []*ir.Port{in("token", str)}, nil)
	if got, _ := findings(pipe(ir.DSL, root(open))); !strings.HasPrefix(got, "error C430") {
		t.Errorf("%q", got)
	}
	args := program("args", []*ir.Port{secret}, nil)
	args.Container().Args = []ir.Arg{&ir.TextArg{Value: &ir.InputRef{Name: "token"}}}
	if got, _ := findings(pipe(ir.DSL, root(args))); !strings.HasPrefix(got, "error C430") {
		t.Errorf("%q", got)
	}
	literal := dag("root", nil, task("t", safe, "token", lit("hunter2")))
	if got, _ := findings(pipe(ir.DSL, literal)); !strings.HasPrefix(got, "error C430") {
		t.Errorf("%q", got)
	}
}

func TestLimits(t *testing.T) {
	one, ten := 1.0, 10.0
	two := 2
	for _, c := range []struct {
		limits ir.Limits
		t      ir.Type
		v      any
		want   string
	}{
		{ir.Limits{Minimum: &one, Maximum: &ten}, integer, int64(5), ""},
		{ir.Limits{Minimum: &one}, integer, int64(0), "C410: 0 breaks minimum 1"},
		{ir.Limits{Maximum: &ten}, num, 10.5, "C410: 10.5 breaks maximum 10"},
		{ir.Limits{MaxLength: &two}, str, "äöü", `C410: "äöü" breaks max-length 2`},
		{ir.Limits{MinLength: &two}, list, []any{int64(1)}, "C410: [1] breaks min-length 2"},
		{ir.Limits{Pattern: "^a+$"}, str, "b", `C410: "b" breaks the pattern ^a+$`},
		{ir.Limits{Enum: []any{"a", "b"}}, str, "c", `C410: "c" breaks the enum ["a","b"]`},
		{ir.Limits{Enum: []any{int64(1)}}, num, 1.0, ""},
		{ir.Limits{Pattern: "("}, str, "b", "C411"},
		{ir.Limits{Pattern: "x"}, integer, int64(1), "C411"},
		{ir.Limits{Minimum: &ten, Maximum: &one}, num, nil, "C411"},
		{ir.Limits{Minimum: &one}, str, "x", "C411"},
		{ir.Limits{Enum: []any{"x"}}, integer, nil, "C411"},
		{ir.Limits{Enum: []any{}}, str, nil, "C411"},
	} {
		p := &ir.Port{Name: id("x"), Type: c.t, Limits: &c.limits, Default: lit(c.v)}
		got, _ := findings(pipe(ir.DSL, dag("root", []*ir.Port{p}, task("t", program("c", nil, nil)))))
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%v: %q, want %q", c.v, got, c.want)
		}
	}
}

// Large returns layers of ten tasks with two inputs from the layer before.
func large(n int) *ir.Pipeline {
	c := program("c", []*ir.Port{in("a", str), in("b", str)}, []*ir.Port{in("y", str)})
	tasks := make([]*ir.Task, n)
	for i := range tasks {
		var a, b ir.Value = lit("x"), lit("y")
		if i >= 10 {
			base := i - i%10 - 10
			a, b = out(fmt.Sprintf("t%d", base+i%10), "y"), out(fmt.Sprintf("t%d", base+(i+3)%10), "y")
		}
		tasks[i] = task(fmt.Sprintf("t%d", i), c, "a", a, "b", b)
	}
	return pipe(ir.DSL, dag("root", nil, tasks...))
}

func TestLarge(t *testing.T) {
	p := large(10_000)
	got, info := findings(p)
	if got != "" {
		t.Fatal(got[:min(len(got), 1000)])
	}
	if n := len(info.Scope(p.Root.DAG()).Order); n != 10_000 {
		t.Errorf("%d tasks in order", n)
	}
}

func BenchmarkPipeline(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		p := large(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				check.Pipeline(p, func(diag.Diagnostic) {})
			}
		})
	}
}
