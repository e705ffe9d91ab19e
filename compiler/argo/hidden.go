package argo

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/check"
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

// hiddenValue begins the names of inputs that no component declares.
const hiddenValue = "kfp-value-"

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
		as := p.reading(v)
		p.u.params = append(p.u.params, param{name: name, hidden: func(at *place) value {
			vs := computedOf(at.task.Settings)
			if i >= len(vs) {
				return constant(nil)
			}
			return as(at.value(vs[i]))
		}})
	}
	n := 0
	p.body.EachValue(func(v ir.Value) {
		ir.Visit(v, func(v ir.Value) {
			if ref, ok := v.(*ir.RunRef); ok && ref.Field == ir.TaskName && p.taskName == "" {
				p.taskName = taken.take(hiddenValue + "task")
				p.u.params = append(p.u.params, param{name: p.taskName, hidden: func(at *place) value { return at.runFact(ref) }})
			}
			e, ok := v.(*ir.Expr)
			if !ok || p.hidden[e] != "" {
				return
			}
			prog, ok := e.Program.(*expr.Program)
			if !ok || prog == nil || prog.Total() {
				return
			}
			name := taken.take(hiddenValue + strconv.Itoa(n))
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
			return at.d.l.taken(at.value(b.Value), port)
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

// absentSettings tells which computed settings of a task may be absent; mark
// tells sets of them apart.
func (l *lowerer) absentSettings(s *check.Scope, t *ir.Task) (absent map[ir.Value]bool, mark string) {
	for i, v := range computedOf(t.Settings) {
		e, isExpr := v.(*ir.Expr)
		maybe := l.absent.value(s, s.Owner, t, v)
		if isExpr && e.Program != nil {
			kind := e.Program.Type().Kind
			maybe = kind == ir.Dynamic || kind == ir.Null
		}
		if maybe {
			if absent == nil {
				absent = map[ir.Value]bool{}
			}
			absent[v] = true
			mark += "," + strconv.Itoa(i)
		}
	}
	return absent, mark
}

// reading is how the caller hands a computed setting over: what does not fit
// must fail there, for in a field of the pod a failure would leave the
// expression itself.
func (p *pod) reading(v ir.Value) func(value) value {
	s := p.settings
	text := func(x value) value { return x.converted(&ir.Port{Type: ir.Type{Kind: ir.String}, Optional: true}) }
	must := func(x value, test, message string) value {
		return value{typ: x.typ, absent: x.absent, expr: "map([" + x.decoded() + "]," + test + " ? # : sprig.fail(" + expr.ArgoString(message) + "))[0]"}
	}
	const object = "# == nil or type(#) == 'map'"
	switch name := p.nameOf(v); {
	case oneOf(v, s.Affinity):
		return func(x value) value { return must(x, object, "an affinity must be a struct") }
	case v == s.SecurityContext:
		return func(x value) value { return must(x, object, "a security context must be a struct") }
	case v == s.NodeSelectorFrom:
		return func(x value) value { return must(x, object, "a node selector must be a struct") }
	case oneOf(v, s.Tolerations):
		return func(x value) value {
			return must(x, "# == nil or type(#) in ['map','array']", "a toleration must be a struct, or a list of structs")
		}
	case p.l.p.Dialect == ir.KFP && isQuantity(s, v):
		// Where KFP finds an empty text, the task asks for nothing.
		return func(x value) value {
			return value{typ: ir.Type{Kind: ir.String}, absent: true, expr: "map([" + text(x).decoded() + "],# == '' ? nil : #)[0]"}
		}
	case name != "" && p.absent[v] && !p.required(v):
		return func(x value) value { return must(text(x), "# != ''", name+" is empty") }
	case name != "":
		return func(x value) value { return must(text(x), "(# ?? '') != ''", name+" is empty or absent") }
	}
	return text
}

func oneOf(v ir.Value, list []ir.Value) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

// nameOf says what object of the cluster the setting names, "" for none.
func (p *pod) nameOf(v ir.Value) string {
	const secret, configMap = "the name of a secret", "the name of a config map"
	s := p.settings
	for _, e := range s.Env {
		for _, k := range [...]*ir.KeyRef{e.Secret, e.ConfigMap} {
			switch {
			case k == nil:
			case v == k.Key:
				return "the key of variable " + e.Name.Text
			case v == k.Name && k == e.Secret:
				return secret
			case v == k.Name:
				return configMap
			}
		}
	}
	for _, e := range s.EnvFrom {
		switch v {
		case e.Secret:
			return secret
		case e.ConfigMap:
			return configMap
		}
	}
	for _, x := range s.Volumes {
		switch v {
		case x.Secret:
			return secret
		case x.ConfigMap:
			return configMap
		case x.Claim:
			return "the name of the claim at " + x.Path
		}
	}
	if oneOf(v, s.ImagePullSecrets) {
		return "the name of an image pull secret"
	}
	return ""
}

func isQuantity(s *ir.Settings, v ir.Value) bool {
	for _, r := range s.Resources {
		if v == r.Request || v == r.Limit {
			return true
		}
	}
	return false
}

// required reports whether the setting must be there: the name of a claim, the
// key in a Secret or ConfigMap.
func (p *pod) required(v ir.Value) bool {
	for _, x := range p.settings.Volumes {
		if v == x.Claim {
			return true
		}
	}
	for _, e := range p.settings.Env {
		for _, k := range [...]*ir.KeyRef{e.Secret, e.ConfigMap} {
			if k != nil && v == k.Key {
				return true
			}
		}
	}
	return false
}

// settingExpr is expr-lang text of a setting's decoded value.
func (p *pod) settingExpr(v ir.Value) string {
	if lit, ok := v.(*ir.Literal); ok {
		return expr.ArgoConst(lit.V)
	}
	return "fromJSON(" + inputParam(p.computed[v]) + ")"
}

// present gives an entry with the name "#", nil where the name is absent.
func (p *pod) present(name ir.Value, entry string) string {
	return "map([" + p.settingExpr(name) + "],# == nil ? nil : " + entry + ")[0]"
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
