package argo

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// The shell takes the same texts for values as the pattern that Python has, and
// what the program itself does stays what it was.
func TestShellValues(t *testing.T) {
	texts := []string{"", "0", "1", "-1", "+1", "007", "1 ", " 1", "\n1\n", "1\n2", "1 2", "x", "1x", "--1", "+-1", "-", "+", ".", "1.", ".5", "1.5", "-1.5", "1.5.2", "1e5", "1e-5", "1E+5", "1e", "e5", "1e5e5", "1e5.5",
		"0000000000000000000001", "9007199254740991", "99999999999999999", "true", "True", "TRUE", "tRUE", "t", "f", "False", "no", "*", "$HOME", "`id`", "1;id", "\\n", "'", "\"", "NaN", "0x10", "1_000"}
	for _, kind := range []ir.Kind{ir.Integer, ir.Number, ir.Boolean} {
		pattern := regexp.MustCompile(fileOf(ir.Type{Kind: kind}))
		for _, text := range texts {
			file := filepath.Join(t.TempDir(), "out")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			script := shellFirst + "; for f in " + file + "; do " + shellWords + "; " + shellValue[kind] + "; " + shellBad + "; done"
			said, err := exec.Command("sh", "-c", script, "sh", "true").CombinedOutput()
			if want := pattern.MatchString(strings.TrimSpace(text)); want != (err == nil) {
				t.Errorf("%v %q: fits %v, the shell says %v: %s", kind, text, want, err, said)
			}
			if err != nil && !strings.Contains(string(said), "the file holds '") {
				t.Errorf("%v %q: %s", kind, text, said)
			}
		}
	}
	if err := exec.Command("sh", "-c", shellFirst+"; for f in /nonexistent/x; do "+shellWords+"; done", "sh", "sh", "-c", "exit 7").Run(); err == nil || err.(*exec.ExitError).ExitCode() != 7 {
		t.Errorf("the program's exit code: %v", err)
	}
}
