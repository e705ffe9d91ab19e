package runs

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
)

// GetOptions of runs get.
type GetOptions struct {
	App    *app.App
	Config *config.Config
	Run    string
}

func newGet(a *app.App) *cobra.Command {
	opt := &GetOptions{App: a}
	cmd := &cobra.Command{
		Use:   "get [RUN]",
		Short: "Show one run with its tasks and outputs",
		Long: `Show one run: what it is and who started it, its parameters and outputs, the
tree of its tasks with their states and times, why some of them failed, each
attempt with its reason, and where artifacts lie. WAITED is how long a task was
ready before its program began.

A run is named by its id, the unique beginning of one, its name, @last (the
default) or @last-failed.`,
		Args:              app.Args(0, 1, "one run"),
		ValidArgsFunction: Complete(a),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Config, err = a.Config(cmd, "."); err != nil {
				return err
			}
			opt.Run = app.RunArgument(args)
			return get(cmd.Context(), opt)
		},
	}
	app.Setting(cmd.Flags(), "o", "output")
	return cmd
}

func get(ctx context.Context, opt *GetOptions) error {
	a := opt.App
	store, r, err := a.OpenRun(ctx, opt.Config, opt.Run)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	inline(ctx, a, store, r)
	doc := report.FromMetadata(r)
	if opt.Config.Output == "json" {
		return output.JSON(a.IO.Out, doc)
	}
	return report.WriteDetails(a.IO.Out, doc, report.LookOf(a.IO, a.Now()))
}

// inline puts large values in their places and warns of those that are lost.
func inline(ctx context.Context, a *app.App, store metadata.Store, r *metadata.Run) {
	if err := metadata.Inline(ctx, store, r); err != nil {
		a.Warnf("metadata: %v", err)
	}
}
