package runs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/record"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/engine"
	"github.com/kfp-go/kfp-go/cmd/internal/follow"
	"github.com/kfp-go/kfp-go/cmd/internal/measure"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/recording"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
)

// WatchOptions of runs watch.
type WatchOptions struct {
	App    *app.App
	Config *config.Config
	Run    string
	Logs   bool
	Plain  bool
}

func newWatch(a *app.App) *cobra.Command {
	opt := &WatchOptions{App: a}
	cmd := &cobra.Command{
		Use:   "watch [RUN]",
		Short: "Follow a run to its end, here or in the cluster",
		Long: `Follow a run to its end, whoever started it, and show it as ` + "`submit --watch`" + `
does. What is seen of a run in a cluster is recorded on the way.

Exit code 0: it succeeded; 1: it did not. Ctrl-C ends the watching, not the run.`,
		Args:              app.Args(0, 1, "one run"),
		ValidArgsFunction: Complete(a),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Config, err = a.Config(cmd, "."); err != nil {
				return err
			}
			opt.Run = app.RunArgument(args)
			return watch(cmd.Context(), opt)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&opt.Logs, "logs", false, "show what the tasks print")
	f.BoolVar(&opt.Plain, "plain", false, "one line for each change, on terminals too")
	app.Setting(f, "o", "output")
	app.Setting(f, "", "namespace", "context", "kubeconfig", "argo-server", "artifact-digests", "artifact-time")
	return cmd
}

func watch(ctx context.Context, opt *WatchOptions) error {
	a := opt.App
	store, r, err := a.OpenRun(ctx, opt.Config, opt.Run)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	if r.State.Final() && r.State != metadata.Lost {
		return recorded(ctx, opt, store, r)
	}
	notes := follow.NewNotes()
	defer notes.Rest(func(text string) { a.Notef("note: %s", text) })
	engines := &engine.Opener{App: a, Config: opt.Config, Note: notes.Say}
	place, err := engines.Open(ctx, r)
	if err != nil {
		return err
	}
	final, err := followed(ctx, opt, store, place, r, notes)
	switch {
	case app.Cause(ctx) != nil:
		a.Notef("no longer watching; the run %s goes on", r.Name)
		return app.ErrInterrupted
	case errors.Is(err, backend.ErrNotFound) && place.Elsewhere != "":
		return app.WithHint(&app.ExitError{Code: app.ExitFailure, Err: err}, place.Elsewhere)
	case errors.Is(err, backend.ErrNotFound):
		return app.WithHint(&app.ExitError{Code: app.ExitFailure, Err: err}, "`kfp-go runs sync "+r.ID+"` records what is known of it")
	case err != nil:
		return fmt.Errorf("following the run %s ended: %w", r.Name, err)
	case final == nil || !final.State.Final():
		return app.Failf("following the run %s ended before its end", r.Name)
	}
	if !opt.Logs {
		follow.Failures(ctx, a.IO, place, final)
	}
	doc, err := settled(ctx, opt, store, r, final)
	if err != nil {
		return err
	}
	if err := show(opt, doc); err != nil {
		return err
	}
	return end(string(final.State))
}

// Whoever executes a local run records its end at once after it, so that is
// looked for a few times.
const (
	looks     = 10
	lookPause = 100 * time.Millisecond
)

// settled is the run as it is recorded now that it is over; what was seen of
// it, where nobody records that.
func settled(ctx context.Context, opt *WatchOptions, store metadata.Store, r *metadata.Run, final *backend.Run) (report.Run, error) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for range looks {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return report.Run{}, app.Cause(ctx)
		}
		snap, err := store.Load(ctx, metadata.Query{Run: r.ID, Limit: 1})
		if err != nil || len(snap.Runs) == 0 {
			break
		}
		if now := snap.Runs[0]; now.State.Final() && (now.State != metadata.Lost || final.State == backend.Lost) {
			inline(ctx, opt.App, store, now)
			return report.FromMetadata(now), nil
		}
		pause.Reset(lookPause)
	}
	doc := report.FromBackend(final)
	doc.Engine = r.Engine
	for name, v := range r.Parameters {
		if v.Redacted {
			doc.Parameters[name] = report.RecordedValue(v)
		}
	}
	return doc, nil
}

// followed shows the run until it is over and records what is seen of it. A
// local run is recorded by the process that executes it, as long as that lives.
func followed(ctx context.Context, opt *WatchOptions, store metadata.Store, place *engine.Place, r *metadata.Run, notes *follow.Notes) (*backend.Run, error) {
	a, id := opt.App, backend.RunID(r.ID)
	events := place.Watch(ctx, id)
	var measured *measure.Run
	view := follow.Options{IO: a.IO, Now: a.Now, Plain: opt.Plain, Notes: notes}
	if opt.Logs {
		view.Logs = follow.Logs(place, id)
	}
	options, err := recording.Options(a, opt.Config)
	if err != nil {
		return nil, err
	}
	rec := record.Resume(store, options, r)
	if r.Engine != record.Local {
		measured = measure.New(a, opt.Config).Run(r)
		events = measured.Tee(ctx, events, rec.Record)
	}
	final, err := follow.Run(ctx, events, view)
	if final != nil && measured != nil {
		final = measured.Known(final)
	}
	if final != nil && final.State == backend.Lost {
		rec.Record(backend.Event{Run: final})
		for _, t := range final.Tasks {
			rec.Record(backend.Event{Task: t})
		}
	}
	if cerr := rec.Close(context.WithoutCancel(ctx)); cerr != nil {
		a.Warnf("the record of the run is incomplete: %v", cerr)
	}
	return final, err
}

// recorded shows a run that is over.
func recorded(ctx context.Context, opt *WatchOptions, store metadata.Store, r *metadata.Run) error {
	inline(ctx, opt.App, store, r)
	opt.App.Notef("%s is over: %s", r.Name, r.State)
	if err := show(opt, report.FromMetadata(r)); err != nil {
		return err
	}
	return end(string(r.State))
}

func show(opt *WatchOptions, doc report.Run) error {
	a := opt.App
	if opt.Config.Output == "json" {
		return output.JSON(a.IO.Out, doc)
	}
	look := report.LookOf(a.IO, a.Now())
	if err := report.WriteRun(a.IO.Out, doc, look); err != nil {
		return err
	}
	return report.WriteArtifacts(a.IO.Out, doc, look.Theme)
}

func end(state string) error {
	if state == string(backend.Succeeded) {
		return nil
	}
	return app.Findings()
}
