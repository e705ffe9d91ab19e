package build

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/python"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

const functionFlag = "function"

// Inputs adds the flags that say how to read an input to a command that opens
// one.
func Inputs(f *pflag.FlagSet) {
	f.String(functionFlag, "", "`NAME` of the pipeline or component to take from a Python file that has several")
	app.Setting(f, "", "profile", "python", "python-timeout")
}

// read is the file to compile: the input, or what KFP's SDK makes of it when it
// is a Python file. It is nil when that file has mistakes.
func (s *Source) read(ctx context.Context) (*source.File, []diag.Diagnostic, error) {
	if !python.Is(s.File.Name()) {
		return s.File, nil, nil
	}
	if s.compiled != nil {
		return s.compiled.File, nil, nil
	}
	compiled, findings, output, err := python.Compile(ctx, python.Options{
		File: s.File, Function: s.function, Python: s.Config.Python, Timeout: s.Config.PythonTimeout, Root: s.Config.Root,
		Environ: s.app.Environ(), LookupEnv: s.app.LookupEnv,
	})
	for _, line := range output {
		s.app.Notef("%s", term.CleanLog(line))
	}
	if compiled == nil {
		return nil, findings, err
	}
	s.compiled = compiled
	return compiled.File, nil, nil
}

// Lead leads findings in what was compiled from a Python file back to it.
func (s *Source) Lead(findings []diag.Diagnostic) []diag.Diagnostic {
	if s.compiled == nil {
		return findings
	}
	return s.compiled.Lead(findings)
}

// Place leads a place in what was compiled from a Python file back to it.
func (s *Source) Place(at source.Span) source.Span {
	if s.compiled == nil {
		return at
	}
	return s.compiled.Place(at)
}

// Labels are what the record keeps of how the pipeline's file was made: of a
// Python file its digest, and what compiled it.
func (s *Source) Labels() map[string]string {
	if s.compiled == nil {
		return nil
	}
	values := []string{s.compiled.Digest, s.compiled.Version, s.compiled.SDK}
	out := map[string]string{}
	for i, key := range sourceLabels() {
		out[key] = values[i]
	}
	return out
}

func sourceLabels() []string { return []string{"python-source", "python-version", "kfp-sdk"} }
