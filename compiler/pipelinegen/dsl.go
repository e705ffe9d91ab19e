package pipelinegen

import (
	"strconv"
	"strings"
)

// A dslWriter writes a plan in our own language.
type dslWriter struct {
	p *plan
	r *rand
}

func writeDSL(p *plan, r *rand) []byte {
	w := &dslWriter{p, r}
	doc := object{{"pipeline", p.name}}
	if in := w.ports(p.root.inputs, true); len(in) > 0 {
		doc.add("inputs", in)
	}
	var components object
	for _, c := range p.components {
		components.add(c.name, w.component(c))
	}
	if len(components) > 0 {
		doc.add("components", object(shuffled(r, components)))
	}
	w.body(&doc, p.root)
	return document(doc)
}

func (w *dslWriter) ports(ports []*port, inputs bool) object {
	var out object
	for _, p := range ports {
		if !inputs || p.typ.elem == nil && !p.optional && p.fallback == nil {
			if p.typ.elem == nil && w.r.chance(70) {
				out.add(p.name, typeName(p.typ))
				continue
			}
		}
		o := object{{"type", typeName(p.typ)}}
		if p.typ.elem != nil {
			o.add("items", items(*p.typ.elem))
		}
		if p.optional {
			o.add("optional", true)
		}
		if p.fallback != nil {
			o.add("default", escapeAll(p.fallback))
		}
		out.add(p.name, o)
	}
	return out
}

func items(t typ) any {
	if t.elem == nil {
		return typeName(t)
	}
	return object{{"type", typeName(t)}, {"items", items(*t.elem)}}
}

func typeName(t typ) string {
	return map[kind]string{aString: "string", anInteger: "integer", aNumber: "number", aBoolean: "boolean",
		aList: "list", aStruct: "struct", anArtifact: "Dataset", anImport: "Model"}[t.kind]
}

// escape writes a text so that no expression is seen in it.
func escape(s string) string { return strings.ReplaceAll(s, "${{", "$${{") }

func escapeAll(v any) any {
	switch v := v.(type) {
	case string:
		return escape(v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = escapeAll(x)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = escapeAll(x)
		}
		return out
	}
	return v
}

func (w *dslWriter) component(c *component) object {
	var o object
	if c.sub != nil {
		var sub object
		if in := w.ports(c.inputs, true); len(in) > 0 {
			sub.add("inputs", in)
		}
		w.body(&sub, c.sub)
		return object{{"pipeline", sub}}
	}
	if c.uri == nil {
		o.add("image", "busybox:1")
	}
	if len(c.inputs) > 0 {
		o.add("inputs", w.ports(c.inputs, true))
	}
	if len(c.outputs) > 0 {
		o.add("outputs", w.ports(c.outputs, false))
	}
	if c.uri != nil {
		uri := escape(c.uri.literal)
		if c.uri.input != "" {
			uri = "${{ inputs." + c.uri.input + " }}"
		}
		o.add("import", object{{"uri", uri}})
		return o
	}
	w.program(&o, c)
	return o
}

// program writes the container's program in the component's style.
func (w *dslWriter) program(o *object, c *component) {
	var env object
	if c.flaky > 0 {
		env.add("NODE", object{{"field", "metadata.annotations['workflows.argoproj.io/node-name']"}})
	}
	s := &shell{c: c, text: word}
	switch c.style {
	case byScript:
		s.in = func(p *port) string { return `"$INPUT_` + variable(p.name) + `"` }
		s.out = func(p *port) string { return `"$OUTPUT_` + variable(p.name) + `"` }
		o.add("script", s.program())
	case byEnv:
		seen := map[string]bool{}
		s.in = func(p *port) string {
			name := "V_" + variable(p.name)
			if !seen[name] {
				seen[name] = true
				env.add(name, w.inside(p))
			}
			return `"$` + name + `"`
		}
		s.out = func(p *port) string {
			name := "W_" + variable(p.name)
			if !seen[name] {
				seen[name] = true
				env.add(name, "${{ outputs."+p.name+".path }}")
			}
			return `"$` + name + `"`
		}
		if c.literal {
			n := 0
			s.text = func(text string) string {
				n++
				env.add("T"+strconv.Itoa(n), escape(text))
				return `"$T` + strconv.Itoa(n) + `"`
			}
		}
		program := s.program()
		o.add("command", []any{"sh", "-ec", escape(program)})
	case byArgs:
		w.byArgs(o, c, s)
	}
	if len(env) > 0 {
		o.add("env", env)
	}
}

