package local

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/taskpath"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A modelTask is a task of the model: an importer, which needs no process.
type modelTask struct {
	up    []int // by After
	data  []int // by data, in a template
	when  bool
	fails bool
	all   bool // trigger completed
}

func (m modelTask) ir(i int) *ir.Task {
	c := &ir.Component{
		Name: id("imp"), Inputs: ports(port("uri", str)), Outputs: ports(port("artifact", dataset)),
		Body: &ir.Importer{URI: in("uri"), Type: dataset, Output: "artifact"},
	}
	uri := "/x"
	if m.fails {
		uri = ""
	}
	value := &ir.Template{Parts: []ir.Value{lit(uri)}}
	for _, j := range m.data {
		// An artifact's text is of no interest, only that it was referred to: a
		// variable that the expression does not read.
		value.Parts = append(value.Parts, &ir.Expr{
			Program: program(func(func(string) (any, bool)) (any, error) { return "", nil }),
			Vars:    []ir.ExprVar{{Name: "x", Value: out(name(j) + ".artifact")}},
		})
	}
	t := task(name(i), c, arg("uri", value), when(lit(m.when)))
	for _, j := range m.up {
		t.After = append(t.After, id(name(j)))
	}
	if m.all {
		completed(t)
	}
	return t
}

func name(i int) string { return fmt.Sprintf("t%02d", i) }

// end is what the task's state must be, given those of all before it.
func (m modelTask) end(states []backend.State) backend.State {
	if !m.all {
		for _, j := range append(slices.Clone(m.up), m.data...) {
			if states[j] != backend.Succeeded {
				return backend.Skipped
			}
		}
	}
	switch {
	case !m.when:
		return backend.Skipped
	case m.fails:
		return backend.Failed
	}
	return backend.Succeeded
}

// Whatever the graph, whatever fails or is skipped, every task ends as a model of
// ten lines says, in whatever order they are written.
func TestAnyGraph(t *testing.T) {
	l := newRunner(t)
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(rt, "tasks")
		states := make([]backend.State, n)
		tasks := make([]*ir.Task, n)
		want := backend.Succeeded
		some := func(i int, label string) []int {
			if i == 0 {
				return nil
			}
			return rapid.SliceOfN(rapid.IntRange(0, i-1), 0, 2).Draw(rt, label)
		}
		for i := range n {
			m := modelTask{
				up: some(i, "after"), data: some(i, "data"),
				when:  rapid.IntRange(0, 9).Draw(rt, "when") > 1,
				fails: rapid.IntRange(0, 9).Draw(rt, "fails") > 7,
				all:   rapid.IntRange(0, 9).Draw(rt, "completed") > 7,
			}
			tasks[i], states[i] = m.ir(i), m.end(states)
			if states[i] == backend.Failed {
				want = backend.Failed
			}
		}
		shuffled := rapid.Permutation(tasks).Draw(rt, "order")
		r := wait(t, l, submit(t, l, pipeline(dag(nil, nil, nil, shuffled...)), nil).ID)
		if r.State != want {
			rt.Errorf("the run is %s, want %s", r.State, want)
		}
		for i, got := range r.Tasks {
			if got.Path != name(i) || got.State != states[i] {
				rt.Errorf("%s is %s, want %s: %s", got.Path, got.State, states[i], got.Message)
			}
		}
	})
}

func TestPaths(t *testing.T) {
	paths := []string{"a", "a[2]/b", "a[10]/b", "a[10]/b10", "a[10]/b9", "b", "a[02]/b"}
	want := []string{"a", "a[02]/b", "a[2]/b", "a[10]/b", "a[10]/b9", "a[10]/b10", "b"}
	slices.SortFunc(paths, taskpath.Compare)
	if !slices.Equal(paths, want) {
		t.Errorf("got %q", paths)
	}
}

// No text gives a name that leaves the folder, and different texts give
// different names.
func TestFileNames(t *testing.T) {
	seen := map[string]string{}
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.String().Draw(rt, "text")
		got := fileName(s)
		if got == "" || got == "." || got == ".." || len(got) > maxElement {
			rt.Errorf("%q gives %q", s, got)
		}
		for _, c := range []byte(got) {
			if c == '/' || c == '\\' || c == 0 || c < ' ' {
				rt.Errorf("%q gives %q", s, got)
			}
		}
		if was, ok := seen[got]; ok && was != s {
			rt.Errorf("%q and %q give %q", was, s, got)
		}
		seen[got] = s
	})
}

func TestTooLargeForTheSystem(t *testing.T) {
	big := make([]any, 40000)
	for i := range big {
		big[i] = int64(100000 + i)
	}
	r := execute(t, one(script("true", ports(port("l", list)), nil), arg("l", lit(big))), nil)
	if r.State != backend.Failed || r.Tasks[0].Class != "error" {
		t.Error(explain(r))
	}
}

func BenchmarkRun(b *testing.B) {
	const n = 500
	tasks := make([]*ir.Task, n)
	for i := range tasks {
		tasks[i] = task(fmt.Sprintf("t%d", i), script("true", nil, nil))
	}
	p := pipeline(dag(nil, nil, nil, tasks...))
	for b.Loop() {
		l := New(Options{Dir: b.TempDir() + "/runs"})
		r, err := l.Submit(b.Context(), backend.Submission{ID: newID(), Pipeline: p})
		if err != nil {
			b.Fatal(err)
		}
		for e := range l.Watch(b.Context(), r.ID) {
			if e.Run != nil {
				r = e.Run
			}
		}
		if r.State != backend.Succeeded {
			b.Fatal(r.Message)
		}
		l.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "µs/task")
}
