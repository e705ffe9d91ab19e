package constructs

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

func codes(some ...diag.Code) []diag.Code { return some }

func taskRows() []Chapter {
	return []Chapter{
		{"Values of tasks", []Construct{
			{ID: "from-input", Title: "Argument from an input of the DAG", Fields: []string{"Task.inputs", "TaskInputs.parameters", "TaskInputs.artifacts", "ParameterSource.componentInputParameter", "ArtifactSource.componentInputArtifact"},
				DSL: "`${{ inputs.x }}`", Argo: "`{{inputs.parameters.x}}` in the DAG template", Tests: []string{"backend/local.TestValuesFlow", "cmd/internal/e2e.TestE2EContract", "cmd/internal/randomtest.TestE2ERandom"},
				find: arguments(func(_ *ir.Component, _ *ir.Task, b *ir.Binding) bool { _, ok := b.Value.(*ir.InputRef); return ok })},
			{ID: "from-task", Title: "Argument from a task's output", Fields: []string{"ParameterSource.taskOutputParameter", "ArtifactSource.taskOutputArtifact", "TaskOutput.producerTask", "TaskOutput.outputParameterKey", "TaskOutput.outputArtifactKey"},
				DSL: "`${{ tasks.t.outputs.x }}`", Argo: "`{{tasks.t.outputs.parameters.x}}`, and the order that follows from it", Codes: codes("C403", "C404"), Tests: []string{"backend/local.TestValuesFlow", "cmd/internal/e2ecorpus.TestCorpusOnCluster", "cmd/internal/randomtest.TestE2ERandom"},
				find: arguments(func(owner *ir.Component, _ *ir.Task, b *ir.Binding) bool {
					ref, ok := b.Value.(*ir.OutputRef)
					return ok && !looped(owner.DAG(), ref.Task)
				})},
			{ID: "constant", Title: "Constant", Fields: []string{"ParameterSource.runtimeValue", "RuntimeValue.constant"}, DSL: "a literal", Argo: "a literal argument in a form that no substitution touches",
				Codes: codes("C409"), Tests: []string{"compiler/argo.TestWireRoundTrip", "cmd/internal/e2e.TestE2EText", "cmd/internal/randomtest.TestE2ERandom"},
				find: arguments(func(_ *ir.Component, _ *ir.Task, b *ir.Binding) bool { _, ok := b.Value.(*ir.Literal); return ok })},
			{ID: "constant-old", Title: "Constants and parameters of the format's version 2.0", Fields: []string{"RuntimeValue.constantValue", "ConstantValue.intValue", "ConstantValue.doubleValue", "ConstantValue.stringValue", "Uri.constantValue", "RuntimeValue.runtimeParameter"},
				Argo: "as the newer form; `runtimeParameter` is the pipeline's parameter", Differs: "KFP's open-source backend does not implement `runtimeParameter`", Tests: []string{"compiler/kfpspec.TestIR/leaves"}},
			{ID: "constant-references", Title: "References inside constants, also deep in lists and structs", DSL: "text around `${{ … }}`",
				Argo: "values, put together by structure from the task's own inputs", Differs: "KFP's open-source backend splices text: quotes and newlines break its JSON, and in DAGs, conditions and loops the reference stays literal",
				Codes: codes("K211"), Tests: []string{"cmd/internal/e2e.TestE2EContract/values", "compiler/kfpspec.TestIR", "corpus:pipeline_with_condition_dynamic_task_output_custom_training_job.yaml", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find: arguments(func(_ *ir.Component, _ *ir.Task, b *ir.Binding) bool {
					switch b.Value.(type) {
					case *ir.Template, *ir.ListValue, *ir.StructValue:
						return reads(b.Value)
					}
					return false
				})},
			{ID: "sub-key", Title: "One key of a value", Fields: []string{"ParameterSource.parameterExpressionSelector"}, DSL: "`${{ inputs.x.key }}`",
				Argo: "an expression over the JSON; text that holds JSON is read first", Differs: "`parseJson(string_value)[\"KEY\"]` is the form that the SDK writes, and the only one", Codes: codes("E322"),
				Tests: []string{"compiler/kfpspec.TestIR/control", "cmd/internal/e2e.TestE2EContract/loops", "corpus:pipeline_with_parallelfor_parallelism.yaml", "cmd/internal/e2ecorpus.TestCorpusOnCluster", "cmd/internal/randomtest.TestE2ERandom"},
				find:  values(func(v ir.Value) bool { _, ok := v.(*ir.Select); return ok })},
			{ID: "extra-inputs", Title: "Inputs that the component does not declare", Argo: "carried to what refers to them: constants, resources, platform settings; in ExecutorInput, where the program gets it", Differs: "one that turns out absent is left out; KFP's open-source driver fails the task",
				Tests: []string{"compiler/kfpspec.TestIR", "cmd/internal/e2e.TestE2EContract/undeclared", "corpus:pipeline_with_string_machine_fields_task_output.yaml"},
				find: arguments(func(_ *ir.Component, t *ir.Task, b *ir.Binding) bool {
					p := t.Component.Input(b.Name.Text)
					return p == nil || p.Captured
				})},
			{ID: "final-status", Title: "Final status of a task", Fields: []string{"ParameterSource.taskFinalStatus", "FinalStatus.producerTask"}, DSL: "`${{ status }}`",
				Argo: "a struct made of the node's status", Differs: "`state` is SUCCEEDED or FAILED, as documented (the open-source backend says COMPLETE, and so does `--final-state kfp`); `error` is empty, as there",
				Tests: []string{"backend/local.TestFinally", "cmd/internal/e2e.TestE2EFinallyDoesNotMask", "corpus:pipeline_with_input_status_state.yaml", "cmd/internal/e2e.TestE2EFlow/exits", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find:  values(func(v ir.Value) bool { _, ok := v.(*ir.StatusRef); return ok })},
			{ID: "run-facts", Title: "Facts about the run and the task (job and task placeholders)", DSL: "`${{ run.name }}`, `${{ run.id }}`",
				Argo: "Argo's variables: the Workflow's name, uid, creation and scheduled time, the task's key", Differs: "the task's id is its own, in each iteration another, not its DAG's; in outputs of DAGs Argo does not know them", Codes: codes("A600"),
				Tests: []string{"backend/local.TestRunFacts", "cmd/internal/e2e.TestE2EContract/values", "corpus:pipeline_with_placeholders.yaml", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find:  values(func(v ir.Value) bool { r, ok := v.(*ir.RunRef); return ok && r.Field != ir.WorkspacePath })},
		}},
		{"Order, conditions, loops", []Construct{
			{ID: "after", Title: "Order without data", Fields: []string{"Task.dependentTasks"}, DSL: "`after:`", Argo: "`depends`, together with what follows from the data", Codes: codes("C403", "C420"),
				Tests: []string{"compiler/check.TestEdges", "compiler/argo.TestGoldens"},
				find:  tasks(func(t *ir.Task) bool { return len(t.After) > 0 })},
			{ID: "condition", Title: "Condition", Fields: []string{"Task.triggerPolicy", "TriggerPolicy.condition"}, DSL: "`when:`",
				Argo: "`when`, on the result of an expression with the meaning of CEL; false skips the task and what needs it", Differs: "numbers keep their kind; a missing key is an error before the run", Codes: codes("C414", "E322", "A601"),
				Tests: []string{"compiler/expr.TestCorpusConditions", "compiler/expr.TestEnginesAgree", "compiler/argo.TestCluster/branches", "backend/local.TestConditionsAndSkips", "cmd/internal/e2e.TestE2EFlow/branches", "cmd/internal/randomtest.TestE2ERandom"},
				find:  tasks(func(t *ir.Task) bool { return t.When != nil })},
			{ID: "branches", Title: "If, elif, else", DSL: "`branches:`", Argo: "a DAG whose tasks have conditions that exclude each other", Tests: []string{"compiler/argo.TestCluster/branches", "backend/local.TestBranches", "corpus:if_elif_else_complex.yaml", "cmd/internal/e2e.TestE2EFlow/branches", "cmd/internal/randomtest.TestE2ERandom"},
				find: branchGroups},
			{ID: "one-of", Title: "OneOf, of parameters", Fields: []string{"DagOutputParameter.valueFromOneof", "OneOf.parameterSelectors"}, DSL: "outputs of `branches:`",
				Argo: "an expression over which branch ran", Tests: []string{"compiler/check.TestOneOf", "cmd/internal/e2e.TestE2EContract", "corpus:if_else_with_oneof_parameters.yaml", "cmd/internal/e2e.TestE2EFlow/branches", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find: dagOutputs(func(c *ir.Component, o *ir.DAGOutput) bool { return isOneOf(o.Value) && !isArtifact(c, o) })},
			{ID: "one-of-artifacts", Title: "OneOf, of artifacts", Fields: []string{"DagOutputArtifact.artifactSelectors"}, DSL: "outputs of `branches:`",
				Argo: "the artifact of the branch that ran, by `fromExpression` and its record", Tests: []string{"compiler/argo.TestCorpus", "corpus:if_else_with_oneof_artifacts.yaml", "cmd/internal/e2e.TestE2EFlow/branches", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find: dagOutputs(func(c *ir.Component, o *ir.DAGOutput) bool { return isOneOf(o.Value) && isArtifact(c, o) })},
			{ID: "dag-outputs", Title: "Outputs of a DAG", Fields: []string{"Dag.outputs", "DagOutputs.parameters", "DagOutputs.artifacts", "DagOutputParameter.valueFromParameter", "Selector.producerSubtask", "Selector.outputParameterKey", "Selector.outputArtifactKey"},
				DSL: "`outputs:`", Argo: "outputs of the DAG template; one of a task that was skipped is absent", Codes: codes("C404"), Tests: []string{"compiler/argo.TestGoldens", "backend/local.TestAnyGraph", "cmd/internal/randomtest.TestE2ERandom"},
				find: dagOutputs(func(_ *ir.Component, o *ir.DAGOutput) bool { return !isOneOf(o.Value) })},
			{ID: "loop-constant", Title: "Loop over a constant list", Fields: []string{"Task.parameterIterator", "Iterator.itemInput", "Iterator.items", "Items.raw"}, DSL: "`for-each:`",
				Argo: "a DAG `NAME-loop` with `withParam` over the indices; each iteration takes its item by its type", Codes: codes("C415"), Tests: []string{"compiler/argo.TestCluster/loops", "backend/local.TestLoops", "cmd/internal/e2e.TestE2EFlow/loops", "cmd/internal/randomtest.TestE2ERandom"},
				find: loops(func(t *ir.Task) bool { _, ok := t.ForEach.Items.(*ir.Literal); return ok })},
			{ID: "loop-value", Title: "Loop over a value of the run", Fields: []string{"Items.inputParameter"}, DSL: "`for-each:`",
				Argo: "the same, over the indices of the value; text that holds a JSON list is read", Differs: "KFP's open-source backend fails on loops over a key of an item; keys that the SDK hands in from outside the loop are read from the item", Codes: codes("C415"),
				Tests: []string{"cmd/internal/e2e.TestE2ELoops", "cmd/internal/e2e.TestE2EContract/loops", "corpus:pipeline_with_parallelfor_pipeline_param.yaml", "cmd/internal/e2e.TestE2EFlow/loops", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find:  loops(func(t *ir.Task) bool { return computed(t.ForEach.Items) && !artifactLoop(t) })},
			{ID: "loop-artifacts", Title: "Loop over artifacts", Fields: []string{"Task.artifactIterator", "Items.inputArtifact"}, DSL: "`for-each:` over a list of artifacts",
				Argo: "the same, over the list of URIs and metadata", Differs: "KFP's open-source backend does not implement it",
				Tests: []string{"backend/local.TestCollectedArtifacts", "cmd/internal/e2e.TestE2EContract", "corpus:pipeline_with_parallelfor_list_artifacts_GH-12033.yaml", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find:  loops(artifactLoop)},
			{ID: "nested-loops", Title: "Loop inside a loop", Argo: "loop DAGs nest", Tests: []string{"backend/local.TestNestedLoopsAndLoopedContainers", "compiler/argo.TestCluster/loops", "cmd/internal/e2e.TestE2EFlow/loops", "cmd/internal/randomtest.TestE2ERandom"}, find: nestedLoops},
			{ID: "parallelism", Title: "Parallelism of a loop", Fields: []string{"Task.iteratorPolicy", "IteratorPolicy.parallelismLimit"}, DSL: "`parallelism:`",
				Argo: "`parallelism` of the loop's own template, which counts iterations", Codes: codes("C440"), Tests: []string{"backend/local.TestLoopParallelism", "compiler/argo.TestGoldens/loops", "corpus:pipeline_with_parallelfor_parallelism.yaml", "cmd/internal/e2e.TestE2EFlow/loops"},
				find: loops(func(t *ir.Task) bool { return t.ForEach.Parallelism > 0 })},
			{ID: "collected", Title: "Collected: outputs of a loop as a list", DSL: "`${{ tasks.loop.outputs.x }}`",
				Argo: "lists in the order of the items, of their own types; skipped iterations are left out; no iterations give `[]`", Differs: "lists of nested loops nest, as the SDK types them; the open-source backend flattens parameters",
				Tests: []string{"compiler/argo.TestCluster/loops", "backend/local.TestCollectedArtifacts", "cmd/internal/e2e.TestE2EContract/loops", "corpus:parameters_complex.yaml", "cmd/internal/e2e.TestE2EFlow/loops", "cmd/internal/randomtest.TestE2ERandom"},
				find:  collected},
			{ID: "exit-handler", Title: "Exit handler", DSL: "`finally:`", Argo: "the exit hook of the task that holds the body: it runs once, however the body ended, and never hides that it failed",
				Differs: "an exit task that fails does not fail the run; nor does it in KFP's open-source backend, which has the same hook", Codes: codes("A605"), Tests: []string{"cmd/internal/e2e.TestE2EFinallyDoesNotMask", "backend/local.TestFinally", "corpus:pipeline_with_exit_handler.yaml", "cmd/internal/e2e.TestE2EFlow/exits", "cmd/internal/randomtest.TestE2ERandom", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find: func(f *finder) {
					f.walk(func(_ *ir.Component, t *ir.Task) {
						if t.OnExit != nil {
							f.at(t.OnExit.Name.At)
						}
					})
				}},
			{ID: "ignore-upstream-failure", Title: "Ignoring that upstream tasks failed", Fields: []string{"TriggerPolicy.strategy"}, DSL: "`trigger: completed`",
				Argo: "`depends` on every end of the upstream tasks; their outputs are then optional", Differs: "it runs once, however many upstream tasks there are; an absent value takes the input's default", Codes: codes("A606"),
				Tests: []string{"compiler/argo.TestCluster/failures", "compiler/argo.TestToleranceInLargeDAG", "cmd/internal/e2e.TestE2EFailures", "corpus:pipeline_with_task_using_ignore_upstream_failure.yaml", "cmd/internal/e2e.TestE2EFlow/ignore", "cmd/internal/randomtest.TestE2ERandom", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find:  tasks(func(t *ir.Task) bool { return t.Trigger == ir.Completed })},
			{ID: "failure", Title: "Failure of a task", Argo: "what needs it is omitted and the run fails; `failFast: false`", Differs: "tasks that do not depend on the failed one still run, here and in the cluster",
				Tests: []string{"backend/local.TestFailureStopsOnlyWhatNeedsIt", "cmd/internal/e2e.TestE2EFailures", "cmd/internal/randomtest.TestE2ERandom"}, find: func(*finder) {}},
			{ID: "retry", Title: "Retries, of a task or inherited from a sub-pipeline", Fields: []string{"Task.retryPolicy", "RetryPolicy.maxRetryCount", "RetryPolicy.backoffDuration", "RetryPolicy.backoffFactor", "RetryPolicy.backoffMaxDuration"}, DSL: "`retry:`",
				Argo: "`retryStrategy` of the pod; `backoffMaxDuration` is the longest single delay", Differs: "Argo multiplies by whole numbers: a fractional factor is rounded", Codes: codes("A610", "C449"),
				Tests: []string{"compiler/argo.TestRetry", "cmd/internal/e2e.TestE2ERetry", "backend/local.TestRetries", "backend/local.TestBackoff", "cmd/internal/e2e.TestE2EFlow/retry", "cmd/internal/e2ecorpus.TestCorpusOnCluster"},
				find:  settings(func(s *ir.Settings) bool { return s.Retry != nil })},
			{ID: "caching", Title: "Caching", Fields: []string{"Task.cachingOptions", "CachingOptions.enableCache", "CachingOptions.cacheKey"}, DSL: "`cache:`",
				Argo: "with `--cache`, or where the DSL asks for it: `memoize` with a key of image, command, arguments, environment and inputs", Differs: "off unless asked for: a stock controller may not write its cache",
				Tests: []string{"compiler/argo.TestGoldens/cache", "backend/local.TestCache", "cmd/internal/e2e.TestE2EContract", "cmd/internal/e2e.TestE2EFlowCache", "cmd/internal/e2e.TestE2EFlowCacheForbidden"},
				find:  settings(func(s *ir.Settings) bool { return s.Cache != nil })},
		}},
	}
}

func isOneOf(v ir.Value) bool { _, ok := v.(*ir.OneOf); return ok }

func isArtifact(c *ir.Component, o *ir.DAGOutput) bool {
	port := c.Output(o.Name.Text)
	return port != nil && port.Type.IsArtifact()
}

// loops finds the tasks that are loops and fit.
func loops(fits func(*ir.Task) bool) func(*finder) {
	return tasks(func(t *ir.Task) bool { return t.ForEach != nil && fits(t) })
}

func artifactLoop(t *ir.Task) bool {
	item := t.Component.Input(t.ForEach.Item.Text)
	return item != nil && item.Type.IsArtifact()
}

func nestedLoops(f *finder) {
	inLoop := map[*ir.Component]bool{}
	var mark func(c *ir.Component)
	mark = func(c *ir.Component) {
		if c == nil || inLoop[c] || c.DAG() == nil {
			return
		}
		inLoop[c] = true
		c.DAG().EachTask(func(t *ir.Task) { mark(t.Component) })
	}
	f.walk(func(_ *ir.Component, t *ir.Task) {
		if t.ForEach != nil {
			mark(t.Component)
		}
	})
	f.walk(func(owner *ir.Component, t *ir.Task) {
		if t.ForEach != nil && inLoop[owner] {
			f.at(t.Name.At)
		}
	})
}

// branchGroups finds the tasks that are groups of branches: of the DSL, or as
// the SDK names them.
func branchGroups(f *finder) {
	f.walk(func(_ *ir.Component, t *ir.Task) {
		d := t.Component.DAG()
		if d != nil && (d.Exclusive || strings.HasPrefix(t.Name.Text, "condition-branches-")) {
			f.at(t.Name.At)
		}
	})
}

// collected finds what reads an output of a loop.
func collected(f *finder) {
	for _, c := range f.p.All() {
		d := c.DAG()
		if d == nil {
			continue
		}
		d.EachTask(func(t *ir.Task) {
			for _, b := range t.Args {
				if collects(d, b.Value) {
					f.at(b.Name.At)
				}
			}
		})
		for _, o := range d.Outputs {
			if collects(d, o.Value) {
				f.at(o.Name.At)
			}
		}
	}
}

func when(ok bool, at source.Span) source.Span {
	if ok {
		return at
	}
	return source.Span{}
}
