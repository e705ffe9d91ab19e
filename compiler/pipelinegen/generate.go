package pipelinegen

import (
	"strconv"
	"strings"
)

// A generator makes one plan.
type generator struct {
	r      *rand
	p      *plan
	left   int // tasks that may still be written down
	names  map[string]int
	inLoop int
}

const maxDepth = 4

func (g *generator) kfp() bool { return g.p.dialect == KFP }

func generate(r *rand, opt Options) (*plan, map[string]any) {
	g := &generator{r: r, p: &plan{dialect: opt.Dialect, name: "random"}, names: map[string]int{}}
	g.left = r.between((opt.Size+1)/2, opt.Size)
	g.p.root = &body{}
	for range r.between(0, 4) {
		g.p.root.inputs = append(g.p.root.inputs, g.declared(g.parameter()))
	}
	if opt.BodyFails {
		g.p.root.tasks = append(g.p.root.tasks, g.doomed(g.p.root))
	}
	g.fill(g.p.root, 0)
	args := map[string]any{}
	for _, p := range g.p.root.inputs {
		if !p.optional && p.fallback == nil || r.chance(50) {
			args[p.name] = g.literal(p.typ)
		}
	}
	return g.p, args
}

// declared is an input that may be optional or have a default.
func (g *generator) declared(t typ) *port {
	p := &port{name: g.name("in"), typ: t}
	switch {
	case t.artifact():
		p.optional = g.r.chance(15)
	case g.r.chance(25):
		p.optional = true
	case g.r.chance(35):
		p.fallback = g.literal(t)
	}
	return p
}

// odd names are those that some layer has a meaning of its own for.
var odd = []string{"item", "Train", "not", "if", "retries", "a_b", "a-b", "status2", "x-y_z", "main", "root", "nil", "let", "matches"}

// name is a name that occurs once in the pipeline.
func (g *generator) name(prefix string) string {
	if g.r.chance(12) && !g.kfp() {
		prefix = pick(g.r, odd)
		if prefix == "a-b" && g.names["a_b"] > 0 || prefix == "a_b" && g.names["a-b"] > 0 {
			prefix = "ab" // an environment variable could not tell them apart
		}
		if g.names[prefix]++; g.names[prefix] == 1 {
			return prefix
		}
		return prefix + strconv.Itoa(g.names[prefix])
	}
	g.names[prefix]++
	if g.kfp() {
		return prefix + "-" + strconv.Itoa(g.names[prefix])
	}
	return prefix + strconv.Itoa(g.names[prefix])
}

// fill gives a body its tasks and outputs.
func (g *generator) fill(b *body, depth int) {
	n := g.r.between(1, max(1, min(4, g.left)))
	if depth == 0 {
		n = g.r.between(1, max(1, min(7, g.left)))
	}
	for range n {
		b.tasks = append(b.tasks, g.task(b, depth))
	}
	g.outputs(b)
	switch {
	case g.kfp() || b.exit || g.left <= 0 || !g.r.chance(25):
	default:
		g.finally(b, depth)
	}
}

func (g *generator) finally(b *body, depth int) {
	f := &body{parent: b, owner: b.owner, exit: true}
	for range pick(g.r, []int{1, 1, 2}) {
		f.tasks = append(f.tasks, g.task(f, max(depth, 2)))
	}
	b.finally = f
}

// exitHandler gives a group the exit task that KFP's SDK would: a container that
// reads nothing of the tasks beside the group.
func (g *generator) exitHandler(t *task) {
	f := &body{parent: t.body, owner: t, exit: true}
	u := &task{in: f}
	g.left--
	g.leaf(u)
	u.retry = 0
	f.tasks = []*task{u}
	t.body.finally = f
}

