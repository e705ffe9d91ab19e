// Package submit is the command that sends a pipeline to a cluster.
package submit

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/record"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/build"
	"github.com/kfp-go/kfp-go/cmd/internal/command/run"
	"github.com/kfp-go/kfp-go/cmd/internal/engine"
	"github.com/kfp-go/kfp-go/cmd/internal/follow"
	"github.com/kfp-go/kfp-go/cmd/internal/measure"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/recording"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/argo"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// Options of the command.
type Options struct {
	App     *app.App
	Source  *build.Source
	Params  []string
	Labels  []string
	Name    string
	Key     string // idempotency key
	Wait    bool
	Watch   bool
	Logs    bool
	DryRun  bool
	Require bool // --require-metadata
}

// New is the command.
func New(a *app.App) *cobra.Command {
	opt := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "submit " + build.Use,
		Short: "Send a pipeline to the cluster, and follow it",
		Long: `Compile a pipeline, check it, and create its Workflow in the cluster. The run is
recorded in the metadata file before it is created.

Exit code 0: created or, with --wait, --watch or --logs, succeeded; 1: the run
failed, or the pipeline has errors; 3: the cluster could not do it. Ctrl-C ends
the waiting, not the run.`,
		Args: app.Args(0, 1, build.What),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Source, err = build.Open(a, cmd, args); err != nil {
				return err
			}
			return submit(cmd.Context(), opt)
		},
	}
	f := cmd.Flags()
	build.Params(f, &opt.Params)
	build.Labels(f, &opt.Labels)
	f.StringVar(&opt.Name, "name", "", "name of the Workflow; default: from the pipeline's")
	f.StringVar(&opt.Key, "idempotency-key", "", "a second submission with the same key is the first run again")
	f.BoolVar(&opt.Wait, "wait", false, "wait for the end, one line for each change")
	f.BoolVar(&opt.Watch, "watch", false, "wait for the end, on a terminal with a view of what runs now")
	f.BoolVar(&opt.Logs, "logs", false, "wait for the end and show what the tasks print")
	f.BoolVar(&opt.DryRun, "dry-run", false, "print the manifest; have the API server check it, if there is one")
	f.BoolVar(&opt.Require, "require-metadata", false, "do not start when the record cannot be written now")
	app.Setting(f, "o", "output")
	build.Inputs(f)
	app.Setting(f, "", "openlineage", "namespace", "context", "kubeconfig", "argo-server", "artifact-root", "artifact-digests", "artifact-time", "cache", "final-state", "argo-check", "argo-version")
	return cmd
}

func submit(ctx context.Context, opt *Options) error {
	a, c := opt.App, opt.Source.Config
	if err := build.CheckName(opt.Name); err != nil {
		return err
	}
	labels, err := build.ParseLabels(opt.Labels)
	if err != nil {
		return err
	}
	id := backend.RunID(metadata.NewID(a.Now()))
	res, err := compile(ctx, opt, argo.Options{RunID: string(id), Name: opt.Name, Labels: labels})
	if err != nil {
		return err
	}
	s := backend.Submission{
		ID: id, Name: opt.Name, Pipeline: res.Pipeline, Manifest: res.Manifest.YAML, Args: res.Args, IdempotencyKey: opt.Key,
	}
	if s.Name == "" {
		s.Name = run.RunName(cmp.Or(ir.Slug(res.Pipeline.Name.Text), "run"), id)
	}
	notes := follow.NewNotes()
	defer notes.Rest(func(text string) { a.Notef("note: %s", text) })
	runner, err := a.Cluster(ctx, c, notes.Say)
	if opt.DryRun {
		return dryRun(ctx, opt, runner, err, s)
	}
	if err != nil {
		return err
	}
	rec, err := recording.Start(ctx, a, c, recording.Plan{
		ID: id, Name: s.Name, Engine: record.Argo, Cluster: engine.Host(runner), Space: engine.Namespace(runner),
		Source: opt.Source.File.Name(), Labels: opt.Source.RunLabels(res.Pipeline, labels), Result: res, Args: res.Args, Manifest: res.Manifest.YAML, Require: opt.Require,
		Profile: c.Profile,
	})
	if err != nil {
		return err
	}
	defer rec.Close(ctx)
	begun, err := runner.Submit(ctx, s)
	if errors.Is(err, backend.ErrUncertain) {
		begun, err = uncertain(ctx, a, runner, rec, err)
	} else if err != nil {
		rec.NotSubmitted(ctx, err)
	}
	if err != nil {
		return err
	}
	if begun.ID != id {
		rec.Same(ctx, begun)
		a.Notef("the key %q belongs to run %s already", opt.Key, begun.Name)
	} else {
		rec.Submitted(ctx, begun)
	}
	return after(ctx, opt, runner, rec, notes, begun)
}

