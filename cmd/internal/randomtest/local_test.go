package randomtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/local"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/compiler/pipelinegen"
)

// A run on this machine ends as the model says: state, outputs, which tasks ran,
// failed and were skipped, and how often each was tried.
func TestLocal(t *testing.T) {
	eachHere(t, setting(t, "local", 200), runsHere)
}

// eachHere draws n pipelines, some at once, and reports what wrong says of each,
// made small first.
func eachHere(t *testing.T, n int, wrong func(testing.TB, sample) string) {
	t.Helper()
	var wg sync.WaitGroup
	next := make(chan int)
	for range 4 {
		wg.Go(func() {
			for i := range next {
				s := draw(t, i, pipelinegen.Options{MaxPods: 10})
				if wrong(t, s) != "" {
					s = smaller(s, func(s sample) bool { return wrong(t, s) != "" })
					t.Errorf("%s: %s\n%s", s, wrong(t, s), keep(t, s))
				}
			}
		})
	}
	for i := 0; i < n && !t.Failed(); i++ {
		next <- i
	}
	close(next)
	wg.Wait()
}

// limit is how long one run may take here: all programs are tiny.
const limit = 2 * time.Minute

// runsHere says what is wrong with a run on this machine, "" if nothing.
func runsHere(t testing.TB, s sample) string {
	r, err := here(t, s)
	if err != nil {
		return err.Error()
	}
	return differs(s, seen(r))
}

func here(t testing.TB, s sample) (*backend.Run, error) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	res, _, wrong := compile(ctx, s)
	if wrong != "" {
		return nil, fmt.Errorf("it does not compile: %s", wrong)
	}
	dir, err := os.MkdirTemp("", "kfp-go-random-run")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	l := local.New(local.Options{
		Dir: filepath.Join(dir, "runs"), Environ: []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + dir},
		Sleep: func(context.Context, time.Duration) error { return nil },
	})
	defer l.Close()
	id := backend.RunID(metadata.NewID(time.Now()))
	if _, err := l.Submit(ctx, backend.Submission{ID: id, Pipeline: res.Pipeline, Args: s.Args}); err != nil {
		return nil, err
	}
	for _, err := range l.Watch(ctx, id) {
		if err != nil {
			return nil, err
		}
	}
	return l.Get(ctx, id)
}

// A result is what is compared of a run.
type result struct {
	state    string
	outputs  map[string]any
	tasks    map[string]string
	attempts map[string]int
	message  string
}

func seen(r *backend.Run) result {
	out := result{string(r.State), map[string]any{}, map[string]string{}, map[string]int{}, r.Message}
	for name, o := range r.Outputs {
		out.outputs[name] = plain(o)
	}
	for _, t := range r.Tasks {
		out.tasks[t.Path] = string(t.State)
		if t.State != backend.Skipped {
			out.attempts[t.Path] = t.Attempt
		}
		if t.State == backend.Failed {
			out.message += fmt.Sprintf("\n%s: %s", t.Path, t.Message)
		}
	}
	return out
}

func plain(o backend.Output) any {
	switch {
	case o.Artifact != nil:
		return pipelinegen.Artifact{}
	case o.List != nil:
		list := []any{}
		for range o.List {
			list = append(list, pipelinegen.Artifact{})
		}
		return list
	}
	return numbers(o.Value)
}

// numbers makes all numbers doubles, as JSON has them.
func numbers(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = numbers(x)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = numbers(x)
		}
		return out
	}
	return v
}

// differs says where a run is not what the model says.
func differs(s sample, got result) string {
	var b strings.Builder
	state := "succeeded"
	if s.Want.Failed {
		state = "failed"
	}
	if got.state != state {
		fmt.Fprintf(&b, "the run %s, wanted %s\n", got.state, state)
	}
	outputs := numbers(s.Want.Outputs).(map[string]any)
	for _, name := range union(outputs, got.outputs) {
		if !reflect.DeepEqual(outputs[name], got.outputs[name]) {
			fmt.Fprintf(&b, "output %s is\n    %q, wanted\n    %q\n", name, fmt.Sprintf("%#v", got.outputs[name]), fmt.Sprintf("%#v", outputs[name]))
		}
	}
	for _, path := range union(s.Want.Tasks, got.tasks) {
		if s.Want.Tasks[path] != got.tasks[path] {
			fmt.Fprintf(&b, "task %s %q, wanted %q\n", path, got.tasks[path], s.Want.Tasks[path])
		}
	}
	for path := range s.Want.Attempts {
		if s.Want.Attempts[path] != got.attempts[path] {
			fmt.Fprintf(&b, "task %s took %d attempts, wanted %d\n", path, got.attempts[path], s.Want.Attempts[path])
		}
	}
	if b.Len() > 0 && got.message != "" {
		b.WriteString(got.message + "\n")
	}
	return b.String()
}

func union[V any](a, b map[string]V) []string {
	var out []string
	for k := range a {
		out = append(out, k)
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}
