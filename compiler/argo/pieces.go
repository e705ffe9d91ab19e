package argo

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// A piece of a text in a pod: literal text, a tag that is safe as it stands, or
// an expression for text that is known only at run time.
type piece struct {
	literal string
	tag     string
	expr    string
	short   bool // the expression's text is short and harmless whatever it is
}

// pieces takes a value of the component's scope apart.
func (p *pod) pieces(v ir.Value) []piece {
	switch v := v.(type) {
	case nil:
		return nil
	case *ir.Literal:
		return []piece{{literal: ir.Text(v.V)}}
	case *ir.Template:
		var out []piece
		for _, x := range v.Parts {
			out = append(out, p.pieces(x)...)
		}
		if v.Escape > 0 {
			return []piece{{expr: escaped(p.piecesExpr(out), v.Escape)}}
		}
		return out
	case *ir.RunRef:
		return p.factPieces(v)
	case *ir.PortRef:
		return p.portPieces(v)
	case *ir.ExecutorInput:
		return p.executorInput()
	case *ir.ExecutorOutputPath:
		return []piece{{tag: p.metadataFile()}}
	}
	x := p.value(v)
	if x.isConst {
		return []piece{{literal: ir.Text(x.constant)}}
	}
	return []piece{{expr: x.text(), short: short(x.typ)}}
}

func (p *pod) factPieces(v *ir.RunRef) []piece {
	switch v.Field {
	case ir.RunName, ir.RunResourceName:
		return []piece{{tag: "{{workflow.name}}"}}
	case ir.RunID:
		return []piece{{tag: "{{workflow.uid}}"}}
	case ir.RunCreateTime:
		return []piece{{tag: "{{workflow.creationTimestamp.RFC3339}}"}}
	case ir.RunScheduleTime:
		return []piece{{expr: runFactExpr(v.Field), short: true}}
	case ir.TaskName:
		return []piece{{expr: "fromJSON(" + inputParam(p.taskName) + ")"}}
	case ir.TaskID:
		return []piece{{tag: "{{pod.name}}"}}
	case ir.WorkspacePath:
		return []piece{{literal: workspacePath}}
	}
	return []piece{{literal: p.l.rootText}}
}

// value translates a value of the component's scope.
func (p *pod) value(v ir.Value) value {
	switch v := v.(type) {
	case nil:
		return constant(nil)
	case *ir.Literal:
		return constant(v.V)
	case *ir.InputRef:
		port := p.c.Input(v.Name)
		if port == nil {
			return constant(nil)
		}
		if port.Type.IsArtifact() {
			return value{typ: recordType(port.Type), wire: inputParam(recordName(v.Name)), absent: port.Optional}
		}
		return value{typ: port.Type, wire: inputParam(portName(v.Name)), absent: port.Optional && (port.Default == nil || port.Default.V == nil)}
	case *ir.Present:
		port := p.c.Input(v.Input)
		if port == nil {
			return constant(false)
		}
		name := portName(v.Input)
		if port.Type.IsArtifact() {
			name = recordName(v.Input)
		}
		return value{typ: ir.Type{Kind: ir.Boolean}, expr: "(fromJSON(" + inputParam(name) + ") != nil)"}
	case *ir.Expr:
		if name := p.hidden[v]; name != "" {
			return value{typ: v.Program.Type(), wire: inputParam(name)}
		}
		return p.l.program(v, p.value)
	case *ir.PortRef:
		return p.portValue(v)
	case *ir.RunRef:
		switch v.Field {
		case ir.WorkspacePath, ir.PipelineRoot:
			return constant(p.pieces(v)[0].literal)
		case ir.TaskName:
			return value{typ: ir.Type{Kind: ir.String}, wire: inputParam(p.taskName)}
		case ir.TaskID:
			return value{typ: ir.Type{Kind: ir.String}, expr: "pod.name"}
		}
		return value{typ: ir.Type{Kind: ir.String}, expr: runFactExpr(v.Field)}
	case *ir.Select:
		return selected(p.value(v.Of), v.Key)
	case *ir.Template:
		return value{typ: ir.Type{Kind: ir.String}, expr: p.piecesExpr(p.pieces(v))}
	case *ir.ListValue:
		items := make([]string, len(v.Items))
		for i, x := range v.Items {
			items[i] = p.value(x).decoded()
		}
		return value{typ: ir.Type{Kind: ir.List}, expr: listExpr(items)}
	case *ir.StructValue:
		return structValue(v, p.value)
	}
	return constant(nil)
}

// portPieces are facts about the component's own artifacts and outputs.
func (p *pod) portPieces(v *ir.PortRef) []piece {
	if v.Output {
		port := p.c.Output(v.Port)
		switch {
		case port == nil:
			return nil
		case v.Aspect == ir.AspectPath:
			return []piece{{tag: p.outputPath(port)}}
		case v.Aspect == ir.AspectURI:
			return []piece{{tag: p.outputURI(port)}}
		}
	} else if v.Aspect == ir.AspectPath {
		port := p.c.Input(v.Port)
		if port == nil {
			return nil
		}
		if !p.byURI {
			x := p.portValue(v)
			if x.isConst {
				return []piece{{literal: ir.Text(x.constant)}}
			}
			return []piece{{expr: x.text(), short: true}}
		}
	}
	x := p.portValue(v)
	if x.isConst {
		return []piece{{literal: ir.Text(x.constant)}}
	}
	return []piece{{expr: x.text()}}
}

