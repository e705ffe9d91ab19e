package dsl

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

const (
	codeKey        diag.Code = "D100"
	codeKind       diag.Code = "D101"
	codeMissing    diag.Code = "D102"
	codeScalar     diag.Code = "D103"
	codeName       diag.Code = "D104"
	codeLoopName   diag.Code = "D105"
	codeRepeats    diag.Code = "D106"
	codeNoExpr     diag.Code = "D107"
	codeNeedsExpr  diag.Code = "D108"
	codeType       diag.Code = "D109"
	codeLimit      diag.Code = "D110"
	codePattern    diag.Code = "D111"
	codeLiteral    diag.Code = "D112"
	codeComponent  diag.Code = "D113"
	codeInput      diag.Code = "D114"
	codeTask       diag.Code = "D115"
	codeBoth       diag.Code = "D116"
	codeNothing    diag.Code = "D117"
	codeVariable   diag.Code = "D118"
	codeScriptExpr diag.Code = "D119"
	codeArtifact   diag.Code = "D120"
	codeSecret     diag.Code = "D121"
	codeSecretForm diag.Code = "D122"
	codeOtherwise  diag.Code = "D123"
	codeBranch     diag.Code = "D124"
	codeGroup      diag.Code = "D125"
	codeContainer  diag.Code = "D126"
	codeProfile    diag.Code = "D127"
	codeDocuments  diag.Code = "D128"
	codeCatalogue  diag.Code = "D129"
	codeOpen       diag.Code = "D130"
	codeExecutor   diag.Code = "D131"
	codeRetry      diag.Code = "D132"
	codeAfter      diag.Code = "D133"
	codeLarge      diag.Code = "D134"
	codeImport     diag.Code = "D135"
	codeProfiles   diag.Code = "D136"
	codeOnExit     diag.Code = "D137"
	codeItem       diag.Code = "D138"
	codeOneOf      diag.Code = "D139"
)

func complain(code diag.Code, at source.Span, message, hint string) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Severity: diag.Error, Message: message, Span: at, Hint: hint}
}

// quote puts the author's text into a message: one line, no control characters,
// not too long.
func quote(s string) string {
	if utf8.RuneCountInString(s) > 60 {
		s = string([]rune(s)[:57]) + "…"
	}
	return strconv.Quote(s)
}

func unknownKey(k *tree.Node, known []string) diag.Diagnostic {
	hint := diag.Hint(k.Scalar, known)
	if hint == "" && len(known) > 12 {
		hint = "`kfp-go schema` prints every key"
	}
	return complain(codeKey, k.Span(), "unknown key "+quote(k.Scalar), hint)
}

func wrongKind(n *tree.Node, s *shape) diag.Diagnostic {
	return complain(codeKind, n.Span(), "expected "+s.want()+", found "+found(n), "")
}

func found(n *tree.Node) string {
	switch n.Kind {
	case tree.Mapping:
		return "a mapping"
	case tree.Sequence:
		return "a list"
	}
	return quote(n.Scalar)
}

// want names what a shape admits.
func (s *shape) want() string {
	var out []string
	switch {
	case s.scalar == enumScalar:
		out = append(out, "one of "+strings.Join(s.values, ", "))
	case s.scalar == boolScalar && s.values != nil:
		out = append(out, "true, false or "+strings.Join(s.values, ", "))
	case s.scalar != noScalar:
		out = append(out, s.scalar.want(s.doc))
	}
	if s.items != nil {
		out = append(out, "a list")
	}
	if s.object != nil {
		out = append(out, "a mapping")
	}
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, " or ")
}

func (k scalarKind) want(doc string) string {
	switch k {
	case boolScalar:
		return "true or false"
	case intScalar:
		return "a whole number"
	case numberScalar:
		return "a number"
	case durationScalar:
		return "a duration such as 30s, 10m or 1h30m"
	case typeScalar:
		return "a type"
	}
	switch doc {
	case "", "text":
		return "a text"
	case "argument", "image", "expression":
		return "a text"
	}
	return "a text (" + doc + ")"
}

