package local

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// kfp is a KFP container component.
func kfp(inputs, outputs []*ir.Port, argv ...any) *ir.Component {
	return &ir.Component{Name: id("comp"), Inputs: inputs, Outputs: outputs, Body: &ir.Container{
		Image: lit("alpine"), Contract: ir.KFPContract, Command: args(argv...),
	}}
}

// args makes arguments of texts, values and arguments.
func args(argv ...any) []ir.Arg {
	var out []ir.Arg
	for _, a := range argv {
		switch a := a.(type) {
		case string:
			out = append(out, &ir.TextArg{Value: lit(a)})
		case ir.Value:
			out = append(out, &ir.TextArg{Value: a})
		case ir.Arg:
			out = append(out, a)
		}
	}
	return out
}

func one(c *ir.Component, opts ...option) *ir.Pipeline {
	return pipeline(dag(nil, nil, nil, task("a", c, opts...)))
}

func TestArgumentForms(t *testing.T) {
	c := script(`printf '<%s>' "$@" > "$OUTPUT_O"`, ports(optional("note", str), port("n", num), port("l", list)), ports(port("o", str)))
	box := c.Container()
	box.Args = args("sh",
		tmpl(lit("--n="), in("n")), in("l"),
		&ir.IfArg{Cond: &ir.Present{Input: "note"}, Then: args("--note", in("note")), Else: args("--no-note")},
		&ir.IfArg{Cond: &ir.Present{Input: "note"}, Then: args("gone")},
		&ir.ConcatArg{Items: args("a", &ir.IfArg{Cond: lit(true), Then: args("b", "c")}, in("n"))},
		in("note"),
	)
	for _, x := range []struct {
		note ir.Value
		want string
	}{
		{lit(nil), `<--n=2.5><[1,"\u003c"]><--no-note><abc2.5><>`},
		{lit("hi"), `<--n=2.5><[1,"\u003c"]><--note><hi><gone><abc2.5><hi>`},
	} {
		r := execute(t, one(c, arg("n", lit(2.5)), arg("l", lit([]any{int64(1), "<"})), arg("note", x.note)), nil)
		if got := r.Tasks[0].Outputs["o"].Value; got != x.want {
			t.Errorf("got %v, want %s: %s", got, x.want, explain(r))
		}
	}
}

