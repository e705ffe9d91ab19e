//go:build unix

package python

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// alive reports whether a process goes on some time after it was ended.
func alive(t *testing.T, pid int) bool {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if syscall.Kill(pid, 0) != nil {
			return false
		}
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && strings.Contains(string(b), ") Z ") {
			return false
		}
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	return true
}
