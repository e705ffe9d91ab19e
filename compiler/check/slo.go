package check

import (
	"strconv"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// slo checks that the promised level of service is one that can be kept and
// judged.
func (c *checker) slo(s *ir.SLO) {
	if s == nil {
		return
	}
	if s.Success == nil && s.Duration == nil {
		c.fail(codeSLO, s.At, "the level of service promises nothing", "state success, duration or both: slo: {success: 0.99, duration: 2h}")
	}
	c.share("success", s.Success)
	c.share("quantile", s.Quantile)
	if s.Quantile != nil && s.Duration == nil {
		c.fail(codeSLO, s.Quantile.At, "quantile is that of duration, which is not stated", "state duration, or leave quantile out")
	}
	for _, g := range [...]struct {
		key  string
		goal *ir.Goal
	}{{"duration", s.Duration}, {"window", s.Window}} {
		if g.goal != nil && g.goal.Value <= 0 {
			c.fail(codeSLO, g.goal.At, g.key+" is not longer than 0", "")
		}
	}
}

// share checks a part of a whole.
func (c *checker) share(key string, g *ir.Goal) {
	if g == nil || g.Value > 0 && g.Value <= 1 {
		return
	}
	hint := "above 0 and at most 1"
	if g.Value > 1 && g.Value <= 100 {
		hint += "; did you mean " + strconv.FormatFloat(g.Value/100, 'g', 12, 64) + "?"
	}
	c.fail(codeSLO, g.At, key+" is a share of runs, which "+strconv.FormatFloat(g.Value, 'g', -1, 64)+" is not", hint)
}
