package dsl

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// interpreters are the programs that a script may name by a word, with what
// stands before its text.
var interpreters = map[string][]string{
	"sh":      {"sh", "-ec"},
	"bash":    {"bash", "-ec"},
	"python3": {"python3", "-c"},
}

// script makes a command line of program text. Inputs and output paths come as
// environment variables, so that no text is ever pasted into code.
func (r *reader) script(c *component, b *ir.Container, f *tree.Field) {
	for _, k := range [...]string{"command", "args"} {
		if other := field(c.node, k); other != nil {
			r.report(bothKeys(other.Key, k, "script"))
		}
	}
	b.Command, b.Args = nil, nil
	for _, word := range r.interpreter(c.node.Get("interpreter")) {
		b.Command = append(b.Command, &ir.TextArg{Value: word})
	}
	if !isScalar(f.Value) {
		return
	}
	b.Command = append(b.Command, &ir.TextArg{Value: &ir.Literal{V: f.Value.Scalar, At: f.Value.Span()}})
	if i := strings.Index(f.Value.Scalar, "${{"); i >= 0 {
		r.report(expressionInScript(f.Value.Fragment().Span(i, i+3)))
	}
	r.scriptEnv(c, b)
}

func (r *reader) interpreter(n *tree.Node) []ir.Value {
	words := interpreters["sh"]
	switch {
	case isSequence(n):
		var out []ir.Value
		for _, e := range n.Items {
			if isScalar(e) {
				out = append(out, &ir.Literal{V: text(e), At: e.Span()})
			}
		}
		if len(out) == 0 {
			r.report(emptyInterpreter(n))
		}
		return out
	case isScalar(n) && interpreters[n.Scalar] != nil:
		words = interpreters[n.Scalar]
	}
	out := make([]ir.Value, len(words))
	for i, w := range words {
		out[i] = &ir.Literal{V: w, At: n.Span()}
	}
	return out
}

func (r *reader) scriptEnv(c *component, b *ir.Container) {
	c.auto = map[string]bool{}
	first := map[string]*ir.Port{}
	add := func(prefix string, p *ir.Port, e *ir.EnvVar) {
		name := prefix + variable(p.Name.Text)
		if other := first[name]; other != nil {
			r.report(variableTwice(p, other, name))
			return
		}
		first[name], c.auto[name] = p, true
		e.Name = ir.Ident{Text: name, At: p.Name.At}
		b.Env = append(b.Env, e)
	}
	for _, p := range c.ir.Inputs {
		e := &ir.EnvVar{}
		switch {
		case p.Secret:
			e.SecretInput = p.Name.Text
		case !p.Type.IsArtifact():
			e.Value = &ir.InputRef{Name: p.Name.Text, At: p.Name.At}
		case p.Type.Kind == ir.List:
			e.Value = &ir.PortRef{Port: p.Name.Text, Aspect: ir.AspectWhole, At: p.Name.At}
		default:
			e.Value = &ir.PortRef{Port: p.Name.Text, Aspect: ir.AspectPath, At: p.Name.At}
		}
		add("INPUT_", p, e)
	}
	for _, p := range c.ir.Outputs {
		add("OUTPUT_", p, &ir.EnvVar{Value: &ir.PortRef{Output: true, Port: p.Name.Text, Aspect: ir.AspectPath, At: p.Name.At}})
	}
}

// variable is the form of a name in an environment variable.
func variable(name string) string {
	return strings.ReplaceAll(strings.ToUpper(name), "-", "_")
}

// envVar reads one environment variable, nil when it is null or after a report.
// secret is the secret input whose content it holds, if it does: the one kind
// of value that is known by its place only.
func (r *reader) envVar(name, n *tree.Node, p place) (e *ir.EnvVar, secret ir.Value) {
	e = &ir.EnvVar{Name: ident(name)}
	if isScalar(n) {
		if !hasExpression(n.Scalar) {
			e.Value = r.text(n, p)
			return e, nil
		}
		v := r.scalar(n, p, false)
		if v.secret {
			return e, v.v
		}
		if e.Value = r.asText(v, n.Span()); e.Value == nil {
			return nil, nil
		}
		return e, nil
	}
	return r.envSource(e, n, p), nil
}

// envSource is a variable that the cluster gives.
func (r *reader) envSource(e *ir.EnvVar, n *tree.Node, p place) *ir.EnvVar {
	if !isMapping(n) {
		return nil
	}
	source := ""
	for _, k := range [...]string{"secret", "config-map", "field"} {
		f := field(n, k)
		switch {
		case f == nil || f.Value.IsNull():
		case source != "":
			r.report(bothKeys(f.Key, k, source))
			return nil
		default:
			source = k
		}
	}
	key := field(n, "key")
	switch source {
	case "":
		r.report(envWithout(n))
		return nil
	case "field":
		e.FieldPath = text(n.Get("field"))
		for _, k := range [...]string{"key", "optional"} {
			if f := field(n, k); f != nil {
				r.report(bothKeys(f.Key, k, "field"))
			}
		}
		return e
	}
	if key == nil || key.Value.IsNull() {
		r.report(envWithoutKey(n, source))
		return nil
	}
	ref := &ir.KeyRef{Name: r.text(n.Get(source), p), Key: r.text(key.Value, p), Optional: optionalBool(n.Get("optional")), At: n.Span()}
	if source == "secret" {
		e.Secret = ref
	} else {
		e.ConfigMap = ref
	}
	return e
}
