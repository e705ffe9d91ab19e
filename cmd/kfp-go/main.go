// Command kfp-go checks, compiles, runs and submits machine-learning pipelines
// for Argo Workflows.
package main

import (
	"os"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/command"
)

// Set by the linker.
var version, commit string

func main() {
	a := app.System(app.Build{Version: version, Commit: commit})
	os.Exit(app.Main(a, command.Root, os.Args[1:]))
}
