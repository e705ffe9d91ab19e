package argo

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// fingerprint is the same for settings that make the same template. What the
// caller computes counts as one blank.
func (l *lowerer) fingerprint(s *ir.Settings) string {
	if s == nil {
		return ""
	}
	if f, ok := l.prints[s]; ok {
		return f
	}
	var b strings.Builder
	dump(&b, reflect.ValueOf(s))
	l.prints[s] = b.String()
	return b.String()
}

var (
	spanType  = reflect.TypeFor[source.Span]()
	valueType = reflect.TypeFor[ir.Value]()
)

func dump(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		if v.Type() == valueType {
			if lit, ok := v.Interface().(*ir.Literal); ok {
				b.WriteString(ir.JSON(lit.V))
			} else {
				b.WriteByte('?')
			}
			return
		}
		dump(b, v.Elem())
	case reflect.Struct:
		if v.Type() == spanType {
			return
		}
		b.WriteByte('(')
		for i := range v.NumField() {
			f := v.Field(i)
			if f.IsZero() || f.Type() == spanType {
				continue
			}
			b.WriteString(strconv.Itoa(i))
			b.WriteByte('=')
			dump(b, f)
			b.WriteByte(',')
		}
		b.WriteByte(')')
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			dump(b, v.Index(i))
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case reflect.Map:
		text, _ := json.Marshal(v.Interface())
		b.Write(text)
	case reflect.String:
		b.WriteString(strconv.Quote(v.String()))
	case reflect.Bool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case reflect.Uint8, reflect.Uint, reflect.Uint32, reflect.Uint64:
		b.WriteString(strconv.FormatUint(v.Uint(), 10))
	case reflect.Float64:
		b.WriteString(strconv.FormatFloat(v.Float(), 'g', -1, 64))
	}
}

// hide makes hidden inputs of what the caller has to compute: settings, and
// the component's own expressions that may fail, for in a pod's field a failure
// would leave the expression itself.
func (p *pod) hide() {
	taken := newNames()
	for _, port := range p.c.Inputs {
		taken.take(portName(port.Name.Text))
		taken.take(recordName(port.Name.Text))
	}
	for i, v := range computedOf(p.settings) {
		name := taken.take("kfp-setting-" + strconv.Itoa(i))
		p.computed[v] = name
		structural := isStructural(p.settings, v)
		p.u.params = append(p.u.params, param{name: name, hidden: func(at *place) value {
			vs := computedOf(at.task.Settings)
			if i >= len(vs) {
				return constant(nil)
			}
			x := at.value(vs[i])
			if structural {
				return x
			}
			return x.converted(&ir.Port{Type: ir.Type{Kind: ir.String}, Optional: true})
		}})
	}
	n := 0
	p.body.EachValue(func(v ir.Value) {
		ir.Visit(v, func(v ir.Value) {
			e, ok := v.(*ir.Expr)
			if !ok || p.hidden[e] != "" {
				return
			}
			prog, ok := e.Program.(*expr.Program)
			if !ok || prog == nil || prog.Total() {
				return
			}
			name := taken.take("kfp-value-" + strconv.Itoa(n))
			n++
			p.hidden[e] = name
			p.u.params = append(p.u.params, param{name: name, hidden: func(at *place) value { return at.componentExpr(p.c, e) }})
		})
	})
}

// componentExpr computes an expression of a component in the scope of the DAG
// that calls it.
func (at *place) componentExpr(c *ir.Component, e *ir.Expr) value {
	return at.d.l.program(e, func(v ir.Value) value {
		switch v := v.(type) {
		case *ir.Literal:
			return constant(v.V)
		case *ir.InputRef:
			port := c.Input(v.Name)
			if port == nil {
				return constant(nil)
			}
			b := at.task.Arg(v.Name)
			if b == nil {
				if port.Default != nil {
					return constant(port.Default.V)
				}
				return constant(nil)
			}
			return at.value(b.Value).converted(port)
		case *ir.RunRef:
			return at.runFact(v)
		}
		at.d.l.cannot(msgComponentExpr(e.At, e.Program.Source()))
		return constant(nil)
	})
}

func computedOf(s *ir.Settings) []ir.Value {
	var out []ir.Value
	s.EachValue(func(v ir.Value) {
		if _, ok := v.(*ir.Literal); !ok {
			out = append(out, v)
		}
	})
	return out
}

func isStructural(s *ir.Settings, v ir.Value) bool {
	if v == s.Affinity || v == s.SecurityContext {
		return true
	}
	for _, t := range s.Tolerations {
		if v == t {
			return true
		}
	}
	return false
}

