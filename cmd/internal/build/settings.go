package build

import (
	"maps"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/compiler/argo"
	"github.com/kfp-go/kfp-go/compiler/lint"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// argoVersion is the version of Argo Workflows that manifests are made for.
const argoVersion = "3.7"

// checkVersion accepts that version and its patch releases.
func checkVersion(v string) error {
	v = strings.TrimPrefix(v, "v")
	if v == "" || v == argoVersion || strings.HasPrefix(v, argoVersion+".") {
		return nil
	}
	return app.WithHint(app.Usagef("--argo-version %q: manifests are made for Argo Workflows %s so far", v, argoVersion), "leave it out, or name a release of "+argoVersion)
}

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }

func compilerLint(m map[string]string) lint.Config { return lint.Config(m) }

func usage(err error) error {
	if err == nil {
		return nil
	}
	return app.Usagef("%v", err)
}

// argoOptions adds the settings to what a command asks.
func argoOptions(c *config.Config, opt argo.Options) argo.Options {
	opt.Namespace = c.Namespace
	opt.ArtifactRoot = c.ArtifactRoot
	opt.Semaphores = c.Semaphores
	opt.Stores = store.NewTable(c.ArtifactStores...)
	opt.Cache = c.Cache
	opt.SuccessState = SuccessState(c)
	opt.ProductLabels = c.AcceleratorLabels
	if len(c.SpotLabels) > 0 || len(c.SpotTaints) > 0 {
		opt.Spot = spotRules(c)
	}
	return opt
}

// SuccessState is what the final status calls success.
func SuccessState(c *config.Config) string {
	if c.FinalState == "kfp" {
		return "COMPLETE"
	}
	return "SUCCEEDED"
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
