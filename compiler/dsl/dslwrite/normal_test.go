package dslwrite_test

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// normal is a pipeline's dump in a form that leaves out how values travel and
// keeps what they are: each DAG is taken apart where it is used, and each value
// is traced through the inputs and outputs of DAGs to where it comes from. Two
// pipelines with one normal form mean the same. What it lets go:
//
//   - names of components, of the inputs and outputs of DAGs, and of loop
//     variables; which DAG inputs nothing reads (what they make the task wait
//     for stays)
//   - whether an order between siblings comes from data or from `after`
//   - the order of arguments and of components; white space around descriptions
//   - the dialect's looks of a constant: KFP's 1 for a number, its 1 for a text
//   - arguments that the component neither declares nor reads; what they make
//     the task wait for stays
//
// It is written apart from the writer and shares nothing with it but
// expr.Program.Rewrite.
func normal(p *ir.Pipeline) string {
	n := &normalizer{kfp: p.Dialect == ir.KFP, p: p}
	out := *p
	out.Name, out.Description, out.File = ir.Ident{Text: p.Name.Text}, strings.TrimSpace(p.Description), nil
	out.Components = nil
	root := *p.Root
	root.Description, root.Name = "", ir.Ident{}
	env := &env{c: p.Root, dag: p.Root.DAG(), in: map[string]traced{}}
	for _, port := range p.Root.Inputs {
		env.in[port.Name.Text] = traced{"inputs." + port.Name.Text, port.Type}
	}
	root.Inputs, root.Outputs = n.ports(root.Inputs), n.ports(root.Outputs)
	root.Body = n.dag(env, "")
	d := root.Body.(*ir.DAG)
	for _, o := range p.Root.DAG().Outputs {
		d.Outputs = append(d.Outputs, &ir.DAGOutput{Name: o.Name, Value: &ir.Literal{V: n.trace(env, o.Value, "").text}})
	}
	sort.Slice(d.Outputs, func(i, j int) bool { return d.Outputs[i].Name.Text < d.Outputs[j].Name.Text })
	out.Root = &root
	n.out = &out
	out.Components = n.components
	return ir.Dump(&out)
}

type traced struct {
	text string
	typ  ir.Type
}

type env struct {
	c    *ir.Component
	dag  *ir.DAG
	path string
	in   map[string]traced
	host *ir.Task
	up   *env
}

type normalizer struct {
	p          *ir.Pipeline
	kfp        bool
	out        *ir.Pipeline
	components []*ir.Component
}

func (n *normalizer) ports(ports []*ir.Port) []*ir.Port {
	var out []*ir.Port
	for _, p := range ports {
		q := *p
		q.Captured, q.Description = false, strings.TrimSpace(p.Description)
		if p.Default != nil {
			q.Default = &ir.Literal{V: byType(p.Default.V, p.Type)}
		}
		if p.Limits != nil {
			l := *p.Limits
			for i := range l.Enum {
				l.Enum = slices.Clone(l.Enum)
				l.Enum[i] = byType(l.Enum[i], p.Type)
			}
			q.Limits = &l
		}
		out = append(out, &q)
	}
	return out
}

// byType is a constant in the form that its type gives it.
func byType(v any, t ir.Type) any {
	switch t.Kind {
	case ir.String:
		if v != nil {
			return ir.Text(v)
		}
	case ir.Number:
		if i, ok := v.(int64); ok {
			return float64(i)
		}
	case ir.Integer:
		if f, ok := v.(float64); ok && f == float64(int64(f)) {
			return int64(f)
		}
	case ir.List:
		if l, ok := v.([]any); ok && t.Items != nil {
			out := make([]any, len(l))
			for i, x := range l {
				out[i] = byType(x, *t.Items)
			}
			return out
		}
	}
	return v
}

func (n *normalizer) dag(e *env, path string) *ir.DAG {
	d := *e.dag
	d.Tasks, d.Outputs = nil, nil
	for _, t := range e.dag.Tasks {
		d.Tasks = append(d.Tasks, n.task(e, t, path))
	}
	return &d
}

