package runs

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/engine"
)

// StopOptions of runs stop.
type StopOptions struct {
	App    *app.App
	Config *config.Config
	Runs   []string
}

func newStop(a *app.App) *cobra.Command {
	opt := &StopOptions{App: a}
	cmd := &cobra.Command{
		Use:   "stop RUN...",
		Short: "Stop runs in good order",
		Long: `Stop runs as Argo's stop does: running tasks end, no others begin, and exit
handlers still run. A local run is stopped in the process that executes it, on
this machine. The command does not wait for the end; ` + "`runs watch`" + ` does.`,
		Args:              app.Args(1, -1, "names of runs"),
		ValidArgsFunction: CompleteUpTo(a, -1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Config, err = a.Config(cmd, "."); err != nil {
				return err
			}
			opt.Runs = args
			return stop(cmd.Context(), opt)
		},
	}
	app.Setting(cmd.Flags(), "", "namespace", "context", "kubeconfig")
	return cmd
}

func stop(ctx context.Context, opt *StopOptions) error {
	a := opt.App
	store, err := a.OpenStore(ctx, opt.Config)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	var all []*metadata.Run
	for _, name := range opt.Runs { // a wrong name stops nothing
		r, err := app.FindRun(ctx, store, name)
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	engines := &engine.Opener{App: a, Config: opt.Config}
	for _, r := range all {
		if err := stopOne(ctx, a, engines, r); err != nil {
			return err
		}
	}
	return nil
}

func stopOne(ctx context.Context, a *app.App, engines *engine.Opener, r *metadata.Run) error {
	if r.State.Final() {
		a.Notef("%s is over: %s", r.Name, r.State)
		return nil
	}
	place, err := engines.Open(ctx, r)
	if err != nil {
		return err
	}
	if err := place.Cancel(ctx, backend.RunID(r.ID)); err != nil {
		if place.Elsewhere != "" {
			return app.WithHint(app.Failf("%s cannot be stopped from here: %v", r.Name, err), place.Elsewhere)
		}
		return err
	}
	a.Notef("%s is told to stop", r.Name)
	return nil
}
