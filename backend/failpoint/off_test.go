//go:build !failpoints

package failpoint

import "testing"

// Programs that people use do not look at the rules.
func TestOff(t *testing.T) {
	t.Setenv("KFPGO_FAIL", "store.put.1:error")
	if err := Hit("store.put", ""); err != nil || Enabled {
		t.Errorf("failpoints act in an ordinary build: %v", err)
	}
}
