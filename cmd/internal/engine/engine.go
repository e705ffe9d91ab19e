// Package engine finds the runner that a recorded run belongs to: a cluster's
// namespace, or a folder of this machine.
package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/record"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/git"
)

// A Place is where a run goes on, or went on.
type Place struct {
	backend.Runner
	// Sure: what the runner does not know is not there. Otherwise Elsewhere says
	// where the run belongs, and where was looked.
	Sure      bool
	Elsewhere string
}

// An Opener opens the places of runs, each once. The zero value of Note works.
type Opener struct {
	App    *app.App
	Config *config.Config
	Note   func(string) // hears what delays a request
	opened map[string]backend.Runner
}

// Open is the place of a run.
func (o *Opener) Open(ctx context.Context, r *metadata.Run) (*Place, error) {
	if r.Engine == record.Local {
		return o.local(ctx, r)
	}
	return o.cluster(ctx, r)
}

func (o *Opener) once(key string, open func() (backend.Runner, error)) (backend.Runner, error) {
	if runner, ok := o.opened[key]; ok {
		return runner, nil
	}
	runner, err := open()
	if err != nil {
		return nil, err
	}
	if o.opened == nil {
		o.opened = map[string]backend.Runner{}
	}
	o.opened[key] = runner
	return runner, nil
}

func (o *Opener) local(ctx context.Context, r *metadata.Run) (*Place, error) {
	dir := filepath.Join(LocalFolder(o.Config), "runs")
	here := o.App.Writer().Host
	p := &Place{Sure: r.By.Host == here}
	if !p.Sure {
		p.Elsewhere = fmt.Sprintf("it ran on %s, and this is %s", r.By.Host, here)
	} else if filepath.IsAbs(r.Folder) && filepath.Base(r.Folder) == r.ID {
		dir = filepath.Dir(filepath.Clean(r.Folder))
	}
	var err error
	p.Runner, err = o.once("local "+dir, func() (backend.Runner, error) {
		return o.App.Local(ctx, app.LocalOptions{Dir: dir, CacheDir: o.Config.CacheDir, Environ: o.App.Environ()})
	})
	return p, err
}

func (o *Opener) cluster(ctx context.Context, r *metadata.Run) (*Place, error) {
	runner, err := o.Cluster(ctx, r.Namespace)
	if err != nil {
		return nil, err
	}
	if k, ok := runner.(interface {
		Know(id backend.RunID, name, uid string)
	}); ok && r.UID != "" {
		k.Know(backend.RunID(r.ID), r.Workflow, r.UID)
	}
	p := &Place{Runner: runner, Sure: true}
	if host := Host(runner); r.Cluster != "" && host != r.Cluster {
		p.Sure, p.Elsewhere = false, fmt.Sprintf("it is recorded in the cluster %s, and --context leads to %s", r.Cluster, host)
	}
	return p, nil
}

// Cluster is the runner of a namespace, "": the configured one.
func (o *Opener) Cluster(ctx context.Context, namespace string) (backend.Runner, error) {
	c := *o.Config
	if namespace != "" {
		c.Namespace = namespace
	}
	note := o.Note
	if note == nil {
		note = func(string) {}
	}
	return o.once("cluster "+c.Namespace, func() (backend.Runner, error) { return o.App.Cluster(ctx, &c, note) })
}

// Host is the API server that a runner talks to, "" if it talks to none.
func Host(r backend.Runner) string {
	if h, ok := r.(interface{ Host() string }); ok {
		return git.WithoutCredentials(h.Host())
	}
	return ""
}

// Namespace is where the runs of a runner are, "" if it has none.
func Namespace(r backend.Runner) string {
	if n, ok := r.(interface{ Namespace() string }); ok {
		return n.Namespace()
	}
	return ""
}

// LocalFolder holds what local runs leave: the folder of the metadata file, or
// the project's where that lies elsewhere.
func LocalFolder(c *config.Config) string {
	where := strings.TrimPrefix(c.Metadata, "file://")
	if strings.Contains(where, "://") || isFile(where) {
		return filepath.Join(c.Root, ".kfp-go")
	}
	return where
}

func isFile(name string) bool {
	st, err := os.Stat(name)
	return err == nil && st.Mode().IsRegular()
}
