package python

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// wording turns what the driver told into findings and errors.
type wording struct {
	opt     Options
	program string
	answer  *answer // nil: none came
	end     error   // how Python ended
	late    bool
	begun   bool // Python came as far as the driver
	files   *files
}

// failure is why there is no pipeline: findings about the user's file, or an
// error about Python and the SDK.
func (w *wording) failure(output []string) ([]diag.Diagnostic, error) {
	if w.answer == nil {
		return w.noAnswer(output)
	}
	switch e := w.answer.Error; e.Kind {
	case "sdk-missing", "sdk-old", "sdk-broken", "sdk-odd":
		return nil, w.noSDK(e)
	case "syntax":
		return w.raised(codeSyntax, msgSyntax(e.Text), ""), nil
	case "import":
		return w.raised(codeImport, msgRaised(e.Type, e.Text), w.importHint(e)), nil
	case "exit":
		return w.raised(codeEnded, msgExit(e.Text), "a file that is compiled only defines its pipeline; what runs belongs below `if __name__ == \"__main__\":`"), nil
	case "timeout":
		return w.raised(codeSlow, msgSlow(w.opt.Timeout)+msgWhere(e), hintSlow), nil
	case "none":
		return w.none(), nil
	case "several":
		return w.several(), nil
	case "unknown":
		return w.unknown(), nil
	default:
		return w.raised(codeRaised, msgRaised(e.Type, e.Text), w.raisedHint(e)), nil
	}
}

// noAnswer is for a file that ended Python under the driver, or a program that
// is no Python.
func (w *wording) noAnswer(output []string) ([]diag.Diagnostic, error) {
	if w.late {
		return w.raised(codeSlow, msgSlow(w.opt.Timeout), hintSlow), nil
	}
	how := "exit code 0"
	var exit *exec.ExitError
	if errors.As(w.end, &exit) {
		how = exit.String()
	}
	if w.begun {
		return w.raised(codeEnded, msgEnded(how), ""), nil
	}
	last := ""
	if len(output) > 0 {
		last = ": " + shorten(output[len(output)-1], 200)
	}
	return nil, app.WithHint(app.Failf("%s: %s gave no answer (%s)%s", w.opt.File.Name(), w.program, how, last),
		"is it a Python of version 3.7 or later? --python, KFPGO_PYTHON or python: in kfp-go.yaml names another")
}

const hintSlow = "a file that is compiled only defines its pipeline; --python-timeout allows more"

// noSDK is the error for an SDK that is not there or is of no use.
func (w *wording) noSDK(e *failure) error {
	file, python := w.opt.File.Name(), fmt.Sprintf("%s (Python %s)", w.program, w.answer.Python)
	install := fmt.Sprintf("`%s -m pip install kfp`", w.program)
	other := ", or name a Python that has it: --python, KFPGO_PYTHON or python: in kfp-go.yaml"
	if near := w.nearby(); near != "" {
		other = ", or try the one of the folder: --python " + near
	}
	switch e.Kind {
	case "sdk-missing":
		return app.WithHint(app.Failf("%s is compiled by KFP's SDK, which %s does not have", file, python), install+other)
	case "sdk-old":
		return app.WithHint(app.Failf("%s: %s has KFP's SDK %s, and pipelines for KFP 2 need version 2", file, python, shorten(w.answer.SDK, 40)),
			fmt.Sprintf("`%s -m pip install 'kfp>=2'`", w.program)+other)
	}
	if e.Kind == "sdk-odd" {
		return app.WithHint(app.Failf("%s: KFP's SDK %s in %s is not as kfp-go knows it: %s", file, shorten(w.answer.SDK, 40), python, shorten(oneLine(e.Text), 300)),
			"another release of the SDK may do; please report it")
	}
	return app.WithHint(app.Failf("%s: KFP's SDK in %s cannot be imported: %s", file, python, shorten(oneLine(e.Text), 300)), install+" may mend it"+other)
}

// nearby is the Python of a virtual environment beside the file or in the
// project's root, "" when there is none or it was the one used.
func (w *wording) nearby() string {
	for _, dir := range []string{filepath.Dir(w.opt.File.Name()), w.opt.Root} {
		for _, name := range []string{".venv", "venv"} {
			if program, ok := inside(filepath.Join(dir, name)); ok && !same(program, w.program) {
				return program
			}
		}
	}
	return ""
}

