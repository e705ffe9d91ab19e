// Package docgen writes the reference pages from the program itself: docs/cli.md
// from the commands' help, docs/json.md from examples of every document. A test
// holds the pages in docs/ to what it writes.
package docgen

import (
	"fmt"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/compiler/store"
)

const head = "<!-- Written by a test from the program itself; `make docs` renews it. -->\n\n"

// CLI is the page of all commands.
func CLI(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(head)
	b.WriteString("# Commands\n\n" + strings.TrimSpace(root.Long) + "\n\n")
	b.WriteString("Standard output is the answer, standard error the conversation. Exit codes: 0 fine, warnings too; 1 findings, or the run\nfailed; 2 wrong usage or a missing file; 3 could not do it (network, rights, cluster); 130 interrupted; 141 nobody\nread the answer to its end.\n\n")
	b.WriteString("These flags work with every command:\n\n")
	flags(&b, root.PersistentFlags())
	for _, c := range commands(root) {
		describe(&b, c)
	}
	settings(&b)
	stores(&b)
	return b.String()
}

// commands are all commands that help lists, by name.
func commands(root *cobra.Command) []*cobra.Command {
	var out []*cobra.Command
	for _, c := range root.Commands() {
		if !c.IsAvailableCommand() {
			continue
		}
		if c.Name() == "completion" || !c.HasAvailableSubCommands() {
			out = append(out, c)
			continue
		}
		out = append(out, commands(c)...)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].CommandPath() < out[j].CommandPath() })
	return out
}

func describe(b *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n", c.CommandPath())
	text := c.Long
	if c.Name() == "completion" {
		text = "Print a completion script for a shell: `bash`, `zsh`, `fish` or `powershell`. Each of them has a `--help` that says how to\nload it."
	} else if text == "" {
		text = c.Short + "."
	}
	use := c.UseLine()
	if c.Name() == "completion" {
		use = c.CommandPath() + " SHELL"
	}
	fmt.Fprintf(b, "```\n%s\n```\n\n%s\n", use, strings.TrimSpace(text))
	if c.LocalNonPersistentFlags().HasAvailableFlags() && c.Name() != "completion" {
		b.WriteString("\n")
		flags(b, c.LocalNonPersistentFlags())
	}
}

func flags(b *strings.Builder, set *pflag.FlagSet) {
	b.WriteString("| flag | meaning |\n|---|---|\n")
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		name := "`--" + f.Name
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + ", --" + f.Name
		}
		kind, usage := pflag.UnquoteUsage(f)
		if kind != "" {
			name += " " + strings.ToUpper(kind)
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.DefValue != "0" && f.DefValue != "0s" {
			usage += "; default `" + f.DefValue + "`"
		}
		fmt.Fprintf(b, "| %s` | %s |\n", name, cell(usage))
	})
}

func cell(s string) string { return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(s) }

func settings(b *strings.Builder) {
	b.WriteString("\n## Settings\n\nA setting is taken from, in this order: a flag, a variable, `kfp-go.yaml` in the project's root, `kfp-go/config.yaml` in the\nuser's configuration folder, a default. The project's root is the nearest folder, of the pipeline or above, that holds\n`.kfp-go/`, `kfp-go.yaml` or `.git`, else the pipeline's folder.\n\n| key in files | variable | meaning |\n|---|---|---|\n")
	for _, k := range config.Keys() {
		doc := k.Doc
		if len(k.Choices) > 0 {
			doc += ": " + strings.Join(k.Choices, ", ")
		}
		if k.Map {
			doc += " (a mapping in files)"
		}
		if k.Table {
			doc += " (a mapping of mappings in files)"
		}
		if k.UserOnly {
			doc += " (in the user's file only)"
		}
		fmt.Fprintf(b, "| `%s` | `%s` | %s |\n", k.Name, k.Env(), cell(doc))
	}
}

// stores are the settings of one entry of artifact-stores.
func stores(b *strings.Builder) {
	b.WriteString("\n### artifact-stores\n\nA mapping from URIs (" + strings.ReplaceAll(cell(store.Forms), " or ", ", ") + ", each with a prefix of keys behind it if\nwanted) to these settings. [artifacts.md](artifacts.md) says how they are used.\n\n| setting | of | meaning |\n|---|---|---|\n")
	for _, f := range store.Fields() {
		var kinds []string
		for _, k := range f.Kinds {
			kinds = append(kinds, k.String())
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", f.Name, strings.Join(kinds, ", "), cell(f.Doc))
	}
}
