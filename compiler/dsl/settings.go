package dsl

import (
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// An origin says who wrote a setting. Later ones win.
type origin uint8

const (
	fromDefaults origin = iota + 1
	fromGroup
	fromComponent
	fromTask
)

// A layer is the settings that one author wrote at one place.
type layer struct {
	fields []tree.Field
	from   origin
}

// newLayer takes the settings out of a node, nil when it has none.
func newLayer(n *tree.Node, from origin) *layer {
	var out []tree.Field
	keys := language().settings
	for _, f := range fields(n) {
		if keys.key(f.Key.Scalar) != nil && (from != fromComponent || f.Key.Scalar != "env") {
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return &layer{out, from}
}

func newKeyLayer(f *tree.Field, from origin) *layer { return &layer{[]tree.Field{*f}, from} }

// A setting is a node of the merged settings: a mapping's entries, or a value
// with the one who wrote it.
type setting struct {
	key    *tree.Node
	node   *tree.Node
	from   origin
	fields []*setting // of a mapping
	isMap  bool
}

// merge lays settings over others: maps by key, anything else replaces, null
// removes.
func merge(base []*setting, over []tree.Field, from origin) []*setting {
	out := make([]*setting, 0, len(base)+len(over))
	replaced := make(map[string]*setting, len(over))
	for _, f := range over {
		replaced[f.Key.Scalar] = nil
	}
	byKey := make(map[string]*setting, len(base))
	for _, s := range base {
		byKey[s.key.Scalar] = s
	}
	for _, f := range over {
		replaced[f.Key.Scalar] = mergeOne(byKey[f.Key.Scalar], f, from)
	}
	for _, s := range base {
		now, is := replaced[s.key.Scalar]
		switch {
		case !is:
			out = append(out, s)
		case now != nil:
			out = append(out, now)
		}
	}
	for _, f := range over {
		if now := replaced[f.Key.Scalar]; now != nil && byKey[f.Key.Scalar] == nil {
			out = append(out, now)
		}
	}
	return out
}

func mergeOne(base *setting, f tree.Field, from origin) *setting {
	if f.Value.IsNull() {
		return nil
	}
	s := &setting{key: f.Key, node: f.Value, from: from}
	if !isMapping(f.Value) {
		return s
	}
	s.isMap = true
	var under []*setting
	if base != nil && base.isMap {
		under = base.fields
	}
	s.fields = merge(under, f.Value.Fields, from)
	return s
}

func (s *setting) get(key string) *setting {
	if s == nil {
		return nil
	}
	for _, f := range s.fields {
		if f.key.Scalar == key {
			return f
		}
	}
	return nil
}

// value is the node of a setting that is no mapping, nil else.
func (s *setting) value() *tree.Node {
	if s == nil || s.isMap {
		return nil
	}
	return s.node
}

func (s *setting) span() source.Span {
	if s == nil {
		return source.Span{}
	}
	return s.node.Span()
}

// settings are those of a task: nil for tasks without a container.
func (r *reader) settings(d *decl, p *taskPlace) *ir.Settings {
	own := newLayer(d.node, fromTask)
	c := d.component
	if c == nil || c.loose {
		return nil
	}
	if c.ir.Container() == nil {
		if own != nil && c.ir.Body != nil {
			for _, f := range own.fields {
				r.report(noContainer(f.Key, c))
			}
		}
		return nil
	}
	s := d.scope
	if own != nil || c.computed {
		b := &settingsBuilder{r: r, task: p, comp: c, args: d.task}
		out := taskSettings{b.build(r.layers(s, c, own)), b.secrets}
		if own != nil {
			r.takeAway(d, own)
		}
		d.secrets(out.secrets)
		return out.settings
	}
	out, known := s.shared[c]
	if !known {
		b := &settingsBuilder{r: r, task: p, comp: c, args: d.task}
		out = taskSettings{b.build(r.layers(s, c, nil)), b.secrets}
		if s.shared == nil {
			s.shared = map[*component]taskSettings{}
		}
		s.shared[c] = out
	}
	d.secrets(out.secrets)
	return out.settings
}

// taskSettings are what building the settings of a task gives; tasks of one
// scope and component that ask for nothing of their own share it.
type taskSettings struct {
	settings *ir.Settings
	secrets  []secretVar
}

// A secretVar is a variable outside the component that holds a secret input.
type secretVar struct {
	name  ir.Ident
	value ir.Value
}

// secrets hands secret variables to the component, the one place in which a
// secret input is taken from the cluster: as inputs of a variant of it.
func (d *decl) secrets(vars []secretVar) {
	if len(vars) == 0 {
		return
	}
	base, key := d.task.Component, ""
	for _, v := range vars {
		key += v.name.Text + "\x00"
	}
	variant := d.component.variants[key]
	if variant == nil || base != d.component.ir {
		variant = withSecrets(base, vars)
	}
	if base == d.component.ir {
		if d.component.variants == nil {
			d.component.variants = map[string]*ir.Component{}
		}
		d.component.variants[key] = variant
	}
	d.task.Component, d.component.varied = variant, true
	first := len(variant.Inputs) - len(vars)
	for i, v := range vars {
		d.task.Args = append(d.task.Args, &ir.Binding{Name: variant.Inputs[first+i].Name, Value: v.value})
	}
}

func withSecrets(base *ir.Component, vars []secretVar) *ir.Component {
	c, k := *base, *base.Container()
	taken := map[string]bool{}
	for _, p := range base.Inputs {
		taken[p.Name.Text] = true
	}
	set := map[string]bool{}
	c.Inputs = append([]*ir.Port(nil), base.Inputs...)
	var added []*ir.EnvVar
	for _, v := range vars {
		set[v.name.Text] = true
		id := ir.Ident{Text: unique(taken, "env-"+v.name.Text), At: v.name.At}
		c.Inputs = append(c.Inputs, &ir.Port{Name: id, Type: ir.Type{Kind: ir.String}, Secret: true, Captured: true, TypeAt: v.name.At})
		added = append(added, &ir.EnvVar{Name: v.name, SecretInput: id.Text})
	}
	k.Env = nil
	for _, e := range base.Container().Env {
		if !set[e.Name.Text] {
			k.Env = append(k.Env, e)
		}
	}
	k.Env = append(k.Env, added...)
	c.Body = &k
	return &c
}

func (r *reader) layers(s *scope, c *component, own *layer) []*setting {
	var merged []*setting
	if r.defaults != nil {
		merged = merge(nil, r.defaults.fields, fromDefaults)
	}
	for _, l := range s.retry {
		merged = merge(merged, l.fields, fromGroup)
	}
	if len(c.env) > 0 || len(c.auto) > 0 {
		merged = withoutEnv(merged, c)
	}
	if c.layer != nil {
		merged = merge(merged, c.layer.fields, fromComponent)
	}
	if own != nil {
		merged = merge(merged, own.fields, fromTask)
	}
	return merged
}

// withoutEnv leaves out the default variables that the component sets itself.
func withoutEnv(merged []*setting, c *component) []*setting {
	out := make([]*setting, 0, len(merged))
	for _, s := range merged {
		if s.key.Scalar == "env" && s.isMap {
			kept := *s
			kept.fields = nil
			for _, f := range s.fields {
				if !c.env[f.key.Scalar] && !c.auto[f.key.Scalar] {
					kept.fields = append(kept.fields, f)
				}
			}
			s = &kept
		}
		out = append(out, s)
	}
	return out
}

// takeAway gives the task a component of its own when it takes away variables
// that the component sets.
func (r *reader) takeAway(d *decl, own *layer) {
	var gone map[string]bool
	for _, f := range own.fields {
		if f.Key.Scalar != "env" {
			continue
		}
		for _, e := range fields(f.Value) {
			switch name := e.Key.Scalar; {
			case d.component.auto[name]:
				r.report(envCollides(e.Key, d.component.name.Scalar))
			case e.Value.IsNull() && d.component.env[name]:
				if gone == nil {
					gone = map[string]bool{}
				}
				gone[name] = true
			}
		}
	}
	if gone == nil {
		return
	}
	c, k := *d.component.ir, *d.component.ir.Container()
	k.Env = nil
	for _, e := range d.component.ir.Container().Env {
		if !gone[e.Name.Text] {
			k.Env = append(k.Env, e)
		}
	}
	c.Body = &k
	d.task.Component, d.component.varied = &c, true
}

// componentSettings builds the component's own settings for the sake of their
// mistakes, and learns whether they depend on the task.
func (r *reader) componentSettings(c *component) {
	if c.layer == nil {
		return
	}
	for _, f := range c.layer.fields {
		if f.Key.Scalar != "argo" && holdsExpression(f.Value) {
			c.computed = true
		}
	}
	b := &settingsBuilder{r: r, comp: c, partial: true}
	b.build(merge(nil, c.layer.fields, fromComponent))
}

// checkDefaults builds the defaults for the sake of their mistakes.
func (r *reader) checkDefaults(root *scope) {
	if r.defaults == nil {
		return
	}
	b := &settingsBuilder{r: r, task: &taskPlace{scope: root}, partial: true}
	b.build(merge(nil, r.defaults.fields, fromDefaults))
}

// settingsBuilder turns merged settings into the representation's. Without a
// task, only mistakes matter.
type settingsBuilder struct {
	r    *reader
	task *taskPlace
	comp *component
	args *ir.Task

	narrow *taskPlace
	inside *compPlace
	// partial settings are those of one layer: what they lack may stand in
	// another.
	partial bool
	secrets []secretVar
}

// lacks reports a key without which the merged setting says nothing.
func (b *settingsBuilder) lacks(s *setting, key, hint string) bool {
	if s.get(key) != nil {
		return false
	}
	if !b.partial {
		b.r.report(missingSetting(s, key, hint))
	}
	return true
}

// place is where a setting of that origin was written.
func (b *settingsBuilder) place(from origin) place {
	switch {
	case from == fromComponent || b.task == nil:
		if b.inside == nil {
			b.inside = &compPlace{comp: b.comp, narrow: true}
		}
		return b.inside
	case from == fromDefaults:
		if b.narrow == nil {
			b.narrow = &taskPlace{scope: b.task.scope, at: b.task.at, narrow: true}
		}
		return b.narrow
	}
	return b.task
}

// bind turns a value of the component into one of the task.
func (b *settingsBuilder) bind(v ir.Value, from origin) ir.Value {
	if v == nil || from != fromComponent || b.args == nil {
		return v
	}
	if _, ok := v.(*ir.Literal); ok {
		return v
	}
	return ir.Replace(v, func(leaf ir.Value) ir.Value {
		in, ok := leaf.(*ir.InputRef)
		if !ok {
			return leaf
		}
		if a := b.args.Arg(in.Name); a != nil && a.Value != nil {
			return a.Value
		}
		if p := b.comp.ins[in.Name]; p != nil && p.Default != nil {
			return p.Default
		}
		return &ir.Literal{At: in.At}
	})
}

// text is the text of a setting, nil when there is none.
func (b *settingsBuilder) text(s *setting) ir.Value {
	n := s.value()
	if n == nil {
		return nil
	}
	return b.bind(b.r.text(n, b.place(s.from)), s.from)
}

// integer is a count that may be computed.
func (b *settingsBuilder) integer(s *setting) ir.Value {
	n := s.value()
	if n == nil || !hasExpression(n.Scalar) {
		if i, ok := readInt(n); ok {
			return &ir.Literal{V: i, At: n.Span()}
		}
		return nil
	}
	v := b.r.scalar(n, b.place(s.from), true)
	if b.r.asText(v, n.Span()) == nil {
		return nil
	}
	return b.bind(v.v, s.from)
}

// json is any value, merged maps included.
func (b *settingsBuilder) json(s *setting) ir.Value {
	if s == nil {
		return nil
	}
	if !s.isMap {
		v := b.r.value(s.node, ir.Type{Kind: ir.Dynamic}, b.place(s.from))
		if b.r.asText(v, s.span()) == nil {
			return nil
		}
		return b.bind(v.v, s.from)
	}
	out := &ir.StructValue{At: s.span()}
	constant := make(map[string]any, len(s.fields))
	for _, f := range s.fields {
		v := b.json(f)
		if v == nil {
			continue
		}
		out.Keys, out.Values = append(out.Keys, f.key.Scalar), append(out.Values, v)
		if l, ok := v.(*ir.Literal); ok && constant != nil {
			constant[f.key.Scalar] = l.V
		} else {
			constant = nil
		}
	}
	if constant != nil {
		return &ir.Literal{V: constant, At: s.span()}
	}
	return out
}

// pairs are the entries of a map of texts.
func (b *settingsBuilder) pairs(s *setting) []*ir.SettingPair {
	if s == nil || len(s.fields) == 0 {
		return nil
	}
	out := make([]*ir.SettingPair, 0, len(s.fields))
	for _, f := range s.fields {
		if v := b.text(f); v != nil {
			out = append(out, &ir.SettingPair{Key: f.key.Scalar, Value: v, At: f.key.Span()})
		}
	}
	return out
}

// build is nil when nothing was asked for at all.
func (b *settingsBuilder) build(merged []*setting) *ir.Settings {
	out := &ir.Settings{}
	for _, s := range merged {
		b.one(out, s)
	}
	return out
}

func (b *settingsBuilder) one(out *ir.Settings, s *setting) {
	switch s.key.Scalar {
	case "retry":
		out.Retry = b.retry(s)
	case "timeout":
		out.Timeout = seconds(s.value())
	case "cache":
		out.Cache = b.cache(s)
	case "resources":
		out.Resources = b.resources(s)
	case "accelerator":
		out.Accelerator = b.accelerator(s)
	case "spot":
		out.Spot = text(s.value())
	case "node-selector":
		if s.isMap {
			out.NodeSelector = b.pairs(s)
		} else {
			out.NodeSelectorFrom = b.expression(s)
		}
	case "affinity":
		out.Affinity = b.affinity(s)
	case "tolerations":
		out.Tolerations = b.tolerations(s)
	case "security-context":
		out.SecurityContext = b.json(s)
	case "env":
		for _, f := range s.fields {
			if e := b.env(f); e != nil {
				out.Env = append(out.Env, e)
			}
		}
	case "env-from":
		out.EnvFrom = b.envFrom(s)
	case "volumes":
		for _, f := range s.fields {
			if v := b.volume(f); v != nil {
				out.Volumes = append(out.Volumes, v)
			}
		}
	case "init-containers":
		out.InitContainers = b.initContainers(s)
	case "service-account":
		out.ServiceAccount = b.text(s)
	case "labels":
		out.Labels = b.pairs(s)
	case "annotations":
		out.Annotations = b.pairs(s)
	case "image-pull-policy":
		out.ImagePullPolicy = pullPolicies[text(s.value())]
	case "image-pull-secrets":
		out.ImagePullSecrets = b.texts(s)
	case "priority-class":
		out.PriorityClass = text(s.value())
	case "queue":
		out.Queue = text(s.value())
	case "shared-memory":
		out.SharedMemory = text(s.value())
	case "argo":
		b.argo(out, s)
	}
}

var pullPolicies = map[string]string{"always": "Always", "if-not-present": "IfNotPresent", "never": "Never"}

func (b *settingsBuilder) texts(s *setting) []ir.Value {
	n := s.value()
	if !isSequence(n) {
		return nil
	}
	out := make([]ir.Value, 0, len(n.Items))
	for _, e := range n.Items {
		if v := b.r.text(e, b.place(s.from)); v != nil {
			out = append(out, b.bind(v, s.from))
		}
	}
	return out
}

func (b *settingsBuilder) argo(out *ir.Settings, s *setting) {
	if t := s.get("template"); t != nil {
		if m, ok := t.raw().(map[string]any); ok {
			out.Argo, out.ArgoAt = m, t.span()
		}
	}
	if spec := s.get("spec"); spec != nil && b.task != nil && isMapping(spec.node) {
		b.r.addArgoSpec(spec.node)
	}
}

// raw is a setting as a JSON value of someone else's language.
func (s *setting) raw() any {
	if !s.isMap {
		return rawJSON(s.node)
	}
	out := make(map[string]any, len(s.fields))
	for _, f := range s.fields {
		out[f.key.Scalar] = f.raw()
	}
	return out
}
