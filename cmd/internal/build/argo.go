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
	"github.com/kfp-go/kfp-go/cmd/internal/python"
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

// clearlyTooBig is a length of YAML that no encoding brings below MaxSize:
// measuring exactly would cost more than it tells.
const clearlyTooBig = 4 * MaxSize

// Size is how large the manifest is for the cluster, in bytes of JSON; beyond
// clearlyTooBig it is the length of the YAML.
func Size(m *argo.Manifest) (int, error) {
	if len(m.YAML) > clearlyTooBig {
		return len(m.YAML), nil
	}
	data, err := json.Marshal(m.Object)
	return len(data), err
}

// TellSize says on standard error how large a manifest is, and warns of what a
// cluster may refuse.
func TellSize(a *app.App, m *argo.Manifest) {
	a.Notef("%s: %s, %s", strings.TrimSuffix(m.Name, "-"), tasks(m.Pods), term.Bytes(int64(len(m.YAML))))
	if len(m.YAML) < WarnSize/2 { // JSON is never twice as long
		return
	}
	size, err := Size(m)
	switch {
	case err != nil:
		a.Warnf("the size for the cluster is unknown: %v", err)
	case size > MaxSize:
		a.Warnf("the cluster would refuse this: Argo works with up to %s of JSON, and this has %s; the biggest parts: %s", term.Bytes(MaxSize), term.Bytes(int64(size)), Biggest(m, 3))
	case size > WarnSize:
		a.Warnf("this is large: Argo works with up to %s of JSON, and this has %s; the biggest parts: %s", term.Bytes(MaxSize), term.Bytes(int64(size)), Biggest(m, 3))
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
	return render.Tool{Name: "kfp-go", Version: a.Build.Version, Codes: slices.Concat(compiler.Catalogue(), verify.Codes, python.Codes)}
}
