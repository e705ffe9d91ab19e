package argo

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
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
	p.pullSecrets(s)
	p.initContainers(s)
	p.t.PriorityClassName = s.PriorityClass
	if s.Queue != "" {
		if p.t.Metadata.Labels == nil {
			p.t.Metadata.Labels = map[string]string{}
		}
		p.t.Metadata.Labels["kueue.x-k8s.io/queue-name"] = s.Queue
	}
	if s.Timeout > 0 {
		p.t.ActiveDeadlineSeconds = ptr.To(intstr.FromInt32(int32(min(math.Ceil(s.Timeout), math.MaxInt32))))
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
// run; there is none where the name is absent or empty.
func (p *pod) computedAccelerator(a *ir.Accelerator, count ir.Value) {
	name := p.settingExpr(a.Type)
	n := p.settingExpr(count)
	if c, ok := count.(*ir.Literal); ok {
		n = expr.ArgoString(ir.Text(c.V))
	}
	pair := patchPair{key: name, expr: n, computed: true}
	p.patch.requests = append(p.patch.requests, pair)
	p.patch.limits = append(p.patch.limits, pair)
	p.patch.tolerations = append(p.patch.tolerations, "map(["+name+"],# in [nil,''] ? nil : ({'key': #, 'operator': 'Exists' }))[0]")
	if a.Product != nil {
		none := "fromJSON('{ }')"
		p.patch.selector = append(p.patch.selector, "map(["+name+"],# in [nil,''] ? "+none+" : fromJSON('{' + "+pairText(p.productLabelExpr("#"), p.settingText(a.Product))+" + '}'))[0]")
	}
}

// productLabelExpr is productLabel for a name that is known only to the run.
func (p *pod) productLabelExpr(name string) string {
	labels := map[string]any{}
	for k, v := range p.l.opt.ProductLabels {
		labels[k] = v
	}
	known := expr.ArgoConst(labels)
	if len(labels) == 0 {
		known = "fromJSON('{ }')"
	}
	domain := "split(" + name + ",'/')[0]"
	return "(get(" + known + "," + name + ") ?? (" + name + " contains '/' ? (get(" + known + "," + domain + ") ?? (" + domain + " + '/gpu.product')) : 'gpu.product'))"
}

// settingText is expr-lang text of a setting's text.
func (p *pod) settingText(v ir.Value) string {
	if lit, ok := v.(*ir.Literal); ok {
		return expr.ArgoString(ir.Text(lit.V))
	}
	return "(" + p.settingExpr(v) + " ?? '')"
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
	if v := s.NodeSelectorFrom; v != nil {
		p.nodeSelectorFrom(v)
	}
	p.affinity(s)
	for _, v := range s.Tolerations {
		if lit, ok := v.(*ir.Literal); ok {
			p.toleration(lit)
			continue
		}
		p.patch.tolerations = append(p.patch.tolerations, p.settingExpr(v))
	}
}

// toleration is one, a list of them, or none.
func (p *pod) toleration(lit *ir.Literal) {
	list, ok := lit.V.([]any)
	if !ok {
		list = []any{lit.V}
	}
	for _, v := range list {
		var t corev1.Toleration
		if v != nil && p.decode(&ir.Literal{V: v, At: lit.At}, &t, "tolerations") {
			p.t.Tolerations = append(p.t.Tolerations, t)
		}
	}
}

func (p *pod) nodeSelectorFrom(v ir.Value) {
	lit, ok := v.(*ir.Literal)
	if !ok {
		p.patch.selector = append(p.patch.selector, "("+p.settingExpr(v)+" ?? fromJSON('{ }'))")
		return
	}
	labels := map[string]string{}
	if lit.V != nil && p.decode(lit, &labels, "node selector") {
		for _, k := range slices.Sorted(maps.Keys(labels)) {
			p.selector(k, p.literalField(labels[k], lit.At))
		}
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

// podSecurity are the fields of a security context that belong to the pod.
var podSecurity = []string{"fsGroup", "fsGroupChangePolicy", "supplementalGroups", "supplementalGroupsPolicy", "sysctls"}

func (p *pod) security(s *ir.Settings) {
	lit, ok := s.SecurityContext.(*ir.Literal)
	if s.SecurityContext == nil {
		return
	}
	if !ok {
		e := "(" + p.settingExpr(s.SecurityContext) + " ?? fromJSON('{ }'))"
		names := expr.ArgoString(podSecurity[0])
		for _, k := range podSecurity[1:] {
			names += "," + expr.ArgoString(k)
		}
		p.patch.main = append(p.patch.main, patchPair{key: "securityContext", expr: "sprig.omit(" + e + "," + names + ")"})
		p.patch.spec = append(p.patch.spec, patchPair{key: "securityContext", expr: "sprig.pick(" + e + "," + names + ")"})
		return
	}
	all, _ := lit.V.(map[string]any)
	own, whole := map[string]any{}, map[string]any{}
	for k, v := range all {
		if slices.Contains(podSecurity, k) {
			whole[k] = v
		} else {
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
		if p.absent[e.Secret] || p.absent[e.ConfigMap] {
			p.optionalEnvFrom(s.EnvFrom)
			return
		}
	}
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

// optionalEnvFrom writes the whole list into the patch, which replaces it.
func (p *pod) optionalEnvFrom(list []*ir.EnvFrom) {
	for _, e := range list {
		kind, name := "configMapRef", e.ConfigMap
		if e.Secret != nil {
			kind, name = "secretRef", e.Secret
		}
		source := "'name': #"
		if e.Optional != nil {
			source += ", 'optional': " + strconv.FormatBool(*e.Optional)
		}
		prefix := ""
		if e.Prefix != "" {
			prefix = "'prefix': " + expr.ArgoString(e.Prefix) + ", "
		}
		p.patch.envFrom = append(p.patch.envFrom, p.present(name, "({"+prefix+"'"+kind+"': ({"+source+" }) })"))
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
