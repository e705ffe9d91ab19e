package kfpspec

import (
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// platformSpec reads the second document: what belongs to the run at once, what
// belongs to executors when their tasks are read.
func (r *reader) platformSpec(p *ir.Pipeline, n *tree.Node) {
	for _, top := range r.fields(n, "a PlatformSpec") {
		if top.Key.Scalar != "platforms" {
			r.unknown(top.Key, "a PlatformSpec", "platforms")
			continue
		}
		for _, f := range r.fields(top.Value, "platforms") {
			if f.Key.Scalar != "kubernetes" {
				r.add(unknownPlatform(f.Key.Scalar, f.Key.Span()))
				continue
			}
			r.kubernetes(p, f.Value)
		}
	}
}

func (r *reader) kubernetes(p *ir.Pipeline, n *tree.Node) {
	for _, f := range r.fields(n, "platforms.kubernetes") {
		switch camel(f.Key.Scalar) {
		case "deploymentSpec":
			r.platformExecutors(f.Value)
		case "pipelineConfig":
			r.pipelineConfig(p, f.Value)
		case "config", "platform", "version":
			r.dropped(f)
		default:
			r.unknown(f.Key, "platforms.kubernetes", "deploymentSpec", "pipelineConfig")
		}
	}
}

func (r *reader) platformExecutors(n *tree.Node) {
	for _, f := range r.fields(n, "deploymentSpec") {
		if f.Key.Scalar != "executors" {
			r.lenient(f, "deploymentSpec", "executors")
			continue
		}
		fields := r.fields(f.Value, "executors")
		r.platform = make(map[string]*tree.Node, len(fields))
		for _, x := range fields {
			if r.executors != nil && r.executors[x.Key.Scalar] == nil {
				r.add(unknownExecutor(x.Key.Scalar, x.Key.Span(), offerSorted(r, r.executors)))
			}
			r.platform[x.Key.Scalar] = x.Value
		}
	}
}

func (r *reader) pipelineConfig(p *ir.Pipeline, n *tree.Node) {
	ttl := &ir.TTL{}
	for _, f := range r.fields(n, "pipelineConfig") {
		if f.Value.IsNull() {
			continue
		}
		switch name := camel(f.Key.Scalar); name {
		case "workspace":
			p.Workspace = r.workspace(f)
		case "resourceTtlOnCompletion", "resourceTtl":
			ttl.Completion = r.ttl(f)
		case "resourceTtlOnSuccess":
			ttl.Success = r.ttl(f)
		case "resourceTtlOnFailure":
			ttl.Failure = r.ttl(f)
		case "activeDeadlineSeconds":
			p.Timeout = r.deadline(f.Value, name)
		case "mutexName":
			if id := r.ident(f.Value, name); id.Text != "" {
				p.Mutex = id
			}
		case "semaphoreKey":
			if key := r.str(f.Value, name); key != "" {
				p.Semaphore = &ir.Semaphore{Key: key, At: f.Value.Span()}
			}
		default:
			r.lenient(f, "pipelineConfig", "workspace", "resourceTtlOnCompletion", "resourceTtlOnSuccess", "resourceTtlOnFailure", "activeDeadlineSeconds",
				"mutexName", "semaphoreKey")
		}
	}
	if ttl.Completion != nil || ttl.Success != nil || ttl.Failure != nil {
		p.TTL = ttl
	}
}

// deadline is a number of seconds, 0 for none.
func (r *reader) deadline(n *tree.Node, what string) float64 {
	v := r.integer(n, what)
	if v < 0 {
		r.add(wrongKind(what, "a number of seconds", "a negative one", n.Span()))
		return 0
	}
	return float64(v)
}

func (r *reader) ttl(f tree.Field) *int64 {
	v := r.integer(f.Value, f.Key.Scalar)
	if v <= 0 {
		return nil // the format cannot tell 0 from unset
	}
	return &v
}

func (r *reader) workspace(of tree.Field) *ir.Workspace {
	w := &ir.Workspace{At: of.Key.Span()}
	for _, f := range r.fields(of.Value, "workspace") {
		switch f.Key.Scalar {
		case "size":
			w.Size = r.str(f.Value, "size")
		case "kubernetes":
			patch := field(f.Value, "pvcSpecPatch")
			for _, k := range r.fields(f.Value, "workspace.kubernetes") {
				if camel(k.Key.Scalar) != "pvcSpecPatch" {
					r.lenient(k, "workspace.kubernetes", "pvcSpecPatch")
				}
			}
			for _, k := range r.fields(patch, "pvcSpecPatch") {
				switch camel(k.Key.Scalar) {
				case "accessModes":
					w.AccessModes = r.strs(k.Value, "accessModes")
				case "storageClassName":
					name := r.str(k.Value, "storageClassName")
					w.StorageClass = &name
				default:
					r.add(unsupported(k.Key.Scalar, k.Key.Span()))
				}
			}
		default:
			r.lenient(f, "workspace", "size", "kubernetes")
		}
	}
	if w.Size == "" {
		r.add(missing("size", of.Key.Span()))
	}
	return w
}

// platformSettings reads what the PlatformSpec says of the task's executor.
// Sources there stand in the DAG that holds the task.
func (s *scope) platformSettings(raw *rawTask, x *executor) {
	if x == nil {
		return
	}
	s.raw = raw
	outer, embedded := s.platform[x.key.Scalar], s.embedded[x.key.Scalar]
	for _, f := range s.fields(embedded, "executor settings") {
		if field(outer, camel(f.Key.Scalar)) == nil {
			s.platformSetting(raw.task.Settings, f)
		}
	}
	for _, f := range s.fields(outer, "executor settings") {
		s.platformSetting(raw.task.Settings, f)
	}
}

func (s *scope) platformSetting(set *ir.Settings, f tree.Field) {
	if f.Value.IsNull() {
		return
	}
	switch name := camel(f.Key.Scalar); {
	case s.environment(set, name, f), s.volumes(set, name, f), s.placement(set, name, f):
	case name == "podMetadata":
		s.podMetadata(set, f.Value)
	case name == "imagePullPolicy":
		set.ImagePullPolicy = s.str(f.Value, name)
	case name == "imagePullSecret":
		for _, item := range s.items(f.Value, name) {
			if v := s.named(item, name, "secretName", nil); v != nil {
				set.ImagePullSecrets = append(set.ImagePullSecrets, v)
			}
		}
	case name == "activeDeadlineSeconds":
		set.Timeout = s.deadline(f.Value, name)
	case name == "securityContext":
		set.SecurityContext = s.securityContext(f)
	case name == "enabledSharedMemory":
		set.Volumes = append(set.Volumes, s.sharedMemory(f))
	case name == "initContainers":
		for _, item := range s.items(f.Value, name) {
			set.InitContainers = append(set.InitContainers, s.initContainer(item))
		}
	default:
		s.lenient(f, "executor settings", "secretAsEnv", "secretAsVolume", "configMapAsEnv", "configMapAsVolume", "pvcMount",
			"nodeSelector", "tolerations", "nodeAffinity", "podAffinity", "podMetadata", "imagePullSecret", "imagePullPolicy", "fieldPathAsEnv",
			"activeDeadlineSeconds", "genericEphemeralVolume", "emptyDirMounts", "enabledSharedMemory", "securityContext", "initContainers")
	}
}

// named reads an entry that names an object of the cluster: as a source, which
// wins, or by the older plain field. rest gets the other fields and says whether
// it knows them. nil after a report, and where the name is null.
func (s *scope) named(n *tree.Node, what, plain string, rest func(name string, f tree.Field) bool) (v ir.Value) {
	var old ir.Value
	for _, f := range s.fields(n, what) {
		if f.Value.IsNull() {
			continue
		}
		switch name := camel(f.Key.Scalar); {
		case name == plain+"Parameter":
			v = s.source(f)
			if v == nil {
				v = &ir.Literal{At: f.Key.Span()}
			}
		case name == plain:
			if text := s.str(f.Value, name); text != "" {
				old = &ir.Literal{V: text, At: f.Value.Span()}
			}
		case rest != nil && rest(name, f):
		default:
			s.lenient(f, what, plain+"Parameter")
		}
	}
	if v == nil {
		v = old
	}
	if v == nil && n.Kind == tree.Mapping {
		s.add(missing(plain+"Parameter", head(n)))
	}
	if lit, ok := v.(*ir.Literal); ok && lit.V == nil {
		return nil
	}
	return v
}

// source reads an InputParameterSpec of the platform document. What its
// constants refer to are the inputs of the task.
func (s *scope) source(f tree.Field) ir.Value {
	v, constant := s.parameterSource(f.Value, f.Key.Span())
	if constant != nil && holdsReference(constant) {
		c := s.constant(constant, s.taskScope(s.raw, ""))
		if sel, ok := v.(*ir.Select); ok {
			sel.Of = c
			return sel
		}
		return c
	}
	return v
}

func (s *scope) optional(n *tree.Node) *bool {
	v := s.boolean(n, "optional")
	return &v
}

// environment reads the fields that make environment variables.
func (s *scope) environment(set *ir.Settings, name string, f tree.Field) bool {
	switch name {
	case "secretAsEnv":
		s.keysAsEnv(set, f, "secretName", "secretKey")
	case "configMapAsEnv":
		s.keysAsEnv(set, f, "configMapName", "configMapKey")
	case "fieldPathAsEnv":
		for _, item := range s.items(f.Value, name) {
			e := &ir.EnvVar{}
			for _, x := range s.fields(item, name) {
				switch camel(x.Key.Scalar) {
				case "name":
					e.Name = s.ident(x.Value, "name")
				case "fieldPath":
					e.FieldPath = s.str(x.Value, "fieldPath")
				default:
					s.lenient(x, name, "name", "fieldPath")
				}
			}
			if e.Name.Text == "" || e.FieldPath == "" {
				s.add(missing("name and fieldPath", head(item)))
				continue
			}
			set.Env = append(set.Env, e)
		}
	default:
		return false
	}
	return true
}

func (s *scope) keysAsEnv(set *ir.Settings, of tree.Field, plain, key string) {
	for _, item := range s.items(of.Value, of.Key.Scalar) {
		var optional *bool
		var pairs []*tree.Node
		object := s.named(item, of.Key.Scalar, plain, func(name string, f tree.Field) bool {
			switch name {
			case "keyToEnv":
				pairs = s.items(f.Value, name)
			case "optional":
				optional = s.optional(f.Value)
			default:
				return false
			}
			return true
		})
		if object == nil {
			continue
		}
		for _, pair := range pairs {
			e := &ir.EnvVar{}
			ref := &ir.KeyRef{Name: object, Optional: optional, At: head(pair)}
			for _, f := range s.fields(pair, "keyToEnv") {
				switch camel(f.Key.Scalar) {
				case "envVar":
					e.Name = s.ident(f.Value, "envVar")
				case key:
					ref.Key = &ir.Literal{V: s.str(f.Value, key), At: f.Value.Span()}
				default:
					s.lenient(f, "keyToEnv", "envVar", key)
				}
			}
			if e.Name.Text == "" || ref.Key == nil {
				s.add(missing("envVar and "+key, head(pair)))
				continue
			}
			if plain == "secretName" {
				e.Secret = ref
			} else {
				e.ConfigMap = ref
			}
			set.Env = append(set.Env, e)
		}
	}
}

// volumes reads the fields that mount something.
func (s *scope) volumes(set *ir.Settings, name string, of tree.Field) bool {
	switch name {
	case "secretAsVolume", "configMapAsVolume", "pvcMount", "genericEphemeralVolume", "emptyDirMounts":
	default:
		return false
	}
	for _, item := range s.items(of.Value, name) {
		v := &ir.Volume{At: head(item)}
		ok := true
		switch name {
		case "secretAsVolume":
			v.Secret = s.named(item, name, "secretName", s.mount(v))
			ok = v.Secret != nil
		case "configMapAsVolume":
			v.ConfigMap = s.named(item, name, "configMapName", s.mount(v))
			ok = v.ConfigMap != nil
		case "pvcMount":
			v.Claim = s.claimName(item, v)
			ok = v.Claim != nil
			if !ok && item.Kind == tree.Mapping && s.nullClaim(item) {
				s.add(missing("the claim's name", head(item)))
			}
		case "emptyDirMounts":
			s.emptyDir(item, v)
		default:
			s.ephemeral(item, v)
		}
		if v.Path == "" && ok {
			s.add(missing("mountPath", head(item)))
			continue
		}
		if ok {
			set.Volumes = append(set.Volumes, v)
		}
	}
	return true
}

func (s *scope) mount(v *ir.Volume) func(string, tree.Field) bool {
	return func(name string, f tree.Field) bool {
		switch name {
		case "mountPath":
			v.Path = s.str(f.Value, name)
		case "subPath":
			v.SubPath = s.str(f.Value, name)
		case "optional":
			v.Optional = s.optional(f.Value)
		default:
			return false
		}
		return true
	}
}

// claimName reads pvcMount, whose older form has the source in its own fields.
func (s *scope) claimName(n *tree.Node, v *ir.Volume) ir.Value {
	var old ir.Value
	rest := s.mount(v)
	name := s.namedOr(n, "pvcMount", "pvcName", func(name string, f tree.Field) bool {
		switch name {
		case "constant":
			old = &ir.Literal{V: s.str(f.Value, name), At: f.Value.Span()}
		case "componentInputParameter":
			old = &ir.InputRef{Name: s.str(f.Value, name), At: f.Value.Span()}
		case "taskOutputParameter":
			old = s.taskOutput(f, "outputParameterKey")
		default:
			return rest(name, f)
		}
		return true
	}, &old)
	return name
}

// nullClaim tells a claim whose name is null, which nothing has reported.
func (s *scope) nullClaim(n *tree.Node) bool {
	source := field(n, "pvcNameParameter")
	constant := field(field(source, "runtimeValue"), "constant")
	return constant != nil && constant.IsNull()
}

// namedOr is named with a fallback that is set while the fields are read.
func (s *scope) namedOr(n *tree.Node, what, plain string, rest func(string, tree.Field) bool, old *ir.Value) ir.Value {
	for _, f := range s.fields(n, what) {
		if name := camel(f.Key.Scalar); name == plain+"Parameter" || name == plain {
			return s.named(n, what, plain, rest)
		}
	}
	for _, f := range s.fields(n, what) {
		if !f.Value.IsNull() && !rest(camel(f.Key.Scalar), f) {
			s.lenient(f, what, plain+"Parameter", "mountPath", "subPath")
		}
	}
	if *old == nil && n.Kind == tree.Mapping {
		s.add(missing(plain+"Parameter", head(n)))
	}
	return *old
}

func (s *scope) emptyDir(n *tree.Node, v *ir.Volume) {
	v.EmptyDir = &ir.EmptyDir{}
	for _, f := range s.fields(n, "emptyDirMounts") {
		switch name := camel(f.Key.Scalar); name {
		case "volumeName":
			v.EmptyDir.Name = s.str(f.Value, name)
		case "mountPath":
			v.Path = s.str(f.Value, name)
		case "medium":
			v.EmptyDir.Medium = s.str(f.Value, name)
		case "sizeLimit":
			v.EmptyDir.SizeLimit = s.str(f.Value, name)
		default:
			s.lenient(f, "emptyDirMounts", "volumeName", "mountPath", "medium", "sizeLimit")
		}
	}
}

func (s *scope) ephemeral(n *tree.Node, v *ir.Volume) {
	e := &ir.Ephemeral{}
	v.Ephemeral = e
	byDefault := false
	for _, f := range s.fields(n, "genericEphemeralVolume") {
		switch name := camel(f.Key.Scalar); name {
		case "volumeName":
			e.Name = s.str(f.Value, name)
		case "mountPath":
			v.Path = s.str(f.Value, name)
		case "accessModes":
			e.AccessModes = s.strs(f.Value, name)
		case "size":
			e.Size = s.str(f.Value, name)
		case "defaultStorageClass":
			byDefault = s.boolean(f.Value, name)
		case "storageClassName":
			class := s.str(f.Value, name)
			e.StorageClass = &class
		case "metadata":
			for _, m := range s.fields(f.Value, name) {
				switch m.Key.Scalar {
				case "labels":
					e.Labels = s.pairs(m.Value, "labels")
				case "annotations":
					e.Annotations = s.pairs(m.Value, "annotations")
				default:
					s.lenient(m, name, "labels", "annotations")
				}
			}
		default:
			s.lenient(f, "genericEphemeralVolume", "volumeName", "mountPath", "accessModes", "size", "defaultStorageClass", "storageClassName", "metadata")
		}
	}
	if byDefault {
		e.StorageClass = nil
	}
}

func (s *scope) pairs(n *tree.Node, what string) []ir.Pair {
	var out []ir.Pair
	for _, f := range s.fields(n, what) {
		out = append(out, ir.Pair{Key: f.Key.Scalar, Value: s.str(f.Value, what), At: f.Key.Span()})
	}
	return out
}

func (s *scope) settingPairs(n *tree.Node, what string) []*ir.SettingPair {
	var out []*ir.SettingPair
	for _, f := range s.fields(n, what) {
		out = append(out, &ir.SettingPair{Key: f.Key.Scalar, Value: &ir.Literal{V: s.str(f.Value, what), At: f.Value.Span()}, At: f.Key.Span()})
	}
	return out
}

func (s *scope) podMetadata(set *ir.Settings, n *tree.Node) {
	for _, f := range s.fields(n, "podMetadata") {
		switch f.Key.Scalar {
		case "labels":
			set.Labels = s.settingPairs(f.Value, "labels")
		case "annotations":
			set.Annotations = s.settingPairs(f.Value, "annotations")
		default:
			s.lenient(f, "podMetadata", "labels", "annotations")
		}
	}
}

// securityContext keeps its numbers as numbers; the format has them as text. As
// KFP's backend does, it takes all capabilities away with it.
func (s *scope) securityContext(of tree.Field) ir.Value {
	out := map[string]any{"allowPrivilegeEscalation": false, "capabilities": map[string]any{"drop": []any{"ALL"}}}
	for _, f := range s.fields(of.Value, "securityContext") {
		if f.Value.IsNull() {
			continue
		}
		switch name := camel(f.Key.Scalar); name {
		case "runAsUser", "runAsGroup":
			out[name] = s.integer(f.Value, name)
		case "runAsNonRoot":
			out[name] = s.boolean(f.Value, name)
		default:
			s.lenient(f, "securityContext", "runAsUser", "runAsGroup", "runAsNonRoot")
		}
	}
	return &ir.Literal{V: out, At: of.Key.Span()}
}
