// Package schema is the command that prints the JSON Schema of the DSL.
package schema

import (
	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/compiler/dsl"
)

// Options of the command.
type Options struct {
	App *app.App
	Out string
}

// New is the command.
func New(a *app.App) *cobra.Command {
	opt := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of pipeline files",
		Long: `Print the JSON Schema (draft 2020-12) of kfp-go's own pipeline files, for
editors that complete and check YAML by a schema.`,
		Args: app.Args(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error { return run(opt) },
	}
	cmd.Flags().StringVarP(&opt.Out, "out", "o", "", "write to this `FILE` instead of standard output")
	return cmd
}

func run(opt *Options) error {
	text := dsl.Schema()
	if opt.Out != "" && opt.Out != "-" {
		return output.Answer(opt.Out, text)
	}
	_, err := opt.App.IO.Out.Write(text)
	return err
}
