package tree

import (
	"fmt"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// The codes of reading files.
const (
	codeTooBig    diag.Code = "S001"
	codeEmpty     diag.Code = "S002"
	codeBinary    diag.Code = "S003"
	codeEncoding  diag.Code = "S004"
	codeSyntax    diag.Code = "S005"
	codeDepth     diag.Code = "S006"
	codeDuplicate diag.Code = "S007"
	codeAliases   diag.Code = "S008"
	codeKey       diag.Code = "S009"
	codeTag       diag.Code = "S010"
	codeMerge     diag.Code = "S011"
)

func problem(code diag.Code, at source.Span, hint, format string, args ...any) diag.Diagnostic {
	message := format
	if len(args) > 0 {
		message = fmt.Sprintf(format, args...)
	}
	return diag.Diagnostic{Code: code, Severity: diag.Error, Message: message, Span: at, Hint: hint}
}

func tooBig(at source.Span, size int) diag.Diagnostic {
	return problem(codeTooBig, at, "keep data out of the pipeline file: pass it as an artifact",
		"the file has %d MiB; the limit is %d MiB", (size+1<<20-1)>>20, maxFile>>20)
}

func scalarTooBig(at source.Span, size int) diag.Diagnostic {
	return problem(codeTooBig, at, "keep data out of the pipeline file: pass it as an artifact",
		"a text of %d MiB; the limit for one text is %d MiB", (size+1<<20-1)>>20, maxScalar>>20)
}

func emptyFile(at source.Span) diag.Diagnostic {
	return problem(codeEmpty, at, "`kfp-go init` writes a first pipeline", "the file is empty")
}

func binaryFile(at source.Span) diag.Diagnostic {
	return problem(codeBinary, at, "a pipeline is a YAML or JSON text file", "the file is binary, not text")
}

func utf16File(at source.Span) diag.Diagnostic {
	return problem(codeEncoding, at, "save the file as UTF-8", "the file is encoded as UTF-16, not UTF-8")
}

func badEncoding(at source.Span, b byte) diag.Diagnostic {
	return problem(codeEncoding, at, "save the file as UTF-8", "byte 0x%02x is not valid UTF-8", b)
}

func controlCharacter(at source.Span, b byte) diag.Diagnostic {
	return problem(codeBinary, at, `write it as an escape in double quotes, "\x`+fmt.Sprintf("%02x", b)+`"`,
		"control character 0x%02x in the text", b)
}

func unprintable(at source.Span, r rune) diag.Diagnostic {
	return problem(codeBinary, at, "write it as an escape in double quotes", "control character %U in the text", r)
}

func tooDeep(at source.Span) diag.Diagnostic {
	return problem(codeDepth, at, "", "nested more than %d levels deep", maxDepth)
}

func duplicateKey(key string, at, first source.Span) diag.Diagnostic {
	d := problem(codeDuplicate, at, "keep one of them", "the key %q appears twice", key)
	d.Related = []diag.Related{{Message: "first here", Span: first}}
	return d
}

func tooManyNodes(at source.Span) diag.Diagnostic {
	return problem(codeAliases, at, "use fewer aliases", "the document grows beyond %d values when its aliases are expanded", maxExpanded)
}

func selfAlias(name string, at source.Span) diag.Diagnostic {
	return problem(codeAliases, at, "", "the alias %q stands inside its own anchor", name)
}

func keyNotScalar(at source.Span) diag.Diagnostic {
	return problem(codeKey, at, "put quotes around the key if it is a text", "a key must be a text, not a list or a mapping")
}

func unknownTag(tag string, at source.Span) diag.Diagnostic {
	return problem(codeTag, at, "leave the tag out", "the YAML tag %q is not supported", tag)
}

func badMerge(at source.Span) diag.Diagnostic {
	return problem(codeMerge, at, "write `<<: *name` or `<<: [*a, *b]`", "what is merged with << must be a mapping")
}

func badJSON(at source.Span, message string) diag.Diagnostic {
	return problem(codeSyntax, at, "", "not valid JSON: %s", message)
}

// syntax words an error of the YAML library: what it says is meant for people
// who know its grammar, so the common ones are said again in plain words.
func syntax(at, context source.Span, message, during string) diag.Diagnostic {
	d := problem(codeSyntax, at, "", "not valid YAML: %s", message)
	for _, p := range plainWords {
		if strings.Contains(message, p.message) && strings.Contains(during, p.during) {
			d.Message, d.Hint = "not valid YAML: "+p.say, p.hint
			break
		}
	}
	if !context.IsZero() && context.Start != at.Start {
		d.Related = []diag.Related{{Message: strings.TrimPrefix(during, "while parsing ") + " begins here", Span: context}}
		d.Related[0].Message = strings.TrimPrefix(d.Related[0].Message, "while scanning ")
	}
	return d
}

// errOpenBracket stands in for what the library says of a file that ends
// between brackets: that a value is missing.
const errOpenBracket = "the file ends inside brackets"

type wording struct{ message, during, say, hint string }

var plainWords = []wording{
	{"found unexpected end of stream", "quoted scalar", "a quoted text is not closed", "add the missing quote"},
	{"found unexpected document indicator", "quoted scalar", "a quoted text is not closed", "add the missing quote"},
	{"did not find expected ',' or ']'", "", "a list in brackets is not closed", "add the missing , or ]"},
	{"did not find expected ',' or '}'", "", "a mapping in braces is not closed", "add the missing , or }"},
	{"mapping values are not allowed", "", "a key is not expected here", "put quotes around a text that holds \": \"; otherwise check the indentation"},
	{"could not find expected ':'", "", "a line is neither a key nor part of a text", "a key ends with a colon; check the indentation of a longer text"},
	{"found a tab character", "", "a tab in the indentation", "indent with spaces"},
	{"unknown escape character", "", "no such escape in a text in double quotes", "write \\\\ for a backslash, or use single quotes"},
	{"did not find expected key", "block mapping", "a key is expected here", "keys of one mapping begin in the same column; put quotes around a text that begins with a special character"},
	{"did not find expected '-' indicator", "", "the list ends here, but its indentation goes on", "give the key the indentation of its siblings, or begin the line with -"},
	{errOpenBracket, "", "the file ends before a bracket or brace is closed", "add the missing ] or }"},
	{"did not find expected node content", "", "a value is expected here", "put quotes around a text that begins with a special character"},
	{"block sequence entries are not allowed", "", "a list cannot begin here", "begin the list on a line of its own"},
	{"unknown anchor", "", "an alias of an anchor that is not defined above", "put quotes around a text that begins with *"},
	{"did not find expected <document start>", "", "something follows the end of the document", "check the indentation; several documents are parted by a line ---"},
	{"did not find expected alphabetic or numeric character", "", "a text cannot begin with & or * without quotes", "put quotes around the text"},
	{"found character that cannot start any token", "", "a text cannot begin with this character without quotes", "put quotes around the text"},
}
