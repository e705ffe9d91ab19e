package argo

import (
	"strconv"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"k8s.io/utils/ptr"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A dag is a DAG component on its way to one or more Argo templates.
type dag struct {
	l     *lowerer
	owner *ir.Component
	dag   *ir.DAG
	scope *check.Scope
	names []string // of the tasks in Argo
	units []*unit  // what the tasks call
	pos   []int    // position of each task in the order in which the DAG is cut
	order []int    // the task at each position
	top   *region
	root  bool // inputs come from the run's parameters
	leaf  bool // a component without tasks; only its inputs are read
	notes map[string]string
}

// unitOf makes the component of a task callable.
func (l *lowerer) unitOf(s *check.Scope, t *ir.Task) *unit {
	c := t.Component
	switch c.Body.(type) {
	case *ir.DAG:
		return l.dagUnit(c)
	case *ir.Container:
		return l.containerUnit(s, t)
	case *ir.Importer:
		return l.importerUnit(c)
	case *ir.Claim:
		return l.claimUnit(c)
	}
	return &unit{outs: map[string]outKind{}}
}

func (l *lowerer) dagUnit(c *ir.Component) *unit {
	key := unitKey{component: c}
	if u, ok := l.units[key]; ok {
		return u
	}
	u := &unit{outs: map[string]outKind{}}
	l.units[key] = u // a recursion was reported already; it must not hang here
	d := l.newDAG(c)
	d.ports(u)
	t := d.lower()
	l.inputsOf(u, t)
	u.template = l.add(l.componentName(c), t)
	return u
}

// root lowers the pipeline itself. Its inputs have the run's parameters as
// defaults, put into wire form; their names differ from those of the
// parameters because Argo would otherwise bind the raw values.
func (l *lowerer) root() {
	d := l.newDAG(l.p.Root)
	d.root = true
	t := d.lower()
	for _, p := range l.p.Root.Inputs {
		in := wfv1.Parameter{Name: d.inputName(p.Name.Text, p.Type.IsArtifact())}
		switch {
		case !p.Type.IsArtifact():
			in.Default = wfv1.AnyStringPtr(l.runParameter(p))
		case l.flow.record[p]:
			in.Default = wfv1.AnyStringPtr(l.artifactRecord(p))
		default:
			continue
		}
		t.Inputs.Parameters = append(t.Inputs.Parameters, in)
	}
	t.Name = entrypoint
	l.templates[entrypoint] = t
}

func (l *lowerer) newDAG(c *ir.Component) *dag {
	d := &dag{l: l, owner: c, dag: c.DAG(), notes: map[string]string{}}
	d.scope = l.info.Scope(d.dag)
	n := len(d.dag.Tasks)
	d.names = make([]string, n)
	d.units = make([]*unit, n)
	taken := newNames()
	for i, t := range d.dag.Tasks {
		name := t.Name.Text
		element := name
		if d.dag.Exclusive && isIndex(name) {
			element, name = "["+name+"]", "branch-"+name
		}
		d.names[i] = taken.take(taskName(name))
		if sub := t.Component.DAG(); sub != nil && sub.Inline {
			element = ""
		}
		if element != d.names[i] {
			d.notes[d.names[i]] = element
		}
	}
	for i, t := range d.dag.Tasks {
		d.units[i] = l.unitOf(d.scope, t)
		if t.ForEach != nil {
			d.units[i] = l.loopUnit(t, d.units[i])
		}
	}
	d.cut(taken)
	return d
}

func isIndex(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// componentName is the base of the name of a component's template.
func (l *lowerer) componentName(c *ir.Component) string {
	name := c.Name.Text
	if l.p.Dialect == ir.KFP {
		if short := strings.TrimPrefix(name, "comp-"); short != "" {
			return short
		}
	}
	return name
}

// ports fills in what the component's template takes and gives.
func (d *dag) ports(u *unit) {
	for _, p := range d.owner.Inputs {
		if p.Type.IsArtifact() {
			file, record := d.l.flow.file[p], d.l.flow.record[p]
			if file {
				u.arts = append(u.arts, artPort{name: portName(p.Name.Text), port: p, optional: true})
			}
			if record {
				u.params = append(u.params, param{name: recordName(p.Name.Text), port: p, record: true, fixed: defaultOf(p)})
			}
			continue
		}
		u.params = append(u.params, param{name: portName(p.Name.Text), port: p, fixed: defaultOf(p)})
	}
	for _, p := range d.owner.Outputs {
		u.outs[p.Name.Text] = outJSON
	}
}

// defaultOf is the wire text of an input that nobody wires, nil: it has to be
// wired.
func defaultOf(p *ir.Port) *string {
	switch {
	case p.Default != nil && !p.Type.IsArtifact():
		return ptr.To(constant(p.Default.V).constantAs(p).argument())
	case p.Optional:
		return ptr.To("null")
	}
	return nil
}

// inputsOf declares a unit's inputs in its template.
func (l *lowerer) inputsOf(u *unit, t *wfv1.Template) {
	for _, p := range u.params {
		in := wfv1.Parameter{Name: p.name}
		if p.fixed != nil {
			in.Default = wfv1.AnyStringPtr(*p.fixed)
		}
		t.Inputs.Parameters = append(t.Inputs.Parameters, in)
	}
	for _, a := range u.arts {
		t.Inputs.Artifacts = append(t.Inputs.Artifacts, wfv1.Artifact{Name: a.name, Optional: a.optional})
	}
}

// inputName is the name of an input in the DAG's own template.
func (d *dag) inputName(port string, record bool) string {
	if record {
		return recordName(port)
	}
	if d.root {
		return "in-" + portName(port)
	}
	return portName(port)
}

// lower builds the templates; the topmost is given back without a name.
func (d *dag) lower() *wfv1.Template {
	d.top.eachLeaf(func(r *region) {
		r.tasks = make([]wfv1.DAGTask, 0, r.hi-r.lo)
		for p := r.lo; p < r.hi; p++ {
			r.tasks = append(r.tasks, d.task(d.order[p], r))
		}
	})
	outputs := d.outputs()
	claims := d.claims()
	t := d.close(d.top)
	t.Outputs = outputs
	d.prove(t, claims)
	return t
}

func (d *dag) task(i int, r *region) wfv1.DAGTask {
	t, u := d.dag.Tasks[i], d.units[i]
	at := &place{d: d, r: r, task: t, index: i, guard: t.Trigger == ir.Completed}
	out := wfv1.DAGTask{Name: d.names[i], Template: u.template, When: at.when(i), Depends: d.depends(i, r)}
	at.arguments(u, t, &out.Arguments)
	if t.OnExit != nil {
		out.Hooks = wfv1.LifecycleHooks{wfv1.ExitLifecycleEvent: d.exitHook(t, r)}
	}
	return out
}

// exitHook runs a task once another has ended. Argo takes its failure as no
// failure of the run.
func (d *dag) exitHook(t *ir.Task, r *region) wfv1.LifecycleHook {
	u := d.l.unitOf(d.scope, t.OnExit)
	at := &place{d: d, r: r, task: t.OnExit, index: -1, guard: true, exits: t}
	hook := wfv1.LifecycleHook{Template: u.template}
	at.arguments(u, t.OnExit, &hook.Arguments)
	if t.OnExit.When != nil {
		d.l.cannot(msgExitWhen(t.OnExit.Name))
	}
	name := t.OnExit.Name.Text
	if sub := t.OnExit.Component.DAG(); sub != nil && sub.Inline {
		name = ""
	}
	i, _ := d.scope.Index(t.Name.Text)
	if name != d.names[i]+".onExit" {
		d.notes[d.names[i]+".onExit"] = name
	}
	return hook
}

// depends orders a task behind those of its upstream tasks that are in the same
// template.
func (d *dag) depends(i int, r *region) string {
	up := d.scope.Upstream(i)
	if len(up) == 0 {
		return ""
	}
	var b strings.Builder
	completed := d.dag.Tasks[i].Trigger == ir.Completed
	for _, p := range up {
		if d.regionOf(p) != r {
			d.orderRegions(p, i)
			continue
		}
		if b.Len() > 0 {
			b.WriteString(" && ")
		}
		b.WriteString(ended(d.names[p], completed))
	}
	return b.String()
}

// ended is the condition under which what follows a task may run.
func ended(name string, anyhow bool) string {
	if !anyhow {
		return name + ".Succeeded"
	}
	return "(" + name + ".Succeeded || " + name + ".Failed || " + name + ".Errored || " + name + ".Skipped || " + name + ".Omitted)"
}

// when is the whole condition of a task as one expression, "" for none.
func (at *place) when(i int) string {
	t := at.task
	var parts []string
	if at.r.up != nil && t.Trigger != ir.Completed {
		for _, p := range at.d.scope.Upstream(i) {
			if at.d.regionOf(p) != at.r && at.d.scope.Skippable(p) {
				parts = append(parts, at.succeeded(p))
			}
		}
	}
	if at.d.dag.Exclusive {
		for _, earlier := range at.d.dag.Tasks[:i] {
			if earlier.When == nil {
				return "false"
			}
			parts = append(parts, "not ("+at.condition(earlier.When)+")")
		}
	}
	if t.When != nil {
		parts = append(parts, at.condition(t.When))
	}
	switch {
	case len(parts) == 0:
		return ""
	case len(parts) == 1 && parts[0] == "true":
		return ""
	case len(parts) == 1:
		return tag(parts[0])
	}
	return tag("(" + strings.Join(parts, ") and (") + ")")
}

func (at *place) condition(v ir.Value) string {
	x := at.value(v)
	if x.isConst {
		return strconv.FormatBool(x.constant == true)
	}
	return x.converted(&ir.Port{Type: ir.Type{Kind: ir.Boolean}}).decoded()
}

// arguments binds the inputs of a task's template.
func (at *place) arguments(u *unit, t *ir.Task, to *wfv1.Arguments) {
	if n := len(u.params); n > 0 {
		to.Parameters = make([]wfv1.Parameter, 0, n)
	}
	for i := range u.params {
		p := &u.params[i]
		text, ok := at.argument(p, t)
		if ok {
			to.Parameters = append(to.Parameters, wfv1.Parameter{Name: p.name, Value: wfv1.AnyStringPtr(text)})
		}
	}
	for _, a := range u.arts {
		if arg, ok := at.artifact(a, t); ok {
			to.Artifacts = append(to.Artifacts, arg)
		}
	}
}

// argument is the text of one argument; ok is false where the template's own
// default serves.
func (at *place) argument(p *param, t *ir.Task) (text string, ok bool) {
	if p.hidden != nil {
		return p.hidden(at).argument(), true
	}
	b := t.Arg(p.port.Name.Text)
	if p.items {
		return at.value(t.ForEach.Items).items().argument(), true
	}
	if b == nil {
		return "null", p.fixed == nil
	}
	v := at.value(b.Value)
	if v.isConst && v.constant == nil && p.fixed != nil {
		return "", false
	}
	port := p.port
	if at.d.l.lenient(t.Component, port) {
		loose := *port
		loose.Optional = true
		port = &loose
	}
	if p.record {
		return v.recordFor(port).argument(), true
	}
	v = at.d.l.taken(v, port)
	if v.isConst && p.fixed != nil && v.argument() == *p.fixed {
		return "", false
	}
	return v.argument(), true
}

// artifact hands on an Argo artifact. A producer may leave it out, which only
// warns.
func (at *place) artifact(a artPort, t *ir.Task) (wfv1.Artifact, bool) {
	b := t.Arg(a.port.Name.Text)
	if b == nil {
		return wfv1.Artifact{}, false
	}
	from := at.artifactFrom(b.Value)
	if from == "" {
		return wfv1.Artifact{}, false
	}
	return wfv1.Artifact{Name: a.name, From: "{{" + from + "}}", Optional: true}, true
}

func (at *place) artifactFrom(v ir.Value) string {
	switch v := v.(type) {
	case *ir.InputRef:
		p := at.d.owner.Input(v.Name)
		if p == nil || !at.d.l.flow.file[p] {
			return ""
		}
		l := link{task: -1, port: v.Name, file: true}
		if at.r.up != nil {
			at.r.bringDown(l, nil)
			return "inputs.artifacts." + at.d.linkName(l)
		}
		return "inputs.artifacts." + portName(v.Name)
	case *ir.OutputRef:
		i, ok := at.d.scope.Index(v.Task)
		if !ok {
			return ""
		}
		where := at.d.regionOf(i)
		if where == at.r {
			return "tasks." + at.d.names[i] + ".outputs.artifacts." + portName(v.Output)
		}
		l := link{task: i, port: v.Output, file: true}
		connect(l, where, at.r)
		if kid := at.r.kidWith(at.d.pos[i]); kid != nil {
			return "tasks." + kid.name + ".outputs.artifacts." + at.d.linkName(l)
		}
		return "inputs.artifacts." + at.d.linkName(l)
	}
	return ""
}

// outputs are the DAG's own, in the topmost template.
func (d *dag) outputs() wfv1.Outputs {
	var out wfv1.Outputs
	at := &place{d: d, r: d.top, index: -1, outputs: true}
	for _, o := range d.dag.Outputs {
		p := d.owner.Output(o.Name.Text)
		if p == nil {
			continue
		}
		if p.Type.IsArtifact() {
			d.artifactOutput(at, o, p, &out)
			continue
		}
		v := at.value(o.Value)
		out.Parameters = append(out.Parameters, wfv1.Parameter{Name: portName(o.Name.Text),
			ValueFrom: &wfv1.ValueFrom{Expression: v.jsonText()}})
	}
	return out
}

func (d *dag) artifactOutput(at *place, o *ir.DAGOutput, p *ir.Port, out *wfv1.Outputs) {
	if d.l.flow.record[p] {
		out.Parameters = append(out.Parameters, wfv1.Parameter{Name: recordName(o.Name.Text),
			ValueFrom: &wfv1.ValueFrom{Expression: at.value(o.Value).jsonText()}})
	}
	if !d.l.flow.file[p] {
		return
	}
	art := wfv1.Artifact{Name: portName(o.Name.Text), Optional: true}
	if one, ok := o.Value.(*ir.OneOf); ok {
		art.FromExpression = at.oneArtifact(one)
	} else if from := at.artifactFrom(o.Value); from != "" {
		art.From = "{{" + from + "}}"
	} else {
		return
	}
	out.Artifacts = append(out.Artifacts, art)
}

func (at *place) oneArtifact(v *ir.OneOf) string {
	out := ""
	for i := len(v.Alternatives) - 1; i >= 0; i-- {
		a := v.Alternatives[i]
		k, ok := at.d.scope.Index(a.Task)
		if !ok {
			continue
		}
		from := "tasks['" + at.d.names[k] + "'].outputs.artifacts['" + portName(a.Output) + "']"
		if out == "" {
			out = from
			continue
		}
		out = at.succeeded(k) + " ? " + from + " : " + out
	}
	return out
}
