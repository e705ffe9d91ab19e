package kfpspec

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// importer reads an importer, which is a component without a program.
func (r *reader) importer(c *ir.Component, x *executor, t *ir.Task) {
	b := &ir.Importer{At: x.key.Span(), Output: "artifact"}
	c.Body = b
	resolve := r.componentScope(c, t)
	for _, f := range r.fields(x.importer, "an importer") {
		switch camel(f.Key.Scalar) {
		case "artifactUri":
			b.URI = r.importURI(c, t, f, resolve)
		case "typeSchema":
			b.Type = r.artifactType(f.Value)
		case "metadata":
			if len(f.Value.Fields) > 0 {
				b.Metadata = r.metadata(c, f.Value, resolve)
			} else {
				r.fields(f.Value, "metadata")
			}
		case "reimport":
			b.Reimport = r.boolean(f.Value, "reimport")
		case "downloadToWorkspace":
			b.ToWorkspace = r.boolean(f.Value, "downloadToWorkspace")
		case "properties", "customProperties":
			r.dropped(f)
		default:
			r.lenient(f, "an importer", "artifactUri", "typeSchema", "metadata", "reimport", "downloadToWorkspace")
		}
	}
	if b.URI == nil {
		r.add(missing("artifactUri", x.key.Span()))
	}
	if b.Type.Kind == ir.Invalid {
		b.Type = ir.ArtifactType("system.Artifact")
	}
	if len(c.Outputs) == 1 {
		b.Output = c.Outputs[0].Name.Text
	}
	if c.Output(b.Output) == nil {
		r.add(missing(`outputDefinitions.artifacts with the one artifact that the importer makes`, x.key.Span()))
	}
}

func (r *reader) importURI(c *ir.Component, t *ir.Task, of tree.Field, resolve resolver) ir.Value {
	for _, f := range r.fields(of.Value, "artifactUri") {
		switch camel(f.Key.Scalar) {
		case "constant":
			return r.text(f.Value, "constant", resolve)
		case "constantValue":
			return r.text(field(f.Value, "stringValue"), "stringValue", resolve)
		case "runtimeParameter":
			name := r.str(f.Value, "runtimeParameter")
			if !r.declared(c, t, name) {
				r.add(unknownInput(name, f.Value.Span(), r.offer(portNames(c.Inputs))))
				return &ir.Literal{V: "", At: f.Value.Span()}
			}
			return &ir.InputRef{Name: name, At: f.Value.Span()}
		}
		r.unknown(f.Key, "artifactUri", "constant", "runtimeParameter")
	}
	return nil
}

// metadata reads a struct with placeholders in keys and values. What a
// placeholder is all of is the text of what it stands for, as in KFP.
func (r *reader) metadata(c *ir.Component, n *tree.Node, resolve resolver) ir.Value {
	if !holdsReference(n) && !keysHoldReference(n) {
		return &ir.Literal{V: value(n), At: n.Span()}
	}
	switch n.Kind {
	case tree.Sequence:
		list := &ir.ListValue{At: n.Span()}
		for _, item := range n.Items {
			list.Items = append(list.Items, r.metadata(c, item, resolve))
		}
		return list
	case tree.Mapping:
		out := &ir.StructValue{At: n.Span()}
		for i, f := range n.Fields {
			out.Keys = append(out.Keys, f.Key.Scalar)
			out.Values = append(out.Values, r.metadata(c, f.Value, resolve))
			if !strings.Contains(f.Key.Scalar, opening) {
				continue
			}
			key := r.text(f.Key, "metadata", resolve)
			if _, constant := key.(*ir.Literal); constant {
				continue
			}
			if out.Computed == nil {
				out.Computed = make([]ir.Value, len(n.Fields))
			}
			out.Computed[i] = key
		}
		return out
	}
	v := r.text(n, "metadata", resolve)
	if ref, ok := v.(*ir.InputRef); ok {
		if p := c.Input(ref.Name); p == nil || p.Type.Kind != ir.String {
			return &ir.Template{Parts: []ir.Value{v}, At: n.Span()} // a text stays a text
		}
	}
	return v
}

func keysHoldReference(n *tree.Node) bool {
	for _, item := range n.Items {
		if keysHoldReference(item) {
			return true
		}
	}
	for _, f := range n.Fields {
		if strings.Contains(f.Key.Scalar, opening) || keysHoldReference(f.Value) {
			return true
		}
	}
	return false
}