// settingPieces takes a setting apart.
func (p *pod) settingPieces(v ir.Value) []piece {
	if v == nil {
		return nil
	}
	if lit, ok := v.(*ir.Literal); ok {
		return []piece{{literal: ir.Text(lit.V)}}
	}
	return []piece{{expr: "(fromJSON(" + inputParam(p.computed[v]) + ") ?? '')"}}
}

// setting writes a setting into a field that only Argo expands.
func (p *pod) setting(v ir.Value) string {
	if v == nil {
		return ""
	}
	return p.plainPieces(p.settingPieces(v), v.Span())
}

// apply puts the settings into the template.
func (p *pod) apply() {
	p.mountWorkspace()
	s := p.settings
	if s == nil {
		return
	}
	p.resources(s)
	p.accelerator(s)
	p.nodes(s)
	p.spot(s)
	p.security(s)
	p.envFrom(s)
	p.volumes(s)
	p.t.ServiceAccountName = p.setting(s.ServiceAccount)
	p.t.Metadata.Labels = p.pairs(s.Labels)
	p.t.Metadata.Annotations = p.pairs(s.Annotations)
	p.main.ImagePullPolicy = corev1.PullPolicy(s.ImagePullPolicy)
	for _, v := range s.ImagePullSecrets {
		p.patch.pullSecrets = append(p.patch.pullSecrets, p.setting(v))
	}
	p.t.PriorityClassName = s.PriorityClass
	if s.Queue != "" {
		if p.t.Metadata.Labels == nil {
			p.t.Metadata.Labels = map[string]string{}
		}
		p.t.Metadata.Labels["kueue.x-k8s.io/queue-name"] = s.Queue
	}
	if s.Timeout > 0 {
		p.t.ActiveDeadlineSeconds = ptr.To(intstr.FromInt32(int32(math.Ceil(s.Timeout))))
	}
	p.retry(s)
}

func (p *pod) pairs(list []*ir.SettingPair) map[string]string {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]string, len(list))
	for _, x := range list {
		out[x.Key] = p.setting(x.Value)
	}
	return out
}

func (p *pod) mountWorkspace() {
	if p.l.p.Workspace != nil {
		p.main.VolumeMounts = append(p.main.VolumeMounts, corev1.VolumeMount{Name: workspaceName, MountPath: workspacePath})
	}
}

// resources writes constant quantities into the container and computed ones
// into the pod's patch: Argo parses the fields before it substitutes.
func (p *pod) resources(s *ir.Settings) {
	for _, r := range s.Resources {
		p.quantity(r.Name, r.Request, &p.main.Resources.Requests, &p.patch.requests)
		p.quantity(r.Name, r.Limit, &p.main.Resources.Limits, &p.patch.limits)
	}
}

func (p *pod) quantity(name string, v ir.Value, to *corev1.ResourceList, patch *[]patchPair) {
	if v == nil {
		return
	}
	lit, ok := v.(*ir.Literal)
	if !ok {
		*patch = append(*patch, patchPair{key: name, expr: "fromJSON(" + inputParam(p.computed[v]) + ")"})
		return
	}
	q, err := resource.ParseQuantity(ir.Text(lit.V))
	if err != nil {
		p.l.fail(msgQuantity(lit.At, name, ir.Text(lit.V)))
		return
	}
	if *to == nil {
		*to = corev1.ResourceList{}
	}
	(*to)[corev1.ResourceName(name)] = q
}

func (p *pod) accelerator(s *ir.Settings) {
	a := s.Accelerator
	if a == nil {
		return
	}
	count := a.Count
	if count == nil {
		count = &ir.Literal{V: int64(1), At: a.At}
	}
	lit, ok := a.Type.(*ir.Literal)
	if !ok {
		p.computedAccelerator(a, count)
		return
	}
	name := ir.Text(lit.V)
	if c, ok := count.(*ir.Literal); ok && ir.Text(c.V) == "0" {
		return
	}
	p.quantity(name, count, &p.main.Resources.Requests, &p.patch.requests)
	p.quantity(name, count, &p.main.Resources.Limits, &p.patch.limits)
	p.t.Tolerations = append(p.t.Tolerations, corev1.Toleration{Key: name, Operator: corev1.TolerationOpExists})
	if a.Product != nil {
		p.selector(p.l.productLabel(name), p.setting(a.Product))
	}
}

// computedAccelerator patches in a resource whose name is known only to the
// run.
func (p *pod) computedAccelerator(a *ir.Accelerator, count ir.Value) {
	name := "fromJSON(" + inputParam(p.computed[a.Type]) + ")"
	n := expr.ArgoString("1")
	if c, ok := count.(*ir.Literal); ok {
		n = expr.ArgoString(ir.Text(c.V))
	} else {
		n = "fromJSON(" + inputParam(p.computed[count]) + ")"
	}
	pair := patchPair{key: tag("toJson(" + name + ")"), expr: n, keyed: true}
	p.patch.requests = append(p.patch.requests, pair)
	p.patch.limits = append(p.patch.limits, pair)
	p.patch.tolerations = append(p.patch.tolerations, "({'key': "+name+", 'operator': 'Exists' })")
	if a.Product != nil {
		p.l.cannot(msgAcceleratorType(a.At))
	}
}

