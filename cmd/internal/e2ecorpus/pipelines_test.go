package e2ecorpus

import (
	"path/filepath"
	"strings"
	"testing"
)

// A place is where a pipeline runs.
type place int

const (
	onMachine place = iota
	onCluster
)

// A pipeline is one file of the corpus, or one way to run it, with what must
// come out, derived by hand from its source.
type pipeline struct {
	file string
	with string         // tells ways to run one file apart
	args map[string]any // of the run; "TMP" at the beginning of a text is a folder of the test
	// The end of the run, "": succeeded. machine and cluster where they differ.
	state, machine, cluster string

	values   map[string]any    // "PATH.OUTPUT", or ".OUTPUT" of the run, to its value or a pattern
	texts    map[string]any    // the same to what the artifact holds
	metadata map[string]any    // the same to the artifact's metadata
	states   map[string]string // of tasks, where it is not succeeded or skipped
	says     []string          // what the log must hold
	order    [][2]string       // paths: all of the first before any of the second
	check    func(*testing.T, run)

	differ []string // "PATH.OUTPUT" of what is not the same here and there

	random bool // values differ from run to run: only what must always hold is compared
	// Why the oracle's opinion does not count, "": it does, where it has one.
	oracle string
	// Why it does not run there, "": it does.
	notHere, notThere string
	claims            []string // volume claims that must exist
}

// path is where the file lies.
func (c *pipeline) path(corpus string) string {
	for _, o := range own {
		if o == c {
			return filepath.Join("testdata", "own", c.file)
		}
	}
	return filepath.Join(corpus, c.file)
}

// all are the pipelines of the corpus and our own.
func all() []*pipeline { return append(append([]*pipeline(nil), table...), own...) }

// name tells the pipeline from others of its table.
func (c *pipeline) name() string {
	if c.with == "" {
		return c.file
	}
	return c.file + " " + c.with
}

// key tells it from all others, ours and the corpus's.
func (c *pipeline) key() string {
	if strings.HasPrefix(c.path(""), "testdata") {
		return "own/" + c.name()
	}
	return c.name()
}

// end is the state that the run must end in.
func (c *pipeline) end(p place) string {
	switch {
	case p == onMachine && c.machine != "":
		return c.machine
	case p == onCluster && c.cluster != "":
		return c.cluster
	case c.state != "":
		return c.state
	}
	return "succeeded"
}

// arguments are the arguments of a run, with a fresh folder where they ask for
// one.
func (c *pipeline) arguments(t *testing.T) map[string]any {
	t.Helper()
	out := map[string]any{}
	for name, v := range c.args {
		if text, ok := v.(string); ok && strings.HasPrefix(text, "TMP/") {
			v = filepath.Join(t.TempDir(), text[len("TMP/"):])
		}
		out[name] = v
	}
	return out
}

// A secret is what KFP's tests expect to find in the cluster.
type secret struct{ name, key, value string }

var secrets = []secret{
	{"test-secret-1", "username", "user1"},
	{"test-secret-2", "password", "psw1"},
	{"test-secret-3", "password", "psw2"},
}

// Reasons that several pipelines share.
const (
	foreignImage  = "its image is not on the cluster"
	noProgram     = "its image does not hold my_program"
	needsPackages = "its packages come from the network: "
	needsBucket   = "it reads from gs://"
	volumeHere    = "it uses a volume at a fixed path"
)

// biting is text that every layer between the author and the program would like
// to change.
const biting = `{{workflow.name}} {{=1+1}} $(HOME) $$ ${{ x }} "q" 'q' \n é`

