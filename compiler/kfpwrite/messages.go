package kfpwrite

import (
	"strconv"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

func noForm(what string, at source.Span) diag.Diagnostic {
	return diag.Diagnostic{Code: "K250", Severity: diag.Error, Span: at, Message: what + " cannot be said in KFP",
		Hint: "compute it in a task; conditions compare inputs and outputs with each other and with constants, values are references, keys and texts put together"}
}

func notInKFP(what, hint string, at source.Span) diag.Diagnostic {
	return diag.Diagnostic{Code: "K251", Severity: diag.Error, Span: at, Message: "KFP does not have " + what, Hint: hint}
}

func leftOut(what string, at source.Span) diag.Diagnostic {
	return diag.Diagnostic{Code: "K252", Severity: diag.Warning, Span: at, Message: "KFP cannot say " + what + ": it is left out"}
}

func backendDiffers(what, hint string, at source.Span) diag.Diagnostic {
	return diag.Diagnostic{Code: "K253", Severity: diag.Warning, Span: at, Message: "in KFP's own back end " + what, Hint: hint}
}

func takenForPlaceholder(at source.Span) diag.Diagnostic {
	return diag.Diagnostic{Code: "K254", Severity: diag.Error, Span: at, Message: "KFP would replace a part of this text, which looks like one of its placeholders",
		Hint: "its format has no way to write such text; read it from a file or an artifact"}
}

func unknownType(name string, at source.Span) diag.Diagnostic {
	return diag.Diagnostic{Code: "K255", Severity: diag.Error, Span: at, Message: "KFP must know the type of " + strconv.Quote(name) + ", which is known at run time only",
		Hint: "give the list that it comes from an element type, as in items: string"}
}

func needsShell(name string, at source.Span) diag.Diagnostic {
	return diag.Diagnostic{Code: "K256", Severity: diag.Note, Span: at,
		Message: "in KFP, the container of " + strconv.Quote(name) + " starts through sh and env, which its image must have"}
}
