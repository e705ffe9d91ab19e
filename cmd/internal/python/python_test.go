//go:build unix

package python

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// write writes files, NAME and text by turns, into a folder of their own. The
// first is the pipeline.
func write(t *testing.T, files ...string) Options {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return Options{
		File: source.NewFile(filepath.Join(dir, files[0]), []byte(files[1])), Timeout: time.Minute, Root: dir,
		Environ: os.Environ(), LookupEnv: func(string) (string, bool) { return "", false },
	}
}

// standin makes Python use the stand-in for the SDK, and watches that nothing
// stays behind.
func standin(t *testing.T, opt Options) Options {
	t.Helper()
	// Before 3.11 Python tells lines, but no columns.
	if err := exec.Command("python3", "-c", "import sys; sys.exit(sys.version_info < (3, 11))").Run(); err != nil {
		t.Skipf("no python3 of version 3.11 or later: %v", err)
	}
	sdk, err := filepath.Abs("testdata/standin")
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	opt.Environ = append(os.Environ(), "PYTHONPATH="+sdk)
	t.Cleanup(func() {
		for _, dir := range []string{temp, sdk, filepath.Dir(opt.File.Name())} {
			_ = filepath.WalkDir(dir, func(name string, _ os.DirEntry, _ error) error {
				if strings.Contains(name, "kfp-go-python-") || strings.Contains(name, "__pycache__") {
					t.Errorf("%s stayed behind", name)
				}
				return nil
			})
		}
	})
	return opt
}

// text is a finding as far as tests look at it, files without their folder.
func text(ds []diag.Diagnostic) string {
	var b strings.Builder
	place := func(s source.Span) string { return filepath.Base(s.String()) }
	for _, d := range ds {
		fmt.Fprintf(&b, "%s %s %s", place(d.Span), d.Code, d.Message)
		if d.Span.End > d.Span.Start {
			fmt.Fprintf(&b, " [%s]", d.Span.Text())
		}
		for _, r := range d.Related {
			fmt.Fprintf(&b, " | %s %s", place(r.Span), r.Message)
		}
		if d.Hint != "" {
			fmt.Fprintf(&b, " = %s", d.Hint)
		}
		b.WriteString("\n")
	}
	return strings.TrimSpace(b.String())
}

const head = "from kfp import dsl\n"

