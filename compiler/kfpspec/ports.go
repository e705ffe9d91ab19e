package kfpspec

import (
	"bytes"
	"strconv"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

func itoa(i int) string { return strconv.Itoa(i) }

// ports reads the inputs and outputs of a component.
func (r *reader) ports(c *ir.Component, e *entry) {
	c.Inputs = r.portList(e.parts.inputs, "inputDefinitions", true)
	c.Outputs = r.portList(e.parts.outputs, "outputDefinitions", false)
}

func (r *reader) portList(n *tree.Node, what string, input bool) []*ir.Port {
	var artifacts, parameters []tree.Field
	for _, f := range r.fields(n, what) {
		switch f.Key.Scalar {
		case "artifacts":
			artifacts = r.fields(f.Value, "artifacts")
		case "parameters":
			parameters = r.fields(f.Value, "parameters")
		default:
			r.unknown(f.Key, what, "parameters", "artifacts")
		}
	}
	count := len(artifacts) + len(parameters)
	if count == 0 {
		return nil
	}
	out := make([]*ir.Port, 0, count)
	ports := make([]ir.Port, count)
	var taken map[string]*ir.Port
	if len(artifacts) > 0 && len(parameters) > 0 {
		taken = make(map[string]*ir.Port, len(parameters))
	}
	for _, f := range parameters {
		p := &ports[len(out)]
		r.parameter(p, f, input)
		out = append(out, p)
		if taken != nil {
			taken[p.Name.Text] = p
		}
	}
	for _, f := range artifacts {
		p := &ports[len(out)]
		r.artifact(p, f, input)
		if first := taken[f.Key.Scalar]; first != nil {
			r.add(samePort(f.Key.Scalar, f.Key.Span(), first.Name.At))
			continue
		}
		out = append(out, p)
	}
	return out
}

func findPort(ports []*ir.Port, name string) *ir.Port {
	for _, p := range ports {
		if p.Name.Text == name {
			return p
		}
	}
	return nil
}

func (r *reader) parameter(p *ir.Port, entry tree.Field, input bool) {
	p.Name = ir.Ident{Text: entry.Key.Scalar, At: entry.Key.Span()}
	optional := false
	for _, f := range r.fields(entry.Value, "a parameter") {
		switch name := camel(f.Key.Scalar); {
		case name == "parameterType" || name == "type":
			p.Type = r.parameterType(f.Value)
			p.TypeAt = f.Value.Span()
		case name == "description":
			p.Description = r.str(f.Value, "description")
		case name == "defaultValue" && input:
			if !f.Value.IsNull() {
				p.Default = r.literal(value(f.Value), f.Value.Span())
			}
		case name == "isOptional" && input:
			optional = r.boolean(f.Value, "isOptional")
		case name == "literals" && input:
			if items := r.items(f.Value, "literals"); len(items) > 0 {
				p.Limits = &ir.Limits{Enum: value(f.Value).([]any), At: f.Value.Span()}
			}
		case input:
			r.unknown(f.Key, "an input parameter", "parameterType", "defaultValue", "isOptional", "description", "literals")
		default:
			r.unknown(f.Key, "an output parameter", "parameterType", "description")
		}
	}
	if p.Default != nil {
		asNumber(p.Default, p.Type)
	}
	p.Optional = optional && p.Default == nil
	if p.TypeAt.IsZero() && mappingOrNothing(entry.Value) {
		r.add(missing("parameterType", entry.Key.Span()))
	}
}

// asNumber makes a number of an unquoted text where a number is wanted: other
// writers of YAML than the SDK's print 1e-07.
func asNumber(l *ir.Literal, t ir.Type) {
	text, ok := l.V.(string)
	if !ok || l.At.IsZero() || t.Kind != ir.Integer && t.Kind != ir.Number || !bytes.Equal(l.At.File.Text()[l.At.Start:l.At.End], []byte(text)) {
		return
	}
	if v, ok := number(text); ok {
		l.V = v
	}
}

// mappingOrNothing is false for what has been reported already.
func mappingOrNothing(n *tree.Node) bool { return n.IsNull() || n.Kind == tree.Mapping }

func (r *reader) parameterType(n *tree.Node) ir.Type {
	switch r.str(n, "parameterType") {
	case "STRING":
		return ir.Type{Kind: ir.String}
	case "NUMBER_INTEGER", "INT":
		return ir.Type{Kind: ir.Integer}
	case "NUMBER_DOUBLE", "DOUBLE":
		return ir.Type{Kind: ir.Number}
	case "BOOLEAN":
		return ir.Type{Kind: ir.Boolean}
	case "LIST":
		return ir.Type{Kind: ir.List}
	case "STRUCT", "TASK_FINAL_STATUS", "TASK_CONFIG":
		return ir.Type{Kind: ir.Struct}
	}
	r.add(unknownType(n.Scalar, n.Span()))
	return ir.Type{}
}

func (r *reader) artifact(p *ir.Port, entry tree.Field, input bool) {
	p.Name = ir.Ident{Text: entry.Key.Scalar, At: entry.Key.Span()}
	list := false
	for _, f := range r.fields(entry.Value, "an artifact") {
		switch name := camel(f.Key.Scalar); {
		case name == "artifactType":
			p.Type = r.artifactType(f.Value)
			p.TypeAt = head(f.Value)
		case name == "isArtifactList":
			list = r.boolean(f.Value, "isArtifactList")
		case name == "description":
			p.Description = r.str(f.Value, "description")
		case name == "isOptional" && input:
			p.Optional = r.boolean(f.Value, "isOptional")
		case name == "metadata" && !input:
			if m, ok := value(f.Value).(map[string]any); ok {
				p.Metadata = m
			} else if !f.Value.IsNull() {
				r.fields(f.Value, "metadata")
			}
		case (name == "properties" || name == "customProperties") && !input:
			r.dropped(f)
		case input:
			r.unknown(f.Key, "an input artifact", "artifactType", "isArtifactList", "isOptional", "description")
		default:
			r.unknown(f.Key, "an output artifact", "artifactType", "isArtifactList", "metadata", "description")
		}
	}
	if p.TypeAt.IsZero() && mappingOrNothing(entry.Value) {
		r.add(missing("artifactType", entry.Key.Span()))
	}
	if list && p.Type.Kind != ir.Invalid {
		p.Type = ir.ListOf(p.Type)
	}
}

func (r *reader) artifactType(n *tree.Node) ir.Type {
	t := ir.Type{Kind: ir.Artifact}
	for _, f := range r.fields(n, "artifactType") {
		switch camel(f.Key.Scalar) {
		case "schemaTitle":
			t.Schema.Title = r.str(f.Value, "schemaTitle")
		case "instanceSchema":
			t.Schema.Instance = r.str(f.Value, "instanceSchema")
		case "schemaUri":
			t.Schema.URI = r.str(f.Value, "schemaUri")
		case "schemaVersion":
			t.Schema.Version = r.str(f.Value, "schemaVersion")
		default:
			r.unknown(f.Key, "artifactType", "schemaTitle", "schemaVersion", "instanceSchema", "schemaUri")
		}
	}
	if t.Schema.Title == "" && t.Schema.Instance == "" && t.Schema.URI == "" {
		t.Schema.Title = "system.Artifact"
	}
	return t
}

// dropped warns of a field that is not carried, where it says anything.
func (r *reader) dropped(f tree.Field) {
	if f.Value.IsNull() || f.Value.Kind >= tree.Sequence && len(f.Value.Items)+len(f.Value.Fields) == 0 {
		return
	}
	r.add(noEffect(f.Key.Scalar, diag.Warning, f.Key.Span()))
}
