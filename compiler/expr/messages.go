package expr

import (
	"fmt"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

func stringVal(s string) types.String { return types.String(s) }

func complain(code diag.Code, at source.Span, message, hint string) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Severity: diag.Error, Message: message, Span: at, Hint: hint}
}

func unclosed(at source.Span) diag.Diagnostic {
	return complain("E300", at, `"${{" is never closed`, `close it with }}, or write $${{ for the text "${{"`)
}

func empty(at source.Span) diag.Diagnostic {
	return complain("E301", at, "this expression is empty", `write a value between ${{ and }}, or $${{ for the text "${{"`)
}

func syntax(at source.Span, what, hint string) diag.Diagnostic {
	return complain("E302", at, what, hint)
}

func unknownName(at source.Span, names []string, n int, known []string) diag.Diagnostic {
	name := names[n]
	what := "unknown name " + quote(name)
	if n > 0 {
		switch names[n-1] {
		case "inputs", kfpValues:
			what = "no input " + quote(name)
		case "tasks":
			what = "no task " + quote(name)
		case "outputs":
			what = "no output " + quote(name)
			if n > 2 && names[n-3] == "tasks" {
				what = "task " + quote(names[n-2]) + " has no output " + quote(name)
			}
		default:
			what = quote(strings.Join(names[:n], ".")) + " has no " + quote(name)
		}
	}
	return complain("E303", at, what, diag.Hint(name, known))
}

func incomplete(at source.Span, path string, below []string) diag.Diagnostic {
	hint := ""
	if len(below) > 0 {
		hint = "name one of: " + list(path, below)
	}
	return complain("E304", at, quote(path)+" is no value by itself", hint)
}

func computedName(at source.Span, path string, below []string) diag.Diagnostic {
	hint := "write the name as a text literal"
	if len(below) > 0 {
		hint += ", one of: " + strings.Join(below[:min(len(below), 12)], ", ")
	}
	return complain("E304", at, "names in "+quote(path)+" cannot be computed", hint)
}

func list(path string, below []string) string {
	var out []string
	for i, b := range below {
		if i == 12 {
			out = append(out, "…")
			break
		}
		out = append(out, path+"."+b)
	}
	return strings.Join(out, ", ")
}

func unavailable(at source.Span, name, hint string) diag.Diagnostic {
	return complain("E305", at, "function "+name+" is not available in Argo expressions", hint)
}

func wrongCall(at source.Span, name string) diag.Diagnostic {
	return complain("E305", at, "function "+name+" is not called like this", usage(name))
}

func noClock(at source.Span) diag.Diagnostic {
	return complain("E306", at, "expressions have no clock: the same run must give the same result", "pass the time as an input")
}

func mixed(at source.Span, hint string) diag.Diagnostic {
	return complain("E307", at, "integer and number do not mix", hint)
}

func untyped(at source.Span, text string) diag.Diagnostic {
	if len(text) > 40 || text == "" || strings.ContainsAny(text, "\n\r") {
		text = "x"
	}
	return complain("E308", at, "the type of "+quote(text)+" is not known here",
		fmt.Sprintf("write int(%s), double(%s) or string(%s)", text, text, text))
}

func tooLarge(at source.Span, n int64) diag.Diagnostic {
	size := "larger than 2^53−1, the largest"
	if n < 0 {
		size = "smaller than −(2^53−1), the smallest"
	}
	return complain("E309", at, strconv.FormatInt(n, 10)+" is "+size+" integer JSON carries exactly", "")
}

func outOfRange(at source.Span) diag.Diagnostic {
	return complain("E309", at, at.Text()+" is larger than 2^53−1, the largest integer JSON carries exactly", "")
}

func orderDependent(at source.Span) diag.Diagnostic {
	return complain("E310", at, "both sides can fail, so the result would depend on the order",
		"parse the value in an earlier task, or test it first: a ? b : false")
}

func leftToRight(at source.Span) diag.Diagnostic {
	d := complain("E310", at, "both sides can fail; Argo looks at the left one first", "")
	d.Severity = diag.Warning
	return d
}

func failingTest(at source.Span, macro string) diag.Diagnostic {
	return complain("E311", at, "the test inside "+macro+" can fail on text that is not JSON or no number",
		"convert the elements with map first, or parse them in an earlier task")
}

func noOrder(at source.Span, op, kind string) diag.Diagnostic {
	return complain("E312", at, kind+" have no order: "+op+" needs a number or a text", "write double(x) or string(x) on one side")
}

