package argo

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A SpotRule is one way in which a cluster marks interruptible nodes.
type SpotRule struct {
	Label, Value string // node label
	TaintKey     string // key of the taint on such nodes, "": none
	TaintValue   string // "": any
}

// DefaultSpot are the marks of Karpenter, GKE, EKS and AKS.
func DefaultSpot() []SpotRule {
	return []SpotRule{
		{Label: "karpenter.sh/capacity-type", Value: "spot", TaintKey: "karpenter.sh/capacity-type", TaintValue: "spot"},
		{Label: "cloud.google.com/gke-spot", Value: "true", TaintKey: "cloud.google.com/gke-spot", TaintValue: "true"},
		{Label: "eks.amazonaws.com/capacityType", Value: "SPOT"},
		{Label: "kubernetes.azure.com/scalesetpriority", Value: "spot", TaintKey: "kubernetes.azure.com/scalesetpriority", TaintValue: "spot"},
	}
}

func (p *pod) spot(s *ir.Settings) {
	rules := p.l.opt.Spot
	if s.Spot == "" || len(rules) == 0 {
		return
	}
	for _, v := range s.Affinity {
		if _, ok := v.(*ir.Literal); !ok {
			p.l.cannot(msgSpotAffinity(v.Span()))
			return
		}
	}
	if p.t.Affinity == nil {
		p.t.Affinity = &corev1.Affinity{}
	}
	if p.t.Affinity.NodeAffinity == nil {
		p.t.Affinity.NodeAffinity = &corev1.NodeAffinity{}
	}
	na := p.t.Affinity.NodeAffinity
	switch s.Spot {
	case "prefer":
		for _, r := range rules {
			na.PreferredDuringSchedulingIgnoredDuringExecution = append(na.PreferredDuringSchedulingIgnoredDuringExecution,
				corev1.PreferredSchedulingTerm{Weight: 100, Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{r.is(corev1.NodeSelectorOpIn)}}})
		}
		p.tolerateSpot(rules)
	case "require":
		var any []corev1.NodeSelectorTerm
		for _, r := range rules {
			any = append(any, corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{r.is(corev1.NodeSelectorOpIn)}})
		}
		requireAny(na, any)
		p.tolerateSpot(rules)
	case "never":
		var none corev1.NodeSelectorTerm
		for _, r := range rules {
			none.MatchExpressions = append(none.MatchExpressions, r.is(corev1.NodeSelectorOpNotIn))
		}
		requireAny(na, []corev1.NodeSelectorTerm{none})
	}
}

func (r SpotRule) is(op corev1.NodeSelectorOperator) corev1.NodeSelectorRequirement {
	return corev1.NodeSelectorRequirement{Key: r.Label, Operator: op, Values: []string{r.Value}}
}

func (p *pod) tolerateSpot(rules []SpotRule) {
	for _, r := range rules {
		if r.TaintKey == "" {
			continue
		}
		t := corev1.Toleration{Key: r.TaintKey, Operator: corev1.TolerationOpExists}
		if r.TaintValue != "" {
			t.Operator, t.Value = corev1.TolerationOpEqual, r.TaintValue
		}
		p.t.Tolerations = append(p.t.Tolerations, t)
	}
}

// requireAny adds alternatives to what the author requires already: every pair
// of both.
func requireAny(na *corev1.NodeAffinity, any []corev1.NodeSelectorTerm) {
	had := na.RequiredDuringSchedulingIgnoredDuringExecution
	if had == nil || len(had.NodeSelectorTerms) == 0 {
		na.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{NodeSelectorTerms: any}
		return
	}
	var both []corev1.NodeSelectorTerm
	for _, a := range had.NodeSelectorTerms {
		for _, b := range any {
			t := *a.DeepCopy()
			t.MatchExpressions = append(t.MatchExpressions, b.MatchExpressions...)
			both = append(both, t)
		}
	}
	na.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{NodeSelectorTerms: both}
}
