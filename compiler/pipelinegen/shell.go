package pipelinegen

import (
	"strconv"
	"strings"
)

// A shell writes the program of a container. How it calls inputs and outputs is
// the business of those who write it down.
type shell struct {
	c    *component
	in   func(p *port) string // what expands to the text form, local path or URI
	out  func(p *port) string // what expands to the path to write
	text func(s string) string

	// KFP only: what expands to the path of the executor's output file, to
	// ExecutorInput, to a key of an artifact's metadata.
	made, told func() string
	meta       func(p *port, key string) string
}

// word is a text as a word of the shell.
func word(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func (s *shell) program() string {
	var b strings.Builder
	c := s.c
	if s.usesContent() {
		b.WriteString(`content() { if [ -z "$1" ]; then printf none; elif [ -d "$1" ]; then cat "$1"/*; else cat "$1"; fi; }` + "\n")
	}
	if c.flaky > 0 {
		// The cluster says in the name of the node which attempt this is, and
		// nothing for a task that has only one; here the attempts share a folder.
		b.WriteString("case \"$NODE\" in\n")
		for i := range c.flaky {
			b.WriteString("*'(" + strconv.Itoa(i) + ")') exit 3;;\n")
		}
		b.WriteString("*'('[0-9]')') ;;\n?*) exit 3;;\n")
		b.WriteString(`'') mark="$TMPDIR/` + c.name + `"; printf x >> "$mark"; if [ "$(wc -c < "$mark")" -le ` + strconv.Itoa(c.flaky) + " ]; then exit 3; fi;;\nesac\n")
	}
	values, artifacts := "", ""
	for i, r := range c.rules {
		if c.silent && i == len(c.rules)-1 {
			continue
		}
		values += s.rule(&b, r, c.outputs[i])
		if name := quoted(c.outputs[i].name); r.metadata != nil {
			artifacts += name + `:{"artifacts":[{"name":` + name + `,"metadata":` + flow(r.metadata) + `}]},`
		}
	}
	if values+artifacts != "" {
		b.WriteString("mkdir -p \"$(dirname " + s.made() + ")\"\n")
		b.WriteString("printf %s " + word(`{"parameterValues":{`+strings.TrimSuffix(values, ",")+`},"artifacts":{`+strings.TrimSuffix(artifacts, ",")+`}}`) + " > " + s.made() + "\n")
	}
	if x := c.fail; x != nil {
		exit := "exit " + strconv.Itoa(x.code)
		if x.input != "" {
			exit = "if [ " + s.in(c.input(x.input)) + " = " + word(x.equal) + " ]; then " + exit + "; fi"
		}
		b.WriteString(exit + "\n")
	}
	return b.String()
}

func (s *shell) usesContent() bool {
	for _, r := range s.c.rules {
		for _, x := range r.segments {
			if x.input != "" && x.key == "" && s.c.input(x.input).typ.kind == anArtifact {
				return true
			}
		}
	}
	return false
}

// rule writes an output; what it gives goes into the executor's output file.
func (s *shell) rule(b *strings.Builder, r *rule, p *port) string {
	to := ` > ` + s.out(p) + "\n"
	switch {
	case r.sum != nil:
		sum := "1"
		for _, name := range r.sum {
			// A variable by itself has no double quotes around it.
			sum += " + " + strings.Trim(s.in(s.c.input(name)), `"`)
		}
		b.WriteString("echo $((" + sum + "))" + to)
	case r.copyOf != "":
		b.WriteString("printf %s " + s.in(s.c.input(r.copyOf)) + to)
	case r.segments == nil && r.executor:
		return quoted(p.name) + ":" + flow(r.constant) + ","
	case r.segments == nil:
		b.WriteString("printf %s " + s.text(textOf(r.constant)) + to)
	case r.folder:
		b.WriteString("mkdir " + s.out(p) + "\n")
		b.WriteString(s.segments(r.segments) + " > " + s.out(p) + "/a\nprintf second > " + s.out(p) + "/b\n")
	default:
		b.WriteString(s.segments(r.segments) + to)
	}
	return ""
}

func (s *shell) segments(xs []segment) string {
	var b strings.Builder
	b.WriteString("{ ")
	for _, x := range xs {
		switch {
		case x.extra != "":
			b.WriteString(`printf %s "$(printf %s ` + s.told() + ` | sed -n 's/.*"` + x.extra + `": *\([^,}]*\).*/\1/p')"; `)
			continue
		case x.variable != "":
			b.WriteString(`printf %s "$` + x.variable + `"; `)
			continue
		case x.key != "":
			b.WriteString("printf %s " + s.meta(s.c.input(x.input), x.key) + "; ")
			continue
		}
		if x.literal != "" || x.input == "" {
			b.WriteString("printf %s " + s.text(x.literal) + "; ")
		}
		if x.input == "" {
			continue
		}
		p := s.c.input(x.input)
		switch {
		case p.typ.kind == anArtifact:
			b.WriteString("content " + s.in(p) + "; ")
		case p.typ.kind == aList && p.typ.artifact():
			b.WriteString("printf %s \"$(printf %s " + s.in(p) + ` | tr '{' '\n' | grep -c '"uri"')"; `)
		default:
			b.WriteString("printf %s " + s.in(p) + "; ")
		}
	}
	b.WriteString("}")
	return b.String()
}
