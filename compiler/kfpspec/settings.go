package kfpspec

import (
	"strconv"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// machine reads the resources of a task's executor. References there mean the
// component's inputs; seen from the task they are what it wires to them.
func (s *scope) machine(raw *rawTask, x *executor) {
	if x == nil || x.machine.IsNull() {
		return
	}
	set := raw.task.Settings
	resolve := s.taskScope(raw, "")
	cpu, memory := &ir.Resource{Name: "cpu"}, &ir.Resource{Name: "memory"}
	old := map[*ir.Value]ir.Value{} // the deprecated numbers, used where the texts are missing
	text := func(res *ir.Resource, to *ir.Value, f tree.Field) {
		n := f.Value
		if res.At.IsZero() {
			res.At = f.Key.Span()
		}
		if n.IsNull() || n.Scalar == "" && n.Kind < tree.Sequence {
			return
		}
		*to = s.wholeReference(n, "resources", resolve)
	}
	number := func(res *ir.Resource, to *ir.Value, f tree.Field, unit string) {
		n := f.Value
		if res.At.IsZero() {
			res.At = f.Key.Span()
		}
		if v := s.number(n, "resources"); v > 0 {
			old[to] = &ir.Literal{V: strconv.FormatFloat(v, 'f', -1, 64) + unit, At: n.Span()}
		}
	}
	for _, f := range s.fields(x.machine, "resources") {
		switch camel(f.Key.Scalar) {
		case "resourceCpuLimit":
			text(cpu, &cpu.Limit, f)
		case "resourceCpuRequest":
			text(cpu, &cpu.Request, f)
		case "resourceMemoryLimit":
			text(memory, &memory.Limit, f)
		case "resourceMemoryRequest":
			text(memory, &memory.Request, f)
		case "cpuLimit":
			number(cpu, &cpu.Limit, f, "")
		case "cpuRequest":
			number(cpu, &cpu.Request, f, "")
		case "memoryLimit":
			number(memory, &memory.Limit, f, "G")
		case "memoryRequest":
			number(memory, &memory.Request, f, "G")
		case "accelerator":
			set.Accelerator = s.accelerator(f, resolve)
		default:
			s.lenient(f, "resources", "resourceCpuLimit", "resourceCpuRequest", "resourceMemoryLimit", "resourceMemoryRequest",
				"accelerator", "cpuLimit", "cpuRequest", "memoryLimit", "memoryRequest")
		}
	}
	for _, to := range [...]*ir.Value{&cpu.Limit, &cpu.Request, &memory.Limit, &memory.Request} {
		if *to == nil && old[to] != nil {
			*to = old[to]
		}
	}
	for _, res := range [...]*ir.Resource{cpu, memory} {
		if res.Limit != nil || res.Request != nil {
			set.Resources = append(set.Resources, res)
		}
	}
}

func (s *scope) accelerator(of tree.Field, resolve resolver) *ir.Accelerator {
	a := &ir.Accelerator{At: of.Key.Span()}
	var oldType, oldCount *tree.Node
	for _, f := range s.fields(of.Value, "accelerator") {
		if f.Value.IsNull() {
			continue
		}
		switch camel(f.Key.Scalar) {
		case "resourceType":
			a.Type = s.wholeReference(f.Value, "resourceType", resolve)
		case "resourceCount":
			a.Count = s.count(f.Value, resolve)
		case "type":
			oldType = f.Value
		case "count":
			oldCount = f.Value
		default:
			s.lenient(f, "an accelerator", "resourceType", "resourceCount", "type", "count")
		}
	}
	if blank(a.Type) && oldType != nil {
		a.Type = s.wholeReference(oldType, "type", resolve)
	}
	if blank(a.Count) && oldCount != nil {
		a.Count = s.count(oldCount, resolve)
	}
	switch {
	case blank(a.Type) && blank(a.Count):
		return nil
	case blank(a.Type) || blank(a.Count):
		s.add(halfAccelerator(of.Key.Span()))
		return nil
	}
	return a
}

// count is a number of devices, which is written as text.
func (s *scope) count(n *tree.Node, resolve resolver) ir.Value {
	v := s.wholeReference(n, "resourceCount", resolve)
	if l, ok := v.(*ir.Literal); ok {
		if text, ok := l.V.(string); ok {
			if i, err := strconv.ParseInt(text, 10, 64); err == nil && i >= 0 && i <= ir.MaxSafe {
				return &ir.Literal{V: i, At: l.At}
			}
		}
	}
	return v
}

func blank(v ir.Value) bool {
	if l, ok := v.(*ir.Literal); ok {
		return l.V == "" || l.V == nil
	}
	return v == nil
}
