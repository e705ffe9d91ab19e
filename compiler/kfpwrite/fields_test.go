package kfpwrite_test

import (
	"reflect"
	"sort"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// fields says of every field of the representation what becomes of it: "said"
// where KFP has it, a code where it is reported, "other" with the reason where
// it is something else. A field that is not listed is one that nobody has
// thought about: say here, and in the code, how it is printed.
var fields = map[string]string{
	"Pipeline": `Name said, DisplayName said, Description said, Root said, Components said, File other: where it came from, Dialect other: KFP afterwards,
		ArtifactRoot said, RootAt place, Timeout said, Parallelism K252, TTL said, PodGC K252, Schedule K252, SLO K252, Workspace said, Mutex said, Semaphore said, ArgoSpec K252,
		ArgoSpecAt place, Labels K252, Annotations K252`,
	"TTL":       `Completion said, Success said, Failure said`,
	"Workspace": `Size said, StorageClass said, AccessModes said, At place`,
	"Component": `Name said, Description other: KFP describes pipelines only, Inputs said, Outputs said, Body said`,
	"Port": `Name said, Type said, Description said, Optional said, Default said, Limits said, Secret K251, Captured other: an ordinary input,
		Metadata said, TypeAt place`,
	"Limits":    `Minimum K252, Maximum K252, MinLength K252, MaxLength K252, Enum said, Pattern K252, At place`,
	"DAG":       `Tasks said, Outputs said, Exclusive other: conditions that exclude each other, Inline other: it only shortens paths, At place`,
	"DAGOutput": `Name said, Value said`,
	"Task": `Name said, DisplayName said, Component said, Args said, After said, Trigger said, When said, ForEach said, OnExit said, Settings said,
		At place`,
	"Binding":   `Name said, Value said`,
	"Loop":      `Items said, Item said, Parallelism said, At place`,
	"Container": `Image said, Command said, Args said, Env said, WorkDir other: through sh, Contract other: through sh and env, At place`,
	"EnvVar":    `Name said, Value said, Secret said, ConfigMap said, FieldPath said, SecretInput K251`,
	"KeyRef":    `Name said, Key said, Optional said, At place`,
	"Importer":  `URI said, Metadata said, Type said, Reimport said, ToWorkspace said, Output said, At place`,
	"Claim":     `Delete said, At place`,
	"Settings": `Retry said, Timeout said, Cache said, Resources said, Accelerator said, Spot K252, NodeSelector said, NodeSelectorFrom said,
		Affinity said, Tolerations said, SecurityContext said, Env said, EnvFrom K251, Volumes said, InitContainers said, ServiceAccount K252, Labels said,
		Annotations said, ImagePullPolicy said, ImagePullSecrets said, PriorityClass K252, Queue K252, SharedMemory said, Argo K252, ArgoAt place`,
	"Resource":      `Name said, Request said, Limit said, At place`,
	"Accelerator":   `Type said, Count said, Product K252, At place`,
	"Retry":         `Limit said, On K252, Duration said, Factor said, Max said, At place`,
	"Cache":         `Asked other: KFP asks by the same word, MaxAge K252, Key said, At place`,
	"Volume":        `Path said, SubPath said, ReadOnly K252, Optional said, Secret said, ConfigMap said, Claim said, EmptyDir said, Ephemeral said, Other K251, At place`,
	"EmptyDir":      `Medium said, SizeLimit said, Name said`,
	"Ephemeral":     `Name said, Size said, StorageClass said, AccessModes said, Labels said, Annotations said`,
	"InitContainer": `Name said, Image said, Command said, Args said, Env said, Mounts said, Sidecar said, Resources said`,
	"Mount":         `Volume said, Path said, At place`,
	"Type":          `Kind said, Items other: KFP's lists have no element type, Schema said`,
	"Template":      `Parts said, Escape said, At place`,
	"StructValue":   `Keys said, Values said, Computed said, At place`,
	"PortRef":       `Output said, Port said, Aspect said, Key said, At place`,
	"Select":        `Of said, Key said, At place`,
	"OneOf":         `Alternatives said, At place`,
	"IfArg":         `Cond said, Then said, Else said, At place`,
	"ConcatArg":     `Items said, At place`,
}

func TestFields(t *testing.T) {
	for _, v := range []any{ir.Pipeline{}, ir.TTL{}, ir.Workspace{}, ir.Component{}, ir.Port{}, ir.Limits{}, ir.DAG{}, ir.DAGOutput{}, ir.Task{}, ir.Binding{},
		ir.Loop{}, ir.Container{}, ir.EnvVar{}, ir.KeyRef{}, ir.Importer{}, ir.Claim{}, ir.Settings{}, ir.Resource{}, ir.Accelerator{}, ir.Retry{}, ir.Cache{},
		ir.Volume{}, ir.EmptyDir{}, ir.Ephemeral{}, ir.InitContainer{}, ir.Mount{}, ir.Type{}, ir.Template{}, ir.StructValue{}, ir.PortRef{}, ir.Select{},
		ir.OneOf{}, ir.IfArg{}, ir.ConcatArg{}} {
		typ := reflect.TypeOf(v)
		listed := map[string]bool{}
		for _, entry := range strings.Split(fields[typ.Name()], ",") {
			name, what, _ := strings.Cut(strings.TrimSpace(entry), " ")
			switch {
			case what == "said", what == "place", strings.HasPrefix(what, "other: "), len(what) == 4 && what[0] == 'K':
			default:
				t.Errorf("%s.%s: %q", typ.Name(), name, what)
			}
			listed[name] = true
		}
		for i := range typ.NumField() {
			name := typ.Field(i).Name
			if !listed[name] {
				t.Errorf("ir.%s.%s: say how kfpwrite prints it, or which finding it is", typ.Name(), name)
			}
			delete(listed, name)
		}
		var gone []string
		for name := range listed {
			gone = append(gone, name)
		}
		sort.Strings(gone)
		if len(gone) > 0 {
			t.Errorf("ir.%s has no %s", typ.Name(), strings.Join(gone, ", "))
		}
	}
}
