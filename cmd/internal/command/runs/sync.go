package runs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/argo"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/record"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/catchup"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/engine"
	"github.com/kfp-go/kfp-go/cmd/internal/measure"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/recording"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// SyncOptions of runs sync.
type SyncOptions struct {
	App      *app.App
	Config   *config.Config
	Runs     []string
	All      bool
	Selector string
	Grace    time.Duration
}

func newSync(a *app.App) *cobra.Command {
	opt := &SyncOptions{App: a}
	cmd := &cobra.Command{
		Use:   "sync [RUN...]",
		Short: "Complete the record from the cluster",
		Long: `Complete the record of runs that nobody has followed to their end: from their
Workflows, from Argo's archive (--argo-server), or from the folders of local
runs. Without arguments these are all runs that are not recorded as over; a run
that is named is looked at in any case.

--all also records runs of the namespace that kfp-go submitted and that are not
recorded here, --selector Workflows with certain labels, whoever submitted them.

Of runs that are over, sizes and SHA-256 of their artifacts are asked of the
stores in which these lie, as far as credentials, --artifact-digests and
--artifact-time allow.

Syncing again, or by several at once, does no harm. A run of which nothing is
left is recorded as lost; one that was planned only after --grace.`,
		Args:              app.Args(0, -1, "names of runs"),
		ValidArgsFunction: CompleteUpTo(a, -1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Config, err = a.Config(cmd, "."); err != nil {
				return err
			}
			opt.Runs = args
			return syncRuns(cmd.Context(), opt)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&opt.All, "all", false, "also runs of the namespace that are not recorded here")
	f.StringVarP(&opt.Selector, "selector", "l", "", "also Workflows with these labels, such as team=ml")
	f.DurationVar(&opt.Grace, "grace", 10*time.Minute, "how long a planned run may take to appear")
	app.Setting(f, "o", "output")
	app.Setting(f, "", "namespace", "context", "kubeconfig", "argo-server", "artifact-digests", "artifact-time")
	return cmd
}

// A Synced is the JSON document of runs sync.
type Synced struct {
	APIVersion string      `json:"apiVersion"`
	Kind       string      `json:"kind"` // RunSync
	Runs       []SyncedRun `json:"runs"`
}

// A SyncedRun is what became of the record of one run.
type SyncedRun struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Was   string `json:"was,omitempty"` // its state before; missing: it was not recorded
	State string `json:"state"`
	Fresh bool   `json:"fresh"`          // something was written
	Note  string `json:"note,omitempty"` // why nothing could be learned
}

func syncRuns(ctx context.Context, opt *SyncOptions) error {
	a := opt.App
	if opt.Grace < 0 {
		return app.Usagef("--grace %s is negative", opt.Grace)
	}
	store, err := a.OpenStore(ctx, opt.Config)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	options, err := recording.Options(a, opt.Config)
	if err != nil {
		return err
	}
	s := &syncer{opt: opt, keeper: catchup.Keeper{
		Store: store, Engines: &engine.Opener{App: a, Config: opt.Config}, Options: options, Now: a.Now, Grace: opt.Grace,
		Measurer: measure.New(a, opt.Config),
	}, seen: map[string]bool{}}
	err = s.run(ctx)
	if showErr := s.show(); err == nil {
		err = showErr
	}
	switch {
	case err != nil:
		return err
	case s.unknown > 0 && len(opt.Runs) > 0:
		return app.Failf("nothing could be learned of %d of the runs", s.unknown)
	}
	return nil
}

// A syncer gathers what came of each run.
type syncer struct {
	opt     *SyncOptions
	keeper  catchup.Keeper
	seen    map[string]bool
	done    []SyncedRun
	same    int
	unknown int
}

func (s *syncer) run(ctx context.Context) error {
	runs, err := s.chosen(ctx)
	if err != nil {
		return err
	}
	for _, r := range runs {
		out, err := s.keeper.Run(ctx, r)
		if err != nil {
			return err
		}
		s.note(out)
	}
	selectors := []string{}
	if s.opt.All {
		selectors = append(selectors, argo.RunLabel)
	}
	if s.opt.Selector != "" {
		selectors = append(selectors, s.opt.Selector)
	}
	for _, selector := range selectors {
		if err := s.search(ctx, selector); err != nil {
			return err
		}
	}
	return nil
}

// chosen are the runs that are named, else those that are not over.
func (s *syncer) chosen(ctx context.Context) ([]*metadata.Run, error) {
	if len(s.opt.Runs) == 0 {
		snap, err := s.keeper.Store.Load(ctx, metadata.Query{States: []metadata.State{metadata.Planned, metadata.Submitted, metadata.Running}})
		if err != nil {
			return nil, err
		}
		Damaged(s.opt.App, snap)
		slices.Reverse(snap.Runs) // the oldest first
		return snap.Runs, nil
	}
	var out []*metadata.Run
	for _, name := range s.opt.Runs {
		r, err := app.FindRun(ctx, s.keeper.Store, name)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// search looks at Workflows in the cluster and in its archive.
func (s *syncer) search(ctx context.Context, selector string) error {
	runner, err := s.keeper.Engines.Cluster(ctx, "")
	if err != nil {
		return err
	}
	finder, ok := runner.(*argo.Runner)
	if !ok {
		return app.Failf("this cluster cannot be searched")
	}
	snap, err := s.keeper.Store.Load(ctx, metadata.Query{Engine: record.Argo, Summary: true, Deleted: true})
	if err != nil {
		return err
	}
	known := make(map[string]*metadata.Run, len(snap.Runs))
	for _, r := range snap.Runs {
		known[r.ID] = r
	}
	for f, err := range finder.Find(ctx, selector) {
		if err != nil {
			if errors.Is(err, backend.ErrInvalid) {
				return &app.ExitError{Code: app.ExitUsage, Err: err}
			}
			return err
		}
		if s.seen[string(f.ID)] {
			continue
		}
		out, err := s.keeper.Found(ctx, runner, f, known[string(f.ID)])
		if err != nil {
			return err
		}
		s.note(out)
	}
	return nil
}

func (s *syncer) note(out *catchup.Outcome) {
	s.seen[out.Run.ID] = true
	if out.Note != "" {
		s.unknown++
	} else if !out.Fresh {
		s.same++
	}
	s.done = append(s.done, SyncedRun{ID: out.Run.ID, Name: out.Run.Name, Was: string(out.Was), State: string(out.Run.State), Fresh: out.Fresh, Note: out.Note})
}

// show prints what is new and, on standard error, what could not be learned.
func (s *syncer) show() error {
	a := s.opt.App
	if s.opt.Config.Output == "json" {
		doc := Synced{APIVersion: report.APIVersion, Kind: "RunSync", Runs: s.done}
		if doc.Runs == nil {
			doc.Runs = []SyncedRun{}
		}
		return output.JSON(a.IO.Out, doc)
	}
	theme := term.OutTheme(a.IO)
	for _, r := range s.done {
		switch {
		case r.Note != "":
			a.Notef("note: %s stays %s: %s", r.Name, r.State, r.Note)
		case r.Fresh:
			text := theme.State(r.State, r.State)
			if r.Was != "" && r.Was != r.State {
				text += " (was " + r.Was + ")"
			}
			if _, err := fmt.Fprintln(a.IO.Out, strings.TrimSpace(term.Clean(r.Name))+" "+text); err != nil {
				return err
			}
		}
	}
	if s.same > 0 {
		a.Notef("%s as recorded", output.Count(s.same, "run is", "runs are"))
	} else if len(s.done) == 0 {
		a.Notef("every recorded run is over")
	}
	return nil
}
