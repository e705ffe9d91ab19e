package dsl

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
)

// Codes are the manual pages of this package's findings.
var Codes = []diag.CodeInfo{
	page(codeKey, "unknown key", "A mapping holds a key that means nothing there.",
		`tasks:
  train: {componant: train}`, "Keys are kebab-case; the hint offers the nearest one, and `kfp-go schema` prints all."),
	page(codeKind, "another kind of value is expected", "A mapping stands where a list or a text is wanted, or the other way round.",
		`tasks: [train, evaluate]`, "Tasks, inputs, outputs and components are mappings by name; see the reference of the key."),
	page(codeMissing, "a key is missing", "Something that has no default is not said.",
		`accelerator: {count: 1}      # which type?`, "Add the key."),
	page(codeScalar, "the value cannot be read", "A duration, number, boolean or one of a few words is wanted, and the text is none.",
		`timeout: 30            # seconds? minutes?`, "Durations carry a unit (`30s`, `10m`, `1h30m`, `7d`); booleans are `true` and `false`, nothing else."),
	page(codeName, "no valid name", "Names are letters, digits, `_` and `-`, and begin with a letter or `_`.",
		`tasks:
  1st-step: {component: train}`, "Rename it. `display-name` takes any text."),
	page(codeLoopName, "no valid loop variable", "A loop variable is a variable of expressions, so it has no `-` and is no word of their language.",
		`for-each: ${{ inputs.regions }}
as: my-region`, "Choose a name of letters, digits and `_`."),
	page(codeRepeats, "a name repeats one of an enclosing scope", "Inside a group, the name of a task or loop variable is already taken outside, so references could not tell the two apart.",
		`tasks:
  train:
    tasks:
      train: {component: train}`, "Rename one of them; siblings' groups may use the same names."),
	page(codeNoExpr, "expressions are not allowed here", "This value has to be known before the run begins.",
		`timeout: ${{ inputs.timeout }}`, "Write the value itself. For the text `${{` write `$${{`."),
	page(codeNeedsExpr, "an expression is expected", "A value that only an expression can give is written as plain text.",
		`for-each: inputs.regions`, "Write `${{ inputs.regions }}`."),
	page(codeType, "unknown type", "Types are string, integer, number, boolean, list, struct, an artifact type, or a full schema title with a dot in it.",
		`inputs: {rows: int}`, "The hint names the nearest type."),
	page(codeLimit, "a constraint does not fit the type", "minimum and maximum are for numbers, lengths for strings and lists, pattern for strings, items for lists, schemas for artifacts; and a constraint must leave some value possible.",
		`inputs: {name: {type: string, minimum: 3}}`, "Take it away, or use the one for that type (`min-length`)."),
	page(codePattern, "the pattern does not compile", "`pattern` is a regular expression in RE2's syntax.",
		`inputs: {name: {type: string, pattern: "["}}`, "Mend the pattern; look-around and back references do not exist."),
	page(codeLiteral, "the value is not of the declared type", "A constant cannot be read as the type of the input it is for.",
		`inputs: {rows: {type: integer, default: "150"}}`, "Write a value of that type (here without quotes), or change the type."),
	page(codeComponent, "unknown component", "A task names a component that the file does not declare.",
		`tasks:
  train: {component: trian}`, "The hint offers the nearest one."),
	page(codeInput, "unknown input", "A task wires an input that its component does not have.",
		`inputs: {dta: "${{ tasks.prepare.outputs.data }}"}`, "The hint offers the nearest one."),
	page(codeTask, "unknown task", "`after` names a task that is not in the same or an enclosing scope.",
		`after: [prepair]`, "The hint offers the nearest one. Tasks inside a group are not seen from outside: name the group."),
	page(codeBoth, "two keys exclude each other", "Both say the same thing in different ways.",
		`components:
  a: {image: busybox, script: "true", command: [ls]}`, "Keep one of them."),
	page(codeNothing, "it does not say what it is", "A component, task, branch, argument, variable or volume lacks the key that gives it a meaning.",
		`components:
  train: {inputs: {rows: integer}}`, "Add one of the keys in the hint."),
	page(codeVariable, "two things become one environment variable", "In a script, inputs and outputs are the variables `INPUT_X` and `OUTPUT_X`, in upper case and with `_` for `-`.",
		`inputs: {a-b: string, a_b: string}
script: echo "$INPUT_A_B"`, "Rename one of them."),
	page(codeScriptExpr, "an expression in a script", "A script's text is literal: nothing is ever pasted into code.",
		`script: echo ${{ inputs.name }}`, "Read the variable: `echo \"$INPUT_NAME\"`."),
	page(codeArtifact, "an artifact has no text", "An artifact was put where a text or a number is wanted.",
		`args: ["--data=${{ inputs.data }}"]`, "Inside a component write `.path`, `.uri` or `.metadata` behind it; elsewhere hand it to an input."),
	page(codeSecret, "a secret where it would be seen", "A secret input may go to another secret input and into `env`, alone.",
		`args: ["--token=${{ inputs.token }}"]`, "Set `env: {TOKEN: \"${{ inputs.token }}\"}` and read the variable."),
	page(codeSecretForm, "no reference to a secret", "A secret input is a string that names a Secret and a key in it.",
		`inputs: {token: {type: string, secret: true, default: hunter2}}`, "Write `SECRET/KEY`, such as `registry/token`."),
	page(codeOtherwise, "otherwise is not last", "Branches are judged in order; those behind `otherwise` could never be taken.",
		`branches:
  - otherwise:
    tasks: {a: {component: a}}
  - when: ${{ inputs.x > 1 }}
    tasks: {b: {component: b}}`, "Move it to the end."),
	page(codeBranch, "branches differ in their outputs", "The outputs of a group with branches are those of the branch taken, so each declares the same.",
		`branches:
  - when: ${{ inputs.x > 1 }}
    tasks: {a: {component: a}}
    outputs: {y: "${{ tasks.a.outputs.y }}"}
  - otherwise:
    tasks: {b: {component: b}}`, "Declare the output in each branch."),
	page(codeGroup, "a key that does not fit a group", "Groups have tasks, `when`, `after`, `outputs`, `finally` and `retry`; what containers need belongs on the tasks inside.",
		`tasks:
  all:
    timeout: 10m
    tasks: {a: {component: a}}`, "Put it on the tasks inside, or into `defaults`."),
	page(codeContainer, "a key that needs a container", "The component is a file, a pipeline, an import or a claim, where this key means nothing.",
		`components:
  other: {pipeline: ./other.yaml, command: [ls]}`, "Take it away, or put it where the container is declared."),
	page(codeProfile, "unknown profile", "`--profile` names an overlay that the file does not have.",
		`profiles: {prod: {}}          # and --profile prd`, "The hint offers the nearest one."),
	page(codeDocuments, "more than one document", "A pipeline file holds one YAML document.",
		`pipeline: a
---
pipeline: b`, "Split the file."),
	page(codeCatalogue, "the catalogue comes later", "`builtin:` names a component of the built-in catalogue, which this version does not have.",
		`components:
  deploy: {from: "builtin:kserve-deploy"}`, "Name a component file."),
	page(codeOpen, "files cannot be opened here", "The document refers to a file and was read from a place that has no folder.",
		`components:
  a: {from: ./a.yaml}           # on standard input`, "Read the pipeline from a file."),
	page(codeExecutor, "executor-input outside a component", "`executor-input` and `executor-output-path` are texts about one container.",
		`inputs: {x: "${{ executor-input }}"}`, "Use it in the component's command, args or env."),
	page(codeRetry, "a retry that cannot be", "Factors are whole numbers from 1, memory grows by `x2` to `x16`, and a class needs a limit that is known.",
		`retry: {limit: 3, on: {out-of-memory: {memory: 2}}}`, "Write `memory: x2`."),
	page(codeAfter, "after in a finally", "A finally runs when every task of the body has ended; order among them needs no `after`.",
		`finally:
  report: {component: notify, after: [train]}`, "Take it out."),
	page(codeLarge, "a number too large", "Integers are within ±(2^53−1), what JSON carries exactly.",
		`inputs: {x: {type: struct, default: {id: 9007199254740993}}}`, "Quote it if it is a text, such as an identifier."),
	page(codeImport, "an import that cannot be", "An import makes one artifact from a URI.",
		`components:
  a:
    import: {uri: "s3://b/k"}
    outputs: {x: integer}`, "Declare one output of an artifact type, or none."),
	page(codeOnExit, "an exit task that cannot be", "`on-exit` holds one plain use of a component, which runs beside its task once that has ended.",
		`tasks:
  train:
    component: train
    on-exit:
      report: {component: notify, when: "${{ status.state == 'FAILED' }}"}`, "Take away what it may not have; a `finally` takes any tasks."),
	page(codeItem, "a loop over a component's task that cannot be", "Under `for-each` a task that uses a component gives the item to one of its inputs and reads it nowhere else.",
		`tasks:
  each: {component: show, for-each: [1, 2], as: n, inputs: {text: "number ${{ n }}"}}`, "Put the task into a group, where the loop variable may be read anywhere."),
	page(codeOneOf, "an alternative that is no output", "`one-of` lists outputs of tasks of the same group.",
		`outputs: {x: {one-of: ["${{ inputs.x }}"]}}`, "Name outputs of tasks: `${{ tasks.T.outputs.X }}`."),
	page(codeProfiles, "too many profiles", "Each profile is checked whenever the document is read, so there are at most 64.",
		`profiles: {p1: {}, p2: {}, …}`, "Split the pipeline, or use inputs for what differs."),
}

func page(code diag.Code, title, meaning, example, wayOut string) diag.CodeInfo {
	return diag.CodeInfo{Code: code, Title: title, Doc: strings.Join([]string{meaning, "```yaml\n" + example + "\n```", wayOut}, "\n\n")}
}
