package meta

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/blob"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// withStore makes a RunE of what is done with the metadata file itself, which
// must be a folder or a bucket: one file that was exported cannot be changed.
func withStore(a *app.App, do func(ctx context.Context, c *config.Config, s *blob.Store) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		c, err := a.Config(cmd, ".")
		if err != nil {
			return err
		}
		a.Frugal()
		store, err := a.RequireStore(cmd.Context(), c)
		if err != nil {
			return err
		}
		defer func() { _ = store.Close() }()
		s, ok := store.(*blob.Store)
		if !ok {
			return app.Usagef("%s is one exported file, which cannot be changed; `kfp-go meta import` adds it to a metadata file", app.Where(c))
		}
		if cmd.Name() != initName {
			if err := exists(cmd.Context(), c, s); err != nil {
				return err
			}
		}
		return do(cmd.Context(), c, s)
	}
}

// exists refuses a place where there is no metadata file: what is to be looked
// after is rather somewhere else.
func exists(ctx context.Context, c *config.Config, store metadata.Store) error {
	s, ok := store.(*blob.Store)
	if !ok {
		return nil // one file, which was read
	}
	if there, err := s.Exists(ctx); err == nil && !there {
		return app.WithHint(app.Usagef("there is no metadata file in %s", app.Where(c)), "--metadata, KFPGO_METADATA or the key metadata name another place; the first run, or `kfp-go meta init`, makes one")
	}
	return nil // what is wrong with it is for the caller to find
}

// A Finding is an object of the metadata file that is not what it should be.
type Finding struct {
	Object  string `json:"object"`
	Message string `json:"message"`
}

func findings(damage []metadata.Damage) []Finding {
	out := []Finding{}
	for _, d := range damage {
		out = append(out, Finding{Object: d.Name, Message: d.Err.Error()})
	}
	return out
}

func printFindings(w io.Writer, all []Finding) error {
	for _, f := range all {
		if _, err := fmt.Fprintf(w, "%s: %s\n", term.Clean(f.Object), term.Clean(f.Message)); err != nil {
			return err
		}
	}
	return nil
}

// warn says what was left as it is, because it cannot be read.
func warn(a *app.App, all []Finding) {
	for _, f := range all {
		a.Warnf("left as it is: %s: %s", term.Clean(f.Object), term.Clean(f.Message))
	}
	if len(all) > 0 {
		a.Notef("`kfp-go meta repair` puts right what can be")
	}
}
