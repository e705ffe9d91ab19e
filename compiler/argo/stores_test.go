package argo_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/util/template"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/argo"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// table has a store of each kind, two of one form, and one inside another.
func table(t testing.TB) store.Table {
	t.Helper()
	var out []*store.Store
	for _, line := range []string{
		"s3://models region=eu-west-1 access-key-secret=models/access secret-key-secret=models/secret",
		"s3://models/private access-key-secret=private/id secret-key-secret=private/key",
		"minio://lab endpoint=minio.lab:9000 insecure=true access-key-secret=lab/access secret-key-secret=lab/secret",
		"s3://open use-sdk-creds=true role-arn=arn:aws:iam::1:role/r",
		"gs://acme/shared service-account-key-secret=gcs/key.json",
		"azblob://box endpoint=http://10.0.0.1:10000/acc account-key-secret=azure/key",
		"https://acc.blob.core.windows.net/box use-sdk-creds=true",
		"oss://heap endpoint=oss-eu.aliyuncs.com access-key-secret=oss/id secret-key-secret=oss/key",
	} {
		words := strings.Fields(line)
		p, err := store.Parse(words[0])
		if err != nil {
			t.Fatal(err)
		}
		s := &store.Store{Place: p}
		for _, w := range words[1:] {
			name, value, _ := strings.Cut(w, "=")
			if err := s.Set(name, value); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Complete(); err != nil {
			t.Fatal(line, err)
		}
		out = append(out, s)
	}
	return store.NewTable(out...)
}

func templateOf(t testing.TB, m *argo.Manifest, name string) *wfv1.Template {
	t.Helper()
	wf := m.Object.(*wfv1.Workflow)
	for i := range wf.Spec.Templates {
		if wf.Spec.Templates[i].Name == name {
			return &wf.Spec.Templates[i]
		}
	}
	t.Fatalf("no template %s", name)
	return nil
}

// substituted is a template as Argo's controller makes a pod of it.
func substituted(t testing.TB, tmpl *wfv1.Template, values map[string]any) *wfv1.Template {
	t.Helper()
	text, err := json.Marshal(tmpl)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := template.NewTemplate(string(text))
	if err != nil {
		t.Fatal(err)
	}
	done, err := parsed.Replace(values, false)
	if err != nil {
		t.Fatal(err)
	}
	var out wfv1.Template
	if err := json.Unmarshal([]byte(done), &out); err != nil {
		t.Fatalf("%v:\n%s", err, done)
	}
	return &out
}

// supplied are the input artifacts that Argo would fetch: "PATH < LOCATION
// with SECRETS".
func supplied(t testing.TB, tmpl *wfv1.Template) []string {
	t.Helper()
	var out []string
	paths := map[string]bool{}
	for _, a := range tmpl.Inputs.Artifacts {
		if err := a.CleanPath(); err != nil {
			t.Errorf("artifact %s: path %q %v", a.Name, a.Path, err)
		}
		secrets := secretsOf(t, a)
		if !a.HasLocationOrKey() {
			if len(secrets) > 0 {
				t.Errorf("artifact %s is not there and mounts %v", a.Name, secrets)
			}
			continue
		}
		if paths[a.Path] {
			t.Errorf("two artifacts go to %s", a.Path)
		}
		paths[a.Path] = true
		out = append(out, strings.TrimSpace(a.Path+" < "+whereOf(a)+" "+strings.Join(secrets, " ")))
	}
	return out
}

func whereOf(a wfv1.Artifact) string {
	switch {
	case a.GCS != nil:
		return "gcs " + a.GCS.Bucket + " " + a.GCS.Key
	case a.Azure != nil:
		return "azure " + a.Azure.Endpoint + " " + a.Azure.Container + " " + a.Azure.Blob
	case a.OSS != nil:
		return "oss " + a.OSS.Endpoint + " " + a.OSS.Bucket + " " + a.OSS.Key
	case a.S3.Bucket == "":
		return "repository " + a.S3.Key
	}
	where := "s3 " + a.S3.Endpoint + " " + a.S3.Bucket + " " + a.S3.Key
	if a.S3.Region != "" {
		where += " in " + a.S3.Region
	}
	if a.S3.Insecure != nil && *a.S3.Insecure {
		where += " insecure"
	}
	if a.S3.RoleARN != "" {
		where += " as " + a.S3.RoleARN
	}
	return where
}

// secretsOf finds every secret that a location names.
func secretsOf(t testing.TB, a wfv1.Artifact) []string {
	t.Helper()
	text, err := json.Marshal(a.ArtifactLocation)
	if err != nil {
		t.Fatal(err)
	}
	var kinds map[string]map[string]any
	if err := json.Unmarshal(text, &kinds); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, fields := range kinds {
		for _, f := range fields {
			if s, ok := f.(map[string]any); ok && s["name"] != nil && s["name"] != "" {
				out = append(out, s["name"].(string)+"/"+s["key"].(string))
			}
		}
	}
	slices.Sort(out)
	return out
}

const storesPipeline = `pipeline: stores
inputs: {uri: {type: string, default: "s3://models/a"}}
components:
  fetch:
    inputs: {uri: string}
    import: {uri: "${{ inputs.uri }}", type: Dataset}
  use: {image: "busybox:1", inputs: {data: Dataset}, outputs: {out: Dataset}, script: "cat $INPUT_DATA > $OUTPUT_OUT"}
tasks:
  fetch: {component: fetch, inputs: {uri: "${{ inputs.uri }}"}}
  use: {component: use, inputs: {data: "${{ tasks.fetch.outputs.artifact }}"}}
`

// kfpWithURI imports what only the run knows.
func kfpWithURI(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/kfp.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.Replace(string(text), `{constant: "s3://bucket/data"}`, "{runtimeParameter: uri}", 1))
}

