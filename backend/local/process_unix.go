//go:build unix

package local

import (
	"os"
	"syscall"
)

// exitOf is the exit code as a shell would report it, and the signal's name.
func exitOf(state *os.ProcessState) (code int, signal string) {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), ws.Signal().String()
	}
	return state.ExitCode(), ""
}
