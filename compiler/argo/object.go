package argo

import (
	"cmp"
	"math"
	"regexp"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

const (
	apiVersion = "argoproj.io/v1alpha1"
	noText     = "<none>" // stands for an absent text among the run's parameters
)

// object puts the templates into the kind of object that was asked for.
func (l *lowerer) object() (any, error) {
	spec := wfv1.WorkflowSpec{Entrypoint: entrypoint, Templates: l.ordered()}
	l.arguments(&spec)
	l.settings(&spec)
	if l.p.ArgoSpec != nil {
		out := wfv1.WorkflowSpec{}
		if err := merge(&spec, l.p.ArgoSpec, &out); err != nil {
			l.fail(msgPatch(l.p.ArgoSpecAt, "spec", err))
		} else {
			spec = out
			l.bodies = nil // the patch may have changed any of them
		}
	}
	meta := l.meta()
	switch l.opt.Kind {
	case KindWorkflowTemplate:
		spec.WorkflowMetadata = l.passedOn(meta)
		return &wfv1.WorkflowTemplate{TypeMeta: typeMeta(l.opt.Kind), ObjectMeta: meta, Spec: spec}, nil
	case KindClusterWorkflowTemplate:
		meta.Namespace = ""
		spec.WorkflowMetadata = l.passedOn(meta)
		return &wfv1.ClusterWorkflowTemplate{TypeMeta: typeMeta(l.opt.Kind), ObjectMeta: meta, Spec: spec}, nil
	case KindCronWorkflow:
		return l.cron(meta, spec), nil
	}
	return &wfv1.Workflow{TypeMeta: typeMeta(KindWorkflow), ObjectMeta: meta, Spec: spec}, nil
}

func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}
}

// objectName is the object's name, or the beginning of it when the API server
// makes the rest.
func (l *lowerer) objectName() string {
	if l.opt.Name != "" {
		return l.opt.Name
	}
	switch l.opt.Kind {
	case KindWorkflow:
		return objectName(l.p.Name.Text, 57) + "-"
	case KindCronWorkflow:
		return objectName(l.p.Name.Text, 52)
	}
	return objectName(l.p.Name.Text, 63)
}

func (l *lowerer) meta() metav1.ObjectMeta {
	m := metav1.ObjectMeta{Namespace: l.opt.Namespace, Labels: map[string]string{}, Annotations: map[string]string{}}
	if name := l.objectName(); l.opt.Name == "" && l.opt.Kind == KindWorkflow {
		m.GenerateName = name
	} else {
		m.Name = name
	}
	for _, p := range l.p.Labels {
		m.Labels[p.Key] = p.Value
	}
	for _, p := range l.p.Annotations {
		m.Annotations[p.Key] = p.Value
	}
	for _, p := range l.opt.Labels {
		m.Labels[p.Key] = p.Value
	}
	for _, p := range l.opt.Annotations {
		m.Annotations[p.Key] = p.Value
	}
	if v := labelValue(l.p.Name.Text); v != "" {
		m.Labels[LabelPipeline] = v
	}
	if l.opt.RunID != "" {
		m.Labels[LabelRun] = labelValue(l.opt.RunID)
	}
	m.Annotations[NotePipeline] = l.p.Name.Text
	if d := l.digest(); d != "" {
		m.Annotations[NoteDigest] = d
	}
	if l.p.Description != "" {
		m.Annotations[NoteDescription] = l.p.Description
	}
	if l.base != nil && l.flow.anything {
		m.Annotations[NoteArtifactRoot] = strings.TrimSuffix(l.base.URI, "/")
	}
	if note := l.parameterNote(); note != "" {
		m.Annotations[NoteParameters] = note
	}
	return m
}

// passedOn is what a Workflow made from a template inherits.
func (l *lowerer) passedOn(m metav1.ObjectMeta) *wfv1.WorkflowMetadata {
	out := &wfv1.WorkflowMetadata{Labels: map[string]string{}, Annotations: map[string]string{}}
	for k, v := range m.Labels {
		out.Labels[k] = v
	}
	for k, v := range m.Annotations {
		out.Annotations[k] = v
	}
	return out
}

