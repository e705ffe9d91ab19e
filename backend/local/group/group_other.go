//go:build !unix

package group

import (
	"os"
	"os/exec"
)

// Own makes the command, not yet started, lead a group of its own; here there
// are no groups.
func Own(*exec.Cmd) {}

// Terminate ends the process.
func Terminate(id int) { Kill(id) }

// Kill ends the process.
func Kill(id int) {
	if p, err := os.FindProcess(id); err == nil {
		_ = p.Kill()
	}
}
