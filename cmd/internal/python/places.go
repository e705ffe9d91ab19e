package python

import (
	"sort"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// places lead from the compiled pipeline back to the Python file: a task to the
// call that makes it, an argument to its value there, a group to its `with`, a
// component to its function, an input to its parameter.
type places struct {
	spots []spot // by start; of two that begin together the larger one first
}

// A spot is a part of the compiled text and the place in Python that it is made
// of.
type spot struct {
	start, end int
	to         source.Span
}

// inCompiled is what is said of the place in the compiled text.
const inCompiled = "in what KFP's SDK compiled"

// Lead leads findings in the compiled pipeline back to the Python file, as far
// as the SDK let that be known; the compiled text is shown beside. Those that
// were led back already stay as they are.
func (c *Compiled) Lead(findings []diag.Diagnostic) []diag.Diagnostic {
	var list diag.List
	for _, d := range findings {
		related := make([]diag.Related, 0, len(d.Related)+1)
		if d.Span.File == c.File {
			if to := c.places.of(d.Span); !to.IsZero() {
				related = append(related, diag.Related{Message: inCompiled, Span: d.Span})
				d.Span, d.Fix = to, nil
			}
		}
		for _, r := range d.Related {
			if r.Span.File == c.File && r.Message != inCompiled {
				if to := c.places.of(r.Span); !to.IsZero() {
					r.Span = to
				}
			}
			related = append(related, r)
		}
		d.Related = related
		list.Report(d)
	}
	return list.Sorted()
}

// Place leads one place back; where nothing is known it stays.
func (c *Compiled) Place(at source.Span) source.Span {
	if at.File == c.File {
		if to := c.places.of(at); !to.IsZero() {
			return to
		}
	}
	return at
}

// of is the place of the smallest spot that holds the span.
func (p *places) of(at source.Span) source.Span {
	i := sort.Search(len(p.spots), func(i int) bool { return p.spots[i].start > at.Start })
	for i--; i >= 0; i-- {
		if s := p.spots[i]; s.end >= at.End && s.end > at.Start {
			return s.to
		}
	}
	return source.Span{}
}

// newPlaces finds the spots of a compiled pipeline.
func newPlaces(f *source.File, a *answer, files *files) *places {
	docs := tree.Parse(f, func(diag.Diagnostic) {})
	if len(docs) == 0 {
		return &places{}
	}
	t := &tracer{answer: a, files: files, places: &places{}, seen: map[string]bool{}, executors: map[string]origin{},
		components: map[string]tree.Field{}, tasks: map[key][]taskCall{}, groups: map[key]groupCall{}}
	for _, c := range a.Tasks {
		t.tasks[key{c.Owner, c.Name}] = append(t.tasks[key{c.Owner, c.Name}], c)
	}
	for _, g := range a.Groups {
		t.groups[key{g.Owner, g.Name}] = g
	}
	if comps := docs[0].Get("components"); comps != nil {
		for _, c := range comps.Fields {
			t.components[c.Key.Scalar] = c
		}
	}
	t.whole(docs[0])
	for _, doc := range docs[1:] {
		t.add(doc, t.files.span(a.Main.Name))
		t.deployment(doc.Get("platforms").Get("kubernetes").Get("deploymentSpec"), true)
	}
	sort.SliceStable(t.places.spots, func(i, j int) bool {
		x, y := t.places.spots[i], t.places.spots[j]
		return x.start < y.start || x.start == y.start && x.end > y.end
	})
	return t.places
}

// A key is a task or group of one pipeline.
type key struct {
	owner int
	name  string
}

// An origin is where an executor comes from: the task that runs it and the
// component.
type origin struct{ task, component source.Span }

// A tracer walks the compiled pipeline from its root and the recorded calls
// beside it.
type tracer struct {
	answer     *answer
	files      *files
	places     *places
	components map[string]tree.Field
	executors  map[string]origin
	tasks      map[key][]taskCall
	groups     map[key]groupCall
	seen       map[string]bool
}

func (t *tracer) whole(doc *tree.Node) {
	main := t.files.span(t.answer.Main.Name)
	t.add(doc, main)
	root := doc.Get("root")
	t.ports(root, t.answer.Main, main)
	if t.answer.Graph >= 0 {
		t.dag(root.Get("dag"), t.answer.Graph)
	} else {
		t.single(root.Get("dag"), main)
	}
	t.deployment(doc.Get("deploymentSpec"), false)
}

// single is a component that was compiled by itself.
func (t *tracer) single(dag *tree.Node, main source.Span) {
	for _, f := range fields(dag.Get("tasks")) {
		name := scalar(f.Value.Get("componentRef").Get("name"))
		comp := t.components[name]
		t.executors[scalar(comp.Value.Get("executorLabel"))] = origin{main, main}
		t.entry(comp, main)
		t.ports(comp.Value, t.answer.Main, main)
	}
}

func (t *tracer) add(n *tree.Node, to source.Span) {
	if n != nil && !to.IsZero() {
		t.places.spots = append(t.places.spots, spot{n.Start, n.End, to})
	}
}

// entry adds a key with its value.
func (t *tracer) entry(f tree.Field, to source.Span) {
	t.add(f.Key, to)
	t.add(f.Value, to)
}

// ports are the inputs of a component, which are the parameters of its function.
func (t *tracer) ports(comp *tree.Node, def definition, otherwise source.Span) {
	for _, kind := range []string{"parameters", "artifacts"} {
		for _, f := range fields(comp.Get("inputDefinitions").Get(kind)) {
			to := t.files.span(def.Parameters[f.Key.Scalar])
			if to.IsZero() {
				to = otherwise
			}
			t.entry(f, to)
		}
	}
}

// dag is the tasks of one pipeline, or of a group in it.
func (t *tracer) dag(dag *tree.Node, owner int) {
	for _, f := range fields(dag.Get("tasks")) {
		name, comp := f.Key.Scalar, scalar(f.Value.Get("componentRef").Get("name"))
		if g, ok := t.groups[key{owner, name}]; ok {
			at := t.files.span(g.Call)
			t.task(f, comp, at, nil)
			t.inner(comp, owner)
			continue
		}
		calls := t.tasks[key{owner, name}]
		if len(calls) != 1 {
			if strings.HasPrefix(name, "condition-branches-") {
				t.inner(comp, owner)
			}
			continue
		}
		call := calls[0]
		at := t.files.span(call.Call)
		t.task(f, comp, at, call.Arguments)
		t.component(comp, call, at)
	}
}

// task is one task: what is wrong with it is wrong with the call, an argument
// with that.
func (t *tracer) task(f tree.Field, comp string, at source.Span, args map[string]*place) {
	t.entry(f, at)
	for _, kind := range []string{"parameters", "artifacts"} {
		for _, arg := range fields(f.Value.Get("inputs").Get(kind)) {
			if to := t.files.span(args[arg.Key.Scalar]); !to.IsZero() {
				t.entry(arg, to)
			}
		}
	}
	t.entry(t.components[comp], at)
}

// component is what a task calls.
func (t *tracer) component(name string, call taskCall, at source.Span) {
	def := definition{}
	if call.Definition >= 0 && call.Definition < len(t.answer.Definitions) {
		def = t.answer.Definitions[call.Definition]
	}
	to := t.files.span(def.Name)
	if to.IsZero() {
		to = at
	}
	comp := t.components[name]
	t.entry(comp, to)
	t.ports(comp.Value, def, to)
	if label := scalar(comp.Value.Get("executorLabel")); label != "" {
		t.executors[label] = origin{at, to}
	}
	if call.Graph >= 0 {
		t.inner(name, call.Graph)
	}
}

// inner goes on in a component that is a DAG, once.
func (t *tracer) inner(name string, owner int) {
	if t.seen[name] || t.components[name].Value == nil {
		return
	}
	t.seen[name] = true
	t.dag(t.components[name].Value.Get("dag"), owner)
}

// deployment is the executors: a component's, but for what a task set.
func (t *tracer) deployment(spec *tree.Node, platform bool) {
	for _, f := range fields(spec.Get("executors")) {
		from, ok := t.executors[f.Key.Scalar]
		if !ok {
			continue
		}
		if platform {
			t.entry(f, from.task)
			continue
		}
		t.entry(f, from.component)
		for _, set := range []string{"resources", "env"} {
			t.add(f.Value.Get("container").Get(set), from.task)
		}
	}
}

func fields(n *tree.Node) []tree.Field {
	if n == nil || n.Kind != tree.Mapping {
		return nil
	}
	return n.Fields
}

func scalar(n *tree.Node) string {
	if n == nil {
		return ""
	}
	return n.Scalar
}
