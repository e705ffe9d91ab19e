package constructs

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

func containerRows() []Chapter {
	return []Chapter{
		{"Executors", []Construct{
			{ID: "image", Title: "Image", Fields: []string{"Container.image"}, DSL: "`image:`", Argo: "the container's image; one that the run computes is a parameter", Codes: codes("C445", "A603", "L501"),
				Tests: []string{"compiler/argo.TestGoldens/kfp", "compiler/check.TestKubernetesNames"},
				find:  containers(func(*ir.Component, *ir.Container) bool { return true })},
			{ID: "command", Title: "Command and arguments", Fields: []string{"Container.command", "Container.args"}, DSL: "`command:`, `args:`",
				Argo: "one argv, never the image's entrypoint (in the DSL a component without a command has it); text arrives byte for byte, through Argo's and the kubelet's substitutions", Codes: codes("A602", "A604", "C450"),
				Tests: []string{"cmd/internal/e2e.TestE2EText", "cmd/internal/e2e.TestE2EBigText", "compiler/argo.TestKubeletRoundTrip", "backend/local.TestVariablesInKFPArguments"},
				find:  containers(func(_ *ir.Component, b *ir.Container) bool { return len(b.Command)+len(b.Args) > 0 })},
			{ID: "env", Title: "Environment of a container", Fields: []string{"Container.env", "Env.name", "Env.value"}, DSL: "`env:`", Argo: "`env`", Codes: codes("C441"), Tests: []string{"backend/local.TestSettingsEnvWins", "compiler/argo.TestGoldens/kfp"},
				find: containers(func(_ *ir.Component, b *ir.Container) bool { return len(b.Env) > 0 })},
			{ID: "resources", Title: "Resources, also known to the run only", Fields: []string{"Container.resources", "Resources.resourceCpuLimit", "Resources.resourceCpuRequest", "Resources.resourceMemoryLimit", "Resources.resourceMemoryRequest"}, DSL: "`resources:`",
				Argo: "`resources`; values of the run in `podSpecPatch`", Codes: codes("A607", "C443", "C444"), Tests: []string{"compiler/argo.TestPlatform", "cmd/internal/e2e.TestE2EPlatform", "corpus:pipeline_with_string_machine_fields_task_output.yaml"},
				find: settings(func(s *ir.Settings) bool { return len(s.Resources) > 0 })},
			{ID: "resources-old", Title: "Resources as numbers", Fields: []string{"Resources.cpuLimit", "Resources.cpuRequest", "Resources.memoryLimit", "Resources.memoryRequest"},
				Argo: "as the newer form, which wins", Tests: []string{"compiler/kfpspec.TestIR"}},
			{ID: "accelerator", Title: "Accelerator, type and count also known to the run only", Fields: []string{"Resources.accelerator", "Accelerator.resourceType", "Accelerator.resourceCount", "Accelerator.type", "Accelerator.count"}, DSL: "`accelerator:`",
				Argo: "a limit of the extended resource; the taint of its type is tolerated; a name that only the run knows stands in `podSpecPatch`", Tests: []string{"compiler/argo.TestPlatform", "corpus:nvidia_gpu_scheduling_check.yaml"},
				find: settings(func(s *ir.Settings) bool { return s.Accelerator != nil })},
			{ID: "lifecycle", Title: "Pre-cache check", Fields: []string{"Container.lifecycle"}, Argo: "nothing, as in KFP", Codes: codes("K212"), Tests: []string{"compiler/kfpspec.TestBad/many"}},
			{ID: "importer", Title: "Importer", Fields: []string{"Executor.importer", "Importer.artifactUri", "Importer.typeSchema", "Uri.constant"}, DSL: "`import:`",
				Argo: "a DAG without pods that computes where the artifact lies", Differs: "no launcher pod; conditions, loops and order work, which they do not in the open-source backend; where Argo cannot fetch what lies there, as an image (`oci://`) that KFP mounts, the URI alone arrives", Codes: codes("A619", "A620"),
				Tests: []string{"backend/local.TestImporter", "cmd/internal/e2e.TestE2EContract/loops", "cmd/internal/corpus.TestCorpus", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find:  components(func(c *ir.Component) bool { return importerOf(c) != nil })},
			{ID: "importer-uri", Title: "Importer of a URI that the run knows", Fields: []string{"Uri.runtimeParameter"}, DSL: "`import: {uri: ${{ … }}}`",
				Argo: "one Argo artifact for each kind of store in question, of which all but one are left out", Codes: codes("A619", "A620"), Tests: []string{"compiler/argo.TestStoresOfRunTimeURIs", "cmd/internal/e2e.TestE2EStores"},
				find: components(func(c *ir.Component) bool { i := importerOf(c); return i != nil && computed(i.URI) })},
			{ID: "importer-metadata", Title: "Metadata of an importer, keys and values computed too", Fields: []string{"Importer.metadata"}, DSL: "`import: {metadata: …}`",
				Argo: "the artifact's metadata, put together by structure", Differs: "the open-source backend does not resolve placeholders in it", Tests: []string{"cmd/internal/e2e.TestE2EContract/loops", "compiler/kfpspec.TestIR/leaves", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find: components(func(c *ir.Component) bool { i := importerOf(c); return i != nil && i.Metadata != nil })},
			{ID: "reimport", Title: "Reimport", Fields: []string{"Importer.reimport"}, DSL: "`import: {reimport: true}`", Argo: "kept in the representation: without a store of records every import is new", Tests: []string{"compiler/kfpspec.TestIR/leaves"},
				find: components(func(c *ir.Component) bool { i := importerOf(c); return i != nil && i.Reimport })},
			{ID: "download-to-workspace", Title: "Importer that copies into the workspace", Fields: []string{"Importer.downloadToWorkspace"}, DSL: "`import: {to-workspace: true}`",
				Argo: "one short pod, in an image that the pipeline uses anyway, copies the data to the workspace; the artifact says so", Differs: "the only importer with a pod, where KFP has one for each", Codes: codes("A630"), Tests: []string{"compiler/argo.TestStoresIntoWorkspace"},
				find: components(func(c *ir.Component) bool { i := importerOf(c); return i != nil && i.ToWorkspace })},
			{ID: "create-claim", Title: "CreatePVC", DSL: "`claim: create`", Argo: "a resource template that creates the claim, which outlives the run", Differs: "a storage class that is not given is the cluster's default, not `standard`",
				Tests: []string{"compiler/argo.TestClaims", "cmd/internal/e2e.TestE2EPlatform/claims", "corpus:pipeline_with_volume.yaml"}, find: components(func(c *ir.Component) bool { k, ok := c.Body.(*ir.Claim); return ok && !k.Delete })},
			{ID: "delete-claim", Title: "DeletePVC", DSL: "`claim: delete`", Argo: "a resource template that deletes the claim", Tests: []string{"compiler/argo.TestClaims", "cmd/internal/e2e.TestE2EPlatform/claims", "corpus:pipeline_with_volume.yaml"},
				find: components(func(c *ir.Component) bool { k, ok := c.Body.(*ir.Claim); return ok && k.Delete })},
			{ID: "other-executors", Title: "Executors of Vertex AI and of the format's first form", Fields: []string{"Executor.customJob", "Executor.resolver"}, Argo: "refused", Differs: "as KFP's open-source backend does", Codes: codes("K210"),
				Tests: []string{"compiler/kfpspec.TestBad/many"}},
		}},
		{"Placeholders", []Construct{
			{ID: "executor-input", Title: "`{{$}}`, the executor input", DSL: "`${{ executor-input }}`", Argo: "JSON made in Argo of all inputs and outputs, with real types and clean metadata", Tests: []string{"backend/local.TestExecutorInput", "cmd/internal/e2e.TestE2EContract"},
				find: values(func(v ir.Value) bool { _, ok := v.(*ir.ExecutorInput); return ok })},
			{ID: "parameter-placeholder", Title: "Input parameter in a command, alone or inside text", DSL: "`${{ inputs.x }}`", Argo: "its text form", Codes: codes("K211"), Tests: []string{"cmd/internal/e2e.TestE2EContract/values", "backend/local.TestArgumentForms"},
				find: inCommands(func(v ir.Value) bool { _, ok := v.(*ir.InputRef); return ok })},
			{ID: "artifact-path", Title: "Path of an artifact", DSL: "`${{ inputs.x.path }}`", Argo: "a path of the pod, whose folder exists", Tests: []string{"backend/local.TestArtifacts", "cmd/internal/e2e.TestE2EContract"},
				find: portRefs(ir.AspectPath, true)},
			{ID: "artifact-uri", Title: "URI of an artifact", DSL: "`${{ inputs.x.uri }}`", Argo: "from the artifact's record; with an artifact root a real URI", Codes: codes("A619"), Tests: []string{"cmd/internal/e2e.TestE2EContract", "cmd/internal/e2e.TestE2EStores"},
				find: portRefs(ir.AspectURI, true)},
			{ID: "artifact-metadata-placeholder", Title: "Metadata of an artifact", DSL: "`${{ inputs.x.metadata }}`", Argo: "from the artifact's record", Differs: "stays literal in the open-source backend", Tests: []string{"cmd/internal/e2e.TestE2EContract"},
				find: portRefs(ir.AspectMetadata, true)},
			{ID: "artifact-list-placeholder", Title: "Whole list of artifacts", Argo: "from the artifacts' records, as JSON", Differs: "stays literal in the open-source backend", Tests: []string{"cmd/internal/e2e.TestE2EContract", "corpus:artifacts_simple.yaml"},
				find: portRefs(ir.AspectWhole, true)},
			{ID: "artifact-content", Title: "Content of an artifact in a command", Argo: "refused: Argo cannot read files while it builds commands", Differs: "old SDKs wrote it; the open-source backend leaves it literal", Codes: codes("A615"), Tests: []string{"compiler/argo.TestCodes"},
				find: portRefs(ir.AspectContent, true)},
			{ID: "output-file", Title: "File of an output parameter", DSL: "`${{ outputs.x.path }}`", Argo: "`/tmp/kfp/outputs/NAME` (`/kfp/out/NAME` of the DSL's components), whose folder exists", Differs: "Argo cuts one newline off the end of a text: a few lines of shell or Python around the program give it another first; a warning where neither starts it",
				Codes: codes("A632", "A636"), Tests: []string{"backend/local.TestMissingOutputs", "cmd/internal/e2e.TestE2EContract"}, find: portRefs(ir.AspectPath, false)},
			{ID: "executor-output", Title: "File of the executor's results", Argo: "`valueFrom.path`, read back into parameters, metadata and URIs", Tests: []string{"backend/local.TestExecutorOutput", "cmd/internal/e2e.TestE2EContract"},
				find: values(func(v ir.Value) bool { _, ok := v.(*ir.ExecutorOutputPath); return ok })},
			{ID: "json-escape", Title: "`json_escape[N]`", Argo: "the text, escaped N times", Differs: "stays literal in the open-source backend", Tests: []string{"compiler/kfpspec.TestIR", "cmd/internal/e2e.TestE2EContract/values"},
				find: values(func(v ir.Value) bool { t, ok := v.(*ir.Template); return ok && t.Escape > 0 })},
			{ID: "if-present", Title: "IfPresent, also nested", DSL: "`{if, then, else}`", Argo: "elements of the argv that are there or not; present means a value that is not null, of artifacts too", Differs: "the open-source backend knows it at the top only, for parameters without defaults",
				Tests: []string{"backend/local.TestArgumentForms", "cmd/internal/e2e.TestE2EContract/values", "corpus:container_with_if_placeholder.yaml", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find:  args(func(a ir.Arg, _ bool) bool { _, ok := a.(*ir.IfArg); return ok })},
			{ID: "concat", Title: "Concat, also nested", DSL: "`{concat: […]}`", Argo: "one element, joined", Differs: "the open-source backend leaves it as literal JSON", Tests: []string{"backend/local.TestArgumentForms", "cmd/internal/e2e.TestE2EContract/values", "corpus:container_with_concat_placeholder.yaml", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find: args(func(a ir.Arg, _ bool) bool { _, ok := a.(*ir.ConcatArg); return ok })},
			{ID: "workspace-path", Title: "Path of the workspace", Argo: "`/kfp-workspace`", Tests: []string{"corpus:pipeline_with_workspace.yaml", "compiler/kfpspec.TestIR"},
				find: values(func(v ir.Value) bool { r, ok := v.(*ir.RunRef); return ok && r.Field == ir.WorkspacePath })},
		}},
		{"The container contract", []Construct{
			{ID: "python-component", Title: "Python component of the SDK", Argo: "runs as it is: the SDK's own bootstrap and executor", Differs: "`kfp-go run` installs what it asks for once, into an environment of its own",
				Tests: []string{"backend/local.TestBootstrap", "backend/local.TestVirtualEnvironment", "cmd/internal/e2e.TestE2EContract", "cmd/internal/e2ecorpus.TestCorpusOnCluster"}, find: containers(isPython)},
			{ID: "return-values", Title: "Return values, metadata and URIs from the executor output", Argo: "read back by expressions over the file: return values win over output files, metadata is merged key by key, a new URI replaces the old one", Differs: "of SDK components, a few lines of Python around the program fail the task whose output is missing or does not fit its type, as KFP's launcher does; a number or JSON that another program writes and that is none fails the task that reads it; of a program that is not the SDK's a file at a custom path is not moved", Codes: codes("A619", "A631"),
				Tests: []string{"backend/local.TestExecutorOutput", "compiler/argo.TestMetadataWithoutFile", "cmd/internal/e2e.TestE2EContract", "cmd/internal/e2ecorpus.TestCorpusOnCluster"}, find: containers(func(c *ir.Component, b *ir.Container) bool { return b.Contract == ir.KFPContract && len(c.Outputs) > 0 })},
			{ID: "local-paths", Title: "Local paths of URIs", Argo: "`/gcs`, `/s3`, `/minio` as in KFP, so that the SDK finds its artifacts; parent folders exist", Differs: "Azure and OSS have paths too", Tests: []string{"compiler/argo.TestStoresOfOutputs", "cmd/internal/e2e.TestE2EStores"},
				find: containers(func(c *ir.Component, b *ir.Container) bool { return b.Contract == ir.KFPContract && hasArtifacts(c) })},
		}},
	}
}

func importerOf(c *ir.Component) *ir.Importer { i, _ := c.Body.(*ir.Importer); return i }

func hasArtifacts(c *ir.Component) bool {
	for _, some := range [][]*ir.Port{c.Inputs, c.Outputs} {
		for _, p := range some {
			if p.Type.IsArtifact() {
				return true
			}
		}
	}
	return false
}

// isPython recognises what the SDK compiles a Python function to.
func isPython(_ *ir.Component, b *ir.Container) (found bool) {
	for _, some := range [][]ir.Arg{b.Command, b.Args} {
		ir.VisitArgs(some, func(v ir.Value) {
			if lit, ok := v.(*ir.Literal); ok {
				text, _ := lit.V.(string)
				found = found || strings.Contains(text, ".executor_main")
			}
		})
	}
	return found
}

// inCommands finds values of containers that fit.
func inCommands(fits func(ir.Value) bool) func(*finder) {
	return func(f *finder) {
		for _, c := range f.p.All() {
			if b := c.Container(); b != nil {
				b.EachValue(func(v ir.Value) {
					ir.Visit(v, func(v ir.Value) {
						if fits(v) {
							f.at(v.Span())
						}
					})
				})
			}
		}
	}
}

// portRefs finds references to an aspect of an artifact, or of an output
// parameter.
func portRefs(aspect ir.Aspect, artifact bool) func(*finder) {
	return func(f *finder) {
		for _, c := range f.p.All() {
			b := c.Container()
			if b == nil {
				continue
			}
			b.EachValue(func(v ir.Value) {
				ir.Visit(v, func(v ir.Value) {
					if ref, ok := v.(*ir.PortRef); ok && ref.Aspect == aspect && isArtifactPort(c, ref) == artifact {
						f.at(ref.At)
					}
				})
			})
		}
	}
}

func isArtifactPort(c *ir.Component, ref *ir.PortRef) bool {
	port := c.Input(ref.Port)
	if ref.Output {
		port = c.Output(ref.Port)
	}
	return port != nil && port.Type.IsArtifact()
}
