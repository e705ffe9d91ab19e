package dsl

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// typed is a value and what is known of it. After a report the value is nil and
// the type Invalid.
type typed struct {
	v        ir.Value
	t        ir.Type
	optional bool
	secret   bool
	whole    bool // an artifact as such, which has no text
}

// A view is the scope of one expression; it remembers what was found, so that
// only what the program really reads is taken.
type view struct {
	place  place
	seen   map[string]target
	made   []typed // what calls of select and text give, by number
	judged bool    // by KFP's rules: what is absent is no concern of the checks
}

func (v *view) Lookup(path []string) (expr.Variable, int, bool) {
	if i, ok := madeIndex(path[0]); ok && i < len(v.made) {
		return expr.Variable{Name: path[0], Type: v.made[i].t}, 1, true
	}
	t, n, ok := v.place.find(path)
	if !ok {
		return expr.Variable{}, n, false
	}
	name := strings.Join(path[:n], ".")
	v.seen[name] = t
	return expr.Variable{Name: name, Type: t.typ, Optional: t.optional && !v.judged, Uncertain: t.uncertain && !v.judged}, n, true
}

func (v *view) Names(path []string) []string { return v.place.names(path) }

// inside is the text of a scalar that is one expression and nothing else.
func inside(s string) (string, bool) {
	if !strings.HasPrefix(s, "${{") || !strings.HasSuffix(s, "}}") || len(s) < 6 {
		return "", false
	}
	s = s[3 : len(s)-2]
	return s, !strings.Contains(s, "}}") && !strings.Contains(s, "${{")
}

// plain is the value of a path, by far the most frequent expression, without
// starting CEL.
func (r *reader) plain(text string, at source.Span, p place) (typed, bool) {
	path, ok := expr.PlainPath(text)
	if !ok {
		return typed{}, false
	}
	t, n, ok := p.find(path)
	if !ok || n < len(path) {
		return typed{}, false
	}
	return typed{v: p.take(t, at), t: t.typ, optional: t.optional, secret: t.secret, whole: t.kind == artifactTarget}, true
}

// compute is the value of an expression.
func (r *reader) compute(fr source.Fragment, at source.Span, p place) typed {
	if v, ok := r.plain(fr.Text, at, p); ok {
		return v
	}
	if v, ok := r.executor(fr, at, p); ok {
		return v
	}
	if v, ok := r.call(fr.Text, at, p); ok {
		return v
	}
	view := &view{place: p, seen: map[string]target{}}
	fr, view.made = r.calls(fr, p)
	compile := expr.Compile
	if t, ok := p.(*taskPlace); ok && t.judged {
		compile, view.judged = expr.CompileUntyped, true
	}
	program := compile(fr, view, r.out)
	if program == nil {
		return typed{}
	}
	vars := program.Vars()
	e := &ir.Expr{Program: program, At: at, Vars: make([]ir.ExprVar, 0, len(vars))}
	for _, v := range vars {
		if i, ok := madeIndex(v.Name); ok {
			e.Vars = append(e.Vars, ir.ExprVar{Name: v.Name, Value: view.made[i].v})
			continue
		}
		t, ok := view.seen[v.Name]
		if !ok {
			continue
		}
		if t.secret {
			r.report(secretInExpression(at, t.name))
			return typed{}
		}
		e.Vars = append(e.Vars, ir.ExprVar{Name: v.Name, Value: p.take(t, at)})
	}
	return typed{v: e, t: program.Type()}
}

// executor is executor-input and executor-output-path, KFP's two texts about a
// whole container.
func (r *reader) executor(fr source.Fragment, at source.Span, p place) (typed, bool) {
	name := strings.TrimSpace(fr.Text)
	if name != "executor-input" && name != "executor-output-path" {
		return typed{}, false
	}
	c, ok := p.(*compPlace)
	if !ok || c.narrow {
		r.report(executorOutside(at, name))
		return typed{}, true
	}
	v := ir.Value(&ir.ExecutorInput{At: at})
	if name == "executor-output-path" {
		v = &ir.ExecutorOutputPath{At: at}
	}
	return typed{v: v, t: ir.Type{Kind: ir.String}}, true
}

