package local

import (
	"context"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// say writes its input "v" to its output "o".
func say() *ir.Component {
	return script(`printf '%s' "$INPUT_V" > "$OUTPUT_O"`, ports(port("v", str)), ports(port("o", str)))
}

func fail(code string) *ir.Component { return script("exit "+code, nil, nil) }

func ok() *ir.Component { return script("true", nil, nil) }

func TestValuesFlow(t *testing.T) {
	double := script(`echo $((INPUT_N * 2)) > "$OUTPUT_N"`, ports(port("n", integer)), ports(port("n", integer)))
	p := pipeline(dag(ports(port("start", integer)), ports(port("n", integer), port("text", str)),
		[]*ir.DAGOutput{gives("n", out("b.n")), gives("text", tmpl(lit("n="), out("b.n")))},
		task("b", double, arg("n", out("a.n"))),
		task("a", double, arg("n", in("start"))),
	))
	r := execute(t, p, map[string]any{"start": int64(3)})
	if got := summary(r); got != "succeeded a=succeeded b=succeeded" {
		t.Fatal(explain(r))
	}
	if value(r, "n") != int64(12) || value(r, "text") != "n=12" {
		t.Errorf("outputs %v", r.Outputs)
	}
	if got := r.Tasks[1].Inputs["n"].Value; got != int64(6) {
		t.Errorf("input of b: %v", got)
	}
}

func TestTextArrivesByteForByte(t *testing.T) {
	texts := []string{
		"{{workflow.name}}", "{{=1+1}}", "{{{{", "}}", "$(HOME)", "$$(HOME)", "$$", "$x ${x} `x`", `"quotes" 'and' more`,
		"a\nb\n\n", "  blanks  ", "emoji 🚀é", "\x01\x7f\t", `\n\\`, "-n", "${{ x }}", strings.Repeat("{{x}}$(HOME)$$é", 7000),
	}
	for _, text := range texts {
		// Once as a value known at run time only, once as a literal argument, once
		// through a variable.
		echo := script(`printf '%s' "$INPUT_V" > "$OUTPUT_O"; printf '%s\n' "$INPUT_V" > "$OUTPUT_NL"`,
			ports(port("v", str)), ports(port("o", str), port("nl", str)))
		literal := script(`printf '%s\n' "$1" > "$OUTPUT_O"`, nil, ports(port("o", str)))
		box := literal.Container()
		box.Args = []ir.Arg{&ir.TextArg{Value: lit("sh")}, &ir.TextArg{Value: lit(text)}}
		p := pipeline(dag(ports(port("text", str)), ports(port("a", str), port("b", str), port("c", str)),
			[]*ir.DAGOutput{gives("a", out("a.nl")), gives("b", out("b.nl")), gives("c", out("c.o"))},
			task("a", echo, arg("v", in("text"))),
			task("b", echo, arg("v", out("a.nl"))),
			task("c", literal),
		))
		r := execute(t, p, map[string]any{"text": text})
		for _, name := range []string{"a", "b", "c"} {
			if got := value(r, name); got != text {
				t.Errorf("%s of %.40q: got %.40q\n%s", name, text, got, explain(r))
			}
		}
	}
}

func TestTypedOutputs(t *testing.T) {
	for _, c := range []struct {
		typ     ir.Type
		content string
		want    any // nil: the task fails
	}{
		{str, "a", "a"}, {str, "a\n", "a"}, {str, "a\n\n", "a\n"}, {str, " a ", " a "}, {str, "", ""}, {str, "a\r\n", "a\r"},
		{integer, " 7\n", int64(7)}, {integer, "-7", int64(-7)}, {integer, "3.0", nil}, {integer, "", nil},
		{integer, "9007199254740993", nil},
		{num, "2.5\n", 2.5}, {num, "1e3", int64(1000)}, {num, "nan", nil}, {num, "inf", nil}, {num, "x", nil},
		{boolean, "true\n", true}, {boolean, "False", false}, {boolean, "yes", nil},
		{list, `[1, "a", null]`, []any{int64(1), "a", nil}}, {list, `{}`, nil}, {list, "[", nil},
		{structT, `{"a": [1.5]}`, map[string]any{"a": []any{1.5}}}, {structT, "[]", nil},
		{str, "\xff", nil},
	} {
		comp := script(`cat "$1" > "$OUTPUT_O"`, nil, ports(port("o", c.typ)))
		file := t.TempDir() + "/content"
		if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		comp.Container().Args = []ir.Arg{&ir.TextArg{Value: lit("sh")}, &ir.TextArg{Value: lit(file)}}
		r := execute(t, pipeline(dag(nil, ports(port("o", c.typ)), []*ir.DAGOutput{gives("o", out("a.o"))}, task("a", comp))), nil)
		if got := value(r, "o"); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s from %q: got %#v, want %#v", c.typ, c.content, got, c.want)
		}
		if (r.State == backend.Failed) != (c.want == nil) {
			t.Errorf("%s from %q: %s", c.typ, c.content, explain(r))
		}
	}
}

