// Package lineage is the command that says where things came from and what
// became of them.
package lineage

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/command/runs"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
	"github.com/kfp-go/kfp-go/compiler/diag"
)

// Options of the command.
type Options struct {
	App      *app.App
	Config   *config.Config
	Target   string // a run, RUN/TASK or an artifact
	Up, Down bool
	Depth    int
	Follow   bool
	Form     string
}

func forms() []string { return []string{"text", "json", "mermaid", "dot", "html", openLineage, inToto} }

// New is the command.
func New(a *app.App) *cobra.Command {
	opt := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "lineage [RUN | RUN/TASK | ARTIFACT]",
		Short: "Show where artifacts came from and what became of them",
		Long: `Show which tasks read and wrote which artifacts, across all recorded runs.

A run is named by its id, the unique beginning of one, its name, @last (the
default) or @last-failed; a task by its path behind the run's name and a slash;
an artifact by its URI, the path of a file here, its digest or the beginning of
one. From a run one follows down, from what it read to what it made, from a task
or an artifact both ways; --up and --down say otherwise.

The answer is a tree as text or JSON, one picture as Mermaid, DOT or a
self-contained HTML page, or, of a run, what other tools read: its events as
OpenLineage has them, one line of JSON each (openlineage), or its provenance, an
unsigned in-toto statement with SLSA's predicate (in-toto).

With -f, what a run reads and writes is shown as it becomes known, until the run
has ended: one line of text, or of JSON, for each.`,
		Example: `  kfp-go lineage s3://models/iris/model --up
  kfp-go lineage iris-x7/train --depth 4
  kfp-go lineage @last -o html > lineage.html`,
		Args:              app.Args(0, 1, "one run, task or artifact"),
		ValidArgsFunction: runs.Complete(a),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Config, err = a.Config(cmd, "."); err != nil {
				return err
			}
			if opt.Form, err = app.Form(cmd, opt.Config); err != nil {
				return err
			}
			opt.Target = app.RunArgument(args)
			return run(cmd.Context(), opt)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&opt.Up, "up", false, "show where things came from")
	f.BoolVar(&opt.Down, "down", false, "show what became of them")
	f.IntVar(&opt.Depth, "depth", 0, "follow so many steps from a task or artifact to the next, 0: all")
	f.BoolVarP(&opt.Follow, "follow", "f", false, "show what a run reads and writes until it has ended")
	app.Forms(cmd, forms()...)
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
	a := opt.App
	if opt.Depth < 0 {
		return app.Usagef("--depth %d is negative", opt.Depth)
	}
	a.Frugal()
	store, err := a.OpenStore(ctx, opt.Config)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	switch {
	case opt.Follow:
		return followRun(ctx, store, opt)
	case opt.Form == openLineage, opt.Form == inToto:
		return export(ctx, store, opt)
	}
	doc, err := trace(ctx, store, opt)
	if err != nil {
		return err
	}
	switch opt.Form {
	case "json":
		return output.JSON(a.IO.Out, doc)
	case "mermaid":
		return writeMermaid(a.IO.Out, flatten(doc))
	case "dot":
		return writeDOT(a.IO.Out, flatten(doc))
	case "html":
		return writeHTML(a.IO.Out, title(opt, doc), flatten(doc))
	}
	return writeText(a.IO.Out, doc, term.OutTheme(a.IO))
}

// trace finds the origin and what lies beyond it.
func trace(ctx context.Context, store metadata.Store, opt *Options) (*Document, error) {
	from, err := origin(ctx, store, opt.Target)
	if err != nil {
		return nil, err
	}
	up, down := opt.Up, opt.Down
	if !up && !down {
		up, down = from.Run == nil || from.Task != "", true
	}
	var directions []metadata.Direction
	if up {
		directions = append(directions, metadata.Up)
	}
	if down {
		directions = append(directions, metadata.Down)
	}
	g, damaged, err := metadata.Trace(ctx, store, from, directions, opt.Depth)
	if err != nil {
		return nil, err
	}
	runs.Damaged(opt.App, &metadata.Snapshot{Damaged: damaged})
	doc := &Document{APIVersion: report.APIVersion, Kind: "Lineage"}
	for _, d := range directions {
		n, err := tree(g, from, d, opt.Depth)
		if err != nil {
			return nil, &app.ExitError{Code: app.ExitUsage, Err: err}
		}
		if d == metadata.Up {
			doc.Up = n
		} else {
			doc.Down = n
		}
	}
	return doc, nil
}

func tree(g *metadata.Graph, from metadata.Origin, d metadata.Direction, depth int) (*metadata.Node, error) {
	switch {
	case from.Task != "":
		return g.FromTask(from.Run, from.Task, d, depth)
	case from.Run != nil:
		return g.FromRun(from.Run, d, depth), nil
	}
	return g.FromArtifact(from.URI, d, depth)
}

