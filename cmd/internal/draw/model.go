// Package draw shows a pipeline as a graph: as text, Mermaid or DOT. All three
// print one model: nested graphs whose edges join siblings only.
package draw

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/graph"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A Graph is one level: the tasks of a DAG in layered order.
type Graph struct {
	Nodes []*Node
	// Edges lead from a node to one that needs it, by index, sorted.
	Edges []Edge
}

// An Edge joins two nodes of a graph.
type Edge struct{ From, To int }

// A Node is a task.
type Node struct {
	Name  string // as the author wrote it
	Label string // what is shown: the name, or the branch
	Notes []string
	Kind  Kind
	Inner *Graph // nil for tasks that hold no others
}

// A Kind is what a node stands for.
type Kind uint8

// The kinds.
const (
	Container Kind = iota + 1
	Importer
	Claim
	Group
	Loop
	Branches
	Branch
	Exit // a group that runs however what is before it ended
)

// MaxNodes bounds a drawing: components that use components many times over
// can stand for more tasks than anybody can look at.
const MaxNodes = 20000

// maxDepth bounds nesting, which a component that uses itself would make
// endless; such a pipeline has an error, but may still be drawn.
const maxDepth = 50

// New is the graph of a pipeline. ok is false when parts were left out because
// it is too big.
func New(p *ir.Pipeline) (g *Graph, ok bool) {
	b := &builder{}
	if p == nil || p.Root == nil || p.Root.DAG() == nil {
		return &Graph{}, true
	}
	return b.graph(p.Root.DAG(), 0), !b.cut
}

type builder struct {
	count int
	cut   bool
}

func (b *builder) graph(d *ir.DAG, depth int) *Graph {
	tasks, edges := flatten(d)
	g := graph.New(len(tasks))
	for _, e := range edges {
		g.Edge(e.From, e.To)
	}
	order, complete := g.Order()
	if !complete {
		order = withRest(order, len(tasks))
	}
	if d.Exclusive {
		order = withRest(nil, len(tasks))
	}
	out := &Graph{}
	place := make([]int, len(tasks))
	for i, n := range order {
		place[n] = i
		out.Nodes = append(out.Nodes, b.node(tasks[n], depth))
	}
	for _, n := range order {
		for _, m := range g.Next(n) {
			if !d.Exclusive {
				out.Edges = append(out.Edges, Edge{place[n], place[m]})
			}
		}
	}
	return out
}

// withRest appends the nodes that an order lacks.
func withRest(order []int, n int) []int {
	seen := make([]bool, n)
	for _, i := range order {
		seen[i] = true
	}
	for i := range n {
		if !seen[i] {
			order = append(order, i)
		}
	}
	return order
}

// An item is a task, or the exit task of one.
type item struct {
	task   *ir.Task
	branch int // of an exclusive DAG, else −1
	exit   bool
}

// flatten gives the tasks of a DAG with those of inline DAGs in their place, an
// exit task behind what it follows, and the edges among them.
func flatten(d *ir.DAG) ([]item, []Edge) {
	var items []item
	var edges []Edge
	add(d, &items, &edges)
	return items, edges
}

// add appends one DAG's tasks and gives the span of items that each name of
// the DAG stands for.
func add(d *ir.DAG, items *[]item, edges *[]Edge) {
	at := make(map[string][2]int, len(d.Tasks))
	for i, t := range d.Tasks {
		from := len(*items)
		if inner := inline(t); inner != nil {
			add(inner, items, edges)
		} else {
			branch := -1
			if d.Exclusive {
				branch = i
			}
			*items = append(*items, item{task: t, branch: branch})
		}
		to := len(*items)
		if t.OnExit != nil {
			*items = append(*items, item{task: t.OnExit, branch: -1, exit: true})
			for _, last := range leaves(from, to, *edges) {
				*edges = append(*edges, Edge{last, to})
			}
		}
		at[t.Name.Text] = [2]int{from, to}
	}
	for _, t := range d.Tasks {
		for _, up := range upstream(t) {
			src, known := at[up]
			if !known {
				continue
			}
			dst := at[t.Name.Text]
			for _, a := range leaves(src[0], src[1], *edges) {
				for _, b := range roots(dst[0], dst[1], *edges) {
					if a != b {
						*edges = append(*edges, Edge{a, b})
					}
				}
			}
		}
	}
}

func inline(t *ir.Task) *ir.DAG {
	if t.Component == nil || t.ForEach != nil {
		return nil
	}
	if d := t.Component.DAG(); d != nil && d.Inline {
		return d
	}
	return nil
}

