// Package run is the command that executes a pipeline on this machine.
package run

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/record"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/build"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/engine"
	"github.com/kfp-go/kfp-go/cmd/internal/follow"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/recording"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/diag"
)

// Options of the command.
type Options struct {
	App     *app.App
	Source  *build.Source
	Params  []string
	Labels  []string
	Name    string
	Logs    bool
	Require bool // --require-metadata
	Plain   bool
	Secrets []string
}

// New is the command.
func New(a *app.App) *cobra.Command {
	opt := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "run " + build.Use,
		Short: "Run a pipeline on this machine",
		Long: `Run a pipeline on this machine: each container task is a process, each artifact
a file. Inputs, conditions, loops, retries and exit handlers mean what they mean
in the cluster; images and Kubernetes settings play no part.

Exit code 0: the run succeeded; 1: it failed, or the pipeline has errors.
Ctrl-C stops the run in good order, a second one at once.`,
		Args: app.Args(0, 1, build.What),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Source, err = build.Open(a, cmd, args); err != nil {
				return err
			}
			return run(cmd.Context(), opt)
		},
	}
	f := cmd.Flags()
	build.Params(f, &opt.Params)
	build.Labels(f, &opt.Labels)
	f.StringVar(&opt.Name, "name", "", "name of the run; default: from the pipeline's")
	f.BoolVar(&opt.Logs, "logs", false, "show what the tasks print")
	f.BoolVar(&opt.Plain, "plain", false, "one line for each change, on terminals too")
	f.StringArrayVar(&opt.Secrets, "secret", nil, "value of a secret's key, `SECRET/KEY=VALUE` or SECRET/KEY=@FILE")
	f.BoolVar(&opt.Require, "require-metadata", false, "do not start when the record cannot be written now")
	app.Setting(f, "o", "output")
	build.Inputs(f)
	app.Setting(f, "", "openlineage", "parallelism", "cache", "cache-dir", "final-state")
	return cmd
}

func run(ctx context.Context, opt *Options) error {
	a, c := opt.App, opt.Source.Config
	if err := build.CheckName(opt.Name); err != nil {
		return err
	}
	labels, err := build.ParseLabels(opt.Labels)
	if err != nil {
		return err
	}
	res, args, err := compile(ctx, opt)
	if err != nil {
		return err
	}
	secrets, err := readSecrets(opt.Secrets)
	if err != nil {
		return err
	}
	hidden := secretTexts(secrets, a.Environ())
	censor := record.Censor(hidden)
	notes := follow.NewNotes()
	runner, err := a.Local(ctx, app.LocalOptions{
		Dir: filepath.Join(engine.LocalFolder(c), "runs"), CacheDir: c.CacheDir, Parallelism: c.Parallelism,
		Environ: a.Environ(), Secrets: secrets, CacheAll: c.Cache, SuccessState: build.SuccessState(c), Censor: censor, Note: notes.Once,
	})
	if err != nil {
		return err
	}
	id := backend.RunID(metadata.NewID(a.Now()))
	name := opt.Name
	if name == "" {
		name = RunName(res.Pipeline.Name.Text, id)
	}
	rec, err := recording.Start(ctx, a, c, recording.Plan{
		ID: id, Name: name, Engine: record.Local, Source: opt.Source.File.Name(), Labels: opt.Source.RunLabels(res.Pipeline, labels), Result: res, Args: args, Require: opt.Require,
		Profile: c.Profile, Secrets: hidden,
	})
	if err != nil {
		return err
	}
	defer rec.Close(ctx)
	final, err := execute(ctx, opt, runner, rec, notes, backend.Submission{ID: id, Name: name, Pipeline: res.Pipeline, Args: args})
	notes.Rest(func(text string) { a.Notef("note: %s", text) })
	if err != nil {
		return err
	}
	if censor != nil {
		final = censor(final)
	}
	return finish(ctx, opt, runner, rec, final)
}

func compile(ctx context.Context, opt *Options) (*compiler.Result, map[string]any, error) {
	arguments, err := build.Arguments(opt.Params)
	if err != nil {
		return nil, nil, err
	}
	res, err := build.Compile(ctx, opt.Source, build.Options{Stop: compiler.AfterCheck})
	if err != nil {
		return nil, nil, err
	}
	var found diag.List
	for _, d := range res.Diagnostics {
		found.Report(d)
	}
	var args map[string]any
	if !found.Errors() {
		args = compiler.Arguments(res.Pipeline, arguments, build.ReadFile, found.Report)
	}
	return res, args, build.Tell(opt.App, opt.Source.Lead(found.Sorted()))
}

// execute starts the run and follows it to its end. Cancelling the context
// stops the run, and its end is waited for.
func execute(ctx context.Context, opt *Options, runner backend.Runner, rec *recording.Recording, notes *follow.Notes, s backend.Submission) (*backend.Run, error) {
	begun, err := runner.Submit(ctx, s)
	if err != nil {
		rec.NotSubmitted(ctx, err)
		return nil, err
	}
	on := context.WithoutCancel(ctx)
	events := follow.Ahead(runner.Watch(on, s.ID)) // tasks begin at once
	rec.Submitted(ctx, begun)
	view := follow.Options{
		IO: opt.App.IO, Now: opt.App.Now, Plain: opt.Plain,
		Interrupted: ctx.Done(), Note: "stopping the run; Ctrl-C again quits at once",
		Notes: notes,
	}
	if opt.Logs {
		view.Logs = follow.Logs(runner, s.ID)
	}
	final, err := follow.Run(on, rec.Tee(events), view)
	if err != nil {
		return nil, err
	}
	if final == nil || !final.State.Final() {
		return runner.Get(on, s.ID)
	}
	return final, nil
}

func finish(ctx context.Context, opt *Options, runner backend.Runner, rec *recording.Recording, final *backend.Run) error {
	a := opt.App
	if !opt.Logs {
		follow.Failures(context.WithoutCancel(ctx), a.IO, runner, final)
	}
	if err := Show(a, opt.Source.Config, rec.Document(ctx, final, record.Local)); err != nil {
		return err
	}
	return End(ctx, final)
}

// Show prints a run that is over on standard output.
func Show(a *app.App, c *config.Config, doc report.Run) error {
	if c.Output == "json" {
		return output.JSON(a.IO.Out, doc)
	}
	doc.By = nil // you, just now
	look := report.LookOf(a.IO, a.Now())
	if err := report.WriteRun(a.IO.Out, doc, look); err != nil {
		return err
	}
	return report.WriteArtifacts(a.IO.Out, doc, look.Theme)
}

// End is the end of a command whose run is over.
func End(ctx context.Context, final *backend.Run) error {
	switch {
	case errors.Is(app.Cause(ctx), app.ErrInterrupted):
		return app.ErrInterrupted
	case final.State == backend.Succeeded:
		return nil
	}
	return app.Findings()
}

// RunName is a name for a run: the pipeline's and the end of the id, short
// enough for a Workflow.
func RunName(pipeline string, id backend.RunID) string {
	const suffix, limit = 6, 56
	tail := strings.ReplaceAll(string(id), "-", "")
	tail = tail[max(0, len(tail)-suffix):]
	if len(pipeline) > limit {
		pipeline = pipeline[:limit]
	}
	return pipeline + "-" + tail
}
