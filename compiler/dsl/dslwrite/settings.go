package dslwrite

import (
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// settings are those of a task, all that it has: nothing is left to layers but
// whether results may be reused.
func (w *writer) settings(m *node, s *scope, t *ir.Task) {
	set := t.Settings
	if set == nil {
		return
	}
	if set.Retry != nil {
		m.add("retry", w.retry(s, set.Retry))
	}
	if set.Timeout > 0 {
		m.add("timeout", duration(set.Timeout))
	}
	m.add("cache", w.cache(s, set.Cache))
	w.kubernetes(m, s, set)
	m.addFilled("env", w.env(s, set.Env))
	m.addFilled("env-from", w.envFrom(s, set.EnvFrom))
	m.addFilled("volumes", w.volumes(s, set.Volumes))
	m.addFilled("init-containers", w.initContainers(s, set.InitContainers))
	if set.Argo != nil {
		argo := mapping()
		argo.add("template", raw(set.Argo))
		m.add("argo", argo)
	}
}

// cache is nil where the default says the same.
func (w *writer) cache(s *scope, c *ir.Cache) *node {
	switch {
	case c == nil && w.cached:
		return plain("false")
	case c == nil, !c.Asked && w.cached && c.MaxAge == 0 && c.Key == nil:
		return nil
	case c.MaxAge == 0 && c.Key == nil && c.Asked:
		return plain("true")
	case c.MaxAge == 0 && c.Key == nil:
		return plain("allowed")
	}
	m := mapping()
	if c.MaxAge > 0 {
		m.add("max-age", duration(c.MaxAge))
	}
	m.add("key", w.text(s, c.Key))
	m.addTrue("allowed", !c.Asked)
	return m
}

func (w *writer) env(s *scope, env []*ir.EnvVar) *node {
	m := mapping()
	seen := map[string]bool{}
	for _, e := range env {
		if seen[e.Name.Text] {
			w.cannot(e.Name.At, "the variable "+quote(e.Name.Text)+", which is set twice,", "set it once")
			continue
		}
		seen[e.Name.Text] = true
		m.add(e.Name.Text, w.variable(s, e))
	}
	return m
}

func (w *writer) variable(s *scope, e *ir.EnvVar) *node {
	switch {
	case e.Secret != nil:
		return w.keyRef(s, "secret", e.Secret)
	case e.ConfigMap != nil:
		return w.keyRef(s, "config-map", e.ConfigMap)
	case e.FieldPath != "":
		m := mapping()
		m.addText("field", e.FieldPath)
		return m
	case e.SecretInput != "":
		return text("${{ " + member("inputs", e.SecretInput) + " }}")
	}
	return w.text(s, e.Value)
}

func (w *writer) keyRef(s *scope, source string, k *ir.KeyRef) *node {
	m := mapping()
	m.add(source, w.text(s, k.Name))
	m.add("key", w.text(s, k.Key))
	optional(m, k.Optional)
	return m
}

func optional(m *node, b *bool) {
	if b != nil {
		m.add("optional", dynamic(*b, escape))
	}
}

func (w *writer) envFrom(s *scope, list []*ir.EnvFrom) *node {
	out := seq()
	for _, e := range list {
		m := mapping()
		m.add("secret", w.text(s, e.Secret))
		m.add("config-map", w.text(s, e.ConfigMap))
		m.addText("prefix", e.Prefix)
		optional(m, e.Optional)
		out.items = append(out.items, m)
	}
	return out
}
