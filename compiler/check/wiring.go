package check

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// task checks one task: what it reads, what it is given, what it lacks.
func (c *checker) task(s *Scope, t *ir.Task) {
	c.taskName(s, t)
	c.references(s, t)
	c.after(s, t)
	if t.Component != nil {
		c.bindings(s, t)
		c.required(s, t)
		c.loop(s, t)
	}
	if t.When != nil {
		c.condition(s.TypeOf(t.When, t), t.When, "the condition of "+s.label(t))
	}
	c.settings(t.Settings)
}

// references finds names that do not resolve, and secrets that are read where
// they must not be.
func (c *checker) references(s *Scope, t *ir.Task) {
	direct := map[ir.Value]bool(nil)
	if s.secrets() {
		direct = secretWires(t)
	}
	t.EachValue(func(v ir.Value) {
		ir.VisitLeaves(v, func(x ir.Value) {
			switch x := x.(type) {
			case *ir.InputRef:
				c.inputRef(s, x, direct[x])
			case *ir.OutputRef:
				c.outputRef(s, x)
			case *ir.StatusRef:
				if x.Task != "" && s.Task(x.Task) == nil {
					c.unknownTask(s, x.Task, x.At)
				}
			}
		})
	})
}

func (s *Scope) secrets() bool {
	for _, p := range s.Owner.Inputs {
		if p.Secret {
			return true
		}
	}
	return false
}

// secretWires are the references that carry a secret only to another secret
// input or to an environment variable.
func secretWires(t *ir.Task) map[ir.Value]bool {
	out := map[ir.Value]bool{}
	for _, b := range t.Args {
		if t.Component == nil {
			break
		}
		if p := t.Component.Input(b.Name.Text); p != nil && p.Secret {
			out[b.Value] = true
		}
	}
	if t.Settings != nil {
		for _, e := range t.Settings.Env {
			if e.Value != nil {
				out[e.Value] = true
			}
		}
	}
	return out
}

func (c *checker) inputRef(s *Scope, x *ir.InputRef, mayBeSecret bool) {
	p := s.Owner.Input(x.Name)
	switch {
	case p == nil:
		c.fail(codeUnknownInput, x.At, msgNoInput(x.Name), diag.Hint(x.Name, portNames(s.Owner.Inputs)))
	case p.Secret && !mayBeSecret:
		c.secret(p, x.At)
	}
}

func (c *checker) secret(p *ir.Port, at source.Span) {
	c.fail(codeSecret, at, msgSecret(p.Name.Text), "hand it on to a secret input or an environment variable, nothing else",
		diag.Related{Message: "declared as a secret here", Span: p.Name.At})
}

func (c *checker) outputRef(s *Scope, x *ir.OutputRef) {
	t := s.Task(x.Task)
	switch {
	case t == nil:
		c.unknownTask(s, x.Task, x.At)
	case t.Component == nil:
	case t.Component.Output(x.Output) == nil:
		c.fail(codeUnknownOutput, x.At, msgNoOutput(x.Task, x.Output), diag.Hint(x.Output, portNames(t.Component.Outputs)))
	}
}

func (c *checker) unknownTask(s *Scope, name string, at source.Span) {
	c.fail(codeUnknownTask, at, msgNoTask(name), diag.Hint(name, taskNames(s.DAG)))
}

func (c *checker) after(s *Scope, t *ir.Task) {
	for _, a := range t.After {
		if _, ok := s.index[a.Text]; !ok && a.Text != "" {
			c.unknownTask(s, a.Text, a.At)
		}
	}
}

func portNames(ports []*ir.Port) []string {
	var out []string
	for _, p := range ports {
		if !p.Captured {
			out = append(out, p.Name.Text)
		}
	}
	return out
}

func taskNames(d *ir.DAG) []string {
	out := make([]string, len(d.Tasks))
	for i, t := range d.Tasks {
		out[i] = t.Name.Text
	}
	return out
}

// bindings checks each value that is wired against the input it goes to.
func (c *checker) bindings(s *Scope, t *ir.Task) {
	for _, b := range t.Args {
		p := t.Component.Input(b.Name.Text)
		if p == nil {
			if !c.kfp {
				c.fail(codeUnknownArg, b.Name.At, msgNoArg(b.Name.Text, t.Component.Name.Text), diag.Hint(b.Name.Text, portNames(t.Component.Inputs)))
			}
			continue
		}
		c.edge(s, t, b, p)
	}
}

