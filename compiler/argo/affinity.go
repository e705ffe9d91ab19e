package argo

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// The lists of an affinity. Of several affinities they are joined.
const (
	required  = "requiredDuringSchedulingIgnoredDuringExecution"
	preferred = "preferredDuringSchedulingIgnoredDuringExecution"
	nodeTerms = "nodeSelectorTerms"
)

var affinityLists = [...][]string{
	{"nodeAffinity", required, nodeTerms},
	{"nodeAffinity", preferred},
	{"podAffinity", required},
	{"podAffinity", preferred},
	{"podAntiAffinity", required},
	{"podAntiAffinity", preferred},
}

// affinity joins the affinities: here, if all are constant, else in the run.
func (p *pod) affinity(s *ir.Settings) {
	var all []string
	constant := true
	for _, v := range s.Affinity {
		lit, ok := v.(*ir.Literal)
		switch {
		case !ok:
			constant = false
		case lit.V == nil:
			continue
		default:
			one := &corev1.Affinity{}
			if p.decode(lit, one, "affinity") {
				p.t.Affinity = joinAffinity(p.t.Affinity, one)
			}
		}
		all = append(all, p.settingExpr(v))
	}
	if constant {
		return
	}
	p.t.Affinity = nil
	p.patch.spec = append(p.patch.spec, patchPair{key: "affinity", expr: affinityExpr(all)})
}

func joinAffinity(a, b *corev1.Affinity) *corev1.Affinity {
	if a == nil {
		return b
	}
	if n := b.NodeAffinity; n != nil {
		if a.NodeAffinity == nil {
			a.NodeAffinity = &corev1.NodeAffinity{}
		}
		to := a.NodeAffinity
		join(&to.PreferredDuringSchedulingIgnoredDuringExecution, n.PreferredDuringSchedulingIgnoredDuringExecution)
		if more := n.RequiredDuringSchedulingIgnoredDuringExecution; more != nil {
			if to.RequiredDuringSchedulingIgnoredDuringExecution == nil {
				to.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{}
			}
			join(&to.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms, more.NodeSelectorTerms)
		}
	}
	if n := b.PodAffinity; n != nil {
		if a.PodAffinity == nil {
			a.PodAffinity = &corev1.PodAffinity{}
		}
		join(&a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution, n.RequiredDuringSchedulingIgnoredDuringExecution)
		join(&a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution, n.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if n := b.PodAntiAffinity; n != nil {
		if a.PodAntiAffinity == nil {
			a.PodAntiAffinity = &corev1.PodAntiAffinity{}
		}
		join(&a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, n.RequiredDuringSchedulingIgnoredDuringExecution)
		join(&a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution, n.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	return a
}

func join[T any](to *[]T, more []T) { *to = append(*to, more...) }

// affinityExpr joins affinities that are structs or nil. An empty list becomes
// null, which a patch takes for nothing.
func affinityExpr(all []string) string {
	list := some(all)
	if len(all) == 1 {
		return all[0]
	}
	lists := map[string]string{}
	for _, path := range affinityLists {
		e := "#"
		for _, key := range path {
			e = "(" + e + "?.[" + expr.ArgoString(key) + "])"
		}
		terms := "flatten(map(" + list + "," + e + " ?? []))"
		entry := "#"
		if len(path) == 3 {
			entry = "({" + expr.ArgoString(nodeTerms) + ": # })"
		}
		lists[path[0]+path[1]] = "map([" + terms + "],len(#) == 0 ? nil : " + entry + ")[0]"
	}
	var out []string
	kinds := []string{"nodeAffinity", "podAffinity", "podAntiAffinity"}
	for _, kind := range kinds {
		out = append(out, structExpr([]string{required, preferred}, []string{lists[kind+required], lists[kind+preferred]}))
	}
	return structExpr(kinds, out)
}
