package check

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// What this package says, in one place and one voice.

func msgName(kind, name string) string  { return kind + " name " + quote(name) + " is not valid" }
func msgTwice(kind, name string) string { return kind + " " + quote(name) + " is there twice" }
func msgNoTask(name string) string      { return "there is no task " + quote(name) + " here" }
func msgNoInput(name string) string     { return "there is no input " + quote(name) + " here" }
func msgNoResult(name string) string    { return "output " + quote(name) + " is not declared" }
func msgNoOutput(task, name string) string {
	return "task " + quote(task) + " has no output " + quote(name)
}
func msgNoArg(name, component string) string {
	return "component " + quote(component) + " has no input " + quote(name)
}
func msgRequired(task, input string, t ir.Type) string {
	return "task " + quote(task) + " lacks its required input " + quote(input) + " (" + t.String() + ")"
}
func msgEdgeType(task, input string, want ir.Type, what string, got ir.Type) string {
	return "input " + quote(input) + " of task " + quote(task) + " is " + a(want) + ", but " + what + " is " + a(got)
}
func msgItemType(input string, want ir.Type, what string, got ir.Type) string {
	return "loop item " + quote(input) + " is " + a(want) + ", but the elements of " + what + " are " + a(got)
}
func msgItemLiteral(i int, v string, want ir.Type) string {
	return fmt.Sprintf("element %d of the loop, %s, is not %s", i, v, a(want))
}
func msgResultType(output string, want ir.Type, what string, got ir.Type) string {
	return "output " + quote(output) + " is " + a(want) + ", but " + what + " is " + a(got)
}
func msgArgLiteral(task, input string, want ir.Type, v string) string {
	return "input " + quote(input) + " of task " + quote(task) + " is " + a(want) + ", which " + v + " is not"
}
func msgDefault(input string, want ir.Type, v string) string {
	return "input " + quote(input) + " is " + a(want) + ", which its default " + v + " is not"
}
func msgLimit(v, limit string) string { return v + " breaks " + limit }
func msgLimitKind(what string, p *ir.Port) string {
	return what + " do not suit " + quote(p.Name.Text) + ", which is " + a(p.Type)
}
func msgPattern(input, pattern string) string {
	return "the pattern " + quote(pattern) + " of " + quote(input) + " is not a regular expression"
}
func msgEmptyRange(input, lo, hi string) string {
	return "no value of " + quote(input) + " can satisfy " + lo + " above " + hi
}
func msgNegativeLength(input string) string { return "a length of " + quote(input) + " is negative" }
func msgEmptyEnum(input string) string      { return "the enum of " + quote(input) + " is empty" }
func msgEnumType(input, v string, t ir.Type) string {
	return "the enum of " + quote(input) + " holds " + v + ", which is not " + a(t)
}
func msgAbsent(task, input string) string {
	return "input " + quote(input) + " of task " + quote(task) + " is required, but is given null"
}
func msgOptional(what, task, input string) string {
	return what + " may be absent, but input " + quote(input) + " of task " + quote(task) + " is required"
}
func msgOptionalLoop(what string) string { return what + " may be absent, so it cannot be looped over" }
func msgCondition(whose string, t ir.Type) string {
	return whose + " must be boolean, this is " + a(t)
}
func msgLoop(what string, t ir.Type) string { return what + " is " + a(t) + ", not a list" }
func msgAlternatives(output string, first, other ir.Type) string {
	return "output " + quote(output) + " is " + a(first) + " in one branch and " + a(other) + " in another"
}
func msgCycle(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = quote(n)
	}
	if len(q) > 8 {
		q = append(append(q[:4:4], fmt.Sprintf("… %d more …", len(q)-6)), q[len(q)-2:]...)
	}
	return "these tasks wait for each other: " + strings.Join(append(q, q[0]), " → ")
}
func msgSelf(name string) string { return "task " + quote(name) + " waits for itself" }
func msgEdge(task, from, how string) string {
	s := quote(task) + " waits for " + quote(from)
	if how != "" {
		s += " (" + how + ")"
	}
	return s
}
func msgRecursion(name string) string { return "component " + quote(name) + " contains itself" }
func msgUses(outer, inner string) string {
	if outer == "" {
		return "the pipeline uses " + quote(inner)
	}
	return quote(outer) + " uses " + quote(inner)
}
func msgUnused(name string) string { return "component " + quote(name) + " is not used by any task" }
func msgEmpty(name string) string  { return quote(name) + " has no tasks" }
func msgNever(what string) string {
	return what + " never runs: its condition is always false"
}
func msgNoItems(task string) string {
	return "task " + quote(task) + " never runs: its list is empty"
}
func msgBehindNever(task, up string) string {
	return "task " + quote(task) + " never runs: it waits for " + quote(up) + ", which never does"
}
func msgBehindAlways() string { return "this branch is never taken: one before it always is" }
func msgSecret(name string) string {
	return "input " + quote(name) + " is secret and must not be read here"
}
func msgNotSecret(name string) string {
	return "the variable takes a secret from input " + quote(name) + ", which is not declared as one"
}
func msgSecretType(name string, t ir.Type) string {
	return "secret input " + quote(name) + " is " + a(t)
}
func msgSecretText() string { return "a secret is given as SECRET/KEY" }
func msgArtifactAsText(name string) string {
	return "input " + quote(name) + " is an artifact, not a text"
}
func msgParameterAspect(what string, t ir.Type) string {
	return what + " is " + a(t) + " and has no such property"
}
func msgImage(s string) string           { return quote(s) + " is no image reference" }
func msgCount(what string, n int) string { return fmt.Sprintf("%s is %d", what, n) }
func msgRetryLimit(v string) string      { return "a retry limit cannot be " + v }
func msgRetryType(t ir.Type) string      { return "a retry limit is a whole number, this is " + a(t) }
func msgMemoryGrowth(class string) string {
	return "memory growth stands under " + quote(class)
}
func msgQuantity(what, s string) string { return quote(s) + " is no quantity of " + what }
func msgNegative(what, s string) string { return what + " is negative: " + s }
func msgWhole(what, s string) string    { return what + " is " + quote(s) + ", not a whole number" }
func msgResourceName(s string) string   { return quote(s) + " is no name of a resource" }
func msgAcceleratorType(s string) string {
	return quote(s) + " is no accelerator type"
}
func msgAboveLimit(name string) string { return "the request of " + name + " is above its limit" }
func msgExtended(name string) string   { return "request and limit of " + name + " differ" }
func msgEnvName(s string) string       { return quote(s) + " is no name of an environment variable" }
func msgObject(what, s string) string  { return quote(s) + " is no name of a " + what }
func msgConfigKey(what, s string) string {
	return quote(s) + " is no key of a " + what
}
func msgLabelKey(what, key string) string { return quote(key) + " is no key of a " + what }
func msgLabelValue(key, s string) string {
	return quote(s) + " is no value that " + quote(key) + " can have"
}
func msgChoice(key, value string) string { return quote(value) + " is no " + key }
func msgMount(path string) string        { return quote(path) + " is no mount path" }
func msgMountTwice(path string) string   { return "two volumes are mounted at " + quote(path) }
func msgSubPath(path string) string      { return quote(path) + " is no path inside a volume" }
func msgSize(n int) string {
	return fmt.Sprintf("a text of %d bytes does not fit into a container's arguments (128 KiB)", n)
}
func msgLongName(name string) string {
	return fmt.Sprintf("the pipeline's name has %d bytes", len(name))
}
func msgCron(line, bad string) string { return "cron line " + quote(line) + ": " + bad }
func msgZone(name string) string      { return "there is no time zone " + quote(name) }