func (c *checker) edge(s *Scope, t *ir.Task, b *ir.Binding, p *ir.Port) {
	if b.Value == nil || p.Type.Kind == ir.Invalid {
		return
	}
	if l, ok := b.Value.(*ir.Literal); ok {
		c.literalInto(t, l, p)
		return
	}
	from := s.TypeOf(b.Value, t)
	if from.Kind == ir.Null {
		return
	}
	if fits, certain := c.fits(from, p.Type); !fits {
		c.mismatch(certain, b.Value.Span(), msgEdgeType(t.Name.Text, b.Name.Text, p.Type, describe(b.Value), from), convertHint(from, p.Type), p)
		return
	}
	if !c.kfp && !p.Optional && p.Default == nil && s.Optional(b.Value, t) {
		c.fail(codeOptional, b.Value.Span(), msgOptional(describe(b.Value), t.Name.Text, b.Name.Text), optionalHint(b.Value, from),
			diag.Related{Message: "the required input", Span: p.Name.At})
	}
	c.length(b.Value)
}

// mismatch reports types that do not fit. KFP itself does not look at the
// schemas of artifacts, so there a difference is a warning.
func (c *checker) mismatch(certain bool, at source.Span, message, hint string, p *ir.Port) {
	var related []diag.Related
	if !p.TypeAt.IsZero() {
		related = []diag.Related{{Message: "declared as " + p.Type.String() + " here", Span: p.TypeAt}}
	}
	if certain {
		c.fail(codeType, at, message, hint, related...)
	} else {
		c.warn(codeType, at, message, hint, related...)
	}
}

// fits reports whether a value of type from may be wired to an input of type to
// and, if not, whether that is certain to fail.
func (c *checker) fits(from, to ir.Type) (ok, certain bool) {
	if !c.kfp {
		return from.AssignableTo(to), true
	}
	if from.AssignableTo(to) {
		return true, false
	}
	switch {
	case from.IsArtifact() && to.IsArtifact():
		// A single artifact and a list of one are the same thing to KFP.
		return innermost(from).AssignableTo(innermost(to)), false
	case from.IsArtifact() != to.IsArtifact():
		return false, true
	case to.Kind == ir.String:
		return true, false
	case from.Kind == ir.List && to.Kind == ir.List:
		return true, false
	}
	return numeric(from) && numeric(to), true
}

func numeric(t ir.Type) bool { return t.Kind == ir.Integer || t.Kind == ir.Number }

func innermost(t ir.Type) ir.Type {
	for t.Kind == ir.List && t.Items != nil {
		t = *t.Items
	}
	return t
}

// required reports inputs that must be wired and are not, one finding each.
func (c *checker) required(s *Scope, t *ir.Task) {
	inputs := t.Component.Inputs
	if len(inputs) == 0 {
		return
	}
	c.wired = append(c.wired[:0], make([]bool, len(inputs))...)
	for k, b := range t.Args {
		// Arguments mostly come in the order of the inputs.
		if k < len(inputs) && inputs[k].Name.Text == b.Name.Text {
			c.wired[k] = true
			continue
		}
		for i, p := range inputs {
			if p.Name.Text == b.Name.Text {
				c.wired[i] = true
				break
			}
		}
	}
	for i, p := range inputs {
		if c.kfp && t.Component.DAG() != nil {
			continue // nothing passes through a DAG; the task that reads it judges
		}
		if c.wired[i] || p.Optional || p.Default != nil || p.Type.Kind == ir.Invalid || t.ForEach != nil && t.ForEach.Item.Text == p.Name.Text {
			continue
		}
		c.fail(codeRequired, t.Name.At, msgRequired(t.Name.Text, p.Name.Text, p.Type), "wire it, or give the input a default or `optional: true`",
			diag.Related{Message: "declared here", Span: p.Name.At})
	}
}

func (c *checker) condition(t ir.Type, v ir.Value, whose string) {
	if t.Kind == ir.Boolean || t.Kind == ir.Dynamic || t.Kind == ir.Invalid {
		return
	}
	c.fail(codeCondition, v.Span(), msgCondition(whose, t), "a condition is true or false: compare, as in ${{ x > 1 }}")
}