// doomed is a group of one task that fails, with an exit task that, unless it is
// one that exists already, does not.
func (g *generator) doomed(b *body) *task {
	t := &task{in: b, name: g.name("exit-handler")}
	if !g.kfp() {
		t.name = g.name("group")
	}
	t.body = &body{parent: b, owner: t}
	u := &task{in: t.body, name: g.name("task")}
	g.left -= 2
	g.container(u)
	u.uses.fail, u.uses.flaky = &failure{code: g.r.between(1, 255)}, 0
	t.body.tasks = []*task{u}
	g.exitHandler(t)
	if exit := t.body.finally.tasks[0]; exit.uses != u.uses {
		exit.uses.fail, exit.uses.flaky, exit.uses.silent = nil, 0, false
	}
	return t
}

// task makes the next task of a body.
func (g *generator) task(b *body, depth int) *task {
	t := &task{in: b}
	g.left--
	t.completed = len(b.tasks) > 0 && g.r.chance(12)
	roll := g.r.below(100)
	if depth >= maxDepth || g.left <= 0 {
		roll = 99
	}
	switch {
	case roll < 12:
		g.group(t, depth)
	case roll < 28:
		g.loop(t, depth)
	case roll < 40:
		g.branch(t, depth)
	case roll < 47:
		g.pipeline(t, depth)
	case roll < 52:
		g.importer(t)
	default:
		g.leaf(t)
	}
	if t.when == nil && g.r.chance(22) {
		t.when = g.condition(b, t)
	}
	g.after(t)
	if t.completed && len(t.upstream()) == 0 {
		t.completed = false // nothing to wait for; KFP would call it an exit task
	}
	return t
}

// after orders the task behind others in sight.
func (g *generator) after(t *task) {
	if !g.r.chance(20) {
		return
	}
	var in []*task
	for s := t.in; s != nil; s = s.parent {
		if s.exit || g.kfp() {
			in = append(in, s.tasks...)
			break
		}
		in = append(in, s.tasks...)
	}
	for range g.r.between(1, 2) {
		if len(in) == 0 {
			return
		}
		u := pick(g.r, in)
		if !contains(t.after, u) {
			t.after = append(t.after, u)
		}
	}
}

func contains(ts []*task, t *task) bool {
	for _, u := range ts {
		if u == t {
			return true
		}
	}
	return false
}

// inSight are the references that may stand at a task (nil: in the outputs) of a
// body.
func (g *generator) inSight(b *body, at *task) []*ref {
	var out []*ref
	maybe := at != nil && at.completed
	hidden := map[*body]bool{}
	if g.kfp() && b.exit {
		hidden[b.parent], hidden[b.parent.parent] = true, true
	}
	for s := b; s != nil; s = s.parent {
		for _, t := range s.tasks {
			if hidden[s] {
				break
			}
			skips := at == nil && s == b && t.skippable()
			for _, o := range t.outputs() {
				out = append(out, &ref{kind: toOutput, owner: s, task: t, name: o.name, t: o.typ, maybe: o.maybe || maybe || skips})
			}
		}
		if s.item != "" {
			out = append(out, &ref{kind: toItem, owner: s, name: s.item, t: s.itemTyp})
		}
		if s.parent == nil {
			for _, p := range s.inputs {
				out = append(out, &ref{kind: toInput, owner: s, name: p.name, t: p.typ, maybe: p.optional && p.fallback == nil})
			}
		}
		maybe = s.exit || s.owner != nil && s.owner.completed
	}
	return out
}

// choose picks one of the references that fit, nil if there is none.
func (g *generator) choose(b *body, at *task, fits func(*ref) bool) *ref {
	var some []*ref
	for _, r := range g.inSight(b, at) {
		if fits(r) {
			some = append(some, r)
		}
	}
	if len(some) == 0 {
		return nil
	}
	return pick(g.r, some)
}

// outputs declares what is seen of a body.
func (g *generator) outputs(b *body) {
	for range g.r.between(0, 3) {
		if o := g.output(b); o != nil {
			b.outputs = append(b.outputs, o)
		}
	}
}

