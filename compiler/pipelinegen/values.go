package pipelinegen

import "strings"

// bites are texts that some layer between the author and the program would like
// to change.
var bites = []string{
	"a", "Zz", " two words ", "{{workflow.name}}", "{{=1+1}}", "{{", "}}", "{{{{", "$(HOME)", "$$", "$", "$(KFP_E)",
	"${HOME}", `"`, "'", `\`, `\n`, "\n", "\t", "é", "😀", "\x01", "\x7f", "\u2028", "\U000e0001", "{{inputs.parameters.x}}",
	"{{=toJson(1)}}", "`x`", "%s", "# ", ": ", "- ", "*", "&x", " is missing", "variable not in env", "failed to resolve {{",
	"null", "true", "1e3", "0x10", "~", "<>&", "{{item}}", "{{retries}}", "\u0085", "\ufeff", "$(KFP_A0)", "{$(KFP_E){",
	`\u0024`, `\u007b`, "${{ inputs.x }}", "$${{", "{%raw%}", "]]>", "[1,2]", `{"a":1}`, "5", "\r\n", "{", "}",
}

func (g *generator) bite() string {
	n := pick(g.r, []int{0, 1, 1, 1, 2, 2, 3, 5})
	var b strings.Builder
	for range n {
		b.WriteString(pick(g.r, bites))
	}
	s := b.String()
	if g.kfp() {
		// That would be a placeholder.
		s = strings.ReplaceAll(s, "{{$", "{{ $")
	}
	return s
}

const maxInteger = 1<<53 - 1

var (
	integers = []int64{0, 1, 1, 2, 2, 3, 3, 4, -1, -2, 7, 10, 1 << 31, maxInteger, -maxInteger}
	numbers  = []float64{0, 0.5, 1.5, 2, 0.1, -2.5, 1e21, 1e-7, 123456789.125, 5e-324, 1.7976931348623157e308, 1e20}
)

// keys of structs; the first two are those that members read.
var keys = []string{"k", "n", "a b", "é", "{{x}}", "$y", "item"}

// literal is a random value of a type.
func (g *generator) literal(t typ) any {
	switch t.kind {
	case aString:
		return g.bite()
	case anInteger:
		return pick(g.r, integers)
	case aNumber:
		return pick(g.r, numbers)
	case aBoolean:
		return g.r.chance(50)
	case aList:
		return g.list(t)
	case aStruct:
		m := map[string]any{}
		for _, k := range keys {
			if k == "k" || k == "n" || g.r.chance(20) {
				m[k] = g.literal(g.scalar())
			}
		}
		m["n"] = pick(g.r, integers)
		return m
	case anyKind:
		if g.r.chance(15) {
			return []any{g.literal(g.scalar()), nil, map[string]any{"k": g.literal(g.scalar())}}
		}
		return g.literal(g.scalar())
	}
	return nil
}

func (g *generator) list(t typ) any {
	out := []any{}
	elem := typ{kind: anyKind}
	if t.elem != nil {
		elem = *t.elem
	}
	for range pick(g.r, []int{0, 1, 1, 2, 2, 3}) {
		out = append(out, g.literal(elem))
	}
	return out
}

func (g *generator) scalar() typ {
	return typ{kind: pick(g.r, []kind{aString, aString, anInteger, anInteger, aNumber, aBoolean})}
}

// parameter is a random type of a parameter.
func (g *generator) parameter() typ {
	switch g.r.below(10) {
	case 0, 1, 2:
		return typ{kind: aString}
	case 3, 4:
		return typ{kind: anInteger}
	case 5:
		return typ{kind: aNumber}
	case 6:
		return typ{kind: aBoolean}
	case 7:
		return typ{kind: aStruct}
	case 8:
		return typ{kind: aList}
	}
	return listOf(g.scalar())
}
