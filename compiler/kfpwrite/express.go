package kfpwrite

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// An expresser makes a pipeline of what KFP has.
type expresser struct {
	p        *ir.Pipeline
	opt      Options
	report   diag.Reporter
	rank     map[*ir.Component]int
	uses     map[*ir.Component]int  // tasks of each component
	looped   map[*ir.Component]bool // those that a task runs in a loop
	made     map[variant]*ir.Component
	all      []ranked
	taken    map[string]bool // names of components
	inferred map[*ir.Port]ir.Type
	handlers int // exit handlers so far
}

// A variant is a component with what its tasks ask of their pod: KFP has
// settings at components, not at tasks.
type variant struct {
	of  *ir.Component
	key string
}

// A ranked component knows where the one that it was made from stood.
type ranked struct {
	c    *ir.Component
	rank int
}

func express(p *ir.Pipeline, opt Options, report diag.Reporter) *ir.Pipeline {
	x := &expresser{p: p, opt: opt, report: report, rank: map[*ir.Component]int{}, uses: map[*ir.Component]int{}, looped: map[*ir.Component]bool{},
		made: map[variant]*ir.Component{}, taken: map[string]bool{}, inferred: map[*ir.Port]ir.Type{}}
	for i, c := range p.Components {
		x.rank[c] = i
	}
	p.Walk(func(_ *ir.Component, t *ir.Task) {
		x.uses[t.Component]++
		x.looped[t.Component] = x.looped[t.Component] || t.ForEach != nil
	})
	out := x.pipeline()
	out.Root = x.root()
	for _, c := range p.Components {
		if x.uses[c] == 0 {
			x.component(c, pod{})
		}
	}
	slices.SortStableFunc(x.all, func(a, b ranked) int { return a.rank - b.rank })
	for _, r := range x.all {
		out.Components = append(out.Components, r.c)
	}
	return out
}

// native reports whether the pipeline was read from KFP: its names stay.
func (x *expresser) native() bool { return x.p.Dialect == ir.KFP }

// pipeline is everything but the components.
func (x *expresser) pipeline() *ir.Pipeline {
	p := x.p
	out := &ir.Pipeline{Name: p.Name, DisplayName: p.DisplayName, Description: p.Description, File: p.File, Dialect: ir.KFP,
		ArtifactRoot: p.ArtifactRoot, Timeout: p.Timeout, TTL: p.TTL, Workspace: p.Workspace}
	if !x.native() {
		if out.Name.Text = slug(p.Name.Text); out.Name.Text != p.Name.Text && out.DisplayName == "" {
			out.DisplayName = p.Name.Text
		}
	}
	for _, s := range [...]struct {
		there bool
		what  string
	}{
		{p.Parallelism != 0, "parallelism"}, {p.PodGC != "", "pod-gc"}, {p.ArgoSpec != nil, "argo"},
		{len(p.Labels) > 0, "labels"}, {len(p.Annotations) > 0, "annotations"},
	} {
		if s.there {
			x.report(leftOut(s.what+" of the whole run", p.Name.At))
		}
	}
	if !x.native() && p.Mutex.Text != "" {
		x.report(leftOut("a mutex", p.Mutex.At))
	} else {
		out.Mutex = p.Mutex
	}
	if !x.native() && p.Semaphore != nil {
		x.report(leftOut("a semaphore", p.Semaphore.At))
	} else {
		out.Semaphore = p.Semaphore
	}
	if p.Schedule != nil {
		x.report(leftOut("a schedule", p.Schedule.At))
	}
	if p.SLO != nil {
		x.report(leftOut("a level of service", p.SLO.At))
	}
	if p.Timeout != float64(int64(p.Timeout)) {
		x.report(leftOut("a fraction of a second in a timeout", p.Name.At))
	}
	return out
}

func (x *expresser) root() *ir.Component {
	old := x.p.Root
	c := &ir.Component{Name: old.Name}
	c.Inputs, c.Outputs = x.ports(old, old.Inputs), x.outputs(old)
	for i, in := range c.Inputs {
		if v, given := x.opt.Defaults[in.Name.Text]; given {
			with := *in
			with.Default, with.Optional = &ir.Literal{V: v, At: in.Name.At}, false
			c.Inputs[i] = &with
		}
	}
	x.dag(old, c)
	return c
}

// component is the component that stands for c with what its task asks of its
// pod.
func (x *expresser) component(c *ir.Component, p pod) *ir.Component {
	v := variant{c, p.key}
	if made := x.made[v]; made != nil {
		return made
	}
	out := &ir.Component{Name: ir.Ident{Text: x.name(c.Name.Text), At: c.Name.At}}
	x.made[v] = out
	x.all = append(x.all, ranked{out, x.rank[c]})
	out.Inputs, out.Outputs = x.ports(c, c.Inputs), x.outputs(c)
	switch b := c.Body.(type) {
	case *ir.DAG:
		x.dag(c, out)
	case *ir.Container:
		x.container(c, out, b, p)
	case *ir.Importer:
		x.importer(c, out, b)
	default:
		out.Body = b
	}
	return out
}

// name gives a component a name of its own in the SDK's style.
func (x *expresser) name(old string) string {
	base := old
	if !x.native() {
		base = "comp-" + slug(old)
	}
	name := base
	for i := 2; x.taken[name]; i++ {
		name = base + "-" + strconv.Itoa(i)
	}
	x.taken[name] = true
	return name
}