func (g *generator) output(b *body) *output {
	o := &output{name: g.name("out")}
	if !g.kfp() && g.r.chance(20) {
		v, t := g.computed(b, nil)
		o.value, o.typ = v, t
		return o
	}
	r := g.choose(b, nil, func(r *ref) bool {
		return r.kind == toOutput && r.owner == b || !g.kfp() && g.r.chance(15)
	})
	if r == nil {
		return nil
	}
	o.value, o.typ, o.maybe = r, r.t, r.maybe
	return o
}

func (g *generator) group(t *task, depth int) {
	exit := g.kfp() && !t.completed && g.r.chance(40)
	t.name = g.name("group")
	if exit {
		t.name = g.name("exit-handler")
	}
	t.body = &body{parent: t.in, owner: t}
	g.fill(t.body, depth+1)
	if exit {
		g.exitHandler(t)
	}
}

func (g *generator) loop(t *task, depth int) {
	t.name = g.name("loop")
	items, elem := g.items(t)
	t.forEach = items
	if g.r.chance(30) {
		t.parallelism = g.r.between(1, 2)
	}
	t.body = &body{parent: t.in, owner: t, item: g.item(), itemTyp: elem}
	g.inLoop++
	g.fill(t.body, depth+1)
	g.inLoop--
}

// item is a name for a loop variable.
func (g *generator) item() string {
	g.names["item"]++
	if g.names["item"] == 1 {
		return "item"
	}
	return "item" + strconv.Itoa(g.names["item"])
}

// items is something to loop over and the type of its elements.
func (g *generator) items(t *task) (value, typ) {
	if g.r.chance(65) {
		r := g.choose(t.in, t, func(r *ref) bool { return r.t.kind == aList && !r.maybe })
		if r != nil {
			if r.t.elem == nil && g.kfp() {
				return r, typ{kind: aString}
			}
			if r.t.elem == nil {
				return r, typ{kind: anyKind}
			}
			return r, *r.t.elem
		}
	}
	elem := g.scalar()
	switch g.r.below(6) {
	case 0:
		elem = typ{kind: aStruct}
	case 1:
		elem = listOf(typ{kind: anInteger})
	}
	if g.kfp() && elem.kind == aList {
		elem = typ{kind: anInteger}
	}
	asText := g.kfp() && elem.kind == aStruct && g.r.chance(50)
	list := g.list(listOf(elem)).([]any)
	if len(list) == 0 {
		// Our own language has no type for the elements of [].
		none := typ{kind: anyKind}
		if g.kfp() {
			none = typ{kind: aString}
		}
		return &constant{[]any{}, typ{kind: aList}}, none
	}
	if elem.kind == aList {
		// With [] among them, nothing would be known of what is in the lists.
		for i := range list {
			list[i] = append(list[i].([]any), int64(i))
		}
	}
	if asText {
		return &constant{list, listOf(elem)}, typ{kind: aString, json: true}
	}
	return &constant{list, listOf(elem)}, elem
}

func (g *generator) pipeline(t *task, depth int) {
	t.name = g.name("sub")
	c := &component{name: g.name("pipe"), sub: &body{}}
	for range g.r.between(0, 3) {
		g.wire(t, c, true)
	}
	c.sub.inputs = c.inputs
	outer := g.inLoop
	g.inLoop = 1 // it may be used anywhere
	g.fill(c.sub, depth+1)
	g.inLoop = outer
	t.uses = c
	g.p.components = append(g.p.components, c)
}

func (g *generator) branch(t *task, depth int) {
	if g.kfp() {
		g.kfpBranch(t, depth)
		return
	}
	t.name = g.name("branches")
	n := g.r.between(1, 3)
	otherwise := n > 1 && g.r.chance(60)
	for i := range n {
		b := &branch{body: &body{parent: t.in, owner: t}}
		if !otherwise || i < n-1 {
			b.when = g.condition(t.in, t)
		}
		g.fill(b.body, depth+1)
		t.branches = append(t.branches, b)
	}
	g.alike(t)
}