// a is the type with its article.
func a(t ir.Type) string {
	s := t.String()
	if s != "" && strings.ContainsRune("aeiouAEIOU", rune(s[0])) {
		return "an " + s
	}
	return "a " + s
}

// describe names a value by what it reads.
func describe(v ir.Value) string {
	switch v := v.(type) {
	case *ir.Literal:
		return l10(v.V)
	case *ir.InputRef:
		if path := writtenPath(v); path != "" {
			return quote(path)
		}
		return quote("inputs." + v.Name)
	case *ir.OutputRef:
		if path := writtenPath(v); path != "" {
			return quote(path)
		}
		return quote("tasks." + v.Task + ".outputs." + v.Output)
	case *ir.Expr:
		return "the expression"
	case *ir.Template:
		return "the text"
	case *ir.StatusRef:
		return "the status"
	case *ir.ListValue:
		return "the list"
	case *ir.StructValue:
		return "the struct"
	}
	return "the value"
}

// writtenPath is a reference of the DSL as its author wrote it, "" where it
// stands otherwise. Inside groups what the representation reads is an input
// with a made-up name.
func writtenPath(v ir.Value) string {
	text := strings.Trim(v.Span().Text(), ` "'`)
	inside, ok := strings.CutPrefix(text, "${{")
	if ok {
		inside, ok = strings.CutSuffix(inside, "}}")
	}
	if !ok || strings.ContainsAny(inside, "\n{}$") {
		return ""
	}
	return strings.TrimSpace(inside)
}

