package argo

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// fingerprint is the same for settings that make the same template. What the
// caller computes counts as one blank.
func (l *lowerer) fingerprint(s *ir.Settings) string {
	if s == nil {
		return ""
	}
	if f, ok := l.prints[s]; ok {
		return f
	}
	var b strings.Builder
	dump(&b, reflect.ValueOf(s))
	l.prints[s] = b.String()
	return b.String()
}

var (
	spanType  = reflect.TypeFor[source.Span]()
	valueType = reflect.TypeFor[ir.Value]()
)

func dump(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		if v.Type() == valueType {
			if lit, ok := v.Interface().(*ir.Literal); ok {
				b.WriteString(ir.JSON(lit.V))
			} else {
				b.WriteByte('?')
			}
			return
		}
		dump(b, v.Elem())
	case reflect.Struct:
		if v.Type() == spanType {
			return
		}
		b.WriteByte('(')
		for i := range v.NumField() {
			f := v.Field(i)
			if f.IsZero() || f.Type() == spanType {
				continue
			}
			b.WriteString(strconv.Itoa(i))
			b.WriteByte('=')
			dump(b, f)
			b.WriteByte(',')
		}
		b.WriteByte(')')
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			dump(b, v.Index(i))
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case reflect.Map:
		text, _ := json.Marshal(v.Interface())
		b.Write(text)
	case reflect.String:
		b.WriteString(strconv.Quote(v.String()))
	case reflect.Bool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case reflect.Uint8, reflect.Uint, reflect.Uint32, reflect.Uint64:
		b.WriteString(strconv.FormatUint(v.Uint(), 10))
	case reflect.Float64:
		b.WriteString(strconv.FormatFloat(v.Float(), 'g', -1, 64))
	}
}

// hide makes hidden inputs of what the caller has to compute: settings, and
// the component's own expressions that may fail, for in a pod's field a failure
// would leave the expression itself.
func (p *pod) hide() {
	taken := newNames()
	for _, port := range p.c.Inputs {
		taken.take(portName(port.Name.Text))
		taken.take(recordName(port.Name.Text))
	}
	for i, v := range computedOf(p.settings) {
		name := taken.take("kfp-setting-" + strconv.Itoa(i))
		p.computed[v] = name
		structural := isStructural(p.settings, v)
		p.u.params = append(p.u.params, param{name: name, hidden: func(at *place) value {
			vs := computedOf(at.task.Settings)
			if i >= len(vs) {
				return constant(nil)
			}
			x := at.value(vs[i])
			if structural {
				return x
			}
			return x.converted(&ir.Port{Type: ir.Type{Kind: ir.String}, Optional: true})
		}})
	}
	n := 0
	p.body.EachValue(func(v ir.Value) {
		ir.Visit(v, func(v ir.Value) {
			e, ok := v.(*ir.Expr)
			if !ok || p.hidden[e] != "" {
				return
			}
			prog, ok := e.Program.(*expr.Program)
			if !ok || prog == nil || prog.Total() {
				return
			}
			name := taken.take("kfp-value-" + strconv.Itoa(n))
			n++
			p.hidden[e] = name
			p.u.params = append(p.u.params, param{name: name, hidden: func(at *place) value { return at.componentExpr(p.c, e) }})
		})
	})
}

// componentExpr computes an expression of a component in the scope of the DAG
// that calls it.
func (at *place) componentExpr(c *ir.Component, e *ir.Expr) value {
	return at.d.l.program(e, func(v ir.Value) value {
		switch v := v.(type) {
		case *ir.Literal:
			return constant(v.V)
		case *ir.InputRef:
			port := c.Input(v.Name)
			if port == nil {
				return constant(nil)
			}
			b := at.task.Arg(v.Name)
			if b == nil {
				if port.Default != nil {
					return constant(port.Default.V)
				}
				return constant(nil)
			}
			return at.value(b.Value).converted(port)
		case *ir.RunRef:
			return at.runFact(v)
		}
		at.d.l.cannot(msgComponentExpr(e.At, e.Program.Source()))
		return constant(nil)
	})
}

func computedOf(s *ir.Settings) []ir.Value {
	var out []ir.Value
	s.EachValue(func(v ir.Value) {
		if _, ok := v.(*ir.Literal); !ok {
			out = append(out, v)
		}
	})
	return out
}

func isStructural(s *ir.Settings, v ir.Value) bool {
	if v == s.Affinity || v == s.SecurityContext {
		return true
	}
	for _, t := range s.Tolerations {
		if v == t {
			return true
		}
	}
	return false
}

// settingPieces takes a setting apart.
func (p *pod) settingPieces(v ir.Value) []piece {
	if v == nil {
		return nil
	}
	if lit, ok := v.(*ir.Literal); ok {
		return []piece{{literal: ir.Text(lit.V)}}
	}
	return []piece{{expr: "(fromJSON(" + inputParam(p.computed[v]) + ") ?? '')"}}
}

// setting writes a setting into a field that only Argo expands.
func (p *pod) setting(v ir.Value) string {
	if v == nil {
		return ""
	}
	return p.plainPieces(p.settingPieces(v), v.Span())
}
