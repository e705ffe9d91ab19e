package kfpwrite

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// platformSpec is the second document, empty when there is nothing to say.
func (w *printer) platformSpec() mapping {
	kubernetes := message(
		field{"deploymentSpec", message(field{"executors", w.platform})},
		field{"pipelineConfig", w.pipelineConfig()},
	)
	if len(kubernetes) == 0 {
		return nil
	}
	return mapping{{"platforms", mapping{{"kubernetes", kubernetes}}}}
}

func (w *printer) pipelineConfig() mapping {
	p := w.p
	out := message(field{"mutexName", p.Mutex.Text}, field{"workspace", workspace(p.Workspace)})
	if p.Semaphore != nil {
		out = append(out, field{"semaphoreKey", p.Semaphore.Key})
	}
	if p.Timeout > 0 {
		out = append(out, field{"activeDeadlineSeconds", int64(p.Timeout)})
	}
	if t := p.TTL; t != nil {
		for _, x := range [...]struct {
			key     string
			seconds *int64
		}{{"resourceTtlOnCompletion", t.Completion}, {"resourceTtlOnSuccess", t.Success}, {"resourceTtlOnFailure", t.Failure}} {
			if x.seconds != nil {
				out = append(out, field{x.key, *x.seconds})
			}
		}
	}
	return out.sorted()
}

func workspace(w *ir.Workspace) mapping {
	if w == nil {
		return nil
	}
	patch := message(field{"accessModes", texts(w.AccessModes)}, field{"storageClassName", optionalText(w.StorageClass)})
	return message(field{"kubernetes", message(field{"pvcSpecPatch", patch})}, field{"size", w.Size})
}