// loop checks that there is a list to loop over and that its items fit.
func (c *checker) loop(s *Scope, t *ir.Task) {
	l := t.ForEach
	if l == nil || l.Items == nil {
		return
	}
	if l.Parallelism < 0 {
		c.fail(codeCount, l.At, msgCount("parallelism", l.Parallelism), "leave it out for no limit")
	}
	item := t.Component.Input(l.Item.Text)
	if item == nil {
		c.fail(codeUnknownInput, l.Item.At, msgNoInput(l.Item.Text), diag.Hint(l.Item.Text, portNames(t.Component.Inputs)))
		return
	}
	if lit, ok := l.Items.(*ir.Literal); ok {
		c.literalItems(t, lit, item)
		return
	}
	from := s.TypeOf(l.Items, t)
	switch {
	case from.Kind == ir.Invalid || from.Kind == ir.Dynamic || c.kfp && from.Kind == ir.String:
	case from.Kind != ir.List:
		c.fail(codeLoop, l.Items.Span(), msgLoop(describe(l.Items), from), "for-each takes a list")
	case from.Items != nil && item.Type.Kind != ir.Invalid:
		if ok, certain := c.fits(*from.Items, item.Type); !ok {
			c.mismatch(certain, l.Items.Span(), msgItemType(l.Item.Text, item.Type, describe(l.Items), *from.Items), convertHint(*from.Items, item.Type), item)
		}
	}
	if !c.kfp && s.Optional(l.Items, t) {
		c.fail(codeOptional, l.Items.Span(), msgOptionalLoop(describe(l.Items)), optionalHint(l.Items, from))
	}
}

func (c *checker) literalItems(t *ir.Task, lit *ir.Literal, item *ir.Port) {
	items, ok := lit.V.([]any)
	if !ok {
		if c.kfp {
			if text, isText := lit.V.(string); isText {
				v, err := ir.ParseJSON(text)
				items, ok = v.([]any)
				ok = ok && err == nil
			}
		}
		if !ok {
			c.fail(codeLoop, lit.At, msgLoop(describe(lit), ir.KindOf(lit.V)), "for-each takes a list")
			return
		}
	}
	for i, v := range items {
		if v == nil && item.Optional {
			continue
		}
		if bad := c.literalFits(v, item.Type); bad != "" {
			c.fail(codeLiteral, lit.At, msgItemLiteral(i, l10(v), item.Type), "")
			return
		}
		if bad := violation(v, item.Limits); bad != "" {
			c.fail(codeLimit, lit.At, msgLimit(l10(v), bad), "")
			return
		}
	}
}

// outputs checks the values of the DAG's own outputs.
func (c *checker) outputs(s *Scope) {
	for _, o := range s.DAG.Outputs {
		if o.Value == nil {
			continue
		}
		ir.VisitLeaves(o.Value, func(x ir.Value) {
			switch x := x.(type) {
			case *ir.InputRef:
				c.inputRef(s, x, false)
			case *ir.OutputRef:
				c.outputRef(s, x)
			}
		})
		p := s.Owner.Output(o.Name.Text)
		if p == nil {
			c.fail(codeUnknownOutput, o.Name.At, msgNoResult(o.Name.Text), diag.Hint(o.Name.Text, portNames(s.Owner.Outputs)))
			continue
		}
		if one, ok := o.Value.(*ir.OneOf); ok {
			c.alternatives(s, o, one)
		}
		from := s.TypeOf(o.Value, nil)
		if l, ok := o.Value.(*ir.Literal); ok {
			if l.V != nil && p.Type.Kind != ir.Invalid && c.literalFits(l.V, p.Type) != "" {
				c.fail(codeLiteral, l.At, msgResultType(o.Name.Text, p.Type, describe(l), from), "")
			}
			continue
		}
		if ok, certain := c.fits(from, p.Type); !ok {
			c.mismatch(certain, o.Value.Span(), msgResultType(o.Name.Text, p.Type, describe(o.Value), from), convertHint(from, p.Type), p)
		}
	}
}

// alternatives of a one-of must agree, so that the group's output has one type.
func (c *checker) alternatives(s *Scope, o *ir.DAGOutput, one *ir.OneOf) {
	if len(one.Alternatives) == 0 {
		return
	}
	first := s.TypeOf(one.Alternatives[0], nil)
	for _, a := range one.Alternatives[1:] {
		t := s.TypeOf(a, nil)
		if t.Kind == ir.Invalid || first.Kind == ir.Invalid || t.Kind == ir.Dynamic || first.Kind == ir.Dynamic || t.Equal(first) {
			continue
		}
		if t.Kind == first.Kind && (t.Kind == ir.Artifact || c.kfp) {
			continue
		}
		at := a.At
		if at.IsZero() {
			at = o.Name.At
		}
		c.fail(codeAlternatives, at, msgAlternatives(o.Name.Text, first, t), "every branch gives the output the same type",
			diag.Related{Message: first.String() + " here", Span: one.Alternatives[0].At})
		return
	}
}
