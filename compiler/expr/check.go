package expr

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/Masterminds/sprig/v3"
	exprlang "github.com/expr-lang/expr"
	"github.com/expr-lang/expr/builtin"
)

// argoEnv is what Argo's expressions can name, with the types that expr-lang's
// compiler sees there: its functions, and the containers of values.
var argoEnv = sync.OnceValue(func() map[string]any {
	functions := sprig.GenericFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	out := map[string]any{
		"asInt":    builtin.Int,
		"asFloat":  builtin.Float,
		"jsonpath": func(string, string) any { return nil },
		"toJson":   func(v any) string { b, _ := json.Marshal(v); return string(b) },
		"sprig":    functions,
		"item":     "",
		"retries":  "",
	}
	for _, name := range []string{"inputs", "outputs", "tasks", "steps", "workflow", "lastRetry", "pod", "node"} {
		out[name] = map[string]any{}
	}
	return out
})

// CheckArgo compiles an expr-lang text as Argo 3.7.18 does and refuses what
// would fail there before any value is known: syntax, types, names that Argo
// does not have, and let, which hides errors from Argo. It does not know which
// tasks or parameters there are.
func CheckArgo(e string) error {
	if _, err := exprlang.Compile(e, exprlang.Env(argoEnv())); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return fmt.Errorf("Argo cannot compile the expression %s: %s", shorten(e), first)
	}
	if bad := badWord(e); bad != "" {
		return fmt.Errorf("the expression %s uses %s", shorten(e), bad)
	}
	return nil
}

func shorten(e string) string {
	if len(e) > 200 {
		return e[:strings.LastIndexByte(e[:200], ' ')+1] + "…"
	}
	return e
}

// badWord finds, outside of string literals, what compiles and yet goes wrong
// in Argo: let, and functions that sprig does not have there.
func badWord(e string) string {
	if !strings.Contains(e, "let") && !strings.Contains(e, "sprig") {
		return ""
	}
	for i := 0; i < len(e); {
		switch c := e[i]; {
		case c == '\'' || c == '"':
			next, ok := stringEnd(e, i, false)
			if !ok {
				return ""
			}
			i = next
		case letter(c):
			end := identEnd(e, i)
			member := i > 0 && e[i-1] == '.'
			switch word := e[i:end]; {
			case word == "let" && !member:
				return "let, which hides errors from Argo"
			case word == "sprig" && !member && end < len(e) && e[end] == '.':
				function := e[end+1 : identEnd(e, end+1)]
				if _, ok := argoEnv()["sprig"].(map[string]any)[function]; !ok {
					return "sprig." + function + ", which Argo does not have"
				}
			}
			i = end
		default:
			i++
		}
	}
	return ""
}
