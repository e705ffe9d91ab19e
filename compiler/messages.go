package compiler

import (
	"fmt"
	"strconv"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

const (
	codeUnrecognised diag.Code = "C470"
	codeNotFound     diag.Code = "C471"
	codeOutside      diag.Code = "C472"
	codeRefCycle     diag.Code = "C473"
	codeWrongKind    diag.Code = "C474"
	codeNeedsData    diag.Code = "C475"

	codeArgUnknown diag.Code = "R701"
	codeArgTwice   diag.Code = "R702"
	codeArgFile    diag.Code = "R703"
	codeArgType    diag.Code = "R704"
	codeArgLimit   diag.Code = "R705"
	codeArgMissing diag.Code = "R706"
	codeArgSecret  diag.Code = "R707"
)

func msgUnrecognised(name string) string {
	return quote(name) + " is no pipeline: it has neither pipeline:, pipelineInfo: nor implementation:"
}
func msgNotFound(ref string) string { return quote(ref) + " cannot be found" }
func msgNoFile(ref string) string   { return quote(ref) + " is not a file" }
func msgNoLoader(ref string) string { return quote(ref) + " cannot be opened from here" }
func msgOutside(ref string) string  { return quote(ref) + " lies outside the project" }
func msgRefCycle(ref string) string { return quote(ref) + " leads back to a file that is being read" }
func msgNotComponent(ref string) string {
	return quote(ref) + " is no component file"
}
func msgNotPipeline(ref string) string { return quote(ref) + " is no pipeline file" }

func msgArgUnknown(pipeline, name string) string {
	return "pipeline " + quote(pipeline) + " has no input " + quote(name)
}
func msgArgTwice(name string) string { return "input " + quote(name) + " is given twice" }
func msgArgNoFiles(name string) string {
	return "input " + quote(name) + " cannot be read from a file here"
}
func msgArgFile(name, file string, err error) string {
	return "input " + quote(name) + ": " + quote(file) + " cannot be read: " + strconv.QuoteToGraphic(err.Error())
}
func msgArgArtifact(name string) string {
	return "input " + quote(name) + " is an artifact, which this is not"
}
func msgArgType(name string, t ir.Type, text string) string {
	return fmt.Sprintf("input %s is of type %s, which %s is not", quote(name), t, quote(text))
}
func msgArgNull(name string) string {
	return "input " + quote(name) + " is required, but is given null"
}
func msgArgLimit(name string, v any, limit string) string {
	return "input " + quote(name) + ": " + shorten(ir.JSON(v), 60) + " breaks " + limit
}
func msgArgUnfit(name, why string) string { return "input " + quote(name) + ": " + why }
func msgArgMissing(port *ir.Port) string {
	return "the required input " + quote(port.Name.Text) + " (" + port.Type.String() + ") has no value"
}
func msgArgSecret(name string) string {
	return "input " + quote(name) + " is secret and takes SECRET/KEY"
}

func howTo(t ir.Type) string {
	switch t.Kind {
	case ir.Integer:
		return "write a whole number, as in 42"
	case ir.Number:
		return "write a number, as in 0.5"
	case ir.Boolean:
		return "write true or false"
	case ir.Struct:
		return `write JSON, as in '{"key": "value"}'`
	case ir.List:
		if t.Items != nil {
			return "write a JSON list of " + t.Items.String() + " values"
		}
		return `write JSON, as in '["a", "b"]'`
	}
	return "write JSON"
}

func example(port *ir.Port) string {
	switch {
	case port.Secret:
		return "SECRET/KEY"
	case port.Type.Kind == ir.Artifact:
		return "s3://BUCKET/KEY"
	case port.Type.IsArtifact():
		return `'["s3://BUCKET/KEY"]'`
	case port.Type.Kind == ir.Integer:
		return "1"
	case port.Type.Kind == ir.Number:
		return "0.5"
	case port.Type.Kind == ir.Boolean:
		return "true"
	case port.Type.Kind == ir.List:
		return `'["a"]'`
	case port.Type.Kind == ir.Struct:
		return `'{"key": "value"}'`
	}
	return "VALUE"
}

func quote(s string) string { return strconv.Quote(shorten(s, 80)) }

func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
