package compiler

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
)

// Codes is the manual of this package: what can be wrong with files and with
// the arguments of a run.
var Codes = []diag.CodeInfo{
	page(codeUnrecognised, "the file is no pipeline", `
kfp-go reads pipelines of its own language, which have the key `+"`pipeline`"+`, compiled
pipelines of KFP, with `+"`pipelineInfo`"+`, and KFP component files, with `+"`implementation`"+`.
`, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
`, `
Name the file from which such an object is made, or begin yours with `+"`pipeline: NAME`"+`.
`),
	page(codeNotFound, "a file that is referred to cannot be found", `
Paths in `+"`from:` and `pipeline:`"+` are relative to the file that they stand in.
`, `
pipeline: demo
tasks:
  hello: {component: hello}
components:
  hello: {from: ./no/such/file.yaml}
`, `
Correct the path.
`),
	page(codeOutside, "a file that is referred to lies outside the project", `
Nothing outside the project's root is read, neither through `+"`..`"+` nor through links. The
root is the nearest folder above the pipeline that holds `+"`.kfp-go/`, `kfp-go.yaml`"+` or
`+"`.git`"+`, else the pipeline's own.
`, `
pipeline: demo
tasks:
  hello: {component: hello}
components:
  hello: {from: ../../elsewhere/hello.yaml}
`, `
Copy the file into the project, or put a `+"`kfp-go.yaml`"+` where the project begins.
`),
	page(codeRefCycle, "a pipeline contains itself", `
Through `+"`pipeline:`"+` a file refers back to one that is being read.
`, `
# in a.yaml: b is a pipeline that has a as a component
pipeline: a
components:
  b: {pipeline: ./b.yaml}
tasks:
  b: {component: b}
`, `
Take one of the references away; what both need becomes a third file.
`),
	page(codeWrongKind, "a reference leads to the wrong kind of file", `
`+"`from:`"+` takes a KFP component file, `+"`pipeline:`"+` a pipeline.
`, `
components:
  retrain: {from: ./retrain.yaml}      # which has pipeline: at its top
`, `
Write `+"`pipeline:`"+` instead of `+"`from:`"+`.
`),
	page(codeNeedsData, "a component cannot run by itself", `
A component file is also a pipeline of one task. Before runs could be given artifacts (by their URI, as in `+"`-p data=s3://bucket/key`"+`), one
that takes an artifact could not be run. The code is not used any more.
`, `
name: train
inputs: [{name: data, type: Dataset}]
implementation: {container: {image: "train:1", command: [train, {inputPath: data}]}}
`, `
Use it in a pipeline in which another task, or an importer, makes the artifact.
`),
	page(codeArgUnknown, "the pipeline has no such input", `
`, `
# kfp-go run pipeline.yaml -p row=3
pipeline: demo
inputs: {rows: {type: integer, default: 10}}
`, `
Take the name that the hint offers.
`),
	page(codeArgTwice, "an input is given twice", `
`, `
# kfp-go run pipeline.yaml -p rows=3 -p rows=4
`, `
Leave one of them out.
`),
	page(codeArgFile, "the file of an argument cannot be read", `
A value that begins with `+"`@`"+` names a file whose content is the value.
`, `
# kfp-go run pipeline.yaml -p config=@settings.json
`, `
Correct the path. For a value that begins with `+"`@`"+` write `+"`@@`"+`.
`),
	page(codeArgType, "an argument is not of its type", `
Strings are taken as they are; every other type is written as JSON.
`, `
# kfp-go run pipeline.yaml -p rows=many
pipeline: demo
inputs: {rows: {type: integer, default: 10}}
`, `
The hint shows what a value of the type looks like. Mind the shell: JSON belongs
into single quotes.
`),
	page(codeArgLimit, "an argument breaks a limit", `
`, `
# kfp-go run pipeline.yaml -p rows=3
pipeline: demo
inputs: {rows: {type: integer, default: 10, minimum: 5}}
`, `
Take a value within the limits that the input declares. Whatever it declares, a
parameter is text in UTF-8 of at most 128 KiB; what is larger or binary goes
into an artifact.
`),
	page(codeArgMissing, "a required input has no value", `
An input without default and without `+"`optional: true`"+` needs a value from every run.
`, `
# kfp-go run pipeline.yaml
pipeline: demo
inputs: {rows: integer}
`, `
Give one: `+"`-p rows=3`"+`.
`),
	page(codeArgSecret, "a secret is not given as SECRET/KEY", `
A secret input names a Kubernetes Secret and one of its keys; the secret itself
never stands on a command line or in a manifest.
`, `
# kfp-go run pipeline.yaml -p token=hunter2
pipeline: demo
inputs: {token: {type: string, secret: true}}
`, `
Write `+"`-p token=registry/password`"+`.
`),
}

func page(code diag.Code, title, means, example, out string) diag.CodeInfo {
	doc := strings.TrimLeft(means, "\n")
	if doc != "" {
		doc += "\n"
	}
	return diag.CodeInfo{Code: code, Title: title, Doc: doc + "```yaml" + example + "```\n" + out}
}
