package app

import (
	"context"
	"io"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/objects"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// Backends are the places where pipelines run and where records lie: the one
// list of implementations. Each is opened only when a command needs it.
type Backends struct {
	// Local runs pipelines on this machine.
	Local func(ctx context.Context, opt LocalOptions) (backend.Runner, error)
	// Cluster runs them in the cluster that the configuration names; note hears
	// what delays a request.
	Cluster func(ctx context.Context, c *config.Config, note func(string)) (backend.Runner, error)
	// Certainty is how long the cluster is asked for a run that may have been made.
	Certainty time.Duration
	// Store opens the metadata file of a folder or URL.
	Store func(ctx context.Context, url string) (metadata.Store, error)
	// Objects opens objects of artifact stores by their URIs: those that the
	// configuration or the cluster describes, and those that a record does.
	Objects func(ctx context.Context, c *config.Config, recorded store.Table) func(context.Context, string) (io.ReadCloser, error)
	// Artifacts are the objects of a run that the cluster has just told about;
	// found are the stores that it names.
	Artifacts func(c *config.Config, found store.Table) *objects.Source
	// Verify is Argo's own judgement on a manifest.
	Verify func(ctx context.Context, manifest []byte) ([]diag.Diagnostic, error)
}

// LocalOptions say how pipelines run here.
type LocalOptions struct {
	Dir         string // below it each run has its folder
	CacheDir    string
	Parallelism int               // 0: one task for each CPU
	Environ     []string          // of the tasks
	Secrets     map[string]string // SECRET/KEY to value
	CacheAll    bool              // of KFP pipelines, tasks that do not forbid it
	// SuccessState is what the final status of a task calls success.
	SuccessState string
	// Censor gives a run without the secrets that it holds; nil: as it is.
	Censor func(*backend.Run) *backend.Run
	Note   func(string) // hears what a local run does differently
}
