// Package kfpspec is the front end for KFP: it reads what the KFP SDK compiles
// (a PipelineSpec, with or without its PlatformSpec) and component files into
// the representation. KFP's format already has the shape of the representation;
// the work lies in text: references inside constants, commands and resources
// become values with places, so that later phases never splice strings.
package kfpspec

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// Recognize reports whether the documents are a PipelineSpec.
func Recognize(docs []*tree.Node) bool {
	for _, d := range docs {
		if field(d, "pipelineInfo") != nil || isWrapped(d) {
			return true
		}
	}
	return false
}

// RecognizeComponent reports whether the documents are one component: a
// component file of KFP's first version, or a PipelineSpec that only wraps one.
func RecognizeComponent(docs []*tree.Node) bool {
	if len(docs) == 1 && docs[0].Get("implementation") != nil {
		return true
	}
	for _, d := range docs {
		if field(d, "pipelineInfo") != nil {
			c := field(d, "components")
			return c != nil && len(c.Fields) == 1
		}
	}
	return false
}

// field is the value of a key in either spelling, nil if it is not there.
func field(n *tree.Node, name string) *tree.Node {
	if n == nil || n.Kind != tree.Mapping {
		return nil
	}
	for _, f := range n.Fields {
		if camel(f.Key.Scalar) == name {
			return f.Value
		}
	}
	return nil
}

// Parse reads a PipelineSpec, in one document or followed by its PlatformSpec.
// What is wrong is reported; what could be read comes back all the same, nil
// when there is nothing of use.
func Parse(f *source.File, docs []*tree.Node, report diag.Reporter) *ir.Pipeline {
	r := &reader{file: f, report: report}
	spec, platform := r.documents(docs)
	if spec == nil {
		return nil
	}
	return r.pipeline(spec, platform)
}

// ParseComponent reads one component: a component file of KFP's first version,
// or a PipelineSpec. Of a PipelineSpec that only wraps one component it is that
// component, else the pipeline as a component. nil after a report of something
// that leaves no component.
func ParseComponent(f *source.File, docs []*tree.Node, report diag.Reporter) *ir.Component {
	if len(docs) == 1 && docs[0].Get("implementation") != nil {
		r := &reader{file: f, report: report}
		return r.componentFile(docs[0])
	}
	if !Recognize(docs) {
		r := &reader{file: f, report: report}
		at := source.Span{File: f}
		if len(docs) > 0 {
			at = head(docs[0])
		}
		r.add(notAComponent(at))
		return nil
	}
	p := Parse(f, docs, report)
	if p == nil {
		return nil
	}
	if len(p.Components) == 1 {
		return p.Components[0]
	}
	return p.Root
}

// documents tells the PipelineSpec from the PlatformSpec.
func (r *reader) documents(docs []*tree.Node) (spec, platform *tree.Node) {
	for _, d := range r.unwrap(docs) {
		switch {
		case d.Kind != tree.Mapping:
			r.add(unknownDocument(head(d)))
		case field(d, "pipelineInfo") != nil || field(d, "root") != nil:
			if spec != nil {
				r.add(secondDocument("PipelineSpec", head(d), head(spec)))
				continue
			}
			spec = d
		case field(d, "platforms") != nil:
			if platform != nil {
				r.add(secondDocument("PlatformSpec", head(d), head(platform)))
				continue
			}
			platform = d
		default:
			r.add(unknownDocument(head(d)))
		}
	}
	if spec == nil && platform != nil {
		r.add(noPipeline(head(platform)))
	}
	return spec, platform
}

func (r *reader) pipeline(spec, platform *tree.Node) *ir.Pipeline {
	p := &ir.Pipeline{File: r.file, Dialect: ir.KFP}
	r.pipe = p
	var root, rootKey, components, info *tree.Node
	version := false
	for _, f := range r.fields(spec, "PipelineSpec") {
		switch camel(f.Key.Scalar) {
		case "pipelineInfo":
			info = f.Key
			r.info(p, f.Value)
		case "deploymentSpec":
			r.readExecutors(f.Value)
		case "schemaVersion":
			version = true
			r.schemaVersion(f.Value)
		case "sdkVersion":
			r.str(f.Value, "sdkVersion")
		case "components":
			components = f.Value
		case "root":
			root, rootKey = f.Value, f.Key
		case "defaultPipelineRoot":
			p.ArtifactRoot, p.RootAt = r.str(f.Value, "defaultPipelineRoot"), f.Value.Span()
		default:
			r.unknown(f.Key, "a PipelineSpec", "pipelineInfo", "deploymentSpec", "schemaVersion", "sdkVersion", "components", "root", "defaultPipelineRoot")
		}
	}
	if p.Name.Text == "" {
		at := head(spec)
		if info != nil {
			at = info.Span()
		}
		r.add(missing("pipelineInfo.name", at))
	}
	if !version {
		r.add(missing("schemaVersion", head(spec)))
	}
	if platform != nil {
		r.platformSpec(p, platform)
	}
	r.leftovers(spec, platform)
	r.embeddedPlatforms(components)
	r.index(components)
	if root.IsNull() {
		r.add(missing("root", head(spec)))
		return p
	}
	p.Root = r.root(rootKey, root)
	r.wrapped(p)
	r.rest()
	r.rewire(p.Root)
	p.Components = r.order
	return p
}

func (r *reader) info(p *ir.Pipeline, n *tree.Node) {
	for _, f := range r.fields(n, "pipelineInfo") {
		switch camel(f.Key.Scalar) {
		case "name":
			p.Name = ir.Ident{Text: r.str(f.Value, "name"), At: f.Value.Span()}
		case "displayName":
			p.DisplayName = r.str(f.Value, "displayName")
		case "description":
			p.Description = r.str(f.Value, "description")
		default:
			r.unknown(f.Key, "pipelineInfo", "name", "displayName", "description")
		}
	}
}

func (r *reader) schemaVersion(n *tree.Node) {
	if v := r.str(n, "schemaVersion"); v != "2.1.0" {
		r.add(badVersion(v, n.Span()))
	}
}

// head is the place that stands for a whole collection: its first key, or its
// first character.
func head(n *tree.Node) source.Span {
	if n.Kind == tree.Mapping && len(n.Fields) > 0 {
		return n.Fields[0].Key.Span()
	}
	s := n.Span()
	if n.Kind == tree.Sequence {
		s.End = min(s.End, s.Start+1)
	}
	return s
}
