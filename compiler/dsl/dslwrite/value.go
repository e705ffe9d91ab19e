package dslwrite

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// value is a value for a place of the given type.
func (w *writer) value(s *scope, v ir.Value, want ir.Type) *node {
	switch v := v.(type) {
	case *ir.Literal:
		return w.literal(v.V, want, v.At)
	case *ir.ListValue:
		if want.Kind != ir.String {
			item := ir.Type{Kind: ir.Dynamic}
			if want.Kind == ir.List && want.Items != nil {
				item = *want.Items
			}
			out := seq()
			for _, x := range v.Items {
				out.items = append(out.items, w.value(s, x, item))
			}
			return out
		}
	case *ir.StructValue:
		if want.Kind != ir.String {
			out := mapping()
			for i, k := range v.Keys {
				k = escape(k)
				if c := v.KeyAt(i); c != nil {
					k = w.text(s, c).text
				}
				out.add(k, w.value(s, v.Values[i], ir.Type{Kind: ir.Dynamic}))
			}
			return out
		}
	case *ir.Template:
		if l, ok := constantText(v); ok && (want.Kind == ir.String || want.Kind == ir.Dynamic) {
			return w.literal(l, want, v.At)
		}
		if v.Escape == 0 && whole(v, want) {
			return w.text(s, v)
		}
	}
	in, ok := w.inner(s, v)
	if !ok {
		return w.cannotSay(v)
	}
	return text("${{ " + in + " }}")
}

// whole reports whether a template can stand as a text with expressions in it:
// there is text around them, and not only blanks where blanks mean nothing.
func whole(v *ir.Template, want ir.Type) bool {
	parts := flat(v)
	if len(parts) < 2 {
		return false
	}
	if want.Kind == ir.String {
		return true
	}
	for _, p := range [...]ir.Value{parts[0], parts[len(parts)-1]} {
		if l, ok := p.(*ir.Literal); ok && strings.TrimSpace(ir.Text(l.V)) == "" {
			return false
		}
	}
	return true
}

// constantText is the text of a template without a part that is not constant.
func constantText(v *ir.Template) (string, bool) {
	parts := flat(v)
	switch {
	case v.Escape > 0 || len(parts) > 1:
		return "", false
	case len(parts) == 0:
		return "", true
	}
	l, ok := parts[0].(*ir.Literal)
	if !ok {
		return "", false
	}
	return l.V.(string), true
}

// flat are the parts of a template with templates in it opened up, texts that
// meet joined and absent constants left out.
func flat(v *ir.Template) []ir.Value {
	var out []ir.Value
	var add func(parts []ir.Value)
	add = func(parts []ir.Value) {
		for _, p := range parts {
			switch p := p.(type) {
			case *ir.Template:
				if p.Escape == 0 {
					add(p.Parts)
					continue
				}
			case *ir.Literal:
				t := ir.Text(p.V)
				if n := len(out); n > 0 {
					if l, ok := out[n-1].(*ir.Literal); ok {
						out[n-1] = &ir.Literal{V: l.V.(string) + t, At: l.At}
						continue
					}
				}
				if t == "" {
					continue
				}
				out = append(out, &ir.Literal{V: t, At: p.At})
				continue
			}
			out = append(out, p)
		}
	}
	add(v.Parts)
	return out
}

// text is a value where a text is wanted; its text form is what counts.
func (w *writer) text(s *scope, v ir.Value) *node {
	switch v := v.(type) {
	case nil:
		return nil
	case *ir.Literal:
		return text(escape(ir.Text(v.V)))
	case *ir.Template:
		if v.Escape > 0 {
			break
		}
		var b strings.Builder
		parts := flat(v)
		for i, p := range parts {
			l, ok := p.(*ir.Literal)
			if !ok {
				in, ok := w.inner(s, p)
				if !ok {
					return w.cannotSay(p)
				}
				b.WriteString("${{ " + in + " }}")
				continue
			}
			t := escape(l.V.(string))
			// A dollar before an expression would make text of it.
			if i+1 < len(parts) {
				if before := strings.TrimRight(t, "$"); before != t {
					t = before + "${{ '" + t[len(before):] + "' }}"
				}
			}
			b.WriteString(t)
		}
		return text(b.String())
	}
	in, ok := w.inner(s, v)
	if !ok {
		return w.cannotSay(v)
	}
	return text("${{ " + in + " }}")
}

// condition is a boolean.
func (w *writer) condition(s *scope, v ir.Value) *node {
	if l, ok := v.(*ir.Literal); ok {
		if b, ok := l.V.(bool); ok {
			return dynamic(b, escape)
		}
	}
	if e, ok := v.(*ir.Expr); ok {
		if p, ok := e.Program.(*expr.Program); ok && p.Untyped() != s.judged {
			w.cannot(e.At, "a condition with other rules than the pipeline's", "conditions of KFP's and of this language cannot stand in one document; print the two pipelines apart")
		}
	}
	in, ok := w.inner(s, v)
	if !ok {
		return w.cannotSay(v)
	}
	if _, is := v.(*ir.Expr); is && w.typeOf(s, v).Kind != ir.Boolean && expr.PathEnd(in, 0) == len(in) {
		in = "(" + in + ")" // an expression all the same
	}
	return text("${{ " + in + " }}")
}