// leaves are the items of a range that no other item of it needs; for a range
// of one, which is the rule, that one.
func leaves(from, to int, edges []Edge) []int {
	return ends(from, to, edges, func(e Edge) (end, other int) { return e.From, e.To })
}

// roots are the items of a range that need no other item of it.
func roots(from, to int, edges []Edge) []int {
	return ends(from, to, edges, func(e Edge) (end, other int) { return e.To, e.From })
}

func ends(from, to int, edges []Edge, of func(Edge) (end, other int)) []int {
	if to-from == 1 {
		return []int{from}
	}
	inside := make([]bool, to-from)
	for _, e := range edges {
		end, other := of(e)
		if end >= from && end < to && other >= from && other < to {
			inside[end-from] = true
		}
	}
	var out []int
	for i, in := range inside {
		if !in {
			out = append(out, from+i)
		}
	}
	return out
}

// upstream names the siblings that a task needs, each once, in order.
func upstream(t *ir.Task) []string {
	var out []string
	seen := map[string]bool{}
	need := func(name string) {
		if name != "" && !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	t.EachValue(func(v ir.Value) {
		ir.VisitLeaves(v, func(leaf ir.Value) {
			switch leaf := leaf.(type) {
			case *ir.OutputRef:
				need(leaf.Task)
			case *ir.StatusRef:
				need(leaf.Task)
			}
		})
	})
	for _, a := range t.After {
		need(a.Text)
	}
	return out
}

func (b *builder) node(it item, depth int) *Node {
	t := it.task
	b.count++
	n := &Node{Name: t.Name.Text, Label: t.Name.Text, Kind: Container}
	if it.branch >= 0 {
		n.Label, n.Kind = fmt.Sprintf("[%d]", it.branch), Branch
	}
	if it.exit {
		n.Notes = append(n.Notes, "however it ended")
	}
	b.body(n, it, depth)
	if t.ForEach != nil {
		n.Kind = Loop
		n.Notes = append(n.Notes, "for each "+strings.TrimPrefix(t.ForEach.Item.Text, channel)+" in "+Text(t.ForEach.Items))
		if t.ForEach.Parallelism > 0 {
			n.Notes = append(n.Notes, fmt.Sprintf("%d at once", t.ForEach.Parallelism))
		}
	}
	switch {
	case t.When != nil:
		n.Notes = append(n.Notes, "when "+Text(t.When))
	case it.branch >= 0:
		n.Notes = append(n.Notes, "otherwise")
	}
	return n
}

func (b *builder) body(n *Node, it item, depth int) {
	if it.task.Component == nil {
		return
	}
	switch body := it.task.Component.Body.(type) {
	case *ir.Container:
		if image := Text(body.Image); image != "" {
			n.Notes = append(n.Notes, image)
		}
	case *ir.Importer:
		n.Kind = Importer
		n.Notes = append(n.Notes, "import "+Text(body.URI))
	case *ir.Claim:
		n.Kind = Claim
		n.Notes = append(n.Notes, map[bool]string{false: "create claim", true: "delete claim"}[body.Delete])
	case *ir.DAG:
		if n.Kind != Branch {
			n.Kind = Group
		}
		if it.exit && body.Inline {
			n.Kind, n.Label, n.Notes = Exit, "finally", nil
		}
		if body.Exclusive {
			n.Kind = Branches
		}
		if depth >= maxDepth || b.count > MaxNodes {
			b.cut = true
			return
		}
		n.Inner = b.graph(body, depth+1)
	}
}

// Text is a short form of a value for people.
func Text(v ir.Value) string {
	switch v := v.(type) {
	case nil:
		return ""
	case *ir.Literal:
		if s, ok := v.V.(string); ok {
			return s
		}
		data, err := json.Marshal(v.V)
		if err != nil {
			return "?"
		}
		return string(data)
	case *ir.InputRef:
		return "inputs." + v.Name
	case *ir.OutputRef:
		return "tasks." + v.Task + ".outputs." + v.Output
	case *ir.Expr:
		if v.Program != nil {
			return readable(strings.Join(strings.Fields(v.Program.Source()), " "))
		}
	}
	if v == nil || v.Span().IsZero() {
		return "…"
	}
	return strings.Join(strings.Fields(v.Span().Text()), " ")
}

// channel is what KFP's SDK puts before the name of whatever enters a group.
const channel = "pipelinechannel--"

var parameter = regexp.MustCompile(`inputs\.parameter_values\['(?:` + channel + `)?([^']+)'\]`)

// readable leaves the parts of KFP's conditions that say something.
func readable(s string) string { return parameter.ReplaceAllString(s, "$1") }
