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
	case ir.RunCreateTime, ir.RunScheduleTime:
		return []piece{{tag: "{{workflow.creationTimestamp.RFC3339}}"}}
	case ir.TaskName:
		return []piece{{tag: "{{tasks.name}}"}}
	case ir.TaskID:
		return []piece{{tag: "{{pod.name}}"}}
	case ir.WorkspacePath:
		return []piece{{literal: workspacePath}}
	}
	return []piece{{literal: p.l.opt.ArtifactRoot}}
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
		if v.Field == ir.WorkspacePath || v.Field == ir.PipelineRoot {
			return constant(p.pieces(v)[0].literal)
		}
		return value{typ: ir.Type{Kind: ir.String}, expr: runFactExpr(v.Field, nil)}
	case *ir.Select:
		of := p.value(v.Of)
		text := of.decoded()
		if of.typ.Kind == ir.String {
			text = "fromJSON(" + text + ")"
		}
		return value{typ: ir.Type{Kind: ir.Dynamic}, absent: true, expr: field(text, v.Key)}
	case *ir.Template:
		parts := make([]string, len(v.Parts))
		for i, x := range v.Parts {
			parts[i] = p.value(x).text()
		}
		return value{typ: ir.Type{Kind: ir.String}, expr: concat(parts)}
	case *ir.ListValue:
		items := make([]string, len(v.Items))
		for i, x := range v.Items {
			items[i] = p.value(x).decoded()
		}
		return value{typ: ir.Type{Kind: ir.List}, expr: listExpr(items)}
	case *ir.StructValue:
		values := make([]string, len(v.Values))
		for i, x := range v.Values {
			values[i] = p.value(x).decoded()
		}
		return value{typ: ir.Type{Kind: ir.Struct}, expr: structExpr(v.Keys, values)}
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
			return value{typ: text, expr: tagsAsExpr(p.outputPath(port))}
		case ir.AspectURI:
			return value{typ: text, expr: tagsAsExpr(p.outputURI(port))}
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
		record = "(" + record + " ?? [])[0]"
	}
	switch v.Aspect {
	case ir.AspectPath:
		if !p.byURI && port.Optional {
			return value{typ: text, expr: "(" + record + " == nil ? '' : " + expr.ArgoString(inputFolder+portName(v.Port)) + ")"}
		}
		if !p.byURI {
			return constant(inputFolder + portName(v.Port))
		}
		return value{typ: text, expr: localExpr(uriExpr(port))}
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

// tagsAsExpr turns a text with simple tags into an expression.
func tagsAsExpr(s string) string {
	var parts []string
	for s != "" {
		i := strings.Index(s, "{{")
		if i < 0 {
			parts = append(parts, expr.ArgoString(s))
			break
		}
		if i > 0 {
			parts = append(parts, expr.ArgoString(s[:i]))
		}
		j := strings.Index(s[i:], "}}")
		if j < 0 {
			break
		}
		parts = append(parts, s[i+2:i+j])
		s = s[i+j+2:]
	}
	return concat(parts)
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

// program is the command line. Arguments whose number depends on the run are
// patched into the pod.
func (p *pod) program() {
	command, args := p.body.Command, p.body.Args
	if len(command) == 0 && p.body.Contract == ir.KFPContract && len(args) > 0 {
		command, args = args[:1], args[1:]
	}
	if !fixedLength(command) {
		// The first element is the program; what follows may just as well be
		// arguments.
		command, args = command[:1], append(append([]ir.Arg(nil), command[1:]...), args...)
	}
	for _, a := range command {
		p.main.Command = append(p.main.Command, p.argument(a, true))
	}
	if len(p.main.Command) == 0 {
		p.l.warn(msgNoCommand(p.c.Name, p.body.At))
	}
	if fixedLength(args) {
		for _, a := range args {
			p.main.Args = append(p.main.Args, p.argument(a, false))
		}
	} else {
		p.patch.args = p.listOf(args)
	}
	if n := jsonSize(p.main.Args); n >= maxArgs {
		p.l.fail(msgArgsTooLong(p.c.Name, p.body.At, n))
	}
}

// maxArgs is the size of a container's arguments as JSON from which on Argo
// moves them into a ConfigMap, where the kubelet does not expand variables.
const maxArgs = 128 << 10

func jsonSize(args []string) int {
	n := 2
	for _, a := range args {
		n += len(a) + 3
		for i := range len(a) {
			switch c := a[i]; {
			case c == '<' || c == '>' || c == '&' || c < 0x20:
				n += 5
			case c == '"' || c == '\\':
				n++
			}
		}
	}
	return n
}

// fixedLength reports whether each argument is one element whatever happens.
func fixedLength(args []ir.Arg) bool {
	for _, a := range args {
		if _, ok := a.(*ir.IfArg); ok {
			return false
		}
	}
	return true
}

func (p *pod) argument(a ir.Arg, long bool) string {
	switch a := a.(type) {
	case *ir.TextArg:
		return p.render(p.pieces(a.Value), long)
	case *ir.ConcatArg:
		if flat, ok := p.flatten(a); ok {
			return p.render(flat, long)
		}
		text := tag(kubeletExpr(p.joined(a)))
		p.usesE = true
		if long {
			return text
		}
		return p.variable(text)
	}
	return ""
}

// flatten joins the pieces of a concatenation without conditions.
func (p *pod) flatten(a *ir.ConcatArg) ([]piece, bool) {
	var out []piece
	for _, x := range a.Items {
		switch x := x.(type) {
		case *ir.TextArg:
			out = append(out, p.pieces(x.Value)...)
		case *ir.ConcatArg:
			more, ok := p.flatten(x)
			if !ok {
				return nil, false
			}
			out = append(out, more...)
		default:
			return nil, false
		}
	}
	return out, true
}

// joined is expr-lang text of an argument's text, not escaped.
func (p *pod) joined(a ir.Arg) string {
	switch a := a.(type) {
	case *ir.TextArg:
		return p.piecesExpr(p.pieces(a.Value))
	case *ir.ConcatArg:
		return p.joinedAll(a.Items)
	case *ir.IfArg:
		return "(" + p.test(a.Cond) + " ? " + p.joinedAll(a.Then) + " : " + p.joinedAll(a.Else) + ")"
	}
	return "''"
}

func (p *pod) joinedAll(args []ir.Arg) string {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = p.joined(a)
	}
	return concat(parts)
}

func (p *pod) piecesExpr(pieces []piece) string {
	parts := make([]string, len(pieces))
	for i, x := range pieces {
		switch {
		case x.tag != "":
			parts[i] = tagsAsExpr(x.tag)
		case x.expr != "":
			parts[i] = x.expr
		default:
			parts[i] = expr.ArgoString(x.literal)
		}
	}
	return concat(parts)
}

func (p *pod) test(v ir.Value) string {
	x := p.value(v)
	if x.isConst {
		return strconv.FormatBool(x.constant == true)
	}
	return x.decoded()
}

// listOf is expr-lang text of the list of arguments, escaped for the kubelet;
// run-time text stands in variables.
func (p *pod) listOf(args []ir.Arg) string {
	var parts []string
	var fixed []string
	flush := func() {
		if len(fixed) > 0 {
			parts = append(parts, listExpr(fixed))
			fixed = nil
		}
	}
	for _, a := range args {
		if c, ok := a.(*ir.IfArg); ok {
			flush()
			parts = append(parts, "("+p.test(c.Cond)+" ? "+p.listOf(c.Then)+" : "+p.listOf(c.Else)+")")
			continue
		}
		fixed = append(fixed, p.escapedExpr(a))
	}
	flush()
	switch len(parts) {
	case 0:
		return "[]"
	case 1:
		return parts[0]
	}
	return "concat(" + strings.Join(parts, ",") + ")"
}

// escapedExpr is expr-lang text of one argument as the pod's args hold it.
func (p *pod) escapedExpr(a ir.Arg) string {
	return tagsOrText(p.argument(a, false))
}

// tagsOrText turns rendered text, with tags in it, into an expression.
func tagsOrText(s string) string {
	var parts []string
	for s != "" {
		i := strings.Index(s, "{{")
		if i < 0 {
			parts = append(parts, expr.ArgoString(s))
			break
		}
		if i > 0 {
			parts = append(parts, expr.ArgoString(s[:i]))
		}
		j := strings.Index(s[i:], "}}")
		if j < 0 {
			break
		}
		inner := s[i+2 : i+j]
		if e, ok := strings.CutPrefix(inner, "="); ok {
			inner = "(" + e + ")"
		}
		parts = append(parts, inner)
		s = s[i+j+2:]
	}
	return concat(parts)
}

// env is the environment: the container's, overridden by the task's.
func (p *pod) env() []corev1.EnvVar {
	var out []corev1.EnvVar
	at := map[string]int{}
	put := func(e corev1.EnvVar) {
		if i, ok := at[e.Name]; ok {
			out[i] = e
			return
		}
		at[e.Name] = len(out)
		out = append(out, e)
	}
	for _, e := range p.body.Env {
		put(p.envVar(e, func(v ir.Value) []piece { return p.pieces(v) }))
	}
	if p.settings != nil {
		for _, e := range p.settings.Env {
			put(p.envVar(e, p.settingPieces))
		}
	}
	return out
}

func (p *pod) envVar(e *ir.EnvVar, pieces func(ir.Value) []piece) corev1.EnvVar {
	out := corev1.EnvVar{Name: e.Name.Text}
	plain := func(v ir.Value) string { return p.plainPieces(pieces(v), e.Name.At) }
	switch {
	case e.Secret != nil:
		out.ValueFrom = &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: plain(e.Secret.Name)}, Key: plain(e.Secret.Key), Optional: e.Secret.Optional}}
	case e.ConfigMap != nil:
		out.ValueFrom = &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: plain(e.ConfigMap.Name)}, Key: plain(e.ConfigMap.Key), Optional: e.ConfigMap.Optional}}
	case e.SecretInput != "":
		in := "split(string(fromJSON(" + inputParam(portName(e.SecretInput)) + ") ?? '/') + '/','/')"
		optional := false
		if port := p.c.Input(e.SecretInput); port != nil {
			optional = port.Optional
		}
		out.ValueFrom = &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: tag(in + "[0]")}, Key: tag(in + "[1]"), Optional: optionalPtr(optional)}}
	case e.FieldPath != "":
		out.ValueFrom = &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: e.FieldPath}}
	default:
		out.Value = p.render(pieces(e.Value), true)
	}
	return out
}

func optionalPtr(b bool) *bool {
	if !b {
		return nil
	}
	return &b
}

// plainPieces writes pieces into a field that nobody but Argo expands.
func (p *pod) plainPieces(pieces []piece, at source.Span) string {
	var b strings.Builder
	for _, x := range pieces {
		switch {
		case x.tag != "":
			b.WriteString(x.tag)
		case x.expr == "":
			b.WriteString(p.literalField(x.literal, at))
		default:
			b.WriteString(tag(x.expr))
		}
	}
	return b.String()
}
