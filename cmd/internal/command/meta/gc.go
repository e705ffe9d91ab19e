package meta

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata/blob"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/command/runs"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// A DeletedRun is one that garbage collection deletes.
type DeletedRun struct {
	ID       string    `json:"id"`
	Name     string    `json:"name,omitempty"`
	Pipeline string    `json:"pipeline,omitempty"`
	State    string    `json:"state,omitempty"`
	Created  time.Time `json:"created,omitzero"`
}

// Collection is the JSON answer of meta gc.
type Collection struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"` // MetadataCollection
	Metadata   string       `json:"metadata"`
	DryRun     bool         `json:"dryRun,omitempty"`
	Runs       []DeletedRun `json:"runs"`      // deleted now, the newest first
	Documents  int          `json:"documents"` // deleted
	Bytes      int64        `json:"bytes"`     // of these documents
	Segments   int          `json:"segments"`  // folded again without deleted runs
	Damaged    []Finding    `json:"damaged"`   // left as they are
}

func newGC(a *app.App) *cobra.Command {
	opt := blob.GCOptions{}
	keepWithin := ""
	var cmd *cobra.Command
	cmd = &cobra.Command{
		Use:   "gc",
		Short: "Delete old runs, and the bytes of deleted ones",
		Long: `Delete runs that are neither among the newest of their pipeline (--keep-last) nor
young enough (--keep-within), and give back the space of runs that were deleted.
A run that has not ended stays.

Deleted runs are gone for every reader at once. Their bytes go when segments are
folded again, an hour after that at the earliest; documents that no run names go
once they are seven days old. That a run was deleted is remembered for 90 days,
so that a late writer does not bring it back.`,
		Example: `  kfp-go meta gc --keep-last 20 --keep-within 30d --dry-run
  kfp-go meta gc`,
		Args: app.Args(0, 0, "no arguments"),
		RunE: withStore(a, func(ctx context.Context, c *config.Config, s *blob.Store) (err error) {
			if cmd.Flags().Changed("keep-last") && opt.KeepLast < 1 {
				return app.WithHint(app.Usagef("--keep-last %d: at least one run of each pipeline is kept", opt.KeepLast), "`kfp-go runs delete --until 0s` deletes all runs")
			}
			if opt.KeepWithin, err = runs.Span(keepWithin); keepWithin != "" && err != nil {
				return app.WithHint(app.Usagef("--keep-within %q is no length of time", keepWithin), "write 36h, 30d or 4w")
			}
			opt.By, opt.Now = a.Writer(), a.Now
			g, err := s.GC(ctx, opt)
			if err != nil {
				return err
			}
			doc := collection(c, opt.DryRun, g)
			warn(a, doc.Damaged)
			if c.Output == "json" {
				return output.JSON(a.IO.Out, doc)
			}
			return writeCollection(a, doc)
		}),
	}
	f := cmd.Flags()
	f.IntVar(&opt.KeepLast, "keep-last", 0, "keep the newest so many runs of each pipeline, delete others")
	f.StringVar(&keepWithin, "keep-within", "", "keep runs created within this `TIME`, such as 36h or 30d, delete others")
	f.BoolVar(&opt.DryRun, "dry-run", false, "only say what would be deleted")
	app.Setting(f, "o", "output")
	return cmd
}

func collection(c *config.Config, dryRun bool, g *blob.Collection) Collection {
	doc := Collection{APIVersion: report.APIVersion, Kind: "MetadataCollection", Metadata: app.Where(c), DryRun: dryRun, Runs: []DeletedRun{},
		Documents: g.Documents, Bytes: g.Bytes, Segments: g.Compaction.Merged, Damaged: findings(g.Compaction.Damaged)}
	for _, r := range g.Runs {
		doc.Runs = append(doc.Runs, DeletedRun{ID: r.ID, Name: r.Name, Pipeline: r.Pipeline, State: string(r.State), Created: r.Created.UTC()})
	}
	return doc
}

func writeCollection(a *app.App, doc Collection) error {
	verb := "deleted"
	if doc.DryRun {
		verb = "would delete"
	}
	for _, r := range doc.Runs {
		if _, err := fmt.Fprintf(a.IO.Out, "%s run %s  %s  %s\n", verb, r.ID, term.Clean(r.Name), r.Created.Format(time.DateTime)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(a.IO.Out, "%s %s and %s of %d bytes\n", verb, output.Count(len(doc.Runs), "run", "runs"), output.Count(doc.Documents, "document", "documents"), doc.Bytes)
	return err
}
