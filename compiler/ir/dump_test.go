package ir_test

import (
	"testing"

	"github.com/kfp-go/kfp-go/compiler/goldentest"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

type program struct {
	text string
	t    ir.Type
}

func (p program) Type() ir.Type  { return p.t }
func (p program) Source() string { return p.text }

func id(s string) ir.Ident { return ir.Ident{Text: s} }

func ref[T any](v T) *T { return &v }

var str = ir.Type{Kind: ir.String}

// everything is a pipeline that uses every type of the package.
func everything() *ir.Pipeline {
	f := source.NewFile("all.yaml", []byte("pipeline: all\n"))
	train := &ir.Component{
		Name: id("train"), Description: "learns",
		Inputs: []*ir.Port{
			{Name: id("data"), Type: ir.ArtifactType("system.Dataset")},
			{Name: id("rate"), Type: ir.Type{Kind: ir.Number}, Default: &ir.Literal{V: 1.0}, Limits: &ir.Limits{Minimum: ref(0.5), Maximum: ref(2.0)}},
			{Name: id("note"), Type: str, Optional: true, Limits: &ir.Limits{MinLength: ref(1), MaxLength: ref(9), Pattern: "^a", Enum: []any{"a", "ab"}}},
			{Name: id("token"), Type: str, Secret: true},
		},
		Outputs: []*ir.Port{
			{Name: id("model"), Type: ir.ArtifactType("system.Model"), Metadata: map[string]any{"b": int64(1), "a": []any{nil, true, 1.5, "x"}}},
			{Name: id("score"), Type: ir.Type{Kind: ir.Number}},
		},
		Body: &ir.Container{
			Image:   &ir.Literal{V: "train:1"},
			Command: []ir.Arg{&ir.TextArg{Value: &ir.Literal{V: "python"}}},
			Args: []ir.Arg{
				&ir.TextArg{Value: &ir.Template{Parts: []ir.Value{&ir.Literal{V: "--data="}, &ir.PortRef{Port: "data", Aspect: ir.AspectPath}}}},
				&ir.IfArg{Cond: &ir.Present{Input: "note"}, Then: []ir.Arg{&ir.TextArg{Value: &ir.InputRef{Name: "note"}}}, Else: []ir.Arg{&ir.TextArg{Value: &ir.Literal{V: "none"}}}},
				&ir.ConcatArg{Items: []ir.Arg{&ir.TextArg{Value: &ir.PortRef{Output: true, Port: "model", Aspect: ir.AspectMetadata, Key: "k"}}, &ir.TextArg{Value: &ir.ExecutorInput{}}}},
				&ir.TextArg{Value: &ir.ExecutorOutputPath{}},
			},
			Env: []*ir.EnvVar{
				{Name: id("A"), Value: &ir.Literal{V: "1"}},
				{Name: id("B"), Secret: &ir.KeyRef{Name: &ir.Literal{V: "s"}, Key: &ir.Literal{V: "k"}, Optional: ref(true)}},
				{Name: id("C"), ConfigMap: &ir.KeyRef{Name: &ir.Literal{V: "c"}, Key: &ir.Literal{V: "k"}}},
				{Name: id("D"), FieldPath: "metadata.name"},
				{Name: id("E"), SecretInput: "token"},
			},
			WorkDir: "/w", Contract: ir.DSLContract,
		},
	}
	imp := &ir.Component{Name: id("import"), Outputs: []*ir.Port{{Name: id("artifact"), Type: ir.Type{Kind: ir.Artifact, Schema: ir.ArtifactSchema{URI: "u"}}}},
		Body: &ir.Importer{URI: &ir.Literal{V: "s3://b/k"}, Metadata: &ir.Literal{V: map[string]any{}}, Type: ir.Type{Kind: ir.Artifact, Schema: ir.ArtifactSchema{Instance: "i"}}, Reimport: true, Output: "artifact"}}
	claim := &ir.Component{Name: id("claim"), Outputs: []*ir.Port{{Name: id("name"), Type: str}}, Body: &ir.Claim{}}
	branch := func(name string) *ir.Component {
		return &ir.Component{Name: id(name), Inputs: []*ir.Port{{Name: id("x"), Type: str, Captured: true}}, Outputs: []*ir.Port{{Name: id("name"), Type: str}},
			Body: &ir.DAG{Tasks: []*ir.Task{{Name: id("claim"), Component: claim}}, Outputs: []*ir.DAGOutput{{Name: id("name"), Value: &ir.OutputRef{Task: "claim", Output: "name"}}}}}
	}
	yes, no := branch("yes"), branch("no")
	group := &ir.Component{Name: id("verdict"), Inputs: []*ir.Port{{Name: id("x"), Type: str}}, Outputs: []*ir.Port{{Name: id("name"), Type: str, Optional: true}},
		Body: &ir.DAG{Exclusive: true, Tasks: []*ir.Task{
			{Name: id("0"), Component: yes, Args: []*ir.Binding{{Name: id("x"), Value: &ir.InputRef{Name: "x"}}}, When: &ir.Expr{Program: program{`inputs.x == "a"`, ir.Type{Kind: ir.Boolean}}, Vars: []ir.ExprVar{{Name: "inputs.x", Value: &ir.InputRef{Name: "x"}}}}},
			{Name: id("1"), Component: no, Args: []*ir.Binding{{Name: id("x"), Value: &ir.Select{Of: &ir.InputRef{Name: "x"}, Key: "k"}}}},
		}, Outputs: []*ir.DAGOutput{{Name: id("name"), Value: &ir.OneOf{Alternatives: []*ir.OutputRef{{Task: "0", Output: "name"}, {Task: "1", Output: "name"}}}}}}}
	body := &ir.Component{Name: id("body"), Body: &ir.DAG{Inline: true, Tasks: []*ir.Task{
		{Name: id("import"), Component: imp},
		{Name: id("train"), DisplayName: "Train", Component: train, After: []ir.Ident{id("import")}, Args: []*ir.Binding{
			{Name: id("data"), Value: &ir.OutputRef{Task: "import", Output: "artifact"}},
			{Name: id("note"), Value: &ir.RunRef{Field: ir.RunName}},
			{Name: id("token"), Value: &ir.Literal{V: "a/b"}},
		}, Settings: settings()},
		{Name: id("loop"), Component: group, Trigger: ir.Completed, ForEach: &ir.Loop{Items: &ir.Literal{V: []any{"a", "b"}}, Item: id("x"), Parallelism: 2}},
	}}}
	root := &ir.Component{Name: id("all"), Inputs: []*ir.Port{{Name: id("regions"), Type: ir.ListOf(str)}},
		Body: &ir.DAG{Tasks: []*ir.Task{{Name: id("main"), Component: body, OnExit: &ir.Task{Name: id("report"), Component: train, Args: []*ir.Binding{
			{Name: id("data"), Value: &ir.StatusRef{}}, {Name: id("note"), Value: &ir.StructValue{Keys: []string{"k"}, Values: []ir.Value{&ir.ListValue{Items: []ir.Value{&ir.InputRef{Name: "regions"}}}}}}, {Name: id("token"), Value: &ir.Literal{V: "a/b"}},
		}}}}}}
	return &ir.Pipeline{
		Name: ir.Ident{Text: "all", At: source.Span{File: f, Start: 10, End: 13}}, DisplayName: "All", Description: "all there is", File: f, Dialect: ir.DSL,
		Root: root, Components: []*ir.Component{body, imp, train, group, yes, claim, no},
		ArtifactRoot: "s3://b", Timeout: 90, Parallelism: 3, TTL: &ir.TTL{Completion: ref(int64(60)), Success: ref(int64(1)), Failure: ref(int64(2))}, PodGC: "OnPodSuccess",
		Schedule:  &ir.Schedule{Cron: []string{"0 2 * * *"}, Timezone: "UTC", Concurrency: "forbid", Suspend: true, StartingDeadlineSeconds: ref(int64(1)), SuccessfulHistory: ref(int64(2)), FailedHistory: ref(int64(3))},
		SLO:       &ir.SLO{Success: &ir.Goal{Value: 0.99}, Duration: &ir.Goal{Value: 7200}, Quantile: &ir.Goal{Value: 0.9}, Window: &ir.Goal{Value: 86400}},
		Workspace: &ir.Workspace{Size: "1Gi", StorageClass: ref("fast"), AccessModes: []string{"ReadWriteOnce"}},
		Mutex:     ir.Ident{Text: "one"}, Semaphore: &ir.Semaphore{ConfigMap: "limits", Key: "k"},
		ArgoSpec: map[string]any{"priority": int64(3)}, Labels: []ir.Pair{{Key: "a", Value: "b"}}, Annotations: []ir.Pair{{Key: "c", Value: "d"}},
	}
}

func settings() *ir.Settings {
	l := func(v any) ir.Value { return &ir.Literal{V: v} }
	return &ir.Settings{
		Retry:   &ir.Retry{Limit: l(int64(4)), On: []*ir.RetryClass{{Class: ir.FailPreempted, Limit: 8}, {Class: ir.FailOutOfMemory, Limit: 2, MemoryFactor: 2}}, Duration: 10, Factor: 2, Max: 300},
		Timeout: 60, Cache: &ir.Cache{Asked: true, MaxAge: 3600, Key: l("k")},
		Resources:    []*ir.Resource{{Name: "cpu", Request: l("500m")}, {Name: "memory", Request: l("1Gi"), Limit: l("2Gi")}},
		Accelerator:  &ir.Accelerator{Type: l("nvidia.com/gpu"), Count: l(int64(1)), Product: l("A100")},
		Spot:         "prefer",
		NodeSelector: []*ir.SettingPair{{Key: "zone", Value: l("a")}},
		Affinity:     []ir.Value{l(map[string]any{"nodeAffinity": map[string]any{}})}, NodeSelectorFrom: &ir.Select{Of: &ir.StructValue{}, Key: "nodes"},
		InitContainers: []*ir.InitContainer{
			{Name: ir.Ident{Text: "before"}, Image: "busybox", Command: []string{"sh"}, Args: []string{"-c", "true"}, Env: []ir.Pair{{Key: "A", Value: "b"}}, Mounts: []ir.Mount{{Volume: "g", Path: "/in"}}},
			{Name: ir.Ident{Text: "beside"}, Image: "busybox", Sidecar: true, Resources: []*ir.Resource{{Name: "cpu", Limit: l("1")}}},
		},
		Tolerations: []ir.Value{l(map[string]any{"key": "x"})}, SecurityContext: l(map[string]any{"runAsUser": int64(1)}),
		Env:     []*ir.EnvVar{{Name: id("X"), Value: &ir.OutputRef{Task: "import", Output: "artifact"}}},
		EnvFrom: []*ir.EnvFrom{{Secret: l("s"), Prefix: "P_", Optional: ref(false)}, {ConfigMap: l("c")}},
		Volumes: []*ir.Volume{
			{Path: "/s", Secret: l("s"), SubPath: "p", ReadOnly: true, Optional: ref(true)}, {Path: "/c", ConfigMap: l("c")}, {Path: "/p", Claim: l("p")},
			{Path: "/e", EmptyDir: &ir.EmptyDir{Medium: "Memory", SizeLimit: "1Gi", Name: "n"}},
			{Path: "/g", Ephemeral: &ir.Ephemeral{Name: "g", Size: "1Gi", StorageClass: ref(""), AccessModes: []string{"ReadWriteOnce"}, Labels: []ir.Pair{{Key: "a", Value: "b"}}}},
			{Path: "/o", Other: map[string]any{"hostPath": map[string]any{"path": "/"}}},
		},
		ServiceAccount: l("sa"), Labels: []*ir.SettingPair{{Key: "a", Value: l("b")}}, Annotations: []*ir.SettingPair{{Key: "c", Value: l("d")}},
		ImagePullPolicy: "Always", ImagePullSecrets: []ir.Value{l("reg")}, PriorityClass: "high", Queue: "q", SharedMemory: "1Gi",
		Argo: map[string]any{"priority": int64(1)},
	}
}

func TestDump(t *testing.T) {
	goldentest.File(t, "testdata/all.txt", ir.Dump(everything()))
	goldentest.File(t, "testdata/all-spans.txt", ir.DumpSpans(everything())[:60])
}

func TestDumpOfPieces(t *testing.T) {
	for _, p := range []*ir.Pipeline{nil, {}, {Root: &ir.Component{}}, {Root: &ir.Component{Body: &ir.DAG{Tasks: []*ir.Task{{When: &ir.Expr{}}}, Outputs: []*ir.DAGOutput{{}}}}, Components: []*ir.Component{nil}}} {
		if ir.Dump(p) == "" {
			t.Error("nothing printed")
		}
	}
}