// alike gives all branches the outputs of the first; where a branch has nothing
// of the type, a constant stands.
func (g *generator) alike(t *task) {
	first := t.branches[0].body
	var kept []*output
	for _, o := range first.outputs {
		if !o.typ.artifact() && g.settled(o) {
			kept = append(kept, o)
		}
	}
	first.outputs = kept
	for _, b := range t.branches[1:] {
		b.body.outputs = nil
		for _, o := range kept {
			same := &output{name: o.name, typ: o.typ}
			r := g.choose(b.body, nil, func(r *ref) bool { return r.kind == toOutput && r.owner == b.body && r.t.equal(o.typ) })
			if r != nil {
				same.value, same.maybe = r, r.maybe
			} else {
				same.value = &constant{g.literal(o.typ), o.typ}
			}
			b.body.outputs = append(b.body.outputs, same)
		}
	}
}

// settled: a constant of the output's type has that type wherever it stands.
func (g *generator) settled(o *output) bool {
	switch o.typ.kind {
	case aString, anInteger, aNumber, aBoolean:
		return true
	}
	return false
}

func (g *generator) importer(t *task) {
	t.name = g.name("import")
	c := &component{name: g.name("imp"), outputs: []*port{{name: g.name("art"), typ: typ{kind: anImport}}}}
	if g.kfp() {
		c.outputs[0].name = "artifact"
		c.metadata = g.metadata(40)
	}
	c.uri = &segment{literal: "gs://bucket/" + g.name("key")}
	if r := g.choose(t.in, t, func(r *ref) bool { return r.t.kind == aString && !r.maybe && r.kind != toItem }); r != nil && g.r.chance(40) {
		p := &port{name: "uri", typ: typ{kind: aString}}
		c.inputs = append(c.inputs, p)
		c.uri = &segment{input: "uri"}
		t.args = append(t.args, arg{"uri", g.uri(r)})
	}
	t.uses = c
	g.p.components = append(g.p.components, c)
}

// uri makes a URI of any text.
func (g *generator) uri(r *ref) value {
	return &text{[]value{&constant{"gs://bucket/", typ{kind: aString}}, r}}
}

// leaf is a task of a container.
func (g *generator) leaf(t *task) {
	t.name = g.name("task")
	if c := g.again(t); c != nil {
		t.uses = c
	} else {
		g.container(t)
	}
	if g.r.chance(10) {
		t.retry = 1
	}
	if g.kfp() {
		g.undeclared(t)
	}
	if t.uses.flaky > 0 {
		t.retry = t.uses.flaky + g.r.between(-1, 0)
	}
}

// again is a component that exists already and whose inputs can be given.
func (g *generator) again(t *task) *component {
	if !g.r.chance(25) {
		return nil
	}
	var some []*component
	for _, c := range g.p.components {
		if c.container() && c.flaky == 0 {
			some = append(some, c)
		}
	}
	if len(some) == 0 {
		return nil
	}
	c := pick(g.r, some)
	var args []arg
	for _, p := range c.inputs {
		r := g.choose(t.in, t, func(r *ref) bool { return r.t.equal(p.typ) && (!r.maybe || p.optional || p.fallback != nil) })
		switch {
		case r != nil:
			args = append(args, arg{p.name, r})
		case p.optional || p.fallback != nil:
		case p.typ.artifact():
			return nil
		default:
			args = append(args, arg{p.name, &constant{g.literal(p.typ), p.typ}})
		}
	}
	t.args = args
	return c
}

