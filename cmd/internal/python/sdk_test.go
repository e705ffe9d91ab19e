//go:build unix

package python

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/cmd/internal/python/sdktest"
	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// whole is a pipeline with something of everything that leads back to a line.
const whole = `from kfp import dsl

import shapes


@dsl.component(base_image="python:3.11")
def add(a: int, b: int = 2) -> int:
    return a + b


@dsl.pipeline(name="inner-one")
def inner(n: int) -> int:
    first = add(a=n)
    return add(a=first.output, b=1).output


@dsl.pipeline(name="outer-one")
def outer(x: int = 3,
          note: str = "é"):
    one = add(a=x, b=4)
    one.set_cpu_limit("1")
    with dsl.Condition(one.output > 3):
        shapes.say(text=note).after(one)
    with dsl.ParallelFor([1, 2]) as item:
        inner(n=item)
`

const shapes = `from kfp import dsl


@dsl.container_component
def say(text: str):
    return dsl.ContainerSpec(image="alpine:3.20", command=["echo"], args=[text])
`

func withSDK(t *testing.T, version string, files ...string) Options {
	t.Helper()
	opt := write(t, files...)
	opt.Python = sdktest.Python(t, version)
	return opt
}

func mustCompile(t *testing.T, opt Options) *Compiled {
	t.Helper()
	c, findings, output, err := Compile(t.Context(), opt)
	if err != nil || c == nil {
		t.Fatal(text(findings), output, err)
	}
	return c
}

// The result is byte for byte what the SDK's own command writes, wherever it is
// called from, and says what made it.
func TestSameAsSDK(t *testing.T) {
	for _, version := range []string{sdktest.Recent, sdktest.Old} {
		t.Run(version, func(t *testing.T) {
			opt := withSDK(t, version, "p.py", whole, "shapes.py", shapes)
			opt.Function = "outer"
			out := filepath.Join(opt.Root, "out.yaml")
			cmd := exec.Command(opt.Python, "-c", "from kfp.cli import __main__ as m; m.main()",
				"dsl", "compile", "--py", opt.File.Name(), "--function", "outer", "--output", out)
			cmd.Dir = opt.Root
			cmd.Env = append(os.Environ(), settled...)
			if log, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, log)
			}
			want, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			c := mustCompile(t, opt)
			if string(c.File.Text()) != string(want) {
				t.Errorf("not what the SDK writes:\n%s", c.File.Text())
			}
			t.Chdir(t.TempDir())
			opt.Function = ""
			for range 3 {
				again := mustCompile(t, opt)
				if string(again.File.Text()) != string(want) || again.SDK != version || again.Digest != c.Digest || !strings.HasPrefix(c.Digest, "sha256:") {
					t.Errorf("not the same again: %s %s %s", again.SDK, again.Digest, c.Digest)
				}
			}
		})
	}
}

// Each part of the compiled pipeline leads back to the line that made it.
func TestPlaces(t *testing.T) {
	opt := withSDK(t, sdktest.Recent, "p.py", whole, "shapes.py", shapes)
	c := mustCompile(t, opt)
	compiled := string(c.File.Text())
	// at finds the last of several texts, each behind the one before it.
	at := func(words ...string) source.Span {
		from := 0
		for _, w := range words {
			i := strings.Index(compiled[from:], w)
			if i < 0 {
				t.Fatalf("no %q in\n%s", w, compiled)
			}
			from += i + len(w)
		}
		return source.Span{File: c.File, Start: from - 1, End: from}
	}
	for _, tt := range []struct {
		words []string
		want  string
	}{
		{[]string{"pipelineInfo:", "name"}, "p.py:18:5 [outer]"},
		{[]string{"\nroot:", "inputDefinitions:", "      x:", "parameterType: NUMBER"}, "p.py:18:11 [x: int]"},
		{[]string{"\nroot:", "inputDefinitions:", "      note"}, "p.py:19:11 [note: str]"},
		{[]string{"\nroot:", "tasks:", "      add:", "taskInfo"}, "p.py:20:11 [add(a=x, b=4)]"},
		{[]string{"\nroot:", "      add:", "            b:", "constant"}, "p.py:20:22 [4]"},
		{[]string{"\nroot:", "condition-1:", "componentRef"}, "p.py:22:5 [with dsl.Condition(one.output > 3):]"},
		{[]string{"comp-condition-1:", "        say:", "taskInfo"}, "p.py:23:9 [shapes.say(text=note)]"},
		{[]string{"comp-condition-1:", "        say:", "              text"}, "p.py:23:25 [note]"},
		{[]string{"comp-condition-1:", "inputDefinitions"}, "p.py:22:5 [with dsl.Condition(one.output > 3):]"},
		{[]string{"comp-say:", "executorLabel"}, "shapes.py:5:5 [say]"},
		{[]string{"comp-say:", "        text"}, "shapes.py:5:9 [text: str]"},
		{[]string{"exec-say:", "image"}, "shapes.py:5:5 [say]"},
		{[]string{"exec-add", "resources", "cpuLimit"}, "p.py:20:11 [add(a=x, b=4)]"},
		{[]string{"comp-inner-one:", "outputDefinitions"}, "p.py:12:5 [inner]"},
		{[]string{"comp-inner-one:", "        add-2:", "            b:", "constant"}, "p.py:14:34 [1]"},
		{[]string{"comp-for-loop", "        inner-one:", "taskInfo"}, "p.py:25:9 [inner(n=item)]"},
	} {
		d := c.Lead([]diag.Diagnostic{{Code: "X", Message: "m", Span: at(tt.words...)}})
		d = c.Lead(d) // which changes nothing
		s := d[0].Span
		if got := filepath.Base(s.String()) + " [" + s.Text() + "]"; got != tt.want {
			t.Errorf("%q leads to %s, want %s", tt.words, got, tt.want)
		}
		if len(d[0].Related) != 1 || !strings.HasPrefix(filepath.Base(d[0].Related[0].Span.String()), "p.py (compiled):") {
			t.Errorf("%q: the compiled text is not named: %v", tt.words, d[0].Related)
		}
	}
	// What lies in no compiled text stays.
	other := source.Span{File: opt.File, Start: 3, End: 4}
	if d := c.Lead([]diag.Diagnostic{{Code: "X", Span: other}, {Code: "Y"}}); d[0].Span.File != nil || d[1].Span != other || len(d[1].Related) > 0 {
		t.Error(d)
	}
}