// inside is the environment of a DAG task's own DAG.
func (n *normalizer) inside(e *env, t *ir.Task, path string) *env {
	c := t.Component
	in := &env{c: c, dag: c.DAG(), path: path, in: map[string]traced{}, up: e}
	for _, p := range c.Inputs {
		name := p.Name.Text
		b := t.Arg(name)
		var v traced
		switch {
		case t.ForEach != nil && t.ForEach.Item.Text == name:
			v = traced{"item(" + path + ": " + typed(p.Type) + ")", p.Type}
		case b != nil && !null(b.Value):
			v = n.trace(e, b.Value, path)
			switch l, literal := b.Value.(*ir.Literal); {
			case literal:
				v = traced{quote(byType(l.V, p.Type)), p.Type}
			case v.typ.Kind != p.Type.Kind && v.typ.Kind != ir.Invalid || p.Default != nil:
				v = traced{"into(" + typed(p.Type) + defaultText(p) + ", " + v.text + ")", p.Type}
			}
		case p.Default != nil:
			v = traced{quote(byType(p.Default.V, p.Type)), p.Type}
		default:
			v = traced{"absent", p.Type}
		}
		in.in[name] = v
	}
	return in
}

func typed(t ir.Type) string {
	if t.Kind == ir.List && t.Items != nil {
		return "list of " + typed(*t.Items)
	}
	return t.String() + "@" + t.Schema.Version
}

func defaultText(p *ir.Port) string {
	if p.Default == nil {
		return ""
	}
	return " else " + quote(byType(p.Default.V, p.Type))
}

func null(v ir.Value) bool {
	l, ok := v.(*ir.Literal)
	return ok && l.V == nil
}

func quote(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'g', -1, 64) + "f"
	}
	return ir.JSON(v)
}

func (n *normalizer) task(e *env, t *ir.Task, path string) *ir.Task {
	name := strings.TrimPrefix(path+"/"+t.Name.Text, "/")
	out := *t
	out.Name = ir.Ident{Text: name}
	out.Args, out.After = nil, n.upstream(e, t, path)
	if t.When != nil {
		out.When = n.literal(e, t.When, path)
	}
	if t.ForEach != nil {
		l := *t.ForEach
		l.Item = ir.Ident{Text: "item"}
		l.Items = n.literal(e, itemsOf(l.Items), path)
		out.ForEach = &l
	}
	if t.OnExit != nil {
		x := *e
		x.host = t
		out.OnExit = n.task(&x, t.OnExit, path+"@exit")
	}
	if t.Component.DAG() != nil {
		in := n.inside(e, t, name)
		out.Component = &ir.Component{Name: ir.Ident{Text: "dag"}, Body: n.dag(in, name)}
		out.Component.Name.Text = name
	} else {
		out.Component = n.leaf(t.Component, name)
		out.Args = n.args(e, t, path)
	}
	n.components = append(n.components, out.Component)
	if t.Settings != nil {
		out.Settings = n.settings(e, t.Settings, path)
	}
	return &out
}

// itemsOf gives a text that holds a list as the list.
func itemsOf(v ir.Value) ir.Value {
	if l, ok := v.(*ir.Literal); ok {
		if s, ok := l.V.(string); ok {
			if x, err := ir.ParseJSON(s); err == nil {
				return &ir.Literal{V: x}
			}
		}
	}
	return v
}

func (n *normalizer) args(e *env, t *ir.Task, path string) []*ir.Binding {
	var out []*ir.Binding
	for _, b := range t.Args {
		p := t.Component.Input(b.Name.Text)
		if null(b.Value) || p == nil {
			continue
		}
		v := n.literal(e, b.Value, path)
		if p != nil {
			if l, ok := b.Value.(*ir.Literal); ok {
				v = &ir.Literal{V: quote(byType(l.V, p.Type))}
			}
		}
		out = append(out, &ir.Binding{Name: ir.Ident{Text: b.Name.Text}, Value: v})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name.Text < out[j].Name.Text })
	return out
}