func negativeIndex(at source.Span, text string) diag.Diagnostic {
	hint := ""
	if text != "" && len(text) <= 40 && !strings.ContainsAny(text, "\n\r") {
		hint = "write " + text + "[size(" + text + ") - 1] for the last"
	}
	return complain("E313", at, "lists are counted from 0", hint)
}

func untypedIndex(at source.Span) diag.Diagnostic {
	return complain("E308", at, "neither the value nor its index has a known type here", "write x[int(i)] or x[string(key)]")
}

func badKey(at source.Span) diag.Diagnostic {
	return complain("E314", at, "keys must be distinct text literals", "")
}

func repeatedKey(at source.Span, key string) diag.Diagnostic {
	return complain("E314", at, "key "+quote(key)+" is repeated: keys must be distinct text literals", "")
}

func optionalEntry(at source.Span) diag.Diagnostic {
	return complain("E314", at, "optional entries are not available in Argo expressions", "write has(x) ? {'k': x} : {}")
}

func noUint(at source.Span) diag.Diagnostic {
	return complain("E314", at, "type uint is not available in expressions", "use an integer")
}

func noBytes(at source.Span) diag.Diagnostic {
	return complain("E314", at, "type bytes is not available in expressions", "use a text")
}

func message(at source.Span, name string) diag.Diagnostic {
	return complain("E314", at, "type "+name+" is not available in expressions", "use a struct: {'key': value}")
}

func computedPattern(at source.Span) diag.Diagnostic {
	return complain("E315", at, "the pattern must be a text literal", "")
}

func badPattern(at source.Span, why string) diag.Diagnostic {
	return complain("E315", at, "bad pattern: "+why, "patterns are RE2, as in Go")
}

func formatLiteral(at source.Span) diag.Diagnostic {
	return complain("E316", at, "format needs a text literal and a list literal", `write "%s of %s".format([a, b])`)
}

func badVerb(at source.Span, verb string) diag.Diagnostic {
	return complain("E316", at, quote(verb)+" is not available in Argo", "send the number as it is and format it in the task; %s, %d and %% are available")
}

func formatCount(at source.Span, verbs, values int) diag.Diagnostic {
	return complain("E316", at, fmt.Sprintf("the text has places for %d values, the list holds %d", verbs, values), "")
}

func artifact(at source.Span, name string) diag.Diagnostic {
	return complain("E317", at, "artifact "+quote(name)+" is no value to compute with",
		"use its .path, .uri or .metadata, or write it alone")
}

func mayBeAbsent(at source.Span, path, name string) diag.Diagnostic {
	hint := "write has(" + path + ") ? " + path + " : … "
	if i := strings.LastIndexByte(path, '.'); i > 0 {
		hint += "or " + path[:i] + ".?" + name + ".orValue(…)"
	}
	d := complain("E318", at, quote(name)+" may be absent, the task would then fail", strings.TrimSpace(hint))
	d.Severity = diag.Warning
	return d
}

func inArgo(at source.Span, bytes int) diag.Diagnostic {
	what := "this expression is too large in Argo"
	if bytes > 0 {
		what = fmt.Sprintf("this expression becomes more than %d KB in Argo", bytes>>10)
	}
	return complain("E319", at, what, "split it over two outputs")
}

func tooLong(at source.Span) diag.Diagnostic {
	return complain("E319", at, fmt.Sprintf("this expression is longer than %d KB", maxSource>>10), "split it over two outputs")
}

func unfinishedOptional(at source.Span) diag.Diagnostic {
	return complain("E320", at, "this may be absent and has no value then", "add .orValue(…) for the value, or .hasValue()")
}

func optionalTooEarly(at source.Span, name, last string) diag.Diagnostic {
	return complain("E320", at, `".?`+name+`" stands too early`, "only the last name may be absent: write .?"+last)
}

func badOperands(at source.Span, op string, args []string) diag.Diagnostic {
	if len(args) == 1 {
		return complain("E321", at, op+" cannot be applied to "+args[0], "")
	}
	return complain("E321", at, op+" cannot be applied to "+strings.Join(args, " and "), operandHint(op, args))
}

func operandHint(op string, args []string) string {
	if op == "+" && len(args) == 2 && (args[0] == "string" || args[1] == "string") {
		return "write string(x) to join texts"
	}
	if (op == "==" || op == "!=") && len(args) == 2 && (args[0] == "null" || args[1] == "null") {
		return "absent values are found with has(x)"
	}
	return ""
}

func badArguments(at source.Span, name string, args []string) diag.Diagnostic {
	return complain("E321", at, "function "+name+" does not take "+strings.Join(args, " and "), usage(name))
}

