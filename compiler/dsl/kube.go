package dsl

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

func (b *settingsBuilder) resources(s *setting) []*ir.Resource {
	out := make([]*ir.Resource, 0, len(s.fields))
	for _, f := range s.fields {
		res := &ir.Resource{Name: f.key.Scalar, At: f.span()}
		if f.isMap {
			res.Request, res.Limit = b.text(f.get("request")), b.text(f.get("limit"))
			if len(f.fields) == 0 && !b.partial {
				b.r.report(emptyResource(f.node))
			}
		} else {
			res.Request = b.text(f)
			res.Limit = res.Request
		}
		if res.Request != nil || res.Limit != nil {
			out = append(out, res)
		}
	}
	return out
}

func (b *settingsBuilder) accelerator(s *setting) *ir.Accelerator {
	if b.lacks(s, "type", "name the extended resource, such as nvidia.com/gpu") {
		return nil
	}
	a := &ir.Accelerator{Type: b.text(s.get("type")), Count: b.integer(s.get("count")), Product: b.text(s.get("product")), At: s.span()}
	if a.Type == nil {
		return nil
	}
	if s.get("count") == nil {
		a.Count = &ir.Literal{V: int64(1), At: s.span()}
	}
	return a
}

// expression is a setting that one expression gives whole.
func (b *settingsBuilder) expression(s *setting) ir.Value {
	n := s.value()
	if !isScalar(n) {
		return nil
	}
	return b.bind(b.r.expression(n, b.place(s.from)).v, s.from)
}

// affinity is one affinity or a list of them.
func (b *settingsBuilder) affinity(s *setting) []ir.Value {
	if n := s.value(); isSequence(n) {
		return b.values(n, s.from)
	}
	if v := b.json(s); v != nil {
		return []ir.Value{v}
	}
	return nil
}

// tolerations are a list, or one expression that gives a list.
func (b *settingsBuilder) tolerations(s *setting) []ir.Value {
	n := s.value()
	if v := b.expression(s); v != nil {
		return []ir.Value{v}
	}
	if !isSequence(n) {
		return nil
	}
	return b.values(n, s.from)
}

func (b *settingsBuilder) values(list *tree.Node, from origin) []ir.Value {
	out := make([]ir.Value, 0, len(list.Items))
	for _, e := range list.Items {
		v := b.r.value(e, ir.Type{Kind: ir.Dynamic}, b.place(from))
		if v.v != nil {
			out = append(out, b.bind(v.v, from))
		}
	}
	return out
}

// env is one variable; what a mapping says may come from several layers.
func (b *settingsBuilder) env(f *setting) *ir.EnvVar {
	e, secret := b.r.envVar(f.key, f.flat(), b.place(f.from))
	if secret != nil {
		b.secrets = append(b.secrets, secretVar{e.Name, secret})
		return nil
	}
	return e
}

// flat is a merged mapping as a node again.
func (s *setting) flat() *tree.Node {
	if !s.isMap {
		return s.node
	}
	out := &tree.Node{Kind: tree.Mapping, File: s.node.File, Start: s.node.Start, End: s.node.End}
	out.Fields = make([]tree.Field, len(s.fields))
	for i, f := range s.fields {
		out.Fields[i] = tree.Field{Key: f.key, Value: f.flat()}
	}
	return out
}

func (b *settingsBuilder) envFrom(s *setting) []*ir.EnvFrom {
	n := s.value()
	if !isSequence(n) {
		return nil
	}
	p := b.place(s.from)
	var out []*ir.EnvFrom
	for _, e := range n.Items {
		if !isMapping(e) {
			continue
		}
		secret, config := field(e, "secret"), field(e, "config-map")
		switch {
		case secret == nil && config == nil:
			b.r.report(envFromWithout(e))
			continue
		case secret != nil && config != nil:
			b.r.report(bothKeys(config.Key, "config-map", "secret"))
		}
		out = append(out, &ir.EnvFrom{
			Secret:    b.bind(b.r.text(e.Get("secret"), p), s.from),
			ConfigMap: b.bind(b.r.text(e.Get("config-map"), p), s.from),
			Prefix:    text(e.Get("prefix")), Optional: optionalBool(e.Get("optional")), At: e.Span(),
		})
	}
	return out
}

