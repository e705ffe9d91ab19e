package runs

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/cmd/internal/rundiff"
)

// DiffOptions of runs diff.
type DiffOptions struct {
	App      *app.App
	Config   *config.Config
	A, B     string
	ExitCode bool
}

func newDiff(a *app.App) *cobra.Command {
	opt := &DiffOptions{App: a}
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Say why the results of two runs differ",
		Long: `Compare two recorded runs and say why their results differ: first what can be a
cause, likely causes first (parameters, the pipeline's file, images, inputs,
profile, resources, the manifest, engine, version, git revision, labels), then
what came of it (states, outputs, cache hits, tries, durations). Artifacts are
compared by content where a digest is known; secrets without being shown.

A run is named by its id, the unique beginning of one, its name, @last or
@last-failed.

Exit code 0 whether or not they differ; with --exit-code 1 when anything but
durations does.`,
		Args:              app.Args(2, 2, "two runs"),
		ValidArgsFunction: CompleteUpTo(a, 2),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Config, err = a.Config(cmd, "."); err != nil {
				return err
			}
			opt.A, opt.B = args[0], args[1]
			return diff(cmd.Context(), opt)
		},
	}
	cmd.Flags().BoolVar(&opt.ExitCode, "exit-code", false, "exit with 1 when the runs differ")
	app.Setting(cmd.Flags(), "o", "output")
	return cmd
}

func diff(ctx context.Context, opt *DiffOptions) error {
	a := opt.App
	store, err := a.OpenStore(ctx, opt.Config)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	left, err := app.FindRun(ctx, store, opt.A)
	if err != nil {
		return err
	}
	right, err := app.FindRun(ctx, store, opt.B)
	if err != nil {
		return err
	}
	doc, err := rundiff.Compare(ctx, left, right, store.Blob)
	if err != nil {
		return err
	}
	if opt.Config.Output == "json" {
		err = output.JSON(a.IO.Out, doc)
	} else {
		err = rundiff.Write(a.IO.Out, doc, report.LookOf(a.IO, a.Now()))
	}
	if err == nil && opt.ExitCode && !doc.Same() {
		return app.Findings()
	}
	return err
}