// uncertain looks for the run after a creation whose answer was lost, or not
// waited for. Where it is found it is recorded, and unless the user wants to go
// all goes on. Where it is not, the intent stays as it is: what was sent may
// still arrive, and runs sync tells.
func uncertain(ctx context.Context, a *app.App, runner backend.Runner, rec *recording.Recording, why error) (*backend.Run, error) {
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.Certainty)
	defer cancel()
	begun, err := runner.Get(asking, rec.ID)
	if err != nil {
		a.Warnf("whether run %s was created is not known; `kfp-go runs sync %s` finds out", rec.ID, rec.ID)
		return nil, why
	}
	if app.Cause(ctx) != nil {
		rec.Submitted(ctx, begun)
		a.Notef("created %s (run %s); it goes on in the cluster", place(begun), begun.ID)
		return nil, why
	}
	return begun, nil
}

func compile(ctx context.Context, opt *Options, to argo.Options) (*compiler.Result, error) {
	a := opt.App
	res, err := build.Compile(ctx, opt.Source, build.Options{Params: opt.Params, Argo: to})
	if err != nil {
		return nil, err
	}
	if err := build.ArgoCheck(ctx, a, opt.Source.Config, res); err != nil {
		return nil, err
	}
	if err := build.Tell(a, res.Diagnostics); err != nil {
		return nil, err
	}
	if res.Manifest == nil {
		return nil, app.Failf("no manifest was made, and no error was found: this is a mistake in kfp-go, please report it")
	}
	return res, tooBig(res.Manifest)
}

// tooBig refuses what the cluster would refuse later, and less clearly.
func tooBig(m *argo.Manifest) error {
	size, err := build.Size(m)
	if err != nil || size <= build.MaxSize {
		return err
	}
	return &app.ExitError{
		Code: app.ExitFindings,
		Err:  fmt.Errorf("the Workflow takes %s, and Argo works with up to %s", term.Bytes(int64(size)), term.Bytes(build.MaxSize)),
		Hint: "the biggest parts are " + build.Biggest(m, 5) + "; pass large constants as artifacts, or cut the pipeline in two",
	}
}

// dryRun prints the manifest; a server's judgement is asked for when there is
// one.
func dryRun(ctx context.Context, opt *Options, runner backend.Runner, none error, s backend.Submission) error {
	a := opt.App
	if err := printManifest(opt, s); err != nil {
		return err
	}
	server, able := runner.(interface {
		DryRun(context.Context, backend.Submission) error
	})
	switch {
	case none != nil:
		a.Notef("the manifest was not checked by a cluster: %v", none)
		return nil
	case !able:
		a.Notef("the manifest was not checked by a cluster")
		return nil
	}
	err := server.DryRun(ctx, s)
	switch {
	case err == nil:
		a.Notef("the cluster would accept it")
		return nil
	case errors.Is(err, backend.ErrUnavailable):
		a.Warnf("no cluster could be reached, so none has checked the manifest: %v", err)
		return nil
	case errors.Is(err, backend.ErrInvalid):
		return &app.ExitError{Code: app.ExitFindings, Err: err}
	}
	return err
}

func printManifest(opt *Options, s backend.Submission) error {
	_, err := opt.App.IO.Out.Write(s.Manifest)
	return err
}

// after is what follows creation: the answer, or the end of the run.
func after(ctx context.Context, opt *Options, runner backend.Runner, rec *recording.Recording, notes *follow.Notes, begun *backend.Run) error {
	a, c := opt.App, opt.Source.Config
	if !opt.Wait && !opt.Watch && !opt.Logs {
		return created(ctx, opt, rec, begun)
	}
	a.Notef("created %s (run %s)", place(begun), begun.ID)
	events := runner.Watch(ctx, begun.ID)
	measured := measure.New(a, c).Run(rec.Before())
	if begun.ID == rec.ID {
		events = measured.Tee(ctx, events, rec.Record)
	}
	view := follow.Options{IO: a.IO, Now: a.Now, Plain: !opt.Watch, Notes: notes}
	if opt.Logs {
		view.Logs = follow.Logs(runner, begun.ID)
	}
	final, err := follow.Run(ctx, events, view)
	if app.Cause(ctx) != nil {
		a.Notef("no longer waiting; the run %s goes on in the cluster", begun.Name)
		return app.ErrInterrupted
	}
	if err != nil {
		return fmt.Errorf("following the run ended, the run %s may go on: %w", begun.Name, err)
	}
	if final == nil || !final.State.Final() {
		return app.Failf("following the run %s ended before its end", begun.Name)
	}
	final = measured.Known(final)
	if !opt.Logs {
		follow.Failures(ctx, a.IO, runner, final)
	}
	if err := run.Show(a, c, rec.Document(ctx, final, record.Argo)); err != nil {
		return err
	}
	return run.End(ctx, final)
}

func created(ctx context.Context, opt *Options, rec *recording.Recording, begun *backend.Run) error {
	a := opt.App
	if opt.Source.Config.Output == "json" {
		return output.JSON(a.IO.Out, rec.Document(ctx, begun, record.Argo))
	}
	if _, err := fmt.Fprintln(a.IO.Out, term.Clean(begun.Name)); err != nil {
		return err
	}
	a.Notef("created %s (run %s)", place(begun), begun.ID)
	return nil
}

func place(r *backend.Run) string {
	if r.Namespace == "" {
		return r.Name
	}
	return r.Namespace + "/" + r.Name
}