// scalar is the value of a scalar that holds ${{. trim says that white space
// around a lone expression means nothing, as where no text is wanted.
func (r *reader) scalar(n *tree.Node, p place, trim bool) typed {
	if in, ok := inside(n.Scalar); ok {
		if v, ok := r.plain(in, n.Span(), p); ok {
			return v
		}
	}
	parts, ok := expr.Split(n.Fragment(), r.out)
	if !ok {
		return typed{}
	}
	if trim {
		parts = trimmed(parts)
	}
	if len(parts) == 1 && parts[0].IsExpr {
		return r.compute(parts[0].Expr, parts[0].Span, p)
	}
	return r.template(n, parts, p)
}

func trimmed(parts []expr.Part) []expr.Part {
	blank := func(p expr.Part) bool { return !p.IsExpr && strings.TrimSpace(p.Text) == "" }
	for len(parts) > 1 && blank(parts[0]) {
		parts = parts[1:]
	}
	for len(parts) > 1 && blank(parts[len(parts)-1]) {
		parts = parts[:len(parts)-1]
	}
	return parts
}

func (r *reader) template(n *tree.Node, parts []expr.Part, p place) typed {
	text := ir.Type{Kind: ir.String}
	t := &ir.Template{At: n.Span(), Parts: make([]ir.Value, 0, len(parts))}
	literal, failed := true, false
	add := func(text string, at source.Span) {
		if n := len(t.Parts); n > 0 {
			if l, ok := t.Parts[n-1].(*ir.Literal); ok {
				if before, ok := l.V.(string); ok {
					t.Parts[n-1] = &ir.Literal{V: before + text, At: source.Join(l.At, at)}
					return
				}
			}
		}
		t.Parts = append(t.Parts, &ir.Literal{V: text, At: at})
	}
	for _, part := range parts {
		if !part.IsExpr {
			add(part.Text, part.Span)
			continue
		}
		if text, ok := quotedText(part.Expr.Text); ok {
			add(text, part.Span)
			continue
		}
		literal = false
		v := r.asText(r.compute(part.Expr, part.Span, p), part.Span)
		failed = failed || v == nil
		t.Parts = append(t.Parts, v)
	}
	switch {
	case failed:
		return typed{}
	case literal && len(t.Parts) == 0:
		return typed{v: &ir.Literal{V: "", At: n.Span()}, t: text}
	case literal && len(t.Parts) == 1:
		return typed{v: &ir.Literal{V: t.Parts[0].(*ir.Literal).V, At: n.Span()}, t: text}
	}
	return typed{v: t, t: text}
}

// asText refuses what has no text form.
func (r *reader) asText(v typed, at source.Span) ir.Value {
	switch {
	case v.v == nil:
		return nil
	case v.secret:
		r.report(secretOutsideEnv(at))
		return nil
	case v.whole || v.t.IsArtifact():
		r.report(artifactInText(at, v.whole))
		return nil
	}
	return v.v
}

// text is the value of a scalar where a text is wanted, nil when there is none
// or after a report.
func (r *reader) text(n *tree.Node, p place) ir.Value {
	if !isScalar(n) {
		return nil
	}
	if !strings.Contains(n.Scalar, "${{") {
		return &ir.Literal{V: n.Scalar, At: n.Span()}
	}
	return r.asText(r.scalar(n, p, false), n.Span())
}

// value is a value for a place of the given type: constants, expressions, and
// lists and structs of both.
func (r *reader) value(n *tree.Node, want ir.Type, p place) typed {
	if n.IsNull() {
		return typed{v: &ir.Literal{At: n.Span()}, t: ir.Type{Kind: ir.Null}, optional: true}
	}
	switch n.Kind {
	case tree.Sequence, tree.Mapping:
		if !holdsExpression(n) {
			return r.constant(n, want)
		}
		if n.Kind == tree.Sequence {
			return r.list(n, want, p)
		}
		return r.structure(n, want, p)
	}
	if strings.Contains(n.Scalar, "${{") {
		return r.scalar(n, p, want.Kind != ir.String)
	}
	return r.constant(n, want)
}

