package runs

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
)

// DeleteOptions of runs delete.
type DeleteOptions struct {
	App    *app.App
	Config *config.Config
	Runs   []string
	Filter Filter
	Yes    bool
	Force  bool
	DryRun bool
}

func newDelete(a *app.App) *cobra.Command {
	opt := &DeleteOptions{App: a}
	cmd := &cobra.Command{
		Use:   "delete [RUN...]",
		Short: "Take runs out of the record",
		Long: `Delete the records of runs, those that are named or all that the filters let
pass. No command shows a deleted run any more; what was recorded of it goes with
the next cleaning of the metadata file. Artifacts, Workflows and pods are not
touched.

On a terminal you are asked first; elsewhere filters need --yes. A run that has
not ended is deleted with --force only: it goes on, and nobody hears of it.`,
		Example: `  kfp-go runs delete iris-x7
  kfp-go runs delete --state failed --until 30d --dry-run`,
		Args:              app.Args(0, -1, "names of runs"),
		ValidArgsFunction: CompleteUpTo(a, -1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Config, err = a.Config(cmd, "."); err != nil {
				return err
			}
			opt.Runs = args
			return remove(cmd.Context(), opt)
		},
	}
	f := cmd.Flags()
	opt.Filter.AddTo(a, cmd)
	f.BoolVarP(&opt.Yes, "yes", "y", false, "do not ask")
	f.BoolVar(&opt.Force, "force", false, "delete runs that have not ended too")
	f.BoolVar(&opt.DryRun, "dry-run", false, "only say what would be deleted")
	app.Setting(f, "o", "output")
	return cmd
}

// Deletion is the JSON document of what was deleted.
type Deletion struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"` // RunDeletion
	DryRun     bool         `json:"dryRun"`
	Runs       []report.Run `json:"runs"` // as in lists
}

func remove(ctx context.Context, opt *DeleteOptions) error {
	a := opt.App
	switch {
	case len(opt.Runs) == 0 && opt.Filter.Empty():
		return app.WithHint(app.Usagef("runs delete needs names of runs, or filters"), "all runs that have ended: --state succeeded,failed,stopped,lost")
	case len(opt.Runs) > 0 && !opt.Filter.Empty():
		return app.Usagef("runs delete takes names of runs or filters, not both")
	}
	store, err := a.OpenStore(ctx, opt.Config)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	chosen, err := opt.choose(ctx, store)
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		a.Notef("no runs to delete in %s", app.Where(opt.Config))
	} else if !opt.DryRun {
		if err := opt.confirm(chosen); err != nil {
			return err
		}
	}
	deleted := chosen
	if !opt.DryRun {
		deleted, err = erase(ctx, a, store, chosen)
	}
	if told := opt.tell(deleted); err == nil {
		err = told
	}
	return err
}

// choose finds the runs; a wrong name, or the name of a run that goes on,
// deletes nothing.
func (opt *DeleteOptions) choose(ctx context.Context, store metadata.Store) ([]*metadata.Run, error) {
	if len(opt.Runs) == 0 {
		return opt.filtered(ctx, store)
	}
	var chosen []*metadata.Run
	seen := map[string]bool{}
	for _, name := range opt.Runs {
		r, err := app.FindRun(ctx, store, name)
		if err != nil {
			return nil, err
		}
		if seen[r.ID] {
			continue
		}
		if !r.State.Final() && !opt.Force {
			return nil, app.WithHint(app.Usagef("%s has not ended, it is %s; nothing was deleted", r.Name, r.State),
				"`kfp-go runs stop` ends it, `kfp-go runs sync` looks how it ended, --force deletes it all the same")
		}
		seen[r.ID] = true
		chosen = append(chosen, r)
	}
	return chosen, nil
}

func (opt *DeleteOptions) filtered(ctx context.Context, store metadata.Store) ([]*metadata.Run, error) {
	q, err := opt.Filter.Query(opt.App.Now())
	if err != nil {
		return nil, err
	}
	q.Summary = true
	snap, err := store.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	Damaged(opt.App, snap)
	var chosen []*metadata.Run
	for _, r := range snap.Runs {
		if r.State.Final() || opt.Force {
			chosen = append(chosen, r)
		}
	}
	if n := len(snap.Runs) - len(chosen); n > 0 {
		opt.App.Notef("%d of them have not ended and are left; --force deletes them too", n)
	}
	return chosen, nil
}

// confirm asks on a terminal.
func (opt *DeleteOptions) confirm(chosen []*metadata.Run) error {
	a := opt.App
	switch {
	case opt.Yes:
		return nil
	case a.IO.InTTY && a.IO.ErrTTY:
	case len(opt.Runs) > 0:
		return nil
	default:
		return app.WithHint(app.Usagef("filters would delete %d runs, and nobody can be asked", len(chosen)), "--dry-run shows them, --yes deletes them")
	}
	what := fmt.Sprintf("%d runs", len(chosen))
	if len(chosen) == 1 {
		what = "the run " + runName(chosen[0])
	}
	a.Notef("delete the record of %s? [y/N]", what)
	line, err := bufio.NewReader(a.IO.In).ReadString('\n')
	if answer := strings.ToLower(strings.TrimSpace(line)); answer == "y" || answer == "yes" {
		return nil
	} else if err != nil && answer == "" {
		return app.Usagef("no answer, so nothing was deleted")
	}
	return app.Usagef("nothing was deleted")
}

func runName(r *metadata.Run) string {
	if r.Name != "" {
		return r.Name
	}
	return r.ID
}

// erase writes that the runs are gone, and gives those of which it is written.
func erase(ctx context.Context, a *app.App, store metadata.Store, chosen []*metadata.Run) (done []*metadata.Run, err error) {
	for _, r := range chosen {
		chain := metadata.Chain{Run: r.ID, By: a.Writer(), Now: a.Now}
		events, err := chain.Events([]metadata.Record{{Deleted: &metadata.DeletedRecord{At: a.Now().UTC(), Reason: "runs delete"}}})
		if err != nil {
			return done, err
		}
		for _, e := range events {
			if err := store.Append(ctx, e); err != nil {
				return done, fmt.Errorf("%d of %d runs were deleted: %w", len(done), len(chosen), err)
			}
		}
		done = append(done, r)
	}
	return done, nil
}

func (opt *DeleteOptions) tell(runs []*metadata.Run) error {
	a := opt.App
	docs := documents(runs)
	for i := range docs {
		docs[i].Tasks = nil
	}
	if opt.Config.Output == "json" {
		return output.JSON(a.IO.Out, Deletion{APIVersion: report.APIVersion, Kind: "RunDeletion", DryRun: opt.DryRun, Runs: docs})
	}
	if len(runs) == 0 {
		return nil
	}
	var columns []report.Column
	for _, name := range report.TableColumns() {
		c, _ := report.ColumnOf(name)
		columns = append(columns, c)
	}
	if err := report.WriteRuns(a.IO.Out, docs, columns, report.LookOf(a.IO, a.Now())); err != nil {
		return err
	}
	if opt.DryRun {
		a.Notef("these %d would be deleted", len(runs))
		return nil
	}
	a.Notef("deleted from the record; artifacts, Workflows and pods are as they were")
	return nil
}
