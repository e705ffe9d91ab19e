package fake

import (
	"errors"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/backendtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pretend makes a script of what a case expects.
func pretend(c backendtest.Case) Script {
	s := Script{Outputs: values(c.Outputs)}
	var last []Step
	for _, t := range c.Tasks {
		step := Step{
			Path: t.Path, State: t.State, Attempt: t.Attempt, Class: t.Class, Log: t.Log, Outputs: values(t.Outputs),
			Blocks: t.Path == c.Blocks, Finally: t.Finally,
		}
		if t.State == backend.Failed {
			step.ExitCode = &t.Exit
		}
		if t.Finally || t.State == backend.Skipped {
			last = append(last, step)
		} else {
			s.Steps = append(s.Steps, step)
		}
	}
	s.Steps = append(s.Steps, last...)
	return s
}

func values(m map[string]any) map[string]backend.Output {
	out := map[string]backend.Output{}
	for k, v := range m {
		out[k] = backend.Output{Value: v}
	}
	return out
}

func TestRunner(t *testing.T) {
	var mu sync.Mutex
	scripts := map[backend.RunID]Script{}
	backendtest.Test(t, backendtest.Harness{
		New: func(t *testing.T) backend.Runner {
			f := New(Options{Script: func(s backend.Submission) Script {
				mu.Lock()
				defer mu.Unlock()
				return scripts[s.ID]
			}})
			t.Cleanup(f.Close)
			return f
		},
		Prepare: func(_ *testing.T, _ backend.Runner, s *backend.Submission, c backendtest.Case) {
			mu.Lock()
			defer mu.Unlock()
			scripts[s.ID] = pretend(c)
		},
	})
}

func TestErrors(t *testing.T) {
	f := New(Options{Err: func(string) error { return backend.ErrUnavailable }})
	if _, err := f.Submit(t.Context(), backend.Submission{ID: "x"}); !errors.Is(err, backend.ErrUnavailable) {
		t.Errorf("Submit: %v", err)
	}
	for _, err := range f.Watch(t.Context(), "x") {
		if !errors.Is(err, backend.ErrUnavailable) {
			t.Errorf("Watch: %v", err)
		}
	}
}

func TestDefault(t *testing.T) {
	f := New(Options{})
	defer f.Close()
	c := backendtest.Cases()[0]
	r, err := f.Submit(t.Context(), backend.Submission{ID: "x", Pipeline: c.Pipeline})
	if err != nil {
		t.Fatal(err)
	}
	var last *backend.Run
	for e, err := range f.Watch(t.Context(), r.ID) {
		if err != nil {
			t.Fatal(err)
		}
		last = e.Run
	}
	if last == nil || last.State != backend.Succeeded || len(last.Tasks) != 1 || last.Tasks[0].Path != "greet" {
		t.Errorf("%+v", last)
	}
}
