package runs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// CompletionTime bounds what a shell waits for.
const CompletionTime = time.Second

// Complete offers the names and ids of recorded runs for the only argument,
// within a time limit.
func Complete(a *app.App) cobra.CompletionFunc { return CompleteUpTo(a, 1) }

// CompleteUpTo is Complete for commands that take several runs, each once;
// most −1: any number.
func CompleteUpTo(a *app.App, most int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if most >= 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(app.Context(cmd), CompletionTime)
		defer cancel()
		given := map[string]bool{}
		for _, arg := range args {
			given[arg] = true
		}
		var out []cobra.Completion
		offer := func(name, desc string) {
			if name != "" && !given[name] {
				out = append(out, cobra.CompletionWithDesc(term.Clean(name), desc))
			}
		}
		offer(metadata.Last, "the newest run")
		offer(metadata.LastFailed, "the newest run that failed")
		for _, r := range recent(ctx, a, cmd) {
			desc := fmt.Sprintf("%s %s", term.Clean(r.Pipeline), term.Clean(string(r.State)))
			if given[r.ID] || given[r.Name] {
				continue
			}
			offer(r.Name, desc)
			offer(r.ID, desc)
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

// CompletePipeline offers the names of recorded pipelines for the only argument.
func CompletePipeline(a *app.App) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return pipelines(cmd, a), cobra.ShellCompDirectiveNoFileComp
	}
}

// pipelines are the names of the pipelines that ran lately.
func pipelines(cmd *cobra.Command, a *app.App) []cobra.Completion {
	ctx, cancel := context.WithTimeout(app.Context(cmd), CompletionTime)
	defer cancel()
	var out []cobra.Completion
	for _, r := range recent(ctx, a, cmd) {
		if name := term.Clean(r.Pipeline); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
