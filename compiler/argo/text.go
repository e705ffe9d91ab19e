package argo

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// Argo substitutes a template's text several times, and each pass sees what the
// one before has made of it. Two encodings survive all of them.
//
// Wire: the arguments of tasks are JSON in which neither "$" nor "{{" occurs.
//
// Kubelet: text of the pod's own fields, where a "$" that the kubelet would read
// is doubled and an empty variable stands between braces; the kubelet, which
// comes last, undoes both.

// braces is the empty variable that keeps two braces apart.
const braces = "KFP_E"

// wireConst escapes constant JSON for the wire.
func wireConst(json string) string {
	if strings.IndexByte(json, '$') >= 0 {
		json = strings.ReplaceAll(json, "$", `\u0024`)
	}
	return openBraces(json, `{\u007b`)
}

func openBraces(s, with string) string {
	if strings.Contains(s, "{{") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "{{", with), "{{", with)
	}
	return s
}

// wireExpr is an expression for the wire text of one that yields JSON.
func wireExpr(e string) string {
	return `replace(replace(replace(` + e + `,'$','\\u0024'),'{{','{\\u007b'),'{{','{\\u007b')`
}

// kubeletConst escapes literal text of a pod field in which the kubelet expands
// variables. declared names are left to the kubelet, and so is $$(NAME) of one,
// the text $(NAME).
func kubeletConst(s string, declared map[string]bool) string {
	if strings.IndexByte(s, '$') >= 0 {
		s = escapeDollars(s, declared)
	}
	return openBraces(s, "{$("+braces+"){")
}

func escapeDollars(s string, declared map[string]bool) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '$' {
			b.WriteByte(s[i])
			continue
		}
		if name, ok := variable(s[i:]); ok && declared[name] {
			b.WriteString(s[i : i+len(name)+3])
			i += len(name) + 2
			continue
		}
		if name, ok := variable(s[i+1:]); ok && declared[name] {
			b.WriteString(s[i : i+len(name)+4])
			i += len(name) + 3
			continue
		}
		b.WriteByte('$')
		if !inert(s[i+1:]) {
			b.WriteByte('$')
		}
	}
	return b.String()
}

// inert reports whether the kubelet leaves a "$" in front of the text alone.
// It reads the byte behind "$" as a character, which spoils any that is not
// ASCII; and at the end of a text a value may follow.
func inert(behind string) bool {
	return behind != "" && behind[0] != '$' && behind[0] != '(' && behind[0] < 0x80
}

// variable is NAME when s begins with $(NAME).
func variable(s string) (string, bool) {
	if !strings.HasPrefix(s, "$(") {
		return "", false
	}
	end := strings.IndexByte(s, ')')
	if end < 0 {
		return "", false
	}
	return s[2:end], true
}

// kubeletExpr is an expression for the escaped text of one that yields text.
func kubeletExpr(e string) string {
	const open = "'{$(" + braces + "){'"
	return `replace(replace(replace(` + e + `,'$','$$'),'{{',` + open + `),'{{',` + open + `)`
}

// tag wraps an expression for substitution.
func tag(e string) string { return "{{=" + closed(e) + "}}" }

// closed keeps an expression from ending its tag early: two braces in a row
// occur in it only as structure, since literals write them otherwise.
func closed(e string) string {
	for strings.Contains(e, "}}") {
		e = strings.ReplaceAll(e, "}}", "} }")
	}
	if strings.HasSuffix(e, "}") {
		e += " "
	}
	return e
}

func inputParam(name string) string { return "inputs.parameters['" + name + "']" }
func outputParam(task, name string) string {
	return "tasks['" + task + "'].outputs.parameters['" + name + "']"
}

// guardedOutput reads an output that may not be there, without a member path
// that Argo would wait for.
func guardedOutput(task, name string) string {
	return "get(get(get(tasks['" + task + "'],'outputs') ?? fromJSON('{ }'),'parameters') ?? fromJSON('{ }'),'" + name + "')"
}

// short reports whether the text form of the type is short whatever its value.
func short(t ir.Type) bool {
	return t.Kind == ir.Integer || t.Kind == ir.Boolean || t.Kind == ir.Number
}

// harmless reports whether JSON of the type holds neither "$" nor braces.
func harmless(t ir.Type) bool { return short(t) || t.Kind == ir.Null }
