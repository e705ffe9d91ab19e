// Package failpoint names the instants at which tests make the program fail.
// Its idea: with the build tag failpoints, a test can have a process die, or an
// operation fail, at any of them; without the tag every call is empty and
// inlined away.
//
// KFPGO_FAIL holds rules, separated by commas: NAME.N:ACTION acts when the
// point is hit for the Nth time (from 1), NAME.N+:ACTION from then on. The
// actions:
//
//	kill     the process is killed as by SIGKILL
//	error    the operation fails
//	enospc   the operation fails as on a full disk
//	pause    the process stops as by SIGSTOP, until it gets SIGCONT
//
// KFPGO_FAIL_TRACE names a file to which each hit is appended as a line
// "NAME.N ABOUT", so that a sweep finds its points by watching a run that does
// not fail, and learns what was acknowledged before one that does.
package failpoint
