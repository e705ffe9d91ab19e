// Package configcmd is the command that shows every setting and where its value
// came from.
package configcmd

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
	"github.com/kfp-go/kfp-go/compiler/diag/render"
)

// Options of the command.
type Options struct {
	App    *app.App
	Config *config.Config
}

// Document is the JSON answer.
type Document struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"` // Config
	Root       string    `json:"root"`
	Settings   []Setting `json:"settings"`
}

// A Setting is one key.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	From  string `json:"from"` // --flag, variable, file or "default"
	Env   string `json:"env"`
	Doc   string `json:"doc"`
}

// New is the command.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show every setting and where it came from",
		Long: `Show every setting and where its value came from.

A setting is taken from, in this order: a flag, a KFPGO_* variable, kfp-go.yaml
in the project's root, kfp-go/config.yaml in the user's configuration folder,
a default. The project's root is the nearest folder, here or above, that holds
.kfp-go/, kfp-go.yaml or .git.`,
		Args: app.Args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.Config(cmd, ".")
			if err != nil {
				return err
			}
			return run(&Options{a, c})
		},
	}
	for _, k := range config.Names() {
		if k != "metadata" && k != "color" { // every command has these two
			app.Setting(cmd.Flags(), shorthand(k), k)
		}
	}
	return cmd
}

func shorthand(key string) string {
	if key == "output" {
		return "o"
	}
	return ""
}

func run(opt *Options) error {
	c := opt.Config
	if c.Output == "json" {
		doc := Document{APIVersion: render.APIVersion, Kind: "Config", Root: c.Root}
		for _, s := range c.Settings {
			doc.Settings = append(doc.Settings, Setting{s.Key.Name, s.Value, s.From, s.Key.Env(), s.Key.Doc})
		}
		e := json.NewEncoder(opt.App.IO.Out)
		e.SetIndent("", "  ")
		return e.Encode(doc)
	}
	theme := term.OutTheme(opt.App.IO)
	table := term.NewTable("KEY", "VALUE", "FROM")
	for _, s := range c.Settings {
		from := term.Clean(s.From)
		if s.From == "default" {
			from = theme.Dim(from)
		}
		table.Row(s.Key.Name, term.Clean(s.Value), from)
	}
	return table.Write(opt.App.IO.Out, theme)
}
