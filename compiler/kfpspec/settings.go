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
	cpu := &ir.Resource{Name: "cpu", At: head(x.machine)}
	memory := &ir.Resource{Name: "memory", At: head(x.machine)}
	old := map[*ir.Value]ir.Value{} // the deprecated numbers, used where the texts are missing
	text := func(to *ir.Value, n *tree.Node) {
		if n.IsNull() || n.Scalar == "" && n.Kind < tree.Sequence {
			return
		}
		*to = s.wholeReference(n, "resources", resolve)
	}
	number := func(to *ir.Value, n *tree.Node, unit string) {
		if v := s.number(n, "resources"); v > 0 {
			old[to] = &ir.Literal{V: strconv.FormatFloat(v, 'f', -1, 64) + unit, At: n.Span()}
		}
	}
	for _, f := range s.fields(x.machine, "resources") {
		switch camel(f.Key.Scalar) {
		case "resourceCpuLimit":
			text(&cpu.Limit, f.Value)
		case "resourceCpuRequest":
			text(&cpu.Request, f.Value)
		case "resourceMemoryLimit":
			text(&memory.Limit, f.Value)
		case "resourceMemoryRequest":
			text(&memory.Request, f.Value)
		case "cpuLimit":
			number(&cpu.Limit, f.Value, "")
		case "cpuRequest":
			number(&cpu.Request, f.Value, "")
		case "memoryLimit":
			number(&memory.Limit, f.Value, "G")
		case "memoryRequest":
			number(&memory.Request, f.Value, "G")
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