func TestMissingOutputs(t *testing.T) {
	var n notes
	r := execute(t, pipeline(dag(nil, nil, nil,
		task("a", script("true", nil, ports(port("o", str)))),
		task("b", script("true", nil, ports(optional("o", str)))),
		task("c", script("true", nil, ports(port("d", dataset)))),
	)), nil, func(o *Options) { o.Note = n.add })
	if got := summary(r); got != "failed a=failed b=succeeded c=succeeded" {
		t.Error(explain(r))
	}
	if m := r.Tasks[0].Message; !strings.Contains(m, `output "o"`) {
		t.Errorf("message %q", m)
	}
	if !strings.Contains(n.String(), `c: output artifact "d" was not written`) {
		t.Errorf("notes:\n%s", n.String())
	}
}

func TestParameterSizeLimit(t *testing.T) {
	for _, c := range []struct {
		bytes string
		want  backend.State
	}{{"131072", backend.Succeeded}, {"131073", backend.Failed}, {"300000", backend.Failed}} {
		comp := script(`head -c `+c.bytes+` /dev/zero | tr '\0' x > "$OUTPUT_O"`, nil, ports(port("o", str)))
		r := execute(t, pipeline(dag(nil, nil, nil, task("a", comp))), nil)
		if r.State != c.want {
			t.Errorf("%s bytes: %s", c.bytes, explain(r))
		}
		if c.want == backend.Failed && !strings.Contains(r.Message, c.bytes+" bytes") {
			t.Errorf("message %q", r.Message)
		}
	}
}

func TestArtifacts(t *testing.T) {
	file := script(`printf data > "$OUTPUT_D"`, nil, ports(port("d", dataset)))
	folder := script(`mkdir "$OUTPUT_D"; echo 1 > "$OUTPUT_D/one"; echo 22 > "$OUTPUT_D/two"`, nil, ports(port("d", dataset)))
	read := script(`cat "$INPUT_F" "$INPUT_D/two" > "$OUTPUT_O"`,
		ports(port("f", dataset), port("d", dataset)), ports(port("o", str)))
	r := execute(t, pipeline(dag(nil, ports(port("d", dataset), port("o", str)),
		[]*ir.DAGOutput{gives("d", out("file.d")), gives("o", out("read.o"))},
		task("file", file), task("folder", folder),
		task("read", read, arg("f", out("file.d")), arg("d", out("folder.d"))),
	)), nil)
	if r.State != backend.Succeeded || value(r, "o") != "data22" {
		t.Fatal(explain(r), r.Outputs)
	}
	a := r.Outputs["d"].Artifact
	if a == nil || a.Type != "system.Dataset" || a.Bytes != 4 || !strings.HasPrefix(a.URI, "file:///") ||
		a.Digest != "sha256:3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7" {
		t.Errorf("artifact %+v", a)
	}
	if got := r.Tasks[1].Outputs["d"].Artifact; got.Bytes != 5 || got.Digest != "" {
		t.Errorf("folder %+v", got)
	}
}

