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
		for _, item := range s.items(f.Value, name) {
			s.nodeAffinity(set, item)
		}
	case "podAffinity":
		for _, item := range s.items(f.Value, name) {
			s.podAffinity(set, item)
		}
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
			v := s.object(f)
			lit, ok := v.(*ir.Literal)
			if !ok {
				set.NodeSelectorFrom = v
				continue
			}
			labels, _ := lit.V.(map[string]any)
			for _, k := range sorted(labels) {
				set.NodeSelector = append(set.NodeSelector, &ir.SettingPair{Key: k,
					Value: &ir.Literal{V: ir.Text(labels[k]), At: f.Value.Span()}, At: f.Key.Span()})
			}
		default:
			s.lenient(f, "nodeSelector", "labels", "nodeSelectorJson")
		}
	}
}

// object reads a source of a struct, or of what else is allowed; a literal null
// where there is none.
func (s *scope) object(f tree.Field, also ...ir.Kind) ir.Value {
	v := s.source(f)
	if v == nil {
		return &ir.Literal{At: f.Key.Span()}
	}
	t := s.typeOf(v)
	allowed := t.Kind == ir.Struct || t.Kind == ir.Dynamic || t.Kind == ir.Null || t.Kind == ir.Invalid
	what := "a struct"
	for _, k := range also {
		allowed = allowed || t.Kind == k
		what += " or " + article(ir.Type{Kind: k})
	}
	if !allowed {
		s.add(wrongKind(f.Key.Scalar, what, article(t), f.Value.Span()))
		return &ir.Literal{At: f.Key.Span()}
	}
	return v
}

func article(t ir.Type) string {
	if t.Kind == ir.Integer {
		return "an integer"
	}
	return "a " + t.String()
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
	v := s.object(f, ir.List)
	l, ok := v.(*ir.Literal)
	switch {
	case !ok:
		set.Tolerations = append(set.Tolerations, v)
	case l.V == nil:
	default:
		list, ok := l.V.([]any)
		if !ok {
			list = []any{l.V}
		}
		for _, item := range list {
			if item != nil {
				set.Tolerations = append(set.Tolerations, &ir.Literal{V: item, At: l.At})
			}
		}
	}
}

// The keys of a Kubernetes affinity.
const (
	required  = "requiredDuringSchedulingIgnoredDuringExecution"
	preferred = "preferredDuringSchedulingIgnoredDuringExecution"
)

func (s *scope) nodeAffinity(set *ir.Settings, n *tree.Node) {
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
			weight = s.weight(f)
		case "nodeAffinityJson":
			v := s.object(f)
			if l, ok := v.(*ir.Literal); !ok {
				v = &ir.StructValue{Keys: []string{"nodeAffinity"}, Values: []ir.Value{v}, At: v.Span()}
				set.Affinity = append(set.Affinity, v)
			} else if l.V != nil {
				s.addAffinity(set, n, "nodeAffinity", l.V)
			}
			return
		default:
			s.lenient(f, "nodeAffinity", "matchExpressions", "matchFields", "weight", "nodeAffinityJson")
		}
	}
	switch {
	case len(term) == 0:
	case weight != nil:
		s.addAffinity(set, n, "nodeAffinity", map[string]any{preferred: []any{map[string]any{"weight": *weight, "preference": term}}})
	default:
		s.addAffinity(set, n, "nodeAffinity", map[string]any{required: map[string]any{"nodeSelectorTerms": []any{term}}})
	}
}

// podAffinity is one term of pod affinity or anti-affinity. KFP's own back end
// passes it over; here it has the effect that the SDK documents.
func (s *scope) podAffinity(set *ir.Settings, n *tree.Node) {
	term, pods, spaces := map[string]any{}, map[string]any{}, map[string]any{}
	kind := "podAffinity"
	var weight *int64
	for _, f := range s.fields(n, "podAffinity") {
		if f.Value.IsNull() {
			continue
		}
		switch name := camel(f.Key.Scalar); name {
		case "matchPodExpressions":
			s.selectorPart(pods, "matchExpressions", f)
		case "matchPodLabels":
			s.selectorPart(pods, "matchLabels", f)
		case "matchNamespaceExpressions":
			s.selectorPart(spaces, "matchExpressions", f)
		case "matchNamespaceLabels":
			s.selectorPart(spaces, "matchLabels", f)
		case "topologyKey":
			term[name] = s.str(f.Value, name)
		case "namespaces":
			if list := s.strs(f.Value, name); len(list) > 0 {
				term[name] = value(f.Value)
			}
		case "weight":
			weight = s.weight(f)
		case "anti":
			if s.boolean(f.Value, name) {
				kind = "podAntiAffinity"
			}
		default:
			s.lenient(f, "podAffinity", "matchPodExpressions", "matchPodLabels", "topologyKey", "namespaces",
				"matchNamespaceExpressions", "matchNamespaceLabels", "weight", "anti")
		}
	}
	if len(pods) > 0 {
		term["labelSelector"] = pods
	}
	if len(spaces) > 0 {
		term["namespaceSelector"] = spaces
	}
	switch {
	case term["topologyKey"] == nil || term["topologyKey"] == "":
		s.add(missing("topologyKey", head(n)))
	case weight != nil:
		s.addAffinity(set, n, kind, map[string]any{preferred: []any{map[string]any{"weight": *weight, "podAffinityTerm": term}}})
	default:
		s.addAffinity(set, n, kind, map[string]any{required: []any{term}})
	}
}

func (s *scope) selectorPart(selector map[string]any, key string, f tree.Field) {
	if f.Value.Kind == tree.Sequence && len(f.Value.Items) > 0 || f.Value.Kind == tree.Mapping && len(f.Value.Fields) > 0 {
		selector[key] = value(f.Value)
	}
}

func (s *scope) weight(f tree.Field) *int64 {
	w := s.integer(f.Value, "weight")
	if w < 1 || w > 100 {
		s.add(outOfRange("weight", 1, 100, f.Value.Span()))
	}
	return &w
}

// addAffinity joins constants; what is known at run time stays apart.
func (s *scope) addAffinity(set *ir.Settings, n *tree.Node, kind string, v any) {
	add := map[string]any{kind: v}
	for _, have := range set.Affinity {
		if l, ok := have.(*ir.Literal); ok {
			mergeAffinity(l.V.(map[string]any), add)
			return
		}
	}
	set.Affinity = append(set.Affinity, &ir.Literal{V: add, At: head(n)})
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
