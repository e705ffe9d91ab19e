//go:build unix

package group

import (
	"os/exec"
	"syscall"
)

// Own makes the command, not yet started, lead a group of its own.
func Own(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// Terminate asks the group that the process leads to end.
func Terminate(id int) { _ = syscall.Kill(-id, syscall.SIGTERM) }

// Kill ends the group that the process leads.
func Kill(id int) { _ = syscall.Kill(-id, syscall.SIGKILL) }
