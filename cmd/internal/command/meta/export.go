package meta

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/command/runs"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
)

func newExport(a *app.App) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "export [RUN...]",
		Short: "Write the metadata file, or chosen runs, as one file",
		Long: `Write all runs, or those that are named, as one file of JSON lines: events,
the documents that they name, and a closing line that vouches for both.

meta import adds such a file to a metadata file; every command that reads takes
it with --metadata. The same runs give the same bytes. What is damaged is left
out and reported, with exit code 1.`,
		Example: `  kfp-go meta export -o runs.ndjson
  kfp-go meta export @last -o last.ndjson && kfp-go runs get --metadata last.ndjson`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: runs.Complete(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.Config(cmd, ".")
			if err != nil {
				return err
			}
			return export(cmd.Context(), a, c, args, file)
		},
	}
	cmd.Flags().StringVarP(&file, "out", "o", "", "`FILE` to write; default: standard output")
	return cmd
}

func export(ctx context.Context, a *app.App, c *config.Config, names []string, file string) error {
	a.Frugal()
	store, err := a.RequireStore(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	if err := exists(ctx, c, store); err != nil {
		return err
	}
	keep, err := chosen(ctx, store, names)
	if err != nil {
		return err
	}
	var count metadata.Counts
	var damage []metadata.Damage
	write := func(w io.Writer) (err error) {
		count, damage, err = metadata.Export(ctx, store, w, keep)
		return err
	}
	if file == "" {
		out := bufio.NewWriterSize(a.IO.Out, 1<<16)
		if err = write(out); err == nil {
			err = out.Flush()
		}
	} else {
		err = output.AnswerStream(file, write)
	}
	if err != nil {
		return err
	}
	for _, d := range damage {
		a.Warnf("left out: %s: %v", d.Name, d.Err)
	}
	a.Notef("exported %s", counted(count))
	if len(damage) > 0 {
		return app.Findings()
	}
	return nil
}

// chosen accepts the runs that are named, nil: all.
func chosen(ctx context.Context, store metadata.Store, names []string) (func(string) bool, error) {
	if len(names) == 0 {
		return nil, nil
	}
	ids := map[string]bool{}
	for _, name := range names {
		r, err := app.FindRun(ctx, store, name)
		if err != nil {
			return nil, err
		}
		ids[r.ID] = true
	}
	return func(run string) bool { return ids[run] }, nil
}

func counted(c metadata.Counts) string {
	return fmt.Sprintf("%s: %s, %s", output.Count(c.Runs, "run", "runs"), output.Count(c.Events, "event", "events"), output.Count(c.Documents, "document", "documents"))
}
