// Package catchup completes the record of runs whose writer is gone: from the
// cluster, from Argo's archive, from the folder of a local run. Its idea: it
// only says what it sees, so it can be done by anybody, again, and by several at
// once.
package catchup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/argo"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/record"
	"github.com/kfp-go/kfp-go/cmd/internal/engine"
	"github.com/kfp-go/kfp-go/cmd/internal/measure"
)

// A Keeper completes records of one store.
type Keeper struct {
	Store   metadata.Store
	Engines *engine.Opener
	Options record.Options
	Now     func() time.Time
	// Grace is how long a run that was planned may take to appear.
	Grace time.Duration
	// Measurer, if set, finds out about the artifacts of cluster runs that are
	// over.
	Measurer *measure.Measurer
}

// An Outcome is what became of the record of one run.
type Outcome struct {
	Run   *metadata.Run // as it is recorded now
	Was   metadata.State
	New   bool   // it was not recorded before
	Fresh bool   // something was written
	Note  string // why nothing could be learned, or "": all is well
}

// Run completes the record of a run. Its error is that of the store; what a
// cluster or folder would not tell is in the outcome.
func (k *Keeper) Run(ctx context.Context, r *metadata.Run) (*Outcome, error) {
	out := &Outcome{Run: r, Was: r.State}
	place, err := k.Engines.Open(ctx, r)
	if err != nil {
		out.Note = err.Error()
		return out, ctx.Err()
	}
	run, err := place.Get(ctx, backend.RunID(r.ID))
	switch {
	case err == nil:
		return out, k.tell(ctx, out, record.Resume(k.Store, k.Options, r), k.measured(ctx, r, run))
	case ctx.Err() != nil:
		return out, ctx.Err()
	case !errors.Is(err, backend.ErrNotFound):
		out.Note = err.Error()
	case !place.Sure:
		out.Note = place.Elsewhere
	case r.State.Final(): // and nobody knows more
	case r.State == metadata.Planned && k.Now().Sub(r.Created) < k.Grace:
		out.Note = fmt.Sprintf("it was planned %s ago and may still come", k.Now().Sub(r.Created).Round(time.Second))
	default:
		return out, k.lose(ctx, out)
	}
	return out, nil
}

// measured is the run with what can be learned of its artifacts.
func (k *Keeper) measured(ctx context.Context, recorded *metadata.Run, run *backend.Run) *backend.Run {
	if k.Measurer == nil || !run.State.Final() || recorded != nil && recorded.Engine != record.Argo {
		return run
	}
	return k.Measurer.Run(recorded).Measure(ctx, run)
}

// tell records what was seen of a run.
func (k *Keeper) tell(ctx context.Context, out *Outcome, rec *record.Recorder, run *backend.Run) error {
	now := k.Now()
	rec.Record(backend.Event{Time: now, Run: run})
	for _, t := range run.Tasks {
		rec.Record(backend.Event{Time: now, Task: t})
	}
	if err := rec.Close(ctx); err != nil {
		return err
	}
	return k.reload(ctx, out, string(run.ID))
}

// lose records that a run will not be heard of again.
func (k *Keeper) lose(ctx context.Context, out *Outcome) error {
	why := "its Workflow is gone, and nobody recorded how it ended"
	switch {
	case out.Run.State == metadata.Planned:
		why = "it was planned and never began"
	case out.Run.Engine == record.Local:
		why = "its folder is gone, and nobody recorded how it ended"
	}
	if err := record.Resume(k.Store, k.Options, out.Run).Lost(ctx, why); err != nil {
		return err
	}
	return k.reload(ctx, out, out.Run.ID)
}

func (k *Keeper) reload(ctx context.Context, out *Outcome, id string) error {
	snap, err := k.Store.Load(ctx, metadata.Query{Run: id, Limit: 1, Deleted: true})
	if err != nil || len(snap.Runs) == 0 {
		return err
	}
	before := out.Run
	out.Run = snap.Runs[0]
	out.Fresh = before == nil || out.Run.Updated.After(before.Updated)
	return nil
}

// Found completes the record of a run that was found in a cluster, or makes
// one. known is what is recorded of it, in short; nil: nothing.
func (k *Keeper) Found(ctx context.Context, runner backend.Runner, f *argo.Found, known *metadata.Run) (*Outcome, error) {
	out := &Outcome{Run: known}
	if known != nil {
		out.Was = known.State
		if known.Deleted || known.State.Final() && known.State != metadata.Lost && metadata.State(f.State) == known.State {
			return out, nil
		}
		if err := k.reload(ctx, out, known.ID); err != nil {
			return out, err
		}
		out.Fresh = false
	}
	run, err := f.Run(ctx)
	if err != nil {
		if out.Run == nil {
			out.Run = &metadata.Run{ID: string(f.ID), RunRecord: metadata.RunRecord{Name: f.Name, State: metadata.State(f.State)}}
		}
		out.Note = err.Error()
		return out, ctx.Err()
	}
	if known != nil {
		return out, k.tell(ctx, out, record.Resume(k.Store, k.Options, out.Run), k.measured(ctx, out.Run, run))
	}
	out.New = true
	manifest, err := f.Manifest()
	if err != nil {
		return out, err
	}
	rec, err := record.Adopt(ctx, k.Store, k.Options, record.Plan{
		ID: run.ID, Engine: record.Argo, Cluster: engine.Host(runner), Labels: f.Labels, Manifest: manifest,
	}, run)
	if err != nil {
		return out, err
	}
	return out, k.tell(ctx, out, rec, k.measured(ctx, nil, run))
}
