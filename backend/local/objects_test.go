package local

import (
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// Names of things that only a cluster has: what is absent is left out, what is
// empty fails the task, here as there.
func TestObjects(t *testing.T) {
	note := script(`printf '%s' "${A-none}${B-none}" > "$OUTPUT_O"`, nil, ports(port("o", str)))
	inputs := ports(optional("none", str), port("empty", str), port("list", list))
	for _, x := range []struct {
		name string
		set  ir.Settings
		want string // of the failure, "": there is none
	}{
		{"left out", ir.Settings{
			Env:     []*ir.EnvVar{{Name: id("A"), Secret: &ir.KeyRef{Name: in("none"), Key: lit("k")}}, {Name: id("B"), ConfigMap: &ir.KeyRef{Name: in("none"), Key: lit("k")}}},
			EnvFrom: []*ir.EnvFrom{{Secret: in("none")}}, Volumes: []*ir.Volume{{Path: "/a", Secret: in("none")}, {Path: "/b", ConfigMap: in("none")}},
			ImagePullSecrets: []ir.Value{in("none")}, Affinity: []ir.Value{in("none")}, Tolerations: []ir.Value{in("none"), in("list")},
			NodeSelectorFrom: in("none"), SecurityContext: in("none"),
		}, ""},
		{"secret", ir.Settings{Env: []*ir.EnvVar{{Name: id("A"), Secret: &ir.KeyRef{Name: in("empty"), Key: lit("k")}}}}, "is empty"},
		{"env from", ir.Settings{EnvFrom: []*ir.EnvFrom{{ConfigMap: in("empty")}}}, "is empty"},
		{"volume", ir.Settings{Volumes: []*ir.Volume{{Path: "/a", Secret: in("empty")}}}, "is empty"},
		{"pull secret", ir.Settings{ImagePullSecrets: []ir.Value{in("empty")}}, "is empty"},
		{"claim", ir.Settings{Volumes: []*ir.Volume{{Path: "/a", Claim: in("none")}}}, "the claim at /a is empty or absent"},
		{"affinity", ir.Settings{Affinity: []ir.Value{in("list")}}, "an affinity must be a struct"},
		{"toleration", ir.Settings{Tolerations: []ir.Value{in("empty")}}, "a toleration must be a struct"},
		{"node selector", ir.Settings{NodeSelectorFrom: in("list")}, "a node selector must be a struct"},
		{"security context", ir.Settings{SecurityContext: in("list")}, "a security context must be a struct"},
	} {
		t.Run(x.name, func(t *testing.T) {
			one := task("a", note)
			one.Settings = &x.set
			p := pipeline(dag(inputs, ports(port("o", str)), []*ir.DAGOutput{gives("o", out("a.o"))}, one))
			r := execute(t, p, map[string]any{"empty": "", "list": []any{}})
			if x.want == "" {
				if value(r, "o") != "nonenone" {
					t.Error(explain(r))
				}
				return
			}
			if r.State != backend.Failed || !strings.Contains(r.Message+explain(r), x.want) {
				t.Error(explain(r))
			}
		})
	}
}
