package local

import (
	"testing"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/backendtest"
)

func TestRunner(t *testing.T) {
	backendtest.Test(t, backendtest.Harness{New: func(t *testing.T) backend.Runner { return newRunner(t) }})
}

// A later process sees the finished runs of this one.
func TestRunnerOfALaterProcess(t *testing.T) {
	for _, c := range backendtest.Cases() {
		if c.Blocks != "" {
			continue
		}
		l := newRunner(t)
		r := wait(t, l, submit(t, l, c.Pipeline, c.Args).ID)
		later := New(Options{Dir: l.opt.Dir})
		got := wait(t, later, r.ID)
		if explain(got) != explain(r) {
			t.Errorf("%s: got %s, want %s", c.Name, explain(got), explain(r))
		}
		for line, err := range later.Logs(t.Context(), r.ID, backend.LogOptions{Follow: true}) {
			if err != nil || line.Text == "" {
				t.Errorf("%s: %v %v", c.Name, line, err)
			}
		}
	}
}