// parameterNote tells the types of run parameters and outputs that are not
// plain text, so that a Workflow can be read without its pipeline.
func (l *lowerer) parameterNote() string {
	in, out := map[string]any{}, map[string]any{}
	for _, p := range l.p.Root.Inputs {
		kind := portKind(p.Type)
		if kind == "string" {
			if !l.encoded(p) {
				continue
			}
			kind = "json"
		}
		in[portName(p.Name.Text)] = kind
	}
	for _, p := range l.p.Root.Outputs {
		if p.Type.IsArtifact() {
			out[portName(p.Name.Text)] = portKind(p.Type)
		}
	}
	note := map[string]any{}
	if len(in) > 0 {
		note["inputs"] = in
	}
	if len(out) > 0 {
		note["outputs"] = out
	}
	if len(note) == 0 {
		return ""
	}
	return ir.JSON(note)
}

// encoded reports whether the value of a run parameter stands in the manifest
// as JSON because Argo would substitute in the text itself.
func (l *lowerer) encoded(p *ir.Port) bool {
	v, ok := l.given(p)
	s, isText := v.(string)
	return ok && isText && (strings.Contains(s, "{{") || s == noText) && p.Type.Kind == ir.String
}

// given is the value of a run parameter that is known now.
func (l *lowerer) given(p *ir.Port) (any, bool) {
	if v, ok := l.opt.Args[p.Name.Text]; ok && v != nil {
		return v, true
	}
	if p.Default != nil && p.Default.V != nil {
		return p.Default.V, true
	}
	return nil, false
}

// arguments are the run's parameters.
func (l *lowerer) arguments(spec *wfv1.WorkflowSpec) {
	for _, p := range l.p.Root.Inputs {
		if p.Type.IsArtifact() {
			spec.Arguments.Parameters = append(spec.Arguments.Parameters, l.artifactArgument(p))
			continue
		}
		out := wfv1.Parameter{Name: portName(p.Name.Text)}
		if p.Description != "" {
			out.Description = wfv1.AnyStringPtr(openBraces(p.Description, "{ {"))
		}
		v, ok := l.given(p)
		l.macros(p, v)
		switch {
		case ok && l.encoded(p):
			out.Value = wfv1.AnyStringPtr(wireConst(ir.JSON(v)))
		case ok && p.Type.Kind == ir.String:
			out.Value = wfv1.AnyStringPtr(ir.Text(v))
		case ok:
			out.Value = wfv1.AnyStringPtr(openBraces(ir.JSON(v), `{\u007b`))
		case p.Optional && p.Type.Kind == ir.String:
			out.Value = wfv1.AnyStringPtr(noText)
		case p.Optional:
			out.Value = wfv1.AnyStringPtr("null")
		}
		if p.Limits != nil && !l.encoded(p) {
			out.Enum = l.enum(p)
		}
		spec.Arguments.Parameters = append(spec.Arguments.Parameters, out)
	}
}

var macro = regexp.MustCompile(`\[\[(ScheduledTime|CurrentTime|Index|RunUUID)(\.[^\]]*)?\]\]`)

// macros warns of text that KFP's scheduler would replace.
func (l *lowerer) macros(p *ir.Port, v any) {
	text, ok := v.(string)
	if found := macro.FindString(text); ok && found != "" && l.p.Dialect == ir.KFP {
		l.warn(msgMacro(p.Name.At, p.Name.Text, found))
	}
}

