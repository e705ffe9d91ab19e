package kfpwrite

import "github.com/kfp-go/kfp-go/compiler/diag"

// Codes are the manual pages of this package's findings.
var Codes = []diag.CodeInfo{
	{Code: "K250", Title: "An expression that KFP has no form for", Doc: `
` + "`compile --to kfp`" + ` prints a pipeline in KFP's format, which has hardly any expressions. A condition compares inputs
and outputs with each other and with constants, joined by ` + "`&&`, `||` and `!`" + `; a value is a constant, a reference, one
key of a struct, or a text put together from these.

` + "```yaml" + `
pipeline: demo
inputs: {rows: {type: integer, default: 10}}
components:
  work: {image: "busybox:1", inputs: {rows: integer}, command: [echo, "${{ inputs.rows }}"]}
tasks:
  work: {component: work, inputs: {rows: "${{ inputs.rows * 2 }}"}}
` + "```" + `

Compute the value in a task.
`},
	{Code: "K251", Title: "Something that KFP does not have", Doc: `
Without it the pipeline would compute something else, so nothing is printed.

` + "```yaml" + `
pipeline: demo
components:
  work: {image: "busybox:1"}            # the image's own entrypoint
tasks:
  work: {component: work}
` + "```" + `

The hint says what KFP has instead.
`},
	{Code: "K252", Title: "A setting that KFP does not have", Doc: `
The pipeline computes the same without it, so it is printed and the setting left out: retry budgets of failure
classes, spot, queues, priority classes, service accounts, resources other than cpu, memory and one accelerator,
` + "`argo:`" + `, schedules, limits of values other than ` + "`enum`" + `. ` + "`--strict`" + ` makes it an error.

` + "```yaml" + `
pipeline: demo
components:
  work: {image: "busybox:1", command: [echo]}
tasks:
  work: {component: work, spot: prefer}
` + "```" + `

Remove the setting, or configure it where KFP runs.
`},
	{Code: "K253", Title: "Something that KFP's own back end does differently", Doc: `
The format can say it, and kfp-go and the SDK's local runner do what it says; KFP's open-source back end is known
not to. ` + "`--strict`" + ` makes it an error.

` + "```yaml" + `
pipeline: demo
components:
  work: {image: "busybox:1", command: [sh, -c, "echo process $$"]}   # Kubernetes makes one $ of two
tasks:
  work: {component: work}
` + "```" + `

The hint shows a way around.
`},
	{Code: "K254", Title: "Text that KFP would take for a placeholder", Doc: `
KFP replaces ` + "`{{$.inputs.parameters['x']}}`" + ` and its like wherever they stand and has no way to write them as text.

` + "```yaml" + `
pipeline: demo
components:
  work: {image: "busybox:1", command: [echo, "{{$.pipeline_job_name}}"]}
tasks:
  work: {component: work}
` + "```" + `

Read the text from a file or an artifact, or take it apart inside the program.
`},
	{Code: "K255", Title: "A type that is known at run time only", Doc: `
KFP declares the type of every input. An item of a list without ` + "`items:`" + ` has none; it is taken from what the item is
wired to, when all agree.

` + "```yaml" + `
pipeline: demo
inputs: {things: {type: list, default: [1, 2]}}
components:
  text:   {image: "busybox:1", inputs: {it: string}, command: [echo, "${{ inputs.it }}"]}
  number: {image: "busybox:1", inputs: {it: integer}, command: [echo, "${{ inputs.it }}"]}
tasks:
  each:
    for-each: ${{ inputs.things }}
    tasks:
      a: {component: text, inputs: {it: "${{ item }}"}}
      b: {component: number, inputs: {it: "${{ item }}"}}
` + "```" + `

Declare the element type: ` + "`things: {type: list, items: integer}`" + `.
`},
	{Code: "K256", Title: "A container that needs a shell in KFP", Doc: `
In kfp-go a container gets its environment and gives back its texts by way of Argo. KFP has neither computed
variables nor folders nor texts without their last newline, so the printed command line begins with ` + "`sh` or `env`" + `.

` + "```yaml" + `
pipeline: demo
components:
  work: {image: "busybox:1", outputs: {name: string}, command: [hostname], args: ["${{ outputs.name.path }}"]}
tasks:
  work: {component: work}
` + "```" + `

Nothing is to be done unless the image has neither program.
`},
}
