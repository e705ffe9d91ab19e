package kfpspec

import (
	"fmt"
	"strconv"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

func fail(code diag.Code, at source.Span, hint, message string) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Severity: diag.Error, Message: message, Span: at, Hint: hint}
}

func also(d diag.Diagnostic, message string, at source.Span) diag.Diagnostic {
	d.Related = append(d.Related, diag.Related{Message: message, Span: at})
	return d
}

func quote(s string) string {
	if len(s) > 120 {
		s = s[:117] + "..."
	}
	return strconv.Quote(s)
}

func noPipeline(at source.Span) diag.Diagnostic {
	return fail("K200", at, "compile the pipeline with the KFP SDK and pass the file that it writes", "no document with pipelineInfo")
}

func unknownDocument(at source.Span) diag.Diagnostic {
	return fail("K200", at, "a file holds a PipelineSpec and at most one PlatformSpec", "a document that is neither a PipelineSpec nor a PlatformSpec")
}

func secondDocument(what string, at, first source.Span) diag.Diagnostic {
	return also(fail("K200", at, "keep one of them", "a second "+what), "first here", first)
}

func notAComponent(at source.Span) diag.Diagnostic {
	return fail("K200", at, "a component has implementation, a compiled one pipelineInfo", "the file is no KFP component")
}

func wrongKind(what, want, got string, at source.Span) diag.Diagnostic {
	return fail("K201", at, "", what+" must be "+want+", not "+got)
}

func badDuration(what, text string, at source.Span) diag.Diagnostic {
	return fail("K201", at, `write seconds, such as "30s"`, what+" must be a duration, not "+quote(text))
}

func unknownField(name, where string, at source.Span, known []string) diag.Diagnostic {
	return fail("K202", at, diag.Hint(name, known), "unknown field "+quote(name)+" in "+where)
}

func unknownPlatform(name string, at source.Span) diag.Diagnostic {
	d := fail("K202", at, "known: kubernetes", "the platform "+quote(name)+" is not known and has no effect")
	d.Severity = diag.Warning
	return d
}

func missing(what string, at source.Span) diag.Diagnostic {
	return fail("K203", at, "", what+" is missing")
}

func noSource(at source.Span) diag.Diagnostic {
	return fail("K203", at, "give it componentInputParameter, taskOutputParameter or runtimeValue", "an input without a source")
}

func noValue(name string, at source.Span) diag.Diagnostic {
	return fail("K203", at, "add it to dag.outputs", "the output "+quote(name)+" gets no value")
}

func noProgram(at source.Span) diag.Diagnostic {
	return fail("K203", at, "KFP never uses the image's own entrypoint", "a container without command and args")
}

func rootNoDAG(at source.Span) diag.Diagnostic {
	return fail("K203", at, "", "root has neither dag nor executorLabel")
}

func badVersion(v string, at source.Span) diag.Diagnostic {
	return fail("K204", at, "compile the pipeline with KFP SDK 2.0 or later", "schemaVersion "+quote(v)+" is not supported, only 2.1.0 is")
}

func unknownComponent(name string, at source.Span, known []string) diag.Diagnostic {
	return fail("K205", at, diag.Hint(name, known), "no component "+quote(name))
}

func unknownExecutor(name string, at source.Span, known []string) diag.Diagnostic {
	return fail("K205", at, diag.Hint(name, known), "no executor "+quote(name))
}

func unknownInput(name string, at source.Span, known []string) diag.Diagnostic {
	return fail("K205", at, diag.Hint(name, known), "no input "+quote(name))
}

func unknownPort(name string, output bool, at source.Span, known []string) diag.Diagnostic {
	what := "input"
	if output {
		what = "output"
	}
	return fail("K205", at, diag.Hint(name, known), "no "+what+" "+quote(name))
}

func undeclaredOutput(name string, at source.Span, known []string) diag.Diagnostic {
	return fail("K205", at, diag.Hint(name, known), "the output "+quote(name)+" is not declared in outputDefinitions")
}

func unknownType(name string, at source.Span) diag.Diagnostic {
	known := []string{"STRING", "NUMBER_INTEGER", "NUMBER_DOUBLE", "BOOLEAN", "LIST", "STRUCT", "TASK_FINAL_STATUS"}
	return fail("K206", at, diag.Hint(name, known), "no parameter type "+quote(name))
}

func unknownStrategy(name string, at source.Span) diag.Diagnostic {
	known := []string{"ALL_UPSTREAM_TASKS_SUCCEEDED", "ALL_UPSTREAM_TASKS_COMPLETED"}
	return fail("K206", at, diag.Hint(name, known), "no trigger strategy "+quote(name))
}

