package meta

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
)

func newVerify(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Read everything and report what is damaged or missing",
		Long: `Read every object of the metadata file and report what is torn, altered, missing
or foreign: events and the chain that links them, the documents they name,
segments and their indexes.

Exit code 1 means that something was found; nothing is changed.`,
		Args: app.Args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.Config(cmd, ".")
			if err != nil {
				return err
			}
			return verify(cmd.Context(), a, c)
		},
	}
	app.Setting(cmd.Flags(), "o", "output")
	return cmd
}

// Verification is the JSON answer of meta verify.
type Verification struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"` // MetadataVerification
	Metadata   string    `json:"metadata"`
	Findings   []Finding `json:"findings"`
}

func verify(ctx context.Context, a *app.App, c *config.Config) error {
	a.Frugal()
	store, err := a.RequireStore(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	if err := exists(ctx, c, store); err != nil {
		return err
	}
	damage, err := metadata.Verify(ctx, store)
	if err != nil {
		return err
	}
	doc := Verification{APIVersion: report.APIVersion, Kind: "MetadataVerification", Metadata: app.Where(c), Findings: findings(damage)}
	if c.Output == "json" {
		err = output.JSON(a.IO.Out, doc)
	} else {
		err = writeFindings(a, doc)
	}
	if err == nil && len(damage) > 0 {
		err = app.Findings()
	}
	return err
}

func writeFindings(a *app.App, doc Verification) error {
	if len(doc.Findings) == 0 {
		a.Notef("%s is whole", doc.Metadata)
	}
	return printFindings(a.IO.Out, doc.Findings)
}