// A template has artifacts only for the stores that it may have to do with.
func TestStoresInQuestion(t *testing.T) {
	kfp := string(kfpWithURI(t))
	constant := func(uri string) string {
		return strings.Replace(kfp, "{runtimeParameter: uri}", `{constant: "`+uri+`"}`, 1)
	}
	seen := func(text, source string) string {
		return strings.Replace(text, "[python3, -m, kfp.dsl.executor_main]", "[python3, -m, kfp.dsl.executor_main, "+source+"]", 1)
	}
	const all = 8 // the repository, and seven forms
	for _, tt := range []struct {
		name, text, root string
		make, show       int
	}{
		{"only the run knows", kfp, "", all, all},
		{"one store", constant("gs://acme/shared/x"), "", 2, all},
		{"no store", constant("hdfs://x"), "", 1, all},
		{"root in another store", constant("gs://acme/shared/x"), "minio://lab", 2, all - 1},
		{"root in the same store", constant("gs://acme/shared/x"), "gs://acme/shared", 1, all - 1},
		{"harmless source", seen(constant("gs://acme/shared/x"), "'def make(data, model): pass'"), "", 2, 1},
		{"source with a URI", seen(constant("gs://acme/shared/x"), "'def make(data, model): model.uri = data.uri'"), "", 2, all},
		{"source with another", seen(constant("gs://acme/shared/x"), "'def make(data, model): f(model, \"gs://x\")'"), "", 2, all},
	} {
		m := manifest(t, "kfp.yaml", []byte(tt.text), argo.Options{ArtifactRoot: tt.root, Stores: table(t)})
		judge(t, m)
		for name, want := range map[string]int{"make": tt.make, "show": tt.show} {
			if got := len(templateOf(t, m, name).Inputs.Artifacts); got != want {
				t.Errorf("%s: %s has %d artifacts, want %d", tt.name, name, got, want)
			}
		}
	}
}

