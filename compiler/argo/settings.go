package argo

import (
	"math"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

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
	var n string
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
