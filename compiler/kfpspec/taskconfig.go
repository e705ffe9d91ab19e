package kfpspec

import (
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// A passthrough is a category of settings that a component wants to be told of,
// in place of having it applied to its own pod, or besides.
type passthrough uint8

const (
	passResources passthrough = iota + 1
	passTolerations
	passNodeSelector
	passAffinity
	passEnv
	passVolumes
)

var passthroughs = map[string]passthrough{
	"RESOURCES": passResources, "KUBERNETES_TOLERATIONS": passTolerations, "KUBERNETES_NODE_SELECTOR": passNodeSelector,
	"KUBERNETES_AFFINITY": passAffinity, "ENV": passEnv, "KUBERNETES_VOLUMES": passVolumes,
}

// passed reads what a component asks for; the value says whether the pod has it
// too.
func (r *reader) passed(n *tree.Node) map[passthrough]bool {
	out := map[passthrough]bool{}
	for _, item := range r.items(n, "taskConfigPassthroughs") {
		var kind passthrough
		both := false
		for _, f := range r.fields(item, "taskConfigPassthroughs") {
			switch camel(f.Key.Scalar) {
			case "field":
				name := r.str(f.Value, "field")
				kind = passthroughs[name]
				if kind == 0 && name != "NONE" && name != "" {
					r.add(unknownChoice("category of a task config", name, f.Value.Span(), sorted(passthroughs)...))
				}
			case "applyToTask":
				both = r.boolean(f.Value, "applyToTask")
			default:
				r.unknown(f.Key, "taskConfigPassthroughs", "field", "applyToTask")
			}
		}
		if kind != 0 {
			out[kind] = out[kind] || both
		}
	}
	return out
}

// configInputs are the inputs of type TASK_CONFIG.
func configInputs(e *entry) []*tree.Node {
	var out []*tree.Node
	if parameters := field(e.parts.inputs, "parameters"); parameters != nil {
		for _, f := range parameters.Fields {
			if t := field(f.Value, "parameterType"); t != nil && t.Scalar == "TASK_CONFIG" {
				out = append(out, f.Key)
			}
		}
	}
	return out
}

// taskConfig hands settings over to the component as one struct, in the form
// that they have in a pod, and takes those from the pod that are not to be
// applied to it.
func (s *scope) taskConfig(raw *rawTask, x *executor) {
	if raw.entry == nil {
		return
	}
	inputs := configInputs(raw.entry)
	pass := raw.entry.parts.passthroughs
	if len(inputs) == 0 && len(pass) == 0 {
		return
	}
	c := &config{scope: s, set: raw.task.Settings}
	asked := func(kind passthrough, key string, value func() ir.Value) {
		var v ir.Value = &ir.Literal{At: raw.task.At}
		if _, ok := pass[kind]; ok {
			v = value()
		}
		c.put(key, v)
	}
	asked(passAffinity, "affinity", c.affinity)
	asked(passEnv, "env", func() ir.Value { return c.env(raw, x) })
	asked(passNodeSelector, "nodeSelector", c.nodeSelector)
	asked(passResources, "resources", c.resources)
	asked(passTolerations, "tolerations", c.tolerations)
	asked(passVolumes, "volumeMounts", func() ir.Value { return c.volumes(true) })
	asked(passVolumes, "volumes", func() ir.Value { return c.volumes(false) })
	for _, key := range inputs {
		if raw.task.Arg(key.Scalar) == nil {
			raw.task.Args = append(raw.task.Args, &ir.Binding{Name: ir.Ident{Text: key.Scalar, At: raw.task.At}, Value: c.value(raw)})
		}
	}
	takeAway(raw.task.Settings, pass)
}

// takeAway leaves on the pod what is to be applied to it.
func takeAway(set *ir.Settings, pass map[passthrough]bool) {
	for kind, both := range pass {
		if both {
			continue
		}
		switch kind {
		case passResources:
			set.Resources, set.Accelerator = nil, nil
		case passTolerations:
			set.Tolerations = nil
		case passNodeSelector:
			set.NodeSelector, set.NodeSelectorFrom = nil, nil
		case passAffinity:
			set.Affinity = nil
		case passEnv:
			set.Env = nil // the container's own was left out when it was read
		case passVolumes:
			var kept []*ir.Volume
			for _, v := range set.Volumes {
				if !handedOver(v) {
					kept = append(kept, v)
				}
			}
			set.Volumes = kept
		}
	}
}

// handedOver: volumes that live no longer than the pod stay with it.
func handedOver(v *ir.Volume) bool { return v.Secret != nil || v.ConfigMap != nil || v.Claim != nil }

// A config is a task config on its way.
type config struct {
	*scope
	set    *ir.Settings
	keys   []string
	values []ir.Value
}

func (c *config) put(key string, v ir.Value) {
	c.keys, c.values = append(c.keys, key), append(c.values, v)
}

func (c *config) value(raw *rawTask) ir.Value { return object(c.keys, c.values, raw.task) }

// object is a struct, constant if all its values are.
func object(keys []string, values []ir.Value, t *ir.Task) ir.Value {
	all := make(map[string]any, len(keys))
	for i, v := range values {
		l, ok := v.(*ir.Literal)
		if !ok {
			return &ir.StructValue{Keys: keys, Values: values, At: t.At}
		}
		all[keys[i]] = l.V
	}
	return &ir.Literal{V: all, At: t.At}
}

func list(values []ir.Value, t *ir.Task) ir.Value {
	if len(values) == 0 {
		return &ir.Literal{At: t.At}
	}
	all := make([]any, len(values))
	for i, v := range values {
		l, ok := v.(*ir.Literal)
		if !ok {
			return &ir.ListValue{Items: values, At: t.At}
		}
		all[i] = l.V
	}
	return &ir.Literal{V: all, At: t.At}
}

// A builder collects the fields of an object.
type builder struct {
	keys   []string
	values []ir.Value
}

func (b *builder) put(key string, v ir.Value) *builder {
	if v != nil {
		b.keys, b.values = append(b.keys, key), append(b.values, v)
	}
	return b
}

func (b *builder) text(key, v string) *builder {
	if v == "" {
		return b
	}
	return b.put(key, &ir.Literal{V: v})
}

func (b *builder) flag(key string, v *bool) *builder {
	if v == nil {
		return b
	}
	return b.put(key, &ir.Literal{V: *v})
}

func (b *builder) value(t *ir.Task) ir.Value { return object(b.keys, b.values, t) }

// asText is the text form of a value, which must be there.
func (c *config) asText(v ir.Value) ir.Value {
	switch v := v.(type) {
	case nil:
		return nil
	case *ir.Literal:
		return &ir.Literal{V: ir.Text(v.V), At: v.At}
	case *ir.InputRef:
		if p := c.owner.Input(v.Name); p != nil && p.Optional && p.Default == nil {
			c.add(absentInConfig(v.Name, v.At))
		}
	case *ir.Template:
		return v
	}
	return &ir.Template{Parts: []ir.Value{v}, At: v.Span()}
}

func (c *config) resources() ir.Value {
	requests, limits := &builder{}, &builder{}
	for _, r := range c.set.Resources {
		requests.put(r.Name, c.asText(r.Request))
		limits.put(r.Name, c.asText(r.Limit))
	}
	if a := c.set.Accelerator; a != nil {
		lit, ok := a.Type.(*ir.Literal)
		if !ok {
			c.add(keyInConfig(a.At))
			return &ir.Literal{At: a.At}
		}
		limits.put(ir.Text(lit.V), c.asText(a.Count))
	}
	out := &builder{}
	for _, x := range []struct {
		key string
		b   *builder
	}{{"limits", limits}, {"requests", requests}} {
		if len(x.b.keys) > 0 {
			out.put(x.key, x.b.value(c.raw.task))
		}
	}
	return out.value(c.raw.task)
}

func (c *config) nodeSelector() ir.Value {
	if v := c.set.NodeSelectorFrom; v != nil {
		return v
	}
	if len(c.set.NodeSelector) == 0 {
		return &ir.Literal{At: c.raw.task.At}
	}
	b := &builder{}
	for _, p := range c.set.NodeSelector {
		b.put(p.Key, c.asText(p.Value))
	}
	return b.value(c.raw.task)
}

func (c *config) affinity() ir.Value {
	switch len(c.set.Affinity) {
	case 0:
		return &ir.Literal{At: c.raw.task.At}
	case 1:
		return c.set.Affinity[0]
	}
	c.add(mixedConfig("affinities", c.set.Affinity[1].Span()))
	return &ir.Literal{At: c.raw.task.At}
}

// tolerations: constants are single ones; a value of the run may be a list, but
// then it must be all.
func (c *config) tolerations() ir.Value {
	for _, v := range c.set.Tolerations {
		if _, ok := v.(*ir.Literal); ok || c.typeOf(v).Kind == ir.Struct {
			continue
		}
		if len(c.set.Tolerations) > 1 || c.typeOf(v).Kind != ir.List {
			c.add(mixedConfig("tolerations", v.Span()))
		}
		return v
	}
	return list(c.set.Tolerations, c.raw.task)
}

func (c *config) env(raw *rawTask, x *executor) ir.Value {
	var all []*ir.EnvVar
	for _, n := range c.items(x.env, "env") {
		all = append(all, c.reader.env(n, c.taskScope(raw, "")))
	}
	all = append(all, c.set.Env...)
	out := make([]ir.Value, 0, len(all))
	for _, e := range all {
		b := (&builder{}).text("name", e.Name.Text)
		key := func(kind string, ref *ir.KeyRef) {
			from := (&builder{}).put("key", c.asText(ref.Key)).put("name", c.asText(ref.Name)).flag("optional", ref.Optional)
			b.put("valueFrom", (&builder{}).put(kind, from.value(raw.task)).value(raw.task))
		}
		switch {
		case e.Secret != nil:
			key("secretKeyRef", e.Secret)
		case e.ConfigMap != nil:
			key("configMapKeyRef", e.ConfigMap)
		case e.FieldPath != "":
			path := (&builder{}).text("fieldPath", e.FieldPath).value(raw.task)
			b.put("valueFrom", (&builder{}).put("fieldRef", path).value(raw.task))
		default:
			b.put("value", c.asText(e.Value))
		}
		out = append(out, b.value(raw.task))
	}
	return list(out, raw.task)
}

// volumes are the volumes, or their mounts. A volume is called like its object.
func (c *config) volumes(mounts bool) ir.Value {
	t := c.raw.task
	var out []ir.Value
	seen := map[string]bool{}
	if c.pipe.Workspace != nil {
		b := (&builder{}).text("name", "kfp-workspace")
		if mounts {
			b.text("mountPath", "/kfp-workspace")
		} else {
			claim := &ir.Template{Parts: []ir.Value{&ir.RunRef{Field: ir.RunName, At: t.At}, &ir.Literal{V: "-kfp-workspace", At: t.At}}, At: t.At}
			b.put("persistentVolumeClaim", (&builder{}).put("claimName", claim).value(t))
		}
		out = append(out, b.value(t))
	}
	for _, v := range c.set.Volumes {
		if !handedOver(v) {
			continue
		}
		b := &builder{}
		switch {
		case mounts:
			b.put("name", c.asText(objectOf(v))).text("mountPath", v.Path).text("subPath", v.SubPath)
		case seen[v.Name()] && v.Name() != "":
			continue
		case v.Secret != nil:
			name := c.asText(v.Secret)
			b.put("name", name).put("secret", (&builder{}).put("secretName", name).flag("optional", v.Optional).value(t))
		case v.ConfigMap != nil:
			name := c.asText(v.ConfigMap)
			b.put("name", name).put("configMap", (&builder{}).put("name", name).flag("optional", v.Optional).value(t))
		default:
			name := c.asText(v.Claim)
			b.put("name", name).put("persistentVolumeClaim", (&builder{}).put("claimName", name).value(t))
		}
		seen[v.Name()] = true
		out = append(out, b.value(t))
	}
	return list(out, t)
}

// objectOf is the name of the one of three objects that a volume is made of.
func objectOf(v *ir.Volume) ir.Value {
	switch {
	case v.Secret != nil:
		return v.Secret
	case v.ConfigMap != nil:
		return v.ConfigMap
	}
	return v.Claim
}