func TestConditionsAndSkips(t *testing.T) {
	root := dag(ports(port("x", str)), ports(port("o", str)), []*ir.DAGOutput{gives("o", out("a.o"))},
		task("a", say(), arg("v", lit("hi")), when(equals(in("x"), "yes"))),
		task("b", say(), arg("v", out("a.o"))), // skipped by data
		task("c", ok(), after("b")),            // and by order
		task("d", ok()),
		task("e", ok(), after("a", "d"), completed),
		task("f", say(), arg("v", tmpl(lit("<"), out("a.o"), lit(">"))), completed),
	)
	r := execute(t, pipeline(root), map[string]any{"x": "no"})
	if got := summary(r); got != "succeeded a=skipped b=skipped c=skipped d=succeeded e=succeeded f=succeeded" {
		t.Error(explain(r))
	}
	if len(r.Outputs) != 0 || r.Tasks[5].Outputs["o"].Value != "<>" {
		t.Errorf("outputs %v, f %v", r.Outputs, r.Tasks[5].Outputs)
	}
	r = execute(t, pipeline(root), map[string]any{"x": "yes"})
	if r.State != backend.Succeeded || value(r, "o") != "hi" {
		t.Error(explain(r))
	}
	r = execute(t, pipeline(dag(nil, nil, nil, task("a", ok(), when(lit("yes"))))), nil)
	if got := summary(r); got != "failed a=failed" || !strings.Contains(r.Message, "boolean") {
		t.Error(explain(r))
	}
}

func TestFailureStopsOnlyWhatNeedsIt(t *testing.T) {
	r := execute(t, pipeline(dag(nil, nil, nil,
		task("bad", fail("3")),
		task("needs", ok(), after("bad")),
		task("other", ok()),
		task("later", ok(), after("other")),
		task("anyway", ok(), after("bad"), completed),
	)), nil, func(o *Options) { o.Parallelism = 1 })
	if got := summary(r); got != "failed anyway=succeeded bad=failed later=succeeded needs=skipped other=succeeded" {
		t.Error(explain(r))
	}
	if bad := r.Tasks[1]; *bad.ExitCode != 3 || bad.Class != "error" || r.Message != "bad: exit code 3" {
		t.Errorf("%+v, run %q", bad, r.Message)
	}
}

func TestBranches(t *testing.T) {
	branch := func(text string) *ir.Component {
		return dag(nil, ports(port("o", str)), []*ir.DAGOutput{gives("o", out("again.o"))},
			task("again", say(), arg("v", lit(text))))
	}
	group := func(otherwise bool) *ir.Component {
		tasks := []*ir.Task{
			task("0", branch("first"), when(equals(in("x"), "a"))),
			task("1", branch("second"), when(equals(in("x"), "b"))),
		}
		if otherwise {
			tasks = append(tasks, task("2", branch("third")))
		}
		one := &ir.OneOf{}
		for _, b := range tasks {
			one.Alternatives = append(one.Alternatives, out(b.Name.Text+".o"))
		}
		c := dag(ports(port("x", str)), ports(port("o", str)), []*ir.DAGOutput{gives("o", one)}, tasks...)
		c.DAG().Exclusive = true
		return c
	}
	for _, c := range []struct {
		x         string
		otherwise bool
		tasks     string
		want      any
	}{
		{"a", true, "succeeded verdict[0]/again=succeeded", "first"},
		{"b", true, "succeeded verdict[1]/again=succeeded", "second"},
		{"c", true, "succeeded verdict[2]/again=succeeded", "third"},
		{"c", false, "succeeded", nil},
	} {
		r := execute(t, pipeline(dag(ports(port("x", str)), ports(port("o", str)),
			[]*ir.DAGOutput{gives("o", out("verdict.o"))},
			task("verdict", group(c.otherwise), arg("x", in("x"))))), map[string]any{"x": c.x})
		if summary(r) != c.tasks || value(r, "o") != c.want {
			t.Errorf("%s %v: %s %v", c.x, c.otherwise, explain(r), r.Outputs)
		}
	}
}