func unknownChoice(what, name string, at source.Span, known ...string) diag.Diagnostic {
	return fail("K206", at, diag.Hint(name, known), quote(name)+" is no "+what)
}

func wrongPort(name, what string, at source.Span) diag.Diagnostic {
	return fail("K206", at, "", quote(name)+" is "+what)
}

func recursion(name string, at source.Span) diag.Diagnostic {
	return fail("K207", at, "a component cannot hold itself, directly or through others", "the component "+quote(name)+" holds itself")
}

func tooDeep(at source.Span) diag.Diagnostic {
	return fail("K207", at, "", fmt.Sprintf("components stand inside one another more than %d levels deep", maxNesting))
}

func twoOf(a, b string, at, other source.Span) diag.Diagnostic {
	return also(fail("K208", at, "keep one of them", a+" and "+b+" exclude each other"), "the other", other)
}

func severalSources(at source.Span) diag.Diagnostic {
	return fail("K208", at, "keep one of them", "an input with more than one source")
}

func samePort(name string, at, first source.Span) diag.Diagnostic {
	return also(fail("K208", at, "names are unique across parameters and artifacts", quote(name)+" is the name of a parameter and of an artifact"), "first here", first)
}

func policyWithoutIterator(at source.Span) diag.Diagnostic {
	return fail("K208", at, "", "iteratorPolicy without an iterator")
}

func badItems(at source.Span) diag.Diagnostic {
	return fail("K209", at, `write a JSON list, such as '["a", "b"]'`, "the items of a loop must be JSON text of a list")
}

func badStructure(at source.Span) diag.Diagnostic {
	return fail("K209", at, `the forms are {"IfPresent": {"InputName": ..., "Then": ..., "Else": ...}} and {"Concat": [...]}`,
		"IfPresent or Concat of a shape that KFP does not know")
}

func unsupportedSelector(at source.Span) diag.Diagnostic {
	return fail("K210", at, `the only form is parseJson(string_value)["key"]`, "a selector that kfp-go does not support")
}

func badEscape(at source.Span) diag.Diagnostic {
	return fail("K209", at, "", fmt.Sprintf("json_escape takes a count from 0 to %d", ir.MaxEscape))
}

func unsupported(name string, at source.Span) diag.Diagnostic {
	return fail("K210", at, "remove it or run this pipeline with KFP", quote(name)+" is not supported by kfp-go")
}

func mixedConfig(what string, at source.Span) diag.Diagnostic {
	return fail("K210", at, "give one value, or constants", "several "+what+" that are known at run time only cannot be handed over as one task config")
}

func absentInConfig(name string, at source.Span) diag.Diagnostic {
	return fail("K210", at, "give the input a default, or a constant in its place", "the input "+quote(name)+" may be absent, and a task config cannot leave entries out")
}

func keyInConfig(at source.Span) diag.Diagnostic {
	return fail("K210", at, "give resourceType a constant", "the type of an accelerator that is known at run time only cannot be handed over in a task config")
}

func outOfRange(what string, least, most int64, at source.Span) diag.Diagnostic {
	return fail("K201", at, "", fmt.Sprintf("%s must be a number from %d to %d", what, least, most))
}

func placeholderNotHere(at source.Span) diag.Diagnostic {
	d := fail("K211", at, "a task's constants and resources can hold input parameters and facts about the run", "this placeholder has no meaning here and stays as text")
	d.Severity = diag.Warning
	return d
}

func leftReference(at source.Span) diag.Diagnostic {
	d := fail("K211", at, "pass the value as an argument of a task, or let a task make the text", "the SDK left a reference as it was, and it stays as text")
	d.Severity = diag.Warning
	return d
}

func selfReference(name string, at source.Span) diag.Diagnostic {
	return fail("K211", at, "", "the input "+quote(name)+" refers to itself")
}

func noEffect(name string, severity diag.Severity, at source.Span) diag.Diagnostic {
	d := fail("K212", at, "", quote(name)+" has no effect in kfp-go")
	d.Severity = severity
	return d
}

func halfAccelerator(at source.Span) diag.Diagnostic {
	d := fail("K212", at, "give both resourceType and resourceCount", "an accelerator without type or count has no effect")
	d.Severity = diag.Warning
	return d
}

func artifactDefault(name string, at source.Span) diag.Diagnostic {
	return fail("K206", at, "give the input a parameter type such as String, or drop the default", "the artifact "+quote(name)+" cannot have a default")
}

func badPlaceholder(at source.Span) diag.Diagnostic {
	return fail("K209", at, "write one key, such as {inputValue: name}", "an element of a command line must be a text or one placeholder")
}

func badCondition(at source.Span) diag.Diagnostic {
	return fail("K209", at, "write {isPresent: name}, true or false", "a condition of a shape that KFP does not know")
}
