package argo_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kfp-go/kfp-go/backend/argo/verify"
	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/argo"
	"github.com/kfp-go/kfp-go/compiler/compilertest"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
	"github.com/kfp-go/kfp-go/compiler/source"
)

func compile(t testing.TB, name string, text []byte, opt argo.Options) *compiler.Result {
	t.Helper()
	res, err := compiler.Compile(context.Background(), source.NewFile(name, text), compiler.Options{Argo: opt})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func manifest(t testing.TB, name string, text []byte, opt argo.Options) *argo.Manifest {
	t.Helper()
	res := compile(t, name, text, opt)
	if res.Manifest == nil {
		t.Fatalf("%s: %v", name, res.Diagnostics)
	}
	if opt.Args == nil {
		return res.Manifest
	}
	m, err := argo.Lower(res.Pipeline, res.Info, opt, func(d diag.Diagnostic) {
		if d.Severity == diag.Error {
			t.Error(d)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func judge(t *testing.T, m *argo.Manifest) {
	t.Helper()
	found, err := verify.Check(t.Context(), m.YAML)
	if err != nil || len(found) > 0 {
		t.Errorf("Argo: %v %v", found, err)
	}
}

// Every construct has a small pipeline whose manifest is reviewed as a golden
// and judged by Argo's own validator.
func TestGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".argo.yaml") {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m := manifest(t, filepath.Base(file), text, argo.Options{})
			goldentest.File(t, strings.TrimSuffix(file, ".yaml")+".argo.yaml", m.YAML)
			judge(t, m)
		})
	}
}

// What is printed, read strictly, is the object that was built.
func TestPrintedIsTheObject(t *testing.T) {
	for _, kind := range []string{argo.KindWorkflow, argo.KindWorkflowTemplate, argo.KindClusterWorkflowTemplate, argo.KindCronWorkflow} {
		t.Run(kind, func(t *testing.T) {
			text, err := os.ReadFile("testdata/kube.yaml")
			if err != nil {
				t.Fatal(err)
			}
			m := manifest(t, "kube.yaml", text, argo.Options{Kind: kind, RunID: "r-1", Namespace: "ns"})
			judge(t, m)
			back := newOf(m.Object)
			if err := yaml.UnmarshalStrict(m.YAML, back); err != nil {
				t.Fatal(err)
			}
			// Quantities remember how they were written, so compare as JSON.
			if diff := cmp.Diff(asJSON(t, m.Object), asJSON(t, back)); diff != "" {
				t.Error(diff)
			}
			for _, never := range []string{"status:", "{}\n  inputs", "creationTimestamp"} {
				if bytes.Contains(m.YAML, []byte("\n"+never)) {
					t.Errorf("manifest holds %q", never)
				}
			}
		})
	}
}

func newOf(object any) any {
	switch object.(type) {
	case *wfv1.WorkflowTemplate:
		return &wfv1.WorkflowTemplate{}
	case *wfv1.ClusterWorkflowTemplate:
		return &wfv1.ClusterWorkflowTemplate{}
	case *wfv1.CronWorkflow:
		return &wfv1.CronWorkflow{}
	}
	return &wfv1.Workflow{}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The same input gives the same bytes.
func TestDeterministic(t *testing.T) {
	text, err := os.ReadFile("testdata/branches.yaml")
	if err != nil {
		t.Fatal(err)
	}
	first := manifest(t, "b.yaml", text, argo.Options{}).YAML
	for range 100 {
		if again := manifest(t, "b.yaml", text, argo.Options{}).YAML; !bytes.Equal(first, again) {
			t.Fatal(cmp.Diff(string(first), string(again)))
		}
	}
}

// A large DAG is cut into templates of at most 100 tasks, in little space.
func TestLargeDAG(t *testing.T) {
	const n = 2_000
	for name, text := range map[string][]byte{"dsl": compilertest.DSL(n), "kfp": compilertest.KFP(n, false)} {
		m := manifest(t, name+".yaml", text, argo.Options{})
		if size := len(m.YAML) / n; size > 700 {
			t.Errorf("%s: %d bytes a task", name, size)
		}
		for _, tmpl := range m.Object.(*wfv1.Workflow).Spec.Templates {
			if tmpl.DAG != nil && len(tmpl.DAG.Tasks) > 100 {
				t.Errorf("%s: template %s has %d tasks", name, tmpl.Name, len(tmpl.DAG.Tasks))
			}
		}
		if m.Pods != n {
			t.Errorf("%s: %d pods", name, m.Pods)
		}
	}
}

// A DAG stays whole when a cut would come between a task and a failure that it
// tolerates, up to a size from which on that is an error.
func TestToleranceInLargeDAG(t *testing.T) {
	for n, want := range map[int]string{150: "", 600: "A606"} {
		var b strings.Builder
		b.WriteString("pipeline: p\ncomponents: {c: {image: 'busybox:1', script: x}}\ntasks:\n")
		for i := range n {
			fmt.Fprintf(&b, "  t%d: {component: c}\n", i)
		}
		b.WriteString("  last: {component: c, after: [t0, t" + strconv.Itoa(n-1) + "], trigger: completed}\n")
		res := compile(t, "p.yaml", []byte(b.String()), argo.Options{})
		if want != "" {
			if res.Manifest != nil || string(res.Diagnostics[0].Code) != want {
				t.Errorf("%d tasks: %v", n, res.Diagnostics)
			}
			continue
		}
		if res.Manifest == nil {
			t.Fatal(res.Diagnostics)
		}
		judge(t, res.Manifest)
		main := res.Manifest.Object.(*wfv1.Workflow).Spec.Templates[0]
		if len(main.DAG.Tasks) != n+1 || !strings.Contains(main.DAG.Target, "t0") {
			t.Errorf("%d tasks, target %q", len(main.DAG.Tasks), main.DAG.Target)
		}
	}
}

// The whole corpus is accepted by Argo's validator.
func TestCorpus(t *testing.T) {
	root := "../../../shared/corpus/kfp"
	if _, err := os.Stat(root); err != nil {
		t.Skip("the corpus is not here")
	}
	compiled := 0
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		res := compile(t, path, text, argo.Options{Kind: argo.KindWorkflowTemplate})
		if res.Manifest == nil {
			if !diag.HasErrors(res.Diagnostics) {
				t.Errorf("%s: neither a manifest nor an error", path)
			}
			return nil
		}
		compiled++
		t.Run(d.Name(), func(t *testing.T) { judge(t, res.Manifest) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if compiled < 60 {
		t.Errorf("only %d files compile", compiled)
	}
}

// elsewhere is a program that is none of the KFP SDK and knows custom paths.
const elsewhere = `pipelineInfo: {name: p}
schemaVersion: 2.1.0
deploymentSpec: {executors: {e: {container: {image: "a:1", command: [mine, "{{$}}", --custom_path, /x]}}}}
components: {c: {executorLabel: e, outputDefinitions: {artifacts: {o: {artifactType: {schemaTitle: system.Model}}}}}}
root: {dag: {tasks: {t: {componentRef: {name: c}}}}}
`

// kfpPipeline is one container of KFP with more fields of its component.
func kfpPipeline(command, component string) string {
	return `pipelineInfo: {name: p}
schemaVersion: 2.1.0
deploymentSpec: {executors: {e: {container: {image: "a:1", command: [` + command + `]}}, i: {importer: {artifactUri: {runtimeParameter: uri}, typeSchema: {schemaTitle: system.Dataset}}}}}
components:
  c: {executorLabel: e, ` + component + `}
  imp: {executorLabel: i, inputDefinitions: {parameters: {uri: {parameterType: STRING}}}, outputDefinitions: {artifacts: {artifact: {artifactType: {schemaTitle: system.Dataset}}}}}
  loop:
    inputDefinitions: {parameters: {item: {parameterType: STRING}}}
    outputDefinitions: {artifacts: {all: {artifactType: {schemaTitle: system.Dataset}, isArtifactList: true}}}
    dag:
      outputs: {artifacts: {all: {artifactSelectors: [{producerSubtask: imp, outputArtifactKey: artifact}]}}}
      tasks: {imp: {componentRef: {name: imp}, inputs: {parameters: {uri: {componentInputParameter: item}}}}}
root:
  inputDefinitions: {parameters: {day: {parameterType: STRING, defaultValue: "on [[ScheduledTime.2006]]"}}}
  dag:
    tasks:
      loop: {componentRef: {name: loop}, parameterIterator: {itemInput: item, items: {raw: '["s3://a/b/c", "s3://d/e/f"]'}}}
      t: {componentRef: {name: c}, inputs: {artifacts: {d: {taskOutputArtifact: {producerTask: loop, outputArtifactKey: all}}}}}
`
}

const (
	listIn  = "inputDefinitions: {artifacts: {d: {artifactType: {schemaTitle: system.Dataset}, isArtifactList: true}}}"
	dataOut = listIn + ", outputDefinitions: {artifacts: {o: {artifactType: {schemaTitle: system.Dataset}}}}"
	textOut = listIn + ", outputDefinitions: {parameters: {o: {parameterType: STRING}}}"
	numOut  = listIn + ", outputDefinitions: {parameters: {o: {parameterType: NUMBER_INTEGER}}}"
	outFile = `"{{$.outputs.parameters['o'].output_file}}"`
)

// What is not as in KFP is said where it is, and only there.
func TestDifferences(t *testing.T) {
	for name, x := range map[string]struct {
		codes string // of what is found besides the warnings of imports
		text  string
	}{
		"newline":           {"A634 A635 A632", kfpPipeline("mine, "+outFile, textOut)},
		"newline in sh":     {"A634 A635", kfpPipeline("/bin/sh, -c, 'echo x > $0', "+outFile, textOut)},
		"newline in python": {"A634 A635", kfpPipeline("python3.12, -c, print, "+outFile, textOut)},
		"number":            {"A634 A635 A636", kfpPipeline("mine, "+outFile, numOut)},
		"number in sh":      {"A634 A635", kfpPipeline("/bin/sh, -c, 'echo 1 > $0', "+outFile, numOut)},
		"list in sh":        {"A634 A635 A636", kfpPipeline("/bin/sh, -c, 'echo 1 > $0', "+outFile, strings.Replace(numOut, "NUMBER_INTEGER", "LIST", 1))},
		"number in python":  {"A634 A635", kfpPipeline("python3.12, -c, print, "+outFile, numOut)},
		"no file is named":  {"A634 A635", kfpPipeline("mine", textOut)},
		"missing folder":    {"A634 A635 A633", kfpPipeline("python3, -c, 'if os.path.exists(d.path)', '{{$}}'", listIn)},
		"own URI":           {"A634 A635 A619", kfpPipeline(`python3, -c, 'o.uri = f"s3://x/{y}"', '{{$}}'`, dataOut)},
		"folder's URI":      {"A634 A635", kfpPipeline("python3, -c, 'o = Dataset(uri=dsl.get_uri()); o.uri == 1', '{{$}}'", dataOut)},
		"path":              {"A634 A635", kfpPipeline(`python3, -c, 'o.uri = "/tmp/x"', '{{$}}'`, dataOut)},
	} {
		t.Run(name, func(t *testing.T) {
			res := compile(t, "p.yaml", []byte(x.text), argo.Options{})
			want := map[string]bool{}
			for _, code := range strings.Fields(x.codes) {
				want[code] = true
			}
			got := map[string]bool{}
			for _, d := range res.Diagnostics {
				if d.Code == "A619" && strings.Contains(d.Message, "only the run knows") || d.Code[0] == 'L' {
					continue
				}
				got[string(d.Code)] = true
				if d.Span.IsZero() || d.Severity != diag.Warning {
					t.Errorf("%+v", d)
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("found %v, want %v\n%v", got, want, res.Diagnostics)
			}
		})
	}
}

// A task's id names the iteration that the task belongs to; the scheduled time is
// that of a CronWorkflow's run.
func TestFactsOfTheRun(t *testing.T) {
	res := compile(t, "p.yaml", []byte(`pipelineInfo: {name: p}
schemaVersion: 2.1.0
deploymentSpec: {executors: {e: {container: {image: "a:1", command: [echo, "{{$.inputs.parameters['x']}}"]}}}}
components:
  c: {executorLabel: e, inputDefinitions: {parameters: {x: {parameterType: STRING}}}}
  loop:
    inputDefinitions: {parameters: {item: {parameterType: NUMBER_INTEGER}}}
    dag: {tasks: {t: {componentRef: {name: c}, inputs: {parameters: {x: {runtimeValue: {constant: "{{$.pipeline_task_uuid}} {{$.pipeline_job_schedule_time_utc}}"}}}}}}}
root: {dag: {tasks: {loop: {componentRef: {name: loop}, parameterIterator: {itemInput: item, items: {raw: "[1, 2]"}}}}}}
`), argo.Options{})
	if res.Manifest == nil {
		t.Fatal(res.Diagnostics)
	}
	for _, x := range res.Manifest.Workflow.(*wfv1.Workflow).Spec.Templates {
		if x.Name != "loop" {
			continue
		}
		if in := x.Inputs.GetParameterByName("kfp-value-node"); in == nil || in.Default.String() != "{{node.name}}" {
			t.Errorf("the template does not know its node: %+v", x.Inputs)
		}
		got := x.DAG.Tasks[0].Arguments.Parameters[0].Value.String()
		for _, text := range []string{"workflow.uid + inputs.parameters['kfp-value-node'] + '/t'", "get(workflow,'scheduledTime') ?? workflow.creationTimestamp.RFC3339"} {
			if !strings.Contains(got, text) {
				t.Errorf("%q is not in %s", text, got)
			}
		}
		return
	}
	t.Error("no template of the loop")
}

// Findings of this package, each from the smallest pipeline that triggers it.
func TestFindings(t *testing.T) {
	const head = "pipeline: p\ncomponents:\n  c: {image: 'busybox:1', "
	for name, x := range map[string]struct {
		code string
		text string
		opt  argo.Options
	}{
		"no command":   {"A602", head + "args: [x]}\ntasks: {t: {component: c}}\n", argo.Options{}},
		"braces":       {"A603", head + "script: x}\ntasks: {t: {component: c, annotations: {a: 'x {{b}}'}}}\n", argo.Options{}},
		"long args":    {"A604", head + "command: [echo], args: ['" + strings.Repeat("x", 70<<10) + "', '" + strings.Repeat("y", 70<<10) + "']}\ntasks: {t: {component: c}}\n", argo.Options{}},
		"no base":      {"A611", head + "script: x}\ntasks: {t: {component: c, retry: {limit: 2, on: {out-of-memory: {limit: 2, memory: x2}}}}}\n", argo.Options{}},
		"patch":        {"A613", head + "script: x}\ntasks: {t: {component: c, argo: {template: {deamon: true}}}}\n", argo.Options{}},
		"patch kind":   {"A614", head + "script: x}\ntasks: {t: {component: c, argo: {template: {dag: {tasks: []}}}}}\n", argo.Options{}},
		"no workspace": {"A630", "pipeline: p\ncomponents:\n  c: {import: {uri: 's3://b/x', type: Dataset, to-workspace: true}}\ntasks: {t: {component: c}}\n", argo.Options{}},
		"elsewhere":    {"A631", elsewhere, argo.Options{}},
		"no schedule":  {"A618", head + "script: x}\ntasks: {t: {component: c}}\n", argo.Options{Kind: argo.KindCronWorkflow}},
	} {
		t.Run(name, func(t *testing.T) {
			res := compile(t, "p.yaml", []byte(x.text), x.opt)
			for _, d := range res.Diagnostics {
				if string(d.Code) == x.code {
					if d.Span.IsZero() {
						t.Error("finding is nowhere")
					}
					return
				}
			}
			t.Errorf("no %s in %v", x.code, res.Diagnostics)
		})
	}
}

// The catalogue has a page for each code, once.
func TestCodes(t *testing.T) {
	seen := map[diag.Code]bool{}
	for _, c := range argo.Codes {
		if seen[c.Code] || c.Title == "" || c.Doc == "" {
			t.Errorf("%s: %q", c.Code, c.Title)
		}
		seen[c.Code] = true
	}
}

// One artifact for two inputs has one path; no pod may have two mounts there.
func TestOneArtifactForTwoInputs(t *testing.T) {
	res := compile(t, "p.yaml", []byte(`pipelineInfo: {name: p}
schemaVersion: 2.1.0
deploymentSpec:
  executors:
    e: {container: {image: "a:1", command: [python3, -c, "kfp.dsl.executor_main", "{{$}}"]}}
    i: {importer: {artifactUri: {constant: "gs://b/k"}, typeSchema: {schemaTitle: system.Model, schemaVersion: 0.0.1}}}
components:
  c: {executorLabel: e, inputDefinitions: {artifacts: {x: {artifactType: {schemaTitle: system.Model}}, y: {artifactType: {schemaTitle: system.Model}}}}}
  imp: {executorLabel: i, outputDefinitions: {artifacts: {artifact: {artifactType: {schemaTitle: system.Model}}}}}
root:
  dag:
    tasks:
      i: {componentRef: {name: imp}}
      t:
        componentRef: {name: c}
        dependentTasks: [i]
        inputs:
          artifacts:
            x: {taskOutputArtifact: {producerTask: i, outputArtifactKey: artifact}}
            y: {taskOutputArtifact: {producerTask: i, outputArtifactKey: artifact}}
`), argo.Options{})
	if res.Manifest == nil {
		t.Fatal(res.Diagnostics)
	}
	text := string(res.Manifest.YAML)
	first := "(fromJSON(inputs.parameters['x--artifact'])?.uri ?? '')"
	second := "((fromJSON(inputs.parameters['y--artifact'])?.uri ?? '') in [" + first + "] ? '' : (fromJSON(inputs.parameters['y--artifact'])?.uri ?? ''))"
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "'/kfp/in/y'") {
			if !strings.Contains(line, second) {
				t.Errorf("the second input is mounted at %s", line)
			}
			return
		}
	}
	t.Errorf("the second input is not mounted:\n%s", text)
}
