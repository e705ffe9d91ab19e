package constructs

import (
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

const (
	platformIR = "compiler/kfpspec.TestIR/platform"
	platform   = "compiler/argo.TestPlatform"
	onCluster  = "cmd/internal/e2e.TestE2EPlatform"
)

func platformRows() []Chapter {
	return []Chapter{
		{"Kubernetes", []Construct{
			{ID: "secret-env", Title: "Secret as environment", Fields: []string{"PlatformExecutor.secretAsEnv", "SecretEnv.secretName", "SecretEnv.secretNameParameter", "SecretEnv.keyToEnv", "SecretEnv.optional", "SecretKey.secretKey", "SecretKey.envVar"}, DSL: "`env: {X: {secret: …}}`",
				Argo: "`secretKeyRef`; the name may come from an input or a task", Codes: codes("C446", "A603"), Tests: []string{platformIR, platform, onCluster, "cmd/internal/e2ecorpus.TestCorpusOnCluster", "corpus:nested_parallel_for_secret.yaml"},
				find: settings(func(s *ir.Settings) bool { return hasEnv(s, func(e *ir.EnvVar) bool { return e.Secret != nil }) })},
			{ID: "config-map-env", Title: "ConfigMap as environment", Fields: []string{"PlatformExecutor.configMapAsEnv", "ConfigMapEnv.configMapName", "ConfigMapEnv.configMapNameParameter", "ConfigMapEnv.keyToEnv", "ConfigMapEnv.optional", "ConfigMapKey.configMapKey", "ConfigMapKey.envVar"}, DSL: "`env: {X: {config-map: …}}`",
				Argo: "`configMapKeyRef`", Codes: codes("C446"), Tests: []string{platformIR, platform, onCluster},
				find: settings(func(s *ir.Settings) bool { return hasEnv(s, func(e *ir.EnvVar) bool { return e.ConfigMap != nil }) })},
			{ID: "field-env", Title: "Field of the pod as environment", Fields: []string{"PlatformExecutor.fieldPathAsEnv", "FieldPathEnv.name", "FieldPathEnv.fieldPath"}, DSL: "`env: {X: {field: …}}`",
				Argo: "`fieldRef`", Tests: []string{platformIR, platform, onCluster, "corpus:create_pod_metadata_complex.yaml"},
				find: settings(func(s *ir.Settings) bool { return hasEnv(s, func(e *ir.EnvVar) bool { return e.FieldPath != "" }) })},
			{ID: "secret-volume", Title: "Secret as files", Fields: []string{"PlatformExecutor.secretAsVolume", "SecretVolume.secretName", "SecretVolume.secretNameParameter", "SecretVolume.mountPath", "SecretVolume.subPath", "SecretVolume.optional"}, DSL: "`volumes:`",
				Argo: "a volume and its mount", Codes: codes("C447"), Tests: []string{platformIR, platform, onCluster}, find: volumes(func(v *ir.Volume) bool { return v.Secret != nil })},
			{ID: "config-map-volume", Title: "ConfigMap as files", Fields: []string{"PlatformExecutor.configMapAsVolume", "ConfigMapVolume.configMapName", "ConfigMapVolume.configMapNameParameter", "ConfigMapVolume.mountPath", "ConfigMapVolume.subPath", "ConfigMapVolume.optional"}, DSL: "`volumes:`",
				Argo: "a volume and its mount", Codes: codes("C447"), Tests: []string{platformIR, platform, onCluster}, find: volumes(func(v *ir.Volume) bool { return v.ConfigMap != nil })},
			{ID: "claim-mount", Title: "Claim that is mounted", Fields: []string{"PlatformExecutor.pvcMount", "ClaimMount.pvcName", "ClaimMount.pvcNameParameter", "ClaimMount.constant", "ClaimMount.componentInputParameter", "ClaimMount.taskOutputParameter", "ClaimMount.mountPath", "ClaimMount.subPath"}, DSL: "`volumes:`",
				Argo: "a volume and its mount; the name may come from an input or a task", Differs: "a claim whose name is null is an error, as in KFP", Codes: codes("C447", "K203"), Tests: []string{platformIR, platform, onCluster, "corpus:pvc_mount.yaml"}, find: volumes(func(v *ir.Volume) bool { return v.Claim != nil })},
			{ID: "null-name", Title: "Name or struct that is null at run time", Argo: "the entry is left out of the pod, by `podSpecPatch`; an empty name fails the task", Tests: []string{platform, "compiler/argo.TestPlatformInGroups", onCluster, "corpus:missing_kubernetes_optional_inputs.yaml"},
				find: settings(func(s *ir.Settings) bool { return namesMayBeAbsent(s) })},
			{ID: "ephemeral-volume", Title: "Generic ephemeral volume", Fields: []string{"PlatformExecutor.genericEphemeralVolume", "EphemeralVolume.volumeName", "EphemeralVolume.mountPath", "EphemeralVolume.accessModes", "EphemeralVolume.size", "EphemeralVolume.defaultStorageClass", "EphemeralVolume.storageClassName", "EphemeralVolume.metadata"}, DSL: "`volumes: [{ephemeral: …}]`",
				Argo: "`ephemeral.volumeClaimTemplate` and its mount", Tests: []string{platformIR, platform, onCluster}, find: volumes(func(v *ir.Volume) bool { return v.Ephemeral != nil })},
			{ID: "empty-dir", Title: "Empty volume", Fields: []string{"PlatformExecutor.emptyDirMounts", "EmptyDir.volumeName", "EmptyDir.mountPath", "EmptyDir.medium", "EmptyDir.sizeLimit"}, DSL: "`volumes: [{empty-dir: …}]`",
				Argo: "`emptyDir` and its mount", Tests: []string{platformIR, platform, onCluster}, find: volumes(func(v *ir.Volume) bool { return v.EmptyDir != nil && v.Path != "/dev/shm" })},
			{ID: "shared-memory", Title: "Shared memory", Fields: []string{"PlatformExecutor.enabledSharedMemory", "SharedMemory.volumeName", "SharedMemory.size"}, DSL: "`shared-memory:`",
				Argo: "an empty volume in memory at `/dev/shm`", Differs: "the open-source backend ignores it", Tests: []string{platformIR, platform, onCluster},
				find: settings(func(s *ir.Settings) bool {
					return s.SharedMemory != "" || hasVolume(s, func(v *ir.Volume) bool { return v.EmptyDir != nil && v.Path == "/dev/shm" })
				})},
			{ID: "node-selector", Title: "Node selector", Fields: []string{"PlatformExecutor.nodeSelector", "NodeSelector.labels", "NodeSelector.nodeSelectorJson"}, DSL: "`node-selector:`",
				Argo: "`nodeSelector`; a struct of the run in `podSpecPatch`", Tests: []string{platformIR, platform, onCluster}, find: settings(func(s *ir.Settings) bool { return len(s.NodeSelector) > 0 || s.NodeSelectorFrom != nil })},
			{ID: "tolerations", Title: "Tolerations", Fields: []string{"PlatformExecutor.tolerations", "Toleration.key", "Toleration.operator", "Toleration.value", "Toleration.effect", "Toleration.tolerationSeconds", "Toleration.tolerationJson"}, DSL: "`tolerations:`",
				Argo: "`tolerations`; structs and lists of the run in `podSpecPatch`", Codes: codes("A609"), Tests: []string{platformIR, platform, onCluster}, find: settings(func(s *ir.Settings) bool { return len(s.Tolerations) > 0 })},
			{ID: "affinity", Title: "Affinity to nodes", Fields: []string{"PlatformExecutor.nodeAffinity", "NodeAffinity.matchExpressions", "NodeAffinity.matchFields", "NodeAffinity.weight", "NodeAffinity.nodeAffinityJson", "MatchExpression.key", "MatchExpression.operator", "MatchExpression.values"}, DSL: "`affinity:`",
				Argo: "`affinity`, terms joined; a struct of the run is joined to them in the run", Codes: codes("A609", "A612"), Tests: []string{platformIR, platform, onCluster}, find: settings(func(s *ir.Settings) bool { return len(s.Affinity) > 0 })},
			{ID: "pod-affinity", Title: "Affinity to pods, and its opposite", Fields: []string{"PlatformExecutor.podAffinity", "PodAffinity.matchPodExpressions", "PodAffinity.matchPodLabels", "PodAffinity.topologyKey", "PodAffinity.namespaces", "PodAffinity.matchNamespaceExpressions", "PodAffinity.matchNamespaceLabels", "PodAffinity.weight", "PodAffinity.anti"}, DSL: "`affinity:`",
				Argo: "`affinity`, terms joined", Differs: "the open-source backend ignores it", Codes: codes("A609"), Tests: []string{platformIR, platform, onCluster}},
			{ID: "pod-metadata", Title: "Labels and annotations of pods", Fields: []string{"PlatformExecutor.podMetadata", "PodMetadata.labels", "PodMetadata.annotations"}, DSL: "`labels:`, `annotations:`",
				Argo: "`metadata` of the template", Codes: codes("C442", "A603"), Tests: []string{platformIR, platform, onCluster, "corpus:create_pod_metadata_complex.yaml"}, find: settings(func(s *ir.Settings) bool { return len(s.Labels)+len(s.Annotations) > 0 })},
			{ID: "pull-secrets", Title: "Pull secrets", Fields: []string{"PlatformExecutor.imagePullSecret", "PullSecret.secretName", "PullSecret.secretNameParameter"}, DSL: "`image-pull-secrets:`",
				Argo: "`imagePullSecrets`, in `podSpecPatch`", Tests: []string{platformIR, platform, onCluster}, find: settings(func(s *ir.Settings) bool { return len(s.ImagePullSecrets) > 0 })},
			{ID: "pull-policy", Title: "Pull policy", Fields: []string{"PlatformExecutor.imagePullPolicy"}, DSL: "`image-pull-policy:`", Argo: "`imagePullPolicy`", Codes: codes("C448"), Tests: []string{platformIR, platform, onCluster},
				find: settings(func(s *ir.Settings) bool { return s.ImagePullPolicy != "" })},
			{ID: "task-deadline", Title: "Deadline of a task", Fields: []string{"PlatformExecutor.activeDeadlineSeconds"}, DSL: "`timeout:`", Argo: "`activeDeadlineSeconds` of the pod, for each attempt", Tests: []string{platformIR, "backend/local.TestTimeouts", "cmd/internal/e2e.TestE2ERetry"},
				find: settings(func(s *ir.Settings) bool { return s.Timeout > 0 })},
			{ID: "security-context", Title: "Security context", Fields: []string{"PlatformExecutor.securityContext", "SecurityContext.runAsUser", "SecurityContext.runAsGroup", "SecurityContext.runAsNonRoot"}, DSL: "`security-context:`",
				Argo: "`securityContext`; all capabilities and privilege escalation go with it, as in KFP", Codes: codes("A609"), Tests: []string{platformIR, platform, onCluster}, find: settings(func(s *ir.Settings) bool { return s.SecurityContext != nil })},
			{ID: "init-containers", Title: "Init containers and sidecars", Fields: []string{"PlatformExecutor.initContainers", "InitContainer.name", "InitContainer.image", "InitContainer.command", "InitContainer.args", "InitContainer.env", "InitContainer.volumeMounts", "InitContainer.restartPolicy", "InitContainer.resources", "VolumeMount.volumeName", "VolumeMount.mountPath", "InitResources.requests", "InitResources.limits"}, DSL: "`init-containers:`",
				Argo: "`initContainers`, which mount the task's volumes by name; one that is restarted always is a sidecar", Tests: []string{platformIR, platform, onCluster}, find: settings(func(s *ir.Settings) bool { return len(s.InitContainers) > 0 })},
		}},
		{"Settings of the whole run", []Construct{
			{ID: "workspace", Title: "Workspace", Fields: []string{"PipelineConfig.workspace", "Workspace.size", "Workspace.kubernetes", "WorkspaceKubernetes.pvcSpecPatch", "ClaimPatch.accessModes", "ClaimPatch.storageClassName"}, DSL: "`workspace:`",
				Argo: "a claim of the run, at `/kfp-workspace`", Differs: "mounted into every task, not only into those that use it; other fields of the patch are refused, as in KFP", Codes: codes("K210"),
				Tests: []string{"compiler/argo.TestPipelineConfig", "corpus:pipeline_with_workspace.yaml"}, find: pipeline(func(p *ir.Pipeline) source.Span {
					if p.Workspace == nil {
						return source.Span{}
					}
					return p.Workspace.At
				})},
			{ID: "ttl", Title: "Time to live", Fields: []string{"PipelineConfig.resourceTtlOnCompletion", "PipelineConfig.resourceTtlOnSuccess", "PipelineConfig.resourceTtlOnFailure", "PipelineConfig.resourceTtl"}, DSL: "`ttl:`",
				Argo: "`ttlStrategy`", Tests: []string{"compiler/argo.TestPipelineConfig"}, find: pipeline(func(p *ir.Pipeline) source.Span { return when(p.TTL != nil, p.Name.At) })},
			{ID: "run-deadline", Title: "Deadline of the run", Fields: []string{"PipelineConfig.activeDeadlineSeconds"}, DSL: "`timeout:`", Argo: "`activeDeadlineSeconds` of the Workflow", Tests: []string{"compiler/argo.TestPipelineConfig"},
				find: pipeline(func(p *ir.Pipeline) source.Span { return when(p.Timeout > 0, p.Name.At) })},
			{ID: "mutex", Title: "Mutex", Fields: []string{"PipelineConfig.mutexName"}, DSL: "`mutex:`", Argo: "`synchronization`: one run at a time of all that name it, in the namespace", Differs: "KFP's open-source backend never used it", Tests: []string{"compiler/argo.TestPipelineConfig"},
				find: pipeline(func(p *ir.Pipeline) source.Span { return p.Mutex.At })},
			{ID: "semaphore", Title: "Semaphore", Fields: []string{"PipelineConfig.semaphoreKey"}, DSL: "`semaphore:`", Argo: "`synchronization`: a key of the ConfigMap that the setting `semaphores` names", Differs: "KFP's open-source backend never used it", Tests: []string{"compiler/argo.TestPipelineConfig"},
				find: pipeline(func(p *ir.Pipeline) source.Span {
					if p.Semaphore == nil {
						return source.Span{}
					}
					return p.Semaphore.At
				})},
		}},
	}
}

func hasEnv(s *ir.Settings, fits func(*ir.EnvVar) bool) bool {
	for _, e := range s.Env {
		if fits(e) {
			return true
		}
	}
	return false
}

func hasVolume(s *ir.Settings, fits func(*ir.Volume) bool) bool {
	for _, v := range s.Volumes {
		if fits(v) {
			return true
		}
	}
	return false
}

// volumes finds the volumes that fit.
func volumes(fits func(*ir.Volume) bool) func(*finder) {
	return func(f *finder) {
		f.walk(func(_ *ir.Component, t *ir.Task) {
			if t.Settings == nil {
				return
			}
			for _, v := range t.Settings.Volumes {
				if fits(v) {
					f.at(v.At)
				}
			}
		})
	}
}

// namesMayBeAbsent reports whether a name of the cluster comes from the run.
func namesMayBeAbsent(s *ir.Settings) bool {
	for _, v := range s.Volumes {
		if computed(v.Secret) || computed(v.ConfigMap) || computed(v.Claim) {
			return true
		}
	}
	return hasEnv(s, func(e *ir.EnvVar) bool {
		return e.Secret != nil && computed(e.Secret.Name) || e.ConfigMap != nil && computed(e.ConfigMap.Name)
	})
}
