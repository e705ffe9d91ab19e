package kfpwrite

import (
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// The images that stand for operations on claims.
const (
	createClaim = "argostub/createpvc"
	deleteClaim = "argostub/deletepvc"
)

func (w *printer) executor(c *ir.Component) mapping {
	switch b := c.Body.(type) {
	case *ir.Container:
		return mapping{{"container", w.container(c, b)}}
	case *ir.Importer:
		return mapping{{"importer", importer(c, b)}}
	case *ir.Claim:
		image := createClaim
		if b.Delete {
			image = deleteClaim
		}
		return mapping{{"container", mapping{{"image", image}}}}
	}
	return nil
}

func (w *printer) container(c *ir.Component, b *ir.Container) mapping {
	ref := refsOf(c)
	out := message(
		field{"args", argv(b.Args, ref)},
		field{"command", argv(b.Command, ref)},
		field{"image", text(b.Image, ref)},
	)
	var env []any
	for _, e := range b.Env {
		env = append(env, mapping{{"name", e.Name.Text}, {"value", text(e.Value, ref)}})
	}
	var resources mapping
	if s := w.users[c]; s != nil && s.task.Settings != nil {
		resources = s.resources(s.task.Settings)
	}
	return append(out, message(field{"env", env}, field{"resources", resources})...).sorted()
}

// refsOf prints references of a component.
func refsOf(c *ir.Component) func(ir.Value) string {
	return func(v ir.Value) string {
		if p, ok := v.(*ir.PortRef); ok && p.Output && p.Aspect == ir.AspectPath {
			if port := c.Output(p.Port); port != nil && !port.Type.IsArtifact() {
				return "{{$.outputs.parameters[" + quoted(p.Port) + "].output_file}}"
			}
		}
		return componentRef(v)
	}
}

// argv prints a command line.
func argv(args []ir.Arg, ref func(ir.Value) string) []any {
	out := make([]any, len(args))
	for i, a := range args {
		if t, ok := a.(*ir.TextArg); ok {
			out[i] = text(t.Value, ref)
		} else {
			out[i] = jsonText(structured(a, ref))
		}
	}
	return out
}

// structured is the JSON of an argument that is there, or what it is, depending
// on an input.
func structured(a ir.Arg, ref func(ir.Value) string) any {
	switch a := a.(type) {
	case *ir.TextArg:
		return text(a.Value, ref)
	case *ir.ConcatArg:
		return mapping{{"Concat", elements(a.Items, ref)}}
	case *ir.IfArg:
		input := ""
		if p, ok := a.Cond.(*ir.Present); ok {
			input = p.Input
		}
		out := mapping{{"InputName", input}, {"Then", branch(a.Then, ref)}}
		if len(a.Else) > 0 {
			out = append(out, field{"Else", branch(a.Else, ref)})
		}
		return mapping{{"IfPresent", out}}
	}
	return nil
}

// branch is one argument as it is, several as a list.
func branch(args []ir.Arg, ref func(ir.Value) string) any {
	if len(args) == 1 {
		return structured(args[0], ref)
	}
	return elements(args, ref)
}

func elements(args []ir.Arg, ref func(ir.Value) string) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = structured(a, ref)
	}
	return out
}

func importer(c *ir.Component, b *ir.Importer) mapping {
	ref := refsOf(c)
	uri := mapping{{"constant", text(b.URI, ref)}}
	if in, ok := b.URI.(*ir.InputRef); ok {
		uri = mapping{{"runtimeParameter", in.Name}}
	}
	out := mapping{{"artifactUri", uri}}
	if b.Metadata != nil {
		out = append(out, field{"metadata", metadata(b.Metadata, ref)})
	}
	return append(out, message(field{"downloadToWorkspace", b.ToWorkspace}, field{"reimport", b.Reimport}, field{"typeSchema", artifactType(b.Type)})...).sorted()
}

// metadata prints a struct in which a text may be a placeholder.
func metadata(v ir.Value, ref func(ir.Value) string) any {
	switch v := v.(type) {
	case *ir.Literal:
		return constant(v.V)
	case *ir.ListValue:
		out := make([]any, len(v.Items))
		for i, x := range v.Items {
			out[i] = said{metadata(x, ref)}
		}
		return out
	case *ir.StructValue:
		out := make(mapping, len(v.Keys))
		for i, k := range v.Keys {
			if key := v.KeyAt(i); key != nil {
				k = text(key, ref)
			}
			out[i] = field{k, said{metadata(v.Values[i], ref)}}
		}
		return out
	}
	return text(v, ref)
}

// resources prints what a task asks of a machine.
func (s *scope) resources(set *ir.Settings) mapping {
	quantity := func(v ir.Value) string {
		if v == nil {
			return ""
		}
		if name, ok := s.nameOf(v); ok {
			return inputParameter(name)
		}
		return text(v, s.placeholder)
	}
	var out mapping
	if a := set.Accelerator; a != nil {
		out = append(out, field{"accelerator", mapping{{"resourceCount", quantity(a.Count)}, {"resourceType", quantity(a.Type)}}})
	}
	for _, r := range set.Resources {
		switch r.Name {
		case "cpu":
			out = append(out, message(field{"resourceCpuLimit", quantity(r.Limit)}, field{"resourceCpuRequest", quantity(r.Request)})...)
		case "memory":
			out = append(out, message(field{"resourceMemoryLimit", quantity(r.Limit)}, field{"resourceMemoryRequest", quantity(r.Request)})...)
		}
	}
	return out
}
