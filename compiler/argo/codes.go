package argo

import "github.com/kfp-go/kfp-go/compiler/diag"

// Codes are the manual pages of this package's findings.
var Codes = []diag.CodeInfo{
	{Code: "A600", Title: "An output is made from facts of the run", Doc: "Argo knows nothing of the run (its name, its id) where it computes the outputs of a group or pipeline.\n\n```yaml\noutputs: {where: \"run ${{ run.name }}\"}\n```\n\nGive the fact to a task as an input and take it from that task's output."},
	{Code: "A601", Title: "An expression has no form in Argo", Doc: "The expression is correct, but Argo's expression engine cannot be given it, usually because it grows too large.\n\nCompute the value in a task and use the task's output."},
	{Code: "A602", Title: "A component has no command", Doc: "Before Argo's controller starts a pod it must know the program. Without a `command` it asks the image's registry for the entrypoint, every time, from where the controller runs; where it cannot reach the registry the task fails.\n\n```yaml\ncomponents:\n  train: {image: ghcr.io/acme/train:1.4, args: [--epochs=3]}\n```\n\nWrite the image's entrypoint down: `command: [python, -m, train]`."},
	{Code: "A603", Title: "Two opening braces where Argo would replace them", Doc: "Argo replaces `{{…}}` in every field of a manifest. In commands, arguments, variables and inputs kfp-go can hide braces from it; in names of images, labels, secrets and the like it cannot.\n\n```yaml\nlabels: {team: \"{{ops}}\"}\n```\n\nLeave the braces out of this field."},
	{Code: "A604", Title: "Arguments are too long", Doc: "A container's arguments of 128 KiB and more are moved by Argo to a place where variables are no longer expanded, and the program would get other text than was written.\n\nPut the text into the image, an artifact, or `command`, which has no such limit."},
	{Code: "A605", Title: "An exit task has a condition", Doc: "Argo runs exit handlers without asking for a condition.\n\nPut the task into a group inside `finally` and give the task there its `when`."},
	{Code: "A606", Title: "A tolerated failure lies in another part of a large DAG", Doc: "A DAG of more than 100 tasks is cut into parts. A task with `trigger: completed` cannot see how tasks of another part ended once that part has failed.\n\nPut the tasks that may fail and the one that follows them into a group."},
	{Code: "A607", Title: "Not a quantity", Doc: "Kubernetes quantities are numbers with an optional suffix: `500m`, `2`, `512Mi`, `10Gi`.\n\n```yaml\nresources: {memory: 512 MB}\n```"},
	{Code: "A608", Title: "The type of an accelerator is computed", Doc: "Argo does not substitute in the names of resources, so `accelerator.type` must be a plain text.\n\nChoose it with a profile instead of an input."},
	{Code: "A609", Title: "Not a valid Kubernetes object", Doc: "The value does not fit the Kubernetes type of the field, for example a toleration with an unknown key."},
	{Code: "A610", Title: "The backoff factor is not a whole number", Doc: "Argo multiplies delays by whole numbers only; the factor is rounded. The local runner uses it as written.\n\n```yaml\nretry: {limit: 3, backoff: {duration: 10s, factor: 1.5}}\n```"},
	{Code: "A611", Title: "Memory cannot grow", Doc: "`memory: x2` multiplies what the task asks for, but the task states no memory.\n\n```yaml\nretry: {limit: 2, on: {out-of-memory: {limit: 2, memory: x2}}}\n```\n\nAdd `resources: {memory: 1Gi}`."},
	{Code: "A612", Title: "A computed affinity together with spot", Doc: "`spot` adds to the node affinity, which has to be known when the pipeline is compiled. Write the affinity out, or leave `spot` away."},
	{Code: "A613", Title: "A patch does not fit", Doc: "What stands under `argo:` is merged into Argo's own template or spec. The merged object must be one that Argo knows: no unknown fields, no wrong types.\n\n```yaml\nargo: {template: {deamon: true}}\n```"},
	{Code: "A614", Title: "A patch changes what a template is", Doc: "`argo: {template: …}` may add to a container template; it may not turn it into a DAG, steps or anything without a container."},
	{Code: "A615", Title: "The content of an artifact in a command", Doc: "KFP's `{{$.inputs.artifacts['x'].value}}` is the text of the file. Argo cannot read files while it builds commands. Take the path and read the file in the program."},
	{Code: "A616", Title: "An expression may fail inside the container", Doc: "An expression of a component that may fail is computed by the caller, who does not know paths and other facts of the container. Guard it so that it cannot fail, or compute it in the program."},
	{Code: "A617", Title: "An artifact as an input of a run", Doc: "Runs take parameters only. Take the artifact's URI as a parameter and import it:\n\n```yaml\nimport: {uri: \"${{ inputs.data }}\", type: Dataset}\n```"},
	{Code: "A618", Title: "A CronWorkflow without a schedule", Doc: "`--kind CronWorkflow` needs `schedule: {cron: \"0 2 * * *\"}` in the pipeline."},
	{Code: "A619", Title: "An imported artifact lies in some bucket", Doc: "Argo reads the key from the run's own artifact repository, whatever bucket the URI names. Set the artifact root to this bucket so that both agree."},
	{Code: "A620", Title: "An imported artifact is only a URI", Doc: "Argo cannot fetch this kind of URI. Tasks get the URI; its content is not put into their pods."},
}