func same(a, b string) bool {
	x, errX := os.Stat(filepath.Dir(a))
	y, errY := os.Stat(filepath.Dir(b))
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// raised is a finding at the innermost of the user's lines, with the lines that
// led there.
func (w *wording) raised(code diag.Code, message, hint string) []diag.Diagnostic {
	d := finding(code, message, hint, source.Span{File: w.opt.File})
	if w.answer == nil || w.answer.Error == nil {
		return []diag.Diagnostic{d}
	}
	frames := w.answer.Error.Frames
	found := false
	for i := len(frames) - 1; i >= 0 && len(d.Related) < maxRelated; i-- {
		span := w.files.span(&frames[i])
		switch {
		case span.IsZero():
		case !found:
			d.Span, found = span, true
		case span != d.Span:
			d.Related = append(d.Related, diag.Related{Message: "called from here", Span: span})
		}
	}
	return []diag.Diagnostic{d}
}

// maxRelated is how many of the lines that led to a mistake are shown.
const maxRelated = 3

// importHint says how to get what could not be imported.
func (w *wording) importHint(e *failure) string {
	top, _, _ := strings.Cut(e.Module, ".")
	switch {
	case e.Module == "kfp" && strings.Contains(e.Text, "'kubernetes'") || e.Module == "kfp.kubernetes":
		return fmt.Sprintf("`%s -m pip install kfp-kubernetes`", w.program)
	case top == "kfp":
		return old(e.Text, "KFP's SDK "+shorten(w.answer.SDK, 40)+" does not have it")
	case e.Missing && top != "" && plainName.MatchString(top):
		return fmt.Sprintf("%s does not have the module: install its package there, or name another Python with --python", w.program)
	}
	return ""
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

func (w *wording) raisedHint(e *failure) string {
	if strings.Contains(e.Text, "kfp") {
		return old(e.Text, "")
	}
	return ""
}

// v1 are names of the SDK's version 1 that version 2 does not have.
var v1 = []string{"ContainerOp", "func_to_container_op", "create_component_from_func", "VolumeOp", "ResourceOp", "PipelineVolume", "InputArgumentPath", "get_pipeline_conf"}

// old recognises pipelines for the SDK's version 1.
func old(text, otherwise string) string {
	for _, name := range v1 {
		if strings.Contains(text, name) {
			return name + " is of the SDK's version 1; in version 2 components are made with @dsl.component and @dsl.container_component"
		}
	}
	return otherwise
}

// none is for a file without a pipeline.
func (w *wording) none() []diag.Diagnostic {
	return []diag.Diagnostic{finding(codeNone, msgNone(w.opt.File.Name()), "a pipeline is a function with @dsl.pipeline above it", source.Span{File: w.opt.File})}
}

// several is for a file with more than one that could be meant.
func (w *wording) several() []diag.Diagnostic {
	some := w.answer.Candidates
	if len(some) == 0 {
		return w.none()
	}
	d := finding(codeSeveral, msgSeveral(w.opt.File.Name(), some), "choose one: --function "+shorten(some[0].Name, 80), source.Span{File: w.opt.File})
	for i, c := range some {
		span := w.files.span(c.Place)
		switch {
		case span.IsZero():
		case i == 0:
			d.Span = span
		case len(d.Related) < maxRelated:
			d.Related = append(d.Related, diag.Related{Message: "another one", Span: span})
		}
	}
	return []diag.Diagnostic{d}
}

// unknown is for a --function that the file does not have.
func (w *wording) unknown() []diag.Diagnostic {
	var names []string
	for _, c := range w.answer.Candidates {
		names = append(names, c.Name)
	}
	if len(names) == 0 {
		return w.none()
	}
	return []diag.Diagnostic{finding(codeUnknown, msgUnknown(w.opt.File.Name(), w.opt.Function), diag.Hint(w.opt.Function, names), source.Span{File: w.opt.File})}
}

func finding(code diag.Code, message, hint string, at source.Span) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Severity: diag.Error, Message: message, Hint: hint, Span: at}
}
