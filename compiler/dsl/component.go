package dsl

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// A component as declared: its ports are known before any body is built.
type component struct {
	name *tree.Node
	node *tree.Node
	ir   *ir.Component
	ins  map[string]*ir.Port
	outs map[string]*ir.Port
	body *body // of an inline pipeline
	// loose: what it really is was not found out, so nothing about its ports is
	// an error.
	loose    bool
	bodyless bool // reported: nothing says what it is

	layer    *layer          // its settings
	computed bool            // they hold expressions
	env      map[string]bool // variables that it sets or takes away
	auto     map[string]bool // variables of its script
	variants map[string]*ir.Component
	varied   bool // some task uses a variant
}

func (c *component) container() *ir.Container { return c.ir.Container() }

func (c *component) output(name string) (t ir.Type, optional, ok bool) {
	if c.body != nil {
		return c.body.output(name)
	}
	if p := c.outs[name]; p != nil {
		return p.Type, p.Optional, true
	}
	return ir.Type{}, false, c.loose
}

func (c *component) outputNames() []string {
	if c.body != nil {
		return c.body.outputNames()
	}
	return portNames(c.ir.Outputs)
}

func portNames(ports []*ir.Port) []string {
	out := make([]string, len(ports))
	for i, p := range ports {
		out[i] = p.Name.Text
	}
	return out
}

func (r *reader) declareComponents(n *tree.Node) {
	fs := fields(n)
	for _, f := range fs {
		if !isMapping(f.Value) {
			if f.Value.IsNull() {
				r.report(emptyComponent(f.Key))
			}
			r.components[f.Key.Scalar] = &component{name: f.Key, ir: &ir.Component{Name: ident(f.Key)}, loose: true}
			continue
		}
		c := &component{name: f.Key, node: f.Value, ir: &ir.Component{Name: ident(f.Key)}, layer: newLayer(f.Value, fromComponent)}
		r.components[f.Key.Scalar] = c
		r.order = append(r.order, c)
	}
	for _, c := range r.order {
		r.declareComponent(c)
	}
	for _, c := range r.order {
		// Inline pipelines name other components, later ones too.
		if p := c.node.Get("pipeline"); isMapping(p) && c.ir.Body == nil && !c.loose {
			c.body = r.declareClosed(c.ir, p)
		}
		c.index()
	}
}

func (c *component) index() {
	c.ins = make(map[string]*ir.Port, len(c.ir.Inputs))
	for _, p := range c.ir.Inputs {
		if !p.Captured {
			c.ins[p.Name.Text] = p
		}
	}
	c.outs = make(map[string]*ir.Port, len(c.ir.Outputs))
	for _, p := range c.ir.Outputs {
		c.outs[p.Name.Text] = p
	}
}

// bodyKeys are the keys of which a component has exactly one.
var bodyKeys = [...]string{"image", "from", "pipeline", "import", "claim"}

// bodyKey is the key that says what the component is.
func (r *reader) bodyKey(c *component) string {
	found := ""
	for _, k := range bodyKeys {
		f := field(c.node, k)
		if f == nil || k == "image" && f.Value.IsNull() {
			continue // null is absent
		}
		if found != "" {
			r.report(bothKeys(f.Key, k, found))
			continue
		}
		found = k
	}
	if found == "" {
		r.report(componentWithout(c))
		c.bodyless = true
	}
	return found
}

func (r *reader) declareComponent(c *component) {
	c.ir.Description = strings.TrimSpace(text(c.node.Get("description")))
	kind := r.bodyKey(c)
	r.componentKeys(c, kind)
	switch kind {
	case "from", "pipeline":
		n := c.node.Get(kind)
		if isScalar(n) {
			r.resolve(c, n, kind == "pipeline")
		} else if !isMapping(n) {
			c.loose = true
		}
		return
	}
	c.ir.Inputs, c.ir.Outputs = r.ports(c.node.Get("inputs"), true), r.ports(c.node.Get("outputs"), false)
	switch kind {
	case "image", "":
		k := &ir.Container{Contract: ir.DSLContract, At: c.node.Span()}
		if text(c.node.Get("contract")) == "kfp" {
			k.Contract = ir.KFPContract
		}
		c.ir.Body = k
	case "import":
		r.declareImport(c)
	case "claim":
		r.declareClaim(c)
	}
}

// componentKeys reports keys that mean nothing for this kind of component.
func (r *reader) componentKeys(c *component, kind string) {
	if kind == "image" || kind == "" {
		return
	}
	for _, f := range c.node.Fields {
		switch k := f.Key.Scalar; k {
		case "command", "args", "script", "interpreter", "working-dir", "contract":
			r.report(containerOnly(f.Key, kind))
		case "inputs", "outputs":
			if kind == "from" || kind == "pipeline" {
				r.report(portsElsewhere(f.Key, kind, isMapping(c.node.Get(kind))))
			}
		default:
			if kind != "from" && language().settings.key(k) != nil {
				r.report(containerOnly(f.Key, kind))
			}
		}
	}
}

