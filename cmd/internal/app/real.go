package app

import (
	"context"
	"io"
	"os"
	"slices"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/argo"
	"github.com/kfp-go/kfp-go/backend/argo/verify"
	"github.com/kfp-go/kfp-go/backend/local"
	"github.com/kfp-go/kfp-go/backend/metadata/blob"
	"github.com/kfp-go/kfp-go/backend/objects"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// RealBackends are those of a real process.
func RealBackends(b Build) Backends {
	return Backends{
		Local: openLocal,
		Cluster: func(_ context.Context, c *config.Config, note func(string)) (backend.Runner, error) {
			r, err := openCluster(c, b, note)
			if err != nil {
				return nil, err
			}
			return r, nil
		},
		Certainty: 5 * time.Second,
		Store:     blob.Open,
		Objects: func(ctx context.Context, c *config.Config, recorded store.Table) func(context.Context, string) (io.ReadCloser, error) {
			return openObjects(ctx, c, b, recorded)
		},
		Artifacts: func(c *config.Config, found store.Table) *objects.Source {
			source := &objects.Source{Stores: described(c, found)}
			if r, err := openCluster(c, b, func(string) {}); err == nil {
				source.Secret = r.Secret
			}
			return source
		},
		Verify: verify.Check,
	}
}

func openLocal(_ context.Context, opt LocalOptions) (backend.Runner, error) {
	out := local.Options{
		Dir: opt.Dir, CacheDir: opt.CacheDir, Parallelism: opt.Parallelism,
		Environ: opt.Environ, Secrets: opt.Secrets, CacheAll: opt.CacheAll,
		SuccessState: opt.SuccessState, Censor: opt.Censor,
	}
	if opt.Note != nil {
		out.Note = func(_ backend.RunID, text string) { opt.Note(text) }
	}
	return local.New(out), nil
}

func openCluster(c *config.Config, b Build, note func(string)) (*argo.Runner, error) {
	var r *argo.Runner
	r, err := argo.New(argo.Options{
		Kubeconfig: c.Kubeconfig, Context: c.Context, Namespace: c.Namespace,
		UserAgent: "kfp-go/" + b.Version, Notice: note,
		Server: argo.ServerOptions{URL: c.ArgoServer, Token: os.Getenv("ARGO_TOKEN"), Insecure: os.Getenv("ARGO_INSECURE_SKIP_VERIFY") == "true"},
		Archive: func(ctx context.Context, uri string, stores store.Table) (io.ReadCloser, error) {
			source := objects.Source{Stores: described(c, stores), Secret: r.Secret}
			return source.Open(ctx, uri)
		},
	})
	return r, err
}

// described are the stores of the configuration and those of the cluster; the
// former count.
func described(c *config.Config, cluster store.Table) store.Table {
	return store.NewTable(append(slices.Clip(c.ArtifactStores), cluster...)...)
}

// openObjects asks the cluster which stores it knows, if there is one.
func openObjects(ctx context.Context, c *config.Config, b Build, recorded store.Table) func(context.Context, string) (io.ReadCloser, error) {
	source := &objects.Source{Stores: described(c, nil), Recorded: recorded}
	if r, err := openCluster(c, b, func(string) {}); err == nil {
		source.Secret = r.Secret
		if known, err := r.Stores(ctx); err == nil {
			source.Stores = described(c, known)
		}
	}
	return source.Open
}
