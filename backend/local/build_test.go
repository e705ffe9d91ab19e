package local

// A small builder of pipelines, so that tests read like them.

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func id(s string) ir.Ident { return ir.Ident{Text: s} }

func lit(v any) ir.Value { return &ir.Literal{V: v} }

func in(name string) ir.Value { return &ir.InputRef{Name: name} }

func out(ref string) *ir.OutputRef {
	task, output, _ := strings.Cut(ref, ".")
	return &ir.OutputRef{Task: task, Output: output}
}

func tmpl(parts ...ir.Value) ir.Value { return &ir.Template{Parts: parts} }

func outPath(port string) ir.Value {
	return &ir.PortRef{Output: true, Port: port, Aspect: ir.AspectPath}
}

func inPath(port string) ir.Value { return &ir.PortRef{Port: port, Aspect: ir.AspectPath} }

var (
	str     = ir.Type{Kind: ir.String}
	integer = ir.Type{Kind: ir.Integer}
	num     = ir.Type{Kind: ir.Number}
	boolean = ir.Type{Kind: ir.Boolean}
	list    = ir.Type{Kind: ir.List}
	structT = ir.Type{Kind: ir.Struct}
	dataset = ir.ArtifactType("system.Dataset")
)

func port(name string, t ir.Type) *ir.Port { return &ir.Port{Name: id(name), Type: t} }

func optional(name string, t ir.Type) *ir.Port {
	return &ir.Port{Name: id(name), Type: t, Optional: true}
}

func ports(ps ...*ir.Port) []*ir.Port { return ps }

// script is a component that runs a shell script, as the DSL makes it: inputs
// and output paths are variables.
func script(text string, inputs, outputs []*ir.Port) *ir.Component {
	c := &ir.Container{
		Image: lit("busybox"), Contract: ir.DSLContract,
		Command: []ir.Arg{&ir.TextArg{Value: lit("sh")}, &ir.TextArg{Value: lit("-ec")}, &ir.TextArg{Value: lit(text)}},
	}
	variable := func(prefix string, p *ir.Port, v ir.Value) {
		name := prefix + strings.ToUpper(strings.ReplaceAll(p.Name.Text, "-", "_"))
		c.Env = append(c.Env, &ir.EnvVar{Name: id(name), Value: v})
	}
	for _, p := range inputs {
		if p.Type.IsArtifact() {
			variable("INPUT_", p, inPath(p.Name.Text))
		} else {
			variable("INPUT_", p, in(p.Name.Text))
		}
	}
	for _, p := range outputs {
		variable("OUTPUT_", p, outPath(p.Name.Text))
	}
	return &ir.Component{Name: id("script"), Inputs: inputs, Outputs: outputs, Body: c}
}

type option func(*ir.Task)

func task(name string, c *ir.Component, opts ...option) *ir.Task {
	t := &ir.Task{Name: id(name), Component: c, Settings: &ir.Settings{}}
	for _, o := range opts {
		o(t)
	}
	return t
}

func arg(name string, v ir.Value) option {
	return func(t *ir.Task) { t.Args = append(t.Args, &ir.Binding{Name: id(name), Value: v}) }
}

func after(names ...string) option {
	return func(t *ir.Task) {
		for _, n := range names {
			t.After = append(t.After, id(n))
		}
	}
}

func when(v ir.Value) option { return func(t *ir.Task) { t.When = v } }

func forEach(item string, items ir.Value, parallelism int) option {
	return func(t *ir.Task) { t.ForEach = &ir.Loop{Items: items, Item: id(item), Parallelism: parallelism} }
}

func completed(t *ir.Task) { t.Trigger = ir.Completed }

func onExit(x *ir.Task) option { return func(t *ir.Task) { t.OnExit = x } }

func timeout(s float64) option { return func(t *ir.Task) { t.Settings.Timeout = s } }

func retry(r *ir.Retry) option { return func(t *ir.Task) { t.Settings.Retry = r } }

