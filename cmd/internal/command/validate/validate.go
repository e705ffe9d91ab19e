// Package validate is the command that says everything that is wrong with
// pipelines.
package validate

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/build"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/diag/render"
)

// Options of the command.
type Options struct {
	App    *app.App
	Cmd    *cobra.Command
	Inputs []string
	Format string
	Strict bool
}

// New is the command.
func New(a *app.App) *cobra.Command {
	opt := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "validate [PIPELINE...]",
		Short: "Say everything that is wrong with pipelines",
		Long: `Say everything that is wrong with pipelines, each problem with its place, a code
and a way out. What passes is accepted by Argo too: the manifest is made and
put through Argo's own validator (--argo-check).

Exit code 0: nothing wrong, warnings allowed; 1: errors, or warnings with
--strict; 2: wrong usage or a missing file.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(render.Formats(), opt.Format) {
				return app.WithHint(app.Usagef("--format %q is none of %s", opt.Format, strings.Join(render.Formats(), ", ")), diag.Hint(opt.Format, render.Formats()))
			}
			opt.Cmd, opt.Inputs = cmd, args
			if len(args) == 0 {
				opt.Inputs = []string{"."}
			}
			return run(cmd.Context(), opt)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&opt.Format, "format", "f", "text", strings.Join(render.Formats(), ", "))
	f.BoolVar(&opt.Strict, "strict", false, "warnings fail too")
	build.Inputs(f)
	app.Setting(f, "", "argo-check", "argo-version")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(render.Formats(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// run checks every input, also behind one that cannot be opened.
func run(ctx context.Context, opt *Options) error {
	var all diag.List
	var files []string
	var failed error
	for _, name := range opt.Inputs {
		file, findings, err := one(ctx, opt, name)
		if err != nil {
			if len(opt.Inputs) == 1 || app.Cause(ctx) != nil {
				return err
			}
			failed = worse(opt.App, failed, err)
			continue
		}
		files = append(files, file)
		for _, d := range findings {
			all.Report(d)
		}
	}
	findings := all.Sorted()
	if err := show(opt, files, findings); err != nil {
		return err
	}
	count := render.CountOf(findings)
	switch {
	case failed != nil:
		return &app.ExitError{Code: app.ExitCode(failed)}
	case count.Errors > 0, opt.Strict && count.Warnings > 0:
		return app.Findings()
	}
	return nil
}

// worse says one error of several at once and keeps the one with the highest
// exit code.
func worse(a *app.App, old, err error) error {
	a.Complain(err)
	if old == nil || app.ExitCode(err) > app.ExitCode(old) {
		return err
	}
	return old
}

func one(ctx context.Context, opt *Options, name string) (file string, findings []diag.Diagnostic, err error) {
	s, err := build.Open(opt.App, opt.Cmd, []string{name})
	if err != nil {
		return "", nil, err
	}
	res, err := build.Compile(ctx, s, build.Options{Open: true})
	if err != nil {
		return "", nil, err
	}
	if err := build.ArgoCheck(ctx, opt.App, s.Config, res); err != nil {
		return "", nil, err
	}
	return s.File.Name(), res.Diagnostics, nil
}

func show(opt *Options, files []string, findings []diag.Diagnostic) error {
	a := opt.App
	report := render.Report{Files: files, Findings: findings, Tool: build.Tool(a)}
	if opt.Format != string(render.Text) {
		return render.Write(a.IO.Out, render.Format(opt.Format), report, render.TextOptions{})
	}
	text := term.OutTheme(a.IO).Findings(a.IO.Width())
	text.Max = build.MaxFindings
	if err := render.Write(a.IO.Out, render.Text, report, text); err != nil {
		return err
	}
	if len(findings) == 0 && len(files) > 0 {
		a.Notef("%s: no problems", strings.Join(files, ", "))
	}
	return nil
}
