package e2e

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/local"
	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// The pipelines of the contract by the local runner, without a cluster: those
// that need nothing but a shell. Each must also give a manifest.
func TestContractHere(t *testing.T) {
	for name, c := range contracts {
		if c.python {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := execute(t, c)
			want := backend.Succeeded
			if c.state != "" {
				want = backend.State(c.state)
			}
			if r.State != want {
				t.Errorf("%s, want %s: %s", r.State, want, r.Message)
			}
			for path, state := range c.tasks {
				if got := endOf(r, path); string(got) != state {
					t.Errorf("task %s: %q, want %q", path, got, state)
				}
			}
			for k, v := range c.outputs {
				if got := asJSON(t, r.Outputs[k].Value); !reflect.DeepEqual(got, v) {
					t.Errorf("%s is\n%#v, want\n%#v", k, got, v)
				}
			}
			if len(r.Outputs) != len(c.outputs) {
				t.Errorf("%d outputs, want %d: %v", len(r.Outputs), len(c.outputs), r.Outputs)
			}
		})
	}
}

func execute(t *testing.T, c contract) *backend.Run {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "contract", c.file+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var opt compiler.Options
	for i, a := range c.args {
		if given, ok := compiler.SplitArgument(a); ok && c.args[i-1] == "-p" {
			opt.Arguments = append(opt.Arguments, given)
		}
	}
	res, err := compiler.Compile(t.Context(), source.NewFile(c.file+".yaml", text), opt)
	if err != nil || diag.HasErrors(res.Diagnostics) {
		t.Fatal(err, res.Diagnostics)
	}
	runner := local.New(local.Options{Dir: t.TempDir()})
	t.Cleanup(runner.Close)
	r, err := runner.Submit(t.Context(), backend.Submission{ID: "r", Pipeline: res.Pipeline, Args: res.Args})
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range runner.Watch(context.WithoutCancel(t.Context()), r.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Run != nil {
			r = e.Run
		}
	}
	return r
}

// endOf is the state of a task, "" if there is none.
func endOf(r *backend.Run, path string) backend.State {
	for i := range r.Tasks {
		if r.Tasks[i].Path == path {
			return r.Tasks[i].State
		}
	}
	return ""
}

// asJSON is a value as it comes out of JSON.
func asJSON(t *testing.T, v any) (out any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
