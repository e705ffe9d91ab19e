package metadata

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/backend/taskpath"
)

// A NodeKind tells the nodes of lineage apart.
type NodeKind string

// The kinds.
const (
	RunNode      NodeKind = "run"
	TaskNode     NodeKind = "task"
	ArtifactNode NodeKind = "artifact"
)

// A Direction is the way in which lineage is followed: Up to where things came
// from, Down to what became of them.
type Direction int

// The directions.
const (
	Up Direction = iota
	Down
)

// A Node is a run, a task of a run or an artifact, with what lies beyond it.
type Node struct {
	Kind     NodeKind        `json:"kind"`
	Run      *Run            `json:"-"` // of a run or a task
	RunID    string          `json:"run,omitempty"`
	Task     *Task           `json:"-"`
	Name     string          `json:"name,omitempty"`  // of the run
	Path     string          `json:"task,omitempty"`  // of a task
	State    State           `json:"state,omitempty"` // of the run or the task
	Artifact *ArtifactRecord `json:"-"`               // one edge of the artifact
	URI      string          `json:"uri,omitempty"`
	Type     string          `json:"type,omitempty"`
	Digest   string          `json:"digest,omitempty"` // of its content
	Bytes    int64           `json:"bytes,omitempty"`
	// Port is the input or output over which the node before led here.
	Port string `json:"port,omitempty"`
	// Seen marks a node whose children were already given elsewhere in the
	// tree; they are not repeated.
	Seen bool `json:"seen,omitempty"`
	// Cut marks a node at the greatest depth that has children.
	Cut      bool    `json:"cut,omitempty"`
	Children []*Node `json:"children,omitempty"`
}

// A Graph is who read and wrote what, over all runs of a snapshot.
type Graph struct {
	runs      map[string]*Run
	byTask    map[taskKey]*taskEdges
	byURI     map[string]*artifactEdges
	uris      []string // sorted
	taskOfRun map[string][]taskKey
}

type taskKey struct{ run, path string }

type taskEdges struct {
	run     *Run
	task    *Task // nil if only edges of it are known
	in, out []*ArtifactRecord
}

type artifactEdges struct {
	any              *ArtifactRecord
	producers, users []edge
}

type edge struct {
	key  taskKey
	port string
}

func newGraph() *Graph {
	return &Graph{runs: map[string]*Run{}, byTask: map[taskKey]*taskEdges{}, byURI: map[string]*artifactEdges{}, taskOfRun: map[string][]taskKey{}}
}

// Lineage makes the graph of a snapshot. It takes one look at every edge.
func (s *Snapshot) Lineage() *Graph {
	g := newGraph()
	for _, r := range s.Runs {
		g.describe(r)
		for _, a := range r.Artifacts {
			g.addEdge(r, a)
		}
	}
	g.sort()
	return g
}

// run is the run of that id, with nothing but the id while no more is known.
func (g *Graph) run(id string) *Run {
	r := g.runs[id]
	if r == nil {
		r = &Run{ID: id}
		g.runs[id] = r
	}
	return r
}

// describe adds what is known of a run and its tasks.
func (g *Graph) describe(r *Run) {
	g.runs[r.ID] = r
	for _, key := range g.taskOfRun[r.ID] {
		g.byTask[key].run = r
	}
	for _, t := range r.Tasks {
		g.edges(r, t.Path).task = t
	}
}

func (g *Graph) addEdge(r *Run, a *ArtifactRecord) {
	key := taskKey{r.ID, a.Task}
	te, ae := g.edges(r, a.Task), g.artifact(a)
	if a.Dir == Out {
		te.out = append(te.out, a)
		ae.producers = append(ae.producers, edge{key, a.Name})
	} else {
		te.in = append(te.in, a)
		ae.users = append(ae.users, edge{key, a.Name})
	}
}

// sort puts everything into the order in which it is shown, in whatever order
// it was added: the newest run first, the tasks of a run by path.
func (g *Graph) sort() {
	for _, te := range g.byTask {
		for _, list := range [][]*ArtifactRecord{te.in, te.out} {
			slices.SortFunc(list, func(a, b *ArtifactRecord) int {
				return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.URI, b.URI))
			})
		}
	}
	g.uris = make([]string, 0, len(g.byURI))
	for uri, ae := range g.byURI {
		g.uris = append(g.uris, uri)
		for _, list := range [][]edge{ae.producers, ae.users} {
			slices.SortFunc(list, func(a, b edge) int {
				return cmp.Or(strings.Compare(b.key.run, a.key.run), taskpath.Compare(a.key.path, b.key.path), strings.Compare(a.port, b.port))
			})
		}
	}
	slices.Sort(g.uris)
}

func (g *Graph) edges(r *Run, path string) *taskEdges {
	key := taskKey{r.ID, path}
	te := g.byTask[key]
	if te == nil {
		te = &taskEdges{run: r}
		g.byTask[key] = te
		g.taskOfRun[r.ID] = append(g.taskOfRun[r.ID], key)
	}
	return te
}

func (g *Graph) artifact(a *ArtifactRecord) *artifactEdges {
	ae := g.byURI[a.URI]
	if ae == nil {
		ae = &artifactEdges{any: a}
		g.byURI[a.URI] = ae
	}
	if ae.any.Dir != Out && a.Dir == Out {
		ae.any = a // the producer knows it best
	}
	return ae
}

