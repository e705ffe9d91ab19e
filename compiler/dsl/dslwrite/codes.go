package dslwrite

import "github.com/kfp-go/kfp-go/compiler/diag"

const (
	codeCannot diag.Code = "D150"
	codeName   diag.Code = "D151"
)

// Codes are the manual pages of this package's findings.
var Codes = []diag.CodeInfo{
	{Code: codeCannot, Title: "the language cannot say it", Doc: "`compile --to dsl` met something that has no form in the pipeline language with exactly the same meaning.\n\n```yaml\ntasks:\n  train:\n    inputs:\n      parameters:\n        rows: {runtimeValue: {constant: many}}      # of an integer\n```\n\nThe hint says what to change in the pipeline; nothing is printed in its place."},
	{Code: codeName, Title: "a name that the language does not allow", Doc: "`compile --to dsl` gives tasks and components other names where theirs cannot be written. Inputs and outputs that a program or a user names keep theirs, so there it cannot.\n\n```yaml\nroot:\n  inputDefinitions:\n    parameters: {\"1st\": {parameterType: STRING}}\n```\n\nRename it where it is declared. Names are letters, digits, `_` and `-`, begin with a letter or `_`, and have at most 128 characters."},
}