func TestExecutorInput(t *testing.T) {
	model := &ir.Port{Name: id("model"), Type: ir.ArtifactType("system.Model"), Metadata: map[string]any{"k": "v"}}
	c := kfp(ports(port("n", integer), optional("gone", str), port("s", structT), port("data", dataset)),
		ports(port("text", str), model),
		"sh", "-ec", `printf '%s' "$0" > "$1"`, &ir.ExecutorInput{}, outPath("text"))
	made := script(`printf x > "$OUTPUT_D"`, nil, ports(port("d", dataset)))
	p := pipeline(dag(nil, nil, nil,
		task("m", made),
		task("a", c, arg("n", lit(5.0)), arg("s", lit(map[string]any{"a": "<&>", "b": []any{true}})), arg("data", out("m.d")))))
	l := newRunner(t)
	r := wait(t, l, submit(t, l, p, nil).ID)
	if r.State != backend.Succeeded {
		t.Fatal(explain(r))
	}
	text, _ := r.Tasks[0].Outputs["text"].Value.(string)
	if !strings.Contains(text, `"<&>"`) {
		t.Errorf("escaped for HTML: %s", text)
	}
	v, err := ir.ParseJSON(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	dir := filepath.Join(l.opt.Dir, string(r.ID), "tasks")
	want := map[string]any{
		"inputs": map[string]any{
			"parameterValues": map[string]any{"n": int64(5), "s": map[string]any{"a": "<&>", "b": []any{true}}},
			"artifacts": map[string]any{"data": map[string]any{"artifacts": []any{map[string]any{
				"name": "d", "uri": filepath.Join(dir, "m/1/artifacts/d"), "metadata": map[string]any{},
				"type": map[string]any{"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"},
			}}}},
		},
		"outputs": map[string]any{
			"parameters": map[string]any{"text": map[string]any{"outputFile": filepath.Join(dir, "a/1/parameters/text")}},
			"artifacts": map[string]any{"model": map[string]any{"artifacts": []any{map[string]any{
				"name": "model", "uri": filepath.Join(dir, "a/1/artifacts/model"), "metadata": map[string]any{"k": "v"},
				"type": map[string]any{"schemaTitle": "system.Model", "schemaVersion": "0.0.1"},
			}}}},
			"outputFile": filepath.Join(dir, "a/1/executor_output.json"),
		},
	}
	if !reflect.DeepEqual(v, want) {
		t.Errorf("got  %s\nwant %s", ir.JSON(v), ir.JSON(want))
	}
}

func TestExecutorOutput(t *testing.T) {
	custom := filepath.Join(t.TempDir(), "elsewhere")
	c := kfp(nil, ports(port("n", integer), port("f", str), port("l", list), port("m", dataset), port("c", dataset), port("x", dataset)),
		"sh", "-ec", `printf file > "$1"; printf 99 > "$2"; printf custom > "$3"; cat > "$0" <<END
{"parameterValues": {"n": 42, "l": [1.5, "a"]}, "artifacts": {
 "m": {"artifacts": [{"name": "other", "metadata": {"rows": 3}}]},
 "c": {"artifacts": [{"custom_path": "$3"}]},
 "x": {"artifacts": [{"uri": "gs://bucket/key", "metadata": {}}]}}}
END`, &ir.ExecutorOutputPath{}, outPath("f"), outPath("n"), custom)
	c.Outputs[3].Metadata = map[string]any{"kept": true}
	r := execute(t, one(c), nil)
	if r.State != backend.Succeeded {
		t.Fatal(explain(r))
	}
	o := r.Tasks[0].Outputs
	for name, want := range map[string]any{"n": int64(42), "f": "file", "l": []any{1.5, "a"}} {
		if !reflect.DeepEqual(o[name].Value, want) {
			t.Errorf("%s: %#v", name, o[name].Value)
		}
	}
	if got := o["m"].Artifact.Metadata; !reflect.DeepEqual(got, map[string]any{"kept": true, "rows": int64(3)}) {
		t.Errorf("metadata %v", got)
	}
	if o["c"].Artifact.Bytes != 6 || o["x"].Artifact.URI != "gs://bucket/key" {
		t.Errorf("custom path %+v, external %+v", o["c"].Artifact, o["x"].Artifact)
	}
}

func TestVariablesInKFPArguments(t *testing.T) {
	c := kfp(ports(port("v", str)), ports(port("o", str)),
		"sh", "-ec", `printf '%s|' "$B" "$@" > "$0"`, outPath("o"),
		"$(A)", "x$(A)$(NOPE)", "$$(A)", "$$", "$(A", in("v"), tmpl(lit("$(A)="), in("v")))
	c.Container().Env = []*ir.EnvVar{
		{Name: id("A"), Value: lit("one")}, {Name: id("B"), Value: lit("$(A)-$(LATER)")}, {Name: id("LATER"), Value: lit("z")},
	}
	r := execute(t, one(c, arg("v", lit("$(A)"))), nil)
	want := "one-$(LATER)|one|xone$(NOPE)|$(A)|$$|$(A|$(A)|one=$(A)|"
	if got := r.Tasks[0].Outputs["o"].Value; got != want {
		t.Errorf("got  %v\nwant %s\n%s", got, want, explain(r))
	}
}

func TestSettingsEnvWins(t *testing.T) {
	c := script(`printf '%s' "$A$B" > "$OUTPUT_O"`, nil, ports(port("o", str)))
	c.Container().Env = append(c.Container().Env, &ir.EnvVar{Name: id("A"), Value: lit("old")})
	r := execute(t, pipeline(dag(ports(port("x", str)), nil, nil, task("a", c, func(t *ir.Task) {
		t.Settings.Env = []*ir.EnvVar{{Name: id("A"), Value: in("x")}, {Name: id("B"), FieldPath: "metadata.labels['team']"}}
		t.Settings.Labels = []*ir.SettingPair{{Key: "team", Value: lit("-ml")}}
	}))), map[string]any{"x": "new"})
	if got := r.Tasks[0].Outputs["o"].Value; got != "new-ml" {
		t.Error(got, explain(r))
	}
}

func TestImporter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data file")
	if err := os.WriteFile(file, []byte("imported"), 0o600); err != nil {
		t.Fatal(err)
	}
	imp := &ir.Component{
		Name: id("imp"), Inputs: ports(port("uri", str)), Outputs: ports(port("artifact", dataset)),
		Body: &ir.Importer{URI: in("uri"), Type: dataset, Output: "artifact", Metadata: &ir.StructValue{
			Keys: []string{"from"}, Values: []ir.Value{in("uri")},
		}},
	}
	read := script(`cat "$INPUT_D" > "$OUTPUT_O"`, ports(port("d", dataset)), ports(port("o", str)))
	uri := script(`printf '%s %s' "$U" "$M" > "$OUTPUT_O"`, nil, ports(port("o", str)))
	uri.Inputs = ports(port("d", dataset))
	uri.Container().Env = append(uri.Container().Env,
		&ir.EnvVar{Name: id("U"), Value: &ir.PortRef{Port: "d", Aspect: ir.AspectURI}},
		&ir.EnvVar{Name: id("M"), Value: &ir.PortRef{Port: "d", Aspect: ir.AspectMetadata, Key: "from"}})
	p := func() *ir.Pipeline {
		return pipeline(dag(ports(port("uri", str)), nil, nil,
			task("get", imp, arg("uri", in("uri"))), task("read", read, arg("d", out("get.artifact"))),
			task("uri", uri, arg("d", out("get.artifact")))))
	}
	for _, u := range []string{file, fileURI(file)} {
		r := execute(t, p(), map[string]any{"uri": u})
		if r.State != backend.Succeeded || r.Tasks[1].Outputs["o"].Value != "imported" || r.Tasks[2].Outputs["o"].Value != u+" "+u {
			t.Error(explain(r))
		}
		if a := r.Tasks[0].Outputs["artifact"].Artifact; a.Bytes != 8 || a.Type != "system.Dataset" {
			t.Errorf("%+v", a)
		}
	}
	r := execute(t, p(), map[string]any{"uri": "gs://bucket/key"})
	if got := summary(r); got != "failed get=succeeded read=failed uri=succeeded" || !strings.Contains(r.Message, `"gs://bucket/key" is not on this machine`) {
		t.Error(explain(r))
	}
}