func TestLoops(t *testing.T) {
	// The body doubles its item unless it is 2: then the iteration has no value.
	body := dag(ports(port("item", integer)), ports(port("o", integer)), []*ir.DAGOutput{gives("o", out("double.o"))},
		task("double", script(`echo $((INPUT_N * 2)) > "$OUTPUT_O"`, ports(port("n", integer)), ports(port("o", integer))),
			arg("n", in("item")),
			when(expr(in("item"), func(v any, _ bool) (any, error) { return v != int64(2), nil }))))
	root := dag(ports(port("items", list)), ports(port("o", list), port("sum", str)),
		[]*ir.DAGOutput{gives("o", out("check.o")), gives("sum", out("show.o"))},
		task("check", body, forEach("item", in("items"), 2)),
		task("show", say(), arg("v", out("check.o"))),
	)
	r := execute(t, pipeline(root), map[string]any{"items": []any{int64(1), int64(2), int64(3)}})
	if got := summary(r); got != "succeeded check[0]/double=succeeded check[1]/double=skipped check[2]/double=succeeded show=succeeded" {
		t.Error(explain(r))
	}
	if value(r, "sum") != "[2,6]" {
		t.Errorf("outputs %v", r.Outputs)
	}
	r = execute(t, pipeline(root), map[string]any{"items": []any{}})
	if got := summary(r); got != "succeeded show=succeeded" || value(r, "sum") != "[]" {
		t.Error(explain(r), r.Outputs)
	}
	r = execute(t, pipeline(root), map[string]any{"items": []any{int64(1), "x", int64(3)}})
	if got := summary(r); got != "failed check[0]/double=succeeded check[2]/double=succeeded show=skipped" {
		t.Error(explain(r))
	}
}

func TestNestedLoopsAndLoopedContainers(t *testing.T) {
	inner := dag(ports(port("row", list)), ports(port("o", list)), []*ir.DAGOutput{gives("o", out("cell.o"))},
		task("cell", say(), forEach("v", in("row"), 0)))
	r := execute(t, pipeline(dag(ports(port("m", list)), ports(port("o", list)), []*ir.DAGOutput{gives("o", out("rows.o"))},
		task("rows", inner, forEach("row", in("m"), 1)))),
		map[string]any{"m": []any{[]any{int64(1), "b"}, []any{}, []any{true}}})
	want := []any{[]any{"1", "b"}, []any{}, []any{"true"}}
	if !reflect.DeepEqual(value(r, "o"), want) {
		t.Errorf("%s%v", explain(r), r.Outputs)
	}
	if got := summary(r); got != "succeeded rows[0]/cell[0]=succeeded rows[0]/cell[1]=succeeded rows[2]/cell[0]=succeeded" {
		t.Error(got)
	}
}

func TestLoopParallelism(t *testing.T) {
	dir := t.TempDir()
	// Each iteration leaves a mark while it runs and counts the marks.
	body := script(`touch `+dir+`/$INPUT_I; ls `+dir+` | wc -l > "$OUTPUT_N"; sleep 0.05; rm `+dir+`/$INPUT_I`,
		ports(port("i", integer)), ports(port("n", integer)))
	items := make([]any, 12)
	for i := range items {
		items[i] = int64(i)
	}
	r := execute(t, pipeline(dag(nil, ports(port("n", list)), []*ir.DAGOutput{gives("n", out("l.n"))},
		task("l", body, forEach("i", lit(items), 2)))), nil, func(o *Options) { o.Parallelism = 8 })
	most := int64(0)
	for _, n := range value(r, "n").([]any) {
		most = max(most, n.(int64))
	}
	if most > 2 || len(value(r, "n").([]any)) != 12 {
		t.Errorf("%d at once; %v", most, r.Outputs)
	}
}

func TestCollectedArtifacts(t *testing.T) {
	make1 := script(`printf '%s' "$INPUT_I" > "$OUTPUT_D"`, ports(port("i", str)), ports(port("d", dataset)))
	uses := dag(ports(port("d", dataset)), ports(port("o", str)), []*ir.DAGOutput{gives("o", out("cat.o"))},
		task("cat", script(`cat "$INPUT_D" > "$OUTPUT_O"`, ports(port("d", dataset)), ports(port("o", str))), arg("d", in("d"))))
	r := execute(t, pipeline(dag(nil, ports(port("all", ir.ListOf(dataset)), port("o", list)),
		[]*ir.DAGOutput{gives("all", out("make.d")), gives("o", out("use.o"))},
		task("make", make1, forEach("i", lit([]any{"a", "b"}), 0)),
		task("use", uses, forEach("d", out("make.d"), 0)))), nil)
	if !reflect.DeepEqual(value(r, "o"), []any{"a", "b"}) || len(r.Outputs["all"].List) != 2 {
		t.Errorf("%s%v", explain(r), r.Outputs)
	}
}

