package kfpwrite

import (
	"bytes"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// settings expresses what a task asks for; what belongs to its pod comes back.
// Until its component is made, n has the old one.
func (pl *place) settings(n, t, host *ir.Task) pod {
	if t.Settings == nil {
		return pod{}
	}
	s := &settingsWriter{place: pl, n: n, t: t, in: t.Settings, out: &ir.Settings{}}
	n.Settings = s.out
	p := s.all()
	var key bytes.Buffer
	scope := pl.printing(n, host)
	if m := append(scope.resources(s.out), scope.platform(s.out)...); len(m) > 0 {
		writeYAML(&key, m)
	}
	for _, e := range p.env {
		key.WriteString(e.Name.Text + "=" + ir.ValueText(e.Value) + "\n")
	}
	p.key = key.String()
	return p
}

// A settingsWriter expresses the settings of one task.
type settingsWriter struct {
	*place
	n, t    *ir.Task
	in, out *ir.Settings
}

func (s *settingsWriter) all() pod {
	s.out.Retry = s.retry(s.in.Retry)
	s.out.Cache = s.cache(s.in.Cache)
	if s.out.Timeout = s.in.Timeout; s.in.Timeout != float64(int64(s.in.Timeout)) {
		s.out.Timeout = float64(int64(s.in.Timeout) + 1)
		s.leftOut("a fraction of a second in a timeout")
	}
	s.resources()
	s.placement()
	p := s.environment()
	s.volumes()
	s.rest()
	return p
}

func (s *settingsWriter) leftOut(what string) { s.report(leftOut(what, s.t.At)) }

// retry gives the format's own defaults where nothing was asked for.
func (s *settingsWriter) retry(r *ir.Retry) *ir.Retry {
	if r == nil {
		return nil
	}
	out := &ir.Retry{Limit: r.Limit, Duration: r.Duration, Factor: r.Factor, Max: r.Max, At: r.At}
	if len(r.On) > 0 {
		s.report(leftOut("a retry budget of one class of failures", r.On[0].At))
	}
	l, constant := r.Limit.(*ir.Literal)
	if r.Limit != nil && !constant {
		s.report(notInKFP("a number of retries that is not constant", "write a number", r.Limit.Span()))
		return nil
	}
	if s.native() {
		return out
	}
	if r.Limit == nil {
		out.Limit = &ir.Literal{V: int64(0), At: r.At}
	}
	if out.Factor == 0 {
		out.Factor = 2
	}
	if out.Max == 0 {
		out.Max = longest(out, l)
	}
	return out
}

// longest is a bound that never bites: KFP cannot say that there is none.
func longest(r *ir.Retry, limit *ir.Literal) float64 {
	const usual = 3600
	most := r.Duration
	if limit != nil {
		n, _ := limit.V.(int64)
		for i := int64(1); i < min(n, 64) && most < 1<<30; i++ {
			most *= r.Factor
		}
	}
	return max(usual, most)
}

func (s *settingsWriter) cache(c *ir.Cache) *ir.Cache {
	if c == nil {
		return nil
	}
	out := &ir.Cache{Key: c.Key, At: c.At}
	if c.MaxAge != 0 {
		s.report(leftOut("an age at which results are no longer reused", c.At))
	}
	if _, ok := c.Key.(*ir.Literal); c.Key != nil && !ok {
		s.report(notInKFP("a cache key that is not constant", "leave the key out: what a task reads is part of it anyway", c.At))
		out.Key = nil
	}
	return out
}

// reads makes a value one that the executor can read: a constant, or an input
// of the task.
func (s *settingsWriter) reads(v ir.Value) ir.Value {
	if v == nil {
		return nil
	}
	got := s.value(v)
	switch got := got.(type) {
	case *ir.Literal, nil:
		return got
	case *ir.Template:
		if s.native() {
			return got
		}
		s.report(notInKFP("a resource put together from parts", "compute it in a task or take it from an input", v.Span()))
		return nil
	}
	s.bind(s.n, got)
	return got
}

func (s *settingsWriter) resources() {
	for _, r := range s.in.Resources {
		if r.Name != "cpu" && r.Name != "memory" {
			s.report(leftOut("the resource "+r.Name, r.At))
			continue
		}
		s.out.Resources = append(s.out.Resources, &ir.Resource{Name: r.Name, Request: s.reads(r.Request), Limit: s.reads(r.Limit), At: r.At})
	}
	if a := s.in.Accelerator; a != nil {
		out := &ir.Accelerator{Type: s.reads(a.Type), Count: s.reads(a.Count), At: a.At}
		if out.Count == nil {
			out.Count = &ir.Literal{V: int64(1), At: a.At}
		}
		if a.Product != nil {
			s.report(leftOut("the product of an accelerator", a.At))
		}
		s.out.Accelerator = out
	}
}

// placement is where the pod may run.
func (s *settingsWriter) placement() {
	if s.in.Spot != "" && s.in.Spot != "never" {
		s.leftOut("spot")
	}
	s.out.NodeSelector = s.constantPairs(s.in.NodeSelector, "a node selector with a value")
	if s.in.NodeSelectorFrom != nil {
		s.out.NodeSelectorFrom = s.object(s.in.NodeSelectorFrom)
	}
	for _, v := range s.in.Affinity {
		if a := s.affinity(v); a != nil {
			s.out.Affinity = append(s.out.Affinity, a)
		}
	}
	for _, v := range s.in.Tolerations {
		if got := s.object(v); got != nil {
			s.out.Tolerations = append(s.out.Tolerations, got)
		}
	}
	s.out.SecurityContext = s.securityContext(s.in.SecurityContext)
}

// constant reports a value that KFP wants to know beforehand.
func (s *settingsWriter) constant(v ir.Value, what string) bool {
	if _, ok := v.(*ir.Literal); ok {
		return true
	}
	s.report(notInKFP(what+" that is not constant", "write constants", v.Span()))
	return false
}

func (s *settingsWriter) constantPairs(ps []*ir.SettingPair, what string) []*ir.SettingPair {
	var out []*ir.SettingPair
	for _, p := range ps {
		if s.constant(p.Value, what) {
			out = append(out, p)
		}
	}
	return out
}

// object is a whole object of Kubernetes: a constant or a reference.
func (s *settingsWriter) object(v ir.Value) ir.Value {
	got := s.value(v)
	switch got := got.(type) {
	case *ir.Template, *ir.RunRef, *ir.ListValue, *ir.StructValue:
		s.report(notInKFP("an object of Kubernetes put together from parts", "write it as a constant or take it whole from an input", v.Span()))
		return nil
	case *ir.OutputRef:
		s.waitFor(got)
	}
	return got
}

func (s *settingsWriter) affinity(v ir.Value) ir.Value {
	if st, ok := v.(*ir.StructValue); ok {
		out := &ir.StructValue{At: st.At}
		for i, k := range st.Keys {
			if got := s.object(st.Values[i]); got != nil {
				out.Keys, out.Values = append(out.Keys, k), append(out.Values, got)
			}
		}
		return out
	}
	if !s.constant(v, "an affinity") {
		return nil
	}
	m, _ := literalOf(v).(map[string]any)
	for _, f := range sortedMapping(m, func(v any) any { return v }) {
		if f.key == "nodeAffinity" {
			continue
		}
		if _, ok := podTerms(m[f.key], f.key == "podAntiAffinity"); !ok || f.key != "podAffinity" && f.key != "podAntiAffinity" {
			s.report(notInKFP("this "+f.key, "KFP has label selectors, namespaces, their selectors and a topology key", v.Span()))
			return nil
		}
	}
	return v
}

// taken is what a security context of KFP's takes away without saying so.
var taken = map[string]string{"allowPrivilegeEscalation": "false", "capabilities": `{"drop":["ALL"]}`}

func (s *settingsWriter) securityContext(v ir.Value) ir.Value {
	if v == nil || !s.constant(v, "a security context") {
		return nil
	}
	m, _ := literalOf(v).(map[string]any)
	out := map[string]any{}
	for _, f := range sortedMapping(m, func(v any) any { return v }) {
		switch f.key {
		case "runAsUser", "runAsGroup", "runAsNonRoot":
			out[f.key] = f.value
		case "allowPrivilegeEscalation", "capabilities":
			if ir.JSON(f.value) != taken[f.key] {
				s.report(leftOut(f.key+" of a security context", v.Span()))
			}
		default:
			s.report(leftOut(f.key+" of a security context", v.Span()))
		}
	}
	if m["allowPrivilegeEscalation"] == nil || m["capabilities"] == nil {
		s.report(backendDiffers("a security context takes all capabilities and privilege escalation away", "say so: allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}", v.Span()))
	}
	return &ir.Literal{V: out, At: v.Span()}
}

// environment splits variables into those that Kubernetes fills, which stay
// settings, and values, which are the container's. The container's own that
// Kubernetes fills become settings.
func (s *settingsWriter) environment() pod {
	p := pod{given: map[string]bool{}}
	own := map[string]bool{}
	for _, e := range s.in.Env {
		own[e.Name.Text] = true
	}
	if b := s.t.Component.Container(); b != nil {
		for _, e := range b.Env {
			if !own[e.Name.Text] {
				s.containerVariable(e, &p)
			}
		}
	}
	for _, e := range s.in.Env {
		s.variable(e, &p)
	}
	slices.SortStableFunc(s.out.Env, func(a, b *ir.EnvVar) int { return envRank(a) - envRank(b) })
	for _, e := range s.in.EnvFrom {
		s.report(notInKFP("all keys of a secret or config map as variables", "name each key under env", e.At))
	}
	return p
}

// envRank orders variables as the format's fields are ordered.
func envRank(e *ir.EnvVar) int {
	switch {
	case e.ConfigMap != nil:
		return 0
	case e.Secret != nil:
		return 2
	}
	return 1
}

// containerVariable takes over a variable of the container that Kubernetes
// fills: seen from the task, its inputs are what the task wires to them.
func (s *settingsWriter) containerVariable(e *ir.EnvVar, p *pod) {
	if e.Value != nil || e.SecretInput != "" {
		return // the container's, or reported at the input
	}
	seen := *e
	seen.Secret, seen.ConfigMap = s.wired(e.Secret), s.wired(e.ConfigMap)
	s.variable(&seen, p)
}

func (s *settingsWriter) wired(k *ir.KeyRef) *ir.KeyRef {
	if k == nil {
		return nil
	}
	wire := func(v ir.Value) ir.Value {
		in, ok := v.(*ir.InputRef)
		if !ok {
			return v
		}
		if b := s.t.Arg(in.Name); b != nil {
			return b.Value
		}
		if p := s.t.Component.Input(in.Name); p != nil && p.Default != nil {
			return p.Default
		}
		return &ir.Literal{V: "", At: in.At}
	}
	return &ir.KeyRef{Name: ir.Replace(k.Name, wire), Key: ir.Replace(k.Key, wire), Optional: k.Optional, At: k.At}
}

func (s *settingsWriter) variable(e *ir.EnvVar, p *pod) {
	out := *e
	switch {
	case e.SecretInput != "":
		return
	case e.Secret != nil:
		out.Secret = s.keyRef(e.Secret)
	case e.ConfigMap != nil:
		out.ConfigMap = s.keyRef(e.ConfigMap)
	case e.FieldPath != "":
	default:
		if v := s.podValue(e, p); v != nil {
			p.env = append(p.env, &ir.EnvVar{Name: e.Name, Value: v})
		}
		return
	}
	p.given[e.Name.Text] = true
	s.out.Env = append(s.out.Env, &out)
}

// podValue is the value of a variable in the scope of the component: a constant
// or an input that carries it there.
func (s *settingsWriter) podValue(e *ir.EnvVar, p *pod) ir.Value {
	got := s.value(e.Value)
	switch got := got.(type) {
	case nil:
		return nil
	case *ir.Literal, *ir.RunRef:
		return got
	case *ir.Template, *ir.ListValue, *ir.StructValue:
		ok := true
		parts(got, func(v ir.Value) { ok = ok && s.carry(v, p) != nil })
		return replaceParts(got, func(v ir.Value) ir.Value { return s.carry(v, p) })
	}
	return s.carry(got, p)
}

func (s *settingsWriter) carry(v ir.Value, p *pod) ir.Value {
	name := s.bind(s.n, v)
	if s.t.Component.Input(name) == nil && !slices.ContainsFunc(p.inputs, func(q *ir.Port) bool { return q.Name.Text == name }) {
		p.inputs = append(p.inputs, &ir.Port{Name: ir.Ident{Text: name, At: v.Span()}, Type: declared(s.typeOf(v))})
	}
	return &ir.InputRef{Name: name, At: v.Span()}
}

func (s *settingsWriter) keyRef(k *ir.KeyRef) *ir.KeyRef {
	out := &ir.KeyRef{Name: s.name(k.Name), Key: k.Key, Optional: k.Optional, At: k.At}
	if !s.constant(k.Key, "the key of a secret or config map") {
		out.Key = &ir.Literal{V: "", At: k.At}
	}
	return out
}

// name is the name of an object of the cluster: a constant or a reference.
func (s *settingsWriter) name(v ir.Value) ir.Value {
	got := s.value(v)
	switch got := got.(type) {
	case nil:
		return &ir.Literal{V: "", At: v.Span()}
	case *ir.Template, *ir.RunRef, *ir.ListValue, *ir.StructValue:
		s.report(notInKFP("a name put together from parts", "compute it in a task or take it from an input", v.Span()))
	case *ir.OutputRef:
		s.waitFor(got)
	}
	return got
}

// waitFor names the producer of a setting among the tasks that come before, as
// the SDK does.
func (s *settingsWriter) waitFor(ref *ir.OutputRef) {
	if !s.native() && !waitsFor(s.n, ref.Task) {
		s.n.After = append(s.n.After, ir.Ident{Text: ref.Task, At: ref.At})
	}
}

func waitsFor(n *ir.Task, task string) bool {
	found := slices.ContainsFunc(n.After, func(a ir.Ident) bool { return a.Text == task })
	for _, b := range n.Args {
		producers(b.Value, func(name string) { found = found || name == task })
	}
	return found
}

func (s *settingsWriter) volumes() {
	for _, v := range s.in.Volumes {
		out := *v
		out.ReadOnly = false
		switch {
		case v.Secret != nil:
			out.Secret = s.name(v.Secret)
		case v.ConfigMap != nil:
			out.ConfigMap = s.name(v.ConfigMap)
		case v.Claim != nil:
			out.Claim, out.Optional = s.name(v.Claim), nil
		case v.EmptyDir != nil:
			e := *v.EmptyDir
			out.EmptyDir, out.Optional = &e, nil
			if e.Name == "" && !s.native() {
				out.EmptyDir.Name = volumeName(v.Path)
			}
		case v.Ephemeral != nil:
			e := *v.Ephemeral
			out.Ephemeral, out.Optional = &e, nil
			if e.Name == "" && !s.native() {
				out.Ephemeral.Name = volumeName(v.Path)
			}
		default:
			s.report(notInKFP("a volume of this kind", "KFP mounts secrets, config maps, claims, empty and ephemeral folders", v.At))
			continue
		}
		if v.ReadOnly {
			s.report(leftOut("that a volume is read-only", v.At))
		}
		if v.SubPath != "" && v.Claim == nil && !s.native() {
			s.report(notInKFP("a sub-path of a volume that is no claim", "mount the whole volume", v.At))
		}
		s.out.Volumes = append(s.out.Volumes, &out)
	}
	if s.in.SharedMemory != "" { // KFP's own back end passes over enabledSharedMemory
		s.out.Volumes = append(s.out.Volumes, &ir.Volume{Path: "/dev/shm", EmptyDir: &ir.EmptyDir{Name: "dev-shm", Medium: "Memory", SizeLimit: s.in.SharedMemory}, At: s.t.At})
	}
	slices.SortStableFunc(s.out.Volumes, func(a, b *ir.Volume) int { return volumeRank(a) - volumeRank(b) })
}

// volumeName is the name of a volume that has none.
func volumeName(path string) string { return slug(strings.Trim(path, "/")) }

// volumeRank orders volumes as the format's fields are ordered.
func volumeRank(v *ir.Volume) int {
	switch {
	case v.ConfigMap != nil:
		return 0
	case v.EmptyDir != nil:
		return 1
	case v.Ephemeral != nil:
		return 2
	case v.Claim != nil:
		return 3
	}
	return 4
}

func (s *settingsWriter) rest() {
	s.out.Labels = s.constantPairs(s.in.Labels, "a label")
	s.out.Annotations = s.constantPairs(s.in.Annotations, "an annotation")
	s.out.ImagePullPolicy = s.in.ImagePullPolicy
	for _, v := range s.in.ImagePullSecrets {
		s.out.ImagePullSecrets = append(s.out.ImagePullSecrets, s.name(v))
	}
	s.out.InitContainers = s.in.InitContainers
	for _, x := range [...]struct {
		there bool
		what  string
	}{
		{s.in.ServiceAccount != nil, "service-account"}, {s.in.PriorityClass != "", "priority-class"},
		{s.in.Queue != "", "queue"}, {s.in.Argo != nil, "argo"},
	} {
		if x.there {
			s.leftOut(x.what)
		}
	}
}

// replaceSettings is the settings seen from inside a group into which f takes
// values.
func replaceSettings(in *ir.Settings, f func(ir.Value) ir.Value) *ir.Settings {
	if in == nil {
		return nil
	}
	out := *in
	out.Resources = nil
	for _, r := range in.Resources {
		out.Resources = append(out.Resources, &ir.Resource{Name: r.Name, Request: f(r.Request), Limit: f(r.Limit), At: r.At})
	}
	if a := in.Accelerator; a != nil {
		out.Accelerator = &ir.Accelerator{Type: f(a.Type), Count: f(a.Count), At: a.At}
	}
	out.Env = nil
	for _, e := range in.Env {
		n := *e
		n.Secret, n.ConfigMap = replaceKey(e.Secret, f), replaceKey(e.ConfigMap, f)
		out.Env = append(out.Env, &n)
	}
	out.Volumes = nil
	for _, v := range in.Volumes {
		n := *v
		n.Secret, n.ConfigMap, n.Claim = f(v.Secret), f(v.ConfigMap), f(v.Claim)
		out.Volumes = append(out.Volumes, &n)
	}
	out.NodeSelectorFrom = f(in.NodeSelectorFrom)
	out.Tolerations, out.Affinity = nil, nil
	for _, v := range in.Tolerations {
		out.Tolerations = append(out.Tolerations, f(v))
	}
	for _, v := range in.Affinity {
		out.Affinity = append(out.Affinity, replaceParts(v, f))
	}
	out.ImagePullSecrets = nil
	for _, v := range in.ImagePullSecrets {
		out.ImagePullSecrets = append(out.ImagePullSecrets, f(v))
	}
	return &out
}

func replaceKey(k *ir.KeyRef, f func(ir.Value) ir.Value) *ir.KeyRef {
	if k == nil {
		return nil
	}
	return &ir.KeyRef{Name: f(k.Name), Key: f(k.Key), Optional: k.Optional, At: k.At}
}
