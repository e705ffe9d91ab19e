package kfpspec

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// componentFile reads a component file of KFP's first version, as the second
// version's SDK does: names become lower case with underscores, a type that is
// no parameter type is an artifact.
func (r *reader) componentFile(n *tree.Node) *ir.Component {
	c := &ir.Component{}
	v := &v1{reader: r, component: c, names: map[string]string{}, outNames: map[string]string{}}
	var implementation *tree.Node
	for _, f := range r.fields(n, "a component file") {
		switch f.Key.Scalar {
		case "name":
			c.Name = r.ident(f.Value, "name")
		case "description":
			c.Description = r.str(f.Value, "description")
		case "inputs":
			for _, item := range r.items(f.Value, "inputs") {
				c.Inputs = v.port(c.Inputs, item, true)
			}
		case "outputs":
			for _, item := range r.items(f.Value, "outputs") {
				c.Outputs = v.port(c.Outputs, item, false)
			}
		case "implementation":
			implementation = f.Value
		case "metadata":
		default:
			r.unknown(f.Key, "a component file", "name", "description", "inputs", "outputs", "implementation", "metadata")
		}
	}
	v.implementation(implementation, head(n))
	return c
}

// A v1 reads one component file.
type v1 struct {
	*reader
	component       *ir.Component
	names, outNames map[string]string // as written to as used
}

// tidy is the name that the SDK makes of a name in a component file.
func tidy(name string) string {
	var b strings.Builder
	gap := false
	for _, c := range strings.ToLower(name) {
		if c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' {
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(c)
			continue
		}
		gap = true
	}
	return strings.Trim(b.String(), "_")
}

func (v *v1) port(ports []*ir.Port, n *tree.Node, input bool) []*ir.Port {
	p := &ir.Port{}
	var def *tree.Node
	for _, f := range v.fields(n, "a port") {
		switch name := f.Key.Scalar; {
		case name == "name":
			p.Name = v.ident(f.Value, "name")
		case name == "type":
			p.Type, p.TypeAt = v.portType(f.Value), f.Value.Span()
		case name == "description":
			p.Description = v.str(f.Value, "description")
		case name == "default" && input:
			def = f.Value
		case name == "optional" && input:
			p.Optional = v.boolean(f.Value, "optional")
		case name == "annotations":
		case input:
			v.unknown(f.Key, "an input", "name", "type", "description", "default", "optional")
		default:
			v.unknown(f.Key, "an output", "name", "type", "description")
		}
	}
	written := p.Name.Text
	p.Name.Text = tidy(written)
	if p.Name.Text == "" {
		v.add(missing("name", head(n)))
		return ports
	}
	if first := findPort(ports, p.Name.Text); first != nil {
		v.add(samePort(p.Name.Text, p.Name.At, first.Name.At))
		return ports
	}
	if p.TypeAt.IsZero() {
		p.Type = ir.ArtifactType("system.Artifact")
	}
	if !def.IsNull() {
		p.Default = v.fallback(p, def)
		p.Optional = p.Optional && p.Default == nil
	}
	if input {
		v.names[written] = p.Name.Text
	} else {
		v.outNames[written] = p.Name.Text
	}
	return append(ports, p)
}

// fallback reads a default, which such files write as text whatever its type.
func (v *v1) fallback(p *ir.Port, n *tree.Node) *ir.Literal {
	if p.Type.IsArtifact() {
		v.add(artifactDefault(p.Name.Text, n.Span()))
		return nil
	}
	l := &ir.Literal{V: value(n), At: n.Span()}
	text, isText := l.V.(string)
	switch {
	case p.Type.Kind == ir.String && n.Kind < tree.Sequence:
		l.V = n.Scalar
	case !isText:
	case p.Type.Kind == ir.List || p.Type.Kind == ir.Struct:
		if x, err := ir.ParseJSON(text); err == nil {
			l.V = wholeNumbers(x)
		}
	case p.Type.Kind != ir.String:
		l.V = resolve(text)
	}
	return l
}