// productLabel is the node label that holds an accelerator's product.
func (l *lowerer) productLabel(resourceName string) string {
	if label := l.opt.ProductLabels[resourceName]; label != "" {
		return label
	}
	domain, _, ok := strings.Cut(resourceName, "/")
	if !ok {
		return "gpu.product"
	}
	if label := l.opt.ProductLabels[domain]; label != "" {
		return label
	}
	return domain + "/gpu.product"
}

func (p *pod) selector(key, val string) {
	if p.t.NodeSelector == nil {
		p.t.NodeSelector = map[string]string{}
	}
	p.t.NodeSelector[key] = val
}

// nodes is where the pod may go.
func (p *pod) nodes(s *ir.Settings) {
	for _, x := range s.NodeSelector {
		p.selector(x.Key, p.setting(x.Value))
	}
	if lit, ok := s.Affinity.(*ir.Literal); ok {
		p.t.Affinity = &corev1.Affinity{}
		p.decode(lit, p.t.Affinity, "affinity")
	} else if s.Affinity != nil {
		p.patch.raw = append(p.patch.raw, patchPair{key: "affinity", expr: "fromJSON(" + inputParam(p.computed[s.Affinity]) + ")"})
	}
	for _, v := range s.Tolerations {
		if lit, ok := v.(*ir.Literal); ok {
			var t corev1.Toleration
			if p.decode(lit, &t, "tolerations") {
				p.t.Tolerations = append(p.t.Tolerations, t)
			}
			continue
		}
		p.patch.tolerations = append(p.patch.tolerations, "fromJSON("+inputParam(p.computed[v])+")")
	}
}

// decode reads a Kubernetes object from a literal, strictly.
func (p *pod) decode(lit *ir.Literal, into any, what string) bool {
	if err := strict(lit.V, into); err != nil {
		p.l.fail(msgObject(lit.At, what, err))
		return false
	}
	return true
}

func (p *pod) security(s *ir.Settings) {
	lit, ok := s.SecurityContext.(*ir.Literal)
	if s.SecurityContext == nil {
		return
	}
	if !ok {
		p.patch.raw = append(p.patch.raw, patchPair{key: "securityContext", expr: "fromJSON(" + inputParam(p.computed[s.SecurityContext]) + ")"})
		return
	}
	all, _ := lit.V.(map[string]any)
	own, whole := map[string]any{}, map[string]any{}
	for k, v := range all {
		switch k {
		case "fsGroup", "fsGroupChangePolicy", "supplementalGroups", "supplementalGroupsPolicy", "sysctls":
			whole[k] = v
		default:
			own[k] = v
		}
	}
	if len(own) > 0 {
		p.main.SecurityContext = &corev1.SecurityContext{}
		p.decode(&ir.Literal{V: own, At: lit.At}, p.main.SecurityContext, "security context")
	}
	if len(whole) > 0 {
		p.t.SecurityContext = &corev1.PodSecurityContext{}
		p.decode(&ir.Literal{V: whole, At: lit.At}, p.t.SecurityContext, "security context")
	}
}

func (p *pod) envFrom(s *ir.Settings) {
	for _, e := range s.EnvFrom {
		out := corev1.EnvFromSource{Prefix: e.Prefix}
		if e.Secret != nil {
			out.SecretRef = &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: p.setting(e.Secret)}, Optional: e.Optional}
		} else {
			out.ConfigMapRef = &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: p.setting(e.ConfigMap)}, Optional: e.Optional}
		}
		p.main.EnvFrom = append(p.main.EnvFrom, out)
	}
}

func (p *pod) volumes(s *ir.Settings) {
	for _, v := range s.Volumes {
		out := corev1.Volume{Name: "volume-" + strconv.Itoa(len(p.t.Volumes))}
		src := &out.VolumeSource
		switch {
		case v.Secret != nil:
			src.Secret = &corev1.SecretVolumeSource{SecretName: p.setting(v.Secret), Optional: v.Optional}
		case v.ConfigMap != nil:
			src.ConfigMap = &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: p.setting(v.ConfigMap)}, Optional: v.Optional}
		case v.Claim != nil:
			src.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: p.setting(v.Claim)}
		case v.EmptyDir != nil:
			src.EmptyDir = &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMedium(v.EmptyDir.Medium), SizeLimit: p.size(v.EmptyDir.SizeLimit, v.At)}
		case v.Ephemeral != nil:
			src.Ephemeral = p.ephemeral(v)
		case v.Other != nil:
			p.decode(&ir.Literal{V: v.Other, At: v.At}, src, "volume")
		}
		p.t.Volumes = append(p.t.Volumes, out)
		p.main.VolumeMounts = append(p.main.VolumeMounts, corev1.VolumeMount{Name: out.Name, MountPath: v.Path, SubPath: v.SubPath, ReadOnly: v.ReadOnly})
	}
	if s.SharedMemory != "" {
		p.t.Volumes = append(p.t.Volumes, corev1.Volume{Name: "shared-memory", VolumeSource: corev1.VolumeSource{
			EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory, SizeLimit: p.size(s.SharedMemory, p.body.At)}}})
		p.main.VolumeMounts = append(p.main.VolumeMounts, corev1.VolumeMount{Name: "shared-memory", MountPath: "/dev/shm"})
	}
}

