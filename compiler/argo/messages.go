package argo

import (
	"fmt"
	"strconv"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// The wording of this package, and the pages of its codes.

func (l *lowerer) fail(d diag.Diagnostic)   { d.Severity = diag.Error; l.report(d) }
func (l *lowerer) warn(d diag.Diagnostic)   { d.Severity = diag.Warning; l.report(d) }
func (l *lowerer) cannot(d diag.Diagnostic) { d.Severity = diag.Error; l.report(d) }

func (l *lowerer) note(d diag.Diagnostic) { d.Severity = diag.Note; l.report(d) }

func note(code diag.Code, at source.Span, message, hint string) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Span: at, Message: message, Hint: hint}
}

func msgOutputRunFact(at source.Span) diag.Diagnostic {
	return note("A600", at, "an output cannot be made from facts of the run, which Argo does not know there",
		"give the value to a task as an input and take it from the task's output")
}

func msgExpression(at source.Span, text string, err error) diag.Diagnostic {
	return note("A601", at, fmt.Sprintf("%q cannot be written as an Argo expression: %v", text, err), "compute it in a task")
}

func msgNoCommand(name ir.Ident, at source.Span) diag.Diagnostic {
	return note("A602", at, fmt.Sprintf("component %q has no command: before each run Argo's controller looks the entrypoint up in the image's registry", name.Text),
		"write the image's entrypoint as command")
}

func msgBraces(at source.Span, text string) diag.Diagnostic {
	return note("A603", at, strconv.Quote(clip(text))+` holds "{{", which Argo would replace here`, "such text can stand in command, args, env and inputs only")
}

func msgArgsTooLong(name ir.Ident, at source.Span, n int) diag.Diagnostic {
	return note("A604", at, fmt.Sprintf("the arguments of component %q are %d KiB long; Argo passes at most 128 KiB", name.Text, n>>10),
		"put the text into the image, an artifact or the command")
}

func msgExitWhen(name ir.Ident) diag.Diagnostic {
	return note("A605", name.At, fmt.Sprintf("exit task %q cannot have a condition of its own in Argo", name.Text), "put it into a group")
}

func msgToleranceCut(name ir.Ident) diag.Diagnostic {
	return note("A606", name.At, fmt.Sprintf("task %q runs however its upstream tasks ended, but they are in another part of this DAG of more than 500 tasks", name.Text),
		"put the tasks that may fail and the one behind them into a group")
}

func msgQuantity(at source.Span, what, text string) diag.Diagnostic {
	return note("A607", at, fmt.Sprintf("%q is no quantity (%s)", clip(text), what), "such as 500m, 2, 512Mi or 10Gi")
}

func msgObject(at source.Span, what string, err error) diag.Diagnostic {
	return note("A609", at, fmt.Sprintf("this is no valid %s: %s", what, clean(err)), "")
}

func msgFactor(at source.Span, f float64) diag.Diagnostic {
	return note("A610", at, fmt.Sprintf("Argo's backoff factor is a whole number; %v is rounded", f), "write a whole number")
}

func msgGrowWithoutBase(at source.Span) diag.Diagnostic {
	return note("A611", at, "memory cannot grow because the task asks for none", "state resources.memory")
}

func msgSpotAffinity(at source.Span) diag.Diagnostic {
	return note("A612", at, "a computed affinity cannot be combined with spot", "write the affinity out")
}

func msgPatch(at source.Span, what string, err error) diag.Diagnostic {
	return note("A613", at, fmt.Sprintf("the patch does not fit Argo's %s: %s", what, clean(err)), "")
}

func msgPatchKind(at source.Span) diag.Diagnostic {
	return note("A614", at, "a patch must leave the template a container", "")
}

func msgContent(at source.Span, port string) diag.Diagnostic {
	return note("A615", at, fmt.Sprintf("the content of artifact %q cannot become text of a command in Argo", port), "read the file in the program")
}

func msgComponentExpr(at source.Span, text string) diag.Diagnostic {
	return note("A616", at, fmt.Sprintf("%q may fail, and reads something that is known only inside the container", text), "compute it in the program")
}

func msgNoSchedule(name ir.Ident) diag.Diagnostic {
	return note("A618", name.At, fmt.Sprintf("pipeline %q has no schedule, which a CronWorkflow needs", name.Text), "add schedule: {cron: …}")
}

