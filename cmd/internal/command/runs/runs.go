// Package runs are the commands that read recorded runs.
package runs

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
)

// New is the group of commands.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List, show, compare, follow and stop recorded runs",
		Long: `List, show, compare, follow and stop runs from the metadata file, those of this
machine and of clusters alike.`,
		Args: cobra.ArbitraryArgs,
		RunE: app.Group,
	}
	cmd.AddCommand(newList(a), newGet(a), newDiff(a), newDelete(a))
	cmd.AddCommand(newWatch(a), newStop(a), newSync(a))
	return cmd
}

// Each reads runs from the configured metadata file, gives one after the other
// to f and warns of what could not be read.
func Each(ctx context.Context, a *app.App, c *config.Config, q metadata.Query, f func(*metadata.Run) error) error {
	a.Frugal()
	store, err := a.OpenStore(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	damaged, err := store.Each(ctx, q, f)
	if err != nil {
		return err
	}
	Damaged(a, &metadata.Snapshot{Damaged: damaged})
	return nil
}

// Damaged warns of what could not be read; the rest is shown.
func Damaged(a *app.App, snap *metadata.Snapshot) {
	for i, d := range snap.Damaged {
		if i == 5 {
			a.Warnf("and %d more damaged objects", len(snap.Damaged)-i)
			return
		}
		a.Warnf("metadata: %s: %v", d.Name, d.Err)
	}
}
