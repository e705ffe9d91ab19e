package build

import (
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/compiler/argo"
)

// spotRules are the marks of spot nodes that the settings name. A label without
// taints stands for the taint of the same key and value, as clouds have it.
func spotRules(c *config.Config) []argo.SpotRule {
	var rules []argo.SpotRule
	for _, label := range sortedKeys(c.SpotLabels) {
		r := argo.SpotRule{Label: label, Value: c.SpotLabels[label]}
		if len(c.SpotTaints) == 0 {
			r.TaintKey, r.TaintValue = r.Label, r.Value
		}
		rules = append(rules, r)
	}
	if len(rules) == 0 {
		rules = argo.DefaultSpot()
	}
	for i, taint := range sortedKeys(c.SpotTaints) {
		if i == len(rules) {
			rules = append(rules, rules[0])
		}
		rules[i].TaintKey, rules[i].TaintValue = taint, c.SpotTaints[taint]
	}
	return rules
}