// container makes a component for the task.
func (g *generator) container(t *task) {
	c := &component{name: g.name("comp"), literal: g.r.chance(60)}
	c.style = pick(g.r, []style{byScript, byScript, byArgs, byEnv})
	if g.kfp() {
		c.style = byArgs
	}
	for range g.r.between(0, 3) {
		g.wire(t, c, false)
		if in := c.inputs[len(c.inputs)-1].typ; in.kind == anImport && c.style == byScript {
			c.style = byEnv // a script would want the file
		}
	}
	if g.kfp() {
		g.surroundings(c)
	}
	for range pick(g.r, []int{0, 1, 1, 1, 2, 2}) {
		g.result(c)
	}
	g.failing(c)
	t.uses = c
	g.p.components = append(g.p.components, c)
}

func (g *generator) failing(c *component) {
	switch {
	case g.r.chance(7):
		c.fail = &failure{code: pick(g.r, []int{1, 2, 77, 126, 127, 255})}
	case g.r.chance(10):
		for _, p := range c.inputs {
			if !p.typ.artifact() {
				c.fail = &failure{code: g.r.between(1, 9), input: p.name, equal: pick(g.r, []string{"1", "2", "a", "", "true"})}
			}
		}
	case !g.kfp() && g.inLoop == 0 && g.r.chance(4):
		c.flaky = g.r.between(1, 2)
	case len(c.outputs) > 0 && !c.outputs[len(c.outputs)-1].typ.artifact() && !c.tells() && g.r.chance(3):
		c.silent = true
	}
}

// wire gives the component an input and the task a value for it, or none.
func (g *generator) wire(t *task, c *component, sub bool) {
	v, vt, maybe := g.argument(t)
	p := &port{name: g.name("in"), typ: g.declare(v, vt, sub)}
	param := !p.typ.artifact()
	switch {
	case maybe && param && g.r.chance(40):
		p.fallback = g.literal(p.typ)
	case maybe:
		p.optional = true
	case g.r.chance(15):
		p.optional = true
	case param && g.r.chance(15):
		p.fallback = g.literal(p.typ)
	}
	c.inputs = append(c.inputs, p)
	if (p.optional || p.fallback != nil) && g.r.chance(30) {
		return // not wired
	}
	t.args = append(t.args, arg{p.name, v})
}

// declare is a type that takes values of type t.
func (g *generator) declare(v value, t typ, sub bool) typ {
	t.json = false
	switch {
	case t.kind == anyKind && g.kfp():
		return typ{kind: aString}
	case t.kind == anyKind:
		return pick(g.r, []typ{{kind: aString}, {kind: aString}, {kind: anInteger}})
	case t.kind == anInteger && g.r.chance(15):
		return typ{kind: aNumber}
	case g.kfp() && !t.artifact() && g.r.chance(20):
		return typ{kind: aString}
	case t.kind == aList && t.elem != nil && !t.artifact() && g.r.chance(25):
		if _, literal := v.(*constant); !literal {
			return typ{kind: aList}
		}
	}
	return t
}

// argument is a value for an input.
func (g *generator) argument(t *task) (v value, vt typ, maybe bool) {
	switch roll := g.r.below(100); {
	case roll < 60:
		if r := g.choose(t.in, t, func(r *ref) bool { return true }); r != nil {
			if m := g.memberOf(r); m != nil && g.r.chance(70) {
				return m, m.t, false
			}
			return r, r.t, r.maybe
		}
	case roll < 75:
		v, vt := g.template(t.in, t)
		return v, vt, false
	case roll < 90 && !g.kfp():
		v, vt := g.computed(t.in, t)
		return v, vt, false
	case t.in.exit || g.inExit(t.in):
		return &ref{kind: toStatus, owner: g.exitOf(t.in), t: typ{kind: aStruct}}, typ{kind: aStruct}, false
	}
	ct := g.parameter()
	return &constant{g.literal(ct), ct}, ct, false
}

func (g *generator) inExit(b *body) bool { return g.exitOf(b) != nil }

// exitOf is the finally that a body stands in, nil if none.
func (g *generator) exitOf(b *body) *body {
	for ; b != nil; b = b.parent {
		if b.exit {
			return b
		}
	}
	return nil
}

