//go:build unix

package local

import (
	"os"
	"os/exec"
	"syscall"
)

func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func terminateGroup(id int) { _ = syscall.Kill(-id, syscall.SIGTERM) }

func killGroup(id int) { _ = syscall.Kill(-id, syscall.SIGKILL) }

// exitOf is the exit code as a shell would report it, and the signal's name.
func exitOf(state *os.ProcessState) (code int, signal string) {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), ws.Signal().String()
	}
	return state.ExitCode(), ""
}
