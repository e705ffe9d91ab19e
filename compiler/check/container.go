package check

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// container checks a program: its image, what its arguments read, its
// environment.
func (c *checker) container(comp *ir.Component, b *ir.Container) {
	c.image(b.Image, b.At)
	value := func(v ir.Value) { c.componentValue(comp, v, false) }
	if b.Image != nil {
		value(b.Image)
	}
	eachArgument(b.Command, value)
	eachArgument(b.Args, value)
	c.ifs(b.Command)
	c.ifs(b.Args)
	c.environment(b.Env)
	for _, e := range b.Env {
		if e.Value != nil {
			c.componentValue(comp, e.Value, true)
		}
		if e.SecretInput != "" {
			c.secretInput(comp, e)
		}
	}
}

func eachArgument(args []ir.Arg, f func(ir.Value)) {
	for _, a := range args {
		switch a := a.(type) {
		case *ir.TextArg:
			if a.Value != nil {
				f(a.Value)
			}
		case *ir.IfArg:
			if a.Cond != nil {
				f(a.Cond)
			}
			eachArgument(a.Then, f)
			eachArgument(a.Else, f)
		case *ir.ConcatArg:
			eachArgument(a.Items, f)
		}
	}
}

// ifs checks the conditions of arguments.
func (c *checker) ifs(args []ir.Arg) {
	for _, a := range args {
		switch a := a.(type) {
		case *ir.IfArg:
			if a.Cond != nil {
				if _, isInput := a.Cond.(*ir.InputRef); !isInput {
					c.condition(freeType(a.Cond), a.Cond, "the condition of an argument")
				}
			}
			c.ifs(a.Then)
			c.ifs(a.Else)
		case *ir.ConcatArg:
			c.ifs(a.Items)
		}
	}
}

// componentValue checks what a value in component scope reads.
func (c *checker) componentValue(comp *ir.Component, v ir.Value, env bool) {
	if l, ok := v.(*ir.Literal); ok {
		c.literalSize(l)
		return
	}
	ir.VisitLeaves(v, func(x ir.Value) {
		switch x := x.(type) {
		case *ir.InputRef:
			c.componentInput(comp, x, env && x == v)
		case *ir.Present:
			if comp.Input(x.Input) == nil && !c.kfp {
				c.fail(codeUnknownInput, x.At, msgNoInput(x.Input), diag.Hint(x.Input, portNames(comp.Inputs)))
			}
		case *ir.PortRef:
			c.portRef(comp, x)
		}
	})
}

func (c *checker) componentInput(comp *ir.Component, x *ir.InputRef, env bool) {
	p := comp.Input(x.Name)
	switch {
	case p == nil:
		if !c.kfp { // KFP: tasks may bring inputs that the component does not declare
			c.fail(codeUnknownInput, x.At, msgNoInput(x.Name), diag.Hint(x.Name, portNames(comp.Inputs)))
		}
	case p.Secret && !env:
		c.secret(p, x.At)
	case p.Type.IsArtifact():
		c.fail(codeType, x.At, msgArtifactAsText(x.Name), "write inputs."+x.Name+".path, .uri or .metadata")
	}
}

func (c *checker) portRef(comp *ir.Component, x *ir.PortRef) {
	ports, what := comp.Inputs, "inputs."
	p := comp.Input(x.Port)
	if x.Output {
		ports, what, p = comp.Outputs, "outputs.", comp.Output(x.Port)
	}
	switch {
	case p == nil:
		if c.kfp && !x.Output {
			return
		}
		code, message := codeUnknownInput, msgNoInput(x.Port)
		if x.Output {
			code, message = codeUnknownOutput, msgNoResult(x.Port)
		}
		c.fail(code, x.At, message, diag.Hint(x.Port, portNames(ports)))
	case p.Type.Kind == ir.Invalid || p.Type.IsArtifact():
	case x.Output && x.Aspect == ir.AspectPath:
	default:
		c.fail(codeType, x.At, msgParameterAspect(what+x.Port, p.Type), "only artifacts have a URI, metadata and (as inputs) a path")
	}
}

func (c *checker) secretInput(comp *ir.Component, e *ir.EnvVar) {
	p := comp.Input(e.SecretInput)
	switch {
	case p == nil:
		c.fail(codeUnknownInput, e.Name.At, msgNoInput(e.SecretInput), diag.Hint(e.SecretInput, portNames(comp.Inputs)))
	case !p.Secret:
		c.fail(codeSecret, e.Name.At, msgNotSecret(e.SecretInput), "declare the input `secret: true`")
	}
}

// image checks a literal image reference.
func (c *checker) image(v ir.Value, at source.Span) {
	l, ok := v.(*ir.Literal)
	if !ok {
		return
	}
	s, isText := l.V.(string)
	if !isText {
		return
	}
	if s == "" {
		if !l.At.IsZero() {
			at = l.At
		}
		c.fail(codeImage, at, "the image is empty", "name one, as in python:3.11")
		return
	}
	if bad := imageFault(s); bad != "" {
		c.fail(codeImage, l.At, msgImage(s), bad)
	}
}