// An artifact comes from the store its URI lies in, and from nowhere else.
func TestStoresOfRunTimeURIs(t *testing.T) {
	const sdk, plain = "make", "use"
	text := kfpWithURI(t)
	byRoot := map[string][2]*argo.Manifest{}
	of := func(root string) [2]*argo.Manifest {
		if byRoot[root][0] == nil {
			opt := argo.Options{ArtifactRoot: root, Stores: table(t)}
			byRoot[root] = [2]*argo.Manifest{manifest(t, "stores.yaml", []byte(storesPipeline), opt), manifest(t, "kfp.yaml", text, opt)}
			judge(t, byRoot[root][0])
			judge(t, byRoot[root][1])
		}
		return byRoot[root]
	}
	for _, tt := range []struct {
		root, uri   string
		plain, path string // what is fetched, and where the SDK looks for it
	}{
		{uri: "s3://models/a/b", plain: "s3 s3.amazonaws.com models a/b in eu-west-1 models/access models/secret", path: "/s3/models/a/b"},
		{uri: "s3://models/private/b", plain: "s3 s3.amazonaws.com models private/b private/id private/key", path: "/s3/models/private/b"},
		{uri: "s3://models/privates", plain: "s3 s3.amazonaws.com models privates in eu-west-1 models/access models/secret", path: "/s3/models/privates"},
		{uri: "minio://lab/x", plain: "s3 minio.lab:9000 lab x insecure lab/access lab/secret", path: "/minio/lab/x"},
		{uri: "s3://open/x/y", plain: "s3 s3.amazonaws.com open x/y as arn:aws:iam::1:role/r", path: "/s3/open/x/y"},
		{uri: "gs://acme/shared/x", plain: "gcs acme shared/x gcs/key.json", path: "/gcs/acme/shared/x"},
		{uri: "azblob://box/x/y", plain: "azure http://10.0.0.1:10000/acc box x/y azure/key", path: "/azblob/box/x/y"},
		{uri: "/azblob/box/x", plain: "azure http://10.0.0.1:10000/acc box x azure/key", path: "/azblob/box/x"},
		{uri: "https://acc.blob.core.windows.net/box/x/y", plain: "azure https://acc.blob.core.windows.net box x/y", path: "/https/acc.blob.core.windows.net/box/x/y"},
		{uri: "oss://heap/x", plain: "oss oss-eu.aliyuncs.com heap x oss/id oss/key", path: "/oss/heap/x"},
		{uri: "/kfp/artifacts/run/x", plain: "repository run/x", path: "/kfp/artifacts/run/x"},
		// Elsewhere: never another bucket.
		{uri: "s3://modelsx/a"}, {uri: "gs://acme/other"}, {uri: "hdfs://models/a"}, {uri: "s3://models"}, {uri: ""},
		{uri: "https://example.com/box/x"}, {uri: "/etc/passwd"},
		// A root that only the repository can hold.
		{root: "s3://own/p", uri: "s3://own/p/run/x", plain: "repository p/run/x", path: "/s3/own/p/run/x"},
		{root: "s3://own/p", uri: "s3://own/q", plain: "repository q", path: "/s3/own/q"},
		{root: "s3://own/p", uri: "s3://models/a", plain: "s3 s3.amazonaws.com models a in eu-west-1 models/access models/secret", path: "/s3/models/a"},
		{root: "s3://own/p", uri: "/kfp/artifacts/x"}, {root: "s3://own/p", uri: "gs://own/x"},
		{root: "oss://own/p", uri: "/oss/own/p/x", plain: "repository p/x", path: "/oss/own/p/x"},
		{root: "oss://own/p", uri: "oss://own/p/x", plain: "repository p/x", path: "/oss/own/p/x"},
		// A root in a store: nothing lies in the repository.
		{root: "minio://lab/p", uri: "minio://lab/p/run/x", plain: "s3 minio.lab:9000 lab p/run/x insecure lab/access lab/secret", path: "/minio/lab/p/run/x"},
		{root: "minio://lab/p", uri: "/kfp/artifacts/x"},
		{root: "s3://models/private/r?region=us-east-2", uri: "s3://models/private/r/x", plain: "s3 s3.amazonaws.com models private/r/x in us-east-2 private/id private/key", path: "/s3/models/private/r/x"},
		{root: "s3://models/private/r?region=us-east-2", uri: "s3://models/private/x", plain: "s3 s3.amazonaws.com models private/x private/id private/key", path: "/s3/models/private/x"},
		{root: "minio://new?endpoint=http://minio:9000&region=minio", uri: "minio://new/x", plain: "s3 minio:9000 new x in minio insecure", path: "/minio/new/x"},
	} {
		t.Run(tt.root+" "+tt.uri, func(t *testing.T) {
			record, _ := json.Marshal(map[string]any{"name": "artifact", "uri": tt.uri, "metadata": map[string]any{}})
			values := map[string]any{"inputs.parameters.data--artifact": string(record), "workflow.name": "run", "pod.name": "pod",
				"inputs.parameters.text": `"x"`, "inputs.parameters.note": "null"}
			m := of(tt.root)
			var want []string
			if tt.plain != "" {
				want = []string{"/kfp/in/data < " + tt.plain}
			}
			if diff := cmp.Diff(want, supplied(t, substituted(t, templateOf(t, m[0], plain), values))); diff != "" {
				t.Errorf("a plain container (-want +got):\n%s", diff)
			}
			if tt.plain != "" {
				want = []string{tt.path + " < " + tt.plain}
			}
			pod := substituted(t, templateOf(t, m[1], sdk), values)
			if diff := cmp.Diff(want, supplied(t, pod)); diff != "" {
				t.Errorf("a container of the SDK (-want +got):\n%s", diff)
			}
			if tt.path != "" {
				seenBySDK(t, pod, tt.path)
			}
		})
	}
}

