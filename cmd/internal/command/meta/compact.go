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
)

// Compaction is the JSON answer of meta compact.
type Compaction struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"` // MetadataCompaction
	Metadata   string    `json:"metadata"`
	Events     int       `json:"events"`   // folded out of the inbox
	Merged     int       `json:"merged"`   // segments folded again
	Segments   int       `json:"segments"` // written
	Deleted    int       `json:"deleted"`  // objects that were replaced an hour ago or longer
	Damaged    []Finding `json:"damaged"`  // left as they are
}

func newCompact(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "compact",
		Short: "Fold old events together",
		Long: `Fold the events of the inbox into segments with an index, small segments into
larger ones, and delete what was replaced an hour ago or longer.

Whoever ends a run does so by itself when more than 200 events have gathered, or
one is older than a day, for ten seconds at most. It can be interrupted at any
moment, and others may read and write meanwhile.`,
		Args: app.Args(0, 0, "no arguments"),
		RunE: withStore(a, func(ctx context.Context, c *config.Config, s *blob.Store) error {
			done, err := s.Compact(ctx, blob.CompactOptions{})
			if err != nil {
				return err
			}
			doc := compaction(c, *done)
			warn(a, doc.Damaged)
			if c.Output == "json" {
				return output.JSON(a.IO.Out, doc)
			}
			_, err = fmt.Fprintf(a.IO.Out, "folded %s and %s into %s, deleted %s\n", output.Count(doc.Events, "event", "events"),
				output.Count(doc.Merged, "segment", "segments"), output.Count(doc.Segments, "segment", "segments"), output.Count(doc.Deleted, "object", "objects"))
			return err
		}),
	}
	app.Setting(cmd.Flags(), "o", "output")
	return cmd
}

func compaction(c *config.Config, done blob.Compaction) Compaction {
	return Compaction{APIVersion: report.APIVersion, Kind: "MetadataCompaction", Metadata: app.Where(c), Events: done.Events,
		Merged: done.Merged, Segments: done.Written, Deleted: done.Deleted, Damaged: findings(done.Damaged)}
}
