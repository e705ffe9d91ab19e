package argo

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/kfp-go/kfp-go/compiler/expr"
)

// expressions gathers every shape of expression once: names in brackets do not
// matter to the compiler of expr-lang.
type expressions struct {
	seen map[string]bool
	list []string
}

func newExpressions() *expressions { return &expressions{seen: map[string]bool{}} }

// checkExpressions compiles each shape of expression of the manifest as Argo
// would. A failure is a mistake of ours.
func (l *lowerer) checkExpressions() ([]string, error) {
	for _, t := range l.templates {
		l.exprs.template(t)
	}
	// The order of a map: only the list of shapes depends on it, so sort.
	slices.Sort(l.exprs.list)
	for _, e := range l.exprs.list {
		if err := expr.CheckArgo(e); err != nil {
			return nil, fmt.Errorf("expression %s: %w", e, err)
		}
	}
	return l.exprs.list, nil
}

func (x *expressions) template(t *wfv1.Template) {
	if t.DAG != nil {
		for i := range t.DAG.Tasks {
			task := &t.DAG.Tasks[i]
			x.text(task.When)
			for _, p := range task.Arguments.Parameters {
				x.text(string(*p.Value))
			}
			if task.WithSequence != nil {
				x.text(task.WithSequence.Count.String())
			}
			for _, h := range task.Hooks {
				for _, p := range h.Arguments.Parameters {
					x.text(string(*p.Value))
				}
			}
		}
	} else {
		x.strings(reflect.ValueOf(t).Elem())
	}
	for _, p := range t.Inputs.Parameters {
		if p.Default != nil {
			x.text(string(*p.Default))
		}
	}
	for _, p := range t.Outputs.Parameters {
		if p.ValueFrom != nil && p.ValueFrom.Expression != "" {
			x.add(p.ValueFrom.Expression)
		}
	}
	for _, a := range t.Outputs.Artifacts {
		if a.FromExpression != "" {
			x.add(a.FromExpression)
		}
	}
	if r := t.RetryStrategy; r != nil && r.Expression != "" && !strings.Contains(r.Expression, "{{") {
		x.add(r.Expression)
	}
}

// strings visits every text inside a template.
func (x *expressions) strings(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		x.text(v.String())
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			x.strings(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !v.Field(i).IsZero() {
				x.strings(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			x.strings(v.Index(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			x.strings(v.MapIndex(k))
		}
	}
}

// text adds the expression tags of a text.
func (x *expressions) text(s string) {
	for {
		i := strings.Index(s, "{{=")
		if i < 0 {
			return
		}
		s = s[i+3:]
		j := strings.Index(s, "}}")
		if j < 0 {
			return
		}
		x.add(s[:j])
		s = s[j+2:]
	}
}

func (x *expressions) add(e string) {
	shape := shapeOf(e)
	if !x.seen[shape] {
		x.seen[shape] = true
		x.list = append(x.list, shape)
	}
}

// shapeOf replaces the names of tasks and parameters by a stand-in.
func shapeOf(e string) string {
	if !strings.Contains(e, "['") {
		return e
	}
	var b strings.Builder
	b.Grow(len(e))
	for {
		i := strings.Index(e, "['")
		if i < 0 {
			b.WriteString(e)
			return b.String()
		}
		b.WriteString(e[:i+2])
		head := e[:i]
		e = e[i+2:]
		j := strings.IndexByte(e, '\'')
		if j < 0 {
			b.WriteString(e)
			return b.String()
		}
		if strings.HasSuffix(head, "tasks") || strings.HasSuffix(head, "parameters") {
			b.WriteByte('x')
		} else {
			b.WriteString(e[:j])
		}
		e = e[j:]
	}
}