func missingKey(n *tree.Node, o *object, name string) diag.Diagnostic {
	at := n.Span()
	if len(n.Fields) > 0 {
		at = n.Fields[0].Key.Span()
	}
	if f := field(n, name); f != nil {
		at = f.Key.Span()
	}
	return complain(codeMissing, at, "the key "+quote(name)+" is missing here", o.key(name).doc)
}

func missingSetting(s *setting, name, hint string) diag.Diagnostic {
	return complain(codeMissing, firstKey(s.node), "the key "+quote(name)+" is missing here", hint)
}

func badScalar(n *tree.Node, s *shape) diag.Diagnostic {
	hint := ""
	switch {
	case s.scalar == enumScalar:
		hint = diag.Hint(n.Scalar, s.values)
	case s.scalar == boolScalar && s.exprs:
		hint = "write a condition as ${{ … }}"
	case s.scalar == boolScalar && oneOf(strings.ToLower(n.Scalar), []string{"yes", "on", "true"}):
		hint = "write true, without quotes"
	case s.scalar == boolScalar && oneOf(strings.ToLower(n.Scalar), []string{"no", "off", "false"}):
		hint = "write false, without quotes"
	case s.scalar == durationScalar && numberText(n.Scalar):
		hint = "say the unit: " + n.Scalar + "s, " + n.Scalar + "m or " + n.Scalar + "h"
	case s.scalar == intScalar && n.Kind == tree.Text && integerText(n.Scalar):
		hint = "write it without quotes"
	}
	return complain(codeScalar, n.Span(), "expected "+s.want()+", found "+quote(n.Scalar), hint)
}

func badName(n *tree.Node) diag.Diagnostic {
	return complain(codeName, n.Span(), quote(n.Scalar)+" is no name", "names are letters, digits, _ and -, begin with a letter or _, and have at most 128 characters")
}

func outputWithout(k *tree.Node) diag.Diagnostic {
	return nothing(k.Span(), "the output "+quote(k.Scalar)+" has no value", "it needs one of: value, one-of")
}

func badLoopName(n *tree.Node) diag.Diagnostic {
	return complain(codeLoopName, n.Span(), quote(n.Scalar)+" cannot be a loop variable", "letters, digits and _, no word of the expression language, none of inputs, outputs, tasks, run, status")
}

func repeats(k *tree.Node, first source.Span) diag.Diagnostic {
	d := complain(codeRepeats, k.Span(), "the name "+quote(k.Scalar)+" is taken by an enclosing scope", "choose another name: references could not tell the two apart")
	d.Related = []diag.Related{{Message: "the first one", Span: first}}
	return d
}

func loopRepeats(at source.Span, as string, first source.Span) diag.Diagnostic {
	d := complain(codeRepeats, at, "the loop variable "+quote(as)+" is taken by an enclosing loop", "name it with `as`")
	d.Related = []diag.Related{{Message: "the enclosing loop", Span: first}}
	return d
}

func noExpressionHere(n *tree.Node) diag.Diagnostic {
	return complain(codeNoExpr, n.Span(), "expressions are not allowed here: "+quote(n.Scalar), "write the value itself, or $${{ for the text \"${{\"")
}

func needsExpression(n *tree.Node) diag.Diagnostic {
	return complain(codeNeedsExpr, n.Span(), "expected an expression, found "+quote(n.Scalar), "write it as ${{ … }}")
}

func itemsWithout(n *tree.Node, t string) diag.Diagnostic {
	return complain(codeLimit, n.Span(), "items does not fit the type "+quote(t), "only lists have items")
}

func unknownType(n *tree.Node) diag.Diagnostic {
	hint := ""
	switch strings.ToLower(n.Scalar) {
	case "int", "long":
		hint = "write integer"
	case "float", "double":
		hint = "write number"
	case "bool":
		hint = "write boolean"
	case "str", "text":
		hint = "write string"
	case "dict", "map", "object", "json":
		hint = "write struct"
	case "array":
		hint = "write list"
	default:
		if near := diag.Nearest(n.Scalar, typeNames); near != "" {
			hint = "did you mean " + strconv.Quote(near) + "?"
		} else {
			hint = "known: " + strings.Join(typeNames, ", ") + ", or a full schema title such as google.VertexModel"
		}
	}
	return complain(codeType, n.Span(), "unknown type "+quote(n.Scalar), hint)
}

