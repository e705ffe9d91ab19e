package constructs

import (
	"sort"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// A finder gathers the places of one construct.
type finder struct {
	p     *ir.Pipeline
	found []source.Span
}

func (f *finder) at(s source.Span) {
	if !s.IsZero() {
		f.found = append(f.found, s)
	}
}

// walk calls visit for every task whose component is known: a pipeline with
// mistakes may have others.
func (f *finder) walk(visit func(owner *ir.Component, t *ir.Task)) {
	f.p.Walk(func(owner *ir.Component, t *ir.Task) {
		if t.Component != nil {
			visit(owner, t)
		}
	})
}

// places are those found, in order and once each.
func (f *finder) places() []source.Span {
	sort.SliceStable(f.found, func(i, j int) bool { return source.Less(f.found[i], f.found[j]) })
	var out []source.Span
	for i, s := range f.found {
		if i == 0 || s != out[len(out)-1] {
			out = append(out, s)
		}
	}
	return out
}

// tasks finds the tasks that fit.
func tasks(fits func(*ir.Task) bool) func(*finder) {
	return func(f *finder) {
		f.walk(func(_ *ir.Component, t *ir.Task) {
			if fits(t) {
				f.at(t.Name.At)
			}
		})
	}
}

// settings finds the tasks whose settings fit.
func settings(fits func(*ir.Settings) bool) func(*finder) {
	return tasks(func(t *ir.Task) bool { return t.Settings != nil && fits(t.Settings) })
}

// components finds the components that fit.
func components(fits func(*ir.Component) bool) func(*finder) {
	return func(f *finder) {
		for _, c := range f.p.All() {
			if fits(c) {
				f.at(c.Name.At)
			}
		}
	}
}

// inputs finds the inputs that fit, those that a front end made left out.
func inputs(fits func(*ir.Port) bool) func(*finder) {
	return func(f *finder) {
		for _, c := range f.p.All() {
			for _, port := range c.Inputs {
				if !port.Captured && fits(port) {
					f.at(port.Name.At)
				}
			}
		}
	}
}

// outputs finds the outputs that fit.
func outputs(fits func(*ir.Port) bool) func(*finder) {
	return func(f *finder) {
		for _, c := range f.p.All() {
			for _, port := range c.Outputs {
				if fits(port) {
					f.at(port.Name.At)
				}
			}
		}
	}
}

// dagOutputs finds the outputs of DAGs that fit.
func dagOutputs(fits func(owner *ir.Component, o *ir.DAGOutput) bool) func(*finder) {
	return func(f *finder) {
		for _, c := range f.p.All() {
			d := c.DAG()
			if d == nil {
				continue
			}
			for _, o := range d.Outputs {
				if fits(c, o) {
					f.at(o.Name.At)
				}
			}
		}
	}
}

// arguments finds the arguments of tasks whose value fits.
func arguments(fits func(owner *ir.Component, t *ir.Task, b *ir.Binding) bool) func(*finder) {
	return func(f *finder) {
		f.walk(func(owner *ir.Component, t *ir.Task) {
			for _, b := range t.Args {
				if fits(owner, t, b) {
					f.at(b.Name.At)
				}
			}
		})
	}
}

// values finds the values, of containers, importers and tasks alike, that fit,
// inner ones too.
func values(fits func(ir.Value) bool) func(*finder) {
	return func(f *finder) {
		inside := func(v ir.Value) {
			ir.Visit(v, func(v ir.Value) {
				if fits(v) {
					f.at(v.Span())
				}
			})
		}
		for _, c := range f.p.All() {
			switch b := c.Body.(type) {
			case *ir.Container:
				b.EachValue(inside)
			case *ir.Importer:
				b.EachValue(inside)
			case *ir.DAG:
				b.EachTask(func(t *ir.Task) { t.EachValue(inside) })
				for _, o := range b.Outputs {
					inside(o.Value)
				}
			}
		}
	}
}

// containers finds the container components that fit.
func containers(fits func(*ir.Component, *ir.Container) bool) func(*finder) {
	return components(func(c *ir.Component) bool { b := c.Container(); return b != nil && fits(c, b) })
}

// args finds the arguments of command lines that fit, nested ones too.
func args(fits func(ir.Arg, bool) bool) func(*finder) {
	return func(f *finder) {
		var visit func(as []ir.Arg, nested bool)
		visit = func(as []ir.Arg, nested bool) {
			for _, a := range as {
				switch x := a.(type) {
				case *ir.IfArg:
					if fits(a, nested) {
						f.at(x.At)
					}
					visit(x.Then, true)
					visit(x.Else, true)
				case *ir.ConcatArg:
					if fits(a, nested) {
						f.at(x.At)
					}
					visit(x.Items, true)
				}
			}
		}
		for _, c := range f.p.All() {
			if b := c.Container(); b != nil {
				visit(b.Command, false)
				visit(b.Args, false)
			}
		}
	}
}

// pipeline finds the pipeline itself, when it fits.
func pipeline(fits func(*ir.Pipeline) source.Span) func(*finder) {
	return func(f *finder) {
		if at := fits(f.p); !at.IsZero() {
			f.at(at)
		}
	}
}

func computed(v ir.Value) bool {
	_, constant := v.(*ir.Literal)
	return v != nil && !constant
}

// looped reports whether a task of the DAG is a loop.
func looped(d *ir.DAG, name string) bool {
	t := d.Task(name)
	return t != nil && t.ForEach != nil
}

// collects reports whether a value reads an output of a loop, which is a list.
func collects(d *ir.DAG, v ir.Value) (found bool) {
	ir.Visit(v, func(v ir.Value) {
		if ref, ok := v.(*ir.OutputRef); ok && looped(d, ref.Task) {
			found = true
		}
	})
	return found
}

// reads reports whether a value reads something known to the run only.
func reads(v ir.Value) (found bool) {
	ir.VisitLeaves(v, func(v ir.Value) {
		if _, constant := v.(*ir.Literal); !constant {
			found = true
		}
	})
	return found
}
