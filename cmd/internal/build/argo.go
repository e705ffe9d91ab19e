package build

import (
	"github.com/kfp-go/kfp-go/backend/argo/verify"
	"slices"

	"context"
	"encoding/json"
	"fmt"
	"github.com/kfp-go/kfp-go/compiler"
	"strings"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
	"github.com/kfp-go/kfp-go/compiler/argo"
	"github.com/kfp-go/kfp-go/compiler/diag/render"
)

// autoTasks is up to how many container tasks Argo's validator judges a
// manifest when nothing else is said: beyond, it would take longer than all
// else together.
const autoTasks = 300

// ArgoCheck puts a manifest through Argo's own validator, as the settings say.
// What Argo refuses becomes a finding of the result.
func ArgoCheck(ctx context.Context, a *app.App, c *config.Config, res *compiler.Result) error {
	if res.Manifest == nil || c.ArgoCheck == "never" {
		return nil
	}
	if c.ArgoCheck == "auto" && res.Manifest.Pods > autoTasks {
		a.Notef("note: not put through Argo's validator, which is slow for more than %d tasks; --argo-check=always does", autoTasks)
		return nil
	}
	findings, err := a.Verify(ctx, res.Manifest.YAML)
	if err != nil {
		return err
	}
	res.Diagnostics = append(res.Diagnostics, findings...)
	return nil
}

// Sizes of manifests, in bytes of JSON, as the cluster counts.
const (
	WarnSize = 512 << 10
	MaxSize  = 1 << 20
)

// Size is how large the manifest is for the cluster.
func Size(m *argo.Manifest) (int, error) {
	data, err := json.Marshal(m.Object)
	return len(data), err
}

// TellSize says on standard error how large a manifest is, and warns of what a
// cluster may refuse.
func TellSize(a *app.App, m *argo.Manifest) {
	size, err := Size(m)
	if err != nil {
		a.Warnf("the manifest's size is unknown: %v", err)
		return
	}
	a.Notef("%s: %s, %s", m.Name, tasks(m.Pods), term.Bytes(int64(size)))
	switch {
	case size > MaxSize:
		a.Warnf("Argo works with up to %s; the biggest parts: %s", term.Bytes(MaxSize), Biggest(m, 3))
	case size > WarnSize:
		a.Warnf("this is large: Argo works with up to %s; the biggest parts: %s", term.Bytes(MaxSize), Biggest(m, 3))
	}
}

func tasks(n int) string {
	if n == 1 {
		return "1 pod"
	}
	return fmt.Sprintf("%d pods", n)
}

// Biggest names the largest templates of a manifest.
func Biggest(m *argo.Manifest, n int) string {
	var parts []string
	for _, s := range m.Sizes[:min(n, len(m.Sizes))] {
		parts = append(parts, fmt.Sprintf("%s (%s)", s.Template, term.Bytes(int64(s.Bytes))))
	}
	return strings.Join(parts, ", ")
}

// Tool is what reports say of kfp-go.
func Tool(a *app.App) render.Tool {
	return render.Tool{Name: "kfp-go", Version: a.Build.Version, Codes: slices.Concat(compiler.Catalogue(), verify.Codes)}
}
