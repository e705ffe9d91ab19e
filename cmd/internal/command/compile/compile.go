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
	"github.com/kfp-go/kfp-go/compiler"
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
	Report string // form of the report, "": none
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

Nothing is written when the pipeline has errors.

With --report it prints, construct by construct, what the pipeline says, what
becomes of it in Argo, what differs from KFP, and the findings there.`,
		Args: app.Args(0, 1, build.What),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := opt.check(cmd); err != nil {
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
	f.StringVar(&opt.To, "to", targets[0].name, "what to compile to: "+strings.Join(targetNames(), ", "))
	f.StringVar(&opt.Name, "name", "", "name of the object; default: from the pipeline's")
	f.BoolVar(&opt.Strict, "strict", false, "warnings fail too")
	f.StringVar(&opt.Report, "report", "", "print what the pipeline says, what becomes of it in Argo and what differs from KFP, as `FORM` "+strings.Join(reportFormats(), ", ")+"; the manifest only with --out")
	f.Lookup("report").NoOptDefVal = reportFormats()[0]
	build.Params(f, &opt.Params)
	build.Inputs(f)
	app.Setting(f, "", "namespace", "artifact-root", "cache", "final-state", "argo-check", "argo-version")
	_ = cmd.RegisterFlagCompletionFunc("to", cobra.FixedCompletions(targetNames(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(kinds(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (opt *Options) check(cmd *cobra.Command) error {
	if !slices.Contains(kinds(), opt.Kind) {
		return app.WithHint(app.Usagef("--kind %q is none of %s", opt.Kind, strings.Join(kinds(), ", ")), diag.Hint(opt.Kind, kinds()))
	}
	if opt.Report != "" && !slices.Contains(reportFormats(), opt.Report) {
		return app.WithHint(app.Usagef("--report=%q is none of %s", opt.Report, strings.Join(reportFormats(), ", ")), diag.Hint(opt.Report, reportFormats()))
	}
	to := findTarget(opt.To)
	if to == nil {
		return app.WithHint(app.Usagef("--to %q is none of %s", opt.To, strings.Join(targetNames(), ", ")), diag.Hint(opt.To, targetNames()))
	}
	if to.name == targets[0].name {
		return nil
	}
	for _, name := range manifestOnly {
		if cmd.Flags().Changed(name) {
			return app.Usagef("--%s says something about a manifest for Argo and cannot stand beside --to %s", name, to.name)
		}
	}
	return nil
}

func run(ctx context.Context, opt *Options) error {
	a, to := opt.App, findTarget(opt.To)
	res, err := build.Compile(ctx, opt.Source, build.Options{Params: opt.Params, Open: true, Stop: to.stop, Argo: argo.Options{Kind: opt.Kind, Name: opt.Name}})
	if err != nil {
		return err
	}
	out, err := printed(ctx, opt, to, res)
	if err != nil {
		return err
	}
	if opt.Report != "" && res.Pipeline != nil {
		if err := writeReport(opt, res); err != nil {
			return err
		}
	}
	if err := build.Tell(a, res.Diagnostics); err != nil {
		return err
	}
	if opt.Strict && len(build.Without(res.Diagnostics, diag.Note)) > 0 {
		return app.Findings()
	}
	if opt.Report != "" && opt.Out == "" {
		return nil
	}
	if err := write(opt, out); err != nil {
		return err
	}
	if to.after != nil {
		to.after(opt, res)
	}
	return nil
}

// printed is the output, nothing when the pipeline has errors. What printing
// finds joins the findings of the result.
func printed(ctx context.Context, opt *Options, to *target, res *compiler.Result) ([]byte, error) {
	if diag.HasErrors(res.Diagnostics) {
		return nil, nil
	}
	var found diag.List
	out, err := to.print(ctx, opt, res, found.Report)
	if found.Len() > 0 {
		for _, d := range res.Diagnostics {
			found.Report(d)
		}
		res.Diagnostics = opt.Source.Lead(found.Sorted())
	}
	return out, err
}

func write(opt *Options, out []byte) error {
	if opt.Out != "" && opt.Out != "-" {
		return output.Answer(opt.Out, out)
	}
	_, err := opt.App.IO.Out.Write(out)
	return err
}
