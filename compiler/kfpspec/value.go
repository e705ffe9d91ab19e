package kfpspec

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// A constantArg is a constant with references to other inputs of its task; it
// waits until those are known.
type constantArg struct {
	binding *ir.Binding
	node    *tree.Node
	wrap    *ir.Select
}

// inputs reads the task's arguments. Constants that hold references come back,
// bound to a literal for the time being.
func (s *scope) inputs(raw *rawTask) (later []constantArg) {
	var parameters, artifacts []tree.Field
	for _, f := range s.fields(raw.parts.inputs, "inputs") {
		switch f.Key.Scalar {
		case "parameters":
			parameters = s.fields(f.Value, "parameters")
		case "artifacts":
			artifacts = s.fields(f.Value, "artifacts")
		default:
			s.unknown(f.Key, "inputs", "parameters", "artifacts")
		}
	}
	if len(parameters)+len(artifacts) == 0 {
		return nil
	}
	bindings := make([]ir.Binding, len(parameters)+len(artifacts))
	raw.task.Args = make([]*ir.Binding, 0, len(bindings))
	bind := func(f tree.Field, v ir.Value) *ir.Binding {
		b := &bindings[len(raw.task.Args)]
		b.Name = ir.Ident{Text: f.Key.Scalar, At: f.Key.Span()}
		b.Value = v
		raw.task.Args = append(raw.task.Args, b)
		return b
	}
	for _, f := range parameters {
		v, constant := s.parameterSource(f.Value, f.Key.Span())
		if v == nil {
			v = &ir.Literal{At: f.Key.Span()}
		}
		if s.misplaced(v) || itemOf(f.Key.Scalar) == s.loopItem(raw) {
			raw.ofItem = append(raw.ofItem, f.Key.Scalar)
			continue
		}
		b := bind(f, v)
		if constant != nil && holdsReference(constant) {
			wrap, _ := v.(*ir.Select)
			later = append(later, constantArg{b, constant, wrap})
		}
	}
	for _, f := range artifacts {
		if v := s.artifactSource(f); v != nil {
			bind(f, v)
		}
	}
	return later
}

// parameterSource reads an InputParameterSpec, which stands in the DAG. constant
// is the node of a constant. v is nil after a report.
func (s *scope) parameterSource(n *tree.Node, at source.Span) (v ir.Value, constant *tree.Node) {
	var selector *tree.Node
	for _, f := range s.fields(n, "a parameter's source") {
		if f.Value.IsNull() {
			continue
		}
		var got ir.Value
		switch camel(f.Key.Scalar) {
		case "componentInputParameter":
			got = s.parameterInput(s.str(f.Value, "componentInputParameter"), f.Value.Span())
		case "taskOutputParameter":
			got = s.taskOutput(f, "outputParameterKey")
		case "runtimeValue":
			got, constant = s.runtimeValue(f)
		case "taskFinalStatus":
			got = s.finalStatus(f)
		case "parameterExpressionSelector":
			selector = f.Value
			continue
		default:
			s.unknown(f.Key, "a parameter's source", "componentInputParameter", "taskOutputParameter", "runtimeValue", "taskFinalStatus", "parameterExpressionSelector")
			continue
		}
		if v != nil {
			s.add(severalSources(f.Key.Span()))
			continue
		}
		if v = got; v == nil {
			v = &ir.Literal{At: at}
		}
	}
	if v == nil {
		s.add(noSource(at))
		return nil, nil
	}
	if selector != nil {
		v = s.selected(v, selector)
	}
	return v, constant
}

// parameterInput reads an input of this DAG. A key of a loop's item is read from
// the item, where this DAG has it.
func (s *scope) parameterInput(name string, at source.Span) ir.Value {
	if item, key, ok := itemKey(name); ok && s.owner.Input(item) != nil {
		return &ir.Select{Of: s.input(item, at), Key: key, At: at}
	}
	return s.input(name, at)
}

// misplaced knows the reference to a key of a loop's item where there is no
// item: around conditions and exit handlers in a loop the SDK hands the key to
// the loop from outside. Such an argument says nothing, and neither does the
// loop's own; its body reads the key from its own item.
func (s *scope) misplaced(v ir.Value) bool {
	ref, ok := v.(*ir.InputRef)
	return ok && s.owner.Input(ref.Name) == nil && itemOf(ref.Name) != ""
}