// artifactArgument is the run parameter that takes an artifact: its URI, or JSON
// with its URI and metadata, or a list of these.
func (l *lowerer) artifactArgument(p *ir.Port) wfv1.Parameter {
	out := wfv1.Parameter{Name: portName(p.Name.Text)}
	about := "the URI of an artifact, or JSON {\"uri\": …, \"metadata\": {…}}"
	if p.Type.Kind == ir.List {
		about = "JSON of a list of artifacts, each a URI or {\"uri\": …, \"metadata\": {…}}"
	}
	if p.Description != "" {
		about = p.Description + " (" + about + ")"
	}
	out.Description = wfv1.AnyStringPtr(openBraces(about, "{ {"))
	v, ok := l.given(p)
	l.foreignArgument(p, v)
	switch uri, plain := v.(string); {
	case ok && plain && !strings.Contains(uri, "{{") && uri != noText:
		out.Value = wfv1.AnyStringPtr(uri)
	case ok && plain:
		out.Value = wfv1.AnyStringPtr(wireConst(ir.JSON(map[string]any{"uri": uri})))
	case ok:
		out.Value = wfv1.AnyStringPtr(wireConst(ir.JSON(v)))
	case p.Optional:
		out.Value = wfv1.AnyStringPtr(noText)
	}
	return out
}

// artifactRecord is the wire text of the record of an artifact that the run is
// given.
func (l *lowerer) artifactRecord(p *ir.Port) string {
	raw := "workflow.parameters['" + portName(p.Name.Text) + "']"
	// A URI begins with a scheme or a slash.
	read := "map([" + raw + "],trim(#) matches '^[[{]' ? fromJSON(#) : #)"
	if p.Type.Kind == ir.List {
		read = "map(" + read + ",type(#) == 'array' ? # : [#])[0]"
	}
	one := structExpr([]string{"metadata", "name", "type", "uri"}, []string{
		"type(#) == 'map' ? (#?.metadata ?? fromJSON('{ }')) : fromJSON('{ }')", expr.ArgoString(p.Name.Text),
		expr.ArgoConst(schemaRecord(p.Type)), "type(#) == 'map' ? #.uri : trim(#)"})
	out := "toJson(map(" + read + "," + one + ")"
	if p.Type.Kind != ir.List {
		out += "[0]"
	}
	out = wireExpr(out + ")")
	if p.Optional {
		out = "(" + raw + " == '" + noText + "' ? 'null' : " + out + ")"
	}
	return tag(out)
}

func (l *lowerer) enum(p *ir.Port) []wfv1.AnyString {
	var out []wfv1.AnyString
	for _, v := range p.Limits.Enum {
		text := ir.JSON(v)
		if s, ok := v.(string); ok && p.Type.Kind == ir.String {
			text = s
		}
		if strings.Contains(text, "{{") {
			return nil
		}
		out = append(out, wfv1.AnyString(text))
	}
	if len(out) > 0 && p.Optional {
		none := "null"
		if p.Type.Kind == ir.String {
			none = noText
		}
		out = append(out, wfv1.AnyString(none))
	}
	return out
}

// runParameter is the wire text of a run parameter.
func (l *lowerer) runParameter(p *ir.Port) string {
	raw := "workflow.parameters['" + portName(p.Name.Text) + "']"
	absent := p.Optional && (p.Default == nil || p.Default.V == nil)
	if p.Type.Kind == ir.String {
		switch {
		case l.encoded(p):
			return tag(wireExpr(raw))
		case absent:
			return tag("(" + raw + " == '" + noText + "' ? 'null' : " + wireExpr("toJson("+raw+")") + ")")
		}
		return tag(wireExpr("toJson(" + raw + ")"))
	}
	v := value{typ: ir.Type{Kind: ir.Dynamic}, absent: absent, expr: "fromJSON(" + raw + ")"}
	out := v.kindAs(p.Type)
	if p.Type.Kind == ir.Dynamic {
		out = v
	}
	return out.argument()
}

