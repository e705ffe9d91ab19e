package argo

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A value is what a reference or a computation becomes in expr-lang: one or
// more of its forms, from which the others follow.
type value struct {
	typ      ir.Type
	absent   bool   // may be nil
	isConst  bool   // constant holds it
	constant any    // a JSON value
	expr     string // the decoded value
	json     string // its JSON text
	wire     string // its JSON text, safe to be passed on
}

// decoded is expr-lang text of the decoded value.
func (v value) decoded() string {
	switch {
	case v.isConst:
		return expr.ArgoConst(v.constant)
	case v.expr != "":
		return v.expr
	case v.wire != "":
		return "fromJSON(" + v.wire + ")"
	}
	return "fromJSON(" + v.json + ")"
}

// jsonText is expr-lang text of the value's JSON.
func (v value) jsonText() string {
	switch {
	case v.isConst:
		return expr.ArgoString(ir.JSON(v.constant))
	case v.wire != "":
		return v.wire
	case v.json != "":
		return v.json
	}
	return "toJson(" + v.expr + ")"
}

// argument is the text of a task's argument: constant wire text, or a tag.
func (v value) argument() string {
	switch {
	case v.isConst:
		return wireConst(ir.JSON(v.constant))
	case v.wire != "":
		return tag(v.wire)
	case harmless(v.typ):
		return tag(v.jsonText())
	}
	return tag(wireExpr(v.jsonText()))
}

// text is expr-lang text of the value's text form.
func (v value) text() string {
	if v.isConst {
		return expr.ArgoString(ir.Text(v.constant))
	}
	if !v.absent {
		switch {
		case v.typ.Kind == ir.String:
			return v.decoded()
		case v.typ.Kind == ir.Integer || v.typ.Kind == ir.Boolean:
			return v.jsonText() // of these, JSON is the text form
		}
		return expr.ArgoText(v.decoded(), v.typ)
	}
	if v.typ.Kind == ir.String {
		return "(" + v.decoded() + " ?? '')"
	}
	return expr.ArgoText(v.decoded(), ir.Type{Kind: ir.Dynamic})
}

func constant(x any) value {
	return value{isConst: true, constant: x, typ: ir.KindOf(x), absent: x == nil}
}

// converted is the value as an input takes it, by KFP's rule: text takes
// anything by its text form, everything else must be of its kind already; the
// input's default stands in for what is absent, and a required input without
// one refuses it.
func (v value) converted(port *ir.Port) value {
	want := port.Type
	if want.IsArtifact() || want.Kind == ir.Invalid {
		return v
	}
	if v.isConst {
		return v.constantAs(port)
	}
	return v.fitted(port).oneOf(port.Limits)
}

func (v value) fitted(port *ir.Port) value {
	want := port.Type
	out := v.kindAs(want)
	if !v.absent {
		return out
	}
	if port.Default != nil && port.Default.V != nil {
		fallback := constant(port.Default.V).constantAs(port)
		return value{typ: want, expr: "(" + out.decoded() + " ?? " + fallback.decoded() + ")"}
	}
	if !port.Optional {
		return value{typ: want, expr: "filter([" + out.decoded() + "],# != nil)[0]"}
	}
	out.absent = true
	return out
}

// oneOf refuses what is not among the values that an input allows.
func (v value) oneOf(l *ir.Limits) value {
	if l == nil || len(l.Enum) == 0 {
		return v
	}
	allowed := make([]string, len(l.Enum))
	for i, x := range l.Enum {
		allowed[i] = expr.ArgoConst(x)
	}
	// concat: a literal list of texts would be a map, in which other kinds fail.
	test := "# in concat(" + listExpr(allowed) + ")"
	if v.absent {
		test = "# == nil or " + test
	}
	return value{typ: v.typ, absent: v.absent, expr: "filter([" + v.decoded() + "]," + test + ")[0]"}
}

// taken is the value as an input of a component takes it. In our own language an
// integer is whole wherever it comes from; KFP does not look.
func (l *lowerer) taken(v value, port *ir.Port) value {
	if l.p.Dialect == ir.DSL && port.Type.Kind == ir.Integer && v.typ.Kind == ir.Dynamic && !v.isConst {
		v = value{typ: v.typ, absent: v.absent, expr: "filter([" + v.decoded() + "],type(#) != 'float' or # == floor(#))[0]"}
	}
	return v.converted(port)
}