// loopItem is the input that takes the items of the task's loop, if it is one.
func (s *scope) loopItem(raw *rawTask) string {
	if n := field(raw.parts.parameters, "itemInput"); n != nil && n.Scalar != "" {
		return n.Scalar
	}
	return "\x00" // no name
}

// itemOf is the item that an input is a key of, "" for others.
func itemOf(name string) string {
	item, _, _ := itemKey(name)
	return item
}

// itemKey takes the SDK's name of a key of a loop's item apart. Keys are names
// in Python.
func itemKey(name string) (item, key string, ok bool) {
	const mark = "-subvar-"
	i := strings.LastIndex(name, mark)
	if i < 0 || i+len(mark) == len(name) {
		return "", "", false
	}
	item, key = name[:i], name[i+len(mark):]
	numbered := strings.TrimRight(item, "0123456789")
	ok = strings.HasSuffix(item, "-loop-item") || numbered != item && strings.HasSuffix(numbered, "loop-item-param-")
	if !ok || strings.Contains(key, "-") { // the item of a loop over the key
		return "", "", false
	}
	return item, key, true
}

// selected applies the one expression that the SDK writes.
func (s *scope) selected(v ir.Value, n *tree.Node) ir.Value {
	text := strings.TrimSpace(s.str(n, "parameterExpressionSelector"))
	if inner, ok := strings.CutPrefix(text, "parseJson(string_value)["); ok {
		if key, rest, ok := quotedName(inner); ok && rest == "" {
			return &ir.Select{Of: v, Key: key, At: n.Span()}
		}
	}
	s.add(unsupportedSelector(n.Span()))
	return v
}

func (s *scope) taskOutput(of tree.Field, key string) ir.Value {
	ref := s.slabs.outputs.next()
	ref.At = of.Key.Span()
	for _, f := range s.fields(of.Value, of.Key.Scalar) {
		switch camel(f.Key.Scalar) {
		case "producerTask":
			ref.Task, ref.At = s.str(f.Value, "producerTask"), f.Value.Span()
		case key:
			ref.Output = s.str(f.Value, key)
		default:
			s.unknown(f.Key, of.Key.Scalar, "producerTask", key)
		}
	}
	if what := absent(ref, "producerTask", key); what != "" {
		s.add(missing(what, of.Key.Span()))
		return nil
	}
	return ref
}

// absent names what a reference lacks, "" when it is complete.
func absent(ref *ir.OutputRef, task, output string) string {
	switch {
	case ref.Task == "":
		return task
	case ref.Output == "":
		return output
	}
	return ""
}

func (s *scope) finalStatus(of tree.Field) ir.Value {
	for _, f := range s.fields(of.Value, "taskFinalStatus") {
		if camel(f.Key.Scalar) == "producerTask" {
			return &ir.StatusRef{Task: s.str(f.Value, "producerTask"), At: f.Value.Span()}
		}
		s.unknown(f.Key, "taskFinalStatus", "producerTask")
	}
	s.add(missing("producerTask", of.Key.Span()))
	return nil
}

func (s *scope) runtimeValue(of tree.Field) (v ir.Value, constant *tree.Node) {
	for _, f := range s.fields(of.Value, "runtimeValue") {
		switch camel(f.Key.Scalar) {
		case "constant":
			return s.literal(value(f.Value), f.Value.Span()), f.Value
		case "constantValue":
			return s.oldConstant(f)
		case "runtimeParameter":
			return &ir.InputRef{Name: s.str(f.Value, "runtimeParameter"), At: f.Value.Span()}, nil
		default:
			s.unknown(f.Key, "runtimeValue", "constant", "constantValue", "runtimeParameter")
		}
	}
	s.add(missing("constant", of.Key.Span()))
	return nil, nil
}

