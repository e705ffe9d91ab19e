// Package version is the command that says which kfp-go this is.
package version

import (
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/compiler/diag/render"
)

// Options of the command.
type Options struct {
	App    *app.App
	Output string
}

// Document is the JSON answer.
type Document struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"` // Version
	Version    string `json:"version"`
	Commit     string `json:"commit,omitempty"`
	Date       string `json:"date,omitempty"`
	Modified   bool   `json:"modified,omitempty"`
	Go         string `json:"go"`
	Platform   string `json:"platform"`
}

// New is the command.
func New(a *app.App) *cobra.Command {
	opt := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of kfp-go",
		Args:  app.Args(0, 0, "no arguments"),
		RunE:  func(*cobra.Command, []string) error { return run(opt) },
	}
	cmd.Flags().StringVarP(&opt.Output, "output", "o", "text", "text or json")
	return cmd
}

func run(opt *Options) error {
	b := opt.App.Build
	doc := Document{
		APIVersion: render.APIVersion, Kind: "Version",
		Version: b.Version, Commit: b.Commit, Date: b.Date, Modified: b.Dirty,
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	switch opt.Output {
	case "json":
		e := json.NewEncoder(opt.App.IO.Out)
		e.SetIndent("", "  ")
		return e.Encode(doc)
	case "text", "table":
	default:
		return app.Usagef("--output %q is neither text nor json", opt.Output)
	}
	text := "kfp-go " + doc.Version
	if len(doc.Commit) >= 12 {
		text += " (" + doc.Commit[:12]
		if doc.Modified {
			text += ", modified"
		}
		text += ")"
	}
	_, err := fmt.Fprintf(opt.App.IO.Out, "%s %s %s\n", text, doc.Go, doc.Platform)
	return err
}
