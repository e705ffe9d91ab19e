//go:build !unix

package local

import (
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

func terminateGroup(id int) { killGroup(id) }

func killGroup(id int) {
	if p, err := os.FindProcess(id); err == nil {
		_ = p.Kill()
	}
}

func exitOf(state *os.ProcessState) (code int, signal string) { return state.ExitCode(), "" }
