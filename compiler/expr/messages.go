package expr

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

func complain(code diag.Code, at source.Span, message, hint string) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Severity: diag.Error, Message: message, Span: at, Hint: hint}
}

func unclosed(at source.Span) diag.Diagnostic {
	return complain("E300", at, `"${{" is never closed`, `close it with }}, or write $${{ for the text "${{"`)
}

func empty(at source.Span) diag.Diagnostic {
	return complain("E301", at, "this expression is empty", `write a value between ${{ and }}, or $${{ for the text "${{"`)
}
