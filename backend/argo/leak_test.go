//go:build !e2e

// With client certificates client-go keeps a goroutine for each transport, so
// that tests against a cluster cannot be judged like this.

package argo

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain: nothing that the runner starts outlives its use, but for idle
// connections.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"),
		goleak.IgnoreAnyFunction("golang.org/x/net/http2.(*clientConnReadLoop).run"),
	)
}
