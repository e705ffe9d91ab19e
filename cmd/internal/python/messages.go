package python

import (
	"strconv"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/compiler/diag"
)

const (
	codeSyntax  diag.Code = "P750"
	codeImport  diag.Code = "P751"
	codeRaised  diag.Code = "P752"
	codeEnded   diag.Code = "P753"
	codeSlow    diag.Code = "P754"
	codeNone    diag.Code = "P755"
	codeSeveral diag.Code = "P756"
	codeUnknown diag.Code = "P757"
)

func msgSyntax(text string) string { return "not valid Python: " + shorten(oneLine(text), 300) }

func msgRaised(kind, text string) string {
	text = oneLine(text)
	if text == "" {
		return shorten(kind, 80)
	}
	return shorten(kind, 80) + ": " + shorten(text, 400)
}

func msgExit(text string) string {
	if text = oneLine(text); text != "" && text != "0" {
		return "the file ends Python before its pipeline is compiled: " + shorten(text, 200)
	}
	return "the file ends Python before its pipeline is compiled"
}

func msgEnded(how string) string {
	return "Python ended before the pipeline was compiled (" + how + ")"
}

func msgSlow(d time.Duration) string {
	return "the file was not compiled within " + d.String()
}

func msgWhere(e *failure) string {
	if len(e.Frames) == 0 {
		return ""
	}
	return "; this is where it was"
}

func msgNone(file string) string { return strconv.Quote(file) + " has no pipeline and no component" }

func msgSeveral(file string, some []candidate) string {
	var names []string
	for _, c := range some {
		names = append(names, shorten(c.Name, 60))
	}
	const most = 8
	if n := len(names) - most; n > 0 {
		names = append(names[:most], strconv.Itoa(n)+" more")
	}
	last := len(names) - 1
	return strconv.Quote(file) + " has " + strconv.Itoa(len(some)) + " " + some[0].Kind + "s: " + strings.Join(names[:last], ", ") + " and " + names[last]
}

func msgUnknown(file, name string) string {
	return strconv.Quote(file) + " has no pipeline or component " + strconv.Quote(shorten(name, 80))
}

// oneLine joins the lines of a text; blanks between them become one.
func oneLine(s string) string { return strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ") }

func shorten(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most]) + "…"
}