func typeMissing(k *tree.Node) diag.Diagnostic {
	return complain(codeMissing, k.Span(), quote(k.Scalar)+" has no type", "write "+k.Scalar+": string, or another type")
}

func secretType(n *tree.Node, name string) diag.Diagnostic {
	return complain(codeSecretForm, n.Span(), "the secret input "+quote(name)+" is no string", "secret inputs are strings that hold SECRET/KEY")
}

func secretForm(at source.Span) diag.Diagnostic {
	return complain(codeSecretForm, at, "a secret input takes SECRET/KEY", "name the Secret and the key in it: my-secret/token")
}

func secretInExpression(at source.Span, name string) diag.Diagnostic {
	return complain(codeSecret, at, "the secret input "+quote(name)+" cannot take part in an expression", "hand it on alone to a secret input or to env")
}

func secretOutsideEnv(at source.Span) diag.Diagnostic {
	return complain(codeSecret, at, "a secret input may stand only in env, alone", "hand it on alone to a secret input or to env")
}

func secretIntoPlain(at source.Span, p *ir.Port) diag.Diagnostic {
	d := complain(codeSecret, at, "a secret cannot go to the input "+quote(p.Name.Text)+", which is none", "declare it as {type: string, secret: true}")
	d.Related = []diag.Related{{Message: "the input", Span: p.Name.At}}
	return d
}

func schemaOfParameter(n *tree.Node, p *ir.Port) diag.Diagnostic {
	return complain(codeLimit, n.Span(), quote(p.Name.Text)+" is a "+p.Type.String()+", and only artifacts have a schema", "take the key away or make it an artifact")
}

func limitOfType(k *tree.Node, t ir.Type) diag.Diagnostic {
	return complain(codeLimit, k.Span(), quote(k.Scalar)+" does not fit the type "+quote(t.String()), "it is for: "+strings.Join(strings.Fields(limitKinds[k.Scalar]), ", "))
}

func emptyRange(n *tree.Node, low string) diag.Diagnostic {
	return complain(codeLimit, n.Span(), quote(n.Scalar)+" is smaller than "+low, "no value can satisfy both")
}

func emptyEnum(n *tree.Node) diag.Diagnostic {
	return complain(codeLimit, n.Span(), "enum is empty", "no value can satisfy it: list the values, or take the key away")
}