// finally is a pipeline whose body is a group with an exit task, as the DSL
// makes it.
func finally(body *ir.Component, exit *ir.Task, bodyOpts ...option) *ir.Pipeline {
	body.DAG().Inline = true
	opts := append([]option{onExit(exit)}, bodyOpts...)
	return pipeline(dag(nil, body.Outputs, nil, task("main", body, opts...)))
}

func TestFinally(t *testing.T) {
	report := func() *ir.Task {
		return task("report", say(), arg("v", tmpl(
			&ir.Select{Of: &ir.StatusRef{}, Key: "state"}, lit(" "), out("main.o"))))
	}
	outs := func() ([]*ir.Port, []*ir.DAGOutput) {
		return ports(port("o", str)), []*ir.DAGOutput{gives("o", out("a.o"))}
	}
	p, g := outs()
	r := execute(t, finally(dag(nil, p, g, task("a", say(), arg("v", lit("hi")))), report()), nil)
	if got := summary(r); got != "succeeded a=succeeded report=succeeded" || r.Tasks[1].Outputs["o"].Value != "SUCCEEDED hi" {
		t.Error(explain(r), r.Tasks[1].Outputs)
	}
	p, g = outs()
	r = execute(t, finally(dag(nil, p, g, task("a", say(), arg("v", lit("hi"))), task("b", fail("1"))), report()), nil)
	if got := summary(r); got != "failed a=succeeded b=failed report=succeeded" || r.Tasks[2].Outputs["o"].Value != "FAILED " {
		t.Error(explain(r), r.Tasks[2].Outputs)
	}
	// A failing exit task is a warning and nothing more.
	var n notes
	r = execute(t, finally(dag(nil, nil, nil, task("a", ok())), task("report", fail("9"))), nil, func(o *Options) { o.Note = n.add })
	if got := summary(r); got != "succeeded a=succeeded report=failed" || !strings.Contains(n.String(), `exit task "report" failed`) {
		t.Error(explain(r), n.String())
	}
	// Not after a body that was skipped.
	r = execute(t, finally(dag(nil, nil, nil, task("a", ok())), report(), when(lit(false))), nil)
	if got := summary(r); got != "succeeded" {
		t.Error(explain(r))
	}
	// Several exit tasks are one inline group.
	several := dag(nil, nil, nil, task("r1", ok()), task("r2", fail("2")))
	several.DAG().Inline = true
	r = execute(t, finally(dag(nil, nil, nil, task("a", fail("1"))), task("exit", several)), nil)
	if got := summary(r); got != "failed a=failed r1=succeeded r2=failed" || r.Message != "a: exit code 1" {
		t.Error(explain(r))
	}
}

func TestRetries(t *testing.T) {
	for _, c := range []struct {
		name     string
		policy   *ir.Retry
		script   string
		want     backend.State
		attempts int
		class    string
	}{
		{"none", nil, "exit 1", backend.Failed, 1, "error"},
		{"limit", &ir.Retry{Limit: lit(int64(2))}, "exit 1", backend.Failed, 3, "error"},
		{"succeeds at last", &ir.Retry{Limit: lit(int64(2))}, "", backend.Succeeded, 3, ""},
		{"class has its own", &ir.Retry{Limit: lit(int64(5)), On: []*ir.RetryClass{{Class: ir.FailError, Limit: 1}}}, "exit 1", backend.Failed, 2, "error"},
		{"memory", &ir.Retry{On: []*ir.RetryClass{{Class: ir.FailOutOfMemory, Limit: 2}}}, "exit 137", backend.Failed, 3, "out-of-memory"},
		{"killed", &ir.Retry{On: []*ir.RetryClass{{Class: ir.FailOutOfMemory, Limit: 1}}}, "kill -9 $$", backend.Failed, 2, "out-of-memory"},
		{"preempted", &ir.Retry{Limit: lit(int64(0)), On: []*ir.RetryClass{{Class: ir.FailPreempted, Limit: 1}}}, "kill -TERM $$", backend.Failed, 2, "preempted"},
		{"computed limit", &ir.Retry{Limit: in("n")}, "exit 1", backend.Failed, 2, "error"},
	} {
		dir := t.TempDir()
		text := c.script
		if text == "" {
			text = `test -e ` + dir + `/2`
		}
		text = `n=$(ls ` + dir + ` | wc -l); touch ` + dir + `/$((n)); ` + text
		r := execute(t, pipeline(dag(ports(port("n", integer)), nil, nil, task("a", script(text, nil, nil), retry(c.policy)))),
			map[string]any{"n": int64(1)})
		got := r.Tasks[0]
		if r.State != c.want || got.Attempt != c.attempts || got.Class != c.class {
			t.Errorf("%s: %s", c.name, explain(r))
		}
	}
}

