package dsl

import "sync"

// A grammar holds the shapes of the whole language. It is made once and never
// changed.
type grammar struct {
	document, component, task, settings, branch *object
	inline                                      *object
}

// language is the grammar; building it costs a few microseconds, which
// programs that read no DSL do not pay.
var language = sync.OnceValue(newGrammar)

func newGrammar() *grammar {
	g := &grammar{}
	settings := settingsKeys()
	g.settings = newObject("settings", "What container tasks ask of retries, time, cache and Kubernetes.", settings...)
	g.task = &object{name: "task", doc: "One use of a component, or a group of tasks."}
	g.branch = &object{name: "branch", doc: "One alternative of a group with branches."}
	tasks := tasksShape(g.task)
	outputs := mapOf("outputs", outputShape())
	g.fill(g.task, append(taskKeys(tasks, outputs, g.branch), settings...)...)
	g.fill(g.branch, branchKeys(tasks, outputs)...)
	g.inline = newObject("inline-pipeline", "A pipeline that is used as a component; it sees only its inputs.",
		key{name: "rules", shape: choice("kfp"), doc: "kfp: conditions are judged as KFP does", fallback: "those of the document"},
		key{name: "inputs", shape: mapOf("inputs", inputShape()), doc: "its inputs", fallback: "none"},
		key{name: "tasks", shape: tasks, required: true, doc: "its tasks"},
		key{name: "finally", shape: tasks, doc: "tasks that run however the others ended", fallback: "none"},
		key{name: "outputs", shape: outputs, doc: "its outputs", fallback: "none"},
	)
	g.component = newObject("component", "What tasks use: a container, a file, a pipeline, an import or a claim.",
		append(componentKeys(g.inline), settings...)...)
	g.document = newObject("pipeline", "A pipeline file.", documentKeys(g, tasks, outputs)...)
	return g
}

func newObject(name, doc string, keys ...key) *object {
	o := &object{name: name, doc: doc}
	(*grammar)(nil).fill(o, keys...)
	return o
}

func (*grammar) fill(o *object, keys ...key) {
	o.keys = keys
	o.index = make(map[string]*key, len(keys))
	for i := range keys {
		o.index[keys[i].name] = &keys[i]
	}
}

func documentKeys(g *grammar, tasks, outputs *shape) []key {
	return []key{
		{name: "pipeline", shape: words("name"), required: true, doc: "the pipeline's name"},
		{name: "display-name", shape: words("text"), doc: "a title for people", fallback: "the name"},
		{name: "description", shape: prose(), doc: "what the pipeline does", fallback: "none"},
		{name: "rules", shape: choice("kfp"), doc: "kfp: values are converted and conditions judged as KFP does", fallback: "those of this page"},
		{name: "inputs", shape: mapOf("inputs", inputShape()), doc: "the run's parameters", fallback: "none"},
		{name: "defaults", shape: of(g.settings), doc: "settings of every container task in the file", fallback: "none"},
		{name: "components", shape: mapOf("components", of(g.component)), doc: "what tasks use", fallback: "none"},
		{name: "tasks", shape: tasks, required: true, doc: "what runs"},
		{name: "finally", shape: tasks, doc: "tasks that run however the others ended", fallback: "none"},
		{name: "outputs", shape: outputs, doc: "the results of the run", fallback: "none"},
		{name: "profiles", shape: mapOf("profiles", &shape{object: &object{rest: &shape{any: true, exprs: true}}, doc: "a JSON merge patch on this document"}), doc: "overlays, chosen with --profile", fallback: "none"},
		{name: "schedule", shape: of(scheduleObject()), doc: "when a CronWorkflow starts the pipeline", fallback: "none"},
		{name: "slo", shape: of(sloObject()), doc: "the level of service that the pipeline promises, by which `stats` judges its runs", fallback: "none"},
		{name: "timeout", shape: duration(), doc: "how long the whole run may take", fallback: "no limit"},
		{name: "parallelism", shape: whole(), doc: "how many pods may run at once", fallback: "no limit"},
		{name: "ttl", shape: &shape{scalar: durationScalar, object: newObject("ttl", "How long a finished Workflow is kept.",
			key{name: "completion", shape: duration(), doc: "however it ended", fallback: "for ever"},
			key{name: "success", shape: duration(), doc: "when it succeeded", fallback: "completion"},
			key{name: "failure", shape: duration(), doc: "when it failed", fallback: "completion"},
		)}, doc: "how long a finished Workflow is kept", fallback: "for ever"},
		{name: "pod-gc", shape: choice(podGCValues...), doc: "when finished pods are deleted", fallback: "the cluster's default"},
		{name: "labels", shape: mapOfText(), doc: "labels of the Workflow", fallback: "none"},
		{name: "annotations", shape: mapOfText(), doc: "annotations of the Workflow", fallback: "none"},
		{name: "artifact-root", shape: words("URI"), doc: "the URI below which artifacts are kept", fallback: "the cluster's artifact repository"},
		{name: "workspace", shape: of(newObject("workspace", "A volume that all tasks of a run share.",
			key{name: "size", shape: words("quantity"), required: true, doc: "its size"},
			key{name: "storage-class", shape: words("text"), doc: "its storage class; '' for none", fallback: "the cluster's default"},
			key{name: "access-modes", shape: list(words("text")), doc: "its access modes", fallback: "[ReadWriteOnce]"},
		)), doc: "a volume at /kfp-workspace that all tasks share", fallback: "none"},
		{name: "mutex", shape: words("name"), doc: "only one run of all pipelines that name it goes on at a time; the others wait", fallback: "none"},
		{name: "semaphore", shape: &shape{scalar: textScalar, doc: "a key", object: newObject("semaphore", "How many runs go on at a time stands in a ConfigMap.",
			key{name: "config-map", shape: words("name"), doc: "the ConfigMap, in the run's namespace", fallback: "that of the setting `semaphores`"},
			key{name: "key", shape: words("key"), required: true, doc: "the key whose value is the number"},
		)}, doc: "as many runs go on at a time as this key of a ConfigMap says; {config-map, key} names the ConfigMap too", fallback: "none"},
		{name: "argo", shape: of(newObject("argo-pipeline", "Argo's own fields for the whole Workflow.",
			key{name: "spec", shape: rawObject(), doc: "a strategic-merge patch on the Workflow's spec", fallback: "none"},
		)), doc: "Argo's own fields; braces in them are Argo's", fallback: "none"},
	}
}

