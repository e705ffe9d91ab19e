package local

import (
	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// resources are what the task would ask a cluster for; nil: nothing. What
// cannot be computed is left out, for it plays no part here.
func (in *instance) resources() *backend.Resources {
	s := in.task.Settings
	if s == nil {
		return nil
	}
	var out backend.Resources
	for _, res := range s.Resources {
		v := res.Request
		if v == nil {
			v = res.Limit
		}
		switch res.Name {
		case "cpu":
			out.CPU = in.setting(v)
		case "memory":
			out.Memory = in.setting(v)
		}
	}
	if a := s.Accelerator; a != nil {
		out.Accelerator, out.Product = in.setting(a.Type), in.setting(a.Product)
		out.AcceleratorCount = 1
		if a.Count != nil {
			if v, err := in.scope.eval(a.Count); err == nil {
				out.AcceleratorCount, _ = wholeNumber(v)
			}
		}
	}
	out.Spot = s.Spot == "prefer" || s.Spot == "require"
	if out == (backend.Resources{}) {
		return nil
	}
	return &out
}

func (in *instance) setting(v ir.Value) string {
	if v == nil {
		return ""
	}
	x, err := in.scope.eval(v)
	if err != nil || x == nil {
		return ""
	}
	return ir.Text(plain(x))
}