// upstream are all siblings that a task waits for.
func (n *normalizer) upstream(e *env, t *ir.Task, path string) []ir.Ident {
	seen := map[string]bool{}
	for _, a := range t.After {
		seen[a.Text] = true
	}
	t.EachValue(func(v ir.Value) {
		ir.VisitLeaves(v, func(v ir.Value) {
			switch v := v.(type) {
			case *ir.OutputRef:
				seen[v.Task] = true
			case *ir.StatusRef:
				seen[v.Task] = v.Task != ""
			}
		})
	})
	var out []ir.Ident
	for name, is := range seen {
		if is {
			out = append(out, ir.Ident{Text: name})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Text < out[j].Text })
	return out
}

func (n *normalizer) literal(e *env, v ir.Value, path string) ir.Value {
	return &ir.Literal{V: n.trace(e, v, path).text}
}

// trace says what a value is.
func (n *normalizer) trace(e *env, v ir.Value, path string) traced {
	text := func(s string) traced { return traced{s, ir.Type{Kind: ir.String}} }
	switch v := v.(type) {
	case *ir.Literal:
		return traced{quote(v.V), ir.KindOf(v.V)}
	case *ir.InputRef:
		return e.in[v.Name]
	case *ir.OutputRef:
		return n.output(e, v, path)
	case *ir.StatusRef:
		at := strings.TrimPrefix(e.path+"/"+v.Task, "/")
		if v.Task == "" {
			at = strings.TrimPrefix(e.path+"/"+e.host.Name.Text, "/")
		}
		return traced{"status(" + at + ")", ir.Type{Kind: ir.Struct}}
	case *ir.Template:
		parts, literal := n.parts(e, v, path)
		if literal {
			return text(parts)
		}
		return text(fmt.Sprintf("text%d(%s)", v.Escape, parts))
	case *ir.ListValue:
		out := make([]string, len(v.Items))
		for i, x := range v.Items {
			out[i] = n.trace(e, x, path).text
		}
		return traced{"[" + strings.Join(out, ",") + "]", ir.Type{Kind: ir.List}}
	case *ir.StructValue:
		out := make([]string, len(v.Keys))
		for i, k := range v.Keys {
			key := quote(k)
			if c := v.KeyAt(i); c != nil {
				key = n.trace(e, c, path).text
			}
			out[i] = key + ":" + n.trace(e, v.Values[i], path).text
		}
		return traced{"{" + strings.Join(out, ",") + "}", ir.Type{Kind: ir.Struct}}
	case *ir.Select:
		return traced{"select(" + n.trace(e, v.Of, path).text + ", " + quote(v.Key) + ")", ir.Type{Kind: ir.Dynamic}}
	case *ir.Expr:
		return n.expression(e, v, path)
	case *ir.OneOf:
		out := make([]string, len(v.Alternatives))
		var t ir.Type
		for i, a := range v.Alternatives {
			x := n.trace(e, a, path)
			out[i], t = x.text, x.typ
		}
		return traced{"one-of(" + strings.Join(out, ", ") + ")", t}
	}
	return traced{ir.ValueText(v), ir.Type{Kind: ir.String}}
}

func (n *normalizer) parts(e *env, v *ir.Template, path string) (text string, literal bool) {
	var out []string
	before := ""
	var add func(parts []ir.Value)
	flush := func() {
		if before != "" {
			out = append(out, quote(before))
		}
		before = ""
	}
	add = func(parts []ir.Value) {
		for _, p := range parts {
			switch p := p.(type) {
			case *ir.Literal:
				before += ir.Text(p.V)
				continue
			case *ir.Template:
				if p.Escape == 0 {
					add(p.Parts)
					continue
				}
			}
			flush()
			out = append(out, n.trace(e, p, path).text)
		}
	}
	add(v.Parts)
	if len(out) == 0 {
		return quote(before), true
	}
	flush()
	return strings.Join(out, ", "), false
}