// seenBySDK checks that the SDK finds the files at the paths that it makes of
// the URIs in its executor input.
func seenBySDK(t *testing.T, pod *wfv1.Template, path string) {
	t.Helper()
	var text string
	for _, e := range pod.Container.Env {
		if strings.HasPrefix(e.Value, `{"inputs"`) {
			text = strings.ReplaceAll(strings.ReplaceAll(e.Value, "$(KFP_E)", ""), "$$", "$")
		}
	}
	var in struct {
		Inputs, Outputs struct {
			Artifacts map[string]struct{ Artifacts []struct{ URI string } }
		}
	}
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		t.Fatalf("executor input %s: %v", text, err)
	}
	of := func(uri string) string {
		return strings.NewReplacer("gs://", "/gcs/", "s3://", "/s3/", "minio://", "/minio/").Replace(uri)
	}
	if got := of(in.Inputs.Artifacts["data"].Artifacts[0].URI); got != path {
		t.Errorf("the SDK reads %s", got)
	}
	if got, want := of(in.Outputs.Artifacts["model"].Artifacts[0].URI), pod.Outputs.Artifacts[0].Path; got != want || !filepath.IsAbs(got) {
		t.Errorf("the SDK writes %s, Argo takes %s", got, want)
	}
}

// Of a list, the folder comes that holds all of it.
func TestStoresOfLists(t *testing.T) {
	const text = `pipeline: lists
inputs: {all: {type: list, items: Dataset, optional: true}}
components: {use: {image: "busybox:1", inputs: {all: {type: list, items: Dataset, optional: true}}, script: "ls $INPUT_ALL"}}
tasks: {use: {component: use, inputs: {all: "${{ inputs.all }}"}}}
`
	for _, tt := range []struct {
		root string
		uris []string
		want string
	}{
		{"", nil, ""},
		{"", []string{"/kfp/artifacts/run/c/p1/x", "/kfp/artifacts/run/c/p2/x"}, "repository run/c"},
		{"", []string{"/kfp/artifacts/run/c/p1/x", "/kfp/artifacts/run/d/p2/x"}, "repository run"},
		{"", []string{"gs://acme/shared/d/x", "gs://acme/shared/d/y"}, "gcs acme shared/d gcs/key.json"},
		{"", []string{"gs://acme/shared/d/x", "gs://acme/shared/e/y"}, ""},
		{"", []string{"s3://none/d/x", "s3://none/d/y"}, ""},
		{"oss://heap/p", []string{"oss://heap/p/run/c/p1/x", "oss://heap/p/run/c/p2/x"}, "oss oss-eu.aliyuncs.com heap p/run/c oss/id oss/key"},
		{"oss://heap/p", []string{"oss://heap/q/x"}, "oss oss-eu.aliyuncs.com heap q oss/id oss/key"},
	} {
		records := []any{}
		for _, uri := range tt.uris {
			records = append(records, map[string]any{"name": "x", "uri": uri, "metadata": map[string]any{}})
		}
		list, _ := json.Marshal(records)
		m := manifest(t, "lists.yaml", []byte(text), argo.Options{ArtifactRoot: tt.root, Stores: table(t)})
		pod := substituted(t, templateOf(t, m, "use"), map[string]any{"inputs.parameters.all--artifact": string(list), "workflow.name": "run"})
		want := []string(nil)
		if tt.want != "" {
			want = []string{"/kfp/in/all < " + tt.want}
		}
		if diff := cmp.Diff(want, supplied(t, pod)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.uris, diff)
		}
	}
}