// inner is a value as it stands in an expression; ok is false for what cannot.
func (w *writer) inner(s *scope, v ir.Value) (string, bool) {
	switch v := v.(type) {
	case *ir.InputRef:
		r := s.refs[v.Name]
		if r == nil {
			return "", false
		}
		if r.mark != nil && !w.quiet {
			r.mark()
		}
		return r.text, true
	case *ir.OutputRef:
		return w.output(s, v)
	case *ir.StatusRef:
		if v.Task == "" {
			return "status", true
		}
		return member("tasks", s.names[v.Task]) + ".status", s.names[v.Task] != ""
	case *ir.RunRef:
		return runName(v.Field)
	case *ir.PortRef:
		return w.portText(v), true
	case *ir.ExecutorInput:
		return "executor-input", true
	case *ir.ExecutorOutputPath:
		return "executor-output-path", true
	case *ir.Present:
		return "has(" + "inputs." + v.Input + ")", valid(v.Input)
	case *ir.Literal:
		return constant(v.V)
	case *ir.Select:
		return w.selected(s, v)
	case *ir.Template:
		return w.joined(s, v)
	case *ir.Expr:
		return w.expression(s, v)
	}
	return "", false
}

func (w *writer) selected(s *scope, v *ir.Select) (string, bool) {
	of, ok := w.argument(s, v.Of)
	return "select(" + of + ", " + quoteText(v.Key) + ")", ok
}

func (w *writer) joined(s *scope, v *ir.Template) (string, bool) {
	if v.Escape > 0 {
		once := *v
		once.Escape--
		if parts := flat(&once); once.Escape == 0 && len(parts) == 1 {
			in, ok := w.argument(s, parts[0])
			return "escape(" + in + ")", ok
		}
		in, ok := w.joined(s, &once)
		return "escape(" + in + ")", ok
	}
	parts := flat(v)
	if len(parts) == 0 {
		return "text('')", true
	}
	out := make([]string, len(parts))
	for i, p := range parts {
		t, ok := w.argument(s, p)
		if !ok {
			return "", false
		}
		out[i] = t
	}
	return "text(" + strings.Join(out, ", ") + ")", true
}

// argument is an argument of select and text: a path, a text or such a call.
func (w *writer) argument(s *scope, v ir.Value) (string, bool) {
	switch v := v.(type) {
	case *ir.Literal:
		t, ok := v.V.(string)
		return quoteText(t), ok
	case *ir.Expr, *ir.ListValue, *ir.StructValue, *ir.Present:
		return "", false
	}
	return w.inner(s, v)
}

// expression is the source of a program with what it reads written as it is
// written here.
func (w *writer) expression(s *scope, e *ir.Expr) (string, bool) {
	p, ok := e.Program.(*expr.Program)
	if !ok {
		return "", false
	}
	texts := make(map[string]string, len(e.Vars))
	for _, x := range e.Vars {
		t, good := w.inner(s, x.Value)
		if l, is := x.Value.(*ir.Literal); is && p.Untyped() {
			t, good = constant(doubles(l.V))
		}
		if _, is := x.Value.(*ir.Expr); is {
			t = "(" + t + ")"
		}
		texts[x.Name], ok = t, ok && good
	}
	if !ok {
		return "", false
	}
	return p.Rewrite(func(v expr.Variable) string { return texts[v.Name] })
}

// doubles gives numbers the form that all have by KFP's rules.
func doubles(v any) any {
	if i, ok := v.(int64); ok {
		return float64(i)
	}
	return v
}

// constant is a constant in an expression.
func constant(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "null", true
	case string:
		return quoteText(v), true
	case bool, int64, float64:
		return dynamic(v, escape).text, true
	case []any:
		out := make([]string, len(v))
		for i, x := range v {
			t, ok := constant(x)
			if !ok {
				return "", false
			}
			out[i] = t
		}
		return "[" + strings.Join(out, ", ") + "]", true
	case map[string]any:
		out := make([]string, 0, len(v))
		for _, k := range keys(v) {
			t, ok := constant(v[k])
			if !ok {
				return "", false
			}
			out = append(out, quoteText(k)+": "+t)
		}
		return "{" + strings.Join(out, ", ") + "}", true
	}
	return "", false
}

// quoteText is a text in an expression.
func quoteText(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + "'"
}

func runName(f ir.RunField) (string, bool) {
	names := map[ir.RunField]string{
		ir.RunName: "name", ir.RunID: "id", ir.RunResourceName: "resource_name", ir.RunCreateTime: "create_time",
		ir.RunScheduleTime: "schedule_time", ir.TaskName: "task_name", ir.TaskID: "task_id",
		ir.WorkspacePath: "workspace", ir.PipelineRoot: "artifact_root",
	}
	return "run." + names[f], names[f] != ""
}

func (w *writer) portText(v *ir.PortRef) string {
	root := "inputs"
	if v.Output {
		root = "outputs"
	} else if p := w.comp.Input(v.Port); v.Aspect == ir.AspectWhole && p != nil && p.Type.Kind == ir.List {
		return member(root, v.Port)
	}
	path := member(root, v.Port)
	switch v.Aspect {
	case ir.AspectPath:
		return path + ".path"
	case ir.AspectURI:
		return path + ".uri"
	case ir.AspectContent:
		return path + ".content"
	case ir.AspectMetadata:
		if v.Key != "" {
			return path + ".metadata[" + quoteText(v.Key) + "]"
		}
		return path + ".metadata"
	}
	return path + ".list"
}

func (w *writer) cannotSay(v ir.Value) *node {
	var at source.Span
	if v != nil {
		at = v.Span()
	}
	w.cannot(at, "the value "+quote(ir.ValueText(v)), "no form of this language says it; write it in another way")
	return plain("null")
}
