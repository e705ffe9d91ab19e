package meta

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata/blob"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// A Repaired object and what was done about it.
type Repaired struct {
	Object string `json:"object"`
	Done   string `json:"done"`
}

// Repairs is the JSON answer of meta repair and meta reindex.
type Repairs struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"` // MetadataRepair
	Metadata   string     `json:"metadata"`
	DryRun     bool       `json:"dryRun,omitempty"`
	Repairs    []Repaired `json:"repairs"`
}

func newRepair(a *app.App) *cobra.Command {
	return repairing(a, &cobra.Command{
		Use:   "repair",
		Short: "Put right what verify finds",
		Long: `Put right what meta verify finds, losing only what is damaged: damaged objects are
moved to damaged/, where nobody looks and nothing is thrown away; of a damaged
segment every whole event is kept; what is derived is made again; what is lost
is recorded as lost, and with it whatever an index still knows of it.`,
	}, (*blob.Store).Repair)
}

func newReindex(a *app.App) *cobra.Command {
	return repairing(a, &cobra.Command{
		Use:   "reindex",
		Short: "Make lost or damaged indexes again",
		Long: `Make the index of each segment again that lacks one or whose index is damaged.
Indexes are derived: nothing is lost with them, but reading takes longer.`,
	}, (*blob.Store).Reindex)
}

// repairing completes a command that does something about damage.
func repairing(a *app.App, cmd *cobra.Command, do func(*blob.Store, context.Context, blob.RepairOptions) ([]blob.Repair, error)) *cobra.Command {
	var dryRun bool
	cmd.Args = app.Args(0, 0, "no arguments")
	cmd.RunE = withStore(a, func(ctx context.Context, c *config.Config, s *blob.Store) error {
		did, failed := do(s, ctx, blob.RepairOptions{DryRun: dryRun, By: a.Writer(), Now: a.Now})
		doc := Repairs{APIVersion: report.APIVersion, Kind: "MetadataRepair", Metadata: app.Where(c), DryRun: dryRun, Repairs: []Repaired{}}
		for _, r := range did {
			doc.Repairs = append(doc.Repairs, Repaired{r.Object, r.Done})
		}
		if err := writeRepairs(a, c, doc); err != nil {
			return err
		}
		return failed
	})
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be done")
	app.Setting(cmd.Flags(), "o", "output")
	return cmd
}

func writeRepairs(a *app.App, c *config.Config, doc Repairs) error {
	if c.Output == "json" {
		return output.JSON(a.IO.Out, doc)
	}
	for _, r := range doc.Repairs {
		if _, err := fmt.Fprintf(a.IO.Out, "%s: %s\n", term.Clean(r.Object), term.Clean(r.Done)); err != nil {
			return err
		}
	}
	if len(doc.Repairs) == 0 {
		a.Notef("nothing to do in %s", doc.Metadata)
	}
	return nil
}
