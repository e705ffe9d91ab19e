package kfpwrite

import (
	"context"
	"regexp"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// value expresses a value of a DAG: a constant, a reference, one key of what a
// reference gives, or a constant made of texts with references. nil after a
// report.
func (pl *place) value(v ir.Value) ir.Value {
	switch v := v.(type) {
	case nil:
		return nil
	case *ir.Literal:
		pl.literal(v.V, v.At)
		return v
	case *ir.OutputRef:
		return &ir.OutputRef{Task: pl.renamed[v.Task], Output: v.Output, At: v.At}
	case *ir.StatusRef:
		return &ir.StatusRef{Task: pl.renamed[v.Task], At: v.At}
	case *ir.Select:
		of := pl.value(v.Of)
		if of == nil {
			return nil
		}
		if _, again := of.(*ir.Select); again {
			pl.report(noForm("a key of what a key gives", v.At))
			return nil
		}
		return &ir.Select{Of: of, Key: v.Key, At: v.At}
	case *ir.Template:
		return pl.template(v)
	case *ir.ListValue:
		out := &ir.ListValue{At: v.At}
		for _, item := range v.Items {
			out.Items = append(out.Items, pl.element(item))
		}
		return whole(out, out.Items)
	case *ir.StructValue:
		out := &ir.StructValue{Keys: v.Keys, At: v.At}
		for _, item := range v.Values {
			out.Values = append(out.Values, pl.element(item))
		}
		return whole(out, out.Values)
	case *ir.Expr:
		got := reduce(formOf(v), v)
		if got == nil {
			pl.report(noForm("an expression", v.At))
			return nil
		}
		return pl.value(got)
	}
	return v
}

// whole is v unless one of its parts is missing.
func whole(v ir.Value, parts []ir.Value) ir.Value {
	for _, p := range parts {
		if p == nil {
			return nil
		}
	}
	return v
}

// element expresses a part of a list or struct, where a reference becomes text.
func (pl *place) element(v ir.Value) ir.Value {
	got := pl.value(v)
	switch got.(type) {
	case nil, *ir.Literal, *ir.Template, *ir.ListValue, *ir.StructValue, *ir.RunRef:
		return got
	}
	if k := pl.typeOf(got).Kind; k != ir.String && !pl.native() {
		pl.report(notInKFP("a list or struct with a value in it that is no text", "pass the value by itself", v.Span()))
		return nil
	}
	return got
}

func (pl *place) typeOf(v ir.Value) ir.Type {
	return (&scope{owner: pl.owner, tasks: pl.tasks}).typeOf(v)
}

func (pl *place) template(v *ir.Template) ir.Value {
	out := &ir.Template{Escape: v.Escape, At: v.At}
	for _, p := range v.Parts {
		got := pl.value(p)
		switch got := got.(type) {
		case nil:
			return nil
		case *ir.Template:
			out.Parts = append(out.Parts, partsOf(got)...)
			continue
		case *ir.ListValue, *ir.StructValue:
			pl.report(noForm("a list or struct as part of a text", p.Span()))
			return nil
		}
		out.Parts = append(out.Parts, got)
	}
	if v.Escape > 0 {
		return pl.escaped(out)
	}
	if len(out.Parts) == 1 && pl.typeOf(out.Parts[0]).Kind == ir.String {
		return out.Parts[0]
	}
	return out
}

// escaped lets the escaping of a single reference stand.
func (x *expresser) escaped(v *ir.Template) ir.Value {
	if len(v.Parts) == 1 {
		switch v.Parts[0].(type) {
		case *ir.InputRef, *ir.OutputRef, *ir.Select, *ir.StatusRef, *ir.ExecutorInput:
			return v
		}
	}
	x.report(noForm("the escaping of a text that is put together", v.At))
	return nil
}

// placeholders are the texts that KFP replaces wherever they stand.
var placeholders = regexp.MustCompile(`\{\{\$(\}\}|\.(inputs|outputs)\.(parameters|artifacts)\[|\.outputs\.output_file\}\}|\.outputMetadataUri\}\}|\.pipeline_\w+\}\}|\.workspace_path\}\}|\.json_escape\[)`)

// literal reports constant text that would not stay as it is.
func (x *expresser) literal(v any, at source.Span) {
	if x.native() {
		return
	}
	switch v := v.(type) {
	case string:
		if placeholders.MatchString(v) {
			x.report(takenForPlaceholder(at))
		}
	case []any:
		for _, item := range v {
			x.literal(item, at)
		}
	case map[string]any:
		for _, f := range sortedMapping(v, func(v any) any { return v }) {
			x.literal(f.value, at)
		}
	}
}

// formOf is the form of an expression.
func formOf(e *ir.Expr) *expr.Form { return expr.FormOf(e.Program) }

// variableOf is the value of a variable of an expression.
func variableOf(e *ir.Expr, name string) ir.Value {
	for _, v := range e.Vars {
		if v.Name == name {
			return v.Value
		}
	}
	return nil
}

// reduce makes a value without expressions of one that says no more than such
// values can: constants, references, keys, texts put together. nil otherwise.
func reduce(f *expr.Form, e *ir.Expr) ir.Value {
	if len(e.Vars) == 0 {
		return constantOf(e)
	}
	switch f.Op {
	case expr.FormLiteral:
		return &ir.Literal{V: f.Value, At: e.At}
	case expr.FormVariable:
		return variableOf(e, f.Name)
	case expr.FormKey:
		if of := reduce(f.Args[0], e); of != nil {
			return &ir.Select{Of: of, Key: f.Name, At: e.At}
		}
	case "string":
		if of := reduce(f.Args[0], e); of != nil {
			return &ir.Template{Parts: []ir.Value{of}, At: e.At}
		}
	case "+":
		if f.Type.Kind == ir.String {
			a, b := reduce(f.Args[0], e), reduce(f.Args[1], e)
			if a != nil && b != nil {
				return &ir.Template{Parts: []ir.Value{a, b}, At: e.At}
			}
		}
	}
	return nil
}

// constantOf is the value of an expression that reads nothing.
func constantOf(e *ir.Expr) ir.Value {
	p, ok := e.Program.(*expr.Program)
	if !ok {
		return nil
	}
	v, err := p.Eval(context.Background(), func(string) (any, bool) { return nil, false })
	if err != nil {
		return nil
	}
	return &ir.Literal{V: v, At: e.At}
}

// replaceParts is a constant with each reference in it replaced.
func replaceParts(v ir.Value, f func(ir.Value) ir.Value) ir.Value {
	all := func(vs []ir.Value) []ir.Value {
		out := make([]ir.Value, len(vs))
		for i, v := range vs {
			out[i] = replaceParts(v, f)
		}
		return out
	}
	switch v := v.(type) {
	case nil:
		return nil
	case *ir.Literal, *ir.RunRef:
		return v
	case *ir.Template:
		return &ir.Template{Parts: all(v.Parts), Escape: v.Escape, At: v.At}
	case *ir.ListValue:
		return &ir.ListValue{Items: all(v.Items), At: v.At}
	case *ir.StructValue:
		return &ir.StructValue{Keys: v.Keys, Values: all(v.Values), At: v.At}
	}
	return f(v)
}
