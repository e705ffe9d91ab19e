package dsl_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// TestMerging: defaults < group's retry < component < task; maps by key,
// anything else replaced, null removes.
func TestMerging(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, defaults, component, task, want string }{
		{"defaults alone", "resources: {cpu: 1, memory: 1Gi}", "", "", `resource cpu request "1" limit "1"; resource memory request "1Gi" limit "1Gi"`},
		{"by key", "resources: {cpu: 1}", "resources: {memory: 1Gi}", "resources: {cpu: 2}", `resource cpu request "2" limit "2"; resource memory request "1Gi" limit "1Gi"`},
		{"null removes a key", "resources: {cpu: 1, memory: 1Gi}", "", "resources: {cpu: null}", `resource memory request "1Gi" limit "1Gi"`},
		{"null removes all", "resources: {cpu: 1}", "resources: null", "", ``},
		{"null, then set again", "resources: {cpu: 1, memory: 1Gi}", "resources: null", "resources: {cpu: 3}", `resource cpu request "3" limit "3"`},
		{"deep", "retry: {limit: 2, on: {error: 1}, backoff: {duration: 1s, max: 10s}}", "", "retry: {on: {preempted: 5}, backoff: {factor: 2}}", `retry; limit 2; on error 1; on preempted 5; duration 1; factor 2; max 10`},
		{"scalar replaces map", "retry: {limit: 2, backoff: 1s}", "", "retry: 7", `retry; limit 7`},
		{"map replaces scalar", "retry: 7", "", "retry: {backoff: 1s}", `retry; duration 1; factor 1`},
		{"lists replace", "tolerations: [{key: a}]", "tolerations: [{key: b}, {key: c}]", "", `toleration {"key": "b"}; toleration {"key": "c"}`},
		{"objects merge", "security-context: {runAsUser: 1}", "", "security-context: {runAsGroup: 2}", `security-context {"runAsGroup": 2, "runAsUser": 1}`},
		{"request and limit apart", "resources: {cpu: {request: 1}}", "", "resources: {cpu: {limit: 2}}", `resource cpu request "1" limit "2"`},
		{"env of the task wins", "env: {A: d, B: d, C: d}", "env: {A: c, B: c}", "env: {A: t}", `env C = "d"; env A = "t"`},
		{"env null over defaults", "env: {A: d, B: d}", "", "env: {A: null}", `env B = "d"`},
		{"component reads its inputs", "", `resources: {memory: "${{ inputs.m }}", cpu: "${{ inputs.c }}"}`, "", `resource memory request tasks.up.outputs.s limit tasks.up.outputs.s; resource cpu request "2" limit "2"`},
		{"text of the component", "", `node-selector: {a: "x-${{ inputs.m }}-${{ inputs.o }}"}`, "", `node-selector "a" = text("x-", tasks.up.outputs.s, "-", null)`},
		{"cache off", "cache: true", "", "cache: false", ``},
		{"defaults read the pipeline", `node-selector: {z: "${{ inputs.zone }}"}`, "", "", `node-selector "z" = inputs.zone`},
		{"argo patches merge", "argo: {template: {a: {x: 1}}}", "", "argo: {template: {a: {y: '{{z}}'}}}", `argo {"a": {"x": 1, "y": "{{z}}"}}`},
		{"parts of one thing", "accelerator: {type: nvidia.com/gpu}", "volumes: {/a: {claim: x}}", "accelerator: {count: 2}, volumes: {/a: {read-only: true}}", `accelerator type "nvidia.com/gpu" count 2; volume "/a"; read-only; claim "x"`},
		{"timeout", "timeout: 30m", "", "timeout: 1h30m", "timeout 5400"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text := fmt.Sprintf(`pipeline: p
inputs: {zone: {type: string, default: a}}
defaults: {%s}
components:
  up: {image: x, outputs: {s: string}, command: [x]}
  use: {image: x, command: [x], inputs: {m: string, c: {type: string, default: 2}, o: {type: string, optional: true}}, %s}
tasks:
  up: {component: up}
  use: {component: use, inputs: {m: "${{ tasks.up.outputs.s }}"}, %s}
`, c.defaults, c.component, c.task)
			p, ds := parse("p.yaml", text)
			if diag.HasErrors(ds) {
				t.Fatal(show(ds))
			}
			if got := settingsOf(p, "use"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// settingsOf is the dump of one task's settings on one line.
func settingsOf(p *ir.Pipeline, task string) string {
	_, after, _ := strings.Cut(ir.Dump(p), fmt.Sprintf("  task %q of ", task))
	_, after, _ = strings.Cut(after, "    settings\n")
	var out []string
	for line := range strings.Lines(after) {
		if !strings.HasPrefix(line, "      ") {
			break
		}
		out = append(out, strings.TrimSpace(line))
	}
	return strings.Join(out, "; ")
}

// TestTakeAway: a task may take away a variable that its component sets; the
// component stays as it is for others.
func TestTakeAway(t *testing.T) {
	t.Parallel()
	p, ds := parse("p.yaml", `pipeline: p
components:
  a: {image: x, command: [x], env: {A: a, B: b}}
tasks:
  one: {component: a, env: {A: null}}
  two: {component: a}
`)
	if len(ds) > 0 {
		t.Fatal(show(ds))
	}
	tasks := p.Root.DAG().Tasks
	if n := len(tasks[0].Component.Container().Env); n != 1 {
		t.Errorf("%d variables left", n)
	}
	if n := len(tasks[1].Component.Container().Env); n != 2 {
		t.Errorf("the other task has %d variables", n)
	}
	if err := ir.Verify(p); err != nil {
		t.Error(err)
	}
}

// TestSharedSettings: tasks that ask for nothing of their own share what they
// get, so that ten thousand of them cost nothing.
func TestSharedSettings(t *testing.T) {
	t.Parallel()
	p, _ := parse("p.yaml", `pipeline: p
defaults: {timeout: 1m}
components: {a: {image: x, command: [x]}}
tasks: {one: {component: a}, two: {component: a}, three: {component: a, timeout: 2m}}
`)
	d := p.Root.DAG().Tasks
	if d[0].Settings != d[1].Settings || d[0].Settings == d[2].Settings || d[2].Settings.Timeout != 120 {
		t.Error("settings are not shared as they should be")
	}
}

// TestFromEnv: a component file may be given variables and settings here.
func TestFromEnv(t *testing.T) {
	t.Parallel()
	p, ds := parse("testdata/ok/p.yaml", `pipeline: p
components:
  n: {from: ./components/notify.yaml, env: {A: "${{ inputs.status }}"}, timeout: 5s}
tasks: {n: {component: n, inputs: {status: {state: x}}}}
`)
	if len(ds) > 0 {
		t.Fatal(show(ds))
	}
	task := p.Root.DAG().Tasks[0]
	env := task.Component.Container().Env
	if len(env) != 1 || env[0].Name.Text != "A" || task.Settings.Timeout != 5 {
		t.Error(ir.Dump(p))
	}
}

// TestSecretEnv: a secret input in a task's or the defaults' env reaches the
// container as a variable taken from the Secret, never as a text.
func TestSecretEnv(t *testing.T) {
	t.Parallel()
	p, ds := parse("p.yaml", `pipeline: p
inputs: {token: {type: string, secret: true, default: a/b}}
defaults: {env: {D: "${{ inputs.token }}"}}
components: {a: {image: x, command: [x], env: {T: old}}, b: {image: x, command: [x], inputs: {s: {type: string, secret: true}}}}
tasks:
  g:
    tasks:
      one: {component: a, env: {T: "${{ inputs.token }}"}}
      two: {component: a}
      three: {component: a}
  four: {component: b, inputs: {s: "${{ inputs.token }}"}}
`)
	var list diag.List
	check.Pipeline(p, list.Report)
	if ds = append(ds, list.Sorted()...); len(ds) > 0 {
		t.Fatal(show(ds))
	}
	if err := ir.Verify(p); err != nil {
		t.Fatal(err)
	}
	tasks := p.Root.DAG().Tasks[0].Component.DAG().Tasks
	env := tasks[0].Component.Container().Env
	if len(env) != 2 || env[0].SecretInput == "" || env[1].SecretInput == "" || len(tasks[0].Settings.Env) != 0 {
		t.Error(ir.Dump(p))
	}
	if tasks[1].Component != tasks[2].Component {
		t.Error("equal variants are not shared")
	}
	arg := tasks[1].Args[0]
	if ref, ok := arg.Value.(*ir.InputRef); !ok || ref.Name != "token" || !tasks[1].Component.Input(arg.Name.Text).Secret {
		t.Error(ir.Dump(p))
	}
}
