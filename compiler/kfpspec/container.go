package kfpspec

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// An executor is one entry of deploymentSpec.executors, its parts found.
type executor struct {
	key                                *tree.Node
	container, importer                *tree.Node
	image, command, args, env, machine *tree.Node
	claim                              int8 // +1 creates one, -1 deletes one
}

func (r *reader) readExecutors(n *tree.Node) {
	for _, f := range r.fields(n, "deploymentSpec") {
		if camel(f.Key.Scalar) != "executors" {
			r.dropped(f)
			continue
		}
		fields := r.fields(f.Value, "executors")
		r.executors = make(map[string]*executor, len(fields))
		list := make([]executor, len(fields))
		for i, x := range fields {
			list[i].key = x.Key
			r.executor(&list[i], x.Value)
			r.executors[x.Key.Scalar] = &list[i]
		}
	}
}

func (r *reader) executor(x *executor, n *tree.Node) {
	for _, f := range r.fields(n, "an executor") {
		switch camel(f.Key.Scalar) {
		case "container":
			x.container = f.Value
			r.containerParts(x, f.Value)
		case "importer":
			x.importer = f.Value
		case "resolver", "customJob":
			r.add(unsupported(f.Key.Scalar, f.Key.Span()))
		default:
			r.lenient(f, "an executor", "container", "importer")
		}
	}
	switch {
	case x.container != nil && x.importer != nil:
		r.add(twoOf("container", "importer", x.importer.Span(), x.container.Span()))
	case x.image != nil && x.image.Scalar == "argostub/createpvc":
		x.claim = 1
	case x.image != nil && x.image.Scalar == "argostub/deletepvc":
		x.claim = -1
	}
}

// lenient reports an unknown field where KFP itself does not mind one.
func (r *reader) lenient(f tree.Field, where string, known ...string) {
	d := unknownField(f.Key.Scalar, where, f.Key.Span(), known)
	d.Severity = diag.Warning
	r.add(d)
}

func (r *reader) containerParts(x *executor, n *tree.Node) {
	for _, f := range r.fields(n, "a container") {
		switch camel(f.Key.Scalar) {
		case "image":
			x.image = f.Value
		case "command":
			x.command = f.Value
		case "args":
			x.args = f.Value
		case "env":
			x.env = f.Value
		case "resources":
			x.machine = f.Value
		case "lifecycle":
			r.dropped(f)
		default:
			r.lenient(f, "a container", "image", "command", "args", "env", "resources")
		}
	}
}

// leaf gives a component its container, importer or claim.
func (r *reader) leaf(c *ir.Component, e *entry, x *executor, t *ir.Task) {
	switch {
	case x.importer != nil:
		r.importer(c, x, t)
	case x.claim != 0:
		c.Body = &ir.Claim{Delete: x.claim < 0, At: x.image.Span()}
		ownStorageClass(c)
	case x.container != nil:
		r.container(c, e, x, t)
	default:
		r.add(missing("container or importer", x.key.Span()))
	}
}

// ownStorageClass: KFP does not apply the default ” that the component
// declares. An input that nobody wires means the cluster's default class, and
// only a wired ” means no class.
func ownStorageClass(c *ir.Component) {
	if p := c.Input("storage_class_name"); p != nil && p.Default != nil && p.Default.V == "" {
		p.Default, p.Optional = nil, true
	}
}

func (r *reader) container(c *ir.Component, e *entry, x *executor, t *ir.Task) {
	b := &ir.Container{Contract: ir.KFPContract, At: x.key.Span()}
	c.Body = b
	resolve := r.componentScope(c, t)
	if x.image.IsNull() {
		r.add(missing("image", x.key.Span()))
	} else {
		b.Image = r.wholeReference(x.image, "image", resolve)
	}
	b.Command = r.argv(x.command, "command", resolve)
	b.Args = r.argv(x.args, "args", resolve)
	teachPaths(c, b)
	if len(b.Command)+len(b.Args) == 0 {
		r.add(noProgram(x.key.Span()))
	}
	if both, passed := e.parts.passthroughs[passEnv]; passed && !both {
		return // the task's config has it
	}
	for _, n := range r.items(x.env, "env") {
		b.Env = append(b.Env, r.env(n, resolve))
	}
}

// wholeReference obeys KFP's rule for images and resources: a text that holds a
// reference to a parameter is that parameter's value, whatever stands around it.
func (r *reader) wholeReference(n *tree.Node, what string, resolve resolver) ir.Value {
	var first ir.Value
	v := r.text(n, what, func(p placeholder, at source.Span) ir.Value {
		got := resolve(p, at)
		if first == nil && p.kind == phInputParameter {
			first = got
		}
		return got
	})
	if first != nil {
		return first
	}
	return v
}

func (r *reader) env(n *tree.Node, resolve resolver) *ir.EnvVar {
	e := &ir.EnvVar{}
	for _, f := range r.fields(n, "env") {
		switch f.Key.Scalar {
		case "name":
			e.Name = r.ident(f.Value, "name")
		case "value":
			e.Value = r.text(f.Value, "value", resolve)
		default:
			r.lenient(f, "an environment variable", "name", "value")
		}
	}
	if e.Name.Text == "" {
		r.add(missing("name", head(n)))
	}
	if e.Value == nil {
		e.Value = &ir.Literal{V: "", At: n.Span()}
	}
	return e
}

