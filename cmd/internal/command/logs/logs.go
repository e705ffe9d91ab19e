// Package logs is the command that shows what tasks printed.
package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/argo"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/record"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/command/runs"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/engine"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// Options of the command.
type Options struct {
	App    *app.App
	Config *config.Config
	Run    string
	Task   string
	Follow bool
}

// New is the command.
func New(a *app.App) *cobra.Command {
	opt := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "logs [RUN] [TASK]",
		Short: "Show what tasks printed",
		Long: `Show what the tasks of a run printed, or one task, all its attempts. The logs are
read where they are: in the pods as long as these are there, then in the store
in which Argo has archived them, and for local runs in the run's folder. Once
pods and Workflow are gone, the record knows where the archived logs lie.

A run is named by its id, the unique beginning of one, its name, @last (the
default) or @last-failed; a task by its path, as ` + "`runs get`" + ` shows it.`,
		Args: app.Args(0, 2, "a run and a task"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Config, err = a.Config(cmd, "."); err != nil {
				return err
			}
			opt.Run = app.RunArgument(args)
			if len(args) > 1 {
				if opt.Task != "" {
					return app.Usagef("the task stands there twice, as %q and as --task %q", args[1], opt.Task)
				}
				opt.Task = args[1]
			}
			return logs(cmd.Context(), opt)
		},
	}
	complete := runs.Complete(a)
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, to string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) == 1 {
			return tasks(cmd, a, args[0]), cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, to)
	}
	f := cmd.Flags()
	f.StringVar(&opt.Task, "task", "", "only this task, by its path")
	f.BoolVarP(&opt.Follow, "follow", "f", false, "go on as long as the run does")
	_ = cmd.RegisterFlagCompletionFunc("task", func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return tasks(cmd, a, app.RunArgument(args)), cobra.ShellCompDirectiveNoFileComp
	})
	app.Setting(f, "", "namespace", "context", "kubeconfig", "argo-server")
	return cmd
}

// tasks completes the paths of a run's tasks.
func tasks(cmd *cobra.Command, a *app.App, run string) []cobra.Completion {
	ctx, cancel := context.WithTimeout(app.Context(cmd), runs.CompletionTime)
	defer cancel()
	c, err := a.Config(cmd, ".")
	if err != nil {
		return nil
	}
	s, r, err := a.OpenRun(ctx, c, run)
	if err != nil {
		return nil
	}
	defer func() { _ = s.Close() }()
	var out []cobra.Completion
	for _, t := range r.Tasks {
		out = append(out, cobra.CompletionWithDesc(term.Clean(t.Path), string(t.State)))
	}
	return out
}

func logs(ctx context.Context, opt *Options) error {
	a := opt.App
	s, r, err := a.OpenRun(ctx, opt.Config, opt.Run)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if err := opt.checkTask(r); err != nil {
		return err
	}
	p := &printer{opt: opt, theme: term.OutTheme(a.IO)}
	engines := &engine.Opener{App: a, Config: opt.Config, Note: func(text string) { a.Notef("note: %s", text) }}
	place, err := engines.Open(ctx, r)
	if err == nil {
		err = p.live(ctx, place, r)
	}
	if err == nil && p.lines == 0 && app.Cause(ctx) == nil {
		opt.silent(ctx, s, r)
	}
	if err == nil || app.Cause(ctx) != nil || errors.Is(err, errOutput) {
		return cause(ctx, err)
	}
	if p.lines > 0 {
		return err // what is left to say is why there is no more
	}
	if r.Engine == record.Local {
		return noLocal(r, place, err)
	}
	return cause(ctx, p.archived(ctx, r, err))
}

// silent says why there is nothing to show, although nothing went wrong.
func (opt *Options) silent(ctx context.Context, s metadata.Store, r *metadata.Run) {
	if snap, err := s.Load(ctx, metadata.Query{Run: r.ID, Limit: 1}); err == nil && len(snap.Runs) > 0 {
		r = snap.Runs[0] // as it is by now
	}
	ran := 0
	for _, t := range r.Tasks {
		if opt.Task != "" && t.Path != opt.Task {
			continue
		}
		if t.State != metadata.Skipped && t.State != metadata.Cached && t.State != metadata.Pending {
			ran++
			continue
		}
		if opt.Task != "" {
			why := ""
			if t.Message != "" {
				why = ": " + term.Clean(t.Message)
			}
			opt.App.Notef("the task %s has printed nothing, it is %s%s", term.Clean(t.Path), term.Clean(string(t.State)), why)
			return
		}
	}
	switch {
	case opt.Task != "" && ran > 0:
		opt.App.Notef("the task %s has printed nothing", term.Clean(opt.Task))
	case opt.Task != "":
		opt.App.Notef("the task %s has not begun", term.Clean(opt.Task))
	case ran > 0:
		opt.App.Notef("the tasks of %s have printed nothing", term.Clean(r.Name))
	default:
		opt.App.Notef("no task of %s has begun; it is %s", term.Clean(r.Name), term.Clean(string(r.State)))
	}
}

