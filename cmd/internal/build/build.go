// Package build takes what a command line names to what the compiler gives:
// it opens the input, hands over the settings and says what was found.
package build

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/input"
	"github.com/kfp-go/kfp-go/cmd/internal/python"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/argo"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/diag/render"
	"github.com/kfp-go/kfp-go/compiler/lint/rules"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/components"
)

// A Source is an opened input with the settings that hold for it.
type Source struct {
	*input.Input
	Config *config.Config

	app      *app.App
	function string           // of a Python file
	compiled *python.Compiled // it, once it is compiled
}

// Open opens what the arguments name, the working directory without any.
func Open(a *app.App, cmd *cobra.Command, args []string) (*Source, error) {
	name := "."
	if len(args) > 0 {
		name = args[0]
	}
	in, err := input.Open(a.IO.In, name)
	if err != nil {
		return nil, err
	}
	c, err := a.Config(cmd, in.Folder)
	if err != nil {
		return nil, err
	}
	s := &Source{Input: in, Config: c, app: a}
	if f := cmd.Flags().Lookup(functionFlag); f != nil && f.Changed {
		s.function = f.Value.String()
		if !python.Is(in.File.Name()) {
			return nil, app.Usagef("--%s is for Python files, and %s is none", functionFlag, in.File.Name())
		}
	}
	return s, nil
}

// Usage of the argument that Open reads.
const (
	Use  = "[PIPELINE]"
	What = "one pipeline"
)

// Params adds -p to a command.
func Params(f *pflag.FlagSet, to *[]string) {
	f.StringArrayVarP(to, "param", "p", nil, "value of a pipeline input, `NAME=VALUE` or NAME=@FILE; strings as they are, else JSON")
}

// Options say how far and to what to compile.
type Options struct {
	Params []string
	Stop   compiler.Stop
	// Open lets required inputs go without a value.
	Open bool
	Argo argo.Options // what does not come from the settings
}

// Compile compiles a source. The author's mistakes are in the result.
func Compile(ctx context.Context, s *Source, opt Options) (*compiler.Result, error) {
	arguments, err := Arguments(opt.Params)
	if err != nil {
		return nil, err
	}
	c := s.Config
	if err := checkLint(c); err != nil {
		return nil, err
	}
	if err := checkVersion(c.ArgoVersion); err != nil {
		return nil, err
	}
	file, findings, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	if file == nil {
		return &compiler.Result{Diagnostics: findings, Files: []*source.File{s.File}}, nil
	}
	res, err := compiler.Compile(ctx, file, compiler.Options{
		Profile:   c.Profile,
		Load:      components.Dir(c.Root),
		Lint:      c.Lint,
		Argo:      argoOptions(c, opt.Argo),
		Arguments: arguments,
		ReadFile:  ReadFile,
		Stop:      opt.Stop,
		Open:      opt.Open,
	})
	if err != nil {
		return nil, err
	}
	res.Diagnostics = s.Lead(res.Diagnostics)
	return res, nil
}

// Arguments takes the values of -p apart.
func Arguments(params []string) ([]compiler.Argument, error) {
	var out []compiler.Argument
	for _, p := range params {
		a, ok := compiler.SplitArgument(p)
		if !ok {
			return nil, app.Usagef("-p %q is not NAME=VALUE", p)
		}
		out = append(out, a)
	}
	return out, nil
}

// maxValue bounds a file that holds the value of an input.
const maxValue = 16 << 20

// ReadFile reads the file of a -p NAME=@FILE.
func ReadFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxValue+1))
	if err == nil && len(data) > maxValue {
		err = fmt.Errorf("larger than %s", term.Bytes(maxValue))
	}
	return data, err
}

func checkLint(c *config.Config) error {
	if len(c.Lint) == 0 {
		return nil
	}
	all := rules.All()
	named := map[string]string{}
	for name, weight := range c.Lint { // files lower-case keys; codes are upper case
		for _, r := range all {
			if equalFold(name, string(r.Code)) {
				name = string(r.Code)
			}
		}
		named[name] = weight
	}
	c.Lint = named
	return usage(compilerLint(named).Check(all))
}

// Tell prints findings for people on standard error and gives the error that
// ends a command whose input has errors.
func Tell(a *app.App, findings []diag.Diagnostic) error {
	if len(findings) > 0 {
		opt := term.ErrTheme(a.IO).Findings(a.IO.Width())
		opt.Max = MaxFindings
		if err := render.Write(a.IO.Err, render.Text, render.Report{Findings: findings}, opt); err != nil {
			return err
		}
	}
	if diag.HasErrors(findings) {
		return app.Findings()
	}
	return nil
}

// MaxFindings is how many findings are shown to people.
const MaxFindings = 100

// Without leaves out findings of the given severity.
func Without(ds []diag.Diagnostic, s diag.Severity) []diag.Diagnostic {
	return slices.DeleteFunc(slices.Clone(ds), func(d diag.Diagnostic) bool { return d.Severity == s })
}