// Each mistake is a finding at its line.
func TestMistakes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files []string
		want  string // beginning
		ends  string // somewhere behind it
	}{
		{"syntax", []string{"p.py", head + "def f(:\n"}, "p.py:2:7 P750 not valid Python: ", "[:]"},
		{"syntax beside", []string{"p.py", "import helper\n", "helper.py", "x = (\n"}, "helper.py:1:5 P750 not valid Python: '(' was never closed", "| p.py:1:1 called from here"},
		{"nothing to read", []string{"p.py", "x\x00"}, "p.py:1:1 P75", ""},
		{"indentation", []string{"p.py", "def f():\nx = 1\n"}, "p.py:2:1 P750 not valid Python: expected an indented block", ""},
		{"import", []string{"p.py", head + "import no_such_thing.inner\n"}, "p.py:2:1 P751 ModuleNotFoundError: No module named 'no_such_thing'", "does not have the module: install its package there"},
		{"kubernetes", []string{"p.py", "from kfp import kubernetes\n"}, "p.py:1:1 P751 ImportError: cannot import name 'kubernetes' from 'kfp'", "-m pip install kfp-kubernetes`"},
		{"version 1", []string{"p.py", "from kfp.components import func_to_container_op\n"}, "p.py:1:1 P751 ModuleNotFoundError: No module named 'kfp.components'", "does not have it"},
		{"version 1 attribute", []string{"p.py", head + "dsl.ContainerOp()\n"}, "p.py:2:1 P752 AttributeError: module 'kfp.dsl' has no attribute 'ContainerOp'", "version 1"},
		{"exception", []string{"p.py", head + "\nx = 1 // 0\n"}, "p.py:3:5 P752 ZeroDivisionError: ", "by zero [1 // 0]"},
		{"exception beside", []string{"p.py", "import helper\n\nhelper.f(3)\n", "helper.py", "def f(n):\n    raise ValueError(f'no {n}\\n  at all')\n"}, "helper.py:2:5 P752 ValueError: no 3 at all", "| p.py:3:1 called from here"},
		{"exception in the pipeline", []string{"p.py", head + "@dsl.pipeline\ndef p():\n    é = {}\n    é['ö']; pass\n"}, "p.py:5:5 P752 KeyError: 'ö' [é['ö']]", "| p.py:2:2 called from here"},
		{"exception without text", []string{"p.py", "assert False\n"}, "p.py:1:1 P752 AssertionError", ""},
		{"hostile exception", []string{"p.py", "class E(Exception):\n    def __str__(self): raise self\nraise E()\n"}, "p.py:3:1 P752 E: (its text cannot be made)", ""},
		{"recursion", []string{"p.py", "def f(): f()\nf()\n"}, "p.py:1:10 P752 RecursionError", ""},
		{"exit", []string{"p.py", "import sys\nsys.exit('done\x1b[2J')\n"}, "p.py:2:1 P753 the file ends Python before its pipeline is compiled: done\x1b[2J [sys.exit", "__main__"},
		{"exit at once", []string{"p.py", "import os\nos._exit(7)\n"}, "p.py:1:1 P753 Python ended before the pipeline was compiled (exit status 7)", ""},
		{"killed", []string{"p.py", "import os\nos.kill(os.getpid(), 9)\n"}, "p.py:1:1 P753 Python ended before the pipeline was compiled (signal: killed)", ""},
		{"none", []string{"p.py", head + "def p(): pass\n"}, "p.py:1:1 P755 ", "has no pipeline and no component = a pipeline is a function with @dsl.pipeline above it"},
		{"empty", []string{"p.py", ""}, "p.py:1:1 P755 ", ""},
		{"several", []string{"p.py", head + "@dsl.pipeline\ndef b(): pass\n@dsl.pipeline\ndef a(): pass\n@dsl.pipeline\ndef c(): pass\n"}, "p.py:3:5 P756 ", "has 3 pipelines: b, a and c [b] | p.py:5:5 another one | p.py:7:5 another one = choose one: --function b"},
		{"several components", []string{"p.py", head + "@dsl.component\ndef b(): pass\n@dsl.component\ndef a(): pass\n"}, "p.py:3:5 P756 ", "has 2 components: b and a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opt := standin(t, write(t, tt.files...))
			c, findings, _, err := Compile(t.Context(), opt)
			if err != nil || c != nil {
				t.Fatal(c, err)
			}
			got := text(findings)
			if !strings.HasPrefix(got, tt.want) || !strings.Contains(got[len(tt.want):], tt.ends) {
				t.Errorf("got  %s\nwant %s … %s", got, tt.want, tt.ends)
			}
		})
	}
}

// --function chooses; what is part of another pipeline needs no choice.
func TestFunction(t *testing.T) {
	const two = head + "@dsl.component\ndef c(): pass\n@dsl.pipeline\ndef part(): pass\n@dsl.pipeline\ndef whole(): part()\nalias = whole\n"
	const imported = head + "from helper import part\n@dsl.pipeline\ndef mine(): pass\n"
	helper := []string{"helper.py", head + "@dsl.pipeline\ndef part(): pass\n"}
	for _, tt := range []struct{ text, function, want string }{
		{two, "", "whole"}, {two, "part", "part"}, {two, "alias", "whole"}, {two, "c", "c"},
		{two, "hole", `p.py:1:1 P757 "p.py" has no pipeline or component "hole" = did you mean "whole"?`},
		{imported, "", "mine"}, {imported, "part", "part"},
		{head + "from helper import part\n", "", "part"},
		{head + "@dsl.component\ndef only(): pass\n", "", "only"},
		{head + "import os, sys\n@dsl.pipeline\ndef p(): pass\nif __name__ == '__main__':\n    sys.exit(1)\nos.write(1, b'pipelineInfo: {}')\n", "", "p"},
	} {
		opt := standin(t, write(t, append([]string{"p.py", tt.text}, helper...)...))
		opt.Function = tt.function
		c, findings, _, err := Compile(t.Context(), opt)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(text(findings), opt.Root+"/", "")
		if c != nil {
			got = strings.TrimSuffix(strings.TrimPrefix(string(c.File.Text()), "pipelineInfo: {name: "), "}\n")
		}
		if got != tt.want {
			t.Errorf("--function %q: %s, want %s", tt.function, got, tt.want)
		}
	}
}

