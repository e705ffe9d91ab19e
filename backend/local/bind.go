package local

import (
	"errors"
	"fmt"
	"math"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// bind gives the inputs of a task's component their values: the wired one, else
// the default, else absent if that is allowed. item is a loop's element for the
// input that receives it.
func (s *scope) bind(t *ir.Task, itemInput string, item any) (map[string]any, error) {
	c := t.Component
	out := make(map[string]any, len(c.Inputs))
	args := argIndex(t)
	for _, p := range c.Inputs {
		name := p.Name.Text
		var v any
		if name == itemInput && itemInput != "" {
			v = item
		} else if b := args(name); b != nil {
			x, err := s.eval(b.Value)
			if err != nil {
				return nil, fmt.Errorf("input %q: %w", name, err)
			}
			v = x
		}
		if v == nil && p.Default != nil {
			v = p.Default.V
		}
		if v == nil {
			if !s.mayBeAbsent(c, p) {
				return nil, fmt.Errorf("input %q has no value", name)
			}
			continue
		}
		x, err := convert(v, p.Type)
		if err == nil {
			err = s.whole(x, p.Type)
		}
		if err == nil {
			err = checkLimits(x, p.Limits)
		}
		if err != nil {
			return nil, fmt.Errorf("input %q: %w", name, err)
		}
		out[name] = x
	}
	return out, nil
}

// whole refuses a fraction for an integer. KFP does not look.
func (s *scope) whole(v any, t ir.Type) error {
	if f, ok := v.(float64); ok && t.Kind == ir.Integer && s.run.pipeline.Dialect == ir.DSL {
		return fmt.Errorf("%s is not an integer", ir.Text(f))
	}
	return nil
}

// mayBeAbsent: what merely passes a DAG on its way in may be absent there; the
// task that needs it in the end judges.
func (s *scope) mayBeAbsent(c *ir.Component, p *ir.Port) bool {
	return p.Optional || c.DAG() != nil && (p.Captured || s.run.pipeline.Dialect == ir.KFP)
}

func argIndex(t *ir.Task) func(string) *ir.Binding {
	if len(t.Args) < 8 {
		return t.Arg
	}
	m := make(map[string]*ir.Binding, len(t.Args))
	for _, b := range t.Args {
		m[b.Name.Text] = b
	}
	return func(name string) *ir.Binding { return m[name] }
}

// convert is KFP's rule for every input: text takes anything by its text form,
// everything else must already be of its kind.
func convert(v any, t ir.Type) (any, error) {
	switch t.Kind {
	case ir.String:
		if len(artifactsOf(v)) == 0 {
			return ir.Text(v), nil
		}
	case ir.Integer, ir.Number:
		switch x := v.(type) {
		case int64:
			return x, nil
		case int:
			return int64(x), nil
		case float64:
			if t.Kind == ir.Integer && x == math.Trunc(x) && math.Abs(x) <= ir.MaxSafe {
				return int64(x), nil
			}
			return x, nil
		}
	case ir.Boolean:
		if _, ok := v.(bool); ok {
			return v, nil
		}
	case ir.List:
		if t.IsArtifact() {
			return artifactList(v)
		}
		if l, ok := v.([]any); ok && len(artifactsOf(l)) == 0 {
			return v, nil
		}
	case ir.Struct:
		if _, ok := v.(map[string]any); ok {
			return v, nil
		}
	case ir.Artifact:
		return oneArtifact(v)
	default:
		return v, nil
	}
	return nil, fmt.Errorf("%s where %s is wanted", kindOf(v), article(t))
}

func oneArtifact(v any) (any, error) {
	switch x := v.(type) {
	case *artifact:
		return x, nil
	case []any:
		if len(x) == 1 {
			return oneArtifact(x[0])
		}
		return nil, fmt.Errorf("a list of %d where one artifact is wanted", len(x))
	}
	return nil, fmt.Errorf("%s where an artifact is wanted", kindOf(v))
}

func artifactList(v any) (any, error) {
	switch x := v.(type) {
	case *artifact:
		return []any{x}, nil
	case []any:
		if len(artifactsOf(x)) > 0 || len(x) == 0 {
			return x, nil
		}
	}
	return nil, fmt.Errorf("%s where a list of artifacts is wanted", kindOf(v))
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case int, int64, float64:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "a struct"
	case *artifact:
		return "an artifact"
	}
	return fmt.Sprintf("a %T", v)
}

func article(t ir.Type) string {
	if t.Kind == ir.Integer {
		return "an integer"
	}
	return "a " + t.String()
}

// rootInputs are the pipeline's parameters: those given, else the defaults. All
// that does not fit is told at once. params is what the run shows.
func rootInputs(root *ir.Component, given map[string]any) (inputs, params map[string]any, err error) {
	inputs, params = make(map[string]any, len(root.Inputs)), make(map[string]any, len(root.Inputs))
	var errs []error
	for _, name := range keys(given) {
		if root.Input(name) == nil {
			errs = append(errs, fmt.Errorf("the pipeline has no input %q", name))
		}
	}
	for _, p := range root.Inputs {
		name := p.Name.Text
		v := given[name]
		if v == nil && p.Default != nil {
			v = p.Default.V
		}
		if v == nil {
			if !p.Optional {
				errs = append(errs, fmt.Errorf("input %q is required", name))
			}
			continue
		}
		x, err := rootInput(p, v)
		if err != nil {
			errs = append(errs, fmt.Errorf("input %q: %w", name, err))
			continue
		}
		inputs[name], params[name] = x, plain(x)
	}
	return inputs, params, errors.Join(errs...)
}

func rootInput(p *ir.Port, v any) (any, error) {
	if p.Type.IsArtifact() {
		return rootArtifact(p, v)
	}
	if _, ok := v.(string); p.Type.Kind == ir.String && !ok {
		return nil, fmt.Errorf("%s where a string is wanted", kindOf(v))
	}
	x, err := convert(v, p.Type)
	if err == nil {
		if f, ok := x.(float64); ok && p.Type.Kind == ir.Integer {
			return nil, fmt.Errorf("%s is not an integer", ir.Text(f))
		}
		err = checkLimits(x, p.Limits)
	}
	if err == nil && len(ir.Text(x)) > maxParameter {
		err = fmt.Errorf("%d bytes, a parameter holds at most %d; pass an artifact", len(ir.Text(x)), maxParameter)
	}
	return x, err
}

// rootArtifact is an artifact given to the pipeline by its URI.
func rootArtifact(p *ir.Port, v any) (any, error) {
	uri, meta := v, map[string]any(nil)
	if m, ok := v.(map[string]any); ok {
		uri = m["uri"]
		meta, _ = m["metadata"].(map[string]any)
	}
	switch x := uri.(type) {
	case string:
		item := p.Type
		for item.Kind == ir.List && item.Items != nil {
			item = *item.Items
		}
		a := &artifact{Name: p.Name.Text, URI: x, Schema: item.Schema, Metadata: meta, Bytes: -1}
		if p.Type.Kind == ir.List {
			return []any{a}, nil
		}
		return a, nil
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			a, err := rootArtifact(&ir.Port{Name: p.Name, Type: *p.Type.Items}, e)
			if err != nil {
				return nil, err
			}
			out[i] = a
		}
		return out, nil
	}
	return nil, fmt.Errorf("%s where the URI of an artifact is wanted", kindOf(v))
}