var podGCValues = []string{"on-pod-completion", "on-pod-success", "on-workflow-completion", "on-workflow-success"}

func sloObject() *object {
	return newObject("slo", "The level of service that the pipeline promises.",
		key{name: "success", shape: number(), doc: "the share of runs that succeed, above 0 and at most 1", fallback: "not promised"},
		key{name: "duration", shape: duration(), doc: "how long a successful run takes at most", fallback: "not promised"},
		key{name: "quantile", shape: number(), doc: "the share of the successful runs that keep to duration, above 0 and at most 1", fallback: "0.95"},
		key{name: "window", shape: duration(), doc: "the time over which the promise is judged", fallback: "30d"},
	)
}

func scheduleObject() *object {
	return newObject("schedule", "When a CronWorkflow starts the pipeline.",
		key{name: "cron", shape: &shape{scalar: textScalar, items: words("text")}, required: true, doc: "five cron fields, or a list of such"},
		key{name: "timezone", shape: words("text"), doc: "an IANA time zone", fallback: "the cluster's"},
		key{name: "concurrency", shape: choice("allow", "forbid", "replace"), doc: "what happens while the last run still goes", fallback: "allow"},
		key{name: "suspend", shape: yesNo(), doc: "true: start nothing for now", fallback: "false"},
		key{name: "starting-deadline", shape: duration(), doc: "how late a missed start may be made up for", fallback: "never made up for"},
		key{name: "successful-history", shape: whole(), doc: "how many succeeded Workflows are kept", fallback: "Argo's 3"},
		key{name: "failed-history", shape: whole(), doc: "how many failed Workflows are kept", fallback: "Argo's 1"},
	)
}

func componentKeys(inline *object) []key {
	arg := argShape()
	return []key{
		{name: "description", shape: prose(), doc: "what the component does", fallback: "none"},
		{name: "inputs", shape: mapOf("inputs", inputShape()), doc: "its inputs", fallback: "none"},
		{name: "outputs", shape: mapOf("component-outputs", outputPortShape()), doc: "its outputs", fallback: "none"},
		{name: "image", shape: computed("image"), doc: "the container's image"},
		{name: "command", shape: list(arg), doc: "the program", fallback: "the image's entrypoint"},
		{name: "args", shape: list(arg), doc: "its arguments", fallback: "none"},
		{name: "script", shape: &shape{scalar: textScalar, free: true, doc: "program text"}, doc: "program text in place of command and args"},
		{name: "interpreter", shape: &shape{scalar: enumScalar, values: []string{"sh", "bash", "python3"}, items: words("text")}, doc: "sh, bash, python3, or the whole argv before the text", fallback: "sh"},
		{name: "contract", shape: choice("kfp"), doc: "kfp: paths and results are those of KFP's containers", fallback: "that of this page"},
		{name: "working-dir", shape: words("path"), doc: "the program's working directory", fallback: "the image's"},
		{name: "from", shape: words("path"), doc: "a KFP component file"},
		{name: "pipeline", shape: &shape{scalar: textScalar, object: inline, doc: "a pipeline file, or a pipeline in place"}, doc: "another pipeline as a component"},
		{name: "import", shape: of(newObject("import", "An artifact made from a URI without running anything.",
			key{name: "uri", shape: computed("URI"), required: true, doc: "where the artifact is"},
			key{name: "type", shape: typeShape(), doc: "its type", fallback: "that of the declared output, else Artifact"},
			key{name: "metadata", shape: &shape{any: true, exprs: true}, doc: "its metadata, a struct", fallback: "none"},
			key{name: "reimport", shape: yesNo(), doc: "true: make a new artifact each time", fallback: "false"},
			key{name: "to-workspace", shape: yesNo(), doc: "true: copy the data into the run's workspace", fallback: "false"},
		)), doc: "an artifact made from a URI; the output is the declared one, else artifact"},
		{name: "claim", shape: choice("create", "delete"), doc: "create or delete a PersistentVolumeClaim; inputs and outputs are KFP's"},
	}
}