func (p *pod) portValue(v *ir.PortRef) value {
	text := ir.Type{Kind: ir.String}
	if v.Output {
		port := p.c.Output(v.Port)
		if port == nil {
			return constant(nil)
		}
		switch v.Aspect {
		case ir.AspectPath:
			return value{typ: text, expr: tagsOrText(p.outputPath(port))}
		case ir.AspectURI:
			return value{typ: text, expr: tagsOrText(p.outputURI(port))}
		case ir.AspectMetadata:
			if v.Key != "" {
				return constant(port.Metadata[v.Key])
			}
			return constant(orEmpty(port.Metadata))
		}
		return value{typ: ir.Type{Kind: ir.List}, expr: "[" + expr.ArgoConst(p.l.baseRecord(port, "")) + "]"}
	}
	port := p.c.Input(v.Port)
	if port == nil {
		return constant(nil)
	}
	record := recordExpr(port)
	if port.Type.Kind == ir.List && v.Aspect != ir.AspectWhole {
		record = "get(" + record + " ?? [], 0)"
	}
	switch v.Aspect {
	case ir.AspectPath:
		if !p.byURI && port.Optional {
			return value{typ: text, expr: "(" + record + " == nil ? '' : " + expr.ArgoString(inputFolder+portName(v.Port)) + ")"}
		}
		if !p.byURI {
			return constant(inputFolder + portName(v.Port))
		}
		return value{typ: text, expr: p.l.pathExpr(record)}
	case ir.AspectURI:
		return value{typ: text, expr: "(" + record + "?.uri ?? '')"}
	case ir.AspectMetadata:
		meta := "(" + record + "?.metadata ?? fromJSON('{ }'))"
		if v.Key != "" {
			return value{typ: ir.Type{Kind: ir.Dynamic}, absent: true, expr: field(meta, v.Key)}
		}
		return value{typ: ir.Type{Kind: ir.Struct}, expr: meta}
	case ir.AspectContent:
		p.l.cannot(msgContent(v.At, v.Port))
		return constant("")
	}
	if port.Type.Kind == ir.List {
		return value{typ: ir.Type{Kind: ir.List}, expr: "(" + record + " ?? [])"}
	}
	return value{typ: ir.Type{Kind: ir.List}, expr: "filter([" + record + "],# != nil)"}
}

// render writes pieces into a field in which the kubelet expands variables.
// Where text of unknown length must not stand, it goes into a variable of its
// own.
func (p *pod) render(pieces []piece, long bool) string {
	var b strings.Builder
	for _, x := range pieces {
		switch {
		case x.tag != "":
			b.WriteString(x.tag)
		case x.expr == "":
			b.WriteString(p.escape(x.literal))
		case x.short:
			b.WriteString(tag(x.expr))
		default:
			p.usesE = true
			text := tag(kubeletExpr(x.expr))
			if long {
				b.WriteString(text)
			} else {
				b.WriteString(p.variable(text))
			}
		}
	}
	return splitBraces(b.String(), p)
}

// splitBraces: a literal brace directly before a tag would make it another tag.
func splitBraces(s string, p *pod) string {
	if strings.Contains(s, "{{{") {
		p.usesE = true
		s = strings.ReplaceAll(s, "{{{", "{$("+braces+"){{")
	}
	return s
}

func (p *pod) escape(s string) string {
	out := kubeletConst(s, p.declared)
	if strings.Contains(s, "{{") {
		p.usesE = true
	}
	return out
}

// variable puts text into a new environment variable and gives the reference
// to it.
func (p *pod) variable(text string) string {
	for i, e := range p.late {
		if e.Value == text {
			return "$(KFP_A" + strconv.Itoa(i) + ")"
		}
	}
	name := "KFP_A" + strconv.Itoa(len(p.late))
	p.late = append(p.late, corev1.EnvVar{Name: name, Value: text})
	return "$(" + name + ")"
}

// field writes a value into a field that nobody but Argo expands.
func (p *pod) field(v ir.Value) string {
	if v == nil {
		return ""
	}
	var b strings.Builder
	for _, x := range p.pieces(v) {
		switch {
		case x.tag != "":
			b.WriteString(x.tag)
		case x.expr == "":
			b.WriteString(p.literalField(x.literal, v.Span()))
		default:
			b.WriteString(tag(x.expr))
		}
	}
	return b.String()
}

// literalField passes on text that cannot be escaped where it stands.
func (p *pod) literalField(s string, at source.Span) string {
	if strings.Contains(s, "{{") {
		p.l.cannot(msgBraces(at, s))
	}
	return s
}
