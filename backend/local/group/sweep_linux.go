package group

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Sweep kills processes that left their group. They are known by a variable,
// NAME=VALUE, that they were given.
func Sweep(variable string) {
	want := []byte(variable)
	for range 3 {
		if !sweepOnce(want) {
			return
		}
	}
}

func sweepOnce(want []byte) (found bool) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return false
	}
	self := os.Getpid()
	for _, e := range entries {
		id, err := strconv.Atoi(e.Name())
		if err != nil || id == self || id <= 1 {
			continue
		}
		env, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err != nil || !holds(env, want) {
			continue
		}
		found = syscall.Kill(id, syscall.SIGKILL) == nil || found
	}
	return found
}

func holds(env, want []byte) bool {
	for kv := range bytes.SplitSeq(env, []byte{0}) {
		if bytes.Equal(kv, want) {
			return true
		}
	}
	return false
}