// resolve opens the file that a component comes from. Its name here is the
// author's.
func (r *reader) resolve(c *component, n *tree.Node, pipeline bool) {
	c.loose = true
	switch {
	case hasExpression(n.Scalar):
		return
	case strings.HasPrefix(n.Scalar, "builtin:"):
		r.report(catalogueLater(n))
		return
	case r.opt.Resolve == nil:
		r.report(cannotOpen(n))
		return
	}
	found := r.opt.Resolve(r.ctx, ident(n), n.File, pipeline)
	if found == nil {
		return
	}
	c.loose = false
	copied := *found
	copied.Name = c.ir.Name
	if c.ir.Description != "" {
		copied.Description = c.ir.Description
	}
	if k := found.Container(); k != nil {
		container := *k
		copied.Body = &container
	}
	c.ir = &copied
}

func (r *reader) declareImport(c *component) {
	n := c.node.Get("import")
	imp := &ir.Importer{Output: "artifact", Type: ir.ArtifactType(anyArtifact), Reimport: boolean(n.Get("reimport")),
		ToWorkspace: boolean(n.Get("to-workspace")), At: n.Span()}
	if len(c.ir.Outputs) > 1 {
		r.report(oneImport(c.ir.Outputs[1]))
	}
	declared := len(c.ir.Outputs) > 0
	if declared {
		imp.Output, imp.Type = c.ir.Outputs[0].Name.Text, c.ir.Outputs[0].Type
	}
	t := n.Get("type")
	if isScalar(t) {
		imp.Type = r.typeOf(t, nil)
	}
	if imp.Type.Kind != ir.Artifact && imp.Type.Kind != ir.Invalid {
		r.report(importType(n, imp.Type))
		imp.Type = ir.Type{}
	}
	if declared {
		c.ir.Outputs = c.ir.Outputs[:1]
		if !r.kfp { // KFP lets the two differ
			c.ir.Outputs[0].Type = imp.Type
		}
	} else {
		c.ir.Outputs = []*ir.Port{{Name: ir.Ident{Text: imp.Output, At: n.Span()}, Type: imp.Type, TypeAt: n.Span()}}
	}
	c.ir.Body = imp
}

// declareClaim gives the component KFP's inputs and output, unless the author
// declared his own or, by KFP's rules, says all.
func (r *reader) declareClaim(c *component) {
	n := c.node.Get("claim")
	at := n.Span()
	claim := &ir.Claim{At: at, Delete: isScalar(n) && n.Scalar == "delete"}
	c.ir.Body = claim
	if r.kfp {
		return
	}
	add := func(name string, k ir.Kind, optional bool) {
		if c.ir.Input(name) == nil {
			c.ir.Inputs = append(c.ir.Inputs, &ir.Port{Name: ir.Ident{Text: name, At: at}, Type: ir.Type{Kind: k}, Optional: optional, TypeAt: at})
		}
	}
	add("pvc_name", ir.String, !claim.Delete)
	if claim.Delete {
		return
	}
	add("pvc_name_suffix", ir.String, true)
	add("access_modes", ir.List, false)
	add("size", ir.String, false)
	add("storage_class_name", ir.String, true)
	add("volume_name", ir.String, true)
	add("annotations", ir.Struct, true)
	add("data_source", ir.Struct, true)
	if c.ir.Output("name") == nil {
		c.ir.Outputs = append(c.ir.Outputs, &ir.Port{Name: ir.Ident{Text: "name", At: at}, Type: ir.Type{Kind: ir.String}, TypeAt: at})
	}
}

// buildComponents builds the bodies, and the settings once for their own sake,
// so that mistakes in components that no task uses are found too.
func (r *reader) buildComponents() {
	for _, c := range r.order {
		switch {
		case c.body != nil:
			r.buildBody(c.body)
		case c.ir.Body == nil:
		default:
			r.buildComponent(c)
		}
	}
}

func (r *reader) buildComponent(c *component) {
	p := &compPlace{comp: c}
	switch b := c.ir.Body.(type) {
	case *ir.Container:
		if c.node.Get("from") == nil {
			r.buildContainer(c, b, p)
		} else {
			r.extendEnv(c, b, p)
		}
		r.componentSettings(c)
		if c.bodyless {
			c.ir.Body = nil
		}
	case *ir.Importer:
		n := c.node.Get("import")
		b.URI = r.text(n.Get("uri"), p)
		if m := n.Get("metadata"); !m.IsNull() {
			b.Metadata = r.value(m, ir.Type{Kind: ir.Struct}, p).v
		}
	}
}