func badPattern(n *tree.Node, err error) diag.Diagnostic {
	return complain(codePattern, n.Span(), "the pattern does not compile: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), "patterns are in RE2's syntax")
}

func notOfType(n *tree.Node, t ir.Type) diag.Diagnostic {
	hint := ""
	switch {
	case n.Kind == tree.Text && (t.Kind == ir.Integer && integerText(n.Scalar) || t.Kind == ir.Number && numberText(n.Scalar)):
		hint = "write it without quotes"
	case t.Kind == ir.Integer && n.Kind == tree.Plain && integerText(n.Scalar):
		hint = "integers are within ±(2^53−1)"
	case t.Kind == ir.Boolean:
		hint = "write true or false, without quotes"
	case t.Kind == ir.List && (n.Kind == tree.Plain || n.Kind == tree.Text):
		hint = "write a list: [a, b]"
	case t.Kind == ir.String && (n.Kind == tree.Sequence || n.Kind == tree.Mapping):
		hint = "quote it if it is a text"
	}
	return complain(codeLiteral, n.Span(), "expected "+article(t.String())+", found "+found(n), hint)
}

func article(s string) string {
	if s != "" && strings.ContainsRune("aeiouAEIOU", rune(s[0])) {
		return "an " + s
	}
	return "a " + s
}

func tooLarge(n *tree.Node) diag.Diagnostic {
	return complain(codeLarge, n.Span(), quote(n.Scalar)+" is a number that JSON does not carry exactly", "integers are within ±(2^53−1); quote it if it is a text")
}

func unknownComponent(n *tree.Node, known []string) diag.Diagnostic {
	return complain(codeComponent, n.Span(), "unknown component "+quote(n.Scalar), diag.Hint(n.Scalar, known))
}

func unknownInput(k *tree.Node, c *component) diag.Diagnostic {
	known := make([]string, 0, len(c.ir.Inputs))
	for _, p := range c.ir.Inputs {
		if !p.Captured {
			known = append(known, p.Name.Text)
		}
	}
	hint := diag.Hint(k.Scalar, known)
	if len(known) == 0 {
		hint = "it has no inputs"
	}
	d := complain(codeInput, k.Span(), "the component "+quote(c.name.Scalar)+" has no input "+quote(k.Scalar), hint)
	d.Related = []diag.Related{{Message: "the component", Span: c.name.Span()}}
	return d
}

func unknownTask(n *tree.Node, known []string) diag.Diagnostic {
	return complain(codeTask, n.Span(), "unknown task "+quote(n.Scalar), diag.Hint(n.Scalar, known))
}

func afterBody(n *tree.Node) diag.Diagnostic {
	return complain(codeAfter, n.Span(), "the finally runs behind "+quote(n.Scalar)+" anyway", "take it out of `after`")
}

func bothKeys(at *tree.Node, key, other string) diag.Diagnostic {
	return complain(codeBoth, at.Span(), quote(key)+" and "+quote(other)+" exclude each other", "take one of them away")
}

func firstKey(n *tree.Node) source.Span {
	if isMapping(n) && len(n.Fields) > 0 {
		return n.Fields[0].Key.Span()
	}
	return n.Span()
}

func nothing(at source.Span, what, hint string) diag.Diagnostic {
	return complain(codeNothing, at, what, hint)
}

func componentWithout(c *component) diag.Diagnostic {
	if k := field(c.node, "script"); k != nil {
		return nothing(c.name.Span(), "the component "+quote(c.name.Scalar)+" has a script and no image", "name the image to run it in")
	}
	return nothing(c.name.Span(), "the component "+quote(c.name.Scalar)+" does not say what it runs", "it needs one of: "+strings.Join(bodyKeys[:], ", "))
}

func emptyComponent(k *tree.Node) diag.Diagnostic {
	return nothing(k.Span(), "the component "+quote(k.Scalar)+" is empty", "it needs one of: "+strings.Join(bodyKeys[:], ", "))
}

func emptyTask(k *tree.Node) diag.Diagnostic {
	return nothing(k.Span(), "the task "+quote(k.Scalar)+" is empty", "it needs one of: component, tasks, branches")
}

func emptyOutput(k *tree.Node) diag.Diagnostic {
	return nothing(k.Span(), "the output "+quote(k.Scalar)+" has no value", "write an expression: ${{ tasks.T.outputs.X }}")
}

func taskWithout(k *tree.Node) diag.Diagnostic {
	return nothing(k.Span(), "the task "+quote(k.Scalar)+" does not say what it does", "it needs one of: component, tasks, branches")
}

func branchWithout(n *tree.Node) diag.Diagnostic {
	return nothing(firstKey(n), "this branch has no condition", "write when: ${{ … }}, or otherwise: in the last one")
}

func argWithout(n *tree.Node) diag.Diagnostic {
	return nothing(firstKey(n), "an argument that is a mapping needs if or concat", "{if, then, else} or {concat: […]}")
}

func ifWithout(n *tree.Node) diag.Diagnostic {
	return nothing(firstKey(n), "this if has neither then nor else", "{if: …, then: […], else: […]}")
}

func envWithout(n *tree.Node) diag.Diagnostic {
	return nothing(firstKey(n), "this variable has no source", "a text, {secret, key}, {config-map, key} or {field}")
}

func envWithoutKey(n *tree.Node, source string) diag.Diagnostic {
	return nothing(firstKey(n), "this variable names a "+source+" and no key in it", "{"+source+": NAME, key: KEY}; env-from brings in all keys")
}

func envFromWithout(n *tree.Node) diag.Diagnostic {
	return nothing(firstKey(n), "this entry names neither a secret nor a config-map", "{secret: NAME} or {config-map: NAME}")
}

func volumeWithout(n *tree.Node, path string) diag.Diagnostic {
	return nothing(firstKey(n), "the volume at "+quote(path)+" has no source", "it needs one of: "+strings.Join(volumeSources[:], ", "))
}

func emptyResource(n *tree.Node) diag.Diagnostic {
	return nothing(n.Span(), "this resource has neither request nor limit", "write a quantity, or {request, limit}")
}

func emptyInterpreter(n *tree.Node) diag.Diagnostic {
	return nothing(n.Span(), "the interpreter is empty", "sh, bash, python3, or the argv that stands before the script")
}

func badMountPath(k *tree.Node) diag.Diagnostic {
	return complain(codeScalar, k.Span(), quote(k.Scalar)+" is no absolute path", "volumes are written by the path at which they are mounted: /data")
}

func variableTwice(p, other *ir.Port, name string) diag.Diagnostic {
	d := complain(codeVariable, p.Name.At, quote(p.Name.Text)+" and "+quote(other.Name.Text)+" both become the variable "+name, "rename one of them")
	d.Related = []diag.Related{{Message: "the other one", Span: other.Name.At}}
	return d
}

func envCollides(k *tree.Node, component string) diag.Diagnostic {
	return complain(codeVariable, k.Span(), "the script of "+quote(component)+" already has a variable "+quote(k.Scalar), "it stands for an input or output; rename one of the two")
}

func expressionInScript(at source.Span) diag.Diagnostic {
	d := complain(codeScriptExpr, at, `"${{" means nothing in a script, whose text is literal`, "inputs arrive as environment variables: $INPUT_X")
	d.Severity = diag.Warning
	return d
}

func artifactInText(at source.Span, inComponent bool) diag.Diagnostic {
	hint := "hand it to an input; inside the component it has .path, .uri and .metadata"
	if inComponent {
		hint = "write .path, .uri or .metadata behind it"
	}
	return complain(codeArtifact, at, "an artifact has no text", hint)
}

func otherwiseNotLast(k *tree.Node) diag.Diagnostic {
	return complain(codeOtherwise, k.Span(), "otherwise is not the last branch", "branches behind it could never be taken")
}

func branchLacks(n, name *tree.Node) diag.Diagnostic {
	d := complain(codeBranch, firstKey(n), "this branch has no output "+quote(name.Scalar), "each branch declares the same outputs")
	d.Related = []diag.Related{{Message: "declared here", Span: name.Span()}}
	return d
}

func outputsBesideBranches(k *tree.Node) diag.Diagnostic {
	return complain(codeBranch, k.Span(), "outputs cannot stand beside branches", "declare them in each branch; the group has those of the branch taken")
}

func groupOnly(k *tree.Node) diag.Diagnostic {
	return complain(codeGroup, k.Span(), quote(k.Scalar)+" is for groups, and this task uses a component", "make it a group: put the task under `tasks:`")
}

func onExitTask(k *tree.Node, what string) diag.Diagnostic {
	return complain(codeOnExit, k.Span(), what, "on-exit takes one task that uses a component, without when, after, trigger, for-each and on-exit")
}

func itemType(k *tree.Node) diag.Diagnostic {
	return complain(codeItem, k.Span(), "the type of the item is that of the component's input", "take it away")
}

func itemUnused(k *tree.Node, as string) diag.Diagnostic {
	return complain(codeItem, k.Span(), "no input of the loop takes the item", "give one input the loop variable alone: \"${{ "+as+" }}\"; for anything else put the task into a group")
}

func itemTwice(at source.Span, as string) diag.Diagnostic {
	return complain(codeItem, at, "the loop variable "+quote(as)+" is read in more than one place", "put the task into a group: for-each beside tasks")
}

func oneOfWhat(at source.Span) diag.Diagnostic {
	return complain(codeOneOf, at, "this is no output of a task of this group", "write ${{ tasks.T.outputs.X }}, where T stands in the same tasks")
}

func groupInputs(k *tree.Node) diag.Diagnostic {
	return complain(codeGroup, k.Span(), "a group takes no inputs", "its tasks read what they need from the enclosing scope")
}

func groupTimeout(k *tree.Node) diag.Diagnostic {
	return complain(codeGroup, k.Span(), "a group has no timeout", "a timeout is that of one attempt: put it on the tasks, or at the top for the whole run")
}

func groupSetting(k *tree.Node) diag.Diagnostic {
	return complain(codeGroup, k.Span(), quote(k.Scalar)+" has no meaning on a group", "put it on the tasks inside, or into `defaults`")
}

func loopOnly(k *tree.Node) diag.Diagnostic {
	return complain(codeGroup, k.Span(), quote(k.Scalar)+" has no meaning without for-each", "add for-each, or take it away")
}

func containerOnly(k *tree.Node, kind string) diag.Diagnostic {
	return complain(codeContainer, k.Span(), quote(k.Scalar)+" has no meaning beside "+quote(kind), "it is for components with an image")
}

func interpreterAlone(k *tree.Node) diag.Diagnostic {
	return complain(codeContainer, k.Span(), "the interpreter has no script", "add a script, or name the program in `command`")
}

func portsElsewhere(k *tree.Node, kind string, inline bool) diag.Diagnostic {
	where := "in the file that " + strconv.Quote(kind) + " names"
	if inline {
		where = "under `pipeline`"
	}
	return complain(codeContainer, k.Span(), quote(k.Scalar)+" is declared "+where, "take it away here")
}

func noContainer(k *tree.Node, c *component) diag.Diagnostic {
	return complain(codeContainer, k.Span(), quote(k.Scalar)+" has no meaning here: the component "+quote(c.name.Scalar)+" is no container", "put it on the tasks inside")
}

func moreDocuments(n *tree.Node) diag.Diagnostic {
	return complain(codeDocuments, n.Span(), "a pipeline file holds one document", "take the others away")
}

func unknownProfile(doc *tree.Node, name string, known []string) diag.Diagnostic {
	at := doc.Get("pipeline").Span()
	if f := field(doc, "profiles"); f != nil {
		at = f.Key.Span()
	}
	hint := diag.Hint(name, known)
	if len(known) == 0 {
		hint = "the pipeline has no profiles"
	}
	return complain(codeProfile, at, "unknown profile "+quote(name), hint)
}

func tooManyProfiles(k *tree.Node, n int) diag.Diagnostic {
	return complain(codeProfiles, k.Span(), itoa(n)+" profiles are too many", "at most "+itoa(maxProfiles)+": each is checked whenever the document is read")
}

func inProfile(k *tree.Node) diag.Related {
	return diag.Related{Message: "with the profile " + quote(k.Scalar) + " applied", Span: k.Span()}
}

func catalogueLater(n *tree.Node) diag.Diagnostic {
	return complain(codeCatalogue, n.Span(), "the built-in catalogue, and so "+quote(n.Scalar)+", comes in a later version", "name a component file instead: ./components/NAME.yaml")
}

func cannotOpen(n *tree.Node) diag.Diagnostic {
	return complain(codeOpen, n.Span(), "files cannot be opened here: "+quote(n.Scalar), "read the pipeline from a file instead of standard input")
}

func oneImport(p *ir.Port) diag.Diagnostic {
	return complain(codeImport, p.Name.At, "an import has one output, and "+quote(p.Name.Text)+" is the second", "import one artifact in each component")
}

func importType(n *tree.Node, t ir.Type) diag.Diagnostic {
	return complain(codeImport, firstKey(n), "an import gives an artifact, not "+article(t.String()), "declare the output as Artifact, Dataset, Model, …")
}

func executorOutside(at source.Span, name string) diag.Diagnostic {
	return complain(codeExecutor, at, quote(name)+" may stand only in the command, args or env of a component", "")
}

func badFactor(n *tree.Node) diag.Diagnostic {
	if x, ok := readNumber(n); ok && x >= 1 {
		return complain(codeRetry, n.Span(), "the factor "+quote(n.Scalar)+" is no whole number", "write one, from 1")
	}
	return complain(codeRetry, n.Span(), "the factor "+quote(n.Scalar)+" would make delays shrink", "write a whole number from 1")
}

func badMemoryFactor(n *tree.Node) diag.Diagnostic {
	return complain(codeRetry, n.Span(), quote(n.Scalar)+" is no factor", "write x2 to x16: each retry asks for that many times the memory")
}

func classWithoutLimit(n *tree.Node, class string) diag.Diagnostic {
	return complain(codeRetry, n.Span(), "the class "+quote(class)+" has no limit", "write one here: the general limit is not known before run time")
}
