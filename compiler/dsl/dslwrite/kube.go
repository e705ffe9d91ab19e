package dslwrite

import "github.com/kfp-go/kfp-go/compiler/ir"

// kubernetes writes where and how a pod runs.
func (w *writer) kubernetes(m *node, s *scope, set *ir.Settings) {
	m.addFilled("resources", w.resources(s, set.Resources))
	if a := set.Accelerator; a != nil {
		m.add("accelerator", w.accelerator(s, a))
	}
	m.addText("spot", set.Spot)
	m.addFilled("node-selector", w.pairs(s, set.NodeSelector))
	if set.NodeSelectorFrom != nil {
		m.add("node-selector", w.value(s, set.NodeSelectorFrom, ir.Type{Kind: ir.Dynamic}))
	}
	affinity := seq()
	for _, v := range set.Affinity {
		affinity.items = append(affinity.items, w.value(s, v, ir.Type{Kind: ir.Dynamic}))
	}
	switch len(affinity.items) {
	case 0:
	case 1:
		m.add("affinity", affinity.items[0])
	default:
		m.add("affinity", affinity)
	}
	tolerations := seq()
	for _, v := range set.Tolerations {
		tolerations.items = append(tolerations.items, w.value(s, v, ir.Type{Kind: ir.Dynamic}))
	}
	m.addFilled("tolerations", tolerations)
	if set.SecurityContext != nil {
		m.add("security-context", w.value(s, set.SecurityContext, ir.Type{Kind: ir.Dynamic}))
	}
	m.add("service-account", w.text(s, set.ServiceAccount))
	m.addFilled("labels", w.pairs(s, set.Labels))
	m.addFilled("annotations", w.pairs(s, set.Annotations))
	if set.ImagePullPolicy != "" {
		policy, ok := pullPolicies[set.ImagePullPolicy]
		if !ok {
			w.cannot(w.p.Name.At, "the image pull policy "+quote(set.ImagePullPolicy), "it is Always, IfNotPresent or Never")
		}
		m.add("image-pull-policy", plain(policy))
	}
	secrets := seq()
	for _, v := range set.ImagePullSecrets {
		secrets.items = append(secrets.items, w.text(s, v))
	}
	m.addFilled("image-pull-secrets", secrets)
	m.addText("priority-class", set.PriorityClass)
	m.addText("queue", set.Queue)
	m.addText("shared-memory", set.SharedMemory)
}

var pullPolicies = map[string]string{"Always": "always", "IfNotPresent": "if-not-present", "Never": "never"}

func (w *writer) resources(s *scope, list []*ir.Resource) *node {
	m := mapping()
	for _, r := range list {
		if r.Request != nil && r.Limit != nil && ir.ValueText(r.Request) == ir.ValueText(r.Limit) {
			m.add(r.Name, w.text(s, r.Request))
			continue
		}
		one := mapping()
		one.add("request", w.text(s, r.Request))
		one.add("limit", w.text(s, r.Limit))
		m.add(r.Name, one)
	}
	return m
}

func (w *writer) accelerator(s *scope, a *ir.Accelerator) *node {
	m := mapping()
	m.add("type", w.text(s, a.Type))
	if l, ok := a.Count.(*ir.Literal); !ok || l.V != int64(1) {
		if a.Count != nil {
			m.add("count", w.count(s, a.Count))
		}
	}
	m.add("product", w.text(s, a.Product))
	return m
}

func (w *writer) pairs(s *scope, list []*ir.SettingPair) *node {
	m := mapping()
	for _, p := range list {
		m.add(p.Key, w.text(s, p.Value))
	}
	return m
}

func (w *writer) initContainers(s *scope, list []*ir.InitContainer) *node {
	out := seq()
	for _, c := range list {
		m := mapping()
		m.add("name", text(escape(c.Name.Text)))
		m.add("image", text(escape(c.Image)))
		m.addFilled("command", texts(c.Command))
		m.addFilled("args", texts(c.Args))
		m.addFilled("env", literalPairs(c.Env))
		mounts := mapping()
		for _, v := range c.Mounts {
			mounts.add(v.Path, text(escape(v.Volume)))
		}
		m.addFilled("volumes", mounts)
		m.addTrue("sidecar", c.Sidecar)
		m.addFilled("resources", w.resources(s, c.Resources))
		out.items = append(out.items, m)
	}
	return out
}

func (w *writer) volumes(s *scope, list []*ir.Volume) *node {
	m := mapping()
	seen := map[string]bool{}
	for _, v := range list {
		if seen[v.Path] {
			w.cannot(v.At, "the second volume at "+quote(v.Path), "mount one thing at one place")
			continue
		}
		seen[v.Path] = true
		m.add(v.Path, w.volume(s, v))
	}
	return lines(m)
}

func (w *writer) volume(s *scope, v *ir.Volume) *node {
	m := mapping()
	m.add("claim", w.text(s, v.Claim))
	m.add("secret", w.text(s, v.Secret))
	m.add("config-map", w.text(s, v.ConfigMap))
	if e := v.EmptyDir; e != nil {
		m.add("empty-dir", w.emptyDir(v, e))
	}
	if e := v.Ephemeral; e != nil {
		m.add("ephemeral", ephemeral(e))
	}
	if v.Other != nil {
		m.add("source", raw(v.Other))
	}
	m.addText("sub-path", v.SubPath)
	m.addTrue("read-only", v.ReadOnly)
	optional(m, v.Optional)
	return m
}

func (w *writer) emptyDir(v *ir.Volume, e *ir.EmptyDir) *node {
	m := mapping()
	switch e.Medium {
	case "":
	case "Memory":
		m.add("medium", plain("memory"))
	default:
		m.addText("medium", e.Medium)
	}
	m.addText("size", e.SizeLimit)
	m.addText("name", e.Name)
	return m
}

func ephemeral(e *ir.Ephemeral) *node {
	m := mapping()
	m.add("size", text(escape(e.Size)))
	if e.StorageClass != nil {
		m.add("storage-class", text(escape(*e.StorageClass)))
	}
	m.addFilled("access-modes", texts(e.AccessModes))
	m.addText("name", e.Name)
	m.addFilled("labels", literalPairs(e.Labels))
	m.addFilled("annotations", literalPairs(e.Annotations))
	return m
}

func literalPairs(list []ir.Pair) *node {
	m := mapping()
	for _, p := range list {
		m.add(p.Key, text(escape(p.Value)))
	}
	return m
}
