package ir_test

import (
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

func TestVerifyAccepts(t *testing.T) {
	if err := ir.Verify(everything()); err != nil {
		t.Error(err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	component := func(p *ir.Pipeline, name string) *ir.Component {
		for _, c := range p.Components {
			if c.Name.Text == name {
				return c
			}
		}
		t.Fatal(name)
		return nil
	}
	trainTask := func(p *ir.Pipeline) *ir.Task { return component(p, "body").DAG().Task("train") }
	for want, spoil := range map[string]func(*ir.Pipeline){
		"no root":                             func(p *ir.Pipeline) { p.Root = nil },
		"the root is no DAG":                  func(p *ir.Pipeline) { p.Root.Body = &ir.Claim{} },
		"dialect 0":                           func(p *ir.Pipeline) { p.Dialect = 0 },
		"is listed twice":                     func(p *ir.Pipeline) { p.Components = append(p.Components, p.Components[0]) },
		"not listed":                          func(p *ir.Pipeline) { p.Components = p.Components[1:] },
		"a component is nil":                  func(p *ir.Pipeline) { p.Components[1] = nil },
		"no body":                             func(p *ir.Pipeline) { component(p, "claim").Body = nil },
		"contract 0":                          func(p *ir.Pipeline) { component(p, "train").Container().Contract = 0 },
		"no image":                            func(p *ir.Pipeline) { component(p, "train").Container().Image = nil },
		"has no type":                         func(p *ir.Pipeline) { component(p, "train").Inputs[0].Type = ir.Type{} },
		`input "data" is empty or twice`:      func(p *ir.Pipeline) { c := component(p, "train"); c.Inputs = append(c.Inputs, c.Inputs[0]) },
		`output "x" has no value`:             func(p *ir.Pipeline) { p.Root.Outputs = []*ir.Port{{Name: id("x"), Type: str}} },
		`after "zz"`:                          func(p *ir.Pipeline) { trainTask(p).After = []ir.Ident{id("zz")} },
		`task "import" is empty or twice`:     func(p *ir.Pipeline) { d := component(p, "body").DAG(); d.Tasks = append(d.Tasks, d.Tasks[0]) },
		`argument "zz" is no input`:           func(p *ir.Pipeline) { trainTask(p).Args[0].Name = id("zz") },
		`argument "data" has no value`:        func(p *ir.Pipeline) { trainTask(p).Args[0].Value = nil },
		`input "zz" is read but not declared`: func(p *ir.Pipeline) { trainTask(p).When = &ir.InputRef{Name: "zz"} },
		`output "y" of task "zz" cannot`:      func(p *ir.Pipeline) { trainTask(p).When = &ir.OutputRef{Task: "zz", Output: "y"} },
		`the status of "" cannot be read`:     func(p *ir.Pipeline) { trainTask(p).When = &ir.StatusRef{} },
		"an expression has no program":        func(p *ir.Pipeline) { trainTask(p).When = &ir.Expr{} },
		`variable "v" is unbound`: func(p *ir.Pipeline) {
			trainTask(p).When = &ir.Expr{Program: program{}, Vars: []ir.ExprVar{{Name: "v"}}}
		},
		"a one-of stands outside":               func(p *ir.Pipeline) { trainTask(p).When = &ir.OneOf{} },
		`port "model" cannot be read`:           func(p *ir.Pipeline) { trainTask(p).When = &ir.PortRef{Port: "model"} },
		"stands outside a component":            func(p *ir.Pipeline) { trainTask(p).When = &ir.ExecutorInput{} },
		"a literal holds a int":                 func(p *ir.Pipeline) { trainTask(p).When = &ir.Literal{V: []any{3}} },
		"is out of range":                       func(p *ir.Pipeline) { trainTask(p).When = &ir.Literal{V: int64(1 << 60)} },
		"the loop has no items":                 func(p *ir.Pipeline) { component(p, "body").DAG().Task("loop").ForEach.Item = id("zz") },
		"a task of a DAG has settings":          func(p *ir.Pipeline) { component(p, "body").DAG().Task("loop").Settings = &ir.Settings{} },
		"span of name is 3 to 99 in 14 bytes":   func(p *ir.Pipeline) { p.Name.At = source.Span{File: p.File, Start: 3, End: 99} },
		`the importer's output "artifact"`:      func(p *ir.Pipeline) { component(p, "import").Outputs = nil },
		`an exit task has a loop or an exit ta`: func(p *ir.Pipeline) { e := p.Root.DAG().Tasks[0].OnExit; e.OnExit = &ir.Task{} },
	} {
		p := everything()
		spoil(p)
		if err := ir.Verify(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if ir.Verify(nil) == nil {
		t.Error("nil is no pipeline")
	}
}

func TestWalk(t *testing.T) {
	p := everything()
	var tasks []string
	p.Walk(func(owner *ir.Component, task *ir.Task) { tasks = append(tasks, owner.Name.Text+"/"+task.Name.Text) })
	want := "all/main all/report body/import body/train body/loop verdict/0 verdict/1 yes/claim no/claim"
	if got := strings.Join(tasks, " "); got != want {
		t.Errorf("got %s", got)
	}
	values := 0
	p.Walk(func(_ *ir.Component, task *ir.Task) { task.EachValue(func(ir.Value) { values++ }) })
	if values != 33 {
		t.Errorf("%d values", values)
	}
	var leaves []string
	ir.VisitLeaves(&ir.Template{Parts: []ir.Value{&ir.Literal{V: "a"}, &ir.Select{Of: &ir.InputRef{Name: "x"}}, &ir.ListValue{Items: []ir.Value{&ir.RunRef{Field: ir.RunID}}}}}, func(v ir.Value) { leaves = append(leaves, ir.ValueText(v)) })
	if got := strings.Join(leaves, " "); got != `"a" inputs.x run.id` {
		t.Error(got)
	}
}

func TestPaths(t *testing.T) {
	plain, exclusive := &ir.DAG{}, &ir.DAG{Exclusive: true}
	group := &ir.Component{Body: plain}
	inline := &ir.Component{Body: &ir.DAG{Inline: true}}
	program := &ir.Component{Body: &ir.Container{}}
	task := func(name string, c *ir.Component) *ir.Task { return &ir.Task{Name: id(name), Component: c} }
	for _, c := range []struct {
		parent string
		in     *ir.DAG
		task   *ir.Task
		index  int
		want   string
	}{
		{"", plain, task("train", program), -1, "train"},
		{"", plain, task("check", group), 0, "check[0]"},
		{"check[0]", plain, task("evaluate", program), -1, "check[0]/evaluate"},
		{"verdict", exclusive, task("1", group), -1, "verdict[1]"},
		{"verdict", exclusive, task("condition-2", group), -1, "verdict/condition-2"},
		{"", plain, task("main", inline), -1, ""},
		{"a", plain, task("main", inline), -1, "a"},
		{"a[2]", plain, task("b", program), 3, "a[2]/b[3]"},
		{"", nil, task("x", nil), -1, "x"},
	} {
		if got := ir.ChildPath(c.parent, c.in, c.task, c.index); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