func (n *normalizer) expression(e *env, v *ir.Expr, path string) traced {
	p := v.Program.(*expr.Program)
	texts := map[string]string{}
	for _, x := range v.Vars {
		texts[x.Name] = "«" + n.trace(e, x.Value, path).text + "»"
		if l, ok := x.Value.(*ir.Literal); ok {
			switch v := l.V.(type) {
			case int64:
				texts[x.Name] = strconv.FormatInt(v, 10)
				if p.Untyped() {
					texts[x.Name] += ".0"
				}
			case string:
				texts[x.Name] = "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(v) + "'"
			case bool:
				texts[x.Name] = strconv.FormatBool(v)
			case nil:
				texts[x.Name] = "null"
			}
		}
	}
	out, ok := p.Rewrite(func(v expr.Variable) string { return texts[v.Name] })
	if !ok {
		out = p.Source() + fmt.Sprint(texts)
	}
	if len(v.Vars) == 1 && out == texts[v.Vars[0].Name] { // nothing but the variable
		return n.trace(e, v.Vars[0].Value, path)
	}
	rules := "expr"
	if p.Untyped() {
		rules = "kfp"
	}
	return traced{rules + "(" + out + ")", p.Type()}
}

// output follows an output of a task through the DAGs that hand it out.
func (n *normalizer) output(e *env, v *ir.OutputRef, path string) traced {
	t := e.dag.Task(v.Task)
	if t == nil && e.host != nil && e.host.Name.Text == v.Task {
		t = e.host
	}
	p := t.Component.Output(v.Output)
	at := strings.TrimPrefix(e.path+"/"+v.Task, "/")
	out := traced{at + ".outputs." + v.Output, p.Type}
	if d := t.Component.DAG(); d != nil {
		for _, o := range d.Outputs {
			if o.Name.Text == v.Output {
				out.text = "of(" + at + ", " + n.trace(n.inside(e, t, at), o.Value, at).text + ")"
			}
		}
	}
	if t.ForEach != nil {
		return traced{"all(" + out.text + ")", ir.ListOf(p.Type)}
	}
	return out
}

// leaf is a component without tasks.
func (n *normalizer) leaf(c *ir.Component, name string) *ir.Component {
	out := *c
	out.Name, out.Description = ir.Ident{Text: name}, strings.TrimSpace(c.Description)
	out.Inputs, out.Outputs = n.ports(c.Inputs), n.ports(c.Outputs)
	e := &env{c: c, in: map[string]traced{}}
	for _, p := range c.Inputs {
		e.in[p.Name.Text] = traced{"inputs." + p.Name.Text, p.Type}
	}
	switch b := c.Body.(type) {
	case *ir.Container:
		k := *b
		k.Image = n.asText(e, b.Image)
		k.Command, k.Args = n.argv(e, b.Command), n.argv(e, b.Args)
		k.Env = n.env(e, b.Env, "")
		out.Body = &k
	case *ir.Importer:
		i := *b
		i.URI = n.asText(e, b.URI)
		if b.Metadata != nil {
			i.Metadata = n.literal(e, b.Metadata, "")
		}
		out.Body = &i
	}
	return &out
}

// asText is a value where its text form is what counts.
func (n *normalizer) asText(e *env, v ir.Value) ir.Value {
	switch x := v.(type) {
	case nil:
		return nil
	case *ir.Template:
		if x.Escape == 0 && len(x.Parts) == 1 {
			return n.asText(e, x.Parts[0])
		}
	case *ir.Literal:
		return &ir.Literal{V: quote(ir.Text(x.V))}
	}
	return n.literal(e, v, e.path)
}

