package argo

import (
	"math/rand/v2"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

const mergePatch = types.MergePatchType

// jitter is a random part of d, so that many clients do not return together.
func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d)
}
