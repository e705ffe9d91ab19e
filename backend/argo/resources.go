package argo

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/kfp-go/kfp-go/backend"
	lowered "github.com/kfp-go/kfp-go/compiler/argo"
)

// templateResources are what a template asks for, as far as it is fixed.
func templateResources(t *wfv1.Template) *backend.Resources {
	if t == nil || t.Container == nil {
		return nil
	}
	return resources(t.Container.Resources, t.NodeSelector, t.Affinity)
}

// podResources are what a pod asks for.
func podResources(p *corev1.Pod) *backend.Resources {
	for i := range p.Spec.Containers {
		if c := &p.Spec.Containers[i]; c.Name == mainContainer {
			return resources(c.Resources, p.Spec.NodeSelector, p.Spec.Affinity)
		}
	}
	return nil
}

func resources(r corev1.ResourceRequirements, selector map[string]string, affinity *corev1.Affinity) *backend.Resources {
	out := backend.Resources{CPU: quantity(r, corev1.ResourceCPU), Memory: quantity(r, corev1.ResourceMemory), Spot: asksForSpot(affinity)}
	for name, q := range r.Limits {
		// Of several accelerators the first by name counts.
		if isAccelerator(name) && (out.Accelerator == "" || string(name) < out.Accelerator) {
			out.Accelerator, out.AcceleratorCount = string(name), q.Value()
		}
	}
	for label, value := range selector {
		if strings.HasSuffix(label, "gpu.product") && !strings.Contains(value, "{{") {
			out.Product = value
		}
	}
	if out == (backend.Resources{}) {
		return nil
	}
	return &out
}

// quantity is the request, else the limit, which Kubernetes then takes for it.
func quantity(r corev1.ResourceRequirements, name corev1.ResourceName) string {
	for _, list := range []corev1.ResourceList{r.Requests, r.Limits} {
		if q, ok := list[name]; ok && q.Cmp(resource.Quantity{}) != 0 {
			return q.String()
		}
	}
	return ""
}

// isAccelerator: an extended resource, which has a domain.
func isAccelerator(name corev1.ResourceName) bool {
	domain, _, ok := strings.Cut(string(name), "/")
	return ok && !strings.HasSuffix(domain, "kubernetes.io")
}

// asksForSpot reports whether spot nodes are preferred or required, by the
// marks of the known clouds.
func asksForSpot(a *corev1.Affinity) bool {
	if a == nil || a.NodeAffinity == nil {
		return false
	}
	var terms []corev1.NodeSelectorTerm
	for _, p := range a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
		terms = append(terms, p.Preference)
	}
	if must := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution; must != nil {
		terms = append(terms, must.NodeSelectorTerms...)
	}
	for _, t := range terms {
		for _, e := range t.MatchExpressions {
			for _, rule := range lowered.DefaultSpot() {
				if e.Key == rule.Label && e.Operator == corev1.NodeSelectorOpIn && slices.Contains(e.Values, rule.Value) {
					return true
				}
			}
		}
	}
	return false
}
