package app

import (
	"context"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/argo"
	"github.com/kfp-go/kfp-go/backend/argo/verify"
	"github.com/kfp-go/kfp-go/backend/local"
	"github.com/kfp-go/kfp-go/backend/metadata/blob"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
)

// RealBackends are those of a real process.
func RealBackends(b Build) Backends {
	return Backends{
		Local: openLocal,
		Cluster: func(_ context.Context, c *config.Config, note func(string)) (backend.Runner, error) {
			return openCluster(c, b, note)
		},
		Store:  blob.Open,
		Verify: verify.Check,
	}
}

func openLocal(_ context.Context, opt LocalOptions) (backend.Runner, error) {
	out := local.Options{
		Dir: opt.Dir, CacheDir: opt.CacheDir, Parallelism: opt.Parallelism,
		Environ: opt.Environ, Secrets: opt.Secrets, CacheAll: opt.CacheAll,
		SuccessState: opt.SuccessState,
	}
	if opt.Note != nil {
		out.Note = func(_ backend.RunID, text string) { opt.Note(text) }
	}
	return local.New(out), nil
}

func openCluster(c *config.Config, b Build, note func(string)) (backend.Runner, error) {
	return argo.New(argo.Options{
		Kubeconfig: c.Kubeconfig, Context: c.Context, Namespace: c.Namespace,
		UserAgent: "kfp-go/" + b.Version, Notice: note,
	})
}