func noFields(at source.Span, kind string) diag.Diagnostic {
	return complain("E321", at, "a value of type "+kind+" has no fields", "")
}

func noRange(at source.Span, kind string) diag.Diagnostic {
	return complain("E321", at, "a value of type "+kind+" has no elements", "use a list or a struct")
}

func wrongType(at source.Span, want, got string) diag.Diagnostic {
	return complain("E321", at, article(want)+" is needed here, but this is "+article(got), "")
}

func article(kind string) string {
	switch {
	case kind == "any" || kind == "null" || strings.HasPrefix(kind, "an "):
		return kind
	case kind == "integer" || strings.HasPrefix(kind, "optional"):
		return "an " + kind
	}
	return "a " + kind
}

func branches(at source.Span, args []string) diag.Diagnostic {
	return complain("E321", at, "the two values of ? : must have one type, but these are "+article(args[0])+" and "+article(args[1]),
		"convert one of them; dyn(x) hides a type")
}

func other(at source.Span, what string) diag.Diagnostic {
	what, _, _ = strings.Cut(what, "\n")
	return complain("E322", at, "this expression is not understood: "+what, "")
}

func broken(at source.Span, err error) diag.Diagnostic {
	return complain("E322", at, "expressions cannot be compiled: "+err.Error(), "please report this")
}

func untranslated(at source.Span, what string) diag.Diagnostic {
	return complain("E305", at, what+" is not available in Argo expressions", "")
}

func infiniteCapture(at source.Span) diag.Diagnostic {
	return complain("E323", at, "a number that may be infinite cannot enter a macro inside another one",
		"compute the list in an earlier task or output")
}

func quote(s string) string { return `"` + s + `"` }

// usage shows how a function of the subset is called.
func usage(name string) string {
	switch name {
	case "indexOf", "lastIndexOf":
		return "write s." + name + "(part); an offset is not available"
	case "size":
		return "write size(x) of a text, a list or a struct"
	case "format":
		return `write "%s of %s".format([a, b])`
	case "int", "double":
		return "write " + name + "(x) of a number or a text"
	case "string":
		return "write string(x) of a text, a number or a boolean; a list or struct becomes text alone or beside text in ${{ … }}"
	case "bool":
		return "write bool(x) of a text or a boolean"
	case "dyn", "parseJson":
		return "write " + name + "(x)"
	case "orValue":
		return `write inputs.?note.orValue("…")`
	case "hasValue":
		return "write inputs.?note.hasValue()"
	case "join":
		return "write texts.join(separator)"
	case "math.greatest", "math.least":
		return "write " + name + "(a, b), all integers or all numbers"
	}
	if a, ok := subset(name); ok && a.member {
		args := [...]string{"", "a", "a, b", "a, b, n"}
		return "write s." + name + "(" + args[min(a.least-1, 3)] + ")"
	}
	return ""
}

func (r *rewriter) badCall(e ast.Expr, name string, known bool) diag.Diagnostic {
	at := r.at(e)
	if known {
		return wrongCall(at, name)
	}
	switch name {
	case "timestamp", "duration", "now", "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek",
		"getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds":
		return noClock(at)
	case "uint":
		return noUint(at)
	case "bytes":
		return noBytes(at)
	case "all", "exists", "exists_one", "existsOne", "map", "filter", "transformList", "transformMap":
		return unavailable(at, name+" with these arguments", "write xs."+macroUsage(name))
	case "cel.bind":
		return unavailable(at, name, "write the value where it is used, or compute it in an output")
	case "type":
		return unavailable(at, name, "")
	case "sort", "sum", "flatten", "slice", "distinct", "range", "lists.range":
		return unavailable(at, name, "do it in a task")
	case "math.sqrt":
		return unavailable(at, name, "do it in a task")
	case "value", "or", "optMap", "optFlatMap":
		return unavailable(at, name, "write .orValue(…) or .hasValue()")
	case "len", "length":
		return unavailable(at, name, "did you mean size?")
	case "float", "number":
		return unavailable(at, name, "did you mean double?")
	case "str", "text":
		return unavailable(at, name, "did you mean string?")
	case "lower", "toLower":
		return unavailable(at, name, "did you mean lowerAscii?")
	case "upper", "toUpper":
		return unavailable(at, name, "did you mean upperAscii?")
	case "fromJSON", "fromJson":
		return unavailable(at, name, "did you mean parseJson?")
	}
	return unavailable(at, name, diag.Hint(name, functionNames()))
}

func macroUsage(name string) string {
	switch name {
	case "map", "transformList", "transformMap":
		return "map(x, value) or xs.map(x, test, value)"
	case "existsOne":
		return "exists_one(x, test)"
	}
	return name + "(x, test)"
}

