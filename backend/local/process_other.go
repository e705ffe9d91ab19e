//go:build !unix

package local

import "os"

func exitOf(state *os.ProcessState) (code int, signal string) { return state.ExitCode(), "" }
