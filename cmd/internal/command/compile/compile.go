// Package compile is the command that turns a pipeline into an Argo manifest.
package compile

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/build"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/compiler/argo"
	"github.com/kfp-go/kfp-go/compiler/diag"
)

// Options of the command.
type Options struct {
	App    *app.App
	Source *build.Source
	Out    string
	Kind   string
	To     string
	Name   string
	Params []string
	Strict bool
}

func kinds() []string {
	return []string{argo.KindWorkflow, argo.KindWorkflowTemplate, argo.KindClusterWorkflowTemplate, argo.KindCronWorkflow}
}

// New is the command.
func New(a *app.App) *cobra.Command {
	opt := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "compile " + build.Use,
		Short: "Turn a pipeline into an Argo Workflows manifest",
		Long: `Turn a pipeline into a plain Argo Workflows manifest: one pod for each container
task, nothing else in the cluster. The same input gives the same bytes.

Nothing is written when the pipeline has errors.`,
		Args: app.Args(0, 1, build.What),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := opt.check(); err != nil {
				return err
			}
			if opt.Source, err = build.Open(a, cmd, args); err != nil {
				return err
			}
			return run(cmd.Context(), opt)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&opt.Out, "out", "o", "", "write to this `FILE` instead of standard output")
	f.StringVar(&opt.Kind, "kind", argo.KindWorkflow, strings.Join(kinds(), ", "))
	f.StringVar(&opt.To, "to", "argo", "what to compile to: argo")
	f.StringVar(&opt.Name, "name", "", "name of the object; default: from the pipeline's")
	f.BoolVar(&opt.Strict, "strict", false, "warnings fail too")
	build.Params(f, &opt.Params)
	app.Setting(f, "", "profile", "namespace", "artifact-root", "cache", "argo-check", "argo-version")
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(kinds(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (opt *Options) check() error {
	if !slices.Contains(kinds(), opt.Kind) {
		return app.WithHint(app.Usagef("--kind %q is none of %s", opt.Kind, strings.Join(kinds(), ", ")), diag.Hint(opt.Kind, kinds()))
	}
	if opt.To != "argo" {
		return app.Usagef("--to %q: only argo is there so far", opt.To)
	}
	return nil
}

func run(ctx context.Context, opt *Options) error {
	a := opt.App
	res, err := build.Compile(ctx, opt.Source, build.Options{
		Params: opt.Params, Open: true,
		Argo: argo.Options{Kind: opt.Kind, Name: opt.Name},
	})
	if err != nil {
		return err
	}
	if err := build.ArgoCheck(ctx, a, opt.Source.Config, res); err != nil {
		return err
	}
	if err := build.Tell(a, res.Diagnostics); err != nil {
		return err
	}
	if opt.Strict && len(build.Without(res.Diagnostics, diag.Note)) > 0 {
		return app.Findings()
	}
	if res.Manifest == nil {
		return app.Failf("no manifest was made, and no error was found: this is a mistake in kfp-go, please report it")
	}
	if err := write(opt, res.Manifest.YAML); err != nil {
		return err
	}
	build.TellSize(a, res.Manifest)
	return nil
}

func write(opt *Options, manifest []byte) error {
	if opt.Out != "" && opt.Out != "-" {
		return output.Answer(opt.Out, manifest)
	}
	_, err := opt.App.IO.Out.Write(manifest)
	return err
}
