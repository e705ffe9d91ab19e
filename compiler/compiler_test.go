package compiler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/components"
)

const hello = `pipeline: hello
components:
  hello: {image: "busybox:1.37", inputs: {who: string}, outputs: {text: string}, script: 'echo "hello $INPUT_WHO" > "$OUTPUT_TEXT"'}
inputs: {who: {type: string, default: world}}
tasks:
  hello: {component: hello, inputs: {who: "${{ inputs.who }}"}}
outputs: {text: "${{ tasks.hello.outputs.text }}"}
`

func compile(t *testing.T, name, text string, opt compiler.Options) *compiler.Result {
	t.Helper()
	res, err := compiler.Compile(t.Context(), source.NewFile(name, []byte(text)), opt)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// lines prints findings as file:line code message.
func lines(ds []diag.Diagnostic) string {
	var b strings.Builder
	for _, d := range ds {
		fmt.Fprintf(&b, "%s %s %s\n", d.Span, d.Code, d.Message)
	}
	return b.String()
}

func TestCompile(t *testing.T) {
	res := compile(t, "hello.yaml", hello, compiler.Options{})
	if len(res.Diagnostics) > 0 {
		t.Fatal(lines(res.Diagnostics))
	}
	if res.Manifest == nil || !bytes.Contains(res.Manifest.YAML, []byte("kind: Workflow")) {
		t.Error("no manifest")
	}
	if err := ir.Verify(res.Pipeline); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(res.Digest, "sha256:") || len(res.Digest) != 71 || len(res.Files) != 1 || res.Info == nil {
		t.Errorf("digest %q, %d files", res.Digest, len(res.Files))
	}
}

// Valid pipelines that were refused once.
func TestValid(t *testing.T) {
	const components = `
components:
  give: {image: "busybox:1", outputs: {y: string}, script: 'printf 1 > "$OUTPUT_Y"'}
  take: {image: "busybox:1", inputs: {x: {type: string, optional: true}}, script: 'echo "$INPUT_X"'}
tasks:
`
	for name, tasks := range map[string]string{
		// The trigger stands below what depends on it.
		"completed group, first read by another": `
  last: {component: take, inputs: {x: "${{ tasks.each.outputs.y[0] }}"}}
  first: {component: give}
  each:
    for-each: [1]
    trigger: completed
    tasks: {again: {component: take}}
    outputs: {y: "${{ tasks.first.outputs.?y.orValue('') }}"}
`,
		// Whether a captured value may be absent is known when graphs are.
		"absent into a group": `
  group: {tasks: {may: {component: give, when: "${{ run.name != '' }}"}}, outputs: {y: "${{ tasks.may.outputs.y }}"}}
  other: {tasks: {deep: {tasks: {take: {component: take, inputs: {x: "${{ tasks.group.outputs.y }}"}}}}}}
`,
		// An optional output of a group depends on what the group captured.
		"absent through a group": `
  group: {tasks: {may: {component: give, when: "${{ run.name != '' }}"}}, outputs: {y: "${{ tasks.may.outputs.y }}"}}
  again: {tasks: {t: {component: take}}, outputs: {y: "${{ tasks.group.outputs.y }}"}}
  other: {tasks: {take: {component: take, inputs: {x: "${{ tasks.again.outputs.y }}"}}}}
`,
	} {
		res := compile(t, name, "pipeline: valid"+components+tasks, compiler.Options{})
		for _, d := range res.Diagnostics {
			if d.Severity == diag.Error {
				t.Errorf("%s: %s", name, d.Message)
			}
		}
	}
}

func TestDeterminism(t *testing.T) {
	var first []byte
	for i := range 50 {
		res := compile(t, "hello.yaml", hello, compiler.Options{Arguments: []compiler.Argument{{Name: "who", Text: "you"}}})
		if i == 0 {
			first = res.Manifest.YAML
		} else if !bytes.Equal(first, res.Manifest.YAML) {
			t.Fatalf("run %d differs", i)
		}
	}
}

func TestStop(t *testing.T) {
	for stop, want := range map[compiler.Stop]string{compiler.AfterParse: "", compiler.AfterCheck: "L501", compiler.AfterLower: "L501"} {
		res := compile(t, "x.yaml", strings.Replace(hello, "busybox:1.37", "busybox", 1), compiler.Options{Stop: stop})
		got := ""
		for _, d := range res.Diagnostics {
			got += string(d.Code)
		}
		if got != want || (res.Manifest != nil) != (stop == compiler.AfterLower) || (res.Info != nil) != (stop != compiler.AfterParse) {
			t.Errorf("stop %d: %s", stop, lines(res.Diagnostics))
		}
	}
}

// TestTenMistakes: all of them, once each, in the order of the file.
func TestTenMistakes(t *testing.T) {
	res := compile(t, "ten.yaml", `pipeline: ten
inputs:
  rows: {type: intger}
  low: {type: integer, default: 1, minimum: 5}
components:
  show:
    imag: busybox:1.37
    inputs: {text: string}
    command: [echo, "${{ inputs.txt }}"]
    image: "Busybox"
tasks:
  a: {component: shwo}
  b: {component: show}
  c: {component: show, inputs: {text: "${{ tasks.nope.outputs.x }}"}}
  d: {component: show, inputs: {text: "x"}, after: [e]}
  e: {component: show, inputs: {text: "y"}, after: [d]}
  f: {component: show, inputs: {text: "${{ 1 + }}"}}
`, compiler.Options{})
	last := 0
	for _, d := range res.Diagnostics {
		at := d.Span.Begin()
		if at.Line < last {
			t.Errorf("%s is out of order", d.Message)
		}
		last = at.Line
	}
	if n := len(res.Diagnostics); n != 10 {
		t.Errorf("%d findings:\n%s", n, lines(res.Diagnostics))
	}
	if res.Manifest != nil {
		t.Error("there is a manifest all the same")
	}
}

// TestHostile: one clear finding each.
func TestHostile(t *testing.T) {
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 12; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	for name, text := range map[string]string{
		"empty":       "",
		"blank":       "\n\n# nothing\n",
		"broken":      "pipeline: [x\ntasks: {}\n",
		"binary":      "\x7fELF\x00\x01\x02",
		"huge":        strings.Repeat("# "+strings.Repeat("x", 98)+"\n", 40<<20/101),
		"bomb":        bomb,
		"deep":        "pipeline: " + strings.Repeat("[", 200_000),
		"list":        "- a\n- b\n",
		"text":        "hello",
		"number":      "42",
		"kubernetes":  "apiVersion: v1\nkind: Pod\n",
		"json":        `{"a": 1}`,
		"broken json": `{"a": `,
	} {
		res := compile(t, name, text, compiler.Options{})
		if len(res.Diagnostics) != 1 || res.Diagnostics[0].Severity != diag.Error {
			t.Errorf("%s:\n%s", name, lines(res.Diagnostics))
		}
	}
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const component = `name: Say hello
inputs: [{name: text, type: String}]
implementation:
  container: {image: "busybox:1.37", command: [echo, {inputValue: text}]}
`

func TestReferences(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "project")
	use := func(key, file string) string {
		return "pipeline: outer\ncomponents:\n  c: {" + key + ": " + file + "}\ntasks:\n  t: {component: c, inputs: {text: hi}}\n"
	}
	inner := "pipeline: inner\ninputs: {text: string}\ncomponents:\n  c: {from: ./say.yaml}\ntasks:\n  t: {component: c, inputs: {text: \"${{ inputs.text }}\"}}\n"
	write(t, dir, map[string]string{
		"outside.yaml": component, "project/parts/say.yaml": component, "project/parts/inner.yaml": inner,
		"project/loop.yaml":      "pipeline: loop\ncomponents:\n  c: {pipeline: pipeline.yaml}\ntasks:\n  t: {component: c}\n",
		"project/parts/bad.yaml": "name: x\nimplementation: {container: {command: [echo]}}\n",
		"project/folder/x":       "", "project/pipeline.yaml": hello,
	})
	if err := os.Symlink("../outside.yaml", filepath.Join(root, "link.yaml")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, text, want string }{
		{"component", use("from", "./parts/say.yaml"), ""},
		{"pipeline", use("pipeline", "parts/inner.yaml"), ""},
		{"missing", use("from", "./parts/no.yaml"), "C471"},
		{"folder", use("from", "./folder"), "C471"},
		{"outside", use("from", "../outside.yaml"), "C472"},
		{"absolute", use("from", "/etc/passwd"), "C472"},
		{"link", use("from", "link.yaml"), "C472"},
		{"pipeline as component", use("from", "parts/inner.yaml"), "C474"},
		{"itself", strings.Replace(use("pipeline", "pipeline.yaml"), ", inputs: {text: hi}", "", 1), "C473"},
		{"through another", strings.Replace(use("pipeline", "loop.yaml"), ", inputs: {text: hi}", "", 1), "C473"},
	} {
		res := compile(t, filepath.Join(root, "pipeline.yaml"), c.text, compiler.Options{Load: components.Dir(root), Stop: compiler.AfterCheck})
		got := ""
		for _, d := range res.Diagnostics {
			if d.Severity == diag.Error {
				got += string(d.Code)
			}
		}
		if got != c.want {
			t.Errorf("%s: want %q, got\n%s", c.name, c.want, lines(res.Diagnostics))
		}
		if c.want == "" {
			if err := ir.Verify(res.Pipeline); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
	res := compile(t, filepath.Join(root, "pipeline.yaml"), use("pipeline", "parts/inner.yaml"), compiler.Options{Load: components.Dir(root)})
	if len(res.Files) != 3 || res.Manifest == nil {
		t.Errorf("%d files read:\n%s", len(res.Files), lines(res.Diagnostics))
	}
	none := compile(t, "x.yaml", use("from", "a.yaml"), compiler.Options{})
	if len(none.Diagnostics) != 1 || none.Diagnostics[0].Code != "C471" {
		t.Error(lines(none.Diagnostics))
	}
}

func TestComponentAsPipeline(t *testing.T) {
	res := compile(t, "say.yaml", component, compiler.Options{Arguments: []compiler.Argument{{Name: "text", Text: "hi"}}})
	if diag.HasErrors(res.Diagnostics) || res.Manifest == nil {
		t.Fatal(lines(res.Diagnostics))
	}
	if got := res.Pipeline.Root.DAG().Tasks[0].Name.Text; got != "say-hello" {
		t.Errorf("the task is called %q", got)
	}
	if err := ir.Verify(res.Pipeline); err != nil {
		t.Error(err)
	}
	missing := compile(t, "say.yaml", component, compiler.Options{})
	if !strings.Contains(lines(missing.Diagnostics), "R706") {
		t.Error(lines(missing.Diagnostics))
	}
	data := compile(t, "d.yaml", strings.NewReplacer("String", "Dataset", "inputValue", "inputPath").Replace(component),
		compiler.Options{Arguments: []compiler.Argument{{Name: "text", Text: "s3://bucket/key"}}})
	if data.Manifest == nil {
		t.Error(lines(data.Diagnostics))
	}
}

// TestProfiles: what is wrong with one profile only is found whichever is used.
func TestProfiles(t *testing.T) {
	text := strings.Replace(hello, "\ninputs: {who:", "\nprofiles:\n  fine: {timeout: 1h}\n  bad: {components: {hello: {outputs: {text: integer}}}, outputs: {text: null}, tasks: {more: {component: hello, inputs: {who: \"${{ tasks.hello.outputs.text }}\"}}}}\ninputs: {who:", 1)
	for _, profile := range []string{"", "fine", "bad"} {
		res := compile(t, "p.yaml", text, compiler.Options{Profile: profile})
		if n := len(res.Diagnostics); n != 1 || res.Diagnostics[0].Code != "C408" {
			t.Errorf("profile %q:\n%s", profile, lines(res.Diagnostics))
		}
	}
}

func TestErrorsAreOurs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := compiler.Compile(ctx, source.NewFile("x", []byte(hello)), compiler.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	broken := errors.New("the disk is broken")
	text := "pipeline: p\ncomponents:\n  c: {from: x.yaml}\ntasks:\n  t: {component: c}\n"
	load := func(context.Context, *source.File, string) (*source.File, error) { return nil, broken }
	if _, err := compiler.Compile(t.Context(), source.NewFile("x", []byte(text)), compiler.Options{Load: load}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	mad := func(context.Context, *source.File, string) (*source.File, error) { panic("mad") }
	_, err := compiler.Compile(t.Context(), source.NewFile("x", []byte(text)), compiler.Options{Load: mad})
	if err == nil || !strings.Contains(err.Error(), "please report it") {
		t.Errorf("%v", err)
	}
}

func FuzzCompile(f *testing.F) {
	f.Add([]byte(hello))
	f.Add([]byte(component))
	f.Add([]byte("pipeline: p\ncomponents:\n  c: {image: null, command: [echo]}\ntasks:\n  c: {component: c}\n"))
	f.Add([]byte("pipelineInfo: {name: x}\nroot: {dag: {tasks: {}}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file := source.NewFile("fuzz.yaml", text)
		res, err := compiler.Compile(t.Context(), file, compiler.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range res.Diagnostics {
			if s := d.Span; s.File != nil && (s.Start < 0 || s.End < s.Start || s.End > len(s.File.Text())) {
				t.Fatalf("%s %s: span %d to %d of %d", d.Code, d.Message, s.Start, s.End, len(s.File.Text()))
			}
			if strings.ContainsAny(d.Message, "\n\x1b") {
				t.Fatalf("%s: message %q", d.Code, d.Message)
			}
		}
		if !diag.HasErrors(res.Diagnostics) {
			if err := ir.Verify(res.Pipeline); err != nil {
				t.Fatal(err)
			}
		}
	})
}
