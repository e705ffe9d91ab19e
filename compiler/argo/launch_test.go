package argo

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// What programs write, with what KFP's launcher takes it for.
var written = []string{"", "0", "1", "-1", "+1", "007", "1 ", " 1", "\n1\n", "1\n2", "1 2", "x", "1x", "--1", "+-1", "-", "+", ".", "1.", ".5", "1.5", "-1.5", "1.5.2", "1e5", "1e-5", "1E+5", "1e", "e5", "1e5e5", "1e5.5",
	"0000000000000000000001", "9007199254740991", "-9007199254740991", "9007199254740992", "9999999999999999", "99999999999999999", "true", "True", "TRUE", "tRUE", "t", "f", "False", "no", "*", "$HOME", "`id`", "1;id", "\\n", "'", "\"", "NaN", "0x10", "1_000",
	"[]", "[1, 2]", "\n[1,\n 2]\n\n", "[1]\r\n", " [ ] ", "{}", "{\"a\": [1]}", "{\n  \"a\": 1\n}\n", "null", "[1", "1]", "{", "[}", "{]", "*]"}

// fits tells whether a text is a value of the kind. The shell sees only the
// brackets of lists and structs.
func fits(kind ir.Kind, text string) bool {
	trimmed := strings.TrimSpace(text)
	switch kind {
	case ir.Integer:
		n, err := strconv.ParseInt(trimmed, 10, 64)
		return err == nil && n >= -ir.MaxSafe && n <= ir.MaxSafe
	case ir.Number:
		f, err := strconv.ParseFloat(trimmed, 64)
		return err == nil && !math.IsNaN(f) && !strings.ContainsAny(trimmed, "xX_")
	case ir.Boolean:
		_, err := strconv.ParseBool(trimmed)
		return err == nil
	}
	v, err := ir.ParseJSON(text)
	_, isList := v.([]any)
	_, isStruct := v.(map[string]any)
	return err == nil && (kind == ir.List && isList || kind == ir.Struct && isStruct)
}

// The shell takes for values what the launcher does, and what the program itself
// does stays what it was.
func TestShellValues(t *testing.T) {
	for _, kind := range []ir.Kind{ir.Integer, ir.Number, ir.Boolean, ir.List, ir.Struct} {
		for _, text := range written {
			file := filepath.Join(t.TempDir(), "out")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			body := shellJSON(kind)
			if shellValue[kind] != "" {
				body = shellWords + "; " + shellValue[kind] + "; " + shellBad
			}
			script := shellFirst + "; for f in " + file + "; do " + body + "; done"
			said, err := exec.Command("sh", "-c", script, "sh", "true").CombinedOutput()
			if want := fits(kind, text); want != (err == nil) {
				t.Errorf("%v %q: fits %v, the shell says %v: %s", kind, text, want, err, said)
			}
			if err != nil && !strings.Contains(string(said), "the file holds ") {
				t.Errorf("%v %q: %s", kind, text, said)
			}
		}
	}
	if err := exec.Command("sh", "-c", shellFirst+"; for f in /nonexistent/x; do "+shellWords+"; done", "sh", "sh", "-c", "exit 7").Run(); err == nil || err.(*exec.ExitError).ExitCode() != 7 {
		t.Errorf("the program's exit code: %v", err)
	}
}

// So does Python, of all of JSON.
func TestPythonValues(t *testing.T) {
	texts := append([]string{"1e999", "-1e400", "1e308", "[1,]", "[NaN]", "{\"a\"}", "[1] 2"}, written...)
	for _, kind := range []ir.Kind{ir.Integer, ir.Number, ir.Boolean, ir.List, ir.Struct} {
		var files []string
		for i, text := range texts {
			file := filepath.Join(t.TempDir(), strconv.Itoa(i))
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		// One interpreter judges all of them, each as the program would alone.
		loop := "import sys\nsource = sys.argv[1]\nfor spec in sys.argv[2:]:\n    sys.argv = ['-c', spec, 'true']\n    try:\n        exec(source, {})\n        print('yes')\n    except BaseException:\n        print('no')\n"
		args := []string{"-c", loop, runFirst + findOutputs + readOutputs}
		for _, file := range files {
			args = append(args, ir.JSON(map[string]any{"file": "", "parameters": map[string]any{"o": []any{file, fileOf(ir.Type{Kind: kind})}}}))
		}
		said, err := exec.Command("python3", args...).Output()
		if err != nil {
			t.Fatal(err)
		}
		answers := strings.Fields(string(said))
		if len(answers) != len(texts) {
			t.Fatalf("%d answers to %d texts: %s", len(answers), len(texts), said)
		}
		for i, text := range texts {
			if want := fits(kind, text); want != (answers[i] == "yes") {
				t.Errorf("%v %q: fits %v, Python says %s", kind, text, want, answers[i])
			}
		}
	}
}