func (v *v1) portType(n *tree.Node) ir.Type {
	if n.Kind == tree.Mapping && len(n.Fields) > 0 { // {GCSPath: {…}}: a type with properties
		return v.portType(&tree.Node{Kind: tree.Text, Scalar: n.Fields[0].Key.Scalar, File: n.File})
	}
	name := v.str(n, "type")
	bare, version, versioned := strings.Cut(name, "@")
	switch strings.ToLower(name) {
	case "string", "str", "text":
		return ir.Type{Kind: ir.String}
	case "integer", "int":
		return ir.Type{Kind: ir.Integer}
	case "float", "double":
		return ir.Type{Kind: ir.Number}
	case "boolean", "bool":
		return ir.Type{Kind: ir.Boolean}
	case "list", "jsonarray":
		return ir.Type{Kind: ir.List}
	case "dict", "jsonobject", "pipelinetaskfinalstatus":
		return ir.Type{Kind: ir.Struct}
	case "model", "dataset", "metrics", "artifact":
		return ir.ArtifactType("system." + strings.ToUpper(name[:1]) + strings.ToLower(name[1:]))
	case "classificationmetrics":
		return ir.ArtifactType("system.ClassificationMetrics")
	case "slicedclassificationmetrics":
		return ir.ArtifactType("system.SlicedClassificationMetrics")
	case "html":
		return ir.ArtifactType("system.HTML")
	case "markdown":
		return ir.ArtifactType("system.Markdown")
	}
	if versioned && strings.Contains(bare, ".") {
		return ir.Type{Kind: ir.Artifact, Schema: ir.ArtifactSchema{Title: bare, Version: version}}
	}
	return ir.ArtifactType("system.Artifact")
}

func (v *v1) implementation(n *tree.Node, at source.Span) {
	for _, f := range v.fields(n, "implementation") {
		switch f.Key.Scalar {
		case "container":
			v.container(f)
		case "graph":
			v.add(unsupported("graph", f.Key.Span()))
		default:
			v.unknown(f.Key, "implementation", "container")
		}
	}
	if n.IsNull() || len(n.Fields) == 0 {
		v.add(missing("implementation.container", at))
	}
}

func (v *v1) container(of tree.Field) {
	b := &ir.Container{Contract: ir.KFPContract, At: of.Key.Span()}
	v.component.Body = b
	for _, f := range v.fields(of.Value, "container") {
		switch f.Key.Scalar {
		case "image":
			b.Image = &ir.Literal{V: v.str(f.Value, "image"), At: f.Value.Span()}
		case "command":
			b.Command = v.argv(f.Value, "command")
		case "args":
			b.Args = v.argv(f.Value, "args")
		case "env":
			for _, e := range v.fields(f.Value, "env") {
				b.Env = append(b.Env, &ir.EnvVar{
					Name:  ir.Ident{Text: e.Key.Scalar, At: e.Key.Span()},
					Value: &ir.Literal{V: v.str(e.Value, "env"), At: e.Value.Span()},
				})
			}
		case "fileOutputs":
			if len(f.Value.Fields) > 0 {
				v.add(unsupported("fileOutputs", f.Key.Span()))
			}
		default:
			v.unknown(f.Key, "container", "image", "command", "args", "env")
		}
	}
	if b.Image == nil {
		v.add(missing("image", of.Key.Span()))
	}
	if len(b.Command)+len(b.Args) == 0 {
		v.add(noProgram(of.Key.Span()))
	}
}

func (v *v1) argv(n *tree.Node, what string) []ir.Arg {
	var out []ir.Arg
	for _, item := range v.items(n, what) {
		out = append(out, v.args(item, what)...)
	}
	return out
}

// args reads one element, which a condition can turn into several.
func (v *v1) args(n *tree.Node, what string) []ir.Arg {
	if n.Kind != tree.Mapping {
		text := func(s string) []ir.Arg { return []ir.Arg{&ir.TextArg{Value: &ir.Literal{V: s, At: n.Span()}}} }
		if n.IsNull() {
			return text("")
		}
		return text(v.str(n, what))
	}
	if len(n.Fields) != 1 {
		v.add(badPlaceholder(head(n)))
		return nil
	}
	f := n.Fields[0]
	switch f.Key.Scalar {
	case "concat":
		c := &ir.ConcatArg{At: f.Key.Span()}
		for _, item := range v.items(f.Value, "concat") {
			c.Items = append(c.Items, v.args(item, what)...)
		}
		return []ir.Arg{c}
	case "if":
		return v.condition(f, what)
	case "executorInput":
		return []ir.Arg{&ir.TextArg{Value: &ir.ExecutorInput{At: f.Key.Span()}}}
	}
	if x := v.reference(f); x != nil {
		return []ir.Arg{&ir.TextArg{Value: x}}
	}
	return nil
}

