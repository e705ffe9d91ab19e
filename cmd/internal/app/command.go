package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
	"github.com/kfp-go/kfp-go/compiler/diag"
)

// Config resolves the settings of a command that works on the given folder.
func (a *App) Config(cmd *cobra.Command, folder string) (*config.Config, error) {
	opt := config.Options{Root: config.Root(folder), Flags: cmd.Flags(), LookupEnv: a.LookupEnv}
	if dir, err := os.UserConfigDir(); err == nil {
		opt.UserFile = filepath.Join(dir, "kfp-go", "config.yaml")
	}
	if dir, err := os.UserCacheDir(); err == nil {
		opt.UserCache = dir
	}
	c, err := config.Load(opt)
	var mistake *config.Error
	if errors.As(err, &mistake) {
		return nil, &ExitError{Code: ExitUsage, Err: err}
	}
	if err != nil {
		return nil, err
	}
	a.IO.SetColor(iostreams.ColorMode(c.Color))
	return c, nil
}

// Setting adds the flag of a configuration key to a command; the value is read
// through Config, never from the flag.
func Setting(flags *pflag.FlagSet, short string, names ...string) {
	for _, name := range names {
		k, ok := config.Lookup(name)
		if !ok {
			continue
		}
		doc := k.Doc
		if len(k.Choices) > 0 {
			doc += ": " + strings.Join(k.Choices, ", ")
		}
		doc += " [$" + k.Env() + "]"
		switch k.Default {
		case "true", "false":
			flags.BoolP(name, short, k.Default == "true", doc)
		case "0":
			flags.IntP(name, short, 0, doc)
		default:
			flags.StringP(name, short, k.Default, doc)
		}
	}
}

// Forms adds -o to a command whose answers have these forms, the first of them
// for people; besides the flag, the setting counts where it says json. The
// form itself is read through Form.
func Forms(cmd *cobra.Command, forms ...string) {
	k, _ := config.Lookup("output")
	f := cmd.Flags()
	f.StringP(k.Name, "o", forms[0], "form of the answer: "+strings.Join(forms, ", ")+" [$"+k.Env()+"]")
	f.Lookup(k.Name).Annotations = map[string][]string{config.OwnFlag: forms}
	_ = cmd.RegisterFlagCompletionFunc(k.Name, cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
}

// Form is the form of the answer of a command that has Forms.
func Form(cmd *cobra.Command, c *config.Config) (string, error) {
	f := cmd.Flags().Lookup("output")
	forms := f.Annotations[config.OwnFlag]
	form := f.Value.String()
	switch {
	case !f.Changed && slices.Contains(forms, c.Output):
		form = c.Output
	case !slices.Contains(forms, form):
		return "", WithHint(Usagef("--output %q is none of %s", form, strings.Join(forms, ", ")), diag.Hint(form, forms))
	}
	return form, nil
}

// Args accepts between low and high arguments (high −1: any number).
func Args(low, high int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < low:
			return WithHint(Usagef("%s needs %s", cmd.CommandPath(), what), "see `"+cmd.CommandPath()+" --help`")
		case high >= 0 && len(args) > high:
			return WithHint(Usagef("%s takes %s: %q is one too many", cmd.CommandPath(), what, args[high]), "see `"+cmd.CommandPath()+" --help`")
		}
		return nil
	}
}

// FlagError turns pflag's complaint into wrong usage with the nearest flag.
func FlagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		hint := "see `" + cmd.CommandPath() + " --help`"
		if near := diag.Nearest(unknown.GetSpecifiedName(), flagNames(cmd)); near != "" {
			hint = "did you mean --" + near + "?"
		}
		return WithHint(Usagef("%v", err), hint)
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return WithHint(Usagef("--%s %q is %s", invalid.GetFlag().Name, invalid.GetValue(), flagKind(invalid.GetFlag())), "see `"+cmd.CommandPath()+" --help`")
	}
	return WithHint(Usagef("%v", err), "see `"+cmd.CommandPath()+" --help`")
}

// flagKind says in words what a flag's value is not.
func flagKind(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int", "int64", "uint":
		return "no whole number"
	case "bool":
		return "neither true nor false"
	case "duration":
		return "no length of time such as 90s, 10m or 2h"
	}
	return "no " + f.Value.Type()
}

func flagNames(cmd *cobra.Command) []string {
	var out []string
	add := func(f *pflag.Flag) { out = append(out, f.Name) }
	cmd.Flags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	return out
}

// Group runs a command that only holds others: without arguments its help,
// otherwise the unknown name is wrong usage.
func Group(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	return UnknownCommand(cmd, args[0])
}

// UnknownCommand is the error for a verb that does not exist.
func UnknownCommand(cmd *cobra.Command, name string) error {
	var known []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			known = append(known, c.Name())
		}
	}
	hint := diag.Hint(name, known)
	if hint == "" {
		hint = "see `" + cmd.CommandPath() + " --help`"
	}
	return WithHint(Usagef("%s has no command %q", cmd.CommandPath(), name), hint)
}

// Context gives the command's context.
func Context(cmd *cobra.Command) context.Context {
	if ctx := cmd.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}