func argShape() *shape {
	arg := computed("argument")
	some := &shape{scalar: textScalar, exprs: true, items: arg}
	arg.object = newObject("argument", "An argument made of others: {if, then, else} or {concat: […]}.",
		key{name: "if", shape: condition(), doc: "whether then holds, else else does"},
		key{name: "then", shape: some, doc: "the arguments if so", fallback: "none"},
		key{name: "else", shape: some, doc: "the arguments if not", fallback: "none"},
		key{name: "concat", shape: list(arg), doc: "one argument, its items joined"},
	)
	some.object = arg.object
	return arg
}

func taskKeys(tasks, outputs *shape, branch *object) []key {
	return []key{
		{name: "component", shape: words("name of a component"), doc: "the component it uses"},
		{name: "inputs", shape: &shape{object: &object{rest: &shape{any: true, exprs: true}, names: true}}, doc: "values of the component's inputs", fallback: "their defaults"},
		{name: "after", shape: &shape{scalar: textScalar, items: words("name of a task")}, doc: "tasks that come before, without data", fallback: "none"},
		{name: "when", shape: condition(), doc: "whether it runs at all", fallback: "true"},
		{name: "trigger", shape: choice("succeeded", "completed"), doc: "completed: run however the upstream tasks ended", fallback: "succeeded"},
		{name: "display-name", shape: words("text"), doc: "a title for people", fallback: "the name"},
		{name: "tasks", shape: tasks, doc: "the tasks of a group"},
		{name: "for-each", shape: &shape{scalar: textScalar, exprs: true, items: &shape{any: true, exprs: true}, doc: "a list"}, doc: "run the group once for each item"},
		{name: "as", shape: &shape{scalar: textScalar, doc: "name", object: newObject("as", "The loop variable with its type.", append([]key{
			{name: "name", shape: words("name"), doc: "the loop variable", fallback: "item"}}, typeKeys()...)...)}, doc: "the loop variable", fallback: "item"},
		{name: "parallelism", shape: whole(), doc: "how many iterations may run at once", fallback: "no limit"},
		{name: "branches", shape: list(of(branch)), doc: "alternatives: the first whose when is true runs"},
		{name: "outputs", shape: outputs, doc: "what is seen of a group from outside", fallback: "none"},
		{name: "finally", shape: tasks, doc: "tasks that run however the group's tasks ended (in a loop: of each iteration)", fallback: "none"},
		{name: "on-exit", shape: tasks, doc: "one task that runs once this one has succeeded or failed, beside it", fallback: "none"},
	}
}

func branchKeys(tasks, outputs *shape) []key {
	return []key{
		{name: "when", shape: condition(), doc: "whether this branch is taken"},
		{name: "otherwise", shape: &shape{}, doc: "empty; the last branch, taken when no other is"},
		{name: "tasks", shape: tasks, required: true, doc: "the branch's tasks"},
		{name: "outputs", shape: outputs, doc: "the same names in each branch", fallback: "none"},
		{name: "finally", shape: tasks, doc: "tasks that run however the branch's tasks ended", fallback: "none"},
	}
}

func tasksShape(task *object) *shape {
	return &shape{object: &object{name: "tasks", doc: "Tasks by name.", rest: of(task), names: true}}
}

