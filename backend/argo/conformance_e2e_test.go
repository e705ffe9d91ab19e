//go:build e2e

package argo

import (
	"bytes"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/backendtest"
	lowered "github.com/kfp-go/kfp-go/compiler/argo"
	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
)

// TestClusterConformance: the cluster passes what the other runners pass.
func TestClusterConformance(t *testing.T) {
	backendtest.Test(t, backendtest.Harness{
		Limit: 3 * time.Minute,
		New:   func(t *testing.T) backend.Runner { return cluster(t) },
		Prepare: func(t *testing.T, _ backend.Runner, s *backend.Submission, c backendtest.Case) {
			report := func(d diag.Diagnostic) {
				if d.Severity == diag.Error {
					t.Errorf("%s: %s %s", c.Name, d.Code, d.Message)
				}
			}
			info := check.Pipeline(c.Pipeline, report)
			m, err := lowered.Lower(c.Pipeline, info, lowered.Options{Args: c.Args, RunID: string(s.ID)}, report)
			if err != nil {
				t.Fatal(err)
			}
			// The test cluster has one busybox only.
			s.Manifest = bytes.ReplaceAll(m.YAML, []byte("busybox:1.36"), []byte("busybox:1"))
		},
	})
}
