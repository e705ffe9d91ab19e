package compile

import (
	"context"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/build"
	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl/dslwrite"
	"github.com/kfp-go/kfp-go/compiler/kfpwrite"
)

// A target is a language to compile to.
type target struct {
	name string
	stop compiler.Stop
	// print gives the output for a pipeline without errors; what it cannot say
	// it reports.
	print func(ctx context.Context, opt *Options, res *compiler.Result, report diag.Reporter) ([]byte, error)
	// after, if there, says something once the output is written.
	after func(opt *Options, res *compiler.Result)
}

// targets are what --to knows, the default first.
var targets = []target{
	{name: "argo", stop: compiler.AfterLower, print: printArgo, after: func(opt *Options, res *compiler.Result) { build.TellSize(opt.App, res.Manifest) }},
	{name: "dsl", stop: compiler.AfterCheck, print: printDSL},
	{name: "kfp", stop: compiler.AfterArguments, print: printKFP},
}

func targetNames() []string {
	out := make([]string, len(targets))
	for i, t := range targets {
		out[i] = t.name
	}
	return out
}

func findTarget(name string) *target {
	for i := range targets {
		if targets[i].name == name {
			return &targets[i]
		}
	}
	return nil
}

func printArgo(ctx context.Context, opt *Options, res *compiler.Result, _ diag.Reporter) ([]byte, error) {
	if res.Manifest == nil {
		return nil, app.Failf("no manifest was made, and no error was found: this is a mistake in kfp-go, please report it")
	}
	if err := build.ArgoCheck(ctx, opt.App, opt.Source.Config, res); err != nil {
		return nil, err
	}
	return res.Manifest.YAML, nil
}

func printDSL(_ context.Context, _ *Options, res *compiler.Result, report diag.Reporter) ([]byte, error) {
	return dslwrite.Write(res.Pipeline, report), nil
}

// printKFP gives the pipeline as KFP IR; values of -p are its inputs' defaults.
func printKFP(_ context.Context, _ *Options, res *compiler.Result, report diag.Reporter) ([]byte, error) {
	return kfpwrite.Write(res.Pipeline, kfpwrite.Options{Defaults: res.Args}, report), nil
}

// manifestOnly names the flags that act on a manifest of Argo's alone.
var manifestOnly = []string{"kind", "name", "namespace", "artifact-root", "cache", "final-state", "argo-check", "argo-version", "report"}