// componentScope resolves what stands in the component c, first used by t.
func (r *reader) componentScope(c *ir.Component, t *ir.Task) resolver {
	inputs, outputs := byName(c.Inputs), byName(c.Outputs)
	return func(p placeholder, at source.Span) ir.Value {
		switch p.kind {
		case phExecutorInput:
			return &ir.ExecutorInput{At: at}
		case phExecutorOutput:
			return &ir.ExecutorOutputPath{At: at}
		case phRun:
			return &ir.RunRef{Field: p.run, At: at}
		case phBad:
			r.add(badEscape(at))
			return nil
		case phInputParameter:
			if inputs(p.name) == nil && !r.declared(c, t, p.name) {
				r.add(unknownInput(p.name, at, r.offer(portNames(c.Inputs))))
				return nil
			}
			return r.input(p.name, at)
		}
		ports, find, output := c.Inputs, inputs, p.kind != phInputArtifact
		if output {
			ports, find = c.Outputs, outputs
		}
		port := find(p.name)
		if port == nil {
			r.add(unknownPort(p.name, output, at, r.offer(portNames(ports))))
			return nil
		}
		if p.kind == phOutputParameterFile {
			if port.Type.IsArtifact() {
				r.add(wrongPort(p.name, "an artifact, not a parameter", at))
				return nil
			}
			return r.port(ir.PortRef{Output: true, Port: p.name, Aspect: ir.AspectPath, At: at})
		}
		if port.Type.Kind != ir.Invalid && !port.Type.IsArtifact() {
			r.add(wrongPort(p.name, "a parameter, not an artifact", at))
			return nil
		}
		return r.port(ir.PortRef{Output: output, Port: p.name, Aspect: p.aspect, Key: p.key, At: at})
	}
}

// byName finds ports by name: one after the other while they are few.
func byName(ports []*ir.Port) func(name string) *ir.Port {
	const few = 32
	if len(ports) <= few {
		return func(name string) *ir.Port { return findPort(ports, name) }
	}
	index := make(map[string]*ir.Port, len(ports))
	for _, p := range ports {
		index[p.Name.Text] = p
	}
	return func(name string) *ir.Port { return index[name] }
}

// declared reports whether a name is an input; one that only the task supplies
// becomes one.
func (r *reader) declared(c *ir.Component, t *ir.Task, name string) bool {
	if findPort(c.Inputs, name) != nil {
		return true
	}
	if t == nil {
		return false
	}
	b := t.Arg(name)
	if b == nil {
		return false
	}
	c.Inputs = append(c.Inputs, &ir.Port{Name: b.Name, Type: ir.Type{Kind: ir.Dynamic}, Optional: true, Captured: true})
	return true
}

func portNames(ports []*ir.Port) []string {
	names := make([]string, len(ports))
	for i, p := range ports {
		names[i] = p.Name.Text
	}
	return names
}

// argv reads a command line.
func (r *reader) argv(n *tree.Node, what string, resolve resolver) []ir.Arg {
	items := r.items(n, what)
	if len(items) == 0 {
		return nil
	}
	out := make([]ir.Arg, 0, len(items))
	for _, item := range items {
		if a := r.structured(item, resolve); a != nil {
			out = append(out, a)
			continue
		}
		out = append(out, r.arg(r.text(item, what, resolve)))
	}
	return out
}

// structured reads an element that is JSON text of IfPresent or Concat; nil
// when it is not.
func (r *reader) structured(n *tree.Node, resolve resolver) ir.Arg {
	s := strings.TrimLeft(n.Scalar, " \t\r\n")
	if len(s) == 0 || s[0] != '{' {
		return nil
	}
	head := strings.TrimLeft(s[1:], " \t\r\n")
	if !strings.HasPrefix(head, `"IfPresent"`) && !strings.HasPrefix(head, `"Concat"`) {
		return nil
	}
	v, err := ir.ParseJSON(n.Scalar)
	if err != nil {
		return nil
	}
	args := r.condensed(v, n, resolve)
	if len(args) != 1 {
		return nil
	}
	return args[0]
}

// condensed turns the JSON of a command element into arguments.
func (r *reader) condensed(v any, n *tree.Node, resolve resolver) []ir.Arg {
	at := n.Span()
	switch v := v.(type) {
	case string:
		b := source.NewFragment(r.file)
		b.Add(v, at.Start, at.End)
		return []ir.Arg{&ir.TextArg{Value: pieces(b.Fragment(), at, resolve)}}
	case []any:
		var out []ir.Arg
		for _, item := range v {
			out = append(out, r.condensed(item, n, resolve)...)
		}
		return out
	case map[string]any:
		if list, ok := v["Concat"].([]any); ok && len(v) == 1 {
			return []ir.Arg{&ir.ConcatArg{Items: r.condensed(list, n, resolve), At: at}}
		}
		if cond, ok := v["IfPresent"].(map[string]any); ok && len(v) == 1 {
			return r.ifPresent(cond, n, resolve)
		}
	case nil:
		return nil
	}
	r.add(badStructure(at))
	return nil
}

func (r *reader) ifPresent(cond map[string]any, n *tree.Node, resolve resolver) []ir.Arg {
	name, _ := cond["InputName"].(string)
	known := 1
	for _, key := range [...]string{"Then", "Else"} {
		if _, ok := cond[key]; ok {
			known++
		}
	}
	if name == "" || cond["Then"] == nil || known != len(cond) {
		r.add(badStructure(n.Span()))
		return nil
	}
	// An input that nobody declares is never present, as in KFP.
	var when ir.Value = &ir.Literal{V: false, At: n.Span()}
	if v := resolve(placeholder{kind: phInputParameter, name: name}, n.Span()); v != nil {
		when = &ir.Present{Input: name, At: n.Span()}
	}
	return []ir.Arg{&ir.IfArg{
		Cond: when,
		Then: r.condensed(cond["Then"], n, resolve),
		Else: r.condensed(cond["Else"], n, resolve),
		At:   n.Span(),
	}}
}