// Modules beside the file are found, by name and relatively, in a package and
// without one; names of the SDK and of Python are not hidden.
func TestImports(t *testing.T) {
	const use = "from kfp import dsl\n@dsl.pipeline\ndef p(): pass\nassert N == 1, __name__\n"
	for name, files := range map[string][]string{
		"by name":         {"p.py", "from helper import N\n" + use, "helper.py", "N = 1"},
		"relatively":      {"p.py", "from .helper import N\n" + use, "helper.py", "N = 1"},
		"relative module": {"p.py", "from . import helper\nN = helper.N\n" + use, "helper.py", "N = 1"},
		"in a package":    {"a/b/p.py", "from ..up import N\nfrom .side import M\nfrom a.up import N as O\n" + use, "a/__init__.py", "", "a/b/__init__.py", "", "a/up.py", "N = 1", "a/b/side.py", "M = 1"},
		"package by name": {"a/p.py", "from helper import N\n" + use, "a/__init__.py", "raise SystemError", "a/helper.py", "N = 1"},
		"called kfp":      {"kfp.py", "N = 1\n" + use},
		"called json":     {"json.py", "import json as j\nj.dumps\nN = 1\n" + use},
		"odd name":        {"my-pipeline 2.py", "N = 1\n" + use},
		"__main__":        {"__main__.py", "N = 0 if __name__ == '__main__' else 1\n" + use},
		"its own path":    {"p.py", "import os, sys\nN = int(os.path.isabs(__file__) and sys.argv == [__file__])\n" + use},
		"dataclass":       {"p.py", "from __future__ import annotations\nimport dataclasses\n@dataclasses.dataclass\nclass D:\n    n: int = 1\nN = D().n\n" + use},
	} {
		t.Run(name, func(t *testing.T) {
			opt := standin(t, write(t, files...))
			c, findings, output, err := Compile(t.Context(), opt)
			if err != nil || c == nil {
				t.Fatal(text(findings), output, err)
			}
		})
	}
}

// A file that does not come to an end is ended, and its line is told.
func TestTimeout(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"loop":   {"def f():\n    while True:\n        pass\nf()\n", "p.py:"},
		"wait":   {"import time\ntime.sleep(600)\n", "p.py:2:1 P754 the file was not compiled within 4s; this is where it was"},
		"output": {"while True:\n    print('x' * 1000)\n", "p.py:2:5 P754"},
		"thread": {"import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\ntime.sleep(600)\n", "p.py:3:1 P754"},
	} {
		t.Run(name, func(t *testing.T) {
			opt := standin(t, write(t, "p.py", tt.text))
			opt.Timeout = 4 * time.Second // long enough for a busy machine to come as far as the file
			c, findings, output, err := Compile(t.Context(), opt)
			if got := text(findings); err != nil || c != nil || !strings.HasPrefix(got, tt.want) || !strings.Contains(got, "P754") {
				t.Errorf("%v %s", err, got)
			}
			if n := len(strings.Join(output, "\n")); n > maxOutput+100 || len(output) > maxLines+1 {
				t.Errorf("%d bytes, %d lines of output", n, len(output))
			}
		})
	}
}

// A thread that goes on does not keep the pipeline from being compiled, and
// what the file leaves to the end of Python is done.
func TestEnd(t *testing.T) {
	opt := standin(t, write(t, "p.py", head+"import atexit, pathlib, threading, time\n@dsl.pipeline\ndef p(): pass\n"+
		"atexit.register(pathlib.Path(__file__ + '.done').touch)\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"))
	c, findings, _, err := Compile(t.Context(), opt)
	if c == nil {
		t.Fatal(text(findings), err)
	}
	if _, err := os.Stat(opt.File.Name() + ".done"); err != nil {
		t.Error(err)
	}
}

// Interrupting ends Python and all that it started.
func TestInterrupt(t *testing.T) {
	opt := standin(t, write(t, "p.py", `
import os, subprocess, time
inside = subprocess.Popen(["sleep", "600"])
outside = subprocess.Popen(["sleep", "600"], start_new_session=True)
with open(__file__ + ".part", "w") as f:
    f.write(f"{os.getpid()} {inside.pid} {outside.pid}")
os.rename(__file__ + ".part", __file__ + ".pids")
time.sleep(600)
`))
	ctx, cancel := context.WithCancelCause(t.Context())
	var pids []int
	go func() {
		defer cancel(app.ErrInterrupted)
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			data, err := os.ReadFile(opt.File.Name() + ".pids")
			if err != nil {
				continue
			}
			for _, word := range strings.Fields(string(data)) {
				pid, _ := strconv.Atoi(word)
				pids = append(pids, pid)
			}
			return
		}
	}()
	if _, findings, _, err := Compile(ctx, opt); !errors.Is(err, app.ErrInterrupted) {
		t.Errorf("%v %s", err, text(findings))
	}
	if len(pids) != 3 {
		t.Fatal(pids)
	}
	for _, pid := range pids {
		if alive(t, pid) {
			t.Errorf("process %d goes on", pid)
		}
	}
}

