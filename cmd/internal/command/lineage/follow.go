package lineage

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// How long a store is left alone between two looks: at first shortly, longer
// while nothing happens.
const (
	shortPause = time.Second
	longPause  = 15 * time.Second
)

// An Edge is one line of JSON of lineage -f: a task read (in) or wrote (out)
// an artifact.
type Edge struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"` // LineageEdge
	Run        string          `json:"run"`
	Task       string          `json:"task"`
	Dir        string          `json:"dir"`
	Name       string          `json:"name"`
	Artifact   report.Artifact `json:"artifact"`
}

func followRun(ctx context.Context, store metadata.Store, opt *Options) error {
	if opt.Up || opt.Down || opt.Depth != 0 {
		return app.Usagef("-f shows what one run reads and writes: --up, --down and --depth have no meaning with it")
	}
	if opt.Form != "text" && opt.Form != "json" {
		return app.Usagef("-f answers in text or json, not in %s", opt.Form)
	}
	r, err := wholeRun(ctx, store, opt.Target, "-f")
	if err != nil {
		return err
	}
	f := &follower{out: opt.App.IO.Out, json: opt.Form == "json", theme: term.OutTheme(opt.App.IO), said: map[edgeID]bool{}}
	last, err := f.run(ctx, store, r)
	if app.Cause(ctx) != nil {
		return app.Cause(ctx)
	}
	if err == nil {
		opt.App.Notef("%s is over: %s", runName(last), term.Clean(string(last.State)))
	}
	return err
}

type edgeID struct{ task, dir, name, uri string }

// A follower says each edge of a run once.
type follower struct {
	out   io.Writer
	json  bool
	theme *term.Theme
	said  map[edgeID]bool
}

// run says what is known of the run and looks again until it has ended.
func (f *follower) run(ctx context.Context, store metadata.Store, r *metadata.Run) (*metadata.Run, error) {
	pause := shortPause
	for {
		news, err := f.tell(r)
		if err != nil || r.State.Final() {
			return r, err
		}
		if pause = min(pause*3/2, longPause); news {
			pause = shortPause
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return r, ctx.Err()
		}
		snap, err := store.Load(ctx, metadata.Query{Run: r.ID, Limit: 1})
		if err != nil {
			return r, err
		}
		if len(snap.Runs) == 0 {
			return r, app.Failf("the record of run %s was deleted meanwhile", runName(r))
		}
		r = snap.Runs[0]
	}
}

func (f *follower) tell(r *metadata.Run) (news bool, err error) {
	for _, a := range r.Artifacts {
		id := edgeID{a.Task, a.Dir, a.Name, a.URI}
		if f.said[id] {
			continue
		}
		f.said[id], news = true, true
		if err := f.edge(r, a); err != nil {
			return news, err
		}
	}
	return news, nil
}

func (f *follower) edge(r *metadata.Run, a *metadata.ArtifactRecord) error {
	if f.json {
		e := Edge{APIVersion: report.APIVersion, Kind: "LineageEdge", Run: r.ID, Task: a.Task, Dir: a.Dir, Name: a.Name,
			Artifact: report.Artifact{URI: a.URI, Type: a.Type, Digest: a.Digest, Metadata: a.Metadata}}
		if a.Bytes > 0 {
			e.Artifact.Bytes = &a.Bytes
		}
		enc := json.NewEncoder(f.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(e)
	}
	task := f.theme.Bold(term.Clean(a.Task))
	if a.Task == "" {
		task = f.theme.Bold("the run itself")
	}
	what := f.theme.Name(term.Clean(a.Name)) + " " + term.Clean(a.URI)
	var facts []string
	if kind := strings.TrimPrefix(a.Type, "system."); kind != "" {
		facts = append(facts, term.Clean(kind))
	}
	if a.Bytes > 0 {
		facts = append(facts, term.Bytes(a.Bytes))
	}
	if len(facts) > 0 {
		what += f.theme.Dim(" (" + strings.Join(facts, ", ") + ")")
	}
	verb := "read"
	if a.Dir == metadata.Out {
		verb = "wrote"
	}
	_, err := fmt.Fprintf(f.out, "%s %s %s\n", task, verb, what)
	return err
}