func (r *reader) oldConstant(of tree.Field) (ir.Value, *tree.Node) {
	for _, f := range r.fields(of.Value, "constantValue") {
		switch camel(f.Key.Scalar) {
		case "intValue":
			return &ir.Literal{V: r.integer(f.Value, "intValue"), At: f.Value.Span()}, nil
		case "doubleValue":
			return &ir.Literal{V: whole(r.number(f.Value, "doubleValue")), At: f.Value.Span()}, nil
		case "stringValue":
			return &ir.Literal{V: r.str(f.Value, "stringValue"), At: f.Value.Span()}, f.Value
		}
		r.unknown(f.Key, "constantValue", "intValue", "doubleValue", "stringValue")
	}
	r.add(missing("stringValue", of.Key.Span()))
	return nil, nil
}

func (s *scope) artifactSource(of tree.Field) (v ir.Value) {
	for _, f := range s.fields(of.Value, "an artifact's source") {
		if v != nil {
			s.add(severalSources(f.Key.Span()))
			break
		}
		switch camel(f.Key.Scalar) {
		case "componentInputArtifact":
			v = &ir.InputRef{Name: s.str(f.Value, "componentInputArtifact"), At: f.Value.Span()}
		case "taskOutputArtifact":
			if v = s.taskOutput(f, "outputArtifactKey"); v == nil {
				return nil
			}
		default:
			s.unknown(f.Key, "an artifact's source", "componentInputArtifact", "taskOutputArtifact")
			return nil
		}
	}
	if v == nil {
		s.add(noSource(of.Key.Span()))
	}
	return v
}

// holdsReference reports whether any text in n might hold a placeholder.
func holdsReference(n *tree.Node) bool {
	switch n.Kind {
	case tree.Sequence:
		for _, item := range n.Items {
			if holdsReference(item) {
				return true
			}
		}
		return false
	case tree.Mapping:
		for _, f := range n.Fields {
			if holdsReference(f.Value) {
				return true
			}
		}
		return false
	}
	return strings.Contains(n.Scalar, opening)
}

// constantArg gives a constant with references its value, piece by piece, now
// that the task's other arguments and the component's defaults are known.
func (s *scope) constantArg(raw *rawTask, c constantArg) {
	v := s.constant(c.node, s.taskScope(raw, c.binding.Name.Text))
	if c.wrap != nil {
		c.wrap.Of = v
		return
	}
	c.binding.Value = v
}

func (s *scope) constant(n *tree.Node, resolve resolver) ir.Value {
	if !holdsReference(n) {
		return &ir.Literal{V: value(n), At: n.Span()}
	}
	switch n.Kind {
	case tree.Sequence:
		list := &ir.ListValue{Items: make([]ir.Value, len(n.Items)), At: n.Span()}
		for i, item := range n.Items {
			list.Items[i] = s.constant(item, resolve)
		}
		return list
	case tree.Mapping:
		out := &ir.StructValue{At: n.Span()}
		for _, f := range n.Fields {
			out.Keys = append(out.Keys, f.Key.Scalar)
			out.Values = append(out.Values, s.constant(f.Value, resolve))
		}
		return out
	}
	v := s.text(n, "constant", resolve)
	if _, template := v.(*ir.Template); !template && s.typeOf(v).Kind != ir.String {
		// Text stays text, even where a reference is all of it.
		if _, literal := v.(*ir.Literal); !literal {
			return &ir.Template{Parts: []ir.Value{v}, At: n.Span()}
		}
	}
	return v
}

// taskScope resolves what stands in an argument or a setting of the task: its
// inputs are replaced by what the task wires to them. self is the argument that
// is being resolved, "" for none.
func (s *scope) taskScope(raw *rawTask, self string) resolver {
	return func(p placeholder, at source.Span) ir.Value {
		switch p.kind {
		case phRun:
			return &ir.RunRef{Field: p.run, At: at}
		case phBad:
			s.add(badEscape(at))
			return nil
		case phInputParameter:
			if p.name == self {
				s.add(selfReference(p.name, at))
				return nil
			}
			if b := raw.task.Arg(p.name); b != nil {
				return b.Value
			}
			port := inputOf(raw.task.Component, p.name)
			switch {
			case port == nil && raw.task.Component == nil:
				return &ir.Literal{At: at}
			case port == nil:
				s.add(unknownInput(p.name, at, s.offer(argNames(raw.task))))
				return nil
			case port.Default != nil:
				return port.Default
			}
			return &ir.Literal{At: at}
		}
		s.add(placeholderNotHere(at))
		return nil
	}
}
