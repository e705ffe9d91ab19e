package lineage

import (
	"strings"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// A picture is lineage as one graph: every task and every artifact once, edges
// from what was read to what was made.
type picture struct {
	nodes []*box
	edges [][2]int // by index, each once
	ids   map[string]int
	known map[[2]int]bool
}

// A box is a task or an artifact. Its texts are for people and clean.
type box struct {
	artifact bool
	origin   bool
	cut      bool // there is more behind it
	head     string
	foot     string // the run of a task, the type of an artifact
	state    string // of a task
	full     string // the whole URI, or the run's id and the path
}

// flatten makes one graph of both trees.
func flatten(doc *Document) *picture {
	p := &picture{ids: map[string]int{}, known: map[[2]int]bool{}}
	for _, n := range []*metadata.Node{doc.Up, doc.Down} {
		if n != nil && n.Kind != metadata.RunNode {
			p.nodes[p.node(n)].origin = true
		}
	}
	p.walk(doc.Up, true)
	p.walk(doc.Down, false)
	return p
}

func (p *picture) walk(n *metadata.Node, up bool) {
	if n == nil {
		return
	}
	for _, c := range n.Children {
		to := p.node(c)
		if n.Kind != metadata.RunNode {
			e := [2]int{p.node(n), to}
			if up {
				e = [2]int{e[1], e[0]}
			}
			if !p.known[e] {
				p.known[e] = true
				p.edges = append(p.edges, e)
			}
		}
		p.walk(c, up)
	}
}

func (p *picture) node(n *metadata.Node) int {
	key := "artifact\x00" + n.URI
	if n.Kind != metadata.ArtifactNode {
		key = "task\x00" + n.RunID + "\x00" + n.Path
	}
	i, ok := p.ids[key]
	if !ok {
		i = len(p.nodes)
		p.ids[key] = i
		p.nodes = append(p.nodes, newBox(n))
	}
	p.nodes[i].cut = p.nodes[i].cut || n.Cut
	return i
}

func newBox(n *metadata.Node) *box {
	if n.Kind == metadata.ArtifactNode {
		return &box{artifact: true, head: term.Clean(shortURI(n.URI)), foot: term.Clean(strings.TrimPrefix(n.Type, "system.")), full: term.Clean(n.URI)}
	}
	b := &box{head: term.Clean(n.Path), full: term.Clean(n.RunID + "/" + n.Path)}
	if n.Path == "" {
		b.head = "the run itself"
	}
	if n.Run != nil {
		b.foot = runName(n.Run)
	}
	if n.Task != nil {
		b.state = term.Clean(string(n.Task.State))
	}
	return b
}

// shortURI is the end of a URI, which tells artifacts apart.
func shortURI(uri string) string {
	parts := strings.Split(strings.TrimRight(uri, "/"), "/")
	if len(parts) > 3 {
		return "…/" + strings.Join(parts[len(parts)-3:], "/")
	}
	return uri
}

// title is what a page is called.
func title(opt *Options, doc *Document) string {
	for _, n := range []*metadata.Node{doc.Down, doc.Up} {
		if n != nil && n.Run != nil && n.Kind == metadata.RunNode {
			return "Lineage of run " + runName(n.Run)
		}
	}
	return "Lineage of " + term.Clean(opt.Target)
}
