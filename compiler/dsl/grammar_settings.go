package dsl

// settingsKeys are the keys that defaults, components and tasks share.
func settingsKeys() []key {
	return []key{
		{name: "retry", shape: retryShape(), doc: "when a failed attempt is tried again; a number is the limit", fallback: "never"},
		{name: "timeout", shape: duration(), doc: "how long one attempt may take", fallback: "no limit"},
		{name: "cache", shape: &shape{scalar: boolScalar, values: []string{"allowed"}, object: newObject("cache", "Reuse the results of an equal earlier task.",
			key{name: "max-age", shape: duration(), doc: "how old a result may be", fallback: "any age"},
			key{name: "key", shape: computed("text"), doc: "what makes tasks equal", fallback: "image, command, args, env and inputs"},
			key{name: "allowed", shape: yesNo(), doc: "true: only where the setting `cache` asks for it", fallback: "false"},
		)}, doc: "true, {max-age, key}, or allowed: where the setting `cache` asks for it", fallback: "false"},
		{name: "resources", shape: &shape{object: &object{name: "resources", doc: "Resources by name: cpu, memory, ephemeral-storage or any other.", rest: &shape{
			scalar: textScalar, exprs: true, doc: "a quantity", object: newObject("resource", "Request and limit apart.",
				key{name: "request", shape: computed("quantity"), doc: "what is set aside", fallback: "none"},
				key{name: "limit", shape: computed("quantity"), doc: "what it may use at most", fallback: "none"},
			)}}}, doc: "a quantity is request and limit; {request, limit} sets either", fallback: "none"},
		{name: "accelerator", shape: of(newObject("accelerator", "Devices such as GPUs.",
			key{name: "type", shape: computed("resource name"), fallback: "**required** once merged", doc: "the extended resource, such as nvidia.com/gpu"},
			key{name: "count", shape: &shape{scalar: intScalar, exprs: true}, doc: "how many", fallback: "1"},
			key{name: "product", shape: computed("text"), doc: "the product, selected by node label", fallback: "any"},
		)), doc: "devices such as GPUs", fallback: "none"},
		{name: "spot", shape: choice("never", "prefer", "require"), doc: "whether it runs on spot nodes", fallback: "left to the cluster"},
		{name: "node-selector", shape: &shape{exprs: true, object: mapOfExpr().object}, doc: "labels that the node must have", fallback: "none"},
		{name: "affinity", shape: withItems(kubernetes()), doc: "a Kubernetes affinity; of a list of them, the parts are joined", fallback: "none"},
		{name: "tolerations", shape: &shape{scalar: textScalar, exprs: true, items: kubernetes(), doc: "a list"}, doc: "a list of Kubernetes tolerations; an element may be a list itself", fallback: "none"},
		{name: "security-context", shape: kubernetes(), doc: "a Kubernetes container security context", fallback: "none"},
		{name: "env", shape: envShape(), doc: "environment variables", fallback: "none"},
		{name: "env-from", shape: list(of(newObject("env-from", "All keys of a Secret or ConfigMap as variables.",
			key{name: "secret", shape: computed("name"), doc: "the Secret"},
			key{name: "config-map", shape: computed("name"), doc: "the ConfigMap"},
			key{name: "prefix", shape: words("text"), doc: "put before each name", fallback: "none"},
			key{name: "optional", shape: yesNo(), doc: "true: it may be missing", fallback: "false"},
		))), doc: "all keys of Secrets and ConfigMaps as variables", fallback: "none"},
		{name: "volumes", shape: volumesShape(), doc: "volumes by the path at which they are mounted", fallback: "none"},
		{name: "init-containers", shape: list(of(initContainerObject())), doc: "containers that run before the task's own, or beside it", fallback: "none"},
		{name: "service-account", shape: words("name"), doc: "the pod's service account", fallback: "the run's"},
		{name: "labels", shape: mapOfText(), doc: "labels of the pod (at the top: of the Workflow)", fallback: "none"},
		{name: "annotations", shape: mapOfText(), doc: "annotations of the pod (at the top: of the Workflow)", fallback: "none"},
		{name: "image-pull-policy", shape: choice("always", "if-not-present", "never"), doc: "when the image is pulled", fallback: "the cluster's"},
		{name: "image-pull-secrets", shape: list(computed("name")), doc: "names of Secrets for pulling the image", fallback: "none"},
		{name: "priority-class", shape: words("name"), doc: "the pod's priority class", fallback: "none"},
		{name: "queue", shape: words("name"), doc: "Kueue's local queue", fallback: "none"},
		{name: "shared-memory", shape: words("quantity"), doc: "size of /dev/shm", fallback: "the node's"},
		{name: "argo", shape: of(newObject("argo", "Argo's own fields; braces in them are Argo's.",
			key{name: "template", shape: rawObject(), doc: "a strategic-merge patch on the task's template", fallback: "none"},
			key{name: "spec", shape: rawObject(), doc: "a strategic-merge patch on the Workflow's spec", fallback: "none"},
		)), doc: "Argo's own fields; braces in them are Argo's", fallback: "none"},
	}
}