// Every attempt is kept with its own times, end and log, and what the task asks
// for with the task.
func TestAttempts(t *testing.T) {
	dir := t.TempDir()
	l := newRunner(t)
	p := pipeline(dag(nil, nil, nil, task("a", script(`echo try; n=$(ls `+dir+` | wc -l); touch `+dir+`/$n; test $n = 2 || exit 1$n`, nil, nil),
		retry(&ir.Retry{Limit: lit(int64(3))}), func(t *ir.Task) {
			t.Settings.Resources = []*ir.Resource{{Name: "cpu", Request: lit("500m")}, {Name: "memory", Limit: lit("1Gi")}}
			t.Settings.Accelerator = &ir.Accelerator{Type: lit("nvidia.com/gpu"), Count: lit(int64(2)), Product: lit("A100")}
			t.Settings.Spot = "prefer"
		})))
	r := wait(t, l, submit(t, l, p, nil).ID)
	got := r.Tasks[0]
	if r.State != backend.Succeeded || got.Attempt != 3 || len(got.Earlier) != 2 || got.Started.Before(got.Created) {
		t.Fatal(explain(r))
	}
	want := backend.Resources{CPU: "500m", Memory: "1Gi", Accelerator: "nvidia.com/gpu", AcceleratorCount: 2, Product: "A100", Spot: true}
	if got.Resources == nil || *got.Resources != want || got.Component == "" {
		t.Errorf("resources %+v of %q", got.Resources, got.Component)
	}
	for i, e := range append(got.Earlier, got) {
		if e.Attempt != i+1 || e.Finished.Before(e.Started) || i > 0 && e.Started.Before(got.Earlier[i-1].Finished) {
			t.Errorf("attempt %d: %+v", i+1, e)
		}
		if e != got && (e.State != backend.Failed || e.ExitCode == nil || *e.ExitCode != 10+i || e.Class != "error") {
			t.Errorf("attempt %d: %+v", i+1, e)
		}
		path, err := localPath(e.Logs)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "try\n" {
			t.Errorf("log of attempt %d: %q, %v", i+1, text, err)
		}
	}
	again, err := newRunner(t, func(o *Options) { o.Dir = l.opt.Dir }).Get(t.Context(), r.ID)
	if err != nil || len(again.Tasks[0].Earlier) != 2 || again.Folder != r.Folder {
		t.Errorf("read back: %+v, %v", again, err)
	}
}

func TestBackoff(t *testing.T) {
	var slept []time.Duration
	r := execute(t, pipeline(dag(nil, nil, nil, task("a", fail("1"),
		retry(&ir.Retry{Limit: lit(int64(4)), Duration: 10, Factor: 2, Max: 50})))), nil,
		func(o *Options) {
			o.Sleep = func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil }
		})
	want := []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, 50 * time.Second}
	if !reflect.DeepEqual(slept, want) || r.Tasks[0].Attempt != 5 {
		t.Errorf("slept %v: %s", slept, explain(r))
	}
}