// memberOf reads a key that all structs of the generator have.
func (g *generator) memberOf(r *ref) *member {
	if r.maybe || r.t.kind != aStruct && !r.t.json || g.kfp() && r.kind != toItem {
		return nil
	}
	t := typ{kind: anyKind}
	if g.kfp() {
		t = typ{kind: aString} // the SDK types all of them so
	}
	return &member{of: r, key: pick(g.r, keys[:2]), t: t}
}

// template is a text with references in it.
func (g *generator) template(b *body, at *task) (value, typ) {
	out := &text{}
	for range g.r.between(1, 3) {
		if g.r.chance(60) {
			r := g.choose(b, at, func(r *ref) bool { return !r.t.artifact() && r.t.kind != anImport && !r.maybe })
			if r != nil {
				out.parts = append(out.parts, r)
				continue
			}
		}
		out.parts = append(out.parts, &constant{g.bite(), typ{kind: aString}})
	}
	// Alone, or with white space around it, a reference keeps its type.
	blank := true
	for _, p := range out.parts {
		if c, ok := p.(*constant); ok {
			blank = blank && strings.TrimSpace(c.v.(string)) == ""
		}
	}
	if blank {
		out.parts = append(out.parts, &constant{"-", typ{kind: aString}})
	}
	return out, typ{kind: aString}
}

// result gives the component an output.
func (g *generator) result(c *component) {
	p := &port{name: g.name("out")}
	r := &rule{}
	switch g.r.below(10) {
	case 0, 1, 2:
		p.typ = typ{kind: aString}
		r.segments = g.segments(c)
	case 3, 4:
		p.typ = typ{kind: anArtifact}
		r.segments = g.segments(c)
		r.folder = g.r.chance(30)
		if g.kfp() {
			p.metadata, r.metadata = g.metadata(25), g.metadata(35)
		}
	case 5:
		p.typ = typ{kind: anInteger}
		r.sum = []string{}
		for _, in := range c.inputs {
			if in.typ.kind == anInteger && !in.optional {
				r.sum = append(r.sum, in.name)
			}
		}
	case 6, 7:
		p.typ = g.parameter()
		r.constant = g.literal(p.typ)
		r.executor = g.kfp() && g.r.chance(50)
	default:
		in := g.copied(c)
		if in == nil {
			p.typ = typ{kind: aString}
			r.segments = g.segments(c)
			break
		}
		p.typ = in.typ
		r.copyOf = in.name
	}
	c.outputs = append(c.outputs, p)
	c.rules = append(c.rules, r)
}

// copied is an input whose value an output can repeat.
func (g *generator) copied(c *component) *port {
	for _, p := range c.inputs {
		if !p.typ.artifact() && p.typ.kind != anImport && !p.optional {
			return p
		}
	}
	return nil
}

func (g *generator) segments(c *component) []segment {
	var out []segment
	for _, p := range c.inputs {
		if p.typ.kind == aList && p.typ.artifact() && c.style != byScript && !g.kfp() {
			// Only scripts get a list of artifacts without being asked twice.
			continue
		}
		if p.typ.kind == anImport && c.style == byScript {
			continue // a script is not told the URI
		}
		if g.r.chance(80) {
			out = append(out, segment{input: p.name})
		}
		if g.kfp() && (p.typ.kind == anArtifact || p.typ.kind == anImport) && !p.optional && g.r.chance(85) {
			out = append(out, segment{input: p.name, key: pick(g.r, metadataKeys)})
		}
		if g.r.chance(30) {
			out = append(out, segment{literal: g.bite()})
		}
	}
	for _, name := range c.extras {
		out = append(out, segment{extra: name})
	}
	for _, v := range c.env {
		out = append(out, segment{variable: v.name})
	}
	if len(out) == 0 || g.r.chance(20) {
		out = append(out, segment{literal: g.bite()})
	}
	return out
}