// reference reads {inputValue: x} and its like; nil after a report.
func (v *v1) reference(f tree.Field) ir.Value {
	kind := f.Key.Scalar
	written := v.str(f.Value, kind)
	at := f.Value.Span()
	names, ports, output := v.names, v.component.Inputs, false
	switch kind {
	case "inputValue", "inputPath", "inputUri":
	case "outputPath", "outputUri":
		names, ports, output = v.outNames, v.component.Outputs, true
	default:
		v.unknown(f.Key, "a placeholder", "inputValue", "inputPath", "inputUri", "outputPath", "outputUri", "concat", "if", "executorInput")
		return nil
	}
	name, known := names[written]
	if !known {
		name = tidy(written)
	}
	port := findPort(ports, name)
	if port == nil {
		v.add(unknownPort(written, output, at, portNames(ports)))
		return nil
	}
	artifact := port.Type.IsArtifact()
	switch {
	case kind == "inputValue" && artifact:
		return &ir.PortRef{Port: name, Aspect: ir.AspectContent, At: at}
	case kind == "inputValue":
		return &ir.InputRef{Name: name, At: at}
	case kind == "outputPath":
		return &ir.PortRef{Output: true, Port: name, Aspect: ir.AspectPath, At: at}
	case !artifact:
		v.add(wrongPort(written, "a parameter, not an artifact", at))
		return nil
	case strings.HasSuffix(kind, "Path"):
		return &ir.PortRef{Output: output, Port: name, Aspect: ir.AspectPath, At: at}
	}
	return &ir.PortRef{Output: output, Port: name, Aspect: ir.AspectURI, At: at}
}

func (v *v1) condition(of tree.Field, what string) []ir.Arg {
	out := &ir.IfArg{At: of.Key.Span()}
	for _, f := range v.fields(of.Value, "if") {
		switch f.Key.Scalar {
		case "cond":
			out.Cond = v.present(f.Value)
		case "then":
			out.Then = v.branch(f.Value, what)
		case "else":
			out.Else = v.branch(f.Value, what)
		default:
			v.unknown(f.Key, "if", "cond", "then", "else")
		}
	}
	if out.Cond == nil {
		v.add(missing("cond", of.Key.Span()))
		return nil
	}
	return []ir.Arg{out}
}

func (v *v1) branch(n *tree.Node, what string) []ir.Arg {
	if n.Kind == tree.Sequence {
		return v.argv(n, what)
	}
	return v.args(n, what)
}

func (v *v1) present(n *tree.Node) ir.Value {
	if n.Kind == tree.Mapping && len(n.Fields) == 1 && n.Fields[0].Key.Scalar == "isPresent" {
		in := n.Fields[0].Value
		written := v.str(in, "isPresent")
		name, known := v.names[written]
		if !known {
			name = tidy(written)
		}
		if findPort(v.component.Inputs, name) == nil {
			v.add(unknownInput(written, in.Span(), portNames(v.component.Inputs)))
			return &ir.Literal{V: false, At: in.Span()}
		}
		return &ir.Present{Input: name, At: in.Span()}
	}
	if n.Kind == tree.Mapping && len(n.Fields) == 1 && n.Fields[0].Key.Scalar == "inputValue" {
		if ref, ok := v.reference(n.Fields[0]).(*ir.InputRef); ok {
			if p := findPort(v.component.Inputs, ref.Name); p.Type.Kind == ir.Boolean {
				return ref
			}
		}
		v.add(badCondition(head(n)))
		return &ir.Literal{V: false, At: head(n)}
	}
	if b, ok := value(n).(bool); ok {
		return &ir.Literal{V: b, At: n.Span()}
	}
	if n.Kind < tree.Sequence && (n.Scalar == "true" || n.Scalar == "false") {
		return &ir.Literal{V: n.Scalar == "true", At: n.Span()}
	}
	v.add(badCondition(head(n)))
	return &ir.Literal{V: false, At: head(n)}
}
