package app

import "runtime/debug"

// frugal is how much memory Go's runtime uses if it can, in bytes: with the
// program itself less than 200 MB.
const frugal = 128 << 20

// Frugal is for commands that go through a whole record: rather than keep
// garbage they take the time to collect it. GOGC and GOMEMLIMIT, where they are
// set, decide instead.
func (a *App) Frugal() {
	if a.Getenv("GOGC") == "" {
		debug.SetGCPercent(100)
	}
	if a.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(frugal)
	}
}