func msgOtherBucket(at source.Span, uri string) diag.Diagnostic {
	return note("A619", at, strconv.Quote(clip(uri))+" is read by its key from the run's artifact repository, whatever bucket that is", hintStores)
}

func msgSomeBucket(at source.Span) diag.Diagnostic {
	return note("A619", at, "an artifact whose URI only the run knows is read by its key from the run's artifact repository, whatever bucket that is", hintStores)
}

const hintStores = "add its bucket to artifact-stores in kfp-go.yaml, or set artifact-root to the repository's own bucket"

func msgForeign(at source.Span, uri string) diag.Diagnostic {
	return note("A620", at, strconv.Quote(clip(uri))+" is passed on as a URI; its content is not put into pods", "download it in the task, or add its bucket to artifact-stores in kfp-go.yaml")
}

func msgRoot(at source.Span, err error) diag.Diagnostic {
	return note("A621", at, "artifact root "+clean(err), "")
}

func msgRootIgnored(at source.Span, err error) diag.Diagnostic {
	return note("A621", at, "pipeline root "+clean(err)+"; the run's artifact repository is used", "give one with --artifact-root, or none")
}

func msgRootByKey(at source.Span, uri string) diag.Diagnostic {
	return note("A622", at, "artifact root "+strconv.Quote(clip(uri))+" is in none of the artifact-stores: artifacts are kept under its keys in the run's artifact repository, which has to be this bucket",
		"add its bucket to artifact-stores in kfp-go.yaml if it is another")
}

func msgNoWorkspace(at source.Span) diag.Diagnostic {
	return note("A630", at, "data is to be copied into the workspace, but the pipeline has none", "give the pipeline a workspace with a size")
}

func msgElsewhere(name ir.Ident, at source.Span) diag.Diagnostic {
	return note("A631", at, fmt.Sprintf("component %q may put an artifact at a custom path, where Argo does not look", name.Text), "write to the path that the executor input gives")
}

func msgNewline(c *ir.Component, port *ir.Port) diag.Diagnostic {
	return note("A632", port.Name.At, fmt.Sprintf("if the text that component %q writes to output %q ends in a newline, Argo cuts it off; KFP keeps it", c.Name.Text, port.Name.Text),
		"write no newline at the end, or start the program through sh or python3")
}

func msgUnchecked(c *ir.Component, port *ir.Port) diag.Diagnostic {
	return note("A636", port.Name.At, fmt.Sprintf("if component %q writes to output %q what is no %s, the task that reads it fails, and nothing does if none reads it; KFP fails the task itself", c.Name.Text, port.Name.Text, port.Type),
		"start the program through python3, or let it check what it writes")
}

func msgMissingFolder(c *ir.Component, port *ir.Port) diag.Diagnostic {
	return note("A633", port.Name.At, fmt.Sprintf("if artifact %q of component %q was not written, an empty folder stands at its path, and the program asks what is there", port.Name.Text, c.Name.Text),
		"let the producer write it, or take an empty folder for nothing")
}

func msgScattered(c *ir.Component, port *ir.Port) diag.Diagnostic {
	return note("A634", port.Name.At, fmt.Sprintf("artifacts of list %q of component %q are imported from wherever the run says: if they lie in different folders, only their URIs arrive", port.Name.Text, c.Name.Text),
		"import from one folder, or loop over the artifacts")
}

func msgMacro(at source.Span, port, macro string) diag.Diagnostic {
	return note("A635", at, fmt.Sprintf("%q in input %q stays as it is: only KFP's own scheduler replaces it", clip(macro), port),
		"pass {{$.pipeline_job_schedule_time_utc}} to the task that wants the time")
}

func msgSaysURI(c *ir.Component, at source.Span) diag.Diagnostic {
	return note("A619", at, fmt.Sprintf("component %q may give an artifact a URI of its own; it is read by its key from the run's artifact repository, whatever bucket that is", c.Name.Text), hintStores)
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// clean is the message of a foreign error on one line.
func clean(err error) string {
	out := []rune(err.Error())
	for i, r := range out {
		if r < 0x20 || r == 0x7f {
			out[i] = ' '
		}
	}
	return clip200(string(out))
}

func clip200(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}
