//go:build !linux

package group

// Sweep finds processes that left their group only where the system shows their
// environment.
func Sweep(string) {}