// table is every file of the corpus, by name.
var table = []*pipeline{
	{file: "arguments_parameters.yaml", args: map[string]any{"param2": biting}, says: []string{"hello-" + biting}},
	{file: "artifacts_complex.yaml", oracle: "it fails on lists of artifacts from nested loops",
		texts: map[string]any{".datasets": []any{"2", "4", "6"}, ".sum": "42", "add-two-lists-of-datasets/add.out_dataset": "12",
			"add-two-lists-of-datasets/add-2.out_dataset": "30", "for-loop-2[2]/for-loop-4[1]/condition-5/double-2.out_dataset": "4"}},
	{file: "artifacts_complex.yaml", with: "threshold=4", args: map[string]any{"threshold": 4}, oracle: "as above", notThere: "the same pipeline runs with another threshold",
		state: "failed", states: map[string]string{"add-two-lists-of-datasets/add-2": "failed"},
		texts: map[string]any{"add-two-lists-of-datasets/add.out_dataset": "12"}},
	{file: "artifacts_simple.yaml", texts: map[string]any{".Output": []any{"2", "4", "6"}, "add.out_dataset": "12", "add-container.out_dataset": "12"}},
	{file: "component_with_task_final_status_GH-12033.yaml", state: "failed", states: map[string]string{"exit-comp": "failed"}},
	{file: "components_with_optional_artifacts.yaml", says: []string{"No artifact provided!"}, notThere: needsBucket},
	{file: "conditional_producer_and_consumers.yaml", oracle: "it fails on a loop with a condition in it",
		values: map[string]any{".Output": 10, "condition-4/add.Output": 10, "for-loop-2[1]/condition-3/double.Output": 4}},
	{file: "conditional_producer_and_consumers.yaml", with: "threshold=3", args: map[string]any{"threshold": 3}, oracle: "as above",
		values: map[string]any{"for-loop-2[2]/condition-3/double.Output": 6},
		check: func(t *testing.T, r run) {
			if v, ok := r.Outputs["Output"]; ok && v != nil {
				t.Errorf("output of a branch that was not taken: %v", v)
			}
		}},
	{file: "container_io.yaml", args: map[string]any{"text": biting}, values: map[string]any{".output_path": "<" + biting + ">"}, notThere: noProgram},
	{file: "container_with_artifact_output.yaml", notHere: "its image holds run.sh", notThere: foreignImage},
	{file: "container_with_concat_placeholder.yaml", args: map[string]any{"text1": "one"}, values: map[string]any{".output_path": like(`^<prefix-one[^<>]*/text2>$`)}, notThere: noProgram},
	{file: "container_with_if_placeholder.yaml", values: map[string]any{".output_path": like(`^<default><--dataset><[^<>]*/dataset>$`)}, notThere: noProgram},
	{file: "container_with_placeholder_in_fstring.yaml", says: []string{"<prefix-text!><"}, notThere: noProgram},
	{file: "containerized_python_component.yaml", notHere: "its image holds the component", notThere: foreignImage},
	{file: "create_pod_metadata_complex.yaml", state: "failed", states: map[string]string{"validate-no-pod-metadata": "failed"},
		values: map[string]any{"validate-pod-metadata.Output": true, "validate-pod-metadata-2.Output": true}, oracle: "it stops at the first failure"},
	{file: "critical/add_numbers.yaml", args: map[string]any{"a": 5, "b": 5}, values: map[string]any{".Output": 10}},
	{file: "critical/artifact_cache.yaml", texts: map[string]any{"mantle/core/core-comp.dataset": "foo"}, says: []string{"input:  foo"}},
	{file: "critical/collected_parameters.yaml", says: []string{"Consuming: model_id_s1", "Consuming: model_id_s3"},
		values: map[string]any{"collecting-parameters/split-ids.Output": []any{"s1", "s2", "s3"}, "collecting-parameters/for-loop-1[1]/prepend-id.Output": "model_id_s2"}},
	{file: "critical/component_with_optional_inputs.yaml", says: []string{"input1: Hello, type: <class 'str'>", "input2: World, type: <class 'str'>", "input3: None, type: <class 'NoneType'>"}},
	{file: "critical/container_component_with_no_inputs.yaml", says: []string{"hello world"}},
	{file: "critical/flip_coin.yaml", random: true, check: oneMessage},
	{file: "critical/if_else_with_oneof_artifacts.yaml", says: []string{"heads"},
		texts: map[string]any{"flip-coin-pipeline/condition-branches-1/condition-2/param-to-artifact.a": "heads"}},
	{file: "critical/missing_kubernetes_optional_inputs.yaml", says: []string{"baseline task"}},
	{file: "critical/mixed_parameters.yaml", values: map[string]any{"mantle/core/core-comp.Output": 1}, says: []string{"sum : 3"}},
	{file: "critical/multiple_parameters_namedtuple.yaml", values: map[string]any{"mantle/core/core-comp.val1": "foo", "mantle/core/core-comp.val2": "bar"},
		says: []string{"val1:  foo", "val2:  bar"}},
	{file: "critical/parallel_for_after_dependency.yaml", order: [][2]string{{"for-loop-2", "print-op-2"}, {"for-loop-2", "print-op-3"}},
		values: map[string]any{"for-loop-2[0]/print-op.Output": "foo", "for-loop-2[2]/print-op.Output": "foo", "print-op-2.Output": "bar", "print-op-3.Output": "baz"}},
	{file: "critical/parameter_cache.yaml", values: map[string]any{"mantle/core/core-comp.Output": "foo"}, says: []string{"input : foo"}},
	{file: "critical/pipeline_with_artifact_custom_path.yaml", values: map[string]any{"validate-input-artifact.Output": true},
		texts: map[string]any{"component-output-artifact.out_dataset": "Hello, World!"}, oracle: "it does not honour custom paths",
		notThere: "the SDK 2.14.6 that it asks for does not know set_path yet"},
	{file: "critical/pipeline_with_artifact_upload_download.yaml", notHere: needsPackages + "datasets", notThere: needsPackages + "datasets"},
	{file: "critical/pipeline_with_env.yaml", says: []string{"val0", "val2", "val3", "ENV1 val1", "ENV2 None"}},
	{file: "critical/pipeline_with_input_status_state.yaml", states: map[string]string{"echo-state": "failed"},
		oracle: "the exit task wants the word COMPLETE of KFP's own back end; here and in the SDK it is SUCCEEDED, and a failed exit task does not change the run's state"},
	{file: "critical/pipeline_with_placeholders.yaml", says: []string{"print-all-placeholders", "pipeline-with-placeholders-"}},
	{file: "critical/pipeline_with_pod_metadata.yaml", oracle: "it knows no pods", values: map[string]any{"validate-no-pod-metadata.Output": true, "validate-pod-metadata-task-a.Output": true,
		"validate-pod-metadata-task-b.Output": true, "validate-pod-metadata-task-c.Output": true, "validate-pod-metadata-task-d.Output": true}},
	{file: "critical/pipeline_with_secret_as_env.yaml", oracle: "it knows no secrets", values: map[string]any{"generate-secret-name.some_output": "test-secret-3"},
		order: [][2]string{{"generate-secret-name", "comp"}}},
	{file: "critical/pipeline_with_submit_request.yaml"},
	{file: "critical/pipeline_with_volume_long_name.yaml", says: []string{"hello"}, differ: []string{"createpvc.name"}},
	{file: "critical/pipeline_with_workspace.yaml", oracle: "it gives each task another workspace", differ: []string{"write-to-workspace.Output"}, values: map[string]any{".Output": "Hello from workspace!", "write-to-workspace.Output": like("/data/test_file.txt$")}},
	{file: "critical/producer_consumer_param_pipeline.yaml", values: map[string]any{"producer.output_value": "Hello world, this is an output parameter\n"},
		says: []string{"Hello world, this is an output parameter"}},
	{file: "critical/producer_consumer_param_pipeline.yaml", with: "text=…", args: map[string]any{"text": biting}, values: map[string]any{"producer.output_value": like(`^\{\{workflow.name\}\} \{\{=1\+1\}\} \$\(HOME\) \$\$ \$\{\{ x \}\} "q" 'q' `)}},
	{file: "cross_loop_after_topology.yaml", says: []string{"one", "eight"}, order: [][2]string{{"for-loop-2", "for-loop-4"}, {"for-loop-10", "print-op-6"},
		{"for-loop-6[0]/print-op-3", "for-loop-6[0]/for-loop-8"}, {"for-loop-12[1]/for-loop-14", "for-loop-12[1]/print-op-8"}}},
	{file: "env-var.yaml", args: map[string]any{"env_var": "PATH"}, values: map[string]any{".Output": like("/bin")}, random: true},
	{file: "essential/component_with_env_variable.yaml", values: map[string]any{".Output": "env_var_value"}},
	{file: "essential/component_with_pip_install_in_venv.yaml", notHere: needsPackages + "yapf", notThere: needsPackages + "yapf"},
	{file: "essential/container_no_input.yaml", says: []string{"hello world"}},
	{file: "essential/dict_input.yaml", args: map[string]any{"struct": map[string]any{"b": []any{1, 2.5, nil, "{{x}}"}, "a": true}}, says: []string{"{'a': True, 'b': [1, 2.5, None, '{{x}}']}"}},
	{file: "essential/pipeline_with_after.yaml", says: []string{"1st task", "2nd task", "3rd task"}, order: [][2]string{{"print-text", "print-text-2"}, {"print-text-2", "print-text-3"}}},
	{file: "essential/pipeline_with_condition.yaml", random: true, check: func(t *testing.T, r run) {
		flip, _ := r.lookup("flip-coin-op.Output")
		if said := strings.Contains(r.log, "condition test"); said != (flip == "heads") {
			t.Errorf("the coin shows %v, and the branch ran: %v", flip, said)
		}
	}},
	{file: "essential/pipeline_with_metrics_outputs.yaml", random: true, metadata: map[string]any{"output-metrics.metrics": like(`^\{"accuracy":\d+\}$`), "for-loop-2[0]/output-metrics-2.metrics": like(`^\{"accuracy":\d+\}$`), "for-loop-2[1]/output-metrics-2.metrics": like(`^\{"accuracy":\d+\}$`)}},
	{file: "essential/pipeline_with_reused_component.yaml", values: map[string]any{"add-numbers.Output": 5, "add-numbers-2.Output": 10, "add-numbers-3.Output": 17}},
	{file: "essential/placeholder_with_if_placeholder_none_input_value.yaml", says: []string{"--arg0 input0 --arg2 default value"}},
	{file: "failing/fail_v2.yaml", state: "failed", states: map[string]string{"fail": "failed"}},
	{file: "failing/pipeline_with_exit_handler.yaml", state: "failed", says: []string{"Exit handler has worked!", "Hello World!"},
		states: map[string]string{"print-op": "succeeded", "exit-handler-1/fail-op": "failed", "exit-handler-1/print-op-2": "succeeded"}},
	{file: "gpu-scheduling/nvidia_gpu_scheduling_check.yaml", says: []string{"GPU scheduling check: PASS"}},
	{file: "hello_world.yaml", says: []string{"hello world"}},
	{file: "identity.yaml", args: map[string]any{"value": biting}, values: map[string]any{".Output": biting}},
	{file: "if_elif_else_complex.yaml", random: true, says: []string{"Adding drumroll on last trial!"}, values: map[string]any{"for-loop-1[2]/int-0-to-9999.Output": like(`^\d+$`)}},
	{file: "if_else_with_oneof_parameters.yaml", random: true, values: map[string]any{".Output": like("^Got (heads|tails)!$")}, check: func(t *testing.T, r run) {
		printed, _ := r.lookup("print-and-return-3.Output")
		if flip, _ := r.lookup("flip-coin.Output"); printed != r.Outputs["Output"] || printed != any("Got "+toText(flip)+"!") {
			t.Errorf("the coin shows %v, printed was %v, the output is %v", flip, printed, r.Outputs["Output"])
		}
	}},
	{file: "local_execution/local_execution_pipeline_with_exit_handler.yaml", values: map[string]any{"record-exit.Output": "exit:SUCCEEDED", "exit-handler-1/echo.Output": "hello"}},
	{file: "local_execution/local_execution_pipeline_with_ignore_upstream_failure.yaml", args: map[string]any{"marker_path": "/tmp/kfp-go-corpus-marker"}, state: "failed",
		states: map[string]string{"fail-always": "failed", "write-marker": "succeeded"}, values: map[string]any{"write-marker.Output": "cleanup_ran"}},
	{file: "local_execution/local_execution_pipeline_with_k8s_only_methods.yaml", values: map[string]any{".Output": "hello"}},
	{file: "local_execution/local_execution_pipeline_with_oneof.yaml", values: map[string]any{".Output": "selected:A"}},
	{file: "local_execution/local_execution_pipeline_with_oneof.yaml", with: "pick_a=false", args: map[string]any{"pick_a": false}, values: map[string]any{".Output": "selected:B"}},
	{file: "local_execution/local_execution_pipeline_with_retry.yaml", args: map[string]any{"counter_path": "TMP/count"}, values: map[string]any{".Output": "attempt=2"},
		notThere: "its attempts count in a file that must outlive their pods"},
	{file: "local_execution/local_execution_pipeline_with_retry.yaml", with: "in fresh containers", args: map[string]any{"counter_path": "count"}, state: "failed", oracle: "its attempts share a folder",
		states: map[string]string{"flaky": "failed"}, check: func(t *testing.T, r run) {
			if r.Tasks[0].Attempt != 4 {
				t.Errorf("%d attempts, want 4", r.Tasks[0].Attempt)
			}
		}},
	{file: "local_execution/pipeline_with_caching.yaml", args: map[string]any{"x": 41}, values: map[string]any{".Output": 42}},
	{file: "long-running.yaml", notHere: "it sleeps for ten minutes", notThere: "it sleeps for ten minutes"},
	{file: "metrics_visualization_v2.yaml", notHere: needsPackages + "scikit-learn", notThere: needsPackages + "scikit-learn"},
	{file: "mounted_cabundle_secret.yaml", says: []string{"hello world"}},
	{file: "nested_return.yaml", values: map[string]any{".Output": []any{map[string]any{"A_a": "1", "B_b": "2"}, map[string]any{"A_a": "10", "B_b": "20"}}}},
	{file: "nested_with_parameters.yaml", oracle: "it flattens nested lists, and then a task fails",
		values: map[string]any{".Output": []any{[]any{4, 6, 8}, []any{6, 8, 10}, []any{8, 10, 12}}, "add.Output": 72, "for-loop-2[1]/for-loop-4[2]/add-two-nums.Output": 10}},
	{file: "notebook_component_mixed.yaml", notHere: needsPackages + "nbclient", notThere: needsPackages + "nbclient"},
	{file: "output_metrics.yaml", random: true, metadata: map[string]any{".metrics": like(`^\{"accuracy":\d+\}$`)}},
	{file: "parallel_and_nested/nested_parallel_for_secret.yaml", oracle: "it knows no secrets",
		values: map[string]any{"for-loop-2[0]/worker-component.Output": "user1", "for-loop-2[1]/worker-component.Output": "user1"},
		says:   []string{"Item: x, Secret set: True", "Item: y, Secret set: True"}},
	{file: "parallel_and_nested/nested_pipeline_opt_input_child_level_compiled.yaml"},
	{file: "parallel_and_nested/pipeline_in_pipeline_loaded_from_yaml.yaml", says: []string{"Hello", "world"},
		values: map[string]any{"pipeline-in-pipeline/print-op1.Output": "Hello", "pipeline-in-pipeline/inner-pipeline/print-op1.Output": "world"},
		texts:  map[string]any{"pipeline-in-pipeline/inner-pipeline/print-op2.data": "world\n"}},
	{file: "parameters_complex.yaml", oracle: "it flattens nested lists, and then a task fails",
		values: map[string]any{".Output": 306, "nested-add.Output": 90, "for-loop-2[0]/simple-add.Output": 30, "for-loop-6[2]/nested-add-2.Output": 90, "for-loop-6[2]/simple-add-2.Output": 12}},
	{file: "pipeline_as_exit_task.yaml", state: "failed", says: []string{"notify task failure.", "Hello World!"},
		states: map[string]string{"exit-handler-1/fail-op": "failed", "conditional-notification/condition-1/print-op": "succeeded", "exit-handler-1/print-op": "succeeded"},
		values: map[string]any{"conditional-notification/get-run-state.Output": "FAILED"}},
	{file: "pipeline_with_concat_placeholder.yaml"},
	{file: "pipeline_with_condition_dynamic_task_output_custom_training_job.yaml", notHere: "it starts a job of Google Cloud", notThere: foreignImage},
	{file: "pipeline_with_dynamic_importer_metadata.yaml", values: map[string]any{"make-name.Output": "a-different-name"}},
	{file: "pipeline_with_google_artifact_type.yaml", notHere: needsPackages + "aiplatform", notThere: needsPackages + "aiplatform"},
	{file: "pipeline_with_importer.json", notHere: needsBucket, notThere: needsBucket},
	{file: "pipeline_with_only_display_name.yaml", says: []string{"hello world"}},
	{file: "pipeline_with_parallelfor_list_artifacts_GH-12033.yaml", oracle: "it leaves artifacts without names, where KFP names them after their output",
		texts:    map[string]any{"make-artifacts/for-loop-1[0]/make-artifact.Output": "Hello", "make-datasets/for-loop-1[3]/make-dataset.Output": "world!"},
		metadata: map[string]any{"make-artifacts/for-loop-1[0]/make-artifact.Output": map[string]any{"length": 5}, "make-datasets/for-loop-1[1]/make-dataset.Output": map[string]any{"length": 1}},
		values:   map[string]any{"for-loop-1[0]/print-artifact-name.Output": "Output", "for-loop-2[3]/print-artifact-name-2.Output": "Output"}},
	{file: "pipeline_with_parallelfor_parallelism.yaml", args: map[string]any{"loop_parameter": []any{"a", "b"}},
		values: map[string]any{"list-dict-maker-0.Output": []any{map[string]any{"a": 1, "b": 2}, map[string]any{"a": 2, "b": 3}, map[string]any{"a": 3, "b": 4}}}},
	{file: "pipeline_with_parallelfor_pipeline_param.yaml", args: map[string]any{"loop_parameter": []any{"a", "b"}, "prefix": "p"},
		values: map[string]any{"for-loop-1[1]/print-with-prefix.Output": "p: b", "for-loop-2[0]/print-with-prefix-2.Output": "dynamic-prefix: a", "for-loop-4[1]/for-loop-5[0]/print-with-prefix-3.Output": "p: a"},
		order:  [][2]string{{"for-loop-1[0]", "for-loop-1[1]"}}, oracle: "it takes the output of make-prefix for the item in for-loop-2"},
	{file: "pipeline_with_secret_as_volume.yaml", notHere: volumeHere, oracle: "it knows no secrets", says: []string{"username: user1"}},
	{file: "pipeline_with_string_machine_fields_pipeline_input.yaml", args: map[string]any{"cpu_limit": "100m", "memory_limit": "200M", "accelerator_type": "nvidia.com/gpu"}, values: map[string]any{"sum-numbers.Output": 3}},
	{file: "pipeline_with_string_machine_fields_task_output.yaml", values: map[string]any{"sum-numbers.Output": 3}, notThere: "it asks for four CPUs and a GPU that the node does not have"},
	{file: "pipeline_with_task_using_ignore_upstream_failure.yaml", state: "failed", states: map[string]string{"fail-op": "failed", "print-op": "succeeded"}, says: []string{"message"}},
	{file: "pipeline_with_various_io_types.yaml", notHere: "its image holds the program", notThere: foreignImage},
	{file: "pipeline_with_volume.yaml", notHere: volumeHere, values: map[string]any{"producer.Output": "Hello world", "consumer.Output": "Hello world"}, order: [][2]string{{"createpvc", "producer"}, {"consumer", "deletepvc"}}},
	{file: "pipeline_with_volume_no_cache.yaml", notHere: volumeHere, values: map[string]any{"producer.Output": "Hello world", "consumer.Output": "Hello world"}, order: [][2]string{{"createpvc", "producer"}, {"consumer", "deletepvc"}}},
	{file: "pvc_mount.yaml", args: map[string]any{"pvc_name": "kfp-go-corpus"}, claims: []string{"kfp-go-corpus"}, notHere: volumeHere, oracle: "it knows no volumes", values: map[string]any{"producer.Output": "hello"}, says: []string{"hello"}},
	{file: "run_as_user_cache_disabled.yaml", says: []string{"hello world"}},
	{file: "sequential_v1.yaml", args: map[string]any{"param1": "first", "param2": "second"}, says: []string{"first", "second"}},
	{file: "take_nap_pipeline_root_compiled.yaml", args: map[string]any{"naptime_secs": 1}, values: map[string]any{"take-nap.Output": "I'm awake now. Did I snore?"}, says: []string{"I'm awake now. Did I snore?"}},
	{file: "two_step_pipeline.yaml", notHere: "it uses Google Cloud Storage", notThere: foreignImage},
	{file: "upload_download_compiled.yaml", notHere: needsPackages + "minio", notThere: needsPackages + "minio"},
}