// quote puts a name in quotes, control characters escaped, much of it left out
// when it is long.
func quote(s string) string { return strconv.Quote(shorten(s, 80)) }

func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}

// l10 is a constant as a message shows it.
func l10(v any) string {
	if s, ok := v.(string); ok {
		return quote(s)
	}
	return shorten(ir.JSON(v), 60)
}

// convertHint knows how to get from one type to another.
func convertHint(from, to ir.Type) string {
	switch {
	case from.IsArtifact() && !to.IsArtifact():
		return "an artifact is handed on whole; a parameter takes a value"
	case to.IsArtifact() && !from.IsArtifact():
		return "an artifact comes from a task's output, an input or an importer"
	case to.Kind == ir.String && from.Kind != ir.Null:
		return "make it a text: ${{ string(x) }}"
	case to.Kind == ir.Number && from.Kind == ir.String:
		return "convert it: ${{ double(x) }}"
	case to.Kind == ir.Integer && (from.Kind == ir.String || from.Kind == ir.Number):
		return "convert it: ${{ int(x) }}"
	case to.Kind != ir.List && from.Kind == ir.List:
		return "loop over the list, or take one element: ${{ x[0] }}"
	}
	return ""
}

func optionalHint(v ir.Value, t ir.Type) string {
	var instead string
	switch t.Kind {
	case ir.String:
		instead = `"…"`
	case ir.Integer:
		instead = "0"
	case ir.Number:
		instead = "0.0"
	case ir.Boolean:
		instead = "false"
	case ir.List:
		instead = "[]"
	default:
		return "declare the input `optional: true`"
	}
	if path := writtenPath(v); strings.Contains(path, ".") {
		i := strings.LastIndexByte(path, '.') + 1
		return "say what to take instead: ${{ " + path[:i] + "?" + path[i:] + ".orValue(" + instead + ") }}, or declare the input `optional: true`"
	}
	return "declare the input `optional: true`, or say what to take instead with .orValue(" + instead + ")"
}

func msgVolumeName(name string) string { return "the volume name " + quote(name) + " is not valid" }

func msgVolumeTwice(name string) string { return "two different volumes are called " + quote(name) }

func msgInitName(name string) string { return "the container name " + quote(name) + " is not valid" }

func msgInitTaken(name, whose string) string {
	return "the container name " + quote(name) + " is " + whose
}

func msgNoVolume(name string) string { return "the task has no volume called " + quote(name) }

func msgManyVolumes(name string) string {
	return "several volumes of the task are called " + quote(name)
}

func msgNegativeID(key string) string { return key + " is negative" }
