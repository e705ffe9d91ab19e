package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A scope gives values their meaning: of the DAG that holds a task, or, with
// box set, of a container.
type scope struct {
	run    *run
	ctx    context.Context
	inputs map[string]any
	// outcome finds a sibling that has ended; nil: there is none.
	outcome func(task string) *outcome
	// status is the outcome that a StatusRef without a name means, of the task
	// named statusOf.
	status   *outcome
	statusOf string
	task     string // key of the task at hand
	path     string
	box      *box // component scope only
}

// evaluator is what package expr's programs can do; a name that is not present
// is absent.
type evaluator interface {
	Eval(ctx context.Context, get func(name string) (v any, present bool)) (any, error)
}

var errForeign = errors.New("a value stands where it has no meaning; please report this as a bug of kfp-go")

// eval is the value of v, nil when it is absent.
func (s *scope) eval(v ir.Value) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case *ir.Literal:
		return v.V, nil
	case *ir.InputRef:
		return s.inputs[v.Name], nil
	case *ir.OutputRef:
		return s.output(v)
	case *ir.StatusRef:
		return s.finalStatus(v)
	case *ir.RunRef:
		return s.fact(v.Field), nil
	case *ir.Expr:
		return s.expr(v)
	case *ir.Template:
		return s.template(v)
	case *ir.ListValue:
		return s.list(v)
	case *ir.StructValue:
		return s.structure(v)
	case *ir.OneOf:
		return s.oneOf(v)
	case *ir.Select:
		return s.selected(v)
	case *ir.Present:
		return s.inputs[v.Input] != nil, nil
	}
	if s.box != nil {
		return s.box.eval(s, v)
	}
	return nil, errForeign
}

func (s *scope) output(v *ir.OutputRef) (any, error) {
	if s.outcome == nil {
		return nil, errForeign
	}
	o := s.outcome(v.Task)
	if o == nil {
		return nil, fmt.Errorf("task %q has not run", v.Task)
	}
	return o.values[v.Output], nil
}

func (s *scope) finalStatus(v *ir.StatusRef) (any, error) {
	o, name := s.status, s.statusOf
	if v.Task != "" && v.Task != name && s.outcome != nil {
		o, name = s.outcome(v.Task), v.Task
	}
	if o == nil {
		return nil, fmt.Errorf("the status of task %q is not known", v.Task)
	}
	return o.finalStatus(s.run.opt.SuccessState, s.run.name, name), nil
}

func (s *scope) fact(f ir.RunField) any {
	r := s.run
	switch f {
	case ir.RunName, ir.RunResourceName:
		return r.name
	case ir.RunID:
		return string(r.id)
	case ir.RunCreateTime, ir.RunScheduleTime:
		return r.created.Format(time.RFC3339)
	case ir.TaskName:
		return s.task
	case ir.TaskID:
		sum := sha256.Sum256([]byte(string(r.id) + "\x00" + s.path))
		return hex.EncodeToString(sum[:16])
	case ir.WorkspacePath:
		return filepath.Join(r.dir, workspaceName)
	case ir.PipelineRoot:
		return filepath.Join(r.dir, tasksFolder)
	}
	return nil
}

func (s *scope) expr(e *ir.Expr) (any, error) {
	p, ok := e.Program.(evaluator)
	if !ok {
		return nil, errForeign
	}
	// A variable's own error counts only when the expression asks for it.
	var broken error
	out, err := p.Eval(s.ctx, func(name string) (any, bool) {
		for i := range e.Vars {
			if e.Vars[i].Name != name {
				continue
			}
			v, err := s.eval(e.Vars[i].Value)
			if err != nil {
				broken = err
			}
			return plain(v), v != nil
		}
		return nil, false
	})
	if broken != nil {
		return nil, broken
	}
	if err != nil {
		return nil, fmt.Errorf("${{ %s }}: %w", e.Program.Source(), err)
	}
	return out, nil
}

func (s *scope) template(t *ir.Template) (any, error) {
	var b strings.Builder
	for _, p := range t.Parts {
		text, err := s.text(p)
		if err != nil {
			return nil, err
		}
		b.WriteString(text)
	}
	return ir.EscapeText(b.String(), t.Escape), nil
}

// text is the text form of a value.
func (s *scope) text(v ir.Value) (string, error) {
	x, err := s.eval(v)
	return ir.Text(plain(x)), err
}

func (s *scope) list(l *ir.ListValue) (any, error) {
	out := make([]any, len(l.Items))
	for i, v := range l.Items {
		x, err := s.eval(v)
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}

func (s *scope) structure(v *ir.StructValue) (any, error) {
	out := make(map[string]any, len(v.Keys))
	for i, k := range v.Keys {
		x, err := s.eval(v.Values[i])
		if err != nil {
			return nil, err
		}
		if c := v.KeyAt(i); c != nil {
			if k, err = s.text(c); err != nil {
				return nil, err
			}
		}
		out[k] = plain(x)
	}
	return out, nil
}

func (s *scope) oneOf(v *ir.OneOf) (any, error) {
	for _, a := range v.Alternatives {
		if s.outcome == nil {
			return nil, errForeign
		}
		if o := s.outcome(a.Task); o != nil && o.values[a.Output] != nil {
			return o.values[a.Output], nil
		}
	}
	return nil, nil
}

// selected reads one key of a struct, or of text that holds one as JSON.
func (s *scope) selected(v *ir.Select) (any, error) {
	of, err := s.eval(v.Of)
	if err != nil || of == nil {
		return nil, err
	}
	if text, ok := of.(string); ok {
		if of, err = ir.ParseJSON(text); err != nil {
			return nil, fmt.Errorf("key %q of a text that is not JSON: %w", v.Key, err)
		}
	}
	m, ok := plain(of).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("key %q of %s", v.Key, kindOf(of))
	}
	x, ok := m[v.Key]
	if !ok {
		return nil, fmt.Errorf("there is no key %q among %s", v.Key, quoteAll(keys(m)))
	}
	return x, nil
}

// boolean is the truth of a condition.
func (s *scope) boolean(v ir.Value) (bool, error) {
	x, err := s.eval(v)
	if err != nil {
		return false, err
	}
	b, ok := x.(bool)
	if !ok {
		return false, fmt.Errorf("the condition gave %s, not a boolean", kindOf(x))
	}
	return b, nil
}

func quoteAll(names []string) string {
	const most = 10
	var b strings.Builder
	for i, n := range names {
		if i == most {
			b.WriteString(", …")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", n)
	}
	if len(names) == 0 {
		return "none"
	}
	return b.String()
}