func (r *reader) constant(n *tree.Node, want ir.Type) typed {
	v, ok := r.literal(n, want)
	if !ok {
		return typed{}
	}
	t := ir.KindOf(v)
	if want.Kind == ir.List && t.Kind == ir.List {
		t.Items = want.Items
	}
	if want.Kind == ir.List && want.Items == nil || want.Kind == ir.Dynamic {
		t = ir.TypeOf(v)
	}
	return typed{v: &ir.Literal{V: v, At: n.Span()}, t: t}
}

func (r *reader) list(n *tree.Node, want ir.Type, p place) typed {
	if !takes(want, ir.List) {
		r.report(notOfType(n, want))
		return typed{}
	}
	item := ir.Type{Kind: ir.Dynamic}
	if want.Kind == ir.List && want.Items != nil {
		item = *want.Items
	}
	out := &ir.ListValue{At: n.Span(), Items: make([]ir.Value, len(n.Items))}
	var elem *ir.Type
	ok := true
	for i, e := range n.Items {
		v := r.value(e, item, p)
		if v.secret {
			r.report(secretOutsideEnv(e.Span()))
			v = typed{}
		}
		ok = ok && v.v != nil
		out.Items[i] = v.v
		elem = ir.Join(elem, v.t)
	}
	if !ok {
		return typed{}
	}
	return typed{v: out, t: ir.ListOfSome(elem)}
}

func (r *reader) structure(n *tree.Node, want ir.Type, p place) typed {
	if !takes(want, ir.Struct) {
		r.report(notOfType(n, want))
		return typed{}
	}
	out := &ir.StructValue{At: n.Span(), Keys: make([]string, len(n.Fields)), Values: make([]ir.Value, len(n.Fields))}
	ok := true
	for i, f := range n.Fields {
		v := r.value(f.Value, ir.Type{Kind: ir.Dynamic}, p)
		out.Keys[i] = f.Key.Scalar
		out.Values[i] = r.asText(v, f.Value.Span())
		ok = ok && out.Values[i] != nil
		if strings.Contains(f.Key.Scalar, "${{") {
			if out.Computed == nil {
				out.Computed = make([]ir.Value, len(n.Fields))
			}
			key := r.text(f.Key, p)
			if lit, constant := key.(*ir.Literal); constant {
				out.Keys[i] = ir.Text(lit.V)
				key = nil
			} else if key == nil {
				ok = false
			}
			out.Computed[i] = key
		}
	}
	if !ok {
		return typed{}
	}
	return typed{v: out, t: ir.Type{Kind: ir.Struct}}
}

// takes reports whether a value of the kind may be tried on a type; artifacts
// are left to the checks, which know better words.
func takes(want ir.Type, k ir.Kind) bool {
	switch want.Kind {
	case k, ir.Invalid, ir.Dynamic, ir.Artifact:
		return true
	}
	return false
}

// expression is a scalar that has to be one expression.
func (r *reader) expression(n *tree.Node, p place) typed {
	if !isScalar(n) {
		return typed{}
	}
	if !hasExpression(n.Scalar) {
		r.report(needsExpression(n))
		return typed{}
	}
	return r.scalar(n, p, true)
}

// condition is a boolean: true, false or an expression; nil when there is none
// or after a report.
func (r *reader) condition(n *tree.Node, p place) ir.Value {
	if b, ok := readBool(n); ok {
		return &ir.Literal{V: b, At: n.Span()}
	}
	if !isScalar(n) || !hasExpression(n.Scalar) {
		return nil
	}
	v := r.scalar(n, p, true)
	if v.secret {
		r.report(secretOutsideEnv(n.Span()))
		return nil
	}
	return v.v
}

func holdsExpression(n *tree.Node) bool {
	switch n.Kind {
	case tree.Sequence:
		for _, e := range n.Items {
			if holdsExpression(e) {
				return true
			}
		}
		return false
	case tree.Mapping:
		for _, f := range n.Fields {
			if strings.Contains(f.Key.Scalar, "${{") || holdsExpression(f.Value) {
				return true
			}
		}
		return false
	}
	return hasExpression(n.Scalar)
}

const anyArtifact = "system.Artifact"