func (p *pod) size(text string, at source.Span) *resource.Quantity {
	if text == "" {
		return nil
	}
	q, err := resource.ParseQuantity(text)
	if err != nil {
		p.l.fail(msgQuantity(at, "size", text))
		return nil
	}
	return &q
}

func (p *pod) ephemeral(v *ir.Volume) *corev1.EphemeralVolumeSource {
	e := v.Ephemeral
	spec := corev1.PersistentVolumeClaimSpec{}
	for _, m := range e.AccessModes {
		spec.AccessModes = append(spec.AccessModes, corev1.PersistentVolumeAccessMode(m))
	}
	if q := p.size(e.Size, v.At); q != nil {
		spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: *q}
	}
	if e.StorageClass != "" {
		spec.StorageClassName = ptr.To(e.StorageClass)
	}
	return &corev1.EphemeralVolumeSource{VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{
		ObjectMeta: metav1.ObjectMeta{Labels: pairMap(e.Labels), Annotations: pairMap(e.Annotations)}, Spec: spec}}
}

func pairMap(list []ir.Pair) map[string]string {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]string, len(list))
	for _, p := range list {
		out[p.Key] = p.Value
	}
	return out
}

// patch is what goes into podSpecPatch because Argo does not substitute in the
// fields themselves.
type patch struct {
	args             string // expr-lang text of the list
	requests, limits []patchPair
	raw              []patchPair // fields of the pod's spec
	tolerations      []string
	pullSecrets      []string
}

type patchPair struct {
	key, expr string
	keyed     bool // the key is a tag that yields JSON
}

// text is the patch as JSON with tags, "" when there is nothing to patch.
// Braces that close stand apart, so that none ends a tag.
func (q *patch) text(fixed []corev1.Toleration) string {
	var main, spec []string
	if q.args != "" {
		main = append(main, `"args":`+tag("toJson("+q.args+")"))
	}
	var res []string
	for _, x := range []struct {
		name string
		list []patchPair
	}{{"requests", q.requests}, {"limits", q.limits}} {
		if len(x.list) > 0 {
			res = append(res, quoteJSON(x.name)+":"+pairsJSON(x.list))
		}
	}
	if len(res) > 0 {
		main = append(main, `"resources":{`+strings.Join(res, ",")+" }")
	}
	if len(main) > 0 {
		spec = append(spec, `"containers":[{"name":"main",`+strings.Join(main, ",")+" } ]")
	}
	for _, x := range q.raw {
		spec = append(spec, quoteJSON(x.key)+":"+tag("toJson("+x.expr+")"))
	}
	if len(q.tolerations) > 0 {
		parts := append([]string(nil), q.tolerations...)
		for _, t := range fixed {
			b, _ := json.Marshal(t)
			parts = append(parts, "fromJSON("+expr.ArgoString(string(b))+")")
		}
		spec = append(spec, `"tolerations":`+tag("toJson("+listExpr(parts)+")"))
	}
	if len(q.pullSecrets) > 0 {
		list := make([]string, len(q.pullSecrets))
		for i, s := range q.pullSecrets {
			list[i] = `{"name":` + quoteJSON(s) + " }"
		}
		spec = append(spec, `"imagePullSecrets":[`+strings.Join(list, ",")+"]")
	}
	if len(spec) == 0 {
		return ""
	}
	return "{" + strings.Join(spec, ",") + " }"
}

func pairsJSON(list []patchPair) string {
	out := make([]string, len(list))
	for i, x := range list {
		key := quoteJSON(x.key)
		if x.keyed {
			key = x.key
		}
		out[i] = key + ":" + tag("toJson("+x.expr+")")
	}
	return "{" + strings.Join(out, ",") + " }"
}

// quoteJSON quotes a text that may hold tags: nothing but quotes and
// backslashes is escaped.
func quoteJSON(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// strict decodes a JSON value into an API type and refuses unknown fields.
func strict(v any, into any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

var _ = wfv1.Template{}
