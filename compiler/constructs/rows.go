package constructs

import (
	"slices"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// Catalogue is every construct of KFP's format, in the order of the format.
func Catalogue() []Chapter {
	return slices.Concat(documentRows(), taskRows(), containerRows(), platformRows())
}

func documentRows() []Chapter {
	return []Chapter{
		{"The document", []Construct{
			{ID: "document", Title: "PipelineSpec, YAML or JSON",
				Fields:  []string{"PipelineSpec.schemaVersion", "PipelineSpec.sdkVersion", "PipelineSpec.components", "PipelineSpec.root", "PipelineSpec.deploymentSpec", "DeploymentSpec.executors"},
				Argo:    "one Workflow (or WorkflowTemplate, ClusterWorkflowTemplate, CronWorkflow); equal definitions share a template; more than 100 tasks in one DAG are cut into parts",
				Differs: "schema versions other than 2.1 are refused; `sdkVersion` plays no part", Codes: codes("K200", "K204"),
				Tests: []string{"compiler/kfpspec.TestIR", "compiler/kfpspec.TestHostile", "compiler/argo.TestLargeDAG", "cmd/internal/corpus.TestCorpus"}},
			{ID: "wrapped", Title: "PipelineSpec inside a PipelineVersion object or a PipelineJob",
				Fields: []string{"PipelineVersion.spec", "VersionSpec.pipelineSpec", "VersionSpec.platformSpec", "VersionSpec.displayName", "VersionSpec.description", "PipelineJob.pipelineSpec", "PipelineJob.displayName", "PipelineJob.runtimeConfig",
					"RuntimeConfig.gcsOutputDirectory", "RuntimeConfig.pipelineRoot", "RuntimeConfig.parameterValues", "RuntimeConfig.parameters"},
				Argo: "as the PipelineSpec by itself; the job's values are defaults of the run's parameters", Tests: []string{"compiler/kfpspec.TestIR"}},
			{ID: "job-labels", Title: "Labels of a PipelineJob", Fields: []string{"PipelineJob.labels"}, Argo: "nothing", Differs: "they are left out", Codes: codes("K212"), Tests: []string{"compiler/kfpspec.TestIR"}},
			{ID: "platform-document", Title: "PlatformSpec, the second document",
				Fields:  []string{"PlatformSpec.platforms", "Platforms.kubernetes", "SinglePlatformSpec.deploymentSpec", "PlatformDeployment.executors", "SinglePlatformSpec.pipelineConfig"},
				Argo:    "settings of the templates and of the Workflow",
				Differs: "platforms other than `kubernetes` are a diagnostic", Codes: codes("K202"), Tests: []string{"compiler/kfpspec.TestIR/platform", "compiler/argo.TestPlatform"}},
			{ID: "platform-unused", Title: "Parts of a PlatformSpec that say nothing to Kubernetes",
				Fields: []string{"SinglePlatformSpec.config", "SinglePlatformSpec.platform", "SinglePlatformSpec.version"},
				Argo:   "nothing, as in KFP", Codes: codes("K212"), Tests: []string{"compiler/kfpspec.TestBad/platform"}},
			{ID: "embedded-platform", Title: "Platform settings that a component brings along",
				Fields: []string{"ComponentSpec.singlePlatformSpecs"},
				Argo:   "as those of the second document, which wins field by field", Tests: []string{"compiler/kfpspec.TestIR/taskconfig", "compiler/argo.TestPlatform"}},
			{ID: "pipeline-name", Title: "Name of the pipeline", Fields: []string{"PipelineInfo.name", "PipelineSpec.pipelineInfo"}, DSL: "`pipeline:`",
				Argo: "`generateName`, and the label `kfp-go/pipeline`", Codes: codes("C460"), Tests: []string{"compiler/argo.TestGoldens", "compiler/argo.TestNames"},
				find: pipeline(func(p *ir.Pipeline) source.Span { return p.Name.At })},
			{ID: "display-name", Title: "Display name and description", Fields: []string{"PipelineInfo.displayName", "PipelineInfo.description"}, DSL: "`display-name:`, `description:`",
				Argo: "the description is an annotation of the Workflow; the display name is kept in the representation", Differs: "Argo's user interface shows the Workflow's name, not the display name",
				Tests: []string{"compiler/kfpspec.TestIR", "compiler/argo.TestGoldens"}},
			{ID: "task-display-name", Title: "A task's display name that is not its key", Fields: []string{"Task.taskInfo", "TaskInfo.name"}, DSL: "`display-name:`",
				Argo: "kept in the representation; nodes are named after the key, by which tasks are referred to", Differs: "Argo's user interface shows the key",
				Tests: []string{"compiler/kfpspec.TestIR", "corpus:two_step_pipeline.yaml"},
				find:  tasks(func(t *ir.Task) bool { return t.DisplayName != "" && t.DisplayName != t.Name.Text })},
			{ID: "pipeline-root", Title: "Pipeline root", Fields: []string{"PipelineSpec.defaultPipelineRoot"}, DSL: "`artifact-root:`",
				Argo:    "the artifacts' keys and URIs lie below it; in a configured store they go there",
				Differs: "KFP's open-source backend does not read it; a root that is no URI is left aside with a warning", Codes: codes("A621", "A622"),
				Tests: []string{"compiler/argo.TestStoresOfOutputs", "compiler/store.TestRoot", "corpus:take_nap_pipeline_root_compiled.yaml"},
				find:  pipeline(func(p *ir.Pipeline) source.Span { return when(p.ArtifactRoot != "", p.RootAt) })},
			{ID: "run-parameters", Title: "Parameters of a run", DSL: "`inputs:`",
				Argo: "arguments of the Workflow; the entry template reads each by its type, once", Differs: "strings that hold KFP's macros of recurring runs, `[[ScheduledTime]]`, arrive as they are: a warning",
				Codes: codes("A635", "R701", "R704", "R706"), Tests: []string{"compiler.TestArguments", "cmd/internal/e2e.TestE2EContract"},
				find: func(f *finder) { ports(f, f.p.Root.Inputs, func(p *ir.Port) bool { return !p.Type.IsArtifact() }) }},
			{ID: "run-artifacts", Title: "Artifacts as inputs of a run", DSL: "`inputs:` of an artifact type",
				Argo: "the run's argument is a URI, or a struct with `uri` and `metadata`; read from the store that it lies in", Differs: "KFP's open-source backend cannot be given one",
				Codes: codes("A619", "A620"), Tests: []string{"cmd/internal/e2e.TestE2EGivenArtifacts", "compiler/argo.TestStoresOfRunTimeURIs"},
				find: func(f *finder) { ports(f, f.p.Root.Inputs, func(p *ir.Port) bool { return p.Type.IsArtifact() }) }},
			{ID: "run-outputs", Title: "Outputs of the pipeline", DSL: "`outputs:`", Argo: "outputs of the entry template, which the record keeps",
				Tests: []string{"compiler/argo.TestCluster/loops", "cmd/internal/e2e.TestE2EContract"},
				find:  func(f *finder) { ports(f, f.p.Root.Outputs, func(*ir.Port) bool { return true }) }},
			{ID: "component-file", Title: "Component file of KFP's first version",
				Fields: []string{"ComponentFile.name", "ComponentFile.description", "ComponentFile.inputs", "ComponentFile.outputs", "ComponentFile.implementation", "ComponentFile.metadata",
					"FileInput.name", "FileInput.type", "FileInput.description", "FileInput.default", "FileInput.optional", "FileOutput.name", "FileOutput.type", "FileOutput.description",
					"Implementation.container", "FileContainer.image", "FileContainer.command", "FileContainer.args", "FileContainer.env",
					"FileArg.inputValue", "FileArg.inputPath", "FileArg.inputUri", "FileArg.outputPath", "FileArg.outputUri", "FileArg.concat", "FileArg.if", "FileArg.executorInput", "FileIf.cond", "FileIf.then", "FileIf.else"},
				DSL: "`from:`", Argo: "a pipeline of one task, or a component of a DSL pipeline", Codes: codes("C475"),
				Tests: []string{"compiler/kfpspec.TestComponents", "compiler.TestComponentAsPipeline"}},
			{ID: "component-file-old", Title: "Parts of component files that version 2 of the SDK refuses too",
				Fields: []string{"Implementation.graph", "FileContainer.fileOutputs"}, Argo: "refused", Differs: "as the SDK of version 2", Codes: codes("K210"), Tests: []string{"compiler/kfpspec.TestBad/component-graph"}},
		}},
		{"Components", []Construct{
			{ID: "container-component", Title: "Component that is a container", Fields: []string{"ComponentSpec.executorLabel", "Executor.container"}, DSL: "`components:`",
				Argo: "a container template: one pod for each task, the image's own, without driver and launcher", Tests: []string{"cmd/internal/corpus.TestCorpus", "compiler/argo.TestGoldens", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find: components(func(c *ir.Component) bool { return c.Container() != nil })},
			{ID: "shared-component", Title: "One component used by several tasks", Fields: []string{"Task.componentRef", "ComponentRef.name"}, DSL: "`component:`",
				Argo: "one template where settings are equal", Tests: []string{"compiler/argo.TestGoldens", "compiler/kfpspec.TestIR/control"},
				find: sharedComponents},
			{ID: "sub-pipeline", Title: "Sub-pipeline", Fields: []string{"ComponentSpec.dag", "Dag.tasks"}, DSL: "`pipeline:`",
				Argo: "a DAG template; it costs no pod", Tests: []string{"compiler/argo.TestGoldens/kfp", "backend/local.TestCorpus", "corpus:pipeline_in_pipeline_loaded_from_yaml.yaml", "cmd/internal/randomtest.TestE2ERandom"},
				find: tasks(isSubPipeline)},
			{ID: "parameter-types", Title: "Typed parameters", Fields: []string{"InputParameter.parameterType", "OutputParameter.parameterType", "ComponentSpec.inputDefinitions", "ComponentSpec.outputDefinitions", "Inputs.parameters", "Outputs.parameters"},
				DSL: "`string integer number boolean list struct`", Argo: "parameters in JSON between templates, in their text form where they reach a program: whole numbers without `.0`, `true` and `false`, compact JSON with sorted keys",
				Differs: "a parameter above 128 KiB fails visibly", Codes: codes("C408", "C409", "C450"),
				Tests: []string{"compiler/argo.TestWireRoundTrip", "backend/local.TestTypedOutputs", "cmd/internal/e2e.TestE2EContract/values", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find:  func(f *finder) { inputs(func(p *ir.Port) bool { return !p.Type.IsArtifact() })(f) }},
			{ID: "parameter-types-old", Title: "Types of the format's version 2.0", Fields: []string{"InputParameter.type", "OutputParameter.type"},
				Argo: "as the newer ones", Tests: []string{"compiler/kfpspec.TestIR/leaves"}},
			{ID: "default", Title: "Default of an input", Fields: []string{"InputParameter.defaultValue"}, DSL: "`default:`",
				Argo: "taken where the input is not wired or its value is absent, at every level of DAGs", Tests: []string{"backend/local.TestOptionalInputs", "cmd/internal/e2e.TestE2EContract"},
				find: inputs(func(p *ir.Port) bool { return p.Default != nil })},
			{ID: "optional", Title: "Optional input", Fields: []string{"InputParameter.isOptional", "InputArtifact.isOptional"}, DSL: "`optional: true`",
				Argo: "absent stays absent through any depth of DAGs; the program gets no value", Differs: "KFP's open-source backend fails on null through two levels", Codes: codes("C407", "C412", "C413"),
				Tests: []string{"backend/local.TestOptionalInputs", "cmd/internal/e2e.TestE2EContract", "corpus:nested_pipeline_opt_input_child_level_compiled.yaml", "cmd/internal/e2ecorpus.TestCorpusOnCluster", "cmd/internal/randomtest.TestE2ERandom"},
				find:  inputs(func(p *ir.Port) bool { return p.Optional && p.Default == nil })},
			{ID: "literals", Title: "Allowed values", Fields: []string{"InputParameter.literals"}, DSL: "`enum:`",
				Argo: "an `enum` of the run's parameters; constants are checked here, and what only the run knows by the task's DAG before the task starts", Codes: codes("C410", "R705"),
				Tests: []string{"compiler/kfpspec.TestIR/leaves", "compiler.TestArguments"},
				find:  inputs(func(p *ir.Port) bool { return p.Limits != nil && len(p.Limits.Enum) > 0 })},
			{ID: "descriptions", Title: "Descriptions of inputs and outputs", Fields: []string{"InputParameter.description", "InputArtifact.description", "OutputParameter.description", "OutputArtifact.description"}, DSL: "`description:`",
				Argo: "kept in the representation; of a run's parameters in the manifest", Tests: []string{"compiler/kfpspec.TestIR"}},
			{ID: "artifacts", Title: "Artifacts", Fields: []string{"Inputs.artifacts", "Outputs.artifacts", "InputArtifact.artifactType", "OutputArtifact.artifactType", "ArtifactType.schemaTitle", "ArtifactType.schemaVersion", "ArtifactType.instanceSchema", "ArtifactType.schemaUri"},
				DSL:  "`Dataset`, `Model`, …",
				Argo: "Argo's artifacts: the executor uploads and downloads them; URI and metadata travel as a JSON parameter where somebody asks for them", Differs: "one that was not written is an empty folder where its path follows from its URI: a warning where the program asks what is there", Codes: codes("A633", "C408"),
				Tests: []string{"backend/local.TestArtifacts", "cmd/internal/e2e.TestE2EStores", "cmd/internal/e2e.TestE2EContract", "cmd/internal/e2e.TestE2EFlowShared", "cmd/internal/e2ecorpus.TestCorpusOnCluster", "cmd/internal/randomtest.TestE2ERandom"},
				find:  artifactPorts(func(*ir.Port) bool { return true })},
			{ID: "artifact-lists", Title: "Lists of artifacts", Fields: []string{"InputArtifact.isArtifactList", "OutputArtifact.isArtifactList"}, DSL: "`{type: list, items: Dataset}`",
				Argo: "a list of URIs and metadata as a parameter; the files come in through the folder in which all of them lie", Differs: "of a list whose artifacts lie in different folders, which only imported ones can, the URIs are passed on and no files",
				Codes: codes("A634"), Tests: []string{"backend/local.TestCollectedArtifacts", "compiler/argo.TestStoresOfLists", "corpus:artifacts_simple.yaml", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find: artifactPorts(func(p *ir.Port) bool { return p.Type.Kind == ir.List })},
			{ID: "artifact-metadata", Title: "Initial metadata of an output artifact", Fields: []string{"OutputArtifact.metadata"}, DSL: "`metadata:`",
				Argo: "part of the executor input; the program's own metadata is merged over it", Tests: []string{"backend/local.TestExecutorInput", "compiler/kfpspec.TestIR/leaves"},
				find: outputs(func(p *ir.Port) bool { return len(p.Metadata) > 0 })},
			{ID: "artifact-properties", Title: "Properties of artifacts in the format's first form", Fields: []string{"OutputArtifact.properties", "OutputArtifact.customProperties", "Importer.properties", "Importer.customProperties"},
				Argo: "nothing: version 2 of the SDK writes `metadata`", Differs: "they are left out", Codes: codes("K212"), Tests: []string{"compiler/kfpspec.TestBad/many"}},
			{ID: "task-config", Title: "Passing pod settings to the program", Fields: []string{"ComponentSpec.taskConfigPassthroughs", "TaskConfigPassthrough.field", "TaskConfigPassthrough.applyToTask"},
				Argo: "the input of type TASK_CONFIG gets the settings as a struct; without `applyToTask` the pod does not have them", Differs: "an optional input without a default inside the struct is refused: nothing can be left out of it at run time", Codes: codes("K210"),
				Tests: []string{"compiler/kfpspec.TestIR/taskconfig"}},
		}},
	}
}

// ports finds those of some ports that fit.
func ports(f *finder, some []*ir.Port, fits func(*ir.Port) bool) {
	for _, p := range some {
		if fits(p) {
			f.at(p.Name.At)
		}
	}
}

func artifactPorts(fits func(*ir.Port) bool) func(*finder) {
	return func(f *finder) {
		for _, c := range f.p.All() {
			for _, some := range [][]*ir.Port{c.Inputs, c.Outputs} {
				ports(f, some, func(p *ir.Port) bool { return p.Type.IsArtifact() && !p.Captured && fits(p) })
			}
		}
	}
}

// sharedComponents finds the tasks that use a component again.
func sharedComponents(f *finder) {
	used := map[*ir.Component]bool{}
	f.walk(func(_ *ir.Component, t *ir.Task) {
		if used[t.Component] {
			f.at(t.Name.At)
		}
		used[t.Component] = true
	})
}

// isSubPipeline tells a sub-pipeline from the groups that loops, branches and
// exit handlers are.
func isSubPipeline(t *ir.Task) bool {
	d := t.Component.DAG()
	return d != nil && t.ForEach == nil && t.When == nil && t.OnExit == nil && !d.Exclusive && !d.Inline
}
