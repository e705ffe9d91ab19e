package meta

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
)

func newImport(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE...",
		Short: "Add exported files to the metadata file",
		Long: `Add what meta export wrote to the metadata file. Each file is checked whole
before anything of it is added: a file that is torn or altered changes nothing.
What is there already is left as it is, so importing twice does no harm.`,
		Args: app.Args(1, -1, "exported files"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.Config(cmd, ".")
			if err != nil {
				return err
			}
			return importFiles(cmd.Context(), a, c, args)
		},
	}
}

func importFiles(ctx context.Context, a *app.App, c *config.Config, names []string) error {
	a.Frugal()
	store, err := a.RequireStore(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	for _, name := range names {
		count, err := importFile(ctx, store, name)
		if err != nil {
			return err
		}
		a.Notef("%s: imported %s", name, counted(count))
	}
	return nil
}

func importFile(ctx context.Context, store metadata.Store, name string) (metadata.Counts, error) {
	f, err := os.Open(name)
	if err != nil {
		return metadata.Counts{}, &app.ExitError{Code: app.ExitUsage, Err: err}
	}
	defer func() { _ = f.Close() }()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return metadata.Counts{}, app.Usagef("%s is no file: an exported file is read several times, so it can be no pipe or folder", name)
	}
	count, err := metadata.Import(ctx, store, f)
	switch {
	case err == nil || errors.Is(err, metadata.ErrReadOnly):
		return count, err
	case count.Events > 0:
		return count, fmt.Errorf("%s: %w; of it %s were imported: to import it again does no harm", name, err, counted(count))
	case errors.Is(err, metadata.ErrFormat):
		return count, &app.ExitError{Code: app.ExitUsage, Err: fmt.Errorf("%s: %w", name, err)}
	case errors.Is(err, metadata.ErrDamaged), errors.Is(err, metadata.ErrTooLarge):
		return count, &app.ExitError{Code: app.ExitFindings, Err: fmt.Errorf("%s: %w; nothing of it was imported", name, err)}
	}
	return count, fmt.Errorf("%s: %w", name, err)
}
