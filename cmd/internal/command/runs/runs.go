// Package runs are the commands that read recorded runs.
package runs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
	"github.com/kfp-go/kfp-go/compiler/diag"
)

// New is the group of commands.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List and show recorded runs",
		Long: `List and show runs from the metadata file, those of this machine and of
clusters alike.`,
		Args: cobra.ArbitraryArgs,
		RunE: app.Group,
	}
	cmd.AddCommand(newList(a), newGet(a))
	return cmd
}

// ListOptions of runs list.
type ListOptions struct {
	App      *app.App
	Config   *config.Config
	Limit    int
	Pipeline string
	States   []string
	Since    time.Duration
}

func newList(a *app.App) *cobra.Command {
	opt := &ListOptions{App: a}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List runs, the newest first",
		Args:  app.Args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if opt.Config, err = a.Config(cmd, "."); err != nil {
				return err
			}
			return list(cmd.Context(), opt)
		},
	}
	f := cmd.Flags()
	f.IntVarP(&opt.Limit, "limit", "n", 50, "show at most so many, 0: all")
	f.StringVar(&opt.Pipeline, "pipeline", "", "only runs of this pipeline")
	f.StringSliceVar(&opt.States, "state", nil, "only runs in these states: "+strings.Join(states(), ", "))
	f.DurationVar(&opt.Since, "since", 0, "only runs that began within this time, such as 24h")
	app.Setting(f, "o", "output")
	_ = cmd.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(states(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func states() []string {
	return []string{"planned", "submitted", "running", "succeeded", "failed", "stopped", "lost"}
}

func list(ctx context.Context, opt *ListOptions) error {
	a := opt.App
	if opt.Limit < 0 {
		return app.Usagef("--limit %d is negative", opt.Limit)
	}
	q := metadata.Query{Pipeline: opt.Pipeline, Limit: opt.Limit, Summary: true}
	for _, s := range opt.States {
		if !slices.Contains(states(), s) {
			return app.WithHint(app.Usagef("--state: unknown state %q", s), diag.Hint(s, states()))
		}
		q.States = append(q.States, metadata.State(s))
	}
	if opt.Since > 0 {
		q.Since = a.Now().Add(-opt.Since)
	}
	store, err := a.OpenStore(ctx, opt.Config)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	snap, err := store.Load(ctx, q)
	if err != nil {
		return err
	}
	Damaged(a, snap)
	doc := report.Runs{APIVersion: report.APIVersion, Kind: "RunList", Runs: []report.Run{}}
	for _, r := range snap.Runs {
		doc.Runs = append(doc.Runs, report.FromMetadata(r))
	}
	if opt.Config.Output == "json" {
		return output.JSON(a.IO.Out, doc)
	}
	if len(doc.Runs) == 0 {
		a.Notef("no runs in %s", opt.Config.Metadata)
		return nil
	}
	return report.WriteRuns(a.IO.Out, doc.Runs, term.OutTheme(a.IO), a.Now())
}

// Damaged warns of what could not be read; the rest is shown.
func Damaged(a *app.App, snap *metadata.Snapshot) {
	for i, d := range snap.Damaged {
		if i == 5 {
			a.Warnf("and %d more damaged objects", len(snap.Damaged)-i)
			return
		}
		a.Warnf("metadata: %s: %v", d.Name, d.Err)
	}
}

// GetOptions of runs get.
type GetOptions struct {
	App    *app.App
	Config *config.Config
	Run    string
}

func newGet(a *app.App) *cobra.Command {
	opt := &GetOptions{App: a}
	cmd := &cobra.Command{
		Use:   "get [RUN]",
		Short: "Show one run with its tasks and outputs",
		Long: `Show one run with its parameters, tasks and outputs.

A run is named by its id, the unique beginning of one, its name, @last (the
default) or @last-failed.`,
		Args:              app.Args(0, 1, "one run"),
		ValidArgsFunction: Complete(a),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Config, err = a.Config(cmd, "."); err != nil {
				return err
			}
			opt.Run = metadata.Last
			if len(args) > 0 {
				opt.Run = args[0]
			}
			return get(cmd.Context(), opt)
		},
	}
	app.Setting(cmd.Flags(), "o", "output")
	return cmd
}

func get(ctx context.Context, opt *GetOptions) error {
	a := opt.App
	store, err := a.OpenStore(ctx, opt.Config)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	r, err := app.FindRun(ctx, store, opt.Run)
	if err != nil {
		return err
	}
	inline(ctx, a, store, r)
	doc := report.FromMetadata(r)
	if opt.Config.Output == "json" {
		return output.JSON(a.IO.Out, doc)
	}
	return report.WriteRun(a.IO.Out, doc, term.OutTheme(a.IO), a.Now(), true)
}

// completionTime bounds what a shell waits for.
const completionTime = time.Second

// Complete offers the names and ids of recorded runs, within a time limit.
func Complete(a *app.App) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(app.Context(cmd), completionTime)
		defer cancel()
		out := []cobra.Completion{
			cobra.CompletionWithDesc(metadata.Last, "the newest run"),
			cobra.CompletionWithDesc(metadata.LastFailed, "the newest run that failed"),
		}
		for _, r := range recent(ctx, a, cmd) {
			desc := fmt.Sprintf("%s %s", term.Clean(r.Pipeline), r.State)
			out = append(out, cobra.CompletionWithDesc(term.Clean(r.Name), desc), cobra.CompletionWithDesc(r.ID, desc))
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

func recent(ctx context.Context, a *app.App, cmd *cobra.Command) []*metadata.Run {
	found := make(chan []*metadata.Run, 1)
	go func() {
		var runs []*metadata.Run
		defer func() { found <- runs }()
		c, err := a.Config(cmd, ".")
		if err != nil {
			return
		}
		store, err := a.OpenStore(ctx, c)
		if err != nil {
			return
		}
		defer func() { _ = store.Close() }()
		if snap, err := store.Load(ctx, metadata.Query{Limit: 50, Summary: true}); err == nil {
			runs = snap.Runs
		}
	}()
	select {
	case runs := <-found:
		return runs
	case <-ctx.Done():
		return nil
	}
}

// inline puts large values, which the store keeps as documents, in their
// places.
func inline(ctx context.Context, a *app.App, store metadata.Store, r *metadata.Run) {
	all := []map[string]metadata.Value{r.Parameters, r.Outputs}
	for _, t := range r.Tasks {
		all = append(all, t.Inputs, t.Outputs)
	}
	for _, values := range all {
		for name, v := range values {
			if v.Blob == "" {
				continue
			}
			data, err := store.Blob(ctx, v.Blob)
			if err != nil {
				a.Warnf("metadata: the value of %q: %v", name, err)
				continue
			}
			v.Value, v.Blob = data, ""
			values[name] = v
		}
	}
}
