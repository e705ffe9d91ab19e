package dsl

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

func itoa(i int) string { return strconv.Itoa(i) }

// parameterTypes and artifactTypes are the names that a type may have, besides
// a full schema title, which has a dot in it.
var (
	parameterTypes = map[string]ir.Kind{
		"string": ir.String, "integer": ir.Integer, "number": ir.Number,
		"boolean": ir.Boolean, "list": ir.List, "struct": ir.Struct,
	}
	typeNames = []string{
		"string", "integer", "number", "boolean", "list", "struct",
		"Artifact", "Dataset", "Model", "Metrics", "ClassificationMetrics",
		"SlicedClassificationMetrics", "HTML", "Markdown",
	}
)

// typeOf reads a type and the type of its elements; an unknown one is reported
// and Invalid.
func (r *reader) typeOf(n, items *tree.Node) ir.Type {
	if !isScalar(n) || hasExpression(n.Scalar) {
		return ir.Type{}
	}
	if n.Scalar == "any" && r.kfp && items.IsNull() {
		return ir.Type{Kind: ir.Dynamic}
	}
	if k, ok := parameterTypes[n.Scalar]; ok {
		t := ir.Type{Kind: k}
		switch {
		case items.IsNull():
		case k != ir.List:
			r.report(itemsWithout(items, n.Scalar))
		default:
			e := r.itemType(items)
			t.Items = &e
		}
		return t
	}
	if !items.IsNull() {
		r.report(itemsWithout(items, n.Scalar))
	}
	return r.artifactType(n)
}

func (r *reader) itemType(n *tree.Node) ir.Type {
	if isMapping(n) {
		return r.typeOf(n.Get("type"), n.Get("items"))
	}
	return r.typeOf(n, nil)
}

func (r *reader) artifactType(n *tree.Node) ir.Type {
	s := n.Scalar
	for _, known := range typeNames[len(parameterTypes):] {
		if s == known {
			return ir.ArtifactType("system." + s)
		}
	}
	if dot := strings.IndexByte(s, '.'); dot > 0 && dot < len(s)-1 && !strings.ContainsAny(s, " \t\n/") {
		return ir.ArtifactType(s)
	}
	r.report(unknownType(n))
	return ir.Type{}
}

// ports reads the inputs or outputs of a component.
func (r *reader) ports(n *tree.Node, input bool) []*ir.Port {
	if !isMapping(n) {
		return nil
	}
	out := make([]*ir.Port, 0, len(n.Fields))
	for _, f := range n.Fields {
		out = append(out, r.port(f, input))
	}
	return out
}

func (r *reader) port(f tree.Field, input bool) *ir.Port {
	p := &ir.Port{Name: ident(f.Key)}
	if !isMapping(f.Value) {
		if f.Value.IsNull() {
			r.report(typeMissing(f.Key))
			return p
		}
		p.Type, p.TypeAt = r.typeOf(f.Value, nil), f.Value.Span()
		return p
	}
	n := f.Value
	p.Type, p.TypeAt = r.typeOf(n.Get("type"), n.Get("items")), n.Get("type").Span()
	p.Description = strings.TrimSpace(text(n.Get("description")))
	r.schema(p, n)
	if !input {
		p.Metadata = rawMap(r, n.Get("metadata"))
		return p
	}
	p.Optional, p.Secret = boolean(n.Get("optional")), boolean(n.Get("secret"))
	if p.Secret && p.Type.Kind != ir.String && p.Type.Kind != ir.Invalid {
		r.report(secretType(n.Get("secret"), p.Name.Text))
		p.Secret = false
	}
	p.Limits = r.limits(p, n)
	if d := n.Get("default"); !d.IsNull() {
		if v, ok := r.literal(d, p.Type); ok {
			p.Default = &ir.Literal{V: v, At: d.Span()}
			r.secretLiteral(p, p.Default)
		} else {
			p.Type = ir.Type{} // reported: nobody is to wonder about this input again
		}
	}
	return p
}

