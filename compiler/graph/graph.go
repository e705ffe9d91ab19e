// Package graph is directed-graph arithmetic over small integers: order,
// levels, reachability and every cycle, all in a stable order and in linear
// time. It knows nothing of pipelines.
package graph

import "sort"

// A Graph has nodes 0 to N-1 and edges from a node to the nodes that need it.
type Graph struct {
	next [][]int
	prev [][]int
	// known holds the edges into nodes with many, where a scan of prev would
	// make building quadratic.
	known map[[2]int]bool
}

// many is the number of edges into a node above which known is used.
const many = 16

// New is a graph of n nodes without edges.
func New(n int) *Graph { return &Graph{next: make([][]int, n), prev: make([][]int, n)} }

// Len is the number of nodes.
func (g *Graph) Len() int { return len(g.next) }

// Edge adds an edge: to needs from. Repeated edges count once in the answers.
func (g *Graph) Edge(from, to int) {
	if g.has(from, to) {
		return
	}
	g.next[from] = append(g.next[from], to)
	g.prev[to] = append(g.prev[to], from)
}

func (g *Graph) has(from, to int) bool {
	if len(g.prev[to]) <= many {
		return contains(g.prev[to], from)
	}
	if g.known == nil {
		g.known = map[[2]int]bool{}
	}
	if len(g.prev[to]) == many+1 {
		for _, p := range g.prev[to] {
			g.known[[2]int{p, to}] = true
		}
	}
	if g.known[[2]int{from, to}] {
		return true
	}
	g.known[[2]int{from, to}] = true
	return false
}

// Next are the nodes that need n, in order of insertion.
func (g *Graph) Next(n int) []int { return g.next[n] }

// Prev are the nodes that n needs, in order of insertion.
func (g *Graph) Prev(n int) []int { return g.prev[n] }

// Order is a topological order, by level and then by number: every node behind
// all it needs. ok is false when there is a cycle; the nodes on or behind a
// cycle are then missing.
func (g *Graph) Order() (order []int, ok bool) {
	left := make([]int, g.Len())
	var ready []int
	for n := range left {
		left[n] = len(g.prev[n])
		if left[n] == 0 {
			ready = append(ready, n)
		}
	}
	for len(ready) > 0 {
		order = append(order, ready...)
		var then []int
		for _, n := range ready {
			for _, m := range g.next[n] {
				if left[m]--; left[m] == 0 {
					then = append(then, m)
				}
			}
		}
		sort.Ints(then)
		ready = then
	}
	return order, len(order) == g.Len()
}

// Levels gives each node the length of the longest path that leads to it; it
// needs a graph without cycles.
func (g *Graph) Levels() []int {
	level := make([]int, g.Len())
	order, _ := g.Order()
	for _, n := range order {
		for _, p := range g.prev[n] {
			level[n] = max(level[n], level[p]+1)
		}
	}
	return level
}

// Reach marks every node that can be reached from the given ones, these
// included.
func (g *Graph) Reach(from ...int) []bool { return reach(g.next, from) }

// Ancestors marks every node from which one of the given can be reached, these
// included.
func (g *Graph) Ancestors(of ...int) []bool { return reach(g.prev, of) }

func reach(edges [][]int, from []int) []bool {
	seen := make([]bool, len(edges))
	stack := append([]int(nil), from...)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		stack = append(stack, edges[n]...)
	}
	return seen
}

// Cycles gives one shortest cycle through each knot (strongly connected
// component with an edge inside), smallest number first, knots in the order of
// that number. A cycle lists its nodes once, each needed by the one behind it
// and the last by the first.
func (g *Graph) Cycles() [][]int {
	var out [][]int
	for _, knot := range g.knots() {
		in := make(map[int]bool, len(knot))
		for _, n := range knot {
			in[n] = true
		}
		var best []int
		for _, start := range knot {
			c := g.shortest(start, in, len(best))
			if c != nil && (best == nil || len(c) < len(best)) {
				best = c
			}
			if len(best) == 1 || len(knot) > 200 && best != nil {
				break // a big knot is shown by one cycle, not by the shortest
			}
		}
		if best != nil {
			out = append(out, rotate(best))
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i][0] < out[j][0] })
	return out
}

// shortest is the shortest way from start back to itself inside a knot, nil
// when it is not shorter than limit (0: no limit).
func (g *Graph) shortest(start int, in map[int]bool, limit int) []int {
	from := map[int]int{start: -1}
	queue := []int{start}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, m := range g.next[n] {
			if !in[m] {
				continue
			}
			if m == start {
				var c []int
				for k := n; k != -1; k = from[k] {
					c = append(c, k)
				}
				for i, j := 0, len(c)-1; i < j; i, j = i+1, j-1 {
					c[i], c[j] = c[j], c[i]
				}
				if limit > 0 && len(c) >= limit {
					return nil
				}
				return c
			}
			if _, seen := from[m]; !seen {
				from[m] = n
				queue = append(queue, m)
			}
		}
	}
	return nil
}

func rotate(c []int) []int {
	at := 0
	for i, n := range c {
		if n < c[at] {
			at = i
		}
	}
	return append(append([]int(nil), c[at:]...), c[:at]...)
}

// knots are the strongly connected components that hold a cycle, by Tarjan's
// algorithm without recursion, so that depth costs no stack.
func (g *Graph) knots() [][]int {
	n := g.Len()
	index := make([]int, n)
	low := make([]int, n)
	on := make([]bool, n)
	var stack []int
	var out [][]int
	count := 0
	type frame struct{ node, edge int }
	for root := range n {
		if index[root] != 0 {
			continue
		}
		work := []frame{{root, 0}}
		for len(work) > 0 {
			f := &work[len(work)-1]
			v := f.node
			if f.edge == 0 {
				count++
				index[v], low[v] = count, count
				stack = append(stack, v)
				on[v] = true
			}
			if f.edge < len(g.next[v]) {
				w := g.next[v][f.edge]
				f.edge++
				if index[w] == 0 {
					work = append(work, frame{w, 0})
				} else if on[w] {
					low[v] = min(low[v], index[w])
				}
				continue
			}
			if low[v] == index[v] {
				var knot []int
				for {
					w := stack[len(stack)-1]
					stack = stack[:len(stack)-1]
					on[w] = false
					knot = append(knot, w)
					if w == v {
						break
					}
				}
				if len(knot) > 1 || contains(g.next[v], v) {
					sort.Ints(knot)
					out = append(out, knot)
				}
			}
			work = work[:len(work)-1]
			if len(work) > 0 {
				p := work[len(work)-1].node
				low[p] = min(low[p], low[v])
			}
		}
	}
	return out
}

func contains(list []int, x int) bool {
	for _, y := range list {
		if y == x {
			return true
		}
	}
	return false
}