func toText(v any) string { s, _ := v.(string); return s }

// attempts: a task has three, and one of a pipeline with a retry policy two.
func attempts(t *testing.T, r run) {
	for _, x := range r.Tasks {
		want := map[string]int{"unsteady": 3, "shaky/unsteady": 2}[x.Path]
		if x.Attempt != want {
			t.Errorf("%s: %d attempts, want %d", x.Path, x.Attempt, want)
		}
	}
}

// oneMessage: whatever the coin shows, one of four messages is printed, and it
// is the right one.
func oneMessage(t *testing.T, r run) {
	flip, _ := r.lookup("flip-coin.Output")
	number, ok := r.lookup("condition-1/random-num.Output")
	least, group, low, high := 5.0, "condition-1/", "condition-3/print-msg-2", "condition-2/print-msg"
	if flip == "tails" {
		number, ok = r.lookup("condition-4/random-num-2.Output")
		least, group, low, high = 15.0, "condition-4/", "condition-6/print-msg-4", "condition-5/print-msg-3"
	}
	n, isNumber := number.(float64)
	if !ok || !isNumber {
		t.Errorf("no number behind %v: %v", flip, number)
	}
	want := group + low
	if n > least {
		want = group + high
	}
	for _, x := range r.Tasks {
		if strings.Contains(x.Path, "print-msg") && (x.State == "succeeded") != (x.Path == want) {
			t.Errorf("%v, %v: %s is %s", flip, number, x.Path, x.State)
		}
	}
	if !strings.Contains(r.log, toText(flip)+" and ") {
		t.Errorf("no message\n%s", tail(r.log))
	}
}