func outputShape() *shape {
	return &shape{scalar: textScalar, exprs: true, object: newObject("output", "An output with more than its value.",
		key{name: "value", shape: computed("expression"), doc: "its value"},
		key{name: "one-of", shape: list(computed("expression")), doc: "outputs of tasks; its value is that of the first that ran"},
		key{name: "type", shape: typeShape(), doc: "its type", fallback: "that of the value"},
		key{name: "items", shape: itemsShape(), doc: "the type of a list's elements", fallback: "that of the value"},
		key{name: "description", shape: prose(), doc: "what it is", fallback: "none"},
	), doc: "an expression"}
}

func typeShape() *shape { return &shape{scalar: typeScalar} }

func itemsShape() *shape {
	s := typeShape()
	s.object = newObject("items", "The type of a list's elements.",
		key{name: "type", shape: typeShape(), required: true, doc: "the type of the elements"},
	)
	s.object.keys = append(s.object.keys, key{name: "items", shape: s, doc: "the type of the elements' elements", fallback: "not known"})
	(*grammar)(nil).fill(s.object, s.object.keys...)
	return s
}

func portKeys() []key {
	return append(typeKeys(), key{name: "description", shape: prose(), doc: "what it is", fallback: "none"})
}

func typeKeys() []key {
	return []key{
		{name: "type", shape: typeShape(), required: true, doc: "string, integer, number, boolean, list, struct or an artifact type"},
		{name: "items", shape: itemsShape(), doc: "the type of a list's elements", fallback: "known at run time only"},
		{name: "schema-title", shape: words("title"), doc: "an artifact type given by a title without a dot; type is then Artifact", fallback: "none"},
		{name: "schema-version", shape: words("version"), doc: "version of an artifact's schema", fallback: "0.0.1"},
		{name: "schema-uri", shape: words("URI"), doc: "an artifact type given by the URI of its schema; type is then Artifact", fallback: "none"},
		{name: "instance-schema", shape: &shape{scalar: textScalar, free: true}, doc: "an artifact type given by the text of its schema; type is then Artifact", fallback: "none"},
	}
}

func inputShape() *shape {
	return &shape{scalar: typeScalar, object: newObject("input", "An input: x: TYPE is short for x: {type: TYPE}.", append(portKeys(),
		key{name: "default", shape: anything(), doc: "the value when none is given", fallback: "none"},
		key{name: "optional", shape: yesNo(), doc: "true: the value may be absent", fallback: "false"},
		key{name: "secret", shape: yesNo(), doc: "true: the value is SECRET/KEY and goes only into env", fallback: "false"},
		key{name: "minimum", shape: number(), doc: "smallest value of an integer or number", fallback: "none"},
		key{name: "maximum", shape: number(), doc: "largest value of an integer or number", fallback: "none"},
		key{name: "min-length", shape: whole(), doc: "least number of code points of a string, elements of a list", fallback: "none"},
		key{name: "max-length", shape: whole(), doc: "largest number of code points of a string, elements of a list", fallback: "none"},
		key{name: "enum", shape: list(anything()), doc: "the values that may occur", fallback: "all"},
		key{name: "pattern", shape: &shape{scalar: textScalar, free: true}, doc: "an RE2 pattern that a string must match somewhere", fallback: "none"},
	)...)}
}

func outputPortShape() *shape {
	return &shape{scalar: typeScalar, object: newObject("output-port", "An output of a component: x: TYPE is short for x: {type: TYPE}.", append(portKeys(),
		key{name: "metadata", shape: rawObject(), doc: "initial metadata of an artifact", fallback: "none"},
	)...)}
}

// The shapes of leaves.

func words(what string) *shape    { return &shape{scalar: textScalar, doc: what} }
func prose() *shape               { return &shape{scalar: textScalar, free: true} }
func computed(what string) *shape { return &shape{scalar: textScalar, exprs: true, doc: what} }
func condition() *shape           { return &shape{scalar: boolScalar, exprs: true} }
func yesNo() *shape               { return &shape{scalar: boolScalar} }
func whole() *shape               { return &shape{scalar: intScalar} }
func number() *shape              { return &shape{scalar: numberScalar} }
func duration() *shape            { return &shape{scalar: durationScalar} }
func choice(v ...string) *shape   { return &shape{scalar: enumScalar, values: v} }
func list(item *shape) *shape     { return &shape{items: item} }
func of(o *object) *shape         { return &shape{object: o} }
func anything() *shape            { return &shape{any: true} }

// rawObject is a mapping that belongs to someone else's language.
func rawObject() *shape { return &shape{object: &object{rest: &shape{any: true, exprs: true}}} }

func mapOf(name string, value *shape) *shape {
	return &shape{object: &object{name: name, rest: value, names: true}}
}

func mapOfText() *shape { return &shape{object: &object{rest: words("text")}} }

func mapOfExpr() *shape { return &shape{object: &object{rest: computed("text")}} }