// dag is a component of tasks; outs are NAME=VALUE in turn.
func dag(inputs, outputs []*ir.Port, outs []*ir.DAGOutput, tasks ...*ir.Task) *ir.Component {
	return &ir.Component{
		Name: id("dag"), Inputs: inputs, Outputs: outputs, Body: &ir.DAG{Tasks: tasks, Outputs: outs},
	}
}

func gives(name string, v ir.Value) *ir.DAGOutput { return &ir.DAGOutput{Name: id(name), Value: v} }

func pipeline(root *ir.Component) *ir.Pipeline {
	return &ir.Pipeline{Name: id("demo"), Root: root, Dialect: ir.DSL}
}

// program is an expression in Go.
type program func(get func(string) (any, bool)) (any, error)

func (p program) Type() ir.Type  { return ir.Type{Kind: ir.Dynamic} }
func (p program) Source() string { return "test" }
func (p program) Eval(_ context.Context, get func(string) (any, bool)) (any, error) {
	return p(get)
}

// expr is an expression over one variable.
func expr(v ir.Value, f func(v any, present bool) (any, error)) ir.Value {
	return &ir.Expr{
		Program: program(func(get func(string) (any, bool)) (any, error) { return f(get("x")) }),
		Vars:    []ir.ExprVar{{Name: "x", Value: v}},
	}
}

func equals(v ir.Value, want any) ir.Value {
	return expr(v, func(v any, _ bool) (any, error) { return v == want, nil })
}

// newRunner is a runner whose runs live in a folder of the test.
func newRunner(t *testing.T, change ...func(*Options)) *Runner {
	t.Helper()
	opt := Options{
		Dir: filepath.Join(t.TempDir(), "runs"), Parallelism: 4, Grace: time.Second,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	for _, f := range change {
		f(&opt)
	}
	l := New(opt)
	t.Cleanup(l.Close)
	return l
}

// submit starts the pipeline.
func submit(t *testing.T, l *Runner, p *ir.Pipeline, args map[string]any) *backend.Run {
	t.Helper()
	r, err := l.Submit(t.Context(), backend.Submission{ID: newID(), Pipeline: p, Args: args})
	if err != nil {
		t.Fatalf("Submit: %v", err)
	}
	return r
}

func newID() backend.RunID { return backend.RunID(uuid.Must(uuid.NewV7()).String()) }

// wait is the finished run.
func wait(t *testing.T, l *Runner, id backend.RunID) *backend.Run {
	t.Helper()
	var last *backend.Run
	for e, err := range l.Watch(context.WithoutCancel(t.Context()), id) {
		if err != nil {
			t.Fatalf("Watch: %v", err)
		}
		if e.Run != nil {
			last = e.Run
		}
	}
	if last == nil || !last.State.Final() {
		t.Fatalf("Watch ended without a finished run: %+v", last)
	}
	return last
}

// execute runs the pipeline to its end.
func execute(t *testing.T, p *ir.Pipeline, args map[string]any, change ...func(*Options)) *backend.Run {
	t.Helper()
	l := newRunner(t, change...)
	return wait(t, l, submit(t, l, p, args).ID)
}

// summary is "run-state path=state …".
func summary(r *backend.Run) string {
	var b strings.Builder
	b.WriteString(string(r.State))
	for _, t := range r.Tasks {
		fmt.Fprintf(&b, " %s=%s", t.Path, t.State)
	}
	return b.String()
}

func explain(r *backend.Run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.State, r.Message)
	for _, t := range r.Tasks {
		fmt.Fprintf(&b, "  %s %s attempt %d class %q: %s\n", t.Path, t.State, t.Attempt, t.Class, t.Message)
	}
	return b.String()
}

func value(r *backend.Run, name string) any { return r.Outputs[name].Value }

// notes gathers what a run tells.
type notes struct {
	mu  sync.Mutex
	all []string
}

func (n *notes) add(_ backend.RunID, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, text)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.all, "\n")
}

func mustReadDir(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}
