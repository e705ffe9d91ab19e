package constructs

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// format are the messages of KFP's format with their fields, in the spelling of
// the JSON mapping. Behind a colon stands what a field holds: another message, a
// list of one in brackets, or a map of one in braces.
var format = map[string]string{
	"PipelineSpec":       "pipelineInfo:PipelineInfo deploymentSpec:DeploymentSpec schemaVersion sdkVersion components:{ComponentSpec} root:ComponentSpec defaultPipelineRoot",
	"PipelineInfo":       "name displayName description",
	"DeploymentSpec":     "executors:{Executor}",
	"ComponentSpec":      "inputDefinitions:Inputs outputDefinitions:Outputs executorLabel dag:Dag singlePlatformSpecs:[SinglePlatformSpec] taskConfigPassthroughs:[TaskConfigPassthrough]",
	"Inputs":             "parameters:{InputParameter} artifacts:{InputArtifact}",
	"Outputs":            "parameters:{OutputParameter} artifacts:{OutputArtifact}",
	"InputParameter":     "parameterType type defaultValue isOptional description literals",
	"InputArtifact":      "artifactType:ArtifactType isArtifactList isOptional description",
	"OutputParameter":    "parameterType type description",
	"OutputArtifact":     "artifactType:ArtifactType isArtifactList metadata description properties customProperties",
	"ArtifactType":       "schemaTitle schemaVersion instanceSchema schemaUri",
	"Dag":                "tasks:{Task} outputs:DagOutputs",
	"DagOutputs":         "parameters:{DagOutputParameter} artifacts:{DagOutputArtifact}",
	"DagOutputParameter": "valueFromParameter:Selector valueFromOneof:OneOf",
	"OneOf":              "parameterSelectors:[Selector]",
	"DagOutputArtifact":  "artifactSelectors:[Selector]",
	"Selector":           "producerSubtask outputParameterKey outputArtifactKey",

	"Task":            "taskInfo:TaskInfo componentRef:ComponentRef inputs:TaskInputs dependentTasks cachingOptions:CachingOptions triggerPolicy:TriggerPolicy parameterIterator:Iterator artifactIterator:Iterator iteratorPolicy:IteratorPolicy retryPolicy:RetryPolicy",
	"TaskInfo":        "name",
	"ComponentRef":    "name",
	"TaskInputs":      "parameters:{ParameterSource} artifacts:{ArtifactSource}",
	"ParameterSource": "componentInputParameter taskOutputParameter:TaskOutput runtimeValue:RuntimeValue taskFinalStatus:FinalStatus parameterExpressionSelector",
	"ArtifactSource":  "componentInputArtifact taskOutputArtifact:TaskOutput",
	"TaskOutput":      "producerTask outputParameterKey outputArtifactKey",
	"FinalStatus":     "producerTask",
	"RuntimeValue":    "constant constantValue:ConstantValue runtimeParameter",
	"ConstantValue":   "intValue doubleValue stringValue",
	"CachingOptions":  "enableCache cacheKey",
	"TriggerPolicy":   "condition strategy",
	"Iterator":        "itemInput items:Items",
	"Items":           "raw inputParameter inputArtifact",
	"IteratorPolicy":  "parallelismLimit",
	"RetryPolicy":     "maxRetryCount backoffDuration backoffFactor backoffMaxDuration",

	"Executor":              "container:Container importer:Importer resolver customJob",
	"Container":             "image command args env:[Env] resources:Resources lifecycle",
	"Env":                   "name value",
	"Resources":             "resourceCpuLimit resourceCpuRequest resourceMemoryLimit resourceMemoryRequest cpuLimit cpuRequest memoryLimit memoryRequest accelerator:Accelerator",
	"Accelerator":           "resourceType resourceCount type count",
	"Importer":              "artifactUri:Uri typeSchema:ArtifactType metadata reimport downloadToWorkspace properties customProperties",
	"Uri":                   "constant constantValue:ConstantValue runtimeParameter",
	"TaskConfigPassthrough": "field applyToTask",

	"PlatformSpec":        "platforms:Platforms",
	"Platforms":           "kubernetes:SinglePlatformSpec",
	"SinglePlatformSpec":  "deploymentSpec:PlatformDeployment pipelineConfig:PipelineConfig config platform version",
	"PlatformDeployment":  "executors:{PlatformExecutor}",
	"PlatformExecutor":    "secretAsEnv:[SecretEnv] secretAsVolume:[SecretVolume] configMapAsEnv:[ConfigMapEnv] configMapAsVolume:[ConfigMapVolume] pvcMount:[ClaimMount] nodeSelector:NodeSelector tolerations:[Toleration] nodeAffinity:[NodeAffinity] podAffinity:[PodAffinity] podMetadata:PodMetadata imagePullSecret:[PullSecret] imagePullPolicy fieldPathAsEnv:[FieldPathEnv] activeDeadlineSeconds genericEphemeralVolume:[EphemeralVolume] emptyDirMounts:[EmptyDir] enabledSharedMemory:SharedMemory securityContext:SecurityContext initContainers:[InitContainer]",
	"SecretEnv":           "secretName secretNameParameter:ParameterSource keyToEnv:[SecretKey] optional",
	"SecretKey":           "secretKey envVar",
	"SecretVolume":        "secretName secretNameParameter:ParameterSource mountPath subPath optional",
	"ConfigMapEnv":        "configMapName configMapNameParameter:ParameterSource keyToEnv:[ConfigMapKey] optional",
	"ConfigMapKey":        "configMapKey envVar",
	"ConfigMapVolume":     "configMapName configMapNameParameter:ParameterSource mountPath subPath optional",
	"ClaimMount":          "pvcName pvcNameParameter:ParameterSource constant componentInputParameter taskOutputParameter:TaskOutput mountPath subPath",
	"NodeSelector":        "labels nodeSelectorJson:ParameterSource",
	"Toleration":          "key operator value effect tolerationSeconds tolerationJson:ParameterSource",
	"NodeAffinity":        "matchExpressions:[MatchExpression] matchFields:[MatchExpression] weight nodeAffinityJson:ParameterSource",
	"MatchExpression":     "key operator values",
	"PodAffinity":         "matchPodExpressions:[MatchExpression] matchPodLabels topologyKey namespaces matchNamespaceExpressions:[MatchExpression] matchNamespaceLabels weight anti",
	"PodMetadata":         "labels annotations",
	"PullSecret":          "secretName secretNameParameter:ParameterSource",
	"FieldPathEnv":        "name fieldPath",
	"EphemeralVolume":     "volumeName mountPath accessModes size defaultStorageClass storageClassName metadata:PodMetadata",
	"EmptyDir":            "volumeName mountPath medium sizeLimit",
	"SharedMemory":        "volumeName size",
	"SecurityContext":     "runAsUser runAsGroup runAsNonRoot",
	"InitContainer":       "name image command args env:[Env] volumeMounts:[VolumeMount] restartPolicy resources:InitResources",
	"VolumeMount":         "volumeName mountPath",
	"InitResources":       "requests limits",
	"PipelineConfig":      "workspace:Workspace resourceTtlOnCompletion resourceTtlOnSuccess resourceTtlOnFailure resourceTtl activeDeadlineSeconds mutexName semaphoreKey",
	"Workspace":           "size kubernetes:WorkspaceKubernetes",
	"WorkspaceKubernetes": "pvcSpecPatch:ClaimPatch",
	"ClaimPatch":          "accessModes storageClassName",

	"PipelineVersion": "spec:VersionSpec",
	"VersionSpec":     "pipelineSpec:PipelineSpec platformSpec:PlatformSpec displayName description",
	"PipelineJob":     "pipelineSpec:PipelineSpec displayName runtimeConfig:RuntimeConfig labels",
	"RuntimeConfig":   "gcsOutputDirectory pipelineRoot parameterValues parameters",

	"ComponentFile":  "name description inputs:[FileInput] outputs:[FileOutput] implementation:Implementation metadata",
	"FileInput":      "name type description default optional",
	"FileOutput":     "name type description",
	"Implementation": "container:FileContainer graph",
	"FileContainer":  "image command:[FileArg] args:[FileArg] env fileOutputs",
	"FileArg":        "inputValue inputPath inputUri outputPath outputUri concat:[FileArg] if:FileIf executorInput",
	"FileIf":         "cond then:[FileArg] else:[FileArg]",
}

