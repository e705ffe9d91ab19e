// Package recording keeps the record of a run that a command starts: the intent
// before anything exists, what happens on the way, the outcome.
package recording

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/blob"
	"github.com/kfp-go/kfp-go/backend/metadata/record"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/git"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A Recording is the record of one run being written.
type Recording struct {
	ID    backend.RunID
	app   *app.App
	store metadata.Store
	opt   record.Options
	rec   *record.Recorder
	told  lineage
	// before is what was recorded of a run that was there already.
	before *metadata.Run

	mu   sync.Mutex
	late error // of a batch written in the background
}

// Plan says what is about to run.
type Plan struct {
	ID       backend.RunID
	Name     string
	Engine   string
	Cluster  string
	Space    string // namespace
	Source   string // file name
	Labels   map[string]string
	Result   *compiler.Result
	Args     map[string]any
	Manifest []byte
	Profile  string
	Secrets  []string // texts that are never written
	Require  bool     // the record must reach the metadata file itself
}

// Start opens the metadata file and records the intent; only then may the run
// be created.
func Start(ctx context.Context, a *app.App, c *config.Config, p Plan) (*Recording, error) {
	open := a.OpenStore
	if p.Require {
		open = a.InsistStore
	}
	store, err := open(ctx, c)
	if err != nil {
		return nil, err
	}
	opt, err := Options(a, c)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	r := &Recording{ID: p.ID, app: a, store: store, opt: opt}
	if r.told, err = openLineage(a, c); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	r.opt.Failed, r.opt.Wrote = r.failed, r.told.wrote()
	pipeline := p.Result.Pipeline
	plan := record.Plan{
		ID: p.ID, Name: p.Name, Pipeline: pipeline.Name.Text, Source: p.Source, Engine: p.Engine,
		Cluster: p.Cluster, Namespace: p.Space, Manifest: p.Manifest, Labels: p.Labels, SLO: slo(pipeline.SLO), Parameters: p.Args,
		Profile: p.Profile, Hidden: p.Secrets,
	}
	if p.Source != "" && p.Source != "-" {
		plan.Code = git.Describe(ctx, a.Environ(), p.Source)
	}
	if len(p.Result.Files) > 0 {
		plan.Spec = p.Result.Files[0].Text()
	}
	for _, in := range pipeline.Root.Inputs {
		if in.Secret {
			plan.Secrets = append(plan.Secrets, in.Name.Text)
		}
	}
	r.rec, err = record.Start(ctx, store, r.opt, plan)
	if err != nil {
		r.told.close(ctx, a)
		return nil, errors.Join(fmt.Errorf("the run cannot be recorded in %s, so it was not started: %w", blob.Name(c.Metadata), err), store.Close())
	}
	return r, nil
}

// slo is what the pipeline promises, as it is recorded.
func slo(s *ir.SLO) *metadata.SLO {
	if s == nil {
		return nil
	}
	out := &metadata.SLO{}
	for to, goal := range map[*float64]*ir.Goal{&out.Success: s.Success, &out.Duration: s.Duration, &out.Quantile: s.Quantile, &out.Window: s.Window} {
		if goal != nil {
			*to = goal.Value
		}
	}
	return out
}

// Options are those of every recorder here.
func Options(a *app.App, c *config.Config) (record.Options, error) {
	key, err := a.SealKey(c)
	return record.Options{By: a.Writer(), Now: a.Now, Key: key}, err
}

func (r *Recording) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.late = err
}

// Submitted records that the run exists.
func (r *Recording) Submitted(ctx context.Context, run *backend.Run) {
	if err := r.rec.Submitted(context.WithoutCancel(ctx), run); err != nil {
		r.app.Warnf("the run exists, but could not be recorded: %v", err)
	}
}

// NotSubmitted records that the run could not be created.
func (r *Recording) NotSubmitted(ctx context.Context, why error) {
	if err := r.rec.NotSubmitted(context.WithoutCancel(ctx), why); err != nil {
		r.app.Warnf("metadata: %v", err)
	}
}

// Same forgets the intent, since the run was there already. Where that run is
// recorded here, its record is gone on with.
func (r *Recording) Same(ctx context.Context, run *backend.Run) {
	ctx, other := context.WithoutCancel(ctx), run.ID
	if err := r.forget(ctx, other); err != nil {
		r.app.Warnf("metadata: %v", err)
		return
	}
	known, err := r.store.Load(ctx, metadata.Query{Run: string(other), Limit: 1})
	if err != nil {
		r.app.Warnf("metadata: %v", err)
		return
	}
	if len(known.Runs) == 0 {
		return
	}
	if err := r.rec.Close(ctx); err != nil {
		r.app.Warnf("metadata: %v", err)
	}
	r.ID = other
	r.told.resume(known.Runs[0])
	r.before = known.Runs[0]
	r.rec = record.Resume(r.store, r.opt, r.before)
	if r.before.State == metadata.Planned || r.before.UID == "" {
		r.Submitted(ctx, run) // who submitted it did not live to hear of it
	}
}

func (r *Recording) forget(ctx context.Context, other backend.RunID) error {
	chain := metadata.Chain{Run: string(r.ID), By: r.app.Writer(), Now: r.app.Now}
	events, err := chain.Events([]metadata.Record{{Deleted: &metadata.DeletedRecord{
		At: r.app.Now().UTC(), Reason: "the idempotency key belongs to run " + string(other),
	}}})
	for _, e := range events {
		if err == nil {
			err = r.store.Append(ctx, e)
		}
	}
	return err
}

// Tee records events on their way.
func (r *Recording) Tee(events iter.Seq2[backend.Event, error]) iter.Seq2[backend.Event, error] {
	return r.rec.Tee(events)
}

// Document is the run as it is recorded by now, secrets left out; where it
// cannot be had, what the runner says of it.
func (r *Recording) Document(ctx context.Context, seen *backend.Run, engine string) report.Run {
	run, err := r.rec.Run(context.WithoutCancel(ctx))
	if run == nil || string(seen.ID) != run.ID {
		doc := report.FromBackend(seen)
		doc.Engine = engine
		return doc
	}
	if err != nil && r.app.Getenv("KFPGO_DEBUG") != "" {
		r.app.Warnf("metadata: %v", err)
	}
	return report.FromMetadata(run)
}

// Record takes an event. It may be called from several goroutines.
func (r *Recording) Record(e backend.Event) { r.rec.Record(e) }

// Before is what was recorded of the run before this process, nil: nothing.
func (r *Recording) Before() *metadata.Run { return r.before }

// Close writes what is pending, also after Ctrl-C.
func (r *Recording) Close(ctx context.Context) {
	err := r.rec.Close(context.WithoutCancel(ctx))
	r.mu.Lock()
	late := r.late
	r.mu.Unlock()
	if err != nil {
		r.app.Warnf("the record of the run is incomplete: %v", err)
	} else if late != nil && r.app.Getenv("KFPGO_DEBUG") != "" {
		r.app.Warnf("metadata: written late: %v", late)
	}
	r.told.close(context.WithoutCancel(ctx), r.app)
	r.maintain(ctx)
	if err := r.store.Close(); err != nil {
		r.app.Warnf("metadata: %v", err)
	}
}

// maintain has the store keep itself small, unless the user wants to go.
func (r *Recording) maintain(ctx context.Context) {
	m, ok := r.store.(metadata.Maintainer)
	if !ok || ctx.Err() != nil {
		return
	}
	if err := m.Maintain(ctx); err != nil && ctx.Err() == nil && r.app.Getenv("KFPGO_DEBUG") != "" {
		r.app.Warnf("metadata: compaction: %v", err)
	}
}