func functionNames() []string {
	return []string{"all", "bool", "charAt", "contains", "double", "dyn", "endsWith", "exists", "exists_one", "filter",
		"format", "has", "hasValue", "indexOf", "int", "join", "lastIndexOf", "lowerAscii", "map", "matches", "math.abs",
		"math.ceil", "math.floor", "math.greatest", "math.isFinite", "math.isInf", "math.isNaN", "math.least", "math.round",
		"math.sign", "math.trunc", "orValue", "parseJson", "replace", "reverse", "size", "split", "startsWith", "string",
		"substring", "trim", "upperAscii"}
}

// syntaxError words the first thing that CEL's parser could not read.
func (sp *spelling) syntaxError(e *cel.Error) diag.Diagnostic {
	off := sp.lineColumn(e.Location.Line(), e.Location.Column())
	toks := sp.tokens()
	switch {
	case strings.Contains(e.Message, "recursion"), strings.Contains(e.Message, "nesting"):
		return complain("E319", sp.from.All(), "this expression is nested too deeply", "split it over two outputs")
	case strings.HasPrefix(e.Message, "invalid int literal"):
		return outOfRange(sp.token(off))
	case strings.HasPrefix(e.Message, "reserved identifier"):
		return syntax(sp.token(off), quote(sp.token(off).Text())+" is a reserved word", "choose another name")
	case strings.Contains(e.Message, "invalid argument to has() macro"):
		return syntax(sp.token(off), "has() takes a path", "write has(inputs.note) or has(x.key)")
	case strings.Contains(e.Message, "argument must be a simple name"), strings.Contains(e.Message, "argument is not an identifier"):
		return syntax(sp.token(off), "the first argument must be a simple name", "write xs.all(x, x > 0)")
	case strings.Contains(e.Message, "overwrites accumulator"), strings.Contains(e.Message, "iteration variable"):
		return syntax(sp.token(off), "this name cannot be a loop variable", "choose another name")
	case strings.Contains(e.Message, "math.greatest"), strings.Contains(e.Message, "math.least"):
		return complain("E305", sp.token(off), "math.greatest and math.least take integers or numbers", usage("math.least"))
	}
	for _, t := range toks {
		if c := sp.text[t.start]; c == '\'' || c == '"' {
			if end, ok := stringEnd(sp.text, t.start, false); !ok || end > len(sp.text) {
				return syntax(sp.span(t.start, t.end), "this text literal is never closed", "")
			}
		}
	}
	open := -1
	for i, t := range toks {
		switch sp.text[t.start] {
		case '(', '[', '{':
			if t.match < 0 && open < 0 {
				open = i
			}
		case ')', ']', '}':
			if t.match < 0 {
				return syntax(sp.span(t.start, t.end), quote(sp.text[t.start:t.end])+" closes nothing", "")
			}
		}
	}
	if open >= 0 {
		t := toks[open]
		return syntax(sp.span(t.start, t.end), quote(sp.text[t.start:t.end])+" is never closed", "")
	}
	if i := sp.tokenAt(off); i >= 0 {
		t := toks[i]
		text := sp.text[t.start:t.end]
		return syntax(sp.span(t.start, t.end), "unexpected "+quote(strings.Trim(text, "`")), operatorHint(text))
	}
	if len(toks) > 0 {
		t := toks[len(toks)-1]
		return syntax(sp.span(t.start, t.end), "the expression ends too early", "something is missing after "+quote(sp.text[t.start:t.end]))
	}
	return syntax(sp.from.All(), "this expression is empty", "")
}

func operatorHint(text string) string {
	switch text {
	case "=":
		return "write == to compare"
	case "and", "&":
		return "write &&"
	case "or", "|":
		return "write ||"
	case "not":
		return "write !"
	}
	return ""
}

// token is where the word at an offset stands, the offset alone when there is
// none.
func (sp *spelling) token(off int) source.Span {
	if i := sp.tokenAt(off); i >= 0 {
		t := sp.tokens()[i]
		return sp.span(t.start, t.end)
	}
	return sp.span(off, min(off+1, len(sp.text)))
}

// lineColumn is the offset of CEL's line (from 1) and column (from 0).
func (sp *spelling) lineColumn(line, column int) int {
	off := 0
	for ; line > 1; line-- {
		n := strings.IndexByte(sp.text[off:], '\n')
		if n < 0 {
			break
		}
		off += n + 1
	}
	rest := &spelling{text: sp.text[off:]}
	return off + rest.offset(max(0, column))
}