func (l *lowerer) settings(spec *wfv1.WorkflowSpec) {
	p := l.p
	if p.Timeout > 0 {
		spec.ActiveDeadlineSeconds = ptr.To(int64(math.Ceil(p.Timeout)))
	}
	if p.Parallelism > 0 {
		spec.Parallelism = ptr.To(int64(p.Parallelism))
	}
	if p.TTL != nil {
		spec.TTLStrategy = &wfv1.TTLStrategy{
			SecondsAfterCompletion: small(p.TTL.Completion), SecondsAfterSuccess: small(p.TTL.Success), SecondsAfterFailure: small(p.TTL.Failure)}
	}
	if p.PodGC != "" {
		spec.PodGC = &wfv1.PodGC{Strategy: wfv1.PodGCStrategy(p.PodGC)}
	}
	if p.Workspace != nil {
		l.workspaceClaim(spec)
	}
	spec.Synchronization = l.synchronization()
}

// DefaultSemaphores is the ConfigMap of semaphores that name none.
const DefaultSemaphores = "kfp-semaphores"

// synchronization makes runs wait for one another.
func (l *lowerer) synchronization() *wfv1.Synchronization {
	p := l.p
	if p.Mutex.Text == "" && p.Semaphore == nil {
		return nil
	}
	out := &wfv1.Synchronization{}
	if p.Mutex.Text != "" {
		out.Mutexes = []*wfv1.Mutex{{Name: p.Mutex.Text}}
	}
	if s := p.Semaphore; s != nil {
		ref := &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: s.ConfigMap}, Key: s.Key}
		ref.Name = cmp.Or(ref.Name, l.opt.Semaphores, DefaultSemaphores)
		out.Semaphores = []*wfv1.SemaphoreRef{{ConfigMapKeyRef: ref}}
	}
	return out
}

func small(n *int64) *int32 {
	if n == nil {
		return nil
	}
	return ptr.To(int32(min(*n, math.MaxInt32)))
}

func (l *lowerer) workspaceClaim(spec *wfv1.WorkflowSpec) {
	w := l.p.Workspace
	q, err := resource.ParseQuantity(w.Size)
	if err != nil {
		l.fail(msgQuantity(w.At, "workspace", w.Size))
		return
	}
	claim := corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: workspaceName}}
	claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: q}
	claim.Spec.StorageClassName = w.StorageClass
	modes := w.AccessModes
	if len(modes) == 0 {
		modes = []string{"ReadWriteOnce"}
	}
	for _, m := range modes {
		claim.Spec.AccessModes = append(claim.Spec.AccessModes, corev1.PersistentVolumeAccessMode(m))
	}
	spec.VolumeClaimTemplates = append(spec.VolumeClaimTemplates, claim)
	spec.VolumeClaimGC = &wfv1.VolumeClaimGC{Strategy: wfv1.VolumeClaimGCOnCompletion}
}

func (l *lowerer) cron(meta metav1.ObjectMeta, spec wfv1.WorkflowSpec) *wfv1.CronWorkflow {
	out := &wfv1.CronWorkflow{TypeMeta: typeMeta(KindCronWorkflow), ObjectMeta: meta}
	out.Spec.WorkflowSpec = spec
	passed := l.passedOn(meta)
	out.Spec.WorkflowMetadata = &metav1.ObjectMeta{Labels: passed.Labels, Annotations: passed.Annotations}
	s := l.p.Schedule
	if s == nil {
		l.fail(msgNoSchedule(l.p.Name))
		return out
	}
	out.Spec.Schedules = s.Cron
	out.Spec.Timezone = s.Timezone
	switch s.Concurrency {
	case "forbid":
		out.Spec.ConcurrencyPolicy = wfv1.ForbidConcurrent
	case "replace":
		out.Spec.ConcurrencyPolicy = wfv1.ReplaceConcurrent
	case "allow":
		out.Spec.ConcurrencyPolicy = wfv1.AllowConcurrent
	}
	out.Spec.Suspend = s.Suspend
	out.Spec.StartingDeadlineSeconds = s.StartingDeadlineSeconds
	out.Spec.SuccessfulJobsHistoryLimit = small(s.SuccessfulHistory)
	out.Spec.FailedJobsHistoryLimit = small(s.FailedHistory)
	return out
}