func (w *dslWriter) byArgs(o *object, c *component, s *shell) {
	var args []any
	words := positions{args: &args}
	s.in = func(p *port) string {
		return words.word("in "+p.name, func() any {
			if p.optional {
				not := "absent"
				if p.typ.kind == anArtifact {
					not = ""
				}
				return object{{"if", "${{ has(inputs." + p.name + ") }}"}, {"then", []any{w.inside(p)}}, {"else", []any{not}}}
			}
			return w.inside(p)
		})
	}
	s.out = func(p *port) string {
		return words.word("out "+p.name, func() any { return "${{ outputs." + p.name + ".path }}" })
	}
	if c.literal {
		s.text = func(text string) string {
			return words.word("text "+text, func() any { return escape(text) })
		}
	}
	program := s.program()
	o.add("command", []any{"sh", "-ec", escape(program), "sh"})
	if len(args) > 0 {
		o.add("args", args)
	}
}

// positions are the positional parameters of a shell.
type positions struct {
	args *[]any
	at   map[string]int
}

// word is the parameter that holds what make gives, which is called once for a
// key.
func (p *positions) word(key string, make func() any) string {
	if p.at == nil {
		p.at = map[string]int{}
	}
	if p.at[key] == 0 {
		*p.args = append(*p.args, make())
		p.at[key] = len(*p.args)
	}
	return `"${` + strconv.Itoa(p.at[key]) + `}"`
}

// inside is an input as its component calls it.
func (w *dslWriter) inside(p *port) string {
	switch {
	case p.typ.kind == anArtifact:
		return "${{ inputs." + p.name + ".path }}"
	case p.typ.kind == anImport:
		return "${{ inputs." + p.name + ".uri }}"
	}
	return "${{ inputs." + p.name + " }}"
}

func variable(name string) string {
	return strings.ReplaceAll(strings.ToUpper(name), "-", "_")
}

func (w *dslWriter) body(o *object, b *body) {
	o.add("tasks", w.tasks(b))
	if outputs := w.outputs(b); len(outputs) > 0 {
		o.add("outputs", outputs)
	}
	if b.finally != nil {
		o.add("finally", w.tasks(b.finally))
	}
	*o = shuffled(w.r, *o)
}

func (w *dslWriter) tasks(b *body) object {
	var out object
	for _, t := range b.tasks {
		out.add(t.name, w.task(t))
	}
	return shuffled(w.r, out)
}

func (w *dslWriter) outputs(b *body) object {
	var out object
	for _, o := range b.outputs {
		out.add(o.name, w.value(o.value))
	}
	return out
}

func (w *dslWriter) task(t *task) object {
	var o object
	if t.uses != nil {
		o.add("component", t.uses.name)
	}
	if len(t.args) > 0 {
		var in object
		for _, a := range t.args {
			in.add(a.name, w.value(a.value))
		}
		o.add("inputs", in)
	}
	switch len(t.after) {
	case 0:
	case 1:
		o.add("after", t.after[0].name)
	default:
		var names []any
		for _, a := range t.after {
			names = append(names, a.name)
		}
		o.add("after", names)
	}
	if t.when != nil {
		o.add("when", "${{ "+w.cel(t.when)+" }}")
	}
	if t.completed {
		o.add("trigger", "completed")
	}
	if t.retry > 0 {
		o.add("retry", t.retry)
	}
	w.loop(&o, t)
	if t.body != nil {
		w.body(&o, t.body)
	}
	if len(t.branches) > 0 {
		var list []any
		for _, b := range t.branches {
			var one object
			if b.when != nil {
				one.add("when", "${{ "+w.cel(b.when)+" }}")
			} else {
				one.add("otherwise", nil)
			}
			w.body(&one, b.body)
			list = append(list, one)
		}
		o.add("branches", list)
	}
	return o
}