// What is imported into the workspace comes from the store of its URI.
func TestStoresIntoWorkspace(t *testing.T) {
	const text = `pipeline: into
workspace: {size: 1Gi}
inputs: {uri: {type: string, default: x}}
components:
  get: {inputs: {uri: string}, import: {uri: "%URI%", type: Dataset, to-workspace: true}}
  use: {image: "busybox:1", inputs: {data: Dataset}, script: "cat $INPUT_DATA"}
tasks:
  get: {component: get, inputs: {uri: "${{ inputs.uri }}"}}
  use: {component: use, inputs: {data: "${{ tasks.get.outputs.artifact }}"}}
`
	for _, uri := range []string{"gs://acme/shared/x", "${{ inputs.uri }}"} {
		m := manifest(t, "into.yaml", []byte(strings.ReplaceAll(text, "%URI%", uri)), argo.Options{Stores: table(t)})
		judge(t, m)
		get := templateOf(t, m, "get")
		if one := len(get.Inputs.Artifacts) == 1 && !get.Inputs.Artifacts[0].Optional; one != (uri == "gs://acme/shared/x") {
			t.Errorf("%s: %d artifacts", uri, len(get.Inputs.Artifacts))
		}
		pod := substituted(t, get, map[string]any{"inputs.parameters.uri": `"gs://acme/shared/x"`})
		if diff := cmp.Diff([]string{"/kfp-workspace/.artifacts/gcs/acme/shared/x < gcs acme shared/x gcs/key.json"}, supplied(t, pod)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", uri, diff)
		}
	}
}

// Outputs go below the root, with the whole location if its store is known.
func TestStoresOfOutputs(t *testing.T) {
	for root, want := range map[string]string{
		"":                    "repository run/use/pod/out",
		"s3://own/p":          "repository p/run/use/pod/out",
		"azblob://else/p":     "repository p/run/use/pod/out",
		"s3://models/r":       "s3 s3.amazonaws.com models r/run/use/pod/out in eu-west-1 models/access models/secret",
		"gs://acme/shared":    "gcs acme shared/run/use/pod/out gcs/key.json",
		"azblob://box":        "azure http://10.0.0.1:10000/acc box run/use/pod/out azure/key",
		"oss://heap/a/b/":     "oss oss-eu.aliyuncs.com heap a/b/run/use/pod/out oss/id oss/key",
		"s3://x?region=eu-c1": "s3 s3.amazonaws.com x run/use/pod/out in eu-c1",
	} {
		m := manifest(t, "stores.yaml", []byte(storesPipeline), argo.Options{ArtifactRoot: root, Stores: table(t)})
		judge(t, m)
		pod := substituted(t, templateOf(t, m, "use"), map[string]any{"workflow.name": "run", "pod.name": "pod",
			"inputs.parameters.data--artifact": "null"})
		out := pod.Outputs.Artifacts[0]
		if got := strings.TrimSpace(whereOf(out) + " " + strings.Join(secretsOf(t, out), " ")); got != want {
			t.Errorf("%s: %s, want %s", root, got, want)
		}
	}
}