// Artifacts gives the URIs of the artifacts that a text stands for: a URI, an
// artifact's id, a content digest, or the unique beginning of a digest.
func (g *Graph) Artifacts(text string) []string {
	if _, ok := g.byURI[text]; ok {
		return []string{text}
	}
	digest := text
	if !strings.HasPrefix(digest, "sha256:") {
		digest = "sha256:" + digest
	}
	if len(digest) < len("sha256:")+6 {
		return nil
	}
	var found []string
	for _, uri := range g.uris {
		a := g.byURI[uri].any
		if strings.HasPrefix(a.Digest, digest) || strings.HasPrefix(a.ID, digest) {
			found = append(found, uri)
		}
	}
	return found
}

// FromRun follows from all tasks of a run. depth counts the steps from one
// task or artifact to the next, 0: all of them.
func (g *Graph) FromRun(r *Run, d Direction, depth int) *Node {
	w := walker{g: g, dir: d, depth: depth, seen: map[any]bool{}}
	root := &Node{Kind: RunNode, Run: r, RunID: r.ID, Name: r.Name, State: r.State}
	keys := slices.Clone(g.taskOfRun[r.ID])
	slices.SortFunc(keys, func(a, b taskKey) int { return taskpath.Compare(a.path, b.path) })
	for _, key := range g.ends(keys, d) {
		root.Children = append(root.Children, w.task(key, "", 1))
	}
	return root
}

// ends puts first those tasks whose lineage holds the others': for Up the ones
// whose outputs nobody in the run reads, for Down those that read nothing of it.
// The others follow only if no end leads to them.
func (g *Graph) ends(keys []taskKey, d Direction) []taskKey {
	within := map[taskKey]bool{}
	for _, key := range keys {
		within[key] = true
	}
	covered := map[taskKey]bool{}
	var first []taskKey
	for _, key := range keys {
		if !g.continues(key, d, within) {
			first = append(first, key)
			g.cover(key, d, covered)
		}
	}
	for _, key := range keys {
		if !covered[key] {
			first = append(first, key)
			g.cover(key, d, covered)
		}
	}
	return first
}

// continues reports whether another task of the set comes before this one in
// a tree of that direction.
func (g *Graph) continues(key taskKey, d Direction, within map[taskKey]bool) bool {
	for _, n := range g.neighbours(key, 1-d) {
		if within[n.key] && n.key != key {
			return true
		}
	}
	return false
}

func (g *Graph) cover(key taskKey, d Direction, covered map[taskKey]bool) {
	todo := []taskKey{key}
	for len(todo) > 0 {
		k := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if covered[k] {
			continue
		}
		covered[k] = true
		for _, n := range g.neighbours(k, d) {
			todo = append(todo, n.key)
		}
	}
}

// neighbours are the tasks one artifact away.
func (g *Graph) neighbours(key taskKey, d Direction) []edge {
	te := g.byTask[key]
	if te == nil {
		return nil
	}
	var out []edge
	for _, a := range te.beyond(d) {
		out = append(out, g.byURI[a.URI].beyond(d)...)
	}
	return out
}

func (te *taskEdges) beyond(d Direction) []*ArtifactRecord {
	if d == Up {
		return te.in
	}
	return te.out
}

func (ae *artifactEdges) beyond(d Direction) []edge {
	if d == Up {
		return ae.producers
	}
	return ae.users
}

// FromTask follows from one task of a run.
func (g *Graph) FromTask(r *Run, path string, d Direction, depth int) (*Node, error) {
	key := taskKey{r.ID, path}
	if g.byTask[key] == nil {
		return nil, fmt.Errorf("run %s has no task %q: %w", r.ID, path, ErrNotFound)
	}
	w := walker{g: g, dir: d, depth: depth, seen: map[any]bool{}}
	return w.task(key, "", 0), nil
}

// FromArtifact follows from an artifact.
func (g *Graph) FromArtifact(uri string, d Direction, depth int) (*Node, error) {
	if g.byURI[uri] == nil {
		return nil, fmt.Errorf("no run read or wrote %q: %w", uri, ErrNotFound)
	}
	w := walker{g: g, dir: d, depth: depth, seen: map[any]bool{}}
	return w.artifact(uri, "", 0), nil
}

// A walker unrolls the graph into a tree that shows each node's children once.
type walker struct {
	g     *Graph
	dir   Direction
	depth int
	seen  map[any]bool
}

func (w *walker) task(key taskKey, port string, level int) *Node {
	te := w.g.byTask[key]
	n := &Node{Kind: TaskNode, Run: te.run, RunID: te.run.ID, Name: te.run.Name, Task: te.task, Path: key.path, Port: port}
	if te.task != nil {
		n.State = te.task.State
	}
	next := te.beyond(w.dir)
	if !w.enter(n, key, level, len(next)) {
		return n
	}
	for _, a := range next {
		n.Children = append(n.Children, w.artifact(a.URI, a.Name, level+1))
	}
	return n
}

func (w *walker) artifact(uri, port string, level int) *Node {
	ae := w.g.byURI[uri]
	n := &Node{Kind: ArtifactNode, Artifact: ae.any, URI: uri, Type: ae.any.Type, Digest: ae.any.Digest, Bytes: ae.any.Bytes, Port: port}
	next := ae.beyond(w.dir)
	if !w.enter(n, uri, level, len(next)) {
		return n
	}
	for _, e := range next {
		n.Children = append(n.Children, w.task(e.key, e.port, level+1))
	}
	return n
}

// enter reports whether the node's children are to be given here.
func (w *walker) enter(n *Node, id any, level, children int) bool {
	switch {
	case children == 0:
		return false
	case w.seen[id]:
		n.Seen = true
		return false
	case level >= w.limit():
		n.Cut = true
		return false
	}
	w.seen[id] = true
	return true
}

// maxDepth keeps the recursion bounded whatever a store holds.
const maxDepth = 1000

func (w *walker) limit() int {
	if w.depth <= 0 || w.depth > maxDepth {
		return maxDepth
	}
	return w.depth
}