// Fields are all fields of KFP's format, MESSAGE.FIELD.
func Fields() []string {
	var out []string
	for message, fields := range format {
		for _, f := range strings.Fields(fields) {
			name, _, _ := strings.Cut(f, ":")
			out = append(out, message+"."+name)
		}
	}
	return out
}

// kinds are format, taken apart: what each field of a message holds.
func kinds() map[string]map[string]string {
	out := make(map[string]map[string]string, len(format))
	for message, fields := range format {
		of := map[string]string{}
		for _, f := range strings.Fields(fields) {
			name, kind, _ := strings.Cut(f, ":")
			of[name] = kind
		}
		out[message] = of
	}
	return out
}

// occurrences are the places of each field in the documents of a file.
func occurrences(docs []*tree.Node) map[string][]source.Span {
	w := &walker{kinds: kinds(), found: map[string][]source.Span{}}
	for _, d := range docs {
		switch {
		case get(d, "pipelineInfo") != nil || get(d, "root") != nil:
			w.message(d, "PipelineSpec")
		case get(get(d, "spec"), "pipelineSpec") != nil:
			w.message(d, "PipelineVersion")
		case get(d, "pipelineSpec") != nil:
			w.message(d, "PipelineJob")
		case get(d, "platforms") != nil:
			w.message(d, "PlatformSpec")
		case get(d, "implementation") != nil:
			w.message(d, "ComponentFile")
		}
	}
	return w.found
}

type walker struct {
	kinds map[string]map[string]string
	found map[string][]source.Span
}

func (w *walker) message(n *tree.Node, name string) {
	if n == nil || n.Kind != tree.Mapping {
		return
	}
	for _, f := range n.Fields {
		key := camel(f.Key.Scalar)
		kind, known := w.kinds[name][key]
		if !known || f.Value.IsNull() {
			continue
		}
		w.found[name+"."+key] = append(w.found[name+"."+key], f.Key.Span())
		w.value(f.Value, kind)
	}
}

func (w *walker) value(n *tree.Node, kind string) {
	switch {
	case kind == "":
	case kind[0] == '{' && n.Kind == tree.Mapping:
		for _, f := range n.Fields {
			w.message(f.Value, kind[1:len(kind)-1])
		}
	case kind[0] == '[' && n.Kind == tree.Sequence:
		for _, item := range n.Items {
			w.message(item, kind[1:len(kind)-1])
		}
	default:
		w.message(n, kind)
	}
}

func get(n *tree.Node, name string) *tree.Node {
	if n == nil || n.Kind != tree.Mapping {
		return nil
	}
	for _, f := range n.Fields {
		if camel(f.Key.Scalar) == name {
			return f.Value
		}
	}
	return nil
}

// camel is a field in the spelling of the JSON mapping; the format's own, with
// underscores, is read too.
func camel(name string) string {
	head, rest, found := strings.Cut(name, "_")
	if !found || head == "" {
		return name
	}
	for _, word := range strings.Split(rest, "_") {
		if word != "" {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		head += word
	}
	return head
}