// schema refines an artifact's type by its version, or replaces its title.
func (r *reader) schema(p *ir.Port, n *tree.Node) {
	title, version, uri, instance := n.Get("schema-title"), n.Get("schema-version"), n.Get("schema-uri"), n.Get("instance-schema")
	for _, k := range [...]*tree.Node{title, version, uri, instance} {
		if !k.IsNull() && !p.Type.IsArtifact() && p.Type.Kind != ir.Invalid {
			r.report(schemaOfParameter(k, p))
			return
		}
	}
	of := &p.Type // of a list: its elements
	for of.Kind == ir.List && of.Items != nil {
		of = of.Items
	}
	if isScalar(title) {
		of.Schema.Title = text(title)
	}
	if isScalar(version) {
		of.Schema.Version = text(version)
	}
	switch {
	case isScalar(uri):
		of.Schema = ir.ArtifactSchema{URI: text(uri), Version: text(version)}
	case isScalar(instance):
		of.Schema = ir.ArtifactSchema{Instance: instance.Scalar, Version: text(version)}
	}
}

// limits reads the constraints of an input, nil if there are none.
func (r *reader) limits(p *ir.Port, n *tree.Node) *ir.Limits {
	l, any := &ir.Limits{At: n.Span()}, false
	for _, f := range n.Fields {
		kinds, is := limitKinds[f.Key.Scalar]
		if !is || f.Value.IsNull() {
			continue
		}
		if p.Type.Kind != ir.Invalid && !strings.Contains(kinds, p.Type.String()+" ") && !(p.Type.Kind == ir.List && strings.Contains(kinds, "list ")) {
			r.report(limitOfType(f.Key, p.Type))
			continue
		}
		any = true
		switch f.Key.Scalar {
		case "minimum":
			l.Minimum = limitNumber(f.Value)
		case "maximum":
			l.Maximum = limitNumber(f.Value)
		case "min-length":
			l.MinLength = limitInt(f.Value)
		case "max-length":
			l.MaxLength = limitInt(f.Value)
		case "pattern":
			l.Pattern = r.pattern(f.Value)
		case "enum":
			l.Enum = r.enum(f.Value, p.Type)
		}
	}
	if !any {
		return nil
	}
	r.emptyRange(l, n)
	return l
}

// limitKinds says which types a constraint fits; each name ends in a blank.
var limitKinds = map[string]string{
	"minimum":    "integer number ",
	"maximum":    "integer number ",
	"min-length": "string list ",
	"max-length": "string list ",
	"pattern":    "string ",
	"enum":       "string integer number boolean ",
}

func (r *reader) emptyRange(l *ir.Limits, n *tree.Node) {
	if l.Minimum != nil && l.Maximum != nil && *l.Minimum > *l.Maximum {
		r.report(emptyRange(n.Get("maximum"), "minimum"))
	}
	if l.MinLength != nil && l.MaxLength != nil && *l.MinLength > *l.MaxLength {
		r.report(emptyRange(n.Get("max-length"), "min-length"))
	}
}

func limitNumber(n *tree.Node) *float64 {
	f, ok := readNumber(n)
	if !ok {
		return nil
	}
	return &f
}

func limitInt(n *tree.Node) *int {
	i, ok := readInt(n)
	if !ok {
		return nil
	}
	v := int(i)
	return &v
}

func (r *reader) pattern(n *tree.Node) string {
	if !isScalar(n) {
		return ""
	}
	if _, err := regexp.Compile(n.Scalar); err != nil {
		r.report(badPattern(n, err))
		return ""
	}
	return n.Scalar
}

func (r *reader) enum(n *tree.Node, t ir.Type) []any {
	if !isSequence(n) {
		return nil
	}
	if len(n.Items) == 0 {
		r.report(emptyEnum(n))
	}
	out := make([]any, 0, len(n.Items))
	for _, item := range n.Items {
		if v, ok := r.literal(item, t); ok {
			out = append(out, v)
		}
	}
	return out
}
