// Package dslwrite prints the representation as a document of our own language,
// file by file the reverse of package dsl. What is read again from the document
// means the same; only names that the language does not allow, the plumbing of
// groups and the order of what has none may differ (docs/kfp.md).
//
// Its single idea is the reverse of the reader's: the representation is closed
// and the language lexically scoped, so what a group's DAG takes in through its
// inputs is written where it is read, as what it comes from.
package dslwrite

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// Write prints a pipeline that has no errors. What the language cannot say is
// reported; the document is then of no use.
func Write(p *ir.Pipeline, report diag.Reporter) []byte {
	return write(p, report, false)
}

// write is Write; flat: no group where a component will do.
func write(p *ir.Pipeline, report diag.Reporter, flat bool) []byte {
	w := &writer{
		p: p, report: report, flat: flat,
		uses: map[*ir.Component]int{}, names: map[*ir.Component]string{},
		inputs: map[*ir.Component]map[string]string{}, outputs: map[*ir.Component]map[string]string{},
		wanted: map[*ir.Component]bool{}, first: map[*ir.Component]*ir.Component{}, leaves: map[*ir.Component]*node{},
	}
	w.survey()
	return document(w.document())
}

// A writer holds what is known of the whole pipeline while it is written.
type writer struct {
	p        *ir.Pipeline
	report   diag.Reporter
	flat     bool
	uses     map[*ir.Component]int           // tasks that use it
	names    map[*ir.Component]string        // as they are written
	first    map[*ir.Component]*ir.Component // the first of those written alike
	leaves   map[*ir.Component]*node         // components without tasks, written
	wanted   map[*ir.Component]bool          // those that stand under components
	inputs   map[*ir.Component]map[string]string
	outputs  map[*ir.Component]map[string]string
	sequence []*ir.Component // all but the root, as the document uses them
	cached   bool            // by default results may be reused
	comp     *ir.Component   // the one being written
	quiet    bool            // what is written does not count as used
}

// survey counts uses, names components and finds what most tasks have.
func (w *writer) survey() {
	seen := map[*ir.Component]bool{w.p.Root: true}
	w.visit(w.p.Root, seen)
	for _, c := range w.p.Components {
		if !seen[c] {
			w.sequence = append(w.sequence, c)
		}
	}
	allowed, containers := 0, 0
	w.p.Walk(func(_ *ir.Component, t *ir.Task) {
		w.uses[t.Component]++
		if t.Settings == nil {
			return
		}
		containers++
		if c := t.Settings.Cache; c != nil && !c.Asked {
			allowed++
		}
	})
	w.cached = allowed > 0 && allowed*2 >= containers
	w.name(w.equals())
}

// name gives components their names: that of those which are written alike is
// the shortest of theirs.
func (w *writer) name(classes [][]*ir.Component) {
	taken := map[string]bool{}
	for _, class := range classes {
		best := w.bare(class[0])
		for _, c := range class[1:] {
			if name := w.bare(c); len(name) < len(best) {
				best = name
			}
		}
		best = unique(taken, best)
		taken[best] = true
		for _, c := range class {
			w.names[c], w.first[c] = best, class[0]
		}
	}
}

// bare is the name of a component without KFP's prefix.
func (w *writer) bare(c *ir.Component) string {
	name := c.Name.Text
	if short := strings.TrimPrefix(name, "comp-"); w.p.Dialect == ir.KFP && valid(short) {
		name = short
	}
	return fit(name)
}

// equals puts components together that are written alike: KFP makes one for each
// task.
func (w *writer) equals() [][]*ir.Component {
	var out [][]*ir.Component
	index := map[string]int{}
	for _, c := range w.sequence {
		if c.DAG() == nil {
			w.leaves[c] = w.component(c)
			text := string(document(w.leaves[c]))
			if i, known := index[text]; known && w.p.Dialect == ir.KFP {
				out[i] = append(out[i], c)
				continue
			}
			index[text] = len(out)
		}
		out = append(out, []*ir.Component{c})
	}
	return out
}

// visit puts the components in the order in which tasks use them.
func (w *writer) visit(c *ir.Component, seen map[*ir.Component]bool) {
	d := c.DAG()
	if d == nil {
		return
	}
	d.EachTask(func(t *ir.Task) {
		if !seen[t.Component] {
			seen[t.Component] = true
			w.sequence = append(w.sequence, t.Component)
			w.visit(t.Component, seen)
		}
	})
}

func (w *writer) document() *node {
	p, doc := w.p, open()
	doc.add("pipeline", text(escape(fit(p.Name.Text))))
	display := p.DisplayName
	if display == "" && !valid(p.Name.Text) {
		display = p.Name.Text
	}
	doc.addText("display-name", display)
	doc.addText("description", strings.TrimSpace(p.Description))
	s := w.closedScope(p.Root)
	if p.Dialect == ir.KFP {
		doc.add("rules", plain("kfp"))
		s.judged = true
	}
	w.checkPorts(p.Root)
	doc.addFilled("inputs", lines(w.ports(p.Root.Inputs, itself)))
	if w.cached {
		m := mapping()
		m.add("cache", plain("allowed"))
		doc.add("defaults", m)
	}
	body := open()
	w.body(body, s)
	doc.addFilled("components", w.components())
	doc.fields = append(doc.fields, body.fields...)
	w.top(doc)
	return doc
}

func itself(name string) string { return name }

// lines gives each entry a line of its own.
func lines(n *node) *node {
	n.block = len(n.fields) > 0
	return n
}

// components are those that tasks name, in the order of use, and those that
// nothing uses.
func (w *writer) components() *node {
	written := make(map[*ir.Component]*node, len(w.p.Components))
	for again := true; again; { // a component may want others, earlier ones too
		again = false
		for _, c := range w.sequence {
			if written[c] != nil || w.first[c] != c || !w.wanted[c] && w.uses[c] > 0 {
				continue
			}
			again = true
			if written[c] = w.leaves[c]; written[c] == nil {
				written[c] = w.component(c)
			}
		}
	}
	out := open()
	for _, c := range w.sequence {
		out.add(w.names[c], written[c])
	}
	return out
}

// checkPorts reports names that programs or users see and that the language
// does not allow.
func (w *writer) checkPorts(c *ir.Component) {
	for _, ports := range [...][]*ir.Port{c.Inputs, c.Outputs} {
		for _, p := range ports {
			if !valid(p.Name.Text) {
				w.report(complain(codeName, p.Name.At, "the name "+quote(p.Name.Text)+" cannot be written", "names are letters, digits, _ and -, and begin with a letter or _; rename it"))
			}
		}
	}
}

func (w *writer) cannot(at source.Span, what, hint string) {
	w.report(complain(codeCannot, at, what+" cannot be written", hint))
}

func complain(code diag.Code, at source.Span, message, hint string) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Severity: diag.Error, Message: message, Span: at, Hint: hint}
}

// quote puts the author's text into a message.
func quote(s string) string {
	if utf8.RuneCountInString(s) > 60 {
		s = string([]rune(s)[:57]) + "…"
	}
	return strconv.Quote(s)
}