// items is the value as the list of a loop: KFP calls a list whose elements it
// does not know text, and means JSON.
func (v value) items() value {
	list := ir.Type{Kind: ir.List}
	switch {
	case v.isConst:
		if text, ok := v.constant.(string); ok {
			if parsed, err := ir.ParseJSON(text); err == nil {
				return constant(parsed)
			}
		}
	case v.typ.Kind == ir.String:
		v = value{typ: ir.Type{Kind: ir.Dynamic}, absent: v.absent, expr: "map([" + v.decoded() + "],# == nil ? nil : fromJSON(#))[0]"}
	case v.typ.Kind == ir.Dynamic:
		v = value{typ: v.typ, absent: v.absent, expr: "map([" + v.decoded() + "],type(#) == 'string' ? fromJSON(#) : #)[0]"}
	}
	return v.converted(&ir.Port{Type: list})
}

// recordFor is the record of an artifact, or the list of them, as an input
// takes it: to KFP an artifact and a list of one are the same.
func (v value) recordFor(port *ir.Port) value {
	if v.isConst {
		return v
	}
	list := port.Type.Kind == ir.List
	e := v.decoded()
	switch {
	case list && v.typ.Kind == ir.Struct:
		v = value{typ: ir.Type{Kind: ir.List}, absent: v.absent, expr: "map([" + e + "],# == nil ? nil : [#])[0]"}
	case !list && v.typ.Kind == ir.List:
		v = value{typ: ir.Type{Kind: ir.Struct}, absent: v.absent, expr: "map([" + e + "],# == nil ? nil : filter([#],len(#) == 1)[0][0])[0]"}
	}
	if v.absent && !port.Optional {
		v = value{typ: v.typ, expr: "filter([" + v.decoded() + "],# != nil)[0]"}
	}
	return v
}

func (v value) constantAs(port *ir.Port) value {
	if v.constant == nil && port.Default != nil {
		return constant(port.Default.V)
	}
	if port.Type.Kind == ir.String && v.constant != nil {
		if _, ok := v.constant.(string); !ok {
			return constant(ir.Text(v.constant))
		}
	}
	return v
}

// kindAs converts to the kind; nil stays nil.
func (v value) kindAs(want ir.Type) value {
	have := v.typ.Kind
	switch {
	case want.Kind == ir.Dynamic, have == want.Kind, have == ir.Integer && want.Kind == ir.Number:
		v.typ = want
		return v
	case want.Kind == ir.String && v.absent:
		return value{typ: want, absent: true, expr: "map([" + v.decoded() + "],# == nil ? nil : " + expr.ArgoText("#", ir.Type{Kind: ir.Dynamic}) + ")[0]"}
	case want.Kind == ir.String:
		return value{typ: want, expr: v.text()}
	}
	kind := exprKind(want)
	if kind == "" {
		return v
	}
	test := "type(#) == '" + kind + "'"
	if v.absent || have == ir.Dynamic || have == ir.Null {
		if v.absent {
			test = "# == nil or " + test
		}
	}
	return value{typ: want, absent: v.absent, expr: "filter([" + v.decoded() + "]," + test + ")[0]"}
}

// exprKind is what expr-lang's type() says of decoded JSON.
func exprKind(t ir.Type) string {
	switch t.Kind {
	case ir.Integer, ir.Number:
		return "float"
	case ir.Boolean:
		return "bool"
	case ir.List:
		return "array"
	case ir.Struct:
		return "map"
	case ir.String:
		return "string"
	}
	return ""
}

// concat joins texts.
func concat(parts []string) string {
	switch len(parts) {
	case 0:
		return "''"
	case 1:
		return parts[0]
	}
	return "(" + strings.Join(parts, " + ") + ")"
}

// field is expr-lang text of a field of a decoded struct; nil when it is not
// there.
func field(of string, key string) string {
	return "get(" + of + " ?? fromJSON('{ }')," + expr.ArgoString(key) + ")"
}