// slug is a name as KFP's own back end wants it: lower case, digits, hyphens.
func slug(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'A' && c <= 'Z':
			b.WriteByte(c + 'a' - 'A')
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-':
			b.WriteByte(c)
		default:
			b.WriteByte('-')
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "x"
}

// ports are the inputs of a component as KFP can declare them.
func (x *expresser) ports(c *ir.Component, ports []*ir.Port) []*ir.Port {
	out := make([]*ir.Port, 0, len(ports))
	for _, p := range ports {
		q := *p
		q.Captured = p.Captured && supplied(c, p)
		if !q.Captured {
			q.Type = x.portType(c, p)
		}
		if p.Secret {
			x.report(notInKFP("a secret input", "name the secret in env: {NAME: {secret: …, key: …}}", p.Name.At))
		}
		q.Limits = x.limits(p)
		out = append(out, &q)
	}
	return parametersFirst(out)
}

func (x *expresser) outputs(c *ir.Component) []*ir.Port {
	out := make([]*ir.Port, 0, len(c.Outputs))
	for _, p := range c.Outputs {
		q := *p
		q.Captured, q.Optional = false, false
		q.Type = x.portType(c, p)
		out = append(out, &q)
	}
	return parametersFirst(out)
}

// parametersFirst is the order in which the format's two maps are read.
func parametersFirst(ports []*ir.Port) []*ir.Port {
	slices.SortStableFunc(ports, func(a, b *ir.Port) int { return rankOf(a.Type) - rankOf(b.Type) })
	return ports
}

func rankOf(t ir.Type) int {
	if t.IsArtifact() {
		return 1
	}
	return 0
}

// limits keeps what a back end of KFP's enforces.
func (x *expresser) limits(p *ir.Port) *ir.Limits {
	l := p.Limits
	if l == nil {
		return nil
	}
	if l.Minimum != nil || l.Maximum != nil || l.MinLength != nil || l.MaxLength != nil || l.Pattern != "" {
		x.report(leftOut("a limit of a value other than enum", l.At))
	}
	if len(l.Enum) == 0 {
		return nil
	}
	return &ir.Limits{Enum: l.Enum, At: l.At}
}

// portType is the type that KFP can declare for a port.
func (x *expresser) portType(c *ir.Component, p *ir.Port) ir.Type {
	t := p.Type
	switch {
	case t.Kind == ir.Dynamic:
		if t = x.infer(c, p); t.Kind == ir.Invalid {
			x.report(unknownType(p.Name.Text, p.Name.At))
			t.Kind = ir.String
		}
	case t.Kind == ir.List && !t.IsArtifact() && !x.native():
		t.Items = nil
	case t.Kind == ir.List && t.IsArtifact() && t.Items.Kind == ir.List && !x.native():
		x.report(notInKFP("a list of lists of artifacts", "collect the artifacts of the inner loop only", p.Name.At))
	}
	return t
}

// infer is the type as which everything that reads an input of a group takes
// it; Invalid when they differ or nothing tells. Where it only becomes text any
// type will do.
func (x *expresser) infer(c *ir.Component, p *ir.Port) ir.Type {
	if t, known := x.inferred[p]; known {
		return t
	}
	x.inferred[p] = ir.Type{}
	t, agreed := ir.Type{Kind: ir.Dynamic}, true
	note := func(u ir.Type) {
		switch {
		case u.Kind == ir.Dynamic:
		case t.Kind == ir.Dynamic:
			t = u
		case t.Kind != u.Kind:
			agreed = false
		}
	}
	if d := c.DAG(); d != nil {
		d.EachTask(func(t *ir.Task) { x.uses1(t, p.Name.Text, note) })
	}
	switch {
	case !agreed:
		t = ir.Type{}
	case t.Kind == ir.Dynamic:
		t.Kind = ir.String
	}
	x.inferred[p] = t
	return t
}

// uses1 notes as what one task takes an input of its DAG.
func (x *expresser) uses1(t *ir.Task, name string, note func(ir.Type)) {
	reads := func(v ir.Value) bool {
		r, ok := v.(*ir.InputRef)
		return ok && r.Name == name
	}
	for _, b := range t.Args {
		switch port := t.Component.Input(b.Name.Text); {
		case !reads(b.Value):
			fieldsOf(b.Value, reads, note)
		case port == nil:
		case port.Type.Kind == ir.Dynamic:
			note(x.infer(t.Component, port))
		default:
			note(port.Type)
		}
	}
	if t.ForEach != nil && reads(t.ForEach.Items) {
		note(ir.Type{Kind: ir.List})
	}
	fieldsOf(t.When, reads, note)
}

// fieldsOf notes a struct where a value takes a field of what reads accepts.
func fieldsOf(v ir.Value, reads func(ir.Value) bool, note func(ir.Type)) {
	ir.Visit(v, func(v ir.Value) {
		switch v := v.(type) {
		case *ir.Select:
			if reads(v.Of) {
				note(ir.Type{Kind: ir.Struct})
			}
		case *ir.Expr:
			for _, e := range v.Vars {
				if reads(e.Value) {
					note(typeInForm(formOf(v), e.Name))
				}
			}
		}
	})
}