// What is wrong with Python or the SDK is no finding, and says what to install.
func TestNoSDK(t *testing.T) {
	broken := func(text string) []string {
		return []string{"p.py", head, "sdk/kfp/__init__.py", text}
	}
	for name, tt := range map[string]struct {
		files      []string
		want, hint string
		code       int
	}{
		"missing": {[]string{"p.py", head, "sdk/sitecustomize.py", "import sys\nclass F:\n    def find_spec(self, name, *_):\n        if name == 'kfp': raise ModuleNotFoundError('none', name=name)\nsys.meta_path.insert(0, F())\n"},
			"p.py is compiled by KFP's SDK, which ", "-m pip install kfp`, or name a Python that has it: --python, KFPGO_PYTHON or python: in kfp-go.yaml", app.ExitFailure},
		"old":    {broken("__version__ = '1.8.22'"), "has KFP's SDK 1.8.22, and pipelines for KFP 2 need version 2", "install 'kfp>=2'`", app.ExitFailure},
		"broken": {broken("import no_such_part"), "cannot be imported: No module named 'no_such_part'", "may mend it", app.ExitFailure},
		"raises": {broken("raise RuntimeError('torn')"), "cannot be imported: torn", "may mend it", app.ExitFailure},
		"empty":  {broken("__version__ = '2.0'"), "cannot be imported: cannot import name 'compiler'", "may mend it", app.ExitFailure},
		"odd":    {[]string{"p.py", "", "sdk/kfp/__init__.py", "__version__ = '2.99'", "sdk/kfp/compiler.py", "class Compiler: pass"}, "KFP's SDK 2.99 in ", "please report it", app.ExitFailure},
		"beside": {append(broken("__version__ = '1.8'"), ".venv/bin/python", "#!/bin/sh\n"), "need version 2", "or try the one of the folder: --python ", app.ExitFailure},
	} {
		t.Run(name, func(t *testing.T) {
			opt := standin(t, write(t, tt.files...))
			opt.Environ = append(opt.Environ, "PYTHONPATH="+filepath.Join(opt.Root, "sdk"))
			c, findings, output, err := Compile(t.Context(), opt)
			var exit *app.ExitError
			if c != nil || len(findings) > 0 || !errors.As(err, &exit) {
				t.Fatal(c, text(findings), output, err)
			}
			if exit.Code != tt.code || !strings.Contains(err.Error(), tt.want) || !strings.Contains(exit.Hint, tt.hint) {
				t.Errorf("%d %v = %s", exit.Code, err, exit.Hint)
			}
		})
	}
}

// Which Python: the setting, the active environment, PATH.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"path/python3", "venv/bin/python", "named"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("#!/bin/sh\necho nothing of use\nexit 3\n"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", filepath.Join(dir, "path"))
	for _, tt := range []struct{ setting, env, want string }{
		{filepath.Join(dir, "named"), filepath.Join(dir, "venv"), "named"},
		{"", filepath.Join(dir, "venv"), "venv/bin/python"},
		{"", filepath.Join(dir, "gone"), "path/python3"},
		{"", "venv", "path/python3"},
		{"", "", "path/python3"},
	} {
		got, err := find(Options{Python: tt.setting, LookupEnv: func(name string) (string, bool) { return tt.env, name == "VIRTUAL_ENV" && tt.env != "" }})
		if err != nil || got != filepath.Join(dir, tt.want) {
			t.Errorf("%v: %q, %v", tt, got, err)
		}
	}
	opt := write(t, "p.py", "")
	opt.Python = filepath.Join(dir, "named")
	if _, _, _, err := Compile(t.Context(), opt); err == nil || !strings.Contains(err.Error(), "named gave no answer (exit status 3): nothing of use") {
		t.Error(err)
	}
	opt.Python = filepath.Join(dir, "gone")
	if _, _, _, err := Compile(t.Context(), opt); app.ExitCode(err) != app.ExitUsage || !strings.Contains(err.Error(), "which the settings name, cannot be run: no such file") {
		t.Error(err)
	}
	t.Setenv("PATH", dir)
	opt.Python = ""
	if _, _, _, err := Compile(t.Context(), opt); app.ExitCode(err) != app.ExitFailure || !strings.Contains(err.Error(), "no Python is in PATH") {
		t.Error(err)
	}
}
