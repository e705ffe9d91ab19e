package lineage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// A growing store has one run; the n-th look at it is the n-th state.
type growing struct {
	metadata.Store
	states []*metadata.Run
	looks  []time.Time
}

func (g *growing) Load(context.Context, metadata.Query) (*metadata.Snapshot, error) {
	g.looks = append(g.looks, time.Now())
	i := len(g.looks)
	if i >= len(g.states) {
		i = len(g.states) - 1
	}
	if g.states[i] == nil {
		return &metadata.Snapshot{}, nil
	}
	return &metadata.Snapshot{Runs: []*metadata.Run{g.states[i]}}, nil
}

func state(s metadata.State, edges ...string) *metadata.Run {
	r := &metadata.Run{ID: "01a20ac3-ce8a-7959-8e41-3b5c7ae6426c", RunRecord: metadata.RunRecord{Name: "r", State: s}}
	for _, e := range edges {
		task, rest, _ := strings.Cut(e, " ")
		dir, uri, _ := strings.Cut(rest, " ")
		r.Artifacts = append(r.Artifacts, &metadata.ArtifactRecord{Task: task, Dir: dir, Name: "data", URI: uri, Type: "system.Model", Bytes: 3})
	}
	return r
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet := state(metadata.Running, "a out s3://b/1")
		states := []*metadata.Run{state(metadata.Submitted), state(metadata.Running), quiet}
		for range 9 {
			states = append(states, quiet)
		}
		store := &growing{states: append(states, state(metadata.Succeeded, "a out s3://b/1", "b in s3://b/1", "b out s3://b/2\x1b[2J"))}
		s, b := iostreams.Test()
		f := &follower{out: s.Out, theme: term.OutTheme(s), said: map[edgeID]bool{}}
		began := time.Now()
		last, err := f.run(t.Context(), store, store.states[0])
		if err != nil || last.State != metadata.Succeeded {
			t.Fatal(last, err)
		}
		want := "a wrote data s3://b/1 (Model, 3 B)\nb read data s3://b/1 (Model, 3 B)\nb wrote data s3://b/2␛[2J (Model, 3 B)\n"
		if b.Out.String() != want {
			t.Errorf("got\n%s\nwant\n%s", b.Out, want)
		}
		if first, longest := store.looks[0].Sub(began), gap(store.looks); first > 2*time.Second || longest != longPause {
			t.Errorf("the first look after %v, the longest pause %v", first, longest)
		}
	})
}

func gap(looks []time.Time) (longest time.Duration) {
	for i := 1; i < len(looks); i++ {
		longest = max(longest, looks[i].Sub(looks[i-1]))
	}
	return longest
}

// Whoever follows is told when the record goes away, and stops at once when
// interrupted.
func TestFollowEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, b := iostreams.Test()
		f := &follower{out: s.Out, json: true, said: map[edgeID]bool{}}
		if _, err := f.run(t.Context(), &growing{states: []*metadata.Run{nil, nil}}, state(metadata.Running, "a in s3://b/1")); err == nil || !strings.Contains(err.Error(), "deleted") {
			t.Errorf("a deleted run: %v", err)
		}
		if want := `{"apiVersion":"kfp-go/v1","kind":"LineageEdge","run":"01a20ac3-ce8a-7959-8e41-3b5c7ae6426c","task":"a","dir":"in","name":"data","artifact":{"uri":"s3://b/1","type":"system.Model","bytes":3}}`; strings.TrimSpace(b.Out.String()) != want {
			t.Errorf("got  %s\nwant %s", b.Out, want)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := f.run(ctx, &growing{states: []*metadata.Run{state(metadata.Running)}}, state(metadata.Running))
			done <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", fmt.Sprint(err))
		}
	})
}
