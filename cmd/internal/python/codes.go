package python

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
)

// Codes is the manual of this package: what can be wrong with Python files.
var Codes = []diag.CodeInfo{
	page(codeSyntax, "the Python file has a syntax error", `
The Python that compiles the file cannot read it, or a file that it imports.
`, `
@dsl.pipeline
def train(rows: int = 10)      # the colon is missing
    prepare(rows=rows)
`, `
Correct the line. Where the syntax is of a later Python, name that one: `+"`--python`, `KFPGO_PYTHON`"+`
or `+"`python:`"+` in kfp-go.yaml.
`),
	page(codeImport, "an import of the Python file fails", `
A module is not installed for the Python that compiles the file, or does not have the name. Modules beside the
file can be imported by name, and relatively.
`, `
from kfp import kubernetes     # of the package kfp-kubernetes
import pandas as pd            # needed by the pipeline's file itself?
`, `
Install the package for that Python, which the hint names, or choose another one with `+"`--python`"+`. What only a
component needs belongs inside the component's function.
`),
	page(codeRaised, "the Python file raises an exception", `
The file, or KFP's SDK while it compiles the file's pipeline, raises an exception. The place is the innermost line
of the user's own files; below it stand those that led there.
`, `
@dsl.component
def add(a: int, b: int) -> int:
    return a + b

@dsl.pipeline
def sum_up():
    add(a=1)                   # TypeError: add() missing 1 required argument: b.
`, `
Correct the line. `+"`KFPGO_DEBUG=1`"+` shows the whole traceback, the SDK's part of it too.
`),
	page(codeEnded, "the Python file ends Python", `
The file calls `+"`sys.exit`"+` or the like, or crashes Python, before its pipeline is compiled.
`, `
import sys
sys.exit(main())               # outside of if __name__ == "__main__":
`, `
Put what runs below `+"`if __name__ == \"__main__\":`"+`, which compiling leaves out.
`),
	page(codeSlow, "the Python file takes too long", `
Compiling was ended. The place is where the file was at that time.
`, `
while not ready():             # waits for something that never comes
    time.sleep(1)
`, `
A file only defines its pipeline; work belongs into components. `+"`--python-timeout`"+` allows more time.
`),
	page(codeNone, "the Python file has no pipeline", `
The module has no function with `+"`@dsl.pipeline`"+` and no component.
`, `
def train():                   # @dsl.pipeline is missing
    prepare()
`, `
Put `+"`@dsl.pipeline`"+` above the function, at the top level of the file: one that is made inside another function
is not found.
`),
	page(codeSeveral, "the Python file has several pipelines", `
A pipeline that another one of the file calls is a part of it and does not count; of the others there must be one.
A file without pipelines may have one component.
`, `
@dsl.pipeline
def train(): …

@dsl.pipeline
def evaluate(): …
`, `
Choose one: `+"`--function train`"+`.
`),
	page(codeUnknown, "the Python file has no such function", `
`+"`--function`"+` names a pipeline or component by the name that it has in the file.
`, `
# kfp-go compile pipeline.py --function trian
@dsl.pipeline
def train(): …
`, `
Take the name that the hint offers.
`),
}

func page(code diag.Code, title, means, example, out string) diag.CodeInfo {
	return diag.CodeInfo{Code: code, Title: title, Doc: means[1:] + "\n```python" + example + "```\n" + out}
}
