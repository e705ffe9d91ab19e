package argo

import (
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// program is the command line. Arguments whose number depends on the run are
// patched into the pod.
func (p *pod) program() {
	command, args := p.body.Command, p.body.Args
	if p.computedProgram(command, args) {
		return
	}
	if len(command) == 0 && p.body.Contract == ir.KFPContract && len(args) > 0 {
		command, args = args[:1], args[1:]
	}
	if !fixedLength(command) {
		// The first element is the program; what follows may just as well be
		// arguments.
		command, args = command[:1], append(append([]ir.Arg(nil), command[1:]...), args...)
	}
	for _, a := range command {
		p.main.Command = append(p.main.Command, p.argument(a, true))
	}
	if len(p.main.Command) == 0 {
		p.l.warn(msgNoCommand(p.c.Name, p.body.At))
	}
	if fixedLength(args) {
		for _, a := range args {
			p.main.Args = append(p.main.Args, p.argument(a, false))
		}
	} else {
		p.patch.args = p.listOf(args)
	}
	if n := jsonSize(p.main.Args); n >= maxArgs {
		p.l.fail(msgArgsTooLong(p.c.Name, p.body.At, n))
	}
}

// computedProgram patches in a command line whose first element a condition
// decides; there it has to be told apart from its arguments.
func (p *pod) computedProgram(command, args []ir.Arg) bool {
	all := command
	if p.body.Contract == ir.KFPContract {
		all = append(append([]ir.Arg(nil), command...), args...)
	}
	if len(all) == 0 || fixedLength(all[:1]) {
		return false
	}
	list := p.listOf(all)
	if p.body.Contract == ir.KFPContract {
		p.patch.command, p.patch.args = "["+list+"[0]]", list+"[1:]"
		return true
	}
	p.patch.command = list
	if len(args) > 0 {
		p.patch.args = p.listOf(args)
	}
	return true
}

// maxArgs is the size of a container's arguments as JSON from which on Argo
// moves them into a ConfigMap, where the kubelet does not expand variables.
const maxArgs = 128 << 10

func jsonSize(args []string) int {
	n := 2
	for _, a := range args {
		n += len(a) + 3
		for i := range len(a) {
			switch c := a[i]; {
			case c == '<' || c == '>' || c == '&' || c < 0x20:
				n += 5
			case c == '"' || c == '\\':
				n++
			}
		}
	}
	return n
}

// fixedLength reports whether each argument is one element whatever happens.
func fixedLength(args []ir.Arg) bool {
	for _, a := range args {
		if _, ok := a.(*ir.IfArg); ok {
			return false
		}
	}
	return true
}

func (p *pod) argument(a ir.Arg, long bool) string {
	switch a := a.(type) {
	case *ir.TextArg:
		return p.render(p.pieces(a.Value), long)
	case *ir.ConcatArg:
		if flat, ok := p.flatten(a); ok {
			return p.render(flat, long)
		}
		text := tag(kubeletExpr(p.joined(a)))
		p.usesE = true
		if long {
			return text
		}
		return p.variable(text)
	}
	return ""
}

// flatten joins the pieces of a concatenation without conditions.
func (p *pod) flatten(a *ir.ConcatArg) ([]piece, bool) {
	var out []piece
	for _, x := range a.Items {
		switch x := x.(type) {
		case *ir.TextArg:
			out = append(out, p.pieces(x.Value)...)
		case *ir.ConcatArg:
			more, ok := p.flatten(x)
			if !ok {
				return nil, false
			}
			out = append(out, more...)
		default:
			return nil, false
		}
	}
	return out, true
}

// joined is expr-lang text of an argument's text, not escaped.
func (p *pod) joined(a ir.Arg) string {
	switch a := a.(type) {
	case *ir.TextArg:
		return p.piecesExpr(p.pieces(a.Value))
	case *ir.ConcatArg:
		return p.joinedAll(a.Items)
	case *ir.IfArg:
		return "(" + p.test(a.Cond) + " ? " + p.joinedAll(a.Then) + " : " + p.joinedAll(a.Else) + ")"
	}
	return "''"
}

func (p *pod) joinedAll(args []ir.Arg) string {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = p.joined(a)
	}
	return concat(parts)
}

func (p *pod) piecesExpr(pieces []piece) string {
	parts := make([]string, len(pieces))
	for i, x := range pieces {
		switch {
		case x.tag != "":
			parts[i] = tagsOrText(x.tag)
		case x.expr != "":
			parts[i] = x.expr
		default:
			parts[i] = expr.ArgoString(x.literal)
		}
	}
	return concat(parts)
}

func (p *pod) test(v ir.Value) string {
	x := p.value(v)
	if x.isConst {
		return strconv.FormatBool(x.constant == true)
	}
	return x.decoded()
}

// listOf is expr-lang text of the list of arguments, escaped for the kubelet;
// run-time text stands in variables.
func (p *pod) listOf(args []ir.Arg) string {
	var parts []string
	var fixed []string
	flush := func() {
		if len(fixed) > 0 {
			parts = append(parts, listExpr(fixed))
			fixed = nil
		}
	}
	for _, a := range args {
		if c, ok := a.(*ir.IfArg); ok {
			flush()
			parts = append(parts, "("+p.test(c.Cond)+" ? "+p.listOf(c.Then)+" : "+p.listOf(c.Else)+")")
			continue
		}
		fixed = append(fixed, p.escapedExpr(a))
	}
	flush()
	switch len(parts) {
	case 0:
		return "[]"
	case 1:
		return parts[0]
	}
	return "concat(" + strings.Join(parts, ",") + ")"
}

// escapedExpr is expr-lang text of one argument as the pod's args hold it.
func (p *pod) escapedExpr(a ir.Arg) string {
	return tagsOrText(p.argument(a, false))
}

// tagsOrText turns rendered text, with tags in it, into an expression.
func tagsOrText(s string) string {
	var parts []string
	for s != "" {
		i := strings.Index(s, "{{")
		if i < 0 {
			parts = append(parts, expr.ArgoString(s))
			break
		}
		if i > 0 {
			parts = append(parts, expr.ArgoString(s[:i]))
		}
		j := strings.Index(s[i:], "}}")
		if j < 0 {
			break
		}
		inner := s[i+2 : i+j]
		if e, ok := strings.CutPrefix(inner, "="); ok {
			inner = "(" + e + ")"
		}
		parts = append(parts, inner)
		s = s[i+j+2:]
	}
	return concat(parts)
}