func optionalText(s *string) any {
	if s == nil {
		return nil
	}
	return said{*s}
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// platform prints the Kubernetes part of settings.
func (s *scope) platform(set *ir.Settings) mapping {
	out := message(
		field{"configMapAsEnv", s.keysAsEnv(set.Env, "configMap")},
		field{"configMapAsVolume", s.objectVolumes(set.Volumes, "configMap")},
		field{"emptyDirMounts", emptyDirs(set.Volumes)},
		field{"fieldPathAsEnv", fieldPaths(set.Env)},
		field{"genericEphemeralVolume", ephemerals(set.Volumes)},
		field{"imagePullPolicy", set.ImagePullPolicy},
		field{"imagePullSecret", s.pullSecrets(set.ImagePullSecrets)},
		field{"initContainers", initContainers(set.InitContainers)},
		field{"nodeAffinity", s.nodeAffinity(set.Affinity)},
		field{"nodeSelector", s.nodeSelector(set)},
		field{"podAffinity", podAffinity(set.Affinity)},
		field{"podMetadata", message(field{"annotations", pairs(set.Annotations)}, field{"labels", pairs(set.Labels)})},
		field{"pvcMount", s.claims(set.Volumes)},
		field{"secretAsEnv", s.keysAsEnv(set.Env, "secret")},
		field{"secretAsVolume", s.objectVolumes(set.Volumes, "secret")},
		field{"tolerations", s.tolerations(set.Tolerations)},
	)
	if set.SecurityContext != nil {
		out = append(out, field{"securityContext", securityContext(set.SecurityContext)})
	}
	if set.Timeout > 0 {
		out = append(out, field{"activeDeadlineSeconds", int64s(int64(set.Timeout))})
	}
	return out.sorted()
}

// int64s is a 64-bit integer, which JSON's form of protobuf has as text.
func int64s(v int64) string { return ir.Text(v) }

func initContainers(list []*ir.InitContainer) []any {
	var out []any
	for _, c := range list {
		var env, mounts []any
		for _, e := range c.Env {
			env = append(env, mapping{{"name", e.Key}, {"value", e.Value}})
		}
		for _, m := range c.Mounts {
			mounts = append(mounts, mapping{{"mountPath", m.Path}, {"volumeName", m.Volume}})
		}
		restart := ""
		if c.Sidecar {
			restart = "Always"
		}
		var requests, limits mapping
		for _, r := range c.Resources {
			requests = append(requests, quantity(r.Name, r.Request)...)
			limits = append(limits, quantity(r.Name, r.Limit)...)
		}
		out = append(out, message(
			field{"args", texts(c.Args)}, field{"command", texts(c.Command)}, field{"env", env}, field{"image", c.Image}, field{"name", c.Name.Text},
			field{"resources", message(field{"limits", limits}, field{"requests", requests})},
			field{"restartPolicy", restart}, field{"volumeMounts", mounts}))
	}
	return out
}

func quantity(name string, v ir.Value) mapping {
	if v == nil {
		return nil
	}
	return mapping{{name, ir.Text(literalOf(v))}}
}

// object names an object of the cluster: by a source and, where it is known, by
// the older plain field too.
func (s *scope) object(plain string, v ir.Value) mapping {
	out := mapping{{plain + "Parameter", s.source(v)}}
	if l, ok := v.(*ir.Literal); ok {
		out = append(out, field{plain, ir.Text(l.V)})
	}
	return out
}

func optional(b *bool) any {
	if b == nil {
		return nil
	}
	return said{*b}
}

// keysAsEnv prints the variables that come from keys of one kind of object,
// neighbours from the same object together.
func (s *scope) keysAsEnv(env []*ir.EnvVar, kind string) []any {
	var out []any
	var last *ir.KeyRef
	var keys []any
	flush := func() {
		if last != nil {
			entry := append(s.object(kind+"Name", last.Name), message(field{"keyToEnv", keys}, field{"optional", optional(last.Optional)})...)
			out = append(out, entry.sorted())
		}
		last, keys = nil, nil
	}
	for _, e := range env {
		ref := e.Secret
		if kind == "configMap" {
			ref = e.ConfigMap
		}
		if ref == nil {
			continue
		}
		if last == nil || ir.ValueText(last.Name) != ir.ValueText(ref.Name) || !sameBool(last.Optional, ref.Optional) {
			flush()
		}
		last = ref
		keys = append(keys, message(field{"envVar", e.Name.Text}, field{kind + "Key", text(ref.Key, s.placeholder)}))
	}
	flush()
	return out
}

func sameBool(a, b *bool) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func fieldPaths(env []*ir.EnvVar) []any {
	var out []any
	for _, e := range env {
		if e.FieldPath != "" {
			out = append(out, mapping{{"fieldPath", e.FieldPath}, {"name", e.Name.Text}})
		}
	}
	return out
}

func (s *scope) objectVolumes(volumes []*ir.Volume, kind string) []any {
	var out []any
	for _, v := range volumes {
		name := v.Secret
		if kind == "configMap" {
			name = v.ConfigMap
		}
		if name != nil {
			entry := append(s.object(kind+"Name", name), message(field{"mountPath", v.Path}, field{"subPath", v.SubPath}, field{"optional", optional(v.Optional)})...)
			out = append(out, entry.sorted())
		}
	}
	return out
}

func (s *scope) claims(volumes []*ir.Volume) []any {
	var out []any
	for _, v := range volumes {
		if v.Claim == nil {
			continue
		}
		entry := append(mapping{{"pvcNameParameter", s.source(v.Claim)}}, s.oldClaim(v.Claim)...)
		out = append(out, append(entry, message(field{"mountPath", v.Path}, field{"subPath", v.SubPath})...).sorted())
	}
	return out
}

// oldClaim is the older form of a claim's name, which the SDK writes too.
func (s *scope) oldClaim(v ir.Value) mapping {
	if l, ok := v.(*ir.Literal); ok {
		return mapping{{"constant", ir.Text(l.V)}}
	}
	if _, ok := v.(*ir.Select); ok {
		return nil
	}
	return s.source(v)
}

func emptyDirs(volumes []*ir.Volume) []any {
	var out []any
	for _, v := range volumes {
		if e := v.EmptyDir; e != nil {
			out = append(out, message(field{"medium", e.Medium}, field{"mountPath", v.Path}, field{"sizeLimit", e.SizeLimit}, field{"volumeName", e.Name}))
		}
	}
	return out
}

func ephemerals(volumes []*ir.Volume) []any {
	var out []any
	for _, v := range volumes {
		e := v.Ephemeral
		if e == nil {
			continue
		}
		out = append(out, message(
			field{"accessModes", texts(e.AccessModes)}, field{"defaultStorageClass", e.StorageClass == nil},
			field{"metadata", message(field{"annotations", literalPairs(e.Annotations)}, field{"labels", literalPairs(e.Labels)})},
			field{"mountPath", v.Path}, field{"size", e.Size}, field{"storageClassName", optionalText(e.StorageClass)}, field{"volumeName", e.Name}))
	}
	return out
}

func literalPairs(ps []ir.Pair) mapping {
	var out mapping
	for _, p := range ps {
		out = append(out, field{p.Key, p.Value})
	}
	return out
}

func pairs(ps []*ir.SettingPair) mapping {
	var out mapping
	for _, p := range ps {
		out = append(out, field{p.Key, ir.Text(literalOf(p.Value))})
	}
	return out
}

func (s *scope) pullSecrets(secrets []ir.Value) []any {
	var out []any
	for _, v := range secrets {
		out = append(out, s.object("secretName", v).sorted())
	}
	return out
}

func (s *scope) nodeSelector(set *ir.Settings) mapping {
	if set.NodeSelectorFrom != nil {
		return mapping{{"nodeSelectorJson", s.source(set.NodeSelectorFrom)}}
	}
	return message(field{"labels", pairs(set.NodeSelector)})
}

// nodeAffinity prints whole objects, as the SDK does for those that are given as
// JSON.
func (s *scope) nodeAffinity(vs []ir.Value) []any {
	var out []any
	for _, v := range vs {
		if node := member(v, "nodeAffinity"); node != nil {
			out = append(out, mapping{{"nodeAffinityJson", s.source(node)}})
		}
	}
	return out
}

// podAffinity prints one entry for each term.
func podAffinity(vs []ir.Value) []any {
	var out []any
	for _, v := range vs {
		m, _ := literalOf(v).(map[string]any)
		for _, kind := range [...]string{"podAffinity", "podAntiAffinity"} {
			terms, _ := podTerms(m[kind], kind == "podAntiAffinity")
			out = append(out, terms...)
		}
	}
	return out
}

// podTerms are the format's entries for a PodAffinity; ok is false for what they
// cannot hold.
func podTerms(v any, anti bool) (out []any, ok bool) {
	m, _ := v.(map[string]any)
	ok = true
	for _, key := range [...]string{"requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"} {
		list, _ := m[key].([]any)
		for _, item := range list {
			term, _ := item.(map[string]any)
			var weight any
			if inner, preferred := term["podAffinityTerm"].(map[string]any); preferred {
				weight, term = term["weight"], inner
			}
			entry, fits := podTerm(term)
			ok = ok && fits
			entry = append(entry, message(field{"anti", anti}, field{"weight", weight})...)
			out = append(out, entry.sorted())
		}
	}
	return out, ok && v == nil == (len(out) == 0)
}

func podTerm(term map[string]any) (out mapping, ok bool) {
	ok = len(term) > 0
	for k, v := range term {
		switch k {
		case "topologyKey", "namespaces":
			out = append(out, field{k, v})
		case "labelSelector", "namespaceSelector":
			prefix := map[string]string{"labelSelector": "matchPod", "namespaceSelector": "matchNamespace"}[k]
			selector, _ := v.(map[string]any)
			for part, x := range selector {
				switch part {
				case "matchExpressions", "matchLabels":
					out = append(out, field{prefix + strings.TrimPrefix(part, "match"), constant(x)})
				default:
					ok = false
				}
			}
			ok = ok && len(selector) > 0
		default:
			ok = false
		}
	}
	return out.sorted(), ok
}

// member is what a struct has at a key, nil for nothing.
func member(v ir.Value, key string) ir.Value {
	switch v := v.(type) {
	case *ir.Literal:
		m, _ := v.V.(map[string]any)
		if x, ok := m[key]; ok {
			return &ir.Literal{V: x, At: v.At}
		}
	case *ir.StructValue:
		for i, k := range v.Keys {
			if k == key {
				return v.Values[i]
			}
		}
	}
	return nil
}

func (s *scope) tolerations(vs []ir.Value) []any {
	var out []any
	for _, v := range vs {
		if plain := plainToleration(literalOf(v)); len(plain) > 0 {
			out = append(out, plain)
			continue
		}
		out = append(out, mapping{{"tolerationJson", s.source(v)}})
	}
	return out
}

// plainToleration prints a toleration field by field, nil when it has others.
func plainToleration(v any) mapping {
	m, _ := v.(map[string]any)
	var out mapping
	for k, x := range m {
		switch k {
		case "key", "operator", "value", "effect":
			if s, ok := x.(string); ok && s != "" {
				out = append(out, field{k, s})
				continue
			}
		case "tolerationSeconds":
			if n, ok := x.(int64); ok {
				out = append(out, field{k, int64s(n)})
				continue
			}
		}
		return nil
	}
	return out.sorted()
}

func securityContext(v ir.Value) mapping {
	m, _ := literalOf(v).(map[string]any)
	var out mapping
	for k, x := range m {
		if n, ok := x.(int64); ok {
			x = int64s(n)
		}
		out = append(out, field{k, said{x}})
	}
	return out.sorted()
}