func (r *reader) buildContainer(c *component, b *ir.Container, p place) {
	b.Image = r.text(c.node.Get("image"), p)
	b.WorkDir = text(c.node.Get("working-dir"))
	b.Command = r.args(c.node.Get("command"), p)
	b.Args = r.args(c.node.Get("args"), p)
	if script := field(c.node, "script"); script != nil && !script.Value.IsNull() {
		r.script(c, b, script)
	} else if f := field(c.node, "interpreter"); f != nil {
		r.report(interpreterAlone(f.Key))
	}
	r.extendEnv(c, b, p)
}

// extendEnv adds the component's own variables to the container's.
func (r *reader) extendEnv(c *component, b *ir.Container, p place) {
	c.env = make(map[string]bool, len(b.Env))
	for _, e := range b.Env {
		c.env[e.Name.Text] = true
	}
	n := c.node.Get("env")
	own := map[string]bool{}
	for _, f := range fields(n) {
		c.env[f.Key.Scalar], own[f.Key.Scalar] = true, true
		if c.auto[f.Key.Scalar] {
			r.report(envCollides(f.Key, c.name.Scalar))
		}
	}
	env := make([]*ir.EnvVar, 0, len(b.Env)+len(own))
	for _, e := range b.Env {
		if !own[e.Name.Text] || c.auto[e.Name.Text] {
			env = append(env, e)
		}
	}
	for _, f := range fields(n) {
		e, secret := r.envVar(f.Key, f.Value, p)
		if e == nil || c.auto[f.Key.Scalar] {
			continue
		}
		if ref, ok := secret.(*ir.InputRef); ok {
			e.SecretInput = ref.Name
		}
		env = append(env, e)
	}
	b.Env = env
	if len(env) == 0 {
		b.Env = nil
	}
}

// args reads the elements of a command line.
func (r *reader) args(n *tree.Node, p place) []ir.Arg {
	if !isSequence(n) {
		return nil
	}
	out := make([]ir.Arg, 0, len(n.Items))
	for _, e := range n.Items {
		if a := r.arg(e, p); a != nil {
			out = append(out, a)
		}
	}
	return out
}

func (r *reader) arg(n *tree.Node, p place) ir.Arg {
	switch {
	case n.IsNull():
		return &ir.TextArg{Value: &ir.Literal{V: "", At: n.Span()}}
	case isScalar(n):
		return &ir.TextArg{Value: r.text(n, p)}
	case !isMapping(n):
		return nil
	}
	cond, concat := field(n, "if"), field(n, "concat")
	switch {
	case cond != nil && concat != nil:
		r.report(bothKeys(concat.Key, "concat", "if"))
	case concat != nil:
		for _, k := range [...]string{"then", "else"} {
			if f := field(n, k); f != nil {
				r.report(bothKeys(f.Key, k, "concat"))
			}
		}
		return &ir.ConcatArg{Items: r.args(concat.Value, p), At: n.Span()}
	case cond == nil:
		r.report(argWithout(n))
		return nil
	}
	if n.Get("then").IsNull() && n.Get("else").IsNull() {
		r.report(ifWithout(n))
	}
	return &ir.IfArg{Cond: r.present(cond.Value, p), Then: r.someArgs(n.Get("then"), p), Else: r.someArgs(n.Get("else"), p), At: n.Span()}
}

// someArgs is a list of arguments, or one alone.
func (r *reader) someArgs(n *tree.Node, p place) []ir.Arg {
	switch {
	case n.IsNull():
		return nil
	case isSequence(n):
		return r.args(n, p)
	}
	if a := r.arg(n, p); a != nil {
		return []ir.Arg{a}
	}
	return nil
}

// present is the condition of an argument; `has(inputs.x)` alone needs no
// evaluation.
func (r *reader) present(n *tree.Node, p place) ir.Value {
	if n != nil {
		if in, ok := inside(n.Scalar); ok {
			name, ok := strings.CutPrefix(strings.TrimSpace(in), "has(inputs.")
			name, closed := strings.CutSuffix(name, ")")
			if c, is := p.(*compPlace); ok && closed && is && validName(name) && c.comp.ins[name] != nil {
				return &ir.Present{Input: name, At: n.Span()}
			}
		}
	}
	return r.condition(n, p)
}

// declareUse binds a task to its component.
func (r *reader) declareUse(d *decl, k taskKind) {
	n := d.node.Get("component")
	if k == brokenTask || !isScalar(n) {
		return
	}
	c := r.components[n.Scalar]
	if c == nil {
		r.report(unknownComponent(n, r.componentNames()))
		return
	}
	d.component = c
	if c.ir.Body != nil || c.body != nil || isMapping(c.pipeline()) {
		d.task.Component = c.ir
	}
}

func (c *component) pipeline() *tree.Node {
	if c.node == nil || c.loose {
		return nil
	}
	return c.node.Get("pipeline")
}

func (r *reader) componentNames() []string {
	if r.offers--; r.offers < 0 {
		return nil
	}
	out := make([]string, len(r.order))
	for i, c := range r.order {
		out[i] = c.name.Scalar
	}
	return out
}
