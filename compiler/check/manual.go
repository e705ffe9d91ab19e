package check

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
)

// Codes is the manual of this package.
var Codes = []diag.CodeInfo{
	page(codeName, "a name is not valid", `
Names of pipelines, components, tasks, inputs and outputs are letters, digits,
`+"`_` and `-`"+`, and begin with a letter or `+"`_`"+`.
`, `
pipeline: demo
tasks:
  1st: {component: hello}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
Write `+"`first`"+` instead of `+"`1st`"+`. Pipelines in KFP's own format may use any names.
`),
	page(codeTwice, "a name is there twice", `
Two tasks of one scope, or two inputs or outputs of one component, have the same
name. The message points at the first as well.
`, `
pipeline: demo
tasks:
  hello: {component: hello}
  hello: {component: hello}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
Rename one of them.
`),
	page(codeUnknownTask, "there is no such task", `
A reference or `+"`after`"+` names a task that does not exist in its scope. Inside a group
one sees its own tasks and those around it, but not the tasks inside another
group: only that group's declared outputs.
`, `
pipeline: demo
tasks:
  hello: {component: hello, after: [helo]}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
Take the name that the hint offers, or declare an output of the group.
`),
	page(codeUnknownOutput, "there is no such output", `
The task exists, but its component declares no output of that name.
`, `
pipeline: demo
tasks:
  make: {component: make}
  show: {component: show, inputs: {text: "${{ tasks.make.outputs.txt }}"}}
components:
  make: {image: "busybox:1.37", outputs: {text: string}, script: 'echo hi > "$OUTPUT_TEXT"'}
  show: {image: "busybox:1.37", inputs: {text: string}, command: [echo, "${{ inputs.text }}"]}
`, `
Take a declared output, or declare this one in the component.
`),
	page(codeUnknownInput, "there is no such input", `
A reference reads an input that its component, or the pipeline, does not declare.
`, `
pipeline: demo
inputs: {rows: integer}
tasks:
  show: {component: show, inputs: {text: "${{ inputs.row }}"}}
components:
  show: {image: "busybox:1.37", inputs: {text: integer}, command: [echo, "${{ inputs.text }}"]}
`, `
Take the name that the hint offers, or declare the input.
`),
	page(codeUnknownArg, "a task wires an input that its component does not have", `
`, `
pipeline: demo
tasks:
  show: {component: show, inputs: {txt: hello, text: hello}}
components:
  show: {image: "busybox:1.37", inputs: {text: string}, command: [echo, "${{ inputs.text }}"]}
`, `
Correct the name, or declare the input in the component.
`),
	page(codeRequired, "a required input is not wired", `
An input without default and without `+"`optional: true`"+` needs a value from every task
that uses the component.
`, `
pipeline: demo
tasks:
  show: {component: show}
components:
  show: {image: "busybox:1.37", inputs: {text: string}, command: [echo, "${{ inputs.text }}"]}
`, `
Wire it, or give the input a default, or make it optional.
`),
	page(codeType, "types do not fit", `
What is wired to an input, or given as an output, has another type than was
declared. An integer fits a number; nothing else converts by itself. `+"`Artifact`"+` fits
every artifact and back.
`, `
pipeline: demo
inputs: {rows: {type: integer, default: 3}}
tasks:
  show: {component: show, inputs: {text: "${{ inputs.rows }}"}}
components:
  show: {image: "busybox:1.37", inputs: {text: string}, command: [echo, "${{ inputs.text }}"]}
`, `
Convert where the value is wired: `+"`${{ string(inputs.rows) }}`"+`. In pipelines of KFP's
format, whose rule is that everything becomes a string where one is wanted, only
what is certain to fail is an error.
`),
	page(codeLiteral, "a constant is not of its type", `
It occurs in KFP's format; the DSL's front end has its own message, since it reads
constants by the type that is declared.
`, `
root:
  inputDefinitions:
    parameters:
      rows: {parameterType: NUMBER_INTEGER, defaultValue: three}
`, `
Write a constant of the declared type, or declare another type.
`),
	page(codeLimit, "a constant breaks a limit", `
An input's `+"`minimum`, `maximum`, `min-length`, `max-length`, `enum` or `pattern`"+` rules out
the constant or default that it is given.
`, `
pipeline: demo
inputs: {rows: {type: integer, default: 3, minimum: 10}}
tasks:
  show: {component: show, inputs: {n: "${{ inputs.rows }}"}}
components:
  show: {image: "busybox:1.37", inputs: {n: integer}, command: [echo, "${{ inputs.n }}"]}
`, `
Change the value or the limit.
`),
	page(codeLimits, "limits make no sense", `
Limits that do not suit the type, contradict each other, or hold a pattern that
is no RE2 regular expression.
`, `
pipeline: demo
inputs: {rows: {type: integer, default: 3, minimum: 10, maximum: 1}}
tasks:
  show: {component: show, inputs: {n: "${{ inputs.rows }}"}}
components:
  show: {image: "busybox:1.37", inputs: {n: integer}, command: [echo, "${{ inputs.n }}"]}
`, `
`+"`minimum` and `maximum`"+` are for numbers, `+"`min-length` and `max-length`"+` for strings and
lists, `+"`pattern`"+` for strings.
`),
	page(codeAbsent, "null for a required input", `
`+"`null`"+` means absent, and the input must have a value.
`, `
pipeline: demo
tasks:
  show: {component: show, inputs: {text: null}}
components:
  show: {image: "busybox:1.37", inputs: {text: string}, command: [echo, "${{ inputs.text }}"]}
`, `
Give it a value, or declare the input `+"`optional: true`"+`.
`),
	page(codeOptional, "what may be absent goes where a value is required", `
An optional input, the output of branches without `+"`otherwise`"+`, and everything that a
`+"`trigger: completed`"+` task or `+"`finally`"+` reads of other tasks may be absent.
`, `
pipeline: demo
inputs: {note: {type: string, optional: true}}
tasks:
  show: {component: show, inputs: {text: "${{ inputs.note }}"}}
components:
  show: {image: "busybox:1.37", inputs: {text: string}, command: [echo, "${{ inputs.text }}"]}
`, `
Say what to take instead, `+"`${{ inputs.?note.orValue(\"none\") }}`"+`, or make the component's
input optional too.
`),
	page(codeCondition, "a condition is not boolean", `
`, `
pipeline: demo
inputs: {rows: {type: integer, default: 3}}
tasks:
  hello: {component: hello, when: "${{ inputs.rows }}"}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
Compare: `+"`${{ inputs.rows > 0 }}`"+`.
`),
	page(codeLoop, "a loop over something that is no list", `
`, `
pipeline: demo
inputs: {rows: {type: integer, default: 3}}
tasks:
  loop:
    for-each: ${{ inputs.rows }}
    tasks:
      hello: {component: hello}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
`+"`for-each`"+` takes a list, or a list of artifacts.
`),
	page(codeAlternatives, "branches disagree about an output", `
Each branch of a group declares the same outputs, with the same types.
`, `
pipeline: demo
inputs: {big: {type: boolean, default: true}}
tasks:
  pick:
    branches:
      - when: ${{ inputs.big }}
        tasks: {one: {component: text}}
        outputs: {x: "${{ tasks.one.outputs.x }}"}
      - otherwise:
        tasks: {two: {component: count}}
        outputs: {x: "${{ tasks.two.outputs.x }}"}
components:
  text: {image: "busybox:1.37", outputs: {x: string}, script: 'echo a > "$OUTPUT_X"'}
  count: {image: "busybox:1.37", outputs: {x: integer}, script: 'echo 1 > "$OUTPUT_X"'}
`, `
Convert in one of the branches: `+"`outputs: {x: \"${{ string(tasks.two.outputs.x) }}\"}`"+`.
`),
	page(codeCycle, "tasks wait for each other", `
Every knot of tasks that wait for each other is reported once, by a shortest
cycle, with the place of each reference.
`, `
pipeline: demo
tasks:
  a: {component: hello, after: [b]}
  b: {component: hello, after: [a]}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
Take one of the references away.
`),
	page(codeRecursion, "a component contains itself", `
A pipeline is finite: a component cannot, through the tasks inside it, use
itself. It occurs in KFP's format; the DSL's front end has its own message.
`, `
components:
  comp-a:
    dag: {tasks: {again: {componentRef: {name: comp-a}}}}
`, `
Loop over a list instead.
`),
	page(codeNever, "a task never runs", `
A condition that is always false, a loop over an empty list, a branch behind one
that is always taken, or a task that waits for such a task.
`, `
pipeline: demo
tasks:
  hello: {component: hello, when: false}
  more: {component: hello, after: [hello]}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
A warning. Take the task away if it is not wanted any more.
`),
	page(codeUnused, "a component is not used", `
`, `
pipeline: demo
tasks:
  hello: {component: hello}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
  bye: {image: "busybox:1.37", command: [echo, bye]}
`, `
A warning. Use the component or take it away.
`),
	page(codeEmpty, "there are no tasks", `
A pipeline or a group needs at least one task.
`, `
pipeline: demo
tasks: {}
`, `
Add a task.
`),
	page(codeSecret, "a secret is read where it would show", `
A secret input has the value SECRET/KEY, the name of a Kubernetes Secret and one of
its keys. It may be handed on to another secret input and be read by an
environment variable, and nothing else: arguments and texts end up in manifests
and records.
`, `
pipeline: demo
inputs: {token: {type: string, secret: true}}
tasks:
  show: {component: show, inputs: {text: "${{ inputs.token }}"}}
components:
  show: {image: "busybox:1.37", inputs: {text: string}, command: [echo, "${{ inputs.text }}"]}
`, `
Declare the component's input `+"`secret: true`"+` too and read it by
`+"`env: {TOKEN: \"${{ inputs.token }}\"}`"+`.
`),
	page(codeCount, "a number is negative", `
Parallelism, timeouts and counts are not negative.
`, `
# parallelism: -1
`, `
Leave the key out for no limit.
`),
	page(codeEnv, "the name of an environment variable is not valid", `
`, `
pipeline: demo
tasks:
  hello: {component: hello}
components:
  hello: {image: "busybox:1.37", command: [echo, hello], env: {"MY VAR": x}}
`, `
Letters, digits, `+"`_`, `-` and `.`"+`, not beginning with a digit.
`),
	page(codeLabel, "a label or annotation is not valid", `
Kubernetes wants keys to be a name of at most 63 letters, digits, `+"`-`, `_` and `.`"+`, if
need be behind a DNS prefix and a slash, and values of labels to be such names or
empty. Node selectors are labels.
`, `
pipeline: demo
tasks:
  hello: {component: hello, labels: {team: "data science"}}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
Write `+"`data-science`"+`. Annotations take any text as value.
`),
	page(codeQuantity, "a quantity is not valid", `
`, `
pipeline: demo
tasks:
  hello: {component: hello, resources: {memory: 512MB}}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
A number with one of Kubernetes' units: `+"`500m`"+` for half a CPU, `+"`512Mi`, `2Gi`"+`. Devices
such as GPUs come whole.
`),
	page(codeRequestLimit, "a request is above its limit", `
A request must not exceed its limit; for devices both must be equal.
`, `
pipeline: demo
tasks:
  hello: {component: hello, resources: {memory: {request: 2Gi, limit: 1Gi}}}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
Raise the limit or lower the request.
`),
	page(codeImage, "an image reference is not valid", `
`, `
pipeline: demo
tasks:
  hello: {component: hello}
components:
  hello: {image: "Busybox latest", command: [echo, hello]}
`, `
`+"`[HOST[:PORT]/]NAME[:TAG][@DIGEST]`"+`, the name in lower case.
`),
	page(codeObject, "the name of a Kubernetes object is not valid", `
Names of secrets, config maps, claims, service accounts, priority classes and
queues are lower-case letters, digits, `+"`-` and `.`"+`, at most 253 characters; keys of
secrets and config maps may have upper-case letters and `+"`_`"+`.
`, `
pipeline: demo
tasks:
  hello: {component: hello, service-account: My_Account}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
Name it as it is called in the cluster.
`),
	page(codeMount, "a volume cannot be mounted there", `
Mount paths are absolute, hold no colon, and one path holds one volume; a sub-path
is relative and does not climb with `+"`..`"+`.
`, `
pipeline: demo
tasks:
  hello:
    component: hello
    volumes: {/data: {claim: my-data, sub-path: ../other}}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
Name a folder inside the volume.
`),
	page(codeVolume, "a volume's name does not fit", `
The name of an empty or ephemeral volume is lower-case letters, digits and `+"`-`"+`, at
most 63 characters. Where a task mounts the same name twice, it is one volume, so
everything else about it must agree.
`, `
pipeline: demo
tasks:
  hello:
    component: hello
    volumes:
      /a: {empty-dir: {name: scratch, size: 1Gi}}
      /b: {empty-dir: {name: scratch, size: 2Gi}}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
Give different volumes different names.
`),
	page(codeInit, "an init container does not fit into the pod", `
Each container of a pod has a name of its own (`+"`init`, `main` and `wait`"+` are Argo's), and
an init container mounts volumes of its task: by the name of an empty or ephemeral
one, or by that of a Secret, ConfigMap or claim.
`, `
pipeline: demo
tasks:
  hello:
    component: hello
    volumes: {/data: {empty-dir: {name: data}}}
    init-containers:
      - {name: fetch, image: "busybox:1.37", command: [touch, /in/x], volumes: {/in: dta}}
components:
  hello: {image: "busybox:1.37", command: [ls, /data]}
`, `
Correct the name.
`),
	page(codeRoot, "a container must and must not be root", `
`+"`runAsNonRoot: true`"+` together with user 0 would leave a pod that never starts.
`, `
pipeline: demo
tasks:
  hello: {component: hello, security-context: {runAsNonRoot: true, runAsUser: 0}}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
Name another user, or leave `+"`runAsNonRoot`"+` away.
`),
	page(codeChoice, "a word is none of those that are known", `
`, `
pipeline: demo
tasks:
  hello: {component: hello, image-pull-policy: Sometimes}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
The hint lists the words that are known.
`),
	page(codeRetry, "retries make no sense", `
Limits are whole numbers from 0 on, delays are not negative, and memory grows under
`+"`out-of-memory`"+` only.
`, `
pipeline: demo
tasks:
  hello: {component: hello, retry: {limit: -1}}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
0 means no retries.
`),
	page(codeSize, "a text is too long for a container", `
One argument or environment variable of a process holds less than 128 KiB; that
is Linux' limit, not ours.
`, `
# inputs: {text: "… 200 KB …"}
`, `
Pass big data as an artifact.
`),
	page(codePipelineName, "the pipeline's name is missing or too long", `
`, `
pipeline: ""
tasks:
  hello: {component: hello}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
Give it a name of at most 128 characters.
`),
	page(codeCron, "a cron line is not valid", `
`, `
pipeline: demo
schedule: {cron: "0 25 * * *"}
tasks:
  hello: {component: hello}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
Five fields: minute (0–59), hour (0–23), day of the month (1–31), month (1–12),
day of the week (0–6, Sunday is 0); `+"`*`, lists `1,2`, ranges `1-5`, steps `*/10`"+`; or
`+"`@hourly @daily @weekly @monthly @yearly`"+`.
`),
	page(codeZone, "there is no such time zone", `
`, `
pipeline: demo
schedule: {cron: "0 2 * * *", timezone: Europe/Berln}
tasks:
  hello: {component: hello}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
A name of the time zone database, such as Europe/Berlin or UTC.
`),
	page(codeSLO, "a level of service cannot be judged", `
`, `
pipeline: demo
slo: {success: 99, duration: 2h}
tasks:
  hello: {component: hello}
components:
  hello: {image: "busybox:1.37", command: [echo, hello]}
`, `
`+"`success` and `quantile`"+` are shares, above 0 and at most 1 (99 % is 0.99); `+"`duration` and `window`"+` are
longer than 0. At least one of `+"`success` and `duration`"+` is stated, and `+"`quantile`"+` only beside `+"`duration`"+`.
`),
}

func page(code diag.Code, title, means, example, out string) diag.CodeInfo {
	doc := strings.TrimLeft(means, "\n")
	if doc != "" {
		doc += "\n"
	}
	return diag.CodeInfo{Code: code, Title: title, Doc: doc + "```yaml" + example + "```\n" + out}
}
