// Package graph is the command that draws a pipeline.
package graph

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/build"
	"github.com/kfp-go/kfp-go/cmd/internal/draw"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/diag"
)

// Options of the command.
type Options struct {
	App    *app.App
	Source *build.Source
	Format string
	Out    string
}

func formats() []string { return []string{"text", "mermaid", "dot"} }

// New is the command.
func New(a *app.App) *cobra.Command {
	opt := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "graph " + build.Use,
		Short: "Draw the tasks of a pipeline as text, Mermaid or DOT",
		Long: `Draw the tasks of a pipeline.

In text each task has one line; left of the names, lines lead from each task
down to those that need it. What a loop, a branch or a group holds stands below
it, indented.`,
		Args: app.Args(0, 1, build.What),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if !slices.Contains(formats(), opt.Format) {
				return app.Usagef("--format %q is none of %s", opt.Format, strings.Join(formats(), ", "))
			}
			if opt.Source, err = build.Open(a, cmd, args); err != nil {
				return err
			}
			return run(cmd.Context(), opt)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&opt.Format, "format", "f", "text", strings.Join(formats(), ", "))
	f.StringVarP(&opt.Out, "out", "o", "", "write to this `FILE` instead of standard output")
	build.Inputs(f)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// run draws also what has mistakes, as far as it was understood: a picture
// often shows them.
func run(ctx context.Context, opt *Options) error {
	a := opt.App
	res, err := build.Compile(ctx, opt.Source, build.Options{Stop: compiler.AfterCheck})
	if err != nil {
		return err
	}
	wrong := build.Tell(a, build.Without(build.Without(res.Diagnostics, diag.Note), diag.Warning))
	if res.Pipeline == nil {
		return wrong
	}
	g, whole := draw.New(res.Pipeline)
	if !whole {
		a.Warnf("only the first %d tasks are drawn", draw.MaxNodes)
	}
	var text bytes.Buffer
	title := res.Pipeline.Name.Text
	switch opt.Format {
	case "mermaid":
		err = draw.WriteMermaid(&text, title, g)
	case "dot":
		err = draw.WriteDOT(&text, title, g)
	default:
		err = draw.WriteText(&text, title, g, textOptions(opt))
	}
	if err != nil {
		return err
	}
	if opt.Out != "" && opt.Out != "-" {
		err = output.Answer(opt.Out, text.Bytes())
	} else {
		_, err = a.IO.Out.Write(text.Bytes())
	}
	if err != nil {
		return err
	}
	return wrong
}

func textOptions(opt *Options) draw.TextOptions {
	io := opt.App.IO
	if opt.Out != "" || !io.OutTTY && !io.OutColor() {
		return draw.TextOptions{Width: plainWidth}
	}
	theme := term.OutTheme(io)
	return draw.TextOptions{Width: io.Width(), Line: theme.Name, Name: theme.Bold, Extra: theme.Dim}
}

// plainWidth bounds lines where no terminal does.
const plainWidth = 140
