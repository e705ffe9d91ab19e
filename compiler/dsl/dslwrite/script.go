package dslwrite

import (
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

var interpreters = map[string]string{"sh -ec": "sh", "bash -ec": "bash", "python3 -c": "python3"}

// script writes program text with its interpreter where the container has just
// the form that the reader makes of one.
func (w *writer) script(m *node, c *ir.Component, b *ir.Container) bool {
	words := make([]string, 0, len(b.Command))
	for _, a := range b.Command {
		t, ok := a.(*ir.TextArg)
		if !ok {
			return false
		}
		l, ok := t.Value.(*ir.Literal)
		if !ok {
			return false
		}
		words = append(words, ir.Text(l.V))
	}
	if len(b.Args) > 0 || len(words) < 3 || b.Contract != ir.DSLContract || !startsWith(b.Env, automatic(c)) {
		return false
	}
	n := len(words) - 1
	name, known := interpreters[strings.Join(words[:n], " ")]
	if !known || n != 2 || strings.Contains(words[n], "${{") || words[n] == "" {
		return false
	}
	if name != "sh" {
		m.add("interpreter", plain(name))
	}
	m.add("script", text(words[n]))
	return true
}

// automatic are the variables of a script.
func automatic(c *ir.Component) []*ir.EnvVar {
	var out []*ir.EnvVar
	add := func(prefix, name string, e *ir.EnvVar) {
		e.Name.Text = prefix + strings.ReplaceAll(strings.ToUpper(name), "-", "_")
		out = append(out, e)
	}
	for _, p := range c.Inputs {
		e, name := &ir.EnvVar{}, p.Name.Text
		switch {
		case p.Captured: // made for a variable that a task sets
			continue
		case p.Secret:
			e.SecretInput = name
		case !p.Type.IsArtifact():
			e.Value = &ir.InputRef{Name: name}
		case p.Type.Kind == ir.List:
			e.Value = &ir.PortRef{Port: name, Aspect: ir.AspectWhole}
		default:
			e.Value = &ir.PortRef{Port: name, Aspect: ir.AspectPath}
		}
		add("INPUT_", name, e)
	}
	for _, p := range c.Outputs {
		add("OUTPUT_", p.Name.Text, &ir.EnvVar{Value: &ir.PortRef{Output: true, Port: p.Name.Text, Aspect: ir.AspectPath}})
	}
	return out
}

// startsWith reports whether the variables begin with those of a script, and
// whether none of these comes again.
func startsWith(env, auto []*ir.EnvVar) bool {
	if len(env) < len(auto) {
		return false
	}
	for i, a := range auto {
		e := env[i]
		if e.Name.Text != a.Name.Text || e.SecretInput != a.SecretInput || e.Secret != nil || e.ConfigMap != nil || e.FieldPath != "" {
			return false
		}
		if (e.Value == nil) != (a.Value == nil) || e.Value != nil && ir.ValueText(e.Value) != ir.ValueText(a.Value) {
			return false
		}
		if slices.ContainsFunc(env[len(auto):], func(x *ir.EnvVar) bool { return x.Name.Text == a.Name.Text }) {
			return false
		}
	}
	return true
}
