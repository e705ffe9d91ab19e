package draw

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kfp-go/kfp-go/compiler/goldentest"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

func ident(s string) ir.Ident { return ir.Ident{Text: s} }

func lit(v any) ir.Value { return &ir.Literal{V: v} }

func container(image string) *ir.Component {
	return &ir.Component{Name: ident("c"), Body: &ir.Container{Image: lit(image)}}
}

func dag(tasks ...*ir.Task) *ir.Component {
	return &ir.Component{Name: ident("d"), Body: &ir.DAG{Tasks: tasks}}
}

func task(name string, c *ir.Component, needs ...string) *ir.Task {
	t := &ir.Task{Name: ident(name), Component: c}
	for i, n := range needs {
		t.Args = append(t.Args, &ir.Binding{Name: ident(fmt.Sprint("in", i)), Value: &ir.OutputRef{Task: n, Output: "out"}})
	}
	return t
}

// rich has everything that a drawing shows.
func rich() *ir.Pipeline {
	c := container("python:3.11")
	loop := task("check", dag(task("evaluate", c), task("note", c, "evaluate")), "train")
	loop.ForEach = &ir.Loop{Items: &ir.InputRef{Name: "regions"}, Item: ident("region"), Parallelism: 2}
	yes, no := task("0", dag(task("deploy", c))), task("1", dag(task("again", c)))
	yes.When = &ir.OutputRef{Task: "check", Output: "ok"}
	either := dag(yes, no)
	either.DAG().Exclusive = true
	body := dag(
		task("prepare", c), task("train", c, "prepare"),
		loop, task("verdict", either, "check"),
		task("import \"x\" <b>\x1b[31m", &ir.Component{Name: ident("i"), Body: &ir.Importer{URI: lit("s3://b/k")}}),
		task("last", c, "prepare", "verdict"),
		task("volume", &ir.Component{Name: ident("v"), Body: &ir.Claim{}}),
	)
	body.DAG().Inline = true
	body.DAG().Tasks[5].After = []ir.Ident{ident("volume")}
	main := task("main", body)
	report := dag(task("report", c))
	report.DAG().Inline = true
	main.OnExit = task("finally", report)
	root := dag(main)
	return &ir.Pipeline{Name: ident("iris"), Root: root}
}

func TestGoldens(t *testing.T) {
	g, whole := New(rich())
	if !whole {
		t.Error("something was left out")
	}
	var text, mermaid, dot bytes.Buffer
	for _, err := range []error{WriteText(&text, "iris", g, TextOptions{}), WriteMermaid(&mermaid, "iris", g), WriteDOT(&dot, "iris", g)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	goldentest.File(t, "testdata/rich.txt", text.Bytes())
	goldentest.File(t, "testdata/rich.mmd", mermaid.Bytes())
	goldentest.File(t, "testdata/rich.dot", dot.Bytes())
	for _, out := range []string{text.String(), mermaid.String(), dot.String()} {
		if strings.ContainsAny(out, "\x1b\r") {
			t.Error("a name's escape sequence reached the output")
		}
	}
	for _, line := range strings.Split(mermaid.String(), "\n") {
		if strings.Contains(line, "<b>") {
			t.Errorf("a name is markup: %s", line)
		}
	}
}

// Thirty tasks in layers, each with two inputs from the layer before.
func TestThirty(t *testing.T) {
	c := container("busybox")
	var tasks []*ir.Task
	for i := range 30 {
		var needs []string
		if layer, at := i/5, i%5; layer > 0 {
			needs = []string{fmt.Sprint("t", (layer-1)*5+at), fmt.Sprint("t", (layer-1)*5+(at+1)%5)}
		}
		tasks = append(tasks, task(fmt.Sprint("t", i), c, needs...))
	}
	g, _ := New(&ir.Pipeline{Name: ident("p"), Root: dag(tasks...)})
	var out bytes.Buffer
	if err := WriteText(&out, "", g, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	goldentest.File(t, "testdata/thirty.txt", out.Bytes())
}

// Whatever the graph, the lines lead from each task to exactly those that need
// it: a reader who follows them finds the edges again.
func TestLinesAreTheEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		g := &Graph{}
		want := map[Edge]bool{}
		for i := range n {
			g.Nodes = append(g.Nodes, &Node{Label: fmt.Sprint("n", i), Kind: Container})
			for j := range i {
				if rapid.Bool().Draw(t, "edge") {
					want[Edge{j, i}] = true
				}
			}
		}
		for i := range n {
			for j := range n {
				if want[Edge{i, j}] {
					g.Edges = append(g.Edges, Edge{i, j})
				}
			}
		}
		got := readLines(layout(g))
		for e := range want {
			if !got[e] {
				t.Fatalf("no line from %d to %d", e.From, e.To)
			}
		}
		for e := range got {
			if !want[e] {
				t.Fatalf("a line from %d to %d, which is no edge", e.From, e.To)
			}
		}
	})
}

// readLines follows the lines as an eye does.
func readLines(rails []rail) map[Edge]bool {
	holder := map[int]int{}
	out := map[Edge]bool{}
	for i, r := range rails {
		for c, glyph := range []rune(r.row) {
			if c%2 == 1 {
				continue
			}
			switch glyph {
			case '├', '┼':
				out[Edge{holder[c], i}] = true
			case '└', '┴':
				out[Edge{holder[c], i}] = true
				delete(holder, c)
			case '┌', '┬':
				holder[c] = i
			}
		}
	}
	return out
}

// A component that uses itself is an error elsewhere; drawing it ends.
func TestEndless(t *testing.T) {
	c := dag()
	c.DAG().Tasks = []*ir.Task{task("a", c), task("b", c)}
	if _, whole := New(&ir.Pipeline{Name: ident("p"), Root: c}); whole {
		t.Error("an endless drawing counts as whole")
	}
}

func TestNothing(t *testing.T) {
	for _, p := range []*ir.Pipeline{nil, {}, {Root: &ir.Component{}}, {Root: dag(&ir.Task{Name: ident("x")})}} {
		g, _ := New(p)
		var out bytes.Buffer
		if err := WriteText(&out, "", g, TextOptions{}); err != nil {
			t.Error(err)
		}
	}
}
