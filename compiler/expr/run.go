package expr

import (
	"context"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

func (p *Program) makePlan() (cel.Program, error) {
	return p.env.Program(p.ast, cel.CostLimit(maxCost), cel.InterruptCheckFrequency(100))
}

// Eval computes the value from those of the variables: JSON values, in which
// an absent one and nil are the same. Integers come out as int64, other
// numbers as float64. get is asked only for what the evaluation reads.
func (p *Program) Eval(ctx context.Context, get func(name string) (v any, present bool)) (any, error) {
	plan, err := p.plan()
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", p.source, err)
	}
	a := &activation{p: p, get: get}
	out, _, err := plan.ContextEval(ctx, a)
	if a.err != nil {
		return nil, fmt.Errorf("expression %q: %w", p.source, a.err)
	}
	if err != nil {
		return nil, fmt.Errorf("expression %q: %s", p.source, reason(err))
	}
	v, err := toJSON(out)
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", p.source, err)
	}
	return v, nil
}

// reason words an error of CEL's for the author: names of the pool mean nothing
// to him.
func reason(err error) string {
	s := err.Error()
	if strings.Contains(s, "no such attribute") && strings.Contains(s, "@") {
		return "a value that it reads is absent"
	}
	return strings.ReplaceAll(s, "\n", " ")
}

// An activation hands over the values that an evaluation asks for.
type activation struct {
	p   *Program
	get func(string) (any, bool)
	err error
}

func (a *activation) Parent() cel.Activation { return nil }

func (a *activation) ResolveName(name string) (any, bool) {
	l, ok := a.p.leaves[name]
	if !ok {
		return nil, false
	}
	v := a.p.vars[l.index]
	raw, present := a.get(v.Name)
	present = present && raw != nil
	switch {
	case l.mode == readPresence:
		return types.Bool(present || !v.Optional && !v.Uncertain), true
	case !present && l.mode == readOptional:
		return types.OptionalNone, true
	case !present && v.Type.Kind == ir.Dynamic && !v.Optional:
		return types.NullValue, true
	case !present:
		return nil, false
	}
	val, err := a.value(raw, v)
	if err != nil {
		a.err = fmt.Errorf("%s: %w", v.Name, err)
		return types.WrapErr(a.err), true
	}
	if l.mode == readOptional {
		return types.OptionalOf(val), true
	}
	return val, true
}

func (a *activation) value(raw any, v Variable) (ref.Val, error) {
	if a.p.untyped {
		return fromJSON(raw), nil
	}
	return typed(raw, v.Type)
}

// Argo prints the expression as expr-lang text that yields the typed value.
// bind gives, for each variable, a text that cannot fail and yields its decoded
// value, nil when it is absent.
func (p *Program) Argo(bind func(name string) string) (string, error) {
	bound := make([]string, len(p.vars))
	size := 0
	for _, part := range p.argo {
		if part.hole >= 0 && bound[part.hole] == "" {
			bound[part.hole] = operand(bind(p.vars[part.hole].Name))
		}
		size += len(part.text)
		if part.hole >= 0 {
			size += len(bound[part.hole])
		}
	}
	if size > maxText {
		return "", fmt.Errorf("expression %q becomes %d KB in Argo, more than %d", p.source, size>>10, maxText>>10)
	}
	var b strings.Builder
	b.Grow(size)
	for _, part := range p.argo {
		if part.hole >= 0 {
			b.WriteString(bound[part.hole])
		}
		b.WriteString(part.text)
	}
	return b.String(), nil
}

// operand makes a binding one operand of which expr-lang's compiler does not
// know the type: it is left as it is when it is a path or a call that yields
// decoded JSON, else it is hidden.
func operand(text string) string {
	for _, prefix := range [...]string{"fromJSON(", "get(", "sprig.first(", "inputs.", "tasks[", "workflow."} {
		if strings.HasPrefix(text, prefix) && primary(text) {
			return text
		}
	}
	return "sprig.first([" + text + "])"
}

// primary reports whether a text is a name followed by members, indexes and
// calls, and nothing beside them.
func primary(text string) bool {
	for i := identEnd(text, 0); i < len(text); {
		switch text[i] {
		case '.':
			next := identEnd(text, i+1)
			if next == i+1 {
				return false
			}
			i = next
		case '(', '[':
			end := closer(text, i)
			if end < 0 {
				return false
			}
			i = end + 1
		default:
			return false
		}
	}
	return true
}

// closer is where the bracket at i closes, -1: nowhere.
func closer(text string, i int) int {
	depth := 0
	for i < len(text) {
		switch text[i] {
		case '\'', '"':
			next, ok := stringEnd(text, i, false)
			if !ok {
				return -1
			}
			i = next
			continue
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				return i
			}
		}
		i++
	}
	return -1
}
