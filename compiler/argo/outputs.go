package argo

import (
	"path"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// outputPath is where a container writes an output, with simple tags.
func (p *pod) outputPath(port *ir.Port) string {
	name := portName(port.Name.Text)
	switch {
	case !port.Type.IsArtifact() && p.body.Contract == ir.KFPContract:
		return sdkParameters + name
	case port.Type.IsArtifact() && p.byURI:
		return p.l.localPath(p.outputURI(port))
	}
	return outputFolder + name
}

// outputURI is the URI of an output artifact, with simple tags. It is new for
// every attempt, since failed attempts are uploaded as well.
func (p *pod) outputURI(port *ir.Port) string {
	return p.l.artifactRoot() + p.folder() + "/" + portName(port.Name.Text)
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// baseRecord is what is known of an output artifact before its task runs.
func (l *lowerer) baseRecord(port *ir.Port, uri string) map[string]any {
	return map[string]any{"name": port.Name.Text, "type": schemaRecord(port.Type), "uri": uri, "metadata": orEmpty(port.Metadata)}
}

func schemaRecord(t ir.Type) map[string]any {
	for t.Kind == ir.List && t.Items != nil {
		t = *t.Items
	}
	out := map[string]any{}
	switch {
	case t.Schema.Instance != "":
		out["instanceSchema"] = t.Schema.Instance
	case t.Schema.URI != "":
		out["schemaUri"] = t.Schema.URI
	default:
		out["schemaTitle"] = t.Schema.Title
	}
	if t.Schema.Version != "" {
		out["schemaVersion"] = t.Schema.Version
	}
	return out
}

// outputs declares what the container gives back, and the folders that have to
// be there before it starts.
func (p *pod) outputs() {
	folders := &folders{}
	if !p.byURI && len(p.u.arts)+p.byRecords() > 0 {
		// Argo puts artifacts into the volumes that are there. By itself it would
		// mount each, as an empty folder when nobody wrote it.
		folders.add(path.Clean(inputFolder))
	}
	for _, port := range p.c.Outputs {
		name := portName(port.Name.Text)
		where := p.outputPath(port)
		folders.add(path.Dir(where))
		if port.Type.IsArtifact() {
			p.artifactOutput(port, name, where)
			continue
		}
		from := &wfv1.ValueFrom{Path: where}
		p.u.outs[port.Name.Text] = outFile
		if p.sdk {
			from.Default = wfv1.AnyStringPtr(noValue)
			p.u.outs[port.Name.Text] = outSDK
		}
		p.t.Outputs.Parameters = append(p.t.Outputs.Parameters, wfv1.Parameter{Name: name, ValueFrom: from})
	}
	if p.sdk && len(p.c.Outputs) > 0 {
		folders.add(path.Dir(p.metadataFile()))
		p.t.Outputs.Parameters = append(p.t.Outputs.Parameters, wfv1.Parameter{Name: executorOutput,
			ValueFrom: &wfv1.ValueFrom{Path: p.metadataFile(), Default: wfv1.AnyStringPtr("{}")}})
	}
	p.ownFolder()
	folders.mount(p)
}

// byRecords is the number of input artifacts that are found by their records.
func (p *pod) byRecords() int {
	n := 0
	for _, port := range p.c.Inputs {
		if p.l.flow.byRecord[port] {
			n++
		}
	}
	return n
}

func (p *pod) artifactOutput(port *ir.Port, name, where string) {
	p.u.outs[port.Name.Text] = outName
	if p.sdk {
		p.u.outs[port.Name.Text] = outSDK
	}
	p.t.Outputs.Artifacts = append(p.t.Outputs.Artifacts, wfv1.Artifact{
		Name: name, Path: where, Optional: true,
		Archive:          &wfv1.ArchiveStrategy{None: &wfv1.NoneStrategy{}},
		ArtifactLocation: p.l.located(p.folder() + "/" + name),
	})
	if p.l.flow.record[port] {
		record := wireConst(ir.JSON(p.l.baseRecord(port, "@uri@")))
		record = strings.Replace(record, "@uri@", p.outputURI(port), 1)
		p.t.Outputs.Parameters = append(p.t.Outputs.Parameters, wfv1.Parameter{Name: recordName(port.Name.Text), Value: wfv1.AnyStringPtr(record)})
	}
}

// metadataFile is where a KFP executor writes its results, with simple tags.
// Its folder is what the SDK takes for the task's own folder (dsl.get_uri).
func (p *pod) metadataFile() string {
	for _, port := range p.c.Outputs {
		if port.Type.IsArtifact() {
			return p.l.localPath(p.l.artifactRoot()+p.folder()) + "/output_metadata.json"
		}
	}
	return sdkMetadata + "/output_metadata.json"
}

// ownFolder makes the task's whole folder an artifact when its program may put
// artifacts anywhere in it.
func (p *pod) ownFolder() {
	if !p.keepsFolder() {
		return
	}
	p.t.Outputs.Artifacts = append(p.t.Outputs.Artifacts, wfv1.Artifact{
		Name: taskFolder, Path: path.Dir(p.metadataFile()), Optional: true,
		Archive:          &wfv1.ArchiveStrategy{None: &wfv1.NoneStrategy{}},
		ArtifactLocation: p.l.located(p.folder()),
	})
}

func (p *pod) keepsFolder() bool { return p.sdk && p.mentions("get_uri(") }

const taskFolder = "task-folder"

// mentions reports whether the command line holds a text.
func (p *pod) mentions(text string) bool {
	return p.literals(func(s string) bool { return strings.Contains(s, text) })
}

// literals reports whether a test holds for some literal text of the command
// line.
func (p *pod) literals(test func(string) bool) bool { return literals(p.body, test) }

func literals(c *ir.Container, test func(string) bool) bool {
	found := false
	c.EachValue(func(v ir.Value) {
		ir.Visit(v, func(v ir.Value) {
			if lit, ok := v.(*ir.Literal); ok {
				s, _ := lit.V.(string)
				found = found || test(s)
			}
		})
	})
	return found
}

// folders are the parents of output files; one scratch volume holds them all.
type folders struct{ list []string }

func (f *folders) add(dir string) {
	for _, x := range f.list {
		if x == dir {
			return
		}
	}
	f.list = append(f.list, dir)
}

func (f *folders) mount(p *pod) {
	if len(f.list) == 0 {
		return
	}
	p.t.Volumes = append(p.t.Volumes, corev1.Volume{Name: scratch, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	for i, dir := range f.list {
		m := corev1.VolumeMount{Name: scratch, MountPath: dir}
		if len(f.list) > 1 {
			m.SubPath = string(rune('a' + i))
		}
		p.main.VolumeMounts = append(p.main.VolumeMounts, m)
	}
}

// executorInput is KFP's {{$}} in pieces: constant JSON with tags in it.
func (p *pod) executorInput() []piece {
	b := &jsonPieces{}
	b.raw(`{"inputs":{`)
	p.inputParameters(b)
	p.inputArtifacts(b)
	b.raw(`},"outputs":{`)
	p.outputFiles(b)
	b.raw(`"outputFile":"`)
	b.computed(tagsOrText(p.metadataFile()))
	b.raw(`"}}`)
	return []piece{{tag: "", expr: b.expr()}}
}

// jsonPieces builds an expression for a JSON text out of constant and computed
// parts.
type jsonPieces struct {
	parts []string
	text  strings.Builder
}

func (b *jsonPieces) raw(s string) { b.text.WriteString(s) }

func (b *jsonPieces) flush() {
	if b.text.Len() > 0 {
		b.parts = append(b.parts, expr.ArgoString(b.text.String()))
		b.text.Reset()
	}
}

func (b *jsonPieces) computed(e string) {
	b.flush()
	b.parts = append(b.parts, e)
}

func (b *jsonPieces) expr() string {
	b.flush()
	return concat(b.parts)
}

// inputParameters adds the parameters, without those that are absent.
func (p *pod) inputParameters(b *jsonPieces) {
	var parts []optionalPart
	for _, port := range p.c.Inputs {
		if !port.Type.IsArtifact() {
			in := inputParam(portName(port.Name.Text))
			parts = append(parts, optionalPart{before: ir.JSON(port.Name.Text) + ":", expr: in, absent: ifAbsent(port, in)})
		}
	}
	if len(parts) > 0 {
		b.raw(`"parameterValues":{`)
		b.list(parts)
		b.raw("}")
	}
}

func (p *pod) inputArtifacts(b *jsonPieces) {
	var parts []optionalPart
	for _, port := range p.c.Inputs {
		if !port.Type.IsArtifact() {
			continue
		}
		in := inputParam(recordName(port.Name.Text))
		x := optionalPart{before: ir.JSON(port.Name.Text) + `:{"artifacts":[`, expr: p.l.seenRecord(in), behind: "]}", absent: ifAbsent(port, in)}
		if port.Type.Kind == ir.List {
			x.before, x.behind = strings.TrimSuffix(x.before, "["), "}"
			x.expr = p.l.seenList(in)
		}
		parts = append(parts, x)
	}
	if len(parts) == 0 {
		return
	}
	if hasParameters(p.c.Inputs) {
		b.raw(",")
	}
	b.raw(`"artifacts":{`)
	b.list(parts)
	b.raw("}")
}

// ifAbsent is a test for an input that nobody gave, "" where that cannot be.
func ifAbsent(port *ir.Port, in string) string {
	if !port.Optional || port.Default != nil && port.Default.V != nil {
		return ""
	}
	return in + " == 'null'"
}

// An optionalPart is an element of a JSON object, left out where absent holds.
type optionalPart struct{ before, expr, behind, absent string }

// list writes the elements of an object.
func (b *jsonPieces) list(parts []optionalPart) {
	for _, x := range parts {
		if x.absent != "" {
			b.computed(joinPresent(parts))
			return
		}
	}
	for i, x := range parts {
		if i > 0 {
			b.raw(",")
		}
		b.raw(x.before)
		b.computed(x.expr)
		b.raw(x.behind)
	}
}

// joinPresent joins those that are there, in order.
func joinPresent(parts []optionalPart) string {
	texts := make([]string, len(parts))
	for i, x := range parts {
		element := &jsonPieces{}
		element.raw(x.before)
		element.computed(x.expr)
		element.raw(x.behind)
		texts[i] = element.expr()
		if x.absent != "" {
			texts[i] = "(" + x.absent + " ? '' : " + texts[i] + ")"
		}
	}
	return "join(filter(" + listExpr(texts) + ",# != ''),',')"
}

func hasParameters(ports []*ir.Port) bool {
	for _, p := range ports {
		if !p.Type.IsArtifact() {
			return true
		}
	}
	return false
}

func (p *pod) outputFiles(b *jsonPieces) {
	for _, artifacts := range [...]bool{false, true} {
		first := true
		for _, port := range p.c.Outputs {
			if port.Type.IsArtifact() != artifacts {
				continue
			}
			switch {
			case !first:
				b.raw(",")
			case artifacts:
				b.raw(`"artifacts":{`)
			default:
				b.raw(`"parameters":{`)
			}
			first = false
			b.raw(ir.JSON(port.Name.Text) + ":")
			if !artifacts {
				b.raw(`{"outputFile":` + ir.JSON(p.outputPath(port)) + `}`)
				continue
			}
			before, after, _ := strings.Cut(ir.JSON(p.l.baseRecord(port, "@uri@")), "@uri@")
			b.raw(`{"artifacts":[` + before)
			b.computed(tagsOrText(p.l.seen(p.outputURI(port))))
			b.raw(after + `]}`)
		}
		if !first {
			b.raw("},")
		}
	}
}
