package backendtest

import (
	"strings"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// Cases are the pipelines that every runner must bring to the same end. Tasks
// stand in the order of their paths.
func Cases() []Case {
	return []Case{hello(), chain(), failing(), retrying(), skipping(), looping(), branching(), exiting(), blocking()}
}

func name(s string) ir.Ident { return ir.Ident{Text: s} }

func literal(v any) ir.Value { return &ir.Literal{V: v} }

func output(task, port string) *ir.OutputRef { return &ir.OutputRef{Task: task, Output: port} }

func param(port string, kind ir.Kind) *ir.Port {
	return &ir.Port{Name: name(port), Type: ir.Type{Kind: kind}}
}

// shell is a component that runs a script. Its inputs and the files of its
// outputs are variables, as in the DSL.
func shell(id, script string, inputs, outputs []*ir.Port) *ir.Component {
	box := &ir.Container{
		Image: literal("busybox:1.36"), Contract: ir.DSLContract,
		Command: []ir.Arg{
			&ir.TextArg{Value: literal("sh")}, &ir.TextArg{Value: literal("-ec")}, &ir.TextArg{Value: literal(script)},
		},
	}
	add := func(prefix string, p *ir.Port, v ir.Value) {
		box.Env = append(box.Env, &ir.EnvVar{Name: name(prefix + strings.ToUpper(p.Name.Text)), Value: v})
	}
	for _, p := range inputs {
		add("INPUT_", p, &ir.InputRef{Name: p.Name.Text})
	}
	for _, p := range outputs {
		add("OUTPUT_", p, &ir.PortRef{Output: true, Port: p.Name.Text, Aspect: ir.AspectPath})
	}
	return &ir.Component{Name: name(id), Inputs: inputs, Outputs: outputs, Body: box}
}

func use(id string, c *ir.Component, args ...*ir.Binding) *ir.Task {
	t := &ir.Task{Name: name(id), Component: c, Args: args}
	if c.Container() != nil {
		t.Settings = &ir.Settings{}
	}
	return t
}

func bind(input string, v ir.Value) *ir.Binding { return &ir.Binding{Name: name(input), Value: v} }

func gives(port string, v ir.Value) *ir.DAGOutput { return &ir.DAGOutput{Name: name(port), Value: v} }

func group(id string, inputs, outputs []*ir.Port, values []*ir.DAGOutput, tasks ...*ir.Task) *ir.Component {
	return &ir.Component{
		Name: name(id), Inputs: inputs, Outputs: outputs, Body: &ir.DAG{Tasks: tasks, Outputs: values},
	}
}

// pipeline makes a pipeline of its root and all components below it.
func pipeline(id string, root *ir.Component) *ir.Pipeline {
	p := &ir.Pipeline{Name: name(id), Root: root, Dialect: ir.DSL}
	seen := map[*ir.Component]bool{root: true}
	var add func(*ir.Component)
	add = func(c *ir.Component) {
		d := c.DAG()
		if d == nil {
			return
		}
		d.EachTask(func(t *ir.Task) {
			if !seen[t.Component] {
				seen[t.Component] = true
				p.Components = append(p.Components, t.Component)
				add(t.Component)
			}
		})
	}
	add(root)
	return p
}

func ports(all ...*ir.Port) []*ir.Port { return all }

func values(all ...*ir.DAGOutput) []*ir.DAGOutput { return all }

func hello() Case {
	c := shell("greet", `echo "hello $INPUT_WHO"; printf '%s' "$INPUT_WHO" > "$OUTPUT_WHO"`,
		ports(param("who", ir.String)), ports(param("who", ir.String)))
	root := group("root", ports(param("who", ir.String)), ports(param("who", ir.String)),
		values(gives("who", output("greet", "who"))), use("greet", c, bind("who", &ir.InputRef{Name: "who"})))
	return Case{
		Name: "hello", Pipeline: pipeline("hello", root), Args: map[string]any{"who": "world"},
		State: backend.Succeeded, Outputs: map[string]any{"who": "world"},
		Tasks: []Task{{
			Path: "greet", State: backend.Succeeded, Attempt: 1, Log: []string{"hello world"}, Outputs: map[string]any{"who": "world"},
		}},
	}
}

func chain() Case {
	first := shell("first", `printf one > "$OUTPUT_V"; echo 41 > "$OUTPUT_N"`, nil, ports(param("v", ir.String), param("n", ir.Integer)))
	second := shell("second", `echo "got $INPUT_V"; echo $((INPUT_N + 1)) > "$OUTPUT_N"`,
		ports(param("v", ir.String), param("n", ir.Integer)), ports(param("n", ir.Integer)))
	root := group("root", nil, ports(param("n", ir.Integer)), values(gives("n", output("second", "n"))),
		use("first", first),
		use("second", second, bind("v", output("first", "v")), bind("n", output("first", "n"))))
	return Case{
		Name: "chain", Pipeline: pipeline("chain", root), State: backend.Succeeded, Outputs: map[string]any{"n": int64(42)},
		Tasks: []Task{
			{Path: "first", State: backend.Succeeded, Outputs: map[string]any{"v": "one", "n": int64(41)}},
			{Path: "second", State: backend.Succeeded, Log: []string{"got one"}, Outputs: map[string]any{"n": int64(42)}},
		},
	}
}

// failing: what needs the failed task is skipped, everything else still runs.
func failing() Case {
	bad := use("bad", shell("bad", "echo oh no; exit 3", nil, nil))
	needs := use("needs", shell("needs", "true", nil, nil))
	needs.After = []ir.Ident{name("bad")}
	anyway := use("anyway", shell("anyway", "echo anyway", nil, nil))
	anyway.After, anyway.Trigger = []ir.Ident{name("bad")}, ir.Completed
	other := use("other", shell("other", "true", nil, nil))
	return Case{
		Name: "failing", Pipeline: pipeline("failing", group("root", nil, nil, nil, bad, needs, anyway, other)), State: backend.Failed,
		Tasks: []Task{
			{Path: "anyway", State: backend.Succeeded, Log: []string{"anyway"}},
			{Path: "bad", State: backend.Failed, Exit: 3, Class: "error", Attempt: 1, Log: []string{"oh no"}},
			{Path: "needs", State: backend.Skipped},
			{Path: "other", State: backend.Succeeded},
		},
	}
}

func retrying() Case {
	bad := use("bad", shell("bad", "exit 4", nil, nil))
	bad.Settings.Retry = &ir.Retry{Limit: literal(int64(2))}
	return Case{
		Name: "retrying", Pipeline: pipeline("retrying", group("root", nil, nil, nil, bad)), State: backend.Failed,
		Tasks: []Task{{Path: "bad", State: backend.Failed, Exit: 4, Class: "error", Attempt: 3}},
	}
}

// skipping: a false condition skips its task and all that need it.
func skipping() Case {
	say := shell("say", `printf '%s' hi > "$OUTPUT_V"`, nil, ports(param("v", ir.String)))
	hear := shell("hear", `echo "$INPUT_V"`, ports(param("v", ir.String)), nil)
	no := use("no", say)
	no.When = literal(false)
	yes := use("yes", say)
	yes.When = literal(true)
	return Case{
		Name: "skipping", State: backend.Succeeded,
		Pipeline: pipeline("skipping", group("root", nil, nil, nil, no, yes,
			use("hear-no", hear, bind("v", output("no", "v"))), use("hear-yes", hear, bind("v", output("yes", "v"))))),
		Tasks: []Task{
			{Path: "hear-no", State: backend.Skipped},
			{Path: "hear-yes", State: backend.Succeeded, Log: []string{"hi"}},
			{Path: "no", State: backend.Skipped},
			{Path: "yes", State: backend.Succeeded},
		},
	}
}

// looping: iterations have indices, outputs are collected in their order.
func looping() Case {
	double := shell("double", `echo $((INPUT_N * 2)) > "$OUTPUT_N"`, ports(param("n", ir.Integer)), ports(param("n", ir.Integer)))
	item := param("item", ir.Integer)
	item.Captured = true
	body := group("body", ports(item), ports(param("n", ir.Integer)), values(gives("n", output("double", "n"))),
		use("double", double, bind("n", &ir.InputRef{Name: "item"})))
	loop := use("loop", body)
	loop.ForEach = &ir.Loop{Items: literal([]any{int64(3), int64(1), int64(2)}), Item: name("item"), Parallelism: 2}
	none := use("none", body)
	none.ForEach = &ir.Loop{Items: literal([]any{}), Item: name("item")}
	ints := &ir.Port{Name: name("all"), Type: ir.ListOf(ir.Type{Kind: ir.Integer})}
	empty := &ir.Port{Name: name("empty"), Type: ir.ListOf(ir.Type{Kind: ir.Integer})}
	root := group("root", nil, ports(ints, empty), values(gives("all", output("loop", "n")), gives("empty", output("none", "n"))), loop, none)
	return Case{
		Name: "looping", Pipeline: pipeline("looping", root), State: backend.Succeeded,
		Outputs: map[string]any{"all": []any{int64(6), int64(2), int64(4)}, "empty": []any{}},
		Tasks: []Task{
			{Path: "loop[0]/double", State: backend.Succeeded, Outputs: map[string]any{"n": int64(6)}},
			{Path: "loop[1]/double", State: backend.Succeeded},
			{Path: "loop[2]/double", State: backend.Succeeded},
		},
	}
}

// branching: of exclusive branches the first whose condition holds runs.
func branching() Case {
	say := func(text string) *ir.Component {
		return group("say-"+text, nil, ports(param("v", ir.String)), values(gives("v", output("say", "v"))),
			use("say", shell("print-"+text, `printf `+text+` > "$OUTPUT_V"`, nil, ports(param("v", ir.String)))))
	}
	no, yes, rest := use("0", say("no")), use("1", say("yes")), use("2", say("rest"))
	no.When, yes.When = literal(false), literal(true)
	branches := group("verdict", nil, ports(param("v", ir.String)),
		values(gives("v", &ir.OneOf{Alternatives: []*ir.OutputRef{output("0", "v"), output("1", "v"), output("2", "v")}})), no, yes, rest)
	branches.DAG().Exclusive = true
	root := group("root", nil, ports(param("v", ir.String)), values(gives("v", output("verdict", "v"))), use("verdict", branches))
	return Case{
		Name: "branching", Pipeline: pipeline("branching", root), State: backend.Succeeded, Outputs: map[string]any{"v": "yes"},
		Tasks: []Task{{Path: "verdict[1]/say", State: backend.Succeeded, Outputs: map[string]any{"v": "yes"}}},
	}
}

// final is a pipeline whose body is followed by an exit task that is told how it
// went.
func final(id string, body *ir.Component) *ir.Pipeline {
	body.DAG().Inline = true
	main := use("main", body)
	report := shell("report", `echo "it $INPUT_STATE"`, ports(param("state", ir.String)), nil)
	main.OnExit = use("report", report, bind("state", &ir.Select{Of: &ir.StatusRef{}, Key: "state"}))
	return pipeline(id, group("root", nil, nil, nil, main))
}

func exiting() Case {
	return Case{
		Name: "exiting", Pipeline: final("exiting", group("body", nil, nil, nil, use("bad", shell("bad", "exit 1", nil, nil)))),
		State: backend.Failed,
		Tasks: []Task{
			{Path: "bad", State: backend.Failed, Exit: 1},
			{Path: "report", State: backend.Succeeded, Log: []string{"it FAILED"}, Finally: true},
		},
	}
}

// blocking runs until it is cancelled; its exit task runs nevertheless.
func blocking() Case {
	wait := use("wait", shell("wait", "echo on; exec sleep 3600", nil, nil))
	next := use("later", shell("later", "true", nil, nil))
	next.After = []ir.Ident{name("wait")}
	p := final("blocking", group("body", nil, nil, nil, wait, next))
	// Nothing but the fact that it ran is asked of this exit task.
	p.Root.DAG().Tasks[0].OnExit.Component.Container().Command[2] = &ir.TextArg{Value: literal("true")}
	return Case{
		Name: "blocking", Pipeline: p, State: backend.Stopped, Blocks: "wait",
		Tasks: []Task{
			{Path: "later", State: backend.Skipped},
			{Path: "report", State: backend.Succeeded, Finally: true},
			{Path: "wait", State: backend.Stopped, Log: []string{"on"}},
		},
	}
}
