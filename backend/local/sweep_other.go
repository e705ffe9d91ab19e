//go:build !linux

package local

// sweep finds processes that left their group only where the system shows their
// environment.
func sweep(string) {}
