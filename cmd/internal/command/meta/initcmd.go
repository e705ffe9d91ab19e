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

// Initialised is the JSON answer of meta init.
type Initialised struct {
	APIVersion        string `json:"apiVersion"`
	Kind              string `json:"kind"` // MetadataStore
	Metadata          string `json:"metadata"`
	ID                string `json:"id"`
	Version           int    `json:"version"`
	ConditionalWrites bool   `json:"conditionalWrites"`
	Created           bool   `json:"created"`
}

// initName is the command that needs no metadata file.
const initName = "init"

func newInit(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   initName,
		Short: "Make the metadata file where there is none",
		Long: `Make the metadata file where there is none yet, and say what it is.

The first run does so by itself; this shows beforehand that the place can be
written, and whether it refuses to overwrite objects. A place that holds
something else is left alone.`,
		Args: app.Args(0, 0, "no arguments"),
		RunE: withStore(a, func(ctx context.Context, c *config.Config, s *blob.Store) error {
			info, err := s.Init(ctx)
			if err != nil {
				return err
			}
			doc := Initialised{APIVersion: report.APIVersion, Kind: "MetadataStore", Metadata: info.Where, ID: info.Store,
				Version: info.Version, ConditionalWrites: info.ConditionalWrites, Created: info.Created}
			if c.Output == "json" {
				return output.JSON(a.IO.Out, doc)
			}
			return writeInit(a, doc)
		}),
	}
	app.Setting(cmd.Flags(), "o", "output")
	return cmd
}

func writeInit(a *app.App, doc Initialised) error {
	said := "exists"
	if doc.Created {
		said = "created"
	}
	if _, err := fmt.Fprintf(a.IO.Out, "%s  %s  id %s, version %d\n", term.Clean(doc.Metadata), said, term.Clean(doc.ID), doc.Version); err != nil {
		return err
	}
	if !doc.ConditionalWrites {
		a.Notef("the place ignores conditional writes; nothing depends on them, compaction may be done twice")
	}
	return nil
}