var volumeSources = [...]string{"claim", "secret", "config-map", "empty-dir", "ephemeral", "source"}

func (b *settingsBuilder) volume(s *setting) *ir.Volume {
	if !s.isMap {
		return nil
	}
	found := ""
	for _, f := range s.fields {
		if !oneOf(f.key.Scalar, volumeSources[:]) {
			continue
		}
		if found != "" {
			b.r.report(bothKeys(f.key, f.key.Scalar, found))
			return nil
		}
		found = f.key.Scalar
	}
	if found == "" {
		if !b.partial {
			b.r.report(volumeWithout(s.node, s.key.Scalar))
		}
		return nil
	}
	if !strings.HasPrefix(s.key.Scalar, "/") {
		b.r.report(badMountPath(s.key))
	}
	v := &ir.Volume{
		Path: s.key.Scalar, SubPath: text(s.get("sub-path").value()), ReadOnly: boolean(s.get("read-only").value()),
		Optional: optionalBool(s.get("optional").value()), At: s.span(),
	}
	switch from := s.get(found); found {
	case "claim":
		v.Claim = b.text(from)
	case "secret":
		v.Secret = b.text(from)
	case "config-map":
		v.ConfigMap = b.text(from)
	case "empty-dir":
		v.EmptyDir = &ir.EmptyDir{SizeLimit: text(from.get("size").value()), Name: text(from.get("name").value())}
		if text(from.get("medium").value()) == "memory" {
			v.EmptyDir.Medium = "Memory"
		}
	case "ephemeral":
		b.lacks(from, "size", "say how large it is: size: 10Gi")
		v.Ephemeral = &ir.Ephemeral{
			Name: text(from.get("name").value()), Size: text(from.get("size").value()), StorageClass: optionalText(from.get("storage-class").value()),
			AccessModes: texts(from.get("access-modes").value()),
			Labels:      pairs(from.get("labels").flatOrNil()), Annotations: pairs(from.get("annotations").flatOrNil()),
		}
	case "source":
		v.Other, _ = from.raw().(map[string]any)
	}
	if v.Claim == nil && v.Secret == nil && v.ConfigMap == nil && v.EmptyDir == nil && v.Ephemeral == nil && v.Other == nil {
		return nil
	}
	return v
}

// initContainers are constant: nothing of the run reaches them but volumes.
func (b *settingsBuilder) initContainers(s *setting) []*ir.InitContainer {
	n := s.value()
	if !isSequence(n) {
		return nil
	}
	var out []*ir.InitContainer
	for _, e := range n.Items {
		if !isMapping(e) {
			continue
		}
		c := &ir.InitContainer{
			Name: ir.Ident{Text: text(e.Get("name")), At: e.Span()}, Image: text(e.Get("image")), Command: texts(e.Get("command")), Args: texts(e.Get("args")),
			Env: pairs(e.Get("env")), Sidecar: boolean(e.Get("sidecar")),
		}
		for _, f := range fields(e.Get("volumes")) {
			c.Mounts = append(c.Mounts, ir.Mount{Path: f.Key.Scalar, Volume: text(f.Value), At: f.Key.Span()})
		}
		for _, f := range fields(e.Get("resources")) {
			c.Resources = append(c.Resources, constantResource(f))
		}
		out = append(out, c)
	}
	return out
}

func constantResource(f tree.Field) *ir.Resource {
	quantity := func(n *tree.Node) ir.Value {
		if !isScalar(n) {
			return nil
		}
		return &ir.Literal{V: text(n), At: n.Span()}
	}
	out := &ir.Resource{Name: f.Key.Scalar, At: f.Value.Span()}
	if isMapping(f.Value) {
		out.Request, out.Limit = quantity(f.Value.Get("request")), quantity(f.Value.Get("limit"))
		return out
	}
	out.Request = quantity(f.Value)
	out.Limit = out.Request
	return out
}

func (s *setting) flatOrNil() *tree.Node {
	if s == nil {
		return nil
	}
	return s.flat()
}
