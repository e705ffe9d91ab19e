package expr

import (
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/kfp-go/kfp-go/compiler/diag"
)

// reportTypes words what CEL's checker found, one message for each place.
func reportTypes(sp *spelling, a *ast.AST, errs []*cel.Error, report diag.Reporter) {
	seen := map[int64]bool{}
	for _, e := range errs {
		if seen[e.ExprID] {
			continue
		}
		seen[e.ExprID] = true
		report(typeError(sp, a, e))
	}
}

func typeError(sp *spelling, a *ast.AST, e *cel.Error) diag.Diagnostic {
	at := sp.atID(a, e.ExprID)
	quoted := strings.Split(e.Message, "'")
	switch {
	case strings.HasPrefix(e.Message, "found no matching overload") && len(quoted) >= 4:
		return overload(sp, a, e.ExprID, quoted[1], argumentTypes(quoted[3]))
	case strings.HasPrefix(e.Message, "expected type") && len(quoted) >= 4:
		if strings.Contains(quoted[3], "optional_type") {
			return unfinishedOptional(at)
		}
		return wrongType(at, ownName(quoted[1]), ownName(quoted[3]))
	case strings.Contains(e.Message, "does not support field selection") && len(quoted) >= 2:
		return noFields(at, ownName(quoted[1]))
	case strings.Contains(e.Message, "cannot be range of a comprehension") && len(quoted) >= 2:
		return noRange(at, ownName(quoted[1]))
	}
	return other(at, e.Message)
}

// argumentTypes reads "(int, map(string, dyn))" or "string.(int)" as CEL prints
// them.
func argumentTypes(s string) []string {
	var out []string
	if i := strings.Index(s, ".("); i >= 0 {
		out, s = append(out, ownName(s[:i])), s[i+1:]
	}
	s = strings.TrimSuffix(strings.TrimPrefix(s, "("), ")")
	depth, from := 0, 0
	for i := 0; i <= len(s); i++ {
		switch {
		case i == len(s) || s[i] == ',' && depth == 0:
			if t := strings.TrimSpace(s[from:i]); t != "" {
				out = append(out, ownName(t))
			}
			from = i + 1
		case s[i] == '(':
			depth++
		case s[i] == ')':
			depth--
		}
	}
	return out
}

// ownName is the DSL's name of a type that CEL prints.
func ownName(t string) string {
	switch {
	case t == "int":
		return "integer"
	case t == "double":
		return "number"
	case t == "bool":
		return "boolean"
	case t == "dyn" || len(t) == 1:
		return "any"
	case t == "null" || t == "null_type":
		return "null"
	case strings.HasPrefix(t, "map("):
		return "struct"
	case strings.HasPrefix(t, "list("):
		if inner := ownName(strings.TrimSuffix(t[5:], ")")); inner != "any" {
			return "list of " + inner
		}
		return "list"
	case strings.HasPrefix(t, "optional_type("):
		return "optional " + ownName(strings.TrimSuffix(t[len("optional_type("):], ")"))
	case strings.HasPrefix(t, "wrapper("):
		return ownName(strings.TrimSuffix(t[len("wrapper("):], ")"))
	}
	return t
}

func overload(sp *spelling, a *ast.AST, id int64, function string, args []string) diag.Diagnostic {
	at := sp.atID(a, id)
	for _, t := range args {
		if strings.HasPrefix(t, "optional ") {
			return unfinishedOptional(at)
		}
	}
	op, isOp := operators.FindReverse(function)
	switch {
	case function == operators.Index || function == operators.OptIndex:
		if len(args) == 2 && strings.HasPrefix(args[0], "list") {
			return wrongType(at, "an integer index", args[1])
		}
		return badOperands(at, "[…]", args)
	case function == operators.Conditional && len(args) == 3:
		if args[0] == "boolean" || args[0] == "any" {
			return branches(at, args[1:])
		}
		if call := findCall(a, id); call != nil {
			at = sp.at(a, call.AsCall().Args()[0])
		}
		return wrongType(at, "boolean", args[0])
	case isOp && len(args) == 2 && mixes(args):
		return mixed(at, mixHint(sp, a, id, args))
	case isOp:
		return badOperands(at, op, args)
	case function == fnFormatInt:
		return badOperands(at, "%d", args)
	}
	function = strings.Replace(strings.Replace(function, "@max", "greatest", 1), "@min", "least", 1)
	return badArguments(at, function, args)
}

func mixes(args []string) bool {
	return strings.HasSuffix(args[0], "integer") && strings.HasSuffix(args[1], "number") ||
		strings.HasSuffix(args[0], "number") && strings.HasSuffix(args[1], "integer")
}

// mixHint offers 1.0 for the literal 1, else double(x) for the integer x.
func mixHint(sp *spelling, a *ast.AST, id int64, args []string) string {
	call := findCall(a, id)
	if call == nil || len(call.AsCall().Args()) != 2 || strings.HasPrefix(args[0], "list") {
		return ""
	}
	side := call.AsCall().Args()[0]
	if !strings.HasSuffix(args[0], "integer") {
		side = call.AsCall().Args()[1]
	}
	text := sp.at(a, side).Text()
	if side.Kind() == ast.LiteralKind {
		if _, ok := side.AsLiteral().(types.Int); ok {
			return "write " + text + ".0"
		}
	}
	if len(text) > 40 || strings.ContainsAny(text, "\r\n") {
		text = "x"
	}
	return "write double(" + text + ")"
}

func findCall(a *ast.AST, id int64) (call ast.Expr) {
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.ID() == id && e.Kind() == ast.CallKind {
			call = e
		}
	}))
	return call
}
