// Package command is the list of verbs; each lives in a package of its own.
package command

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/command/compile"
	"github.com/kfp-go/kfp-go/cmd/internal/command/configcmd"
	"github.com/kfp-go/kfp-go/cmd/internal/command/graph"
	"github.com/kfp-go/kfp-go/cmd/internal/command/initcmd"
	"github.com/kfp-go/kfp-go/cmd/internal/command/lineage"
	"github.com/kfp-go/kfp-go/cmd/internal/command/logs"
	"github.com/kfp-go/kfp-go/cmd/internal/command/meta"
	"github.com/kfp-go/kfp-go/cmd/internal/command/run"
	"github.com/kfp-go/kfp-go/cmd/internal/command/runs"
	"github.com/kfp-go/kfp-go/cmd/internal/command/schema"
	"github.com/kfp-go/kfp-go/cmd/internal/command/stats"
	"github.com/kfp-go/kfp-go/cmd/internal/command/submit"
	"github.com/kfp-go/kfp-go/cmd/internal/command/validate"
	"github.com/kfp-go/kfp-go/cmd/internal/command/version"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
)

// Root is the whole tree of commands. Building it costs nothing dear.
func Root(a *app.App) *cobra.Command {
	root := &cobra.Command{
		Use:   "kfp-go",
		Short: "Check, compile, run and submit ML pipelines for Argo Workflows",
		Long: `kfp-go reads a machine-learning pipeline, says precisely what is wrong with it,
turns it into a plain Argo Workflows manifest, runs it on this machine or in a
cluster, and keeps what happened in a metadata file.

A pipeline is a file in kfp-go's own YAML, a compiled KFP pipeline (YAML or
JSON), a KFP component file, a folder that holds pipeline.yaml, or - for
standard input.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Args:              cobra.ArbitraryArgs,

		DisableFlagsInUseLine: true,
		RunE:                  app.Group,
		PersistentPreRun:      func(cmd *cobra.Command, _ []string) { color(a, cmd) },
	}
	root.SetFlagErrorFunc(app.FlagError)
	// Cobra lists the help command although it is hidden.
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), `(eq .Name "help")`, "false"))
	root.SetHelpCommand(&cobra.Command{Use: "help", Hidden: true, RunE: help(root)})
	flags := root.PersistentFlags()
	app.Setting(flags, "", "metadata", "color")
	for _, g := range groups(a) {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.id
			root.AddCommand(c)
		}
	}
	root.SetHelpCommandGroupID("other")
	root.SetCompletionCommandGroupID("other")
	root.InitDefaultCompletionCmd()
	return root
}

type group struct {
	id, title string
	commands  []*cobra.Command
}

func groups(a *app.App) []group {
	return []group{
		{"write", "Write pipelines:", []*cobra.Command{initcmd.New(a), validate.New(a), compile.New(a), graph.New(a), schema.New(a)}},
		{"run", "Run them:", []*cobra.Command{run.New(a), submit.New(a)}},
		{"look", "Look at what happened:", []*cobra.Command{runs.New(a), logs.New(a), lineage.New(a), stats.New(a)}},
		{"other", "Other commands:", []*cobra.Command{meta.New(a), configcmd.New(a), version.New(a)}},
	}
}

// color obeys --color and its variable before any file is read, so that every
// message of every command does.
func color(a *app.App, cmd *cobra.Command) {
	mode := a.Getenv("KFPGO_COLOR")
	if f := cmd.Flags().Lookup("color"); f != nil && f.Changed {
		mode = f.Value.String()
	}
	switch m := iostreams.ColorMode(mode); m {
	case iostreams.Auto, iostreams.Always, iostreams.Never:
		a.IO.SetColor(m)
	}
}

func help(root *cobra.Command) func(*cobra.Command, []string) error {
	return func(_ *cobra.Command, args []string) error {
		cmd, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return app.UnknownCommand(root, args[0])
		}
		return cmd.Help()
	}
}
