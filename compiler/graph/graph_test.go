package graph

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func of(n int, edges ...[2]int) *Graph {
	g := New(n)
	for _, e := range edges {
		g.Edge(e[0], e[1])
	}
	return g
}

func TestOrderAndLevels(t *testing.T) {
	g := of(5, [2]int{3, 1}, [2]int{1, 0}, [2]int{3, 0}, [2]int{2, 4}, [2]int{3, 1})
	order, ok := g.Order()
	if !ok || !reflect.DeepEqual(order, []int{2, 3, 1, 4, 0}) {
		t.Errorf("order %v, %v", order, ok)
	}
	if got := g.Levels(); !reflect.DeepEqual(got, []int{2, 1, 0, 0, 1}) {
		t.Errorf("levels %v", got)
	}
	if got := g.Reach(1); !reflect.DeepEqual(got, []bool{true, true, false, false, false}) {
		t.Errorf("reach %v", got)
	}
	if got := g.Ancestors(0); !reflect.DeepEqual(got, []bool{true, true, false, true, false}) {
		t.Errorf("ancestors %v", got)
	}
}

func TestCycles(t *testing.T) {
	for _, c := range []struct {
		name  string
		graph *Graph
		want  [][]int
	}{
		{"none", of(3, [2]int{0, 1}, [2]int{1, 2}), nil},
		{"itself", of(2, [2]int{1, 1}), [][]int{{1}}},
		{"two knots", of(5, [2]int{4, 3}, [2]int{3, 4}, [2]int{0, 1}, [2]int{1, 2}, [2]int{2, 0}), [][]int{{0, 1, 2}, {3, 4}}},
		{"shortest of a knot", of(4, [2]int{0, 1}, [2]int{1, 2}, [2]int{2, 3}, [2]int{3, 0}, [2]int{2, 1}), [][]int{{1, 2}}},
	} {
		if got := c.graph.Cycles(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if _, ok := c.graph.Order(); ok != (c.want == nil) {
			t.Errorf("%s: order says %v", c.name, ok)
		}
	}
}

// A long chain must not use the stack of the machine, nor time beyond its
// length.
func TestDeepCycle(t *testing.T) {
	const n = 200_000
	g := New(n)
	for i := range n {
		g.Edge(i, (i+1)%n)
	}
	if got := g.Cycles(); len(got) != 1 || len(got[0]) != n {
		t.Errorf("%d cycles", len(got))
	}
}

func TestOrderProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		g := New(n)
		for _, e := range rapid.SliceOfN(rapid.IntRange(0, n*n-1), 0, 30).Draw(t, "edges") {
			g.Edge(e/n, e%n)
		}
		order, ok := g.Order()
		cycles := g.Cycles()
		if ok != (len(cycles) == 0) {
			t.Fatalf("order says %v, cycles %v", ok, cycles)
		}
		at := map[int]int{}
		for i, x := range order {
			at[x] = i
		}
		for _, x := range order {
			for _, p := range g.Prev(x) {
				if at[p] >= at[x] {
					t.Fatalf("%d stands before %d, which it needs", x, p)
				}
			}
		}
		for _, c := range cycles {
			for i, x := range c {
				next := c[(i+1)%len(c)]
				if !contains(g.Next(x), next) {
					t.Fatalf("cycle %v has no edge %d to %d", c, x, next)
				}
			}
		}
	})
}

// Edges into one node are told apart however many there are.
func TestRepeatedEdges(t *testing.T) {
	const n = 100
	g := New(n + 1)
	for range 3 {
		for i := range n {
			g.Edge(i, n)
		}
	}
	if got := len(g.Prev(n)); got != n {
		t.Errorf("%d edges, want %d", got, n)
	}
}
