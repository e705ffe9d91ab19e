package tree

import "github.com/kfp-go/kfp-go/compiler/diag"

// Codes are the manual pages of this package's findings.
var Codes = []diag.CodeInfo{
	{Code: codeTooBig, Title: "The file or a text in it is too big", Doc: `
A file has at most 32 MiB, one text in it 4 MiB. A pipeline says what to do; data belongs into artifacts.

` + "```yaml" + `
tasks:
  load:
    with: {rows: "…five million characters…"}
` + "```" + `

Put the data into a file or a bucket and pass where it is.
`},
	{Code: codeEmpty, Title: "The file is empty", Doc: `
There is nothing in the file, or nothing but comments.

` + "```yaml" + `
# my pipeline
` + "```" + `

` + "`kfp-go init`" + ` writes a first pipeline.
`},
	{Code: codeBinary, Title: "The file is not text", Doc: `
The file holds a zero byte or a control character, so it is no YAML or JSON: an archive, an image, or a text
that something has damaged.

` + "```yaml" + `
name: "a\u0007"   # fine: an escape in double quotes
` + "```" + `

Pass the pipeline file itself, unpacked. Write a control character that you need as an escape in double quotes.
`},
	{Code: codeEncoding, Title: "The file is not encoded as UTF-8", Doc: `
The text is in another encoding, such as Latin-1 or UTF-16.

` + "```yaml" + `
name: caf\xe9   # one byte, Latin-1
` + "```" + `

Save the file as UTF-8; every editor can.
`},
	{Code: codeSyntax, Title: "The file is not valid YAML or JSON", Doc: `
The place is where reading had to stop; the mistake is there or a little before it.

` + "```yaml" + `
name: 'demo
tasks: {}
` + "```" + `

Common causes: a quote or a bracket that is not closed, a tab in the indentation, a text with a colon and a
blank, or one that begins with a special character, without quotes around it.
`},
	{Code: codeDepth, Title: "Nested too deep", Doc: `
Lists and mappings stand inside one another more than 100 levels deep.

` + "```yaml" + `
a: [[[[[[[[[[ … ]]]]]]]]]]
` + "```" + `

No pipeline needs that; the file was probably not meant to be one.
`},
	{Code: codeDuplicate, Title: "A key appears twice", Doc: `
In one mapping each key stands once. YAML would let the last one win in silence.

` + "```yaml" + `
tasks:
  train: {}
  train: {}
` + "```" + `

Rename or remove one of them.
`},
	{Code: codeAliases, Title: "Aliases that grow without end", Doc: `
An alias stands for a copy of what its anchor marks. Copies of copies grow fast: the limit is a million values.
An alias inside its own anchor would never end.

` + "```yaml" + `
a: &a [*a]
` + "```" + `

Use fewer aliases, or a loop.
`},
	{Code: codeKey, Title: "A key that is not a text", Doc: `
A key is a text or a number, not a list or a mapping.

` + "```yaml" + `
? [a, b]
: c
` + "```" + `

An unquoted ` + "`{{ x }}`" + ` is a mapping in YAML; put quotes around it.
`},
	{Code: codeTag, Title: "A YAML tag that is not supported", Doc: `
Only the tags of plain YAML (` + "`!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!seq`, `!!map`" + `) mean anything here.

` + "```yaml" + `
image: !env IMAGE
` + "```" + `

Leave the tag out. Where a value has to come from outside, make it an input of the pipeline.
`},
	{Code: codeMerge, Title: "Something that cannot be merged", Doc: `
` + "`<<`" + ` takes over the fields of a mapping, or of each mapping in a list; nothing else.

` + "```yaml" + `
<<: 5
` + "```" + `

Write ` + "`<<: *defaults`" + ` where ` + "`&defaults`" + ` marks a mapping.
`},
}
