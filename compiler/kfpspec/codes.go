package kfpspec

import "github.com/kfp-go/kfp-go/compiler/diag"

// Codes are the manual pages of this package's findings.
var Codes = []diag.CodeInfo{
	{Code: "K200", Title: "The file is no KFP pipeline or component", Doc: `
A file from KFP holds one PipelineSpec (recognised by ` + "`pipelineInfo`" + `) and at most one PlatformSpec
(recognised by ` + "`platforms`" + `), parted by a line ` + "`---`" + `. This file holds something else, or the same twice.

` + "```yaml" + `
pipelineInfo: {name: demo}
---
pipelineInfo: {name: again}
` + "```" + `

Keep one document of each kind. The KFP SDK writes such a file with ` + "`kfp dsl compile`" + `.
`},
	{Code: "K201", Title: "A field has a value of the wrong kind", Doc: `
The format gives each field a kind: text, number, boolean, list or mapping. Durations are seconds with an s.

` + "```yaml" + `
retryPolicy: {maxRetryCount: many, backoffDuration: 5 minutes}
` + "```" + `

Write ` + "`maxRetryCount: 3`" + ` and ` + "`backoffDuration: 300s`" + `.
`},
	{Code: "K202", Title: "A field that the format does not have", Doc: `
A misspelt field would be lost in silence, so it is reported, with the nearest name that exists. Inside
` + "`deploymentSpec`" + ` and the PlatformSpec, where KFP itself passes over unknown fields, it is a warning.

` + "```yaml" + `
components_1: {}
` + "```" + `

Correct the name, or remove the field.
`},
	{Code: "K203", Title: "Something required is missing", Doc: `
A PipelineSpec needs ` + "`pipelineInfo.name`" + `, ` + "`schemaVersion`" + ` and a ` + "`root`" + ` with a DAG; a task needs a component; a component needs
a DAG or an executor; a container needs an image and a program; a declared output needs a value.

` + "```yaml" + `
pipelineInfo: {name: null}
` + "```" + `

Add what the message names.
`},
	{Code: "K204", Title: "The schema version is not supported", Doc: `
kfp-go reads schema version 2.1.0, which the KFP SDK has written since its version 2.0.

` + "```yaml" + `
schemaVersion: 2.0.0
` + "```" + `

Compile the pipeline again with a current SDK.
`},
	{Code: "K205", Title: "A name that nothing defines", Doc: `
A task names its component, a component its executor, a placeholder or a loop an input. The name must exist.

` + "```yaml" + `
componentRef: {name: comp-tran}   # the component is called comp-train
` + "```" + `

Correct the name; the message offers the nearest one.
`},
	{Code: "K206", Title: "A type or choice that the format does not have, or that does not fit", Doc: `
Parameter types are STRING, NUMBER_INTEGER, NUMBER_DOUBLE, BOOLEAN, LIST, STRUCT and TASK_FINAL_STATUS. A
placeholder of an artifact needs an artifact, one of a parameter a parameter.

` + "```yaml" + `
parameterType: INTEGER
` + "```" + `

Use one of the names that exist.
`},
	{Code: "K207", Title: "Components inside one another without end", Doc: `
A component whose DAG uses the component itself, directly or through others, would never end. Neither do more
than 100 levels of components make a pipeline that anybody can read.

` + "```yaml" + `
components:
  comp-a:
    dag: {tasks: {again: {componentRef: {name: comp-a}}}}
` + "```" + `

Use a loop, or copy the part that differs.
`},
	{Code: "K208", Title: "Fields that exclude each other", Doc: `
An input has one source, a component either a DAG or an executor, a task one iterator, a component one port of
a name.

` + "```yaml" + `
x: {componentInputParameter: a, runtimeValue: {constant: 1}}
` + "```" + `

Keep one of them.
`},
	{Code: "K209", Title: "Text that should hold a structure", Doc: `
The items of a loop are JSON text of a list. An element of a command line that begins with IfPresent or Concat
has exactly KFP's shape. In a component file, an element is a text or a mapping with one placeholder.

` + "```yaml" + `
parameterIterator: {itemInput: x, items: {raw: 'a, b'}}
` + "```" + `

Write ` + "`raw: '[\"a\", \"b\"]'`" + `.
`},
	{Code: "K210", Title: "A feature of KFP that kfp-go does not support", Doc: `
Nothing of a pipeline is dropped in silence: what kfp-go cannot carry over to Argo is an error that names it.

` + "```yaml" + `
deploymentSpec: {executors: {exec-a: {customJob: {}}}}
` + "```" + `

Remove it, use what the hint offers, or run this pipeline with KFP.
`},
	{Code: "K211", Title: "A placeholder that means nothing where it stands", Doc: `
A constant may hold input parameters of its own task and facts about the run; other placeholders belong into
commands. The text stays as it is written. An input cannot refer to itself. In some places, such as the URI of an
importer or an environment variable, the SDK does not resolve a reference that stands inside a text and leaves
` + "`{{channel:task=…}}`" + ` there, for KFP as for kfp-go.

` + "```yaml" + `
inputs: {parameters: {x: {runtimeValue: {constant: "{{$.outputs.artifacts['m'].uri}}"}}}}
` + "```" + `

Move the placeholder into the command of the component.
`},
	{Code: "K212", Title: "A field without effect", Doc: `
Some fields of the format do nothing in KFP's own back end either, or nothing without their other half.

` + "```yaml" + `
accelerator: {resourceType: nvidia.com/gpu}
` + "```" + `

Complete it or remove it.
`},
}
