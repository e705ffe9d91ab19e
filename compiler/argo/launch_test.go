package argo_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/argo"
)

// The programs around a program run here as they would in the pod: what a file
// holds is what Argo will read of it, without its last newline.
func TestLaunch(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip(err)
	}
	const executor = `import json, os, sys # kfp.dsl.executor_main
`
	for name, x := range map[string]struct {
		typ     string
		program string // in sh, that gets the file's path
		python  bool   // it is one of the SDK, OUT is the file of its results
		file    string // what Argo reads
		fails   string // what it says when it fails
		code    int
	}{
		"text":             {typ: "STRING", program: `printf 'a b\n\n' > "$0"`, file: "a b\n\n"},
		"no newline":       {typ: "STRING", program: `printf 'a b' > "$0"`, file: "a b"},
		"empty":            {typ: "STRING", program: `: > "$0"`},
		"failure":          {typ: "STRING", program: `printf early > "$0"; exit 7`, file: "early", code: 7},
		"signal":           {typ: "STRING", program: `kill -9 $$`, code: 137},
		"sdk text":         {typ: "STRING", python: true, program: `open(sys.argv[1], "w").write("x\r\n\n") # OutputPath`, file: "x\r\n\n"},
		"sdk nothing":      {typ: "STRING", python: true, program: `def f(): pass`, fails: "wrote no value", code: 1},
		"sdk returned":     {typ: "STRING", python: true, program: `json.dump({"parameterValues": {"o": ""}}, open(sys.argv[2], "w"))`},
		"sdk null":         {typ: "LIST", python: true, program: `json.dump({"parameterValues": {"o": None}}, open(sys.argv[2], "w"))`, fails: "wrote no value", code: 1},
		"sdk fails":        {typ: "STRING", python: true, program: `sys.exit(9)`, code: 9},
		"sdk integer":      {typ: "NUMBER_INTEGER", python: true, program: `open(sys.argv[1], "w").write(" +7\n") # OutputPath`, file: " +7"},
		"sdk no integer":   {typ: "NUMBER_INTEGER", python: true, program: `open(sys.argv[1], "w").write("3.0") # OutputPath`, file: "3.0", fails: "holds '3.0'", code: 1},
		"sdk number":       {typ: "NUMBER_DOUBLE", python: true, program: `open(sys.argv[1], "w").write("-.5e3") # OutputPath`, file: "-.5e3"},
		"sdk no number":    {typ: "NUMBER_DOUBLE", python: true, program: `open(sys.argv[1], "w").write("nan") # OutputPath`, file: "nan", fails: "holds 'nan'", code: 1},
		"sdk boolean":      {typ: "BOOLEAN", python: true, program: `open(sys.argv[1], "w").write("T") # OutputPath`, file: "T"},
		"sdk no boolean":   {typ: "BOOLEAN", python: true, program: `open(sys.argv[1], "w").write("yes") # OutputPath`, file: "yes", fails: "holds 'yes'", code: 1},
		"sdk list":         {typ: "LIST", python: true, program: `open(sys.argv[1], "w").write("[1]\n") # OutputPath`, file: "[1]"},
		"sdk struct":       {typ: "STRUCT", python: true, program: `open(sys.argv[1], "w").write("{}") # OutputPath`, file: "{}"},
		"sdk other struct": {typ: "STRUCT", python: true, program: `open(sys.argv[1], "w").write("[]") # OutputPath`, file: "[]", fails: "holds no dict", code: 1},
		"sdk no JSON":      {typ: "LIST", python: true, program: `open(sys.argv[1], "w").write("[1") # OutputPath`, file: "[1", fails: "JSONDecodeError", code: 1},
	} {
		t.Run(name, func(t *testing.T) {
			command := `[sh, -c, ` + quote(x.program) + `, "{{$.outputs.parameters['o'].output_file}}"]`
			if x.python {
				command = `[python3, -c, ` + quote(executor+x.program) + `, "{{$.outputs.parameters['o'].output_file}}", "{{$.outputs.output_file}}", "{{$}}"]`
			}
			res := compile(t, "p.yaml", []byte(`pipelineInfo: {name: p}
schemaVersion: 2.1.0
deploymentSpec: {executors: {e: {container: {image: "a:1", command: `+command+`}}}}
components: {c: {executorLabel: e, outputDefinitions: {parameters: {o: {parameterType: `+x.typ+`}}}}}
root: {dag: {tasks: {t: {componentRef: {name: c}}}}}
`), argo.Options{})
			if res.Manifest == nil {
				t.Fatal(res.Diagnostics)
			}
			task, err := newController(res.Manifest, nil).task("t")
			if err != nil {
				t.Fatal(err)
			}
			main := task.Container
			dir := t.TempDir()
			argv := append(append([]string{}, main.Command...), main.Args...)
			for i, a := range argv {
				a = strings.ReplaceAll(a, "$$", "$") // as the kubelet does
				a = strings.ReplaceAll(a, "/tmp/kfp/outputs/o", filepath.Join(dir, "o"))
				argv[i] = strings.ReplaceAll(a, "/tmp/kfp_outputs/output_metadata.json", filepath.Join(dir, "said"))
			}
			cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
			var said bytes.Buffer
			cmd.Stderr = &said
			_ = cmd.Run()
			if code := cmd.ProcessState.ExitCode(); code != x.code || !strings.Contains(said.String(), x.fails) {
				t.Errorf("exit code %d, want %d\n%s", code, x.code, said.String())
			}
			b, err := os.ReadFile(filepath.Join(dir, "o"))
			if err != nil && x.file != "" {
				t.Fatal(err)
			}
			if got := strings.TrimSuffix(string(b), "\n"); got != x.file {
				t.Errorf("Argo reads %q, want %q", got, x.file)
			}
		})
	}
}

// quote writes a text as a scalar of YAML.
func quote(s string) string {
	return "'" + strings.ReplaceAll(strings.ReplaceAll(s, "'", "''"), "\n", "\n\n  ") + "'"
}
