package kfpspec

import (
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// placement reads the fields that say where a pod may run.
func (s *scope) placement(set *ir.Settings, name string, f tree.Field) bool {
	switch name {
	case "nodeSelector":
		s.nodeSelector(set, f.Value)
	case "tolerations":
		for _, item := range s.items(f.Value, name) {
			s.toleration(set, item)
		}
	case "nodeAffinity":
		s.nodeAffinity(set, f)
	default:
		return false
	}
	return true
}

func (s *scope) nodeSelector(set *ir.Settings, n *tree.Node) {
	for _, f := range s.fields(n, "nodeSelector") {
		switch camel(f.Key.Scalar) {
		case "labels":
			if field(n, "nodeSelectorJson").IsNull() {
				set.NodeSelector = s.settingPairs(f.Value, "labels")
			}
		case "nodeSelectorJson":
			if f.Value.IsNull() {
				continue
			}
			v, _ := s.parameterSource(f.Value, f.Key.Span())
			labels, known := constantStruct(v)
			if !known {
				s.add(unsupportedDynamic("nodeSelectorJson", f.Key.Span()))
				continue
			}
			for _, k := range sorted(labels) {
				set.NodeSelector = append(set.NodeSelector, &ir.SettingPair{Key: k,
					Value: &ir.Literal{V: ir.Text(labels[k]), At: f.Value.Span()}, At: f.Key.Span()})
			}
		default:
			s.lenient(f, "nodeSelector", "labels", "nodeSelectorJson")
		}
	}
}

func constantStruct(v ir.Value) (map[string]any, bool) {
	l, ok := v.(*ir.Literal)
	if !ok {
		return nil, v == nil
	}
	m, ok := l.V.(map[string]any)
	return m, ok || l.V == nil
}

func (s *scope) toleration(set *ir.Settings, n *tree.Node) {
	out := map[string]any{}
	for _, f := range s.fields(n, "tolerations") {
		if f.Value.IsNull() {
			continue
		}
		switch name := camel(f.Key.Scalar); name {
		case "key", "operator", "value", "effect":
			if text := s.str(f.Value, name); text != "" {
				out[name] = text
			}
		case "tolerationSeconds":
			out[name] = s.integer(f.Value, name)
		case "tolerationJson":
			s.tolerationJSON(set, f)
			return
		default:
			s.lenient(f, "tolerations", "key", "operator", "value", "effect", "tolerationSeconds", "tolerationJson")
		}
	}
	if len(out) > 0 {
		set.Tolerations = append(set.Tolerations, &ir.Literal{V: out, At: head(n)})
	}
}

// tolerationJSON is one toleration or a list of them.
func (s *scope) tolerationJSON(set *ir.Settings, f tree.Field) {
	v, _ := s.parameterSource(f.Value, f.Key.Span())
	l, ok := v.(*ir.Literal)
	if v != nil && !ok {
		s.add(unsupportedDynamic("tolerationJson", f.Key.Span()))
		return
	}
	if l == nil || l.V == nil {
		return
	}
	if list, ok := l.V.([]any); ok {
		for _, item := range list {
			set.Tolerations = append(set.Tolerations, &ir.Literal{V: item, At: l.At})
		}
		return
	}
	set.Tolerations = append(set.Tolerations, l)
}

// The keys of a Kubernetes NodeAffinity.
const (
	required  = "requiredDuringSchedulingIgnoredDuringExecution"
	preferred = "preferredDuringSchedulingIgnoredDuringExecution"
)

func (s *scope) nodeAffinity(set *ir.Settings, of tree.Field) {
	affinity := map[string]any{}
	for _, item := range s.items(of.Value, "nodeAffinity") {
		s.nodeAffinityTerm(affinity, item)
	}
	if len(affinity) > 0 {
		set.Affinity = []ir.Value{&ir.Literal{V: map[string]any{"nodeAffinity": affinity}, At: of.Key.Span()}}
	}
}

func (s *scope) nodeAffinityTerm(affinity map[string]any, n *tree.Node) {
	term := map[string]any{}
	var weight *int64
	for _, f := range s.fields(n, "nodeAffinity") {
		if f.Value.IsNull() {
			continue
		}
		switch name := camel(f.Key.Scalar); name {
		case "matchExpressions", "matchFields":
			if items := s.items(f.Value, name); len(items) > 0 {
				term[name] = value(f.Value)
			}
		case "weight":
			w := s.integer(f.Value, name)
			weight = &w
		case "nodeAffinityJson":
			v, _ := s.parameterSource(f.Value, f.Key.Span())
			whole, known := constantStruct(v)
			if !known {
				s.add(unsupportedDynamic("nodeAffinityJson", f.Key.Span()))
				return
			}
			mergeAffinity(affinity, whole)
			return
		default:
			s.lenient(f, "nodeAffinity", "matchExpressions", "matchFields", "weight", "nodeAffinityJson")
		}
	}
	switch {
	case len(term) == 0:
	case weight != nil:
		mergeAffinity(affinity, map[string]any{preferred: []any{map[string]any{"weight": *weight, "preference": term}}})
	default:
		mergeAffinity(affinity, map[string]any{required: map[string]any{"nodeSelectorTerms": []any{term}}})
	}
}

// mergeAffinity adds terms to those that are there.
func mergeAffinity(into, from map[string]any) {
	for _, k := range sorted(from) {
		switch have := into[k].(type) {
		case []any:
			if more, ok := from[k].([]any); ok {
				into[k] = append(append([]any(nil), have...), more...)
			}
		case map[string]any:
			if more, ok := from[k].(map[string]any); ok {
				merged := map[string]any{}
				for _, x := range sorted(have) {
					merged[x] = have[x]
				}
				mergeAffinity(merged, more)
				into[k] = merged
			}
		default:
			into[k] = from[k]
		}
	}
}
