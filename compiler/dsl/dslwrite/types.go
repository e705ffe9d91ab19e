package dslwrite

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

const (
	system         = "system."
	defaultVersion = "0.0.1"
)

// typeKeys adds what says a type: type, items, schema-….
func typeKeys(m *node, t ir.Type) {
	m.add("type", plain(typeName(t)))
	if t.Kind == ir.List && t.Items != nil {
		m.add("items", itemsNode(*t.Items))
	}
	for t.Kind == ir.List && t.Items != nil {
		t = *t.Items
	}
	if t.Kind != ir.Artifact {
		return
	}
	s := t.Schema
	if s.Title != "" && !named(s.Title) {
		m.addText("schema-title", s.Title)
	}
	m.addText("schema-uri", s.URI)
	if s.Title == "" && s.URI == "" {
		m.add("instance-schema", text(s.Instance))
	}
	if s.Title != "" && s.Version != defaultVersion || s.Title == "" && s.Version != "" {
		m.add("schema-version", text(s.Version))
	}
}

func itemsNode(t ir.Type) *node {
	if t.Kind != ir.List || t.Items == nil {
		return plain(typeName(t))
	}
	m := mapping()
	m.add("type", plain("list"))
	m.add("items", itemsNode(*t.Items))
	return m
}

func typeName(t ir.Type) string {
	switch t.Kind {
	case ir.List:
		return "list"
	case ir.Artifact:
		if !named(t.Schema.Title) {
			return "Artifact"
		}
		if rest, ok := strings.CutPrefix(t.Schema.Title, system); ok && known[rest] {
			return rest
		}
		return t.Schema.Title
	}
	return t.String()
}

// known are the types whose title may go without `system.`.
var known = map[string]bool{
	"Artifact": true, "Dataset": true, "Model": true, "Metrics": true, "ClassificationMetrics": true,
	"SlicedClassificationMetrics": true, "HTML": true, "Markdown": true,
}

// named reports whether a schema title can be the name of a type: it has a dot
// in it.
func named(title string) bool {
	dot := strings.IndexByte(title, '.')
	if dot <= 0 || dot == len(title)-1 {
		return false
	}
	for i := range len(title) {
		c := title[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' && i > 0 || c == '.' || c == '_' || c == '-' && i > 0) {
			return false
		}
	}
	return true
}

// ports are inputs or outputs by name.
func (w *writer) ports(ports []*ir.Port, name func(string) string) *node {
	m := mapping()
	for _, p := range ports {
		m.add(name(p.Name.Text), w.port(p))
	}
	return m
}

func (w *writer) port(p *ir.Port) *node {
	m := mapping()
	typeKeys(m, p.Type)
	m.addText("description", strings.TrimSpace(p.Description))
	if p.Default != nil {
		m.add("default", w.literal(p.Default.V, p.Type, p.Default.At))
	}
	m.addTrue("optional", p.Optional)
	m.addTrue("secret", p.Secret)
	w.limits(m, p)
	if p.Metadata != nil {
		m.add("metadata", raw(p.Metadata))
	}
	if len(m.fields) == 1 {
		return m.fields[0].value
	}
	return m
}

func (w *writer) limits(m *node, p *ir.Port) {
	l := p.Limits
	if l == nil {
		return
	}
	if l.Minimum != nil {
		m.add("minimum", plain(number(*l.Minimum)))
	}
	if l.Maximum != nil {
		m.add("maximum", plain(number(*l.Maximum)))
	}
	if l.MinLength != nil {
		m.add("min-length", plain(itoa(*l.MinLength)))
	}
	if l.MaxLength != nil {
		m.add("max-length", plain(itoa(*l.MaxLength)))
	}
	if l.Enum != nil {
		list := seq()
		for _, v := range l.Enum {
			list.items = append(list.items, w.literal(v, p.Type, l.At))
		}
		m.add("enum", list)
	}
	if l.Pattern != "" {
		m.add("pattern", text(l.Pattern))
	}
}

// same reports whether two types are one, versions of schemas included.
func same(a, b ir.Type) bool {
	if !a.Equal(b) {
		return false
	}
	for a.Kind == ir.List && a.Items != nil {
		a, b = *a.Items, *b.Items
	}
	return a.Schema.Version == b.Schema.Version
}