func cause(ctx context.Context, err error) error {
	if app.Cause(ctx) != nil {
		return app.Cause(ctx)
	}
	return err
}

// checkTask refuses a task that a run that is over does not have.
func (opt *Options) checkTask(r *metadata.Run) error {
	if opt.Task == "" || !r.State.Final() || len(r.Tasks) == 0 {
		return nil
	}
	var paths []string
	for _, t := range r.Tasks {
		if t.Path == opt.Task {
			return nil
		}
		paths = append(paths, t.Path)
	}
	hint := diag.Hint(opt.Task, paths)
	if hint == "" {
		hint = "`kfp-go runs get " + r.ID + "` shows its tasks"
	}
	return app.WithHint(app.Usagef("the run %s has no task %q", r.Name, opt.Task), hint)
}

// A printer writes lines to standard output, with the task's path before each
// where there are several tasks.
type printer struct {
	opt   *Options
	theme *term.Theme
	lines int
}

// errOutput marks an output that takes no more.
var errOutput = errors.New("the output cannot be written")

func (p *printer) line(task, text string) error {
	p.lines++
	prefix := ""
	if p.opt.Task == "" && task != "" {
		prefix = p.theme.Name("["+term.Clean(task)+"]") + " "
	}
	if _, err := fmt.Fprintln(p.opt.App.IO.Out, prefix+term.CleanLog(text)); err != nil {
		return fmt.Errorf("%w: %w", errOutput, err)
	}
	return nil
}

// live prints what the runner can read.
func (p *printer) live(ctx context.Context, place *engine.Place, r *metadata.Run) error {
	opt := backend.LogOptions{Task: p.opt.Task, Follow: p.opt.Follow}
	for line, err := range place.Logs(ctx, backend.RunID(r.ID), opt) {
		if err != nil {
			return err
		}
		if err := p.line(line.Task, line.Text); err != nil {
			return err
		}
	}
	return nil
}

// archived prints the logs that the record knows of. why is the reason for
// which they could not be had from the cluster.
func (p *printer) archived(ctx context.Context, r *metadata.Run, why error) error {
	stores := store.FromSettings(r.Stores)
	c := *p.opt.Config
	if r.Namespace != "" {
		c.Namespace = r.Namespace
	}
	var open func(context.Context, string) (io.ReadCloser, error)
	found, missing := false, []error{}
	for _, t := range r.Tasks {
		if p.opt.Task != "" && t.Path != p.opt.Task {
			continue
		}
		for _, attempt := range append(slices.Clip(t.Earlier), &t.TaskRecord) {
			if attempt.Logs == "" {
				continue
			}
			if open == nil {
				open = p.opt.App.Objects(ctx, &c, stores)
			}
			found = true
			err := argo.ReadArchived(ctx, func(ctx context.Context) (io.ReadCloser, error) { return open(ctx, attempt.Logs) },
				func(text string) error { return p.line(t.Path, text) })
			switch {
			case errors.Is(err, errOutput) || app.Cause(ctx) != nil:
				return err
			case err != nil:
				missing = append(missing, fmt.Errorf("%s: %w", t.Path, err))
			}
		}
	}
	if !found {
		return none(r, why)
	}
	return incomplete(missing)
}

// none explains a run without any log.
func none(r *metadata.Run, why error) error {
	var text strings.Builder
	fmt.Fprintf(&text, "there are no logs of %s: %v", r.Name, why)
	hint := "the record knows of no archived log; Argo archives logs where the artifact repository says archiveLogs: true"
	if !r.State.Final() {
		hint = "`kfp-go runs sync " + r.ID + "` records where Argo archives them"
	}
	return app.WithHint(app.Failf("%s", text.String()), hint)
}

const mostMissing = 5

func incomplete(missing []error) error {
	if len(missing) == 0 {
		return nil
	}
	more := ""
	if len(missing) > mostMissing {
		more = fmt.Sprintf("\nand %d more", len(missing)-mostMissing)
		missing = missing[:mostMissing]
	}
	hint := "credentials come from the environment, or from the secrets that the key artifact-stores names"
	return app.WithHint(app.Failf("archived logs cannot be read:\n%w%s", errors.Join(missing...), more), hint)
}

// noLocal explains a local run without logs.
func noLocal(r *metadata.Run, place *engine.Place, err error) error {
	if place != nil && place.Elsewhere != "" {
		return app.WithHint(app.Failf("there are no logs of %s here: %v", r.Name, err), place.Elsewhere)
	}
	if errors.Is(err, backend.ErrNotFound) {
		return app.WithHint(app.Failf("there are no logs of %s: %v", r.Name, err), "a local run keeps them in its folder, which is gone")
	}
	return err
}
