// Package meta are the commands that look after the metadata file itself.
package meta

import (
	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
)

// New is the group of commands.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "meta",
		Short: "Look after the metadata file",
		Long: `Look after the metadata file: the folder or bucket that holds what is known of
runs. Nothing here is needed day by day.`,
		Args: cobra.ArbitraryArgs,
		RunE: app.Group,
	}
	cmd.AddCommand(newInit(a), newVerify(a), newRepair(a), newReindex(a), newCompact(a), newGC(a), newExport(a), newImport(a))
	return cmd
}