func retryShape() *shape {
	class := func(memory bool) *shape {
		keys := []key{{name: "limit", shape: whole(), doc: "retries after failures of this class", fallback: "retry.limit"}}
		if memory {
			keys = append(keys, key{name: "memory", shape: words("factor such as x2"), doc: "x2: ask for twice the memory at each retry", fallback: "the same again"})
		}
		name := "retry-class"
		if memory {
			name = "retry-class-memory"
		}
		return &shape{scalar: intScalar, object: newObject(name, "The retries of one class of failure.", keys...)}
	}
	return &shape{scalar: intScalar, exprs: true, object: newObject("retry", "When a failed attempt is tried again.",
		key{name: "limit", shape: &shape{scalar: intScalar, exprs: true}, doc: "retries after the first attempt", fallback: "0"},
		key{name: "on", shape: of(newObject("retry-on", "Retries by class of failure.",
			key{name: "timeout", shape: class(false), doc: "the attempt's own deadline", fallback: "limit"},
			key{name: "out-of-memory", shape: class(true), doc: "killed for want of memory", fallback: "limit"},
			key{name: "preempted", shape: class(false), doc: "evicted, pod deleted, node lost, exit 143", fallback: "limit"},
			key{name: "infrastructure", shape: class(false), doc: "no exit code at all", fallback: "limit"},
			key{name: "error", shape: class(false), doc: "the program said so", fallback: "limit"},
		)), doc: "limits by class of failure", fallback: "limit for all"},
		key{name: "backoff", shape: &shape{scalar: durationScalar, object: newObject("backoff", "The delay before a retry: duration × factorⁿ, at most max.",
			key{name: "duration", shape: duration(), fallback: "**required** once merged", doc: "before the first retry"},
			key{name: "factor", shape: number(), doc: "its growth", fallback: "1"},
			key{name: "max", shape: duration(), doc: "the longest delay", fallback: "no limit"},
		)}, doc: "the delay before a retry; a duration is constant", fallback: "none"},
	)}
}

func envShape() *shape {
	v := computed("text")
	v.object = newObject("env-value", "A variable taken from the cluster.",
		key{name: "secret", shape: computed("name"), doc: "the Secret"},
		key{name: "config-map", shape: computed("name"), doc: "the ConfigMap"},
		key{name: "key", shape: computed("key"), doc: "the key in it"},
		key{name: "optional", shape: yesNo(), doc: "true: it may be missing", fallback: "false"},
		key{name: "field", shape: words("path"), doc: "a field of the pod, such as metadata.name"},
	)
	return &shape{object: &object{name: "env", doc: "Environment variables by name.", rest: v}}
}

func volumesShape() *shape {
	return &shape{object: &object{name: "volumes", doc: "Volumes by mount path.", rest: of(newObject("volume", "What is mounted: exactly one source.",
		key{name: "claim", shape: computed("name"), doc: "a PersistentVolumeClaim"},
		key{name: "secret", shape: computed("name"), doc: "a Secret, its keys as files"},
		key{name: "config-map", shape: computed("name"), doc: "a ConfigMap, its keys as files"},
		key{name: "empty-dir", shape: of(newObject("empty-dir", "Scratch space.",
			key{name: "medium", shape: choice("memory", "disk"), doc: "what it is kept in", fallback: "disk"},
			key{name: "size", shape: words("quantity"), doc: "its limit", fallback: "none"},
			key{name: "name", shape: words("name"), doc: "the volume's name in the pod", fallback: "made up"},
		)), doc: "scratch space; {} is enough"},
		key{name: "ephemeral", shape: of(newObject("ephemeral", "A claim that lives as long as its pod.",
			key{name: "size", shape: words("quantity"), fallback: "**required** once merged", doc: "its size"},
			key{name: "storage-class", shape: words("name"), doc: "its storage class; '' for none", fallback: "the cluster's default"},
			key{name: "access-modes", shape: list(words("text")), doc: "its access modes", fallback: "[ReadWriteOnce]"},
			key{name: "name", shape: words("name"), doc: "the volume's name in the pod", fallback: "made up"},
			key{name: "labels", shape: mapOfText(), doc: "labels of the claim", fallback: "none"},
			key{name: "annotations", shape: mapOfText(), doc: "annotations of the claim", fallback: "none"},
		)), doc: "a claim that lives as long as its pod"},
		key{name: "source", shape: rawObject(), doc: "any other Kubernetes volume source"},
		key{name: "sub-path", shape: words("path"), doc: "a path inside the volume", fallback: "its root"},
		key{name: "read-only", shape: yesNo(), doc: "true: it cannot be written", fallback: "false"},
		key{name: "optional", shape: yesNo(), doc: "true: the Secret or ConfigMap may be missing", fallback: "false"},
	))}}
}

func initContainerObject() *object {
	return newObject("init-container", "A container that runs before the task's own, or beside it.",
		key{name: "name", shape: words("name"), required: true, doc: "its name in the pod"},
		key{name: "image", shape: words("image"), required: true, doc: "its image"},
		key{name: "command", shape: list(words("text")), doc: "its program", fallback: "the image's entrypoint"},
		key{name: "args", shape: list(words("text")), doc: "its arguments", fallback: "none"},
		key{name: "env", shape: mapOfText(), doc: "its environment variables", fallback: "none"},
		key{name: "volumes", shape: &shape{object: &object{rest: words("name")}}, doc: "by path, volumes of the task: the name of an empty-dir or ephemeral, or that of the Secret, ConfigMap or claim", fallback: "none"},
		key{name: "sidecar", shape: yesNo(), doc: "true: it goes on beside the task", fallback: "false"},
		key{name: "resources", shape: &shape{object: &object{rest: &shape{scalar: textScalar, doc: "a quantity", object: newObject("init-resource", "Request and limit apart.",
			key{name: "request", shape: words("quantity"), doc: "what is set aside", fallback: "none"},
			key{name: "limit", shape: words("quantity"), doc: "what it may use at most", fallback: "none"},
		)}}}, doc: "its resources by name", fallback: "none"},
	)
}

func withItems(s *shape) *shape {
	item := *s
	s.items = &item
	return s
}

// kubernetes is an object of Kubernetes' own language, in its spelling; values
// may be expressions.
func kubernetes() *shape {
	return &shape{scalar: textScalar, exprs: true, doc: "a mapping", object: &object{rest: &shape{any: true, exprs: true}}}
}