func (n *normalizer) argv(e *env, args []ir.Arg) []ir.Arg {
	var out []ir.Arg
	for _, a := range args {
		switch a := a.(type) {
		case *ir.TextArg:
			out = append(out, &ir.TextArg{Value: n.asText(e, a.Value)})
		case *ir.IfArg:
			out = append(out, &ir.IfArg{Cond: n.literal(e, a.Cond, ""), Then: n.argv(e, a.Then), Else: n.argv(e, a.Else)})
		case *ir.ConcatArg:
			out = append(out, &ir.ConcatArg{Items: n.argv(e, a.Items)})
		}
	}
	return out
}

func (n *normalizer) env(e *env, list []*ir.EnvVar, path string) []*ir.EnvVar {
	var out []*ir.EnvVar
	for _, x := range list {
		y := *x
		y.Value = n.asText(e, x.Value)
		y.Secret, y.ConfigMap = n.keyRef(e, x.Secret), n.keyRef(e, x.ConfigMap)
		out = append(out, &y)
	}
	return out
}

func (n *normalizer) keyRef(e *env, k *ir.KeyRef) *ir.KeyRef {
	if k == nil {
		return nil
	}
	out := *k
	out.Name, out.Key = n.asText(e, k.Name), n.asText(e, k.Key)
	return &out
}

func (n *normalizer) settings(e *env, s *ir.Settings, path string) *ir.Settings {
	out := *s
	if s.Retry != nil {
		r := *s.Retry
		if r.Limit != nil {
			r.Limit = n.literal(e, r.Limit, path)
		}
		out.Retry = &r
	}
	if s.Cache != nil {
		c := *s.Cache
		c.Key = n.asText(e, c.Key)
		out.Cache = &c
	}
	out.Resources = nil
	for _, r := range s.Resources {
		x := *r
		x.Request, x.Limit = n.asText(e, r.Request), n.asText(e, r.Limit)
		out.Resources = append(out.Resources, &x)
	}
	if s.Accelerator != nil {
		a := *s.Accelerator
		a.Type, a.Product = n.asText(e, a.Type), n.asText(e, a.Product)
		if a.Count != nil {
			a.Count = n.literal(e, a.Count, path)
		}
		out.Accelerator = &a
	}
	all := func(list []ir.Value) []ir.Value {
		var out []ir.Value
		for _, v := range list {
			out = append(out, n.literal(e, v, path))
		}
		return out
	}
	pairs := func(list []*ir.SettingPair) []*ir.SettingPair {
		var out []*ir.SettingPair
		for _, p := range list {
			x := *p
			x.Value = n.asText(e, p.Value)
			out = append(out, &x)
		}
		return out
	}
	out.NodeSelector, out.Labels, out.Annotations = pairs(s.NodeSelector), pairs(s.Labels), pairs(s.Annotations)
	out.Affinity, out.Tolerations = all(s.Affinity), all(s.Tolerations)
	if s.NodeSelectorFrom != nil {
		out.NodeSelectorFrom = n.literal(e, s.NodeSelectorFrom, path)
	}
	if s.SecurityContext != nil {
		out.SecurityContext = n.literal(e, s.SecurityContext, path)
	}
	out.Env = n.env(e, s.Env, path)
	out.EnvFrom = nil
	for _, x := range s.EnvFrom {
		y := *x
		y.Secret, y.ConfigMap = n.asText(e, x.Secret), n.asText(e, x.ConfigMap)
		out.EnvFrom = append(out.EnvFrom, &y)
	}
	out.Volumes = nil
	for _, x := range s.Volumes {
		y := *x
		y.Secret, y.ConfigMap, y.Claim = n.asText(e, x.Secret), n.asText(e, x.ConfigMap), n.asText(e, x.Claim)
		out.Volumes = append(out.Volumes, &y)
	}
	out.ServiceAccount = n.asText(e, s.ServiceAccount)
	out.ImagePullSecrets = nil
	for _, v := range s.ImagePullSecrets {
		out.ImagePullSecrets = append(out.ImagePullSecrets, n.asText(e, v))
	}
	return &out
}