func TestStoresFindings(t *testing.T) {
	importing := func(uri string) string {
		return strings.ReplaceAll(storesPipeline, "${{ inputs.uri }}\", type", uri+"\", type")
	}
	for _, tt := range []struct {
		name, text string
		opt        argo.Options
		want       []string
	}{
		{name: "nothing known", text: importing("s3://some/x"), want: []string{"warning A619"}},
		{name: "run time", text: storesPipeline, want: []string{"warning A619"}},
		{name: "run time, bucket known", text: importing("s3://some/${{ inputs.uri }}"), want: []string{"warning A619"}},
		{name: "run time, stores", text: storesPipeline, opt: argo.Options{Stores: table(t)}},
		{name: "in a store", text: importing("gs://acme/shared/x"), opt: argo.Options{Stores: table(t)}},
		{name: "beside a store", text: importing("gs://acme/x"), opt: argo.Options{Stores: table(t)}, want: []string{"warning A620"}},
		{name: "in no store", text: importing("s3://some/x${{ inputs.uri }}"), opt: argo.Options{Stores: table(t)}, want: []string{"warning A620"}},
		{name: "no store at all", text: importing("hdfs://some/x"), want: []string{"warning A620"}},
		{name: "root's bucket", text: importing("s3://own/x"), opt: argo.Options{ArtifactRoot: "s3://own/p"}, want: []string{"note A622"}},
		{name: "not root's bucket", text: importing("s3://owner/x"), opt: argo.Options{ArtifactRoot: "s3://own/p"}, want: []string{"note A622", "warning A620"}},
		{name: "root of the pipeline", text: importing("s3://models/x") + "artifact-root: s3://models/p\n", opt: argo.Options{Stores: table(t)}},
		{name: "wrong root", text: importing("s3://models/x") + "artifact-root: models/p\n", opt: argo.Options{Stores: table(t)}, want: []string{"error A621"}},
		{name: "the option wins", text: importing("s3://models/x") + "artifact-root: models/p\n", opt: argo.Options{Stores: table(t), ArtifactRoot: "s3://models"}},
	} {
		var got []string
		for _, d := range compile(t, "stores.yaml", []byte(tt.text), tt.opt).Diagnostics {
			if strings.HasPrefix(string(d.Code), "A6") {
				got = append(got, d.Severity.String()+" "+string(d.Code))
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	given, _ := compiler.SplitArgument("data=s3://none/x")
	res, err := compiler.Compile(t.Context(), source.NewFile("given.yaml", []byte(`pipeline: given
inputs: {data: Dataset}
components: {use: {image: "busybox:1", inputs: {data: Dataset}, script: "cat $INPUT_DATA"}}
tasks: {use: {component: use, inputs: {data: "${{ inputs.data }}"}}}
`)), compiler.Options{Argo: argo.Options{Stores: table(t)}, Arguments: []compiler.Argument{given}})
	if err != nil || !slices.ContainsFunc(res.Diagnostics, func(d diag.Diagnostic) bool { return d.Code == "A620" }) {
		t.Errorf("given to the run: %v %v", res.Diagnostics, err)
	}
	text, err := os.ReadFile("testdata/kfp.yaml")
	if err != nil {
		t.Fatal(err)
	}
	res = compile(t, "kfp.yaml", append(text, "defaultPipelineRoot: dummy_root\n"...), argo.Options{})
	if res.Manifest == nil || !slices.ContainsFunc(res.Diagnostics, func(d diag.Diagnostic) bool {
		return d.Code == "A621" && d.Severity == diag.Warning && d.Span.Text() == "dummy_root"
	}) || strings.Contains(string(res.Manifest.YAML), "dummy_root") {
		t.Errorf("a suggested root that is none: %v", res.Diagnostics)
	}
}

// The Reader says the URIs that the programs were told.
func TestReaderKnowsStores(t *testing.T) {
	for root, want := range map[string][2]string{
		"s3://own/p":                             {"s3://own/p/run/x", "s3://repo/other"},
		"minio://lab/p":                          {"minio://lab/p/run/x", "s3://repo/other"},
		"abfss://box@acc.dfs.core.windows.net/p": {"abfss://box@acc.dfs.core.windows.net/p/run/x", "s3://repo/other"},
		"oss://own/p":                            {"oss://own/p/run/x", "s3://repo/other"},
	} {
		r, _ := store.ParseRoot(root)
		full := wfv1.Artifact{Name: "full"}
		switch r.Kind {
		case store.S3:
			full.S3 = &wfv1.S3Artifact{Key: "p/run/x", S3Bucket: wfv1.S3Bucket{Endpoint: "e", Bucket: r.Bucket}}
		case store.Azure:
			full.Azure = &wfv1.AzureArtifact{Blob: "p/run/x", AzureBlobContainer: wfv1.AzureBlobContainer{Endpoint: "https://acc", Container: r.Bucket}}
		case store.OSS:
			full.OSS = &wfv1.OSSArtifact{Key: "p/run/x", OSSBucket: wfv1.OSSBucket{Endpoint: "e", Bucket: r.Bucket}}
		}
		key := func(name, key string) wfv1.Artifact {
			return wfv1.Artifact{Name: name, ArtifactLocation: wfv1.ArtifactLocation{S3: &wfv1.S3Artifact{Key: key}}}
		}
		wf := &wfv1.Workflow{}
		wf.Name, wf.Annotations = "run", map[string]string{argo.NoteArtifactRoot: root}
		wf.Status.ArtifactRepositoryRef = &wfv1.ArtifactRepositoryRefStatus{ArtifactRepository: &wfv1.ArtifactRepository{
			S3: &wfv1.S3ArtifactRepository{S3Bucket: wfv1.S3Bucket{Bucket: "repo"}}}}
		node := &wfv1.NodeStatus{Outputs: &wfv1.Outputs{Artifacts: wfv1.Artifacts{full, key("key", "p/run/x"), key("other", "other"), key("full--store-1", "p/run/x")},
			Parameters: []wfv1.Parameter{{Name: "told--artifact", Value: wfv1.AnyStringPtr(`{"uri": "` + r.Path() + `run/x"}`)}}}}
		_, out := argo.NewReader(wf).Values(node)
		got := map[string]string{}
		for name, x := range out {
			got[name] = x.Artifact.URI
		}
		told := want[0]
		if r.SDK() {
			told = r.Path() + "run/x"
		}
		if diff := cmp.Diff(map[string]string{"full": want[0], "key": want[0], "other": want[1], "told": told}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", root, diff)
		}
	}
}

// The artifacts of a template for every kind of store, for review.
func TestStoresGolden(t *testing.T) {
	text := kfpWithURI(t)
	m := manifest(t, "kfp.yaml", text, argo.Options{ArtifactRoot: "azblob://box/runs", Stores: table(t)})
	tmpl := templateOf(t, m, "make")
	got, err := yaml.Marshal(map[string]any{"inputs": tmpl.Inputs.Artifacts, "outputs": tmpl.Outputs.Artifacts})
	if err != nil {
		t.Fatal(err)
	}
	goldentest.File(t, "testdata/stores.golden", got)
}
