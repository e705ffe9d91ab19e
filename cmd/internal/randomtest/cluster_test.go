//go:build e2e

package randomtest

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/argo"
	"github.com/kfp-go/kfp-go/backend/metadata"
	lowered "github.com/kfp-go/kfp-go/compiler/argo"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/pipelinegen"
)

// patience is how long one run may take in the cluster while others go on beside
// it. No pipeline of the generator may hang.
const patience = 5 * time.Minute

// In the cluster every run ends, and it ends as the model says and as it does
// here.
func TestE2ERandom(t *testing.T) {
	n := setting(t, "cluster", 20)
	runner, err := argo.New(argo.Options{Namespace: os.Getenv("KFPGO_E2E_NAMESPACE")})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	next := make(chan int)
	pods, failed, bodies := 0, 0, 0
	for range 6 {
		wg.Go(func() {
			for i := range next {
				s := draw(t, i, pipelinegen.Options{Size: 9, MaxPods: 8})
				begun := time.Now()
				wrong := agrees(t, runner, s)
				t.Logf("%s: %d pods, failed %v, body failed under a good finally %v: %s", s, s.Want.Pods, s.Want.Failed, s.Want.BodyFailed, time.Since(begun).Round(time.Second))
				if wrong != "" {
					t.Errorf("%s: %s\n%s", s, wrong, keep(t, s))
				}
			}
		})
	}
	for i := range n {
		s := draw(t, i, pipelinegen.Options{Size: 9, MaxPods: 8})
		pods += s.Want.Pods
		if s.Want.Failed {
			failed++
		}
		if s.Want.BodyFailed {
			bodies++
			if !s.Want.Failed {
				t.Errorf("%s: a body fails and the run is to succeed", s)
			}
		}
		next <- i
	}
	close(next)
	wg.Wait()
	t.Logf("%d runs, %d of them to fail, %d with an exit task that succeeds behind a body that fails, %d pods", n, failed, bodies, pods)
	if n >= 8 && bodies == 0 {
		t.Error("in no run a body fails whose exit task succeeds")
	}
}

// What the compiler accepts of pipelines with changed references ends in the
// cluster too, and as it does here.
func TestE2ERandomMutants(t *testing.T) {
	runner, err := argo.New(argo.Options{Namespace: os.Getenv("KFPGO_E2E_NAMESPACE")})
	if err != nil {
		t.Fatal(err)
	}
	list, _ := drawMutants(t, setting(t, "cluster", 20)/2, pipelinegen.Options{Size: 9, MaxPods: 6})
	slots := make(chan struct{}, 6)
	for _, s := range list {
		t.Run(fmt.Sprint(s.opt.Dialect, s.opt.Seed), func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
			b, err := there(t, runner, s)
			if err != nil {
				t.Fatalf("%v\n%s", err, keep(t, s))
			}
			a, err := here(t, s)
			if err != nil {
				t.Fatalf("%v\n%s", err, keep(t, s))
			}
			if wrong := agree(seen(a), seen(b)); wrong != "" {
				t.Errorf("%s\n%s", wrong, keep(t, s))
			}
		})
	}
}

// agrees says where the cluster differs from the model or from this machine, ""
// if nowhere.
func agrees(t *testing.T, runner *argo.Runner, s sample) string {
	there, err := there(t, runner, s)
	if err != nil {
		return err.Error()
	}
	if wrong := differs(s, seen(there)); wrong != "" {
		return "the cluster: " + wrong
	}
	if wrong := runsHere(t, s); wrong != "" {
		return "this machine: " + wrong
	}
	return ""
}

func there(t *testing.T, runner *argo.Runner, s sample) (*backend.Run, error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	id := backend.RunID(metadata.NewID(time.Now()))
	m, err := manifest(ctx, s, string(id))
	if err != nil {
		return nil, err
	}
	if _, err := runner.Submit(ctx, backend.Submission{ID: id, Manifest: m, Args: s.Args}); err != nil {
		return nil, err
	}
	for _, err := range runner.Watch(ctx, id) {
		if ctx.Err() != nil {
			stop, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err = runner.Cancel(stop, id)
			return nil, fmt.Errorf("the run does not end (stopped: %v)", err)
		}
		if err != nil {
			return nil, err
		}
	}
	return runner.Get(ctx, id)
}

// manifest is the Workflow of a sample; the cluster removes it by itself.
func manifest(ctx context.Context, s sample, id string) ([]byte, error) {
	res, _, wrong := compile(ctx, s)
	if wrong != "" {
		return nil, fmt.Errorf("it does not compile: %s", wrong)
	}
	keep := int64(180)
	res.Pipeline.TTL = &ir.TTL{Completion: &keep}
	m, err := lowered.Lower(res.Pipeline, res.Info, lowered.Options{Args: s.Args, RunID: id}, func(diag.Diagnostic) {})
	if err != nil {
		return nil, err
	}
	return m.YAML, nil
}

// agree says where the same pipeline did other things in two places.
func agree(a, b result) string {
	var out strings.Builder
	if a.state != b.state {
		fmt.Fprintf(&out, "the run %s here, %s there\n", a.state, b.state)
	}
	for _, name := range union(a.outputs, b.outputs) {
		if !reflect.DeepEqual(a.outputs[name], b.outputs[name]) {
			fmt.Fprintf(&out, "output %s is %#v here, %#v there\n", name, a.outputs[name], b.outputs[name])
		}
	}
	for _, path := range union(a.tasks, b.tasks) {
		if a.tasks[path] != b.tasks[path] {
			fmt.Fprintf(&out, "task %s %q here, %q there\n", path, a.tasks[path], b.tasks[path])
		}
	}
	if out.Len() > 0 {
		out.WriteString(a.message + "\n" + b.message)
	}
	return out.String()
}