// The old SDK, whose parts lie elsewhere, leads back too.
func TestPlacesOld(t *testing.T) {
	c := mustCompile(t, withSDK(t, sdktest.Old, "p.py", whole, "shapes.py", shapes))
	i := strings.Index(string(c.File.Text()), "comp-say:")
	d := c.Lead([]diag.Diagnostic{{Code: "X", Span: source.Span{File: c.File, Start: i, End: i + 1}}})
	if got := filepath.Base(d[0].Span.String()); got != "shapes.py:5:5" {
		t.Error(got)
	}
}

// What the SDK refuses is a finding at the call that it refuses.
func TestRefused(t *testing.T) {
	for text1, want := range map[string]string{
		strings.Replace(whole, "add(a=x, b=4)", "add(b=4)", 1):                                                                         "p.py:20:11 P752 TypeError: add() missing 1 required argument: a. [add(b=4)] | p.py:17:2 called from here",
		strings.Replace(whole, "add(a=x, b=4)", "add(a='x', b=4)", 1):                                                                  "p.py:20:11 P752 InconsistentTypeException: ",
		strings.Replace(whole, "def inner(n: int) -> int", "def inner(n)", 1):                                                          "p.py:11:2 P752 TypeError: ",
		"from kfp import dsl\n@dsl.pipeline\ndef p():\n    pass\n":                                                                     "p.py:2:2 P752 ValueError: Task is missing from pipeline.",
		"from kfp import dsl\n@dsl.component\ndef c(a):\n    pass\n":                                                                   "p.py:2:2 P752 TypeError: ",
		"from kfp import dsl\n@dsl.component\ndef c(): ...\n@dsl.pipeline\ndef p():\n    with dsl.If(c().output == 1):\n        c()\n": "p.py:6:17 P752 AttributeError: ",
	} {
		_, findings, output, err := Compile(t.Context(), withSDK(t, sdktest.Recent, "p.py", text1, "shapes.py", shapes))
		if got := text(findings); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%v %s\ngot  %s\nwant %s", err, output, got, want)
		}
	}
}

// Components alone are pipelines of one task.
func TestComponents(t *testing.T) {
	for _, version := range []string{sdktest.Recent, sdktest.Old} {
		for _, files := range [][]string{
			{"p.py", "from kfp import dsl\n@dsl.component\ndef c(a: int, b: str = 'x') -> int:\n    return a\n"},
			{"p.py", shapes},
			{"p.py", "from kfp import components\nhello = components.load_component_from_text('''\nname: hello\ninputs: [{name: a, type: String}]\nimplementation: {container: {image: \"alpine:3\", command: [echo, {inputValue: a}]}}\n''')\n"},
		} {
			c := mustCompile(t, withSDK(t, version, files...))
			res, err := compiler.Compile(t.Context(), c.File, compiler.Options{Open: true})
			if err != nil || diag.HasErrors(res.Diagnostics) || res.Manifest.Pods != 1 {
				t.Error(text(res.Diagnostics), err)
			}
		}
	}
}