func TestTimeouts(t *testing.T) {
	r := execute(t, pipeline(dag(nil, nil, nil,
		task("a", script("sleep 60", nil, nil), timeout(0.1), retry(&ir.Retry{On: []*ir.RetryClass{{Class: ir.FailTimeout, Limit: 1}}})))), nil)
	if a := r.Tasks[0]; r.State != backend.Failed || a.Class != "timeout" || a.Attempt != 2 {
		t.Error(explain(r))
	}
	// One that does not listen is killed.
	r = execute(t, pipeline(dag(nil, nil, nil,
		task("a", script("trap '' TERM; sleep 60 & wait; sleep 60", nil, nil), timeout(0.1)))), nil,
		func(o *Options) { o.Grace = 100 * time.Millisecond })
	if a := r.Tasks[0]; a.Class != "timeout" {
		t.Error(explain(r))
	}
	p := finally(dag(nil, nil, nil, task("a", script("sleep 60", nil, nil)), task("b", ok(), after("a"))), task("report", ok()))
	p.Timeout = 0.2
	r = execute(t, p, nil)
	if got := summary(r); got != "failed a=failed b=skipped report=succeeded" || !strings.Contains(r.Message, "time limit") {
		t.Error(explain(r))
	}
}

func TestCancel(t *testing.T) {
	l := newRunner(t)
	p := finally(dag(nil, nil, nil, task("a", script("echo on; sleep 60", nil, nil)), task("b", ok(), after("a"))), task("report", ok()))
	r := submit(t, l, p, nil)
	for e, err := range l.Watch(t.Context(), r.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Task != nil && e.Task.Path == "a" && e.Task.State == backend.Running {
			if err := l.Cancel(t.Context(), r.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	r = wait(t, l, r.ID)
	if got := summary(r); got != "stopped a=stopped b=skipped report=succeeded" {
		t.Error(explain(r))
	}
	if err := l.Cancel(t.Context(), r.ID); err != nil {
		t.Errorf("a second Cancel: %v", err)
	}
}

func TestSubmitContextGovernsTheRun(t *testing.T) {
	l := newRunner(t)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := l.Submit(ctx, backend.Submission{
		ID: newID(), Pipeline: finally(dag(nil, nil, nil, task("a", script("sleep 60", nil, nil))), task("report", ok())),
	})
	if err != nil {
		t.Fatal(err)
	}
	for e := range l.Watch(t.Context(), r.ID) {
		if e.Task != nil && e.Task.State == backend.Running && e.Task.Path == "a" {
			cancel()
		}
	}
	cancel()
	if got := summary(wait(t, l, r.ID)); got != "stopped a=stopped report=succeeded" {
		t.Error(got)
	}
}

func TestArguments(t *testing.T) {
	ten := 10.0
	count := &ir.Port{Name: id("count"), Type: integer, Limits: &ir.Limits{Minimum: &ten}}
	p := pipeline(dag(ports(port("name", str), count, optional("note", str),
		&ir.Port{Name: id("rate"), Type: num, Default: &ir.Literal{V: 0.5}}), nil, nil, task("a", ok())))
	l := newRunner(t)
	_, err := l.Submit(t.Context(), backend.Submission{ID: newID(), Pipeline: p, Args: map[string]any{
		"count": int64(3), "nope": "x",
	}})
	if !errors.Is(err, backend.ErrInvalid) {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{`no input "nope"`, `"name" is required`, "3 is less than the minimum 10"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
	r := wait(t, l, submit(t, l, p, map[string]any{"count": 10.0, "name": "x"}).ID)
	if want := map[string]any{"count": int64(10), "name": "x", "rate": 0.5}; !reflect.DeepEqual(r.Parameters, want) {
		t.Errorf("parameters %v", r.Parameters)
	}
}

func TestOptionalInputs(t *testing.T) {
	show := script(`printf '%s' "${INPUT_NOTE-unset}" > "$OUTPUT_O"`, ports(optional("note", str)), ports(port("o", str)))
	needs := script(`true`, ports(port("note", str)), nil)
	def := script(`printf '%s' "$INPUT_NOTE" > "$OUTPUT_O"`,
		ports(&ir.Port{Name: id("note"), Type: str, Default: &ir.Literal{V: "default"}}), ports(port("o", str)))
	r := execute(t, pipeline(dag(ports(optional("note", str)), nil, nil,
		task("a", show, arg("note", in("note"))), task("b", needs, arg("note", in("note"))),
		task("c", def, arg("note", in("note"))), task("d", def, arg("note", lit(int64(5)))))), nil)
	if got := summary(r); got != "failed a=succeeded b=failed c=succeeded d=succeeded" {
		t.Error(explain(r))
	}
	for i, want := range map[int]any{0: "", 2: "default", 3: "5"} {
		if got := r.Tasks[i].Outputs["o"].Value; got != want {
			t.Errorf("task %d: %q, want %q", i, got, want)
		}
	}
}

func TestMissingProgram(t *testing.T) {
	c := script("", nil, nil)
	c.Container().Command = []ir.Arg{&ir.TextArg{Value: lit("kfp-go-no-such-program")}}
	c.Container().Image = lit("acme/train:1.4")
	entry := script("", nil, nil)
	entry.Container().Command = nil
	r := execute(t, pipeline(dag(nil, nil, nil, task("a", c, retry(&ir.Retry{Limit: lit(int64(3))})), task("b", entry))), nil)
	for i, want := range [][]string{{"kfp-go-no-such-program", "acme/train:1.4", "kfp-go submit"}, {"entry point"}} {
		for _, w := range want {
			if !strings.Contains(r.Tasks[i].Message, w) {
				t.Errorf("message %q lacks %q", r.Tasks[i].Message, w)
			}
		}
		if r.Tasks[i].Attempt != 1 {
			t.Error(explain(r))
		}
	}
}

func TestEnvironmentIsClean(t *testing.T) {
	show := script(`env > "$OUTPUT_O"; pwd; ls -A`, nil, ports(port("o", dataset)))
	l := newRunner(t, func(o *Options) {
		o.Environ = append(os.Environ(), "SECRET_OF_MINE=1", "AWS_SECRET_ACCESS_KEY=2", "PYTHONPATH=/x", "WANTED=3")
		o.PassEnv = []string{"WANTED"}
	})
	r := wait(t, l, submit(t, l, pipeline(dag(nil, nil, nil, task("a", show))), nil).ID)
	path, err := localPath(r.Tasks[0].Outputs["o"].Artifact.URI)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"SECRET_OF_MINE", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH"} {
		if strings.Contains(string(b), bad) {
			t.Errorf("the task sees %s", bad)
		}
	}
	for _, want := range []string{"WANTED=3", "PATH=", "HOME="} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the task does not see %s", want)
		}
	}
	var lines []string
	for line, err := range l.Logs(t.Context(), r.ID, backend.LogOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line.Text)
	}
	if len(lines) != 1 || !strings.HasSuffix(lines[0], "/a/1/work") {
		t.Errorf("the working folder is not clean: %q", lines)
	}
}

func TestSecrets(t *testing.T) {
	c := script(`printf '%s-%s-%s' "$A" "$B" "${C-none}" > "$OUTPUT_O"`,
		ports(&ir.Port{Name: id("token"), Type: str, Secret: true}), ports(port("o", str)))
	yes := true
	c.Container().Env = append(c.Container().Env[1:],
		&ir.EnvVar{Name: id("A"), Secret: &ir.KeyRef{Name: lit("db"), Key: lit("password")}},
		&ir.EnvVar{Name: id("B"), SecretInput: "token"},
		&ir.EnvVar{Name: id("C"), Secret: &ir.KeyRef{Name: lit("db"), Key: lit("gone"), Optional: &yes}})
	p := pipeline(dag(ports(port("token", str)), ports(port("o", str)), []*ir.DAGOutput{gives("o", out("a.o"))},
		task("a", c, arg("token", in("token")))))
	r := execute(t, p, map[string]any{"token": "my-api/the.key"}, func(o *Options) {
		o.Secrets = map[string]string{"db/password": "s3cret"}
		o.Environ = append(os.Environ(), "KFPGO_SECRET_MY_API_THE_KEY=t0ken")
	})
	if value(r, "o") != "s3cret-t0ken-none" {
		t.Error(explain(r), r.Outputs)
	}
	r = execute(t, p, map[string]any{"token": "my-api/the.key"}, func(o *Options) {
		o.Secrets = map[string]string{"db/password": "s3cret"}
	})
	if r.State != backend.Failed || !strings.Contains(r.Message, "KFPGO_SECRET_MY_API_THE_KEY") || strings.Contains(r.Message, "s3cret") {
		t.Error(explain(r))
	}
}