func (w *dslWriter) loop(o *object, t *task) {
	if t.forEach == nil {
		return
	}
	o.add("for-each", w.value(t.forEach))
	if t.body.item != "item" || w.r.chance(30) {
		o.add("as", t.body.item)
	}
	if t.parallelism > 0 {
		o.add("parallelism", t.parallelism)
	}
}

// value is a value as it stands in an argument or an output.
func (w *dslWriter) value(v value) any {
	switch v := v.(type) {
	case *constant:
		return escapeAll(v.v)
	case *text:
		var b strings.Builder
		for _, p := range v.parts {
			if c, ok := p.(*constant); ok {
				b.WriteString(c.v.(string))
				continue
			}
			b.WriteString("\x00" + w.cel(p) + "\x00")
		}
		// References are put in once texts are escaped: a dollar before one is no
		// escape of it.
		return spliced(b.String())
	}
	return "${{ " + w.cel(v) + " }}"
}

func spliced(s string) string {
	parts := strings.Split(s, "\x00")
	for i, p := range parts {
		if i%2 == 0 {
			parts[i] = escape(p)
		} else {
			parts[i] = "${{ " + p + " }}"
		}
	}
	return strings.Join(parts, "")
}

// cel is a value as an expression.
func (w *dslWriter) cel(v value) string {
	switch v := v.(type) {
	case *constant:
		return w.celConstant(v)
	case *ref:
		return w.path(v, false)
	case *member:
		if v.key == "n" || v.key == "k" || v.key == "state" {
			return w.path(v.of, false) + "." + v.key
		}
		return w.path(v.of, false) + "[" + quoted(v.key) + "]"
	case *call:
		return w.call(v)
	}
	panic("no expression")
}

func (w *dslWriter) celConstant(c *constant) string {
	return flow(c.v)
}

// path names a reference; optional writes its last step with a question mark.
func (w *dslWriter) path(r *ref, optional bool) string {
	dot := "."
	if optional {
		dot = ".?"
	}
	switch r.kind {
	case toInput:
		return "inputs" + dot + r.name
	case toItem:
		return r.name
	case toStatus:
		return "status"
	}
	step := "." + r.task.name
	if w.r.chance(15) || reserved(r.task.name) {
		step = "['" + r.task.name + "']"
	}
	return "tasks" + step + ".outputs" + dot + r.name
}

func reserved(name string) bool { return name == "if" || name == "let" || name == "not" }

var infix = map[string]string{"add": "+", "sub": "-", "mul": "*", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "and": "&&", "or": "||", "in": "in"}

func (w *dslWriter) call(c *call) string {
	arg := func(i int) string { return w.cel(c.args[i]) }
	if op := infix[c.fn]; op != "" {
		return "(" + arg(0) + " " + op + " " + arg(1) + ")"
	}
	switch c.fn {
	case "run":
		return `run.name != ""`
	case "has":
		return "has(" + w.path(c.args[0].(*ref), false) + ")"
	case "else":
		return w.path(c.args[0].(*ref), true) + ".orValue(" + arg(1) + ")"
	case "cond":
		return "(" + arg(0) + " ? " + arg(1) + " : " + arg(2) + ")"
	case "not":
		return "!(" + arg(0) + ")"
	case "contains":
		return arg(0) + ".contains(" + arg(1) + ")"
	case "index":
		return arg(0) + "[" + arg(1) + "]"
	case "each":
		return arg(0) + ".map(x, x + " + arg(1) + ")"
	case "without":
		return arg(0) + ".filter(x, x != " + arg(1) + ")"
	}
	return c.fn + "(" + arg(0) + ")" // size, string, int, double
}