func TestCache(t *testing.T) {
	dir := t.TempDir()
	count := func() int {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	c := script(`mktemp "`+dir+`/XXXXXX" >/dev/null; printf '%s' "$INPUT_V" > "$OUTPUT_O"; printf d > "$OUTPUT_D"`,
		ports(port("v", str)), ports(port("o", str), port("d", dataset)))
	cached := func(t *ir.Task) { t.Settings.Cache = &ir.Cache{Asked: true, MaxAge: 3600} }
	p := pipeline(dag(ports(port("v", str)), ports(port("o", str)), []*ir.DAGOutput{gives("o", out("b.o"))},
		task("a", c, arg("v", in("v")), cached),
		task("b", script(`cat "$INPUT_D" > "$OUTPUT_O"`, ports(port("d", dataset)), ports(port("o", str))), arg("d", out("a.d")))))
	l := newRunner(t)
	run := func(v string) *backend.Run { return wait(t, l, submit(t, l, p, map[string]any{"v": v}).ID) }
	for i, x := range []struct {
		v     string
		state backend.State
		runs  int
	}{{"x", backend.Succeeded, 1}, {"x", backend.Cached, 1}, {"y", backend.Succeeded, 2}, {"x", backend.Cached, 2}} {
		r := run(x.v)
		if r.State != backend.Succeeded || r.Tasks[0].State != x.state || count() != x.runs || r.Tasks[0].Outputs["o"].Value != x.v || value(r, "o") != "d" {
			t.Errorf("%d: %d executions, %s", i, count(), explain(r))
		}
	}
	// Not when the file is gone.
	r := run("x")
	path, err := localPath(r.Tasks[0].Outputs["d"].Artifact.URI)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if r := run("x"); r.Tasks[0].State != backend.Succeeded || count() != 3 {
		t.Error(explain(r))
	}
	// Not with another claim.
	p.Root.DAG().Tasks[0].Settings.Volumes = []*ir.Volume{{Path: "/data", Claim: lit("a")}}
	for i, state := range []backend.State{backend.Succeeded, backend.Cached} {
		if r := run("x"); r.Tasks[0].State != state || count() != 4 {
			t.Errorf("%d: %s", i, explain(r))
		}
	}
	// Not without being asked.
	p.Root.DAG().Tasks[0].Settings.Cache.Asked = false
	if r := run("x"); r.Tasks[0].State != backend.Succeeded {
		t.Error(explain(r))
	}
}

func TestRunFacts(t *testing.T) {
	fact := func(f ir.RunField) ir.Value { return &ir.RunRef{Field: f} }
	c := script(`printf '%s\n' "$@" > "$OUTPUT_O"; test -d "$6"`, nil, ports(port("o", str)))
	c.Container().Args = args("sh", fact(ir.RunName), fact(ir.RunID), fact(ir.RunCreateTime), fact(ir.TaskName), fact(ir.TaskID), fact(ir.WorkspacePath))
	p := one(c)
	p.Workspace = &ir.Workspace{}
	r := execute(t, p, nil)
	text, _ := r.Tasks[0].Outputs["o"].Value.(string)
	lines := strings.Split(text, "\n")
	if r.State != backend.Succeeded || len(lines) != 6 || lines[0] != r.Name || lines[1] != string(r.ID) || lines[3] != "a" || len(lines[4]) != 32 {
		t.Errorf("%q: %s", lines, explain(r))
	}
}

func TestIgnored(t *testing.T) {
	c := ok()
	c.Container().WorkDir = "/app"
	p := one(c, func(t *ir.Task) {
		t.Settings.Accelerator = &ir.Accelerator{}
		t.Settings.Spot = "prefer"
		t.Settings.Argo = map[string]any{"x": 1}
	})
	p.Components = []*ir.Component{c}
	got := strings.Join(Ignored(p), "\n")
	if !strings.Contains(got, "accelerator, spot, argo") || !strings.Contains(got, "working directory") {
		t.Errorf("got %q", got)
	}
	if n := Ignored(one(ok())); n != nil {
		t.Errorf("got %q", n)
	}
}
