package argo

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

func classOf(message string, exitCode *int) ir.FailureClass {
	lower := strings.ToLower(message)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(lower, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("specified deadline", "deadlineexceeded"):
		return ir.FailTimeout
	case strings.Contains(message, "OOMKilled"):
		return ir.FailOutOfMemory
	case has("evict", "preempt", "pod deleted", "node lost", "nodelost", "node shut", "shutdown"), exitCode != nil && *exitCode == 143:
		return ir.FailPreempted
	case exitCode == nil:
		return ir.FailInfrastructure
	}
	return ir.FailError
}