// origin finds what a text names: an artifact if it is a URI or a digest, else
// a run, a task of one, or an artifact after all.
func origin(ctx context.Context, store metadata.Store, text string) (metadata.Origin, error) {
	if strings.Contains(text, "://") || strings.HasPrefix(text, "sha256:") {
		return artifact(ctx, store, text, nil)
	}
	if uri := fileURI(text); uri != "" {
		return artifact(ctx, store, uri, nil)
	}
	r, err := app.FindRun(ctx, store, text)
	if err == nil {
		return metadata.Origin{Run: r}, nil
	}
	if app.ExitCode(err) != app.ExitUsage {
		return metadata.Origin{}, err
	}
	if name, path, ok := strings.Cut(text, "/"); ok && path != "" {
		r, err := app.FindRun(ctx, store, name)
		if app.ExitCode(err) == app.ExitUsage {
			if _, missing := os.Lstat(text); missing == nil {
				return artifact(ctx, store, fileURI("./"+text), nil)
			}
		}
		if err != nil {
			return metadata.Origin{}, err
		}
		if !hasTask(r, path) {
			return metadata.Origin{}, app.WithHint(app.Usagef("run %s has no task %q", runName(r), path), diag.Hint(path, paths(r)))
		}
		return metadata.Origin{Run: r, Task: path}, nil
	}
	if strings.HasPrefix(text, "@") {
		return metadata.Origin{}, err
	}
	return artifact(ctx, store, text, err)
}

// fileURI is the URI of a path that can be no run's name, "" for other texts.
func fileURI(text string) string {
	if !filepath.IsAbs(text) && !strings.HasPrefix(text, "./") && !strings.HasPrefix(text, "../") {
		return ""
	}
	abs, err := filepath.Abs(text)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}).String()
}

// wholeRun finds the run that is meant where no task or artifact will do.
func wholeRun(ctx context.Context, store metadata.Store, text, what string) (*metadata.Run, error) {
	r, err := app.FindRun(ctx, store, text)
	if err == nil || app.ExitCode(err) != app.ExitUsage {
		return r, err
	}
	if from, ferr := origin(ctx, store, text); ferr == nil && from.Run != nil {
		return nil, app.Usagef("%s tells of a whole run, not of one task: give the run, %s", what, runName(from.Run))
	} else if ferr == nil {
		return nil, app.Usagef("%s tells of a run, and this is an artifact", what)
	}
	return nil, err
}

func hasTask(r *metadata.Run, path string) bool {
	return slices.ContainsFunc(r.Tasks, func(t *metadata.Task) bool { return t.Path == path }) ||
		slices.ContainsFunc(r.Artifacts, func(a *metadata.ArtifactRecord) bool { return a.Task == path })
}

func paths(r *metadata.Run) (out []string) {
	for _, t := range r.Tasks {
		out = append(out, t.Path)
	}
	return out
}

// hexDigits is how many digits of a digest are asked for: fewer name half the
// store.
const hexDigits = 6

// artifact finds an artifact by its URI, its id, its digest, or the unique
// beginning of one. noRun, if not nil, says that no run is named so.
func artifact(ctx context.Context, store metadata.Store, text string, noRun error) (metadata.Origin, error) {
	q := metadata.EdgeQuery{URIs: []string{text}}
	if !strings.Contains(text, "://") {
		digest := "sha256:" + strings.TrimPrefix(text, "sha256:")
		if len(digest) < len("sha256:")+hexDigits {
			return metadata.Origin{}, unknown(text, noRun)
		}
		q = metadata.EdgeQuery{Digest: digest, URIs: []string{text}}
	}
	set, err := metadata.Edges(ctx, store, q)
	if err != nil {
		return metadata.Origin{}, err
	}
	var uris []string
	for _, e := range set.Edges {
		uris = append(uris, e.URI)
	}
	slices.Sort(uris)
	uris = slices.Compact(uris)
	switch len(uris) {
	case 0:
		return metadata.Origin{}, unknown(text, noRun)
	case 1:
		return metadata.Origin{URI: uris[0]}, nil
	}
	return metadata.Origin{}, app.Usagef("several artifacts are meant by %q: %s", text, strings.Join(uris[:min(5, len(uris))], ", "))
}

func unknown(text string, noRun error) error {
	if noRun == nil {
		return app.WithHint(app.Usagef("no run read or wrote an artifact %q", text), "`kfp-go runs get` shows where the artifacts of a run lie")
	}
	return app.WithHint(app.Usagef("%w; and no artifact either", noRun), "`kfp-go runs list` shows the recorded runs")
}
