// Package lineage is the command that says where things came from and what
// became of them.
package lineage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/command/runs"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// Options of the command.
type Options struct {
	App       *app.App
	Config    *config.Config
	Target    string // a run or an artifact
	Task      string
	Direction string
	Depth     int
	Format    string
}

func formats() []string    { return []string{"text", "json", "mermaid", openLineage, inToto} }
func directions() []string { return []string{"up", "down", "both"} }

// New is the command.
func New(a *app.App) *cobra.Command {
	opt := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "lineage [RUN | ARTIFACT]",
		Short: "Show where artifacts came from and what became of them",
		Long: `Show which tasks read and wrote which artifacts, across all recorded runs.

A run is named by its id, the unique beginning of one, its name, @last (the
default) or @last-failed; an artifact by its URI, its digest or the beginning
of one. From a run one follows down, from what it read to what it made, from an
artifact both ways; --direction says otherwise.

For other tools, --format openlineage prints a run's events as OpenLineage has
them, one line of JSON each, and --format in-toto its provenance: an unsigned
in-toto statement with SLSA's predicate about what the run made.`,
		Args:              app.Args(0, 1, "one run or artifact"),
		ValidArgsFunction: runs.Complete(a),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Config, err = a.Config(cmd, "."); err != nil {
				return err
			}
			opt.Target = metadata.Last
			if len(args) > 0 {
				opt.Target = args[0]
			}
			return run(cmd.Context(), opt)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opt.Task, "task", "", "begin at this task of the run")
	f.StringVar(&opt.Direction, "direction", "", "up, down or both")
	f.IntVar(&opt.Depth, "depth", 0, "follow so many steps, 0: all")
	f.StringVarP(&opt.Format, "format", "f", "text", strings.Join(formats(), ", "))
	app.Setting(f, "o", "output")
	return cmd
}

// Document is the JSON answer.
type Document struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"` // Lineage
	Up         *metadata.Node `json:"up,omitempty"`
	Down       *metadata.Node `json:"down,omitempty"`
}

func run(ctx context.Context, opt *Options) error {
	if err := opt.check(); err != nil {
		return err
	}
	a := opt.App
	store, err := a.OpenStore(ctx, opt.Config)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	if opt.Format == openLineage || opt.Format == inToto {
		return export(ctx, store, opt)
	}
	snap, err := store.Load(ctx, metadata.Query{})
	if err != nil {
		return err
	}
	runs.Damaged(a, snap)
	doc, err := follow(snap, opt)
	if err != nil {
		return err
	}
	switch opt.Format {
	case "json":
		return output.JSON(a.IO.Out, doc)
	case "mermaid":
		return writeMermaid(a.IO.Out, doc)
	}
	return writeText(a.IO.Out, doc, term.OutTheme(a.IO))
}

func (opt *Options) check() error {
	if opt.Config.Output == "json" && opt.Format == "text" {
		opt.Format = "json"
	}
	switch {
	case !slices.Contains(formats(), opt.Format):
		return app.Usagef("--format %q is none of %s", opt.Format, strings.Join(formats(), ", "))
	case opt.Direction != "" && !slices.Contains(directions(), opt.Direction):
		return app.Usagef("--direction %q is none of %s", opt.Direction, strings.Join(directions(), ", "))
	case opt.Depth < 0:
		return app.Usagef("--depth %d is negative", opt.Depth)
	}
	return nil
}

// follow finds the target among runs first, then among artifacts.
func follow(snap *metadata.Snapshot, opt *Options) (*Document, error) {
	g := snap.Lineage()
	r, err := snap.Find(opt.Target)
	var from func(metadata.Direction) (*metadata.Node, error)
	fallback := "down"
	switch {
	case err == nil && opt.Task != "":
		from = func(d metadata.Direction) (*metadata.Node, error) { return g.FromTask(r, opt.Task, d, opt.Depth) }
		fallback = "both"
	case err == nil:
		from = func(d metadata.Direction) (*metadata.Node, error) { return g.FromRun(r, d, opt.Depth), nil }
	default:
		uri, notFound := artifact(g, opt.Target, err)
		if notFound != nil {
			return nil, notFound
		}
		from = func(d metadata.Direction) (*metadata.Node, error) { return g.FromArtifact(uri, d, opt.Depth) }
		fallback = "both"
	}
	return both(opt, fallback, from)
}

func both(opt *Options, fallback string, from func(metadata.Direction) (*metadata.Node, error)) (*Document, error) {
	direction := opt.Direction
	if direction == "" {
		direction = fallback
	}
	doc := &Document{APIVersion: "kfp-go/v1", Kind: "Lineage"}
	var err error
	if direction != "down" {
		if doc.Up, err = from(metadata.Up); err != nil {
			return nil, &app.ExitError{Code: app.ExitUsage, Err: err}
		}
	}
	if direction != "up" {
		if doc.Down, err = from(metadata.Down); err != nil {
			return nil, &app.ExitError{Code: app.ExitUsage, Err: err}
		}
	}
	return doc, nil
}

func artifact(g *metadata.Graph, name string, runErr error) (string, error) {
	uris := g.Artifacts(name)
	switch len(uris) {
	case 1:
		return uris[0], nil
	case 0:
		err := &app.ExitError{Code: app.ExitUsage, Err: runErr}
		var which *metadata.RunError
		if errors.As(runErr, &which) && errors.Is(which.Err, metadata.ErrNotFound) && !strings.HasPrefix(name, "@") {
			err.Err = fmt.Errorf("%w; and no artifact either", runErr)
		}
		return "", app.WithHint(err, "`kfp-go runs list` shows the recorded runs")
	}
	return "", app.Usagef("several artifacts begin with %q: %s", name, strings.Join(uris[:min(5, len(uris))], ", "))
}
